"""Normalizer: schemas with combinators become alternatives of shapes.

An alternative is a tuple of shapes that must all hold; the combinators are spent. `$ref` and `allOf` add to every
alternative, `anyOf` multiplies them. What that repeats is compiled once all the same: the schemas of properties and
items are references, compared by identity.

Negation (`not`, the other branches of `oneOf`, `if`) is pushed inwards (`complements.py`): a plain schema becomes
shapes again, with complements in the place of the schemas of properties and items. So the complement of a recursive
schema is a recursive schema.

Alternatives that contradict themselves are dropped as soon as that is seen (`emptiness.py`). That keeps `oneOf`
small, since branches that exclude each other need no negation at all. Where there are still more alternatives than it
makes sense to write out, they are left open: a tally says how many of them hold (`tallies.py`), and
`emission/deferred.py` decides that while a text is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from structgen.frontends.json_schema.documents.findings import Findings
from structgen.frontends.json_schema.normalization.combine import combine, exclude_each_other
from structgen.frontends.json_schema.normalization.complements import of_combinator, of_shape
from structgen.frontends.json_schema.normalization.emptiness import Emptiness, simple_complement
from structgen.frontends.json_schema.normalization.products import Products, TooManyAlternatives
from structgen.frontends.json_schema.normalization.tallies import CONTAINERS, leave_open, tallies_of, tally
from structgen.frontends.json_schema.normalization.unevaluated import unevaluated
from structgen.frontends.json_schema.shapes.combinators import AllOf, Combinator, Unevaluated
from structgen.frontends.json_schema.shapes.reader import Reader, Reading
from structgen.frontends.json_schema.shapes.schema import NOTHING, Conjunction, Constant, Schema
from structgen.frontends.json_schema.shapes.shape import Alternative, Shape, join

CIRCLE = "circular reference: the schema leads back to itself before any input is consumed"
TOO_MANY = "too many combinations of anyOf, oneOf, not and if; simplify them"


class Normalizer:
    """Finds the alternatives of schemas, and those of their complements.

    Attributes:
        reader: reads the schemas.
        products: makes products of alternatives.
        findings: collects what is not supported.
    """

    def __init__(self, reader: Reader, findings: Findings) -> None:
        self.reader = reader
        self.findings = findings
        self.products = Products(Emptiness(reader), reader)
        self._open: set[tuple[Schema, bool]] = set()
        self._alternatives: dict[tuple[Schema, int], list[Alternative]] = {}
        self._complements: dict[tuple[Schema, int], list[Alternative]] = {}

    def conjunction(self, schemas: Conjunction) -> list[Alternative]:
        """The alternatives of a conjunction; none if its schemas contradict each other.

        Raises:
            TooManyAlternatives: There are too many, and they cannot be left open.
        """
        found: list[Alternative] = [()]
        for schema in schemas:
            options = self.alternatives(schema)
            try:
                found = self.products.product(found, options)
            except TooManyAlternatives:
                found = self._open_one(found, schema, options)
        return found

    def exclude_each_other(self, parts: Sequence[Schema]) -> bool:
        """Returns True if no value satisfies two of some schemas. False means unknown.

        Raises:
            TooManyAlternatives: They have too many alternatives to compare.
        """
        return exclude_each_other(self, parts)

    # Alternatives

    def alternatives(self, schema: Schema) -> list[Alternative]:
        """The alternatives of one schema.

        Raises:
            TooManyAlternatives: There are too many, and they cannot be left open.
        """
        if isinstance(schema, Constant):
            if schema is NOTHING:
                self.findings.empty(False, None, "false allows nothing")
            return [()] if schema.allows else []
        reading = self.reader.read(schema)
        if reading.is_plain:
            return [()] if self._allows_anything(reading.shape) else [(_known(reading.shape),)]
        key = schema, self.products.types
        known = self._alternatives.get(key)
        if known is None:
            self.products.check_work()
            known = self._alternatives[key] = self._find_alternatives(schema, reading)
        return known

    def _find_alternatives(self, schema: Schema, reading: Reading) -> list[Alternative]:
        with _Entered(self._open, self.reader, schema, negated=False):
            found = self._evaluated(schema, reading)
            for step in reading.steps:
                if isinstance(step, Unevaluated):
                    found = [join(one, unevaluated(self.reader, one, step, schema.origin)) for one in found]
            return self.products.distinct([one for one in found if not self.products.is_empty(one)])

    def _evaluated(self, schema: Schema, reading: Reading) -> list[Alternative]:
        """The alternatives of a schema without `unevaluatedProperties` and `unevaluatedItems`."""
        found: list[Alternative] = [()]
        for step in reading.steps:
            if isinstance(step, Shape):
                if not self._allows_anything(step):
                    found = self.products.product(found, [(step,)])
            elif not isinstance(step, Unevaluated):
                try:
                    found = self._combine_or_leave_open(found, schema, step)
                except TooManyAlternatives:
                    self.findings.unsupported(schema.origin, step.keyword, TOO_MANY)
        return found

    def _allows_anything(self, shape: Shape | None) -> bool:
        """Returns True if a shape constrains no value of the types of interest."""
        types = self.products.types
        return shape is None or (not types & CONTAINERS and shape.allows_all_of(types))

    # Complements

    def complements(self, schema: Schema) -> list[Alternative]:
        """The alternatives of all that a schema does not allow.

        Raises:
            TooManyAlternatives: There are too many, and they cannot be left open.
        """
        if isinstance(schema, Constant):
            return [] if schema.allows else [()]
        key = schema, self.products.types
        known = self._complements.get(key)
        if known is None:
            self.products.check_work()
            closed = partial(self._find_complements, schema)
            try:
                known = closed()
            except TooManyAlternatives:
                none_holds = tally([self.alternatives(schema)], 0, 0)
                known = leave_open(self, [()], [none_holds], schema.origin, closed)
            self._complements[key] = known
        return known

    def _find_complements(self, schema: Schema) -> list[Alternative]:
        with _Entered(self._open, self.reader, schema, negated=True):
            simple = simple_complement(self.reader, schema)
            if simple is not None:
                return [(simple,)]
            reading = self.reader.read(schema)
            if any(isinstance(step, Unevaluated) for step in reading.steps):
                return self._complements_with_unevaluated(schema, reading)
            found = [] if reading.shape is None else of_shape(self, reading.shape)
            for step in reading.steps:
                if not isinstance(step, Shape):
                    found = found + of_combinator(self, schema, step)
            found = self.products.distinct(found)
            self.products.check(found)
            return found

    def _complements_with_unevaluated(self, schema: Schema, reading: Reading) -> list[Alternative]:
        """None of the alternatives: what they evaluate differs, so each is negated by itself."""
        found: list[Alternative] = [()]
        for one in self._evaluated(schema, reading):
            parts = list(one)
            for step in reading.steps:
                if isinstance(step, Unevaluated):
                    parts += unevaluated(self.reader, one, step, schema.origin)
            found = self.products.product(found, [other for part in parts for other in of_shape(self, part)])
        return found

    # More alternatives than it makes sense to write out

    def _combine_or_leave_open(
        self, found: list[Alternative], schema: Schema, step: Combinator
    ) -> list[Alternative]:
        try:
            return combine(self, found, schema, step)
        except TooManyAlternatives:
            if isinstance(step, AllOf):
                return self._all_or_leave_open(found, step)
            tallies = list(tallies_of(self, schema, step))
            return leave_open(self, found, tallies, schema.origin, partial(combine, self, [()], schema, step))

    def _all_or_leave_open(self, found: list[Alternative], step: AllOf) -> list[Alternative]:
        for part in step.parts:
            options = self.alternatives(part)
            is_one = len(options) < 2
            found = self.products.product(found, options) if is_one else self._open_one(found, part, options)
        return found

    def _open_one(
        self, found: list[Alternative], schema: Schema, options: list[Alternative]
    ) -> list[Alternative]:
        """Alternatives together with a schema, of which it is left open which of its own hold."""
        closed = partial(self.alternatives, schema)
        return leave_open(self, found, [tally([options], 1, None)], schema.origin, closed)


def _known(shape: Shape | None) -> Shape:
    assert shape is not None
    return shape


class _Entered:
    """Notes that a schema is being normalized: meeting it again before consuming input is an endless loop."""

    def __init__(
        self, opened: set[tuple[Schema, bool]], reader: Reader, schema: Schema, *, negated: bool
    ) -> None:
        self._opened = opened
        self._reader = reader
        self._key = schema, negated

    def __enter__(self) -> None:
        if self._key in self._opened:
            raise self._reader.document.invalid(self._key[0].origin, None, CIRCLE)
        self._opened.add(self._key)

    def __exit__(self, *_: object) -> None:
        self._opened.discard(self._key)
