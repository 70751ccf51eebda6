"""How many values a place has at least: whether items that must differ can run out.

Says what is plain to see, and otherwise no. Only the places of members and items are looked into, some levels deep.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from structgen.frontends.json_schema import scalars, strings, values
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
from structgen.grammar.rules import Choice, Terminal
from structgen.language.counting import has_many_short

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler, Place

_LEVELS = 8
_ROOM, _THOUSANDS = 64, 4096
_FREE = 8
"""Bytes in which there are thousands of free strings, numbers or names."""

_FORMAT = 40
"""Bytes in which there are thousands of texts of any format; a uuid takes 38."""

_PLAIN_OBJECT = frozenset(("properties", "required", "additionalProperties"))
_KNOWN_OBJECT = _PLAIN_OBJECT | {"propertyNames", "minProperties", "maxProperties"}
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
    if len(options) > 1:  # of a single one it is known
        options = [nodes for nodes in options if compiler.plain(nodes) is not None]
    return any(_has_values(compiler, nodes, needed, levels) for nodes in options)


def _has_values(compiler: Compiler, nodes: tuple[dict[str, Any], ...], needed: int, levels: int) -> bool:
    listed = values.listed(compiler, nodes)
    if listed is not None:
        distinct: list[Any] = []
        for value in listed:
            if len(distinct) >= needed or any(equal(value, one) for one in distinct):
                continue
            if values.compound(compiler, value) is not None:  # it can be written
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
    if mask & ARRAY and (is_free(ARRAY_KEYWORDS) or _has_arrays(compiler, nodes, needed, levels)):
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
    if any(not OBJECT_KEYWORDS & node.keys() <= _KNOWN_OBJECT for node in nodes):
        return False
    is_plain = all(OBJECT_KEYWORDS & node.keys() <= _PLAIN_OBJECT for node in nodes)
    declared: dict[str, list[Any]] = {}
    for node in nodes:
        for name, place in node.get("properties", {}).items():
            declared.setdefault(name, []).append(place)
    others = [node.get("additionalProperties", True) for node in nodes]
    if is_plain and not compiler.style.closed and all(other is True for other in others):
        return True
    for name, places in declared.items():
        if (name in required or is_plain) and not strings.has_lone_surrogate(name):
            missing = [
                node.get("additionalProperties", True)
                for node in nodes
                if name not in node.get("properties", {})
            ]
            if has_values(compiler, (*places, *missing), needed, levels - 1):
                return True
    return False


def _has_arrays(compiler: Compiler, nodes: tuple[dict[str, Any], ...], needed: int, levels: int) -> bool:
    """Their lengths differ, or one of their items."""
    if any(not ARRAY_KEYWORDS & node.keys() <= _PLAIN_ARRAY | {"maxItems", "uniqueItems"} for node in nodes):
        return False
    items = [node["items"] for node in nodes if "items" in node]
    if any(isinstance(item, list) for item in items) or compiler.value(tuple(items) or True) is None:
        return False
    bounds = scalars.counts(compiler, nodes, "minItems", "maxItems")
    if bounds is None:
        return False
    least, most = bounds
    if any(node.get("uniqueItems") is True for node in nodes):  # arrays of one item, and the one of none
        few = least == 0 and needed <= 2 and most != 0
        return few or (
            least <= 1 and most != 0 and has_values(compiler, tuple(items) or True, needed, levels - 1)
        )
    if most is None or most - least + 1 >= needed:
        return True
    return most > 0 and has_values(compiler, tuple(items) or True, needed, levels - 1)


def has_room(compiler: Compiler, place: Place, levels: int = _LEVELS) -> bool:
    """Whether a place has more values than anybody writes, thousands of them little longer than the shortest."""
    extra = _extra(compiler, place, levels)
    return extra is not None and extra <= _ROOM


def _extra(compiler: Compiler, place: Place, levels: int) -> int | None:
    """Bytes by which thousands of values are longer than the shortest, at most; None: not known."""
    if place is True:
        return _FREE
    if place is False or levels == 0:
        return None
    try:
        options = compiler.normalizer.conjunction(place if isinstance(place, tuple) else (place,))
    except TooManyAlternatives:
        return None
    found = [extra for nodes in options if (extra := _free_scalar(nodes)) is not None]
    if found or len(options) != 1:
        return min(found, default=None)
    (nodes,) = options
    if kinds_left(nodes) in (STRING, INTEGER, NUMBER):
        return _ROOM // 2 if _has_short_scalars(compiler, place) else None
    if any("enum" in node or "const" in node for node in nodes):
        return None
    mask = kinds_left(nodes)
    if mask == OBJECT:
        return _extra_of_objects(compiler, nodes, levels)
    if mask == ARRAY and all(ARRAY_KEYWORDS & node.keys() <= _PLAIN_ARRAY for node in nodes):
        items = [node["items"] for node in nodes if "items" in node]
        if any(node.get("minItems", 0) >= 1 for node in nodes) and not any(
            isinstance(item, list) for item in items
        ):
            return _extra(compiler, tuple(items) or True, levels - 1)
    return None


def _free_scalar(nodes: tuple[dict[str, Any], ...]) -> int | None:
    """Bytes of thousands of strings or numbers, if nothing but a length or one bound is asked of them."""
    if any("enum" in node or "const" in node for node in nodes):
        return None
    mask = kinds_left(nodes)
    keywords = {keyword for node in nodes for keyword in node}
    if mask & STRING and STRING_KEYWORDS & keywords <= {"minLength", "maxLength"}:
        least = max((node.get("minLength", 0) for node in nodes), default=0)
        most = min((node.get("maxLength", _ROOM) for node in nodes), default=_ROOM)
        if max(least, 2) <= most:
            return _FREE + int(least)
    if (
        mask & STRING
        and STRING_KEYWORDS & keywords == {"format"}
        and sum("format" in node for node in nodes) == 1
    ):
        return _FORMAT
    if mask & NUMBER and NUMBER_KEYWORDS & keywords <= {"minimum"}:
        least = max((node.get("minimum", 0) for node in nodes), default=0)
        return _FREE + len(str(int(least))) if least < 10**9 else None
    return None


def _has_short_scalars(compiler: Compiler, place: Place) -> bool:
    """Whether thousands of strings, or of numbers, are a few characters longer than the shortest."""
    try:
        rule = distinct_scalars(compiler, place).rule
    except NotScalar:
        return False
    terminals = rule.options if isinstance(rule, Choice) else [rule]
    return len(terminals) == 1 and all(
        isinstance(one, Terminal) and has_many_short(one.expression, _THOUSANDS, _ROOM // 8)
        for one in terminals
    )


def _extra_of_objects(compiler: Compiler, nodes: tuple[dict[str, Any], ...], levels: int) -> int | None:
    """One member that must be there, or one that nobody declares."""
    if not compiler.style.closed and all(
        OBJECT_KEYWORDS & node.keys() <= _PLAIN_OBJECT and node.get("additionalProperties", True) is True
        for node in nodes
    ):
        return 2 * _FREE
    if any(not OBJECT_KEYWORDS & node.keys() <= _PLAIN_OBJECT for node in nodes):
        return None
    found: list[int] = []
    required = {name for node in nodes for name in node.get("required", ())}
    declared = {name for node in nodes for name in node.get("properties", {})}
    for name in sorted(required | declared):
        if strings.has_lone_surrogate(name):
            continue
        places = [
            node["properties"][name]
            if name in node.get("properties", {})
            else node.get("additionalProperties", True)
            for node in nodes
        ]
        extra = (
            _extra(compiler, tuple(places), levels - 1)
            if name in required
            else _member(compiler, name, places)
        )
        if extra is not None:
            found.append(extra)
    return min(found, default=None)


def _member(compiler: Compiler, name: str, places: list[Any]) -> int | None:
    """Bytes of a member that may be missing: its name and a free scalar."""
    try:
        options = compiler.normalizer.conjunction(tuple(places))
    except TooManyAlternatives:
        return None
    found = [extra for nodes in options if (extra := _free_scalar(nodes)) is not None]
    return min(found) + len(json.dumps(name)) + 2 if found else None
