"""oneOf, not, if, dependencies, unevaluated members. The judge is jsonschema."""

from __future__ import annotations

from typing import Any

import pytest
from frontends.json_schema.checking import check_accepts

from structgen.errors import EmptyLanguageError
from structgen.frontends.json_schema import json_schema

INTEGER, STRING = {"type": "integer"}, {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param({"oneOf": [INTEGER, STRING]}, ["1", '"a"'], ["null", "1.5"], id="types"),
        pytest.param(
            {"oneOf": [INTEGER, {"minimum": 2}]}, ["1", "2.5", '"a"'], ["3", "1.5"], id="overlapping"
        ),
        pytest.param(
            {"oneOf": [{"type": "number"}, INTEGER]}, ["1.5"], ["1", '"a"'], id="one inside the other"
        ),
        pytest.param(
            {"oneOf": [STRING, {"enum": ["a", "b"]}]}, ['"c"', '"ab"'], ['"a"', "1"], id="texts left out"
        ),
        pytest.param(
            {"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object"},
            ['{"a": 1}', '{"b": 1, "c": 2}'],
            ["{}", '{"a": 1, "b": 1}'],
            id="required",
        ),
        pytest.param(
            {
                "oneOf": [
                    {"type": "object", "properties": {"k": {"const": "a"}, "v": INTEGER}, "required": ["k"]},
                    {"type": "object", "properties": {"k": {"const": "b"}, "v": STRING}, "required": ["k"]},
                ]
            },
            ['{"k": "a", "v": 1}', '{"k": "b", "v": "s"}'],
            ['{"k": "a", "v": "s"}', "{}", '{"k": "c"}'],
            id="told apart by a member",
        ),
        pytest.param(
            {
                "oneOf": [{"properties": {"k": {"const": "a"}}}, {"properties": {"k": {"const": "b"}}}],
                "type": "object",
            },
            ['{"k": "a"}', '{"k": "b", "x": 1}'],
            ["{}", '{"k": "c"}', '{"x": 1}'],
            id="told apart by a member that may be missing",
        ),
        pytest.param(
            {"oneOf": [{"pattern": "a"}, {"pattern": "b"}], "type": "string"},
            ['"xa"', '"b"'],
            ['"ab"', '"c"'],
            id="patterns",
        ),
        pytest.param(
            {"oneOf": [{"format": "ipv4"}, {"format": "ipv6"}], "type": "string"},
            ['"1.2.3.4"', '"::1"'],
            ['"a"'],
            id="formats",
        ),
        pytest.param(
            {"oneOf": [{"items": INTEGER}, {"minItems": 2}], "type": "array"},
            ["[]", "[1]", '[1, "a"]'],
            ["[1, 2]", '["a"]'],
            id="arrays",
        ),
        pytest.param({"oneOf": [True, False]}, ["1"], [], id="booleans"),
        pytest.param({"oneOf": [INTEGER]}, ["1"], ['"a"'], id="one"),
    ],
)
def test_one_of(schema: Any, accepted: list[str], rejected: list[str]) -> None:
    check_accepts(schema, accepted, rejected, judge="format" not in str(schema))


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param({"not": STRING}, ["1", "null", "[]"], ['"a"'], id="a type"),
        pytest.param({"not": {"type": ["string", "number"]}}, ["null", "[]"], ['"a"', "1.5"], id="types"),
        pytest.param(
            {"not": {"enum": ["a", 1, None]}}, ['"b"', "2", "1.5", "true"], ['"a"', "1", "null"], id="values"
        ),
        pytest.param(
            {"type": "number", "not": {"const": 0}},
            ["1", "-0.5", "0.01"],
            ["0", "0.0", "-0"],
            id="a number in all its spellings",
        ),
        pytest.param({"type": "boolean", "not": {"const": True}}, ["false"], ["true"], id="a boolean"),
        pytest.param(
            {"not": {"const": {"a": [1]}}},
            ['{"a": [2]}', "{}", '{"a": [1], "b": 1}', "[1]"],
            ['{"a": [1]}'],
            id="an object",
        ),
        pytest.param(
            {"not": {"const": [1, 2]}}, ["[1]", "[1, 3]", "[]", "[1, 2, 3]"], ["[1, 2]"], id="an array"
        ),
        pytest.param(
            {"type": "string", "not": {"pattern": "^a"}}, ['"ba"', '""'], ['"a"', '"ab"'], id="a pattern"
        ),
        pytest.param({"type": "string", "not": {"minLength": 2}}, ['"a"', '""'], ['"ab"'], id="a length"),
        pytest.param({"type": "integer", "not": {"minimum": 3}}, ["2", "-9"], ["3"], id="a bound"),
        pytest.param({"type": "integer", "not": {"multipleOf": 2}}, ["3", "-1"], ["2", "0"], id="a step"),
        pytest.param(
            {"type": "object", "not": {"required": ["a"]}}, ["{}", '{"b": 1}'], ['{"a": 1}'], id="required"
        ),
        pytest.param(
            {"type": "object", "not": {"required": ["a", "b"]}},
            ['{"a": 1}', '{"b": 1}'],
            ['{"a": 1, "b": 1}'],
            id="required together",
        ),
        pytest.param(
            {"type": "object", "not": {"properties": {"a": INTEGER}}},
            ['{"a": "x"}'],
            ["{}", '{"a": 1}'],
            id="properties",
        ),
        pytest.param(
            {"type": "object", "not": {"additionalProperties": INTEGER}},
            ['{"a": "x"}', '{"a": 1, "b": null}'],
            ["{}", '{"a": 1}'],
            id="others",
        ),
        pytest.param(
            {"type": "array", "not": {"items": INTEGER}}, ['["a"]', '[1, "a", 2]'], ["[]", "[1]"], id="items"
        ),
        pytest.param(
            {"type": "array", "not": {"contains": INTEGER}},
            ["[]", '["a"]'],
            ["[1]", '["a", 1]'],
            id="contains",
        ),
        pytest.param({"not": {"anyOf": [STRING, INTEGER]}}, ["null", "1.5"], ['"a"', "1"], id="anyOf"),
        pytest.param(
            {"not": {"allOf": [{"type": "number"}, {"minimum": 3}]}}, ["2", '"a"'], ["3", "4.5"], id="allOf"
        ),
        pytest.param({"not": {"not": INTEGER}}, ["1"], ['"a"'], id="twice"),
        pytest.param({"not": False}, ["1"], [], id="nothing"),
        pytest.param(
            {
                "$defs": {
                    "t": {
                        "type": "object",
                        "properties": {"t": {"$ref": "#/$defs/t"}},
                        "additionalProperties": False,
                    }
                },
                "not": {"$ref": "#/$defs/t"},
            },
            ["1", '{"x": 1}', '{"t": {"t": 1}}', '{"t": {"t": {"x": 1}}}'],
            ["{}", '{"t": {}}', '{"t": {"t": {}}}'],
            id="the complement of a recursive schema is recursive",
        ),
    ],
)
def test_not(schema: Any, accepted: list[str], rejected: list[str]) -> None:
    check_accepts(schema, accepted, rejected)


