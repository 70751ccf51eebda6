"""Style: which of the texts that mean the same value the mask writes. Validation knows no style."""

from __future__ import annotations

from dataclasses import dataclass

from structgen.frontends.json_schema import exact_numbers, numbers, strings
from structgen.frontends.json_schema.spelling import CANONICAL, EVERY, Spelling
from structgen.frontends.json_schema.yaml_scalars import YamlSpelling
from structgen.grammar.rules import Permutation, RuleExpression, Sequence, Terminal


@dataclass(frozen=True, slots=True)
class Style:
    """The narrowing of one compilation, whitespace aside.

    Attributes:
        spelling: of strings.
        any_order: members may come in any order, instead of the schema's.
        closed: members that nobody declares are left out.
    """

    spelling: Spelling = CANONICAL
    any_order: bool = False
    closed: bool = False

    @property
    def exact(self) -> bool:
        """Whether numbers have every spelling, too; and members that are written twice count twice."""
        return self.spelling is EVERY

    @property
    def yaml(self) -> bool:
        """Whether the rules are laid out as YAML in the end."""
        return isinstance(self.spelling, YamlSpelling)

    @property
    def string(self) -> Terminal:
        """Any string."""
        return strings.string(0, None, self.spelling)

    @property
    def number(self) -> Terminal:
        """Any number."""
        return exact_numbers.NUMBER if self.exact else numbers.NUMBER

    def name(self, text: str) -> Terminal:
        """A declared name."""
        return strings.name(text, self.spelling)

    def members(self, parts: list[RuleExpression], comma: Terminal) -> RuleExpression | None:
        """Members, those that may be missing or repeated as repetitions; None if there are none."""
        if not parts:
            return None
        return (Permutation if self.any_order else Sequence)(tuple(parts), comma)
