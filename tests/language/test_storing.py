"""Grammars as data: what is written is read back equal, and what is no grammar is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import grammars

import structgen
from structgen.grammar.expressions import (
    ANY_TEXT,
    EMPTY,
    CharSet,
    Complement,
    Divisible,
    Intersection,
    Literal,
    Repeat,
    Union,
    concat,
)
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Permutation,
    Reference,
    Repetition,
    Sequence,
    SpecialToken,
    Terminal,
)
from structgen.language.storing import from_data, to_data

LETTER = CharSet(((0x41, 0x5A), (0x61, 0x7A)))
WORD = Terminal(
    "WORD",
    Intersection((Repeat(LETTER, 1, None), Complement(Union((Literal("if"), Literal("é\ud800")))))),
    priority=-2,
    guard=concat(ANY_TEXT, Divisible(3, 1)),
    effect="record",
)
EVERYTHING = Grammar(
    {
        "start": Choice((Reference("other"), Sequence((WORD, SpecialToken("<|end|>"), SpecialToken(7))))),
        "other": Permutation((Repetition(WORD, 0, 1), Repetition(Reference("start"), 0, None)), WORD),
        "third": Sequence((Repetition(WORD, 2, 5), Choice(()), Sequence(())), Terminal("E", EMPTY)),
    },
    "start",
    (Terminal(" ", Literal(" ")),),
)


def restored(grammar: Grammar) -> Grammar:
    return from_data(json.loads(json.dumps(to_data(grammar))))


def test_every_kind() -> None:
    assert restored(EVERYTHING) == EVERYTHING


@given(grammars())
def test_grammars(grammar: Grammar) -> None:
    assert restored(grammar) == grammar


def test_equal_parts_share_a_row() -> None:
    twice = Grammar({"start": Sequence((Terminal("a", Literal("a")), Terminal("a", Literal("a"))))})
    kinds = [row[0] for row in to_data(twice)["nodes"]]
    assert sorted(kinds) == ["Literal", "Sequence", "Terminal", "Union"]


def test_deep_expressions_need_no_stack() -> None:
    expression = Literal("a")
    for _ in range(20_000):
        expression = Repeat(expression, 1, 2)  # type: ignore[assignment]
    data = to_data(Grammar({"start": Terminal("a", expression)}))
    assert to_data(from_data(data)) == data


def places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(data, (list, dict)):
        for key in range(len(data)) if isinstance(data, list) else data:
            yield from places(data[key], (*path, key))


DATA = to_data(EVERYTHING)
PLACES = [path for path in places(DATA) if path]


@given(
    st.sampled_from(PLACES),
    st.sampled_from([None, -1, 10**6, 1.5, "x", "Union", [], [0], [-1], {}, True, "delete"]),
)
def test_damaged_data_is_refused_or_a_grammar(path: tuple[Any, ...], value: Any) -> None:
    data = copy.deepcopy(DATA)
    at: Any = data
    for key in path[:-1]:
        at = at[key]
    if value == "delete":
        del at[path[-1]]
    else:
        at[path[-1]] = value
    try:
        grammar = from_data(data)
    except ValueError:
        return
    assert isinstance(grammar, Grammar)


@pytest.mark.parametrize("data", [None, [], {}, "x", {"nodes": [["Nothing"]]}, {"nodes": [["Concat", [0]]]}])
def test_no_grammar(data: Any) -> None:
    with pytest.raises(ValueError, match="not the data of a grammar"):
        from_data(data)


def test_library_grammar() -> None:
    grammar = structgen.lark("json5").grammar
    assert restored(grammar) == grammar
