"""The part of a reply that is there: what is final in it, and what may still grow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
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

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class PartialCall:
    """A call while it is written.

    Attributes:
        index: its place among the calls.
        name: of the tool.
        arguments: what is there of them.
        final: the paths of values that do not change any more.
        is_done: the call is complete.
    """

    index: int
    name: str
    arguments: Any
    final: frozenset[Path]
    is_done: bool = False

    def is_final(self, *path: str | int) -> bool:
        """Returns True if the value at a path, or one around it, does not change any more."""
        return self.is_done or any(path[:size] in self.final for size in range(len(path) + 1))


@dataclass(frozen=True)
class PartialReply:
    """A reply while it is written.

    Attributes:
        reasoning: what is there of it.
        text: what is there of it.
        calls: complete ones, and the one that is being written.
        value: of a JSON constraint, what is there of the value.
        final: of a JSON constraint, the paths of values that do not change any more.
    """

    reasoning: str = ""
    text: str = ""
    calls: tuple[PartialCall, ...] = ()
    value: Any = None
    final: frozenset[Path] = frozenset()


@dataclass
class _Open:
    name: str
    value: Any = None
    final: set[Path] = field(default_factory=set)
    is_done: bool = False

    def grow(self, path: Path, text: str) -> None:
        before = _at(self.value, path)
        self.value = _with(self.value, path, (before if isinstance(before, str) else "") + text)

    def finish(self, path: Path, value: Any) -> None:
        self.value = _with(self.value, path, value)
        self.final.add(path)


class PartialBuilder:
    """Puts events together."""

    def __init__(self) -> None:
        self._reasoning: list[str] = []
        self._text: list[str] = []
        self._calls: dict[int, _Open] = {}
        self._value = _Open("")

    def feed(self, events: Iterable[Event]) -> None:
        """Takes more events."""
        for event in events:
            if isinstance(event, ReasoningDelta):
                self._reasoning.append(event.text)
            elif isinstance(event, TextDelta):
                self._text.append(event.text)
            elif isinstance(event, CallBegun):
                self._calls[event.index] = _Open(event.name, {})
            elif isinstance(event, CallDone):
                one = self._calls[event.call.index]
                one.value, one.is_done = event.call.arguments, True
            else:
                self._grow(event)

    def _grow(self, event: ValueDelta | ValueDone) -> None:
        one = self._calls.get(event.index, self._value)
        if isinstance(event, ValueDelta):
            one.grow(event.path, event.text)
        else:
            one.finish(event.path, event.value)

    def reply(self) -> PartialReply:
        """What is there so far."""
        calls = tuple(
            PartialCall(index, one.name, _copied(one.value), frozenset(one.final), one.is_done)
            for index, one in self._calls.items()
        )
        value = self._value
        return PartialReply(
            "".join(self._reasoning), "".join(self._text), calls, _copied(value.value), frozenset(value.final)
        )


def _at(value: Any, path: Path) -> Any:
    for key in path:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _with(value: Any, path: Path, new: Any) -> Any:
    """A value with another one at a path; containers that are not there yet are made."""
    if not path:
        return new
    first, rest = path[0], path[1:]
    if isinstance(first, int):
        items = value if isinstance(value, list) else []
        if first == len(items):
            items.append(_with(None, rest, new))
        else:
            items[first] = _with(items[first], rest, new)
        return items
    members = value if isinstance(value, dict) else {}
    members[first] = _with(members.get(first), rest, new)
    return members


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(one) for key, one in value.items()}
    return [_copied(one) for one in value] if isinstance(value, list) else value
