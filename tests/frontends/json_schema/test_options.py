"""Options of style: what of the texts of a value the mask writes."""

from __future__ import annotations

import itertools
import json
from typing import Any

import jsonschema
import pytest

from structgen.errors import InvalidOptionError
from structgen.frontends.json_schema import json_schema

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "born": {"type": "integer"}, "died": {"type": "integer"}},
    "required": ["name", "born"],
}


def accepts(schema: Any, text: str, **options: Any) -> bool:
    """Whether the mask lets a text through."""
    return bool(json_schema(schema, **options)._compiled.accepts(text))


def test_members_in_any_order() -> None:
    value = {"name": "Robert", "born": 1759, "died": 1796, "poet": True}
    for members in itertools.permutations(value.items()):
        text = json.dumps(dict(members))
        assert accepts(PERSON, text, property_order="any"), text
    for text in ['{"born": 1}', '{"name": "x"}', '{"born": 1, "name": "x", "born": 1}']:
        assert not accepts(PERSON, text, property_order="any"), text


def test_counted_members_in_any_order() -> None:
    schema = {**PERSON, "additionalProperties": False, "maxProperties": 2}
    assert accepts(schema, '{"born": 1, "name": "x"}', property_order="any")
    for text in ['{"born": 1, "died": 2, "name": "x"}', '{"born": 1, "died": 2}']:
        assert not accepts(schema, text, property_order="any"), text


def test_const_in_any_order() -> None:
    assert accepts({"const": {"a": 1, "b": 2}}, '{"b": 2, "a": 1}', property_order="any")


def test_closed_leaves_out_what_nobody_declares() -> None:
    assert accepts(PERSON, '{"name": "x", "born": 1, "poet": true}')
    assert not accepts(PERSON, '{"name": "x", "born": 1, "poet": true}', closed=True)
    assert accepts(PERSON, '{"name": "x", "born": 1}', closed=True)
    assert accepts({"type": "object"}, '{"a": 1}', closed=True), (
        "where nothing is declared, nothing is undeclared"
    )
    together = {"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}], "type": "object"}
    assert accepts(together, '{"a": 1, "b": 2}', closed=True)
    assert not accepts(together, '{"a": 1, "c": 2}', closed=True)
    patterns = {"type": "object", "patternProperties": {"^x": {}}}
    assert accepts(patterns, '{"xa": 1}', closed=True)
    assert not accepts(patterns, '{"a": 1}', closed=True)


@pytest.mark.parametrize("text", ["é", "\U0001f600", 'a"b\\', "\u007f\u0080\uffff\U0010ffff", "\n\u001f/"])
@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": "string", "pattern": "^[^x]*$"}, "const"])
def test_ascii_is_what_json_dumps_writes(text: str, schema: Any) -> None:
    schema = {"const": text} if schema == "const" else schema
    assert accepts(schema, json.dumps(text), ensure_ascii=True)
    assert accepts(schema, json.dumps(text, ensure_ascii=False), ensure_ascii=True) == text.isascii()


def test_ascii_names() -> None:
    schema = {"properties": {"é": {"type": "integer"}}, "type": "object"}
    assert accepts(schema, r'{"\u00e9": 1}', ensure_ascii=True)
    assert not accepts(schema, '{"é": 1}', ensure_ascii=True)
    assert not accepts(schema, r'{"\u00e9": "x"}', ensure_ascii=True), "the escaped name is the declared one"


@pytest.mark.parametrize("schema", [{"type": "string"}, {}, {"type": "string", "maxLength": 3}])
@pytest.mark.parametrize("text", [r'"\u0041"', r'"\/"', r'"\u00e9"', r'"\u000a"', r'"\u000A"'])
def test_needless_escapes_are_an_option(schema: Any, text: str) -> None:
    assert accepts(schema, text)
    assert accepts(schema, text, ensure_ascii=True)
    assert not accepts(schema, text, escapes="needed")
    assert accepts(schema, text, escapes="needed", ensure_ascii=True) == (text == r'"\u00e9"')


@pytest.mark.parametrize("ascii_only", [False, True])
def test_needed_escapes_are_those_that_json_dumps_writes(ascii_only: bool) -> None:
    text = json.dumps('\n\u001f"\\/é\U0001f600'[:20], ensure_ascii=ascii_only)
    assert accepts({}, text, escapes="needed", ensure_ascii=ascii_only)
    assert accepts({"type": "array"}, f'[{{"a": {text}}}]', escapes="needed", ensure_ascii=ascii_only)
    assert accepts(
        {"uniqueItems": True, "items": {"type": "string"}},
        f"[{text}]",
        escapes="needed",
        ensure_ascii=ascii_only,
    )


NUMBERS = [
    *[
        "0",
        "-0",
        "0.0",
        "-0.00",
        "0e5",
        "0E-7",
        "1",
        "1.0",
        "1.50",
        "1e0",
        "10e-1",
        "0.1e1",
        "0.10E+01",
        "100e-2",
    ],
    *[
        "1.5e1",
        "15",
        "1.5",
        "1.25e2",
        "1.25e1",
        "-3",
        "-3.0",
        "-30e-1",
        "3e0",
        "0.3e1",
        "3.1",
        "1e3",
        "1000",
        "1e19",
    ],
    *[
        "12e-1",
        "120e-1",
        "1e-3",
        "0.001",
        "7",
        "7.0",
        "70e-1",
        "21",
        "2.1e1",
        "20",
        "99.999",
        "100.0",
        "1.0e2",
    ],
]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer"},
        {"type": "number"},
        {"type": "number", "not": {"type": "integer"}},
        {"type": "integer", "minimum": -3, "maximum": 15},
        {"type": "number", "minimum": 1.5},
        {"type": "number", "exclusiveMinimum": 1.5, "maximum": 100},
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "number", "exclusiveMaximum": 0},
        {"type": "number", "maximum": -3},
        {"type": "integer", "exclusiveMaximum": 15},
        {"type": "number", "multipleOf": 0.5},
        {"type": "number", "multipleOf": 5, "minimum": 10},
        {"type": "integer", "not": {"enum": [1, 15]}},
        {"enum": [1, 15, 0.001, -3]},
        {"const": 0},
        {"const": 100},
    ],
    ids=json.dumps,
)
def test_exact_has_every_spelling_of_a_number(schema: Any) -> None:
    grammar = json_schema(schema, exact=True)._compiled
    validator = jsonschema.Draft202012Validator(schema)
    for text in NUMBERS:
        assert grammar.accepts(text) == validator.is_valid(json.loads(text)), text


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number", "minimum": 1.5},
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "number", "minimum": -1, "maximum": 0},
        {"type": "number", "exclusiveMaximum": 0},
        {"type": "integer", "maximum": -3},
        {"type": "number", "not": {"const": 7}},
    ],
    ids=json.dumps,
)
def test_exact_has_exponents_far_from_every_bound(schema: Any) -> None:
    grammar = json_schema(schema, exact=True)._compiled
    validator = jsonschema.Draft202012Validator(schema)
    for text in ["-1.5e+300", "1e300", "2.5e-300", "-1E-0300"]:
        assert grammar.accepts(text) == validator.is_valid(json.loads(text)), text


