"""Tallies: alternatives that are left open, because there are more of them than it makes sense to write out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from structgen.frontends.json_schema.documents.json_types import ARRAY, OBJECT, STRING
from structgen.frontends.json_schema.normalization.combine import dependencies
from structgen.frontends.json_schema.normalization.interface import Normal
from structgen.frontends.json_schema.normalization.products import TooManyAlternatives
from structgen.frontends.json_schema.shapes.combinators import (
    AnyOf,
    Combinator,
    Dependent,
    If,
    Not,
    OneOf,
    Reference,
)
from structgen.frontends.json_schema.shapes.schema import Schema
from structgen.frontends.json_schema.shapes.shape import Alternative, Parts, Tally, types_of

CONTAINERS = OBJECT | ARRAY | STRING
"""Types of which it can be left open which alternatives hold."""


def tally(groups: list[list[Alternative]], least: int, most: int | None) -> Tally:
    """So many of some groups of alternatives hold."""
    return Tally(tuple(map(tuple, groups)), least, most)


def tallies_of(normal: Normal, schema: Schema, step: Combinator) -> Iterator[Tally]:
    """Yields how many of which alternatives a combinator requires to hold; `allOf` aside."""
    product = normal.products.product
    if isinstance(step, (AnyOf, OneOf)):
        most = 1 if isinstance(step, OneOf) else None
        yield tally([normal.alternatives(part) for part in step.parts], 1, most)
    elif isinstance(step, Not):
        yield tally([normal.alternatives(step.part)], 0, 0)
    elif isinstance(step, If):
        held = product(normal.alternatives(step.condition), normal.alternatives(step.then))
        other = product(normal.complements(step.condition), normal.alternatives(step.otherwise))
        yield tally([held, other], 1, None)
    elif isinstance(step, Reference):
        yield tally([normal.alternatives(normal.reader.target(schema, step.keyword))], 1, None)
    elif isinstance(step, Dependent):
        for options in dependencies(normal, schema, step):
            yield tally([options], 1, None)


def leave_open(
    normal: Normal,
    found: list[Alternative],
    tallies: list[Tally],
    origin: object,
    closed: Callable[[], list[Alternative]],
) -> list[Alternative]:
    """Alternatives with tallies, which are left open for containers and strings, and written out for the rest.

    Args:
        normal: makes alternatives.
        found: the alternatives.
        tallies: what else must hold.
        origin: the schema object that the tallies come from.
        closed: writes out the alternatives of the tallies.

    Raises:
        TooManyAlternatives: They are too many, or it matters what they evaluate.
    """
    if normal.reader.document.has_unevaluated:
        raise TooManyAlternatives
    result: list[Alternative] = []
    types = normal.products.types
    for type in (OBJECT, ARRAY, STRING):
        allowing = [one for one in found if types_of(one) & types & type]
        if allowing:
            deferred = tuple([_only(one, type) for one in tallies])
            left_open = normal.reader.shape(Parts(type, deferred=deferred), origin)
            result += normal.products.product(allowing, [(left_open,)])
    rest = types & ~CONTAINERS
    if any(types_of(one) & rest for one in found):
        only = normal.reader.shape(Parts(rest), origin)
        with normal.products.restricted_to(rest):
            result += normal.products.product(normal.products.product(found, [(only,)]), closed())
    return result


def _only(tally: Tally, type: int) -> Tally:
    """A tally of the alternatives that allow a type."""
    groups = tuple([tuple([one for one in group if types_of(one) & type]) for group in tally.groups])
    return Tally(groups, tally.least, tally.most)
