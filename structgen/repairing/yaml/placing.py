"""The level to which a line belongs: by its indentation the nearest, or by its name, if one level declares it."""

from __future__ import annotations

from dataclasses import dataclass

from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing import costs
from structgen.repairing.edits import Grade
from structgen.repairing.tree import Node, Token
from structgen.repairing.yaml.levels import open_level, pop_to, settle, wait_for
from structgen.repairing.yaml.state import Level, YamlState

_TYPES = {"[": "array", "{": "object"}
_CONTAINERS = frozenset(_TYPES.values())


@dataclass(frozen=True, slots=True)
class Ahead:
    """What follows a key or a dash.

    Attributes:
        kinds: the types that it may have as a scalar; none if nothing stands in its line.
        child: how far the lines below are indented, if they may be its value: an item may stand as far left as the
            key, so it counts one more. After a dash: how far its second property is indented.
        container: the type of those lines, if they are its value.
        below: how far the next line is indented, if it can't be its value.
        is_item: True if that line is an item.
        property: the key of the first of the lines below, if they may be its value.
    """

    kinds: frozenset[str]
    child: int
    container: str = ""
    below: int = -1
    is_item: bool = False
    member: str | None = None


# Items


def place_item(state: YamlState, indent: int, start: int, ahead: Ahead, *, opened: bool) -> bool:
    """Find or open the sequence of an item; returns False if it belongs to none.

    Args:
        state: what was read so far.
        indent: how far the dash is indented.
        start: where it stands.
        ahead: what follows it.
        opened: True if a key or a dash stands before it in its line.
    """
    state.set_text(None)
    dash: Token = ("s", start, start + 1, None)
    if state.levels and not opened:
        if state.levels[-1].pending is None or _is_of_sequence(state.levels[-1], indent):
            _close_to_sequence(state, indent, ahead)
        level = state.levels[-1]
        if level.pending is None:
            return _continue(state, level, indent, dash)
    elif not state.levels and state.root is not None:
        return False
    wait_for(open_level(state, "[", indent, start), dash, indent)
    return True


def _is_of_sequence(level: Level, indent: int) -> bool:
    return not level.is_mapping and indent <= level.indent


def _close_to_sequence(state: YamlState, indent: int, ahead: Ahead) -> None:
    """Close levels until one is the innermost that takes the item."""
    levels = state.levels
    nearest = _nearest_sequence(state, indent, ahead)
    for level in reversed(levels):
        if level is nearest or _takes_item(level, indent):
            pop_to(state, level.position + 1)
            break
    else:
        if levels.sequences:
            pop_to(state, levels.sequences[0] + 1)
    if not levels[-1].is_mapping:
        settle(state, levels[-1])  # a dash without a value


def _takes_item(level: Level, indent: int) -> bool:
    if level.is_mapping:
        return level.pending is not None and level.pending_indent <= indent
    return level.indent <= indent


def _continue(state: YamlState, level: Level, indent: int, dash: Token) -> bool:
    """The next item of the innermost level, or of a sequence around it."""
    start = dash[1]
    if not level.is_mapping:
        if level.indent != indent:
            reason = "an item at another indentation than those before it"
            state.edit("indentation", start, start, "lossless", reason)
        wait_for(level, dash, indent)
        return True
    if not state.levels.sequences:
        return _make_sequence(state, level, indent, dash)
    pop_to(state, state.levels.sequences[-1] + 1)
    settle(state, state.levels[-1])
    wait_for(state.levels[-1], dash, indent)
    state.edit("indentation", start, start, "guessed", "an item at an indentation that no sequence has")
    return True


def _make_sequence(state: YamlState, level: Level, indent: int, dash: Token) -> bool:
    """Make the last value of a mapping the first item of a sequence, if it may be one."""
    key, first = level.node.value[-1]
    view = None if level.view is None else level.view.property(key[3])
    if first.kind in "{[" or not first.value or (view is not None and "array" not in view.types):
        return False
    node = Node("[", first.start, first.end, [first])
    level.node.value[-1] = (key, node)
    state.levels.append(Level(node, indent, view, dash, indent))
    state.edit("bracket", dash[1], dash[2], "guessed", f"the value of {key[3]!r} is an item, too")
    return True


def _nearest_sequence(state: YamlState, indent: int, ahead: Ahead) -> Level | None:
    """The open sequence whose items are most like this one; of equals the inner."""
    sequences = [level for level in state.levels.near(indent) if not level.is_mapping]
    return min(sequences, key=lambda level: _against_sequence(level, indent, ahead), default=None)


def _against_sequence(level: Level, indent: int, ahead: Ahead) -> float:
    """What speaks against an item in a sequence: its indentation, its type, and the items before it."""
    drift = abs(level.indent - indent)
    if not drift:
        return 0
    view = level.inner_view
    is_misfit = view is not None and not ahead.kinds & view.types
    cost = drift + costs.TYPE_MISFIT * is_misfit
    if level.node.value:
        before = _TYPES.get(level.node.value[-1].kind, "")
        cost += costs.UNLIKE * (before not in (ahead.kinds & _CONTAINERS or ("",)))
    is_next_member = ahead.child in (0, level.indent + 2)
    return cost + costs.UNLIKE * (not is_next_member)


# Properties


