"""The fast half at work on one text. What it has read once is not read again.

native/reader.h says what it takes. It stops where brackets do not fit, and the complete items of the arrays that are
open there are kept here until the lexer comes to their bracket.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from structgen.repairing import _reader
from structgen.repairing.edits import Edit, Grade

_CHANGES: tuple[tuple[str, Grade, str], ...] = (
    ("quote", "lossless", "{detail:c} instead of a double quote"),
    ("quote", "lossless", "a key without quotes"),
    ("literal", "lossless", "{raw} is {literal}"),
    ("comma", "lossless", "a comma before a closing bracket"),
    ("comma", "lossless", "a comma with nothing before it"),
    ("comma", "lossless", "a comma is missing"),
    ("comment", "lossless", "JSON has no comments"),
    ("quote", "guessed", "{detail} unescaped quotes inside a string"),
    ("colon", "lossless", "a colon is missing"),
    ("colon", "lossless", '"{raw}" stands for ":"'),
    ("colon", "lossless", "a surplus colon"),
    ("string", "lossless", "control characters inside a string are escaped"),
)
"""Kind, grade and reason of each change, in the order of `Change` in native/reader.h."""
_LITERALS = {"t": "true", "f": "false", "n": "null"}
_MARK = struct.Struct("=4q")


@dataclass(frozen=True, slots=True)
class Marks:
    """What was set right in a part of a text, not yet made into edits: there may be one for each word.

    Attributes:
        text: the whole text.
        packed: four numbers for each: which change, start, end, a detail.
        guesses: how many of them are guesses.
    """

    text: str
    packed: bytes
    guesses: int

    def __len__(self) -> int:
        return len(self.packed) // _MARK.size

    def __iter__(self) -> Iterator[Edit]:
        for change, start, end, detail in _MARK.iter_unpack(self.packed):
            kind, grade, reason = _CHANGES[change]
            if "{" in reason:
                raw = self.text[start:end] if "{raw}" in reason else ""
                reason = reason.format(detail=detail, raw=raw, literal=_LITERALS.get(raw[:1].lower(), ""))
            yield Edit(kind, start, end, grade, reason)


@dataclass(frozen=True, slots=True)
class Items:
    """Complete items of an array.

    Attributes:
        values: what they are.
        last: where the last of them begins.
        end: where it ends.
        marks: what was set right in them.
    """

    values: list[Any]
    last: int
    end: int
    marks: Marks | None


class Fast:
    """Reads what is well formed but for local damage, anywhere in one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._stop = len(text)
        self._open: dict[int, Items | None] = {}  # by the place of their bracket, those that have no end
        self._tried = 0  # as far as no row was found
        self._kept: tuple[int, tuple[Any, int, Marks | None]] | None = (
            None  # by its place, what was read last
        )
        self._cut: dict[int, tuple[int, str]] = {}
        self._no_close: dict[int, dict[str, int]] = {}
        # What is read in vain is paid for by what was read well, so that all of it is linear in the text.
        self._budget = 4 * len(text) + 4096

    def no_close(self, stop: int) -> dict[str, int]:
        """For the reader of characters, whose readings all end at `stop`: how far no string of a kind is closed."""
        return self._no_close.setdefault(stop, {})

    def whole(self, start: int, stop: int) -> tuple[Any, int, Marks | None] | None:
        """The container that begins at `start`, its end, and what was set right in it; None if it has no end."""
        if stop != self._stop:
            self._open.clear()
            self._cut.clear()
            self._kept = None
            self._stop = stop
        if start in self._open or self._budget <= 0:
            return None
        if self._kept is not None and self._kept[0] == start:
            return self._kept[1]
        value, end, marks, unclosed, cut = _reader.read(self.text, start, stop, False)
        if unclosed is None:
            found = value, end, self._marks(marks)
            self._kept = start, found
            return found
        self._budget -= end - start + 64
        self._note(unclosed)
        if cut:
            self._cut[start] = (
                cut,
                "".join("}" if self.text[place] == "{" else "]" for place, _ in unclosed[::-1]),
            )
        return None

    def is_cut(self, start: int, stop: int) -> bool:
        """Whether nothing is wrong with the container that begins at `start` but that the text breaks off in it.

        If it ends with closing brackets, another may be missing before them: they say that it is complete. In a string
        they do if they are just those that are missing.
        """
        self.whole(start, stop)
        cut, missing = self._cut.get(start, (0, ""))
        tail = "".join(self.text[max(start, stop - 200 - 2 * len(missing)) : stop].split())
        closers = tail[len(tail.rstrip("}]")) :]
        return cut > 0 and (not closers if cut == 1 else closers != missing)

    def items(self, start: int, stop: int) -> tuple[Items | None, int]:
        """The items of an array from `start` on, as far as they are complete; how far the text was looked at."""
        if stop == self._stop and start - 1 in self._open:
            known = self._open[start - 1]
            return known, start if known is None else known.end
        if self._budget <= 0:
            return None, start
        _, looked, _, unclosed, _ = _reader.read(self.text, start, stop, True)
        assert unclosed is not None
        done = unclosed[0][1]
        self._note(unclosed[1:])
        if done is None:
            self._budget -= looked - start + 64
            return None, looked
        found = self._done(done)
        self._budget -= looked - found.end + 64
        return found, looked

    def row(self, start: int, stop: int) -> tuple[list[Any], list[tuple[int, int]]] | None:
        """Well-formed containers with nothing but blanks between them, and their spans; None if there is none."""
        if self._budget <= 0 or start < self._tried:
            return None
        values, spans, is_well_formed, looked = _reader.row(self.text, start, stop)
        self._tried = looked
        end = spans[-1][1] if spans else start
        if len(values) < 2 or not is_well_formed:
            end = start
        self._budget -= looked - end + 64
        return None if end == start else (values, spans)

    def _note(self, unclosed: list[tuple[int, Any]]) -> None:
        for place, done in unclosed:
            self._open[place] = None if done is None else self._done(done)

    def _done(self, given: tuple[list[Any], int, int, tuple[bytes, int] | None]) -> Items:
        values, last, end, marks = given
        return Items(values, last, end, self._marks(marks))

    def _marks(self, given: tuple[bytes, int] | None) -> Marks | None:
        return None if given is None else Marks(self.text, *given)
