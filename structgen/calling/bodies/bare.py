"""A call has bare keys and strings in quotes of the family's own: `call:f{a:<escape>x<escape>,n:1}`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from structgen.calling.bodies.body import Body, RawCall
from structgen.calling.bodies.names import head_at
from structgen.calling.emission import Rules
from structgen.calling.loose import LooseReader
from structgen.calling.tool import Tool
from structgen.calling.values import Style, pairs
from structgen.grammar.expressions import Literal
from structgen.grammar.rules import Choice, RuleExpression, Sequence, Terminal


@dataclass(frozen=True)
class Bare(Body):
    """`call:f{a:<quote>x<quote>,n:1}`, properties in the order of their names.

    Attributes:
        quote: stands before and after a string, which is raw.
    """

    quote: str

    def rule(self, tool: Tool, rules: Rules) -> RuleExpression:
        """The texts of a call of a tool."""
        return self.choice([tool], rules)

    def choice(self, tools: Iterable[Tool], rules: Rules) -> RuleExpression:
        """The texts of a call of one of the tools."""
        of_tools = tuple(self._named(tool, rules) for tool in tools)
        return Sequence((rules.wire.literal("call:"), Choice(of_tools)))

    def _named(self, tool: Tool, rules: Rules) -> RuleExpression:
        """The name of a tool and its arguments."""
        found = pairs(rules, tool, tool.schema, Style(self.quote, bare_keys=True, words=True))
        inside = () if not found else (Sequence(found, Terminal("','", Literal(","))),)
        return Sequence((rules.wire.literal(f"{tool.name}{{"), *inside, rules.wire.literal("}")))

    def read(self, text: str, at: int, tools: Mapping[str, Tool]) -> RawCall:
        """The call at a place."""
        name, start, _ = head_at(text, at, ("call:{name}{",), tools)
        reader = LooseReader(self.quote, bare_keys=True)
        arguments, end = reader.properties(text, start, "}", ":")
        return RawCall(name, arguments, end)

    def write(self, name: str, arguments: Mapping[str, Any], index: int, tool: Tool) -> str:
        """A call as the template writes it."""
        return f"call:{name}{self._written(arguments)}"

    def _written(self, value: Any) -> str:
        if isinstance(value, str):
            return f"{self.quote}{value}{self.quote}"
        if isinstance(value, Mapping):
            return "{" + ",".join(f"{key}:{self._written(value[key])}" for key in sorted(value)) + "}"
        if isinstance(value, (list, tuple)):
            return "[" + ",".join(map(self._written, value)) + "]"
        return json.dumps(value)

    def begun(self, text: str, at: int, tools: Mapping[str, Tool]) -> str | None:
        """The name, as soon as it is complete."""
        try:
            return head_at(text, at, ("call:{name}{",), tools)[0]
        except ValueError:
            return None

    def loose_at(
        self, text: str, at: int, tools: Mapping[str, Tool]
    ) -> tuple[int, str, str, LooseReader] | None:
        """Where the first argument begins, what is after the last one, the sign after a name, and who reads values."""
        start = head_at(text, at, ("call:{name}{",), tools)[1]
        return start, "}", ":", LooseReader(self.quote, bare_keys=True)
