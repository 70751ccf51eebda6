"""Membership: whether a value satisfies a schema. It decides which values of an `enum` the other keywords leave.

Exact, so that compiling an `enum` needs no validator: importing that one would slow down a request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from structgen.frontends.json_schema.documents.json_types import (
    ARRAY,
    BOOLEAN,
    FRACTION,
    INTEGER,
    NULL,
    OBJECT,
    STRING,
    is_listed,
    type_of,
)
from structgen.frontends.json_schema.normalization.normalizer import Normalizer
from structgen.frontends.json_schema.shapes import arrays, numbers, objects, strings
from structgen.frontends.json_schema.shapes.combinators import (
    AllOf,
    AnyOf,
    Dependent,
    If,
    Not,
    OneOf,
    Reference,
    Unevaluated,
)
from structgen.frontends.json_schema.shapes.schema import Constant, Schema
from structgen.frontends.json_schema.shapes.shape import Alternative, Listed, Shape, Tally


class Membership:
    """Decides whether values satisfy schemas."""

    def __init__(self, normalizer: Normalizer) -> None:
        self._normalizer = normalizer
        self._reader = normalizer.reader

    def satisfies(self, value: object, schema: Schema) -> bool:
        """Returns True if a value satisfies a schema.

        Raises:
            InvalidRegexError: A pattern cannot be compiled.
        """
        if isinstance(schema, Constant):
            return schema.allows
        for step in self._reader.read(schema).steps:
            if isinstance(step, Shape):
                if not self.has(value, step):
                    return False
            elif not _MEANINGS[type(step)](self, value, schema, step):
                return False
        return True

    def has(self, value: object, shape: Shape, ignored: Listed | None = None) -> bool:
        """Returns True if a value has a shape.

        Args:
            value: the value.
            shape: the shape.
            ignored: the `enum` or `const` of the shape that does not count.

        Raises:
            InvalidRegexError: A pattern cannot be compiled.
        """
        type = type_of(value)
        if not shape.types & type:
            return False
        for listed in (shape.enum, shape.const):
            if listed is not None and listed is not ignored and not is_listed(value, listed.values):
                return False
        if shape.excluded and is_listed(value, shape.excluded):
            return False
        return _PARTS[type](self, value, shape) and all(self._holds(value, tally) for tally in shape.deferred)

    # Types

    def _is_scalar(self, value: object, shape: Shape) -> bool:
        """Nothing more is said of null, true and false."""
        return True

    def _has_string(self, value: str, shape: Shape) -> bool:
        return shape.strings is None or strings.contains(shape.strings, str(value))

    def _has_number(self, value: float, shape: Shape) -> bool:
        return shape.numbers is None or numbers.contains(shape.numbers, value)

    def _has_array(self, value: Sequence[object], shape: Shape) -> bool:
        return shape.arrays is None or arrays.contains(shape.arrays, value, self.satisfies)

    def _has_object(self, value: dict[str, object], shape: Shape) -> bool:
        return shape.objects is None or objects.contains(shape.objects, value, self.satisfies)

    def _holds(self, value: object, tally: Tally) -> bool:
        found = sum(any(self._is_in(value, one) for one in group) for group in tally.groups)
        return tally.least <= found and (tally.most is None or found <= tally.most)

    def _is_in(self, value: object, alternative: Alternative) -> bool:
        return all(self.has(value, shape) for shape in alternative)

    # Combinators

    def _reference(self, value: object, schema: Schema, step: Reference) -> bool:
        return self.satisfies(value, self._reader.target(schema, step.keyword))

    def _all_of(self, value: object, schema: Schema, step: AllOf) -> bool:
        return all(self.satisfies(value, part) for part in step.parts)

    def _any_of(self, value: object, schema: Schema, step: AnyOf) -> bool:
        return any(self.satisfies(value, part) for part in step.parts)

    def _one_of(self, value: object, schema: Schema, step: OneOf) -> bool:
        return sum(self.satisfies(value, part) for part in step.parts) == 1

    def _not(self, value: object, schema: Schema, step: Not) -> bool:
        return not self.satisfies(value, step.part)

    def _if(self, value: object, schema: Schema, step: If) -> bool:
        held = self.satisfies(value, step.condition)
        return self.satisfies(value, step.then if held else step.otherwise)

    def _dependent(self, value: object, schema: Schema, step: Dependent) -> bool:
        if not isinstance(value, dict):
            return True
        return all(
            value.keys() >= set(wanted) if isinstance(wanted, tuple) else self.satisfies(value, wanted)
            for name, wanted in step.needs
            if name in value
        )

    def _unevaluated(self, value: object, schema: Schema, step: Unevaluated) -> bool:
        """Returns True if some alternative of the schema holds, which says what is evaluated."""
        return any(self._is_in(value, one) for one in self._normalizer.alternatives(schema))


_PARTS: dict[int, Callable[..., bool]] = {
    NULL: Membership._is_scalar,
    BOOLEAN: Membership._is_scalar,
    STRING: Membership._has_string,
    INTEGER: Membership._has_number,
    FRACTION: Membership._has_number,
    ARRAY: Membership._has_array,
    OBJECT: Membership._has_object,
}

_MEANINGS: dict[type, Callable[..., bool]] = {
    Reference: Membership._reference,
    AllOf: Membership._all_of,
    AnyOf: Membership._any_of,
    OneOf: Membership._one_of,
    Not: Membership._not,
    If: Membership._if,
    Dependent: Membership._dependent,
    Unevaluated: Membership._unevaluated,
}
