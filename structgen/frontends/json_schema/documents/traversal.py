"""Walks through a schema document: the places where schemas stand, and JSON Pointers to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from structgen.frontends.json_schema.documents.identity import IdentityMap
from structgen.frontends.json_schema.documents.keywords import HOLDING_LISTS, HOLDING_MAPS, HOLDING_ONE

_HOLDING = HOLDING_ONE | HOLDING_LISTS | HOLDING_MAPS

_DOCUMENT = 10**9
"""Added to the order of places for each further document."""


def escape(step: str | int) -> str:
    """One step of a JSON Pointer in a URI fragment (RFC 6901, sections 3 and 6)."""
    return str(step).replace("~", "~0").replace("/", "~1").replace("%", "%25")


def schemas_in(node: dict[str, Any]) -> Iterator[tuple[str, tuple[str | int, ...], Any]]:
    """Yields the schemas in the keywords of a schema: the keyword, the steps from there, and the schema."""
    for keyword, value in node.items():
        if keyword in HOLDING_LISTS and isinstance(value, list):
            yield from ((keyword, (index,), one) for index, one in enumerate(value))
        elif keyword in HOLDING_MAPS and isinstance(value, dict):
            yield from ((keyword, (name,), one) for name, one in value.items())
        elif keyword in HOLDING_ONE:
            yield keyword, (), value


def subschemas(root: object) -> Iterator[dict[str, Any]]:
    """Yields every schema object in a schema, itself included, in no particular order."""
    stack = [root]
    while stack:
        node = stack.pop()
        if not isinstance(node, dict):
            continue
        yield node
        for keyword, value in node.items():
            if isinstance(value, dict):
                if keyword in HOLDING_ONE:
                    stack.append(value)
                elif keyword in _HOLDING:
                    stack += value.values()
            elif isinstance(value, list) and keyword in HOLDING_LISTS:
                stack += value


def children(root: object) -> Iterator[tuple[Any, ...]]:
    """Yields every place for a schema inside a schema: its parent, the steps from there, and what is there."""
    stack: list[object] = [root]
    while stack:
        node = stack.pop()
        if not isinstance(node, dict):
            continue
        found = [(node, keyword, *steps, child) for keyword, steps, child in schemas_in(node)]
        yield from found
        stack.extend(place[-1] for place in reversed(found))


def find_pointers(
    documents: Iterable[tuple[str, object]], wanted: Iterable[object]
) -> IdentityMap[tuple[int, str]]:
    """Where some objects stand in documents: their position in the order of reading, and their JSON Pointer.

    Args:
        documents: each with its address.
        wanted: the objects; those that are neither dict nor list have no identity and are not found.
    """
    missing: IdentityMap[bool] = IdentityMap()
    for one in wanted:
        if isinstance(one, (dict, list)):
            missing[one] = True
    found: IdentityMap[tuple[int, str]] = IdentityMap()
    for number, (address, document) in enumerate(documents):
        for order, (node, link) in enumerate(_parts(document), 1):
            if node in missing and node not in found:
                found[node] = order + number * _DOCUMENT, f"{address}#{_path(link)}"
    return found


_Link = tuple[Any, Any]
"""A step and the link before it; None at the root."""


def _parts(root: object) -> Iterator[tuple[object, _Link | None]]:
    """Yields every dict and list in a document once, in order, with the way to it."""
    stack: list[tuple[object, _Link | None]] = [(root, None)]
    seen: IdentityMap[bool] = IdentityMap()
    while stack:
        node, link = stack.pop()
        if not isinstance(node, (dict, list)) or node in seen:
            continue
        seen[node] = True
        yield node, link
        items = list(node.items() if isinstance(node, dict) else enumerate(node))
        stack.extend([(value, (link, step)) for step, value in reversed(items)])


def _path(link: _Link | None) -> str:
    steps: list[str] = []
    while link is not None:
        link, step = link
        steps.append("/" + escape(step))
    return "".join(reversed(steps))
