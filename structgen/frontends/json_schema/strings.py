r"""Strings: lengths, patterns, exclusions; first over the characters meant, then over the JSON text that spells them.

Where all strings are meant, or all of some lengths, every spelling is accepted; where a string must match something (a
pattern, a name, an enum) it has the one spelling that `spelling.py` calls canonical, unless another is asked for.

Lengths count code points. A pattern that bounds lengths itself is not intersected with them, and one whose length
is decided by a single repetition has the bounds put there: an intersection of counters is what the engine finds
hardest.

Objects are made once and used again, across schemas: the engine knows by identity what it has seen.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache

from structgen.formats.spelling import CANONICAL, Spelling
from structgen.frontends.json_schema.formats import format_texts
from structgen.frontends.regex import parse_regex
from structgen.frontends.regex.analysis import edge_chars, matches
from structgen.frontends.regex.characters import common
from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EMPTY,
    CharSet,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
    concat,
    in_order,
    repeat,
    union,
)
from structgen.grammar.rules import Effect, Terminal


def has_lone_surrogate(text: str) -> bool:
    """Whether a text has a surrogate without its other half, and so no spelling."""
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


@lru_cache(maxsize=16384)
def name(text: str, spelling: Spelling = CANONICAL) -> Terminal:
    """A declared name."""
    shown = json.dumps(text, ensure_ascii=False)
    if spelling.name == "canonical":
        return Terminal(shown, Literal(shown))
    return Terminal(shown, spelling.string(Literal(text)))


@lru_cache(maxsize=8)
def any_name(spelling: Spelling) -> Terminal:
    """A member's name, whichever."""
    return Terminal("a name", spelling.string(ANY_TEXT), effect=_recorded(spelling))


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
        texts: what it must be besides.
        spelling: how it is written.
    """
    inside = [_region(*region) for region in regions]
    if regions == (((), ()),):
        inside = []
    parts = [union(*inside)] if inside else []
    if texts is not None:
        parts.append(texts)
    if parts:
        every = spelling.string(parts[0] if len(parts) == 1 else Intersection(tuple(parts)))
    else:
        every = any_name(spelling).expression
    if not excluded:
        return any_name(spelling) if not parts else Terminal("a name", every, effect=_recorded(spelling))
    names = union(*[name(one, spelling).expression for one in excluded])
    return Terminal("another name", Intersection((every, Complement(names))), effect=_recorded(spelling))


def _region(inside: tuple[str, ...], outside: tuple[str, ...]) -> Expression:
    parts: list[Expression] = [parse_pattern(pattern) for pattern in inside]
    if outside:
        parts.append(Complement(union(*[parse_pattern(pattern) for pattern in outside])))
    return parts[0] if len(parts) == 1 else Intersection(tuple(parts))


@lru_cache(maxsize=1024)
def exclude_each_other(one: str, other: str) -> bool:
    """Whether no text matches both patterns, as far as their first characters tell."""
    first, second = parse_pattern(one), parse_pattern(other)
    if matches(first, "") and matches(second, ""):
        return False
    return not common(edge_chars(first, at_end=False), edge_chars(second, at_end=False)).ranges


@lru_cache(maxsize=4096)
def string(shortest: int, longest: int | None, spelling: Spelling = CANONICAL) -> Terminal:
    """All strings of some lengths, in code points."""
    return Terminal("a string", spelling.free(shortest, longest))


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


# Lengths


def bounded(expression: Expression, shortest: int, longest: int | None) -> Expression:
    """The texts of an expression that have a length within bounds; an intersection only where nothing else helps."""
    if shortest == 0 and longest is None:
        return expression
    if longest is not None and longest < shortest:
        return EMPTY
    lengths = _measure(expression)
    return _bounded(expression, shortest, longest, lengths)


def _bounded(
    expression: Expression,
    shortest: int,
    longest: int | None,
    lengths: dict[int, tuple[int, int | None]],
) -> Expression:
    least, most = lengths[id(expression)]
    if (longest is not None and least > longest) or (most is not None and most < shortest):
        return EMPTY
    if least >= shortest and (longest is None or (most is not None and most <= longest)):
        return expression
    if isinstance(expression, Union):
        return Union(tuple(_bounded(part, shortest, longest, lengths) for part in expression.parts))
    parts = expression.parts if isinstance(expression, Concat) else (expression,)
    varying = [index for index, part in enumerate(parts) if len(set(lengths[id(part)])) > 1]
    if len(varying) == 1:
        index = varying[0]
        part = parts[index]
        fixed = sum(lengths[id(other)][0] for other in parts if other is not part)
        if isinstance(part, Repeat) and lengths[id(part.part)] == (1, 1) and parts.count(part) == 1:
            fewest = max(part.min, shortest - fixed)
            most_times = part.max if longest is None else longest - fixed
            if part.max is not None and most_times is not None:
                most_times = min(most_times, part.max)
            return concat(
                *parts[:index],
                repeat(part.part, fewest, most_times),
                *parts[index + 1 :],
            )
    return Intersection((repeat(ANY_CHAR, shortest, longest), expression))


def _measure(expression: Expression) -> dict[int, tuple[int, int | None]]:
    """For each part: no text is shorter than the first figure, none longer than the second (None: no bound)."""
    found: dict[int, tuple[int, int | None]] = {}
    for node in in_order(expression):
        if isinstance(node, Literal):
            bounds: tuple[int, int | None] = len(node.text), len(node.text)
        elif isinstance(node, CharSet):
            bounds = 1, 1
        elif isinstance(node, Complement):
            bounds = 0, None
        elif isinstance(node, Repeat):
            least, most = found[id(node.part)]
            bounds = (
                least * node.min,
                0 if most == 0 else None if most is None or node.max is None else most * node.max,
            )
        else:
            assert isinstance(node, (Concat, Union, Intersection))
            mins = [found[id(part)][0] for part in node.parts]
            maxs = [found[id(part)][1] for part in node.parts]
            known = [most for most in maxs if most is not None]
            unbounded = len(known) < len(maxs)
            if isinstance(node, Concat):
                bounds = sum(mins), None if unbounded else sum(known)
            elif isinstance(node, Union):
                bounds = (
                    min(mins, default=0),
                    None if unbounded else max(known, default=0),
                )
            else:
                bounds = max(mins, default=0), min(known, default=None)
        found[id(node)] = bounds
    return found
