"""References, recursion and anyOf. The judge is jsonschema."""

from __future__ import annotations

from typing import Any

import pytest
import referencing
from frontends.json_schema.checking import check_accepts
from referencing.jsonschema import DRAFT202012

from structgen.errors import InvalidSchemaError, InvalidText
from structgen.frontends.json_schema import json_schema

DRAFT7 = "http://json-schema.org/draft-07/schema#"
INTEGER, STRING = {"type": "integer"}, {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param({"$ref": "#/$defs/a", "$defs": {"a": INTEGER}}, ["1"], ['"x"'], id="$defs"),
        pytest.param(
            {"$ref": "#/definitions/a", "definitions": {"a": INTEGER}}, ["1"], ['"x"'], id="definitions"
        ),
        pytest.param(
            {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": INTEGER}},
            ["1"],
            ['"x"'],
            id="a chain",
        ),
        pytest.param(
            {"$ref": "#/$defs/a~1b~0c%25d", "$defs": {"a/b~c%d": INTEGER}}, ["1"], ['"x"'], id="escapes"
        ),
        pytest.param(
            {"properties": {"a": INTEGER, "b": {"$ref": "#/properties/a"}}},
            ['{"b": 1}'],
            ['{"b": "x"}'],
            id="anywhere",
        ),
        pytest.param(
            {"prefixItems": [INTEGER, {"$ref": "#/prefixItems/0"}]},
            ["[1, 2]"],
            ['[1, "x"]'],
            id="into a list",
        ),
        pytest.param(
            {"type": "object", "properties": {"child": {"$ref": "#"}}, "additionalProperties": False},
            ["{}", '{"child": {"child": {}}}'],
            ['{"child": 1}', '{"child": {"x": {}}}'],
            id="a tree",
        ),
        pytest.param(
            {"type": "array", "items": {"$ref": "#"}},
            ["[]", "[[], [[]]]"],
            ["[1]", "[[1]]"],
            id="nested arrays",
        ),
        pytest.param(
            {
                "$defs": {
                    "even": {"type": "array", "prefixItems": [{"$ref": "#/$defs/odd"}], "items": False},
                    "odd": {
                        "type": "array",
                        "prefixItems": [{"$ref": "#/$defs/even"}],
                        "minItems": 1,
                        "items": False,
                    },
                },
                "$ref": "#/$defs/even",
            },
            ["[]", "[[[]]]"],
            ["[[]]", "[[[[]]]]"],
            id="mutual",
        ),
        pytest.param(
            {"anyOf": [INTEGER, {"type": "array", "items": {"$ref": "#"}}]},
            ["1", "[1, [2, []]]"],
            ['"x"', '["x"]'],
            id="through anyOf",
        ),
        pytest.param(
            {"$id": "https://example.com/s", "$ref": "#/$defs/a", "$defs": {"a": INTEGER}},
            ["1"],
            ['"x"'],
            id="$id of the root",
        ),
        pytest.param(
            {
                "$id": "https://example.com/s",
                "$ref": "t",
                "$defs": {"a": {"$id": "t", "$ref": "#/$defs/b", "$defs": {"b": INTEGER}}, "b": STRING},
            },
            ["1"],
            ['"x"'],
            id="$id changes the base",
        ),
        pytest.param(
            {"$ref": "#here", "$defs": {"a": {"$anchor": "here", "type": "integer"}}},
            ["1"],
            ['"x"'],
            id="$anchor",
        ),
        pytest.param(
            {"$ref": "#/$defs/a", "minimum": 5, "$defs": {"a": INTEGER}},
            ["5"],
            ["4", "5.5", '"x"'],
            id="siblings",
        ),
        pytest.param(
            {"$ref": "#/$defs/a", "title": "t", "$defs": {"a": INTEGER}},
            ["1"],
            ['"x"'],
            id="siblings that say nothing",
        ),
        pytest.param(
            {"$schema": DRAFT7, "$ref": "#/definitions/a", "minimum": 5, "definitions": {"a": INTEGER}},
            ["4"],
            ['"x"'],
            id="no siblings up to draft 7",
        ),
        pytest.param(
            {"$schema": DRAFT7, "$ref": "#here", "definitions": {"a": {"$id": "#here", "type": "integer"}}},
            ["1"],
            ['"x"'],
            id="an anchor of draft 7",
        ),
        pytest.param(
            {
                "$defs": {"n": {"properties": {"a": {"$ref": "#/$defs/n"}}, "required": ["a"]}},
                "allOf": [{"$ref": "#/$defs/n"}, {"properties": {"b": INTEGER}}],
            },
            ['{"a": {"a": 1}, "b": 1}', '{"a": 1}', "1"],
            ["{}", '{"a": {}}', '{"a": 1, "b": "x"}'],
            id="recursion inside allOf",
        ),
    ],
)
def test_references(schema: Any, accepted: list[str], rejected: list[str]) -> None:
    check_accepts(schema, accepted, rejected)


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param({"anyOf": [INTEGER, STRING]}, ["1", '"x"'], ["null", "1.5"], id="types"),
        pytest.param(
            {"anyOf": [{"type": "integer", "minimum": 5}, {"type": "integer", "maximum": 3}]},
            ["3", "5"],
            ["4"],
            id="overlapping",
        ),
        pytest.param(
            {
                "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
                "type": "object",
                "properties": {"a": INTEGER, "b": INTEGER},
            },
            ['{"a": 1}', '{"b": 1}', '{"a": 1, "b": 1}'],
            ["{}", '{"c": 1}', '{"a": "x"}'],
            id="beside properties",
        ),
        pytest.param(
            {
                "anyOf": [
                    {"properties": {"k": {"const": "a"}, "x": INTEGER}, "required": ["k"]},
                    {"properties": {"k": {"const": "b"}, "x": STRING}, "required": ["k"]},
                ]
            },
            ['{"k": "a", "x": 1}', '{"k": "b", "x": "s"}', "1"],
            ['{"k": "a", "x": "s"}', '{"k": "c"}', "{}"],
            id="told apart by a member",
        ),
        pytest.param(
            {"type": "string", "anyOf": [{"pattern": "^a"}, {"maxLength": 1}]},
            ['"abc"', '"b"', '""'],
            ['"bc"', "1"],
            id="beside type",
        ),
        pytest.param(
            {"anyOf": [{"anyOf": [INTEGER]}, True], "type": ["integer", "null"]},
            ["1", "null"],
            ['"x"'],
            id="nested",
        ),
        pytest.param(
            {"allOf": [{"anyOf": [INTEGER, STRING]}, {"anyOf": [STRING, {"type": "null"}]}]},
            ['"x"'],
            ["1", "null"],
            id="two of them",
        ),
    ],
)
def test_any_of(schema: Any, accepted: list[str], rejected: list[str]) -> None:
    check_accepts(schema, accepted, rejected)


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param(
            {"allOf": [INTEGER, {"minimum": 3}, {"maximum": 5}]}, ["3", "5"], ["2", "6", "3.5"], id="bounds"
        ),
        pytest.param(
            {
                "allOf": [
                    {"minLength": 2},
                    {"maxLength": 3, "type": "string"},
                    {"pattern": "a"},
                    {"pattern": "b"},
                ]
            },
            ['"ab"', '"bca"'],
            ['"a"', '"cc"', '"abcd"', "1"],
            id="strings",
        ),
        pytest.param(
            {
                "allOf": [{"properties": {"a": INTEGER}}, {"properties": {"b": INTEGER}, "required": ["b"]}],
                "type": "object",
            },
            ['{"a": 1, "b": 2}', '{"b": 1}'],
            ['{"a": 1}', '{"a": "x", "b": 1}'],
            id="objects",
        ),
        pytest.param(
            {
                "allOf": [{"properties": {"a": {"minimum": 3}}}, {"properties": {"a": {"type": "integer"}}}],
                "type": "object",
            },
            ['{"a": 3}'],
            ['{"a": 2}', '{"a": "x"}'],
            id="the same member",
        ),
        pytest.param(
            {
                "allOf": [
                    {"properties": {"a": {}}, "additionalProperties": False},
                    {"properties": {"a": INTEGER, "b": INTEGER}},
                ],
                "type": "object",
            },
            ['{"a": 1}', "{}"],
            ['{"b": 1}', '{"a": "x"}'],
            id="closed by one part",
        ),
        pytest.param(
            {
                "allOf": [
                    {"items": INTEGER, "maxItems": 2},
                    {"prefixItems": [{"minimum": 5}], "minItems": 1},
                ],
                "type": "array",
            },
            ["[5]", "[5, 1]"],
            ["[]", "[4]", "[5, 1, 1]"],
            id="arrays",
        ),
        pytest.param(
            {"allOf": [{"enum": [1, 2, 3]}, {"enum": [2, 3, 4]}, {"minimum": 3}]},
            ["3"],
            ["2", "4"],
            id="enums",
        ),
        pytest.param({"allOf": [{}, True]}, ["1", "{}"], [], id="nothing"),
    ],
)
def test_all_of(schema: Any, accepted: list[str], rejected: list[str]) -> None:
    check_accepts(schema, accepted, rejected)


