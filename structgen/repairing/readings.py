"""Readings: one way to understand the tokens so far, and the moves that all ways share.

structure.py decides between them.

A reading is the innermost open bracket, what comes next, what it cost, and the events that build the value, as a linked
list: a fork costs the same wherever it happens.
"""

from __future__ import annotations

from typing import Any

from structgen.errors import LimitExceeded
from structgen.repairing.guide import Guide
from structgen.repairing.tokens import Token

CLOSE, OPEN, SURPLUS, SUBSTITUTE, COMMA, COLON = 1.0, 1.1, 1.0, 1.1, 0.5, 0.6
LOST_KEY, LOST_TOKEN, MISFIT, ODD_LAYOUT = 1.5, 2.5, 0.8, 0.6
UNKNOWN, UNKNOWN_IN_CLOSED, AGAIN = 0.4, 1.0, 1.2

WRAPPED = -1
"""In place of the column of an array around values in a row, both of whose brackets are missing."""

OPENER_OF = {"}": "{", "]": "["}
CLOSER = {"{": "}", "[": "]"}


SCALAR_KINDS = frozenset(("null", "boolean", "integer", "number", "string"))


def short(token: Token) -> str:
    """A token for a message."""
    if token[0] in "vr":
        return "of a container"
    shown = str(token[3])
    return repr(shown if len(shown) <= 40 else shown[:37] + "...")


class Frame:
    """An open bracket. Immutable, so that readings can share it."""

    __slots__ = ("column", "count", "depth", "first", "guide", "key", "key_column", "kind", "parent", "sign")

    def __init__(
        self,
        outer: Reading,
        parent: Frame | None,
        kind: str,
        guide: Guide | None,
        count: int,
        column: int | None,
    ) -> None:
        self.parent = parent
        self.kind = kind
        self.guide = guide
        self.count = count  # members that the parent has so far
        self.first = outer.first  # of the parent, to go on with when this is closed
        self.key = outer.key
        self.key_column = outer.key_column
        self.column = column  # the indentation of the line on which it was opened
        self.depth: int = 1 if parent is None else parent.depth + 1
        self.sign: int = hash((0 if parent is None else parent.sign, kind, id(guide)))


class Reading:
    """One way to understand the tokens so far."""

    __slots__ = (
        "after_close",
        "closed",
        "cost",
        "count",
        "events",
        "first",
        "frame",
        "inner",
        "inner_first",
        "key",
        "key_column",
        "last",
        "state",
    )

    def __init__(self) -> None:
        self.cost = 0.0
        self.frame: Frame | None = None
        # What comes: t: the value  k0, k: a key  c: a colon  v: a member's value  n: after a member  i0, i: an item
        # m: after an item  d: nothing
        self.state = "t"
        self.count = 0
        self.events: Any = None
        self.key: Token | None = None
        self.closed: Frame | None = None  # the container that was closed just before, while that matters
        self.last = ""  # the bracket of the last value
        self.inner = 0  # how many members that had
        self.inner_first: str | None = None  # and the first of their keys
        self.after_close = False
        self.key_column: int | None = (
            None  # of the first key of the open object that stands first on its line
        )
        self.first: str | None = None  # the first key of the open object

    def fork(self) -> Reading:
        """A copy that goes its own way."""
        other = Reading.__new__(Reading)
        other.cost, other.frame, other.state, other.count = self.cost, self.frame, self.state, self.count
        other.events, other.key, other.closed = self.events, self.key, self.closed
        other.after_close, other.key_column, other.first = self.after_close, self.key_column, self.first
        other.inner, other.inner_first, other.last = self.inner, self.inner_first, self.last
        return other

    def say(self, what: str, data: Any = None) -> None:
        """Note an event."""
        self.events = (self.events, what, data)

    def edit(self, cost: float, kind: str, start: int, end: int, grade: Any, reason: str) -> Reading:
        """Note an edit, and what it costs."""
        self.cost += cost
        self.events = (self.events, "edit", (kind, start, end, grade, reason))
        return self


