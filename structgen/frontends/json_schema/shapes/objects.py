"""Objects: the shape of what keywords say of them, and the operations on it.

The schemas of properties are references (`schema.Schema`): nothing inside an object is read here.

Several shapes at once stay several: `additionalProperties` speaks of the names that its own schema does not declare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from structgen.frontends.json_schema.shapes.schema import ANYTHING, Conjunction, Schema
from structgen.frontends.json_schema.shapes.source import Source
from structgen.frontends.json_schema.strings.matching import is_found


class HasProperty(NamedTuple):
    """Some property satisfies a schema.

    Attributes:
        names: it has none of these names.
        inside: its name matches all of these patterns.
        outside: its name matches none of these patterns.
        name: its name satisfies this schema; None if it may be any.
        schema: its value satisfies this schema.
    """

    names: tuple[str, ...]
    inside: tuple[str, ...]
    outside: tuple[str, ...]
    name: Schema | None
    schema: Schema

    def may_be(self, name: str) -> bool:
        """Returns True if the property may have a name, its schema aside."""
        return (
            name not in self.names
            and all(is_found(pattern, name) for pattern in self.inside)
            and not any(is_found(pattern, name) for pattern in self.outside)
        )


_NONE: Mapping[str, Schema] = MappingProxyType({})


class ObjectShape(NamedTuple):
    """What objects must be.

    Attributes:
        properties: schemas of declared properties, by name, in order.
        required: names that must be there.
        patterns: schemas of the properties whose names match a pattern.
        additional: the schema of the other properties; None if no keyword says it, which allows any.
        names: a schema of all names, or None.
        min_properties: properties, at least.
        max_properties: properties, at most; None if there is no bound.
        has_properties: properties that must exist; made by complements.
    """

    properties: Mapping[str, Schema] = _NONE
    required: tuple[str, ...] = ()
    patterns: Mapping[str, Schema] = _NONE
    additional: Schema | None = None
    names: Schema | None = None
    min_properties: int = 0
    max_properties: int | None = None
    has_properties: tuple[HasProperty, ...] = ()

    def __hash__(self) -> int:
        return hash((tuple(self.properties), self.required, self.additional, self.has_properties))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ObjectShape):
            return NotImplemented
        return (
            list(self.properties.items()) == list(other.properties.items())
            and list(self.patterns.items()) == list(other.patterns.items())
            and self._others() == other._others()
        )

    def _others(self) -> tuple[object, ...]:
        bounds = self.min_properties, self.max_properties
        return self.required, self.additional, self.names, bounds, self.has_properties

    @property
    def is_plain(self) -> bool:
        """True if nothing is said but of declared, required and additional properties."""
        says_more = self.patterns or self.has_properties or self.min_properties or self.names is not None
        return not says_more and self.max_properties is None

    @property
    def has_names_only(self) -> bool:
        """True if nothing is said by patterns, nor of properties that must exist."""
        return not (self.patterns or self.has_properties)

    @property
    def declares(self) -> bool:
        """True if some properties are declared, by name or by pattern."""
        return bool(self.properties) or bool(self.patterns)

    @property
    def has_places(self) -> bool:
        """True if something is said of properties by their name."""
        return self.declares or bool(self.required) or self.additional is not None

    @property
    def others(self) -> Schema:
        """The schema of the properties that are not declared."""
        return ANYTHING if self.additional is None else self.additional

    def at(self, name: str) -> list[Schema]:
        """What the property of a name must satisfy."""
        if not self.patterns:
            schema = self.properties.get(name, self.additional)
            return [] if schema is None else [schema]
        found = [self.properties[name]] if name in self.properties else []
        found += [schema for pattern, schema in self.patterns.items() if is_found(pattern, name)]
        return found if found or self.additional is None else [self.additional]

    def in_region(self, inside: Sequence[str]) -> list[Schema]:
        """What properties must satisfy that are not declared, and match these of the patterns."""
        found = [schema for pattern, schema in self.patterns.items() if pattern in inside]
        return found if found or self.additional is None else [self.additional]


def from_keywords(source: Source) -> ObjectShape:
    """The shape of the keywords of objects.

    Raises:
        InvalidSchemaError: One of them is malformed.
    """
    said = source.said
    return ObjectShape(
        source.named_schemas("properties") if "properties" in said else _NONE,
        _required(source) if "required" in said else (),
        source.named_schemas("patternProperties") if "patternProperties" in said else _NONE,
        source.schema("additionalProperties") if "additionalProperties" in said else None,
        source.schema("propertyNames") if "propertyNames" in said else None,
        (source.count("minProperties") or 0) if "minProperties" in said else 0,
        source.count("maxProperties") if "maxProperties" in said else None,
    )


def _required(source: Source) -> tuple[str, ...]:
    names = source.value("required")
    if names is None or isinstance(names, bool):  # draft 3 had a boolean there; it is no assertion since
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise source.invalid("required", "expected a list of names")
    return tuple(names)


def property_at(shapes: Sequence[ObjectShape], name: str) -> Conjunction:
    """What the property of a name must satisfy in objects that have all of some shapes."""
    if len(shapes) == 1:
        return tuple(shapes[0].at(name))
    return tuple([schema for shape in shapes for schema in shape.at(name)])


def complement(shape: ObjectShape, negate: Callable[[Schema], Schema]) -> list[ObjectShape]:
    """Shapes that together have all objects that `shape` does not have, but for properties that must exist."""
    found = [ObjectShape({name: negate(ANYTHING)}) for name in shape.required]
    for name, schema in shape.properties.items():
        if schema is not ANYTHING:
            found.append(ObjectShape({name: negate(schema)}, (name,)))
    exists = [
        HasProperty((), (pattern,), (), None, negate(schema))
        for pattern, schema in shape.patterns.items()
        if schema is not ANYTHING
    ]
    if shape.others is not ANYTHING:
        declared, patterns = tuple(shape.properties), tuple(shape.patterns)
        exists.append(HasProperty(declared, (), patterns, None, negate(shape.others)))
    if shape.names is not None and shape.names is not ANYTHING:
        exists.append(HasProperty((), (), (), negate(shape.names), ANYTHING))
    found += [ObjectShape(has_properties=(one,)) for one in exists]
    return found + _other_counts(shape)


def _other_counts(shape: ObjectShape) -> list[ObjectShape]:
    """Shapes of the objects with fewer or more properties than `shape` has."""
    found = []
    if shape.min_properties:
        found.append(ObjectShape(max_properties=shape.min_properties - 1))
    if shape.max_properties is not None:
        found.append(ObjectShape(min_properties=shape.max_properties + 1))
    return found


def have_crossed_bounds(shapes: Sequence[ObjectShape]) -> bool:
    """Returns True if more properties are required than allowed."""
    if len(shapes) == 1:
        (shape,) = shapes
        return shape.max_properties is not None and shape.min_properties > shape.max_properties
    least = max(one.min_properties for one in shapes)
    most = min((one.max_properties for one in shapes if one.max_properties is not None), default=least)
    return least > most


def _has_count(shape: ObjectShape, count: int) -> bool:
    """Returns True if an object may have so many properties."""
    return count >= shape.min_properties and (shape.max_properties is None or count <= shape.max_properties)


def contains(
    shape: ObjectShape, value: Mapping[str, object], satisfies: Callable[[object, Schema], bool]
) -> bool:
    """Returns True if an object has a shape; `satisfies` says whether a value satisfies a schema."""
    if not _has_count(shape, len(value)):
        return False
    if not value.keys() >= set(shape.required):
        return False
    for name, one in value.items():
        if shape.names is not None and not satisfies(name, shape.names):
            return False
        if not all(satisfies(one, schema) for schema in shape.at(name)):
            return False
    return all(_exists(one, value, satisfies) for one in shape.has_properties)


def _exists(
    wanted: HasProperty, value: Mapping[str, object], satisfies: Callable[[object, Schema], bool]
) -> bool:
    return any(
        wanted.may_be(name)
        and (wanted.name is None or satisfies(name, wanted.name))
        and satisfies(one, wanted.schema)
        for name, one in value.items()
    )
