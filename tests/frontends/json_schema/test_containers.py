"""Objects and arrays. The judge is jsonschema."""

from __future__ import annotations

import itertools
from typing import Any

import jsonschema
import pytest
from frontends.json_schema.checking import check_accepts

from structgen.errors import EmptyLanguageError, InvalidText, UnsupportedSchemaError
from structgen.frontends.json_schema import json_schema
from structgen.matcher import CompiledGrammar

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


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param(
            {"patternProperties": {"^x-": INTEGER}},
            ['{"x-a": 1, "b": "x"}', "{}"],
            ['{"x-a": "x"}'],
            id="patternProperties",
        ),
        pytest.param(
            {"patternProperties": {"^x-": INTEGER}, "additionalProperties": False},
            ['{"x-a": 1, "x-b": 2}'],
            ['{"a": 1}'],
            id="closed",
        ),
        pytest.param(
            {"properties": {"x-a": {"minimum": 3}}, "patternProperties": {"^x-": INTEGER}},
            ['{"x-a": 3, "x-b": 1}'],
            ['{"x-a": 2}', '{"x-a": "x"}'],
            id="a declared name matches too",
        ),
        pytest.param(
            {"patternProperties": {"a": {"minimum": 3}, "b": INTEGER}},
            ['{"a": 3.5, "b": 1, "ab": 3, "c": null}'],
            ['{"ab": 1}', '{"ab": 3.5}', '{"ba": 1}'],
            id="overlapping patterns",
        ),
        pytest.param(
            {"patternProperties": {"^a": INTEGER}, "required": ["ab"]},
            ['{"ab": 1}'],
            ['{"ab": "x"}', "{}"],
            id="a required name matches",
        ),
        pytest.param(
            {"patternProperties": {".*": INTEGER}, "additionalProperties": False},
            ['{"a": 1}'],
            ['{"a": "x"}'],
            id="every name matches",
        ),
        pytest.param(
            {"patternProperties": {'\\"': INTEGER}},
            ['{"\\"": 1, "a": null}'],
            ['{"\\"": null}'],
            id="names that need escapes",
        ),
        pytest.param(
            {"propertyNames": {"maxLength": 2}}, ['{"ab": 1}', "{}"], ['{"abc": 1}'], id="propertyNames"
        ),
        pytest.param(
            {"propertyNames": {"pattern": "^[a-z]+$"}, "properties": {"a": {}, "B": {}}},
            ['{"a": 1, "c": 1}'],
            ['{"B": 1}', '{"a1": 1}'],
            id="propertyNames and properties",
        ),
        pytest.param(
            {"propertyNames": {"enum": ["a", "b"]}},
            ['{"a": 1, "b": 2}'],
            ['{"c": 1}'],
            id="propertyNames from a list",
        ),
        pytest.param({"propertyNames": False}, ["{}"], ['{"a": 1}'], id="no names"),
        pytest.param({"minProperties": 1}, ['{"a": 1}', '{"a": 1, "b": 1}'], ["{}"], id="minProperties"),
        pytest.param({"maxProperties": 1}, ["{}", '{"a": 1}'], ['{"a": 1, "b": 1}'], id="maxProperties"),
        pytest.param(
            {"properties": {"a": {}, "b": {}, "c": {}}, "additionalProperties": False, "minProperties": 2},
            ['{"a": 1, "b": 1}', '{"b": 1, "c": 1}', '{"a": 1, "b": 1, "c": 1}'],
            ["{}", '{"b": 1}'],
            id="at least two declared",
        ),
        pytest.param(
            {"properties": {"a": {}, "b": {}}, "required": ["b"], "maxProperties": 2},
            ['{"b": 1}', '{"a": 1, "b": 1}', '{"b": 1, "c": 1}'],
            ["{}", '{"a": 1}', '{"a": 1, "b": 1, "c": 1}'],
            id="at most two",
        ),
        pytest.param(
            {"required": ["a", "b"], "minProperties": 2},
            ['{"a": 1, "b": 1}'],
            ['{"a": 1}'],
            id="required are enough",
        ),
        pytest.param(
            {"properties": {"a": {}}, "minProperties": 2},
            ['{"a": 1, "b": 1}'],
            ['{"a": 1}', "{}"],
            id="a declared one and another",
        ),
    ],
)
def test_objects_of_many_kinds(schema: dict[str, Any], accepted: list[str], rejected: list[str]) -> None:
    check_accepts({"type": "object", **schema}, accepted, rejected)


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param(
            True,
            ['{"a": 1, "b": {"a": 1}}', '[{"a": 1}, {"a": 1}]', '{"a": [{"b": 1}], "b": 1}'],
            ['{"a": 1, "a": 2}', '{"a": {"b": 1, "b": 1}}', '{"a": {"b": 1}, "c": [], "a": 1}'],
            id="in values of any kind",
        ),
        pytest.param(
            {"minProperties": 2}, ['{"a": 1, "b": 1}'], ['{"a": 1}', '{"a": 1, "a": 1}'], id="counted"
        ),
        pytest.param(
            {"properties": {"x": {}}, "maxProperties": 2},
            ['{"x": 1, "a": 1}', '{"a": 1, "b": 1}'],
            ['{"x": 1, "a": 1, "b": 1}', '{"a": 1, "a": 1}', '{"x": 1, "x": 1}'],
            id="beside declared ones",
        ),
        pytest.param(
            {"patternProperties": {"^[ab]$": {"type": "integer"}}, "additionalProperties": False},
            ['{"a": 1, "b": 1}', '{"b": 1, "a": 1}', "{}"],
            ['{"a": 1, "a": 1}', '{"a": 1, "b": 1, '],
            id="of two names nobody writes three",
        ),
        pytest.param(
            {"propertyNames": {"enum": ["a", "b", "c"]}, "minProperties": 2},
            ['{"c": 1, "a": 1}', '{"a": 1, "b": 1, "c": 1}'],
            ['{"a": 1}', '{"a": 1, "c": 1, "a": 1}', '{"a": 1, "b": 1, "c": 1, '],
            id="of three names two are needed",
        ),
    ],
)
@pytest.mark.parametrize("property_order", ["schema", "any"])
def test_no_name_comes_twice(
    schema: Any, accepted: list[str], rejected: list[str], property_order: Any
) -> None:
    schema = {"type": "object", **schema} if isinstance(schema, dict) else schema
    grammar = json_schema(schema, property_order=property_order)._compiled
    for text in accepted:
        assert grammar.accepts(text), text
    for text in rejected:
        assert not begins(grammar, text), text


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param({"contains": INTEGER}, ["[1]", '["a", 1, "b"]'], ["[]", '["a"]'], id="contains"),
        pytest.param(
            {"contains": INTEGER, "minContains": 2},
            ["[1, 2]", '[1, "a", 2]'],
            ["[1]", '[1, "a"]'],
            id="minContains",
        ),
        pytest.param(
            {"contains": INTEGER, "maxContains": 1},
            ["[1]", '["a", 1]'],
            ["[]", "[1, 2]", '[1, "a", 2]'],
            id="maxContains",
        ),
        pytest.param({"contains": INTEGER, "minContains": 0}, ["[]", '["a"]'], [], id="none is enough"),
        pytest.param(
            {"contains": {"const": 1}, "items": INTEGER, "maxItems": 2},
            ["[1]", "[2, 1]"],
            ["[2]", "[2, 2]", "[1, 2, 3]", '[1, "a"]'],
            id="among items",
        ),
        pytest.param(
            {"contains": {"const": "a"}, "prefixItems": [INTEGER], "minItems": 3},
            ['[1, "a", 2]', '[1, null, "a"]'],
            ['[1, "a"]', '["a", 1, 1]'],
            id="after a prefix",
        ),
        pytest.param(
            {"uniqueItems": True, "items": {"enum": ["a", "b", 1]}},
            ["[]", '["b", "a"]', '[1, "a", "b"]'],
            ['["a", "a"]', '["a", "b", "a"]'],
            id="different items",
        ),
        pytest.param(
            {"uniqueItems": True, "items": {"enum": ["a", "b", 1]}, "minItems": 2},
            ['["a", 1]'],
            ['["a"]', '["a", "a"]'],
            id="at least two different",
        ),
        pytest.param(
            {"uniqueItems": True, "items": {"enum": list("abcdefghij")}, "minItems": 1},
            ['["a"]', '["j", "a"]'],
            ["[]", '["a", "b", "a"]', '["a", ]'],
            id="of many",
        ),
        pytest.param(
            {"uniqueItems": True, "items": {"type": "boolean"}},
            ["[true, false]"],
            ["[true, true]"],
            id="booleans",
        ),
        pytest.param(
            {"uniqueItems": True, "maxItems": 1}, ["[]", "[1]"], ["[1, 2]"], id="one is always different"
        ),
        pytest.param({"uniqueItems": False}, ["[1, 1]"], [], id="need not differ"),
    ],
)
def test_arrays_of_many_kinds(schema: dict[str, Any], accepted: list[str], rejected: list[str]) -> None:
    check_accepts({"type": "array", **schema}, accepted, rejected)


