"""Lengths: the texts of an expression that have some lengths, in code points.

An intersection of counters is what the engine finds hardest. So a pattern that bounds lengths itself is not intersected
with them, and one whose length is decided by a single repetition has the bounds put there.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    if (longest is not None and least > longest) or (most is not None and most < shortest):
        return EMPTY
    if least >= shortest and (longest is None or (most is not None and most <= longest)):
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
    if len(varying) != 1:
        return None
    index = varying[0]
    part = parts[index]
    if not isinstance(part, Repeat) or lengths[id(part.part)] != (1, 1) or parts.count(part) > 1:
        return None
    fixed = sum(lengths[id(other)][0] for other in parts if other is not part)
    bounds = [most for most in (part.max, None if longest is None else longest - fixed) if most is not None]
    times = repeat(part.part, max(part.min, shortest - fixed), min(bounds, default=None))
    return concat(*parts[:index], times, *parts[index + 1 :])


def _measure(expression: Expression) -> dict[int, Lengths]:
    """The lengths of each part."""
    found: dict[int, Lengths] = {}
    for node in in_order(expression):
        found[id(node)] = _lengths(node, [found[id(part)] for part in children(node)])
    return found


def _lengths(node: Expression, parts: list[Lengths]) -> Lengths:
    if isinstance(node, Literal):
        return len(node.text), len(node.text)
    if isinstance(node, CharSet):
        return 1, 1
    if isinstance(node, Complement):
        return 0, None
    if isinstance(node, Repeat):
        ((least, most),) = parts
        return least * node.min, 0 if most == 0 else _product(most, node.max)
    shortest = [low for low, _ in parts]
    longest = [high for _, high in parts if high is not None]
    unbounded = len(longest) < len(parts)
    if isinstance(node, Concat):
        return sum(shortest), None if unbounded else sum(longest)
    if isinstance(node, Union):
        return min(shortest, default=0), None if unbounded else max(longest, default=0)
    assert isinstance(node, Intersection)
    return max(shortest, default=0), min(longest, default=None)


def _product(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one * other
