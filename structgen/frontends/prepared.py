"""Grammars that were prepared before, in a folder, so that a process that starts need not prepare them again.

To make rules of a large grammar takes Python up to a second, mostly to find what Lark's lexer would do; the process
then keeps them. Where the environment variable STRUCTGEN_CACHE names a folder, they are kept there as well: one file
for each grammar and its options, JSON behind a line with its checksum. Nothing in a file is executed, and one that is
damaged, or does not hold what is expected, is made anew. Who may write to the folder decides what masks allow.

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
_SOURCES = ("grammar", "frontends", "frontends/lark", "frontends/regex", "frontends/sql", "engine")


class Place:
    """Where something that was prepared is kept."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def find(self) -> Any:
        """The data that is kept there; None if there is none, or it is damaged."""
        try:
            head, _, text = self._file.read_text(encoding="utf-8").partition("\n")
            return json.loads(text) if head == _head(text) else None
        except (OSError, ValueError, RecursionError):
            return None

    def keep(self, data: Any) -> None:
        """Keep data that JSON can hold, in place of what is there."""
        text = json.dumps(data, separators=(",", ":"))
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(dir=self._file.parent, suffix=".tmp")
            try:
                with open(number, "w", encoding="utf-8") as file:
                    file.write(f"{_head(text)}\n{text}")
                os.replace(name, self._file)
            except OSError:
                os.unlink(name)


def place(kind: str, *asked: str | bool) -> Place | None:
    """Where the grammar for a question is kept; None if nothing is.

    Args:
        kind: what asks: "lark", "sql".
        asked: all that the answer depends on, beside what is the same in the whole process.
    """
    folder = os.environ.get(VARIABLE)
    if not folder:
        return None
    versions = _versions()
    if versions is None:
        return None
    question = json.dumps([kind, versions, asked])
    return Place(Path(folder) / f"{hashlib.sha256(question.encode()).hexdigest()}.json")


def _head(text: str) -> str:
    return f"{_HEAD} {hashlib.sha256(text.encode()).hexdigest()}"


@lru_cache(1)
def _versions() -> str | None:
    """What rules depend on beside their sources; None if our own code can't be read."""
    digest = hashlib.sha256(f"{lark.__version__} {sys.version} {unicodedata.unidata_version}".encode())
    package = Path(__file__).parents[1]
    try:
        for folder in _SOURCES:
            for file in sorted((package / folder).glob("*.py")):
                digest.update(file.read_bytes())
    except OSError:
        return None
    return digest.hexdigest()
