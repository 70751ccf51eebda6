"""YAML that no parser accepts, read line by line.

A line is a property (`key: value`), an item (`- value`), both, or it continues the text before it. Its indentation and
the names that the schema has at each open level say where it belongs; where the two disagree, a name that only one
level declares decides. A value whose schema is a string is taken as it stands, to the end of the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from structgen.frontends.json_schema.view import ALL_TYPES, types_of
from structgen.repairing import scalars
from structgen.repairing.edits import Grade
from structgen.repairing.tree import Token
from structgen.repairing.yaml.keys import (
    begins_a_key,
    is_after_payload,
    is_prose,
    match_item,
    note_tight_item,
    read_key,
)
from structgen.repairing.yaml.levels import open_level, pop_to, wait_for
from structgen.repairing.yaml.placing import Ahead, place_item, place_member
from structgen.repairing.yaml.scalars import COMMENT, ITEM, KEY, QUOTED, first_group, unclosed
from structgen.repairing.yaml.state import Line, YamlState
from structgen.repairing.yaml.values import continue_text, read_value

_SENTENCE = re.compile(r"[^\s\"':{}\[\]-][^\s:]*(?: [^\s:]+){2,}:\Z")
_MARKER = re.compile(r"(?:---|\.\.\.)(?:[ \t].*)?\Z|%[A-Z]+ .*\Z")
_END = re.compile(r"```|~~~|<\|")
_COMMENT_LINE = re.compile(r"#(?:\s|\Z)")
_CLOSERS = frozenset(("}", "]", "})", "]}", "}}", "}]"))
_BLANK_LINES = 8
"""Lines in which the next one that is not empty is looked for."""
_ITEMS = 50
"""Dashes in one line."""

_OVER = -1
"""In place of the number of the line to go on with: the payload is over."""


@dataclass(slots=True)
class _Rest:
    """The rest of a line, from some place in it.

    Attributes:
        line: the line.
        content: its text from there on.
        indent: the column of that place.
        start: the place in the text.
        number: the number of the next line.
        after_blank: True if a empty line comes before it.
        opened: True if a key or a dash stands before it in its line.
    """

    line: Line
    content: str
    indent: int
    start: int
    number: int
    after_blank: bool = False
    opened: bool = False


def read_lines(state: YamlState) -> None:
    """Read all lines; the tree is in `state.root`, if there are properties or items at all."""
    number, after_blank = 0, False
    while number < len(state.lines):
        line = state.lines[number]
        number += 1
        if not line.content:
            after_blank = True
            continue
        if _is_comment(state, line.content):
            continue
        if _MARKER.match(line.content) and not line.indent:
            if state.root is None:
                continue
            state.edit("marker", line.start, state.stop, "dropped", "a second document")
            break
        taken = _read_line(state, line, number, after_blank=after_blank)
        if taken < 0:
            break
        if taken:
            state.first, state.last = (
                min(state.first, line.start),
                max(state.last, state.lines[taken - 1].end),
            )
            number = taken
        after_blank = False
    state.set_text(None)
    _leave_out(state)
    pop_to(state, 0)


def _is_comment(state: YamlState, content: str) -> bool:
    return content[0] == "#" and (state.open_text is None or _COMMENT_LINE.match(content) is not None)


def _leave_out(state: YamlState) -> None:
    """A key or a dash at the very end of a text that is cut off there: its value was still to come."""
    level, view = state.levels[-1] if state.levels else None, state.view_here
    if level is None or level.pending is None or view is None or "null" in view.types:
        return
    if state.text[level.pending[2] : state.stop].strip(" "):
        return
    state.edit("key", level.pending[1], state.stop, "dropped", "the text ends before the value")
    level.pending = None
    state.cut = True


def _read_line(state: YamlState, line: Line, number: int, *, after_blank: bool) -> int:
    """Take a line; returns the number of the line to go on with, 0 if it is no payload, `_OVER` after its end."""
    content, indent, start = line.content, line.indent, line.start
    if state.root is None:
        if _SENTENCE.match(content) and is_prose(state, content[:-1], indent, state.line_at(number)):
            return 0  # "Here is the result:"
    elif _END.match(content) or (after_blank and is_after_payload(state, content, indent)):
        return _OVER
    if content.rstrip(",;") in _CLOSERS and not _is_text(state, indent):
        if state.root is None:
            return 0
        state.edit("bracket", start, line.end, "guessed", "a bracket in a line of its own")
        return number
    if state.root is None and content[0] in "{[" and KEY.match(content[1:].lstrip()):
        state.edit("bracket", start, start + 1, "guessed", "a bracket around what is read line by line")
        rest = content[1:].lstrip()
        start, content = start + len(content) - len(rest), rest
    return _read_rest(state, _Rest(line, content, indent, start, number, after_blank))


def _is_text(state: YamlState, indent: int) -> bool:
    """Returns True if a line is indented more than the level with the text before it."""
    return state.open_text is not None and bool(state.levels) and indent > state.levels[-1].indent


def _read_rest(state: YamlState, rest: _Rest) -> int:
    """Take the rest of a line: items, then a property or a value."""
    if not _read_items(state, rest):
        state.edit("text", rest.line.start, rest.line.end, "dropped", "an item where no sequence is")
        return rest.number
    key = read_key(state, rest.content, rest.indent, rest.start, rest.number, opened=rest.opened)
    if key is not None:
        return _read_member(state, rest, *key)
    if rest.opened:
        if not rest.content or COMMENT.match(rest.content):
            return rest.number
        view = state.view_here
        return read_value(state, rest.content, rest.start, rest.indent, rest.number, view)
    return _read_text(state, rest)


def _read_items(state: YamlState, rest: _Rest) -> bool:
    """Take the dashes with which a line begins; returns False if there is one where no item can be."""
    for _ in range(_ITEMS):
        item = match_item(state, rest.content, rest.indent, opened=rest.opened)
        if item is None:
            break
        note_tight_item(state, item, rest.start)
        after = rest.content[item.end() :]
        ahead = _after_dash(state, after, rest.number)
        if not place_item(state, rest.indent, rest.start, ahead, opened=rest.opened):
            return False
        rest.opened = True
        rest.indent += max(item.end(), 2)
        rest.start += item.end()
        rest.content = after
    return True


def _read_text(state: YamlState, rest: _Rest) -> int:
    """Take a line that is neither a property nor an item: the value that is awaited, or a part of a text."""
    line = rest.line
    if state.awaits_value and (rest.indent > state.levels[-1].pending_indent or not rest.after_blank):
        return _read_awaited(state, rest)
    if line.end == state.stop and state.root is not None and begins_a_key(state, rest.content):
        _note_cut_key(state, line)
        return rest.number
    if state.open_text is not None and not (rest.after_blank and rest.indent == 0):
        continue_text(state, state.open_text, line, after_blank=rest.after_blank)
        return rest.number
    if state.root is None:
        return 0
    if rest.after_blank or not rest.indent:
        return _OVER
    reason = "a line that is neither a member nor an item"
    state.edit("text", line.start, line.end, "dropped", reason)
    return rest.number


def _read_awaited(state: YamlState, rest: _Rest) -> int:
    """Take a line as the value that is awaited; or as the beginning of its first key, where the text ends."""
    view = state.view_here
    is_cut = rest.line.end == state.stop and rest.indent > state.levels[-1].pending_indent
    is_object = view is not None and "object" in view.types and "string" not in view.types
    names = view.properties if view is not None and is_object else ()
    if is_cut and any(name.startswith(rest.content) for name in names):
        open_level(state, "{", rest.indent, rest.start)
        _note_cut_key(state, rest.line)
        return rest.number
    return read_value(state, rest.content, rest.start, rest.indent, rest.number, view)


def _note_cut_key(state: YamlState, line: Line) -> None:
    state.edit("key", line.start, line.end, "dropped", "the text ends inside a key")
    state.cut = True


def _read_member(state: YamlState, rest: _Rest, key: Token, width: int) -> int:
    """Find or open the mapping to which a property belongs, and read its value."""
    state.set_text(None)
    value, start, number = rest.content[width:], rest.start + width, rest.number
    level = place_member(state, key, rest.indent, _after_key(state, value, number), opened=rest.opened)
    wait_for(level, key, rest.indent)
    if not value or COMMENT.match(value):
        return number
    view, item = state.view_here, ITEM.match(value)
    if item is not None and item.end() < len(value) and (view is None or "array" in view.types):
        is_sure = view is not None and "string" not in view.types
        grade: Grade = "lossless" if is_sure else "guessed"
        state.edit("indentation", start, start, grade, "an item in the line of its key")
        return _read_rest(state, _Rest(rest.line, value, rest.indent + 2, start, number, opened=True))
    return read_value(state, value, start, rest.indent, number, view)


# What follows a key or a dash


def _after_dash(state: YamlState, rest: str, number: int) -> Ahead:
    if not rest:
        return Ahead(ALL_TYPES, 0)
    below = state.line_at(number)
    is_member = below is not None and KEY.match(rest) and not ITEM.match(below.content)
    return Ahead(_kinds_of(rest), below.indent if below is not None and is_member else 0)


def _after_key(state: YamlState, rest: str, number: int) -> Ahead:
    below = next((line for line in state.lines[number : number + _BLANK_LINES] if line.content), None)
    if rest and not COMMENT.match(rest):
        kinds = _kinds_of(rest)
        if below is None or rest[0] in "|>" or (rest[0] in "{[" and unclosed(rest) > 0):
            return Ahead(kinds, 0)
        return Ahead(kinds, 0, below=below.indent, is_item=ITEM.match(below.content) is not None)
    if below is None:
        return Ahead(frozenset(), 0)
    if ITEM.match(below.content):
        return Ahead(frozenset(), below.indent + 1, "array")
    key = KEY.match(below.content)
    return Ahead(frozenset(), below.indent, "object", member=None if key is None else first_group(key))


def _kinds_of(rest: str) -> frozenset[str]:
    """The types that a value may have that begins like this."""
    if rest[0] in "{[|>#":
        return ALL_TYPES
    if ITEM.match(rest):
        return frozenset(("array", "string"))
    if KEY.match(rest):
        return frozenset(("object", "string"))
    value = rest if rest[0] in QUOTED else scalars.of_yaml(rest)
    return frozenset(("string", *types_of(value)))
