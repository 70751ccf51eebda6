"""Constructors of expressions that fold what is trivial.

An expression that assertions are compiled into grows part by part. These keep it small: literals that are neighbours
become one, parts that denote nothing disappear, single characters become a set.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, groupby

from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EMPTY,
    EPSILON,
    CharSet,
    Concat,
    Expression,
    Literal,
    Repeat,
    Union,
    charset,
)
from structgen.patterns.characters import joined


def join(parts: Iterable[Expression]) -> Expression:
    """`concat`, folding literals that are neighbours, and parts that denote nothing."""
    found: list[Expression] = []
    flat = chain.from_iterable(part.parts if isinstance(part, Concat) else (part,) for part in parts)
    for is_literal, run in groupby(flat, lambda part: isinstance(part, Literal)):
        if is_literal:
            text = "".join([part.text for part in run if isinstance(part, Literal)])
            found += [Literal(text)] if text else []
        else:
            found += run
    if EMPTY in found:
        return EMPTY
    kept = [part for i, part in enumerate(found) if not (i and part is ANY_TEXT and found[i - 1] is ANY_TEXT)]
    if len(kept) == 1:
        return kept[0]
    return Concat(tuple(kept)) if kept else EPSILON


def either(options: Iterable[Expression]) -> Expression:
    """`union`, in order, folding single characters that are neighbours, and options that denote nothing."""
    found: list[Expression] = []
    flat = chain.from_iterable(option.parts if isinstance(option, Union) else (option,) for option in options)
    for is_char, run in groupby(flat, _is_char):
        neighbours = list(run)
        found += [_one_of(neighbours)] if is_char else neighbours
    return found[0] if len(found) == 1 else Union(tuple(found)) if found else EMPTY


def _is_char(option: Expression) -> bool:
    return isinstance(option, CharSet) or (isinstance(option, Literal) and len(option.text) == 1)


def _one_of(chars: list[Expression]) -> Expression:
    if len(chars) == 1:
        return chars[0]
    sets = [char for char in chars if isinstance(char, CharSet)]
    return one_char(joined(charset(*[char.text for char in chars if isinstance(char, Literal)]), *sets))


def one_char(chars: CharSet) -> Expression:
    """The set; a literal, if it is a single character; nothing, if it holds no character of a text."""
    ranges = chars.ranges
    if len(ranges) == 1:
        first, last = ranges[0]
        if first >= 0xD800 and last <= 0xDFFF:
            return EMPTY
        if first == last:
            return Literal(chr(first))
    return chars if ranges else EMPTY


def times(part: Expression, least: int, most: int | None) -> Expression:
    """`repeat`, folding what is trivial."""
    if (least, most) == (1, 1):
        return part
    if most == 0 or part == EPSILON or (part == EMPTY and not least):
        return EPSILON
    if part == EMPTY:
        return EMPTY
    if (least, most) == (0, None) and part == ANY_CHAR:
        return ANY_TEXT
    if isinstance(part, Repeat) and most is None and part.max is None and part.min <= 1 and least <= 1:
        return Repeat(part.part, min(part.min, least), None)
    return Repeat(part, least, most)
