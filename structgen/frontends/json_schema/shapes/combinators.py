"""Combinators: the keywords that combine schemas, read. What they mean is in `normalization/`."""

from __future__ import annotations

from typing import NamedTuple

from structgen.frontends.json_schema.shapes.schema import Schema
from structgen.frontends.json_schema.shapes.shape import Shape


class Reference(NamedTuple):
    """`$ref`, `$dynamicRef`, `$recursiveRef`: the target is found when it is needed."""

    keyword: str


class AllOf(NamedTuple):
    """All of some schemas hold."""

    parts: tuple[Schema, ...]
    keyword: str = "allOf"


class AnyOf(NamedTuple):
    """At least one of some schemas holds."""

    parts: tuple[Schema, ...]
    keyword: str = "anyOf"


class OneOf(NamedTuple):
    """Exactly one of some schemas holds."""

    parts: tuple[Schema, ...]
    keyword: str = "oneOf"


class Not(NamedTuple):
    """A schema does not hold."""

    part: Schema
    keyword: str = "not"


class If(NamedTuple):
    """Where a schema holds, so does another one; where it does not, a third."""

    condition: Schema
    then: Schema
    otherwise: Schema
    keyword: str = "if"


class Dependent(NamedTuple):
    """`dependentRequired`, `dependentSchemas`, `dependencies`: what holds of objects that have a property.

    Attributes:
        needs: for each name, other names that are required then, or a schema that holds then.
    """

    keyword: str
    needs: tuple[tuple[str, tuple[str, ...] | Schema], ...]


class Unevaluated(NamedTuple):
    """`unevaluatedProperties`, `unevaluatedItems`: what holds of the parts that nothing else has evaluated."""

    keyword: str
    schema: Schema


Combinator = Reference | AllOf | AnyOf | OneOf | Not | If | Dependent | Unevaluated
Step = Shape | Combinator
