"""generate() with small random models."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import transformers

import structgen
from structgen.errors import BudgetTooSmall, InvalidOptionError, InvalidText, StructgenError

BORN = structgen.json_schema(
    {
        "type": "object",
        "properties": {"born": {"type": "integer", "minimum": 0, "maximum": 9999}},
        "required": ["born"],
        "additionalProperties": False,
    }
)


def test_the_answer(model: Any, tokenizer: Any) -> None:
    generation = structgen.generate(model, tokenizer, "When was he born?", BORN, max_new_tokens=40)
    assert generation.finish_reason == "stop"
    assert generation.value == BORN.validate(generation.text)
    assert isinstance(generation.value["born"], int)
    assert generation.tokens[-1] == tokenizer.eos_token_id
    assert tokenizer.decode(generation.tokens, skip_special_tokens=True) == generation.text
    assert "tokens/s" in str(generation.timings)


def test_a_free_answer(model: Any, tokenizer: Any) -> None:
    generation = structgen.generate(model, tokenizer, "When was he born?", None, max_new_tokens=5)
    assert len(generation.tokens) == 5
    assert generation.finish_reason == "length"
    assert generation.value == generation.text
    assert generation.timings.mask_seconds == 0.0


def test_a_seed_makes_sampling_repeatable_and_leaves_the_random_state_alone(
    model: Any, tokenizer: Any
) -> None:
    word = structgen.regex("[a-z]{8}")
    torch.manual_seed(1)
    state = torch.get_rng_state()
    texts = [
        structgen.generate(model, tokenizer, "A word:", word, temperature=2.0, seed=seed).text
        for seed in (3, 3, 4, 5)
    ]
    assert texts[0] == texts[1]
    assert len(set(texts)) == 3
    assert torch.equal(torch.get_rng_state(), state)


def test_prompts_are_texts_and_messages(model: Any, tokenizer: Any) -> None:
    """A text is a message of the user if there is a chat template; chat=False takes it as it is."""
    seen: list[str] = []

    class Spy(transformers.LogitsProcessor):  # type: ignore[misc]
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            seen.append(tokenizer.decode(input_ids[0]))
            return scores

    digit = structgen.regex("[0-9]")
    prompts: list[tuple[Any, bool | None, str]] = [
        ("One?", None, "<|user|>One?<|end|><|assistant|>"),
        ("One?", True, "<|user|>One?<|end|><|assistant|>"),
        ("One?", False, "One?"),
        (
            [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
            None,
            "<|user|>a<|end|><|assistant|>b<|end|><|assistant|>",
        ),
    ]
    for prompt, chat, expected in prompts:
        seen.clear()
        generation = structgen.generate(model, tokenizer, prompt, digit, chat=chat, logits_processor=[Spy()])
        assert seen[0] == expected
        assert digit.is_valid(generation.text)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"num_beams": 3}, id="beam search"),
        pytest.param({"temperature": 1.5, "top_p": 0.9, "top_k": 20}, id="sampling"),
        pytest.param({"return_dict_in_generate": True}, id="a dict"),
        pytest.param({"prompt_lookup_num_tokens": 3}, id="candidates out of the prompt"),
    ],
)
def test_options_go_to_the_model(model: Any, tokenizer: Any, options: dict[str, Any]) -> None:
    generation = structgen.generate(model, tokenizer, "When?", BORN, max_new_tokens=40, **options)
    assert generation.finish_reason == "stop"
    assert BORN.is_valid(generation.text)


def test_a_streamer_gets_the_text(model: Any, tokenizer: Any) -> None:
    streamer = transformers.TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
    generation = structgen.generate(model, tokenizer, "When?", BORN, max_new_tokens=40, streamer=streamer)
    assert "".join(streamer) == generation.text


def test_it_always_finishes_within_the_budget(model: Any, tokenizer: Any) -> None:
    text = structgen.regex(r'"[^"]*"')
    for budget in range(3, 12):
        generation = structgen.generate(
            model, tokenizer, "Say", text, max_new_tokens=budget, temperature=1.5, seed=budget
        )
        assert generation.finish_reason == "stop"
        assert len(generation.tokens) <= budget
        assert text.is_valid(generation.text)


def test_a_budget_that_nothing_fits_is_an_error(model: Any, tokenizer: Any) -> None:
    with pytest.raises(BudgetTooSmall) as raised:
        structgen.generate(model, tokenizer, "When?", structgen.choice(["1759-01-25"]), max_new_tokens=2)
    assert raised.value.budget == 2


def test_an_interrupted_answer_says_so(model: Any, tokenizer: Any) -> None:
    generation = structgen.generate(
        model, tokenizer, "When?", structgen.choice(["25 January 1759"]), stop_strings="Jan"
    )
    assert generation.finish_reason == "interrupted"
    with pytest.raises(InvalidText):
        _ = generation.value


def test_end_tokens_of_model_tokenizer_and_caller_all_end(model: Any, tokenizer: Any) -> None:
    (other,) = tokenizer.convert_tokens_to_ids(["<|user|>"])
    ends = {
        structgen.generate(
            model, tokenizer, "?", structgen.choice(["x"]), eos_token_id=other, temperature=3.0, seed=seed
        ).tokens[-1]
        for seed in range(12)
    }
    assert ends == {other, tokenizer.eos_token_id}


def test_several_answers_are_for_the_processor(model: Any, tokenizer: Any) -> None:
    with pytest.raises(ValueError, match="LogitsProcessor"):
        structgen.generate(model, tokenizer, "When?", BORN, num_return_sequences=2)


def test_a_constraint_that_nobody_asked_is_an_error(
    model: Any, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As continuous batching does, which drops the processors without a word."""
    free = model.generate
    monkeypatch.setattr(model, "generate", lambda logits_processor, **options: free(**options))
    with pytest.raises(StructgenError, match="never called the logits processor"):
        structgen.generate(model, tokenizer, "Who?", structgen.choice(["no"]), max_new_tokens=4)
    structgen.generate(model, tokenizer, "Who?", None, max_new_tokens=4)


def test_a_prompt_without_tokens_is_an_error(model: Any, tokenizer: Any) -> None:
    with pytest.raises(InvalidOptionError, match="prompt='': has no tokens"):
        structgen.generate(model, tokenizer, "", structgen.choice(["no"]), chat=False)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_new_tokens", None),
        ("max_new_tokens", 1.5),
        ("max_new_tokens", 0),
        ("temperature", float("inf")),
        ("temperature", float("nan")),
    ],
)
@pytest.mark.parametrize("constraint", [None, structgen.choice(["no"])])
def test_numbers_that_make_no_sense_are_errors(
    model: Any, tokenizer: Any, constraint: Any, option: str, value: Any
) -> None:
    with pytest.raises(InvalidOptionError, match=f"{option}="):
        structgen.generate(model, tokenizer, "Who?", constraint, **{option: value})
