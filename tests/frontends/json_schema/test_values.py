"""Types, any JSON, enum and const. The judge is jsonschema."""

from __future__ import annotations

from typing import Any

import pytest
from frontends.json_schema.checking import check_accepts

from structgen.errors import EmptyLanguageError, InvalidSchemaError, UnsupportedSchemaError
from structgen.frontends.json_schema import json_schema

ANY = ["null", "true", "false", "0", "-1.5e3", '""', '"a"', "[]", "[1, [null]]", "{}", '{"a": {"b": []}}']


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param({"type": "null"}, ["null"], ["nul", "0", '""', ""], id="null"),
        pytest.param({"type": "boolean"}, ["true", "false"], ["True", "0", '"true"'], id="boolean"),
        pytest.param(
            {"type": "integer"}, ["0", "-1", "42"], ["1.5", '"1"', "01", "+1", "1e400"], id="integer"
        ),
        pytest.param(
            {"type": "number"},
            ["0", "-1", "0.5", "1e5", "-1.25E-10", "1e+05"],
            [".5", "1.", "01", "Infinity", "NaN", "0x1", '"1"'],
            id="number",
        ),
        pytest.param({"type": "string"}, ['""', '"a"', '"1"'], ["a", "1", "'a'", '"a', '"\n"'], id="string"),
        pytest.param({"type": "array"}, ["[]", "[1]", '["a", {}]'], ["[1,]", "[", "{}", "[,]"], id="array"),
        pytest.param(
            {"type": "object"}, ["{}", '{"a": 1}'], ["{1: 2}", '{"a"}', "[]", '{"a":1,}'], id="object"
        ),
        pytest.param({"type": ["string", "null"]}, ['"a"', "null"], ["1", "nulll"], id="a list of types"),
        pytest.param({"type": ["integer", "number"]}, ["1", "1.5"], ['"1"'], id="integer among number"),
        pytest.param({}, ANY, ["", "nil", "{]", "1 2"], id="nothing is required"),
        pytest.param(True, ANY, ["", "nil"], id="true"),
        pytest.param({"title": "t", "x-y": 1, "deprecated": True}, ANY, [""], id="only annotations"),
        pytest.param({"minLength": 2}, ['"ab"', "1", "null", "[]", "{}"], ['"a"'], id="other types are free"),
    ],
)
def test_types(schema: Any, accepted: list[str], rejected: list[str]) -> None:
    check_accepts(schema, accepted, rejected)


def test_a_whole_number_with_a_point_is_left_to_validate() -> None:
    check_accepts({"type": "integer"}, ["1"], [], narrowed=["1.0", "1e2"])


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param({"const": "a"}, ['"a"'], ['"b"', "a"], id="const"),
        pytest.param({"const": None}, ["null"], ["0"], id="const null"),
        pytest.param(
            {"enum": ["a", "ab", 1, None, True]},
            ['"a"', '"ab"', "1", "null", "true"],
            ['"b"', "false"],
            id="enum",
        ),
        pytest.param({"enum": [0, False]}, ["0", "false"], ["true", "1"], id="0 is not false"),
        pytest.param({"enum": [1.5, -0.25, 1e300]}, ["1.5", "-0.25", "1e+300"], ["1.50001"], id="decimals"),
        pytest.param(
            {"const": {"a": [1, {}], "b": "x"}},
            ['{"a": [1, {}], "b": "x"}', '{"a":[1,{}],"b":"x"}'],
            ['{"a": [1]}', "{}"],
            id="an object",
        ),
        pytest.param(
            {"enum": [[], [1, 2], {}]}, ["[]", "[1,2]", "{}"], ["[1]", "[2,1]", '{"a": 1}'], id="arrays"
        ),
        pytest.param({"enum": ['"\\\n\x01é😀']}, ['"\\"\\\\\\n\\u0001é😀"'], ['""'], id="escapes"),
        pytest.param({"type": "string", "enum": ["a", 1]}, ['"a"'], ["1"], id="type leaves the strings"),
        pytest.param(
            {"type": ["integer", "null"], "enum": [1, 1.5, None]},
            ["1", "null"],
            ["1.5"],
            id="type leaves some",
        ),
        pytest.param(
            {"type": "string", "maxLength": 1, "enum": ["a", "bb"]},
            ['"a"'],
            ['"bb"'],
            id="maxLength leaves some",
        ),
        pytest.param({"enum": ["a1", "b"], "pattern": "\\d$"}, ['"a1"'], ['"b"'], id="pattern leaves some"),
        pytest.param({"enum": [1, 5, 9], "minimum": 5}, ["5", "9"], ["1"], id="minimum leaves some"),
        pytest.param(
            {"enum": [{"a": 1}, {"a": "x"}], "properties": {"a": {"type": "string"}}},
            ['{"a": "x"}'],
            ['{"a": 1}'],
            id="properties leave some",
        ),
        pytest.param({"enum": [[1], [1, 2]], "minItems": 2}, ["[1, 2]"], ["[1]"], id="minItems leaves some"),
        pytest.param({"const": 1, "enum": [1, 2]}, ["1"], ["2"], id="const and enum"),
    ],
)
def test_enum_and_const(schema: Any, accepted: list[str], rejected: list[str]) -> None:
    check_accepts(schema, accepted, rejected)


