"""Values without a schema: as the text has them."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from structgen.repairing import costs, scalars
from structgen.repairing.edits import Edit, Grade
from structgen.repairing.scalars import MISSING
from structgen.repairing.tree import Node


class Log:
    """What was changed to make a value.

    Attributes:
        edits: the changes.
        cost: what they cost.
        doubtful: plain scalars of YAML that are something else if they have lost their quotes: numbers where text may
            stand, text with spaces at its end.
    """

    __slots__ = ("_places", "cost", "doubtful", "edits")

    def __init__(self) -> None:
        self.edits: list[Edit] = []
        self.cost = 0.0
        self.doubtful: list[Node] = []
        self._places: dict[int, tuple[Node, dict[Any, list[int]]]] = {}  # of repeated keys, by their object

    def edit(self, kind: str, node: Node, grade: Grade, reason: str, cost: float = costs.CHANGED) -> None:
        """Note a change."""
        self.edits.append(Edit(kind, node.start, node.end, grade, reason))
        self.cost += cost

    def earlier(self, node: Node, index: int) -> Node | None:
        """Returns the place of the property before this one that has the same key. Searches an object once."""
        known = self._places.get(id(node))
        if known is None or known[0] is not node:
            places: dict[Any, list[int]] = {}
            for number, (key, _) in enumerate(node.value):
                places.setdefault(key[3], []).append(number)
            known = self._places[id(node)] = (node, places)
        same = known[1].get(node.value[index][0][3], [])
        before = bisect_left(same, index) - 1
        if before < 0:
            return None
        key, member = node.value[same[before]]
        return Node("s", key[1], max(key[2], member.end), key[3])


def plain_value(log: Log, node: Node) -> Any:
    """Returns the value of a node. Without recursion: there is no schema to bound its depth."""
    if node.kind not in _EMPTY:
        return _scalar(log, node)
    top: Any = _EMPTY[node.kind]()
    stack: list[tuple[Node, Any, int]] = [(node, top, 0)]
    while stack:
        current, made, index = stack.pop()
        while index < len(current.value):
            key, part = current.value[index] if current.kind == "{" else (None, current.value[index])
            index += 1
            if part.kind == "r":
                made.extend(part.value)
                continue
            inner = _EMPTY[part.kind]() if part.kind in _EMPTY else _scalar(log, part)
            if key is None:
                made.append(inner)
            else:
                put(log, made, key[3], inner, Node("s", key[1], key[2], key[3]), current, index - 1)
            if part.kind in _EMPTY:
                stack += [(current, made, index), (part, inner, 0)]
                break
    return top


_EMPTY: dict[str, type[Any]] = {"{": dict, "[": list}
"""What a container is made of, by its kind."""


def _scalar(log: Log, node: Node) -> Any:
    if node.kind == "y":
        value = scalars.of_yaml(node.value.rstrip(" \t"))
        if node.value and (not isinstance(value, str) or value != node.value):
            log.doubtful.append(node)
        return value
    if node.kind != "b":
        return node.value
    value = scalars.strict(node.value)
    return _word(log, node) if value is MISSING else value


def _word(log: Log, node: Node) -> Any:
    """The value of a word that JSON does not have."""
    meant = scalars.bare(node.value)
    if meant is None:
        grade: Grade = "lossless" if node.value.isidentifier() else "guessed"
        log.edit("quote", node, grade, "text without quotes is a string")
        return node.value
    is_number = isinstance(meant[0], (int, float)) and not isinstance(meant[0], bool)
    log.edit("number" if is_number else "literal", node, meant[1], meant[2])
    return meant[0]


def put(log: Log, value: dict[str, Any], name: str, made: Any, place: Node, node: Node, index: int) -> None:
    """Put a property into an object; of several with the same key the last one counts.

    Args:
        log: notes what is lost.
        value: the object.
        name: the key.
        made: its value.
        place: where the key stands.
        node: the object in the text.
        index: the number of the property in it.
    """
    if name in value:
        is_same = _equal(value[name], made)
        reason = f"the key {name!r} comes again"
        lost = log.earlier(node, index) or place
        if is_same:
            log.edit("duplicate", lost, "lossless", reason)
        else:
            log.edit("duplicate", lost, "dropped", f"{reason}: the last value counts")
        del value[name]
    value[name] = made


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(a == b) and type(a) is type(b)
    except RecursionError:
        return False
