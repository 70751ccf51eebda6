"""Strings: where they end, whatever their quotes look like.

A quote ends a string only if what follows it can follow a string at that place. So unescaped quotes stay in the string,
and a string whose closing quote is missing ends before the next property. Quotes decide more than brackets, so they are
decided here for good: every decision is an edit.

Time is linear: one search for an end serves all later strings that would look for the same (`LexerState.no_close`), and
look-ahead is bounded.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from structgen.repairing.edits import Grade
from structgen.repairing.json.escapes import decoded
from structgen.repairing.json.patterns import (
    AFTER_ITEM,
    AFTER_KEY,
    AFTER_KEY_ALONE,
    AFTER_TUPLE,
    AFTER_VALUE,
    BEFORE_KEY,
    FEET,
    IMPLICIT_JOIN,
    JOIN,
    KEY_CUT,
    LOST_OPENING,
    NEXT_CLOSE,
    OPENED_BY,
    OPENS_KEY,
    QUOTES,
    TRIPLE,
)
from structgen.repairing.json.state import LexerState

_OF_ITEMS = (AFTER_ITEM, AFTER_TUPLE)
_NEAR = 40
"""How far before a quote a comma or a new line is searched."""
_KEY = 140
"""How far after a quote the colon of a key is searched."""
_TAIL = 200
"""How far before the end closing brackets are searched, in addition to two characters for each open one."""


class _String(NamedTuple):
    """A string that begins: its quote, the quotes that may end it, and the pattern of what may follow it."""

    at: int
    quote: str
    ends: str
    is_key: bool
    after: re.Pattern[str]


class _End(NamedTuple):
    """Where a string ends: at a closing quote with so many unescaped ones before it, or without a quote at `cut`."""

    close: int
    inner: int = 0
    cut: int | None = None


def read_string(state: LexerState, at: int) -> int:
    """Read the string that begins at a quote; returns where to go on."""
    triple = TRIPLE.match(state.text, at, state.stop)
    inside = "" if triple is None or len(triple.group()) < 6 else triple.group(1) or triple.group(2)
    if triple is not None and inside:
        state.edit("quote", at, triple.end(), "lossless", "triple quotes")
        return state.take("s", at, triple.end(), inside)
    string = _begun(state, at)
    if _is_doubled_and_empty(state, string):
        state.edit("quote", at + 1, at + 3, "guessed", "a doubled quote of an empty string")
        return state.take("s", at, at + 3, "")
    begin = at + 1
    if _is_doubled(state, string):
        begin += 1
        state.edit("quote", at, at + 1, "lossless", "a doubled quote")
    end = _find_end(state, begin, string)
    if begin > at + 1 and end.inner % 2:  # it was not doubled, but the first one inside
        begin, end = at + 1, end._replace(inner=end.inner + 1)
        state.edits.pop()
    if end.cut is not None:
        return _take_cut(state, string, begin, end.cut)
    return _take_closed(state, string, begin, end)


def take_string(state: LexerState, at: int, end: int, value: str) -> int:
    """Take a string; together with the strings before it, if it is the last of a concatenation."""
    if state.joins:
        at = state.joins[0][0]
        state.edit("string", at, end, "lossless", "strings are joined")
        value = "".join([part for _, _, part in state.joins] + [value])
        state.joins.clear()
    return state.take("s", at, end, value)


def _begun(state: LexerState, at: int) -> _String:
    quote, in_object = state.text[at], state.in_object
    is_key = state.expected == "key" or (state.expected == "next" and in_object)
    of_items = AFTER_TUPLE if state.calls else AFTER_ITEM
    after = AFTER_KEY if is_key else AFTER_VALUE if in_object else of_items
    return _String(at, quote, QUOTES[quote], is_key, after)


def _is_doubled_and_empty(state: LexerState, string: _String) -> bool:
    """Three quotes in place of two."""
    return (
        state.text.startswith(string.quote * 2, string.at + 1)
        and string.after.match(state.text, string.at + 3, state.stop) is not None
    )


def _is_doubled(state: LexerState, string: _String) -> bool:
    begin = string.at + 1
    return (
        state.text.startswith(string.quote, begin)
        and begin + 1 < state.stop
        and state.text[begin + 1] not in " \t\r\n,:;}]=+)/#" + string.quote
    )


def _take_cut(state: LexerState, string: _String, begin: int, end: int) -> int:
    """Take a string without a closing quote."""
    text, stop = state.text, state.stop
    if state.truncated and end >= stop:
        # Half a text may say what the whole does not; half a key is dropped with an edit of its own.
        grade: Grade = "lossless" if string.is_key else "guessed"
        state.edit("truncation", end, end, grade, "the text ends inside a string")
    else:
        is_sure = string.is_key and AFTER_KEY.match(text, end, stop) is not None
        state.edit("quote", end, end, "lossless" if is_sure else "guessed", "the closing quote is missing")
    return take_string(state, string.at, end, decoded(state, begin, end))


def _take_closed(state: LexerState, string: _String, begin: int, found: _End) -> int:
    """Take a string with its closing quote, or note it as a part of a concatenation."""
    text, stop, close = state.text, state.stop, found.close
    if string.quote != '"':
        reason = f"{string.quote} instead of a double quote"
        state.edit("quote", string.at, close + 1, "lossless", reason)
    if found.inner:
        state.edit("quote", begin, close, "guessed", f"{found.inner} unescaped quotes inside a string")
    value = decoded(state, begin, close)
    end = close + 1
    if (
        text[close] == string.quote
        and text.startswith(string.quote, end)
        and string.after.match(text, end + 1, stop)
    ):
        end += 1
        if FEET.search(value, max(0, len(value) - _NEAR)):
            state.edit("quote", end - 2, end - 1, "guessed", "a quote for inches")
            value += text[close]
        else:
            state.edit("quote", end - 1, end, "lossless", "a doubled quote")
    joined = None if string.is_key else JOIN.match(text, end, stop)
    if joined is None and string.after is AFTER_VALUE and not found.inner:
        joined = IMPLICIT_JOIN.match(text, end, stop)
    if joined is not None:
        if "+" not in joined.group():
            state.edit("string", end, joined.end(), "guessed", "strings in a row are joined")
        state.joins.append((string.at, end, value))
        return joined.end()
    return take_string(state, string.at, end, value)


# Where a string ends


def _find_end(state: LexerState, begin: int, string: _String) -> _End:
    text, stop, after, skip = state.text, state.stop, string.after, NEXT_CLOSE[string.ends]
    is_key, is_item = string.is_key, string.after in _OF_ITEMS
    known = state.no_close.get(_kind(string), -1)
    first, inner, at = -1, 0, begin
    while True:
        here = skip.match(text, at, stop).end()  # type: ignore[union-attr]  # it always matches
        if here >= stop:
            break
        if first < 0:
            first = here
            end = _first_quote_of_key(state, begin, here, string) if is_key else None
            if end is not None:
                return end
        is_doubled = text.startswith(text[here], here + 1)
        if (
            _may_end(text, begin, here, stop, inner, after)
            if is_doubled
            else after.match(text, here + 1, stop)
        ):
            return _End(here, inner)
        if inner == 0 and _is_followed(text, here + 1, stop, after):
            return _End(here)
        if (not is_key and OPENS_KEY.match(text, here, min(stop, here + _KEY))) or (
            is_item and text[here + 1 : here + 2].isalnum()
        ):
            cut = _before_next(state, begin, here, string)
            if cut is not None:
                return _End(-1, cut=cut)
        if here < known:
            break
        inner += 1
        at = here + 1
    return _without_end(state, begin, string, first, inner, is_known=known >= 0)


def _first_quote_of_key(state: LexerState, begin: int, here: int, string: _String) -> _End | None:
    """At the first quote after the start of a key: a colon may come before it, or a value right after it."""
    cut = KEY_CUT.match(state.text, begin, here)
    if cut is not None and not state.is_cut and not string.after.match(state.text, here + 1, state.stop):
        return _End(-1, cut=cut.end(1))
    if here > begin and AFTER_KEY_ALONE.match(state.text, here + 1, state.stop):
        return _End(here)
    return None


def _is_followed(text: str, at: int, stop: int, after: re.Pattern[str]) -> bool:
    """Returns True if the first quote ends a string, as another string follows that is damaged, or joined to it."""
    if after in _OF_ITEMS:
        return LOST_OPENING.match(text, at, stop) is not None
    return after is AFTER_VALUE and IMPLICIT_JOIN.match(text, at, stop) is not None


def _may_end(text: str, begin: int, here: int, stop: int, inner: int, after: re.Pattern[str]) -> bool:
    """Returns True if the first of two quotes ends the string. Quotes inside a string come in pairs."""
    is_doubled = after.match(text, here + 2, stop) is not None
    if is_doubled and inner % 2 == 0 and here > begin:
        return True
    return not (is_doubled and inner % 2) and after.match(text, here + 1, stop) is not None


def _before_next(state: LexerState, begin: int, here: int, string: _String) -> int | None:
    """Where a string ends if a quote begins the next property or item: its own closing quote is missing."""
    text, near = state.text, max(begin, here - _NEAR)
    if not string.is_key and OPENS_KEY.match(text, here, min(state.stop, here + _KEY)):
        before = BEFORE_KEY.search(text[near:here])
        if before is not None:
            return _without_closers(state, begin, near + before.start())
    if string.after in _OF_ITEMS and text[here + 1 : here + 2].isalnum():
        head = text[near:here].rstrip()
        if head.endswith(","):
            return near + len(head) - 1
    return None


def _without_end(
    state: LexerState, begin: int, string: _String, first: int, inner: int, *, is_known: bool
) -> _End:
    """No quote ends the string: its first one does all the same, or the end of the text."""
    if first < 0:
        return _at_stop(state, begin, string)
    if not is_known:
        state.no_close[_kind(string)] = state.stop
    if string.is_key or inner == 0 or is_known or state.text.find("\n", first, state.stop) >= 0:
        return _End(first)
    return _at_stop(state, begin, string)


def _kind(string: _String) -> str:
    return string.ends + str(string.is_key)


def _at_stop(state: LexerState, begin: int, string: _String) -> _End:
    """The string ends where the text does, or before brackets that close what is open."""
    end = _without_closers_at_stop(state, begin)
    cut = KEY_CUT.match(state.text, begin, end) if string.is_key else None
    if cut is not None and not (state.is_cut and end == state.stop):
        return _End(-1, cut=cut.end(1))
    if end == state.stop:
        state.truncated = True
    return _End(-1, cut=end)


def _without_closers(state: LexerState, begin: int, end: int) -> int:
    """Returns `end`, moved back before closing brackets that close what is open, or before a comma."""
    floor, stripped, closers = _closers(state, begin, end)
    if closers and _wanted(state, closers).startswith(closers):
        return floor + stripped
    return floor + len(state.text[floor:end].rstrip(", \t\r\n"))


def _without_closers_at_stop(state: LexerState, begin: int) -> int:
    """Returns the end of the text, moved back before closing brackets if they are just those that are open."""
    end = state.stop
    floor, stripped, closers = _closers(state, begin, end)
    if any(state.text.count(OPENED_BY[char], begin, end) for char in set(closers)):
        return end  # they close what the string itself has opened
    return floor + stripped if closers and closers == _wanted(state, closers) else end


def _closers(state: LexerState, begin: int, end: int) -> tuple[int, int, str]:
    """The closing brackets before a place: where the search began, how far after that they begin, and they."""
    floor = max(begin, end - 2 * len(state.stack) - _TAIL)
    tail = state.text[floor:end]
    stripped = len(tail.rstrip("}] \t\r\n"))
    return floor, stripped, re.sub(r"\s", "", tail[stripped:])


def _wanted(state: LexerState, closers: str) -> str:
    """The closing brackets of the innermost open ones, as many as there are of others."""
    return "".join("}" if kind == "{" else "]" for kind in reversed(state.stack[-len(closers) :]))
