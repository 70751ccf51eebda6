"""What follows a key or a dash in its line: plain and quoted texts; blocks.py has what may take several lines."""

from __future__ import annotations

import re

from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing import scalars
from structgen.repairing.edits import Grade
from structgen.repairing.tree import Node
from structgen.repairing.yaml.blocks import read_block, read_flow, read_quoted, unescape
from structgen.repairing.yaml.levels import put
from structgen.repairing.yaml.scalars import COMMENT, ITEM, QUOTED, TEXT_ONLY
from structgen.repairing.yaml.state import Line, OpenText, YamlState

NEEDED = "text that needs quotes in YAML"

_UNCLOSED = {'"': re.compile(r'"(?:[^"\\]|\\.)*\Z'), "'": re.compile(r"'(?:[^']|'')*\Z")}
_INDICATORS = frozenset("#@`*&!%|>{[,?")
_COLON_OR_COMMENT = re.compile(r":(?:[ \t]|\Z)|[ \t]#")
_LOOSE_COMMENT = re.compile(r"[ \t]+#[ \t].*\Z")
_ANY_COMMENT = re.compile(r"[ \t]+#.*\Z")
_TEMPLATE = re.compile(r"\{\{[^{}\n\"':]{1,200}\}\}[^\n]*\Z")
_ZEROS = re.compile(r"[-+]?0\d+\Z")


def read_value(
    state: YamlState, rest: str, start: int, indent: int, number: int, view: SchemaView | None
) -> int:
    """Read a value.

    Args:
        state: what was read so far.
        rest: the rest of the line.
        start: where it begins.
        indent: how far the key is indented.
        number: the number of the next line.
        view: what the schema says of the value.

    Returns:
        The number of the line to go on with.
    """
    if rest[-1] == "," and len(rest) > 1 and _ends_in_comma(rest, view):
        rest = rest[:-1].rstrip()
        end = start + len(rest)
        state.edit("comma", end, end + 1, "lossless", "a comma after a member, as in JSON")
    return (
        _read_template(state, rest, start, number, view)
        or read_block(state, rest, start, number, view)
        or read_quoted(state, rest, start, number)
        or read_flow(state, rest, start, indent, number, view)
        or _read_plain(state, rest, start, number, view)
    )


def _read_template(state: YamlState, rest: str, start: int, number: int, view: SchemaView | None) -> int:
    """Read a text that begins with a place of a template, `{{ name }}`, which YAML takes for two mappings."""
    if _TEMPLATE.match(rest) is None or (view is not None and "string" not in view.types):
        return 0
    grade: Grade = "guessed" if view is None else "lossless"
    state.edit("quote", start, start + len(rest), grade, NEEDED)
    put(state, Node("s", start, start + len(rest), rest))
    return number


def continue_text(state: YamlState, text: OpenText, line: Line, *, after_blank: bool) -> None:
    """Take a line that continues the text before it: folded, as in YAML."""
    if text.view is not None and "string" not in text.view.types:
        state.edit("text", line.start, line.end, "dropped", "a line that belongs to nothing")
        return
    text.parts[-1] = text.parts[-1].rstrip(" \t")
    text.parts += ["\n" if after_blank else " ", line.content]
    text.node.end = line.end
    is_sure = text.view is not None and text.view.types == TEXT_ONLY
    reason = "the line continues the text before it"
    state.edit("string", line.start, line.end, "lossless" if is_sure else "guessed", reason)


def _ends_in_comma(rest: str, view: SchemaView | None) -> bool:
    """Returns True if a comma at the end of a line does not belong to the value: that is in quotes, or no text."""
    if rest[0] in QUOTED:
        return QUOTED[rest[0]].match(rest[:-1]) is not None
    return view is not None and "string" not in view.types and rest[0] not in "{["


