"""The tree of a composition: grammars and expressions, one after the other, one of several, repeated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from structgen.grammar.expressions import EPSILON, Expression
from structgen.grammar.rules import Grammar, Repetition, RuleExpression, Sequence, Terminal
from structgen.language.derivatives import denotes_empty_text
from structgen.language.facts import Facts
from structgen.language.renaming import embedded


@dataclass(frozen=True, eq=False)
class Piece:
    """A grammar that is composed with others.

    Attributes:
        grammar: the grammar.
        name: what errors call it.
        is_json: its texts are JSON. No JSON text begins another one, numbers and spaces at the end aside, and all JSON
            grammars end their terminals at the same places.
    """

    grammar: Grammar
    name: str = "a grammar"
    is_json: bool = False

    @cached_property
    def facts(self) -> Facts:
        """What may stand where in its texts."""
        return Facts(Grammar(embedded(self.grammar, ""), self.grammar.start))


@dataclass(frozen=True, eq=False)
class Regular:
    """An expression that is composed with others.

    Attributes:
        expression: its texts.
        name: what errors call it.
    """

    expression: Expression
    name: str

    def rule(self) -> RuleExpression:
        """The expression as a rule. Terminals are never empty, so the empty text is left to the rule."""
        if self.expression == EPSILON:
            return Sequence(())
        terminal = Terminal(self.name, self.expression)
        return Repetition(terminal, 0, 1) if denotes_empty_text(self.expression) else terminal


@dataclass(frozen=True, eq=False)
class Concatenated:
    """The parts, one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Alternatives:
    """Any of the parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Repeated:
    """The part, `min` to `max` times (None: without bound), with the separator between."""

    part: Node
    min: int
    max: int | None
    separator: Node | None = None


Node = Piece | Regular | Concatenated | Alternatives | Repeated
