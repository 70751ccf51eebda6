"""A call is a JSON object with a name and arguments."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from structgen.calling.bodies.body import Body, RawCall
from structgen.calling.emission import Rules
from structgen.calling.tool import Tool
from structgen.calling.wire import Malformed, json_at, skip_blanks
from structgen.formats.json import BOUNDED
from structgen.grammar.expressions import Expression, Literal, charset, concat, repeat
from structgen.grammar.rules import Choice, RuleExpression, Sequence, Terminal

_NAME = re.compile(r'"(?:name|tool_name)"\s*:\s*("(?:[^"\\]|\\.)*")')


@dataclass(frozen=True)
class JsonObject(Body):
    """`{"name": "f", "arguments": {...}}`.

    Attributes:
        name: the key of the name.
        arguments: the key of the arguments.
        also: other keys of the arguments that are read.
        id: the key of the id, which comes first; empty: there is none.
    """

    name: str = "name"
    arguments: str = "arguments"
    also: tuple[str, ...] = ("arguments", "parameters")
    id: str = ""

    def rule(self, tool: Tool, rules: Rules) -> RuleExpression:
        """The texts of a call of a tool."""
        return self.choice([tool], rules)

    def choice(self, tools: Iterable[Tool], rules: Rules) -> RuleExpression:
        """The texts of a call of one of the tools."""
        opening = _spaced("{")
        if self.id:
            ids = concat(Literal('"'), repeat(charset((0x30, 0x39)), 1, 9), Literal('"'))
            opening = concat(opening, _spaced(f'"{self.id}"', ":"), ids, _spaced("", ","))
        before = Terminal("a call", concat(opening, _spaced(f'"{self.name}"', ":")))
        after = Terminal(f'"{self.arguments}"', concat(_spaced("", ",", f'"{self.arguments}"', ":")))
        closing = Terminal('"}"', concat(BOUNDED, Literal("}")))
        of_tools = tuple(
            Sequence((Terminal(written, Literal(written)), after, rules.arguments(tool)))
            for tool in tools
            if (written := json.dumps(tool.name))
        )
        return Sequence((before, Choice(of_tools), closing))

    def read(self, text: str, at: int, tools: Mapping[str, Tool]) -> RawCall:
        """The call at a place."""
        at = skip_blanks(text, at)
        value, end = json_at(text, at)
        if not isinstance(value, dict) or not isinstance(value.get(self.name), str):
            raise Malformed(f"expected an object with the property {self.name!r}", at)
        for key in (self.arguments, *self.also):
            if key in value:
                return RawCall(value[self.name], value[key], end, str(value.get(self.id or "id", "")))
        raise Malformed(f"the call of {value[self.name]} has no {self.arguments!r}", at)

    def write(self, name: str, arguments: Mapping[str, Any], index: int, tool: Tool) -> str:
        """A call as the template writes it."""
        value = {self.id: str(index)} if self.id else {}
        return json.dumps({**value, self.name: name, self.arguments: arguments}, ensure_ascii=False)

    def begun(self, text: str, at: int, tools: Mapping[str, Tool]) -> str | None:
        """The name, as soon as it is complete."""
        found = _NAME.search(text, at)
        return None if found is None else str(json.loads(found[1]))

    def json_at(self, text: str, at: int, tools: Mapping[str, Tool]) -> tuple[int, tuple[str, ...]] | None:
        """Where the JSON of a call begins, and the keys in it that hold the arguments."""
        return skip_blanks(text, at), (self.arguments, *self.also)


def _spaced(*texts: str) -> Expression:
    """Texts with whitespace after each."""
    return concat(*(part for text in texts for part in (Literal(text), BOUNDED)))