def test_documents_of_a_registry() -> None:
    resource = referencing.Resource.from_contents(
        {"$defs": {"a": INTEGER}, "type": "string"}, default_specification=DRAFT202012
    )
    registry = referencing.Registry().with_resource("https://example.com/other", resource)
    schema = {
        "properties": {
            "a": {"$ref": "https://example.com/other#/$defs/a"},
            "b": {"$ref": "https://example.com/other"},
        }
    }
    constraint = json_schema(schema, registry=registry)
    assert constraint.is_valid('{"a": 1, "b": "x"}')
    assert not constraint.is_valid('{"a": "x"}')
    assert not constraint.is_valid('{"b": 1}')


def test_metaschemas_are_at_hand() -> None:
    constraint = json_schema(
        {"$ref": "http://json-schema.org/draft-07/schema#/definitions/nonNegativeInteger"}
    )
    assert constraint.is_valid("1")
    assert not constraint.is_valid("-1")


@pytest.mark.parametrize(
    ("schema", "pointer", "reason"),
    [
        pytest.param(
            {"properties": {"a": {"$ref": "#/$defs/b"}}},
            "#/properties/a/$ref",
            "there is nothing at #/$defs/b",
            id="nothing there",
        ),
        pytest.param({"$ref": 1}, "#/$ref", "expected a URI reference", id="no text"),
        pytest.param(
            {"items": {"$ref": "https://example.com/x"}, "type": "array"},
            "#/items/$ref",
            "registry=",
            id="another document",
        ),
        pytest.param({"$ref": "#nowhere"}, "#/$ref", "no anchor 'nowhere'", id="no anchor"),
        pytest.param({"$ref": "#"}, "#", "circular reference", id="itself"),
        pytest.param(
            {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
            "#/$defs/a",
            "circular reference",
            id="a circle",
        ),
        pytest.param(
            {"anyOf": [{"$ref": "#"}, INTEGER]}, "#", "circular reference", id="a circle through anyOf"
        ),
    ],
)
def test_references_that_lead_nowhere(schema: Any, pointer: str, reason: str) -> None:
    with pytest.raises(InvalidSchemaError) as caught:
        json_schema(schema)
    assert caught.value.pointer == pointer
    assert reason in caught.value.reason


def test_dynamic_references_lead_to_the_outermost_anchor() -> None:
    """The tree of the specification's example: strict where it is reached through the strict tree."""
    tree = {
        "$id": "https://example.com/tree",
        "$dynamicAnchor": "node",
        "type": "object",
        "properties": {"data": True, "children": {"type": "array", "items": {"$dynamicRef": "#node"}}},
    }
    strict = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.com/strict-tree",
        "$dynamicAnchor": "node",
        "$ref": "tree",
        "unevaluatedProperties": False,
        "$defs": {"tree": tree},
    }
    text = '{"children": [{"daat": 1}]}'
    assert not json_schema(strict)._compiled.accepts(text)
    assert json_schema(strict)._compiled.accepts('{"children": [{"data": 1, "children": [{"data": {}}]}]}')
    assert json_schema(tree)._compiled.accepts(text)


