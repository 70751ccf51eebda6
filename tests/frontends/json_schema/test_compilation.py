"""What compiling a schema keeps in memory."""

from __future__ import annotations

import gc

import pytest

from structgen import json_schema

NODE = {"type": "object", "properties": {"value": {"type": "string"}, "next": {"$ref": "#"}}}
LARGE = {"anyOf": [{"properties": {f"p{at}": {"const": at}}, "required": [f"p{at}"]} for at in range(20)]}


@pytest.mark.parametrize(
    "schema",
    [
        NODE,
        {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": True},
        {"type": "object", "patternProperties": {"^a": {"type": "integer"}}, "minProperties": 1},
        {"oneOf": [{"minimum": 3, "type": "integer"}, {"type": "string", "maxLength": 3}]},
        {"allOf": [LARGE, LARGE, LARGE]},
    ],
)
def test_memory_returns_without_the_collector(schema: dict[str, object]) -> None:
    json_schema(schema, strict=False)
    gc.collect()
    gc.disable()
    try:
        constraint = json_schema(schema, strict=False)
        assert gc.collect() == 0
    finally:
        gc.enable()
    assert constraint is not None
