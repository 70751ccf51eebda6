"""Questions about the texts of terminals, answered by the engine.

A terminal compiled over single bytes is a deterministic automaton whose states are configurations; whether an
expression denotes anything is decided when it is compiled.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from structgen.errors import EmptyLanguageError
from structgen.grammar.expressions import ANY_CHAR, Expression, Literal, intersection, repeat
from structgen.grammar.rules import Grammar, Terminal
from structgen.matcher import CompiledGrammar, compile_grammar
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
    def _compiled(self) -> CompiledGrammar | None:
        try:
            return compile_grammar(
                Grammar({"start": Terminal("TERMINAL", self.expression)}), Vocabulary.of_bytes()
            )
        except EmptyLanguageError:
            return None

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return self._compiled is None

    @cached_property
    def shortest(self) -> str:
        """A shortest of them, if there are any."""
        if self._compiled is None:
            return ""
        return self._compiled.completion(self._compiled.initial).text.decode()

    @cached_property
    def first(self) -> frozenset[int]:
        """The bytes that they begin with."""
        if isinstance(self.expression, Literal):
            return frozenset(self.expression.text.encode(errors="replace")[:1])
        return frozenset() if self._compiled is None else frozenset(self._next(self._compiled.initial))

    def has(self, text: str) -> bool:
        """Whether a text is one of them."""
        return self._compiled is not None and self._compiled.accepts(text)

    def after(self, text: str) -> frozenset[int]:
        """The bytes by which they go on after a text."""
        if self._compiled is None:
            return frozenset()
        data = text.encode(errors="replace")
        configuration, length = self._compiled.native.try_read(self._compiled.initial, data)
        return frozenset(self._next(configuration)) if length == len(data) else frozenset()

    def overlaps(self, other: Texts) -> bool:
        """Whether a text is in both."""
        return (
            bool(self.first & other.first)
            and not Texts(intersection(self.expression, other.expression)).is_empty
        )

    def swallow(self, following: frozenset[int]) -> bool:
        """Whether each of them goes on with any of these bytes, so that none of the bytes ever follows it."""
        if self._compiled is None:
            return False
        for configuration in self._states(self._compiled):
            if configuration is None:
                return False
            if self._compiled.can_stop(configuration) and not following <= set(self._next(configuration)):
                return False
        return True

    def _next(self, configuration: int) -> bytes:
        assert self._compiled is not None
        return self._compiled.native.next_bytes(configuration)

    def _states(self, compiled: CompiledGrammar) -> Iterator[int | None]:
        """The states of the automaton; None where there are too many."""
        seen = {compiled.initial}
        order = [compiled.initial]
        for configuration in order:
            yield configuration
            for byte in self._next(configuration):
                target = compiled.native.try_advance(configuration, byte)
                if target not in seen:
                    if len(seen) >= MAX_STATES:
                        yield None
                        return
                    seen.add(target)
                    order.append(target)
