"""Answers about expressions that need no automaton."""

from __future__ import annotations

from structgen.frontends.regex.characters import contains
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


def matches(expression: Expression, text: str) -> bool:
    """Whether a text of at most one character is in the expression."""
    return _Matcher(text).matches(expression)


class _Matcher:
    """Remembers what it found of expressions: the same one may stand in many places."""

    def __init__(self, text: str) -> None:
        assert len(text) <= 1
        self.text = text
        self.empty = _Matcher("") if text else self
        self.known: dict[int, bool] = {}

    def matches(self, expression: Expression) -> bool:
        found = self.known.get(id(expression))
        if found is None:
            found = self.known[id(expression)] = self._matches(expression)
        return found

    def _matches(self, expression: Expression) -> bool:
        if isinstance(expression, Literal):
            return expression.text == self.text
        if isinstance(expression, CharSet):
            return bool(self.text) and contains(expression, ord(self.text))
        if isinstance(expression, Concat):
            return self._in_sequence(expression.parts)
        if isinstance(expression, Union):
            return any(map(self.matches, expression.parts))
        if isinstance(expression, Intersection):
            return all(map(self.matches, expression.parts))
        if isinstance(expression, Complement):
            return not self.matches(expression.part)
        assert isinstance(expression, Repeat)
        if expression.min == 0 and not self.text:
            return True
        if expression.min <= 1:
            return expression.max != 0 and self.matches(expression.part)
        return self.matches(expression.part) and self.empty.matches(expression.part)

    def _in_sequence(self, parts: tuple[Expression, ...]) -> bool:
        if not self.text:
            return all(map(self.matches, parts))
        misses = [part for part in parts if not self.empty.matches(part)]
        if len(misses) > 1:
            return False
        return any(map(self.matches, misses or parts))


def tree_size(expression: Expression) -> int:
    """Nodes of the expression, those that stand in several places counted in each."""
    known: dict[int, int] = {}

    def size(node: Expression) -> int:
        found = known.get(id(node))
        if found is None:
            parts: tuple[Expression, ...] = ()
            if isinstance(node, (Concat, Union, Intersection)):
                parts = node.parts
            elif isinstance(node, (Complement, Repeat)):
                parts = (node.part,)
            found = known[id(node)] = 1 + sum(map(size, parts))
        return found

    return size(expression)
