"""The grammars that come with structgen: files of `grammars/`, loadable by name."""

from __future__ import annotations

import re
from contextlib import suppress
from difflib import get_close_matches
from importlib.abc import Traversable
from importlib.resources import files

from structgen.errors import InvalidLarkError

_NAME = re.compile(r"[a-z][a-z0-9-]*")


def library() -> dict[str, str]:
    """The grammars that come with structgen, by name, each with the first line of its header.

    `structgen.lark(name)` makes a constraint of one.

    >>> library()["semver"]
    'Version numbers: Semantic Versioning 2.0.0 (https://semver.org).'
    """
    texts = {name: file.read_text(encoding="utf-8") for name, file in _files().items()}
    return {name: text.partition("\n")[0].removeprefix("//").strip() for name, text in texts.items()}


def library_text(name: str) -> str:
    """The text of a grammar that comes with structgen.

    Raises:
        InvalidLarkError: There is none of that name.
    """
    if _NAME.fullmatch(name):
        with suppress(FileNotFoundError):
            return (folder() / f"{name}.lark").read_text(encoding="utf-8")
    files = _files()
    if name not in files:
        near = get_close_matches(name, files, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"available grammars: {', '.join(files)}"
        raise InvalidLarkError(f"no grammar called {name!r} comes with structgen; {hint}")
    return files[name].read_text(encoding="utf-8")


def folder() -> Traversable:
    """The folder of the grammars."""
    return files("structgen") / "grammars"


def _files() -> dict[str, Traversable]:
    """The files of the grammars, by name."""
    there = {entry.name[:-5]: entry for entry in folder().iterdir() if entry.name.endswith(".lark")}
    return dict(sorted(there.items()))
