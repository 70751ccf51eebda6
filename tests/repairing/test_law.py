"""Nothing is lost without a word: law.py over the tables, over damaged documents and over text that resembles JSON."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from damages import DAMAGES, MODEL_DAMAGES
from hypothesis import given
from hypothesis import strategies as st
from repairing.law import lost

import structgen

HERE = Path(__file__).parent
_PIECES = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "'",
    "\n",
    " ",
    "# ",
    "// ",
    "...",
    "(",
    ")",
    ";",
    "```\n",
    "`",
    "\\",
]
_PIECES += [
    "true",
    "tru",
    "None",
    "12",
    "-3.5",
    "007",
    "1 000",
    "name",
    "two words",
    '"key":',
    '"text"',
    "prose line\n",
]
_SCALARS = st.none() | st.booleans() | st.integers(-999, 999) | st.text("abc d'\"\n{}[],:#/\\é", max_size=8)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abcde f", max_size=4), inner, max_size=4)
    ),
    max_leaves=10,
)


def law_holds(text: str, schema: Any = None, **options: Any) -> None:
    try:
        repaired = structgen.repair(text, schema, **options)
    except structgen.StructgenError:
        return
    assert lost(text, repaired) == [], repaired


def _cases() -> list[Any]:
    found = []
    kinds = HERE.parents[1] / "benchmarks" / "tasks" / "repair_kinds.jsonl"
    names = ("cases_json.jsonl", "cases_schema.jsonl", "cases_suites.jsonl")
    for path in (*(HERE / name for name in names), kinds):
        for line in path.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            of = f"{path.name}: {case['text'][:50]!r}"
            found.append(pytest.param(case["text"], case.get("schema"), id=of))
    return found


@pytest.mark.parametrize(("text", "schema"), _cases())
def test_the_tables(text: str, schema: Any) -> None:
    law_holds(text, schema)


@given(st.lists(st.sampled_from(_PIECES), max_size=14))
def test_what_resembles_json(pieces: list[str]) -> None:
    law_holds("".join(pieces), format="json")


@given(_VALUES, st.sampled_from([None, 1]), st.integers(0, 10_000), st.sampled_from(["", *_PIECES]))
def test_one_damage_anywhere(value: Any, indent: int | None, where: int, piece: str) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    at = where % (len(text) + 1)
    law_holds(text[:at] + piece + text[at + (not piece) :], format="json")


@given(_VALUES, st.sampled_from(sorted({**DAMAGES, **MODEL_DAMAGES})), st.integers(0, 10_000))
def test_what_models_do_to_a_text(value: Any, damage: str, seed: int) -> None:
    text = json.dumps(value, ensure_ascii=False)
    try:
        damaged = {**DAMAGES, **MODEL_DAMAGES}[damage](text, Random(seed))
    except IndexError:  # it has no place for that damage
        return
    if damaged is not None:
        law_holds(damaged, format="json")


@given(_VALUES, st.integers(0, 10_000))
def test_every_cut(value: Any, where: int) -> None:
    text = json.dumps(value, ensure_ascii=False)
    law_holds(text[: where % (len(text) + 1)], format="json")


def test_the_checker_finds_what_is_lost() -> None:
    repaired = structgen.Repair({"a": 1}, '{"a": 1}', (), "json", None, ((9, 14),))
    assert lost('{"a": 1}\nprose, "b": 2', repaired) == ["b", "2.0"]
    assert lost('{"a": 1}\nprose', repaired) == []


GUESSED = {
    '{"array": [\na\nb\nc\n], "n": 1}': {"array": ["a", "b", "c"], "n": 1},
    "{\n bio: A poet\n who wrote,\n n: 1\n}": {"bio": "A poet\n who wrote", "n": 1},
    '{"k": {"b": "v" # note }, "c": "w"}': {"k": {"b": "v"}, "c": "w"},
    '{"a": 1 // c }, "b": 2}': {"a": 1, "b": 2},
    '{"zip": 0789}': {"zip": 789},
    '{"zip": 001.2}': {"zip": 1.2},
    '{"h": "6\'2""}': {"h": "6'2\""},
    "[tru]": ["tru"],
    '{"a": nul}': {"a": "nul"},
    '{"a": "hel': {"a": "hel"},
    '{"a": 1 000}': {"a": 1000},
    "[1 000.0]": [1000.0],
    '{"a":1}\n// next\n{"a":2}': {"a": 2},
    '/* 1 */ {"a": 1} /* 2 */ {"a": 2}': {"a": 2},
    '```json\n{"a":1}\n```\nor\n```json\n{"a":2}\n```': {"a": 2},
}


@pytest.mark.parametrize(("text", "value"), GUESSED.items())
def test_what_may_be_wrong_is_a_guess(text: str, value: Any) -> None:
    repaired = structgen.repair(text, format="json")
    assert (repaired.value, repaired.grade) == (value, "guessed")
    assert lost(text, repaired) == []
    with pytest.raises(structgen.RepairError):
        structgen.repair(text, format="json", allow="lossless")


def test_one_of_several_valid_values_is_a_guess() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    repaired = structgen.repair('{"a": 1} or {"b": 3} or {"a": 2}', schema)
    assert (repaired.value, repaired.grade, repaired.others) == ({"a": 2}, "guessed", ({"a": 1},))
    assert structgen.repair('{"b": 3} or {"a": 2}', schema).grade == "lossless"
