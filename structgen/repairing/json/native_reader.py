"""The native reader at work on one text; nothing is read twice. ../native/reader.h says what it accepts.

It stops where brackets do not fit, and the complete items of the arrays that are open there are kept here until the
lexer comes to their bracket.
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
_PACKED = struct.Struct("=4q")


@dataclass(frozen=True, slots=True)
class PackedEdits:
    """Edits of a part of a text in packed form: there may be one for each word.

    Attributes:
        text: the whole text.
        packed: four numbers for each: which change, start, end, a detail.
        guesses: how many of them are guesses.
    """

    text: str
    packed: bytes
    guesses: int

    def __len__(self) -> int:
        return len(self.packed) // _PACKED.size

    def __iter__(self) -> Iterator[Edit]:
        for change, start, end, detail in _PACKED.iter_unpack(self.packed):
            kind, grade, reason = _CHANGES[change]
            if "{" in reason:
                raw = self.text[start:end] if "{raw}" in reason else ""
                reason = reason.format(detail=detail, raw=raw, literal=_LITERALS.get(raw[:1].lower(), ""))
            yield Edit(kind, start, end, grade, reason)


@dataclass(frozen=True, slots=True)
class Items:
    """Complete items of an array.

    Attributes:
        values: the items.
        last: where the last of them begins.
        end: where it ends.
        edits: what was changed in them.
    """

    values: list[Any]
    last: int
    end: int
    edits: PackedEdits | None


@dataclass(frozen=True, slots=True)
class Container:
    """A complete container.

    Attributes:
        value: its value.
        end: where it ends.
        edits: what was changed in it.
    """

    value: Any
    end: int
    edits: PackedEdits | None


class NativeReader:
    """Reads what is well formed but for local damage, anywhere in one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._stop = len(text)
        self._open: dict[int, Items | None] = {}  # by the place of their bracket, those that have no end
        self._tried = 0  # up to here no row was found
        self._kept: tuple[int, Container] | None = None  # the last one, with its place
        self._cut: dict[int, tuple[int, str]] = {}
        self._no_close: dict[int, dict[str, int]] = {}
        # What is read in vain is paid for by what was read well, so that all of it is linear in the text.
        self._budget = 4 * len(text) + 4096

    def no_close(self, stop: int) -> dict[str, int]:
        """Returns what lexers that end at the same place share: how far no quote ends a string of a kind."""
        return self._no_close.setdefault(stop, {})

    def container(self, start: int, stop: int) -> Container | None:
        """Returns the container that begins at `start`; None if it has no end."""
        if stop != self._stop:
            self._open.clear()
            self._cut.clear()
            self._kept = None
            self._stop = stop
        if start in self._open or self._budget <= 0:
            return None
        if self._kept is not None and self._kept[0] == start:
            return self._kept[1]
        value, end, edits, unclosed, cut = _reader.read(self.text, start, stop, False)
        if unclosed is None:
            found = Container(value, end, self._packed(edits))
            self._kept = start, found
            return found
        self._budget -= end - start + 64
        self._note(unclosed)
        if cut:
            missing = "".join("}" if self.text[place] == "{" else "]" for place, _ in unclosed[::-1])
            self._cut[start] = cut, missing
        return None

    def is_cut(self, start: int, stop: int) -> bool:
        """Returns True if nothing is wrong with the container that begins at `start`, but that the text breaks off.

        If it ends with closing brackets, another may be missing before them: they say that it is complete. In a string
        they do if they are just those that are missing.
        """
        self.container(start, stop)
        cut, missing = self._cut.get(start, (0, ""))
        tail = "".join(self.text[max(start, stop - 200 - 2 * len(missing)) : stop].split())
        closers = tail[len(tail.rstrip("}]")) :]
        return cut > 0 and (not closers if cut == 1 else closers != missing)

    def items(self, start: int, stop: int) -> tuple[Items | None, int]:
        """Returns the complete items of an array from `start` on, and how far the text was read."""
        if stop == self._stop and start - 1 in self._open:
            known = self._open[start - 1]
            return known, start if known is None else known.end
        if self._budget <= 0:
            return None, start
        _, reached, _, unclosed, _ = _reader.read(self.text, start, stop, True)
        assert unclosed is not None
        done = unclosed[0][1]
        self._note(unclosed[1:])
        if done is None:
            self._budget -= reached - start + 64
            return None, reached
        found = self._done(done)
        self._budget -= reached - found.end + 64
        return found, reached

    def row(self, start: int, stop: int) -> tuple[list[Any], list[tuple[int, int]]] | None:
        """Returns well-formed containers with only whitespace between them, and their spans; None if there is none."""
        if self._budget <= 0 or start < self._tried:
            return None
        values, spans, is_well_formed, reached = _reader.row(self.text, start, stop)
        self._tried = reached
        end = spans[-1][1] if spans else start
        if len(values) < 2 or not is_well_formed:
            end = start
        self._budget -= reached - end + 64
        return None if end == start else (values, spans)

    def _note(self, unclosed: list[tuple[int, Any]]) -> None:
        for place, done in unclosed:
            self._open[place] = None if done is None else self._done(done)

    def _done(self, given: tuple[list[Any], int, int, tuple[bytes, int] | None]) -> Items:
        values, last, end, edits = given
        return Items(values, last, end, self._packed(edits))

    def _packed(self, given: tuple[bytes, int] | None) -> PackedEdits | None:
        return None if given is None else PackedEdits(self.text, *given)