class Moves:
    """What can be done with a reading."""

    def __init__(self, text: str, tokens: list[Token], guide: Guide | None, *, nesting: int) -> None:
        self.text = text
        self.tokens = tokens
        self.guide = guide
        self.nesting = nesting
        self._has_lines = "\n" in text
        self._kept: list[Any] = []

    def _guide_here(self, r: Reading) -> Guide | None:
        frame = r.frame
        if frame is None:
            return self.guide
        if frame.guide is None:
            return None
        if frame.kind == "{":
            return frame.guide.member(r.key[3]) if r.key is not None and isinstance(r.key[3], str) else None
        return frame.guide.item(r.count)

    def _push(self, r: Reading, kind: str, guide: Guide | None, start: int) -> None:
        frame = Frame(r, r.frame, kind, guide, r.count, self._indent(start))
        if frame.depth > self.nesting:
            raise LimitExceeded("nesting", self.nesting, f"brackets nest deeper at offset {start}")
        r.frame, r.count, r.state = frame, 0, "k0" if kind == "{" else "i0"
        r.closed, r.key_column, r.first = None, None, None

    def _pop(self, r: Reading) -> None:
        frame = r.frame
        assert frame is not None
        r.closed, r.inner, r.inner_first, r.last = frame, r.count, r.first, frame.kind
        r.frame, r.count = frame.parent, frame.count + 1
        r.state = "d" if frame.parent is None else "n" if frame.parent.kind == "{" else "m"
        r.key_column, r.first, r.key = frame.key_column, frame.first, frame.key

    def _opened(self, r: Reading, kind: str, at: int) -> Reading:
        guide = self._guide_here(r)
        r.edit(OPEN, "bracket", at, at, "guessed", f'"{kind}" is missing')
        r.say("open", (kind, at))
        self._push(r, kind, guide, at)
        return r

    def _closed(self, r: Reading, at: int, state: str | None) -> Reading:
        """Close the innermost bracket, which the text does not; `state` is that of the outer one then."""
        frame = r.frame
        assert frame is not None
        if r.state in ("c", "v"):
            r = self._lost_key(r)
        unsure = r.last == frame.kind or (
            frame.parent is not None and frame.parent.kind == frame.kind and r.count > 1
        )
        r.edit(
            CLOSE,
            "bracket",
            at,
            at,
            "guessed" if unsure else "lossless",
            f'"{CLOSER[frame.kind]}" is missing',
        )
        trailing = r.state in ("k", "i") and state is None
        if trailing:
            r.edit(0.3, "comma", at, at, "lossless", "a comma before a closing bracket")
        self._pop(r)
        if state is not None and r.state != "d":
            after_comma = state in ("k", "i")
            r.state = (
                ("k" if after_comma else "n")
                if r.frame is not None and r.frame.kind == "{"
                else ("i" if after_comma else "m")
            )
        r.say("close", at)
        r.closed = None
        return r

    def _reopened(self, r: Reading, at: int, state: str | None) -> Reading:
        """Take back the last closing bracket."""
        frame = r.closed
        assert frame is not None
        r.edit(SURPLUS, "bracket", at, at, "guessed", f'the "{CLOSER[frame.kind]}" before this was surplus')
        r.say("reopen")
        r.frame = frame
        r.count, r.first, r.key_column = r.inner, r.inner_first, None
        r.state = state or ("n" if frame.kind == "{" else "m")
        r.closed = None
        return r

    def _wrapped(self, r: Reading, at: int) -> Reading:
        """Read the value before as the first item of an array whose opening bracket is missing."""
        guide = None
        if r.frame is not None and r.frame.guide is not None and r.frame.kind == "{" and r.key is not None:
            guide = r.frame.guide.member(r.key[3]) if isinstance(r.key[3], str) else None
        elif r.frame is None:
            guide = self.guide
        r.edit(OPEN, "bracket", at, at, "guessed", '"[" is missing before the last value')
        if guide is not None and "array" not in guide.kinds:
            r.cost += MISFIT
        r.say("wrap")
        r.frame = Frame(r, r.frame, "[", guide, r.count - 1, WRAPPED if r.frame is None else None)
        r.count, r.state, r.closed = 1, "i", None
        return r

    def _lost_key(self, r: Reading) -> Reading:
        key = r.key
        assert key is not None
        r.edit(LOST_KEY, "key", key[1], key[2], "dropped", f"the key {short(key)} has no value")
        r.say("unkey")
        r.state = "n"
        return r

    # Layout

    def _before(self, index: int) -> int:
        return self.tokens[index - 1][2] if index else 0

    def _column(self, at: int) -> int | None:
        """The column of what stands first on its line; None if it does not."""
        if not self._has_lines:
            return None
        begin = max(0, at - 160)
        line = self.text.rfind("\n", begin, at)
        if line < 0 or self.text[line + 1 : at].strip(" \t"):
            return None
        return at - line

    def _indent(self, at: int) -> int | None:
        """The column of what stands first on the line of a place; None if the line is long."""
        line = self.text.rfind("\n", max(0, at - 160), at) if self._has_lines else -1
        if line < 0:
            return 1 if at < 160 else None
        head = self.text[line + 1 : at]
        return len(head) - len(head.lstrip(" \t")) + 1
