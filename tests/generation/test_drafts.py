"""Drafts change how often the model is called, and no token of the answer."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

import structgen
from structgen.generation import drafts
from structgen.generation.drafts import Continuations, DraftedDecoding, Drafts, can_draft

PERSON = structgen.json_schema(
    {
        "type": "object",
        "properties": {
            "full_name": {"type": "string", "maxLength": 12},
            "occupation": {"enum": ["poet", "painter", "engineer"]},
            "year_of_birth": {"type": "integer", "minimum": 1000, "maximum": 1999},
            "is_alive": {"type": "boolean"},
        },
        "required": ["full_name", "occupation", "year_of_birth", "is_alive"],
        "additionalProperties": False,
    }
)
CONSTRAINTS = {
    "object": PERSON,
    "regex": structgen.regex("(the same |words )*end of it( all)?"),
    "choice": structgen.choice(["a long text that is forced", "a long text that is not", "another"]),
    "grammar": structgen.lark('start: "SELECT " NAME ("," NAME)* " FROM poets"\nNAME: /[a-z]{1,4}/'),
}


@pytest.fixture(autouse=True)
def no_earlier_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test generated is not proposed."""
    monkeypatch.setattr(drafts, "EARLIER_ANSWERS", drafts.EarlierAnswers())


@pytest.mark.parametrize("name", CONSTRAINTS)
@pytest.mark.parametrize("finite", ["auto", "mask"])
@pytest.mark.parametrize("options", [{}, {"temperature": 1.0}, {"temperature": 1.5, "top_p": 0.9}], ids=str)
def test_the_answer_is_the_same(
    model: Any, tokenizer: Any, name: str, finite: Any, options: dict[str, Any]
) -> None:
    for seed in range(3):
        arguments = {"max_new_tokens": 80, "seed": seed, "finite": finite, **options}
        plain = structgen.generate(model, tokenizer, "Who?", CONSTRAINTS[name], drafts=False, **arguments)
        for _ in range(2):  # the second time from the first answer
            found = structgen.generate(model, tokenizer, "Who?", CONSTRAINTS[name], **arguments)
            assert (found.tokens, found.finish_reason) == (plain.tokens, plain.finish_reason)
            assert found.timings.passes is not None
            assert found.timings.passes <= len(plain.tokens)


def test_fewer_passes(model: Any, tokenizer: Any) -> None:
    forced = structgen.regex("this text is long, and nothing of it can be any other than it is: (yes|no)")
    first = structgen.generate(model, tokenizer, "?", forced, finite="mask")
    assert first.timings.passes is not None
    assert first.timings.passes < len(first.tokens) / 3
    words = structgen.regex("([a-z]{4} ){10}")
    first = structgen.generate(model, tokenizer, "?", words)
    again = structgen.generate(model, tokenizer, "?", words)
    assert again.tokens == first.tokens
    assert again.timings.passes is not None
    assert first.timings.passes is not None
    assert again.timings.passes < first.timings.passes
    assert structgen.generate(model, tokenizer, "?", words, drafts=False).timings.passes is None


@pytest.mark.parametrize("limit", range(55, 80, 4))
def test_the_limit_is_kept(model: Any, tokenizer: Any, limit: int) -> None:
    plain = structgen.generate(model, tokenizer, "Who?", PERSON, max_new_tokens=limit, drafts=False)
    found = structgen.generate(model, tokenizer, "Who?", PERSON, max_new_tokens=limit)
    assert found.tokens == plain.tokens
    assert len(found.tokens) <= limit
    assert PERSON.is_valid(found.text)


def test_each_token_is_streamed_once(model: Any, tokenizer: Any) -> None:
    class Kept(transformers.generation.streamers.BaseStreamer):
        def __init__(self) -> None:
            self.tokens: list[int] = []
            self.ends = 0

        def put(self, value: Any) -> None:
            self.tokens += value.flatten().tolist()

        def end(self) -> None:
            self.ends += 1

    kept, plain = Kept(), Kept()
    found = structgen.generate(model, tokenizer, "Who?", PERSON, streamer=kept)
    structgen.generate(model, tokenizer, "Who?", PERSON, streamer=plain, drafts=False)
    assert kept.tokens == plain.tokens
    assert tuple(kept.tokens[-len(found.tokens) :]) == found.tokens
    assert kept.ends == 1


