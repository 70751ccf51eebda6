"""The strict parser of YAML (ruamel.yaml, YAML 1.2), if installed: its nodes as ours, scalars as they are spelled."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from structgen.repairing import scalars
from structgen.repairing.tree import Node

_NODES = 2_000_000
"""Nodes that anchors and aliases may expand to."""


def is_installed() -> bool:
    """Whether there is a strict parser."""
    return find_spec("ruamel") is not None and find_spec("ruamel.yaml") is not None


def strictly(text: str, offset: int = 0) -> Node | None:
    """The tree that the strict parser sees; None if it refuses the text, or is not installed."""
    try:
        import ruamel.yaml
        from ruamel.yaml.error import YAMLError
    except ImportError:
        return None
    reader = ruamel.yaml.YAML(typ="safe", pure=True)
    reader.composer.warn_double_anchors = False  # an anchor may be given anew (YAML 1.2.2, 7.1)
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
    """Our nodes of the parser's. Aliases are expanded, merge keys carried out."""
    budget = [_NODES]

    def of(node: Any, above: frozenset[int]) -> Node:
        budget[0] -= 1
        if budget[0] < 0 or id(node) in above:
            raise ValueError("aliases expand without end")
        start, end = offset + node.start_mark.index, offset + node.end_mark.index
        if node.id == "scalar":
            if node.style in ("'", '"') and text.startswith("#", node.end_mark.index):
                raise ValueError("what begins right behind a quote is no comment (YAML 1.2.2, 6.6)")
            plain = node.style is None
            kind = node.tag.rpartition(":")[2]
            if plain and kind == "str" and not isinstance(scalars.of_yaml(node.value), str):
                plain = False  # !!str 5
            elif not plain and kind in ("int", "float", "bool", "null"):
                plain = True  # !!int "5"
            return Node("y" if plain else "s", start, end, node.value)
        above = above | {id(node)}
        if node.id == "sequence":
            return Node("[", start, end, [of(item, above) for item in node.value])
        members: list[Any] = []
        names: set[Any] = set()
        merged_names: set[Any] = set()
        for key, value in node.value:
            if key.id != "scalar":
                raise ValueError("a key that is no scalar")
            if key.value == "<<" and key.style is None:
                merged = [value] if value.id == "mapping" else value.value
                for source in merged:
                    more = [pair for pair in of(source, above).value if pair[0][3] not in names]
                    merged_names.update(pair[0][3] for pair in more)
                    names |= merged_names
                    members += more
                continue
            token = ("s", offset + key.start_mark.index, offset + key.end_mark.index, key.value)
            if key.value in merged_names:
                merged_names.discard(key.value)
                members = [pair for pair in members if pair[0][3] != key.value]
            names.add(key.value)
            members.append((token, of(value, above)))
        return Node("{", start, end, members)

    return of(root, frozenset())
