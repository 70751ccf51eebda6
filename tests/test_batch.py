"""Batch: the same bits as single matchers, whatever is done with the sequences."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import structgen
from structgen import Batch, Vocabulary

VOCABULARY = Vocabulary(
    [bytes([code]) for code in range(32, 127)] + [b'{"', b'":', b'", "', b"12", b"false", b"name", None],
    eos_token_ids=[101],
)
CONSTRAINTS = [
    structgen.json_schema(
        {
            "type": "object",
            "properties": {"name": {"type": "string", "maxLength": 4}, "born": {"type": "integer"}},
        }
    ),
    structgen.json_schema({"type": "array", "items": {"enum": [1, 2, "x"]}, "uniqueItems": True}),
    structgen.regex("[0-9]{4}-[a-z]*"),
    structgen.choice(["false", "farm"]),
]
GRAMMARS: list[Any] = [*(structgen.compile(one, VOCABULARY) for one in CONSTRAINTS), None]


def allowed(row: np.ndarray[Any, Any]) -> list[int]:
    bits = np.unpackbits(row.view(np.uint8), bitorder="little")
    return [int(token) for token in np.flatnonzero(bits[: VOCABULARY.size])]


@pytest.mark.parametrize("limit", [None, 12, 40])
@pytest.mark.parametrize("seed", range(6))
def test_the_bits_are_those_of_single_matchers(seed: int, limit: int | None) -> None:
    source = random.Random(seed)
    chosen = [source.choice(GRAMMARS) for _ in range(7)]
    batch = Batch(chosen, max_new_tokens=limit)
    single = [None if grammar is None else grammar.matcher() for grammar in chosen]
    expected = np.full((1, (VOCABULARY.size + 31) // 32), -1, np.int32)
    for step in range(40):
        mask = batch.fill()
        tokens = []
        for row, matcher in enumerate(single):
            if matcher is None:
                assert (mask[row] == -1).all()
                tokens.append(source.randrange(VOCABULARY.size))
                continue
            if limit is None or matcher.is_finished:
                matcher.fill_bitmask(expected, 0)
            else:
                matcher.grammar.fill_within(matcher.configuration, limit - step, expected, 0)
            np.testing.assert_array_equal(mask[row], expected[0])
            tokens.append(source.choice(allowed(mask[row])))
            matcher.advance(tokens[-1])
        batch.advance(tokens)
        if limit == step + 1:
            assert batch.is_finished
            break


def test_a_token_that_may_not_come_advances_nobody() -> None:
    batch = Batch([GRAMMARS[3], None, GRAMMARS[2], GRAMMARS[3]])
    first = ord("f") - 32
    with pytest.raises(structgen.TokenRejected, match="sequence 2: "):
        batch.advance([first, 5, first, first])
    assert [one.advanced for one in batch.matchers if one is not None] == [0, 0, 0]
    batch.advance([first, 5, ord("1") - 32, first])
    with pytest.raises(structgen.InvalidOptionError, match="tokens="):
        batch.advance([first])
    with pytest.raises(structgen.InvalidOptionError, match="vocabularies"):
        Batch([GRAMMARS[3], structgen.compile(["a"], Vocabulary.of_bytes())])


@pytest.mark.parametrize("grammar", GRAMMARS)
@pytest.mark.parametrize("seed", range(5))
def test_drafts(grammar: Any, seed: int) -> None:
    source = random.Random(seed)
    batch = Batch([None, grammar])
    draft = []
    if grammar is not None:
        matcher = grammar.matcher()
        for _ in range(6):
            draft.append(source.choice(allowed(matcher.bitmask())))
            matcher.advance(draft[-1])
    spoilt = [*draft, 200] if grammar is not None else [1, 2, 3]
    count = len(draft) if grammar is not None else 3
    assert batch.count_prefix(1, spoilt) == count
    masks = batch.draft_masks(1, spoilt)
    assert len(masks) == count + 1
    for position, mask in enumerate(masks):
        other = Batch([grammar])
        assert other.accept_prefix(0, spoilt[:position]) == position
        np.testing.assert_array_equal(mask, other.fill()[0] if grammar is not None else -1)
    assert batch.accept_prefix(1, spoilt) == count
    if grammar is not None:
        assert batch.matchers[1].advanced == count  # type: ignore[union-attr]
        batch.rollback(1, count)
        np.testing.assert_array_equal(batch.fill()[1], Batch([grammar]).fill()[0])


def test_draft_trees() -> None:
    #      f ── a ── l
    #      │    └─── r
    #      └─── x
    letters = [ord(char) - 32 for char in "falrx"]
    masks, valid = Batch([GRAMMARS[3]]).tree_masks(0, letters, [-1, 0, 1, 1, 0])
    assert valid == [True, True, True, True, False]
    assert len(masks) == 6
    assert not masks[5].any()
    for tokens, row in ([0], 1), ([0, 1], 2), ([0, 1, 2], 3), ([0, 1, 3], 4):
        batch = Batch([GRAMMARS[3]])
        assert batch.accept_prefix(0, [letters[one] for one in tokens]) == len(tokens)
        np.testing.assert_array_equal(masks[row], batch.fill()[0])
    with pytest.raises(structgen.InvalidOptionError, match="parents"):
        Batch([GRAMMARS[3]]).tree_masks(0, [1, 2], [-1, 5])
    assert Batch([None]).tree_masks(0, [1], [-1])[1] == [True]


def test_what_is_forced_and_what_is_empty() -> None:
    batch = Batch([GRAMMARS[3], None])
    assert batch.forced_bytes(0) == b"fa"
    assert batch.forced_bytes(1) == b""
    assert len(batch) == 2
    empty = Batch([])
    assert empty.fill().shape[0] == 0
    empty.advance([])
    assert empty.is_finished
