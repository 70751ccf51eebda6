"""The open mappings and sequences: opening and closing them, and putting values into them."""

from __future__ import annotations

from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing.tree import Node, Token
from structgen.repairing.yaml.state import Level, YamlState


def put(state: YamlState, node: Node) -> None:
    """Put a value where one is awaited."""
    if not state.levels:
        state.root = node
        return
    level = state.levels[-1]
    _add(level, node)
    level.node.end = max(level.node.end, node.end)


def _add(level: Level, node: Node) -> None:
    if level.is_mapping:
        assert level.pending is not None
        level.node.value.append((level.pending, node))
        level.names.add(level.pending[3])
    else:
        level.node.value.append(node)
    level.pending = None


def open_level(state: YamlState, kind: str, indent: int, start: int) -> Level:
    """Open a mapping or a sequence where a value is awaited."""
    view = state.view_here
    node = Node(kind, start, start, [])
    put(state, node)
    level = Level(node, indent, view)
    state.levels.append(level)
    return level


def wait_for(level: Level, pending: Token, indent: int) -> None:
    """Note a key, or the dash of an item, whose value comes next."""
    level.pending, level.pending_indent = pending, indent


def pop_to(state: YamlState, count: int) -> None:
    """Close the levels after the first `count`."""
    while len(state.levels) > count:
        settle(state, state.levels.pop())


def settle(state: YamlState, level: Level) -> None:
    """Give a key or a dash whose value never came its value: null, as YAML says."""
    if level.pending is not None:
        _add(level, _nothing(state, level.pending[2], level.inner_view))


def _nothing(state: YamlState, start: int, view: SchemaView | None) -> Node:
    """The value after a key or a dash that has none: null, as YAML says.

    But where the schema wants text: what looks like a comment, or two spaces and more, of which one is the text.
    """
    if view is not None and "string" in view.types and not view.is_open:
        rest = state.rest_of_line(start)
        shown = rest.strip()
        is_wanted = "null" not in view.types
        if shown.startswith("#") and (is_wanted or not shown.strip("#")):
            start += rest.index("#")
            state.edit("quote", start, start + len(shown), "guessed", "a comment where the schema wants text")
            return Node("s", start, start + len(shown), shown)
        if is_wanted and not shown and len(rest) > 1:
            end = start + len(rest)
            state.edit("quote", start + 1, end, "guessed", "spaces where the schema wants text")
            return Node("s", start + 1, end, rest[1:])
    return Node("y", start, start, "")
