"""The state of the tolerant lexer: what was read, what was changed, and what comes next."""

from __future__ import annotations

from typing import Any, Literal

from structgen.repairing.edits import Edit, Grade
from structgen.repairing.json.native_reader import PackedEdits
from structgen.repairing.json.patterns import BRACKET, GOES_ON
from structgen.repairing.tree import Token

Expected = Literal["key", "colon", "value", "next"]
"""What comes next; `next`: a comma or a closing bracket."""

_FAR = 20_000
"""How far a closing bracket is searched."""
_AFTER_SCALAR: dict[Expected, Expected] = {"key": "colon", "colon": "next", "value": "next", "next": "colon"}


def unmatched_closer(text: str, at: int, stop: int) -> int:
    """Returns where a closing bracket follows that nothing after `at` has opened; -1 if none does, or far away."""
    depth = 0
    for found in BRACKET.finditer(text, at, min(stop, at + _FAR)):
        depth += 1 if found.group() in "{[" else -1
        if depth < 0:
            return found.start()
    return -1


class LexerState:
    """What was read of one candidate.

    Attributes:
        text: the whole text.
        stop: where reading ends at the latest.
        tokens: what was read.
        edits: what was changed.
        packed: what the native reader changed.
        end: where reading ended.
        truncated: True if the text breaks off inside a token.
        is_cut: True if nothing is wrong with the candidate, but that it breaks off.
        is_over: True if what follows does not belong to the value.
        expected: what comes next.
        stack: the open brackets. What a missing one means is decided later (bracket_search/): here they only say what
            is a key.
        calls: how many `(` of tuples are open.
        joins: the strings so far of a concatenation: start, end, value.
        no_close: by kind of string: how far no quote ends one. One search serves all later strings.
    """

    __slots__ = (
        "_closed_at",
        "calls",
        "edits",
        "end",
        "expected",
        "is_cut",
        "is_over",
        "joins",
        "no_close",
        "packed",
        "stack",
        "stop",
        "text",
        "tokens",
        "truncated",
    )

    def __init__(
        self,
        text: str,
        start: int,
        stop: int,
        *,
        implied: str = "",
        is_cut: bool = False,
        no_close: dict[str, int] | None = None,
    ) -> None:
        self.text = text
        self.stop = stop
        self.tokens: list[Token] = []
        self.edits: list[Edit] = []
        self.packed: list[PackedEdits] = []
        self.end = start
        self.truncated = False
        self.is_cut = is_cut
        self.is_over = False
        self.expected: Expected = "key" if implied == "{" else "value"
        self.stack: list[str] = list(implied)
        self.calls = 0
        self.joins: list[tuple[int, int, str]] = []
        self.no_close = {} if no_close is None else no_close
        self._closed_at = -1

    @property
    def in_object(self) -> bool:
        """True if the innermost open bracket is `{`."""
        return bool(self.stack) and self.stack[-1] == "{"

    def take(self, kind: str, start: int, end: int, value: Any) -> int:
        """Take a scalar or a container; returns its end."""
        self.tokens.append((kind, start, end, value))
        if self.stack and self.stack[-1] == "{":
            self.expected = _AFTER_SCALAR[self.expected]
        else:
            self.expected = "next"
        return end

    def goes_on(self, at: int) -> bool:
        """Returns True if the text after a complete value looks as if it still belonged to it."""
        return GOES_ON.match(self.text, at, self.stop) is not None

    def is_closed_later(self, at: int) -> bool:
        """Returns True if a closing bracket follows that nothing after `at` has opened: all before it is payload."""
        if at > self._closed_at:
            self._closed_at = unmatched_closer(self.text, at, self.stop)
        return at <= self._closed_at

    def edit(self, kind: str, start: int, end: int, grade: Grade, reason: str) -> None:
        """Note a change."""
        self.edits.append(Edit(kind, start, end, grade, reason))
