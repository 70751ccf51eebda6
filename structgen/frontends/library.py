"""The grammars that come with structgen: files of `grammars/`, loadable by name."""

from __future__ import annotations

from importlib.resources import files

from structgen.errors import InvalidLarkError


def library() -> dict[str, str]:
    """The grammars that come with structgen, by name, each with the first line of its header.

    `structgen.lark(name)` makes a constraint of one.

    >>> library()["semver"]
    'Version numbers: Semantic Versioning 2.0.0 (https://semver.org).'
    """
    folder = files("structgen") / "grammars"
    names = sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".lark"))
    return {name: library_text(name).partition("\n")[0].removeprefix("//").strip() for name in names}


def library_text(name: str) -> str:
    """The text of a grammar that comes with structgen.

    Raises:
        InvalidLarkError: There is none of that name.
    """
    file = files("structgen") / "grammars" / f"{name}.lark"
    if not file.is_file():
        raise InvalidLarkError(f"there is no grammar {name!r}; there are {', '.join(library())}")
    return file.read_text(encoding="utf-8")
