"""Texts of the wire: literals as rules, free text without markers, and readers that forgive whitespace."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from structgen.grammar.expressions import (
    ANY_TEXT,
    EMPTY,
    Complement,
    Expression,
    Literal,
    charset,
    concat,
    intersection,
    repeat,
    union,
)
from structgen.grammar.rules import Choice, Repetition, RuleExpression, Sequence, SpecialToken, Terminal

BLANKS = repeat(charset(" \n"), 0, 2)
"""Layout that may stand before a marker."""


def containing(marks: Iterable[str]) -> Expression:
    """Any text with one of the marks in it."""
    return concat(ANY_TEXT, union(*map(Literal, dict.fromkeys(marks))), ANY_TEXT)


def without(marks: Collection[str]) -> Expression:
    """Any text with none of the marks in it."""
    return Complement(containing(marks)) if marks else ANY_TEXT


@dataclass(frozen=True)
class Wire:
    """Which markers are single tokens of the vocabulary.

    Attributes:
        tokens: the texts of these markers.
    """

    tokens: frozenset[str] = frozenset()

    def literal(self, text: str) -> RuleExpression:
        """A text, in which each marker is its token."""
        return _sequence([self._piece(piece) for piece in self.pieces(text)])

    def literals(self, texts: tuple[str, ...]) -> RuleExpression:
        """One of several texts."""
        options = tuple(self.literal(text) for text in texts)
        return options[0] if len(options) == 1 else Choice(options)

    def ending(self, text: Expression, name: str, ends: tuple[str, ...]) -> RuleExpression:
        """A text, and then one of the ends. The text holds none of them."""
        return Choice(tuple(self._ended(text, name, end) for end in ends))

    def _ended(self, text: Expression, name: str, end: str) -> RuleExpression:
        pieces = self.pieces(end)
        if pieces and pieces[0] in self.tokens:
            return Sequence((Repetition(Terminal(name, text), 0, 1), *map(self._piece, pieces)))
        first, *others = pieces or [""]
        together = Terminal(f"{name} and {first!r}", concat(text, Literal(first)))
        return _sequence([together, *map(self._piece, others)])

    def _piece(self, piece: str) -> RuleExpression:
        return SpecialToken(piece) if piece in self.tokens else Terminal(repr(piece), Literal(piece))

    def pieces(self, text: str) -> list[str]:
        """A text, parted at the markers that are tokens."""
        if not self.tokens:
            return [text] if text else []
        pattern = "|".join(re.escape(one) for one in sorted(self.tokens, key=len, reverse=True))
        return [piece for piece in re.split(f"({pattern})", text) if piece]


def _sequence(parts: list[RuleExpression]) -> RuleExpression:
    return parts[0] if len(parts) == 1 else Sequence(tuple(parts))


def free_text(marks: Collection[str], openings: Iterable[Expression] = ()) -> Expression:
    """Any text without the marks that does not begin as one of the openings."""
    begun = union(*(concat(one, ANY_TEXT) for one in openings))
    return without(marks) if begun == EMPTY else intersection(without(marks), Complement(begun))


@lru_cache(maxsize=4096)
def _lenient(literal: str) -> re.Pattern[str]:
    words = [re.escape(word) for word in re.split(r"\s+", literal)]
    return re.compile(r"\s*".join(words))


def match(text: str, at: int, literal: str) -> int | None:
    """The place after a literal, whose whitespace may differ; None if it does not stand there."""
    found = _lenient(literal).match(text, at)
    return None if found is None else found.end()


def match_any(text: str, at: int, literals: Iterable[str]) -> int | None:
    """The place after the longest of the literals that stands there."""
    ends = [end for literal in literals if (end := match(text, at, literal)) is not None]
    return max(ends, default=None)


def skip_blanks(text: str, at: int) -> int:
    """The place after whitespace."""
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


class Malformed(ValueError):
    """A call that can't be read.

    Attributes:
        at: the place in the text.
    """

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.at = at


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a property is written twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_no_constant)


def json_at(text: str, at: int) -> tuple[Any, int]:
    """The JSON value at a place, and the place after it."""
    at = skip_blanks(text, at)
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error).split(":")[0], min(getattr(error, "pos", at), len(text))) from None