SPELLINGS = [
    r'"\u00e9"',
    r'"\u00E9"',
    '"é"',
    r'"\ud83d\uDE00"',
    '"😀"',
    r'"\/"',
    '"/"',
    r'"\u002f"',
    r'"\u0022"',
    '"a"',
]


@pytest.mark.parametrize(
    "schema",
    [
        {"const": "é"},
        {"const": "😀"},
        {"const": "/"},
        {"pattern": "^[à-ö]$"},
        {"pattern": "^[^é]$"},
        {"pattern": "^\\P{L}$"},
        {"not": {"const": "é"}},
        {"maxLength": 0},
    ],
    ids=str,
)
def test_exact_has_every_spelling_of_a_string(schema: Any) -> None:
    grammar = json_schema(schema, exact=True)._compiled
    judge = json_schema(schema)
    for text in SPELLINGS:
        assert grammar.accepts(text) == judge.is_valid(text), text


def test_exact_has_every_spelling_of_a_name() -> None:
    schema = {"properties": {"a": {"type": "integer"}}, "required": ["a"]}
    for text in [r'{"\u0061": 1}', ' { "b":"x" , "a" : 1.0 }\n', "[ ]"]:
        assert accepts(schema, text, exact=True), text
    for text in [r'{"\u0061": "x"}', r'{"\u0061\u0061": 1}']:
        assert not accepts(schema, text, exact=True), text


@pytest.mark.parametrize(
    "options", [{"closed": True}, {"ensure_ascii": True}, {"whitespace": "compact"}], ids=str
)
def test_exact_has_no_style_beside_it(options: Any) -> None:
    with pytest.raises(InvalidOptionError, match="exact=True"):
        json_schema({}, exact=True, **options)


def test_orders_have_names() -> None:
    with pytest.raises(InvalidOptionError, match="property_order"):
        json_schema({}, property_order="alphabet")  # type: ignore[arg-type]
