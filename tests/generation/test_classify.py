"""classify() against enumeration: every text of the vocabulary's tokens, one after the other, no cache, no batch."""

from __future__ import annotations

import math
import sys
from typing import Any

import pytest
import torch

import structgen
from structgen.vocabulary import Vocabulary

LABELS = ["no", "not", "nothing at all", "Öl", "1759", "born in 1759"]


def probability(model: Any, prompt: list[int], tokens: list[int]) -> float:
    """Of these tokens after the prompt: one pass for each of them."""
    total = 0.0
    for place, token in enumerate(tokens):
        with torch.no_grad():
            logits = model(torch.tensor([prompt + tokens[:place]]), use_cache=False).logits[0, -1]
        total += torch.log_softmax(logits.double(), -1)[token].item()
    return math.exp(total)


def spellings(vocabulary: Vocabulary, data: bytes) -> list[list[int]]:
    """All sequences of tokens with these bytes, by trying every token."""
    if not data:
        return [[]]
    found = []
    for token in range(len(vocabulary)):
        piece = vocabulary[token]
        if piece and token not in vocabulary.special_tokens.values() and data.startswith(piece):
            found += [[token, *rest] for rest in spellings(vocabulary, data[len(piece) :])]
    return found


def shared(weights: dict[str, float]) -> dict[str, float]:
    return {label: weight / sum(weights.values()) for label, weight in weights.items()}


@pytest.mark.parametrize("batch_size", [1, 4, 16])
@pytest.mark.parametrize("ends", [True, False])
def test_canonical_labels_equal_enumeration(model: Any, tokenizer: Any, batch_size: int, ends: bool) -> None:
    prompt = tokenizer("The poet was born:")["input_ids"]
    last = [tokenizer.eos_token_id] if ends else []
    expected = {
        label: probability(model, prompt, tokenizer(label, add_special_tokens=False)["input_ids"] + last)
        for label in LABELS
    }
    found = structgen.classify(
        model, tokenizer, "The poet was born:", LABELS, ends=ends, chat=False, batch_size=batch_size
    )
    assert list(found) == LABELS
    assert found == pytest.approx(shared(expected), abs=1e-5)
    assert sum(found.values()) == pytest.approx(1)


def test_all_tokenizations_equal_enumeration(model: Any, tokenizer: Any) -> None:
    labels = ["no", "born", "1759", "Öl"]
    vocabulary = Vocabulary.from_tokenizer(tokenizer)
    prompt = tokenizer("The poet was born:")["input_ids"]
    expected = {}
    most = 0
    for label in labels:
        rows = spellings(vocabulary, label.encode())
        most = max(most, len(rows))
        expected[label] = sum(probability(model, prompt, [*row, tokenizer.eos_token_id]) for row in rows)
    assert most > 2
    found = structgen.classify(
        model, tokenizer, "The poet was born:", labels, tokenizations="all", chat=False
    )
    assert found == pytest.approx(shared(expected), abs=1e-5)


def test_it_is_what_sampling_under_the_constraint_gives(model: Any, tokenizer: Any) -> None:
    """One label begins as the other does: by first tokens they could not be told apart."""
    labels = ["born", "born in 1759"]
    found = structgen.classify(model, tokenizer, "x", labels, chat=False)
    weighed = structgen.classify(model, tokenizer, "x", labels, normalize="mean", chat=False)
    assert found != pytest.approx(weighed, abs=1e-3)


def test_a_chat_is_a_prompt(model: Any, tokenizer: Any) -> None:
    text = "Who?"
    by_chat = structgen.classify(model, tokenizer, [{"role": "user", "content": text}], LABELS)
    assert structgen.classify(model, tokenizer, text, LABELS) == by_chat


@pytest.mark.parametrize("labels", [[], ["a", "a"], ["", "a"]])
def test_labels_that_make_no_sense(model: Any, tokenizer: Any, labels: list[str]) -> None:
    with pytest.raises(ValueError, match="labels"):
        structgen.classify(model, tokenizer, "x", labels)


def test_too_many_tokenizations(model: Any, tokenizer: Any) -> None:
    with pytest.raises(ValueError, match="tokenizations"):
        structgen.classify(model, tokenizer, "x", ["the poet was born in 1759 " * 4], tokenizations="all")
    with pytest.raises(ValueError, match="canonical"):
        structgen.classify(model, tokenizer, "x", ["a"], tokenizations="all", normalize="mean")


def test_a_label_that_no_tokens_spell(model: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["structgen.generation.classify"]  # by its name in the package it is the function
    monkeypatch.setattr(module, "_spellings", lambda label, *_: [(5,)] if label == "a" else [])
    with pytest.raises(ValueError, match="spell 'b'"):
        structgen.classify(model, tokenizer, "x", ["a", "b"], tokenizations="all")
