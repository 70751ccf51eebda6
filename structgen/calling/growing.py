"""Arguments while they are written: texts that grow, and values as soon as they are final.

    GrowingJson()        JSON, character by character; each costs the same
    GrowingTagged(...)   values between literals, as `bodies/tagged.py` reads them
    GrowingLoose(...)    names and values of Python, or with bare keys
    ArgumentsReader      either of them, for one call, as events

The first three give pairs of a path and a `Piece` or a value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from structgen.calling.bodies.names import head_at
from structgen.calling.bodies.tagged import Tagged
from structgen.calling.events import Event, ValueDelta, ValueDone
from structgen.calling.loose import LooseReader
from structgen.calling.plan import Plan
from structgen.calling.reply import Call
from structgen.calling.tool import Tool
from structgen.calling.wire import Malformed

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Piece:
    """A text goes on."""

    text: str


@dataclass(frozen=True)
class Done:
    """A value is final."""

    value: Any


Found = tuple[Path, Piece | Done]


class GrowingJson:
    """One JSON value, character by character. What is no JSON is left to who reads the whole.

    Attributes:
        is_closed: the value is complete.
    """

    def __init__(self) -> None:
        self.is_closed = False
        self._stack: list[tuple[str | int | None, Any]] = []
        self._key: str | int | None = None
        self._text: list[str] | None = None  # the string that is open, as it is written
        self._word = ""
        self._pending = ""
        self._awaits_key = False

    def feed(self, char: str) -> list[Found]:
        """What one more character says."""
        if self.is_closed:
            return []
        if self._text is not None:
            return self._in_string(char)
        found: list[Found] = []
        if self._word and char in " \t\r\n,]}":
            found += self._word_ends()
        if char == '"':
            self._text = []
        elif char in "{[":
            self._opens(char)
        elif char in "}]" and self._stack:
            found += self._closes()
        elif char == ",":
            self._comma()
        elif char not in " \t\r\n:":
            self._word += char
        return found

    def _opens(self, char: str) -> None:
        made: Any = {} if char == "{" else []
        self._stack.append((self._key, made))
        self._key = None if char == "{" else 0
        self._awaits_key = char == "{"

    def _comma(self) -> None:
        if self._stack and isinstance(self._stack[-1][1], list):
            self._key = len(self._stack[-1][1])
        else:
            self._awaits_key = True

    @property
    def _path(self) -> Path:
        keys = [key for key, _ in self._stack[1:]] + [self._key]
        return tuple(key for key in keys if key is not None) if self._stack else ()

    def _closes(self) -> list[Found]:
        self._key, made = self._stack.pop()
        self._awaits_key = False
        return self._final(made)

    def _word_ends(self) -> list[Found]:
        word, self._word = self._word, ""
        try:
            return self._final(json.loads(word))
        except ValueError:
            return []

    def _final(self, value: Any) -> list[Found]:
        path = self._path
        if not self._stack:
            self.is_closed = True
            return [((), Done(value))]
        holder = self._stack[-1][1]
        if isinstance(holder, list):
            holder.append(value)
        elif self._key is not None:
            holder[self._key] = value
        return [(path, Done(value))]

    def _in_string(self, char: str) -> list[Found]:
        assert self._text is not None
        if char == '"' and not self._pending:
            return self._string_ends()
        self._pending += char
        if not _is_whole(self._pending):
            return []
        text, self._pending = _unescaped(self._pending), ""
        self._text.append(text)
        return [] if self._awaits_key or not text else [(self._path, Piece(text))]

    def _string_ends(self) -> list[Found]:
        assert self._text is not None
        text, self._text = "".join(self._text), None
        if self._awaits_key:
            self._key, self._awaits_key = text, False
            return []
        return self._final(text)


def _is_whole(written: str) -> bool:
    """Returns True if a part of a JSON string is no beginning of an escape. Two halves of a pair belong together."""
    if written[0] != "\\":
        return True
    if written[1:2] != "u":
        return len(written) > 1
    if written[2:3].lower() == "d" and written[3:4].lower() in tuple("89ab"):
        return len(written) >= 12 or (len(written) > 6 and written[6] != "\\")
    return len(written) >= 6


def _unescaped(written: str) -> str:
    try:
        return str(json.loads(f'"{written}"', strict=False))
    except ValueError:
        return ""


class GrowingTagged:
    """The values of a call between literals.

    Args:
        body: how they are written.
        tool: the tool that is called.
        start: where the first argument begins in the text.
    """

    def __init__(self, body: Tagged, tool: Tool, start: int) -> None:
        self._body = body
        self._tool = tool
        self._start = start
        self._key: str | None = None
        self._kind: str | None = None
        self._sent = 0

    def read(self, text: str) -> list[Found]:
        """What the whole text so far says, that it did not before."""
        found: list[Found] = []
        while (more := self._next(text)) is not None:
            found += more
        return found

    def _next(self, text: str) -> list[Found] | None:
        """What comes next; None: more text is needed."""
        if self._key is None:
            opened = self._body.opened(text, self._start)
            if opened is None or opened[2] >= len(text):
                return None  # a line break after it belongs to it
            self._key, self._kind, self._start = opened
            self._sent = self._start
            return []
        closing = self._body.closing
        mark = closing.strip()
        place = text.find(mark, max(self._sent - len(closing), self._start))
        if place < 0:
            return self._grown(text, len(text) - _held(text[self._sent :], (closing, mark))) or None
        if closing.endswith("\n") and place + len(mark) >= len(text):
            return None
        return self._closed(text)

    def _closed(self, text: str) -> list[Found] | None:
        assert self._key is not None
        try:
            raw, end = self._body.raw(text, self._start)
            value = self._body.value(self._tool, self._key, raw, self._kind, self._start)
        except Malformed:
            return None
        path, start = (self._key,), self._start
        found = self._grown(text, start + len(raw)) if isinstance(value, str) else []
        self._key, self._start = None, end
        return [*found, (path, Done(value))]

    def _grown(self, text: str, end: int) -> list[Found]:
        assert self._key is not None
        if end <= self._sent or not self._body.is_surely_text(self._tool, self._key, self._kind):
            return []
        piece, self._sent = text[self._sent : end], end
        return [((self._key,), Piece(piece))]


class GrowingLoose:
    """Names and values that are no JSON: each value is final at the comma after it.

    Args:
        end: what is after the last value.
        sign: stands between a name and its value.
        reader: reads values.

    Attributes:
        is_closed: the last value is complete.
    """

    def __init__(self, end: str, sign: str, reader: LooseReader) -> None:
        self.is_closed = False
        self._end = end
        self._sign = sign
        self._reader = reader
        self._depth = 0
        self._piece: list[str] = []
        self._quote = ""  # of the string that is open
        self._is_escaped = False
        self._before = ","  # the last character that is no space

    def feed(self, char: str) -> list[Found]:
        """What one more character says."""
        if self.is_closed:
            return []
        self._piece.append(char)
        if self._quote:
            self._in_string(char)
            return []
        found: list[Found] = []
        if self._depth == 0 and char in (",", self._end):
            found = self._value()
            self.is_closed = char == self._end
        elif char in "([{":
            self._depth += 1
        elif char in ")]}":
            self._depth -= 1
        elif self._before in "([{,=:":
            self._opens_string()
        if not char.isspace() and not (self._reader.quote and self._is_quote_begun()):
            self._before = char
        return found

    def _is_quote_begun(self) -> bool:
        """Returns True if the last characters may become the family's own quote."""
        return _held("".join(self._piece[-len(self._reader.quote) :]), (self._reader.quote,)) > 0

    def _opens_string(self) -> None:
        quote = self._reader.quote
        if quote and self._tail(quote) == quote:
            self._quote = quote
        elif self._piece[-1] in "'\"" and not (quote and self._is_quote_begun()):
            self._quote = self._piece[-1]

    def _tail(self, quote: str) -> str:
        return "".join(self._piece[-len(quote) :])

    def _in_string(self, char: str) -> None:
        if self._quote == self._reader.quote:
            if self._tail(self._quote) == self._quote:
                self._quote, self._before = "", "x"
        elif self._is_escaped:
            self._is_escaped = False
        elif char == "\\":
            self._is_escaped = True
        elif char == self._quote:
            self._quote, self._before = "", "x"

    def _value(self) -> list[Found]:
        written, self._piece = "".join(self._piece[:-1]), []
        if not written.strip():
            return []
        try:
            found, _ = self._reader.properties(written + self._end, 0, self._end, self._sign)
        except Malformed:
            return []
        return [((key,), Done(value)) for key, value in found.items()]