def test_what_everything_contradicts() -> None:
    for schema in ({"not": {}}, {"not": True}, {"type": "string", "not": STRING}):
        with pytest.raises(EmptyLanguageError):
            json_schema(schema)


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param(
            {"if": INTEGER, "then": {"minimum": 3}, "else": STRING},
            ["3", '"a"'],
            ["2", "null", "3.5"],
            id="both",
        ),
        pytest.param({"if": INTEGER, "then": {"minimum": 3}}, ["3", '"a"', "1.5"], ["2"], id="then"),
        pytest.param({"if": INTEGER, "else": STRING}, ["2", '"a"'], ["1.5"], id="else"),
        pytest.param({"if": INTEGER}, ["1", '"a"'], [], id="neither"),
        pytest.param({"then": INTEGER, "else": INTEGER}, ["1", '"a"'], [], id="no if"),
        pytest.param(
            {
                "type": "object",
                "properties": {"k": {"enum": ["a", "b"]}, "v": {}},
                "required": ["k"],
                "if": {"properties": {"k": {"const": "a"}}},
                "then": {"properties": {"v": INTEGER}, "required": ["v"]},
            },
            ['{"k": "a", "v": 1}', '{"k": "b"}', '{"k": "b", "v": "x"}'],
            ['{"k": "a"}', '{"k": "a", "v": "x"}', "{}"],
            id="on a member",
        ),
    ],
)
def test_if(schema: Any, accepted: list[str], rejected: list[str]) -> None:
    check_accepts(schema, accepted, rejected)


