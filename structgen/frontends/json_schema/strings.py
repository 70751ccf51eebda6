r"""Strings: lengths, patterns, exclusions; first over the characters meant, then over the JSON text that spells them.

JSON spells most characters in several ways: `é` is also `\u00e9` and `\u00E9`. Where all strings are meant, or all of
some lengths, every spelling is accepted. Where a string must match something (a pattern, a name, an enum), its
characters have one spelling, the *canonical* one: themselves, but `"`, `\` and control characters by their short escape
(`\n`) or else by `\u001f` in lower case, as `json.dumps(..., ensure_ascii=False)` writes them. One spelling for each
text makes the encoding commute with `&` and `~`, so exclusions are plain lists of literals.

Lengths count code points. A pattern that bounds lengths itself is not intersected with them, and one whose length
is decided by a single repetition has the bounds put there: an intersection of counters is what the engine finds
hardest.

Objects are made once and used again, across schemas: the engine knows by identity what it has seen.
"""

from __future__ import annotations

import json
from functools import lru_cache

from structgen.frontends.json_schema.formats import format_texts
from structgen.frontends.regex import parse_regex
from structgen.frontends.regex.analysis import edge_chars, in_order, matches
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
    charset,
    concat,
    repeat,
    union,
)
from structgen.grammar.rules import Terminal

QUOTE = Literal('"')
_RAW = CharSet(((0x20, 0x21), (0x23, 0x5B), (0x5D, 0x10FFFF)))
_HEX = charset("0123456789abcdefABCDEF")
_UNIT = concat(  # one code unit that is no surrogate
    Literal("u"),
    union(
        concat(charset("0123456789abcefABCEF"), repeat(_HEX, 3, 3)),
        concat(charset("dD"), charset("01234567"), repeat(_HEX, 2, 2)),
    ),
)
_PAIR = concat(  # a high surrogate and a low one: one code point
    Literal("u"),
    charset("dD"),
    charset("89abAB"),
    repeat(_HEX, 2, 2),
    Literal("\\u"),
    charset("dD"),
    charset("cdefCDEF"),
    repeat(_HEX, 2, 2),
)
CHAR = union(_RAW, concat(Literal("\\"), union(charset('"\\/bfnrt'), _UNIT, _PAIR)))
"""One character of a string, in every spelling."""

_ESCAPED = tuple(Literal(json.dumps(chr(code))[1:-1]) for code in (*range(0x20), 0x22, 0x5C))
CANONICAL_CHAR = union(_RAW, *_ESCAPED)
"""One character of a string, in its canonical spelling."""

CANONICAL_TEXT = repeat(CANONICAL_CHAR)
STRING = Terminal("a string", concat(QUOTE, repeat(CHAR), QUOTE))
NAME = Terminal("a name", concat(QUOTE, CANONICAL_TEXT, QUOTE))
"""A member's name, whichever."""


def has_lone_surrogate(text: str) -> bool:
    """Whether a text has a surrogate without its other half, and so no spelling."""
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)


@lru_cache(maxsize=16384)
def name(text: str) -> Terminal:
    """A declared name, in its canonical spelling."""
    spelling = json.dumps(text, ensure_ascii=False)
    return Terminal(spelling, Literal(spelling))


@lru_cache(maxsize=4096)
def other_name(
    excluded: tuple[str, ...],
    regions: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (),
    texts: Expression | None = None,
) -> Terminal:
    """Every name but some.

    Args:
        excluded: the names that it must not be.
        regions: in one of them it must be: patterns that it matches, and patterns that it does not match.
        texts: what it must be besides.
    """
    inside = [_region(*region) for region in regions]
    if regions == (((), ()),):
        inside = []
    parts = [union(*inside)] if inside else []
    if texts is not None:
        parts.append(texts)
    if parts:
        whole = spell(parts[0] if len(parts) == 1 else Intersection(tuple(parts)))
        every: Expression = concat(QUOTE, whole, QUOTE)
    else:
        every = NAME.expression
    if not excluded:
        return NAME if every is NAME.expression else Terminal("a name", every)
    names = union(*[name(one).expression for one in excluded])
    return Terminal("another name", Intersection((every, Complement(names))))


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
def string(shortest: int, longest: int | None) -> Terminal:
    """All strings of some lengths, in code points."""
    if shortest == 0 and longest is None:
        return STRING
    return Terminal("a string", concat(QUOTE, Repeat(CHAR, shortest, longest), QUOTE))


