"""Which terminals may be adjacent in the texts of a grammar.

Sets of terminals are integers, one bit for each: the first and last terminals of each rule are found together, then
every sequence says which of them follow each other. What never finishes counts as well: Lark's lexer looks for it.
Knows rules, and terminals only by name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from structgen.grammar.rules import (
    Choice,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
    children,
    walk,
)

Body = RuleExpression


@dataclass(frozen=True, slots=True)
class Edges:
    """What the texts of a body begin and end with.

    Attributes:
        finishes: whether it has any text.
        empty: whether the empty text is one of them.
        first: the terminals that they begin with.
        last: those that they end with.
    """

    finishes: bool = False
    empty: bool = False
    first: int = 0
    last: int = 0


class Adjacency:
    """Which terminals may be adjacent.

    Attributes:
        names: of the terminals; the bit of `names[i]` is `1 << i`. The bit after the last one means the text's end.
        first: what a text may begin with.
        following: for each terminal, what may come next.
    """

    def __init__(self, rules: Mapping[str, Body], start: str) -> None:
        self._rules = rules
        terminals = [node.name for node in _nodes(rules) if isinstance(node, Terminal)]
        self.names = list(dict.fromkeys(terminals))
        self._bits = {name: 1 << i for i, name in enumerate(self.names)}
        self.end = 1 << len(self.names)
        self._edges = dict.fromkeys(rules, Edges())
        self._solve()
        whole = self._edges[start]
        self.first = whole.first | (self.end if whole.empty else 0)
        self.following = {name: self.end if whole.last & bit else 0 for name, bit in self._bits.items()}
        self._find_following()

    def named(self, terminals: int) -> Iterator[str]:
        """The names of a set of terminals, without the end."""
        while terminals:
            low = terminals & -terminals
            if low != self.end:
                yield self.names[low.bit_length() - 1]
            terminals ^= low

    def bit(self, name: str) -> int:
        """The set of one terminal."""
        return self._bits.get(name, 0)

    def _solve(self) -> None:
        """Find the edges of all rules: first of those that others need, and again of those in a circle."""
        needs = {name: _references(body) for name, body in self._rules.items()}
        users: dict[str, list[str]] = {}
        for name, needed in needs.items():
            for other in needed:
                users.setdefault(other, []).append(name)
        waiting = deque(_needed_first(needs))
        is_waiting = set(waiting)
        while waiting:
            name = waiting.popleft()
            is_waiting.remove(name)
            edges = self.edges(self._rules[name])
            if edges != self._edges[name]:
                self._edges[name] = edges
                again = [user for user in users.get(name, ()) if user not in is_waiting]
                waiting.extend(again)
                is_waiting.update(again)

    def _find_following(self) -> None:
        seams = {(left, right) for node in _nodes(self._rules) for left, right, _ in self.seams(node)}
        for left, right in seams:
            for name in self.named(left):
                self.following[name] |= right

    def edges(self, body: Body) -> Edges:
        """The edges of a body."""
        if isinstance(body, Terminal):
            bit = self._bits[body.name]
            return Edges(True, False, bit, bit)
        if isinstance(body, Reference):
            return self._edges[body.name]
        parts = [self.edges(part) for part in children(body)]
        if isinstance(body, Choice):
            return _edges_of_choice(parts)
        if isinstance(body, Repetition):
            return _edges_of_repetition(parts[0], body)
        assert isinstance(body, Sequence)
        return Edges(
            all(part.finishes for part in parts),
            all(part.empty for part in parts),
            _outer(parts, first=True),
            _outer(parts, first=False),
        )

    def seams(self, body: Body) -> Iterator[tuple[int, int, bool]]:
        """Where terminals meet in a body: what ends before, what begins after, and whether something must."""
        if isinstance(body, Repetition) and (body.max is None or body.max > 1):
            part = self.edges(body.part)
            yield part.last, part.first, body.min > 1 and not part.empty
        if isinstance(body, Sequence):
            parts = [self.edges(part) for part in body.parts]
            for i, left in enumerate(parts):
                rest = parts[i + 1 :]
                if rest:
                    yield left.last, _outer(rest, first=True), not all(part.empty for part in rest)


def _nodes(rules: Mapping[str, Body]) -> Iterator[Body]:
    """The bodies of all rules, and all in them."""
    for body in rules.values():
        yield from walk(body)


def _references(body: Body) -> list[str]:
    return list(dict.fromkeys(node.name for node in walk(body) if isinstance(node, Reference)))


def _needed_first(needs: Mapping[str, list[str]]) -> list[str]:
    """The rules in an order in which, but for circles, each comes after those that it needs."""
    found: dict[str, None] = {}
    entered: set[str] = set()
    for root in needs:
        stack = [(root, False)]
        while stack:
            name, is_done = stack.pop()
            if is_done:
                found[name] = None
            elif name not in entered:
                entered.add(name)
                stack.append((name, True))
                stack.extend((needed, False) for needed in needs[name])
    return list(found)


def _edges_of_choice(options: list[Edges]) -> Edges:
    return Edges(
        any(option.finishes for option in options),
        any(option.empty for option in options),
        _union(option.first for option in options),
        _union(option.last for option in options),
    )


def _edges_of_repetition(part: Edges, body: Repetition) -> Edges:
    if body.max == 0:
        return Edges(True, True)
    if body.min == 0:
        return Edges(True, True, part.first, part.last)
    return part


def _outer(parts: list[Edges], *, first: bool) -> int:
    """What a sequence of parts begins with, or (not `first`) ends with."""
    found = 0
    for part in parts if first else reversed(parts):
        found |= part.first if first else part.last
        if not part.empty:
            break
    return found


def _union(sets: Iterator[int]) -> int:
    found = 0
    for terminals in sets:
        found |= terminals
    return found
