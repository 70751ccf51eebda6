"""Processors and samplers go to other processes as what they were made of, before and after use."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch

import structgen
from structgen import LogitsProcessor, SampleRequest, TransformersSampler

PLACE = structgen.json_schema({"enum": ["Ayr", "Alloway"]})
COPIES = [
    pytest.param(lambda one: pickle.loads(pickle.dumps(one)), id="pickle"),
    pytest.param(copy.deepcopy, id="deepcopy"),
    pytest.param(copy.copy, id="copy"),
]
USED = pytest.mark.parametrize("used", [False, True], ids=["fresh", "used"])


class Loud(LogitsProcessor):  # type: ignore[misc]
    """A processor of somebody else's."""


@USED
@pytest.mark.parametrize("kind", [LogitsProcessor, Loud])
@pytest.mark.parametrize("again", COPIES)
def test_a_processor(
    model: Any, tokenizer: Any, again: Callable[[Any], Any], kind: type[LogitsProcessor], used: bool
) -> None:
    processor = kind([PLACE, None], tokenizer, max_new_tokens=12, prompt_length=4, eos_token_ids=[1])
    prompt = torch.tensor([[5, 6, 7, 8], [6, 7, 8, 9]])
    scores = torch.zeros(2, model.config.vocab_size)
    if used:
        processor(prompt, scores)
    other = again(processor)
    assert type(other) is kind
    assert other.steps == other.mask_seconds == 0
    assert torch.equal(other(prompt, scores), processor(prompt, scores))
    with pytest.raises(ValueError, match="prompt_length = 4"):
        other(prompt[:, :2], scores)


def test_a_processor_of_a_compiled_grammar(model: Any, tokenizer: Any) -> None:
    processor = LogitsProcessor(structgen.compile(PLACE, tokenizer), tokenizer)
    other = pickle.loads(pickle.dumps(processor))
    inputs = tokenizer(["Where?"], return_tensors="pt", return_token_type_ids=False)
    rows = [model.generate(**inputs, logits_processor=[one], max_new_tokens=12) for one in (processor, other)]
    assert rows[0].tolist() == rows[1].tolist()


@USED
@pytest.mark.parametrize("again", COPIES)
def test_a_sampler(model: Any, tokenizer: Any, again: Callable[[Any], Any], used: bool) -> None:
    sampler = TransformersSampler(model, tokenizer, top_p=0.9)
    request = SampleRequest(n=2, temperature=1.0, seed=3, max_new_tokens=12, constraint=PLACE)
    if used:
        sampler("Where?", request)
    other = again(sampler)
    assert other.parameters == sampler.parameters
    assert [one.text for one in other("Where?", request)] == [one.text for one in sampler("Where?", request)]


@pytest.mark.parametrize("again", COPIES)
def test_what_a_sampler_is_given(again: Callable[[Any], Any], tmp_path: Any) -> None:
    """Requests, strategies and budgets; a cache finds its file again."""
    request = SampleRequest(n=2, temperature=0.0, constraint=PLACE)
    other = again(request)
    assert other.constraint.is_valid('"Ayr"')
    assert (other.n, other.temperature, other.max_new_tokens) == (2, 0.0, request.max_new_tokens)
    for one in (structgen.Retry(), structgen.BestOf(3), structgen.Vote(3), structgen.Budget(attempts=2)):
        assert again(one) == one
    cached = again(structgen.Cached(_answer, tmp_path / "answers", model="none"))
    assert cached("Where?", request)[0].text == '"Ayr"'
    assert again(cached)("Where?", request)[0].text == '"Ayr"'


def _answer(prompt: Any, request: SampleRequest) -> list[structgen.Candidate]:
    return [structgen.Candidate('"Ayr"', 3)] * request.n