def test_values_have_one_spelling() -> None:
    check_accepts({"enum": ["é", 1]}, ['"é"', "1"], [], narrowed=['"\\u00e9"', "1.0"])


def test_a_whole_number_may_be_written_as_the_schema_writes_it() -> None:
    check_accepts({"const": 1.0}, ["1", "1.0"], ["2"], narrowed=["1.00"])


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        pytest.param(False, "#: false allows nothing", id="false"),
        pytest.param({"enum": []}, "#/enum: ", id="an empty enum"),
        pytest.param(
            {"type": "string", "enum": [1]},
            "#/enum: enum lists nothing that the other keywords allow",
            id="none of the type",
        ),
        pytest.param(
            {"const": "\ud800"},
            "#/const: const lists nothing that JSON can write",
            id="a lone surrogate",
        ),
        pytest.param(
            {"type": "integer", "minimum": 2, "maximum": 1}, "no number is between 2 and 1", id="bounds"
        ),
        pytest.param(
            {"type": "string", "minLength": 2, "maxLength": 1},
            "minLength 2 is more than maxLength 1",
            id="lengths",
        ),
        pytest.param(
            {"type": "object", "properties": {"a": False}, "required": ["a"]},
            "#/required: 'a' is required",
            id="required and false",
        ),
        pytest.param(
            {"type": "object", "required": ["a"], "additionalProperties": False},
            "'a' is required",
            id="required and closed",
        ),
        pytest.param(
            {"type": "array", "items": False, "minItems": 1}, "minItems 1, and no more than 0", id="items"
        ),
        pytest.param(
            {"anyOf": [False, {"type": "string", "enum": [1]}]}, "#/anyOf/1/enum", id="all branches"
        ),
        pytest.param({"allOf": [{"type": "string"}, {"type": "null"}]}, "contradicts itself", id="types"),
        pytest.param(
            {
                "$ref": "#/$defs/a",
                "$defs": {"a": {"type": "array", "items": {"$ref": "#/$defs/a"}, "minItems": 1}},
            },
            "inside itself without end",
            id="endless",
        ),
    ],
)
def test_schemas_that_nothing_satisfies(schema: Any, reason: str) -> None:
    with pytest.raises(EmptyLanguageError) as caught:
        json_schema(schema)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param({"anyOf": [False, {"type": "null"}]}, ["null"], ["1"], id="a branch"),
        pytest.param(
            {"type": "object", "properties": {"a": False}},
            ["{}", '{"b": 1}'],
            ['{"a": 1}'],
            id="an optional member",
        ),
        pytest.param({"type": "array", "items": False}, ["[]"], ["[1]"], id="items"),
        pytest.param(
            {"type": "array", "prefixItems": [{"type": "null"}, False]},
            ["[]", "[null]"],
            ["[null, 1]"],
            id="the rest of a tuple",
        ),
        pytest.param(
            {"type": ["string", "integer"], "minLength": 2, "maxLength": 1}, ["1"], ['"a"'], id="a type"
        ),
    ],
)
def test_branches_that_nothing_satisfies_are_dropped(
    schema: Any, accepted: list[str], rejected: list[str]
) -> None:
    check_accepts(schema, accepted, rejected)


def test_values_beside_a_pattern_that_is_not_regular() -> None:
    schema = {"enum": ["aa", "ab"], "pattern": r"^(.)\1$"}
    with pytest.raises(UnsupportedSchemaError, match="#/pattern"):
        json_schema(schema)
    constraint = json_schema(schema, strict=False)
    assert constraint.is_valid('"aa"')
    assert not constraint.is_valid('"ab"')


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"pattern": "("}, "#/pattern"),
        ({"items": {"pattern": "[z-a]"}}, "#/items/pattern"),
        ({"patternProperties": {"a**": {}}}, "#/patternProperties"),
        ({"not": {"pattern": "("}}, "#/not/pattern"),
        ({"enum": ["a", "b"], "pattern": "("}, "#/pattern"),
    ],
)
def test_a_malformed_pattern_is_the_fault_of_the_schema(schema: Any, pointer: str, strict: bool) -> None:
    """It is not left to validate(), which could not judge it either."""
    with pytest.raises(InvalidSchemaError) as caught:
        json_schema(schema, strict=strict)
    assert caught.value.pointer == pointer


def test_validate_judges_backreferences_by_name() -> None:
    schema = {"pattern": r"^(?<mark>.).*\k<mark>$"}
    with pytest.raises(UnsupportedSchemaError, match="backreference"):
        json_schema(schema)
    constraint = json_schema(schema, strict=False)
    assert constraint.is_valid("\"'a'\"")
    assert not constraint.is_valid(r'"\"a' + "'\"")
