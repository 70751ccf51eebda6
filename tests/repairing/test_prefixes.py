"""Marks and numbers before every line are no payload."""

from __future__ import annotations

import json

import pytest
from repairing.law import lost

import structgen

VALUE = {"a": 1, "b": [True, {"c": "x > y"}], "d": "+"}
LINES = json.dumps(VALUE, indent=2).split("\n")
PREFIXED = {
    "diff": "\n".join(f"+{line}" for line in LINES),
    "quotation": "\n".join(f"> {line}" for line in LINES),
    "listing": "\n".join(f"{number:3} | {line}" for number, line in enumerate(LINES, 1)),
    "numbers": "\n".join(f"{number}: {line}" for number, line in enumerate(LINES, 10)),
    "in a fence": "```json\n" + "\n".join(f"+{line}" for line in LINES) + "\n```",
}
SCHEMA = {"type": "object", "required": ["a", "b", "d"]}


@pytest.mark.parametrize("schema", [None, SCHEMA], ids=["free", "schema"])
@pytest.mark.parametrize("name", PREFIXED)
def test_prefixes_on_every_line_are_taken_off(name: str, schema: dict[str, object] | None) -> None:
    repaired = structgen.repair(PREFIXED[name], schema, format="json")
    assert (repaired.value, repaired.grade) == (VALUE, "lossless")
    assert json.loads(repaired.text) == VALUE
    assert lost(PREFIXED[name], repaired) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [\n+1,\n+2]}', {"a": [1, 2]}),
        ("[1,\n2,\n3", [1, 2, 3]),
    ],
)
def test_what_only_resembles_a_prefix_stays(text: str, value: object) -> None:
    assert structgen.repair(text).value == value
