"""Expressions of the IR as numbers in the native engine's store: equal ones have equal numbers.

- Text becomes UTF-8. A complement is taken relative to all UTF-8 texts; in an intersection with something that holds
  only texts (`ANY_TEXT & ~names`) that restriction is left out.
- `Expressions.builder` answers questions about an expression without a grammar.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from structgen.engine._native import Builder, Store
from structgen.errors import EmptyLanguageError, InvalidGrammarError
from structgen.grammar.expressions import (
    ANY_TEXT,
    CharSet,
    Complement,
    Concat,
    Divisible,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
    in_order,
)
from structgen.limits import Limits

MAX_COUNT = 2**31 - 2
"""Of a repetition."""

_MOST_KNOWN = 50_000


class Expressions:
    """Makes expressions in a store.

    Args:
        store: of a vocabulary.
        limits: what making them, and a question about them, may cost.

    Attributes:
        builder: the native builder, which also answers questions.
    """

    def __init__(self, store: Store, limits: Limits) -> None:
        self.builder = Builder(store, limits.expressions, limits.work, limits.milliseconds)
        # By identity: front ends share the objects that they use often. The store keeps the numbers, and therefore the
        # expressions alive.
        known: dict[int, tuple[Expression, int]] | None = getattr(store, "known", None)
        if known is None or len(known) > _MOST_KNOWN:
            known = {}
            setattr(store, "known", known)  # noqa: B010 - an attribute that the native class does not declare
        self._known = known
        self._any_text: int | None = None

    def number(self, node: Expression) -> int:
        """The number of an expression that denotes the same texts as UTF-8.

        Raises:
            EmptyLanguageError: A literal in it is no text.
            InvalidGrammarError: A repetition asks for more than can be counted.
            LimitExceeded: It is larger than the limits allow.
        """
        found = self._known.get(id(node))
        if found is None:
            found = self._known[id(node)] = (node, self._lower(node))
        return found[1]

    def deep(self, node: Expression) -> int:
        """As `number`, of an expression that may nest deeper than Python can recurse."""
        try:
            return self.number(node)
        except RecursionError:
            for part in in_order(node):
                self.number(part)
            return self.number(node)

    def _lower(self, node: Expression) -> int:
        lower = _LOWER.get(type(node))
        if lower is None:
            raise TypeError(f"not an expression: {node!r}")
        return lower(self, node)

    def _literal(self, node: Literal) -> int:
        return self.builder.literal(_utf8(node.text))

    def _charset(self, node: CharSet) -> int:
        return self.builder.charset(node.ranges)

    def _concat(self, node: Concat) -> int:
        return self.builder.concat([self.number(part) for part in node.parts])

    def _union(self, node: Union) -> int:
        literals = [_utf8(part.text) for part in node.parts if isinstance(part, Literal)]
        numbers = [self.number(part) for part in node.parts if not isinstance(part, Literal)]
        if literals:
            numbers.append(self.builder.literals(literals))
        return self.builder.unite(numbers)

    def _repeat(self, node: Repeat) -> int:
        if node.min > MAX_COUNT or (node.max or 0) > MAX_COUNT:
            raise InvalidGrammarError(
                f"a repetition of {node.max or node.min} times is beyond what can be counted"
            )
        return self.builder.repeat(self.number(node.part), node.min, node.max)

    def _divisible(self, node: Divisible) -> int:
        return self.builder.divisible(node.modulus, node.remainder)

    def _intersection(self, node: Intersection) -> int:
        build = self.builder
        numbers = [build.negate(self.number(p.part)) for p in node.parts if isinstance(p, Complement)]
        texts = [self.number(p) for p in node.parts if not isinstance(p, Complement) and p != ANY_TEXT]
        return build.intersect(numbers + (texts or [self.any_text()]))

    def _complement(self, node: Complement) -> int:
        return self.builder.intersect([self.builder.negate(self.number(node.part)), self.any_text()])

    def any_text(self) -> int:
        """Every UTF-8 text."""
        if self._any_text is None:
            self._any_text = self.number(ANY_TEXT)
        return self._any_text


_LOWER: dict[type[Expression], Callable[[Expressions, Any], int]] = {
    Literal: Expressions._literal,
    CharSet: Expressions._charset,
    Concat: Expressions._concat,
    Union: Expressions._union,
    Repeat: Expressions._repeat,
    Divisible: Expressions._divisible,
    Intersection: Expressions._intersection,
    Complement: Expressions._complement,
}


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise EmptyLanguageError(f"{text[:80]!r} holds a lone surrogate, which no text can") from None
