"""StreamingReply: a reply piece by piece, as events.

Read character by character, so the events do not depend on how the text is cut. A piece that may still become a marker
is held back; nothing is taken back. Arguments come while they are written: letter by letter where the format has JSON
or values between literals, and value by value in the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from structgen.calling.build import ReplyConstraint
from structgen.calling.events import (
    CallBegun,
    CallDone,
    Event,
    ReasoningDelta,
    TextDelta,
    ValueDelta,
    ValueDone,
    merged,
)
from structgen.calling.growing import ArgumentsReader, GrowingJson
from structgen.calling.openai_chunks import OpenAIChunks
from structgen.calling.partial import PartialBuilder, PartialReply
from structgen.calling.plan import Plan
from structgen.calling.reading import ReplyReader
from structgen.calling.reply import Reply
from structgen.constraint import Constraint
from structgen.errors import InvalidOptionError

__all__ = [
    "CallBegun",
    "CallDone",
    "Event",
    "ReasoningDelta",
    "StreamingReply",
    "TextDelta",
    "ValueDelta",
    "ValueDone",
    "merged",
    "to_openai",
]


class StreamingReply:
    """Reads a reply while it is generated.

    Args:
        constraint: what `structgen.tools` made; or one of JSON, whose values then come with the index 0.
        tokenizer: decodes token ids, if ids are fed.

    Attributes:
        text: all that was fed.
        last_events: after `close()`, the events of the characters that were held back.

    Raises:
        InvalidOptionError: The constraint is another one, or its format is not known yet.
    """

    def __init__(self, constraint: Constraint, tokenizer: Any = None) -> None:
        plan = constraint.plan if isinstance(constraint, ReplyConstraint) else None
        is_json = isinstance(constraint, Constraint) and constraint.is_json
        if plan is None and not is_json:
            reason = "must be one of structgen.tools(), with a format, or one of JSON"
            raise InvalidOptionError("constraint", constraint, reason)
        self.constraint = constraint
        self.tokenizer = tokenizer
        self.text = ""
        self._given_plan = plan
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
        self._arguments = ArgumentsReader(GrowingJson(), is_whole=True) if plan is None else ArgumentsReader()
        self._partial = PartialBuilder()
        self._chunks = OpenAIChunks()
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
        if self._given_plan is None:
            self.text += text
            events = self._arguments.step(self.text, 0)
        else:
            for char in text:
                self.text += char
                events += self._step()
        found = merged(events)
        self._partial.feed(found)
        return found

    @property
    def _plan(self) -> Plan:
        assert self._given_plan is not None, "a constraint of JSON has no calls"
        return self._given_plan

    @property
    def partial(self) -> PartialReply:
        """The part of the reply that is there: arguments and values so far, and which of them are final."""
        return self._partial.reply()

    def feed_openai(self, piece: str | int | Iterable[int]) -> list[dict[str, Any]]:
        """The deltas of OpenAI's Chat API for a piece: the arguments of a call, joined, are its JSON."""
        return self._chunks.feed(self.feed(piece))

    def close(self) -> Reply:
        """The whole reply; of a constraint of JSON, with its value.

        Raises:
            InvalidText: The text is none.
        """
        self._is_closed = True
        if self._given_plan is None:
            found = Reply(text=self.text, value=self.constraint.validate(self.text))
            self.last_events = self._arguments.step(self.text + "\n", 0)  # a number may go on until here
            self._partial.feed(self.last_events)
            return found
        reply: Reply = self.constraint.validate(self.text)
        self.last_events = self._flushed()
        self._partial.feed(self.last_events)
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
        texts = []
        for one in [piece] if isinstance(piece, int) else piece:
            self._ids.append(one)
            texts.append(self._decode_last())
        return "".join(texts)

    def _decode_last(self) -> str:
        """The text of the last id. Those of its word are decoded with it: tokenizers write some only after others."""
        before = self._text_of(self._ids[: self._decoded])
        whole = self._text_of(self._ids)
        if whole.endswith("\ufffd") or len(whole) <= len(before):
            return ""
        found = whole[len(before) :]
        self._ids = self._ids[self._decoded :]
        self._decoded = len(self._ids)
        return found

    def _text_of(self, ids: list[int]) -> str:
        return str(self.tokenizer.decode(ids, skip_special_tokens=False)) if ids else ""

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
            self._arguments = ArgumentsReader.of(self._plan, self.text, start, name)
        events += self._arguments.step(self.text, self._index)
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
        events += self._arguments.rest(call)
        events.append(CallDone(call))
        self._index, self._named = self._index + 1, False
        self._call_at = self._at = reader.at
        if not form.section[0][0] and not form.opening and not form.between[0].strip():
            self._phase = "text"
        return events

    def _may_end(self, end: str) -> bool:
        closing = self._plan.format.section[1].split()
        if not self._arguments.may_end and not (closing and self.text.endswith(closing[-1])):
            return False
        words = end.split()
        return self.text.endswith(words[-1]) if words else self.text[-1] in "})>\"'"

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


def to_openai(events: Iterable[Event]) -> list[dict[str, Any]]:
    """The deltas of OpenAI's Chat API for all events of a reply."""
    return OpenAIChunks().feed(events)
