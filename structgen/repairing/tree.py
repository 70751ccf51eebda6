"""Trees: what a text was read as, with the place of everything; made of the events of a reading. Knows no schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from structgen.repairing.edits import Edit
from structgen.repairing.tokens import Token


class Node:
    """A value in the text.

    Its kind is `{`, `[` or that of a token; `y` is a plain scalar of YAML. Its value: (key token, node) pairs, nodes,
    or what the token has. A node of kind `r` stands for several items of the array that it is in.
    """

    __slots__ = ("end", "kind", "start", "value")

    def __init__(self, kind: str, start: int, end: int, value: Any) -> None:
        self.kind, self.start, self.end, self.value = kind, start, end, value


@dataclass(slots=True)
class Tree:
    """What the tokens mean.

    Attributes:
        node: the value; None if there is none.
        edits: what had to be changed.
        cost: what that costs.
        rival: the edits of another reading of the same cost, if there is one.
        others: dearer readings, the cheapest first.
        cut: whether the text ends before all brackets are closed.
    """

    node: Node | None
    edits: list[Edit] = field(default_factory=list)
    cost: float = 0.0
    rival: list[Edit] | None = None
    others: list[Tree] = field(default_factory=list)
    cut: bool = False


def build(events: Any, cost: float) -> Tree:
    """The tree that a reading has made, from its linked events, the last of them first."""
    chain = []
    link = events
    while link is not None:
        chain.append(link)
        link = link[0]
    tree = Tree(None, cost=cost)
    stack: list[tuple[Node, Any]] = []
    current: Node | None = None  # the open container
    key: Token | None = None
    top: Node | None = None
    for _, what, data in reversed(chain):
        if what == "value" or what == "open":
            node = (
                Node(data[0], data[1], data[2], data[3])
                if what == "value"
                else Node(data[0], data[1], data[1], [])
            )
            if node.kind == "r" and (current is None or current.kind == "{"):
                node.kind = "v"
            if current is None:
                if top is None:
                    top = node
            elif current.kind == "{":
                current.value.append((key, node))
            else:
                current.value.append(node)
            if what == "open":
                stack.append((node, key))
                current = node
        elif what == "key":
            key = data
        elif what == "close":
            node, key = stack.pop()
            node.end = data
            current = stack[-1][0] if stack else None
        elif what == "edit":
            tree.edits.append(Edit(*data))
        elif what == "array":
            assert current is not None
            current.kind = "["
        elif what == "wrap" or what == "reopen":
            last = (current.value[-1][1] if current.kind == "{" else current.value[-1]) if current else top
            assert last is not None
            if what == "wrap":
                node = Node("[", last.start, last.end, [last])
                if current is None:
                    top = node
                elif current.kind == "{":
                    current.value[-1] = (current.value[-1][0], node)
                else:
                    current.value[-1] = node
                last = node
            stack.append((last, key))
            current = last
        elif what == "cut":
            tree.cut = True
    tree.node = top
    return tree


def same(left: Node | None, right: Node | None) -> bool:
    """Whether two trees are the same."""
    waiting: list[tuple[Any, Any]] = [(left, right)]
    while waiting:
        a, b = waiting.pop()
        if a is None or b is None:
            if a is not b:
                return False
            continue
        if a.kind != b.kind:
            return False
        if a.kind in "{[":
            if len(a.value) != len(b.value):
                return False
            for x, y in zip(a.value, b.value, strict=True):
                if a.kind == "{":
                    if x[0][3] != y[0][3]:
                        return False
                    x, y = x[1], y[1]
                waiting.append((x, y))
        elif (a.start, a.end) != (b.start, b.end):
            return False
    return True
