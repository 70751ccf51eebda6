"""How large the expressions of one pattern may grow: assertions in options and loops multiply what follows them."""

from __future__ import annotations

from structgen.errors import InvalidRegexError
from structgen.grammar.expressions import Expression, children

MAX_SIZE = 100_000
"""Nodes of an expression, written out as a tree."""

MAX_DEPTH = 200
"""How deep its nodes are nested: each assertion after another one may add two."""

MAX_WORK = 20_000
"""Different nodes made for a pattern, and 20 more for each of its characters. Patterns in use need 2 to 100."""


class Budget:
    """Measures the expressions that are made of one pattern, and refuses those that are too large.

    Args:
        pattern: its text, for errors.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._work = MAX_WORK + 20 * len(pattern)
        # By id, with the expression, so that its id stays its own: nodes, and depth.
        self._sizes: dict[int, tuple[Expression, int, int]] = {}

    def error(self, reason: str, position: int) -> InvalidRegexError:
        """The error to raise for what stands at `position`."""
        return InvalidRegexError(reason, self._pattern, position)

    def check(self, texts: Expression, position: int) -> None:
        """Raise `InvalidRegexError` if the expression is too large; the assertion at `position` is blamed."""
        _, nodes, depth = self._measure(texts)
        if nodes > MAX_SIZE or depth > MAX_DEPTH or len(self._sizes) > self._work:
            raise self.error("written out, the assertions here are too large; use fewer of them", position)

    def _measure(self, expression: Expression) -> tuple[Expression, int, int]:
        sizes = self._sizes
        stack = [expression]
        while stack:
            node = stack[-1]
            parts = children(node)
            missing = [part for part in parts if id(part) not in sizes]
            if missing and id(node) not in sizes:
                stack.extend(missing)
                continue
            stack.pop()
            measured = [sizes[id(part)] for part in parts]
            nodes = 1 + sum(size for _, size, _ in measured)
            sizes[id(node)] = node, nodes, 1 + max((depth for _, _, depth in measured), default=0)
        return sizes[id(expression)]