def test_stopping_criteria_see_each_token(model: Any, tokenizer: Any) -> None:
    class After(transformers.StoppingCriteria):
        def __init__(self, length: int) -> None:
            self.length = length

        def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> Any:
            return torch.full((len(input_ids),), input_ids.shape[1] >= self.length)

    prompt = len(tokenizer("Who?")["input_ids"])
    for count in (1, 2, 5, 9):
        found = structgen.generate(
            model, tokenizer, "Who?", PERSON, chat=False, stopping_criteria=[After(prompt + count)]
        )
        assert len(found.tokens) == count
        assert found.finish_reason == "interrupted"


@pytest.mark.parametrize(
    "options",
    [
        {"num_beams": 2},
        {"stop_strings": ["zzz"]},
        {"prompt_lookup_num_tokens": 3},
        {"output_scores": True, "return_dict_in_generate": True},
        {"cache_implementation": "static"},
    ],
    ids=str,
)
def test_where_the_loop_of_transformers_is_needed_it_is_used(
    model: Any, tokenizer: Any, options: dict[str, Any]
) -> None:
    assert not can_draft(model, options)
    found = structgen.generate(model, tokenizer, "Who?", PERSON, finite="mask", **options)
    assert found.timings.passes is None
    assert PERSON.is_valid(found.text)


def test_a_cache_that_cannot_be_shortened() -> None:
    config = transformers.MistralConfig(
        vocab_size=300, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, sliding_window=8
    )
    assert not can_draft(transformers.MistralForCausalLM(config), {})


@given(st.lists(st.integers(0, 3), max_size=40), st.lists(st.integers(0, 3), max_size=6), st.integers(1, 5))
@settings(deadline=None)
def test_what_is_proposed_was_seen(text: list[int], begun: list[int], count: int) -> None:
    """After a context in the text, and the longest context that was seen says what."""
    seen = Continuations()
    seen.add(text)
    found = seen.after(begun, count)
    places = {
        length: [
            end
            for end in range(length, len(text))
            if len(begun) >= length and text[end - length : end] == begun[-length:]
        ]
        for length in (4, 3, 2)
    }
    longest = next((places[length] for length in (4, 3, 2) if places[length]), [])
    assert (found == []) == (longest == [])
    assert not longest or found == text[longest[-1] : longest[-1] + count]


class Unlike:
    """Proposes, as if it knew, what the model would hardly write."""

    def __init__(self, tokens: list[int]) -> None:
        self.tokens = tokens

    def planned(self) -> list[int]:
        """Always the same tokens."""
        return self.tokens


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_wrong_drafts_change_nothing(model: Any, tokenizer: Any, temperature: float) -> None:
    words = structgen.regex("[a-z ]{5,30}")
    plain = structgen.generate(
        model, tokenizer, "Who?", words, chat=False, temperature=temperature, seed=1, drafts=False
    )
    vocabulary = structgen.Vocabulary.from_tokenizer(tokenizer, size=model.config.vocab_size)
    grammar = structgen.compile(words, vocabulary)
    prompt = tokenizer("Who?", return_tensors="pt")
    wrong = tokenizer("zqx zqx", add_special_tokens=False)["input_ids"]
    proposals = Drafts(grammar, tokenizer, prompt["input_ids"][0].tolist(), Unlike(wrong))
    assert proposals.propose(2) == wrong[:2]
    loop = DraftedDecoding(proposals)
    processor = structgen.LogitsProcessor(grammar, tokenizer, max_new_tokens=256)
    torch.manual_seed(1)
    rows = model.generate(
        **prompt,
        max_new_tokens=256,
        do_sample=temperature > 0,
        top_k=0,
        logits_processor=[processor],
        custom_generate=loop,
    )
    assert tuple(rows[0, prompt["input_ids"].shape[1] :].tolist()) == plain.tokens
