r"""Which text of a terminal a lexer takes, as an expression.

Lark's lexers ask `re` for the first match of a terminal; the engine reads the longest one. The two agree once a
terminal is reduced to the texts that are a first match of something: `a|ab` to "a", and `".*?"` to the strings with one
quote at each end. Of these the longest that a text begins with *is* the first match: a program (`programs.py`) that
forgets all threads after the first that has matched finds it by reading on until no thread is left.

Most patterns lose nothing that way, and their expression is the plain one. For the others it is made of the
program's states.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from structgen.frontends.lark.patterns import Unclear, is_decided_by_next_char, read
from structgen.frontends.lark.programs import AFTER, BEFORE, END, Program, State, Step
from structgen.frontends.regex import parse_regex
from structgen.frontends.regex.automata import Matrix, Vector, solve
from structgen.frontends.regex.characters import common, joined
from structgen.frontends.regex.nodes import one_char
from structgen.grammar.expressions import EMPTY, EPSILON, CharSet, Expression

MAX_STEPS = 50_000
"""States times classes of characters. Terminals in use need some hundred."""

MAX_STATES = 200
"""States that are turned back into an expression."""

MAX_LENGTH = 100_000
"""Characters of the `repr` of such an expression."""


@dataclass(frozen=True, slots=True)
class Following:
    """What may come right after a terminal.

    Attributes:
        chars: first characters of what may follow it, ignored terminals included.
        end: whether the text may end there.
    """

    chars: CharSet
    end: bool


def first_matches(pattern: str, following: Callable[[], Following]) -> Expression:
    """The texts that a pattern takes first, so that the longest of them is what `re.match` finds.

    Args:
        pattern: a regular expression of Python.
        following: what may come right after it; asked only if the pattern looks there.

    Raises:
        InvalidRegexError: It is malformed, or not regular.
        Unclear: What it takes first depends on the text around it, or can't be followed.
    """
    everything = parse_regex(pattern)
    node = read(pattern)
    if is_decided_by_next_char(node):
        return everything
    automaton = _Automaton(Program(node), following)
    return everything if automaton.takes_everything() else automaton.expression()


class _Automaton:
    """The states of a program that text can reach, and where its first match may end."""

    def __init__(self, program: Program, following: Callable[[], Following]) -> None:
        self.classes = program.classes
        self.order = [program.initial]
        self.steps: list[list[Step]] = []
        self._numbers: dict[State, int] = {program.initial: 0}
        for state in self.order:  # which grows
            if len(self.order) * len(self.classes) > MAX_STEPS:
                raise Unclear("it has too many states")
            row = [program.step(state, char) for char in (*range(len(self.classes)), END)]
            for step in row:
                if step.unclear == BEFORE:
                    raise Unclear(BEFORE)
                if step.target is not None and step.target not in self._numbers:
                    self._numbers[step.target] = len(self.order)
                    self.order.append(step.target)
            self.steps.append(row)
        self.targets = [
            [-1 if step.target is None else self._numbers[step.target] for step in row[:-1]]
            for row in self.steps
        ]
        if program.is_plain:
            self.ends = [row[END].matches is True for row in self.steps]
        else:
            self.ends = self._decide(following())
        self.ends[0] = False

    def _decide(self, following: Following) -> list[bool]:
        """Where the first match ends, whatever comes next of what may follow."""
        can_follow = [bool(common(chars, following.chars).ranges) for chars in self.classes]
        for row, targets in zip(self.steps, self.targets, strict=True):
            for char, step in enumerate(row[:-1]):
                if step.unclear and (can_follow[char] or targets[char] >= 0):
                    raise Unclear(step.unclear)
        ends = [any(step.matches is not False for step in row) for row in self.steps]
        while True:
            alive = self._alive(ends)
            found = list(ends)
            for number, row in enumerate(self.steps):
                answers = {row[END].matches} if following.end else set()
                for char, target in enumerate(self.targets[number]):
                    if can_follow[char] and (target < 0 or not alive[target]):
                        answers.add(row[char].matches)
                if (ends[number] and len(answers) > 1) or answers == {None}:
                    raise Unclear(AFTER)
                found[number] = answers == {True}
            if found == ends:
                return ends
            ends = found

    def _alive(self, ends: list[bool]) -> list[bool]:
        """The states from which an end can be reached."""
        sources: dict[int, set[int]] = {}
        for number, row in enumerate(self.targets):
            for target in row:
                sources.setdefault(target, set()).add(number)
        alive = list(ends)
        stack = [number for number, end in enumerate(ends) if end]
        while stack:
            for source in sources.get(stack.pop(), ()):
                if not alive[source]:
                    alive[source] = True
                    stack.append(source)
        return alive

    def takes_everything(self) -> bool:
        """Whether every text of the pattern is a first match."""
        return self.ends[1:] == [row[END].matches_uncut for row in self.steps][1:]

    def expression(self) -> Expression:
        """The texts that lead to an end."""
        alive = self._alive(self.ends)
        if not alive[0]:
            return EMPTY
        blocks = self._blocks(alive)
        if len(set(blocks)) > MAX_STATES:
            raise Unclear("it has too many states")
        moves: dict[tuple[int, int], set[int]] = {}
        for number, row in enumerate(self.targets):
            for char, target in enumerate(row):
                if alive[number] and target >= 0 and alive[target]:
                    moves.setdefault((blocks[number], blocks[target]), set()).add(char)
        steps: Matrix = {
            move: one_char(joined(*[self.classes[char] for char in sorted(chars)]))
            for move, chars in moves.items()
        }
        ends: Vector = {blocks[number]: EPSILON for number, end in enumerate(self.ends) if end}
        return solve(steps, ends, _check_size)[blocks[0]]

    def _blocks(self, alive: list[bool]) -> list[int]:
        """For each state, a number that it shares with the states that it can't be told from (Moore 1956)."""
        blocks = [int(end) for end in self.ends]
        while True:
            keys: dict[tuple[int, ...], int] = {}
            found = []
            for number, row in enumerate(self.targets):
                key = (blocks[number], *(blocks[t] if t >= 0 and alive[t] else -1 for t in row))
                found.append(keys.setdefault(key, len(keys)))
            if len(set(found)) == len(set(blocks)):
                return found
            blocks = found


def _check_size(expression: Expression) -> None:
    if len(repr(expression)) > MAX_LENGTH:
        raise Unclear("its first matches make too large an expression")