def test_large_bounds_on_members_cost_nothing() -> None:
    schema = {"properties": {"x": {}, "y": {}}, "minProperties": 3, "maxProperties": 100_000}
    check_accepts(
        {"type": "object", **schema},
        ['{"x": 1, "y": 1, "a": 1}', '{"a": 1, "b": 1, "c": 1}', '{"x": 1, "a": 1, "b": 1}'],
        ['{"x": 1, "y": 1}', '{"x": 1, "a": 1}'],
    )


def begins(grammar: CompiledGrammar, text: str) -> bool:
    """Whether the text is in the language; of one that ends behind a comma: whether it may begin so."""
    if not text.endswith(", "):
        return grammar.accepts(text)
    try:
        return bool(grammar.explain_text(text.rstrip()).characters)
    except InvalidText:
        return False


SCALARS = {"type": ["string", "number", "boolean", "null"]}


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param(
            {"items": {"type": "string"}},
            ['["a", "b"]', '["a"]'],
            ['["a", "a"]', '["b", "a", "b"]'],
            id="strings",
        ),
        pytest.param(
            {"items": {"type": "integer"}, "minItems": 2},
            ["[1, 11]", "[0, -1]"],
            ["[1]", "[1, 1]", "[0, -0]"],
            id="integers",
        ),
        pytest.param(
            {"items": SCALARS},
            ['["1", 1, null, true, "null"]', "[1.5, 15, 0.5]"],
            ["[1, 1.0]", "[1.5, 1.50]", "[null, null]", "[true, 1, true]", "[10, 1e1]"],
            id="scalars of all types",
        ),
        pytest.param(
            {"items": {"pattern": "^[ab]$", "type": "string"}, "minItems": 2},
            ['["b", "a"]'],
            ['["a"]', '["a", "a"]', '["a", "b", '],
            id="of two values nobody writes three",
        ),
        pytest.param(
            {"prefixItems": [{"type": "string"}, {"type": "integer"}], "items": {"type": "string"}},
            ['["a", 1, "b"]'],
            ['["a", 1, "a"]', '["a", "a"]'],
            id="place by place",
        ),
        pytest.param(
            {"items": {"type": "string"}, "contains": {"const": "a"}},
            ['["a"]', '["b", "a", "c"]'],
            ['["b"]', '["a", "a"]', '["b", "b", "a"]'],
            id="with one that must be there",
        ),
        pytest.param(
            {"items": {"anyOf": [{"type": "string", "maxLength": 3}, {"pattern": "^x", "type": "string"}]}},
            ['["abc", "xyzw"]'],
            ['["xyz", "xyz"]', '["abcd"]'],
            id="what two branches allow is one value",
        ),
        pytest.param(
            {"items": {"enum": [*range(20), 1.0, "a"]}, "minItems": 3},
            ['[1, 2, "a"]'],
            ["[1, 2]", "[1, 1.0, 3]", "[7, 8, 7]"],
            id="one of many values",
        ),
    ],
)
def test_items_that_differ(schema: dict[str, Any], accepted: list[str], rejected: list[str]) -> None:
    grammar = json_schema({"type": "array", "uniqueItems": True, **schema})._compiled
    for text in accepted:
        assert grammar.accepts(text), text
    for text in rejected:
        assert not begins(grammar, text), text


