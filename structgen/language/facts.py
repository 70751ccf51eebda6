"""What may stand where in the texts of a grammar: which terminals begin it, end it, and follow each other.

    Facts(grammar)         nullable, first, last, and the terminals that may follow each terminal
    first_bytes(e)         the bytes with which texts of an expression begin, as a set of bits
    interferes(...)        whether terminals of another grammar change where a terminal ends

Bytes, not characters: the lexer reads bytes, and two characters may begin with the same one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from functools import cached_property

from structgen.grammar.expressions import EMPTY, Expression
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
    walk,
)
from structgen.language.derivatives import (
    Ranges,
    classes_of,
    denotes_empty_text,
    derivative,
    is_possible,
    ways,
    without_surrogates,
)

_STEPS = 50_000
_FIRST_OF_LENGTH = ((0x80, 0), (0x800, 0xC0), (0x10000, 0xE0), (0x110000, 0xF0))


class TooLarge(Exception):
    """A question about terminals takes too many steps."""


class Steps:
    """Bounds the work of a question that compares many expressions.

    Raises:
        TooLarge: It takes more than 50,000 steps.
    """

    def __init__(self) -> None:
        self._left = _STEPS

    def spend(self) -> None:
        """Takes one step."""
        self._left -= 1
        if self._left < 0:
            raise TooLarge


class Facts:
    """Sets of terminals of one grammar. Computed by going around the rules until nothing changes.

    Attributes:
        terminals: all terminals that the start can reach.
        nullable: rules that may be empty.
        first: terminals that may begin the text of a rule.
        last: terminals that may end it.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._rules: Mapping[str, RuleExpression] = grammar.rules
        self.nullable: set[str] = set()
        self.first: dict[str, frozenset[Terminal]] = dict.fromkeys(grammar.rules, frozenset())
        self.last: dict[str, frozenset[Terminal]] = dict.fromkeys(grammar.rules, frozenset())
        self.terminals = tuple(
            dict.fromkeys(
                node for body in grammar.rules.values() for node in walk(body) if isinstance(node, Terminal)
            )
        )
        while self._grow():
            pass

    @cached_property
    def follow(self) -> dict[Terminal, set[Terminal]]:
        """The terminals that may come after each terminal."""
        self._follow: dict[Terminal, set[Terminal]] = {terminal: set() for terminal in self.terminals}
        for body in self._rules.values():
            self._join(body)
        return self._follow

    def _grow(self) -> bool:
        before = len(self.nullable), sum(map(len, self.first.values())), sum(map(len, self.last.values()))
        for name, body in self._rules.items():
            if self.is_nullable(body):
                self.nullable.add(name)
            self.first[name] |= self.ends_of(body, 0)
            self.last[name] |= self.ends_of(body, -1)
        after = len(self.nullable), sum(map(len, self.first.values())), sum(map(len, self.last.values()))
        return before != after

    def is_nullable(self, body: RuleExpression) -> bool:
        """Returns True if the empty text matches."""
        if isinstance(body, Reference):
            return body.name in self.nullable
        if isinstance(body, Choice):
            return any(map(self.is_nullable, body.options))
        if isinstance(body, Repetition):
            return body.min == 0 or self.is_nullable(body.part)
        return isinstance(body, (Sequence, Permutation)) and all(map(self.is_nullable, body.parts))

    def ends_of(self, body: RuleExpression, end: int) -> frozenset[Terminal]:
        """The terminals that may come first (`end` is 0) or last (-1)."""
        if isinstance(body, Terminal):
            return frozenset((body,))
        if isinstance(body, Reference):
            return (self.first if end == 0 else self.last)[body.name]
        if isinstance(body, (Choice, Permutation)):
            parts = body.options if isinstance(body, Choice) else body.parts
            return frozenset().union(*(self.ends_of(part, end) for part in parts))
        if isinstance(body, Repetition):
            return self.ends_of(body.part, end) if body.max != 0 else frozenset()
        found: set[Terminal] = set()
        for part in (body.parts if end == 0 else reversed(body.parts)) if isinstance(body, Sequence) else ():
            found |= self.ends_of(part, end)
            if not self.is_nullable(part):
                break
        return frozenset(found)

    def _join(self, body: RuleExpression, *, separated: bool = False) -> None:
        """Note which terminals follow each other within a body; `separated`: its rounds have something between them."""
        if isinstance(body, Repetition):
            if body.max not in (0, 1) and not separated:
                self._follows(self.ends_of(body.part, -1), self.ends_of(body.part, 0))
            self._join(body.part)
        elif isinstance(body, Choice):
            for option in body.options:
                self._join(option)
        elif isinstance(body, (Sequence, Permutation)):
            self._join_parts(body)
            for part in body.parts:
                self._join(part, separated=body.separator is not None)
            if body.separator is not None:
                self._join(body.separator)

    def _join_parts(self, node: Sequence | Permutation) -> None:
        after: frozenset[Terminal] = frozenset()  # what may come after a part, separators left out
        if isinstance(node, Permutation):
            after = after.union(*(self.ends_of(part, 0) for part in node.parts))
        for part in reversed(node.parts):
            if after:
                self._pass(part, after, node.separator)
            if node.separator is not None and isinstance(part, Repetition):
                self._pass(part.part, self.ends_of(part.part, 0), node.separator)
            if isinstance(node, Sequence):
                first = self.ends_of(part, 0)
                after = first | after if self.is_nullable(part) else first

    def _pass(self, part: RuleExpression, after: frozenset[Terminal], between: RuleExpression | None) -> None:
        last = self.ends_of(part, -1)
        if between is None or self.is_nullable(between):
            self._follows(last, after)
        if between is not None:
            self._follows(last, self.ends_of(between, 0))
            self._follows(self.ends_of(between, -1), after)

    def _follows(self, last: Iterable[Terminal], first: Iterable[Terminal]) -> None:
        first = tuple(first)
        for terminal in last:
            self._follow[terminal].update(first)


