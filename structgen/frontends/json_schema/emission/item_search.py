"""Arrays in which some items must exist: an automaton counts the items that satisfy what is sought."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from structgen.frontends.json_schema.emission.rules import Rule
from structgen.frontends.json_schema.emission.sequences import Steps, TooManySteps
from structgen.frontends.json_schema.shapes.arrays import ArrayShape
from structgen.frontends.json_schema.shapes.schema import Conjunction, Schema
from structgen.grammar.rules import RuleExpression

_MOST_SOUGHT = 10
"""Things that one item may be or not be, each with each."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Items that must exist.

    Attributes:
        start: from which index on they count.
        schema: what they satisfy.
        least: how many, at least.
        most: how many, at most; None if there is no bound.
    """

    start: int
    schema: Schema
    least: int
    most: int | None

    def is_open(self, found: int) -> bool:
        """Returns True if it still matters whether an item satisfies the schema, after so many that do."""
        return self.most is not None or found < self.least


def sought_in(shapes: Sequence[ArrayShape]) -> list[Sought]:
    """The items that must exist in arrays that have all of some shapes."""
    found: list[Sought] = []
    for shape in shapes:
        found += [Sought(one.start, one.schema, 1, None) for one in shape.has_items]
        if shape.contains is not None:
            found.append(Sought(0, shape.contains, shape.min_contains, shape.max_contains))
    return found


class Seen(NamedTuple):
    """A state of the search.

    Attributes:
        at: the index of the next item, as far as that matters.
        found: for each thing sought, how many items were found.
    """

    at: int
    found: tuple[int, ...]


class ItemSearch:
    """Searches the items of arrays.

    Attributes:
        start: the state before any item.
    """

    def __init__(
        self,
        items: Items,
        sought: Sequence[Sought],
        rule: Callable[[Conjunction], Rule],
        complement: Callable[[Schema], Schema],
    ) -> None:
        self.start = Seen(0, (0,) * len(sought))
        self._items = items
        self._sought = sought
        self._rule = rule
        self._complement = complement

    def steps(self, state: Seen) -> Steps[Seen]:
        """What may come in a state.

        Raises:
            TooManySteps: An item may satisfy too many things, or not.
        """
        index, found = state
        ends = index >= self._items.least and all(
            one.least <= count for count, one in zip(found, self._sought, strict=True)
        )
        items: list[tuple[RuleExpression, Seen]] = []
        if self._items.most is not None and index >= self._items.most:
            return Steps(ends, items)
        if sum(one.is_open(count) for count, one in zip(found, self._sought, strict=True)) > _MOST_SOUGHT:
            raise TooManySteps
        last = max(self._items.least, len(self._items.prefix), *(one.start for one in self._sought))
        after = index + 1 if self._items.most is not None else min(index + 1, last)
        self._choose(items, self._items.at(index), index, Seen(after, ()), found)
        return Steps(ends, items)

    def _choose(
        self,
        items: list[tuple[RuleExpression, Seen]],
        schemas: Conjunction,
        index: int,
        chosen: Seen,
        found: tuple[int, ...],
    ) -> None:
        """Add the items that are, or are not, each of the things sought; `chosen` are the counts decided so far."""
        which = len(chosen.found)
        if which == len(self._sought):
            rule = self._rule(schemas)
            if rule is not None:
                items.append((rule, chosen))
            return
        one, count = self._sought[which], found[which]
        if index < one.start or not one.is_open(count):
            self._choose(items, schemas, index, _with(chosen, count), found)
            return
        if one.most is None or count < one.most:
            self._choose(items, (*schemas, one.schema), index, _with(chosen, count + 1), found)
        other = schemas if one.most is None else (*schemas, self._complement(one.schema))
        self._choose(items, other, index, _with(chosen, count), found)


def _with(seen: Seen, count: int) -> Seen:
    return Seen(seen.at, (*seen.found, count))


class Items(NamedTuple):
    """The items of an array: what they must satisfy, and how many there are.

    Attributes:
        prefix: what the first items must satisfy, one by one.
        rest: what the other items must satisfy.
        least: items, at least.
        most: items, at most; None if there is no bound.
    """

    prefix: tuple[Conjunction, ...]
    rest: Conjunction
    least: int
    most: int | None

    def at(self, index: int) -> Conjunction:
        """What the item at an index must satisfy."""
        return self.prefix[index] if index < len(self.prefix) else self.rest

    @property
    def has_rest(self) -> bool:
        """True if there may be items after the prefix."""
        return self.most is None or self.most > len(self.prefix)