@lru_cache(maxsize=2048)
def parse_pattern(pattern: str) -> Expression:
    """The texts in which a pattern of ECMA-262 is found.

    Raises:
        InvalidRegexError: It is malformed, or not regular.
    """
    return parse_regex(pattern, search=True, dialect="ecma")


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
) -> Terminal:
    """The strings of such texts, of some lengths in code points."""
    found = texts(patterns, formats, not_patterns, not_formats, excluded)
    if formats:
        label = f"a string of the format {formats[0]}"
    elif patterns and len(patterns[0]) <= 60:
        label = f"a string that matches {patterns[0]}"
    else:
        label = "a string"
    return text_string(found, shortest, longest, label)


def text_string(expression: Expression, shortest: int, longest: int | None, label: str) -> Terminal:
    """The strings that spell the texts of an expression, of some lengths in code points."""
    if expression == ANY_TEXT:
        return string(shortest, longest)
    return Terminal(label, concat(QUOTE, spell(bounded(expression, shortest, longest)), QUOTE))


# From characters to their spelling


def spell(expression: Expression) -> Expression:
    """The JSON texts, without quotes, that spell the texts of an expression canonically."""
    done: dict[int, Expression] = {}
    for node in in_order(expression):
        done[id(node)] = _spell_node(node, done)
    return done[id(expression)]


def _spell_node(node: Expression, done: dict[int, Expression]) -> Expression:
    if isinstance(node, Literal):
        spelling = json.dumps(node.text, ensure_ascii=False)[1:-1]
        return node if spelling == node.text else Literal(spelling)
    if isinstance(node, CharSet):
        return _spell_set(node)
    if isinstance(node, Complement):
        return Intersection((CANONICAL_TEXT, Complement(done[id(node.part)])))
    if isinstance(node, Repeat):
        if node.part == ANY_CHAR and (node.min, node.max) == (0, None):
            return CANONICAL_TEXT
        part = done[id(node.part)]
        return node if part is node.part else Repeat(part, node.min, node.max)
    assert isinstance(node, (Concat, Union, Intersection))
    if isinstance(node, Intersection):
        parts = []
        for part in node.parts:  # the complements need not be restricted once more
            spelled = done[id(part)]
            if isinstance(part, Complement) and isinstance(spelled, Intersection):
                spelled = spelled.parts[1]
            parts.append(spelled)
        if all(isinstance(part, Complement) for part in parts):
            parts.insert(0, CANONICAL_TEXT)
        return Intersection(tuple(parts))
    spelled_parts = tuple([done[id(part)] for part in node.parts])
    if all(new is old for new, old in zip(spelled_parts, node.parts, strict=True)):
        return node
    return type(node)(spelled_parts)


@lru_cache(maxsize=4096)
def _spell_set(chars: CharSet) -> Expression:
    if chars == ANY_CHAR:
        return CANONICAL_CHAR
    raw: list[tuple[int, int]] = []
    escaped: list[Expression] = []
    for first, last in chars.ranges:
        if first < 0x20:
            escaped.extend(_ESCAPED[first : min(last, 0x1F) + 1])
        for code, spelling in ((0x22, _ESCAPED[-2]), (0x5C, _ESCAPED[-1])):
            if first <= code <= last:
                escaped.append(spelling)
        for low, high in _RAW.ranges:
            if first <= high and low <= last:
                raw.append((max(first, low), min(last, high)))
    if not escaped:
        return chars
    return union(CharSet(tuple(raw)), *escaped) if raw else union(*escaped)


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
