"""A call is a call of Python: `f(a="x", n=1)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from structgen.calling.bodies.body import Body, RawCall
from structgen.calling.bodies.names import head_at
from structgen.calling.emission import Rules
from structgen.calling.loose import LooseReader
from structgen.calling.tool import Tool
from structgen.calling.values import Style, pairs
from structgen.grammar.expressions import Literal, concat, repeat
from structgen.grammar.rules import RuleExpression, Sequence, Terminal

_STYLE = Style(words=True)
_READER = LooseReader(bare_keys=True)
_COMMA = Terminal("','", concat(Literal(","), repeat(Literal(" "), 0, 1)))


@dataclass(frozen=True)
class Pythonic(Body):
    """`f(a="x", n=1)`."""

    def rule(self, tool: Tool, rules: Rules) -> RuleExpression:
        """The texts of a call of a tool."""
        found = pairs(rules, tool, tool.schema, _STYLE, sign="=")
        inside = () if not found else (Sequence(found, _COMMA),)
        return Sequence((rules.wire.literal(f"{tool.name}("), *inside, rules.wire.literal(")")))

    def read(self, text: str, at: int, tools: Mapping[str, Tool]) -> RawCall:
        """The call at a place."""
        name, start, _ = head_at(text, at, ("{name}(",), tools)
        arguments, end = _READER.properties(text, start, ")", "=")
        return RawCall(name, arguments, end)

    def write(self, name: str, arguments: Mapping[str, Any], index: int, tool: Tool) -> str:
        """A call as the template writes it."""
        return f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"

    def begun(self, text: str, at: int, tools: Mapping[str, Tool]) -> str | None:
        """The name, as soon as it is complete."""
        try:
            return head_at(text, at, ("{name}(",), tools)[0]
        except ValueError:
            return None

    def loose_at(
        self, text: str, at: int, tools: Mapping[str, Tool]
    ) -> tuple[int, str, str, LooseReader] | None:
        """Where the first argument begins, what is after the last one, the sign after a name, and who reads values."""
        return head_at(text, at, ("{name}(",), tools)[1], ")", "=", _READER
