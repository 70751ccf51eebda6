"""Grammars that were prepared before, so that a process that starts need not prepare them again.

To make rules of a large grammar takes Python up to half a second, mostly to find what Lark's lexer would do; the
process then keeps them. What others kept is looked for in two folders, one file for each grammar and its options, JSON
behind a line with its checksum:

    structgen/prepared    the grammars of the library: `engine/src/prepare_library.py` fills it, in the build
    STRUCTGEN_CACHE       the folder that this environment variable names: what was made is kept there

Nothing in a file is executed, and one that is damaged, or does not hold what is expected, is made anew. Who may write
to the folder decides what masks allow.

A file is known by the text of the grammar, the options, and all else that the rules depend on: this package's own code,
Lark, Python, and the tables of Unicode. It appears whole or not at all, so any number of processes may share a folder.
Where it can't be written, or read, nothing is kept; that is no error.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import unicodedata
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import lark

VARIABLE = "STRUCTGEN_CACHE"
"""The environment variable that names the folder. Empty or not set: nothing is kept."""

_HEAD = "structgen prepared grammar"
_PACKAGE = Path(__file__).parents[1]
_SOURCES = ("grammar", "frontends", "frontends/lark", "frontends/regex", "frontends/sql", "engine")
_SHIPPED = "prepared"
_MANIFEST = "manifest.json"


class Place:
    """Where something that was prepared is looked for, and kept.

    Args:
        files: where it may be.
        target: where it is kept, if anywhere.
    """

    def __init__(self, files: list[Path], target: Path | None) -> None:
        self._files = files
        self._target = target

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

    def keep(self, data: Any) -> None:
        """Keep data that JSON can hold, in place of what is there."""
        if self._target is None:
            return
        text = json.dumps(data, separators=(",", ":"))
        with suppress(OSError):
            self._target.parent.mkdir(parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(dir=self._target.parent, suffix=".tmp")
            try:
                with open(number, "w", encoding="utf-8") as file:
                    file.write(f"{_head(text)}\n{text}")
                os.replace(name, self._target)
            except OSError:
                os.unlink(name)


def place(kind: str, *asked: str | bool) -> Place | None:
    """Where the grammar for a question is kept; None if nothing is.

    Args:
        kind: what asks: "lark", "sql".
        asked: all that the answer depends on, beside what is the same in the whole process.
    """
    shipped, folder = _shipped(), os.environ.get(VARIABLE)
    if shipped is None and not folder:
        return None
    versions = _versions()
    if versions is None:
        return None
    question = json.dumps([kind, versions, asked])
    name = f"{hashlib.sha256(question.encode()).hexdigest()}.json"
    target = Path(folder) / name if folder else None
    return Place([*([shipped[0] / name] if shipped else []), *([target] if target else [])], target)


def seal(folder: Path) -> None:
    """Say in a folder that holds prepared grammars what they depend on, so that it can be part of the package."""
    manifest = {"runtime": _runtime(), "versions": _versions(), "sources": _stamps()}
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def _head(text: str) -> str:
    return f"{_HEAD} {hashlib.sha256(text.encode()).hexdigest()}"


def _runtime() -> str:
    return f"{lark.__version__} {sys.version} {unicodedata.unidata_version}"


def _stamps() -> dict[str, list[int]]:
    """Time and size of our own code, by which Python too knows whether its byte code is that of a file."""
    stamps = {}
    for folder in _SOURCES:
        with os.scandir(os.path.join(_PACKAGE, folder)) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    found = entry.stat()
                    stamps[f"{folder}/{entry.name}"] = [found.st_mtime_ns, found.st_size]
    return stamps


@lru_cache(1)
def _shipped() -> tuple[Path, str] | None:
    """The folder that was built with this package, if it was from this code, for this Python and Lark; its versions."""
    for entry in sys.modules["structgen"].__path__:  # several, where the package is installed to be edited
        folder = Path(entry) / _SHIPPED
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            is_ours = Path(entry) == _PACKAGE or manifest["sources"] == _stamps()
            if is_ours and manifest["runtime"] == _runtime():
                return folder, str(manifest["versions"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


@lru_cache(1)
def _versions() -> str | None:
    """What rules depend on beside their sources; None if our own code can't be read."""
    shipped = _shipped()
    if shipped is not None:
        return shipped[1]
    digest = hashlib.sha256(_runtime().encode())
    try:
        for name in sorted(_stamps()):
            digest.update((_PACKAGE / name).read_bytes())
    except OSError:
        return None
    return digest.hexdigest()
