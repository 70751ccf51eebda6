"""Damaged texts, what they mean, and which edits say so: one table without a schema, one with.

The values were written down by hand before anything was repaired. `edits` are kind and grade, each once. A value of
null beside edits of null: no value is right, so the text has to be refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import structgen

HERE = Path(__file__).parent


def _cases(name: str) -> list[Any]:
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    cases = [json.loads(line) for line in lines]
    return [pytest.param(case, id=f"{case['group']}: {case['text'][:60]!r}") for case in cases]


def same(a: Any, b: Any) -> bool:
    """Equal, with equal types and the same order of keys."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def check(repaired: structgen.Repair, text: str, case: dict[str, Any]) -> None:
    assert same(repaired.value, case["value"])
    assert sorted({f"{edit.kind} {edit.grade}" for edit in repaired.edits}) == case["edits"]
    assert all(0 <= edit.start <= edit.end <= len(text) for edit in repaired.edits)
    repaired.text.encode()
    if repaired.format == "json":
        assert same(json.loads(repaired.text), case["value"])


@pytest.mark.parametrize("case", _cases("cases_json.jsonl"))
def test_without_a_schema(case: dict[str, Any]) -> None:
    repaired = structgen.repair(case["text"])
    check(repaired, case["text"], case)
    assert (repaired.truncated is not None) == case["truncated"]
    again = structgen.repair(repaired.text)
    assert again.edits == ()
    assert again.text == repaired.text


@pytest.mark.parametrize("case", _cases("cases_schema.jsonl"))
def test_with_a_schema(case: dict[str, Any]) -> None:
    if case["group"].startswith("yaml"):
        pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    constraint = structgen.json_schema(case["schema"])
    if case["edits"] is None:
        with pytest.raises(structgen.RepairError):
            constraint.repair(case["text"])
        return
    repaired = constraint.repair(case["text"])
    check(repaired, case["text"], case)
    assert constraint.repair(repaired.text).edits == ()
