"""Complements: the alternatives of all that a schema does not allow.

A schema is a conjunction of its keywords, so its complement is any of theirs. A part of a shape speaks of one type:
what it forbids is of that type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from structgen.frontends.json_schema.documents.json_types import ANY_TYPE, ARRAY, NUMBER, OBJECT, STRING
from structgen.frontends.json_schema.normalization.combine import object_shape
from structgen.frontends.json_schema.normalization.interface import Normal
from structgen.frontends.json_schema.shapes import arrays, numbers, objects, strings
from structgen.frontends.json_schema.shapes.arrays import ArrayShape
from structgen.frontends.json_schema.shapes.combinators import (
    AllOf,
    AnyOf,
    Combinator,
    Dependent,
    If,
    Not,
    OneOf,
    Reference,
)
from structgen.frontends.json_schema.shapes.objects import ObjectShape
from structgen.frontends.json_schema.shapes.reader import Reader
from structgen.frontends.json_schema.shapes.schema import NOTHING, Schema
from structgen.frontends.json_schema.shapes.shape import Alternative, Listed, Parts, Shape, Tally

# Shapes


def of_shape(normal: Normal, shape: Shape) -> list[Alternative]:
    """The alternatives of all that a shape does not allow."""
    found: list[Alternative] = [(_made(normal, parts, shape),) for parts in _of_types(normal, shape)]
    for listed in (shape.enum, shape.const):
        if listed is not None:
            found += _of_values(normal, shape, listed.values)
    if shape.excluded:
        found.append((_made(normal, Parts(enum=Listed("enum", list(shape.excluded))), shape),))
    found += [(_made(normal, parts, shape),) for parts in _of_tallies(shape)]
    return found


def _made(normal: Normal, parts: Parts, shape: Shape) -> Shape:
    return normal.reader.shape(parts, shape.origin)


def _of_types(normal: Normal, shape: Shape) -> Iterator[Parts]:
    negate = normal.reader.complement
    if shape.types != ANY_TYPE:
        yield Parts(ANY_TYPE & ~shape.types)
    if shape.strings is not None:
        yield from (Parts(STRING, strings=one) for one in strings.complement(shape.strings))
    if shape.numbers is not None:
        yield from (Parts(NUMBER, numbers=one) for one in numbers.complement(shape.numbers))
    if shape.arrays is not None:
        yield from (Parts(ARRAY, arrays=one) for one in arrays.complement(shape.arrays, negate))
    if shape.objects is not None:
        yield from (Parts(OBJECT, objects=one) for one in objects.complement(shape.objects, negate))
    _note_unsupported(normal, shape)


def _note_unsupported(normal: Normal, shape: Shape) -> None:
    """Note what the complement of a shape leaves out."""
    if shape.arrays is not None and shape.arrays.unique:
        normal.findings.unsupported(shape.origin, "uniqueItems", "its negation is not supported")
    if shape.objects is not None and shape.objects.has_properties:
        normal.findings.unsupported(shape.origin, "not", "it is negated twice over undeclared properties")


def _of_values(normal: Normal, shape: Shape, values: Sequence[object]) -> list[Alternative]:
    """All but some values. Scalars are listed; each object and array is complemented by itself."""
    scalars = tuple([value for value in values if not isinstance(value, (dict, list))])
    found: list[Alternative] = [(_made(normal, Parts(excluded=scalars), shape),)]
    for value in values:
        if isinstance(value, (dict, list)):
            other = shape_of_value(normal.reader, value, shape.origin)
            found = normal.products.product(found, normal.complements(other))
    return found


def _of_tallies(shape: Shape) -> Iterator[Parts]:
    for tally in shape.deferred:
        bounds: list[tuple[int, int | None]] = [(0, tally.least - 1)] if tally.least else []
        bounds += [] if tally.most is None else [(tally.most + 1, None)]
        for least, most in bounds:
            yield Parts(shape.types, deferred=(Tally(tally.groups, least, most),))


def shape_of_value(reader: Reader, value: object, origin: object) -> Shape:
    """The shape of one object or array, without `const`."""

    def one(part: object) -> Schema:
        return reader.shape(Parts(enum=Listed("enum", [part])), origin)

    if isinstance(value, dict):
        properties = {name: one(part) for name, part in value.items()}
        shape = ObjectShape(properties, tuple(value), additional=NOTHING)
        return reader.shape(Parts(OBJECT, objects=shape), origin)
    assert isinstance(value, list)
    items = ArrayShape(tuple(map(one, value)), min_items=len(value), max_items=len(value))
    return reader.shape(Parts(ARRAY, arrays=items), origin)


# Combinators


def of_combinator(normal: Normal, schema: Schema, step: Combinator) -> list[Alternative]:
    """The alternatives in which a combinator of a schema does not hold.

    Raises:
        TooManyAlternatives: There are too many.
    """
    return _MEANINGS[type(step)](normal, schema, step)


def _reference(normal: Normal, schema: Schema, step: Reference) -> list[Alternative]:
    return normal.complements(normal.reader.target(schema, step.keyword))


def _all_of(normal: Normal, schema: Schema, step: AllOf) -> list[Alternative]:
    return [one for part in step.parts for one in normal.complements(part)]


def _any_of(normal: Normal, schema: Schema, step: AnyOf | OneOf) -> list[Alternative]:
    none: list[Alternative] = [()]
    for part in step.parts:
        none = normal.products.product(none, normal.complements(part))
    return none


def _one_of(normal: Normal, schema: Schema, step: OneOf) -> list[Alternative]:
    """None of some schemas, or two of them."""
    found = _any_of(normal, schema, step)
    for index, part in enumerate(step.parts):
        for other in step.parts[:index]:
            found = found + normal.products.product(normal.alternatives(other), normal.alternatives(part))
    return found


def _not(normal: Normal, schema: Schema, step: Not) -> list[Alternative]:
    """What is inside `not` evaluates nothing."""
    found = normal.alternatives(step.part)
    if not normal.reader.document.has_unevaluated:
        return found
    return [tuple(map(normal.reader.silent, one)) for one in found]


def _if(normal: Normal, schema: Schema, step: If) -> list[Alternative]:
    product = normal.products.product
    held = product(normal.alternatives(step.condition), normal.complements(step.then))
    return held + product(normal.complements(step.condition), normal.complements(step.otherwise))


def _dependent(normal: Normal, schema: Schema, step: Dependent) -> list[Alternative]:
    found: list[Alternative] = []
    for name, wanted in step.needs:
        present = object_shape(normal, schema, ObjectShape(required=(name,)))
        if isinstance(wanted, tuple):
            wanted = object_shape(normal, schema, ObjectShape(required=wanted), ANY_TYPE)
        found += normal.products.product([(present,)], normal.complements(wanted))
    return found


_MEANINGS: dict[type, Callable[..., list[Alternative]]] = {
    Reference: _reference,
    AllOf: _all_of,
    AnyOf: _any_of,
    OneOf: _one_of,
    Not: _not,
    If: _if,
    Dependent: _dependent,
}
