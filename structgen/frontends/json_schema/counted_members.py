"""Members as items of a rule: declared ones, those that are not, and an automaton that counts them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from structgen.frontends.json_schema.containers import State, Steps
from structgen.grammar.expressions import Literal
from structgen.grammar.rules import Repetition, RuleExpression, Sequence, Terminal
from structgen.language.counting import all_texts, count_texts


@dataclass(slots=True)
class Member:
    """A declared or required member, or those of a region.

    Attributes:
        item: name, colon and value.
        required: whether it must be there.
        needs: what it is to be several of the things that some member must be: a bit for each of them, and the item.
    """

    item: RuleExpression | None
    required: bool
    needs: tuple[tuple[int, RuleExpression], ...] = ()


def names_left(others: list[Member]) -> int | None:
    """How many members with names that are not declared there can be; None if there is no end of names.

    Raises:
        Uncounted: It takes too long to find.
    """
    total = 0
    for name in {id(name): name for other in others for name in names_of(other)}.values():
        count = count_texts(name.expression)
        if count is None:
            return None
        total += count
    return total


def names_of(member: Member) -> list[Terminal]:
    """The terminals of its names."""
    items = [
        item for item in (member.item, *(need for _, need in member.needs)) if isinstance(item, Sequence)
    ]
    return [item.parts[0] for item in items if isinstance(item.parts[0], Terminal)]


def listed_members(others: list[Member]) -> list[Member] | None:
    """A member for each name, as the text spells it, if the names are few; else None."""
    found: dict[str, Member] = {}
    for other in others:
        for bits, item in ((0, other.item), *other.needs):
            if item is None:
                continue
            assert isinstance(item, Sequence)
            assert isinstance(item.parts[0], Terminal)
            texts = all_texts(item.parts[0].expression)
            if texts is None:
                return None
            for text in texts:
                member = found.setdefault(text, Member(None, False))
                named = replace(item, parts=(Terminal(text, Literal(text)), *item.parts[1:]))
                if bits:
                    member.needs += ((bits, named),)
                else:
                    member.item = named
    return list(found.values())


def unrecorded(item: RuleExpression | None) -> RuleExpression | None:
    """The same member; its name may have been written before."""
    if not isinstance(item, Sequence) or not isinstance(item.parts[0], Terminal):
        return item
    return replace(item, parts=(replace(item.parts[0], effect=None), *item.parts[1:]))


@dataclass(slots=True)
class Automaton:
    """Counts members, and notes which of the things that must exist have been seen.

    A state is (the next declared member, how many were written, a bit for each thing seen, how many of the written ones
    are not declared, if these can run out of names); None is the end. Where nothing must exist, the members that are
    not declared come as one repetition, `rest`: its bounds may be large. If they have few names, each is one of `few`,
    and the last part of a state has a bit for each that was written.
    """

    declared: list[Member]
    others: list[Member]
    least: int
    most: int | None
    wanted: int
    room: int | None
    rest: Sequence | None = None
    few: list[Member] = field(default_factory=list)

    def steps(self, state: State) -> Steps:
        """What may come in a state, the declared members in order."""
        if state is None:
            return True, []
        index, written, seen, extra = state
        items: list[tuple[RuleExpression, State]] = []
        full = self.most is not None and written >= self.most
        for position in range(index, len(self.declared)):
            member = self.declared[position]
            if not full:
                self._take(items, member, (position + 1, written, seen, extra))
            if member.required:
                break
        else:
            if self.rest is not None:
                items += self._at_once(self.rest, written)
            elif not full and (self.room is None or extra < self.room):
                for member in self.others:
                    self._take(items, member, (len(self.declared), written, seen, self._more(extra)))
                for bit, member in enumerate(self.few):
                    if not extra >> bit & 1:
                        self._take(items, member, (len(self.declared), written, seen, extra | 1 << bit))
        missing = any(member.required for member in self.declared[index:])
        return not missing and written >= self.least and seen == (1 << self.wanted) - 1, items

    def any_order(self, state: State) -> Steps:
        """The same, but the first part of a state has a bit for each declared member that was written."""
        used, written, seen, extra = state
        items: list[tuple[RuleExpression, State]] = []
        if self.most is None or written < self.most:
            for bit, member in enumerate(self.declared):
                if not used >> bit & 1:
                    self._take(items, member, (used | 1 << bit, written, seen, extra))
            for member in self.others if self.room is None or extra < self.room else ():
                self._take(items, member, (used, written, seen, self._more(extra)))
        missing = any(member.required and not used >> bit & 1 for bit, member in enumerate(self.declared))
        return not missing and written >= self.least and seen == (1 << self.wanted) - 1, items

    def _at_once(self, rest: Sequence, written: int) -> list[tuple[RuleExpression, State]]:
        """All members that are not declared."""
        least = max(1, self.least - written)
        limits = [self.room, None if self.most is None else self.most - written]
        most = min((limit for limit in limits if limit is not None), default=None)
        if most is not None and most < least:
            return []
        (members,) = rest.parts
        assert isinstance(members, Repetition)
        return [(Sequence((Repetition(members.part, least, most),), rest.separator), None)]

    def _more(self, extra: int) -> int:
        return 0 if self.room is None else extra + 1

    def _take(self, items: list[tuple[RuleExpression, State]], member: Member, after: State) -> None:
        """Add a member; `after` is the state behind it, but for what it adds to what was written and seen."""
        index, written, seen, extra = after
        count = written + 1 if self.most is not None else min(written + 1, self.least)
        if member.item is not None:
            items.append((member.item, (index, count, seen, extra)))
        items += [
            (need, (index, count, seen | bits, extra)) for bits, need in member.needs if not seen & bits
        ]
