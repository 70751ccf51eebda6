"""Objects and arrays. The judge is jsonschema."""

from __future__ import annotations

from typing import Any

import pytest
from frontends.json_schema.checking import check_accepts

from structgen.frontends.json_schema import json_schema

INTEGER, STRING = {"type": "integer"}, {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param(
            {"properties": {"a": INTEGER}},
            ["{}", '{"a": 1}', '{"b": "x"}', '{"a": 1, "b": []}'],
            ['{"a": "x"}'],
            id="properties",
        ),
        pytest.param(
            {"properties": {"a": INTEGER}, "required": ["a"]},
            ['{"a": 1}', '{"a": 1, "b": 2}'],
            ["{}", '{"b": 1}'],
            id="required",
        ),
        pytest.param(
            {"properties": {"a": {}, "b": {}, "c": {}}, "required": ["b"]},
            ['{"b": 1}', '{"a": 1, "b": 1, "c": 1}', '{"b": 1, "c": 1}'],
            ['{"a": 1, "c": 1}'],
            id="required in the middle",
        ),
        pytest.param(
            {"required": ["a", "b"]},
            ['{"a": 1, "b": []}', '{"a": 1, "b": 1, "c": 1}'],
            ['{"a": 1}', "{}"],
            id="required, not declared",
        ),
        pytest.param(
            {"required": ["a"], "additionalProperties": INTEGER},
            ['{"a": 1, "b": 2}'],
            ['{"a": "x"}', '{"a": 1, "b": "x"}'],
            id="required, not declared, of a kind",
        ),
        pytest.param({"additionalProperties": False}, ["{}"], ['{"a": 1}'], id="closed and empty"),
        pytest.param(
            {"properties": {"a": {}}, "additionalProperties": False},
            ["{}", '{"a": 1}'],
            ['{"b": 1}', '{"a": 1, "b": 1}', '{"a": 1, "aa": 1}'],
            id="closed",
        ),
        pytest.param(
            {"properties": {"a": {}}, "additionalProperties": INTEGER},
            ['{"a": "x", "b": 1}', '{"aa": 1}'],
            ['{"b": "x"}'],
            id="others of a kind",
        ),
        pytest.param(
            {"properties": {"": INTEGER, '"\\\n': STRING, "é😀": {}}},
            ['{"": 1, "\\"\\\\\\n": "x", "é😀": 1}'],
            ['{"": "x"}', '{"\\"\\\\\\n": 1}'],
            id="names that need escapes",
        ),
        pytest.param(
            {
                "properties": {
                    "a": {
                        "properties": {"a": {"properties": {"a": INTEGER}, "type": "object"}},
                        "type": "object",
                    }
                }
            },
            ['{"a": {"a": {"a": 1}}}', '{"a": {}}'],
            ['{"a": {"a": {"a": "x"}}}', '{"a": 1}'],
            id="nested",
        ),
        pytest.param({"required": ["a", "a"]}, ['{"a": 1}'], ["{}"], id="required twice"),
    ],
)
def test_objects(schema: dict[str, Any], accepted: list[str], rejected: list[str]) -> None:
    check_accepts({"type": "object", **schema}, accepted, rejected)


def test_members_come_in_the_order_of_the_schema() -> None:
    schema = {"type": "object", "properties": {"b": {}, "a": {}}, "required": ["c"]}
    check_accepts(
        schema,
        ['{"b": 1, "a": 2, "c": 3, "d": 4}'],
        [],
        narrowed=['{"a": 1, "b": 2, "c": 3}', '{"d": 1, "c": 3}'],
    )


def test_a_declared_name_never_comes_twice() -> None:
    constraint = json_schema({"type": "object", "properties": {"a": {"type": "integer"}}})
    for text in ('{"a": 1, "a": 2}', '{"a": 1, "\\u0061": "x"}', '{"b": 1, "a": 2, "a": 1}'):
        assert not constraint.is_valid(text)


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param(
            {"items": INTEGER},
            ["[]", "[1]", "[1, 2, 3]"],
            ['["x"]', '[1, "x"]', "[,1]", "[1,,2]"],
            id="items",
        ),
        pytest.param({"minItems": 2}, ["[1, 2]", "[[], {}, 1]"], ["[]", "[1]"], id="minItems"),
        pytest.param({"maxItems": 2}, ["[]", "[1, 2]"], ["[1, 2, 3]"], id="maxItems"),
        pytest.param({"maxItems": 0}, ["[]"], ["[1]"], id="no items"),
        pytest.param(
            {"items": INTEGER, "minItems": 1, "maxItems": 10_000},
            ["[1]", str(list(range(100)))],
            ["[]"],
            id="a large bound",
        ),
        pytest.param(
            {"prefixItems": [INTEGER, STRING]},
            ["[]", "[1]", '[1, "x"]', '[1, "x", null]'],
            ['["x"]', "[1, 2]"],
            id="prefixItems",
        ),
        pytest.param(
            {"prefixItems": [INTEGER, STRING], "items": False},
            ["[]", "[1]", '[1, "x"]'],
            ['[1, "x", 2]'],
            id="a tuple",
        ),
        pytest.param(
            {"prefixItems": [INTEGER, STRING], "items": False, "minItems": 2},
            ['[1, "x"]'],
            ["[]", "[1]"],
            id="a whole tuple",
        ),
        pytest.param(
            {"prefixItems": [INTEGER], "items": STRING, "minItems": 2, "maxItems": 3},
            ['[1, "x"]', '[1, "x", "y"]'],
            ["[1]", "[1, 2]", '[1, "x", "y", "z"]'],
            id="a tuple and more",
        ),
        pytest.param(
            {"prefixItems": [INTEGER, STRING], "maxItems": 1},
            ["[]", "[1]"],
            ['[1, "x"]', '["x"]'],
            id="maxItems within a tuple",
        ),
        pytest.param(
            {"prefixItems": [INTEGER], "minItems": 3, "items": STRING},
            ['[1, "x", "y"]'],
            ['[1, "x"]'],
            id="minItems beyond a tuple",
        ),
        pytest.param(
            {"prefixItems": [{"const": n} for n in range(100)], "items": False},
            [str(list(range(100))), str(list(range(70))), "[]"],
            [str(list(range(101))), "[1]"],
            id="a long tuple",
        ),
        pytest.param(
            {"items": {"type": "array", "items": {"type": "array", "items": INTEGER}}},
            ["[[[1], []], []]"],
            ['[[["x"]]]', "[[1]]"],
            id="nested",
        ),
    ],
)
def test_arrays(schema: dict[str, Any], accepted: list[str], rejected: list[str]) -> None:
    check_accepts({"type": "array", **schema}, accepted, rejected)


def test_tuples_of_older_drafts() -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "array",
        "items": [INTEGER, STRING],
    }
    check_accepts(schema, ["[1]", '[1, "x", null]'], ['["x"]'])
    check_accepts({**schema, "additionalItems": False}, ['[1, "x"]'], ['[1, "x", null]'])
    check_accepts({**schema, "items": INTEGER, "additionalItems": False}, ["[1, 2, 3]"], ['["x"]'])


def test_nesting_costs_no_stack() -> None:
    """Containers nested in a schema become rules of their own every few levels."""
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(60):
        schema = {
            "type": "object",
            "properties": {"a": {"type": "array", "items": schema}},
            "required": ["a"],
        }
    constraint = json_schema(schema)
    assert constraint.is_valid('{"a":[' * 60 + "1" + "]}" * 60)
    assert not constraint.is_valid('{"a":[' * 60 + '"x"' + "]}" * 60)
