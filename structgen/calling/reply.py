"""Reply and Call: what a model answered, as values."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass, field
from typing import Any

from structgen.calling.tool import Tool
from structgen.errors import InvalidToolError


@dataclass(frozen=True)
class Call:
    """One call of a tool.

    Attributes:
        index: its place among the calls of the reply, from 0.
        name: of the tool.
        arguments: as parsed JSON; of a custom tool `{"input": text}`.
        value: the arguments as the function takes them, an instance of the type, or the value of the custom input.
        id: what the text says, or made of the index.
        is_cut: True if the limit of tokens, and not the model, ended it.
    """

    index: int
    name: str
    arguments: dict[str, Any]
    value: Any = None
    id: str = ""
    is_cut: bool = False
    tool: Tool | None = field(default=None, repr=False, compare=False)

    def run(self) -> Any:
        """What the function returns for the arguments.

        Raises:
            InvalidToolError: The tool has no function.
        """
        if self.tool is None or self.tool.function is None:
            raise InvalidToolError(self.name, "has no function that can be run")
        if self.tool.is_custom:
            return self.tool.function(self.value)
        taken = self.value if isinstance(self.value, dict) else self.arguments
        return self.tool.function(**taken)

    async def run_async(self) -> Any:
        """What the function returns, awaited where it is asynchronous.

        Raises:
            InvalidToolError: The tool has no function.
        """
        found = self.run()
        return await found if inspect.isawaitable(found) else found

    def __call__(self) -> Any:
        """What the function returns: `run`."""
        return self.run()

    def to_openai(self) -> dict[str, Any]:
        """The call as OpenAI's Chat API has it."""
        written = json.dumps(self.arguments, ensure_ascii=False)
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": written}}


@dataclass(frozen=True)
class Reply:
    """What a model answered: its reasoning, its text, its calls.

    Attributes:
        reasoning: what it thought before; None if it did not.
        text: what it says to the reader; empty if it only calls. With `response`, the text of that constraint.
        calls: in their order.
        value: the value of `response`, where one was given and the text is one; else None.
    """

    reasoning: str | None = None
    text: str = ""
    calls: tuple[Call, ...] = ()
    value: Any = field(default=None, compare=False)

    @property
    def is_cut(self) -> bool:
        """Returns True if the limit of tokens ended a call."""
        return any(call.is_cut for call in self.calls)

    def to_openai(self) -> dict[str, Any]:
        """The message of the assistant in OpenAI's Chat API, for the history of a chat template."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text or None}
        if self.reasoning is not None:
            message["reasoning_content"] = self.reasoning
        if self.calls:
            message["tool_calls"] = [call.to_openai() for call in self.calls]
        return message

    def to_anthropic(self) -> dict[str, Any]:
        """The message of the assistant in Anthropic's API."""
        content: list[dict[str, Any]] = []
        if self.reasoning is not None:
            content.append({"type": "thinking", "thinking": self.reasoning})
        if self.text:
            content.append({"type": "text", "text": self.text})
        for call in self.calls:
            content.append({"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments})
        return {"role": "assistant", "content": content}