def test_recursive_references_lead_to_the_outermost_resource() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "$id": "https://example.com/outer",
        "$recursiveAnchor": True,
        "anyOf": [{"type": "boolean"}, {"$ref": "inner"}],
        "$defs": {
            "inner": {
                "$id": "inner",
                "$recursiveAnchor": True,
                "type": "object",
                "additionalProperties": {"$recursiveRef": "#"},
            }
        },
    }
    accepts = json_schema(schema)._compiled.accepts
    assert accepts('{"a": {"b": true}}')
    assert not accepts('{"a": {"b": 1}}')


def test_a_metaschema_without_the_vocabulary_for_validation_voids_its_keywords() -> None:
    uri = "https://example.com/meta"
    metaschema = {
        "$id": uri,
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$vocabulary": {"https://json-schema.org/draft/2020-12/vocab/core": True},
    }
    registry: Any = referencing.Registry().with_resource(uri, referencing.Resource.from_contents(metaschema))
    schema = {"$schema": uri, "properties": {"a": {"type": "string"}, "b": False}}
    constraint = json_schema(schema, registry=registry)
    assert constraint._compiled.accepts('{"a": 1}')
    assert not constraint._compiled.accepts('{"b": 1}')


@pytest.mark.parametrize("name", ["$id", "\\u0024id", "$\\u0069d"])
def test_a_base_counts_however_the_text_spells_its_keyword(name: str) -> None:
    inner = f'{{"{name}": "http://b/", "$defs": {{"y": {{"type": "string"}}}}, "$ref": "#/$defs/y"}}'
    for schema in (
        f'{{"$defs": {{"x": {inner}}}, "$ref": "#/$defs/x"}}',
        f'{{"\\u0024id": "http://a/", "$defs": {{"x": {inner}}}, "$ref": "#/$defs/x"}}',
        f'{{"$id": "http://a/", "$defs": {{"x": {inner}}}, "$ref": "#/$defs/x"}}',
    ):
        assert json_schema(schema).validate('"a"') == "a"


def test_what_is_evaluated_counts_however_the_text_spells_the_keyword() -> None:
    branches = '[{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "string"}}}]'
    constraint = json_schema(
        f'{{"anyOf": {branches}, "\\u0075nevaluatedProperties": false, "type": "object"}}'
    )
    assert constraint.validate('{"a": "x"}') == {"a": "x"}
    with pytest.raises(InvalidText):
        constraint.validate('{"c": "x"}')