def test_fewer_values_than_items_are_an_empty_language() -> None:
    with pytest.raises(EmptyLanguageError):
        json_schema(
            {
                "type": "array",
                "uniqueItems": True,
                "items": {"type": "string", "pattern": "^[ab]$"},
                "minItems": 3,
            }
        )


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"items": {"anyOf": [{"const": 1e-7}, {"type": "number"}]}}, "[0.0000001, 0.0000001]"),
        (
            {"items": {"anyOf": [{"const": 1e16}, {"type": "integer"}]}},
            "[10000000000000000, 10000000000000000]",
        ),
        ({"items": {"anyOf": [{"const": 1e16}, {"type": "integer"}]}}, "[1e+16, 10000000000000000]"),
        (
            {"items": {"anyOf": [{"const": 2.0**53}, {"type": "integer"}]}},
            "[9007199254740992.0, 9007199254740992]",
        ),
    ],
)
def test_a_number_has_one_spelling_among_items_that_differ(schema: dict[str, Any], text: str) -> None:
    assert not json_schema({"type": "array", "uniqueItems": True, **schema})._compiled.accepts(text)


FEW = {"type": "integer", "minimum": 0, "maximum": 5}
ABC: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "patternProperties": {"^[abc]$": {"enum": [1, 2]}},
}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "uniqueItems": True, "items": {"minimum": 0, "type": "integer"},
         "contains": {"type": "integer", "exclusiveMinimum": 3}, "maxContains": 2},
        {"type": "array", "uniqueItems": True, "items": {"type": "integer"},
         "contains": {"const": 1}, "minContains": 2},
        {"type": "array", "uniqueItems": True, "items": {"type": "string", "pattern": "^a{100000000}$"}, "minItems": 2},
    ],
)  # fmt: skip
def test_values_and_names_that_could_run_out_are_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedSchemaError):
        json_schema(schema)


