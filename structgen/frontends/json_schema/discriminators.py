"""Branches that plainly exclude each other: by types, or by one member that each requires with other values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from structgen.frontends.json_schema.keywords import OBJECT
from structgen.frontends.json_schema.kinds import kinds_left

if TYPE_CHECKING:
    from structgen.frontends.json_schema.normalize import Alternative


def told_apart(options: list[list[Alternative]]) -> bool:
    """Whether branches exclude each other by their types, or by one member that each requires with other values.

    Seen at a glance, so that a hundred branches need not be compared two by two.
    """
    flat = [alternative for option in options for alternative in option]
    masks = [kinds_left(alternative) for alternative in flat]
    if sum(masks) == _union(masks) and len(options) == len(flat):
        return True
    if any(mask != OBJECT for mask in masks) or not flat:
        return False
    tags = [[_tags(alternative) for alternative in option] for option in options]
    return any(_tells_apart(name, tags) for name in next(filter(None, tags))[0])


def _tells_apart(name: str, tags: list[list[dict[str, set[str]]]]) -> bool:
    seen: set[str] = set()
    for option in tags:
        here: set[str] = set()
        for alternative in option:
            values = alternative.get(name)
            if values is None or not seen.isdisjoint(values):
                return False
            here |= values
        seen |= here
    return True


def _union(masks: list[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found


def _tags(alternative: Alternative) -> dict[str, set[str]]:
    """The required members that are one of a few texts, and which."""
    required = {name for node in alternative for name in node.get("required") or () if isinstance(name, str)}
    found: dict[str, set[str]] = {}
    for node in alternative:
        properties = node.get("properties")
        if not isinstance(properties, dict):
            continue
        for name in required & properties.keys():
            place = properties[name]
            if isinstance(place, dict):
                values = [place["const"]] if "const" in place else place.get("enum")
                if isinstance(values, list) and all(isinstance(value, str) for value in values):
                    found[name] = set(values)
    return found
