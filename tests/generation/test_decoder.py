"""ModelDecoder: the same numbers as one pass over the whole text, in whatever order rows are kept and repeated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import structgen
from structgen import SMC, Backtrack, Draft, Exact, TransformersSampler
from structgen.generation.decoder import ModelDecoder
from structgen.generation.settings import end_tokens
from structgen.vocabulary import Vocabulary

DATE = structgen.regex(r"1[0-9]{3}-[0-9]{2}")


@pytest.fixture(scope="module")
def vocabulary(model: Any, tokenizer: Any) -> Vocabulary:
    size = model.config.get_text_config().vocab_size
    return Vocabulary.from_tokenizer(tokenizer, size=size, eos_token_ids=end_tokens(model, None))


def expected(model: Any, ids: list[int]) -> np.ndarray[Any, Any]:
    with torch.no_grad():
        logits = model(torch.tensor([ids]), use_cache=False).logits[0, -1]
    return torch.log_softmax(logits.float(), -1).numpy()  # type: ignore[no-any-return]


@pytest.mark.parametrize("length", [1, 2, 7])
def test_rows_are_those_of_one_pass(model: Any, vocabulary: Vocabulary, length: int) -> None:
    prompt = list(range(20, 20 + length))
    decoder = ModelDecoder(model, vocabulary, torch.tensor([prompt]))
    texts: list[list[int]] = [[5, 6]]
    found = decoder.begin(texts[0])[None]
    for rows, tokens in [([0, 0, 0], [7, 8, 9]), ([2, 0], [30, 31]), ([1, 1, 0], [40, 41, 42]), ([0], [50])]:
        for row, text in zip(found, texts, strict=True):
            np.testing.assert_allclose(row, expected(model, prompt + text), atol=1e-4)
        decoder.select(rows)
        texts = [[*texts[row], token] for row, token in zip(rows, tokens, strict=True)]
        found = decoder.step(tokens)
    np.testing.assert_allclose(found[0], expected(model, prompt + texts[0]), atol=1e-4)
    np.testing.assert_allclose(decoder.begin(()), expected(model, prompt), atol=1e-4)


@pytest.mark.parametrize(
    "strategy", [SMC(6, seed=2), Exact(100_000, seed=1, temperature=0.7), Backtrack(mass=0.5), Draft(2)]
)
def test_strategies_write_valid_texts(model: Any, tokenizer: Any, strategy: Any) -> None:
    sampler = TransformersSampler(model, tokenizer)
    constraint = structgen.regex("[ -~]{0,6}") if isinstance(strategy, Exact) else DATE
    outcome = structgen.sample(sampler, "When?", constraint, strategy, max_new_tokens=12)
    assert constraint.is_valid(outcome.text)
    again = structgen.sample(sampler, "When?", constraint, strategy, max_new_tokens=12)
    assert (again.text, again.draws) == (outcome.text, outcome.draws)


def test_log_probabilities_are_those_of_the_sampler(model: Any, tokenizer: Any) -> None:
    """Of the only text that there is, over the only spelling that the mask leaves."""
    sampler = TransformersSampler(model, tokenizer)
    one = structgen.choice(["1"])
    (plain,) = sampler("When?", structgen.SampleRequest(1, one, 0.0, max_new_tokens=4))
    for strategy in (SMC(2), Backtrack()):
        outcome = structgen.sample(sampler, "When?", one, strategy, max_new_tokens=4)
        assert outcome.chosen is not None
        assert outcome.chosen.candidate.logprob == pytest.approx(plain.logprob, abs=1e-3)
        assert outcome.chosen.candidate.masked_logprob == pytest.approx(plain.masked_logprob, abs=1e-3)
