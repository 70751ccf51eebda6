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

The folder does not grow without end: what was used longest ago goes first when all files together are larger than
`STRUCTGEN_CACHE_MIB` MiB (1,024 if it is not set).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import lark

from structgen.engine import _native
from structgen.errors import InvalidOptionError

VARIABLE = "STRUCTGEN_CACHE"
"""The environment variable that names the folder. Empty or not set: nothing is kept."""

SIZE = "STRUCTGEN_CACHE_MIB"
"""The environment variable that says how large the folder may be, in MiB."""

_DEFAULT_MIB = 1024
_NAME = re.compile(r"[0-9a-f]{64}\.json")
_STALE = 3600.0
"""After so many seconds a file that was begun and not finished is taken for lost."""

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
                    found = json.loads(text)
                    if file == self.target:
                        with suppress(OSError):
                            os.utime(file)  # used last
                    return found
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
            else:
                _trim(self.target.parent, largest_size(), keep=self.target.name)


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


def largest_size() -> int:
    """How large the folder may be, in bytes.

    Raises:
        InvalidOptionError: `STRUCTGEN_CACHE_MIB` is not a whole number.
    """
    given = os.environ.get(SIZE)
    if not given:
        return _DEFAULT_MIB << 20
    if not given.isascii() or not given.isdigit():
        raise InvalidOptionError(SIZE, given, "must be a whole number of MiB")
    return int(given) << 20


def _trim(folder: Path, size: int, keep: str) -> None:
    """Remove what was used longest ago, until the files of a folder are no larger than that.

    Only files that were made here: others in the folder are not ours. Another process may remove one at the same time.
    """
    found: list[tuple[float, int, Path]] = []
    now = time.time()
    with suppress(OSError):
        for entry in os.scandir(folder):
            with suppress(OSError):
                state = entry.stat()
                if entry.name.endswith(".tmp") and now - state.st_mtime > _STALE:
                    os.unlink(entry.path)
                elif _NAME.fullmatch(entry.name):
                    found.append((state.st_mtime, state.st_size, Path(entry.path)))
    total = sum(one for _, one, _ in found)
    for _, one, path in sorted(found):
        if total <= size:
            return
        if path.name != keep:
            with suppress(OSError):
                path.unlink()
            total -= one


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
