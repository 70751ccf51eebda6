"""JSON: whitespace around structural characters, and the printer."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from structgen.errors import InvalidOptionError
from structgen.formats.json import Whitespace, json_format
from structgen.frontends.json_schema import json_schema
from structgen.grammar.expressions import Expression, Literal, charset, repeat
from structgen.language.sampling import Sampler

SCHEMA = {"type": "object", "properties": {"a": {"type": "array", "items": {}}, "b": {"type": "object"}}}
VALUES: list[Any] = [{}, {"a": []}, {"a": [1, {"x": [[]]}], "b": {"c": {}, "d": None}}]


def accepts(text: str, whitespace: Any) -> bool:
    return json_schema(SCHEMA, whitespace=whitespace)._compiled.accepts(text)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("indent", [None, 0, 1, 2, 4, 8, "\t"])
def test_bounded_whitespace_is_what_dumps_writes(value: Any, indent: int | str | None) -> None:
    assert accepts(json.dumps(value, indent=indent), "bounded")
    assert accepts(json.dumps(value, indent=indent), "any")
    assert accepts(json.dumps(value, indent=indent, separators=(",", ":")), "bounded")


@pytest.mark.parametrize(
    "text",
    [
        '{  "a":[]}',
        '{"a":  []}',
        '{"a":[]}\n',
        ' {"a":[]}',
        '{"a":\n\n[]}',
        '{"a":\n' + " " * 65 + "[]}",
        '{"a":[\r\n]}',
    ],
)
def test_bounded_whitespace_ends(text: str) -> None:
    assert not accepts(text, "bounded")
    assert json_schema(SCHEMA).is_valid(text)
    assert accepts(text, "any")


def test_compact() -> None:
    for value in VALUES:
        assert accepts(json.dumps(value, separators=(",", ":")), "compact")
        if value:
            assert not accepts(json.dumps(value), "compact")


def test_any_whitespace() -> None:
    assert accepts(' \n{ \t"a" \r\n:\n\n [ 1 , 2 ]\n} \n', "any")
    assert not accepts('{"a":[1\x0b]}', "any")
    number = json_schema({"type": "integer"}, whitespace="any")._compiled
    assert number.accepts(" 1 ")
    assert not number.accepts("1 1")


def test_an_expression() -> None:
    assert accepts('{ "a" : [ 1 , 2 ] }', Literal(" "))
    assert not accepts('{"a":[1,2]}', Literal(" "))
    assert accepts('{\t"a":[]}', repeat(charset("\t"), 0, 1))


@pytest.mark.parametrize("whitespace", ["loose", Literal("x"), charset("a-"), repeat(charset((0, 255)))])
def test_what_is_no_whitespace(whitespace: str | Expression) -> None:
    with pytest.raises(InvalidOptionError, match="whitespace"):
        json_schema(SCHEMA, whitespace=whitespace)  # type: ignore[arg-type]


# The printer


@pytest.mark.parametrize("value", [*VALUES, 1, "a", [], {"": [[], {}, None, True, 1.5, "é"]}])
@pytest.mark.parametrize("indent", [None, 2])
def test_values_are_written_as_dumps_writes_them(value: Any, indent: int | None) -> None:
    assert json_format().write(value, indent=indent) == json.dumps(value, ensure_ascii=False, indent=indent)


def test_what_dumps_does_not_write() -> None:
    infinite = [float("inf"), {"a": [], "b": -float("inf")}, {}, float("nan"), "x"]
    assert json_format().write(infinite) == '[1e999, {"a": [], "b": -1e999}, {}, null, "x"]'
    assert json_format().write({"\ud800": "é\udfff"}) == '{"\\ud800": "é\\udfff"}'
    deep: Any = 1
    for _ in range(20_000):
        deep = [{"a": deep}]
    assert json_format().write(deep) == '[{"a": ' * 20_000 + "1" + "}]" * 20_000


# Exact whitespace

LIST: dict[str, Any] = {"type": "array"}
STRINGS: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}}
NUMBERLESS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "a": {
            **LIST,
            "items": {"anyOf": [{"type": ["boolean", "null"]}, STRINGS, {**LIST, "items": STRINGS}]},
        },
        "b": {**STRINGS, "properties": {"c": STRINGS}},
        "c": {**LIST, "uniqueItems": True, "items": {**LIST, "items": STRINGS}, "maxItems": 3},
        "d": {"enum": [{"x": [[], {}], "y": "z"}, []]},
        "e": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 2,
            "additionalProperties": {"type": "string"},
        },
    },
    "additionalProperties": {"type": "string"},
}
EXACT = [
    {},
    {"indent": 2},
    {"indent": 0},
    {"indent": "\t"},
    {"item_separator": ","},
    {"item_separator": " ,", "key_separator": " : ", "indent": 1},
    {"item_separator": "\n,\n", "key_separator": ":\t"},
]


def dumped(
    value: Any, item_separator: str | None = None, key_separator: str = ": ", indent: Any = None
) -> str:
    between = item_separator or (", " if indent is None else ",")
    return json.dumps(value, indent=indent, separators=(between, key_separator), ensure_ascii=False)


@pytest.mark.parametrize("options", EXACT)
@pytest.mark.parametrize("order", ["schema", "any"])
def test_exact_whitespace_is_what_dumps_writes(options: dict[str, Any], order: Any) -> None:
    constraint = json_schema(
        NUMBERLESS, whitespace=Whitespace(**options), escapes="needed", property_order=order
    )
    sampler = Sampler(constraint.grammar, max_depth=9)
    for seed in range(40):
        text = sampler.text(Random(seed))
        value = constraint.validate(text)
        assert constraint._compiled.accepts(text)
        assert text == dumped(value, **options)
    accepts = json_schema(SCHEMA, whitespace=Whitespace(**options))._compiled.accepts
    for value in VALUES:
        text = dumped(value, **options)
        assert accepts(text)
        assert not value or not accepts(text.replace(":", "\n:", 1))


@pytest.mark.parametrize("depth", [1, 9, 10, 11, 30])
def test_indentation_of_values_that_contain_themselves(depth: int) -> None:
    constraint = json_schema({"type": "array", "items": {"$ref": "#"}}, whitespace=Whitespace(indent=2))
    value: Any = []
    for _ in range(depth):
        value = [value, []]
    assert constraint._compiled.accepts(dumped(value, indent=2))
    assert constraint._compiled.accepts(dumped(value, indent=2).replace(" " * 2, "\t")) == (depth < 1)


def test_items_that_differ_with_indentation() -> None:
    schema = {"type": "array", "uniqueItems": True, "items": {"type": "object"}}
    accepts = json_schema(schema, whitespace=Whitespace(indent=1))._compiled.accepts
    assert accepts(dumped([{"a": 1}, {"a": 2}, {"b": [1]}], indent=1))
    assert not accepts(dumped([{"a": 1, "b": 2}, {"b": 2, "a": 1}], indent=1))


@pytest.mark.parametrize(
    "options",
    [
        {"item_separator": ";"},
        {"item_separator": ",,"},
        {"item_separator": "\xa0,"},
        {"key_separator": ""},
        {"indent": -1},
        {"indent": 65},
        {"indent": "x"},
        {"indent": True},
        {"indent": 1.5},
    ],
)
def test_whitespace_that_json_does_not_have(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError, match=next(iter(options))):
        Whitespace(**options)


def test_yaml_has_its_own_whitespace() -> None:
    with pytest.raises(InvalidOptionError, match="output"):
        json_schema(SCHEMA, whitespace=Whitespace(), output="yaml")
    with pytest.raises(InvalidOptionError, match="exact"):
        json_schema(SCHEMA, whitespace=Whitespace(), exact=True)
