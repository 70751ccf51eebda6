"""Style: which of the texts that mean the same value the mask writes. Validation knows no style."""

from __future__ import annotations

from dataclasses import dataclass, field

from structgen.formats.format import Format
from structgen.formats.json import EVERY_JSON, json_format
from structgen.formats.spelling import Spelling
from structgen.frontends.json_schema import numbers, strings
from structgen.frontends.json_schema.numbers import every_spelling
from structgen.grammar.rules import Permutation, RuleExpression, Sequence, Terminal


@dataclass(frozen=True, slots=True)
class Style:
    """The narrowing of one compilation.

    Attributes:
        format: how the values are written.
        any_order: properties may come in any order, instead of the schema's.
        closed: properties that no schema declares are left out.
    """

    format: Format = field(default_factory=json_format)
    any_order: bool = False
    closed: bool = False

    @property
    def exact(self) -> bool:
        """Returns True if numbers have every spelling, too, and properties that are written twice count twice."""
        return self.format is EVERY_JSON

    @property
    def spelling(self) -> Spelling:
        """How strings are written."""
        return self.format.spelling

    @property
    def string(self) -> Terminal:
        """Any string."""
        return strings.string(0, None, self.spelling)

    @property
    def number(self) -> Terminal:
        """Any number."""
        return every_spelling.NUMBER if self.exact else numbers.NUMBER

    def name(self, text: str) -> Terminal:
        """A declared name."""
        return strings.name(text, self.spelling)

    def pair(self, name: str, value: RuleExpression) -> RuleExpression:
        """A property with a declared name."""
        return self.format.pair(strings.name(name, self.format.spelling), value)

    def properties(self, parts: list[RuleExpression]) -> RuleExpression | None:
        """Properties, those that may be missing or repeated as repetitions; None if there are none."""
        if not parts:
            return None
        return (Permutation if self.any_order else Sequence)(tuple(parts), self.format.separator)
