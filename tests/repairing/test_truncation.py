"""A text that breaks off at every byte: a value every time, every complete member kept, nothing invented.

The texts are instances of real schemas: those of benchmarks/tasks, or 200 of the file that STRUCTGEN_MASKBENCH names.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

import structgen

SOURCE = Path(os.environ.get("STRUCTGEN_MASKBENCH") or "benchmarks/tasks/schemas.jsonl")
if not SOURCE.is_absolute():
    SOURCE = Path(__file__).parents[2] / SOURCE
MOST = 200
LONGEST = 1200


def _instances() -> list[tuple[Any, Any]]:
    found = []
    with SOURCE.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            for test in record["tests"]:
                text = json.dumps(test["data"])
                if test["valid"] and isinstance(test["data"], (dict, list)) and 2 < len(text) < LONGEST:
                    found.append((record["schema"], test["data"]))
    random.Random(0).shuffle(found)
    return found[:MOST]


def complete(text: str) -> Any:
    """What of a cut text is beyond doubt: the value without the member or item in which it breaks off.

    By the standard parser, as the longest prefix behind which closing brackets make JSON of it; None if there is none.
    """
    stack: list[str] = []
    ends: list[tuple[int, str]] = []  # where a member or an item is complete, and what closes the rest
    inside, escaped = False, False
    for at, char in enumerate(text):
        if inside:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                inside = False
            continue
        if char == '"':
            inside = True
        elif char in "{[":
            stack.append("}" if char == "{" else "]")
            ends.append((at + 1, "".join(reversed(stack))))
        elif char in "}]":
            stack.pop()
            ends.append((at + 1, "".join(reversed(stack))))
        elif char == ",":
            ends.append((at, "".join(reversed(stack))))
    end, closing = ends[-1]
    return json.loads(text[:end] + closing)


def keeps(got: Any, sure: Any) -> bool:
    """Whether all of `sure` is in `got`, in its place."""
    if isinstance(sure, dict):
        return isinstance(got, dict) and all(key in got and keeps(got[key], sure[key]) for key in sure)
    if isinstance(sure, list):
        return isinstance(got, list) and len(got) >= len(sure) and all(map(keeps, got, sure))
    return type(got) is type(sure) and bool(got == sure)


def invents(got: Any, whole: Any) -> bool:
    """Whether there is anything in `got` that the whole value does not have: a text or number may be its beginning."""
    if isinstance(got, dict):
        return not isinstance(whole, dict) or any(
            key not in whole or invents(got[key], whole[key]) for key in got
        )
    if isinstance(got, list):
        return not isinstance(whole, list) or len(got) > len(whole) or any(map(invents, got, whole))
    if isinstance(got, str):
        return not isinstance(whole, str) or not whole.startswith(got)
    if isinstance(got, bool) or got is None:
        return got is not whole
    return not isinstance(whole, (int, float)) or isinstance(whole, bool)


@pytest.mark.parametrize("layout", [{}, {"indent": 2}], ids=["one line", "indented"])
def test_every_cut_without_a_schema(layout: dict[str, Any]) -> None:
    cuts = 0
    for number, (_, value) in enumerate(_instances()):
        text = json.dumps(value, **layout)
        for cut in range(1 + number % 2, len(text), 1 if layout == {} else 3):
            repaired = structgen.repair(text[:cut], format="json")
            cuts += 1
            assert keeps(repaired.value, complete(text[:cut])), text[:cut]
            assert not invents(repaired.value, value), text[:cut]
            assert repaired.truncated == cut, text[:cut]
    assert cuts > 200


def test_every_cut_with_the_schema() -> None:
    """A result is valid and keeps what is complete; an error carries a value that does."""
    for schema, value in _instances()[:40]:
        try:
            constraint = structgen.json_schema(schema, strict=False)
        except structgen.StructgenError:
            continue
        text = json.dumps(value)
        for cut in range(1, len(text), 5):
            found, problems = _with(constraint, text[:cut])
            assert keeps(found, complete(text[:cut])), text[:cut]
            assert problems or not invents(found, value), text[:cut]


def _with(constraint: structgen.Constraint, text: str) -> tuple[Any, Any]:
    """The value, and what is wrong with it."""
    try:
        return constraint.repair(text, format="json").value, ()
    except structgen.RepairError as error:
        return error.value, error.problems
