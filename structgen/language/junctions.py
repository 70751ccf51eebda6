"""Where the parts of a composed grammar meet: whether a lexer reads each as it does alone, and which lexer does.

A composition is laid out as a few *atoms*: regular expressions, and grammars. The questions are which atom may come
after which; whether an atom could go on with a byte that begins the next one, and so would swallow it; and whether two
atoms that are read at the same time change where the terminals of the other one end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from structgen.errors import InvalidGrammarError
from structgen.grammar.expressions import EMPTY, CharSet, Expression, union
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
)
from structgen.language.derivatives import denotes_empty_text, derivatives, is_possible
from structgen.language.facts import Facts, Steps, TooLarge, first_bytes, going_on, interferes
from structgen.language.parts import Alternatives, Concatenated, Node, Piece, Regular, Repeated
from structgen.language.renaming import embedded, rewritten

_MOST_STATES = 500
"""Of a terminal that is read character by character."""

_BLANKS = 1 << 0x20 | 1 << 0x09 | 1 << 0x0A | 1 << 0x0D


class _Atom:
    """A part of a composition as the lexer sees it: a regular expression, or a grammar."""

    def __init__(self, part: Regular | Piece, prefix: str) -> None:
        self.part = part
        self.prefix = prefix
        if isinstance(part, Piece):
            self.rules = embedded(part.grammar, prefix)
            self.body: RuleExpression = Reference(prefix + part.grammar.start)
            self.facts, start = part.facts, part.grammar.start
        else:
            self.rules, self.body = {}, part.rule()
            self.facts, start = Facts(Grammar({"start": self.body})), "start"
        self.is_nullable = start in self.facts.nullable
        self.terminals = self.facts.terminals
        self.last = self.facts.last[start]
        self.first_bytes = _bytes_of(self.facts.first[start])

    @property
    def name(self) -> str:
        return self.part.name

    @property
    def is_json(self) -> bool:
        return isinstance(self.part, Piece) and self.part.is_json

    def extending(self) -> int:
        """The bytes with which it may go on after a complete text."""
        competing = self.last if self.is_json else self.terminals
        expressions = {one for t in competing for one in (t.expression, t.guard)}
        found, steps = 0, Steps()
        for terminal in self.last:
            for expression in expressions:
                found |= going_on(terminal.expression, expression, steps)
        if self.is_json:
            blank = any(first_bytes(t.expression) & ~_BLANKS == 0 for t in self.last)
            return found | (_BLANKS if blank else 0)
        for terminal in self.last:
            found |= _bytes_of(self.facts.follow[terminal])
        return found | (self.first_bytes if self.is_nullable else 0)

    def is_plain(self) -> bool:
        """Returns True if a dynamic lexer reads it as it is meant."""
        if isinstance(self.part, Regular):
            return True
        if self.part.grammar.lexer == "dynamic":
            return True
        if any(t.effect is not None and t.effect not in ("open", "close") for t in self.terminals):
            return False
        if any(t.guard != EMPTY or t.priority != self.terminals[0].priority for t in self.terminals):
            return False
        return self.is_json or not any(
            interferes(t, _bytes_of(self.facts.follow[t]), [c for c in self.terminals if c != t])
            for t in self.terminals
        )


def _bytes_of(terminals: Iterable[Terminal]) -> int:
    found = 0
    for terminal in terminals:
        found |= first_bytes(terminal.expression)
    return found


@dataclass(frozen=True)
class _Conflict:
    """Two atoms that can't stand in one grammar under a contextual lexer; the places of both."""

    first: int
    second: int


