"""What each combinator means: the alternatives in which it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from structgen.frontends.json_schema.documents.json_types import ANY_TYPE, OBJECT
from structgen.frontends.json_schema.normalization.disjoint import are_disjoint
from structgen.frontends.json_schema.normalization.interface import Normal
from structgen.frontends.json_schema.normalization.products import MOST_PAIRS, TooManyAlternatives
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
from structgen.frontends.json_schema.shapes.schema import ANYTHING, NOTHING, Schema
from structgen.frontends.json_schema.shapes.shape import Alternative, Parts, Shape, join

_NAMES = 4
"""Names that something depends on, in one schema: at most so many times the most alternatives."""


def combine(normal: Normal, found: list[Alternative], schema: Schema, step: Combinator) -> list[Alternative]:
    """The alternatives among `found` in which a combinator of a schema holds.

    Raises:
        TooManyAlternatives: There are too many.
    """
    return _MEANINGS[type(step)](normal, found, schema, step)


def _reference(
    normal: Normal, found: list[Alternative], schema: Schema, step: Reference
) -> list[Alternative]:
    target = normal.reader.target(schema, step.keyword)
    return normal.products.product(found, normal.alternatives(target))


def _all_of(normal: Normal, found: list[Alternative], schema: Schema, step: AllOf) -> list[Alternative]:
    """All of some schemas. Those that have one alternative each are joined first: they may be thousands."""
    product = normal.products.product
    together: list[Shape] = []
    for part in step.parts:
        options = normal.alternatives(part)
        if len(options) == 1:
            together += options[0]
        else:
            found = product(product(found, [join(tuple(together), ())]), options)
            together = []
    return product(found, [join(tuple(together), ())])


def _any_of(normal: Normal, found: list[Alternative], schema: Schema, step: AnyOf) -> list[Alternative]:
    return normal.products.product(found, _any(normal, step.parts))


def _any(normal: Normal, parts: Sequence[Schema]) -> list[Alternative]:
    """Any of some schemas. Where it matters what is evaluated, also any that hold together."""
    options = [normal.alternatives(part) for part in parts]
    if not normal.reader.document.has_unevaluated:
        return [one for option in options for one in option]
    found: list[Alternative] = []
    for option in options:
        found = [*found, *option, *normal.products.product(found, option)] if found else option
        normal.products.check(found)
    return list(dict.fromkeys(found))


def _one_of(normal: Normal, found: list[Alternative], schema: Schema, step: OneOf) -> list[Alternative]:
    options = [normal.alternatives(part) for part in step.parts]
    if options.count([()]) > 1:  # any value satisfies several branches
        return []
    disjoint = are_disjoint(normal.reader, options)
    if not disjoint and sum(map(len, options)) ** 2 > MOST_PAIRS:
        raise TooManyAlternatives
    result: list[Alternative] = []
    for index, option in enumerate(options):
        chosen = normal.products.product(found, option)
        for other, part in enumerate(step.parts):
            if other == index or disjoint or not chosen:
                continue
            if normal.products.overlap(chosen, options[other]):
                chosen = normal.products.product(chosen, normal.complements(part))
        result = normal.products.distinct([*result, *chosen])
        normal.products.check(result)
    return result


def exclude_each_other(normal: Normal, parts: Sequence[Schema]) -> bool:
    """Returns True if no value satisfies two of some schemas. False means unknown.

    Raises:
        TooManyAlternatives: They have too many alternatives to compare.
    """
    options = [normal.alternatives(part) for part in parts]
    if are_disjoint(normal.reader, options):
        return True
    flat = sum(map(len, options))
    if flat * flat > MOST_PAIRS:
        raise TooManyAlternatives
    return not any(
        normal.products.overlap(option, other)
        for index, option in enumerate(options)
        for other in options[:index]
    )


def _not(normal: Normal, found: list[Alternative], schema: Schema, step: Not) -> list[Alternative]:
    return normal.products.product(found, normal.complements(step.part))


def _if(normal: Normal, found: list[Alternative], schema: Schema, step: If) -> list[Alternative]:
    says_nothing = step.then is ANYTHING and step.otherwise is ANYTHING
    if says_nothing and not normal.reader.document.has_unevaluated:
        return found
    product = normal.products.product
    held = product(product(found, normal.alternatives(step.condition)), normal.alternatives(step.then))
    other = product(found, normal.complements(step.condition))
    return held + product(other, normal.alternatives(step.otherwise))


def _dependent(
    normal: Normal, found: list[Alternative], schema: Schema, step: Dependent
) -> list[Alternative]:
    for options in dependencies(normal, schema, step):
        found = normal.products.product(found, options)
    return found


def dependencies(normal: Normal, schema: Schema, step: Dependent) -> Iterator[list[Alternative]]:
    """Yields, for each name, the alternatives: without it, or with it and what it needs.

    Raises:
        TooManyAlternatives: There are too many names.
    """
    normal.products.check(step.needs, _NAMES)
    for name, wanted in step.needs:
        without = object_shape(normal, schema, ObjectShape({name: NOTHING}), ANY_TYPE)
        names = (name, *wanted) if isinstance(wanted, tuple) else (name,)
        present = object_shape(normal, schema, ObjectShape({name: ANYTHING}, names))
        options: list[Alternative] = [(present,)]
        if isinstance(wanted, Schema):
            options = normal.products.product(options, normal.alternatives(wanted))
        yield [(without,), *options]


def object_shape(normal: Normal, schema: Schema, shape: ObjectShape, types: int = OBJECT) -> Shape:
    """A shape of objects that a combinator of a schema makes."""
    return normal.reader.shape(Parts(types, objects=shape), schema.origin)


_MEANINGS: dict[type, Callable[..., list[Alternative]]] = {
    Reference: _reference,
    AllOf: _all_of,
    AnyOf: _any_of,
    OneOf: _one_of,
    Not: _not,
    If: _if,
    Dependent: _dependent,
}