DRAFT7 = "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param(
            {"dependentRequired": {"a": ["b", "c"]}},
            ["{}", '{"b": 1}', '{"a": 1, "b": 1, "c": 1}', "1"],
            ['{"a": 1}', '{"a": 1, "b": 1}'],
            id="dependentRequired",
        ),
        pytest.param(
            {"dependentSchemas": {"a": {"properties": {"b": INTEGER}}}},
            ['{"b": "x"}', '{"a": 1, "b": 1}', '{"a": 1}'],
            ['{"a": 1, "b": "x"}'],
            id="dependentSchemas",
        ),
        pytest.param(
            {"$schema": DRAFT7, "dependencies": {"a": ["b"], "c": {"required": ["d"]}}},
            ["{}", '{"a": 1, "b": 1}', '{"c": 1, "d": 1}'],
            ['{"a": 1}', '{"c": 1}'],
            id="dependencies",
        ),
        pytest.param(
            {"dependencies": {"a": ["b"]}}, ['{"a": 1}'], [], id="dependencies mean nothing since 2019-09"
        ),
    ],
)
def test_dependencies(schema: Any, accepted: list[str], rejected: list[str]) -> None:
    check_accepts(schema, accepted, rejected)


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param(
            {"type": "object", "properties": {"a": {}}, "unevaluatedProperties": False},
            ["{}", '{"a": 1}'],
            ['{"b": 1}'],
            id="like additionalProperties",
        ),
        pytest.param(
            {
                "type": "object",
                "allOf": [{"properties": {"a": INTEGER}}],
                "properties": {"b": {}},
                "unevaluatedProperties": False,
            },
            ['{"a": 1, "b": 2}', "{}"],
            ['{"c": 1}', '{"a": "x"}'],
            id="sees into allOf",
        ),
        pytest.param(
            {
                "type": "object",
                "anyOf": [
                    {"properties": {"a": {"const": 1}}, "required": ["a"]},
                    {"properties": {"b": {}}, "required": ["b"]},
                ],
                "unevaluatedProperties": False,
            },
            ['{"a": 1}', '{"b": 1}', '{"a": 1, "b": 1}'],
            ['{"a": 2}', '{"a": 2, "b": 1}', '{"a": 1, "c": 1}'],
            id="sees the branches of anyOf that hold",
        ),
        pytest.param(
            {"type": "array", "prefixItems": [INTEGER], "unevaluatedItems": STRING},
            ["[1]", '[1, "a"]', "[]"],
            ["[1, 2]"],
            id="items",
        ),
        pytest.param(
            {"type": "array", "contains": INTEGER, "unevaluatedItems": STRING},
            ["[1]", '["a", 1]'],
            ['["a"]', "[1, null]"],
            id="contains evaluates",
        ),
        pytest.param(
            {"type": "array", "allOf": [{"items": INTEGER}], "unevaluatedItems": False},
            ["[1, 2]"],
            ['["a"]'],
            id="nothing is left",
        ),
    ],
)
def test_unevaluated(schema: Any, accepted: list[str], rejected: list[str]) -> None:
    check_accepts(schema, accepted, rejected)


def test_branches_that_exclude_each_other_need_no_negation() -> None:
    """A hundred branches told apart by one member are compiled like anyOf."""
    branches = [
        {
            "type": "object",
            "properties": {"kind": {"const": f"k{i}"}, "v": {"type": "integer", "minimum": i}},
            "required": ["kind"],
        }
        for i in range(100)
    ]
    assert len(json_schema({"oneOf": branches}).grammar.rules) <= len(
        json_schema({"anyOf": branches}).grammar.rules
    )


def test_dynamic_references() -> None:
    tree = {
        "$dynamicAnchor": "node",
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$dynamicRef": "#node"}}},
        "additionalProperties": False,
    }
    check_accepts(tree, ["{}", '{"children": [{}, {"children": []}]}'], ['{"children": [1]}', '{"x": 1}'])
