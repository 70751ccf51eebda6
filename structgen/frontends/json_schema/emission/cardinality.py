"""Cardinality: lower bounds on the number of values that schemas have, to see whether items that must differ run out.

Says what is plain to see, and otherwise no. Only properties and items are looked into, some levels deep.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

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
from structgen.frontends.json_schema.emission.regions import spellable
from structgen.frontends.json_schema.normalization.normalizer import Normalizer
from structgen.frontends.json_schema.normalization.products import TooManyAlternatives
from structgen.frontends.json_schema.shapes.arrays import ArrayShape, have_crossed_bounds
from structgen.frontends.json_schema.shapes.numbers import NumberShape, intersect
from structgen.frontends.json_schema.shapes.objects import ObjectShape
from structgen.frontends.json_schema.shapes.schema import ANYTHING, NOTHING, Conjunction
from structgen.frontends.json_schema.shapes.shape import (
    Alternative,
    Parts,
    are_deferred,
    are_listed,
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
        if _allow_anything(schemas):
            return True
        if NOTHING in schemas or levels == 0:
            return False
        options = self._options(schemas)
        if len(options) > 1:  # a single one is known to be possible
            options = [shapes for shapes in options if self._values.plain(shapes) is not None]
        return any(self._has_shapes(shapes, needed, levels) for shapes in options)

    def _options(self, schemas: Conjunction) -> list[Alternative]:
        """The alternatives of some schemas; none if there are too many."""
        try:
            return self._normalizer.conjunction(schemas)
        except TooManyAlternatives:
            return []

    def _has_shapes(self, shapes: Alternative, needed: int, levels: int) -> bool:
        listed = self._listed.of(shapes)
        if listed is not None:
            return self._count_listed(listed, needed) >= needed
        types = types_of(shapes)
        for type, has in (
            (STRING, self._has_strings),
            (NUMBER, self._has_numbers),
            (OBJECT, self._has_objects),
            (ARRAY, self._has_arrays),
        ):
            if types & type and (_is_free(shapes, type) or has(shapes, needed, levels)):
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

    def _has_strings(self, shapes: Alternative, needed: int, levels: int) -> bool:
        return self._has_scalars(shapes, STRING, needed)

    def _has_numbers(self, shapes: Alternative, needed: int, levels: int) -> bool:
        type = INTEGER if types_of(shapes) & NUMBER == INTEGER else NUMBER
        return self._has_scalars(shapes, type, needed)

    def _has_objects(self, shapes: Alternative, needed: int, levels: int) -> bool:
        """One property has so many values, and is there or may be."""
        found = objects_of(shapes)
        if are_deferred(shapes) or not all(one.has_names_only for one in found):
            return False
        if self._are_open(found):
            return True
        return any(
            self.has(_declared_first(found, name), needed, levels - 1) for name in _possible_names(found)
        )

    def _are_open(self, shapes: Sequence[ObjectShape]) -> bool:
        """Returns True if an object may have any properties that are not declared."""
        return not self._closed and all(one.is_plain and one.others is ANYTHING for one in shapes)

    def _has_arrays(self, shapes: Alternative, needed: int, levels: int) -> bool:
        """The lengths of arrays differ, or one of their items."""
        found = arrays_of(shapes)
        if are_deferred(shapes) or not all(one.has_one_schema for one in found):
            return False
        items = _items(found)
        if self._values.value(items) is None or have_crossed_bounds(found):
            return False
        has = self._has_unique if any(one.unique for one in found) else self._has_lengths
        return has(items, _bounds(found), needed, levels)

    def _has_lengths(self, items: Conjunction, bounds: Bounds, needed: int, levels: int) -> bool:
        """The arrays of each length, or those whose first items differ."""
        if bounds.most is None or bounds.most - bounds.least + 1 >= needed:
            return True
        return bounds.most > 0 and self.has(items, needed, levels - 1)

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
        if _allow_anything(schemas):
            return _FREE
        if NOTHING in schemas or levels == 0:
            return None
        options = self._options(schemas)
        found = _free_scalars(options)
        if found or len(options) != 1:
            return min(found, default=None)
        if types_of(options[0]) in (STRING, INTEGER, NUMBER):
            return _ROOM // 2 if self._has_short_scalars(schemas) else None
        return self._extra_of_containers(options[0], levels)

    def _extra_of_containers(self, shapes: Alternative, levels: int) -> int | None:
        if are_listed(shapes) or are_deferred(shapes):
            return None
        types = types_of(shapes)
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
        if self._are_open(shapes):
            return 2 * _FREE
        required = _required(shapes)
        names = spellable(sorted(required.union(*(one.properties for one in shapes))))
        found: list[int] = []
        for name in names:
            schemas = tuple([one.properties.get(name, one.others) for one in shapes])
            is_there = name in required
            extra = self._extra(schemas, levels - 1) if is_there else self._extra_of_property(name, schemas)
            found += [] if extra is None else [extra]
        return min(found, default=None)

    def _extra_of_property(self, name: str, schemas: Conjunction) -> int | None:
        """Bytes of a property that may be missing: its name and a free scalar."""
        found = _free_scalars(self._options(schemas))
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


def _bounds(shapes: Sequence[ArrayShape]) -> Bounds:
    most = [one.max_items for one in shapes if one.max_items is not None]
    return Bounds(max([one.min_items for one in shapes]), min(most, default=None))


def _items(shapes: list[ArrayShape]) -> Conjunction:
    return tuple([one.rest for one in shapes if one.has_rest])


def _allow_anything(schemas: Conjunction) -> bool:
    return all(schema is ANYTHING for schema in schemas)


def _required(shapes: Sequence[ObjectShape]) -> set[str]:
    return {name for one in shapes for name in one.required}


def _possible_names(shapes: Sequence[ObjectShape]) -> tuple[str, ...]:
    """The declared names that an object has, or may have whatever else it has."""
    declared = dict.fromkeys(name for one in shapes for name in one.properties)
    if all(one.is_plain for one in shapes):
        return spellable(declared)
    required = _required(shapes)
    return spellable([name for name in declared if name in required])


def _free_scalars(options: Sequence[Alternative]) -> list[int]:
    """What `_free_scalar` says of some alternatives, as far as it does."""
    return [extra for shapes in options if (extra := _free_scalar(shapes)) is not None]


def _free_scalar(shapes: Alternative) -> int | None:
    """Bytes of thousands of strings or numbers, if nothing but a length or one bound is said of them."""
    if are_listed(shapes):
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
