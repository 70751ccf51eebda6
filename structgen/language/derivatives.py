"""Derivatives of expressions (Brzozowski, JACM 11, 1964): the texts that may follow a character.

Expressions are data, so derivatives are functions of them, and are cached by value. For samples, counts and other
questions in Python; the engine has its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zlib import crc32

from structgen.grammar.expressions import (
    ANY_TEXT,
    EMPTY,
    EPSILON,
    MAX_CODE_POINT,
    CharSet,
    Complement,
    Concat,
    Divisible,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
    concat,
    in_order,
    merge_ranges,
)

_SURROGATES = (0xD800, 0xDFFF)
Ranges = tuple[tuple[int, int], ...]
_POINT_AND_DIGITS = frozenset(((ord(char), ord(char)),) for char in ".0123456789")


def without_surrogates(ranges: Ranges) -> Ranges:
    """The same without the code points that are no characters."""
    low, high = _SURROGATES
    parts = [
        part for first, last in ranges for part in ((first, min(last, low - 1)), (max(first, high + 1), last))
    ]
    return tuple((first, last) for first, last in parts if first <= last)


@lru_cache(maxsize=100_000)
def denotes_empty_text(expression: Expression) -> bool:
    """Returns True if the empty text is in it."""
    if isinstance(expression, Literal):
        return expression.text == ""
    if isinstance(expression, CharSet):
        return False
    if isinstance(expression, (Concat, Intersection)):
        return all(map(denotes_empty_text, expression.parts))
    if isinstance(expression, Union):
        return any(map(denotes_empty_text, expression.parts))
    if isinstance(expression, Complement):
        return not denotes_empty_text(expression.part)
    if isinstance(expression, Divisible):
        return expression.remainder == 0
    assert isinstance(expression, Repeat)
    return expression.min == 0 or denotes_empty_text(expression.part)


@lru_cache(maxsize=100_000)
def is_empty(expression: Expression) -> bool:
    """Returns True if it denotes no text."""
    if isinstance(expression, Literal):
        return False
    if isinstance(expression, CharSet):
        return not without_surrogates(expression.ranges)
    if isinstance(expression, Divisible):
        return False
    if isinstance(expression, Concat):
        return any(map(is_empty, expression.parts))
    if isinstance(expression, Union):
        return all(map(is_empty, expression.parts))
    if isinstance(expression, Repeat):
        return expression.min > 0 and is_empty(expression.part)
    return path_to_end(expression) is None


@lru_cache(maxsize=100_000)
def path_to_end(expression: Expression) -> tuple[Ranges, ...] | None:
    """The classes of characters of a shortest text; None if there is none."""
    before: dict[Expression, tuple[Expression, Ranges] | None] = {expression: None}
    queue = deque([expression])
    while queue:
        here = queue.popleft()
        if denotes_empty_text(here):
            path: list[Ranges] = []
            while (step := before[here]) is not None:
                here, ranges = step
                path.append(ranges)
            return tuple(reversed(path))
        for ranges, rest in ways(here):
            if rest not in before and rest != EMPTY:
                before[rest] = here, ranges
                queue.append(rest)
    return None


@lru_cache(maxsize=10_000)
def ways(expression: Expression) -> tuple[tuple[Ranges, Expression], ...]:
    """The classes of characters after which the expression goes on in one way, each with the derivative."""
    found: dict[Expression, list[tuple[int, int]]] = {}
    for ranges in _classes(_char_sets(expression)):
        found.setdefault(_derivative(expression, ranges[0][0]), []).extend(ranges)
    return tuple((merge_ranges(ranges), rest) for rest, ranges in found.items())


def derivatives(expression: Expression) -> tuple[tuple[Ranges, Expression], ...]:
    """The same as `ways`, without surrogates."""
    return tuple((without_surrogates(ranges), rest) for ranges, rest in ways(expression))


def derivative(expression: Expression, char: str) -> Expression:
    """The texts that may follow a character."""
    return _derivative(expression, ord(char))


def classes_of(*expressions: Expression) -> tuple[Ranges, ...]:
    """All characters, those together after which each of the expressions goes on in one way."""
    return _classes(frozenset().union(*map(_char_sets, expressions)))


def is_possible(expression: Expression) -> bool:
    """Returns True if it denotes any text."""
    return path_to_end(expression) is not None


@lru_cache(maxsize=1_000)
def _classes(sets: frozenset[Ranges]) -> tuple[Ranges, ...]:
    """All characters, by which of the sets they are in."""
    edges = {0, _SURROGATES[0], _SURROGATES[1] + 1, MAX_CODE_POINT + 1}
    edges.update(edge for ranges in sets for first, last in ranges for edge in (first, last + 1))
    cuts = sorted(edges)
    classes: dict[tuple[bool, ...], list[tuple[int, int]]] = {}
    for first, after in pairwise(cuts):
        if first != _SURROGATES[0]:
            members = tuple(any(low <= first <= high for low, high in ranges) for ranges in sets)
            classes.setdefault(members, []).append((first, after - 1))
    return tuple(map(tuple, classes.values()))


@lru_cache(maxsize=100_000)
def _char_sets(expression: Expression) -> frozenset[Ranges]:
    if isinstance(expression, Literal):
        return frozenset(((ord(char), ord(char)),) for char in expression.text)
    if isinstance(expression, CharSet):
        return frozenset((expression.ranges,))
    if isinstance(expression, (Complement, Repeat)):
        return _char_sets(expression.part)
    if isinstance(expression, Divisible):
        return _POINT_AND_DIGITS
    assert isinstance(expression, (Concat, Union, Intersection))
    return frozenset().union(*map(_char_sets, expression.parts))


@lru_cache(maxsize=100_000)
def _derivative(expression: Expression, char: int) -> Expression:
    return _DERIVATIVES[type(expression)](expression, char)


def _of_literal(expression: Literal, char: int) -> Expression:
    return Literal(expression.text[1:]) if expression.text.startswith(chr(char)) else EMPTY


def _of_charset(expression: CharSet, char: int) -> Expression:
    return EPSILON if any(first <= char <= last for first, last in expression.ranges) else EMPTY


def _of_concat(expression: Concat, char: int) -> Expression:
    if not expression.parts:
        return EMPTY
    first, rest = expression.parts[0], concat(*expression.parts[1:])
    following = _follow(_derivative(first, char), rest)
    return _either((following, _derivative(rest, char))) if denotes_empty_text(first) else following


def _of_union(expression: Union, char: int) -> Expression:
    return _either(tuple(_derivative(part, char) for part in expression.parts))


def _of_intersection(expression: Intersection, char: int) -> Expression:
    return both(tuple(_derivative(part, char) for part in expression.parts))


def _of_complement(expression: Complement, char: int) -> Expression:
    return Complement(_derivative(expression.part, char))


def _of_divisible(expression: Divisible, char: int) -> Expression:
    if char == ord("."):
        return expression
    if chr(char) not in "0123456789":
        return EMPTY
    number = expression.remainder * 10 + int(chr(char))
    return Divisible(expression.modulus, number % expression.modulus)


def _of_repeat(expression: Repeat, char: int) -> Expression:
    if expression.max == 0:
        return EMPTY
    least = 0 if denotes_empty_text(expression.part) else max(expression.min - 1, 0)
    most = None if expression.max is None else expression.max - 1
    left = EPSILON if most == 0 else Repeat(expression.part, least, most)
    return _follow(_derivative(expression.part, char), left)


_DERIVATIVES: dict[type[Expression], Callable[[Any, int], Expression]] = {
    Literal: _of_literal,
    CharSet: _of_charset,
    Concat: _of_concat,
    Union: _of_union,
    Intersection: _of_intersection,
    Complement: _of_complement,
    Divisible: _of_divisible,
    Repeat: _of_repeat,
}


def _follow(first: Expression, second: Expression) -> Expression:
    return EMPTY if EMPTY in (first, second) else concat(first, second)


def _either(parts: tuple[Expression, ...]) -> Expression:
    """A union as a set: flat, each part once, in the order of their first appearance; so derivatives are few."""
    flat = dict.fromkeys(
        one for part in parts for one in (part.parts if isinstance(part, Union) else (part,)) if one != EMPTY
    )
    return next(iter(flat)) if len(flat) == 1 else Union(tuple(sorted(flat, key=_order)))


def both(parts: tuple[Expression, ...]) -> Expression:
    """An intersection as a set."""
    flat = dict.fromkeys(
        one for part in parts for one in (part.parts if isinstance(part, Intersection) else (part,))
    )
    flat.pop(ANY_TEXT, None)
    if EMPTY in flat:
        return EMPTY
    return next(iter(flat)) if len(flat) == 1 else Intersection(tuple(sorted(flat, key=_order)))


def _order(expression: Expression) -> int:
    """`_shallow_order`, of an expression that may nest deeper than Python can recurse."""
    try:
        return _shallow_order(expression)
    except RecursionError:
        for part in in_order(expression):
            _shallow_order(part)
        return _shallow_order(expression)


@lru_cache(maxsize=100_000)
def _shallow_order(expression: Expression) -> int:
    """A number that equal expressions share, the same in each process, so that equal sets are written in one order.

    It is made of the numbers of the parts, each made once: what is compared are states, which have many parts in
    common. `hash` alone differs between processes, because that of a text does.
    """
    return hash(
        (
            crc32(type(expression).__name__.encode()),
            *(_order_of(getattr(expression, name)) for name in expression.__match_args__),
        )
    )


def _order_of(field: Any) -> Any:
    if isinstance(field, Expression):
        return _shallow_order(field)
    if isinstance(field, str):
        return crc32(field.encode("utf-8", "surrogatepass"))
    if isinstance(field, tuple):
        return tuple(map(_order_of, field))
    return -1 if field is None else field
