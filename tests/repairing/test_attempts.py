"""The table of attempts: which reading of a text is the answer, and what an error says if none is valid."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from counting import calls_of

import structgen
from structgen.errors import RepairError

OBJECT = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1} then {a: 2}', {"a": 2}),  # the last valid one
        ('{"a": 1} then {b: 2}', {"a": 1}),
        ("a: 1\n", {"a": 1}),  # YAML comes first, where the text looks like it
        ("Here you are:\n```yaml\na: 1\n```\n", {"a": 1}),
    ],
)
def test_with_a_schema_the_first_valid_attempt_is_the_answer(text: str, value: Any) -> None:
    assert structgen.repair(text, structgen.json_schema(OBJECT)).value == value


def test_values_in_a_row_are_an_array_where_one_is_wanted() -> None:
    rows = structgen.json_schema({"type": "array", "items": OBJECT})
    assert structgen.repair('{"a": 1}\n{"a": 2', rows).value == [{"a": 1}, {"a": 2}]


def test_without_a_schema_the_largest_is_the_answer_and_the_rest_are_others() -> None:
    found = structgen.repair('{"a": 1} or {b: [1, 2, 3]}')
    assert found.value == {"b": [1, 2, 3]}
    assert found.others == ({"a": 1},)


@pytest.mark.parametrize(("text", "name"), [("null", "None"), ("5", "5"), ("True", "True")])
def test_a_scalar_in_place_of_an_object_is_no_object(text: str, name: str) -> None:
    with pytest.raises(RepairError) as caught:
        structgen.repair(text, structgen.json_schema(OBJECT))
    assert caught.value.problems[0].reason == f"{name} is not of type 'object'"


def test_text_is_no_value() -> None:
    with pytest.raises(RepairError, match="no value"):
        structgen.repair("I can't answer that.", structgen.json_schema(OBJECT))


def test_a_reference_that_leads_nowhere_is_a_problem() -> None:
    schema = {"enum": [1], "properties": {"a": {"$dynamicRef": "http://127.0.0.1:9/x.json"}}}
    with pytest.raises(RepairError, match=r"127\.0\.0\.1:9/x\.json"):
        structgen.repair('{"a": 1}', structgen.json_schema(schema, strict=False))


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("x is negative")


def test_a_value_is_checked_as_its_text_would_be() -> None:
    points = structgen.json_schema(Point)
    assert points.check_value({"x": 1}) == (points.validate('{"x": 1}'), [])
    assert [str(problem.reason) for problem in points.check_value({"x": "1"})[1]] == [
        "'1' is not of type 'integer'"
    ]
    assert "x is negative" in points.check_value({"x": -1})[1][0].reason
    assert structgen.repair("{x: 1, y: 2,", points).value == Point(1, 2)


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_keywords_beyond_the_grammar_are_checked(output: Any) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "number", "multipleOf": 3}}, "minProperties": 1}
    constraint = structgen.json_schema(schema, output=output, strict=False)
    assert constraint.check_value({"a": 6}) == ({"a": 6}, [])
    assert constraint.check_value({"a": 7})[1]
    assert constraint.check_value({})[1]


def test_only_schemas_check_values() -> None:
    with pytest.raises(TypeError, match="no JSON Schema"):
        structgen.choice(["a"]).check_value("a")


RECORD = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
    "required": ["id", "name"],
}
DAMAGE: dict[str, Callable[[str], str]] = {
    "in a fence": lambda text: f"Here:\n```json\n{text}\n```\nBye",
    "a comma is lost": lambda text: text.replace(", ", " ", 1),
    "single quotes": lambda text: text.replace('"', "'"),
    "keys without quotes": lambda text: text.replace('"name":', "name:"),
    "cut": lambda text: text[:-4],
    "a closing bracket is lost": lambda text: (
        text[: len(text) // 2] + text[len(text) // 2 :].replace("}", "", 1)
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_schema_costs_nothing_where_it_cannot_help(damage: str) -> None:
    records = [{"id": number, "name": f"user {number}"} for number in range(4000)]
    text = DAMAGE[damage](json.dumps(records))
    constraint = structgen.json_schema({"type": "array", "items": RECORD})
    constraint.repair(text, format="json")  # what is made once
    free = calls_of(lambda: structgen.repair(text, format="json"))
    guided = calls_of(lambda: structgen.repair(text, constraint, format="json"))
    validation = calls_of(lambda: constraint.check_value(structgen.repair(text, format="json").value))
    assert guided < 2 * free + 2 * validation + 2000


def test_a_schema_still_decides_where_a_property_belongs() -> None:
    inner = {"type": "object", "properties": {"x": {"type": "integer"}}}
    schema = {"type": "object", "properties": {"a": inner, "b": {"type": "integer"}}}
    assert structgen.repair('{"a": {"x": 1, "b": 2}', schema).value == {"a": {"x": 1}, "b": 2}
    record = {"type": "array", "items": schema}
    many = ", ".join(['{"a": {"x": 1, "b": 2}'] * 3000)
    assert structgen.repair(f"[{many}]", record).value == [{"a": {"x": 1}, "b": 2}] * 3000


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("INVALID", ["VALID", "PENDING"]),
        ("unapproved", ["approved", "rejected"]),
        ("not_found", ["found", "other"]),
        ("active", ["inactive", "other"]),
    ],
)
def test_a_value_is_never_turned_into_its_opposite(text: str, values: list[str]) -> None:
    with pytest.raises(RepairError):
        structgen.repair(json.dumps(text), {"enum": values})


def test_an_error_lists_what_is_missing() -> None:
    schema = {"type": "object", "required": ["a", "b"]}
    for text in ("", "null"):
        with pytest.raises(RepairError) as caught:
            structgen.repair(text, schema)
        reasons = [problem.reason for problem in caught.value.problems]
        assert reasons[-2:] == ["'a' is a required property", "'b' is a required property"]


@pytest.mark.parametrize(
    "text",
    [r"x \alpha_1 \% \sqrt{2} \frac{1}{2} \_ \times", r"C:\new\dir\test", r"\d+\.\d", r"50\% \& more"],
)
def test_one_string_has_one_policy_for_its_backslashes(text: str) -> None:
    repaired = structgen.repair(f'{{"a": "{text}"}}')
    assert (repaired.value, repaired.grade) == ({"a": text}, "guessed")