def first_bytes(expression: Expression) -> int:
    """The bytes with which its texts begin, as bits."""
    found = 0
    for ranges, rest in ways(expression):
        if rest != EMPTY and is_possible(rest):
            found |= bytes_of(ranges)
    return found


def bytes_of(ranges: Ranges) -> int:
    """The first bytes of characters, as bits."""
    found = 0
    for first, last in without_surrogates(ranges):
        low = 0
        for end, mark in _FIRST_OF_LENGTH:
            start, stop = max(first, low), min(last, end - 1)
            if start <= stop:
                shift = {0: 0, 0xC0: 6, 0xE0: 12, 0xF0: 18}[mark]
                lead, lead_of_last = mark | (start >> shift), mark | (stop >> shift)
                found |= ((1 << (lead_of_last - lead + 1)) - 1) << lead
            low = end
    return found


def going_on(expression: Expression, others: Expression, steps: Steps | None = None) -> int:
    """The bytes with which `others` can go on after a text of `expression` that they begin with, as bits.

    Raises:
        TooLarge: It takes too many steps.
    """
    found = 0
    for state, other in _pairs(expression, others, steps or Steps()):
        if denotes_empty_text(state):
            found |= first_bytes(other)
    return found


def interferes(terminal: Terminal, followers: int, others: Iterable[Terminal]) -> bool:
    """Returns True if one of `others` continues a text of the terminal with a byte that may follow it.

    Only where the terminal itself cannot continue with that byte. The others are compared one by one: the automaton of
    all at once would be far larger than the sum of theirs.
    """
    steps = Steps()
    for expression in {one for other in others for one in (other.expression, other.guard)}:
        for state, other in _pairs(terminal.expression, expression, steps):
            if denotes_empty_text(state) and first_bytes(other) & followers & ~first_bytes(state):
                return True
    return False


def _pairs(first: Expression, second: Expression, steps: Steps) -> Iterable[tuple[Expression, Expression]]:
    """The derivatives of both after each text that both can begin with, apart from the empty text."""
    seen: set[tuple[Expression, Expression]] = set()
    queue = deque([(first, second)])
    while queue:
        left, right = queue.popleft()
        for chars in classes_of(left, right):
            steps.spend()
            char = chr(chars[0][0])
            after = derivative(left, char)
            pair = after, derivative(right, char) if after != EMPTY else EMPTY
            if EMPTY not in pair and pair not in seen:
                seen.add(pair)
                queue.append(pair)
                yield pair
