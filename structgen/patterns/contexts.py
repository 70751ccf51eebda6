r"""Repetitions with assertions inside, such as `(?:(?!-->).)*` and `(?:\b\w+\b\s*){1,250}`.

A position has a *context*: the state of the automaton that has read the text before it, and the state of one
that has read the text after it, backwards. Every assertion holds in a context or does not. So a node becomes
a matrix: for two contexts, the texts that it matches between positions in these. A sequence is a product,
options are a sum, an assertion is a diagonal, and a repetition followed by a rest is a set of linear
equations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from structgen.grammar.expressions import ANY_CHAR, EMPTY, EPSILON, Expression
from structgen.patterns.analysis import reverse
from structgen.patterns.automata import (
    Automaton,
    Matrix,
    TooManyStates,
    Vector,
    automaton,
    solve,
    useful,
)
from structgen.patterns.budget import Budget
from structgen.patterns.conditions import Ahead, Behind
from structgen.patterns.folding import either, join, times
from structgen.patterns.tree import Loop, Node, Options, Sequence, width

MAX_COPIES = 32
"""How often a repetition is written out, where nothing better is known."""

MAX_PATHS = 64
"""Ways through the contexts that are written out for a counted repetition."""

Rest = tuple[Expression, ...]
"""What may follow a position, by the state that the automaton of what went before is in."""


def check_copies(node: Loop, budget: Budget) -> None:
    """Raise `InvalidRegexError` if a repetition can't be written out."""
    if max(node.min, node.max or 0) > MAX_COPIES:
        raise budget.error(
            f"with assertions inside, this is repeated at most {MAX_COPIES} times; use * or +", node.position
        )


