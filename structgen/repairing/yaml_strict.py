"""The strict parser of YAML (ruamel.yaml, YAML 1.2), if installed: its nodes as ours, scalars as they are spelled."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from structgen.repairing import scalars
from structgen.repairing.tree import Node

_NODES = 2_000_000
"""Nodes that anchors and aliases may expand to."""


def is_installed() -> bool:
    """Returns True if there is a strict parser."""
    return find_spec("ruamel") is not None and find_spec("ruamel.yaml") is not None


def strictly(text: str, offset: int = 0) -> Node | None:
    """The tree that the strict parser sees; None if it refuses the text, or is not installed."""
    try:
        import ruamel.yaml
        from ruamel.yaml.error import YAMLError
    except ImportError:
        return None
    reader = ruamel.yaml.YAML(typ="safe", pure=True)
    reader.composer.warn_double_anchors = False  # an anchor may be given again (YAML 1.2.2, 7.1)
    try:
        documents = list(reader.compose_all(text))
        documents = [document for document in documents if document is not None]
        if len(documents) != 1:
            return None
        return _tree(documents[0], text, offset)
    except (
        YAMLError,
        RecursionError,
        ValueError,
        OverflowError,
        AttributeError,
        IndexError,
        AssertionError,
        TypeError,
    ):
        return None


def _tree(root: Any, text: str, offset: int) -> Node:
    return _Tree(text, offset).node(root, frozenset())


class _Tree:
    """Makes our nodes of the parser's. Aliases are expanded, merge keys carried out."""

    def __init__(self, text: str, offset: int) -> None:
        self._text = text
        self._offset = offset
        self._nodes = 0

    def node(self, node: Any, above: frozenset[int]) -> Node:
        """The node for one of the parser's; `above` are those that it stands in.

        Raises:
            ValueError: An alias contains itself, or aliases expand to too much; or a key is no scalar.
        """
        self._nodes += 1
        if self._nodes > _NODES or id(node) in above:
            raise ValueError("aliases expand without end")
        if node.id == "scalar":
            return self._scalar(node)
        start, end = self._span(node)
        above = above | {id(node)}
        if node.id == "sequence":
            return Node("[", start, end, [self.node(item, above) for item in node.value])
        return Node("{", start, end, self._pairs(node, above))

    def _span(self, node: Any) -> tuple[int, int]:
        return self._offset + node.start_mark.index, self._offset + node.end_mark.index

    def _scalar(self, node: Any) -> Node:
        if node.style in ("'", '"') and self._text.startswith("#", node.end_mark.index):
            raise ValueError("what begins right after a quote is no comment (YAML 1.2.2, 6.6)")
        plain = node.style is None
        kind = node.tag.rpartition(":")[2]
        if plain and kind == "str" and not isinstance(scalars.of_yaml(node.value), str):
            plain = False  # !!str 5
        elif not plain and kind in ("int", "float", "bool", "null"):
            plain = True  # !!int "5"
        return Node("y" if plain else "s", *self._span(node), node.value)

    def _pairs(self, node: Any, above: frozenset[int]) -> list[Any]:
        """The pairs of a mapping, those of merge keys included; a key of its own replaces a merged one."""
        pairs: list[Any] = []
        names: set[Any] = set()
        merged: set[Any] = set()
        for key, value in node.value:
            if key.id != "scalar":
                raise ValueError("a key that is no scalar")
            if key.value == "<<" and key.style is None:
                for source in [value] if value.id == "mapping" else value.value:
                    more = [pair for pair in self.node(source, above).value if pair[0][3] not in names]
                    merged.update(pair[0][3] for pair in more)
                    names |= merged
                    pairs += more
                continue
            if key.value in merged:
                merged.discard(key.value)
                pairs = [pair for pair in pairs if pair[0][3] != key.value]
            names.add(key.value)
            pairs.append((("s", *self._span(key), key.value), self.node(value, above)))
        return pairs
