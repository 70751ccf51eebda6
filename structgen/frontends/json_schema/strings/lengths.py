"""Lengths: the texts of an expression that have some lengths, in code points.

An intersection of counters is what the engine finds hardest. So a pattern that bounds lengths itself is not intersected
with them, and one whose length is decided by a single repetition has the bounds put there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from structgen.grammar.expressions import (
    ANY_CHAR,
    EMPTY,
    CharSet,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
    children,
    concat,
    in_order,
    repeat,
)

Lengths = tuple[int, int | None]
"""No text is shorter than the first figure, none longer than the second (None: no bound)."""


def bounded(expression: Expression, shortest: int, longest: int | None) -> Expression:
    """The texts of an expression that have a length within bounds; an intersection only where nothing else helps."""
    if shortest == 0 and longest is None:
        return expression
    if longest is not None and longest < shortest:
        return EMPTY
    return _bounded(expression, shortest, longest, _measure(expression))


def _bounded(
    expression: Expression, shortest: int, longest: int | None, lengths: Mapping[int, Lengths]
) -> Expression:
    least, most = lengths[id(expression)]
    at_most = math.inf if longest is None else longest
    longest_text = math.inf if most is None else most
    if least > at_most or longest_text < shortest:
        return EMPTY
    if least >= shortest and longest_text <= at_most:
        return expression
    if isinstance(expression, Union):
        return Union(tuple(_bounded(part, shortest, longest, lengths) for part in expression.parts))
    counted = _counted(expression, shortest, longest, lengths)
    return Intersection((repeat(ANY_CHAR, shortest, longest), expression)) if counted is None else counted


def _counted(
    expression: Expression, shortest: int, longest: int | None, lengths: Mapping[int, Lengths]
) -> Expression | None:
    """The bounds put into the one repetition that decides the length; None if there is none."""
    parts = expression.parts if isinstance(expression, Concat) else (expression,)
    varying = [index for index, part in enumerate(parts) if len(set(lengths[id(part)])) > 1]
    return _counted_at(varying[0], parts, shortest, longest, lengths) if len(varying) == 1 else None


def _counted_at(
    index: int,
    parts: Sequence[Expression],
    shortest: int,
    longest: int | None,
    lengths: Mapping[int, Lengths],
) -> Expression | None:
    part = parts[index]
    if not isinstance(part, Repeat) or lengths[id(part.part)] != (1, 1) or parts.count(part) > 1:
        return None
    fixed = sum(lengths[id(other)][0] for other in parts if other is not part)
    times = repeat(
        part.part,
        max(part.min, shortest - fixed),
        _lower(part.max, None if longest is None else longest - fixed),
    )
    return concat(*parts[:index], times, *parts[index + 1 :])


def _measure(expression: Expression) -> dict[int, Lengths]:
    """The lengths of each part."""
    found: dict[int, Lengths] = {}
    for node in in_order(expression):
        found[id(node)] = _lengths(node, [found[id(part)] for part in children(node)])
    return found


def _lengths(node: Expression, parts: list[Lengths]) -> Lengths:
    return _LENGTHS[type(node)](node, parts)


def _of_literal(node: Literal, parts: list[Lengths]) -> Lengths:
    return len(node.text), len(node.text)


def _of_chars(node: CharSet, parts: list[Lengths]) -> Lengths:
    return 1, 1


def _of_complement(node: Complement, parts: list[Lengths]) -> Lengths:
    return 0, None


def _of_repeat(node: Repeat, parts: list[Lengths]) -> Lengths:
    ((least, most),) = parts
    return least * node.min, 0 if most == 0 else _product(most, node.max)


def _of_concat(node: Concat, parts: list[Lengths]) -> Lengths:
    longest = _bounds(parts)
    return sum([least for least, _ in parts]), None if len(longest) < len(parts) else sum(longest)


def _of_union(node: Union, parts: list[Lengths]) -> Lengths:
    longest = _bounds(parts)
    most = None if len(longest) < len(parts) else max(longest, default=0)
    return min([least for least, _ in parts], default=0), most


def _of_intersection(node: Intersection, parts: list[Lengths]) -> Lengths:
    return max([least for least, _ in parts], default=0), min(_bounds(parts), default=None)


def _bounds(parts: list[Lengths]) -> list[int]:
    """The lengths of the longest texts, of the parts that have a bound."""
    return [most for _, most in parts if most is not None]


_LENGTHS: dict[type[Expression], Callable[..., Lengths]] = {
    Literal: _of_literal,
    CharSet: _of_chars,
    Complement: _of_complement,
    Repeat: _of_repeat,
    Concat: _of_concat,
    Union: _of_union,
    Intersection: _of_intersection,
}


def _lower(one: int | None, other: int | None) -> int | None:
    """The lower bound; None is none."""
    return other if one is None else one if other is None else min(one, other)


def _product(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one * other
