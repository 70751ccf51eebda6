"""`unevaluatedProperties` and `unevaluatedItems`: the properties and items that no other keyword has evaluated.

In one alternative of a schema it is known which of the schemas inside it hold, and so what they evaluate. The keyword
is then a plain one: `additionalProperties` for other names, `items` after the prefix.
"""

from __future__ import annotations

from structgen.frontends.json_schema.shapes.arrays import ArrayShape
from structgen.frontends.json_schema.shapes.combinators import Unevaluated
from structgen.frontends.json_schema.shapes.objects import ObjectShape
from structgen.frontends.json_schema.shapes.reader import Reader
from structgen.frontends.json_schema.shapes.schema import ANYTHING, Constant, Schema
from structgen.frontends.json_schema.shapes.shape import Alternative, Parts, arrays_of, objects_of


def unevaluated(reader: Reader, alternative: Alternative, step: Unevaluated, origin: object) -> Alternative:
    """What a keyword adds to one alternative of its schema.

    Args:
        reader: makes the shape.
        alternative: of the other keywords of the schema.
        step: the keyword.
        origin: the schema object that has it.
    """
    seen = tuple([shape for shape in alternative if shape.evaluates])
    if step.keyword == "unevaluatedItems":
        items = _items(reader, seen, step.schema)
        parts = None if items is None else Parts(arrays=items)
    else:
        properties = _properties(seen, step.schema)
        parts = None if properties is None else Parts(objects=properties)
    return () if parts is None else (reader.shape(parts, origin, evaluates=True),)


def _properties(seen: Alternative, wanted: Schema) -> ObjectShape | None:
    names: dict[str, Schema] = {}
    patterns: dict[str, Schema] = {}
    for shape in objects_of(seen):
        if shape.additional is not None:
            return None
        names.update(dict.fromkeys(shape.properties, ANYTHING))
        patterns.update(dict.fromkeys(shape.patterns, ANYTHING))
    return ObjectShape(names, patterns=patterns, additional=wanted)


def _items(reader: Reader, seen: Alternative, wanted: Schema) -> ArrayShape | None:
    longest = 0
    found: list[Schema] = []
    for shape in arrays_of(seen):
        if shape.has_rest:
            return None
        longest = max(longest, len(shape.prefix))
        if shape.contains is not None and reader.document.draft.prefix_items:  # it evaluates since 2020-12
            found.append(shape.contains)
    rest = wanted
    if found:
        origin = found[0] if isinstance(wanted, Constant) else wanted
        rest = reader.alternatives((*found, wanted), origin.origin)
    return ArrayShape((ANYTHING,) * longest, rest, has_rest=True)
