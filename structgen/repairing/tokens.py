"""Tokens of JSON, and what all parts of the lexer share: the text, what was read of it, and what is expected next.

A token is (kind, start, end, value). Kinds are the six structural characters and

    s   a quoted string; its value is the decoded text
    b   a bare word, number or literal; its value is the text as it stands
    v   a whole container; its value is a value
    r   several items of an array, with the commas between them; its value is a list of values
"""

from __future__ import annotations

from typing import Any

from structgen.repairing.edits import Edit
from structgen.repairing.patterns import GOES_ON

Token = tuple[str, int, int, Any]


class Tokens:
    """What was read of one candidate, from `start` to at most `stop`.

    `implied`: the opening bracket that is missing before it, if one is. `is_cut`: nothing is wrong with it, but that it
    breaks off.

    Attributes:
        tokens: what was read.
        edits: the decisions that were taken on the way.
        end: where reading stopped.
        truncated: whether the text broke off inside a token.
    """

    def __init__(self, text: str, start: int, stop: int, *, implied: str = "", is_cut: bool = False) -> None:
        self.text = text
        self.stop = stop
        self.tokens: list[Token] = []
        self.edits: list[Edit] = []
        self.end = start
        self.truncated = False
        self._is_cut = is_cut
        self._stack: list[str] = list(implied)
        # What comes: k: a key or }  c: a colon  v: a value  n: a comma or closing bracket
        self._expect = "k" if implied == "{" else "v"

    def _after_scalar(self) -> None:
        if not self._stack:
            self._expect = "n"
        elif self._stack[-1] == "{":
            self._expect = {"k": "c", "c": "n", "v": "n", "n": "c"}[self._expect]
        else:
            self._expect = "n"

    def _goes_on(self, at: int) -> bool:
        """Whether text after a complete value looks as if it still belonged to it."""
        return GOES_ON.match(self.text, at, self.stop) is not None

    def _edit(self, kind: str, start: int, end: int, grade: Any, reason: str) -> None:
        self.edits.append(Edit(kind, start, end, grade, reason))
