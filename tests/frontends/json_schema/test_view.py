"""SchemaView: what a schema says at a place, merged from references, combinators and conditions."""

from __future__ import annotations

import structgen


def test_references_and_allof_are_merged() -> None:
    view = structgen.json_schema(
        {
            "$defs": {
                "named": {"properties": {"name": {"type": "string", "minLength": 2}}, "required": ["name"]}
            },
            "allOf": [{"$ref": "#/$defs/named"}, {"properties": {"age": {"type": "number"}}}],
            "type": "object",
            "unevaluatedProperties": False,
        }
    ).view
    assert view.types == {"object"}
    assert set(view.properties) == {"name", "age"}
    assert (view.required, view.is_closed) == (["name"], True)
    assert view.property("age").types == {"integer", "number"}
    assert view.property("name").allows("ab")
    assert not view.property("name").allows("a")


def test_alternatives_are_views() -> None:
    view = structgen.json_schema(
        {
            "oneOf": [
                {"type": "object", "properties": {"kind": {"const": "a"}}, "additionalProperties": False},
                {"type": "array", "prefixItems": [{"enum": [1, None]}], "items": {"type": "boolean"}},
            ]
        }
    ).view
    assert view.types == {"object", "array"}
    assert [one.types for one in view.alternatives] == [{"object"}, {"array"}]
    assert view.property("kind").values == ["a"]
    assert view.item(0).types == {"integer", "number", "null"}
    assert view.item(9).types == {"boolean"}
    assert view.is_closed
    assert not view.has_own_parts


def test_conditions_add_names_and_require_nothing() -> None:
    view = structgen.json_schema(
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}},
            "if": {"required": ["a"]},
            "then": {"properties": {"b": {"type": "string"}}, "required": ["b"]},
            "patternProperties": {"^x-": {"default": 3}},
        }
    ).view
    assert list(view.properties) == ["a", "b"]
    assert view.required == []
    assert view.declares("x-1")
    assert not view.declares("y")
    assert view.property("x-1").default == (3,)
    assert view.property("y").is_open


def test_recursive_schemas_have_finitely_many_views() -> None:
    view = structgen.json_schema({"type": "object", "properties": {"next": {"$ref": "#"}, "no": False}}).view
    inner = view.property("next")
    for _ in range(100):
        inner = inner.property("next")
    assert inner is view.property("next").property("next")
    assert view.property("no").is_never


def test_other_constraints_have_no_view() -> None:
    assert structgen.choice(["a"]).view is None
