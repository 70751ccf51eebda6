"""Arrays: their shapes become rules.

An item of a tuple can be missing only where all after it are, so optional items nest. Where items must differ or exist
(`uniqueItems`, `contains`), an automaton over the items replaces the plain sequence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

from structgen.formats.format import Format
from structgen.frontends.json_schema.documents.findings import Findings
from structgen.frontends.json_schema.emission.bounds import Limits, tightest
from structgen.frontends.json_schema.emission.distinct_scalars import NotScalar
from structgen.frontends.json_schema.emission.interface import Values
from structgen.frontends.json_schema.emission.item_search import Items, ItemSearch, sought_in
from structgen.frontends.json_schema.emission.rules import Rule, Rules
from structgen.frontends.json_schema.emission.sequences import TooManySteps, counted
from structgen.frontends.json_schema.emission.unique_items import NOTHING_LEFT, UniqueItems
from structgen.frontends.json_schema.shapes.arrays import items_at, rest_of
from structgen.frontends.json_schema.shapes.reader import Reader
from structgen.frontends.json_schema.shapes.schema import Conjunction
from structgen.frontends.json_schema.shapes.shape import Alternative, arrays_of
from structgen.frontends.json_schema.style import Style
from structgen.grammar.rules import Repetition, RuleExpression, Terminal
from structgen.grammar.rules import Sequence as RuleSequence

_DEEP = 32
"""Items of a tuple that nest in one rule before the rest becomes a rule of its own."""


class _Plain(NamedTuple):
    """Items without regard to `uniqueItems` and `contains`.

    Attributes:
        items: what they must satisfy, as far as they are possible.
        rules: of the prefix.
        rest: the rule of the others; None if there are none.
    """

    items: Items
    rules: list[RuleExpression]
    rest: Rule

    @property
    def possible(self) -> Items:
        """The items without the part of the prefix that is not possible."""
        if len(self.items.prefix) == len(self.rules):
            return self.items
        return self.items._replace(prefix=self.items.prefix[: len(self.rules)])


class ArrayRules:
    """Makes the rules of arrays."""

    def __init__(
        self,
        values: Values,
        rules: Rules,
        reader: Reader,
        unique: Callable[[], UniqueItems],
        findings: Findings,
        style: Style,
    ) -> None:
        self._values = values
        self._rules = rules
        self._reader = reader
        self._make_unique = unique
        self._findings = findings
        self._format = style.format

    @cached_property
    def _unique(self) -> UniqueItems:
        return self._make_unique()

    def rule(self, shapes: Alternative) -> Rule:
        """The arrays that have some shapes; None if there are none."""
        plain = self._plain(shapes)
        if plain is None:
            return None
        if True in [shape.unique for shape in arrays_of(shapes)] and plain.items.most != 1:
            return self._differing(shapes, plain)
        return self._made(shapes, plain, self._format)

    def _plain(self, shapes: Alternative) -> _Plain | None:
        limits = [
            Limits(shape.origin, shape.arrays.min_items, shape.arrays.max_items)
            for shape in shapes
            if shape.arrays is not None
        ]
        bounds = tightest(self._findings, limits, "minItems", "maxItems", shapes[-1].origin)
        if bounds is None:
            return None
        found = arrays_of(shapes)
        least, most = bounds
        prefix = tuple([items_at(found, index) for index in range(max([len(one.prefix) for one in found]))])
        rules: list[RuleExpression] = []
        for index, schemas in enumerate(prefix):
            rule = None if most is not None and index >= most else self._values.value(schemas)
            if rule is None:
                most = index
                break
            rules.append(self._format.item(rule))
        rest, others = rest_of(found), None
        if most is None or most > len(rules):
            others = self._values.value(rest)
            if others is None:
                most = len(rules)
        if most is not None and most < least:
            reason = f"minItems {least}, and no more than {most} items are possible"
            self._findings.empty(shapes[-1].origin, None, reason)
            return None
        more = None if others is None else self._format.item(others)
        return _Plain(Items(prefix, rest, least, most), rules, more)

    def _made(self, shapes: Alternative, plain: _Plain, form: Format) -> Rule:
        """The array of some items, laid out in a format."""
        items = plain.possible
        if True in [shape.seeks for shape in arrays_of(shapes)]:
            found = self._search(shapes, items, self._values.value, form.separator)
            return None if found is None else form.array(found)
        if items.most == 0:
            return form.array(None)
        return form.array(self._listed(form.separator, plain.rules, plain.rest, items))

    def _differing(self, shapes: Alternative, plain: _Plain) -> Rule:
        """The array of items that differ."""
        form, last = self._format, shapes[-1].origin
        found = arrays_of(shapes)
        sought = sought_in(found)
        if not sought:
            inner = self._unique.from_list(plain.items)
            if inner == NOTHING_LEFT:
                self._findings.empty(last, None, f"there are no {plain.items.least} items that differ")
                return None
            if inner is not None:
                return form.array(inner)
        items = plain.possible
        try:
            return self._scalars(shapes, items)
        except NotScalar as reason:
            why = None if form.compares_items else str(reason)
        needed = max(items.least, *(one.min_contains for one in found if one.contains is not None), 0)
        if why is None and self._unique.could_run_out(items, sought, needed):
            why = "there may be fewer distinct items than there must be"
        if why is None:
            many = not sought and self._unique.have_room(items, has_rest=plain.rest is not None)
            form = form.distinct(many=many)
        else:
            node = next(one for one in shapes if one.arrays is not None and one.arrays.unique)
            self._findings.unsupported(node.origin, "uniqueItems", why)
        return self._made(shapes, plain, form)

    def _scalars(self, shapes: Alternative, items: Items) -> Rule:
        """The array of scalars that differ.

        Raises:
            NotScalar: Its items are no scalars, or too few.
        """
        sought = sought_in(arrays_of(shapes))
        found = self._unique.scalars(items, sought)
        if found.items.most is not None and found.items.most < items.least:
            reason = f"there are no {items.least} items that differ"
            self._findings.empty(shapes[-1].origin, "minItems", reason)
            return None
        form = self._format
        if sought:
            inner = self._search(shapes, found.items, self._unique.scalar, form.separator)
            return None if inner is None else form.array(inner)
        if found.items.most == 0:
            return form.array(None)
        return form.array(self._listed(form.separator, found.rules, found.rest, found.items))

    def _search(
        self,
        shapes: Alternative,
        items: Items,
        value: Callable[[Conjunction], Rule],
        separator: Terminal,
    ) -> Rule:
        """Items of which some must exist."""

        def item(schemas: Conjunction) -> Rule:
            rule = value(schemas)
            return None if rule is None else self._format.item(rule)

        last = shapes[-1]
        search = ItemSearch(items, sought_in(arrays_of(shapes)), item, self._reader.complement)
        try:
            found = counted(self._rules, separator, search.start, search.steps)
        except TooManySteps:
            self._findings.unsupported(last.origin, "contains", "the items can be counted in too many ways")
            return RuleSequence((Repetition(self._format.item(self._values.any())),), separator)
        if found is None:
            is_contained = last.arrays is not None and last.arrays.contains is not None
            reason = "the items that must be there are not possible together with the rest"
            self._findings.empty(last.origin, "contains" if is_contained else None, reason)
        return found

    def _listed(
        self, separator: Terminal, rules: Sequence[RuleExpression], rest: Rule, items: Items
    ) -> RuleExpression:
        """The first items, then the others, as many as there must be."""
        least, most = items.least, items.most
        if not rules:
            assert rest is not None
            return RuleSequence((Repetition(rest, least, most),), separator)
        last_first: list[RuleExpression] = []
        left = None if most is None else most - len(rules)
        if rest is not None and (left is None or left > 0):
            more = RuleSequence((separator, rest))
            last_first = [Repetition(more, max(least - len(rules), 0), left)]
        for index in range(len(rules) - 1, -1, -1):
            last_first += [rules[index]] if index == 0 else [rules[index], separator]
            if index >= least:
                optional: RuleExpression = Repetition(RuleSequence(tuple(reversed(last_first))), 0, 1)
                if index % _DEEP == _DEEP - 1:
                    optional = self._rules.add("items", optional)
                last_first = [optional]
        return last_first[0] if len(last_first) == 1 else RuleSequence(tuple(reversed(last_first)))
