"""adapt(): a provider gets a schema that it takes, and answers are read as the original schema has them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

import structgen
from structgen import adapt
from structgen.frontends.providers import PROVIDERS

PERSON: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "default": "x"},
        "age": {"type": "integer", "minimum": 0},
        "role": {"enum": ["a", "b"]},
        "friend": {"$ref": "#/definitions/person"},
        "pair": {"prefixItems": [{"type": "string"}, {"type": "integer"}], "type": "array"},
        "note": {"type": ["string", "null"]},
        "when": {"type": "string", "format": "date"},
        "path/x": {"type": "string", "format": "regex"},
    },
    "required": ["name"],
    "definitions": {"person": {"type": "object", "properties": {"name": {"type": "string"}}}},
}


def keywords(schema: Any) -> Iterator[tuple[str, Any]]:
    """The keywords of a schema, those of its parts too."""
    if isinstance(schema, dict):
        for keyword, value in schema.items():
            yield keyword, schema
            if keyword in ("properties", "$defs"):
                for part in value.values():
                    yield from keywords(part)
            elif keyword in ("anyOf", "prefixItems"):
                for part in value:
                    yield from keywords(part)
            elif keyword not in ("enum", "const", "required"):
                yield from keywords(value)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_only_what_the_provider_takes(provider: Any) -> None:
    found = adapt(PERSON, provider)
    jsonschema.Draft202012Validator.check_schema(found.schema)
    what = PROVIDERS[provider]
    for keyword, schema in keywords(found.schema):
        assert keyword in what.keywords, keyword
        if keyword == "format":
            assert schema["format"] in what.formats
        if what.is_strict and keyword == "properties":
            assert schema["required"] == list(schema["properties"])
            assert schema["additionalProperties"] is False
        if not what.has_type_lists and keyword == "type":
            assert isinstance(schema["type"], str)
    lost = {problem.pointer for problem in found.lost}
    assert "#/properties/name/minLength" in lost
    assert "#/properties/path~1x/format" in lost
    assert ("#/properties/age/minimum" in lost) is (provider == "anthropic")
    assert ("#/properties/pair/prefixItems" in lost) is (provider != "gemini")
    assert not any("default" in pointer or "$schema" in pointer for pointer in lost)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_answers_are_those_of_the_original_schema(provider: Any) -> None:
    found = adapt(PERSON, provider)
    value = {"name": "x", "note": None, "friend": {"name": "y"}}
    answer = {**dict.fromkeys(PERSON["properties"]), **value} if PROVIDERS[provider].is_strict else value
    if PROVIDERS[provider].is_strict:
        answer["friend"] = {"name": "y"}
        assert jsonschema.Draft202012Validator(found.schema).is_valid(answer)
    assert found.validate(json.dumps(answer)) == value
    with pytest.raises(structgen.InvalidText):  # what the provider does not enforce is checked
        found.validate(json.dumps({**answer, "name": ""}))
    with pytest.raises(structgen.InvalidText):
        found.validate("{")


def test_what_is_no_object_is_wrapped() -> None:
    found = adapt({"type": "array", "items": {"type": "integer"}}, "openai")
    assert found.schema["type"] == "object"
    assert found.validate('{"value": [1, 2]}') == [1, 2]
    assert adapt({"type": "array"}, "gemini").schema == {"type": "array"}


def test_types_come_back_as_instances() -> None:
    @dataclasses.dataclass
    class Person:
        name: str
        age: int | None = None
        tags: list[str] = dataclasses.field(default_factory=list)

    found = adapt(Person, "openai")
    assert found.validate('{"name": "x", "age": null, "tags": null}') == Person("x")


@pytest.mark.parametrize(
    ("schema", "adapted", "pointer"),
    [
        ({"oneOf": [{"type": "object"}, {"type": "null"}]}, "anyOf", "#/oneOf"),
        ({"allOf": [{"type": "object"}, {"type": "object"}]}, "type", "#/allOf/1"),
        ({"not": {"type": "string"}, "type": "object"}, "type", "#/not"),
        (
            {"type": "object", "properties": {"a": {"$ref": "#/properties/b"}, "b": {}}},
            "type",
            "#/properties/a/$ref",
        ),
        (
            {"type": "object", "patternProperties": {"a": {}}, "additionalProperties": False},
            "type",
            "#/patternProperties",
        ),
    ],
)
def test_what_is_lost_is_listed(schema: dict[str, Any], adapted: str, pointer: str) -> None:
    found = adapt(schema, "gemini")
    assert adapted in found.schema
    assert pointer in {problem.pointer for problem in found.lost}
    assert "additionalProperties" not in found.schema


def test_what_it_refuses() -> None:
    with pytest.raises(structgen.InvalidOptionError, match="provider="):
        adapt({}, "acme")  # type: ignore[arg-type]
    with pytest.raises(structgen.InvalidOptionError):
        adapt(structgen.regex("a"), "openai")
    with pytest.raises(structgen.InvalidConstraintError):
        adapt(5, "openai")
