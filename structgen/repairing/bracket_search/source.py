"""The tokens that are searched, with the layout of their text."""

from __future__ import annotations

from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing.tree import Token

_LINE = 160
"""How far before a place its line is looked for: more indentation says nothing, and time stays linear."""


class Source:
    """What all hypotheses read, and none changes.

    Attributes:
        text: the whole text.
        tokens: its tokens.
        view: what the schema says of the value; None without a schema.
        nesting: how deep brackets may nest.
    """

    __slots__ = ("_has_lines", "nesting", "text", "tokens", "view")

    def __init__(self, text: str, tokens: list[Token], view: SchemaView | None, nesting: int) -> None:
        self.text = text
        self.tokens = tokens
        self.view = view
        self.nesting = nesting
        self._has_lines = "\n" in text

    def kind_at(self, index: int) -> str:
        """Returns the kind of a token; empty after the last."""
        return self.tokens[index][0] if index < len(self.tokens) else ""

    def end_before(self, index: int) -> int:
        """Returns where the token before this one ends."""
        return self.tokens[index - 1][2] if index else 0

    def column(self, at: int) -> int | None:
        """Returns the column of a place that is the first of its line; None if it is not."""
        if not self._has_lines:
            return None
        line = self.text.rfind("\n", max(0, at - _LINE), at)
        if line < 0 or self.text[line + 1 : at].strip(" \t"):
            return None
        return at - line

    def indent(self, at: int) -> int | None:
        """Returns the column of the first character on the line of a place; None if the line is long."""
        line = self.text.rfind("\n", max(0, at - _LINE), at) if self._has_lines else -1
        if line < 0:
            return 1 if at < _LINE else None
        head = self.text[line + 1 : at]
        return len(head) - len(head.lstrip(" \t")) + 1
