"""Emptiness: whether shapes contradict each other, as far as that is seen quickly.

True is certain. False means unknown: the grammar then has a branch that no text takes, which costs time and nothing
else.
"""

from __future__ import annotations

from collections.abc import Sequence

from structgen.errors import InvalidRegexError, StructgenError
from structgen.frontends.json_schema.documents.json_types import (
    ANY_TYPE,
    ARRAY,
    NUMBER,
    OBJECT,
    STRING,
    among,
    type_of,
)
from structgen.frontends.json_schema.shapes import arrays, numbers, objects, strings
from structgen.frontends.json_schema.shapes.combinators import AllOf, Not, Reference
from structgen.frontends.json_schema.shapes.reader import Reader
from structgen.frontends.json_schema.shapes.schema import NOTHING, Conjunction, Constant, Schema
from structgen.frontends.json_schema.shapes.shape import (
    Alternative,
    Parts,
    Shape,
    arrays_of,
    numbers_of,
    objects_of,
    strings_of,
    types_of,
)
from structgen.frontends.json_schema.strings.matching import is_found

_DEPTH = 3
_STEPS = 4
"""References and `allOf` that are followed one inside the other to see the shapes of a property or item."""

_MOST_ITEMS = 8


class Emptiness:
    """Finds contradictions between shapes, some levels deep."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[tuple[Alternative, int, int], bool] = {}
        self._contradictions: dict[tuple[Conjunction, int], bool] = {}
        self._seen: dict[tuple[Schema, int], Alternative] = {}

    def is_empty(self, shapes: Alternative, types: int = ANY_TYPE, depth: int = _DEPTH) -> bool:
        """Returns True if no value of some types has all of some shapes."""
        key = shapes, types, depth
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._is_empty(shapes, types, depth)
        return found

    def _is_empty(self, shapes: Alternative, types: int, depth: int) -> bool:
        left = types_of(shapes) & types
        if not left:
            return True
        values = _values(shapes)
        if values is not None:
            found = 0
            for value in values:
                if type_of(value) & left and _matches(value, shapes):
                    found |= type_of(value)
            left &= found
            if not left:
                return True
        if left & OBJECT and not self._objects_possible(shapes, depth):
            left &= ~OBJECT
        if left & ARRAY and not self._arrays_possible(shapes, depth):
            left &= ~ARRAY
        if left & STRING and _is_empty_of_strings(shapes):
            left &= ~STRING
        if left & NUMBER and _is_empty_of_numbers(shapes):
            left &= ~NUMBER
        return not left

    def _arrays_possible(self, shapes: Alternative, depth: int) -> bool:
        found = arrays_of(shapes)
        if not found:
            return True
        if arrays.have_crossed_bounds(found):
            return False
        least = max(shape.min_items for shape in found) if depth else 0
        return not any(
            self._contradict(arrays.items_at(found, index), depth) for index in range(min(least, _MOST_ITEMS))
        )

    def _objects_possible(self, shapes: Alternative, depth: int) -> bool:
        found = objects_of(shapes)
        if not found:
            return True
        if objects.have_crossed_bounds(found):
            return False
        if not depth:
            return True
        for name in dict.fromkeys([name for shape in found for name in shape.required]):
            if self._contradict(objects.property_at(found, name), depth):
                return False
        return True

    def _contradict(self, schemas: Conjunction, depth: int) -> bool:
        """Returns True if no value satisfies all of some schemas. Simple combinators are looked through."""
        if len(schemas) < 2:
            return NOTHING in schemas
        key = schemas, depth
        found = self._contradictions.get(key)
        if found is None:
            found = NOTHING in schemas
            if not found:
                shapes = [shape for schema in schemas for shape in self._visible(schema, _STEPS)]
                found = self.is_empty(tuple(shapes), depth=depth - 1)
            self._contradictions[key] = found
        return found

    def _visible(self, schema: Schema, steps: int) -> Alternative:
        """Shapes that a schema surely requires."""
        found = self._seen.get((schema, steps))
        if found is None:
            found = self._seen[schema, steps] = tuple(self._shapes_of(schema, steps))
        return found

    def _shapes_of(self, schema: Schema, steps: int) -> list[Shape]:
        if isinstance(schema, Constant) or not steps:
            return []
        found: list[Shape] = []
        try:
            reading = self._reader.read(schema)
            if reading.shape is not None:
                if reading.is_plain:
                    return [reading.shape]
                found.append(reading.shape)
            for step in reading.steps:
                if isinstance(step, Reference) and step.keyword == "$ref":
                    found += self._visible(self._reader.target(schema, step.keyword), steps - 1)
                elif isinstance(step, AllOf):
                    for part in step.parts:
                        found += self._visible(part, steps - 1)
                elif isinstance(step, Not) and not isinstance(step.part, Constant):
                    negated = simple_complement(self._reader, step.part)
                    found += [] if negated is None else [negated]
        except StructgenError:  # malformed; reported where it is compiled
            return found
        return found


def simple_complement(reader: Reader, schema: Schema) -> Shape | None:
    """The complement of a type or of some scalars, as one shape; None if it takes more."""
    reading = reader.read(schema)
    shape = reading.shape
    if shape is None or not reading.is_plain or shape.excluded or shape.deferred:
        return None
    if any(part is not None for part in (shape.strings, shape.numbers, shape.arrays, shape.objects)):
        return None
    if shape.const is not None and shape.enum is not None:
        return None
    if shape.listed is None:
        return reader.shape(Parts(ANY_TYPE & ~shape.types), shape.origin)
    if any(isinstance(value, (list, dict)) for value in shape.listed.values):
        return None
    excluded = tuple([value for value in shape.listed.values if type_of(value) & shape.types])
    return reader.shape(Parts(excluded=excluded), shape.origin)


def _values(shapes: Alternative) -> Sequence[object] | None:
    """The values that `enum` and `const` of all shapes leave; None if there is no such keyword."""
    found: Sequence[object] | None = None
    excluded: list[object] = []
    for shape in shapes:
        excluded += shape.excluded
        for listed in (shape.const, shape.enum):
            if listed is not None:
                found = listed.values if found is None else among(found, listed.values)
    if found is None or not excluded:
        return found
    return among(found, excluded, are=False)


def _matches(value: object, shapes: Alternative) -> bool:
    """Returns True if a value is no string, or one that matches all patterns."""
    if not isinstance(value, str):
        return True
    try:
        return all(is_found(pattern, value) for shape in strings_of(shapes) for pattern in shape.patterns)
    except InvalidRegexError:  # reported where it is compiled
        return True


def _is_empty_of_strings(shapes: Alternative) -> bool:
    found = strings_of(shapes)
    return bool(found) and strings.is_empty(strings.intersect(found))


def _is_empty_of_numbers(shapes: Alternative) -> bool:
    found = numbers_of(shapes)
    return bool(found) and numbers.is_empty(numbers.intersect(found))
