"""The loop on the device writes what `generate()` writes with the processor."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import structgen
from structgen.errors import InvalidOptionError
from structgen.generation.device import DeviceDecoding

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)]
PERSON = structgen.json_schema(
    {
        "type": "object",
        "properties": {"kind": {"enum": ["poet", "painter"]}, "is_alive": {"type": "boolean"}},
        "required": ["kind", "is_alive"],
        "additionalProperties": False,
    },
    whitespace="compact",
)


def prompts(tokenizer: Any, device: str) -> Any:
    """Two prompts of one length."""
    return tokenizer(["poet born", "born poet"], return_tensors="pt").to(device)


def grammar_of(model: Any, tokenizer: Any, constraint: Any) -> structgen.CompiledGrammar:
    vocabulary = structgen.Vocabulary.from_tokenizer(tokenizer, size=model.config.vocab_size)
    return structgen.compile(constraint, vocabulary)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("limit", [20, 24, 40])
def test_the_greedy_texts(model: Any, tokenizer: Any, device: str, limit: int) -> None:
    model = model.to(device)
    grammar = grammar_of(model, tokenizer, PERSON)
    inputs = prompts(tokenizer, device)
    length = inputs["input_ids"].shape[1]
    options = {**inputs, "max_new_tokens": limit, "do_sample": False}
    processor = structgen.LogitsProcessor(grammar, tokenizer, max_new_tokens=limit)
    wanted = model.generate(**options, logits_processor=[processor])
    found = model.generate(**options, custom_generate=DeviceDecoding(grammar.device_tables(device)))
    for one, other in zip(wanted[:, length:], found[:, length:], strict=True):
        text = tokenizer.decode(other, skip_special_tokens=True)
        assert text == tokenizer.decode(one, skip_special_tokens=True)
        assert PERSON.is_valid(text)


@pytest.mark.parametrize("device", DEVICES)
def test_sampling_repeats_with_its_seed_and_is_valid(model: Any, tokenizer: Any, device: str) -> None:
    model = model.to(device)
    tables = grammar_of(model, tokenizer, PERSON).device_tables(device)
    inputs = prompts(tokenizer, device)
    texts = []
    for seed in (1, 1, 2):
        loop = DeviceDecoding(tables, seed=seed)
        rows = model.generate(
            **inputs, max_new_tokens=30, do_sample=True, temperature=2.0, custom_generate=loop
        )
        texts.append(
            tokenizer.batch_decode(rows[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        )
    assert texts[0] == texts[1] != texts[2]
    assert all(PERSON.is_valid(text) for row in texts for text in row)


def test_padded_prompts_are_refused(model: Any, tokenizer: Any) -> None:
    tables = grammar_of(model, tokenizer, ["yes", "no"]).device_tables("cpu")
    inputs = tokenizer(["poet", "poet was born"], return_tensors="pt", padding=True)
    with pytest.raises(InvalidOptionError, match="attention_mask"):
        model.generate(**inputs, max_new_tokens=8, custom_generate=DeviceDecoding(tables))


def test_a_text_that_does_not_fit_is_an_error(model: Any, tokenizer: Any) -> None:
    tables = grammar_of(model, tokenizer, PERSON).device_tables("cpu")
    with pytest.raises(InvalidOptionError, match="needs at least"):
        model.generate(
            **prompts(tokenizer, "cpu"),
            max_new_tokens=3,
            custom_generate=DeviceDecoding(tables),
        )
    with pytest.raises(InvalidOptionError, match="seed"):
        DeviceDecoding(tables, seed=-1)
    assert isinstance(tables.rows, torch.Tensor)
