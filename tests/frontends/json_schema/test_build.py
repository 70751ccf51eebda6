"""The function as a whole: what is refused and how, what is left to validate, and what a text means."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import Any

import pytest

from structgen.errors import InvalidOptionError, InvalidSchemaError, InvalidText, UnsupportedSchemaError
from structgen.frontends.json_schema import json_schema
from structgen.limits import Limits

DRAFT2020 = "https://json-schema.org/draft/2020-12/schema"
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "born": {"type": "integer", "minimum": 1000}},
    "required": ["name", "born"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        pytest.param([], "#", id="a list"),
        pytest.param({"type": "text"}, "#/type", id="an unknown type"),
        pytest.param({"type": []}, "#/type", id="no types"),
        pytest.param({"type": ["string", 1]}, "#/type", id="a type that is no text"),
        pytest.param({"properties": []}, "#/properties", id="properties"),
        pytest.param({"properties": {"a": 1}}, "#/properties/a", id="a property"),
        pytest.param(
            {"properties": {"a/b": {"items": 1, "type": "array"}}}, "#/properties/a~1b/items", id="deeper"
        ),
        pytest.param({"required": "a"}, "#/required", id="required"),
        pytest.param({"required": [1]}, "#/required", id="required names"),
        pytest.param({"additionalProperties": "no"}, "#/additionalProperties", id="additionalProperties"),
        pytest.param({"enum": "a"}, "#/enum", id="enum"),
        pytest.param({"anyOf": []}, "#/anyOf", id="anyOf"),
        pytest.param({"allOf": {}}, "#/allOf", id="allOf"),
        pytest.param({"minLength": -1}, "#/minLength", id="a negative length"),
        pytest.param({"maxLength": 1.5}, "#/maxLength", id="half a character"),
        pytest.param({"maxItems": True}, "#/maxItems", id="a boolean"),
        pytest.param({"pattern": 1}, "#/pattern", id="pattern"),
        pytest.param({"prefixItems": {}}, "#/prefixItems", id="prefixItems"),
        pytest.param({"$schema": DRAFT2020, "items": [{}]}, "#/items", id="a list of items since 2020-12"),
        pytest.param({"$schema": 1}, "#/$schema", id="$schema"),
    ],
)
def test_malformed_schemas(schema: Any, pointer: str) -> None:
    with pytest.raises(InvalidSchemaError) as caught:
        json_schema(json.dumps(schema))
    assert caught.value.pointer == pointer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{'type': 'null'}",
        "[" * 100_000,
        '{"a":' * 100_000,
        "\ufeff{}",
        '{"minimum": ' + "9" * 5000 + "}",
    ],
)
def test_texts_that_are_no_schemas(text: str) -> None:
    with pytest.raises(InvalidSchemaError) as caught:
        json_schema(text)
    assert caught.value.pointer == "#"


def test_hostile_nesting_is_a_typed_error() -> None:
    for wrap in (
        lambda inner: {"type": "array", "items": inner},
        lambda inner: {"anyOf": [inner, {"type": "null"}]},
        lambda inner: {"allOf": [inner, {"minLength": 1}]},
        lambda inner: {"properties": {"a": inner}},
        lambda inner: {"const": inner},
    ):
        schema: Any = {"type": "string"}
        for _ in range(5000):
            schema = wrap(schema)
        with pytest.raises(InvalidSchemaError, match="nests too deeply"):
            json_schema(schema)


def test_a_draft_that_does_not_exist() -> None:
    with pytest.raises(
        InvalidOptionError, match="draft='3': must be '4', '6', '7', '2019-09', '2020-12' or None"
    ):
        json_schema({}, draft="3")  # type: ignore[arg-type]


UNSUPPORTED = {
    "type": "object",
    "properties": {
        "b": {"type": "string", "pattern": r"(.)\1"},
        "a": {"type": "array", "items": {"$ref": "#/$defs/x"}},
        "c": {"title": "nothing to see"},
    },
    "$defs": {"unused": {"pattern": r"(.)\2"}, "x": {"pattern": r"(?<a>.)\k<a>"}},
}


def test_all_that_is_not_enforced_is_reported_at_once() -> None:
    with pytest.raises(UnsupportedSchemaError) as caught:
        json_schema(UNSUPPORTED)
    assert [problem.pointer for problem in caught.value.problems] == [
        "#/properties/b/pattern",
        "#/$defs/x/pattern",
    ]
    assert "strict=False" in str(caught.value)


def test_what_is_not_enforced_is_checked_afterwards() -> None:
    constraint = json_schema(UNSUPPORTED, strict=False)
    assert [problem.pointer for problem in constraint.unenforced] == [
        "#/properties/b/pattern",
        "#/$defs/x/pattern",
    ]
    assert constraint.validate('{"b": "aa"}') == {"b": "aa"}
    assert constraint._compiled.accepts('{"b": "ab"}')
    with pytest.raises(InvalidText) as caught:
        constraint.validate('{"b": "ab"}')
    assert "#/b: 'ab' does not match" in str(caught.value)


def test_keywords_for_other_types_are_no_problem() -> None:
    assert json_schema({"type": "integer", "pattern": r"(.)\1"}).unenforced == ()


@pytest.mark.parametrize("source", [PERSON, json.dumps(PERSON), json.dumps(PERSON).encode()])
def test_sources(source: Any) -> None:
    assert json_schema(source).validate('{"name": "R", "born": 1759}') == {"name": "R", "born": 1759}


def test_the_schema_is_left_alone() -> None:
    before = json.dumps(PERSON)
    json_schema(PERSON).is_valid("1")
    assert json.dumps(PERSON) == before


@pytest.mark.parametrize(
    ("text", "position", "reason", "expected"),
    [
        pytest.param("{'name': 1}", 1, 'found "\'"', "'\"'", id="syntax"),
        pytest.param('{"name": "R", "born": 27 January', 24, 'found " "', "a digit", id="no number"),
        pytest.param('{"name": "R"', 12, "ends too early", None, id="cut"),
        pytest.param(
            '{"name": "R", "born": 17}',
            24,
            "#/born: 17 is less than the minimum of 1000",
            "a digit",
            id="value",
        ),
        pytest.param(
            '{"born": 17, "name": "R"}',
            9,
            "#/born: 17 is less than the minimum of 1000",
            None,
            id="value in another order",
        ),
        pytest.param('{"name": "R", "born": 1759, "name": "S"}', 26, "twice", None, id="a name twice"),
        pytest.param('{"name": "R", "born": NaN}', 22, "N", None, id="NaN"),
    ],
)
def test_errors_say_where_and_why(text: str, position: int, reason: str, expected: str | None) -> None:
    with pytest.raises(InvalidText) as caught:
        json_schema(PERSON).validate(text)
    assert caught.value.position == position
    assert reason.replace('"', "'") in caught.value.reason.replace('"', "'")
    if expected is not None:
        assert any(expected in words for words in caught.value.expected)


def test_what_the_mask_would_not_write_is_valid_all_the_same() -> None:
    constraint = json_schema(PERSON)
    text = '{ "born" :1759,\r\n"n\\u0061me":"R" }\n'
    assert not constraint._compiled.accepts(text)
    assert constraint.validate(text) == {"name": "R", "born": 1759}


def test_deep_values_do_not_break_the_judge() -> None:
    assert not json_schema({"type": "array"}).is_valid("[" * 50_000)


def test_descriptions() -> None:
    assert repr(json_schema(PERSON)) == "<Constraint JSON Schema>"
    assert repr(json_schema({"title": "Person"})) == "<Constraint JSON Schema 'Person'>"


def test_errors_pickle() -> None:
    with pytest.raises(UnsupportedSchemaError) as caught:
        json_schema(UNSUPPORTED)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.problems == caught.value.problems


def test_compiling_imports_no_validator() -> None:
    """Importing jsonschema takes longer than compiling most schemas."""
    program = (
        "import sys\n"
        "from structgen.frontends.json_schema import json_schema\n"
        f"json_schema({PERSON!r})\n"
        "sys.exit(', '.join({'jsonschema', 'referencing', 'pydantic'} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    "schema",
    [
        {"const": float("nan")},
        {"enum": [1, float("inf")]},
        {"const": [{"a": float("nan")}]},
        {"const": {1: 2}},
        {"const": ...},
        '{"const": NaN}',
        {"not": {"minLength": "5"}},
        {"not": {"properties": [1]}},
        {"not": {"patternProperties": [1]}},
        {"enum": ["a"], "minLength": "x"},
        {"enum": ["a"], "pattern": 5},
    ],
    ids=str,
)
def test_what_is_no_schema_is_named(schema: Any) -> None:
    with pytest.raises(InvalidSchemaError):
        json_schema(schema)


def test_validate_has_formats_and_the_dialect_of_patterns() -> None:
    """Also where the mask refuses the text because of its order."""
    schema = {
        "properties": {"a": {"format": "date"}, "b": {}},
        "patternProperties": {"^x$": {"type": "integer"}},
    }
    constraint = json_schema(schema)
    assert constraint.is_valid('{"b": 1, "a": "2024-02-29"}')
    assert not constraint.is_valid('{"b": 1, "a": "2023-02-29"}')
    assert json_schema(schema, formats="annotate").is_valid('{"b": 1, "a": "2023-02-29"}')
    assert constraint.is_valid('{"b": 1, "x\\n": "y", "a": "2024-02-29"}')


def test_bytes_of_any_kind() -> None:
    assert json_schema(bytearray(b'{"const": 1}')).is_valid("1")


def test_many_branches_are_refused_in_no_time() -> None:
    branches = [{"type": "object", "properties": {f"p{i}": {"minLength": i}}} for i in range(2000)]
    with pytest.raises(UnsupportedSchemaError, match="too many combinations"):
        json_schema({"oneOf": branches})


def test_validate_takes_the_verdict_of_jsonschema_beyond_the_limits() -> None:
    schema = {"type": "string", "maxLength": 50_000}
    constraint = json_schema(schema, limits=Limits(expressions=1000))
    assert constraint.validate(json.dumps("a" * 40_000)) == "a" * 40_000
    for text in [json.dumps("a" * 60_000), "7", '"' + "a" * 40_000, "[" * 200_000]:
        with pytest.raises(InvalidText):
            constraint.validate(text)


def test_how_deep_a_schema_may_nest_is_no_matter_of_the_caller() -> None:
    """What compiles from the bottom of the stack compiles from near its end, too."""
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(90):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}

    def called(depth: int) -> bool:
        return called(depth - 1) if depth else json_schema(schema).is_valid('{"a":' * 90 + "1" + "}" * 90)

    frames = 0
    frame = sys._getframe()
    while frame.f_back is not None:
        frame, frames = frame.f_back, frames + 1
    assert called(0)
    assert called(sys.getrecursionlimit() - frames - 120)
