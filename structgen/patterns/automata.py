r"""Small deterministic automata that follow what a pattern asks about the text on one side of a position.

An automaton reads the text before a position forwards, or the text after it backwards, and knows in each
state which of a few languages hold what it has read. It is made by derivatives (Brzozowski 1964) over the
classes of characters that the languages do not distinguish. Most patterns ask for no more than the
neighbouring character (`^`, `\b`, `(?<!\d)`); then the states are classes of characters, and what leads to a
state is easy to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EMPTY,
    EPSILON,
    CharSet,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
    children,
)
from structgen.patterns import analysis
from structgen.patterns.characters import common, contains, joined, outside
from structgen.patterns.folding import either, join, one_char, times

MAX_STATES = 64
"""States of an automaton, beyond which a pattern is refused. Patterns in use need 2 to 10."""


class TooManyStates(Exception):
    """An assertion looks at too much of the text around it."""


class Automaton:
    """Reads texts of one side.

    Attributes:
        states: how many; 0 is the one before anything is read.
        holds: for each language, whether what was read is in it, by state.
        definite: whether the last character read alone decides on the state.
    """

    def __init__(self, languages: tuple[Expression, ...]) -> None:
        self._classes = _classes(languages)
        ids = {languages: 0}
        order = [languages]
        self._next: list[list[int]] = []
        derivatives = _Derivatives()
        for state in order:  # which grows
            row = []
            for chars in self._classes:
                code = chars.ranges[0][0]
                target = tuple([derivatives.derive(language, code) for language in state])
                if target not in ids:
                    if len(order) == MAX_STATES:
                        raise TooManyStates
                    ids[target] = len(order)
                    order.append(target)
                row.append(ids[target])
            self._next.append(row)
        self.states = len(order)
        self.holds = tuple(
            tuple(analysis.matches(state[i], "") for state in order) for i in range(len(languages))
        )
        self.definite = all(row == self._next[0] for row in self._next)
        self._words: dict[tuple[int, frozenset[int]], Expression] = {}

    def chars(self, state: int, targets: Iterable[int]) -> CharSet:
        """The characters that lead from `state` to one of the targets."""
        wanted = set(targets)
        found = [
            chars for chars, target in zip(self._classes, self._next[state], strict=True) if target in wanted
        ]
        return joined(*found)

    def read(self, state: int, text: str) -> int:
        """The state after `text`."""
        for char in text:
            row = self._next[state]
            state = next(row[i] for i, chars in enumerate(self._classes) if contains(chars, ord(char)))
        return state

    def leading(self, texts: Expression, state: int, targets: Iterable[int], *, at_end: bool) -> Expression:
        """Of `texts`, those that lead from `state` to one of the targets.

        Args:
            texts: any expression.
            state: where reading begins.
            targets: states.
            at_end: whether this automaton reads forwards; otherwise the texts are read from their end.
        """
        wanted = frozenset(targets)
        if len(wanted) == self.states:
            return texts
        if isinstance(texts, Literal):
            text = texts.text if at_end else texts.text[::-1]
            return texts if self.read(state, text) in wanted else EMPTY
        if isinstance(texts, CharSet):
            return one_char(common(texts, self.chars(state, wanted)))
        if isinstance(texts, Union):
            return either([self.leading(part, state, wanted, at_end=at_end) for part in texts.parts])
        if self.definite:
            chars = self.chars(state, wanted)
            language = either([EPSILON] * (state in wanted) + [analysis.edge_language(chars, at_end=at_end)])
            return analysis.restrict(texts, language, False, at_end=at_end)
        words = self.words(state, wanted)
        return analysis.restrict(texts, words if at_end else analysis.reverse(words), False, at_end=at_end)

    def words(self, state: int, targets: Iterable[int]) -> Expression:
        """Every text that, read from `state`, leads to one of the targets."""
        key = state, frozenset(targets)
        if key not in self._words:
            self._words[key] = self._find_words(*key)
        return self._words[key]

    def _find_words(self, start: int, targets: frozenset[int]) -> Expression:
        if len(targets) == self.states:
            return ANY_TEXT
        steps: Matrix = {}
        for state, row in enumerate(self._next):
            for target in set(row):
                steps[state, target] = one_char(self.chars(state, (target,)))
        ends: Vector = dict.fromkeys(targets, EPSILON)
        return solve(steps, ends).get(start, EMPTY)


automaton = lru_cache(maxsize=256)(Automaton)
"""The automaton of these languages, made once."""


def _classes(languages: Iterable[Expression]) -> list[CharSet]:
    """The coarsest partition of all characters such that no language tells two of a class apart."""
    atoms: dict[CharSet, None] = {}
    stack = list(languages)
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, CharSet):
            atoms[node] = None
        elif isinstance(node, Literal):
            atoms.update((CharSet(((ord(char), ord(char)),)), None) for char in node.text)
        else:
            stack.extend(children(node))
    classes = [ANY_CHAR]
    for atom in atoms:
        classes = [
            part
            for chars in classes
            for part in (common(chars, atom), common(chars, outside(atom)))
            if part.ranges
        ]
    return classes


class _Derivatives:
    """Derivatives of expressions, in a form in which there are finitely many of each."""

    def __init__(self) -> None:
        self._order: dict[Expression, int] = {}
        self._known: dict[tuple[int, int], Expression] = {}
        self._kept: list[Expression] = []  # so that their ids stay theirs

    def derive(self, node: Expression, code: int) -> Expression:
        """What may follow the character in texts of `node`."""
        key = id(node), code
        found = self._known.get(key)
        if found is None:
            self._kept.append(node)
            found = self._known[key] = self._derive(node, code)
        return found

    def _derive(self, node: Expression, code: int) -> Expression:
        if isinstance(node, Literal):
            return self._rest(node, code)
        if isinstance(node, CharSet):
            return EPSILON if contains(node, code) else EMPTY
        if isinstance(node, Concat):
            return self._derive_concat(node, code)
        if isinstance(node, Repeat):
            return self._derive_repeat(node, code)
        parts = [self.derive(part, code) for part in children(node)]
        if isinstance(node, Union):
            return self._union(parts)
        if isinstance(node, Intersection):
            return self._intersection(parts)
        assert isinstance(node, Complement)
        return self._complement(parts[0])

    def _derive_concat(self, node: Concat, code: int) -> Expression:
        head, tail = node.parts[0], join(node.parts[1:])
        found = self._concat(self.derive(head, code), tail)
        return self._union((found, self.derive(tail, code))) if analysis.matches(head, "") else found

    def _derive_repeat(self, node: Repeat, code: int) -> Expression:
        if node.max == 0:
            return EMPTY
        left = times(node.part, max(node.min - 1, 0), None if node.max is None else node.max - 1)
        return self._concat(self.derive(node.part, code), left)

    @staticmethod
    def _rest(node: Literal, code: int) -> Expression:
        if node.text[:1] != chr(code):
            return EMPTY
        return Literal(node.text[1:]) if len(node.text) > 1 else EPSILON

    @staticmethod
    def _concat(head: Expression, tail: Expression) -> Expression:
        if head == EMPTY:
            return EMPTY
        if tail == ANY_TEXT and analysis.matches(head, ""):
            return ANY_TEXT
        return join((head, tail))

    def _sorted(self, parts: Iterable[Expression]) -> list[Expression]:
        return sorted(set(parts), key=lambda part: self._order.setdefault(part, len(self._order)))

    def _union(self, parts: Iterable[Expression]) -> Expression:
        flat: list[Expression] = []
        for part in parts:
            flat.extend(part.parts if isinstance(part, Union) else (part,))
        kept = [part for part in self._sorted(flat) if part != EMPTY]
        if ANY_TEXT in kept:
            return ANY_TEXT
        return kept[0] if len(kept) == 1 else Union(tuple(kept)) if kept else EMPTY

    def _intersection(self, parts: Iterable[Expression]) -> Expression:
        flat: list[Expression] = []
        for part in parts:
            flat.extend(part.parts if isinstance(part, Intersection) else (part,))
        kept = [part for part in self._sorted(flat) if part != ANY_TEXT]
        if EMPTY in kept:
            return EMPTY
        return kept[0] if len(kept) == 1 else Intersection(tuple(kept)) if kept else ANY_TEXT

    @staticmethod
    def _complement(part: Expression) -> Expression:
        if isinstance(part, Complement):
            return part.part
        if part == EMPTY:
            return ANY_TEXT
        return EMPTY if part == ANY_TEXT else Complement(part)


# Linear equations over languages: X[i] = union of steps[i, j] X[j] over j, and ends[i].

Matrix = dict[tuple[int, int], Expression]
Vector = dict[int, Expression]
"""Entries that are missing denote nothing."""


def solve(steps: Matrix, ends: Vector, check: Callable[[Expression], None] = lambda _: None) -> Vector:
    """The least solution X of the equations, by elimination (Arden 1961).

    Args:
        steps: the coefficients.
        ends: the constants.
        check: is called with each entry that grows, and may raise.
    """
    equations = _Equations(useful(steps, ends), ends, check)
    done = [(i, *equations.eliminate(i)) for i in equations.unknowns()]
    found: Vector = {}
    for i, row, end in reversed(done):
        found[i] = either([end, *(join((step, found[j])) for j, step in row.items() if j in found)])
        check(found[i])
    return {i: texts for i, texts in found.items() if texts != EMPTY}


class _Equations:
    """The equations of the unknowns that are left."""

    def __init__(self, steps: Matrix, ends: Vector, check: Callable[[Expression], None]) -> None:
        self._check = check
        self._ends = dict(ends)
        self._rows: dict[int, Vector] = {}
        self._users: dict[int, set[int]] = {}
        for (i, j), step in steps.items():
            self._rows.setdefault(i, {})[j] = step
            self._users.setdefault(j, set()).add(i)

    def unknowns(self) -> list[int]:
        """All of them, those with the fewest neighbours first: it keeps the others small."""
        rows, users = self._rows, self._users
        return sorted(
            {*rows, *users, *self._ends},
            key=lambda i: (len(rows.get(i, {}).keys() | users.get(i, set())), i),
        )

    def eliminate(self, i: int) -> tuple[Vector, Expression]:
        """Take an unknown out of all equations; the right side of its own, in which it no longer is."""
        row = self._rows.pop(i, {})
        around = times(row.pop(i, EMPTY), 0, None)
        row = {j: join((around, step)) for j, step in row.items()}
        end = join((around, self._ends[i])) if i in self._ends else EMPTY
        for j in row:
            self._users[j].discard(i)
        for k in self._users.pop(i, set()) - {i}:
            self._replace(k, self._rows[k].pop(i), row, end)
        return row, end

    def _replace(self, k: int, into: Expression, row: Vector, end: Expression) -> None:
        """Put the right side of an unknown into the equation of another, in which `into` stands before it."""
        mine = self._rows[k]
        for j, step in row.items():
            mine[j] = either((mine.get(j, EMPTY), join((into, step))))
            self._users[j].add(k)
            self._check(mine[j])
        if end is not EMPTY:
            self._ends[k] = either((self._ends.get(k, EMPTY), join((into, end))))
            self._check(self._ends[k])


def useful(steps: Matrix, ends: Vector) -> Matrix:
    """The steps after which an end can be reached."""
    finishing = set(ends)
    waiting = list(finishing)
    while waiting:
        j = waiting.pop()
        for i, target in steps:
            if target == j and i not in finishing:
                finishing.add(i)
                waiting.append(i)
    return {pair: step for pair, step in steps.items() if pair[1] in finishing and step != EMPTY}
