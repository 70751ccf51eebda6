"""Small questions about values of JSON and the types that schemas allow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from structgen.frontends.json_schema.keywords import (
    ANY_TYPE,
    ARRAY,
    BOOLEAN,
    FRACTION,
    INTEGER,
    NULL,
    OBJECT,
    STRING,
    TYPE_MASK,
    TYPES,
)


def kinds_left(nodes: tuple[Any, ...]) -> int:
    """The types that all of some schemas allow."""
    mask = ANY_TYPE
    for node in nodes:
        kind = node.get("type")
        if kind is not None:
            if isinstance(kind, str):
                mask &= TYPES.get(kind, ANY_TYPE)
            elif isinstance(kind, list):
                allowed = 0
                for one in kind:
                    allowed |= TYPES.get(one, ANY_TYPE) if isinstance(one, str) else ANY_TYPE
                mask &= allowed
        mask &= node.get(TYPE_MASK, ANY_TYPE)
    return mask


def kind_of(value: Any) -> int:
    """The type of a value of JSON, as a bit; 0 if it is none."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int):
        return INTEGER
    if isinstance(value, float):
        return INTEGER if value.is_integer() else FRACTION
    if isinstance(value, str):
        return STRING
    if isinstance(value, (list, tuple)):
        return ARRAY
    return OBJECT if isinstance(value, dict) else 0


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same to JSON Schema: 1 is 1.0, and is not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    return kind_of(one) == kind_of(other) and bool(one == other)


def among(values: Iterable[Any], listed: Iterable[Any], *, are: bool = True) -> list[Any]:
    """Those of some values that are listed; with `are=False`, those that are not."""
    strings: set[str] = set()
    others: list[Any] = []
    for other in listed:
        if isinstance(other, str):
            strings.add(other)
        else:
            others.append(other)
    return [
        one
        for one in values
        if (one in strings if isinstance(one, str) else any(equal(one, other) for other in others)) is are
    ]
