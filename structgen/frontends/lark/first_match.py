r"""Which text of a terminal a lexer takes, as an expression.

Lark's lexers ask `re` for the first match of a terminal; the engine reads the longest one. The two agree once a
terminal is reduced to the texts that are a first match of something: `a|ab` to "a", and `".*?"` to the strings with one
quote at each end. Of these the longest that a text begins with *is* the first match: a program (`programs.py`) that
forgets all threads after the first that has matched finds it by reading on until no thread is left.

Most patterns lose nothing that way, and their expression is the plain one. For the others it is made of the states of a
program for what is left of the pattern behind a beginning that the next character decides (`[ ]{1,64}`, of
`[ ]{1,64}(?!if\b)\w+`). Where it depends on the next character whether a match may end (`for\b`, `a(?!b)`), the
characters before which it may not are its guard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from structgen.frontends.lark.patterns import (
    Node,
    Unclear,
    apart,
    ends_apart,
    expression_of,
    going_on,
    has_word,
    is_decided_by_next_char,
    read,
    split_beginning,
)
from structgen.frontends.lark.programs import BEFORE, END, Program, State, Step
from structgen.frontends.lark.texts import LONGER
from structgen.frontends.regex import parse_regex
from structgen.frontends.regex.automata import Matrix, Vector, solve
from structgen.frontends.regex.characters import common, joined
from structgen.frontends.regex.nodes import one_char
from structgen.grammar.expressions import (
    ANY_TEXT,
    EMPTY,
    EPSILON,
    CharSet,
    Expression,
    Literal,
    children,
    concat,
    union,
)

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


@dataclass(frozen=True, slots=True)
class FirstMatch:
    """What a pattern takes.

    Attributes:
        expression: the texts that it takes first, so that the longest of them is what `re.match` finds.
        begun: the texts that begin with a match and go on.
        guard: texts of `expression` with one more character, before which they are no match.
        dropped: texts that would be a match before the last character, but are left out of `expression`.
    """

    expression: Expression
    begun: Expression
    guard: Expression = EMPTY
    dropped: Expression = EMPTY

    @property
    def is_plain(self) -> bool:
        """Whether nothing that follows matters."""
        return self.begun == concat(self.expression, LONGER)


def plain_match(expression: Expression) -> FirstMatch:
    """What a pattern takes that takes every text of its own, whatever follows."""
    return FirstMatch(expression, concat(expression, LONGER))


def first_matches(pattern: str, following: Callable[[], Following]) -> FirstMatch:
    """What `re.match` takes of a pattern, whatever comes next of what may follow.

    A text that is no match at the end, but would be before some characters, is left out if the text may end there.

    Args:
        pattern: a regular expression of Python.
        following: what may come right after it; asked only if the pattern looks there.

    Raises:
        InvalidRegexError: It is malformed, or not regular.
        Unclear: What it takes first depends on what stands before it, or can't be followed.
    """
    everything = parse_regex(pattern)  # first: its errors say where
    node = read(pattern)
    if is_decided_by_next_char(node) and not has_word(node):
        return plain_match(everything)
    return _first_matches(pattern, following())


@lru_cache(256)  # grammars are loaded again and again
def _first_matches(pattern: str, following: Following) -> FirstMatch:
    node = read(pattern)
    beginning, rest = split_beginning(node)
    try:
        before, found = expression_of(beginning), [_match_of(one, following) for one in apart(rest)]
    except Unclear:  # what the rest takes depends on what stands before it
        before, found = EPSILON, [_match_of(node, following)]
    if None in found and len(found) == 1:
        return plain_match(parse_regex(pattern))
    whole = [
        plain_match(expression_of(one)) if match is None else match
        for one, match in zip(apart(rest), found, strict=True)
    ]
    return FirstMatch(
        concat(before, union(*(match.expression for match in whole))),
        concat(before, union(*(match.begun for match in whole))),
        _after(before, [match.guard for match in whole]),
        _after(before, [match.dropped for match in whole]),
    )


def _after(before: Expression, options: list[Expression]) -> Expression:
    there = [option for option in options if option != EMPTY]
    return concat(before, union(*there)) if there else EMPTY


@lru_cache(256)  # they have their names in common, in several terminals
def _match_of(node: Node, following: Following) -> FirstMatch | None:
    """What a node takes first; None: every text of its own, whatever follows, and that can be written down."""
    if is_decided_by_next_char(node):
        return FirstMatch(expression_of(node), going_on(node, LONGER)) if has_word(node) else None
    automaton = _Automaton(Program(node), following)
    if automaton.is_plain:
        return None if automaton.takes_everything() else plain_match(automaton.expression())
    for middle, end in ends_apart(node):
        with suppress(Unclear):  # what the middle takes depends on the end
            closed = _Automaton(Program(middle), following)
            if closed.is_closed:
                return plain_match(concat(closed.expression(), expression_of(end)))
    return FirstMatch(
        automaton.expression(),
        concat(automaton.going_on(automaton.matching), ANY_TEXT),
        automaton.going_on(automaton.forbidden),
        automaton.going_on(automaton.dropped),
    )


class _Automaton:
    """The states of a program that text can reach, and where its first match may end."""

    def __init__(self, program: Program, following: Following) -> None:
        self.classes = program.classes
        self.order = [program.initial]
        self.steps: list[list[Step]] = []
        self._numbers: dict[State, int] = {program.initial: 0}
        for state in self.order:  # which grows
            if len(self.order) * len(self.classes) > MAX_STEPS:
                raise Unclear("it has too many states")
            row = program.row(state)
            for step in {id(step): step for step in row}.values():
                if step.unclear == BEFORE:
                    raise Unclear(BEFORE)
                if step.target is not None and step.target not in self._numbers:
                    self._numbers[step.target] = len(self.order)
                    self.order.append(step.target)
            self.steps.append(row)
        number_of = {
            id(step): -1 if step.target is None else self._numbers[step.target]
            for row in self.steps
            for step in {id(step): step for step in row}.values()
        }
        self.targets = [[number_of[id(step)] for step in row[:-1]] for row in self.steps]
        self.forbidden: list[frozenset[int]] = [frozenset()] * len(self.order)
        self.is_plain = program.is_plain
        if program.is_plain:
            self.ends = [row[END].matches is True for row in self.steps]
        else:
            self.ends = self._decide(following)
        self.ends[0] = False
        # Characters before which there is, or may be, a match. The empty text is none.
        self.matching = [
            frozenset(
                c
                for c, step in enumerate(row[:-1])
                if (step.matches is not False and not step.deferred) or step.unclear
            )
            for row in self.steps
        ]
        self.matching[0] = frozenset()
        self.dropped = [
            frozenset() if end else chars for end, chars in zip(self.ends, self.matching, strict=True)
        ]
        self.forbidden = [
            chars if end else frozenset() for end, chars in zip(self.ends, self.forbidden, strict=True)
        ]

    def _decide(self, following: Following) -> list[bool]:
        """Where the first match may end; and `forbidden`: the characters before which it then may not."""
        can_follow = [bool(common(chars, following.chars).ranges) for chars in self.classes]
        for row, targets in zip(self.steps, self.targets, strict=True):
            for char, step in enumerate(row[:-1]):
                if step.unclear and targets[char] >= 0:
                    raise Unclear(step.unclear)
        ends = [any(step.matches is not False for step in row) for row in self.steps]
        while True:
            alive = self._alive(ends)
            found = list(ends)
            for number, row in enumerate(self.steps):
                next_chars = {
                    char: row[char].matches is True and not row[char].unclear
                    for char, target in enumerate(self.targets[number])
                    if can_follow[char] and (target < 0 or not alive[target])
                }
                can_end = row[END].matches is True
                # Never back to true: a state that is no end for a while stays one that is left out.
                found[number] = ends[number] and (can_end or (not following.end and any(next_chars.values())))
                self.forbidden[number] = frozenset(
                    char for char, matches in next_chars.items() if not matches
                )
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

    @property
    def is_closed(self) -> bool:
        """Whether a match is one whatever follows, and never goes on."""
        return all(
            all(step.matches is True and step.target is None for step in row)
            for row in self.steps
            if any(step.matches is not False or step.unclear for step in row)
        )

    def takes_everything(self) -> bool:
        """Whether every text of the pattern is a first match."""
        return self.ends[1:] == [row[END].matches_uncut for row in self.steps][1:]

    def expression(self) -> Expression:
        """The texts that lead to an end."""
        return self._to([EPSILON if end else None for end in self.ends])

    def going_on(self, chars_of_states: list[frozenset[int]]) -> Expression:
        """The texts that lead to a state, with one of its characters."""
        return self._to([self._one_of(chars) if chars else None for chars in chars_of_states])

    def _one_of(self, chars: Iterable[int]) -> Expression:
        return one_char(joined(*[self.classes[char] for char in sorted(chars)]))

    def _to(self, last: list[Expression | None]) -> Expression:
        """The texts that lead to a state with something last, with that."""
        alive = self._alive([part is not None for part in last])
        if not alive[0]:
            return EMPTY
        blocks = self._blocks(alive, last)
        if len(set(blocks)) > MAX_STATES:
            raise Unclear("it has too many states")
        moves: dict[tuple[int, int], set[int]] = {}
        for number, row in enumerate(self.targets):
            for char, target in enumerate(row):
                if alive[number] and target >= 0 and alive[target]:
                    moves.setdefault((blocks[number], blocks[target]), set()).add(char)
        steps: Matrix = {move: self._one_of(chars) for move, chars in moves.items()}
        ends: Vector = {blocks[number]: part for number, part in enumerate(last) if part is not None}
        return solve(steps, ends, _Sizes().check)[blocks[0]]

    def _blocks(self, alive: list[bool], last: list[Expression | None]) -> list[int]:
        """For each state, a number that it shares with the states that it can't be told from (Moore 1956)."""
        numbers: dict[Expression | None, int] = {}
        blocks = [numbers.setdefault(part, len(numbers)) for part in last]
        # In place of a state that leads nowhere, and of none (-1): the one behind the last.
        living = np.array([i if lives else len(alive) for i, lives in enumerate([*alive, False])])
        targets = living[np.array(self.targets, np.intp).reshape(len(alive), -1)]
        while True:
            keys: dict[bytes, int] = {}
            after = np.array([*blocks, -1])[targets]
            rows = np.column_stack([blocks, after])
            found = [keys.setdefault(row.tobytes(), len(keys)) for row in rows]
            if len(keys) == len(set(blocks)):
                return found
            blocks = found


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
