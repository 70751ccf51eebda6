"""Spans: which part of a composed text each constraint has read, and the value that its parts have together.

    Reading(tree, limits)(text, None)     the value of a text of the composed grammar

A text may be read in several ways. The rule is that of backtracking regular expressions: alternatives are tried in
order, a repetition takes as many rounds as it can, and each part takes the longest text that it can, the first part
first. The first way counts in which all of the text is read and every part's validator accepts its text.

The tree is compiled to a program of a few instructions, which a depth-first search runs. No state of the search is
visited twice, and each part reads a text from a place once; so the work is bounded by parts times places times the
lengths that a part can have, and by `Limits.work` and `Limits.milliseconds`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from structgen.errors import InvalidText, LimitExceeded, Problem
from structgen.grammar.expressions import Literal
from structgen.grammar.rules import Grammar, Terminal
from structgen.language.parts import Alternatives, Concatenated, Node, Piece, Repeated
from structgen.limits import Limits
from structgen.matcher import CompiledGrammar


class Part(Protocol):
    """A constraint, as far as this module uses it."""

    @property
    def grammar(self) -> Grammar:
        """What the mask enforces."""

    @property
    def validator(self) -> Callable[[str, InvalidText | None], Any]:
        """Gives the value of a complete text."""

    @property
    def limits(self) -> Limits:
        """What compiling and masking may cost."""

    @property
    def description(self) -> str:
        """What it was made from, in one line."""

    @property
    def unenforced(self) -> tuple[Problem, ...]:
        """What the mask leaves to validation."""

    @property
    def report(self) -> tuple[Any, ...]:
        """What becomes of every keyword of a JSON Schema."""

    @property
    def by_bytes(self) -> CompiledGrammar:
        """The grammar over single bytes."""


@dataclass(frozen=True, eq=False)
class Leaf(Piece):
    """A constraint in a composition.

    Attributes:
        part: the constraint.
        has_validator: its validator may refuse a text of its grammar, or gives another value than the text.
    """

    part: Part = field(kw_only=True)
    has_validator: bool = field(kw_only=True, default=True)

    def __reduce__(self) -> tuple[Any, ...]:
        return _leaf, (self.part, self.name, self.is_json, self.has_validator)


def _leaf(part: Part, name: str, is_json: bool, has_validator: bool) -> Leaf:
    return Leaf(part.grammar, name, is_json, part=part, has_validator=has_validator)


@dataclass(frozen=True, eq=False)
class Maybe(Repeated):
    """A part that may be missing: its value, or None."""


def leaves(tree: Node) -> Iterator[Leaf]:
    """The constraints of a composition, from left to right."""
    if isinstance(tree, Leaf):
        yield tree
    elif isinstance(tree, (Concatenated, Alternatives)):
        for part in tree.parts:
            yield from leaves(part)
    elif isinstance(tree, Repeated):
        yield from leaves(tree.part)
        if tree.separator is not None:
            yield from leaves(tree.separator)


@dataclass(frozen=True)
class Reading:
    """Reads composed texts: the validator of a composed constraint.

    Attributes:
        tree: the composition; its pieces are leaves.
        limits: what one text may cost.
    """

    tree: Node
    limits: Limits

    def __call__(self, text: str, error: InvalidText | None) -> Any:
        """The value of a text.

        Args:
            text: a complete text.
            error: what the composed grammar has against it.

        Raises:
            InvalidText: It is not in the language, or a part does not accept its text.
            LimitExceeded: There are too many ways to read it.
        """
        if error is not None:
            raise error
        return _Search(_Program(self.tree), text, self.limits).value()


# The program


@dataclass(frozen=True, slots=True)
class _Take:
    """Read a leaf."""

    leaf: int


@dataclass(frozen=True, slots=True)
class _Fork:
    """Go on at any of some places, the first of them first."""

    targets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Enter:
    """Begin to count the rounds of a loop."""


@dataclass(frozen=True, slots=True)
class _Round:
    """Begin another round, or leave the loop. `first` is the place of a round that no separator comes before."""

    min: int
    max: int | None
    first: int
    again: int
    exit: int


@dataclass(frozen=True, slots=True)
class _Open:
    """Values that come now are gathered."""


@dataclass(frozen=True, slots=True)
class _Close:
    """The values gathered become one."""

    join: Callable[[list[Any]], list[Any]]


_Instruction = _Take | _Fork | _Enter | _Round | _Open | _Close


def _one_tuple(values: list[Any]) -> list[Any]:
    return [tuple(values)]


def _one_list(values: list[Any]) -> list[Any]:
    return [values]


def _one_or_none(values: list[Any]) -> list[Any]:
    return [values[0] if values else None]


def _nothing(values: list[Any]) -> list[Any]:
    return []


class _Program:
    """Instructions, each with the place of the next one; the end is at -1."""

    def __init__(self, tree: Node) -> None:
        self.leaves: list[Leaf] = []
        self.instructions: list[_Instruction] = []
        self.next: list[int] = []
        self.start = self._add(tree, -1)

    def _put(self, instruction: _Instruction, after: int) -> int:
        self.instructions.append(instruction)
        self.next.append(after)
        return len(self.instructions) - 1

    def _add(self, node: Node, after: int) -> int:
        """Add the instructions of a node, from the last to the first; returns the place of the first."""
        if isinstance(node, Leaf):
            self.leaves.append(node)
            return self._put(_Take(len(self.leaves) - 1), after)
        if isinstance(node, Concatenated):
            place = self._put(_Close(_one_tuple), after)
            for part in reversed(node.parts):
                place = self._add(part, place)
            return self._put(_Open(), place)
        if isinstance(node, Alternatives):
            return self._put(_Fork(tuple(self._add(part, after) for part in node.parts)), -1)
        assert isinstance(node, Repeated), "the pieces of a tree are leaves"
        return self._add_loop(node, after)

    def _add_loop(self, node: Repeated, after: int) -> int:
        exit = self._put(_Close(_one_or_none if isinstance(node, Maybe) else _one_list), after)
        round = self._put(_Enter(), -1)  # replaced when the places of its body are known
        first = again = self._add(node.part, round)
        if node.separator is not None:
            again = self._put(_Close(_nothing), first)
            again = self._put(_Open(), self._add(node.separator, again))
        self.instructions[round] = _Round(node.min, node.max, first, again, exit)
        return self._put(_Open(), self._put(_Enter(), round))


# The search

_NOT_JUDGED = object()

_Counts = tuple[tuple[int, bool], ...]
"""For each loop around: the rounds begun, and whether the last one has read anything."""

_Trace = tuple[Any, int, Any] | None
"""What was done: (the trace before, the place of an instruction, the span of a leaf)."""

_State = tuple[int, int, _Counts, _Trace]
"""The place in the program and in the text, the loops, and how it got there."""


class _Search:
    def __init__(self, program: _Program, text: str, limits: Limits) -> None:
        self._program = program
        self._text = text
        self._limits = limits
        self._until = time.monotonic() + limits.milliseconds / 1000
        self._work = 0
        self._ends: dict[tuple[int, int], list[int]] = {}
        self._values: dict[tuple[int, int, int], Any] = {}
        self._refused: set[tuple[int, int, int]] = set()
        self._error: InvalidText | None = None

    def value(self) -> Any:
        """The value of the first way to read all of the text."""
        todo: list[Iterator[_State]] = [iter([(self._program.start, 0, (), None)])]
        seen: set[tuple[int, int, _Counts]] = set()
        while todo:
            state = next(todo[-1], None)
            if state is None:
                todo.pop()
                continue
            place, position, counts, trace = state
            if place == -1 and position == len(self._text):
                return self._value_of(trace)
            if place != -1 and (place, position, counts) not in seen:
                seen.add((place, position, counts))
                self._spend(1)
                todo.append(self._steps(*state))
        raise self._error or InvalidText(self._text, len(self._text), "no part can read the rest of the text")

    def _steps(self, place: int, position: int, counts: _Counts, trace: _Trace) -> Iterator[_State]:
        """What may come next, the preferred first."""
        instruction, after = self._program.instructions[place], self._program.next[place]
        if isinstance(instruction, _Take):
            moved = tuple((count, True) for count, _ in counts)
            for end in self._ends_of(instruction.leaf, position):
                if self._judged(instruction.leaf, position, end):
                    yield after, end, counts if end == position else moved, (trace, place, (position, end))
        elif isinstance(instruction, _Fork):
            for target in instruction.targets:
                yield target, position, counts, trace
        elif isinstance(instruction, _Enter):
            yield after, position, (*counts, (0, True)), trace
        elif isinstance(instruction, _Round):
            yield from self._rounds(instruction, position, counts, trace)
        else:
            yield after, position, counts, (trace, place, None)

    def _rounds(self, loop: _Round, position: int, counts: _Counts, trace: _Trace) -> Iterator[_State]:
        *outer, (count, moved) = counts
        is_idle = count > loop.min and not moved
        if is_idle and (count > 1 or loop.first == loop.again):
            return  # a round beyond the minimum reads something; the first one may leave that to the next separator
        if loop.max is None or count < loop.max:
            begun = count + 1 if loop.max is not None else min(count + 1, loop.min + 1)
            yield loop.first if count == 0 else loop.again, position, (*outer, (begun, False)), trace
        if count >= loop.min and not is_idle:
            yield loop.exit, position, tuple(outer), trace

    def _ends_of(self, number: int, start: int) -> list[int]:
        """Where a text of a leaf that begins at a place may end, the longest first."""
        known = self._ends.get((number, start))
        if known is None:
            leaf, text = self._program.leaves[number], self._text
            literal = _literal_of(leaf.grammar)
            if literal is not None:
                known = [start + len(literal)] if text.startswith(literal, start) else []
            else:
                known = list(reversed(self._read(leaf.part.by_bytes, start)))
            self._ends[number, start] = known
        return known

    def _read(self, grammar: CompiledGrammar, start: int) -> list[int]:
        configuration = grammar.initial
        ends = [start] if grammar.can_stop(configuration) else []
        for position in range(start, len(self._text)):
            for byte in self._text[position].encode():
                configuration = grammar.try_advance(configuration, byte)
                if configuration < 0:
                    return ends
            self._spend(1)
            if grammar.can_stop(configuration):
                ends.append(position + 1)
        return ends

    def _judged(self, number: int, start: int, end: int) -> bool:
        """Returns True if the validator of a leaf accepts a part of the text; its value is kept."""
        leaf, key = self._program.leaves[number], (number, start, end)
        if not leaf.has_validator or key in self._values:
            return True
        if key in self._refused:
            return False
        try:
            self._values[key] = leaf.part.validator(self._text[start:end], None)
        except InvalidText as error:
            self._refused.add(key)
            if self._error is None:
                self._error = InvalidText(self._text, start + error.position, error.reason, error.expected)
            return False
        return True

    def _spend(self, steps: int) -> None:
        self._work += steps
        if self._work > self._limits.work:
            raise LimitExceeded("work", self._limits.work)
        if self._work % 1024 == 0 and time.monotonic() > self._until:
            raise LimitExceeded("milliseconds", self._limits.milliseconds)

    def _value_of(self, trace: _Trace) -> Any:
        """Do what was done once more, now with values."""
        steps = []
        while trace is not None:
            trace, place, span = trace
            steps.append((self._program.instructions[place], span))
        stack: list[list[Any]] = [[]]
        for instruction, span in reversed(steps):
            if isinstance(instruction, _Open):
                stack.append([])
            elif isinstance(instruction, _Close):
                gathered = stack.pop()
                stack[-1] += instruction.join(gathered)
            elif isinstance(instruction, _Take):
                found = self._values.get((instruction.leaf, *span), _NOT_JUDGED)
                stack[-1].append(self._text[slice(*span)] if found is _NOT_JUDGED else found)
        (result,) = stack[0]
        return result


def _literal_of(grammar: Grammar) -> str | None:
    """The text of a grammar that has one only, and shows it plainly."""
    body = grammar.rules[grammar.start]
    if isinstance(body, Terminal) and isinstance(body.expression, Literal) and not grammar.ignore:
        return body.expression.text
    return None
