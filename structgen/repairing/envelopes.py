"""Envelopes: the value that is wanted inside an object or array that a protocol puts around it.

Tool calls (`{"name": ..., "arguments": {...}}`), answers of servers (`{"data": {...}, "status": "ok"}`). Where
the schema refuses the whole, no name is needed to see one: it says of what is inside that it is wanted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing.tree import Node, from_value

CARRIERS = frozenset(
    """
    arguments args parameters input action_input tool_input function function_call tool_calls tool_call
    data response result output answer payload json
    """.split()  # noqa: SIM905 - a list of 17 strings takes 17 lines
)
"""Properties in which protocols put what is wanted. Only in these a value is opened that is valid as it stands."""
_DEPTH = 5
"""How deep in its envelopes a value may stand."""
_MOST = 200
"""How many values are read."""


def wanted_names(view: SchemaView | None) -> set[str]:
    """The names that show that an object is what a schema wants: those required, else those declared."""
    return set() if view is None else set(view.required) or set(view.properties)


def holds_one(value: Any, view: SchemaView | None) -> bool:
    """Returns True if a valid object may be an envelope: protocols have such, and the schema names nothing in it."""
    if view is None or not isinstance(value, dict) or not value or CARRIERS.isdisjoint(value):
        return False
    if not view.properties or "object" not in view.types or any(map(view.declares, value)):
        return False
    return all(view.property(name).is_open for name in value)  # else the schema has properties of any name


def inside(
    node: Node, embedded: Callable[[str], Node | None], carriers: frozenset[str] | None = None
) -> Iterator[Node]:
    """Yields the objects inside a value, those outside first.

    Args:
        node: the value.
        embedded: reads an object that stands in a string.
        carriers: the properties in which to look; None: all.
    """
    waiting = deque([(node, 0)])
    for _ in range(_MOST):
        if not waiting:
            return
        current, depth = waiting.popleft()
        if depth and current.kind == "{":
            yield current
        if depth < _DEPTH:
            waiting += [(one, depth + 1) for one in _members(current, embedded, carriers)]


def _members(
    node: Node, embedded: Callable[[str], Node | None], carriers: frozenset[str] | None
) -> Iterator[Node]:
    node = from_value(node) if node.kind == "v" else node
    if node.kind not in ("{", "["):
        return
    members = (
        [value for key, value in node.value if carriers is None or key[3] in carriers]
        if node.kind == "{"
        else ()
    )
    for one in members or (node.value if node.kind == "[" else ()):
        opened = from_value(one) if one.kind == "v" else one
        if opened.kind == "s" and opened.value.lstrip()[:1] == "{":
            read = embedded(opened.value)
            if read is not None:
                read.start, read.end = opened.start, opened.end
                yield read
        elif opened.kind in ("{", "["):
            yield opened


def _names(node: Node) -> set[str]:
    return {key[3] for key, _ in node.value} if node.kind == "{" else set()


def fitting(
    node: Node,
    view: SchemaView,
    embedded: Callable[[str], Node | None],
    carriers: frozenset[str] | None = None,
) -> list[Node]:
    """Returns the objects inside a value that have all the properties that a schema wants, in the text's order.

    Without required properties all of an object's have to be declared. An object that has half as many declared
    properties as what is inside of it is no envelope: it is a damaged value, and that is a part of it.
    """
    wanted = wanted_names(view)
    outer = _names(from_value(node) if node.kind == "v" else node)
    found: list[Node] = []
    for one in inside(node, embedded, carriers) if wanted else ():
        names = _names(one)
        fits = wanted <= names if view.required else bool(names) and all(map(view.declares, names))
        if fits and 2 * sum(map(view.declares, outer)) <= sum(map(view.declares, names)):
            found.append(one)
    return found
