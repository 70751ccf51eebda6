"""Questions about the texts of terminals, answered by the engine.

An expression and its derivatives are the states of a deterministic automaton.
"""

from __future__ import annotations

from functools import cached_property

from structgen.engine import Expressions
from structgen.errors import EmptyLanguageError
from structgen.grammar.expressions import ANY_CHAR, EMPTY, Expression, Literal, repeat
from structgen.limits import Limits
from structgen.vocabulary import Vocabulary

MAX_STATES = 2_000
"""States of a terminal that are visited. If there are more, the answer is the cautious one."""

_LIMITS = Limits()

LONGER = repeat(ANY_CHAR, 1, None)


class Texts:
    """The texts of a terminal; the empty text is one of them, if the expression denotes it.

    What a question may cost is its own: a terminal may be compared with thousands.

    Attributes:
        expression: which they are.
    """

    def __init__(self, expression: Expression) -> None:
        self.expression = expression

    @cached_property
    def is_empty(self) -> bool:
        """True if there are none."""
        engine, number = self._asked()
        return engine.builder.is_empty(number)

    @cached_property
    def shortest(self) -> str:
        """A shortest of them, if there are any."""
        engine, number = self._asked()
        return engine.builder.shortest(number).decode()

    @cached_property
    def first(self) -> frozenset[int]:
        """The bytes that they begin with."""
        if isinstance(self.expression, Literal):
            return frozenset(self.expression.text.encode(errors="replace")[:1])
        engine, number = self._asked()
        return frozenset(engine.builder.first_bytes(number))

    def has(self, text: str) -> bool:
        """Returns True if a text is one of them."""
        if not _is_utf8(text):
            return False
        engine, number = self._asked()
        return engine.builder.has_empty_text(engine.builder.after(number, text.encode()))

    def after(self, text: str) -> frozenset[int]:
        """The bytes by which they go on after a text."""
        if not _is_utf8(text):
            return frozenset()
        engine, number = self._asked()
        return frozenset(engine.builder.first_bytes(engine.builder.after(number, text.encode())))

    def overlaps(self, other: Texts) -> bool:
        """Returns True if a text is in both."""
        if not self.first & other.first:
            return False
        engine, number = self._asked()
        both = engine.builder.intersect([number, _number(engine, other.expression)])
        return not engine.builder.is_empty(both)

    def swallow(self, following: frozenset[int], guard: Expression = EMPTY) -> bool:
        """Returns True if none of these bytes ever follows one of them.

        After each of them a byte is read as more of it, or leads into the guard of the terminal, where it is refused.
        """
        if self.is_empty:
            return False
        engine, number = self._asked()
        build = engine.builder
        order = [(number, _number(engine, guard))]
        seen = set(order)
        for state, guarding in order:
            going_on = build.first_bytes(state)
            if build.has_empty_text(state) and not following <= {*going_on, *build.first_bytes(guarding)}:
                return False
            for byte in going_on:
                target = build.after(state, bytes([byte])), build.after(guarding, bytes([byte]))
                if target not in seen:
                    if len(seen) >= MAX_STATES:
                        return False
                    seen.add(target)
                    order.append(target)
        return True

    def _asked(self) -> tuple[Expressions, int]:
        """The engine, with what one question may cost, and the number of the expression there."""
        engine = Expressions(Vocabulary.of_bytes().native, _LIMITS)
        return engine, _number(engine, self.expression)


def _number(engine: Expressions, expression: Expression) -> int:
    try:
        return engine.number(expression)
    except EmptyLanguageError:  # a literal that is no text
        return engine.number(EMPTY)


def _is_utf8(text: str) -> bool:
    """Returns True if it holds no lone surrogate, and so can be generated."""
    return not any("\ud800" <= char <= "\udfff" for char in text)