def place_member(state: YamlState, key: Token, indent: int, ahead: Ahead, *, opened: bool) -> Level:
    """Find or open the mapping of a property: where least speaks against it; of equals the inner.

    Args:
        state: what was read so far.
        key: the key.
        indent: how far it is indented.
        ahead: what follows it.
        opened: True if a key or a dash stands before it in its line.
    """
    if not state.levels or opened:
        return open_level(state, "{", indent, key[1])
    best, innermost = None, state.levels[-1]
    least = (
        float("inf") if innermost.pending is None else _against_new(state, innermost, key[3], indent, ahead)
    )
    for level in state.levels.near(indent):
        if level.is_mapping:
            cost = _against_level(state, level, key[3], indent, ahead)
            if cost < least:
                best, least = level, cost
    if best is not None:
        return _back_to(state, best, key, indent)
    if indent <= innermost.pending_indent:
        grade: Grade = "lossless" if state.owners(key[3]) == 1 else "guessed"
        state.edit("indentation", key[1], key[1], grade, f"{key[3]!r} belongs to the member before it")
    return open_level(state, "{", indent, key[1])


def _back_to(state: YamlState, level: Level, key: Token, indent: int) -> Level:
    """Close the levels inside the one to which a property belongs."""
    if level.indent != indent:
        is_sure = level.view is not None and level.view.declares(key[3]) and state.owners(key[3]) == 1
        reason = f"{key[3]!r} is read as a member of the object that has it"
        state.edit("indentation", key[1], key[1], "lossless" if is_sure else "guessed", reason)
        if len(level.node.value) == 1 and abs(level.indent - indent) == 1:
            level.drifted = indent
    pop_to(state, level.position + 1)
    settle(state, level)
    return level


def _against_new(state: YamlState, innermost: Level, name: str, indent: int, ahead: Ahead) -> float:
    """What speaks against a new mapping as the value that is awaited."""
    view, above = state.view_here, innermost.pending_indent
    cost = 0 if indent > above else costs.UNINDENTED + above - indent
    cost += _against_member(view, name, above + 1, ahead)
    if view is not None and "object" not in view.types:
        cost += costs.TYPE_MISFIT
    return cost


def _against_level(state: YamlState, level: Level, name: str, indent: int, ahead: Ahead) -> float:
    """What speaks against a property in an open mapping."""
    innermost = state.levels[-1]
    cost = _against_indent(level, indent) + _against_member(level.view, name, level.indent, ahead)
    if name in level.names:
        cost += costs.AGAIN if level.indent != indent else costs.AGAIN / 2  # repeated, or drifted by a space
    if innermost.pending is not None:
        cost += _against_nothing(state, innermost, indent)
    if not ahead.kinds and ahead.container == "object" and ahead.child - level.indent != _usual_step(state):
        cost += costs.UNUSUAL_STEP
    if ahead.below >= 0 and _closes(state, level, ahead.below, is_item=ahead.is_item):
        cost += costs.TYPE_MISFIT
    return cost


def _against_indent(level: Level, indent: int) -> float:
    """Evidence from indentation that a line is not of this mapping. A lone property may itself have drifted."""
    drift = abs(level.indent - indent)
    if level.drifted is not None:  # either of the two may be the right one
        other = abs(level.drifted - indent)
        drift = min(drift, other) if 0 in (drift, other) else max(drift, other)
    if drift < 2:  # what stands at the margin has not drifted
        return drift * (costs.DRIFT if len(level.node.value) > 1 or not level.indent else costs.DRIFT / 2)
    return costs.FAR + costs.FARTHER * (drift - 2)


def _against_member(view: SchemaView | None, name: str, indent: int, ahead: Ahead) -> float:
    """What the schema says against a property of this name and value in a mapping at this indentation."""
    has_child = ahead.child > indent
    cost = costs.CHILDLESS if not ahead.kinds and not has_child else 0.0
    if view is None:
        return cost
    if view.is_open:
        return cost + costs.UNNAMED
    inner = view.property(name)
    if ahead.member is not None and inner.properties and not inner.declares(ahead.member):
        cost += costs.STRANGER
    types = ahead.kinds or ({ahead.container} if has_child else inner.types)
    if not inner.types & types:
        cost += costs.TYPE_MISFIT
    return cost + _against_name(view, name)


def _against_name(view: SchemaView, name: str) -> float:
    if name in view.properties:
        return 0.0
    if view.declares(name):
        return costs.BY_PATTERN
    if view.is_closed:
        return costs.CLOSED
    return costs.PROPERTY_UNDECLARED if view.properties else costs.UNNAMED


def _against_nothing(state: YamlState, level: Level, indent: int) -> float:
    """What speaks against it that the value that is awaited never comes."""
    view = state.view_here
    if view is not None and "null" not in view.types:
        return costs.TYPE_MISFIT
    return 0 if indent <= level.pending_indent else costs.VALUE_NEVER_CAME


def _usual_step(state: YamlState) -> int:
    """By how much properties are indented more than the key above them, at the first place in the text."""
    margins = sorted({level.indent for level in state.levels[:16] if level.is_mapping})
    return margins[1] - margins[0] if len(margins) > 1 else 2


def _closes(state: YamlState, level: Level, indent: int, *, is_item: bool) -> bool:
    """Returns True if going back to a level closes one to which the next line belongs by its indentation."""
    return any(
        known.is_mapping != is_item and known.position > level.position for known in state.levels.at(indent)
    )
