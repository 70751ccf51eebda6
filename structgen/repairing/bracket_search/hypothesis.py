"""A hypothesis: one way to understand the tokens so far.

It is the innermost open bracket, what comes next, what it cost, and the events that build the value, as a linked list:
a fork costs the same wherever it happens.
"""

from __future__ import annotations

from typing import Any, Literal

from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing.edits import Grade
from structgen.repairing.tree import Token

State = Literal[
    "start",
    "first key",
    "key",
    "colon",
    "member",
    "after member",
    "first item",
    "item",
    "after item",
    "done",
]
"""What comes next: the value itself, a key, a colon, the value of a property, a comma after it, an item, a comma after
it, or nothing more. `first`: nothing came before it in its container, so a closing bracket may come, too."""

Event = tuple[Any, str, Any]
"""(the event before, its kind, its data). Kinds: value, open, key, close, edit, array, wrap, reopen, cut."""

OPENER_OF = {"}": "{", "]": "["}
CLOSER_OF = {"{": "}", "[": "]"}
SCALARS = frozenset(("null", "boolean", "integer", "number", "string"))
TYPE_OF = {"{": "object", "[": "array", "}": "object", "]": "array"}

IN_ROW = -1
"""In place of the column of an array around values in a row, both of whose brackets are missing."""


class OpenBracket:
    """An open bracket. Immutable, so that hypotheses can share it.

    Attributes:
        parent: the bracket around it.
        kind: `{` or `[`.
        view: what the schema says of the container.
        count: how many properties or items the parent had before it.
        first: the first key of the parent, restored when this one is closed; as are the next two.
        key: the key whose value this is.
        key_column: the column of the parent's keys.
        column: the indentation of the line on which it was opened.
        depth: how many brackets are open, this one included.
        sign: a hash of all open brackets: hypotheses of the same sign may be at the same place.
    """

    __slots__ = ("column", "count", "depth", "first", "key", "key_column", "kind", "parent", "sign", "view")

    def __init__(
        self,
        outer: Hypothesis,
        parent: OpenBracket | None,
        kind: str,
        view: SchemaView | None,
        count: int,
        column: int | None,
    ) -> None:
        self.parent = parent
        self.kind = kind
        self.view = view
        self.count = count
        self.first = outer.first
        self.key = outer.key
        self.key_column = outer.key_column
        self.column = column
        self.depth: int = 1 if parent is None else parent.depth + 1
        self.sign: int = hash((0 if parent is None else parent.sign, kind, id(view)))


class Hypothesis:
    """One way to understand the tokens so far.

    Attributes:
        cost: what it costs.
        bracket: the innermost open bracket.
        state: what comes next.
        count: how many properties or items the open container has.
        events: how the value is built, the last event first.
        key: the key whose value comes.
        first: the first key of the open object.
        key_column: the column of the first key of the open object that is the first on its line.
        closed: the container that was closed just before, while it may be opened again.
        last: the bracket of the last value; empty after a scalar.
        inner: how many properties or items that had.
        inner_first: and the first of its keys.
        after_close: True if a comma came after a closed container.
    """

    __slots__ = (
        "after_close",
        "bracket",
        "closed",
        "cost",
        "count",
        "events",
        "first",
        "inner",
        "inner_first",
        "key",
        "key_column",
        "last",
        "state",
    )

    def __init__(self) -> None:
        self.cost = 0.0
        self.bracket: OpenBracket | None = None
        self.state: State = "start"
        self.count = 0
        self.events: Event | None = None
        self.key: Token | None = None
        self.first: str | None = None
        self.key_column: int | None = None
        self.closed: OpenBracket | None = None
        self.last = ""
        self.inner = 0
        self.inner_first: str | None = None
        self.after_close = False

    def fork(self) -> Hypothesis:
        """Returns a copy that develops on its own."""
        other = Hypothesis.__new__(Hypothesis)
        other.cost, other.bracket, other.state, other.count = self.cost, self.bracket, self.state, self.count
        other.events, other.key, other.closed = self.events, self.key, self.closed
        other.after_close, other.key_column, other.first = self.after_close, self.key_column, self.first
        other.inner, other.inner_first, other.last = self.inner, self.inner_first, self.last
        return other

    def note(self, what: str, data: Any = None) -> None:
        """Note an event."""
        self.events = (self.events, what, data)

    def edit(self, cost: float, kind: str, start: int, end: int, grade: Grade, reason: str) -> Hypothesis:
        """Note an edit and its cost."""
        self.cost += cost
        self.events = (self.events, "edit", (kind, start, end, grade, reason))
        return self


def shown(token: Token) -> str:
    """Returns a token for a message."""
    if token[0] in "vr":
        return "of a container"
    text = str(token[3])
    return repr(text if len(text) <= 40 else text[:37] + "...")
