"""StreamingReply: a reply piece by piece, as events.

Read character by character, so the events do not depend on how the text is cut. A piece that may still become a marker
is held back; nothing is taken back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from structgen.calling.build import ReplyConstraint
from structgen.calling.plan import Plan
from structgen.calling.reading import ReplyReader
from structgen.calling.reply import Call, Reply
from structgen.errors import InvalidOptionError


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
class ValueDone:
    """A value of a call is final."""

    index: int
    path: tuple[str | int, ...]
    value: Any


@dataclass(frozen=True)
class CallDone:
    """A call is complete."""

    call: Call


Event = ReasoningDelta | TextDelta | CallBegun | ValueDone | CallDone


class StreamingReply:
    """Reads a reply while it is generated.

    Args:
        constraint: what `structgen.tools` made.
        tokenizer: decodes token ids, if ids are fed.

    Attributes:
        text: all that was fed.
        last_events: after `close()`, the events of the characters that were held back.

    Raises:
        InvalidOptionError: The constraint is another one, or its format is not known yet.
    """

    def __init__(self, constraint: ReplyConstraint, tokenizer: Any = None) -> None:
        if not isinstance(constraint, ReplyConstraint) or constraint.plan is None:
            raise InvalidOptionError(
                "constraint", constraint, "must be one of structgen.tools(), with a format"
            )
        self.constraint = constraint
        self.tokenizer = tokenizer
        self.text = ""
        self._plan: Plan = constraint.plan
        self._at = 0
        self._phase = "start"
        self._index = 0
        self._named = False
        self._call_at = 0
        self._blanks = ""
        self._has_text = False
        self._ids: list[int] = []
        self._decoded = 0
        self._is_closed = False
        self._ends_turn = False
        self.last_events: list[Event] = []

    def feed(self, piece: str | int | Iterable[int]) -> list[Event]:
        """The events of a piece.

        Args:
            piece: a text, a token id, or several.

        Raises:
            InvalidOptionError: Token ids were given, and no tokenizer; or the reply is closed.
        """
        if self._is_closed:
            raise InvalidOptionError("piece", piece, "comes after close()")
        text = piece if isinstance(piece, str) else self._decode(piece)
        events: list[Event] = []
        for char in text:
            self.text += char
            events += self._step()
        return merged(events)

    def close(self) -> Reply:
        """The whole reply.

        Raises:
            InvalidText: The text is none.
        """
        self._is_closed = True
        reply = self.constraint.validate(self.text)
        self.last_events = self._flushed()
        return reply

    def _flushed(self) -> list[Event]:
        """What was held back, because it might have become a marker."""
        if self._phase == "unknown":
            self._phase = "text"
        if self._phase not in ("text", "start") or self._ends_turn:
            return []
        return self._shown(self.text[self._at :], is_last=True)

    def _decode(self, piece: int | Iterable[int]) -> str:
        if self.tokenizer is None:
            raise InvalidOptionError("tokenizer", None, "must be given, so that token ids can be fed")
        self._ids += [piece] if isinstance(piece, int) else list(piece)
        whole = self.tokenizer.decode(self._ids, skip_special_tokens=False)
        if whole.endswith("\ufffd"):
            return ""
        found = str(whole[self._decoded :])
        self._decoded = len(whole)
        return found

    def _step(self) -> list[Event]:
        return {
            "start": self._start,
            "unknown": self._unknown,
            "reasoning": self._reasoning,
            "text": self._text,
            "call": self._in_call,
        }[self._phase]()

    def _start(self) -> list[Event]:
        shape = self._plan.format.reasoning
        if shape is None or self._plan.reasoning is False:
            self._phase = "text"
            return self._text()
        begin = shape.marks[0]
        seen = self.text.lstrip("\n")
        if seen.startswith(begin):
            self._phase, self._at = "reasoning", len(self.text)
            return []
        if begin.startswith(seen):
            return []
        if shape.in_prompt and self._plan.reasoning:
            self._phase = "reasoning"
            return self._reasoning()
        if shape.in_prompt:
            self._phase = "unknown"
            return self._unknown()
        self._phase = "text"
        return self._text()

    def _unknown(self) -> list[Event]:
        """The prompt may have opened the reasoning: the first marker says if this is reasoning or text."""
        assert self._plan.format.reasoning is not None
        end = self._plan.format.reasoning.marks[1]
        if self.text.endswith(end):
            return self._reasoning()
        if not self.text.endswith((*self._marks(), *self._plan.format.ends)):
            return []
        self._phase = "text"
        return self._text()

    def _reasoning(self) -> list[Event]:
        assert self._plan.format.reasoning is not None
        end = self._plan.format.reasoning.marks[1]
        pending = self.text[self._at :]
        if pending.endswith(end):
            thought = pending[: -len(end)]
            thought = thought[1:] if not self._at and thought.startswith("\n") else thought
            self._at, self._phase = len(self.text), "text"
            thought = thought[:-1] if thought.endswith("\n") else thought
            return [ReasoningDelta(thought)] if thought else []
        if pending == "\n" and self._follows_begin():
            self._at += 1
            return []
        keep = max(_held(pending, (end,)), _held(pending, ("\n" + end,)))
        return self._released(pending, keep, ReasoningDelta)

    def _follows_begin(self) -> bool:
        assert self._plan.format.reasoning is not None
        return self.text[: self._at].strip("\n") in (self._plan.format.reasoning.marks[0], "")

    def _released(self, pending: str, keep: int, kind: type[ReasoningDelta] | type[TextDelta]) -> list[Event]:
        ready = pending[: len(pending) - keep]
        self._at += len(ready)
        return [kind(ready)] if ready else []

    def _text(self) -> list[Event]:
        form = self._plan.format
        marks = self._marks()
        pending = self.text[self._at :]
        opened = next((mark for mark in marks if pending.endswith(mark)), None)
        if opened is not None and self._plan.tools:
            ready = pending[: -len(opened)]
            self._phase, self._call_at, self._named = "call", self._at + len(ready), False
            self._at = len(self.text)
            return self._shown(ready, is_last=True)
        if form.opening and not self._has_text:
            return self._unmarked(pending)
        wrapping = [one for pair in (form.answer, form.preamble) for one in pair if one]
        ended = next((one for one in (*wrapping, *form.ends, *form.call_ends) if pending.endswith(one)), None)
        if ended is not None:
            self._ends_turn = ended in (*form.ends, *form.call_ends)
            self._at = len(self.text)
            return self._shown(pending[: -len(ended)], is_last=True)
        keep = _held(pending, (*marks, *wrapping, *form.ends, *form.call_ends))
        ready = pending[: len(pending) - keep]
        self._at += len(ready)
        return self._shown(ready, is_last=False)

    def _marks(self) -> tuple[str, ...]:
        form = self._plan.format
        if form.call_marks and not form.opening:
            return form.call_marks
        return ("<|channel|>commentary to=", " to=functions.") if form.name == "harmony" else ()

    def _unmarked(self, pending: str) -> list[Event]:
        """Text or a call of a format without markers: the first character says it, or holds it back."""
        form = self._plan.format
        if not pending.strip():
            return []
        if self._plan.tools and self._may_open(pending):
            if re.compile(form.opening).match(pending) or pending.endswith(form.openings or ("\0",)):
                self._phase, self._call_at, self._named = "call", self._at, False
            return []
        self._has_text = True
        return self._text()

    def _may_open(self, pending: str) -> bool:
        """Returns True if a call without a marker, or its first marker, may begin so."""
        seen = pending.strip()
        if any(
            opening.startswith(seen) or seen.startswith(opening) for opening in self._plan.format.openings
        ):
            return True
        shape = self._plan.format.opening.replace(r"\s*", "")
        compact = re.sub(r"\s+", "", pending)
        return _may_match(shape, compact)

    def _shown(self, ready: str, *, is_last: bool) -> list[Event]:
        """Text without the line breaks around it, which are layout."""
        whole = self._blanks + ready
        if not self._has_text:
            whole = whole.lstrip("\n")
        shown = whole.rstrip("\n")
        if not shown.strip():
            self._blanks = "" if is_last else whole
            return []
        self._blanks = "" if is_last else whole[len(shown) :]
        self._has_text = not is_last
        return [TextDelta(shown)]

    def _in_call(self) -> list[Event]:
        events: list[Event] = []
        form = self._plan.format
        closing = form.section[1].strip()
        if self._index and not self._named and closing and self.text[self._at :].endswith(closing):
            self._at, self._phase = len(self.text), "text"
            return []
        start = self._body_at()
        if start is None:
            return []
        if not self._named:
            name = form.body.begun(self.text, start, self._plan.tools)
            if name is None or name not in self._plan.tools:
                return []
            self._named = True
            events.append(CallBegun(self._index, name, f"call_{self._index}"))
        if not self._may_end(form.end):
            return events
        reader = ReplyReader(self._plan, self.text)
        reader.text, reader.at = self.text, start
        try:
            raw = form.body.read(self.text, start, self._plan.tools)
            reader.at = raw.end
            reader._expect(form.end)
            call = reader._call(self._index, raw)
        except ValueError:
            return events
        events += [ValueDone(self._index, (key,), value) for key, value in call.arguments.items()]
        events.append(CallDone(call))
        self._index, self._named = self._index + 1, False
        self._call_at = self._at = reader.at
        if not form.section[0][0] and not form.opening and not form.between[0].strip():
            self._phase = "text"
        return events

    def _may_end(self, end: str) -> bool:
        last = end.strip()[-1:] or None
        return self.text[-1] == last if last else self.text[-1] in "})>\"'"

    def _body_at(self) -> int | None:
        """Where the body of the call begins; None as long as its markers are not complete."""
        form = self._plan.format
        if self._index and form.section[0] != ("",):
            reader = ReplyReader(self._plan, self.text)
            reader.text, reader.at = self.text, self._at
            return reader._following()
        if form.opening and not form.openings:
            return self._call_at
        reader = ReplyReader(self._plan, self.text)
        reader.text, reader.at = self.text, self._call_at
        found = reader._next_opening() if form.openings else (self._call_at, self._call_at)
        return None if found is None else found[1]


def _may_match(shape: str, text: str) -> bool:
    """Returns True if a text that begins with `text` may match a pattern of characters and one class of names."""
    head = shape.split("[A-Za-z_]")[0].replace("\\", "")
    if len(text) <= len(head) or "[A-Za-z_]" not in shape:
        return head.startswith(text) or text.startswith(head)
    return (
        text.startswith(head)
        and re.fullmatch(r"[A-Za-z_][\w.]*(\(.*)?", text[len(head) :], re.DOTALL) is not None
    )


def _held(text: str, marks: Iterable[str]) -> int:
    """How many last characters of a text may be the beginning of a mark."""
    most = 0
    for mark in marks:
        for size in range(min(len(mark) - 1, len(text)), most, -1):
            if text.endswith(mark[:size]):
                most = size
                break
    return most


def merged(events: Iterable[Event]) -> list[Event]:
    """The events, with neighbours that continue one text joined."""
    found: list[Event] = []
    for event in events:
        last = found[-1] if found else None
        if isinstance(event, TextDelta) and isinstance(last, TextDelta):
            found[-1] = TextDelta(last.text + event.text)
        elif isinstance(event, ReasoningDelta) and isinstance(last, ReasoningDelta):
            found[-1] = ReasoningDelta(last.text + event.text)
        else:
            found.append(event)
    return found


def to_openai(events: Iterable[Event]) -> list[dict[str, Any]]:
    """The deltas of OpenAI's Chat API for events."""
    found: list[dict[str, Any]] = []
    for event in events:
        if isinstance(event, TextDelta):
            found.append({"content": event.text})
        elif isinstance(event, ReasoningDelta):
            found.append({"reasoning_content": event.text})
        elif isinstance(event, CallBegun):
            entry = {"name": event.name, "arguments": ""}
            call = {"index": event.index, "id": event.id, "type": "function", "function": entry}
            found.append({"tool_calls": [call]})
        elif isinstance(event, CallDone):
            written = json.dumps(event.call.arguments, ensure_ascii=False)
            found.append({"tool_calls": [{"index": event.call.index, "function": {"arguments": written}}]})
    return found
