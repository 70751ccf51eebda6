"""The search for brackets, by itself: tokens in, a tree out."""

from __future__ import annotations

import json
from typing import Any

import pytest

import structgen
from structgen.errors import LimitExceeded
from structgen.repairing.bracket_search.search import search
from structgen.repairing.json.lexer import lex
from structgen.repairing.plain_values import Log, plain_value


def read(text: str, *, nesting: int = 100) -> tuple[Any, list[str]]:
    """The value of the cheapest tree, and the kinds of its edits."""
    tree = search(text, lex(text, 0, len(text)).tokens, None, nesting=nesting)
    assert tree.node is not None
    return plain_value(Log(), tree.node), [edit.kind for edit in tree.edits]


@pytest.mark.parametrize(
    ("text", "value", "kinds"),
    [
        ('{"a": [1, 2]}', {"a": [1, 2]}, []),
        ('{"a": [1, 2}', {"a": [1, 2]}, ["bracket"]),
        ('{"a": {"b": 1}', {"a": {"b": 1}}, ["bracket"]),
        ("[1, 2}", [1, 2], ["bracket"]),
        ("[1 2,, 3,]", [1, 2, 3], ["comma", "comma", "comma"]),
        ('{"a" 1, "b": 2}', {"a": 1, "b": 2}, ["colon"]),
        ("{1, 2}", [1, 2], ["bracket", "bracket"]),
        ('{"a": 1, "b"}', {"a": 1}, ["key"]),
        ('{"a": 1, "b": 2', {"a": 1, "b": 2}, ["truncation"]),
    ],
)
def test_the_cheapest_hypothesis_wins(text: str, value: Any, kinds: list[str]) -> None:
    assert read(text) == (value, kinds)


def test_other_trees_cost_more() -> None:
    text = '{"a": {"b": 1}, "c": [{"d": 1, {"d": 2}]}'
    tree = search(text, lex(text, 0, len(text)).tokens, None, nesting=10)
    assert tree.others
    assert [other.cost for other in tree.others] == sorted(other.cost for other in tree.others)
    assert all(other.cost >= tree.cost for other in tree.others)


def test_nesting_is_bounded() -> None:
    with pytest.raises(LimitExceeded, match="nest"):
        read("[" * 11, nesting=10)


RECORDS = {
    "type": "array",
    "items": {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
}


@pytest.mark.parametrize("schema", [None, RECORDS], ids=["free", "schema"])
@pytest.mark.parametrize("record", ['{"id": %d', '"id": %d}', '"id": %d'], ids=["closing", "opening", "both"])
@pytest.mark.parametrize("count", [40, 1000])
def test_what_every_record_lacks_is_restored_in_all_of_them(
    schema: dict[str, object] | None, record: str, count: int
) -> None:
    text = "[" + ", ".join(record % n for n in range(count)) + "]"
    assert structgen.repair(text, schema, format="json").value == [{"id": n} for n in range(count)]


@pytest.mark.parametrize("schema", [None, RECORDS], ids=["free", "schema"])
def test_a_megabyte_with_many_lost_brackets_is_whole(schema: dict[str, object] | None) -> None:
    records = [{"id": n, "name": f"user {n}", "tags": ["a", "b"], "note": "x" * 180} for n in range(3900)]
    written = [json.dumps(record) for record in records]
    damaged = [one[:-1] if n % 50 == 49 else one for n, one in enumerate(written)]
    assert structgen.repair(f"[{', '.join(damaged)}]", schema, format="json").value == records


def test_one_hopeless_part_does_not_lose_the_rest() -> None:
    hopeless = ", ".join("{ ] } [" for _ in range(60))
    lost = ", ".join(f'{{"id": {n}' for n in range(1000, 1100))
    value = structgen.repair(f"[{hopeless}, {lost}]", format="json").value
    assert all(f'{{"id": {n}}}' in json.dumps(value) for n in range(1000, 1100))