class Layout:
    """A composition as one grammar: its atoms, and which of them may come where."""

    def __init__(self, body: Node) -> None:
        self.atoms: list[_Atom] = []
        self.follow: list[set[int]] = []
        self.rule, first, _, _ = self._place(body)
        self.starts: list[set[int]] = [first]

    def grammar(self) -> Grammar:
        """The composition under the contextual lexer."""
        found = {"start": self.rule}
        for atom in self.atoms:
            found.update(atom.rules)
        return Grammar(found)

    def _place(self, body: Node) -> tuple[RuleExpression, set[int], set[int], bool]:
        """The rule of a body; the atoms that may come first and last in it; whether it may be empty."""
        if isinstance(body, (Regular, Piece)):
            place = len(self.atoms)
            atom = _Atom(body, f"{place + 1}/")
            self.atoms.append(atom)
            self.follow.append(set())
            return atom.body, {place}, {place}, atom.is_nullable
        if isinstance(body, Alternatives):
            placed = [self._place(part) for part in body.parts]
            first = set().union(*(one[1] for one in placed))
            last = set().union(*(one[2] for one in placed))
            return Choice(tuple(one[0] for one in placed)), first, last, any(one[3] for one in placed)
        if isinstance(body, Concatenated):
            return self._place_sequence([self._place(part) for part in body.parts])
        return self._place_loop(body)

    def _place_sequence(
        self, placed: list[tuple[RuleExpression, set[int], set[int], bool]]
    ) -> tuple[RuleExpression, set[int], set[int], bool]:
        first: set[int] = set()
        last: set[int] = set()
        nullable = True
        for _, begins, ends, may_be_empty in placed:
            self._join(last, begins)
            if nullable:
                first |= begins
            last = ends | (last if may_be_empty else set())
            nullable = nullable and may_be_empty
        return Sequence(tuple(one[0] for one in placed)), first, last, nullable

    def _place_loop(self, loop: Repeated) -> tuple[RuleExpression, set[int], set[int], bool]:
        part = self._place(loop.part)
        if loop.max == 0:
            return Sequence(()), set(), set(), True
        more = None if loop.max is None else loop.max - 1
        if loop.separator is None:
            self._join(part[2], part[1])
            rule: RuleExpression = Repetition(part[0], loop.min, loop.max)
            return rule, part[1], part[2], loop.min == 0 or part[3]
        between = self._place(loop.separator)
        self._join(part[2], between[1])
        self._join(between[2], part[1])
        first, last = set(part[1]), set(part[2])
        if between[3]:
            self._join(part[2], part[1])
        if part[3]:
            self._join(between[2], between[1])
            first |= between[1]
            last |= between[2]
        again = Repetition(Sequence((between[0], part[0])), max(loop.min - 1, 0), more)
        rule = Sequence((part[0], again))
        if loop.min == 0:
            rule = Repetition(rule, 0, 1)
        return rule, first, last, loop.min == 0 or (part[3] and between[3])

    def _join(self, last: set[int], first: set[int]) -> None:
        for place in last:
            self.follow[place] |= first

    # The contextual lexer

    def conflict(self) -> _Conflict | None:
        """Two atoms that a contextual lexer would not read as they are meant; None if there are none."""
        try:
            return self._dynamic_part() or self._swallowing() or self._disturbing()
        except TooLarge:
            return _Conflict(0, len(self.atoms) - 1)

    def _dynamic_part(self) -> _Conflict | None:
        for place, atom in enumerate(self.atoms):
            if isinstance(atom.part, Piece) and atom.part.grammar.lexer == "dynamic":
                return _Conflict(place, place)
        return None

    def _swallowing(self) -> _Conflict | None:
        """An atom that may go on with a byte that begins the one after it."""
        for place, atom in enumerate(self.atoms):
            extending = atom.extending() if self.follow[place] else 0
            for other in sorted(self.follow[place]):
                if extending & self.atoms[other].first_bytes:
                    return _Conflict(place, other)
        return None

    def _disturbing(self) -> _Conflict | None:
        """Atoms that are read at the same time, and of which one changes where the terminals of the other end."""
        todo = [
            pair
            for decision in (*self.starts, *self.follow)
            for pair in self._overlapping(decision, decision)
        ]
        seen: set[tuple[int, int]] = set()
        while todo:
            pair = todo.pop()
            if pair in seen:
                continue
            seen.add(pair)
            for one, other in (pair, pair[::-1]):
                if self._disturbs(one, other):
                    return _Conflict(*pair)
            todo += self._after(*pair)
        return None

    def _overlapping(self, some: set[int], others: set[int]) -> list[tuple[int, int]]:
        return [
            (min(one, other), max(one, other))
            for one in some
            for other in others
            if one != other and self.atoms[one].first_bytes & self.atoms[other].first_bytes
        ]

    def _disturbs(self, place: int, by: int) -> bool:
        atom, other = self.atoms[place], self.atoms[by]
        if atom.is_json and other.is_json:
            ends, after = union(*[t.expression for t in other.last]), self._bytes_after(place)
            return any(going_on(terminal.expression, ends) & after for terminal in atom.last)
        if any(t.priority != 0 or t.guard != EMPTY for t in (*atom.terminals, *other.terminals)):
            return True
        for terminal in atom.terminals:
            followers = _bytes_of(atom.facts.follow[terminal])
            if terminal in atom.last:
                followers |= self._bytes_after(place)
            if interferes(terminal, followers, [one for one in other.terminals if one != terminal]):
                return True
        return False

    def _bytes_after(self, place: int) -> int:
        found = 0
        for other in self.follow[place]:
            found |= self.atoms[other].first_bytes
        return found

    def _after(self, one: int, other: int) -> list[tuple[int, int]]:
        """Pairs of atoms that may be read at the same time after these two were."""
        found = self._overlapping(self.follow[one], self.follow[other])
        for ended, going in ((one, other), (other, one)):
            if self._goes_on(ended, going):
                found += [(min(after, going), max(after, going)) for after in self.follow[ended]]
        return found

    def _goes_on(self, ended: int, going: int) -> bool:
        """Returns True if an atom may begin a terminal where another one has ended, with a byte that may follow."""
        one, other = self.atoms[ended], self.atoms[going]
        if isinstance(other.part, Regular) or (one.is_json and other.is_json):
            return False
        return bool(_bytes_of(other.terminals) & self._bytes_after(ended))

    # The dynamic lexer

    def dynamic(self, conflict: _Conflict) -> Grammar:
        """The grammar under a dynamic lexer.

        Raises:
            InvalidGrammarError: A part needs the contextual lexer, or a terminal is too large to be read by characters.
        """
        try:
            if not all(atom.is_plain() for atom in self.atoms):
                raise self._error(conflict)
            spelled = {
                terminal: _spelled(terminal, f"{place + 1} {number}/")
                for place, atom in enumerate(self.atoms)
                for number, terminal in enumerate(self._swallowers(place, conflict))
            }
        except TooLarge:
            raise self._error(conflict) from None
        found = self.grammar()
        rules: dict[str, RuleExpression] = {}
        for name, body in found.rules.items():
            rules[name] = rewritten(
                body,
                lambda leaf: Reference(spelled[leaf][0]) if leaf in spelled else leaf,
            )
        for _, more in spelled.values():
            rules.update(more)
        return Grammar(rules, lexer="dynamic")

    def _swallowers(self, place: int, conflict: _Conflict) -> list[Terminal]:
        """The terminals of an atom that could swallow what comes after the atom."""
        atom, after = self.atoms[place], self._bytes_after(place)
        found = [t for t in sorted(atom.last, key=repr) if going_on(t.expression, t.expression) & after]
        if any(going_on(t.expression, t.guard) & after for t in atom.last):
            raise self._error(conflict)
        for terminal in found if isinstance(atom.part, Piece) else ():
            inside = _bytes_of(atom.facts.follow[terminal])
            if going_on(terminal.expression, terminal.expression) & inside:
                raise self._error(conflict)
        return found

    def _error(self, conflict: _Conflict) -> InvalidGrammarError:
        one, other = self.atoms[conflict.first].name, self.atoms[conflict.second].name
        return InvalidGrammarError(
            f"no lexer reads {one} and {other} together: where they meet, both can go on with the same character. "
            f"Put a text between them that the first does not contain, as after structgen.until(...)"
        )


def _spelled(terminal: Terminal, prefix: str) -> tuple[str, dict[str, RuleExpression]]:
    """Rules that read a terminal character by character: its start, and a rule for each state of its automaton."""
    states: dict[Expression, str] = {}
    rules: dict[str, RuleExpression] = {}
    todo: list[Expression] = []

    def ways_on(state: Expression) -> list[RuleExpression]:
        options: list[RuleExpression] = []
        for ranges, rest in derivatives(state):
            if not ranges or not is_possible(rest):
                continue
            if rest not in states:
                if len(states) >= _MOST_STATES:
                    raise TooLarge
                states[rest] = f"{prefix}{len(states) + 1}"
                todo.append(rest)
            options.append(Sequence((Terminal(terminal.name, CharSet(ranges)), Reference(states[rest]))))
        return options

    rules[prefix] = Choice(tuple(ways_on(terminal.expression)))  # a terminal is never empty
    while todo:
        state = todo.pop()
        end = [Sequence(())] if denotes_empty_text(state) else []
        rules[states[state]] = Choice((*ways_on(state), *end))
    return prefix, rules
