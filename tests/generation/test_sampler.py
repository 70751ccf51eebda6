"""TransformersSampler: candidates, scores, limits; on a small random model, and on a real one."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import jsonschema
import pytest
import torch

import structgen
from structgen import Budget, Candidate, SampleRequest, TransformersSampler, sample

DATE = structgen.regex(r"1[0-9]{3}-[0-9]{2}")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 20}, "born": {"type": "integer"}},
    "required": ["name", "born"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def sampler(model: Any, tokenizer: Any) -> TransformersSampler:
    return TransformersSampler(model, tokenizer)


def request(**facts: Any) -> SampleRequest:
    return SampleRequest(**{"n": 3, "temperature": 1.0, "seed": 5, "max_new_tokens": 12, **facts})


def test_the_same_seed_gives_the_same(sampler: TransformersSampler) -> None:
    first = sampler("When?", request(constraint=DATE))
    torch.rand(3)
    assert sampler("When?", request(constraint=DATE)) == first
    assert sampler("When?", request(constraint=DATE, seed=6)) != first
    assert len(first) == 3
    assert all(DATE.is_valid(one.text) and one.finish_reason == "stop" for one in first)


def test_log_probabilities_are_the_models_own(
    sampler: TransformersSampler, model: Any, tokenizer: Any
) -> None:
    """Compared with one pass for each token, without mask; and that of the mask is never lower."""
    (found,) = sampler("When?", request(n=1, constraint=structgen.choice(["1759"]), temperature=0.0))
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": "When?"}], add_generation_prompt=True, tokenize=True, return_dict=True
    )["input_ids"]
    assert found.masked_logprob is not None
    assert found.logprob is not None
    best = None
    # Whichever tokens were taken, they spell 1759: the sum over all ways is not less than the one found.
    ids = tokenizer("1759", add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
    best = 0.0
    for place, token in enumerate(ids):
        with torch.no_grad():
            logits = model(torch.tensor([prompt + ids[:place]])).logits[0, -1].double()
        best += torch.log_softmax(logits, -1)[token].item()
    if found.token_count == len(ids):
        assert found.logprob == pytest.approx(best, abs=1e-3)
    assert found.logprob < found.masked_logprob <= 0
    assert found.mean_logprob == pytest.approx(found.logprob / found.token_count)


@pytest.mark.parametrize(
    "facts", [{"constraint": DATE}, {"temperature": 0.0, "n": 1}, {"max_new_tokens": 30}]
)
def test_a_prompt_that_is_read_once_gives_what_one_read_for_every_row_gives(
    sampler: TransformersSampler, model: Any, tokenizer: Any, facts: dict[str, Any]
) -> None:
    without_cache = TransformersSampler(model, tokenizer, use_cache=False)
    for found, expected in zip(
        sampler("When?", request(**facts)), without_cache("When?", request(**facts)), strict=True
    ):
        assert found.text == expected.text
        assert found.logprob == pytest.approx(expected.logprob, abs=1e-3)
        assert found.masked_logprob == pytest.approx(expected.masked_logprob, abs=1e-3)


@pytest.mark.parametrize("search", ["beam", "__call__"])
def test_no_token_of_a_prompt_is_read_twice(sampler: TransformersSampler, model: Any, search: str) -> None:
    read: list[int] = []
    hook = model.register_forward_pre_hook(
        lambda module, positional, named: read.append(named.get("input_ids", *positional[:1]).shape[1]),
        with_kwargs=True,
    )
    prompt = "When was it? " * 30
    try:
        getattr(sampler, search)(prompt, request(constraint=DATE, temperature=0.5))
    finally:
        hook.remove()
    length = sampler._inputs(prompt, "")["input_ids"].shape[1]
    assert read[0] == length - 1
    assert max(read[1:]) < 20


def test_free_text_is_cut_at_the_limit_without_half_characters(sampler: TransformersSampler) -> None:
    found = sampler("When?", request(n=8, max_new_tokens=3, temperature=3.0))
    assert {one.finish_reason for one in found} <= {"stop", "length"}
    assert all(one.token_count <= 3 for one in found)
    assert all(one.masked_logprob is None for one in found)


def test_a_cut_character_is_left_out(sampler: TransformersSampler) -> None:
    vocabulary = sampler._vocabulary
    euro = next(token for token in range(len(vocabulary)) if vocabulary[token] == b"\xe2")
    letter = next(token for token in range(len(vocabulary)) if vocabulary[token] == b"a")
    assert sampler._text((letter, euro), ended=False) == "a"
    assert sampler._text((letter, euro), ended=True) == "a\ufffd"
    assert sampler._text((euro, letter), ended=False) == "\ufffda"


def test_a_prefix_is_gone_on_with_under_the_mask(sampler: TransformersSampler) -> None:
    found = sampler("When?", request(constraint=DATE, prefix="175"))
    assert all(DATE.is_valid("175" + one.text) for one in found)


def test_a_limit_below_the_shortest_text_is_an_error(sampler: TransformersSampler) -> None:
    with pytest.raises(structgen.BudgetTooSmall):
        sampler("When?", request(constraint=DATE, max_new_tokens=1))
    with pytest.raises(structgen.BudgetTooSmall):
        sample(sampler, "When?", DATE, structgen.Retry(), max_new_tokens=1)
    with pytest.raises(structgen.NoValidOutput, match="too few"):
        sample(sampler, "When?", DATE, structgen.Retry(), budget=Budget(tokens=1))


@pytest.mark.parametrize("how", ["deadline", "cancelled"])
def test_a_generation_that_nobody_needs_ends_after_a_step(sampler: TransformersSampler, how: str) -> None:
    cancelled = threading.Event()
    cancelled.set()
    facts = {"deadline": time.monotonic() - 1} if how == "deadline" else {"cancelled": cancelled}
    found = sampler("When?", request(max_new_tokens=500, **facts))
    assert {one.token_count for one in found} == {1}


def test_budgets_hold_within_a_step(sampler: TransformersSampler) -> None:
    with pytest.raises(structgen.NoValidOutput) as caught:
        sample(
            sampler,
            "When?",
            structgen.choice(["never"]),
            structgen.Retry(9, mask=False),
            budget=Budget(tokens=20),
            max_new_tokens=8,
        )
    assert caught.value.outcome.token_count <= 20


def test_enough_ends_a_batch_with_what_has_ended(sampler: TransformersSampler) -> None:
    seen: list[Candidate] = []

    def enough(candidate: Candidate) -> bool:
        seen.append(candidate)
        return True

    words = structgen.regex("a|[ab]{30,40}")
    found = sampler(
        "When?", request(n=8, constraint=words, max_new_tokens=60, temperature=2.0, enough=enough)
    )
    assert seen
    assert seen[0].text in [one.text for one in found]
    assert all(one.finish_reason == "stop" for one in found)


def test_strategies_over_a_model(sampler: TransformersSampler) -> None:
    for strategy in (
        structgen.Retry(),
        structgen.BestOf(3),
        structgen.Vote(3),
        structgen.FirstValid(3),
        structgen.Beam(3),
        structgen.escalate(structgen.Retry(2, mask=False), structgen.Retry(1)),
    ):
        first = sample(sampler, "When?", DATE, strategy, max_new_tokens=12)
        again = sample(sampler, "When?", DATE, strategy, max_new_tokens=12)
        assert DATE.is_valid(first.text)
        assert [one.text for one in first.attempts] == [one.text for one in again.attempts]


def test_the_best_of_a_beam_is_no_worse_than_greedy(sampler: TransformersSampler) -> None:
    greedy = sampler("When?", request(n=1, constraint=DATE, temperature=0.0))[0]
    widest = sampler.beam("When?", request(n=8, constraint=DATE))
    assert all(DATE.is_valid(one.text) for one in widest)
    scores = [one.masked_logprob for one in widest]
    assert max(score for score in scores if score is not None) >= (greedy.masked_logprob or 0.0) - 1e-4


def test_messages_without_a_template_are_put_below_each_other(model: Any, tokenizer: Any) -> None:
    plain = type(tokenizer)(
        tokenizer_object=tokenizer.backend_tokenizer, eos_token="<|end|>", pad_token="<|pad|>"
    )
    found = TransformersSampler(model, plain)(
        [{"role": "user", "content": "When?"}], request(constraint=DATE)
    )
    assert all(DATE.is_valid(one.text) for one in found)


# The real model


@pytest.mark.model
@pytest.mark.timeout(600)
def test_strategies_over_a_real_model(smollm2: tuple[Any, Any]) -> None:
    """What the model says freely is not valid; escalation ends with an answer that is, as jsonschema says."""
    sampler = TransformersSampler(*smollm2)
    person = structgen.json_schema(SCHEMA)
    prompt = 'Extract a JSON object with the keys "name" and "born" from: Robert Burns was born on 25 January 1759.'
    strategy = structgen.escalate(structgen.Retry(1, mask=False), structgen.BestOf(2))
    outcome = sample(sampler, prompt, person, strategy, max_new_tokens=40)
    jsonschema.validate(json.loads(outcome.text), SCHEMA)
    assert [one.masked for one in outcome.attempts] == [False, True, True]
    assert not outcome.attempts[0].ok
    assert outcome.score == max(one.score for one in outcome.attempts if one.score is not None)


@pytest.mark.model
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "strategy",
    [
        structgen.Retry(2, temperatures=[0.9]),
        structgen.BestOf(2, good_enough=-0.01),
        structgen.Vote(3, field="*"),
        structgen.FirstValid(2),
        structgen.Beam(2),
    ],
    ids=lambda strategy: type(strategy).__name__,
)
def test_each_strategy_over_a_real_model(smollm2: tuple[Any, Any], strategy: Any) -> None:
    """Valid as jsonschema says, within the budget, and the same in both twins."""
    sampler = TransformersSampler(*smollm2)
    prompt = 'Extract a JSON object with the keys "name" and "born" from: Robert Burns was born on 25 January 1759.'
    arguments: Any = (sampler, prompt, structgen.json_schema(SCHEMA), strategy)
    budget = Budget(attempts=3, tokens=80)
    outcome = sample(*arguments, budget=budget, max_new_tokens=26)
    jsonschema.validate(json.loads(outcome.text), SCHEMA)
    assert outcome.token_count <= 80
    assert all(one.masked for one in outcome.attempts)
    twin = asyncio.run(structgen.sample_async(*arguments, budget=budget, max_new_tokens=26))
    assert [one.candidate for one in twin.attempts] == [one.candidate for one in outcome.attempts]


@pytest.mark.model
@pytest.mark.timeout(600)
def test_labels_of_a_real_model(smollm2: tuple[Any, Any]) -> None:
    question = "Is the sentiment of this review positive or negative? The soup was cold, the waiter was rude."
    found = structgen.classify(*smollm2, question, ["positive", "negative"])
    assert sum(found.values()) == pytest.approx(1)
    assert found == structgen.classify(*smollm2, question, ["positive", "negative"])


# Options


def test_options_of_sampling_count_where_there_is_a_temperature(model: Any, tokenizer: Any) -> None:
    sampler = TransformersSampler(model, tokenizer, top_k=1)
    greedy = sampler("When?", request(n=1, temperature=0.0))
    assert {one.text for one in sampler("When?", request(temperature=2.0))} == {greedy[0].text}


def test_processors_and_criteria_of_the_caller_are_kept(model: Any, tokenizer: Any) -> None:
    seen: list[int] = []

    def processor(input_ids: Any, scores: Any) -> Any:
        seen.append(len(input_ids))
        return scores

    def criterion(input_ids: Any, scores: Any, **facts: Any) -> Any:
        return torch.ones(len(input_ids), dtype=torch.bool)

    sampler = TransformersSampler(
        model, tokenizer, logits_processor=[processor], stopping_criteria=[criterion]
    )
    found = sampler("When?", request(constraint=DATE))
    assert seen == [3]
    assert {one.token_count for one in found} == {1}


def test_what_a_request_says_is_no_option(model: Any, tokenizer: Any) -> None:
    with pytest.raises(ValueError, match="max_new_tokens, temperature"):
        TransformersSampler(model, tokenizer, temperature=0.3, max_new_tokens=5)


def test_at_temperature_0_all_candidates_are_the_same(sampler: TransformersSampler) -> None:
    found = sampler("When?", request(n=3, constraint=DATE, temperature=0.0))
    assert len(found) == 3
    assert len(set(found)) == 1


def test_answers_are_cached_by_options_and_ends(model: Any, tokenizer: Any, tmp_path: Any) -> None:
    found = []
    for options in ({}, {}, {"top_k": 1}):
        cached = structgen.Cached(
            TransformersSampler(model, tokenizer, **options), tmp_path / "answers.sqlite", model="tiny"
        )
        found.append(cached("When?", request(constraint=DATE)))
    assert found[0] == found[1]
    assert found[1] != found[2]
    (best, *_) = found[0]
    assert sample(cached, "When?", DATE, structgen.Beam(2), max_new_tokens=12).ok
    assert best.masked_logprob is not None


def test_async_and_sync_agree_over_a_model(sampler: TransformersSampler) -> None:
    for strategy in (structgen.Retry(), structgen.Vote(3), structgen.FirstValid(3), structgen.Beam(2)):
        plain = sample(sampler, "When?", DATE, strategy, max_new_tokens=12)
        found = asyncio.run(structgen.sample_async(sampler, "When?", DATE, strategy, max_new_tokens=12))
        assert [one.candidate for one in found.attempts] == [one.candidate for one in plain.attempts]
        assert (found.text, found.score) == (plain.text, plain.score)
