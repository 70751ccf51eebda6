"""Cardinality: lower bounds on the number of values that schemas have, to see whether items that must differ run out.

Says what is plain to see, and otherwise no. Only properties and items are looked into, some levels deep.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.documents.json_types import (
    ARRAY,
    BOOLEAN,
    INTEGER,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    is_listed,
)
from structgen.frontends.json_schema.emission.bounds import Bounds
from structgen.frontends.json_schema.emission.distinct_scalars import DistinctScalars, NotScalar
from structgen.frontends.json_schema.emission.interface import Values
from structgen.frontends.json_schema.emission.listed import ListedValues
from structgen.frontends.json_schema.emission.literals import Literals
from structgen.frontends.json_schema.normalization.normalizer import Normalizer
from structgen.frontends.json_schema.normalization.products import TooManyAlternatives
from structgen.frontends.json_schema.shapes.arrays import ArrayShape
from structgen.frontends.json_schema.shapes.numbers import NumberShape, intersect
from structgen.frontends.json_schema.shapes.objects import ObjectShape
from structgen.frontends.json_schema.shapes.schema import ANYTHING, NOTHING, Conjunction
from structgen.frontends.json_schema.shapes.shape import (
    Alternative,
    Parts,
    arrays_of,
    constrained_by,
    numbers_of,
    objects_of,
    strings_of,
    types_of,
)
from structgen.frontends.json_schema.shapes.strings import StringShape
from structgen.frontends.json_schema.shapes.strings import intersect as intersect_strings
from structgen.frontends.json_schema.style import Style
from structgen.grammar.rules import Choice, Terminal
from structgen.language.counting import has_many_short

_LEVELS = 8
_ROOM, _THOUSANDS = 64, 4096
_FREE = 8
"""Bytes in which there are thousands of free strings, numbers or names."""

_FORMAT = 40
"""Bytes in which there are thousands of texts of any format; a uuid takes 38."""

_LARGE = 10**9
"""A bound on numbers from which on they are not short."""


class Cardinality:
    """Finds lower bounds on the number of values."""

    def __init__(
        self,
        values: Values,
        normalizer: Normalizer,
        listed: ListedValues,
        literals: Literals,
        scalars: DistinctScalars,
        style: Style,
    ) -> None:
        self._values = values
        self._normalizer = normalizer
        self._listed = listed
        self._literals = literals
        self._scalars = scalars
        self._closed = style.closed

    # Are there at least so many?

    def has(self, schemas: Conjunction, needed: int, levels: int = _LEVELS) -> bool:
        """Returns True if some schemas surely have so many values. False means unknown."""
        if needed <= 1:
            return self._values.value(schemas) is not None
        if all(schema is ANYTHING for schema in schemas):
            return True
        if NOTHING in schemas or levels == 0:
            return False
        try:
            options = self._normalizer.conjunction(schemas)
        except TooManyAlternatives:
            return False
        if len(options) > 1:  # a single one is known to be possible
            options = [shapes for shapes in options if self._values.plain(shapes) is not None]
        return any(self._has_shapes(shapes, needed, levels) for shapes in options)

    def _has_shapes(self, shapes: Alternative, needed: int, levels: int) -> bool:
        listed = self._listed.of(shapes)
        if listed is not None:
            return self._count_listed(listed, needed) >= needed
        types = types_of(shapes)
        if types & STRING and (_is_free(shapes, STRING) or self._has_scalars(shapes, STRING, needed)):
            return True
        number = INTEGER if types & NUMBER == INTEGER else NUMBER
        if types & NUMBER and (_is_free(shapes, NUMBER) or self._has_scalars(shapes, number, needed)):
            return True
        if types & OBJECT and (_is_free(shapes, OBJECT) or self._has_objects(shapes, needed, levels)):
            return True
        if types & ARRAY and (_is_free(shapes, ARRAY) or self._has_arrays(shapes, needed, levels)):
            return True
        return (2 if types & BOOLEAN else 0) + (1 if types & NULL else 0) >= needed

    def _count_listed(self, listed: Iterable[object], needed: int) -> int:
        """How many values of a list can be written and differ; no more than `needed` are counted."""
        distinct: list[object] = []
        for value in listed:
            is_new = len(distinct) < needed and not is_listed(value, distinct)
            if is_new and self._literals.compound(value) is not None:
                distinct.append(value)
        return len(distinct)

    def _has_scalars(self, shapes: Alternative, type: int, needed: int) -> bool:
        only = self._normalizer.reader.shape(Parts(type), shapes[0].origin)
        try:
            found = self._scalars.of((*shapes, only))
        except NotScalar:
            return False
        return found.count is None or found.count >= needed

    def _has_objects(self, shapes: Alternative, needed: int, levels: int) -> bool:
        """One property has so many values, and is there or may be."""
        found = objects_of(shapes)
        if any(shape.deferred for shape in shapes) or not all(one.has_names_only for one in found):
            return False
        is_plain = all(one.is_plain for one in found)
        if is_plain and not self._closed and all(one.others is ANYTHING for one in found):
            return True
        required = {name for one in found for name in one.required}
        for name in dict.fromkeys(name for one in found for name in one.properties):
            may_be = (name in required or is_plain) and not strings.has_lone_surrogate(name)
            if may_be and self.has(_declared_first(found, name), needed, levels - 1):
                return True
        return False

    def _has_arrays(self, shapes: Alternative, needed: int, levels: int) -> bool:
        """The lengths of arrays differ, or one of their items."""
        found = arrays_of(shapes)
        if any(shape.deferred for shape in shapes) or not all(one.has_one_schema for one in found):
            return False
        items = _items(found)
        if self._values.value(items) is None:
            return False
        least = max(one.min_items for one in found)
        most = min((one.max_items for one in found if one.max_items is not None), default=None)
        if most is not None and most < least:
            return False
        if any(one.unique for one in found):
            return self._has_unique(items, Bounds(least, most), needed, levels)
        if most is None or most - least + 1 >= needed:
            return True
        return most > 0 and self.has(items, needed, levels - 1)

    def _has_unique(self, items: Conjunction, bounds: Bounds, needed: int, levels: int) -> bool:
        """The array of no items, and those of one."""
        if bounds.most == 0 or bounds.least > 1:
            return False
        return (bounds.least == 0 and needed <= 2) or self.has(items, needed, levels - 1)

    # Are there thousands?

    def has_room(self, schemas: Conjunction) -> bool:
        """Returns True if schemas have more values than anybody writes, thousands little longer than the shortest."""
        extra = self._extra(schemas, _LEVELS)
        return extra is not None and extra <= _ROOM

    def _extra(self, schemas: Conjunction, levels: int) -> int | None:
        """Bytes by which thousands of values are longer than the shortest, at most; None: not known."""
        if all(schema is ANYTHING for schema in schemas):
            return _FREE
        if NOTHING in schemas or levels == 0:
            return None
        try:
            options = self._normalizer.conjunction(schemas)
        except TooManyAlternatives:
            return None
        found = [extra for shapes in options if (extra := _free_scalar(shapes)) is not None]
        if found or len(options) != 1:
            return min(found, default=None)
        (shapes,) = options
        types = types_of(shapes)
        if types in (STRING, INTEGER, NUMBER):
            return _ROOM // 2 if self._has_short_scalars(schemas) else None
        if any(shape.listed is not None for shape in shapes) or any(shape.deferred for shape in shapes):
            return None
        if types == OBJECT:
            return self._extra_of_objects(objects_of(shapes), levels)
        return self._extra_of_arrays(arrays_of(shapes), levels) if types == ARRAY else None

    def _extra_of_arrays(self, shapes: list[ArrayShape], levels: int) -> int | None:
        """One item that must be there."""
        if all(one.is_plain for one in shapes) and any(one.min_items >= 1 for one in shapes):
            return self._extra(_items(shapes), levels - 1)
        return None

    def _extra_of_objects(self, shapes: list[ObjectShape], levels: int) -> int | None:
        """One property that must be there, or one that nobody declares."""
        if not all(one.is_plain for one in shapes):
            return None
        if not self._closed and all(one.others is ANYTHING for one in shapes):
            return 2 * _FREE
        required = {name for one in shapes for name in one.required}
        found: list[int] = []
        for name in sorted(required.union(*(one.properties for one in shapes))):
            if strings.has_lone_surrogate(name):
                continue
            schemas = tuple([one.properties.get(name, one.others) for one in shapes])
            extra = (
                self._extra(schemas, levels - 1)
                if name in required
                else self._extra_of_property(name, schemas)
            )
            found += [] if extra is None else [extra]
        return min(found, default=None)

    def _extra_of_property(self, name: str, schemas: Conjunction) -> int | None:
        """Bytes of a property that may be missing: its name and a free scalar."""
        try:
            options = self._normalizer.conjunction(schemas)
        except TooManyAlternatives:
            return None
        found = [extra for shapes in options if (extra := _free_scalar(shapes)) is not None]
        return min(found) + len(json.dumps(name)) + 2 if found else None

    def _has_short_scalars(self, schemas: Conjunction) -> bool:
        """Returns True if thousands of strings, or of numbers, are a few characters longer than the shortest."""
        try:
            rule = self._scalars.of(schemas).rule
        except NotScalar:
            return False
        terminals = rule.options if isinstance(rule, Choice) else [rule]
        return len(terminals) == 1 and all(
            isinstance(one, Terminal) and has_many_short(one.expression, _THOUSANDS, _ROOM // 8)
            for one in terminals
        )


def _is_free(shapes: Alternative, type: int) -> bool:
    return not constrained_by(shapes) & type


def _declared_first(shapes: list[ObjectShape], name: str) -> Conjunction:
    declared = [one.properties[name] for one in shapes if name in one.properties]
    return (*declared, *[one.others for one in shapes if name not in one.properties])


def _items(shapes: list[ArrayShape]) -> Conjunction:
    return tuple([one.rest for one in shapes if one.has_rest])


def _free_scalar(shapes: Alternative) -> int | None:
    """Bytes of thousands of strings or numbers, if nothing but a length or one bound is said of them."""
    if any(shape.listed is not None for shape in shapes):
        return None
    types = types_of(shapes)
    if types & STRING and not any(shape.excluded or shape.deferred for shape in shapes):
        extra = _free_string(shapes)
        if extra is not None:
            return extra
    if types & NUMBER and not any(shape.excluded for shape in shapes):
        return _free_number(shapes)
    return None


def _free_number(shapes: Alternative) -> int | None:
    found = numbers_of(shapes)
    shape = intersect(found) if found else NumberShape()
    is_bounded = shape.high is not None or shape.steps or shape.not_steps
    if is_bounded or (shape.low is not None and shape.low[1]):
        return None
    least = max(shape.low[0] if shape.low is not None else 0, 0 if len(found) < len(shapes) else -_LARGE)
    return _FREE + len(str(int(least))) if least < _LARGE else None


def _free_string(shapes: Alternative) -> int | None:
    found = strings_of(shapes)
    if all(one.bounds_lengths_only for one in found):
        both = intersect_strings(found)
        most = _ROOM if both.max_length is None else both.max_length
        return _FREE + both.min_length if max(both.min_length, 2) <= most else None
    is_one_format = sum(len(one.formats) for one in found) == 1
    return (
        _FORMAT if is_one_format and all(one == StringShape(formats=one.formats) for one in found) else None
    )
