"""Combinators: the keywords that combine schemas, read. What they mean is in `normalization/`."""

from __future__ import annotations

from dataclasses import dataclass

from structgen.frontends.json_schema.shapes.schema import Schema
from structgen.frontends.json_schema.shapes.shape import Shape


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """`$ref`, `$dynamicRef`, `$recursiveRef`: the target is found when it is needed."""

    keyword: str


@dataclass(frozen=True, slots=True, eq=False)
class AllOf:
    """All of some schemas hold."""

    parts: tuple[Schema, ...]
    keyword: str = "allOf"


@dataclass(frozen=True, slots=True, eq=False)
class AnyOf:
    """At least one of some schemas holds."""

    parts: tuple[Schema, ...]
    keyword: str = "anyOf"


@dataclass(frozen=True, slots=True, eq=False)
class OneOf:
    """Exactly one of some schemas holds."""

    parts: tuple[Schema, ...]
    keyword: str = "oneOf"


@dataclass(frozen=True, slots=True, eq=False)
class Not:
    """A schema does not hold."""

    part: Schema
    keyword: str = "not"


@dataclass(frozen=True, slots=True, eq=False)
class If:
    """Where a schema holds, so does another one; where it does not, a third."""

    condition: Schema
    then: Schema
    otherwise: Schema
    keyword: str = "if"


@dataclass(frozen=True, slots=True, eq=False)
class Dependent:
    """`dependentRequired`, `dependentSchemas`, `dependencies`: what holds of objects that have a property.

    Attributes:
        needs: for each name, other names that are required then, or a schema that holds then.
    """

    keyword: str
    needs: tuple[tuple[str, tuple[str, ...] | Schema], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Unevaluated:
    """`unevaluatedProperties`, `unevaluatedItems`: what holds of the parts that nothing else has evaluated."""

    keyword: str
    schema: Schema


Combinator = Reference | AllOf | AnyOf | OneOf | Not | If | Dependent | Unevaluated
Step = Shape | Combinator
