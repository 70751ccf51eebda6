"""Strict YAML: the nodes of the parsers (parsers.py) as ours, scalars as they are spelled."""

from __future__ import annotations

from typing import Any

from structgen.repairing import scalars
from structgen.repairing.tree import Node, Token
from structgen.repairing.yaml.parsers import PLAIN, TEXT, Composed, composed

_MERGE = "tag:yaml.org,2002:merge"
_ALIASED = 10_000
"""How many nodes aliases may add. Nested ones (a "billion laughs") would multiply the size of the text."""


def strictly(text: str, offset: int = 0) -> Node | None:
    """Returns the tree that a strict parser sees; None if all refuse the text, or none is installed.

    Args:
        text: the text.
        offset: where it begins in the whole text; the places of the tree are those in the whole.
    """
    found = composed(text)
    if found is None:
        return None
    documents = [document for document in found.documents if document is not None]
    try:
        return (
            _Expansion(text, offset, found).node(documents[0], frozenset()) if len(documents) == 1 else None
        )
    except (ValueError, RecursionError):
        return None


class _Expansion:
    """Makes our nodes of the parser's. Aliases are expanded, merge keys are carried out.

    All methods raise ValueError for what JSON does not have, and for aliases that expand too far.
    """

    def __init__(self, text: str, offset: int, found: Composed) -> None:
        self._text = text
        self._found = found
        self._offset = offset
        self._seen: set[int] = set()
        self._aliased = 0

    def node(self, node: Any, above: frozenset[int]) -> Node:
        """Returns our node. `above`: the ids of the containers around it."""
        self._count(node, above)
        if node.id == "scalar":
            return self._scalar(node)
        above = above | {id(node)}
        start, end = self._span(node)
        if node.id == "sequence":
            return Node("[", start, end, [self.node(item, above) for item in node.value])
        return Node("{", start, end, self._members(node, above))

    def _count(self, node: Any, above: frozenset[int]) -> None:
        if id(node) not in self._seen:
            self._seen.add(id(node))
            return
        self._aliased += 1
        if self._aliased > _ALIASED or id(node) in above:
            raise ValueError("aliases expand too far, or without end")

    def _span(self, node: Any) -> tuple[int, int]:
        place = self._found.place
        return self._offset + place(node.start_mark.index), self._offset + place(node.end_mark.index)

    def _scalar(self, node: Any) -> Node:
        if node.style in ("'", '"') and self._text.startswith("#", self._found.place(node.end_mark.index)):
            raise ValueError("what begins right after a quote is no comment (YAML 1.2.2, 6.6)")
        is_plain = not node.style and node.value[:1] != TEXT
        kind = node.tag.rpartition(":")[2]
        if is_plain and kind == "str" and not isinstance(scalars.of_yaml(node.value), str):
            is_plain = False  # !!str 5
        elif not is_plain and kind in ("int", "float", "bool", "null"):
            is_plain = True  # !!int "5"
        return Node("y" if is_plain else "s", *self._span(node), self._found.restored(node.value))

    def _members(self, node: Any, above: frozenset[int]) -> list[tuple[Token, Node]]:
        """The properties of a mapping, in order. Own ones replace merged ones."""
        members: list[tuple[Token, Node] | None] = []
        names: set[Any] = set()
        merged: dict[Any, list[int]] = {}
        for key, value in node.value:
            if key.id != "scalar":
                raise ValueError("a key that is no scalar")
            if key.value == "<<" and not key.style and key.tag in (PLAIN, _MERGE):
                for source in [value] if value.id == "mapping" else value.value:
                    more = [pair for pair in self.node(source, above).value if pair[0][3] not in names]
                    for number, (token, _) in enumerate(more, len(members)):
                        merged.setdefault(token[3], []).append(number)
                    names.update(merged)
                    members += more
                continue
            name = self._found.restored(key.value)
            for number in merged.pop(name, ()):
                members[number] = None
            names.add(name)
            members.append((("s", *self._span(key), name), self.node(value, above)))
        return [pair for pair in members if pair is not None]
