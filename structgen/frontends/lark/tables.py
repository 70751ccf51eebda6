"""Lark's parse table: in which of its states a terminal is read, and what else the lexer looks for there.

Lark's contextual lexer is asked for a token in the state that the last token led to. It looks for all terminals for
which the table has an action there: those that can be shifted can surely come next; those that only end a rule may
just be possible elsewhere, where the same state is reached. So Lark's lexer may look for a terminal where no text can
have it, and take it, and fail. `Table.reads` says where each terminal is read, and what is looked for there besides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from lark.common import ParserConf
from lark.exceptions import GrammarError
from lark.grammar import Rule
from lark.parsers.lalr_analysis import LALR_Analyzer

END = "$END"


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
            NotLALR: The grammar has reduce/reduce conflicts, or is beyond Lark's means.
        """
        self.rules = rules
        self._ignored = frozenset(ignored)
        try:
            analyzer = LALR_Analyzer(ParserConf(rules, {}, [start]))
            analyzer.compute_lr0_states()
            analyzer.compute_reads_relations()
            analyzer.compute_includes_lookback()
            analyzer.compute_lookaheads()
            analyzer.compute_lalr1_states()  # only for its complaints
        except GrammarError as error:
            raise NotLALR(str(error).split("\n")[0]) from None
        except RecursionError:
            raise NotLALR("its rules nest too deeply for Lark") from None
        self._numbers = {rule: number for number, rule in enumerate(rules)}
        self._itemsets: list[Any] = list(analyzer.lr0_itemsets)
        numbers = {id(itemset): i for i, itemset in enumerate(self._itemsets)}
        self.has_conflicts = False
        self._shifts: list[dict[str, int]] = []
        self._reductions: list[dict[str, int]] = []
        self._gotos: list[dict[str, int]] = []
        for itemset in self._itemsets:
            moves = {symbol: numbers[id(target)] for symbol, target in itemset.transitions.items()}
            shifts = {str(symbol.name): target for symbol, target in moves.items() if symbol.is_term}
            self._shifts.append(shifts)
            self._gotos.append(
                {str(symbol.name): target for symbol, target in moves.items() if not symbol.is_term}
            )
            self._reductions.append(self._reductions_of(itemset, shifts))
        self._origins: dict[tuple[int, int], set[int]] = {}
        for (source, _), finals in analyzer.lookback.items():
            for final, rule in finals:
                reduction = numbers[id(final)], self._numbers[rule]
                self._origins.setdefault(reduction, set()).add(numbers[id(source)])
        self._sought = [
            frozenset({*shifts, *reductions} | self._ignored) - {END}
            for shifts, reductions in zip(self._shifts, self._reductions, strict=True)
        ]
        self._places: list[dict[str, list[tuple[int, int]]] | None] = [None] * len(self._itemsets)
        entered = {target for shifts in self._shifts for target in shifts.values()}
        entered.update(numbers[id(itemset)] for itemset in analyzer.lr0_start_states.values())
        self._states = sorted(entered)
        self._certain = True
        self._implied: dict[tuple[int, str, str], bool] = {}
        self._afters: dict[tuple[int, int], set[int]] = {}

    def _reductions_of(self, itemset: Any, shifts: dict[str, int]) -> dict[str, int]:
        found: dict[str, int] = {}
        for symbol, rules in itemset.lookaheads.items():
            name = str(symbol.name)
            if name in shifts or len(rules) > 1:
                self.has_conflicts = True
            if name not in shifts:
                found[name] = self._numbers[max(rules, key=lambda rule: rule.options.priority or 0)]
        return found

    def contexts(self, name: str, others: Iterable[str]) -> dict[int, Context]:
        """The states in which the lexer is asked for a token, and what it looks for there when it finds `name`.

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
        """Whether another terminal can come wherever `name` can, in a state: they lead through the same reductions."""
        key = state, name, other
        if key not in self._implied:
            seen, stack = {state}, [state]
            holds = True
            while stack and holds:
                at = stack.pop()
                if other in self._shifts[at]:
                    continue
                rule = self._reductions[at].get(name)
                if rule is None:  # shifted here, or an error: then it can't come after all
                    holds = name not in self._shifts[at] and at != state
                    continue
                holds = self._reductions[at].get(other) == rule
                for target in self._after(at, rule) - seen:
                    seen.add(target)
                    stack.append(target)
            self._implied[key] = holds
        return self._implied[key]

    def finishes(self, is_lost: Callable[[Rule, int], bool]) -> bool:
        """Whether every rule can be finished, without the terminals at places that are lost."""
        left = {
            i: {symbol for j, symbol in enumerate(rule.expansion) if not symbol.is_term or is_lost(rule, j)}
            for i, rule in enumerate(self.rules)
        }
        users: dict[object, list[int]] = {}
        for i, symbols in left.items():
            for symbol in symbols:
                users.setdefault(symbol, []).append(i)
        waiting = [i for i, symbols in left.items() if not symbols]
        done: set[object] = set()
        while waiting:
            i = waiting.pop()
            del left[i]
            origin = self.rules[i].origin
            if origin in done:
                continue
            done.add(origin)
            for user in users.get(origin, ()):
                left[user].discard(origin)
                if not left[user]:
                    waiting.append(user)
        return not left

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
            for item in self._itemsets[state].closure:
                if not item.is_satisfied and item.next.is_term:
                    place = self._numbers[item.rule], item.index
                    places.setdefault(str(item.next.name), []).append(place)
        return places

    def _shifting(self, state: int, name: str) -> set[int]:
        """The states in which a terminal may be shifted, after the reductions that it causes in a state."""
        found: set[int] = set()
        seen = {state}
        stack = [state]
        while stack:
            at = stack.pop()
            if name in self._shifts[at]:
                found.add(at)
                continue
            rule = self._reductions[at].get(name)
            if rule is None:
                continue
            for target in self._after(at, rule) - seen:
                seen.add(target)
                stack.append(target)
        return found

    def _after(self, state: int, rule: int) -> set[int]:
        """The states to which the reduction of a rule may lead."""
        found = self._afters.get((state, rule))
        if found is None:
            name = str(self.rules[rule].origin.name)
            gotos = (self._gotos[origin].get(name) for origin in self._origins.get((state, rule), ()))
            found = self._afters[state, rule] = {target for target in gotos if target is not None}
        return found
