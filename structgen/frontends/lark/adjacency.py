"""Which terminals may stand side by side in the texts of a grammar.

Sets of terminals are integers, one bit for each: first and last of a rule are found in one go, then every sequence
says who follows whom. What never finishes counts as well: Lark's lexer looks for it. Knows rules, and terminals only
by name.
"""

from __future__ import annotations

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
    """Of a body: whether it can be empty, and which terminals its texts begin and end with.

    Attributes:
        finishes: whether it has any text.
    """

    finishes: bool = False
    empty: bool = False
    first: int = 0
    last: int = 0


class Adjacency:
    """Who stands beside whom.

    Attributes:
        names: of the terminals; the bit of `names[i]` is `1 << i`. The bit after the last one means the text's end.
        first: what a text may begin with.
        following: for each terminal, what may come next.
    """

    def __init__(self, rules: Mapping[str, Body], start: str) -> None:
        self._rules = rules
        terminals = {
            node.name: None for body in rules.values() for node in walk(body) if isinstance(node, Terminal)
        }
        self.names = list(terminals)
        self._bits = {name: 1 << i for i, name in enumerate(self.names)}
        self.end = 1 << len(self.names)
        self._edges = dict.fromkeys(rules, Edges())
        self._solve()
        self._pairs: set[tuple[int, int]] = set()
        for body in rules.values():
            for node in walk(body):
                self._pairs.update((left, right) for left, right, _ in self.seams(node))
        whole = self._edges[start]
        self.first = whole.first | (self.end if whole.empty else 0)
        self.following = {name: self.end if whole.last & bit else 0 for name, bit in self._bits.items()}
        for left, right in self._pairs:
            for name in self.named(left):
                self.following[name] |= right

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
        users: dict[str, list[str]] = {}
        for name, body in self._rules.items():
            for node in walk(body):
                if isinstance(node, Reference):
                    users.setdefault(node.name, []).append(name)
        waiting: dict[str, None] = dict.fromkeys(reversed(list(self._rules)))
        while waiting:
            name, _ = waiting.popitem()
            edges = self.edges(self._rules[name])
            if edges != self._edges[name]:
                self._edges[name] = edges
                waiting.update(dict.fromkeys(users.get(name, ())))

    def edges(self, body: Body) -> Edges:
        """The edges of a body."""
        if isinstance(body, Terminal):
            bit = self._bits[body.name]
            return Edges(True, False, bit, bit)
        if isinstance(body, Reference):
            return self._edges[body.name]
        parts = [self.edges(part) for part in children(body)]
        if isinstance(body, Choice):
            return Edges(
                any(part.finishes for part in parts),
                any(part.empty for part in parts),
                _union(part.first for part in parts),
                _union(part.last for part in parts),
            )
        if isinstance(body, Repetition):
            if body.max == 0:
                return Edges(True, True)
            optional = body.min == 0
            return Edges(
                parts[0].finishes or optional, parts[0].empty or optional, parts[0].first, parts[0].last
            )
        assert isinstance(body, Sequence)
        return Edges(
            all(part.finishes for part in parts),
            all(part.empty for part in parts),
            _outer(parts, first=True),
            _outer(parts, first=False),
        )

    def seams(self, body: Body) -> Iterator[tuple[int, int, bool]]:
        """Where terminals meet in a body: who ends before, who begins after, and whether one must."""
        if isinstance(body, Repetition) and (body.max is None or body.max > 1):
            part = self.edges(body.part)
            yield part.last, part.first, body.min > 1 and not part.empty
        if isinstance(body, Sequence):
            parts = [self.edges(part) for part in body.parts]
            for i, left in enumerate(parts):
                rest = parts[i + 1 :]
                if rest:
                    yield left.last, _outer(rest, first=True), not all(part.empty for part in rest)


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
