"""Questions about the texts of terminals, answered by the engine.

An expression and what is left of it after bytes (its derivatives) are the states of a deterministic automaton.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from structgen.engine import Expressions
from structgen.errors import EmptyLanguageError
from structgen.grammar.expressions import ANY_CHAR, EMPTY, Expression, Literal, repeat
from structgen.limits import Limits
from structgen.vocabulary import Vocabulary

MAX_STATES = 2_000
"""States of a terminal that are looked at, one by one. More: the answer is the cautious one."""

LONGER = repeat(ANY_CHAR, 1, None)


class Texts:
    """The texts of a terminal.

    Attributes:
        expression: which they are.
    """

    def __init__(self, expression: Expression) -> None:
        self.expression = expression

    @cached_property
    def _engine(self) -> Expressions:
        return Expressions(Vocabulary.of_bytes().native, Limits())

    @cached_property
    def _number(self) -> int:
        return self._number_of(self.expression)

    def _number_of(self, expression: Expression) -> int:
        try:
            return self._engine.number(expression)
        except EmptyLanguageError:
            return self._engine.number(EMPTY)

    @cached_property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return self._engine.builder.is_empty(self._number)

    @cached_property
    def shortest(self) -> str:
        """A shortest of them, if there are any."""
        return self._engine.builder.shortest(self._number).decode()

    @cached_property
    def first(self) -> frozenset[int]:
        """The bytes that they begin with."""
        if isinstance(self.expression, Literal):
            return frozenset(self.expression.text.encode(errors="replace")[:1])
        return self._next(self._number)

    def has(self, text: str) -> bool:
        """Whether a text is one of them."""
        return self._engine.builder.has_empty_text(self._after(text))

    def after(self, text: str) -> frozenset[int]:
        """The bytes by which they go on after a text."""
        return self._next(self._after(text))

    def overlaps(self, other: Texts) -> bool:
        """Whether a text is in both."""
        if not self.first & other.first:
            return False
        build = self._engine.builder
        return not build.is_empty(build.intersect([self._number, self._number_of(other.expression)]))

    def swallow(self, following: frozenset[int]) -> bool:
        """Whether each of them goes on with any of these bytes, so that none of the bytes ever follows it."""
        if self.is_empty:
            return False
        for state in self._states():
            if state is None:
                return False
            if self._engine.builder.has_empty_text(state) and not following <= self._next(state):
                return False
        return True

    def _after(self, text: str) -> int:
        return self._engine.builder.after(self._number, text.encode(errors="replace"))

    def _next(self, state: int) -> frozenset[int]:
        return frozenset(self._engine.builder.first_bytes(state))

    def _states(self) -> Iterator[int | None]:
        """The states of the automaton; None where there are too many."""
        order = [self._number]
        seen = set(order)
        for state in order:
            yield state
            for byte in self._next(state):
                target = self._engine.builder.after(state, bytes([byte]))
                if target not in seen:
                    if len(seen) >= MAX_STATES:
                        yield None
                        return
                    seen.add(target)
                    order.append(target)
