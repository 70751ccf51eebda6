"""Plain words: docs/glossary.md says which word is used for what. The words that it replaces are not in the prose.

Prose is the comments and docstrings of the sources, and the pages in Markdown outside of code.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

WORDS = {
    r"\b(told|tells?|telling) apart\b": "distinguish",
    r"\banew\b": "again",
    r"\bwhat is left\b": "what remains",
    r"\basked for\b": "requested, required, wanted",
    r"\blooked at\b": "read, checked",
    r"\bmade on the way\b": "made meanwhile",
    r"\bbeside\b": "next to, compared with, in addition to",
    r"(?<!look)(?<!look )\bbehind\b(?! (a|an) (server|API))": "after",
    r"\bblanks?\b": "space, whitespace, empty line",
}
"""A pattern, and what to write instead."""

WORDS_OF_PYTHON = {
    r'^[rR]?"""Whether\b': "Returns True if ..., of a property True if ...",
    r"\bmembers?\b": "property or item, of JSON",
}
"""In Python; the engine's lexer has states with members."""

MEMBERS = re.compile(
    # Members of an enum, of a set of characters, of a set of terminals.
    r"/(patterns|lark)/|frontends/types|language/facts|language/sampling|collector"
)
"""Files in which a member is one of a set."""


def prose_of_python(path: Path) -> Iterator[tuple[int, str]]:
    """The comments and docstrings of a module, with their lines."""
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        starts = before in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and starts):
            yield token.start[0], re.sub(r"`[^`\n]*`", "``", token.string)
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            before = token.type


def prose_of_cpp(path: Path) -> Iterator[tuple[int, str]]:
    """The comments of a C++ source."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        _, slashes, comment = line.partition("//")
        if slashes:
            yield number, comment


def prose_of_page(path: Path) -> Iterator[tuple[int, str]]:
    """A page without its code."""
    is_code = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code:
            yield number, re.sub(r"`[^`]*`", "``", line)


PROSE = {".py": prose_of_python, ".cpp": prose_of_cpp, ".h": prose_of_cpp, ".md": prose_of_page}


def files() -> Iterator[Path]:
    yield from (ROOT / "README.md", ROOT / "CHANGELOG.md")
    for folder in ("structgen", "benchmarks", "docs"):
        yield from sorted(path for path in (ROOT / folder).rglob("*") if path.suffix in PROSE)


def found_in(path: Path) -> list[str]:
    """What a file says that the glossary says otherwise."""
    words = dict(WORDS)
    name = path.relative_to(ROOT).as_posix()
    if path.suffix != ".py":
        words = {
            pattern: instead
            for pattern, instead in words.items()
            if path.suffix == ".md" or "blank" not in pattern
        }
    else:
        words |= WORDS_OF_PYTHON
        if MEMBERS.search(f"/{name}"):
            words.pop(r"\bmembers?\b")
    return [
        f"{name}:{number}: {match.group()!r}: write {instead}"
        for number, text in PROSE[path.suffix](path)
        for pattern, instead in words.items()
        for match in re.finditer(pattern, text)
    ]


def test_the_prose_has_the_words_of_the_glossary() -> None:
    pages = {ROOT / "docs" / "glossary.md"}  # it names them
    found = [one for path in files() if path not in pages for one in found_in(path)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('"""Whether it is so."""\n', 1),
        ("# The members behind a blank\n", 3),
        ('NAME = "a member behind a blank"\n', 0),
        ('def f():\n    """Returns `members` behind an API."""\n', 0),
        ("x = 1  # what is left\n", 1),
    ],
)
def test_words_are_found_in_prose_only(tmp_path: Path, text: str, count: int) -> None:
    path = tmp_path / "module.py"
    path.write_text(text)
    words = {**WORDS, **WORDS_OF_PYTHON}
    found = [
        1 for _, prose in prose_of_python(path) for pattern in words for _ in re.finditer(pattern, prose)
    ]
    assert len(found) == count
