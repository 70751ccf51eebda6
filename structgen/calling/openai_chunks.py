"""Events as the deltas of OpenAI's Chat API. The arguments of a call, joined, are `json.dumps` of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from structgen.calling.events import (
    CallBegun,
    CallDone,
    Event,
    ReasoningDelta,
    TextDelta,
    ValueDelta,
    ValueDone,
)


class OpenAIChunks:
    """Makes deltas of events, and remembers how much of a call it has written."""

    def __init__(self) -> None:
        self._written = ""
        self._key: str | int | None = None

    def feed(self, events: Iterable[Event]) -> list[dict[str, Any]]:
        """The deltas for more events."""
        return [delta for event in events for delta in self._of(event)]

    def _of(self, event: Event) -> list[dict[str, Any]]:
        if isinstance(event, TextDelta):
            return [{"content": event.text}]
        if isinstance(event, ReasoningDelta):
            return [{"reasoning_content": event.text}]
        if isinstance(event, CallBegun):
            self._written, self._key = "", None
            entry = {"name": event.name, "arguments": ""}
            return [
                {
                    "tool_calls": [
                        {"index": event.index, "id": event.id, "type": "function", "function": entry}
                    ]
                }
            ]
        if isinstance(event, CallDone):
            whole = json.dumps(event.call.arguments, ensure_ascii=False)
            return self._more(event.call.index, whole[len(self._written) :])
        return self._more(event.index, self._of_value(event)) if len(event.path) == 1 else []

    def _of_value(self, event: ValueDelta | ValueDone) -> str:
        key = event.path[0]
        begin = "" if key == self._key else self._begin(str(key))
        if isinstance(event, ValueDelta):
            quote = "" if key == self._key else '"'
            self._key = key
            return begin + quote + _escaped(event.text)
        if key == self._key:
            self._key = None
            return '"'
        return begin + json.dumps(event.value, ensure_ascii=False)

    def _begin(self, key: str) -> str:
        return ("{" if not self._written else ", ") + json.dumps(key, ensure_ascii=False) + ": "

    def _more(self, index: int, text: str) -> list[dict[str, Any]]:
        self._written += text
        return [{"tool_calls": [{"index": index, "function": {"arguments": text}}]}] if text else []


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
