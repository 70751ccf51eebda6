"""StreamingRepair: a text that is still coming, as two values that grow: what is settled, and the best guess.

As long as the text is well formed, it is read once, token by token, into both values. From the first damage on nothing
more is settled, and the guess is made again by `repair` whenever the text has grown by a quarter: so all the work
together is proportional to the text, however it is cut into chunks.

Closing repairs the whole text, and keeps what was settled. That depends on the text alone, not on its chunks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed does not know it
from typing import Any

from structgen.errors import LimitExceeded, RepairError
from structgen.formats.json import json_format
from structgen.frontends.json_schema.view import SchemaView, types_of
from structgen.repairing import scalars
from structgen.repairing.edits import Edit, Repair
from structgen.repairing.pipeline import Repairable, check_options, repair
from structgen.repairing.repair import repairable

# A string is over only where what follows can follow it: a quote inside a text is no end (patterns.PLAIN).
_TOKEN = re.compile(
    r'[ \t\n\r]*(?:([{}\[\],:])|"((?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[\da-fA-F]{4})*)"'
    r'(?=[ \t\n\r]*(?:[:}\]]|,[ \t\n\r]*(?:["{\[\d}\]-]|true|false|null)))'
    r"|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?=[ \t\n\r,}\]]))"
)
_BEGUN = re.compile(
    r'[ \t\n\r]*(?:"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[\da-fA-F]{4})*'
    r'(?:\\?(?:u[\da-fA-F]{0,3})?|"[ \t\n\r]*(?:,[ \t\n\r]*[a-z]{0,5})?)|-?[\d.eE+-]*|[a-z]{0,5})\Z'
)
_BODY = re.compile(r'"((?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[\da-fA-F]{4})*)')
_NOTHING = object()
_SHOWN = 1024
"""A text under way is shown again when it has grown by so much, or by a quarter."""


@dataclass(frozen=True, slots=True)
class View:
    """What is known of a text so far.

    Both values are live: the same objects grow with the next chunk. Copy what you keep.

    Attributes:
        settled: complete properties of well-formed text. Later views only add to it. None as long as there is none.
        guess: with the value under way, and past the first damage; may change.
        is_damaged: whether damage was met, after which nothing more is settled.
    """

    settled: Any
    guess: Any
    is_damaged: bool


class StreamingRepair:
    """Repairs a text while it comes.

    Args:
        constraint: what the value must be: a constraint, or what `as_constraint` makes one of.
        options: those of `repair`.

    Raises:
        InvalidOptionError: An option has a value that it may not have.

    >>> stream = StreamingRepair()
    >>> stream.feed('{"name": "Rob", "born": 17').guess
    {'name': 'Rob', 'born': 17}
    >>> stream.feed("59").settled
    {'name': 'Rob'}
    >>> stream.close().value
    {'name': 'Rob', 'born': 1759}
    """

    def __init__(self, constraint: Repairable | Any = None, **options: Any) -> None:
        check_options(**options)
        constraint = repairable(constraint)
        self._constraint = constraint
        self._options = options
        self._chunks: list[str] = []
        self._length = 0
        self._repaired = 0
        self._rest = ""
        self._waiting: list[str] = []  # chunks of a token under way
        self._waiting_size = self._looked = 0
        self._damaged = options.get("format", "auto") == "yaml"
        self._settled: Any = None
        self._guess: Any = None
        # The open containers: settled, guessed, the key that waits for its value, the guide.
        self._stack: list[list[Any]] = []
        self._state = "value"  # value, key, first key, colon, after, first item, done
        self._pending = _NOTHING
        self._guide: SchemaView | None = None if constraint is None else constraint.view
        if constraint is not None and constraint.view is None:
            self._damaged = True

    def feed(self, chunk: str) -> View:
        """Read on; what is known then."""
        self._chunks.append(chunk)
        self._length += len(chunk)
        if not self._damaged:
            self._waiting.append(chunk)
            self._waiting_size += len(chunk)
            # A long token is read again only when it has grown by a quarter, or may have ended.
            if self._waiting_size > 1.25 * self._looked + _SHOWN or len(self._rest) < _SHOWN or '"' in chunk:
                self._read()
        if self._damaged and self._length > 1.25 * self._repaired:
            self._repaired = self._length
            try:
                self._guess = self._repair("".join(self._chunks)).value
            except RepairError as error:
                self._guess = error.value if error.value is not None else self._guess
            except LimitExceeded:
                pass
        return View(self._settled, self._guess, self._damaged)

    def close(self) -> Repair:
        """The text is over: what it means.

        Raises:
            RepairError: As `repair`.
        """
        found = self._repair("".join(self._chunks))
        if self._settled is None or self._constraint is not None or _extends(found.value, self._settled):
            return found
        value = _overlaid(self._settled, found.value)
        edit = Edit("settled", 0, self._length, "guessed", "what was settled already is kept")
        return Repair(
            value,
            json_format().write(value),
            (*found.edits, edit),
            found.format,
            found.truncated,
            found.surrounding,
            found.others,
        )

    def _repair(self, text: str) -> Repair:
        return repair(text, self._constraint, **self._options)

    # Well-formed text

    def _read(self) -> None:
        self._take_back()
        text = self._rest + "".join(self._waiting)
        self._waiting.clear()
        at = 0
        while not self._damaged:
            found = _TOKEN.match(text, at)
            if found is None:
                break
            at = found.end()
            if found.group(1):
                self._punctuation(found.group(1))
            elif found.lastindex == 2:
                self._string(found.group(2))
            else:
                self._scalar(scalars.strict(found.group(3)))
        self._rest = text[at:]
        self._waiting_size = self._looked = len(self._rest)
        if not self._damaged and self._rest and not self._rest.isspace():
            if _BEGUN.match(self._rest) is None or self._state in ("done", "colon", "after"):
                self._damaged = True
            else:
                self._show(self._rest.lstrip())

    def _string(self, body: str) -> None:
        value = scanstring(body + '"', 0, True)[0] if "\\" in body else body
        if self._state in ("key", "first key"):
            frame = self._stack[-1]
            guide = frame[3]
            if value in frame[1] or (guide is not None and guide.properties and not guide.declares(value)):
                self._damaged = True
            frame[2] = value
            self._state = "colon"
        else:
            self._scalar(value)

    def _scalar(self, value: Any) -> None:
        if self._state not in ("value", "first item") or value is scalars.MISSING or not self._fits(value):
            self._damaged = True
            return
        self._place(value, value)
        self._state = "after" if self._stack else "done"

    def _fits(self, value: Any) -> bool:
        guide = self._guide_here()
        if guide is None:
            return True
        return bool(set(types_of(value)) & guide.types) and (guide.values is None or value in guide.values)

    def _guide_here(self) -> SchemaView | None:
        if not self._stack:
            return self._guide
        settled, _, key, guide = self._stack[-1]
        if guide is None:
            return None
        found: SchemaView = guide.property(key) if isinstance(settled, dict) else guide.item(len(settled))
        return found

    def _place(self, settled: Any, guess: Any) -> None:
        if not self._stack:
            self._settled, self._guess = settled, guess
            return
        frame = self._stack[-1]
        if isinstance(frame[0], dict):
            frame[0][frame[2]] = settled
            frame[1][frame[2]] = guess
        else:
            frame[0].append(settled)
            frame[1].append(guess)

    def _punctuation(self, char: str) -> None:
        state = self._state
        if char in "{[" and state in ("value", "first item"):
            made: Any = ({}, {}) if char == "{" else ([], [])
            guide = self._guide_here()
            if not self._fits(made[0]):
                self._damaged = True
                return
            self._place(*made)
            self._stack.append([made[0], made[1], None, guide])
            self._state = "first key" if char == "{" else "first item"
        elif char in "}]" and self._stack and state in ("after", "first key", "first item"):
            if isinstance(self._stack[-1][0], dict) != (char == "}"):
                self._damaged = True
                return
            self._stack.pop()
            self._state = "after" if self._stack else "done"
        elif char == "," and state == "after":
            self._state = "key" if isinstance(self._stack[-1][0], dict) else "value"
        elif char == ":" and state == "colon":
            self._state = "value"
        else:
            self._damaged = True

    # The value under way

    def _show(self, begun: str) -> None:
        """Put what a value under way is so far into the guess."""
        if self._state not in ("value", "first item") or not self._stack:
            return
        value: Any = _NOTHING
        if begun[0] == '"':
            body = _BODY.match(begun)
            if body is not None:
                value = scanstring(body.group(1) + '"', 0, True)[0]
        elif begun[0] in "-0123456789":
            number = re.sub(r"[.eE+-]+\Z", "", begun)
            value = scalars.strict(number) if number else _NOTHING
            value = _NOTHING if value is scalars.MISSING else value
        if value is _NOTHING:
            return
        frame = self._stack[-1]
        if isinstance(frame[1], dict):
            frame[1][frame[2]] = value
        else:
            frame[1].append(value)
        self._pending = frame

    def _take_back(self) -> None:
        if self._pending is not _NOTHING:
            frame: Any = self._pending
            if isinstance(frame[1], dict):
                del frame[1][frame[2]]
            else:
                frame[1].pop()
            self._pending = _NOTHING


def _extends(value: Any, settled: Any) -> bool:
    """Returns True if a value has all that is settled."""
    waiting = [(value, settled)]
    while waiting:
        a, b = waiting.pop()
        if type(a) is not type(b):
            return False
        if isinstance(b, dict):
            if not a.keys() >= b.keys():
                return False
            waiting += [(a[key], inner) for key, inner in b.items()]
        elif isinstance(b, list):
            if len(a) < len(b):
                return False
            waiting += list(zip(a, b, strict=False))
        elif a != b:
            return False
    return True


def _overlaid(settled: Any, value: Any, depth: int = 0) -> Any:
    """What is settled, with what the value has beyond it."""
    if depth > 200:
        return settled
    if isinstance(settled, dict) and isinstance(value, dict):
        kept = {key: _overlaid(inner, value.get(key, inner), depth + 1) for key, inner in settled.items()}
        return {**kept, **{key: inner for key, inner in value.items() if key not in kept}}
    if isinstance(settled, list) and isinstance(value, list):
        kept_items = [_overlaid(a, b, depth + 1) for a, b in zip(settled, value, strict=False)]
        return kept_items + settled[len(value) :] + value[len(settled) :]
    return settled
