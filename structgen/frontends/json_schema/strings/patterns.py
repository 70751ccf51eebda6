"""Patterns: the texts that match some and do not match others, as expressions over characters."""

from __future__ import annotations

import re
from functools import lru_cache

from structgen.frontends.json_schema.strings.formats import format_texts
from structgen.grammar.expressions import (
    ANY_TEXT,
    Complement,
    Expression,
    Intersection,
    Literal,
    union,
)
from structgen.patterns import parse_regex
from structgen.patterns.analysis import edge_chars, matches
from structgen.patterns.characters import common


def has_lone_surrogate(text: str) -> bool:
    """Returns True if a text has a surrogate without its other half. No format can write it."""
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


@lru_cache(maxsize=2048)
def parse_pattern(pattern: str) -> Expression:
    """The texts in which a pattern of ECMA-262 is found.

    Raises:
        InvalidRegexError: It is malformed, or not regular.
    """
    return parse_regex(pattern, search=True, dialect="ecma")


@lru_cache(maxsize=256)
def judged_by_re(pattern: str) -> re.Pattern[str] | None:
    """For a pattern that no mask enforces, such as one with backreferences: as Python reads it; None if malformed."""
    names = re.sub(r"(?<!\\)((?:\\\\)*)\(\?<(?![=!])", r"\1(?P<", pattern)
    try:
        return re.compile(re.sub(r"(?<!\\)((?:\\\\)*)\\k<(\w+)>", r"\1(?P=\2)", names))
    except (re.error, OverflowError, RecursionError):
        return None


@lru_cache(maxsize=2048)
def texts(
    patterns: tuple[str, ...] = (),
    formats: tuple[str, ...] = (),
    not_patterns: tuple[str, ...] = (),
    not_formats: tuple[str, ...] = (),
    excluded: tuple[str, ...] = (),
) -> Expression:
    """The texts that match all patterns and formats, none of some others, and are none of some texts."""
    parts = [*map(parse_pattern, patterns), *map(format_texts, formats)]
    outside = [
        *map(parse_pattern, not_patterns),
        *map(format_texts, not_formats),
        *map(Literal, excluded),
    ]
    if outside:
        parts.append(Complement(union(*outside)))
    if not parts:
        return ANY_TEXT
    return parts[0] if len(parts) == 1 else Intersection(tuple(parts))


def region_texts(inside: tuple[str, ...], outside: tuple[str, ...]) -> Expression:
    """The texts that match all of some patterns, and none of some others."""
    parts: list[Expression] = [parse_pattern(pattern) for pattern in inside]
    if outside:
        parts.append(Complement(union(*[parse_pattern(pattern) for pattern in outside])))
    return parts[0] if len(parts) == 1 else Intersection(tuple(parts))


@lru_cache(maxsize=1024)
def exclude_each_other(one: str, other: str) -> bool:
    """Returns True if the first or last characters show that no text matches both patterns."""
    first, second = parse_pattern(one), parse_pattern(other)
    if matches(first, "") and matches(second, ""):
        return False
    return not common(edge_chars(first, at_end=False), edge_chars(second, at_end=False)).ranges