def _read_plain(state: YamlState, rest: str, start: int, number: int, view: SchemaView | None) -> int:
    """Take the rest of the line as a plain text, or as a quoted one whose closing quote is missing."""
    value = _without_comment(rest, view)
    has_comment = len(value) < len(rest)
    if rest[0] in QUOTED:
        kind, value = "s", _badly_quoted(state, rest, value, start, number, view)
    elif rest[0] in _INDICATORS or _COLON_OR_COMMENT.search(value) or ITEM.match(value):
        kind, value = _unquoted(state, value, start, view, has_comment=has_comment)
    else:
        kind = _note_odd_number(state, value, start, view)
    if kind == "y" and not has_comment and view is not None and "string" in view.types:
        value = state.rest_of_line(start)  # whether spaces at the end are text is for the schema to say
    node = Node(kind, start, start + len(value), value)
    put(state, node)
    state.set_text(OpenText(node, view, [value]))
    return number


def _without_comment(rest: str, view: SchemaView | None) -> str:
    comment = COMMENT.search(rest) or _LOOSE_COMMENT.search(rest)
    if comment is None and view is not None and "string" not in view.types:
        comment = _ANY_COMMENT.search(rest)
    return rest if comment is None else rest[: comment.start()]


def _unclosed_text(state: YamlState, quote: str, start: int, number: int) -> str:
    """The text after an opening quote that no other one follows."""
    inner = state.rest_of_line(start + 1)
    value = unescape(state, inner, start) if quote == '"' else inner.replace("''", "'")
    return value + _blank_lines_below(state, number)


def _badly_quoted(
    state: YamlState, rest: str, value: str, start: int, number: int, view: SchemaView | None
) -> str:
    """The text after an opening quote, where no closing one ends it."""
    quote = rest[0]
    is_sure = view is not None and view.types == TEXT_ONLY
    reason = "text continues after the closing quote"
    if value == quote and number > 1 and not state.lines[number - 2].content:
        reason, is_sure = "the opening quote is missing", False
        value = _blank_lines_above(state, number)
    elif _UNCLOSED[quote].match(value):
        reason = "the closing quote is missing"
        below = state.line_at(number)
        # Empty lines may have been part of the text.
        is_sure = is_sure and (below is None or bool(below.content))
        value = _unclosed_text(state, quote, start, number)
    elif value[-1] == quote:
        value = value[1:-1]
    state.edit("quote", start, start + len(rest), "lossless" if is_sure else "guessed", reason)
    return value


def _blank_lines_above(state: YamlState, number: int) -> str:
    """The line breaks before a line that is but a quote."""
    above = number - 2
    while above >= 0 and not state.lines[above].content:
        above -= 1
    return "\n" * (number - 2 - above)


def _blank_lines_below(state: YamlState, number: int) -> str:
    """The line breaks that an open quote holds: several empty lines before the next one may be in the text."""
    last = number
    while last < len(state.lines) and not state.lines[last].content:
        last += 1
    return "\n" * (last - number - 1) if last < len(state.lines) else ""


def _unquoted(
    state: YamlState, value: str, start: int, view: SchemaView | None, *, has_comment: bool
) -> tuple[str, str]:
    """The kind and the value of a text that needs quotes."""
    kind, kept = "y", len(value)
    is_text = view is not None and view.types == TEXT_ONLY
    if is_text and not has_comment:  # the quotes that it lacks may have had spaces before them
        kind, value = "s", state.rest_of_line(start)
    is_sure = is_text and len(value) == kept
    state.edit("quote", start, start + len(value), "lossless" if is_sure else "guessed", NEEDED)
    return kind, value


def _note_odd_number(state: YamlState, value: str, start: int, view: SchemaView | None) -> str:
    """The kind of a plain value: a number in odd spelling is text, if it may be.

    Text loses nothing; and who has numbers in mind writes them as JSON does.
    """
    if view is None:
        is_odd = _ZEROS.match(value) is not None
    else:
        is_odd = bool(view.types & {"integer", "number"}) and _is_odd_number(value)
    if not is_odd:
        return "y"
    is_text = view is None or "string" in view.types
    if is_text or _ZEROS.match(value):
        reason = "a number in odd spelling is read as text" if is_text else "a number in odd spelling"
        state.edit("number", start, start + len(value), "guessed", reason)
    return "s" if is_text else "y"


def _is_odd_number(value: str) -> bool:
    """Returns True if YAML reads a number, and JSON has none that is spelled like this."""
    number = scalars.of_yaml(value)
    is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
    return is_number and scalars.strict(value) is scalars.MISSING
