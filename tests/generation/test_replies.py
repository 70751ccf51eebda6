"""Replies of small random models: whatever they write, it is a reply."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

import structgen
from structgen import Reply, UnknownFormat


def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


NUMBER = structgen.json_schema({"type": "integer", "minimum": 0, "maximum": 99})


@pytest.mark.parametrize(
    "form", ["qwen3", "qwen3-coder", "harmony", "mistral", "gemma4", "llama3", "kimi-k2", "glm-4.5"]
)
def test_a_call_in_time(model: Any, tokenizer: Any, form: str) -> None:
    for seed in range(2):
        generation = structgen.generate(
            model,
            tokenizer,
            "2 + 2?",
            tools=[add],
            format=form,
            choice="required",
            parallel=False,
            max_new_tokens=200,
            temperature=1.5,
            seed=seed,
        )
        reply = generation.value
        assert isinstance(reply, Reply)
        (call,) = reply.calls
        jsonschema.validate(call.arguments, {"type": "object", "required": ["a", "b"]})
        assert call.run() == call.arguments["a"] + call.arguments["b"]


def test_no_calls(model: Any, tokenizer: Any) -> None:
    reply = structgen.generate(
        model, tokenizer, "2?", tools=[add], format="qwen3", choice="none", max_new_tokens=20
    ).value
    assert reply.calls == ()


def test_reasoning_and_then_the_constraint(model: Any, tokenizer: Any) -> None:
    generation = structgen.generate(
        model,
        tokenizer,
        "2 + 2?",
        NUMBER,
        reasoning=True,
        reasoning_tokens=20,
        max_new_tokens=90,
        temperature=1.0,
        seed=1,
    )
    assert 0 <= generation.value <= 99
    assert generation.reasoning is not None
    assert len(generation.reasoning) <= 20
    assert structgen.generate(model, tokenizer, "2 + 2?", NUMBER, max_new_tokens=20).reasoning is None


def test_a_prompt_that_opens_the_reasoning(model: Any, tokenizer: Any) -> None:
    generation = structgen.generate(
        model,
        tokenizer,
        "2 + 2?\n<think>\n",
        NUMBER,
        reasoning=True,
        chat=False,
        max_new_tokens=60,
        seed=3,
        temperature=1.0,
    )
    assert 0 <= generation.value <= 99
    assert generation.reasoning is not None


def test_an_unknown_template_names_the_way_out(model: Any, tokenizer: Any) -> None:
    with pytest.raises(UnknownFormat, match="pass format="):
        structgen.generate(model, tokenizer, "?", tools=[add])
