"""Values that may take several lines: quoted texts, block scalars, flow collections.

Each takes a value if it is of its kind, and returns the number of the line to go on with; else 0.
"""

from __future__ import annotations

import re

from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing.bracket_search.search import search
from structgen.repairing.json.lexer import lex
from structgen.repairing.tree import Node
from structgen.repairing.yaml.levels import put
from structgen.repairing.yaml.scalars import (
    ITEM,
    KEY,
    QUOTED,
    TEXT_ONLY,
    has_odd_escapes,
    unclosed,
    unescaped,
)
from structgen.repairing.yaml.state import Line, YamlState
from structgen.repairing.yaml.strict import strictly

ODD_ESCAPES = "escapes that YAML does not have stay as they are"

_BLOCK = re.compile(r"([|>])([+-]?\d?[+-]?)[ \t]*(?:#.*)?\Z")
_QUOTED_LINES = 200
"""Lines in which the end of a quoted text is looked for."""
_NESTING = 1000
"""How deep flow collections may nest."""


def unescape(state: YamlState, body: str, start: int) -> str:
    """Returns the text of a double-quoted scalar, and notes escapes that do not exist."""
    if has_odd_escapes(body):
        state.edit("escape", start, start + len(body) + 1, "guessed", ODD_ESCAPES)
    return unescaped(body)


# Quoted texts


def read_quoted(state: YamlState, rest: str, start: int, number: int) -> int:
    """Read a quoted text, over several lines if need be."""
    quote = rest[0]
    if quote not in QUOTED:
        return 0
    found, last = QUOTED[quote].match(rest), number
    if found is None and rest.count(quote) == 1:
        found, last = _over_lines(state, rest, number)
    if found is None:
        return 0
    body = re.sub(r"[ \t]*\n(\n*)", lambda gap: gap.group(1) or " ", found.group(1))
    value = unescape(state, body, start) if quote == '"' else body.replace("''", "'")
    put(state, Node("s", start, state.lines[last - 1].end, value))
    state.set_text(None)
    return last


def _over_lines(state: YamlState, rest: str, number: int) -> tuple[re.Match[str] | None, int]:
    """The whole of a quoted text, and the number of the line after it; it ends before the next key at the latest."""
    lines = [rest]
    for last, line in enumerate(state.lines[number : number + _QUOTED_LINES], number + 1):
        key = KEY.match(line.content)
        if key is not None and (state.view is None or state.is_declared((key.group(3) or "").strip())):
            return None, last
        lines.append(line.content)
        if rest[0] in line.content:
            return QUOTED[rest[0]].match("\n".join(lines)), last
    return None, number


# Blocks


def read_block(state: YamlState, rest: str, start: int, number: int, view: SchemaView | None) -> int:
    """Read a block scalar. Its lines may be indented wrongly, so a declared key ends it, too."""
    header = _BLOCK.match(rest)
    if header is None:
        return 0
    style, indicators = header.groups()
    parent = state.levels[-1].pending_indent if state.levels else -1
    lines, last, is_odd = _block_lines(state, number, parent)
    while lines and not lines[-1].content and "+" not in indicators:
        lines.pop()
    if not lines and (view is None or "string" in view.types):
        return _empty_block(state, header.group().rstrip(), start, number)
    margin = _margin(state, lines, start, parent, indicators, is_odd=is_odd)
    shown = "\n".join(" " * (line.indent - margin) + line.content if line.content else "" for line in lines)
    if style == ">":
        shown = re.sub(r"\n\n", "\n", re.sub(r"(?<=\S)\n(?=\S)", " ", shown))
    if "-" not in indicators and shown:
        shown += "\n"
    put(state, Node("s", start, lines[-1].end if lines else start + 1, shown))
    state.set_text(None)
    return last


def _block_lines(state: YamlState, number: int, parent: int) -> tuple[list[Line], int, bool]:
    """The lines of a block, the number of the line after them, and whether any is not indented."""
    lines: list[Line] = []
    is_odd = False
    for last in range(number, len(state.lines)):
        line = state.lines[last]
        if line.content and line.indent <= parent:
            if _ends_block(state, line, last, can_go_on=not lines or is_odd or state.view is not None):
                return lines, last, is_odd
            is_odd = True
        lines.append(line)
    return lines, max(number, len(state.lines)), is_odd


