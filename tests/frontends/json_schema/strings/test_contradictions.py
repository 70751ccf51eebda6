"""Patterns and formats that contradict each other are found when the constraint is made."""

from __future__ import annotations

from typing import Any

import pytest

import structgen

NEVER: list[dict[str, Any]] = [
    {"format": "date-time", "pattern": "^a|b$"},
    {"format": "ipv4", "pattern": "x"},
    {"allOf": [{"pattern": "^[a-f]+$"}, {"pattern": "g"}]},
    {"pattern": "^[0-9]{4}$", "not": {"pattern": "^[0-9]+$"}},
]


@pytest.mark.parametrize("schema", NEVER)
def test_what_no_string_satisfies(schema: dict[str, Any]) -> None:
    schema = {"type": "string", **schema}
    with pytest.raises(structgen.EmptyLanguageError):
        structgen.json_schema(schema)
    with pytest.raises(structgen.EmptyLanguageError):
        structgen.json_schema({"type": "object", "properties": {"a": schema}, "required": ["a"]})
    optional = structgen.json_schema(
        {"type": "object", "properties": {"a": schema}, "additionalProperties": False}
    )
    assert optional.by_bytes.accepts("{}")
    assert not optional.by_bytes.accepts('{"a": "x"}')


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"format": "date", "pattern": "^2026"}, '"2026-12-01"'),
        ({"allOf": [{"pattern": "a"}, {"pattern": "b"}]}, '"ba"'),
        ({"allOf": [{"pattern": "(a.{9}){9}"}, {"pattern": "(b.{9}){9}$"}]}, None),
    ],
)
def test_what_some_string_satisfies(schema: dict[str, Any], text: str | None) -> None:
    constraint = structgen.json_schema({"type": "string", **schema})
    assert text is None or constraint.by_bytes.accepts(text)
