"""Trees: how a text was understood, with the place of every value. Data; knows no schema.

A token is (kind, start, end, value). Kinds are the six structural characters of JSON and

    s   a quoted string; its value is the decoded text
    b   a bare word, number or literal; its value is the text as it stands
    v   a whole container; its value is a value
    r   several items of an array, with the commas between them; its value is a list of values
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from structgen.repairing.edits import Edit
from structgen.repairing.scalars import MISSING, strict

Token = tuple[str, int, int, Any]


class Node:
    """A value in the text.

    Its kind is `{`, `[` or that of a token; `y` is a plain scalar of YAML. Its value: (key token, node) pairs, nodes,
    or the value of the token. A node of kind `r` stands for several items of the array that contains it.
    """

    __slots__ = ("end", "kind", "start", "value")

    def __init__(self, kind: str, start: int, end: int, value: Any) -> None:
        self.kind, self.start, self.end, self.value = kind, start, end, value


@dataclass(slots=True)
class Tree:
    """What the tokens mean.

    Attributes:
        node: the value; None if there is none.
        edits: the changes of brackets, commas and colons.
        cost: the cost of these changes.
        rival: the edits of another tree of the same cost, if there is one.
        others: trees that cost more, the cheapest first.
        cut: True if the text ends before all brackets are closed.
    """

    node: Node | None
    edits: list[Edit] = field(default_factory=list)
    cost: float = 0.0
    rival: list[Edit] | None = None
    others: list[Tree] = field(default_factory=list)
    cut: bool = False


def same(left: Node | None, right: Node | None) -> bool:
    """Returns True if two trees have the same structure over the same places of the text."""
    waiting: list[tuple[Node, Node]] = []
    if left is None or right is None:
        return left is right
    waiting.append((left, right))
    while waiting:
        a, b = waiting.pop()
        if _shape_of(a) != _shape_of(b):
            return False
        if a.kind == "[":
            waiting += zip(a.value, b.value, strict=True)
        elif a.kind == "{":
            waiting += [(x[1], y[1]) for x, y in zip(a.value, b.value, strict=True)]
    return True


def _shape_of(node: Node) -> tuple[Any, ...]:
    """What must be equal in two nodes that are the same, apart from what is in them."""
    if node.kind == "{":
        return "{", [key[3] for key, _ in node.value]
    return (node.kind, len(node.value)) if node.kind == "[" else (node.kind, node.start, node.end)


def well_formed_words(node: Node) -> int:
    """Returns how many keys and scalars of a tree are written as in JSON: in quotes, numbers and literals."""
    count, waiting = 0, [node]
    while waiting:
        current = waiting.pop()
        if current.kind == "{":
            count += sum(key[0] == "s" for key, _ in current.value)
            waiting += [inner for _, inner in current.value]
        elif current.kind == "[":
            waiting += current.value
        elif current.kind in "vr":
            count += max(1, len(current.value))
        else:
            count += current.kind == "s" or strict(current.value) is not MISSING
    return count


def scalar_spans(node: Node) -> list[tuple[int, int]]:
    """Returns where the keys and scalars of a tree stand."""
    spans, waiting = [], [node]
    while waiting:
        current = waiting.pop()
        if current.kind == "{":
            spans += [(key[1], key[2]) for key, _ in current.value]
            waiting += [inner for _, inner in current.value]
        elif current.kind == "[":
            waiting += current.value
        else:
            spans.append((current.start, current.end))
    return spans


def from_value(node: Node) -> Node:
    """Returns a tree of the value of a node, one level deep; all of it has the span of the node."""
    value, start, end = node.value, node.start, node.end
    if isinstance(value, dict):
        members = [(("s", start, end, key), _leaf(inner, start, end)) for key, inner in value.items()]
        return Node("{", start, end, members)
    if isinstance(value, list):
        return Node("[", start, end, [_leaf(inner, start, end) for inner in value])
    return _leaf(value, start, end)


def leaves(node: Node) -> list[Node]:
    """Returns the nodes of several items of an array."""
    return [_leaf(value, node.start, node.end) for value in node.value]


def _leaf(value: Any, start: int, end: int) -> Node:
    if isinstance(value, (dict, list)):
        return Node("v", start, end, value)
    if isinstance(value, str):
        return Node("s", start, end, value)
    return Node("b", start, end, json.dumps(value))
