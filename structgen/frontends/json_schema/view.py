"""SchemaView: what a JSON Schema says about the value at one place, for those who guide by it and do not validate.

`constraint.view` is the view of the whole value; None if the constraint is no JSON Schema. From there:

    types          frozenset of "null", "boolean", "integer", "number", "string", "array", "object"
    values         the values of `enum` or `const`; None if there are none
    properties     names of declared properties, in order (a dict, for its order and quick look-up)
    required       names of required properties
    is_closed      True if properties that are not declared are forbidden
    declares(n)    True if a property of this name is declared, by `properties` or `patternProperties`
    property(n)    the view of a property's value
    item(i)        the view of an item
    alternatives   the branches of the first `anyOf` or `oneOf`, as views
    has_own_parts  True if properties or items are said in addition to the alternatives
    default        `(value,)`, or None if there is no default
    allows(text)   False if a string is none of the values, or shorter than `minLength`
    is_open        True if nothing is known
    is_never       True if no value is allowed

A view merges the shapes (`shapes/`) of `$ref`, `allOf`, `if` and the alternatives into one picture. It is a hint and
never a verdict: the types, values and names that it gives may be too many. `validate()` decides.

Views are made when they are first needed. Equal places share one view, so a recursive schema has finitely many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from structgen.errors import InvalidRegexError, InvalidSchemaError
from structgen.frontends.json_schema.documents.document import Document
from structgen.frontends.json_schema.documents.json_types import FRACTION, TYPES, type_of
from structgen.frontends.json_schema.shapes.combinators import (
    AllOf,
    AnyOf,
    Combinator,
    Dependent,
    If,
    OneOf,
    Reference,
    Unevaluated,
)
from structgen.frontends.json_schema.shapes.objects import ObjectShape
from structgen.frontends.json_schema.shapes.reader import Reader, Reading
from structgen.frontends.json_schema.shapes.schema import ANYTHING, NOTHING, Deferred, Schema
from structgen.frontends.json_schema.shapes.shape import Shape
from structgen.frontends.json_schema.strings.matching import is_found

ALL_TYPES = frozenset(("null", "boolean", "integer", "number", "string", "array", "object"))

_MOST_MERGED = 32
"""Schemas that are merged at one place at most."""

_MOST_ITEMS = 64
"""Positions of items with a view of their own; later items share the last one."""

_MOST_PROPERTIES = 10_000
"""Views of properties that are kept at one place."""


class SchemaView:
    """What a schema says at one place. The attributes are listed in the docstring of the module.

    Attributes:
        alternatives: the branches of the first `anyOf` or `oneOf`.
    """

    def __init__(self, views: _Views, schemas: Iterable[Schema]) -> None:
        self._views = views
        self.alternatives: list[SchemaView] = []
        self.is_never = False
        self._origins: list[object] = []
        self._shapes: list[Shape] = []
        self._perhaps: set[Shape] = set()
        self._unevaluated: list[Unevaluated] = []
        self._properties: dict[str, SchemaView] = {}
        self._items: dict[int, SchemaView] = {}
        self._merge(schemas)

    def _merge(self, schemas: Iterable[Schema]) -> None:
        waiting = [(schema, False) for schema in reversed(list(schemas))]
        seen: set[Schema] = set()
        while waiting and len(seen) < _MOST_MERGED:
            schema, is_conditional = waiting.pop()
            if schema is NOTHING and not is_conditional:
                self.is_never = True
            if schema in seen or schema in (ANYTHING, NOTHING):
                continue
            seen.add(schema)
            reading = self._views.read(schema)
            if reading is None:
                continue
            self._origins.append(schema.origin)
            if reading.shape is not None:
                self._shapes.append(reading.shape)
                if is_conditional:
                    self._perhaps.add(reading.shape)
            for step in reading.steps:
                if not isinstance(step, Shape):
                    waiting += self._combined(schema, step, is_conditional=is_conditional)
            waiting += [(need, True) for need in self._views.void_needs(schema)]

    def _combined(
        self, schema: Schema, step: Combinator, *, is_conditional: bool
    ) -> Iterator[tuple[Schema, bool]]:
        """Yields the schemas that hold at the same place, and True for those that hold for some of the values."""
        if isinstance(step, Reference):
            target = self._views.target(schema, step.keyword)
            yield from () if target is None else [(target, is_conditional)]
        elif isinstance(step, AllOf):
            yield from ((part, is_conditional) for part in step.parts)
        elif isinstance(step, If):
            yield from ((step.then, True), (step.otherwise, True))
        elif isinstance(step, Dependent):
            yield from ((need, True) for _, need in step.needs if isinstance(need, Schema))
        elif isinstance(step, (AnyOf, OneOf)):
            if len(step.parts) == 1:
                yield step.parts[0], is_conditional
            elif not self.alternatives:
                self.alternatives = [self._views.of((part,)) for part in step.parts[:_MOST_MERGED]]
        elif isinstance(step, Unevaluated):
            self._unevaluated.append(step)

    def _certain(self) -> list[Shape]:
        return [shape for shape in self._shapes if shape not in self._perhaps]

    @cached_property
    def types(self) -> frozenset[str]:
        """The types that are allowed; all of them if the schema does not say."""
        allowed = ALL_TYPES
        for shape in self._certain():
            allowed &= _names_of(shape.types)
            for listed in (shape.const, shape.enum):
                if listed is not None:
                    allowed &= frozenset(name for value in listed.values for name in types_of(value))
        if self.alternatives:
            allowed &= frozenset().union(*(one.types for one in self.alternatives))
        return allowed

    @cached_property
    def is_open(self) -> bool:
        """True if nothing at all is known here."""
        says = any(map(_says_what_is_inside, self._shapes))
        return self.types == ALL_TYPES and not (self.properties or self.alternatives or says)

    @cached_property
    def values(self) -> list[object] | None:
        """The values of `enum` or `const`; None if there are none."""
        for shape in self._shapes:
            if shape.listed is not None:
                return list(shape.listed.values)
        if self.alternatives and all(one.values is not None for one in self.alternatives):
            return [value for one in self.alternatives for value in one.values or ()]
        return None

    def _objects(self) -> list[ObjectShape]:
        return [shape.objects for shape in self._shapes if shape.objects is not None]

    @cached_property
    def properties(self) -> dict[str, None]:
        """The names of declared properties, in order."""
        found: dict[str, None] = {}
        for one in self._objects():
            found.update(dict.fromkeys(one.properties))
        for other in self.alternatives:
            found.update(other.properties)
        return found

    @cached_property
    def required(self) -> list[str]:
        """The names that are required whichever alternative holds."""
        found: dict[str, None] = {}
        for shape in self._certain():
            found.update(dict.fromkeys(() if shape.objects is None else shape.objects.required))
        return list(found)

    @cached_property
    def is_closed(self) -> bool:
        """True if properties that are not declared are forbidden."""
        if any(one.additional is NOTHING for one in self._objects()):
            return True
        if any(one.keyword == "unevaluatedProperties" and one.schema is NOTHING for one in self._unevaluated):
            return True
        objects = [one for one in self.alternatives if "object" in one.types]
        return bool(self.alternatives) and all(one.is_closed for one in objects)

    @cached_property
    def has_own_parts(self) -> bool:
        """True if the place itself has `properties` or `items`, whatever its alternatives say."""
        has_items = any(shape.arrays is not None and shape.arrays.has_positions for shape in self._shapes)
        return has_items or self.has_own_properties

    @property
    def has_own_properties(self) -> bool:
        """True if the place itself has `properties`."""
        return any(one.properties for one in self._objects())

    @property
    def default(self) -> tuple[object] | None:
        """The default as a tuple of one; None if there is no default."""
        return next(
            ((one["default"],) for one in self._origins if isinstance(one, dict) and "default" in one), None
        )

    def allows(self, text: str) -> bool:
        """Returns False if a string is none of the values, or shorter than `minLength`."""
        if self.values is not None and text not in self.values:
            return False
        return all(shape.strings is None or len(text) >= shape.strings.min_length for shape in self._shapes)

    def declares(self, name: str) -> bool:
        """Returns True if a property of this name is declared."""
        return name in self.properties or any(
            _matches(pattern, name) for one in self._objects() for pattern in one.patterns
        )

    def property(self, name: str) -> SchemaView:
        """The view of the value of a property."""
        found = self._properties.get(name)
        if found is None:
            found = self._find_property(name)
            if len(self._properties) < _MOST_PROPERTIES:
                self._properties[name] = found
        return found

    def _find_property(self, name: str) -> SchemaView:
        certain: list[Schema] = []
        perhaps: list[Schema] = []
        for shape in self._shapes:
            if shape.objects is not None:
                (perhaps if shape in self._perhaps else certain).extend(_at(shape.objects, name))
        if len(perhaps) == 1:
            certain += perhaps
            perhaps = []
        alternatives = [one.property(name) for one in self.alternatives if name in one.properties]
        return self._joined(certain, alternatives or [self._views.of((one,)) for one in perhaps])

    def item(self, index: int) -> SchemaView:
        """The view of an item."""
        index = min(index, _MOST_ITEMS)
        found = self._items.get(index)
        if found is None:
            arrays = [shape.arrays for shape in self._shapes if shape.arrays is not None]
            schemas = [one.at(index) for one in arrays if one.has_rest or index < len(one.prefix)]
            alternatives = [one.item(index) for one in self.alternatives if "array" in one.types]
            found = self._items[index] = self._joined(schemas, alternatives)
        return found

    def _joined(self, schemas: Sequence[Schema], alternatives: list[SchemaView]) -> SchemaView:
        if not alternatives:
            return self._views.of(tuple(schemas))
        distinct = list(dict.fromkeys(alternatives))
        if not schemas and len(distinct) == 1:
            return distinct[0]
        joined = SchemaView(self._views, schemas)
        joined.alternatives = distinct + joined.alternatives
        return joined


class _Views:
    """The views of one document: one for each tuple of schemas."""

    def __init__(self, document: Document) -> None:
        self.reader = Reader(document, formats=False)
        self._by_schemas: dict[tuple[Schema, ...], SchemaView] = {}

    def of(self, schemas: tuple[Schema, ...]) -> SchemaView:
        found = self._by_schemas.get(schemas)
        if found is None:
            found = self._by_schemas[schemas] = SchemaView.__new__(SchemaView)
            found.__init__(self, schemas)  # type: ignore[misc]  # a recursive schema needs it before it is complete
        return found

    def read(self, schema: Schema) -> Reading | None:
        """What a schema says; None if it is malformed, where no text can reach it."""
        try:
            return self.reader.read(schema)
        except InvalidSchemaError:
            return None

    def target(self, schema: Schema, keyword: str) -> Schema | None:
        """The target of a reference, a dynamic one read as if it were none; None if it does not exist."""
        assert isinstance(schema, Deferred)
        assert isinstance(schema.raw, dict)
        try:
            return self.reader.defer(self.reader.document.resolve(schema.raw, keyword)[0])
        except InvalidSchemaError:
            return None

    def void_needs(self, schema: Schema) -> list[Schema]:
        """The schemas of a `dependencies` that the draft does not have any more: the author meant it all the same."""
        raw = schema.raw if isinstance(schema, Deferred) else None
        if not isinstance(raw, dict) or "dependencies" not in self.reader.document.void_in(raw):
            return []
        needs = raw.get("dependencies")
        parts = needs.values() if isinstance(needs, dict) else ()
        return [self.reader.defer(part) for part in parts if isinstance(part, dict)]


def view_of(document: Document) -> SchemaView:
    """The view of the whole value that a schema describes."""
    views = _Views(document)
    return views.of((views.reader.defer(document.root),))


def types_of(value: object) -> tuple[str, ...]:
    """The names of the types that a JSON value has, the most specific first."""
    named = _NAMES[type_of(value)]
    return ("integer", "number") if named == "integer" else (named,)


_NAMES = {bits: name for name, bits in TYPES.items() if name != "number"} | {FRACTION: "number"}
"""The name of each type, by its bit. A fraction is a number that is no integer."""


def _names_of(types: int) -> frozenset[str]:
    """The names of types that are given as bits."""
    return frozenset(name for bit, name in _NAMES.items() if types & bit)


def _says_what_is_inside(shape: Shape) -> bool:
    """Returns True if a shape constrains what a value contains."""
    objects, arrays = shape.objects, shape.arrays
    if objects is not None and (
        objects.patterns or objects.required or objects.additional not in (None, NOTHING)
    ):
        return True
    return arrays is not None and bool(arrays.prefix or (arrays.has_rest and arrays.rest is not NOTHING))


def _at(shape: ObjectShape, name: str) -> list[Schema]:
    """What a shape says of the property of a name."""
    found = [shape.properties[name]] if name in shape.properties else []
    found += [schema for pattern, schema in shape.patterns.items() if _matches(pattern, name)]
    return found if found or shape.additional is None else [shape.additional]


def _matches(pattern: str, name: str) -> bool:
    """Returns True if a pattern is found in a name; False also if it cannot be read."""
    try:
        return is_found(pattern, name)
    except InvalidRegexError:
        return False
