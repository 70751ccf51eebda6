"""Tables and DeviceMatcher: the ordinary matcher is the judge, token by token."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
import torch

import structgen
from structgen.errors import InvalidOptionError, LimitExceeded
from structgen.generation.device import DeviceMatcher
from structgen.tables import DeviceTables

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)]

TOKENS = [bytes([value]) for value in range(256)]
TOKENS += [b"", b"true", b'"a', b"12", b"20", b"ab", b'":', b", ", b"Par", b"is"]
VOCABULARY = structgen.Vocabulary(TOKENS, eos_token_ids=[256])

CONSTRAINTS: list[Any] = [
    structgen.choice(["Paris", "Par", "Prague", "London"]),
    structgen.regex("[a-c]{2,5}(12|20)*"),
    structgen.regex("(ab|a)+"),
    structgen.json_schema({"enum": ["x", 12, True, None, [1, 2]]}),
    structgen.json_schema(
        {
            "type": "object",
            "properties": {"a": {"type": "boolean"}, "b": {"enum": ["ab", "true"]}},
            "required": ["a", "b"],
            "additionalProperties": False,
        },
        whitespace="compact",
    ),
]


def tables_of(constraint: Any, device: str = "cpu") -> tuple[structgen.CompiledGrammar, DeviceTables]:
    grammar = structgen.compile(constraint, VOCABULARY)
    return grammar, grammar.device_tables(device)


def allowed(logits: torch.Tensor) -> list[set[int]]:
    return [set((row > float("-inf")).nonzero().flatten().tolist()) for row in logits.cpu()]


def bits(mask: np.ndarray[Any, Any]) -> set[int]:
    return set(np.unpackbits(mask.view(np.uint8), bitorder="little")[: len(TOKENS)].nonzero()[0].tolist())


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=str)
@pytest.mark.parametrize("budget", [None, 14])
def test_masks_are_those_of_the_matcher(device: str, constraint: Any, budget: int | None) -> None:
    grammar, tables = tables_of(constraint, device)
    random = Random(3)
    batch = structgen.Batch([grammar] * 6)
    sequences = DeviceMatcher(tables, 6, max_new_tokens=budget)
    for step in range(14):
        masked = sequences.mask(torch.zeros(6, len(TOKENS), device=device))
        chosen = []
        for row, (matcher, found) in enumerate(zip(batch.matchers, allowed(masked), strict=True)):
            assert matcher is not None
            want = bits(matcher.bitmask())
            if budget is not None and not matcher.is_finished:
                want = {token for token in want if in_time(matcher, tables, token, budget - step)}
            assert found == want, (row, step)
            chosen.append(random.choice(sorted(found)))
            matcher.advance(chosen[-1])
        sequences.advance(torch.tensor(chosen, device=device))
        assert sequences.is_finished.tolist() == [
            one is not None and one.is_finished for one in batch.matchers
        ]
        assert not sequences.is_rejected.any()
    if budget is not None:
        assert sequences.is_finished.all()


def in_time(matcher: structgen.Matcher, tables: DeviceTables, token: int, left: int) -> bool:
    """Returns True if the text can be finished in time after the token: by breadth-first search over tokens."""
    grammar = matcher.grammar
    reached = {grammar.advance(matcher.configuration, token)}
    for _ in range(left):
        if any(grammar.is_finished(one) for one in reached):
            return True
        reached = {int(after) for one in reached for after in grammar.native.successors(one)[1]}
    return False


def test_equal_tokens_are_one_class() -> None:
    _, tables = tables_of(structgen.regex("[a-z]{1,3}"))
    assert tables.following.shape[1] <= 6
    assert len({int(tables.classes[ord(char)]) for char in "abcxyz"}) == 1


@pytest.mark.parametrize("device", DEVICES)
def test_a_token_that_does_not_fit_ends_its_sequence(device: str) -> None:
    _, tables = tables_of(structgen.choice(["ab", "cd"]), device)
    for budget in (None, 9):
        sequences = DeviceMatcher(tables, 2, max_new_tokens=budget)
        sequences.advance(torch.tensor([ord("a"), ord("x")], device=device))
        assert sequences.is_rejected.tolist() == [False, True]
        assert allowed(sequences.mask(torch.zeros(2, len(TOKENS), device=device)))[1] == {256}
        assert sequences.argmax(torch.zeros(2, len(TOKENS), device=device)).tolist()[1] == 256
        sequences.reset()
        assert not sequences.is_rejected.any()


@pytest.mark.parametrize("device", DEVICES)
def test_texts_that_are_drawn_are_valid(device: str) -> None:
    constraint = CONSTRAINTS[-1]
    _, tables = tables_of(constraint, device)
    sequences = DeviceMatcher(tables, 50, max_new_tokens=20)
    tokens = torch.zeros(50, 0, dtype=torch.int64, device=device)
    for step in range(20):
        drawn = sequences.sample(torch.zeros(50, len(TOKENS), device=device), seed=step)
        sequences.advance(drawn)
        tokens = torch.cat([tokens, drawn[:, None]], 1)
    assert sequences.is_finished.all()
    texts = {b"".join(TOKENS[token] for token in row).decode() for row in tokens.tolist()}
    assert len(texts) == 4
    assert all(constraint.is_valid(text) for text in texts)


def test_a_step_can_be_compiled_without_a_break() -> None:
    _, tables = tables_of(CONSTRAINTS[0])
    sequences = DeviceMatcher(tables, 3)
    before = sequences.state.data_ptr()
    sequences.advance(torch.tensor([ord("P"), ord("L"), ord("P")]))
    assert sequences.state.data_ptr() == before  # a graph that was captured finds it again


@pytest.mark.parametrize(
    "constraint",
    [
        structgen.json_schema({"type": "array"}),
        structgen.json_schema({"type": "array", "items": {"type": "integer"}, "uniqueItems": True}),
        structgen.regex("[a-z]{30000}"),
    ],
    ids=str,
)
def test_what_has_no_small_tables_is_a_limit(constraint: Any) -> None:
    grammar = structgen.compile(constraint, VOCABULARY)
    with pytest.raises(LimitExceeded):
        grammar.device_tables("cpu", limits=structgen.Limits(states=2000))


@pytest.mark.parametrize("limits", [{"states": 3}, {"work": 5}, {"row_bytes": 100}])
def test_tables_keep_to_their_limits(limits: dict[str, int]) -> None:
    grammar = structgen.compile(CONSTRAINTS[-1], VOCABULARY)
    with pytest.raises(LimitExceeded, match=next(iter(limits))):
        grammar.device_tables("cpu", limits=structgen.Limits(**limits))


def test_wrong_arguments_are_named() -> None:
    _, tables = tables_of(structgen.choice(["abc"]))
    with pytest.raises(InvalidOptionError, match="batch="):
        DeviceMatcher(tables, 0)
    with pytest.raises(InvalidOptionError, match="max_new_tokens=1"):
        DeviceMatcher(tables, 1, max_new_tokens=1)
    with pytest.raises(InvalidOptionError, match="logits="):
        DeviceMatcher(tables, 1).mask(torch.zeros(2, len(TOKENS)))
