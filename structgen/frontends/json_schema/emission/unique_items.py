"""Items that all differ (`uniqueItems`): from a short list, scalars that are recorded, or values of any kind.

Items from a short list become rules that use each value once. Other scalars are recorded by their texts. The engine
compares items of any kind while they are read, where they cannot run out before there are enough of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from structgen.frontends.json_schema.documents.json_types import is_listed
from structgen.frontends.json_schema.emission.cardinality import Cardinality
from structgen.frontends.json_schema.emission.distinct_scalars import DistinctScalars, NotScalar
from structgen.frontends.json_schema.emission.item_search import Items, Sought
from structgen.frontends.json_schema.emission.listed import ListedValues
from structgen.frontends.json_schema.emission.literals import Literals
from structgen.frontends.json_schema.emission.rules import Rule, Rules
from structgen.frontends.json_schema.emission.sequences import Steps, TooManySteps, counted
from structgen.frontends.json_schema.shapes.reader import Reader
from structgen.frontends.json_schema.shapes.schema import Conjunction
from structgen.frontends.json_schema.style import Style
from structgen.grammar.rules import Choice, Permutation, Repetition, RuleExpression
from structgen.grammar.rules import Sequence as RuleSequence

NOTHING_LEFT = Choice(())
"""The values of a short list run out."""

_MOST_SETS = 8
"""Values whose sets are states of an automaton; of more, any may come in any order, but they are not counted."""

_FEW = "its items have few values, which other keywords distribute"


class UniqueItems:
    """Makes the rules of items that differ."""

    def __init__(
        self,
        rules: Rules,
        reader: Reader,
        listed: ListedValues,
        literals: Literals,
        scalars: DistinctScalars,
        cardinality: Cardinality,
        style: Style,
    ) -> None:
        self._rules = rules
        self._reader = reader
        self._listed = listed
        self._literals = literals
        self._scalars = scalars
        self._cardinality = cardinality
        self._format = style.format

    # Short lists

    def from_list(self, items: Items) -> Rule:
        """Items from a short list; None if they are not from one, `NOTHING_LEFT` if they run out."""
        listed = self._lists(items)
        if listed is None:
            return None
        spelled = [(value, self._literals.compound(value)) for value in _each_once(listed)]
        values = [value for value, rule in spelled if rule is not None]
        rules = [self._format.item(rule) for _, rule in spelled if rule is not None]
        if items.prefix:
            allowed = [_bits(values, found) for found in listed]
            try:
                return self._by_sets(rules, allowed, items)
            except TooManySteps:
                return None
        return self._in_any_order(rules, items)

    def _lists(self, items: Items) -> list[list[object]] | None:
        """The values at each place; None if one is not from a list."""
        listed: list[list[object]] = []
        for schemas in (*items.prefix, items.rest) if items.has_rest else items.prefix:
            found = self._listed.of_schemas(schemas)
            if found is None:
                return None
            listed.append(found)
        return listed

    def _in_any_order(self, rules: list[RuleExpression], items: Items) -> Rule:
        """Items of one list; the automaton of sets only where they must be counted."""
        least, most, separator = items.least, items.most, self._format.separator
        if least == 0 and (most is None or most >= len(rules)):
            return Permutation(tuple(Repetition(rule, 0, 1) for rule in rules), separator)
        if least == len(rules):
            return Permutation(tuple(rules), separator)
        if len(rules) <= _MOST_SETS:
            return self._by_sets(rules, [(1 << len(rules)) - 1], items)
        if least > 1 or (most is not None and most < len(rules)):
            return None
        return self._one_or_more(rules)

    def _one_or_more(self, rules: list[RuleExpression]) -> Choice:
        """One of some items first, then any of the others."""
        more = [Repetition(RuleSequence((self._format.separator, rule)), 0, 1) for rule in rules]
        return Choice(
            tuple(
                RuleSequence((rule, Permutation((*more[:index], *more[index + 1 :]))))
                for index, rule in enumerate(rules)
            )
        )

    def _by_sets(self, rules: list[RuleExpression], allowed: list[int], items: Items) -> Rule:
        """Items that all differ; `allowed`: bits of those that may come first, second... and of all others."""

        def steps(used: int) -> Steps[int]:
            size = used.bit_count()
            following: list[tuple[RuleExpression, int]] = []
            if items.most is None or size < items.most:
                left = allowed[min(size, len(allowed) - 1)] & ~used
                following = [(rule, used | 1 << bit) for bit, rule in enumerate(rules) if left >> bit & 1]
            return Steps(size >= items.least, following)

        return counted(self._rules, self._format.separator, 0, steps) or NOTHING_LEFT

    # Scalars

    def scalars(self, items: Items, sought: Sequence[Sought]) -> ScalarItems:
        """Items that are scalars, recorded.

        Raises:
            NotScalar: Some items are no scalars, or there are too few of them to be sure that they do not run out.
        """
        found = [self._scalars.of(one) for one in items.prefix]
        if any(one.count is not None and one.count <= index for index, one in enumerate(found)):
            raise NotScalar("its items have too few values at some places")
        rest = self._scalars.of(items.rest) if items.has_rest else None
        most = _most_of(items, None if rest is None else rest.count, is_sought=bool(sought))
        if most is None or most >= items.least:
            self._check_sought(items, sought)
        rules = [self._format.item(one.rule) for one in found if one.rule is not None]
        more = None if rest is None or rest.rule is None else self._format.item(rest.rule)
        return ScalarItems(rules, more, Items(items.prefix, items.rest, items.least, most))

    def scalar(self, schemas: Conjunction) -> Rule:
        """One scalar item, recorded."""
        return self._scalars.of(schemas).rule

    def _check_sought(self, items: Items, sought: Sequence[Sought]) -> None:
        """Raise `NotScalar` if there may be fewer distinct items than it takes to find those that are sought."""
        for schemas in (*items.prefix, items.rest) if sought else ():
            for one in sought:
                count = self._scalars.of((*schemas, one.schema)).count
                is_few = count is not None and (one.most is not None or count < one.least or len(sought) > 1)
                if one.most is not None:
                    others = self._scalars.of((*schemas, self._reader.complement(one.schema)))
                    is_few = is_few or others.count is not None
                if is_few:
                    raise NotScalar(_FEW)

    # Items of any kind

    def could_run_out(self, items: Items, sought: Sequence[Sought], needed: int) -> bool:
        """Returns True if there may be fewer distinct items than there must be.

        Items that need not be there do not matter: the engine sees whether one that differs is left.

        Args:
            items: the items.
            sought: those that must exist.
            needed: how many items there must be, by `minItems` and `minContains`.
        """
        if any(one.most is not None for one in sought):  # items that are not sought may have to come, too
            return True
        has = self._cardinality.has
        if len(sought) > 1 or (sought and needed > 1):
            needed += len(sought)
            both = [(*schemas, one.schema) for one in sought for schemas in (*items.prefix, items.rest)]
            if not all(has(schemas, needed) for schemas in both):
                return True
        return not self._has_at_places(items, needed)

    def _has_at_places(self, items: Items, needed: int) -> bool:
        """Returns True if each of so many places surely has values that differ from those before."""
        has = self._cardinality.has
        if not all(has(schemas, index) for index, schemas in enumerate(items.prefix[:needed], 1)):
            return False
        return needed <= len(items.prefix) or has(items.rest, needed)

    def have_room(self, items: Items, *, has_rest: bool) -> bool:
        """Returns True if items that differ never run out, whatever came before."""
        places = [*items.prefix, items.rest] if has_rest else items.prefix
        return all(self._cardinality.has_room(schemas) for schemas in places)


class ScalarItems:
    """Scalar items that differ.

    Attributes:
        rules: of the prefix.
        rest: the rule of the other items; None if there are none.
        items: their bounds.
    """

    def __init__(self, rules: list[RuleExpression], rest: Rule, items: Items) -> None:
        self.rules = rules
        self.rest = rest
        self.items = items


def _each_once(lists: Iterable[Iterable[object]]) -> list[object]:
    """The values of some lists, equal ones once."""
    found: list[object] = []
    for value in itertools.chain.from_iterable(lists):
        if not is_listed(value, found):
            found.append(value)
    return found


def _most_of(items: Items, count: int | None, *, is_sought: bool) -> int | None:
    """How many items there may be, where those after the prefix have so many values (None: any number).

    Raises:
        NotScalar: They could run out.
    """
    most = items.most
    if count is None:
        return most
    if is_sought or (items.prefix and (most is None or most > count)):
        raise NotScalar(_FEW)
    return count if most is None else min(most, count)


def _bits(values: list[object], some: list[object]) -> int:
    return sum(1 << bit for bit, value in enumerate(values) if is_listed(value, some))
