"""`unevaluatedProperties` and `unevaluatedItems`: the members and items that nothing else has looked at.

In one alternative of a schema it is known which of the schemas inside it hold, and so what they evaluate. What is left
is then plain: `additionalProperties` beside the names, `items` beyond the prefix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from structgen.frontends.json_schema.documents import Schema

if TYPE_CHECKING:
    from structgen.frontends.json_schema.normalize import Alternative, Normalizer

UNEVALUATED = ("unevaluatedProperties", "unevaluatedItems")


def unevaluated(
    normalizer: Normalizer, alternative: Alternative, node: dict[Any, Any], keyword: str
) -> Alternative:
    """What a keyword adds to one alternative of its schema."""
    nodes = [one for one in alternative if id(one) not in normalizer.silent]
    wanted = normalizer.checked(node[keyword])
    made = _items(normalizer, nodes, wanted) if keyword == "unevaluatedItems" else _properties(nodes, wanted)
    return () if made is None else (normalizer.document.stands_for(made, node),)


def _properties(nodes: list[dict[Any, Any]], wanted: Schema) -> dict[Any, Any] | None:
    names: dict[str, Schema] = {}
    patterns: dict[str, Schema] = {}
    for node in nodes:
        if "additionalProperties" in node:
            return None
        names.update(dict.fromkeys(node.get("properties") or (), True))
        patterns.update(dict.fromkeys(node.get("patternProperties") or (), True))
    made: dict[Any, Any] = {"properties": names, "additionalProperties": wanted}
    if patterns:
        made["patternProperties"] = patterns
    return made


def _items(normalizer: Normalizer, nodes: list[dict[Any, Any]], wanted: Schema) -> dict[Any, Any] | None:
    longest = 0
    found: list[Schema] = []
    for node in nodes:
        items = node.get("items")
        prefix = items if isinstance(items, list) else node.get("prefixItems", ())
        rest = "additionalItems" if isinstance(items, list) else "items"
        if rest in node:
            return None
        longest = max(longest, len(prefix))
        if "contains" in node and normalizer.document.draft.prefix_items:  # an annotation only since 2020-12
            found.append(node["contains"])
    rest_of: Schema = wanted
    if found:
        rest_of = normalizer.made(
            {"anyOf": [*found, wanted]}, wanted if isinstance(wanted, dict) else found[0]
        )
    return {"prefixItems": [True] * longest, "items": rest_of}
