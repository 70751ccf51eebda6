"""Reader: makes schemas, and reads what one says: a shape of its plain keywords, and its combinators.

Each schema object is read once, when it is needed. Equal schemas are made once: what identity distinguishes differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from structgen.frontends.json_schema.documents.document import Document, Raw
from structgen.frontends.json_schema.documents.json_types import (
    ANY_TYPE,
    ARRAY,
    NUMBER,
    OBJECT,
    STRING,
    TYPES,
    type_of,
)
from structgen.frontends.json_schema.documents.keywords import KEYWORDS
from structgen.frontends.json_schema.documents.scopes import DynamicReference
from structgen.frontends.json_schema.shapes import arrays, numbers, objects, strings
from structgen.frontends.json_schema.shapes.combinators import (
    AllOf,
    AnyOf,
    Combinator,
    Dependent,
    If,
    Not,
    OneOf,
    Reference,
    Step,
    Unevaluated,
)
from structgen.frontends.json_schema.shapes.schema import (
    ANYTHING,
    NOTHING,
    Alternatives,
    Complement,
    Conjunction,
    Constant,
    Deferred,
    Joint,
    Schema,
)
from structgen.frontends.json_schema.shapes.shape import Listed, Parts, Shape
from structgen.frontends.json_schema.shapes.source import Source


class Reading(NamedTuple):
    """What one schema says.

    Attributes:
        steps: its combinators and the shape of its plain keywords, in order. None of them: it allows anything.
        shape: the shape among the steps, if there is one.
        is_plain: there are no combinators.
    """

    steps: tuple[Step, ...]
    shape: Shape | None = None
    is_plain: bool = False


_ALLOWS_ANYTHING = Reading((), None, is_plain=True)
_REFERENCE_ALONE = Reading((Reference("$ref"),))


class Reader:
    """Reads the schemas of one document.

    Attributes:
        document: the document.
        formats: `format` is an assertion.
    """

    def __init__(self, document: Document, *, formats: bool) -> None:
        self.document = document
        self.formats = formats
        self._says, self._says_with_list = _says(document.draft.void), _says_with_list(document.draft.void)
        # By the identity of their schema objects, which they keep alive.
        self._deferred: dict[int, Deferred] = {}
        self._complements: dict[Schema, Schema] = {}
        self._joint: dict[Conjunction, Joint] = {}
        self._readings: dict[Schema, Reading] = {}
        self._shapes: dict[tuple[object, ...], Shape] = {}
        self._parts: dict[tuple[object, ...], Parts] = {}

    # Making schemas

    def defer(self, raw: object) -> Schema:
        """A reference to a part of the document where a schema should be."""
        if raw is True:
            return ANYTHING
        if raw is False:
            return NOTHING
        if not isinstance(raw, dict):
            return Deferred(raw)
        if not raw:
            return ANYTHING
        found = self._deferred.get(id(raw))
        if found is None:
            found = self._deferred[id(raw)] = Deferred(raw)
        return found

    def complement(self, schema: Schema) -> Schema:
        """All that a schema does not allow. The complement of a complement is the schema itself."""
        if isinstance(schema, Constant):
            return NOTHING if schema.allows else ANYTHING
        found = self._complements.get(schema)
        if found is None:
            found = self._complements[schema] = Complement(schema)
            self._complements[found] = schema
        return found

    def shape(self, parts: Parts, origin: object, *, evaluates: bool = False) -> Shape:
        """A shape that was made, and the schema object that it was made from."""
        parts = self._parts.setdefault(
            (parts, tuple(map(type_of, parts.excluded))), parts
        )  # 1 == True in Python
        key = id(parts), id(origin), evaluates
        found = self._shapes.get(key)
        if found is None:
            found = self._shapes[key] = Shape(parts, origin, evaluates=evaluates)
        return found

    def alternatives(self, parts: tuple[Schema, ...], origin: object) -> Schema:
        """At least one of some schemas."""
        return Alternatives(parts, origin)

    def joint(self, schemas: Conjunction) -> Schema:
        """All of some schemas, as one schema."""
        if len(schemas) < 2:
            return schemas[0] if schemas else ANYTHING
        return self._joint.setdefault(schemas, Joint(schemas))

    def silent(self, shape: Shape) -> Shape:
        """The same shape; it evaluates nothing."""
        return shape if not shape.evaluates else self.shape(shape.parts, shape.origin)

    def target(self, schema: Schema, keyword: str) -> Schema:
        """The target of a reference.

        Raises:
            DynamicReference: It depends on how the schema was reached.
        """
        return self.named_target(schema, keyword)[0]

    def named_target(self, schema: Schema, keyword: str) -> tuple[Schema, str]:
        """The target of a reference, and a name for it.

        Raises:
            DynamicReference: It depends on how the schema was reached.
        """
        assert isinstance(schema, Deferred)
        assert isinstance(schema.raw, dict)
        target, name = self.document.resolve(schema.raw, keyword)
        if keyword != "$ref" and not self.document.is_linked(schema.raw, keyword):
            raise DynamicReference
        return self.defer(target), name

    # Reading

    def read(self, schema: Schema) -> Reading:
        """What a schema says.

        Raises:
            InvalidSchemaError: It is malformed.
        """
        found = self._readings.get(schema)
        if found is None:
            raw = schema.raw if type(schema) is Deferred else None
            found = self._read_keywords(raw) if isinstance(raw, dict) else self._read(schema)
            self._readings[schema] = found
        return found

    def sole_type(self, schema: Schema) -> int:
        """The type, as a bit, of a schema that says nothing but one type; 0 of any other. Most schemas are so."""
        if type(schema) is not Deferred or not isinstance(schema.raw, dict):
            return 0
        raw = schema.raw
        named = raw.get("type")
        if type(named) is not str or not _SAYS_MORE.isdisjoint(raw) or "type" in self.document.draft.void:
            return 0
        return TYPES.get(named, 0)

    def _read(self, schema: Schema) -> Reading:
        if isinstance(schema, Deferred):
            raise self.document.invalid(schema.raw, None, "expected a schema: an object or a boolean")
        if isinstance(schema, Shape):
            return Reading((schema,), schema, is_plain=True)
        if isinstance(schema, Complement):
            return Reading((Not(schema.of),))
        if isinstance(schema, Joint):
            return Reading((AllOf(schema.parts),))
        if isinstance(schema, Alternatives):
            return Reading((AnyOf(schema.parts),))
        assert schema is ANYTHING, "nothing can be read of NOTHING"
        return _ALLOWS_ANYTHING

    def _read_keywords(self, raw: Raw) -> Reading:
        if self.document.draft.ref_alone and "$ref" in raw:
            return _REFERENCE_ALONE
        says = self._says_with_list if isinstance(raw.get("items"), list) else self._says
        said = {name: raw[name] for name in raw if name in says}
        plan = _plan(tuple(said))
        if plan.reading is not None:
            return plan.reading
        if plan.has_type_alone:
            named = said["type"]
            if type(named) is str and named in TYPES:
                return _plain(_OF_TYPES[TYPES[named]], raw)
        source = Source(raw, said, self.document, self.defer, formats=self.formats)
        if plan.is_plain:
            return _plain(_parts(source, plan.types), raw)
        return _combined(plan, source, raw)


def _combined(plan: _Plan, source: Source, raw: Raw) -> Reading:
    before = [make(source, name) for name, make in plan.before]
    after = [make(source, name) for name, make in plan.after]
    if not plan.has_shape:
        return Reading((*before, *after), None, is_plain=not (before or after))
    shape = Shape(_parts(source, plan.types), raw, evaluates=True)
    return Reading((*before, shape, *after), shape)


def _plain(parts: Parts, raw: Raw) -> Reading:
    shape = Shape(parts, raw, evaluates=True)
    return Reading((shape,), shape, True)


def _parts(source: Source, types: int) -> Parts:
    """What the plain keywords say; `types`: those that any of them constrains."""
    said = source.said
    named = said.get("type")
    allowed = TYPES[named] if type(named) is str and named in TYPES else _types(source)
    const = _listed(source, "const") if "const" in said else None
    enum = _listed(source, "enum") if "enum" in said else None
    if not types and const is None and enum is None:
        return _OF_TYPES[allowed]
    types &= allowed
    for listed in (const, enum):
        if listed is not None:  # what is said of other types is of no interest, so it may be malformed
            types &= _types_of_values(listed.values)
    return Parts(
        allowed,
        strings.from_keywords(source) if types & STRING else None,
        numbers.from_keywords(source) if types & NUMBER else None,
        arrays.from_keywords(source) if types & ARRAY else None,
        objects.from_keywords(source) if types & OBJECT else None,
        const,
        enum,
    )


_SAYS = frozenset(
    name for name, keyword in KEYWORDS.items() if keyword.role in ("assertion", "combinator", "branch")
)
"""Keywords that constrain values; the others are annotations."""

_SAYS_MORE = _SAYS - {"type"}

_ASSERTIONS = {name: keyword.type for name, keyword in KEYWORDS.items() if keyword.role == "assertion"}
"""The types that each assertion constrains."""

_OF_TYPES = [Parts(types) for types in range(ANY_TYPE + 1)]


@lru_cache(maxsize=64)
def _says(void: frozenset[str]) -> frozenset[str]:
    """The keywords that constrain values, without some that mean nothing."""
    return _SAYS - void


def _says_with_list(void: frozenset[str]) -> frozenset[str]:
    """The same where `items` is a list, which is read as an older draft has it, whatever the schema declares."""
    return _says(void - {"additionalItems"})


def _types(source: Source) -> int:
    named = source.value("type")
    if named is None:
        return ANY_TYPE
    if isinstance(named, str) and named in TYPES:
        return TYPES[named]
    if not isinstance(named, list) or not named:
        raise source.invalid("type", f"{named!r} is not a type of JSON, nor a list of types")
    types = 0
    for one in named:
        if not isinstance(one, str) or one not in TYPES:
            raise source.invalid("type", f"{one!r} is not a type of JSON")
        types |= TYPES[one]
    return types


def _listed(source: Source, keyword: str) -> Listed:
    value = source.value(keyword)
    if keyword == "const":
        return Listed(keyword, [value])
    if not isinstance(value, list):
        raise source.invalid(keyword, "expected a list of values")
    return Listed(keyword, value)


def _types_of_values(values: Iterable[object]) -> int:
    types = 0
    for value in values:
        types |= type_of(value)
    return types


# Combinators: a function for each keyword


def _reference(source: Source, keyword: str) -> Combinator:
    return Reference(keyword)


def _all_of(source: Source, keyword: str) -> Combinator:
    return AllOf(source.some_schemas(keyword))


def _any_of(source: Source, keyword: str) -> Combinator:
    return AnyOf(source.some_schemas(keyword))


def _one_of(source: Source, keyword: str) -> Combinator:
    return OneOf(source.some_schemas(keyword))


def _not(source: Source, keyword: str) -> Combinator:
    return Not(source.schema(keyword) or ANYTHING)


def _if(source: Source, keyword: str) -> Combinator:
    condition, then, otherwise = (source.schema(one) or ANYTHING for one in ("if", "then", "else"))
    return If(condition, then, otherwise)


def _dependent(source: Source, keyword: str) -> Combinator:
    value = source.value(keyword)
    if not isinstance(value, dict):
        raise source.invalid(keyword, "expected an object")
    needs: list[tuple[str, tuple[str, ...] | Schema]] = []
    for name, wanted in value.items():
        if isinstance(wanted, list) and keyword != "dependentSchemas":
            if not all(isinstance(one, str) for one in wanted):
                raise source.invalid(keyword, "expected lists of names")
            needs.append((name, tuple(wanted)))
        elif keyword == "dependentRequired":
            raise source.invalid(keyword, "expected lists of names")
        else:
            needs.append((name, source.defer(wanted)))
    return Dependent(keyword, tuple(needs))


def _unevaluated(source: Source, keyword: str) -> Combinator:
    return Unevaluated(keyword, source.schema(keyword) or ANYTHING)


_COMBINATORS: dict[str, Callable[[Source, str], Combinator]] = {
    "$ref": _reference,
    "$dynamicRef": _reference,
    "$recursiveRef": _reference,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _not,
    "if": _if,
    "dependentRequired": _dependent,
    "dependentSchemas": _dependent,
    "dependencies": _dependent,
    "unevaluatedProperties": _unevaluated,
    "unevaluatedItems": _unevaluated,
}


_Make = Callable[[Source, str], Combinator]


class _Plan(NamedTuple):
    """What the names of the keywords of a schema say without their values: most schemas have one of few sets.

    Attributes:
        before: the combinators before the shape: their keywords, and what makes them.
        after: those after the shape.
        types: the types that the plain keywords constrain.
        has_shape: there are plain keywords.
        is_plain: there are no others.
        has_type_alone: there is `type`, and nothing else.
        reading: what the schema says, if no value matters.
    """

    before: tuple[tuple[str, _Make], ...]
    after: tuple[tuple[str, _Make], ...]
    types: int
    has_shape: bool
    is_plain: bool
    has_type_alone: bool
    reading: Reading | None


@lru_cache(maxsize=4096)
def _plan(keywords: tuple[str, ...]) -> _Plan:
    """How to read a schema with some keywords, in their order."""
    combinators: list[tuple[str, _Make]] = []
    types, place = 0, -1
    for name in keywords:
        if name in _COMBINATORS:
            combinators.append((name, _COMBINATORS[name]))
        elif name in _ASSERTIONS:
            types |= _ASSERTIONS[name]
            # So properties come in the order in which they are declared.
            if place < 0 or name == "properties":
                place = len(combinators)
    before = max(place, 0)
    return _Plan(
        tuple(combinators[:before]),
        tuple(combinators[before:]),
        types,
        has_shape=place >= 0,
        is_plain=place >= 0 and not combinators,
        has_type_alone=keywords == ("type",),
        reading=_WITHOUT_VALUES.get(keywords),
    )


_WITHOUT_VALUES = {("$ref",): _REFERENCE_ALONE, (): _ALLOWS_ANYTHING}
