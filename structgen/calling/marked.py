"""Constraints with markers: where the vocabulary has a marker as one special token, it is that token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from structgen.calling.wire import Wire
from structgen.constraint import Constraint
from structgen.grammar.rules import Grammar
from structgen.limits import Limits
from structgen.matcher import CompiledGrammar
from structgen.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class MarkedConstraint(Constraint):
    """A constraint with markers in its texts.

    Attributes:
        build: makes the grammar, when it is known which markers are tokens.
        marks: texts in which markers may stand.
    """

    build: Callable[[Wire], Grammar] | None = None
    marks: tuple[str, ...] = ()

    def compile(self, vocabulary: Vocabulary, *, limits: Limits | None = None) -> CompiledGrammar:
        """The compiled grammar; a marker that the vocabulary has as one special token is that token."""
        ends, marks = vocabulary.eos_token_ids, "\n".join(self.marks)
        tokens = frozenset(
            name for name, one in vocabulary.special_tokens.items() if one not in ends and name in marks
        )
        if not tokens or self.build is None:
            return super().compile(vocabulary, limits=limits)
        build, allowed = self.build, limits or self.limits
        return self._compilations.get(
            (vocabulary, allowed), lambda: CompiledGrammar(build(Wire(tokens)), vocabulary, allowed)
        )
