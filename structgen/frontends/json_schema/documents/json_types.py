"""The types of JSON as bits, and values compared as JSON Schema compares them."""

from __future__ import annotations

from collections.abc import Iterable

NULL, BOOLEAN, INTEGER, FRACTION, STRING, ARRAY, OBJECT = (1 << bit for bit in range(7))
NUMBER = INTEGER | FRACTION
ANY_TYPE = 127

TYPES = {
    "null": NULL,
    "boolean": BOOLEAN,
    "integer": INTEGER,
    "number": NUMBER,
    "string": STRING,
    "array": ARRAY,
    "object": OBJECT,
}


_TYPE_OF: dict[type, int] = {
    type(None): NULL,
    bool: BOOLEAN,
    int: INTEGER,
    str: STRING,
    list: ARRAY,
    tuple: ARRAY,
    dict: OBJECT,
}


def type_of(value: object) -> int:
    """The type of a JSON value, as a bit; 0 if it is no JSON value."""
    return _TYPE_OF.get(type(value)) or _type_of_other(value)


def _type_of_other(value: object) -> int:
    """The type of a float, or of an instance of a subclass."""
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


def equal(one: object, other: object) -> bool:
    """Returns True if JSON Schema takes two values for the same: 1 is 1.0, and is not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return _are_equal_objects(one, other)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    return type_of(one) == type_of(other) and bool(one == other)


def _are_equal_objects(one: dict[str, object], other: dict[str, object]) -> bool:
    return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())


def is_listed(value: object, listed: Iterable[object]) -> bool:
    """Returns True if a value is equal to one of a list."""
    if value is None or type(value) is str:  # no value of another type is equal to it, for Python too
        return value in listed
    return any(equal(value, one) for one in listed)


def among(values: Iterable[object], listed: Iterable[object], *, are: bool = True) -> list[object]:
    """Those of some values that are in a list; with `are=False`, those that are not."""
    strings: set[str] = set()
    others: list[object] = []
    for other in listed:
        if isinstance(other, str):
            strings.add(other)
        else:
            others.append(other)
    return [
        one for one in values if (one in strings if isinstance(one, str) else is_listed(one, others)) is are
    ]
