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

A view merges `$ref`, `allOf`, `if` and the alternatives into one picture. It is a hint and never a verdict: the types,
values and names that it gives may be too many or, of patterns that Python cannot read, too few. `validate()` decides.

Views are made when they are first needed. Equal places share one view, so a recursive schema has finitely many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache

from structgen.errors import InvalidSchemaError
from structgen.frontends.json_schema.documents.document import Document

TYPES = frozenset(("null", "boolean", "integer", "number", "string", "array", "object"))
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_INSIDE = ("patternProperties", "additionalProperties", "items", "prefixItems", "required")
"""Keywords that constrain what a value contains, even if no type is named."""

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

    def __init__(self, views: _Views, schemas: Iterable[object]) -> None:
        self._views = views
        self.alternatives: list[SchemaView] = []
        self.is_never = False
        self._schemas: list[dict[str, object]] = []
        self._conditional: set[int] = set()
        self._properties: dict[str, SchemaView] = {}
        self._items: dict[int, SchemaView] = {}
        self._merge(schemas)

    def _merge(self, schemas: Iterable[object]) -> None:
        waiting = [(schema, False) for schema in reversed(list(schemas))]
        seen: set[int] = set()
        while waiting and len(self._schemas) < _MOST_MERGED:
            schema, is_conditional = waiting.pop()
            if schema is False and not is_conditional:
                self.is_never = True
            if not isinstance(schema, dict) or id(schema) in seen:
                continue
            seen.add(id(schema))
            self._schemas.append(schema)
            if is_conditional:
                self._conditional.add(id(schema))
            waiting.extend((part, is_conditional) for part in self._same_place(schema))
            waiting.extend((part, True) for part in _conditions(schema))
            for branches in _branches(schema):
                if len(branches) == 1:
                    waiting.append((branches[0], is_conditional))
                elif not self.alternatives:
                    self.alternatives = [self._views.of([branch]) for branch in branches[:_MOST_MERGED]]

    def _same_place(self, schema: dict[str, object]) -> Iterator[object]:
        """Yields the schemas that hold wherever `schema` does."""
        for keyword in _REFERENCES:
            if keyword in schema:
                yield self._views.resolve(schema, keyword)
        parts = schema.get("allOf")
        yield from parts if isinstance(parts, list) else ()

    def _certain(self) -> Iterator[dict[str, object]]:
        return (schema for schema in self._schemas if id(schema) not in self._conditional)

    @cached_property
    def types(self) -> frozenset[str]:
        """The types that are allowed; all of them if the schema does not say."""
        allowed = TYPES
        for schema in self._certain():
            named = schema.get("type")
            if isinstance(named, str | list):
                found = {named} if isinstance(named, str) else set(named)
                allowed &= found | ({"integer"} if "number" in found else set())
            for values in _listed(schema):
                allowed &= {name for value in values for name in types_of(value)}
        if self.alternatives:
            allowed &= frozenset().union(*(one.types for one in self.alternatives))
        return allowed

    @cached_property
    def is_open(self) -> bool:
        """True if nothing at all is known here."""
        says = any(schema.get(keyword) for schema in self._schemas for keyword in _INSIDE)
        return self.types == TYPES and not (self.properties or self.alternatives or says)

    @cached_property
    def values(self) -> list[object] | None:
        """The values of `enum` or `const`; None if there are none."""
        for schema in self._schemas:
            for values in _listed(schema):
                return list(values)
        if self.alternatives and all(one.values is not None for one in self.alternatives):
            return [value for one in self.alternatives for value in one.values or ()]
        return None

    @cached_property
    def properties(self) -> dict[str, None]:
        """The names of declared properties, in order."""
        found: dict[str, None] = {}
        for schema in self._schemas:
            found.update(dict.fromkeys(_map(schema, "properties")))
        for one in self.alternatives:
            found.update(one.properties)
        return found

    @cached_property
    def required(self) -> list[str]:
        """The names that are required whichever alternative holds."""
        found: dict[str, None] = {}
        for schema in self._certain():
            names = schema.get("required")
            if isinstance(names, list):
                found.update(dict.fromkeys(name for name in names if isinstance(name, str)))
        return list(found)

    @cached_property
    def is_closed(self) -> bool:
        """True if properties that are not declared are forbidden."""
        if any(
            schema.get(keyword) is False
            for schema in self._schemas
            for keyword in ("additionalProperties", "unevaluatedProperties")
        ):
            return True
        objects = [one for one in self.alternatives if "object" in one.types]
        return bool(self.alternatives) and all(one.is_closed for one in objects)

    @cached_property
    def has_own_parts(self) -> bool:
        """True if the place itself has `properties` or `items`, whatever its alternatives say."""
        return any("properties" in schema or "items" in schema for schema in self._schemas)

    @property
    def has_own_properties(self) -> bool:
        """True if the place itself has `properties`."""
        return any("properties" in schema for schema in self._schemas)

    @property
    def default(self) -> tuple[object] | None:
        """The default as a tuple of one; None if there is no default."""
        return next(((schema["default"],) for schema in self._schemas if "default" in schema), None)

    def allows(self, text: str) -> bool:
        """Returns False if a string is none of the values, or shorter than `minLength`."""
        if self.values is not None and text not in self.values:
            return False
        least = [schema.get("minLength") for schema in self._schemas]
        return all(len(text) >= length for length in least if isinstance(length, int))

    def declares(self, name: str) -> bool:
        """Returns True if a property of this name is declared."""
        return name in self.properties or any(
            _matches(pattern, name)
            for schema in self._schemas
            for pattern in _map(schema, "patternProperties")
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
        certain: list[object] = []
        perhaps: list[object] = []
        for schema in self._schemas:
            (perhaps if id(schema) in self._conditional else certain).extend(_property_schemas(schema, name))
        if len(perhaps) == 1:
            certain += perhaps
            perhaps = []
        alternatives = [one.property(name) for one in self.alternatives if name in one.properties]
        return self._joined(certain, alternatives or [self._views.of([one]) for one in perhaps])

    def item(self, index: int) -> SchemaView:
        """The view of an item."""
        index = min(index, _MOST_ITEMS)
        found = self._items.get(index)
        if found is None:
            schemas = [one for schema in self._schemas for one in _item_schemas(schema, index)]
            alternatives = [one.item(index) for one in self.alternatives if "array" in one.types]
            found = self._items[index] = self._joined(schemas, alternatives)
        return found

    def _joined(self, schemas: list[object], alternatives: list[SchemaView]) -> SchemaView:
        if not alternatives:
            return self._views.of(schemas)
        distinct = list(dict.fromkeys(alternatives))
        if not schemas and len(distinct) == 1:
            return distinct[0]
        joined = SchemaView(self._views, schemas)
        joined.alternatives = distinct + joined.alternatives
        return joined


class _Views:
    """The views of one document: one for each list of schemas."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._by_schemas: dict[tuple[int, ...], SchemaView] = {}
        self._kept: list[list[object]] = []

    def of(self, schemas: list[object]) -> SchemaView:
        key = tuple(map(id, schemas))
        found = self._by_schemas.get(key)
        if found is None:
            self._kept.append(schemas)
            found = self._by_schemas[key] = SchemaView.__new__(SchemaView)
            found.__init__(self, schemas)  # type: ignore[misc]  # a recursive schema needs it before it is complete
        return found

    def resolve(self, schema: dict[str, object], keyword: str) -> object:
        """The target of a reference; None if it does not exist."""
        try:
            return self._document.resolve(schema, keyword)[0]
        except InvalidSchemaError:
            return None


def view_of(document: Document) -> SchemaView:
    """The view of the whole value that a schema describes."""
    return _Views(document).of([document.root])


def types_of(value: object) -> tuple[str, ...]:
    """The names of the types that a JSON value has, the most specific first."""
    if value is None:
        return ("null",)
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return ("integer", "number")
    if isinstance(value, float):
        return ("number",)
    if isinstance(value, str):
        return ("string",)
    return ("array",) if isinstance(value, list) else ("object",)


def _conditions(schema: Mapping[str, object]) -> Iterator[object]:
    """Yields the schemas that hold for some of the values."""
    yield from (schema.get("then"), schema.get("else"))
    for keyword in ("dependentSchemas", "dependencies"):
        yield from _map(schema, keyword).values()


def _branches(schema: Mapping[str, object]) -> Iterator[list[object]]:
    for keyword in ("anyOf", "oneOf"):
        found = schema.get(keyword)
        if isinstance(found, list) and found:
            yield found


def _listed(schema: Mapping[str, object]) -> Iterator[list[object]]:
    if "const" in schema:
        yield [schema["const"]]
    values = schema.get("enum")
    if isinstance(values, list):
        yield values


def _map(schema: Mapping[str, object], keyword: str) -> Mapping[str, object]:
    found = schema.get(keyword)
    return found if isinstance(found, dict) else {}


def _property_schemas(schema: Mapping[str, object], name: str) -> list[object]:
    properties, patterns = _map(schema, "properties"), _map(schema, "patternProperties")
    found = [properties[name]] if name in properties else []
    found += [patterns[pattern] for pattern in patterns if _matches(pattern, name)]
    rest = schema.get("additionalProperties")
    return found if found or not isinstance(rest, (dict, bool)) else [rest]


def _item_schemas(schema: Mapping[str, object], index: int) -> list[object]:
    items, prefix = schema.get("items"), schema.get("prefixItems")
    if isinstance(items, list):
        prefix, items = items, schema.get("additionalItems")
    if isinstance(prefix, list) and index < len(prefix):
        return [prefix[index]]
    return [] if items is None else [items]


def _matches(pattern: str, name: str) -> bool:
    found = _compiled(pattern)
    return found is not None and found.search(name) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A pattern as Python reads it; None if it cannot."""
    try:
        return re.compile(pattern)
    except re.error:
        return None
