"""How many values a place has at least: whether items that must differ can run out.

Says what is plain to see, and otherwise no. Only the places of members and items are looked into, some levels deep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from structgen.frontends.json_schema import values
from structgen.frontends.json_schema.distinct import NotScalar, distinct_scalars
from structgen.frontends.json_schema.keywords import (
    ARRAY,
    ARRAY_KEYWORDS,
    BOOLEAN,
    INTEGER,
    NULL,
    NUMBER,
    NUMBER_KEYWORDS,
    OBJECT,
    OBJECT_KEYWORDS,
    STRING,
    STRING_KEYWORDS,
)
from structgen.frontends.json_schema.kinds import equal, kinds_left
from structgen.frontends.json_schema.normalize import TooManyAlternatives

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler, Place

_LEVELS = 8
_PLAIN_OBJECT = frozenset(("properties", "required", "additionalProperties"))
_PLAIN_ARRAY = frozenset(("items", "minItems"))


def has_values(compiler: Compiler, place: Place, needed: int, levels: int = _LEVELS) -> bool:
    """Whether a place has at least so many values, as far as that is plain to see."""
    if needed <= 1:
        return compiler.value(place) is not None
    if place is True:
        return True
    if place is False or levels == 0:
        return False
    try:
        options = compiler.normalizer.conjunction(place if isinstance(place, tuple) else (place,))
    except TooManyAlternatives:
        return False
    return any(_has_values(compiler, nodes, needed, levels) for nodes in options)


def _has_values(compiler: Compiler, nodes: tuple[dict[str, Any], ...], needed: int, levels: int) -> bool:
    listed = values.listed(compiler, nodes)
    if listed is not None:
        distinct: list[Any] = []
        for value in listed:
            if len(distinct) < needed and not any(equal(value, one) for one in distinct):
                distinct.append(value)
        return len(distinct) >= needed
    mask = kinds_left(nodes)

    def is_free(keywords: frozenset[Any]) -> bool:
        return all(keywords.isdisjoint(node) for node in nodes)

    if mask & STRING and (is_free(STRING_KEYWORDS) or _has_scalars(compiler, nodes, "string", needed)):
        return True
    number = "integer" if mask & NUMBER == INTEGER else "number"
    if mask & NUMBER and (is_free(NUMBER_KEYWORDS) or _has_scalars(compiler, nodes, number, needed)):
        return True
    if mask & OBJECT and (is_free(OBJECT_KEYWORDS) or _has_objects(compiler, nodes, needed, levels)):
        return True
    if mask & ARRAY and (is_free(ARRAY_KEYWORDS) or _has_arrays(compiler, nodes)):
        return True
    return (2 if mask & BOOLEAN else 0) + (1 if mask & NULL else 0) >= needed


def _has_scalars(compiler: Compiler, nodes: tuple[dict[str, Any], ...], kind: str, needed: int) -> bool:
    try:
        found = distinct_scalars(compiler, (*nodes, {"type": kind}))
    except NotScalar:
        return False
    return found.count is None or found.count >= needed


def _has_objects(compiler: Compiler, nodes: tuple[dict[str, Any], ...], needed: int, levels: int) -> bool:
    """One member that has so many values, and is there or may be."""
    required = {name for node in nodes for name in node.get("required", ())}
    is_plain = all(OBJECT_KEYWORDS & node.keys() <= _PLAIN_OBJECT for node in nodes)
    declared: dict[str, list[Any]] = {}
    for node in nodes:
        for name, place in node.get("properties", {}).items():
            declared.setdefault(name, []).append(place)
    others = [node.get("additionalProperties", True) for node in nodes]
    if is_plain and not compiler.style.closed and all(other is True for other in others):
        return True
    if any("patternProperties" in node for node in nodes):
        return False
    for name, places in declared.items():
        if name in required or is_plain:
            missing = [
                node.get("additionalProperties", True) for node in nodes if name not in node.get("properties", {})
            ]
            if has_values(compiler, (*places, *missing), needed, levels - 1):
                return True
    return False


def _has_arrays(compiler: Compiler, nodes: tuple[dict[str, Any], ...]) -> bool:
    """Their lengths differ."""
    if any(not ARRAY_KEYWORDS & node.keys() <= _PLAIN_ARRAY for node in nodes):
        return False
    items = [node["items"] for node in nodes if "items" in node]
    if any(isinstance(item, list) for item in items):
        return False
    return compiler.value(tuple(items) or True) is not None
