"""Grammars that were prepared before, so that a process that starts need not prepare them again.

To make rules of a large grammar takes Python up to half a second, mostly to find what Lark's lexer would do; the
process then keeps them. What others kept is looked for in two folders, one file for each grammar and its options, JSON
after a line with its checksum:

    structgen/prepared    the grammars of the library, prepared when the package is built (`grammars/prepare.py`)
    STRUCTGEN_CACHE       the folder that this environment variable names; what was made is kept there

Nothing in a file is executed, and one that is damaged, or does not hold what is expected, is ignored. Who may write
to the folder decides what masks allow.

A file is known by the text of the grammar, the options, and all else that the rules depend on: the text of this
package's own Python code, Lark, Python, and the tables of Unicode; in `STRUCTGEN_CACHE`, where builds of the package
meet, also by the native module, which answers questions about terminals. It appears whole or not at all, so any number
of processes may share a folder. Where it can't be written, or read, nothing is kept; that is no error.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import lark

from structgen.engine import _native

VARIABLE = "STRUCTGEN_CACHE"
"""The environment variable that names the folder. Empty or not set: nothing is kept."""

_HEAD = "structgen prepared grammar"
_PACKAGE = Path(__file__).parents[1]
_APART = frozenset(
    {"grammars", "prepared", "generation", "sampling", "repairing", "vocabulary", "frontends/json_schema"}
)
"""Folders of the package that no rule made here depends on."""


class Place:
    """Where something that was prepared is looked for, and kept.

    Args:
        name: of its file, if it comes with the package; an attribute too.
        files: where it may be.
        target: where it is kept, if anywhere; an attribute too.
    """

    def __init__(self, name: str, files: list[Path], target: Path | None) -> None:
        self.name = name
        self._files = files
        self.target = target

    def find(self) -> Any:
        """The data that is kept; None if there is none, or it is damaged."""
        for file in self._files:
            try:
                head, _, text = file.read_text(encoding="utf-8").partition("\n")
                if head == _head(text):
                    return json.loads(text)
            except (OSError, ValueError, RecursionError):
                continue
        return None

    def keep(self, make: Callable[[], Any]) -> None:
        """Keep data that JSON can hold, in place of what is there. It is made only if it is kept."""
        if self.target is None:
            return
        text = json.dumps(make(), separators=(",", ":"))
        with suppress(OSError):
            self.target.parent.mkdir(parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(dir=self.target.parent, suffix=".tmp")
            try:
                with open(number, "w", encoding="utf-8") as file:
                    file.write(f"{_head(text)}\n{text}")
                os.replace(name, self.target)
            except OSError:
                os.unlink(name)


def place(kind: str, *asked: str | bool) -> Place:
    """Where the grammar for a question is kept.

    Args:
        kind: what asks: "lark", "sql".
        asked: all that the answer depends on, but for what is the same in the whole process.
    """
    if _VERSIONS is None:
        return Place("", [], None)
    question = json.dumps([kind, _VERSIONS, asked]).encode()
    name = _file_name(question)
    folder = os.environ.get(VARIABLE)
    target = Path(folder, _file_name(question, native_digest())) if folder else None
    # The package is in several folders where it is installed to be edited.
    shipped = [Path(entry, "prepared", name) for entry in sys.modules["structgen"].__path__]
    return Place(name, shipped if target is None else [*shipped, target], target)


def _file_name(*parts: bytes) -> str:
    return f"{hashlib.sha256(b''.join(parts)).hexdigest()}.json"


@cache
def native_digest() -> bytes:
    """The checksum of the native module."""
    with open(_native.__file__, "rb") as file:
        return hashlib.sha256(file.read()).digest()


def _head(text: str) -> str:
    return f"{_HEAD} {hashlib.sha256(text.encode()).hexdigest()}"


def _versions() -> str | None:
    """What rules depend on, but for their sources; None if our own code can't be read."""
    runtime = sys.implementation.name, sys.version_info[:2], unicodedata.unidata_version, lark.__version__
    digest = hashlib.sha256(repr(runtime).encode())
    try:
        files = _sources()
        for path in files:
            with open(os.path.join(_PACKAGE, path), "rb", buffering=0) as file:
                digest.update(path.encode() + b"\0" + file.read())
    except OSError:
        return None
    return digest.hexdigest() if files else None


def _sources() -> list[str]:
    """The Python files that rules depend on, as paths within the package. Empty if only byte code was installed."""
    found = []
    for folder, folders, files in os.walk(_PACKAGE):
        inside = os.path.relpath(folder, _PACKAGE).replace(os.sep, "/")
        if inside in _APART:
            folders.clear()
        else:
            found += [f"{inside}/{name}" for name in files if name.endswith(".py")]
    return sorted(found)


_VERSIONS = _versions()
"""Found when this is imported, so that the first request does not wait for it."""
