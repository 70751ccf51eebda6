"""From the events of a hypothesis to the tree that it describes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from structgen.repairing.bracket_search.hypothesis import Event
from structgen.repairing.edits import Edit
from structgen.repairing.tree import Node, Token, Tree


def build(events: Event | None, cost: float) -> Tree:
    """Returns the tree that a chain of events describes, the last of them first."""
    chain = []
    while events is not None:
        chain.append(events)
        events = events[0]
    builder = _Builder(cost)
    steps: dict[str, Callable[[Any], None]] = {
        "value": builder.value,
        "open": builder.open,
        "key": builder.take_key,
        "close": builder.close,
        "edit": builder.edit,
        "array": builder.array,
        "wrap": builder.wrap,
        "reopen": builder.reopen,
        "cut": builder.cut,
    }
    for _, what, data in reversed(chain):
        steps[what](data)
    builder.tree.node = builder.top
    return builder.tree


class _Builder:
    """A tree under construction.

    Attributes:
        tree: what is known of it.
        top: its root.
        current: the open container.
        key: the key of the next value.
    """

    __slots__ = ("current", "key", "stack", "top", "tree")

    def __init__(self, cost: float) -> None:
        self.tree = Tree(None, cost=cost)
        self.top: Node | None = None
        self.current: Node | None = None
        self.key: Token | None = None
        self.stack: list[tuple[Node, Token | None]] = []

    def value(self, token: Token) -> None:
        """Add a scalar, or a whole container."""
        kind = token[0]
        if kind == "r" and (self.current is None or self.current.kind == "{"):
            kind = "v"
        self._add(Node(kind, token[1], token[2], token[3]))

    def open(self, bracket: tuple[str, int]) -> None:
        """Begin a container."""
        node = Node(bracket[0], bracket[1], bracket[1], [])
        self._add(node)
        self._enter(node)

    def _add(self, node: Node) -> None:
        if self.current is None:
            if self.top is None:
                self.top = node
        elif self.current.kind == "{":
            self.current.value.append((self.key, node))
        else:
            self.current.value.append(node)

    def _enter(self, node: Node) -> None:
        self.stack.append((node, self.key))
        self.current = node

    def take_key(self, key: Token) -> None:
        """Note the key of the next value."""
        self.key = key

    def close(self, end: int) -> None:
        """End the open container."""
        node, self.key = self.stack.pop()
        node.end = end
        self.current = self.stack[-1][0] if self.stack else None

    def edit(self, data: Any) -> None:
        """Note an edit."""
        self.tree.edits.append(Edit(*data))

    def array(self, _: object) -> None:
        """The open container is an array after all."""
        assert self.current is not None
        self.current.kind = "["

    def wrap(self, _: object) -> None:
        """Put the last value into an array, which is open then."""
        last = self._last()
        node = Node("[", last.start, last.end, [last])
        if self.current is None:
            self.top = node
        elif self.current.kind == "{":
            self.current.value[-1] = (self.current.value[-1][0], node)
        else:
            self.current.value[-1] = node
        self._enter(node)

    def reopen(self, _: object) -> None:
        """Go on with the last value, a container that was closed."""
        self._enter(self._last())

    def _last(self) -> Node:
        if self.current is None:
            assert self.top is not None
            return self.top
        last = self.current.value[-1]
        found: Node = last[1] if self.current.kind == "{" else last
        return found

    def cut(self, _: object) -> None:
        """The text ends before all brackets are closed."""
        self.tree.cut = True
