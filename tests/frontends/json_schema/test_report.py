"""The contract as data: what becomes of every keyword."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from frontends.json_schema.test_laws import DOCUMENTS
from hypothesis import assume, given, settings

import structgen
from structgen.errors import EmptyLanguageError, InvalidSchemaError, LimitExceeded
from structgen.frontends.json_schema.documents.keywords import ROWS
from structgen.frontends.json_schema.documents.traversal import subschemas


def handled(schema: Any, **options: Any) -> dict[str, str]:
    constraint = structgen.json_schema(schema, strict=False, **options)
    return {row.pointer: row.handling for row in constraint.report}


def test_each_keyword_is_enforced_checked_or_an_annotation() -> None:
    schema = {
        "title": "a",
        "type": "object",
        "properties": {
            "a/b": {"pattern": "(.)\\1", "maxLength": 3, "default": ""},
            "c": {"format": "date"},
            "d": {"format": "colour"},
        },
        "required": ["c"],
    }
    assert handled(schema) == {
        "#/title": "annotation",
        "#/type": "enforced",
        "#/properties": "enforced",
        "#/properties/a~1b/pattern": "checked",
        "#/properties/a~1b/maxLength": "enforced",
        "#/properties/a~1b/default": "annotation",
        "#/properties/c/format": "enforced",
        "#/properties/d/format": "annotation",
        "#/required": "enforced",
    }
    assert handled(schema, formats="annotate")["#/properties/c/format"] == "annotation"


@pytest.mark.parametrize(
    ("schema", "pointer", "handling", "reason"),
    [
        ({"$defs": {"a": {"type": "null"}}}, "#/$defs/a/type", "annotation", "nothing refers"),
        ({"$defs": {"a": {"type": "null"}}, "$ref": "#/$defs/a"}, "#/$defs/a/type", "enforced", ""),
        ({"x": {"a": {"type": "null"}}, "$ref": "#/x/a"}, "#/x/a/type", "enforced", ""),
        (
            {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/a", "type": "null",
             "definitions": {"a": {}}},
            "#/type", "annotation", r"next to \$ref",
        ),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "const": 1}, "#/const", "annotation", "draft 4"),
        ({"if": {"type": "null"}}, "#/if", "annotation", "without then or else"),
        ({"if": {"type": "null"}}, "#/if/type", "annotation", "nothing refers"),
        ({"if": {"type": "null"}, "then": False}, "#/if/type", "enforced", ""),
        ({"if": {"items": {}}, "unevaluatedItems": False}, "#/if/items", "enforced", ""),
        ({"minContains": 3}, "#/minContains", "annotation", "without contains"),
        ({"additionalItems": False}, "#/additionalItems", "annotation", ""),
        (
            {"$id": "http://x/a", "$dynamicAnchor": "n", "items": {"$dynamicRef": "#n"}, "maxItems": 2},
            "#/items/$dynamicRef", "enforced", "",
        ),
    ],
)  # fmt: skip
def test_why_a_keyword_says_nothing(schema: Any, pointer: str, handling: str, reason: str) -> None:
    rows = {row.pointer: row for row in structgen.json_schema(schema).report}
    assert rows[pointer].handling == handling
    assert re.search(reason, rows[pointer].reason)


def test_documents_of_the_caller_are_reported_under_their_address() -> None:
    referencing = pytest.importorskip("referencing")
    resource = referencing.Resource.opaque({"type": "string", "minLength": 2})
    registry = referencing.Registry().with_resource("http://x/name", resource)
    assert handled({"$ref": "http://x/name"}, registry=registry) == {
        "#/$ref": "enforced",
        "http://x/name#/type": "enforced",
        "http://x/name#/minLength": "enforced",
    }


def test_types_and_other_constraints_have_a_report() -> None:
    assert {row.keyword for row in structgen.json_schema(list[int]).report} == {"type", "items"}
    assert structgen.regex("a").report == ()


@settings(deadline=None)
@given(DOCUMENTS)
def test_every_keyword_has_one_row(schema: dict[str, Any]) -> None:
    """And those that are checked are those that the mask does not enforce."""
    try:
        constraint = structgen.json_schema(schema, strict=False)
    except (EmptyLanguageError, InvalidSchemaError, LimitExceeded):
        assume(False)
    rows = constraint.report
    assert len({row.pointer for row in rows}) == len(rows)
    assert sorted(row.keyword for row in rows) == sorted(word for node in subschemas(schema) for word in node)
    checked = {row.pointer for row in rows if row.handling == "checked"}
    assert checked == {problem.pointer for problem in constraint.unenforced}


def test_the_documentation_has_the_table_of_keywords() -> None:
    page = (Path(__file__).parents[3] / "docs" / "json-schema.md").read_text(encoding="utf-8")
    for row in ROWS:
        names = ", ".join(f"`{keyword.name}`" for keyword in row.keywords)
        line = f"| {names} | {row.how} |{' ' * bool(row.caveat)}{row.caveat} |"
        assert line in page.splitlines(), f"not in docs/json-schema.md: {line}"
