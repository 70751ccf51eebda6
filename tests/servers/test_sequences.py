"""A sequence of a server does what a fresh matcher does, whatever was accepted, validated and undone before."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

import structgen
from structgen.errors import LimitExceeded
from structgen.servers.sequences import Sequence

END = 256
VOCABULARY = structgen.Vocabulary(
    [*(bytes([byte]) for byte in range(256)), None, b'"name"', b'": ', b"true", b"12"], eos_token_ids=[END]
)
WIDTH = (VOCABULARY.size + 31) // 32
CONSTRAINTS = [
    structgen.json_schema(
        {"type": "object", "properties": {"name": {"type": "boolean"}, "b": {"enum": [12, 1]}}}
    ),
    structgen.regex("(ab|a)*c{2,5}"),
    structgen.choice(["yes", "yellow", "no"]),
]


def row_of(sequence: Sequence) -> np.ndarray:
    array = np.zeros((2, WIDTH), np.int32)
    sequence.fill(array, 1)
    assert not array[0].any()
    return array[1]


def allowed(row: np.ndarray) -> list[int]:
    return np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little")).tolist()


@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_against_a_fresh_matcher(constraint: structgen.Constraint, seed: int) -> None:
    random = Random(seed)
    grammar = constraint.compile(VOCABULARY)
    sequence = Sequence(grammar)
    tokens: list[int] = []
    for _ in range(60):
        matcher = grammar.matcher()
        for token in tokens:
            matcher.advance(token)
        expected = np.array(matcher.bitmask())
        assert sequence.is_finished == matcher.is_finished
        assert sequence.advanced == len(tokens)
        assert (row_of(sequence) == expected).all()
        if sequence.is_finished or random.random() < 0.3:
            count = random.randint(0, len(tokens))
            sequence.rollback(count)
            del tokens[len(tokens) - count :]
            continue
        draft = [random.choice(allowed(expected)), *(random.randrange(VOCABULARY.size) for _ in range(3))]
        prefix = sequence.valid_prefix(draft)
        assert prefix == draft[: len(prefix)]
        assert len(prefix) >= 1
        if len(prefix) < len(draft) and END not in prefix:
            assert not sequence.accept(draft)
        assert sequence.accept(prefix[:1])
        tokens += prefix[:1]


@pytest.mark.parametrize("limit", [4, 5, 9])
@pytest.mark.parametrize("seed", range(10))
def test_texts_are_complete_within_the_limit(limit: int, seed: int) -> None:
    random = Random(seed)
    constraint = structgen.regex("a*(b|cc)d")
    sequence = Sequence(constraint.compile(VOCABULARY), limit)
    tokens = []
    while not sequence.is_finished:
        tokens.append(random.choice(allowed(row_of(sequence))))
        assert sequence.accept(tokens[-1:])
    assert len(tokens) <= limit
    assert constraint.is_valid(bytes(tokens[:-1]).decode())


def test_tokens_before_the_text_count() -> None:
    sequence = Sequence(structgen.regex("a*").compile(VOCABULARY), 6)
    array = np.zeros((1, WIDTH), np.int32)
    sequence.fill(array, 0, used=4)
    assert allowed(array[0]) == [ord("a"), END]
    sequence.fill(array, 0, used=5)
    assert allowed(array[0]) == [END]


def test_too_few_tokens() -> None:
    with pytest.raises(structgen.BudgetTooSmall):
        Sequence(structgen.regex("abcd").compile(VOCABULARY), 4)


def test_a_limit_in_the_middle_ends_this_sequence_only() -> None:
    grammar = structgen.regex("(a|b)*a(a|b){12}").compile(VOCABULARY, limits=structgen.Limits(states=400))
    sequence = Sequence(grammar)
    random = Random(0)
    while sequence.failure is None and sequence.advanced < 3000:
        row = row_of(sequence)
        sequence.accept([random.choice([token for token in allowed(row) if token != END] or [END])])
    assert isinstance(sequence.failure, LimitExceeded)
    assert allowed(row_of(sequence)) == [END]
    assert not sequence.accept([END])
    assert sequence.valid_prefix([ord("a")]) == []
