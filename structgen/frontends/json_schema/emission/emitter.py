"""Emitter: schemas become rules.

Plain schemas are compiled as they stand; the others are first brought into alternatives of shapes
(`normalization/normalizer.py`), which are compiled at once: a tuple of shapes is one conjunction. What each type of
value needs is in a module of its own.

What refers to itself becomes a rule of its own; so does what is nested deeply, since no stack is endless. Results are
kept for each schema, and small things (a string, an integer) are the same objects in every grammar.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cached_property

from structgen.frontends.json_schema import numbers
from structgen.frontends.json_schema.documents.findings import Findings
from structgen.frontends.json_schema.documents.json_types import (
    ANY_TYPE,
    ARRAY,
    BOOLEAN,
    FRACTION,
    INTEGER,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
)
from structgen.frontends.json_schema.documents.keywords import COMBINATORS
from structgen.frontends.json_schema.emission.arrays import ArrayRules
from structgen.frontends.json_schema.emission.cardinality import Cardinality
from structgen.frontends.json_schema.emission.deferred import DeferredRules
from structgen.frontends.json_schema.emission.distinct_scalars import DistinctScalars
from structgen.frontends.json_schema.emission.formula_automaton import CellBudget, Cells
from structgen.frontends.json_schema.emission.listed import ListedValues
from structgen.frontends.json_schema.emission.literals import Literals, TooManySpellings
from structgen.frontends.json_schema.emission.numbers import NumberRules
from structgen.frontends.json_schema.emission.objects import ObjectRules
from structgen.frontends.json_schema.emission.rules import Rule, Rules, choice
from structgen.frontends.json_schema.emission.sequences import ANY_ARRAY, ANY_OBJECT, any_rules
from structgen.frontends.json_schema.emission.strings import StringRules
from structgen.frontends.json_schema.emission.unique_items import UniqueItems
from structgen.frontends.json_schema.normalization.membership import Membership
from structgen.frontends.json_schema.normalization.normalizer import CIRCLE, TOO_MANY, Normalizer
from structgen.frontends.json_schema.normalization.products import TooManyAlternatives
from structgen.frontends.json_schema.shapes.combinators import AllOf, AnyOf, OneOf, Reference, Step
from structgen.frontends.json_schema.shapes.reader import Reader
from structgen.frontends.json_schema.shapes.schema import ANYTHING, NOTHING, Conjunction, Schema
from structgen.frontends.json_schema.shapes.shape import Alternative, are_deferred, constrained_by, types_of
from structgen.frontends.json_schema.style import Style
from structgen.grammar import rules as grammar
from structgen.grammar.rules import RuleExpression, Terminal


class Emitter:
    """Makes the rules of one grammar.

    Attributes:
        rules: the rules made so far.
    """

    def __init__(self, reader: Reader, normalizer: Normalizer, findings: Findings, style: Style) -> None:
        self.rules = Rules()
        self._reader = reader
        self._normalizer = normalizer
        self._findings = findings
        self._style = style
        self._rule_of: dict[Schema, Rule] = {}
        self._rule_of_type: dict[int, Rule] = {}
        self._shared: dict[Hashable, Rule] = {}
        self._open: dict[Hashable, tuple[str | None, int]] = {}
        self._any: grammar.Reference | None = None
        self._membership = Membership(normalizer)
        self._listed = ListedValues(normalizer, self._membership, findings)
        self._literals = Literals(self._listed, findings, style)
        self._strings = StringRules(normalizer, self._listed, findings, style)
        self._numbers = NumberRules(findings, exact=style.exact)

    @cached_property
    def _objects(self) -> ObjectRules:
        findings, style = self._findings, self._style
        return ObjectRules(self, self.rules, self._strings, self._membership, findings, style)

    @cached_property
    def _arrays(self) -> ArrayRules:
        return ArrayRules(self, self.rules, self._reader, self._unique_items, self._findings, self._style)

    def _unique_items(self) -> UniqueItems:
        normalizer, listed, literals, style = self._normalizer, self._listed, self._literals, self._style
        scalars = DistinctScalars(normalizer, listed, literals, self._strings, self._numbers, style)
        cardinality = Cardinality(self, normalizer, listed, literals, scalars, style)
        return UniqueItems(self.rules, self._reader, listed, literals, scalars, cardinality, style)

    @cached_property
    def _deferred(self) -> DeferredRules:
        normalizer, findings, style = self._normalizer, self._findings, self._style
        cells = Cells(self, normalizer, self._membership, self._listed, self._strings, CellBudget())
        return DeferredRules(self, self.rules, self._reader, cells, self._strings, findings, style)

    def close(self) -> None:
        """Let go of what refers to the emitter: memory then returns at once, not when Python's collector runs."""
        for name in ("_objects", "_arrays", "_deferred"):
            self.__dict__.pop(name, None)

    # Schemas

    def value(self, schemas: Conjunction) -> Rule:
        """The rule of the values that satisfy some schemas; None if there are none."""
        if len(schemas) == 1:
            return self._value(schemas[0])
        distinct = tuple(dict.fromkeys([schema for schema in schemas if schema is not ANYTHING]))
        if len(distinct) < 2:
            return self._value(distinct[0]) if distinct else self.any()
        return self._share(distinct, lambda: self._joined(distinct), None, distinct[0])

    def _value(self, schema: Schema) -> Rule:
        if schema in self._rule_of:
            return self._rule_of[schema]
        type = self._reader.sole_type(schema)
        if type in self._rule_of_type:
            return self._rule_of_type[type]
        if type & ~NULL:  # not every format has null
            rule = self._rule_of_type[type] = self._of_type(type, (), is_free=True)
            return rule
        if schema is ANYTHING:
            return self.any()
        if schema is NOTHING:
            self._findings.empty(False, None, "false allows nothing")
            return None
        before = self._findings.count
        reading = self._reader.read(schema)
        if reading.is_plain:
            rule = self.plain(() if reading.shape is None else (reading.shape,))
        else:
            rule = self._combined(schema, reading.steps)
        if rule is None:
            self._findings.set_cause(schema, before)
        self._rule_of[schema] = rule
        return rule

    def _reference(self, schema: Schema, keyword: str) -> Rule:
        """The rule of the values that the target of a reference allows."""
        target, name = self._reader.named_target(schema, keyword)
        rule = self._share(target, lambda: self._value(target), name, target)
        if rule is None:
            self._findings.share_cause(schema, target)
        return rule

    def _share(self, key: Hashable, make: Callable[[], Rule], name: str | None, schema: Schema) -> Rule:
        """A rule that may need itself: made once, and referred to meanwhile and afterwards."""
        if key in self._shared:
            return self._shared[key]
        if key in self._open:
            known, depth = self._open[key]
            if depth == self.rules.depth:
                raise self._reader.document.invalid(schema.origin, None, CIRCLE)
            if known is None:
                known = self.rules.new_name(name)
                self._open[key] = known, depth
            return grammar.Reference(known)
        self._open[key] = None, self.rules.depth
        rule: Rule = None
        try:
            rule = make()
        finally:
            used, _ = self._open.pop(key)
            if rule is None and used is not None:
                self.rules.by_name[used] = grammar.Choice(())
        if rule is not None and (used is not None or not isinstance(rule, (Terminal, grammar.Reference))):
            used = used or self.rules.new_name(name)
            self.rules.by_name[used] = rule
            rule = grammar.Reference(used)
        self._shared[key] = rule
        return rule

    def any(self) -> RuleExpression:
        """The rule of any JSON value."""
        if self._any is None:
            self.rules.by_name.update(any_rules(self._style))
            self._any = grammar.Reference("any")
        return self._any

    # Combinators

    def _combined(self, schema: Schema, steps: Sequence[Step]) -> Rule:
        if len(steps) == 1:
            (step,) = steps
            if isinstance(step, Reference) and step.keyword == "$ref":
                return self._reference(schema, step.keyword)
            if isinstance(step, (AnyOf, AllOf, OneOf)):
                if len(step.parts) == 1:
                    return self._value(step.parts[0])
                is_any = isinstance(step, AnyOf)
                if is_any or (isinstance(step, OneOf) and self._exclude_each_other(step.parts)):
                    return choice([self._value(part) for part in step.parts])
        return self._share((schema,), lambda: self._joined((schema,)), None, schema)

    def _exclude_each_other(self, parts: tuple[Schema, ...]) -> bool:
        """Returns True if at most one branch of `oneOf` can hold, so that it is the same as `anyOf`."""
        try:
            return self._normalizer.exclude_each_other(parts)
        except TooManyAlternatives:
            return False

    def _joined(self, schemas: Conjunction) -> Rule:
        try:
            options = self._normalizer.conjunction(schemas)
        except TooManyAlternatives:
            self._findings.unsupported(schemas[0].origin, None, TOO_MANY)
            return self.any()
        if not options:
            origin = schemas[0].origin
            keywords = origin if isinstance(origin, dict) and len(schemas) == 1 else ()
            keyword = next((one for one in keywords if one in COMBINATORS), None)
            self._findings.empty(origin, keyword, "what is required contradicts itself")
        return choice([self.plain(option) for option in options])

    # Shapes

    def plain(self, shapes: Alternative) -> Rule:
        """The rule of the values that have some shapes; None if there are none."""
        types = types_of(shapes)
        for shape in shapes:
            if shape.listed is not None:
                return self._of_values(shapes)
        if not types:
            self._findings.empty(shapes[0].origin, "type", "no type is allowed by all that is required")
            return None
        constrained = constrained_by(shapes)
        if types & (types - 1) == 0 or types == NUMBER:
            return self._of_type(types, shapes, is_free=not constrained & types)
        if types == ANY_TYPE and not constrained:
            return self.any()
        each = [type for type in (STRING, types & NUMBER, BOOLEAN, NULL, OBJECT, ARRAY) if type & types]
        return choice([self._of_type(type, shapes, is_free=not constrained & type) for type in each])

    def _of_values(self, shapes: Alternative) -> Rule:
        try:
            return self._literals.rule(shapes)
        except TooManySpellings:
            return self.any()

    def _of_type(self, type: int, shapes: Alternative, *, is_free: bool) -> Rule:
        """The rule of the values of one type that have some shapes; `is_free`: they say nothing of the type."""
        if type & (OBJECT | ARRAY):
            return self._any_container(type) if is_free else self._container(type, shapes)
        if type == STRING:
            return self._style.string if is_free else self._strings.rule(shapes)
        if type & NUMBER:
            return self._of_numbers(type, shapes, is_free=is_free)
        return self._literals.few(shapes, type)

    def _of_numbers(self, type: int, shapes: Alternative, *, is_free: bool) -> Rule:
        is_spelled = type == NUMBER or (type == FRACTION and not self._style.exact)
        if is_free and is_spelled:
            return self._style.number if type & INTEGER else numbers.FRACTIONAL
        return self._numbers.rule(shapes, type)

    def _any_container(self, type: int) -> Rule:
        self.any()
        return ANY_OBJECT if type == OBJECT else ANY_ARRAY

    def _container(self, type: int, shapes: Alternative) -> Rule:
        self.rules.depth += 1
        try:
            if are_deferred(shapes):
                rule = self._deferred.rule(shapes, type)
            else:  # few frames for each level of nesting, as the stack bounds it
                rule = (self._objects if type == OBJECT else self._arrays).rule(shapes)
        finally:
            self.rules.depth -= 1
        return None if rule is None else self.rules.nested(rule)
