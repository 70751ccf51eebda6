"""Lark's parse table: in which of its states a terminal is read, and what else the lexer looks for there.

Lark's parser requests a token from its contextual lexer in the state that the last token led to. The lexer looks for
all terminals for which the table has an action there: those that can be shifted can surely come next; those that only
end a rule may just be possible elsewhere, where the same state is reached. So Lark's lexer may look for a terminal
where no text can have it, and take it, and fail. `Table.reads` says where each terminal is read, and what else is
looked for there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lark.grammar import Rule

from structgen.frontends.lark.first_match.lalr import END, Automaton


class NotLALR(Exception):
    """Lark cannot make an LALR parser of the grammar. The argument says why."""


@dataclass(frozen=True, slots=True)
class Context:
    """What Lark's lexer looks for where a terminal is read.

    Attributes:
        sought: names of terminals, the ignored ones included.
        certain: those of them that can surely come where that terminal can.
    """

    sought: frozenset[str]
    certain: frozenset[str]


Place = tuple[Rule, int]
"""A terminal in a rule: its index in the expansion."""


class Table:
    """The parse table of expanded rules.

    Attributes:
        rules: the expanded rules.
        has_conflicts: whether Lark had to choose between two actions, so that its parser reads less than the rules say.
    """

    def __init__(self, rules: list[Rule], start: str, ignored: Iterable[str]) -> None:
        """Make the table.

        Raises:
            NotLALR: The grammar has reduce/reduce conflicts, or is ambiguous where nothing is read.
        """
        self.rules = rules
        self._ignored = frozenset(ignored)
        self._automaton = Automaton(rules, start)
        if self._automaton.loops:
            raise NotLALR("empty rules can follow each other in a circle")
        self._shifts = self._automaton.shifts
        self._gotos = self._automaton.gotos
        self.has_conflicts = False
        self._reductions = [self._reductions_of(state) for state in range(len(self._shifts))]
        self._sought = [
            frozenset({*shifts, *reductions} | self._ignored) - {END}
            for shifts, reductions in zip(self._shifts, self._reductions, strict=True)
        ]
        self._places: list[dict[str, list[tuple[int, int]]] | None] = [None] * len(self._shifts)
        self._states = sorted({0, *(target for shifts in self._shifts for target in shifts.values())})
        self._certain = True
        # Sets of states are integers, one bit for each.
        self._shifters = _by_terminal(self._shifts)
        self._reducers = _by_terminal(self._reductions)
        self._implying: dict[tuple[str, str], tuple[int, int]] = {}
        self._afters: dict[tuple[int, int], int] = {}
        self._behind: dict[tuple[str, int], int] = {}

    def _reductions_of(self, state: int) -> dict[str, int]:
        """By terminal, the rule that Lark's parser ends before it."""
        automaton = self._automaton
        found: dict[str, int] = {}
        rules = automaton.lookaheads[state]
        for rule, terminals in rules.items():
            for name in automaton.named(terminals):
                if name in self._shifts[state]:
                    self.has_conflicts = True
                if name in found:
                    self.has_conflicts = True
                    continue
                found[name] = rule
                others = [other for other, theirs in rules.items() if theirs >> automaton.number(name) & 1]
                if len(others) > 1:
                    found[name] = self._preferred(name, others)
        return {name: rule for name, rule in found.items() if name not in self._shifts[state]}

    def _preferred(self, name: str, rules: list[int]) -> int:
        """Of rules that end before the same terminal, the one with the highest priority."""
        priorities = [self.rules[rule].options.priority or 0 for rule in rules]
        best = max(priorities)
        if priorities.count(best) > 1:
            raise NotLALR(f"Reduce/Reduce collision in Terminal({name!r}) between the following rules:")
        return rules[priorities.index(best)]

    def contexts(self, name: str, others: Iterable[str]) -> dict[int, Context]:
        """The states in which the lexer looks for a token, and what it looks for there when it finds `name`.

        Which are certain is found only of `others`.
        """
        others = set(others)
        return {state: self._context(state, name, others) for state in self._states}

    def _context(self, state: int, name: str, others: set[str]) -> Context:
        sought = self._sought[state]
        certain = set(self._ignored)
        if self._certain:
            certain |= {other for other in sought & others if self._implies(state, name, other)}
        return Context(sought, frozenset(certain))

    def distrust(self) -> None:
        """Take no terminal for certain: what can be shifted may belong to a rule that never finishes."""
        self._certain = False

    def _implies(self, state: int, name: str, other: str) -> bool:
        """Returns True if another terminal can come wherever `name` can, in a state: by the same reductions."""
        start = 1 << state
        shifting, reducing = self._shifters.get(name, 0), self._reducers.get(name, 0)
        enough = self._shifters.get(other, 0)
        if enough & start:
            return True
        if not reducing & start:  # shifted here, or an error: then it can't come after all
            return False
        holding, failing = self._implying.get((name, other), (0, 0))  # states that reduce, and are decided
        if failing & start:
            return False
        seen = pending = start & ~holding
        while pending:
            low = pending & -pending
            pending ^= low
            at = low.bit_length() - 1
            rule = self._reductions[at][name]
            new = self._after(at, rule) & ~(seen | enough)
            if self._reductions[at].get(other) != rule or new & (shifting | failing):
                self._implying[name, other] = holding, failing | start
                return False
            seen |= new
            pending |= new & reducing & ~holding
        self._implying[name, other] = holding | seen & reducing, failing
        return True

    def finishes(self, is_lost: Callable[[Rule, int], bool]) -> bool:
        """Returns True if every rule can be finished, without the terminals at places that are lost."""
        # Of each rule, what must still be finished: a terminal that is lost never is.
        missing = [
            {symbol for j, symbol in enumerate(rule.expansion) if not symbol.is_term or is_lost(rule, j)}
            for rule in self.rules
        ]
        users: dict[object, list[int]] = {}
        for i, symbols in enumerate(missing):
            for symbol in symbols:
                users.setdefault(symbol, []).append(i)
        waiting = [rule.origin for rule, symbols in zip(self.rules, missing, strict=True) if not symbols]
        done: set[object] = set()
        while waiting:
            origin = waiting.pop()
            if origin not in done:
                done.add(origin)
                for user in users.get(origin, ()):
                    missing[user].discard(origin)
                    if not missing[user]:
                        waiting.append(self.rules[user].origin)
        return not any(missing)

    def reads(self, name: str, others: Iterable[str]) -> dict[Place, set[Context]]:
        """For each place of a terminal in the rules, the contexts (as `contexts`) in which the lexer finds it there."""
        others = set(others)
        found: dict[tuple[int, int], set[Context]] = {}
        for state in self._states:
            if name in self._sought[state]:
                context = self._context(state, name, others)
                for shifting in self._shifting(state, name):
                    for place in self._places_of(shifting).get(name, ()):
                        found.setdefault(place, set()).add(context)
        return {(self.rules[rule], index): contexts for (rule, index), contexts in found.items()}

    def _places_of(self, state: int) -> dict[str, list[tuple[int, int]]]:
        """By terminal, where a state may shift it: numbers of rules, and indices in them."""
        places = self._places[state]
        if places is None:
            places = self._places[state] = {}
            for rule, index in self._automaton.items(state):
                symbols = self.rules[rule].expansion if rule < len(self.rules) else ()
                if index < len(symbols) and symbols[index].is_term:
                    places.setdefault(str(symbols[index].name), []).append((rule, index))
        return places

    def _shifting(self, state: int, name: str) -> Iterator[int]:
        """The states in which a terminal may be shifted, after the reductions that it causes in a state."""
        if name in self._shifts[state]:
            return iter((state,))
        rule = self._reductions[state].get(name)
        return iter(()) if rule is None else _numbers(self._shifting_behind(name, self._after(state, rule)))

    def _shifting_behind(self, name: str, states: int) -> int:
        found = self._behind.get((name, states))
        if found is None:
            shifting, reducing = self._shifters.get(name, 0), self._reducers.get(name, 0)
            seen, pending = states, states & reducing
            while pending:
                low = pending & -pending
                pending ^= low
                at = low.bit_length() - 1
                new = self._after(at, self._reductions[at][name]) & ~seen
                seen |= new
                pending |= new & reducing
            found = self._behind[name, states] = seen & shifting
        return found

    def _after(self, state: int, rule: int) -> int:
        """The states to which the reduction of a rule may lead."""
        found = self._afters.get((state, rule))
        if found is None:
            found = 0
            name = str(self.rules[rule].origin.name)
            for origin in self._automaton.origins.get((state, rule), ()):
                target = self._gotos[origin].get(name)
                if target is not None:
                    found |= 1 << target
            self._afters[state, rule] = found
        return found


def _by_terminal(actions: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """The states in which there is an action, for each terminal."""
    found: dict[str, int] = {}
    for state, names in enumerate(actions):
        for name in names:
            found[name] = found.get(name, 0) | 1 << state
    return found


def _numbers(states: int) -> Iterator[int]:
    while states:
        low = states & -states
        yield low.bit_length() - 1
        states ^= low
