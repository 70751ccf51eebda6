"""Strings and names as terminals.

Where all strings are meant, or all of some lengths, every spelling is accepted; where a string must match something (a
pattern, a name, an enum) it has the one spelling that `formats/spelling.py` calls canonical, unless the format says
otherwise.

Objects are made once and used again, across schemas: the engine knows by identity what it has seen.
"""

from __future__ import annotations

import json
from functools import lru_cache

from structgen.formats.spelling import CANONICAL, Spelling
from structgen.frontends.json_schema.strings.lengths import bounded
from structgen.frontends.json_schema.strings.patterns import region_texts, texts
from structgen.grammar.expressions import (
    ANY_TEXT,
    Complement,
    Expression,
    Intersection,
    Literal,
    union,
)
from structgen.grammar.rules import Effect, Terminal


@lru_cache(maxsize=16384)
def name(text: str, spelling: Spelling = CANONICAL) -> Terminal:
    """A declared name."""
    shown = json.dumps(text, ensure_ascii=False)
    if spelling.name == "canonical":
        return Terminal(shown, Literal(shown))
    return Terminal(shown, spelling.property_name(Literal(text)))


@lru_cache(maxsize=8)
def any_name(spelling: Spelling) -> Terminal:
    """Any name of a property."""
    return Terminal("a name", spelling.property_name(ANY_TEXT), effect=_recorded(spelling))


def _recorded(spelling: Spelling) -> Effect | None:
    """Where a name has one spelling, it is recorded: an object has no name twice."""
    return "record" if spelling.is_single else None


@lru_cache(maxsize=4096)
def other_name(
    excluded: tuple[str, ...],
    regions: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (),
    texts: Expression | None = None,
    spelling: Spelling = CANONICAL,
) -> Terminal:
    """Every name but some.

    Args:
        excluded: the names that it must not be.
        regions: in one of them it must be: patterns that it matches, and patterns that it does not match.
        texts: what it must be, too.
        spelling: how it is written.
    """
    inside = [region_texts(*region) for region in regions]
    if regions == (((), ()),):
        inside = []
    parts = [union(*inside)] if inside else []
    if texts is not None:
        parts.append(texts)
    if parts:
        every = spelling.property_name(parts[0] if len(parts) == 1 else Intersection(tuple(parts)))
    else:
        every = any_name(spelling).expression
    if not excluded:
        return any_name(spelling) if not parts else Terminal("a name", every, effect=_recorded(spelling))
    names = union(*[name(one, spelling).expression for one in excluded])
    return Terminal("another name", Intersection((every, Complement(names))), effect=_recorded(spelling))


@lru_cache(maxsize=4096)
def string(shortest: int, longest: int | None, spelling: Spelling = CANONICAL) -> Terminal:
    """All strings of some lengths, in code points."""
    return Terminal("a string", spelling.free(shortest, longest))


@lru_cache(maxsize=2048)
def matching_string(
    patterns: tuple[str, ...],
    formats: tuple[str, ...],
    not_patterns: tuple[str, ...],
    not_formats: tuple[str, ...],
    excluded: tuple[str, ...],
    shortest: int,
    longest: int | None,
    spelling: Spelling = CANONICAL,
) -> Terminal:
    """The strings of such texts, of some lengths in code points."""
    found = texts(patterns, formats, not_patterns, not_formats, excluded)
    if formats:
        label = f"a string of the format {formats[0]}"
    elif patterns and len(patterns[0]) <= 60:
        label = f"a string that matches {patterns[0]}"
    else:
        label = "a string"
    return text_string(found, shortest, longest, label, spelling)


def text_string(
    expression: Expression, shortest: int, longest: int | None, label: str, spelling: Spelling
) -> Terminal:
    """The strings that spell the texts of an expression, of some lengths in code points."""
    if expression == ANY_TEXT:
        return string(shortest, longest, spelling)
    return Terminal(label, spelling.string(bounded(expression, shortest, longest)))
