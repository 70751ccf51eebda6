"""Disjointness at a glance: branches with other types, or with one required property that has other values in each.

Seen in one pass, so that a hundred branches need not be compared two by two.
"""

from __future__ import annotations

from collections.abc import Sequence

from structgen.frontends.json_schema.documents.json_types import OBJECT
from structgen.frontends.json_schema.shapes.reader import Reader
from structgen.frontends.json_schema.shapes.schema import Constant, Schema
from structgen.frontends.json_schema.shapes.shape import Alternative, objects_of, types_of

_Tags = dict[str, set[str]]
"""Required properties that are one of a few texts, and which."""


def are_disjoint(reader: Reader, options: Sequence[Sequence[Alternative]]) -> bool:
    """Returns True if branches exclude each other plainly. False means unknown.

    Args:
        reader: reads the schemas of properties.
        options: the alternatives of each branch.
    """
    flat = [alternative for option in options for alternative in option]
    types = [types_of(alternative) for alternative in flat]
    union = 0
    for one in types:
        union |= one
    if sum(types) == union and len(options) == len(flat):
        return True
    if any(one != OBJECT for one in types) or not flat:
        return False
    tags = [[_tags(reader, alternative) for alternative in option] for option in options]
    return any(_distinguishes(name, tags) for name in next(filter(None, tags))[0])


def _distinguishes(name: str, tags: list[list[_Tags]]) -> bool:
    """Returns True if a property has other values in each branch."""
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


def _tags(reader: Reader, alternative: Alternative) -> _Tags:
    shapes = objects_of(alternative)
    required = {name for shape in shapes for name in shape.required}
    found: _Tags = {}
    for shape in shapes:
        for name in required & shape.properties.keys():
            values = _texts(reader, shape.properties[name])
            if values is not None:
                found[name] = values
    return found


def _texts(reader: Reader, schema: Schema) -> set[str] | None:
    """The values of a schema that lists nothing but strings."""
    if isinstance(schema, Constant):
        return None
    shape = reader.read(schema).shape
    if shape is None or shape.listed is None:
        return None
    values = [value for value in shape.listed.values if isinstance(value, str)]
    return set(values) if len(values) == len(shape.listed.values) else None
