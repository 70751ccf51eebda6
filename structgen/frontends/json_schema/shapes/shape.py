"""Shape: what the plain keywords of one schema say, read: a conjunction of one part for each type, and of values.

An *alternative* is a tuple of shapes that must all hold. A schema with combinators is a list of alternatives
(`normalization/`). A *tally* leaves it open which of many alternatives hold; that is decided while a text is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from structgen.frontends.json_schema.documents.json_types import (
    ANY_TYPE,
    ARRAY,
    BOOLEAN,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
)
from structgen.frontends.json_schema.shapes.arrays import ArrayShape
from structgen.frontends.json_schema.shapes.numbers import NumberShape
from structgen.frontends.json_schema.shapes.objects import ObjectShape
from structgen.frontends.json_schema.shapes.schema import Schema
from structgen.frontends.json_schema.shapes.strings import StringShape


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """The values of `enum` or `const`.

    Attributes:
        keyword: which of the two.
        values: in the order of the schema.
    """

    keyword: str
    values: Sequence[object]


class Parts(NamedTuple):
    """What a shape says.

    Attributes:
        types: the types that are allowed, as bits.
        strings: what strings must be; None if nothing is said of them. The next three likewise.
        numbers: what numbers must be.
        arrays: what arrays must be.
        objects: what objects must be.
        const: the value of `const`, in a list; None if there is no such keyword.
        enum: the values of `enum`; None if there is no such keyword.
        excluded: scalars that are not allowed.
        deferred: tallies that must hold.
    """

    types: int = ANY_TYPE
    strings: StringShape | None = None
    numbers: NumberShape | None = None
    arrays: ArrayShape | None = None
    objects: ObjectShape | None = None
    const: Listed | None = None
    enum: Listed | None = None
    excluded: tuple[object, ...] = ()
    deferred: tuple[Tally, ...] = ()


class Shape(Schema):
    """The plain keywords of one schema. Compared by identity; the reader makes equal ones once.

    Attributes:
        parts: what it says; the parts are attributes of their own, too.
        listed: the values of `const`, or else of `enum`; None if there are none.
        constrained: the types of which something is said apart from `const` and `enum`, as bits.
        evaluates: the properties and items that it names count as evaluated.
    """

    __slots__ = (
        "arrays",
        "const",
        "constrained",
        "deferred",
        "enum",
        "evaluates",
        "excluded",
        "listed",
        "numbers",
        "objects",
        "parts",
        "strings",
        "types",
    )

    def __init__(self, parts: Parts, origin: object, *, evaluates: bool) -> None:
        self.parts = parts
        self.types, strings, numbers, arrays, objects, const, enum, self.excluded, self.deferred = parts
        self.strings, self.numbers, self.arrays, self.objects = strings, numbers, arrays, objects
        self.const, self.enum = const, enum
        self.listed: Listed | None = enum if const is None else const
        self.constrained = _constrained(parts)
        self.evaluates = evaluates
        self.origin = origin

    def allows_all_of(self, types: int) -> bool:
        """Returns True if the shape constrains no value of some types."""
        if self.listed is not None or self.deferred:
            return False
        return self.types & types == types and not self.constrained & types


def _constrained(parts: Parts) -> int:
    _, strings, numbers, arrays, objects, _, _, excluded, deferred = parts
    types = 0 if strings is None else STRING
    if numbers is not None:
        types |= NUMBER
    if arrays is not None:
        types |= ARRAY
    if objects is not None:
        types |= OBJECT
    if excluded:
        types |= NULL | BOOLEAN | NUMBER | STRING
    return types | STRING | ARRAY | OBJECT if deferred else types


Alternative = tuple[Shape, ...]
"""Shapes that must all hold."""


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """So many of some groups hold; a group holds if any of its alternatives does.

    Attributes:
        groups: the alternatives of each group.
        least: how many groups hold, at least.
        most: how many groups hold, at most; None if there is no bound.
    """

    groups: tuple[tuple[Alternative, ...], ...]
    least: int
    most: int | None


def types_of(shapes: Iterable[Shape]) -> int:
    """The types that all of some shapes allow."""
    types = ANY_TYPE
    for shape in shapes:
        types &= shape.types
    return types


def constrained_by(shapes: Iterable[Shape]) -> int:
    """The types of which some shapes say something, apart from `const` and `enum`."""
    types = 0
    for shape in shapes:
        types |= shape.constrained
    return types


def are_deferred(shapes: Iterable[Shape]) -> bool:
    """Returns True if a tally must hold in some shapes."""
    for shape in shapes:  # noqa: SIM110 - a generator takes three times as long
        if shape.deferred:
            return True
    return False


def are_listed(shapes: Iterable[Shape]) -> bool:
    """Returns True if some shapes list their values."""
    return any(shape.listed is not None for shape in shapes)


def join(one: Alternative, other: Alternative) -> Alternative:
    """The shapes of both, each once."""
    return tuple(dict.fromkeys((*one, *other)))


def strings_of(shapes: Iterable[Shape]) -> list[StringShape]:
    """What some shapes say of strings."""
    return [shape.strings for shape in shapes if shape.strings is not None]


def numbers_of(shapes: Iterable[Shape]) -> list[NumberShape]:
    """What some shapes say of numbers."""
    return [shape.numbers for shape in shapes if shape.numbers is not None]


def arrays_of(shapes: Iterable[Shape]) -> list[ArrayShape]:
    """What some shapes say of arrays."""
    return [shape.arrays for shape in shapes if shape.arrays is not None]


def objects_of(shapes: Iterable[Shape]) -> list[ObjectShape]:
    """What some shapes say of objects."""
    return [shape.objects for shape in shapes if shape.objects is not None]
