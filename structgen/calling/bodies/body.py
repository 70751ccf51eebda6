"""What every body can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from structgen.calling.emission import Rules
from structgen.calling.loose import LooseReader
from structgen.calling.tool import Tool
from structgen.grammar.rules import Choice, RuleExpression


@dataclass(frozen=True)
class RawCall:
    """A call as it was read.

    Attributes:
        name: of a tool.
        arguments: by their names.
        end: the place after the call.
        id: what the text says; empty if it says nothing.
    """

    name: str
    arguments: Any
    end: int
    id: str = ""


class Body(ABC):
    """How a name and its arguments are written."""

    @abstractmethod
    def rule(self, tool: Tool, rules: Rules) -> RuleExpression:
        """The texts of a call of a tool."""

    def choice(self, tools: Iterable[Tool], rules: Rules) -> RuleExpression:
        """The texts of a call of one of the tools. What is the same before all names is written once."""
        return Choice(tuple(self.rule(tool, rules) for tool in tools))

    @abstractmethod
    def read(self, text: str, at: int, tools: Mapping[str, Tool]) -> RawCall:
        """The call at a place.

        Raises:
            Malformed: None stands there.
        """

    @abstractmethod
    def write(self, name: str, arguments: Mapping[str, Any], index: int, tool: Tool) -> str:
        """A call as the family's own template writes it."""

    def begun(self, text: str, at: int, tools: Mapping[str, Tool]) -> str | None:
        """The name of the tool, as soon as a part of a call says it."""
        return None

    def json_at(self, text: str, at: int, tools: Mapping[str, Tool]) -> tuple[int, tuple[str, ...]] | None:
        """Where the JSON of a call begins, and the keys in it that hold the arguments; None if they are no JSON.

        Args:
            text: with a call whose name is complete (`begun`).
            at: where the call begins.
            tools: by their names.
        """
        return None

    def loose_at(
        self, text: str, at: int, tools: Mapping[str, Tool]
    ) -> tuple[int, str, str, LooseReader] | None:
        """Where the first argument begins, what is after the last one, the sign after a name, and who reads values.

        None if names and values are not written so. The arguments are those of `json_at`.
        """
        return None
