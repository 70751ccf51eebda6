"""The text of a grammar of the dialect as a `Constraint`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from structgen.constraint import Constraint, validate_by_grammar
from structgen.errors import InvalidLarkError
from structgen.frontends.lark.dialect.captures import Captured, Captures
from structgen.frontends.lark.dialect.lowering import Lowering
from structgen.frontends.lark.dialect.parsing import parse
from structgen.frontends.lark.dialect.reading import error_at
from structgen.frontends.lark.dialect.tree import Nested, Node, Token, Written
from structgen.grammar.rules import Grammar
from structgen.limits import Limits
from structgen.matcher import CompiledGrammar
from structgen.vocabulary import Vocabulary

__all__ = ["Captured", "diagnose_dialect", "lark_of_dialect"]


@dataclass(frozen=True)
class _Source:
    text: str
    start: str

    def error(self, at: int, reason: str) -> InvalidLarkError:
        return error_at(self.text, at, reason)

    def written(self) -> Written:
        found = _parsed(self.text)
        if self.start not in found.definitions:
            there = ", ".join(name for name in found.definitions if name != name.upper())
            raise InvalidLarkError(
                f"the start rule {self.start!r} is not defined; there are {there or 'none'}"
            )
        return found

    def lowering(self, vocabulary: Vocabulary | None = None) -> Lowering:
        return Lowering(self.written(), self.error, vocabulary)


@lru_cache(32)
def _parsed(text: str) -> Written:
    return parse(text, _inner)


def _inner(text: str) -> Constraint:
    return lark_of_dialect(text, "start", {}, Limits(), "%lark")


@dataclass(frozen=True, eq=False)
class _DialectConstraint(Constraint):
    """A grammar whose tokens are known when it is compiled for a vocabulary.

    Attributes:
        source: the grammar; None if it names no tokens.
    """

    source: _Source | None = None

    def compile(self, vocabulary: Vocabulary, *, limits: Limits | None = None) -> CompiledGrammar:
        """The compiled grammar; `<name>` and `<[id]>` are tokens of the vocabulary."""
        if self.source is None or not (vocabulary.special_tokens or vocabulary.eos_token_ids):
            return super().compile(vocabulary, limits=limits)
        source, allowed = self.source, limits or self.limits

        def make() -> CompiledGrammar:
            grammar = source.lowering(vocabulary).grammar(source.start)
            return CompiledGrammar(grammar, vocabulary, allowed)

        return self._compilations.get((vocabulary, allowed), make)


def lark_of_dialect(
    text: str, start: str, terminals: Mapping[str, Any], limits: Limits, description: str
) -> Constraint:
    """The constraint of a grammar with extensions.

    Args:
        text: the grammar.
        start: the rule that the whole text must match.
        terminals: none are possible here.
        limits: what compiling and masking may cost.
        description: what the constraint is called.

    Returns:
        A constraint whose value is the text; a `Captured`, if a rule has `[capture]`.

    Raises:
        InvalidLarkError: The grammar is malformed; with line and column.
    """
    if terminals:
        raise InvalidLarkError(
            "terminals= is for grammars that declare them; with extensions, write %json {...} or a rule instead"
        )
    source = _Source(text, start)
    written = source.written()
    grammar: Grammar = source.lowering().grammar(start)
    captures = Captures(written, start, source.error, limits)
    return _DialectConstraint(
        grammar,
        captures if captures.has_names else validate_by_grammar,
        description=description,
        limits=limits,
        source=source if any(_has_token(one.body) for one in written.definitions.values()) else None,
    )


def _has_token(node: Node) -> bool:
    stack: list[Any] = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, Token) or (isinstance(one, Nested) and getattr(one.constraint, "source", None)):
            return True
        for key in ("parts", "options"):
            stack.extend(getattr(one, key, ()))
        if hasattr(one, "part"):
            stack.append(one.part)
    return False


def diagnose_dialect(text: str, start: str) -> list[tuple[Literal["rewritten", "unused"], str, int, int]]:
    """What was rewritten in a grammar with extensions, and what it does not need: kind, message, line, column."""
    source = _Source(text, start)
    lowering = source.lowering()
    lowering.grammar(start)
    found: list[tuple[Literal["rewritten", "unused"], str, int]] = [
        ("rewritten", note.message, note.at) for note in dict.fromkeys(lowering.notes)
    ]
    found += [
        ("unused", f"the rule {start} does not need {name}", one.at)
        for name, one in source.written().definitions.items()
        if name not in lowering.reached
    ]
    places = [
        (kind, message, error_at(text, at, "")) for kind, message, at in sorted(found, key=lambda one: one[2])
    ]
    return [(kind, message, place.line or 1, place.column or 1) for kind, message, place in places]