class Contexts:
    """The contexts around a node.

    Context `p * right.states + s` is: `left` in state p, `right` in state s.

    Args:
        left: the automaton of what went before.
        aheads: the conditions of the node on what follows, each with what it asks for, by state of `left`.
        holds: says of a condition on what went before, by state of `left`, whether it holds.
        budget: for what is made.
        position: of the node, for errors.
    """

    def __init__(
        self,
        left: Automaton,
        aheads: Mapping[Ahead, Rest],
        holds: Callable[[Behind], tuple[bool, ...]],
        budget: Budget,
        position: int,
    ) -> None:
        self._left = left
        self._behind_holds = holds
        self._budget = budget
        self._position = position
        # For each condition on what follows: its language read backwards, by the state of `left`.
        backwards: dict[Ahead, list[Expression]] = {}
        for ahead, languages in aheads.items():
            for language in languages:
                budget.check(language, ahead.position)
            backwards[ahead] = [reverse(language) for language in languages]
        distinct = dict.fromkeys(language for found in backwards.values() for language in found)
        numbers = {language: i for i, language in enumerate(distinct)}
        self._aheads = {
            ahead: [numbers[language] for language in found] for ahead, found in backwards.items()
        }
        try:
            self.right: Automaton = automaton(tuple(distinct))
        except TooManyStates:
            raise budget.error("an assertion in here looks too far ahead", position) from None
        self._all = range(self._left.states * self.right.states)

    def is_start(self, context: int) -> bool:
        """Returns True if the text before can be empty."""
        return context // self.right.states == 0

    def after(self, context: int) -> int:
        """The state that has read the text after."""
        return context % self.right.states

    def _between(self, texts: Expression) -> Matrix:
        found: Matrix = {}
        width = self.right.states
        for p in range(self._left.states):
            for q in range(self._left.states):
                middle = self._left.leading(texts, p, (q,), at_end=True)
                if middle is EMPTY:
                    continue
                for t in range(width):
                    for s in range(width):
                        entry = self.right.leading(middle, t, (s,), at_end=False)
                        if entry is not EMPTY:
                            found[p * width + s, q * width + t] = entry
        return found

    def matrix(self, node: Node) -> Matrix:
        """The texts that the node matches, by the contexts before and after them."""
        if isinstance(node, Expression):
            return self._between(node)
        if isinstance(node, Sequence):
            found = self.matrix(node.parts[0])
            for part in node.parts[1:]:
                found = self._product(found, self.matrix(part))
            return found
        if isinstance(node, Options):
            found = {}
            for option in node.options:
                found = self._sum(found, self.matrix(option))
            return found
        if isinstance(node, Loop):
            return self._power(node)
        return {(i, i): EPSILON for i in self._all if self._holds(node, *divmod(i, self.right.states))}

    def _holds(self, node: Node, before: int, after: int) -> bool:
        if isinstance(node, Behind):
            return self._behind_holds(node)[before]
        assert isinstance(node, Ahead)
        return self.right.holds[self._aheads[node][before]][after] != node.negated

    def _product(self, a: Matrix, b: Matrix) -> Matrix:
        found: Matrix = {}
        rows: dict[int, list[tuple[int, Expression]]] = {}
        for (j, k), texts in b.items():
            rows.setdefault(j, []).append((k, texts))
        for (i, j), texts in a.items():
            for k, others in rows.get(j, ()):
                found[i, k] = either((found.get((i, k), EMPTY), join((texts, others))))
                self._check(found[i, k])
        return found

    @staticmethod
    def _sum(a: Matrix, b: Matrix) -> Matrix:
        return {pair: either((a.get(pair, EMPTY), b.get(pair, EMPTY))) for pair in {**a, **b}}

    def _check(self, texts: Expression) -> None:
        self._budget.check(texts, self._position)

    def _closure(self, steps: Matrix) -> Matrix:
        """Any number of the steps."""
        found: Matrix = {}
        for j in self._all:
            found.update(((i, j), texts) for i, texts in solve(steps, {j: EPSILON}, self._check).items())
        return found

    def _power(self, node: Loop) -> Matrix:
        """A repetition within the repetition."""
        check_copies(node, self._budget)
        step = self.matrix(node.body)
        identity: Matrix = {(i, i): EPSILON for i in self._all}
        found = self._closure(step) if node.max is None else identity
        for _ in range((node.max or node.min) - node.min):
            found = self._sum(identity, self._product(step, found))
        for _ in range(node.min):
            found = self._product(step, found)
        return found

    def _ends(self, rest: Rest) -> Vector:
        """The rest, cut down to what may follow each context."""
        found: Vector = {}
        for i in self._all:
            before, after = divmod(i, self.right.states)
            texts = self.right.leading(rest[before], 0, (after,), at_end=False)
            if texts is not EMPTY:
                found[i] = texts
        return found

    def _by_state(self, found: Vector) -> Rest:
        width = self.right.states
        return tuple(
            either([found.get(p * width + s, EMPTY) for s in range(width)]) for p in range(self._left.states)
        )

    def star(self, node: Loop, rest: Rest) -> Rest:
        """The body any number of times, then the rest."""
        return self._by_state(solve(self.matrix(node.body), self._ends(rest), self._check))

    def counted(self, node: Loop, rest: Rest) -> Rest | None:
        """The repetition, then the rest, with its bounds kept as numbers; None where that cannot be had."""
        steps, ends = self.matrix(node.body), self._ends(rest)
        least, most = width(node.body)
        if least == most and least and least * (node.max or node.min) < 2**31 - 1:
            return self._by_length(node, steps, ends)
        steps = useful(steps, ends)
        paths = _paths(steps, self._all)
        if paths is None:
            return None
        found: Vector = {}
        for path in paths:
            if path[-1] in ends:
                found[path[0]] = either((found.get(path[0], EMPTY), _along(node, steps, ends, path)))
        return self._by_state(found)

    def _by_length(self, node: Loop, steps: Matrix, ends: Vector) -> Rest:
        """The texts of the body are equally long: their number is a question of length."""
        length = width(node.body)[0]
        most = None if node.max is None else node.max * length
        lengths = times(ANY_CHAR, node.min * length, most)
        found: Vector = {}
        for (i, j), texts in self._closure(steps).items():
            if j in ends:
                found[i] = either((found.get(i, EMPTY), join((texts & lengths, ends[j]))))
        return self._by_state(found)


def _paths(steps: Matrix, starts: Iterable[int]) -> list[list[int]] | None:
    """All ways through the contexts, steps in place left out.

    None if there are too many, a circle among them, or two contexts on one of them with steps in place: then
    the number of steps cannot be said along the way.
    """
    found = [[i] for i in starts]
    for path in found:  # which grows
        if sum((j, j) in steps for j in path) > 1:
            return None
        for i, j in steps:
            if i == path[-1] and i != j:
                if j in path or len(found) > MAX_PATHS:
                    return None
                found.append([*path, j])
    return found


def _along(node: Loop, steps: Matrix, ends: Vector, path: list[int]) -> Expression:
    """The texts of this many steps along the path, those in place counted too."""
    taken = len(path) - 1
    most = node.max
    if most is not None and most < taken:
        return EMPTY
    parts: list[Expression] = []
    looped = False
    for k, j in enumerate(path):
        if k:
            parts.append(steps[path[k - 1], j])
        if (j, j) in steps:
            looped = True
            parts.append(times(steps[j, j], max(node.min - taken, 0), most and most - taken))
    if not looped and taken < node.min:
        return EMPTY
    return join((*parts, ends[path[-1]]))
