"""Properties as items of a sequence: declared ones, those that are not, and an automaton that counts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from structgen.frontends.json_schema.emission.sequences import Steps
from structgen.frontends.json_schema.strings.matching import count_texts
from structgen.grammar.expressions import Literal
from structgen.grammar.rules import Repetition, RuleExpression, Terminal
from structgen.grammar.rules import Sequence as RuleSequence
from structgen.language.counting import all_texts


@dataclass(slots=True)
class Property:
    """A declared or required property, or those of a region of names.

    Attributes:
        item: name and value; None if it cannot be there.
        required: it must be there.
        needs: how it is some of the properties that must exist: a bit for each of them, and the item.
    """

    item: RuleExpression | None
    required: bool
    needs: tuple[tuple[int, RuleExpression], ...] = ()

    @property
    def names(self) -> list[Terminal]:
        """The terminals of its names."""
        items = (self.item, *(need for _, need in self.needs))
        sequences = [item for item in items if isinstance(item, RuleSequence)]
        return [item.parts[0] for item in sequences if isinstance(item.parts[0], Terminal)]

    def unrecorded(self) -> Property:
        """The same property; its name may have been written before."""
        needs = tuple([(bits, _unrecorded(need)) for bits, need in self.needs])
        return Property(None if self.item is None else _unrecorded(self.item), self.required, needs)


def _unrecorded(item: RuleExpression) -> RuleExpression:
    if not isinstance(item, RuleSequence) or not isinstance(item.parts[0], Terminal):
        return item
    return replace(item, parts=(replace(item.parts[0], effect=None), *item.parts[1:]))


def count_names(others: Sequence[Property]) -> int | None:
    """How many properties with names that are not declared there can be; None if there is no end of names.

    Raises:
        Uncounted: It takes too long to find.
    """
    total = 0
    for name in {id(name): name for other in others for name in other.names}.values():
        count = count_texts(name.expression)
        if count is None:
            return None
        total += count
    return total


def one_by_one(others: Sequence[Property]) -> list[Property] | None:
    """A property for each name, as the text spells it, if the names are few; else None."""
    found: dict[str, Property] = {}
    for other in others:
        for bits, item in ((0, other.item), *other.needs):
            if item is None:
                continue
            assert isinstance(item, RuleSequence)
            assert isinstance(item.parts[0], Terminal)
            texts = all_texts(item.parts[0].expression)
            if texts is None:
                return None
            for text in texts:
                one = found.setdefault(text, Property(None, required=False))
                named = replace(item, parts=(Terminal(text, Literal(text)), *item.parts[1:]))
                if bits:
                    one.needs += ((bits, named),)
                else:
                    one.item = named
    return list(found.values())


class Count(NamedTuple):
    """A state of the counter.

    Attributes:
        at: the next declared property; in any order, a bit for each that was written. -1: the end.
        written: how many were written, as far as that matters.
        seen: a bit for each property that must exist and was seen.
        extra: how many that are not declared were written, if their names can run out; a bit for each of `few`.
    """

    at: int
    written: int
    seen: int
    extra: int


START = Count(0, 0, 0, 0)
_END = Count(-1, 0, 0, 0)


@dataclass(slots=True)
class PropertyCounter:
    """Counts properties, and notes which of those that must exist have been seen.

    Where nothing must exist, the properties that are not declared come as one repetition, `rest`: its bounds may be
    large. If they have few names, each is one of `few`.

    Attributes:
        declared: properties with a name of their own.
        others: properties that are not declared.
        least: properties, at least.
        most: properties, at most; None if there is no bound.
        wanted: how many properties must exist.
        room: how many properties that are not declared there can be; None if there is no end of names.
        rest: see above.
        few: see above.
    """

    declared: list[Property]
    others: list[Property]
    least: int
    most: int | None
    wanted: int
    room: int | None
    rest: RuleSequence | None = None
    few: list[Property] = field(default_factory=list)

    def in_order(self, state: Count) -> Steps[Count]:
        """What may come in a state, the declared properties in order."""
        if state == _END:
            return Steps(True, [])
        items: list[tuple[RuleExpression, Count]] = []
        for position in range(state.at, len(self.declared)):
            one = self.declared[position]
            if not self._is_full(state):
                self._take(items, one, state, position + 1, state.extra)
            if one.required:
                break
        else:
            self._take_others(items, state)
        is_missing = any(one.required for one in self.declared[state.at :])
        return Steps(not is_missing and self._is_enough(state), items)

    def any_order(self, state: Count) -> Steps[Count]:
        """What may come in a state, the declared properties in any order."""
        items: list[tuple[RuleExpression, Count]] = []
        if not self._is_full(state):
            for bit, one in enumerate(self.declared):
                if not state.at >> bit & 1:
                    self._take(items, one, state, state.at | 1 << bit, state.extra)
            for one in self.others if self._has_room(state) else ():
                self._take(items, one, state, state.at, self._more(state.extra))
        is_missing = any(one.required and not state.at >> bit & 1 for bit, one in enumerate(self.declared))
        return Steps(not is_missing and self._is_enough(state), items)

    def _is_full(self, state: Count) -> bool:
        return self.most is not None and state.written >= self.most

    def _is_enough(self, state: Count) -> bool:
        return state.written >= self.least and state.seen == (1 << self.wanted) - 1

    def _has_room(self, state: Count) -> bool:
        return self.room is None or state.extra < self.room

    def _take_others(self, items: list[tuple[RuleExpression, Count]], state: Count) -> None:
        """Add the properties that are not declared."""
        if self.rest is not None:
            items += self._at_once(self.rest, state.written)
        elif not self._is_full(state) and self._has_room(state):
            after = len(self.declared)
            for one in self.others:
                self._take(items, one, state, after, self._more(state.extra))
            for bit, one in enumerate(self.few):
                if not state.extra >> bit & 1:
                    self._take(items, one, state, after, state.extra | 1 << bit)

    def _at_once(self, rest: RuleSequence, written: int) -> list[tuple[RuleExpression, Count]]:
        """All properties that are not declared."""
        least = max(1, self.least - written)
        limits = [self.room, None if self.most is None else self.most - written]
        most = min((limit for limit in limits if limit is not None), default=None)
        if most is not None and most < least:
            return []
        (properties,) = rest.parts
        assert isinstance(properties, Repetition)
        return [(RuleSequence((Repetition(properties.part, least, most),), rest.separator), _END)]

    def _more(self, extra: int) -> int:
        return 0 if self.room is None else extra + 1

    def _take(
        self, items: list[tuple[RuleExpression, Count]], one: Property, state: Count, at: int, extra: int
    ) -> None:
        """Add a property that may come in a state; `at` and `extra` are those of the state after it."""
        written = state.written + 1 if self.most is not None else min(state.written + 1, self.least)
        if one.item is not None:
            items.append((one.item, Count(at, written, state.seen, extra)))
        items += [
            (need, Count(at, written, state.seen | bits, extra))
            for bits, need in one.needs
            if not state.seen & bits
        ]
