"""Escapes: what the body of a string spells, with escapes of other languages."""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed does not know it

from structgen.repairing.edits import Grade
from structgen.repairing.json.patterns import (
    ANY_QUOTE,
    CONTROL,
    ESCAPE,
    LATEX,
    PATH,
    SIMPLE,
    SURROGATES,
)
from structgen.repairing.json.state import LexerState

_UNFINISHED = "\0cut\0"
"""In place of an escape in which the text ends."""
_LONGEST = len("\\u0000")


def decoded(state: LexerState, begin: int, end: int) -> str:
    """Returns the text that the body of a string spells, and notes what had to be changed."""
    body = state.text[begin:end]
    if "\\" not in body:
        _note_control_characters(state, begin, end, body)
        return body
    value = None if '"' in body else _by_standard(state, end, body)
    return _tolerantly(state, begin, end, body) if value is None else value


def _note_control_characters(state: LexerState, begin: int, end: int, body: str) -> None:
    if CONTROL.search(body):
        state.edit("string", begin, end, "lossless", "control characters inside a string are escaped")


def _by_standard(state: LexerState, end: int, body: str) -> str | None:
    """The text by the standard parser; None if it refuses it."""
    try:
        value: str = scanstring(body + '"', 0, True)[0]
    except ValueError:
        return None
    if end >= state.stop and _ends_in_half_a_pair(value):
        state.edit("escape", end - _LONGEST, end, "lossless", "the text ends inside a surrogate pair")
        return value[:-1]
    return value


def _ends_in_half_a_pair(value: str) -> bool:
    return "\ud800" <= value[-1:] <= "\udbff"


def _tolerantly(state: LexerState, begin: int, end: int, body: str) -> str:
    grades: set[Grade] = set()
    keeps = _keeps_backslashes(body)
    is_path = keeps and PATH.match(body) is not None

    def replace(found: re.Match[str]) -> str:
        what = found.group(1)
        if keeps and (_is_mark(what) or (what.isalpha() and (is_path or LATEX.match(body, found.start(1))))):
            grades.add("guessed")
            return "\\" + what
        if what in SIMPLE:
            return SIMPLE[what]
        if what == "u" and end >= state.stop and len(body) - found.start() < _LONGEST:
            grades.add("lossless")
            return _UNFINISHED
        text, grade = _foreign(what)
        if grade is not None:
            grades.add(grade)
        return text

    value = SURROGATES.sub(
        lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"),
        ESCAPE.sub(replace, body),
    )
    value = value.partition(_UNFINISHED)[0]
    if end >= state.stop and _ends_in_half_a_pair(value):
        value = value[:-1]
        grades.add("lossless")
    if grades:
        grade: Grade = "guessed" if "guessed" in grades else "lossless"
        state.edit("escape", begin, end, grade, "escapes that JSON does not have")
    _note_control_characters(state, begin, end, body)
    return value


def _is_mark(what: str) -> bool:
    return (
        len(what) == 1
        and not what.isalnum()
        and not what.isspace()
        and what not in SIMPLE
        and what not in ANY_QUOTE
    )


def _keeps_backslashes(body: str) -> bool:
    """Returns True for LaTeX and for paths of Windows: a backslash that is no escape of any language says so."""
    return any(
        what in "%&$" or (what.isalpha() and what not in SIMPLE and what not in "ux")
        for what in (found.group(1) for found in ESCAPE.finditer(body))
        if len(what) == 1
    )


def _foreign(what: str) -> tuple[str, Grade | None]:
    """The text of an escape, without its backslash; the grade, if JSON does not have it."""
    if not what or what[0] in "\r\n":  # a backslash at the end of a line, or of the string
        return "", "lossless"
    if what[0] in "ux" and len(what) > 2:
        return _by_code(what)
    if len(what) == 3:
        return chr(int(what, 8)), "guessed"
    if what in ANY_QUOTE:
        return what, "lossless"
    return "\\" + what if what.isalnum() else what, "guessed"


def _by_code(what: str) -> tuple[str, Grade | None]:
    """`u00e9` of JSON, `u{e9}` of JavaScript, `xe9` of both."""
    if what[1] == "{":
        code = int(what[2:-1], 16)
        return chr(code) if code < 0x110000 else what, "lossless"
    return chr(int(what[1:], 16)), "lossless" if what[0] == "x" else None
