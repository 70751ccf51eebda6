"""The name of a call stands in a header, and its arguments follow as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from structgen.calling.bodies.body import Body, RawCall
from structgen.calling.bodies.names import head_at, number_pattern
from structgen.calling.emission import Rules
from structgen.calling.tool import Tool
from structgen.calling.wire import json_at
from structgen.grammar.rules import Choice, RuleExpression, Sequence


@dataclass(frozen=True)
class Header(Body):
    """A header, then a JSON object.

    Attributes:
        heads: with `{name}`, and `{index}` where a number is written; the first is the template's.
    """

    heads: tuple[str, ...]

    def rule(self, tool: Tool, rules: Rules) -> RuleExpression:
        """The texts of a call of a tool."""
        heads = tuple(number_pattern(head.replace("{name}", tool.name), rules.wire) for head in self.heads)
        opening = heads[0] if len(heads) == 1 else Choice(heads)
        return Sequence((opening, rules.arguments(tool)))

    def read(self, text: str, at: int, tools: Mapping[str, Tool]) -> RawCall:
        """The call at a place."""
        name, start, identity = head_at(text, at, self.heads, tools)
        arguments, end = json_at(text, start)
        return RawCall(name, arguments, end, identity)

    def write(self, name: str, arguments: Mapping[str, Any], index: int, tool: Tool) -> str:
        """A call as the template writes it."""
        head = self.heads[0].replace("{name}", name).replace("{index}", str(index))
        return head + json.dumps(arguments, ensure_ascii=False)

    def begun(self, text: str, at: int, tools: Mapping[str, Tool]) -> str | None:
        """The name, as soon as it is complete."""
        try:
            return head_at(text, at, self.heads, tools)[0]
        except ValueError:
            return None

    def json_at(self, text: str, at: int, tools: Mapping[str, Tool]) -> tuple[int, tuple[str, ...]] | None:
        """Where the JSON of the arguments begins."""
        return head_at(text, at, self.heads, tools)[1], ()
