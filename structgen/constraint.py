"""Constraint: what the text must be. The one object that a user holds.

A front end (`structgen.frontends`) is a function that returns one. It joins three things: the grammar, which the
mask enforces; a judge, which says what a complete text means and checks what the mask could not; and the list
of what the mask leaves unenforced.

Knows no front end: neither JSON nor Lark nor the syntax of regular expressions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from structgen.errors import InvalidText, Problem
from structgen.grammar.rules import Grammar
from structgen.limits import Limits
from structgen.matcher import CompiledGrammar, Explanation, compile_grammar
from structgen.vocabulary import Vocabulary

Judge = Callable[[str, InvalidText | None], Any]
"""Gives the value of a complete text, or raises `InvalidText`.

Called with the text and with what the grammar has against it (None if the text is in its language). A judge that
knows better than the grammar may accept all the same: a JSON text whose keys come in another order is valid,
though a mask would not have generated it.
"""


def judge_by_grammar(text: str, error: InvalidText | None) -> str:
    """The plainest judge: the grammar is right, and the text is its own value."""
    if error is not None:
        raise error
    return text


@dataclass(frozen=True, eq=False)
class Constraint:
    """What the text must be.

    Made by `structgen.json_schema`, `regex`, `lark`, `choice`; give it to `generate`, `LogitsProcessor` or
    `compile`.

    Attributes:
        grammar: what the mask enforces.
        judge: gives the value of a complete text, or raises `InvalidText`.
        unenforced: what the mask leaves to `validate()`; empty unless the caller asked for `strict=False`.
        description: what it was made from, in one line.
        limits: what compiling and masking may cost.
    """

    grammar: Grammar
    judge: Judge = judge_by_grammar
    unenforced: tuple[Problem, ...] = ()
    description: str = ""
    limits: Limits = field(default_factory=Limits)

    def validate(self, text: str) -> Any:
        """The value of `text`: the parsed JSON of a schema, an instance of a type, the text itself for the others.

        Args:
            text: a complete text.

        Raises:
            InvalidText: The text is not what the constraint says. Carries the position, the line and column, and
                what was expected there.
        """
        return self.judge(text, self._compiled.find_error(text))

    def is_valid(self, text: str) -> bool:
        """Whether `validate()` accepts `text`."""
        try:
            self.validate(text)
        except InvalidText:
            return False
        return True

    def explain(self, prefix: str = "") -> Explanation:
        """What may come after `prefix`, in words, characters and terminals.

        Raises:
            InvalidText: No valid text begins with `prefix`.
        """
        return self._compiled.explain_text(prefix)

    @cached_property
    def _compiled(self) -> CompiledGrammar:
        """The grammar over single bytes: enough to read a text, whatever the tokenizer."""
        return compile_grammar(self.grammar, Vocabulary.of_bytes(), limits=self.limits)

    def __repr__(self) -> str:
        return f"<Constraint {self.description or 'of a grammar'}>"
