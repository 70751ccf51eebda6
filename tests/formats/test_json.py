"""JSON: whitespace around structural characters, and the printer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from structgen.errors import InvalidOptionError
from structgen.formats.json import json_format
from structgen.frontends.json_schema import json_schema
from structgen.grammar.expressions import Expression, Literal, charset, repeat

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
