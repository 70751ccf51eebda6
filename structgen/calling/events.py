"""Events of a reply while it is generated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeGuard

from structgen.calling.reply import Call


@dataclass(frozen=True)
class ReasoningDelta:
    """The reasoning goes on with a text."""

    text: str


@dataclass(frozen=True)
class TextDelta:
    """The text goes on."""

    text: str


@dataclass(frozen=True)
class CallBegun:
    """A call begins, and its tool is known."""

    index: int
    name: str
    id: str = ""


@dataclass(frozen=True)
class ValueDelta:
    """A text among the arguments of a call goes on."""

    index: int
    path: tuple[str | int, ...]
    text: str


@dataclass(frozen=True)
class ValueDone:
    """A value of a call is final."""

    index: int
    path: tuple[str | int, ...]
    value: Any


@dataclass(frozen=True)
class CallDone:
    """A call is complete."""

    call: Call


Event = ReasoningDelta | TextDelta | CallBegun | ValueDelta | ValueDone | CallDone


def merged(events: Iterable[Event]) -> list[Event]:
    """The events, with neighbours that continue one text joined."""
    found: list[Event] = []
    for event in events:
        last = found[-1] if found else None
        if isinstance(event, TextDelta) and isinstance(last, TextDelta):
            found[-1] = TextDelta(last.text + event.text)
        elif isinstance(event, ReasoningDelta) and isinstance(last, ReasoningDelta):
            found[-1] = ReasoningDelta(last.text + event.text)
        elif isinstance(event, ValueDelta) and _continues(last, event):
            found[-1] = ValueDelta(event.index, event.path, last.text + event.text)
        else:
            found.append(event)
    return found


def _continues(last: Event | None, event: ValueDelta) -> TypeGuard[ValueDelta]:
    return isinstance(last, ValueDelta) and (last.index, last.path) == (event.index, event.path)
