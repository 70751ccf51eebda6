"""What an expression denotes, straight from the definitions: for tests, on short texts."""

from __future__ import annotations

from structgen.grammar.expressions import (
    CharSet,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
)


def denotes(expression: Expression, text: str) -> bool:
    """Whether the text is in the expression."""
    return len(text) in _Ends(text).after(expression, 0)


class _Ends:
    def __init__(self, text: str) -> None:
        self.text = text
        self.known: dict[tuple[int, int], frozenset[int]] = {}

    def after(self, expression: Expression, start: int) -> frozenset[int]:
        """Where texts of the expression that begin at `start` end."""
        key = id(expression), start
        if key not in self.known:
            self.known[key] = frozenset(self._after(expression, start))
        return self.known[key]

    def _after(self, node: Expression, start: int) -> set[int] | frozenset[int]:
        text = self.text
        if isinstance(node, Literal):
            return {start + len(node.text)} if text.startswith(node.text, start) else set()
        if isinstance(node, CharSet):
            found = start < len(text) and any(a <= ord(text[start]) <= b for a, b in node.ranges)
            return {start + 1} if found else set()
        if isinstance(node, Concat):
            ends = {start}
            for part in node.parts:
                ends = self._all_after(part, ends)
            return ends
        if isinstance(node, Union):
            return {end for part in node.parts for end in self.after(part, start)}
        if isinstance(node, Intersection):
            ends = set(range(start, len(text) + 1))
            return ends.intersection(*(self.after(part, start) for part in node.parts))
        if isinstance(node, Complement):
            return set(range(start, len(text) + 1)) - self.after(node.part, start)
        assert isinstance(node, Repeat)
        ends = {start}
        for _ in range(min(node.min, len(text) + 1)):  # more can only add empty ones
            ends = self._all_after(node.part, ends)
        found_ends, more = set(ends), node.max is None or node.max > node.min
        times = node.min
        while more:
            ends = self._all_after(node.part, ends) - found_ends
            found_ends |= ends
            times += 1
            more = bool(ends) and (node.max is None or times < node.max)
        return found_ends

    def _all_after(self, part: Expression, starts: set[int]) -> set[int]:
        return {end for start in starts for end in self.after(part, start)}