@pytest.mark.parametrize("order", ["schema", "any"])
@pytest.mark.parametrize(
    "keywords",
    [
        {"not": {"patternProperties": {"^[ab]$": {"const": 1}}}},
        {"not": {"propertyNames": {"const": "a"}}},
        {"not": {"patternProperties": {"^[ab]$": {"const": 1}}}, "minProperties": 2},
        {"not": {"patternProperties": {"^[ab]$": {"const": 1}}}, "maxProperties": 2},
    ],
    ids=str,
)
def test_few_names_beside_a_member_that_must_exist_come_once_each(keywords: Any, order: Any) -> None:
    schema = {**ABC, **keywords}
    grammar = json_schema(schema, property_order=order)._compiled
    judge = jsonschema.Draft202012Validator(schema)
    for size in range(4):
        for names in itertools.product("abcd", repeat=size):
            for values in itertools.product([1, 2], repeat=size):
                members = list(zip(names, values, strict=True))
                text = "{" + ", ".join(f'"{name}": {value}' for name, value in members) + "}"
                valid = len(set(names)) == size and judge.is_valid(dict(members))
                assert grammar.accepts(text) == valid, text


def test_names_that_cannot_be_counted_are_no_hindrance() -> None:
    """Nobody writes a name of a hundred million characters, and then another one."""
    json_schema(
        {"type": "object", "patternProperties": {"^a{100000000}$": {}}, "additionalProperties": False}
    )


def test_names_in_any_order_run_out_together_with_the_members() -> None:
    declared = {f"p{number}": {} for number in range(9)}
    schema = {"properties": declared, "patternProperties": {"^[xy]$": {}}, "additionalProperties": False}
    grammar = json_schema({"type": "object", **schema}, property_order="any")._compiled
    members = [*declared, "y", "x"]
    text = "{" + ", ".join(f'"{name}": 1' for name in members)
    assert grammar.accepts(text + "}")
    assert not begins(grammar, text + ", ")


@pytest.mark.parametrize("minimum", [10**9, 2500])
def test_long_texts_that_differ_do_not_take_long(minimum: int) -> None:
    items = {"anyOf": [{"type": "string", "minLength": minimum}, {"type": "integer"}]}
    grammar = json_schema({"type": "array", "uniqueItems": True, "items": items})._compiled
    assert grammar.accepts("[1, 2]")
    assert not grammar.accepts("[1, 1]")
