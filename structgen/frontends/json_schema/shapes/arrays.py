"""Arrays: the shape of what keywords say of them, and the operations on it.

The schemas of items are references (`schema.Schema`): nothing inside an array is read here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from structgen.frontends.json_schema.documents.json_types import equal
from structgen.frontends.json_schema.shapes.schema import ANYTHING, NOTHING, Conjunction, Schema
from structgen.frontends.json_schema.shapes.source import Source


class HasItem(NamedTuple):
    """Some item from an index on satisfies a schema."""

    start: int
    schema: Schema


class ArrayShape(NamedTuple):
    """What arrays must be.

    Attributes:
        prefix: schemas of the first items, one by one.
        rest: the schema of the other items.
        has_rest: a keyword says what the other items are; so they are evaluated (`unevaluatedItems`).
        min_items: items, at least.
        max_items: items, at most; None if there is no bound.
        unique: all items differ.
        contains: a schema that some items satisfy, or None.
        min_contains: how many, at least.
        max_contains: how many, at most; None if there is no bound.
        has_items: items that must exist; made by complements.
    """

    prefix: tuple[Schema, ...] = ()
    rest: Schema = ANYTHING
    has_rest: bool = False
    min_items: int = 0
    max_items: int | None = None
    unique: bool = False
    contains: Schema | None = None
    min_contains: int = 1
    max_contains: int | None = None
    has_items: tuple[HasItem, ...] = ()

    @property
    def has_positions(self) -> bool:
        """True if something is said of items by their position."""
        return bool(self.prefix) or self.has_rest

    @property
    def seeks(self) -> bool:
        """True if some items must exist."""
        return self.contains is not None or bool(self.has_items)

    @property
    def is_plain(self) -> bool:
        """True if nothing is said but how many items there are at least, and what all of them are."""
        return self.has_one_schema and self.max_items is None and not self.unique

    @property
    def has_one_schema(self) -> bool:
        """True if all items have one schema, and none must exist."""
        return not (self.prefix or self.seeks)

    def at(self, index: int) -> Schema:
        """The schema of the item at an index."""
        return self.prefix[index] if index < len(self.prefix) else self.rest


def from_keywords(source: Source) -> ArrayShape:
    """The shape of the keywords of arrays.

    Raises:
        InvalidSchemaError: One of them is malformed.
    """
    said = source.said
    prefix, rest = _items(source)
    contains = source.schema("contains") if "contains" in said else None
    least = source.count("minContains") if contains is not None else None
    return ArrayShape(
        prefix,
        ANYTHING if rest is None else rest,
        rest is not None,
        (source.count("minItems") or 0) if "minItems" in said else 0,
        source.count("maxItems") if "maxItems" in said else None,
        "uniqueItems" in said and source.value("uniqueItems") is True,
        contains,
        1 if least is None else least,
        source.count("maxContains") if contains is not None else None,
    )


def _items(source: Source) -> tuple[tuple[Schema, ...], Schema | None]:
    """The schemas of the first items, and that of the others if a keyword has it."""
    is_list = isinstance(source.value("items"), list)
    if source.has("prefixItems"):
        prefix = source.schemas("prefixItems")
        if not is_list:
            return prefix, source.schema("items")
    if is_list:
        if source.document.draft.prefix_items and source.document.declared:
            raise source.invalid("items", "expected a schema; a list is prefixItems since 2020-12")
        return source.schemas("items"), source.schema("additionalItems")
    return (), source.schema("items")


def items_at(shapes: Sequence[ArrayShape], index: int) -> Conjunction:
    """What the item at an index must satisfy in arrays that have all of some shapes."""
    return tuple([shape.at(index) for shape in shapes])


def rest_of(shapes: Sequence[ArrayShape]) -> Conjunction:
    """What the items after all prefixes must satisfy in arrays that have all of some shapes."""
    return tuple([shape.rest for shape in shapes])


def complement(shape: ArrayShape, negate: Callable[[Schema], Schema]) -> list[ArrayShape]:
    """Shapes that together have all arrays that `shape` does not have, but for `uniqueItems`."""
    found: list[ArrayShape] = []
    for index, schema in enumerate(shape.prefix):
        if schema is not ANYTHING:
            prefix = (*[ANYTHING] * index, negate(schema))
            found.append(ArrayShape(prefix, min_items=index + 1))
    if shape.rest is NOTHING:
        found.append(ArrayShape(min_items=len(shape.prefix) + 1))
    elif shape.rest is not ANYTHING:
        found.append(ArrayShape(has_items=(HasItem(len(shape.prefix), negate(shape.rest)),)))
    if shape.min_items:
        found.append(ArrayShape(max_items=shape.min_items - 1))
    if shape.max_items is not None:
        found.append(ArrayShape(min_items=shape.max_items + 1))
    found += _complement_of_contains(shape, negate)
    found += [
        ArrayShape((ANYTHING,) * one.start, negate(one.schema), has_rest=True) for one in shape.has_items
    ]
    return found


def _complement_of_contains(shape: ArrayShape, negate: Callable[[Schema], Schema]) -> list[ArrayShape]:
    if shape.contains is None:
        return []
    found: list[ArrayShape] = []
    if shape.min_contains == 1:
        found.append(ArrayShape(rest=negate(shape.contains), has_rest=True))
    elif shape.min_contains > 1:
        fewer = shape.min_contains - 1
        found.append(ArrayShape(contains=shape.contains, min_contains=0, max_contains=fewer))
    if shape.max_contains is not None:
        found.append(ArrayShape(contains=shape.contains, min_contains=shape.max_contains + 1))
    return found


def have_crossed_bounds(shapes: Sequence[ArrayShape]) -> bool:
    """Returns True if more items are required than allowed."""
    if len(shapes) == 1:
        (shape,) = shapes
        return shape.max_items is not None and shape.min_items > shape.max_items
    least = max(one.min_items for one in shapes)
    most = min((one.max_items for one in shapes if one.max_items is not None), default=least)
    return least > most


def _is_between(count: int, least: int, most: int | None) -> bool:
    return least <= count and (most is None or count <= most)


def contains(shape: ArrayShape, items: Sequence[object], satisfies: Callable[[object, Schema], bool]) -> bool:
    """Returns True if an array has a shape; `satisfies` says whether an item satisfies a schema."""
    if not _is_between(len(items), shape.min_items, shape.max_items):
        return False
    if shape.unique and any(equal(one, other) for index, one in enumerate(items) for other in items[:index]):
        return False
    if not all(satisfies(one, shape.at(index)) for index, one in enumerate(items)):
        return False
    if shape.contains is not None:
        found = sum(satisfies(one, shape.contains) for one in items)
        if not _is_between(found, shape.min_contains, shape.max_contains):
            return False
    return all(any(satisfies(item, one.schema) for item in items[one.start :]) for one in shape.has_items)
