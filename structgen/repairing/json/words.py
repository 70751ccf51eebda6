"""Bare words: names and values without quotes, numbers in any spelling, and characters that are none of these."""

from __future__ import annotations

import re

from structgen.repairing.edits import Grade
from structgen.repairing.json.escapes import decoded
from structgen.repairing.json.patterns import (
    AFTER_ITEM,
    AFTER_KEY,
    AFTER_VALUE,
    BARE_ITEM,
    BARE_KEY,
    BARE_VALUE,
    CALL,
    GROUPED,
    LOST_OPENING,
    NEXT_LINE,
    NUMBER,
    PREFIX,
    PROSE,
    SPACED,
    UNFINISHED,
)
from structgen.repairing.json.state import LexerState

_LITERALS = ("true", "false", "null", "True", "False", "None")
_PROSE = 80
"""How far before a word a new line is looked for, if it may begin a sentence."""


_KEY_AND_TEXT = re.compile(r"[A-Za-z_$][\w$.-]*(?=\s+'[^']*'\s*\Z)")
"""A key that lacks its colon, before a text in single quotes."""


def read_word(state: LexerState, at: int) -> int:
    """Read what begins without a quote; returns where to go on. Sets `is_over` if prose follows the value."""
    text, stop = state.text, state.stop
    prefix = PREFIX.match(text, at, stop)
    if prefix is not None:
        state.edit("string", at, prefix.end(), "lossless", "a prefix of a Python string")
        return prefix.end()
    if (
        state.stack
        and state.expected == "next"
        and _is_prose(text, at, stop)
        and not state.is_closed_later(at)
    ):
        state.is_over = True
        return at
    if state.in_object and state.expected in ("key", "next"):
        return _key(state, at)
    call = CALL.match(text, at, stop)
    if call is not None:
        state.edit("call", at, call.end(), "guessed", "a function call around a value")
        return call.end()
    return _value(state, at)


def _is_prose(text: str, at: int, stop: int) -> bool:
    return PROSE.match(text, at, stop) is not None and "\n" in text[max(0, at - _PROSE) : at]


def _meaningless(state: LexerState, at: int) -> int:
    state.edit("character", at, at + 1, "dropped", f"{state.text[at]!r} has no meaning here")
    return at + 1


def _key(state: LexerState, at: int) -> int:
    text, stop = state.text, state.stop
    key = BARE_KEY.match(text, at, stop)
    if key is None or key.end() == at:
        return _meaningless(state, at)
    value = (_KEY_AND_TEXT.match(key.group()) or key).group(0).rstrip()
    end = at + len(value)
    if text.startswith('"', end) and AFTER_KEY.match(text, end + 1, stop):
        state.edit("quote", at, at, "lossless", "the opening quote is missing")
        end += 1
    elif AFTER_KEY.match(text, end, stop):
        if value[-1] in "'”’`":
            value = value[:-1]
            state.edit("quote", at, at, "lossless", "the opening quote is missing")
        else:
            state.edit("quote", at, end, "lossless", "a key without quotes")
    return state.take("b", at, end, value)


def _value(state: LexerState, at: int) -> int:
    text, stop, in_object = state.text, state.stop, state.in_object
    spaced = SPACED.match(text, at, stop)
    if spaced is not None and (in_object or re.search(r"\s0", spaced.group())):
        state.edit("number", at, spaced.end(), "guessed", "a number with spaces between its digits")
        return state.take("b", at, spaced.end(), re.sub(r"\s", "", spaced.group()))
    number = GROUPED.match(text, at, stop) if in_object or not state.stack else None
    number = number or NUMBER.match(text, at, stop)
    found = number or (BARE_VALUE if in_object else BARE_ITEM).match(text, at, stop)
    if found is None or found.end() == at:
        return _meaningless(state, at)
    value = found.group().rstrip()
    end = at + len(value)
    if end >= stop:
        value = _cut_off(state, value, at)
        if not value:
            return stop
    if number is None:
        quote = re.search(r'["”’]', value)
        if quote is not None and _may_close(state, at + quote.end()):
            return _without_opening_quote(state, at, at + quote.end())
        if value[0] == "=" and state.expected == "value":
            state.edit("character", at, at + 1, "lossless", '"=" after a colon')
            return at + 1
        return _text(state, at, end, value)
    return state.take("b", at, end, value)


def _may_close(state: LexerState, end: int) -> bool:
    """Returns True if a quote that ends here may close a text, by what follows it."""
    patterns = (AFTER_VALUE,) if state.in_object else (AFTER_ITEM, LOST_OPENING)
    return any(pattern.match(state.text, end, state.stop) is not None for pattern in patterns)


def _text(state: LexerState, at: int, end: int, value: str) -> int:
    """Take text without quotes; of a property with the lines that go on with it, if a closing bracket follows."""
    text, stop, begin = state.text, state.stop, end
    if state.in_object:
        while (line := NEXT_LINE.match(text, end, stop)) is not None and state.is_closed_later(line.end()):
            end = line.end(1)
    if end > begin:
        state.edit("string", at, end, "guessed", "lines without quotes are read as one text")
        value = text[at:end]
    elif end < stop and UNFINISHED.match(value):
        state.edit("literal", at, end, "guessed", "the word looks like a literal that is not complete")
    return state.take("b", at, end, value)


def _without_opening_quote(state: LexerState, at: int, end: int) -> int:
    value = decoded(state, at, end - 1)
    state.edit("quote", at, at, "guessed", "the opening quote is missing")
    return state.take("s", at, end, value)


def _cut_off(state: LexerState, value: str, at: int) -> str:
    """What the word with which the text ends was going to be, as far as that is sure."""
    state.truncated = True
    for word in _LITERALS:
        if len(value) < len(word) and word.startswith(value):
            state.edit("truncation", at, state.stop, "guessed", f"the text ends inside {word}")
            return word
    if value[0].isdigit() or value[0] in "+-.":
        number = re.sub(r"(?:[eE][+-]?|[.,_+-])+\Z", "", value)
        grade: Grade = "guessed" if number else "dropped"
        state.edit("truncation", at, state.stop, grade, "the number with which the text ends may go on")
        return number
    return value
