"""Listed: the values of `enum` and `const` that the other keywords leave."""

from __future__ import annotations

import math

from structgen.errors import InvalidRegexError
from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.documents.findings import Findings
from structgen.frontends.json_schema.documents.json_types import BOOLEAN, NULL, type_of
from structgen.frontends.json_schema.normalization.membership import Membership
from structgen.frontends.json_schema.normalization.normalizer import Normalizer
from structgen.frontends.json_schema.shapes.schema import Conjunction
from structgen.frontends.json_schema.shapes.shape import Alternative, Listed, Shape, types_of


class ListedValues:
    """Finds the values of schemas that list their values."""

    def __init__(self, normalizer: Normalizer, membership: Membership, findings: Findings) -> None:
        self._normalizer = normalizer
        self._membership = membership
        self._findings = findings
        self._checked: set[Listed] = set()

    def of(self, shapes: Alternative) -> list[object] | None:
        """The values of `enum` or `const` that have all of some shapes; None if there are no such keywords.

        Raises:
            InvalidSchemaError: A value is none that JSON has.
        """
        source = source_of(shapes)
        if source is None:
            return None
        listed = source.listed
        assert listed is not None
        self._check(listed, source)
        if len(shapes) == 1 and listed_alone(source):
            return [value for value in listed.values if type_of(value) & source.types]
        return [value for value in listed.values if all(self._has(value, shape, listed) for shape in shapes)]

    def of_schemas(self, schemas: Conjunction) -> list[object] | None:
        """The values that satisfy some schemas, if they are from a short list; None if they are not."""
        found: list[object] = []
        for shapes in self._normalizer.conjunction(schemas):
            values = self.of(shapes)
            if values is None:
                types = types_of(shapes)
                if types & ~(NULL | BOOLEAN) or any(shape.excluded for shape in shapes):
                    return None
                values = ([None] if types & NULL else []) + ([True, False] if types & BOOLEAN else [])
            found += values
        return found

    def _has(self, value: object, shape: Shape, listed: Listed) -> bool:
        try:
            return self._membership.has(value, shape, listed)
        except InvalidRegexError as error:  # the value stays, and validate() checks it
            of_value = shape.strings is not None and bool(shape.strings.patterns)
            keyword = "pattern" if of_value else "patternProperties"
            reason = f"{error.reason} at offset {error.position}"
            if strings.judged_by_re(error.pattern) is None:
                document = self._normalizer.reader.document
                raise document.invalid(shape.origin, keyword, reason) from None
            self._findings.unsupported(shape.origin, keyword, reason)
            return True

    def _check(self, listed: Listed, shape: Shape) -> None:
        """Raise where a value is none of JSON's: a dict from Python may hold anything, itself included."""
        if listed in self._checked:
            return
        self._checked.add(listed)
        for value in listed.values:
            if isinstance(value, (dict, list, float)) or type_of(value) == 0:
                reason = _why_invalid(value)
                if reason is not None:
                    document = self._normalizer.reader.document
                    raise document.invalid(shape.origin, listed.keyword, reason)


def source_of(shapes: Alternative) -> Shape | None:
    """The shape whose list counts: the first `const`, or else the first `enum`; None if there is neither."""
    for shape in shapes:
        if shape.const is not None:
            return shape
    return next((shape for shape in shapes if shape.enum is not None), None)


def listed_alone(shape: Shape) -> bool:
    """Returns True if a shape says nothing but what `type` and one list of values say."""
    is_one_list = shape.const is None or shape.enum is None
    return is_one_list and not (shape.constrained or shape.deferred)


def _why_invalid(value: object) -> str | None:
    """Why a value is none of JSON's; None if it is one."""
    around: set[int] = set()
    stack: list[tuple[object, bool]] = [(value, False)]
    while stack:
        one, is_left = stack.pop()
        if is_left:
            around.discard(id(one))
        elif isinstance(one, (dict, list, tuple)):
            if id(one) in around:
                return "a value that contains itself"
            around.add(id(one))
            stack.append((one, True))
            stack += [(inner, False) for inner in (one.values() if isinstance(one, dict) else one)]
            for name in one if isinstance(one, dict) else ():
                if not isinstance(name, str):
                    return f"object keys must be strings, not {name!r}"
        elif not type_of(one) or (isinstance(one, float) and not math.isfinite(one)):
            return f"{one!r} is no value of JSON"
    return None
