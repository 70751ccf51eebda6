"""Constraint.score(): 1 for what is valid and nothing else, and more for a text that is nearer to it."""

from __future__ import annotations

import copy
import pickle
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import structgen

PERSON = structgen.json_schema(
    {
        "type": "object",
        "properties": {"name": {"type": "string"}, "born": {"type": "integer"}},
        "required": ["name", "born"],
        "additionalProperties": False,
    },
    whitespace="compact",
)
CONSTRAINTS = [
    PERSON,
    structgen.regex("[0-9]{4}-[0-9]{2}"),
    structgen.choice(["yes", "no", "näin"]),
    structgen.lark('start: "(" start ")" | "x"'),
]


def test_a_text_that_gets_longer_gets_better() -> None:
    whole = '{"name":"Robert","born":1759}'
    scores = [PERSON.score(whole[:size]) for size in range(len(whole) + 1)]
    assert scores == sorted(scores)
    assert len(set(scores)) == len(scores)
    assert (scores[0], scores[-1]) == (0, 1)
    assert scores[-1].is_valid
    assert not scores[-2].is_valid
    assert [one.position for one in scores] == list(range(len(whole) + 1))


def test_a_text_that_goes_wrong_later_is_better() -> None:
    early, late = '{"name":1,"born":1759}', '{"name":"R","born":"x"}'
    assert PERSON.score(early) < PERSON.score(late) < 0.9
    assert PERSON.score(early).position == len('{"name":')


def test_what_only_the_validator_refuses() -> None:
    constraint = structgen.json_schema(
        {"$ref": "#/$defs/a", "$defs": {"a": {"not": {"pattern": "(.)\\1"}}}}, strict=False
    )
    assert constraint.unenforced
    assert constraint.score('"aa"') == 0.95
    assert constraint.score('"ab"') == 1


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_samples_are_one(constraint: Any) -> None:
    source = random.Random(2)
    for _ in range(30):
        text = constraint.sample(source)
        assert constraint.score(text) == 1
        assert constraint.score(text[:-1]) < 0.95 or constraint.is_valid(text[:-1])


@given(st.text(max_size=12), st.sampled_from(CONSTRAINTS))
def test_one_is_valid_and_nothing_else(text: str, constraint: Any) -> None:
    score = constraint.score(text)
    assert 0 <= score <= 1
    assert (score == 1) is score.is_valid is constraint.is_valid(text)
    assert score.position <= len(text.encode())


def test_it_is_a_float_that_travels() -> None:
    score = PERSON.score('{"name"')
    assert isinstance(score, float)
    for other in (pickle.loads(pickle.dumps(score)), copy.deepcopy(score)):
        assert (other, other.position, other.is_valid) == (score, score.position, score.is_valid)
    assert PERSON.score("\ud800") < 1
