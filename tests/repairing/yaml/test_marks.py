"""YAML in other notations, with what stands around it, and JSON where YAML is wanted."""

from __future__ import annotations

from typing import Any

import pytest
from repairing.law import lost

import structgen

pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")

AS_IT_MEANS: dict[str, Any] = {
    '{"a": 1, "b": 2}\nThis YAML document holds the data: fine.': {"a": 1, "b": 2},
    "<think>hm: x</think>\na: 1\nb: 2": {"a": 1, "b": 2},
    "<yaml>\na: 1\nb: 2\n</yaml>": {"a": 1, "b": 2},
    "a: 1\nb: 2<|im_end|>": {"a": 1, "b": 2},
    "a: 1\nb: 2\n\nLet me know: thanks!": {"a": 1, "b": 2},
    "a:1\nb:2": {"a": 1, "b": 2},
    '"a": 1,\n"b": 2': {"a": 1, "b": 2},
    "a: {{ name }}": {"a": "{{ name }}"},
    "a = 1\nb = 2": {"a": 1, "b": 2},
    "• a\n• b": ["a", "b"],
    "* a\n* b": ["a", "b"],
    "1. a\n2. b": ["a", "b"],
    "**a**: 1\n**b:** 2": {"a": 1, "b": 2},
    "-a\n-b": ["a", "b"],
    "text: |\n  • one\n  **two**: 2\nb: 1": {"text": "• one\n**two**: 2\n", "b": 1},
}
WITH_A_SCHEMA = [
    "a: 1,\nb: x,",
    "a = 1\nb = x",
    "a:1\nb:x",
    "* a: 1\n* b: x",
    "- **a**: 1\n- **b**: x",
    "1. a: 1\n2. b: x",
]
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
    "required": ["a", "b"],
}


@pytest.mark.parametrize(("text", "value"), AS_IT_MEANS.items())
def test_another_notation_is_read(text: str, value: Any) -> None:
    repaired = structgen.repair(text, format="yaml")
    assert repaired.value == value
    assert lost(text, repaired) == []


@pytest.mark.parametrize("text", WITH_A_SCHEMA)
def test_a_schema_says_what_a_notation_means(text: str) -> None:
    assert structgen.repair(text, SCHEMA, format="yaml").value == {"a": 1, "b": "x"}


@pytest.mark.parametrize("text", ["1. a\n3. b", "a = 1\nbut this", "• a\nb", "a: x,\nb: y,"])
def test_plain_text_stays_plain_text(text: str) -> None:
    repaired = structgen.repair(text, format="yaml")
    assert (repaired.text, repaired.edits) == (text, ())
