"""Expressions: the regular half of the intermediate representation.

An expression denotes a set of texts. There are seven kinds:

    Literal(text)             that text
    CharSet(ranges)           one code point out of the ranges
    Concat(parts)             the parts, one after the other
    Union(parts)              any of the parts
    Intersection(parts)       what all of the parts denote
    Complement(part)          every text that `part` does not denote
    Repeat(part, min, max)    `part`, min to max times; max=None: no bound

Intersection and complement let a front end say exactly what its source says, such as "a key that is none of
the declared names": ANY_TEXT & ~union(names). Neither costs a product automaton: the engine takes derivatives
(Brzozowski 1964; Owens, Reppy, Turon 2009) and builds only the states that text reaches.

Plain data: equal expressions are equal and hash alike. `str(expression)` reads much like a regular expression with `&`
and `~`, for people; nothing reads it back. Nothing here knows bytes, tokens or JSON.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

MAX_CODE_POINT = 0x10FFFF


class Expression:
    """A set of texts. The base of the seven kinds; `|`, `&`, `~` and `+` combine them."""

    __slots__ = ("_hash",)
    __match_args__: ClassVar[tuple[str, ...]] = ()

    def __hash__(self) -> int:
        """Found once: much is looked up by expression, and some have thousands of nodes."""
        try:
            found: int = object.__getattribute__(self, "_hash")
        except AttributeError:
            found = hash((type(self).__name__, *(getattr(self, name) for name in self.__match_args__)))
            object.__setattr__(self, "_hash", found)
        return found

    def __or__(self, other: Expression) -> Expression:
        return union(self, other)

    def __and__(self, other: Expression) -> Expression:
        return intersection(self, other)

    def __invert__(self) -> Expression:
        return Complement(self)

    def __add__(self, other: Expression) -> Expression:
        return concat(self, other)


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """Exactly `text`. `Literal("")` is the empty text."""

    text: str

    def __str__(self) -> str:
        return repr(self.text)


@dataclass(frozen=True, slots=True)
class CharSet(Expression):
    """One code point out of `ranges`: pairs (first, last), both included, ascending, disjoint, not adjacent.

    Surrogates (U+D800 to U+DFFF) are no characters of a text; a range may span them and they are left out.
    Build one with `charset()`, which sorts and merges.
    """

    ranges: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        return "[" + "".join(_range(first, last) for first, last in self.ranges) + "]"


@dataclass(frozen=True, slots=True)
class Concat(Expression):
    """The parts, one after the other."""

    parts: tuple[Expression, ...]

    __hash__ = Expression.__hash__

    def __str__(self) -> str:
        return _joined(" ", self.parts)


@dataclass(frozen=True, slots=True)
class Union(Expression):
    """Any of the parts. `Union(())` denotes nothing."""

    parts: tuple[Expression, ...]

    __hash__ = Expression.__hash__

    def __str__(self) -> str:
        return _joined(" | ", self.parts)


@dataclass(frozen=True, slots=True)
class Intersection(Expression):
    """What all of the parts denote. `Intersection(())` is every text."""

    parts: tuple[Expression, ...]

    __hash__ = Expression.__hash__

    def __str__(self) -> str:
        return _joined(" & ", self.parts)


@dataclass(frozen=True, slots=True)
class Complement(Expression):
    """Every text that `part` does not denote."""

    part: Expression

    __hash__ = Expression.__hash__

    def __str__(self) -> str:
        return f"~{self.part}"


@dataclass(frozen=True, slots=True)
class Repeat(Expression):
    """`part`, min to max times. One node, whatever the bounds: {0,100000} is as small as {0,2}."""

    part: Expression
    min: int
    max: int | None

    __hash__ = Expression.__hash__

    def __str__(self) -> str:
        return f"{self.part}{times(self.min, self.max)}"


@dataclass(frozen=True, slots=True)
class Divisible(Expression):
    """Digits, with points anywhere, whose number `modulus` divides; the empty text is 0.

    Attributes:
        modulus: from 1 to 10^9.
        remainder: what the digits before, which are not part of the text, leave.
    """

    modulus: int
    remainder: int = 0

    def __str__(self) -> str:
        before = f" after {self.remainder}" if self.remainder else ""
        return f"<digits divisible by {self.modulus}{before}>"


def concat(*parts: Expression) -> Expression:
    """The parts, one after the other; nested concatenations and empty texts are folded away."""
    flat: list[Expression] = []
    for part in parts:
        if isinstance(part, Concat):
            flat.extend(part.parts)
        elif part != EPSILON:
            flat.append(part)
    if len(flat) == 1:
        return flat[0]
    return Concat(tuple(flat)) if flat else EPSILON


def union(*parts: Expression) -> Expression:
    """Any of the parts; nested unions are flattened."""
    flat: list[Expression] = []
    for part in parts:
        if isinstance(part, Union):
            flat.extend(part.parts)
        else:
            flat.append(part)
    return flat[0] if len(flat) == 1 else Union(tuple(flat))


def intersection(*parts: Expression) -> Expression:
    """What all of the parts denote; nested intersections are flattened."""
    flat: list[Expression] = []
    for part in parts:
        if isinstance(part, Intersection):
            flat.extend(part.parts)
        else:
            flat.append(part)
    return flat[0] if len(flat) == 1 else Intersection(tuple(flat))


def charset(*items: str | int | tuple[int, int]) -> CharSet:
    """A `CharSet` out of characters (each of a string), code points, and ranges (first, last).

    >>> charset("ba", (0x30, 0x39))
    CharSet(ranges=((48, 57), (97, 98)))
    """
    ranges: list[tuple[int, int]] = []
    for item in items:
        if isinstance(item, str):
            ranges.extend((ord(char), ord(char)) for char in item)
        elif isinstance(item, int):
            ranges.append((item, item))
        else:
            ranges.append(item)
    return CharSet(merge_ranges(ranges))


def merge_ranges(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Sort ranges of code points, and merge those that overlap or touch."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def invert(chars: CharSet) -> CharSet:
    """Every code point that is not in `chars`."""
    gaps: list[tuple[int, int]] = []
    start = 0
    for first, last in chars.ranges:
        if start < first:
            gaps.append((start, first - 1))
        start = last + 1
    if start <= MAX_CODE_POINT:
        gaps.append((start, MAX_CODE_POINT))
    return CharSet(tuple(gaps))


def repeat(part: Expression, min: int = 0, max: int | None = None) -> Expression:
    """`part`, min to max times (both included; max=None: no bound)."""
    if (min, max) == (1, 1):
        return part
    return EPSILON if max == 0 else Repeat(part, min, max)


def optional(part: Expression) -> Expression:
    """`part` or the empty text."""
    return Repeat(part, 0, 1)


def children(expression: Expression) -> tuple[Expression, ...]:
    """The direct parts."""
    if isinstance(expression, (Concat, Union, Intersection)):
        return expression.parts
    return (expression.part,) if isinstance(expression, (Complement, Repeat)) else ()


def in_order(expression: Expression) -> list[Expression]:
    """The expression and all in it, each once, parts before what they are part of."""
    found: list[Expression] = []
    seen: set[int] = set()
    stack: list[tuple[Expression, bool]] = [(expression, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            found.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((part, False) for part in children(node))
    return found


def times(least: int, most: int | None) -> str:
    """The sign for a repetition: `?`, `*`, `+` or bounds in braces."""
    sign = {(0, 1): "?", (0, None): "*", (1, None): "+"}.get((least, most))
    return sign or f"{{{least},{'' if most is None else most}}}"


def _joined(sign: str, parts: Iterable[Expression]) -> str:
    return f"({sign.join(map(str, parts))})"


def _range(first: int, last: int) -> str:
    return _char(first) if first == last else f"{_char(first)}-{_char(last)}"


def _char(code: int) -> str:
    return chr(code) if chr(code).isprintable() and chr(code) not in "[]-\\" else f"\\u{{{code:x}}}"


EMPTY = Union(())
"""Denotes no text at all."""

EPSILON = Literal("")
"""The empty text."""

ANY_CHAR = CharSet(((0, MAX_CODE_POINT),))
"""Any one code point."""

ANY_TEXT = Repeat(ANY_CHAR, 0, None)
"""Any text."""