class ArgumentsReader:
    """The arguments of one call, while it is written.

    Args:
        json: reads them where they are JSON, or written much like it.
        keys: of the JSON, those that hold the arguments; none: it is the arguments.
        tagged: reads them where they stand between literals.
        at: how much of the text is read.
        is_whole: the whole value is said as well, when it is complete.
    """

    def __init__(
        self,
        json: GrowingJson | GrowingLoose | None = None,
        keys: tuple[str, ...] = (),
        tagged: GrowingTagged | None = None,
        at: int = 0,
        *,
        is_whole: bool = False,
    ) -> None:
        self._json = json
        self._keys = keys
        self._tagged = tagged
        self._at = at
        self._done: set[str] = set()
        self._is_whole = is_whole

    @classmethod
    def of(cls, plan: Plan, text: str, start: int, name: str) -> ArgumentsReader:
        """The reader of a call whose name is complete."""
        body = plan.format.body
        if isinstance(body, Tagged):
            after = head_at(text, start, (body.head,), plan.tools)[1]
            return cls(tagged=GrowingTagged(body, plan.tools[name], after))
        found = body.json_at(text, start, plan.tools)
        if found is not None:
            return cls(GrowingJson(), found[1], at=found[0])
        loose = body.loose_at(text, start, plan.tools)
        return cls() if loose is None else cls(GrowingLoose(*loose[1:]), at=loose[0])

    @property
    def may_end(self) -> bool:
        """True if the call may be complete."""
        return self._json is None or self._json.is_closed

    def step(self, text: str, index: int) -> list[Event]:
        """The events of what has come since the last step."""
        if self._tagged is not None:
            return self._events(self._tagged.read(text), index)
        if self._json is None:
            return []
        found = [one for char in text[self._at :] for one in self._json.feed(char)]
        self._at = len(text)
        if self._keys:
            found = [(path[1:], one) for path, one in found if path[:1] and path[0] in self._keys]
        return self._events(found, index)

    def _events(self, found: list[Found], index: int) -> list[Event]:
        events: list[Event] = []
        for path, one in found:
            if isinstance(one, Piece):
                events.append(ValueDelta(index, path, one.text))
            elif path or self._is_whole:
                events.append(ValueDone(index, path, one.value))
                if len(path) == 1:
                    self._done.add(str(path[0]))
        return events

    def rest(self, call: Call) -> list[Event]:
        """What was not yet said of a call that is complete."""
        return [
            ValueDone(call.index, (key,), value)
            for key, value in call.arguments.items()
            if key not in self._done
        ]


def _held(text: str, marks: Iterable[str]) -> int:
    """How many last characters of a text may be the beginning of a mark."""
    return max(
        (
            size
            for mark in marks
            for size in range(1, min(len(mark) - 1, len(text)) + 1)
            if text.endswith(mark[:size])
        ),
        default=0,
    )
