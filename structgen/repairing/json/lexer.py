"""The tolerant lexer of JSON: from text to tokens, in one pass; it never fails.

It decides what quotes mean (strings.py). What a missing or surplus bracket means is decided later (bracket_search/),
where all readings are weighed.

Containers and items of arrays whose brackets are right are read by the native reader, and are one token each.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from structgen.repairing.edits import Grade
from structgen.repairing.json.escapes import decoded
from structgen.repairing.json.native_reader import Items, NativeReader
from structgen.repairing.json.patterns import (
    AT_END,
    COMMENT,
    ELLIPSIS,
    MORE,
    NEXT_VALUE,
    OPENED_BY,
    PLAIN,
    QUOTES,
    SPACE,
    STOP,
)
from structgen.repairing.json.state import LexerState, unmatched_closer
from structgen.repairing.json.strings import read_string, take_string
from structgen.repairing.json.words import read_word
from structgen.repairing.scalars import MISSING, strict

Parts = Literal["all", "items", ""]
"""Which containers are read by the native reader: all, those in arrays, none. It reads a container whole: then nobody
can say that a property of it belongs elsewhere."""
_RUN = 8
"""Scalars in a row from which on they become one token."""
_ITEM_LITERALS = {"T": "true", "F": "false", "N": "null", "n": "null"}


@dataclass(slots=True)
class _Native:
    """The native reader, as far as one lexer uses it.

    Attributes:
        reader: the reader.
        parts: which containers it reads.
        resume: from here on it is worth a try to read items.
    """

    reader: NativeReader
    parts: Parts
    resume: int


def lex(
    text: str,
    start: int,
    stop: int,
    *,
    reader: NativeReader | None = None,
    parts: Parts = "",
    implied: str = "",
    is_cut: bool = False,
) -> LexerState:
    """Read to the end of the first value, or of the text.

    Args:
        text: the whole text.
        start: where to begin.
        stop: where to end at the latest.
        reader: the native reader of this text.
        parts: which containers it may read.
        implied: the opening bracket that is missing at `start`, if one is.
        is_cut: True if nothing is wrong with the candidate, but that it breaks off.
    """
    no_close = None if reader is None else reader.no_close(stop)
    state = LexerState(text, start, stop, implied=implied, is_cut=is_cut, no_close=no_close)
    native = _Native(reader, parts, start) if parts and reader is not None else None
    if native is not None and parts == "all" and not implied and (end := _container(state, native, start)):
        if not state.goes_on(end):
            state.end = end
            return state
        state.tokens.clear()  # a surplus bracket follows, or another property: all the tokens will be weighed
        state.packed.clear()
        state.expected = "value"
    at = _read(state, native, start)
    if state.joins:
        take_string(state, at, at, "")
    state.end = min(at, stop)
    return state


def _read(state: LexerState, native: _Native | None, at: int) -> int:
    """Read tokens until the value is over; returns where it is."""
    text, stop, match = state.text, state.stop, PLAIN.match
    while not state.is_over:
        found = match(text, at, stop)
        if found is None:
            at = _read_oddity(state, at)
            continue
        group, end = found.lastindex, found.end()
        if group == 2:
            begin = found.start(2)
            value = found.group(2)
            at = take_string(
                state, begin - 1, end, decoded(state, begin, end - 1) if "\\" in value else value
            )
        elif group == 3:
            at = state.take("b", found.start(3), end, found.group(3))
        else:
            at = _PUNCTUATION[text[end - 1]](state, native, at, end)
    return at


# Punctuation. Each takes the character before `end`, and returns where to go on: `at`, if the value was over before.

_Punctuation = Callable[[LexerState, "_Native | None", int, int], int]


def _comma(state: LexerState, native: _Native | None, at: int, end: int) -> int:
    if not state.stack and not state.goes_on(end - 1):
        state.is_over = True
        return at
    state.tokens.append((",", end - 1, end, None))
    state.expected = "key" if state.in_object else "value"
    if native is not None and state.stack and not state.in_object and end >= native.resume:
        return _items(state, native, end)
    return end


def _colon(state: LexerState, native: _Native | None, at: int, end: int) -> int:
    if not state.stack and not state.goes_on(end - 1):
        state.is_over = True
        return at
    state.tokens.append((":", end - 1, end, None))
    state.expected = "value"
    return end


def _opening(state: LexerState, native: _Native | None, at: int, end: int) -> int:
    kind, stack = state.text[end - 1], state.stack
    if kind == "{" and state.expected == "key" and stack[-2:-1] == ["["] and state.tokens[-1][0] == ",":
        stack.pop()  # no key begins so: the object before was left open
        state.expected = "value"
    if (
        native is not None
        and state.tokens
        and state.expected != "key"
        and (native.parts == "all" or (stack and stack[-1] == "["))
        and (whole := _container(state, native, end - 1))
    ):
        return whole
    state.tokens.append((kind, end - 1, end, None))
    stack.append(kind)
    state.expected = "key" if kind == "{" else "value"
    return _items(state, native, end) if native is not None and kind == "[" else end


def _closing(state: LexerState, native: _Native | None, at: int, end: int) -> int:
    kind, stack = state.text[end - 1], state.stack
    if not stack and not state.goes_on(end - 1):
        state.is_over = True
        return at
    state.tokens.append((kind, end - 1, end, None))
    last = "["
    if stack:
        if stack[-1] != OPENED_BY[kind] and len(stack) > 1 and stack[-2] != stack[-1]:
            stack.pop()  # the inner one was left open
        last = stack.pop()
    state.expected = "next"
    if not stack:
        if state.goes_on(end):
            # It was surplus, or an opening one is missing: what follows says whether keys or items come.
            stack.append("[" if NEXT_VALUE.match(state.text, end, state.stop) else last)
        else:
            state.is_over = True
    return end


_PUNCTUATION: dict[str, _Punctuation] = {
    ",": _comma,
    ":": _colon,
    "{": _opening,
    "[": _opening,
    "}": _closing,
    "]": _closing,
}


# What the native reader reads


def _container(state: LexerState, native: _Native, start: int) -> int:
    """Take a whole container; returns its end, or 0 if it has none."""
    found = native.reader.container(start, state.stop)
    if found is None:
        return 0
    if found.edits is not None:
        state.packed.append(found.edits)
    return state.take("v", start, found.end, found.value)


def _items(state: LexerState, native: _Native, at: int) -> int:
    """Take items of an array, as many as are complete; returns where to go on."""
    found, reached = native.reader.items(at, state.stop)
    if found is None or (len(found.values) < _RUN and not isinstance(found.values[-1], (dict, list))):
        native.resume = reached
        return at
    native.resume = max(reached, found.end)
    return _take_items(state, found, at)


def _take_items(state: LexerState, found: Items, at: int) -> int:
    """Take items as tokens: the last one, which may have to be moved, by itself."""
    value = found.values[-1]
    if len(found.values) > 1:
        state.tokens.append(("r", at, found.last, found.values[:-1]))
        state.tokens.append((",", found.last, found.last, None))
    if found.edits is not None:
        state.packed.append(found.edits)
    if isinstance(value, (dict, list)):
        return state.take("v", found.last, found.end, value)
    if isinstance(value, str):
        return state.take("s", found.last, found.end, value)
    raw = state.text[found.last : found.end]
    return state.take("b", found.last, found.end, _ITEM_LITERALS.get(raw[0], raw))


# What is not well formed


def _read_oddity(state: LexerState, at: int) -> int:
    """Read one token, comment or oddity that is not well formed; returns where to go on."""
    text, stop = state.text, state.stop
    found = SPACE.match(text, at, stop)
    assert found is not None
    begin, at = at, found.end()
    if at >= stop:
        state.is_over = True
        return begin
    char = text[at]
    end = _comment(state, at) if char in "/#<" else 0
    if end:
        return end
    if STOP.match(text, at, stop) is not None:
        state.is_over = True
        return begin
    if char in "{}[],:":  # the pattern of well-formed text was overruled
        state.tokens.append((char, at, at + 1, None))
        return at + 1
    end = _escape(state, at) if char == "\\" else _ellipsis(state, at) if char in ".…" else 0
    if end:
        return end
    if state.expected == "next" and not state.stack and not state.goes_on(at):
        state.is_over = True
        return begin
    at_end = _ODDITIES.get(char, read_word)(state, at)
    return begin if state.is_over else at_end


def _comment(state: LexerState, at: int) -> int:
    found = COMMENT.match(state.text, at, state.stop)
    if found is None:
        return 0
    end = _end_of_payload(state, found)
    if end < found.end():
        state.edit(
            "comment", at, end, "guessed", "a comment in the middle of a line ends before its brackets"
        )
        return end
    if MORE.search(found.group(), 0, 200) is not None:
        state.edit("ellipsis", at, found.end(), "dropped", "the comment says that items were left out")
    else:
        state.edit("comment", at, found.end(), "lossless", "JSON has no comments")
    return found.end()


def _end_of_payload(state: LexerState, found: re.Match[str]) -> int:
    """Returns where a comment ends: before the brackets that close what is open, if the text ends with its line."""
    is_line = found.group()[0] == "#" or found.group()[:2] == "//"
    if not is_line or not state.stack or AT_END.match(state.text, found.end(), state.stop) is None:
        return found.end()
    closer = unmatched_closer(state.text, found.start(), found.end())
    return found.end() if closer < 0 else closer


def _escape(state: LexerState, at: int) -> int:
    following = state.text[at + 1 : at + 2]
    if following in ("n", "t", "r"):  # whitespace of a text that was escaped
        state.edit("escape", at, at + 2, "lossless", "an escape outside a string is whitespace")
        return at + 2
    if following in ("_", "[", "]", "{", "}"):
        state.edit("escape", at, at + 1, "lossless", "a backslash before a bracket")
        return at + 1
    return 0


def _ellipsis(state: LexerState, at: int) -> int:
    found = ELLIPSIS.match(state.text, at, state.stop)
    if found is None:
        return 0
    state.edit("ellipsis", at, found.end(), "dropped", "an ellipsis stands for what was left out")
    return found.end()


def _equals(state: LexerState, at: int) -> int:
    if state.expected != "colon":
        return read_word(state, at)
    end = at + (2 if state.text.startswith("=>", at) else 1)
    state.tokens.append((":", at, end, None))
    state.edit("colon", at, end, "lossless", f'"{state.text[at:end]}" stands for ":"')
    state.expected = "value"
    return end


def _semicolon(state: LexerState, at: int) -> int:
    kind, _, _, value = state.tokens[-1] if state.tokens else ("", 0, 0, "")
    is_text = kind == "b" and strict(str(value)) is MISSING  # it may go on
    state.tokens.append((",", at, at + 1, None))
    state.edit("comma", at, at + 1, "guessed" if is_text else "lossless", '";" stands for ","')
    state.expected = "key" if state.in_object else "value"
    return at + 1


def _opening_tuple(state: LexerState, at: int) -> int:
    if state.expected != "value":
        return read_word(state, at)
    state.tokens.append(("[", at, at + 1, None))
    state.stack.append("[")
    state.calls += 1
    state.edit("bracket", at, at + 1, "lossless", "a tuple is an array")
    return at + 1


def _closing_tuple(state: LexerState, at: int) -> int:
    if not state.calls:
        state.edit("call", at, at + 1, "lossless", "the end of a function call")
        return at + 1
    state.calls -= 1
    is_single = state.tokens[-2:-1] and state.tokens[-2][0] == "[" and state.tokens[-1][0] in "sb"
    grade: Grade = "guessed" if is_single else "lossless"  # (1) is a number in Python
    state.tokens.append(("]", at, at + 1, None))
    if state.stack:
        state.stack.pop()
    state.expected = "next"
    state.edit("bracket", at, at + 1, grade, "a tuple is an array")
    return at + 1


_ODDITIES: dict[str, Callable[[LexerState, int], int]] = {
    **dict.fromkeys(QUOTES, read_string),
    "=": _equals,
    ";": _semicolon,
    "(": _opening_tuple,
    ")": _closing_tuple,
}
