"""Changes of a hypothesis, each with its cost: a bracket that is missing, one that was surplus, a key without a value.

All change the hypothesis that they are given, and return it; the caller forks.
"""

from __future__ import annotations

from structgen.errors import LimitExceeded
from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing import costs
from structgen.repairing.bracket_search.hypothesis import (
    CLOSER_OF,
    IN_ROW,
    Hypothesis,
    OpenBracket,
    State,
    shown,
)
from structgen.repairing.bracket_search.source import Source
from structgen.repairing.tree import Token


def view_here(source: Source, h: Hypothesis) -> SchemaView | None:
    """Returns what the schema says of the value that comes next."""
    bracket = h.bracket
    if bracket is None:
        return source.view
    if bracket.view is None:
        return None
    if bracket.kind == "{":
        return _property_view(h, bracket.view)
    return bracket.view.item(h.count)


def _property_view(h: Hypothesis, view: SchemaView) -> SchemaView | None:
    return view.property(h.key[3]) if h.key is not None and isinstance(h.key[3], str) else None


def push(source: Source, h: Hypothesis, kind: str, view: SchemaView | None, start: int) -> None:
    """Open a bracket.

    Raises:
        LimitExceeded: Brackets nest too deeply.
    """
    bracket = OpenBracket(h, h.bracket, kind, view, h.count, source.indent(start))
    if bracket.depth > source.nesting:
        raise LimitExceeded("nesting", source.nesting, f"brackets nest deeper at offset {start}")
    h.bracket, h.count, h.state = bracket, 0, "first key" if kind == "{" else "first item"
    h.closed, h.key_column, h.first = None, None, None


def pop(h: Hypothesis) -> None:
    """Close the innermost bracket."""
    bracket = h.bracket
    assert bracket is not None
    h.closed, h.inner, h.inner_first, h.last = bracket, h.count, h.first, bracket.kind
    h.bracket, h.count = bracket.parent, bracket.count + 1
    if bracket.parent is None:
        h.state = "done"
    else:
        h.state = "after member" if bracket.parent.kind == "{" else "after item"
    h.key_column, h.first, h.key = bracket.key_column, bracket.first, bracket.key


def open_missing(source: Source, h: Hypothesis, kind: str, at: int) -> Hypothesis:
    """Open a bracket that the text does not have."""
    view = view_here(source, h)
    h.edit(costs.OPENING_MISSING, "bracket", at, at, "guessed", f'"{kind}" is missing')
    h.note("open", (kind, at))
    push(source, h, kind, view, at)
    return h


def close_missing(h: Hypothesis, at: int, state: State | None) -> Hypothesis:
    """Close the innermost bracket, which the text does not. `state`: what comes next, if the parent is what it names.

    With a state of a key or an item a comma was read already; the kind of the parent decides between the two.
    """
    bracket = h.bracket
    assert bracket is not None
    if h.state in ("colon", "member"):
        drop_key(h)
    parent = bracket.parent
    is_unsure = h.last == bracket.kind or (parent is not None and parent.kind == bracket.kind and h.count > 1)
    reason = f'"{CLOSER_OF[bracket.kind]}" is missing'
    h.edit(costs.CLOSING_MISSING, "bracket", at, at, "guessed" if is_unsure else "lossless", reason)
    if h.state in ("key", "item") and state is None:
        drop_trailing_comma(h, at)
    pop(h)
    if state is not None and h.state != "done":
        is_object = h.bracket is not None and h.bracket.kind == "{"
        if state in ("key", "item"):
            h.state = "key" if is_object else "item"
        else:
            h.state = "after member" if is_object else "after item"
    h.note("close", at)
    h.closed = None
    return h


def take_back_closer(h: Hypothesis, at: int, state: State | None) -> Hypothesis:
    """Open the container again that was closed last: its closing bracket was surplus."""
    bracket = h.closed
    assert bracket is not None
    reason = f'the "{CLOSER_OF[bracket.kind]}" before this was surplus'
    h.edit(costs.SURPLUS, "bracket", at, at, "guessed", reason)
    h.note("reopen")
    h.bracket = bracket
    h.count, h.first, h.key_column = h.inner, h.inner_first, None
    h.state = state or ("after member" if bracket.kind == "{" else "after item")
    h.closed = None
    return h


def wrap_in_array(source: Source, h: Hypothesis, at: int) -> Hypothesis:
    """Make the last value the first item of an array whose opening bracket is missing."""
    bracket, view = h.bracket, None
    if bracket is None:
        view = source.view
    elif bracket.view is not None and bracket.kind == "{":
        view = _property_view(h, bracket.view)
    h.edit(costs.OPENING_MISSING, "bracket", at, at, "guessed", '"[" is missing before the last value')
    if view is not None and "array" not in view.types:
        h.cost += costs.MISFIT
    h.note("wrap")
    h.bracket = OpenBracket(h, bracket, "[", view, h.count - 1, IN_ROW if bracket is None else None)
    h.count, h.state, h.closed = 1, "item", None
    return h


def as_array(h: Hypothesis, at: int) -> Hypothesis:
    """Read the open object, which has no keys, as an array: a set of Python, or `[` was meant."""
    bracket = h.bracket
    assert bracket is not None
    reason = "an object without keys is read as an array"
    h.edit(costs.SUBSTITUTED, "bracket", at, at, "guessed", reason)
    h.note("array")
    h.bracket = OpenBracket(h, bracket.parent, "[", bracket.view, bracket.count, bracket.column)
    h.state = "first item"
    return h


def drop_key(h: Hypothesis) -> Hypothesis:
    """Drop the key whose value comes next."""
    assert h.key is not None
    lose(h, h.key)
    h.state = "after member"
    return h


def lose(h: Hypothesis, key: Token) -> Hypothesis:
    """Note that a key is dropped."""
    reason = f"the key {shown(key)} has no value"
    return h.edit(costs.KEY_LOST, "key", key[1], key[2], "dropped", reason)


def drop_trailing_comma(h: Hypothesis, at: int) -> Hypothesis:
    """Note a comma before a closing bracket."""
    return h.edit(costs.TRAILING_COMMA, "comma", at, at, "lossless", "a comma before a closing bracket")


def drop_bracket(h: Hypothesis, token: Token, cost: float = costs.SURPLUS) -> Hypothesis:
    """Note a surplus bracket."""
    return h.edit(cost, "bracket", token[1], token[2], "guessed", f'a surplus "{token[0]}"')


def after_value(source: Source, h: Hypothesis, token: Token, done: list[Hypothesis]) -> list[Hypothesis]:
    """Take a token after a value that seemed complete."""
    ways = []
    if h.closed is not None:
        ways.append(take_back_closer(h.fork(), token[1], None))
    if token[0] in ",{[":
        wrapped = wrap_in_array(source, h.fork(), token[1])
        wrapped.state = "after item"
        ways.append(wrapped)
    h.edit(costs.TOKEN_LOST, "text", token[1], token[2], "dropped", "text after the end of the value")
    done.append(h)
    return ways
