"""The name of a call stands in a header, and its arguments follow as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from structgen.calling.bodies.body import Body, RawCall
from structgen.calling.bodies.names import head_at, number_pattern
from structgen.calling.emission import Rules
from structgen.calling.tool import Tool
from structgen.calling.wire import json_at
from structgen.grammar.rules import Choice, Reference, RuleExpression, Sequence


@dataclass(frozen=True)
class Header(Body):
    """A header, then a JSON object.

    Attributes:
        heads: with `{name}`, and `{index}` where a number is written; the first is the template's.
    """

    heads: tuple[str, ...]

    def rule(self, tool: Tool, rules: Rules) -> RuleExpression:
        """The texts of a call of a tool."""
        return self.choice([tool], rules)

    def choice(self, tools: Iterable[Tool], rules: Rules) -> RuleExpression:
        """The texts of a call of one of the tools."""
        tools = list(tools)
        following: dict[str, list[str]] = {}
        for head in self.heads:
            before, after = head.split("{name}")
            following.setdefault(before, []).append(after)
        options: list[RuleExpression] = []
        for before, afters in following.items():
            endings = tuple(number_pattern(after, rules.wire) for after in afters)
            ending = endings[0] if len(endings) == 1 else Choice(endings)
            name = f"after a name {len(options)}"
            rules.rules[name] = ending
            of_tools = tuple(
                Sequence((rules.wire.literal(tool.name), Reference(name), rules.arguments(tool)))
                for tool in tools
            )
            opening = (rules.wire.literal(before),) if before else ()
            options.append(Sequence((*opening, Choice(of_tools))))
        return Choice(tuple(options))

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