def _ends_block(state: YamlState, line: Line, number: int, *, can_go_on: bool) -> bool:
    """Returns True if a line that is not indented more than its key ends a block."""
    key = KEY.match(line.content)
    if key is not None and (state.view is None or state.is_declared(_name_of(key))):
        return True
    if ITEM.match(line.content) or not can_go_on:
        return True
    return not line.indent and not state.lines[number - 1].content


def _name_of(key: re.Match[str]) -> str:
    """Returns the name of a key, plain before quoted."""
    return (key.group(3) or key.group(1) or key.group(2) or "").strip()


def _empty_block(state: YamlState, sign: str, start: int, number: int) -> int:
    """A block without lines: its sign may be the text, or the text ends here."""
    node = Node("s", start, start + len(sign), sign)
    if number < len(state.lines):
        state.edit("quote", node.start, node.end, "guessed", "a block without lines: it may be text")
    else:
        state.edit("string", node.start, node.end, "guessed", "the text ends where a block begins")
        node.value, state.cut = "", True
    put(state, node)
    state.set_text(None)
    return number


def _margin(
    state: YamlState, lines: list[Line], start: int, parent: int, indicators: str, *, is_odd: bool
) -> int:
    """How far the lines of a block are indented by themselves."""
    filled = [line.indent for line in lines if line.content]
    margin = min(filled, default=0)
    digits = re.search(r"\d", indicators)
    if digits is not None and filled and margin >= parent + int(digits.group()):
        margin = parent + int(digits.group())
    if is_odd:
        reason = "lines of a block that are not indented"
        state.edit("indentation", start, lines[-1].end, "lossless", reason)
    elif filled and margin < filled[0] and digits is None:
        reason = "lines of a block are indented less than its first"
        state.edit("indentation", start, lines[-1].end, "guessed", reason)
    return margin


# Flow collections


def read_flow(
    state: YamlState, rest: str, start: int, indent: int, number: int, view: SchemaView | None
) -> int:
    """Read a flow collection. It ends where its brackets close, or before the next key."""
    if rest[0] not in "{[" or (view is not None and view.types == TEXT_ONLY):
        return 0
    last, balance = _flow_lines(state, indent, number)
    stop = state.lines[last - 1].end
    strict = strictly(state.text[start:stop], start) if not balance else None
    if strict is not None and strict.kind in "{[":
        state.set_text(None)
        put(state, strict)
        return last
    return _read_damaged_flow(state, start, stop, number, last, view)


def _flow_lines(state: YamlState, indent: int, number: int) -> tuple[int, int]:
    """The number of the line after a flow collection, and how many brackets are still open there."""
    balance = unclosed(state.lines[number - 1].content)
    last = number
    while balance > 0 and last < len(state.lines):
        line = state.lines[last]
        key = KEY.match(line.content)
        is_plain_key = key is not None and key.group(3) is not None
        if is_plain_key and line.indent <= indent and not line.content.rstrip().endswith(","):
            break
        balance += unclosed(line.content)
        last += 1
    return last, balance


def _read_damaged_flow(
    state: YamlState, start: int, stop: int, number: int, last: int, view: SchemaView | None
) -> int:
    """Read a flow collection as JSON; 0 if it is text that happens to begin with a bracket."""
    lexed = lex(state.text, start, stop)
    left = state.text[lexed.end : stop].strip()
    if last == number and re.match(r"[^\s#}\],]", left):
        return 0
    tree = search(state.text, lexed.tokens, view, nesting=_NESTING)
    state.set_text(None)
    if tree.node is None:
        return number
    _as_plain(tree.node)
    state.edits += [edit for edit in lexed.edits if edit.kind != "quote" or edit.grade != "lossless"]
    state.edits += tree.edits
    put(state, tree.node)
    if left and not left.startswith("#"):
        state.edit("text", lexed.end, stop, "dropped", "text after a flow collection")
    return last


def _as_plain(root: Node) -> None:
    """Bare words of a flow collection are plain scalars of YAML."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.kind == "b":
            node.kind = "y"
        elif node.kind == "{":
            waiting += [value for _, value in node.value]
        elif node.kind == "[":
            waiting += node.value
