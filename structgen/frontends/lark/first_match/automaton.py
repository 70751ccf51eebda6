r"""The automaton of a terminal's first matches, as expressions.

Its states are those of a program (`programs.py`). Where a first match may end depends on the next character, and so on
what may follow the terminal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from structgen.frontends.lark.first_match.nodes import Unclear
from structgen.frontends.lark.first_match.programs import BEFORE, END, Program, Step
from structgen.grammar.expressions import EMPTY, EPSILON, CharSet, Expression, Literal, children
from structgen.patterns.automata import Matrix, Vector, solve
from structgen.patterns.characters import common, joined
from structgen.patterns.folding import one_char

MAX_STEPS = 50_000
"""States times classes of characters. Terminals in use need some hundred."""

MAX_STATES = 2_000
"""States that are turned back into an expression."""

MAX_SIZE = 300_000
"""Characters of the `repr` of such an expression, about."""

_CHARS_OF_NODE = 18
_CHARS_OF_RANGE = 10


@dataclass(frozen=True, slots=True)
class Following:
    """What may come right after a terminal.

    Attributes:
        chars: first characters of what may follow it, ignored terminals included.
        end: whether the text may end there.
    """

    chars: CharSet
    end: bool


class Automaton:
    """The states of a program that text can reach, and where its first match may end.

    Attributes:
        is_plain: whether the program has no assertions.
        matching: for each state, the classes of characters before which there is, or may be, a match.
        forbidden: for each state where a match may end, those before which it may not.
        dropped: for each state where no match may end, those before which there would be one.
    """

    def __init__(self, program: Program, following: Following) -> None:
        """Follow a program.

        Raises:
            Unclear: It has too many states, or its matches depend on what stands before them.
        """
        self._classes = program.classes
        self._steps, self._targets = _reached(program)
        self.is_plain = program.is_plain
        forbidden: list[frozenset[int]] = [frozenset()] * len(self._steps)
        if program.is_plain:
            self._ends = [row[END].matches is True for row in self._steps]
        else:
            self._ends, forbidden = self._decide(following)
        self._ends[0] = False  # the empty text is no match
        self.matching = [frozenset(), *map(_matching, self._steps[1:])]
        self.dropped = [
            frozenset() if end else chars for end, chars in zip(self._ends, self.matching, strict=True)
        ]
        self.forbidden = [
            chars if end else frozenset() for end, chars in zip(self._ends, forbidden, strict=True)
        ]

    def _decide(self, following: Following) -> tuple[list[bool], list[frozenset[int]]]:
        """Where the first match may end; and the characters before which it then may not."""
        can_follow = [bool(common(chars, following.chars).ranges) for chars in self._classes]
        self._check_clear()
        ends = [any(step.matches is not False for step in row) for row in self._steps]
        while True:
            decided = self._matches_before(can_follow, self._alive(ends))
            # Never back to true: a state that is no end for a while stays one that is left out.
            found = [
                end and (row[END].matches is True or (not following.end and any(before.values())))
                for end, row, before in zip(ends, self._steps, decided, strict=True)
            ]
            if found == ends:
                return ends, [frozenset(c for c, matches in one.items() if not matches) for one in decided]
            ends = found

    def _check_clear(self) -> None:
        for row, targets in zip(self._steps, self._targets, strict=True):
            for step, target in zip(row[:-1], targets, strict=True):
                if step.unclear and target >= 0:
                    raise Unclear(step.unclear)

    def _matches_before(self, can_follow: list[bool], alive: list[bool]) -> list[dict[int, bool]]:
        """For each state, by next character that would end the terminal, whether there is a match before it."""
        return [
            {
                char: row[char].matches is True and not row[char].unclear
                for char, target in enumerate(targets)
                if can_follow[char] and (target < 0 or not alive[target])
            }
            for row, targets in zip(self._steps, self._targets, strict=True)
        ]

    def _alive(self, ends: list[bool]) -> list[bool]:
        """The states from which an end can be reached."""
        sources: dict[int, set[int]] = {}
        for number, row in enumerate(self._targets):
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

    @property
    def is_closed(self) -> bool:
        """True if a match is one whatever follows, and never goes on."""
        return all(
            all(step.matches is True and step.target is None for step in row)
            for row in self._steps
            if any(step.matches is not False or step.unclear for step in row)
        )

    def takes_everything(self) -> bool:
        """Returns True if every text of the pattern is a first match."""
        return self._ends[1:] == [row[END].matches_uncut for row in self._steps][1:]

    def expression(self) -> Expression:
        """The texts that lead to an end."""
        return self._to([EPSILON if end else None for end in self._ends])

    def going_on(self, chars_of_states: list[frozenset[int]]) -> Expression:
        """The texts that lead to a state, with one of its characters."""
        return self._to([self._one_of(chars) if chars else None for chars in chars_of_states])

    def _one_of(self, chars: Iterable[int]) -> Expression:
        return one_char(joined(*[self._classes[char] for char in sorted(chars)]))

    def _to(self, last: list[Expression | None]) -> Expression:
        """The texts that lead to a state with something last, with that."""
        alive = self._alive([part is not None for part in last])
        if not alive[0]:
            return EMPTY
        blocks = self._blocks(alive, last)
        if len(set(blocks)) > MAX_STATES:
            raise Unclear("it has too many states")
        steps: Matrix = {move: self._one_of(chars) for move, chars in self._moves(alive, blocks).items()}
        ends: Vector = {blocks[number]: part for number, part in enumerate(last) if part is not None}
        return solve(steps, ends, _Sizes().check)[blocks[0]]

    def _moves(self, alive: list[bool], blocks: list[int]) -> dict[tuple[int, int], set[int]]:
        """Between two blocks of living states, the characters that lead from one to the other."""
        moves: dict[tuple[int, int], set[int]] = {}
        for number, row in enumerate(self._targets):
            for char, target in enumerate(row) if alive[number] else ():
                if target >= 0 and alive[target]:
                    moves.setdefault((blocks[number], blocks[target]), set()).add(char)
        return moves

    def _blocks(self, alive: list[bool], last: list[Expression | None]) -> list[int]:
        """For each state, a number that it shares with the states that lead to the same (Moore 1956)."""
        numbers: dict[Expression | None, int] = {}
        blocks = [numbers.setdefault(part, len(numbers)) for part in last]
        # In place of a state that leads nowhere, and of none (-1): the one after the last.
        living = np.array([i if lives else len(alive) for i, lives in enumerate([*alive, False])])
        targets = living[np.array(self._targets, np.intp).reshape(len(alive), -1)]
        while True:
            keys: dict[bytes, int] = {}
            after = np.array([*blocks, -1])[targets]
            rows = np.column_stack([blocks, after])
            found = [keys.setdefault(row.tobytes(), len(keys)) for row in rows]
            if len(keys) == len(set(blocks)):
                return found
            blocks = found


def _reached(program: Program) -> tuple[list[list[Step]], list[list[int]]]:
    """The states that text can reach: the row of each, and the number of the state after each class, or -1."""
    numbers = {program.initial: 0}
    steps: list[list[Step]] = []
    targets: list[list[int]] = []
    for state in (order := [program.initial]):  # which grows
        if len(order) * len(program.classes) > MAX_STEPS:
            raise Unclear("it has too many states")
        row = program.row(state)
        found = {}
        for step in {id(step): step for step in row}.values():
            if step.unclear == BEFORE:
                raise Unclear(BEFORE)
            found[id(step)] = -1
            if step.target is not None:
                found[id(step)] = numbers.setdefault(step.target, len(numbers))
                if len(numbers) > len(order):
                    order.append(step.target)
        steps.append(row)
        targets.append([found[id(step)] for step in row[:-1]])
    return steps, targets


def _matching(row: list[Step]) -> frozenset[int]:
    """The characters before which there is, or may be, a match."""
    return frozenset(
        char
        for char, step in enumerate(row[:-1])
        if (step.matches is not False and not step.deferred) or step.unclear
    )


class _Sizes:
    """Keeps expressions that grow, part by part, from becoming too large."""

    def __init__(self) -> None:
        self._sizes: dict[
            int, tuple[int, Expression]
        ] = {}  # the expressions too, so that their ids stay theirs

    def check(self, expression: Expression) -> None:
        """Refuse one that is too large."""
        if self._size(expression) > MAX_SIZE:
            raise Unclear("its first matches make too large an expression")

    def _size(self, node: Expression) -> int:
        known = self._sizes.get(id(node))
        if known is None:
            size = sum(map(self._size, children(node))) + _CHARS_OF_NODE
            if isinstance(node, Literal):
                size += len(node.text)
            elif isinstance(node, CharSet):
                size += _CHARS_OF_RANGE * len(node.ranges)
            known = self._sizes[id(node)] = size, node
        return known[0]
