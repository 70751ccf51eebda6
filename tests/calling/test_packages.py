"""Chat templates of families, as the package trl has them, and tools of BFCL, from the package bfcl-eval."""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import Any

import jsonschema
import pytest
from chat_templates import TEMPLATES, Tokenizer, folder, shared_start

import structgen
from structgen.calling.build import ReplyConstraint
from structgen.errors import UnknownFormat

BFCL = folder("bfcl_eval", "data")


def edit(code: str, n: int = 1, ok: bool = True, tags: list[str] | None = None) -> None:
    """Edits."""


def noop() -> None:
    """Does nothing."""


FORMAT_OF = {
    "deepseekv3": "deepseek-v3",
    "gemma4": "gemma4",
    "gemma4_v5": "gemma4",
    "glm4moe": "glm-4.5",
    "gptoss": "harmony",
    "lfm2_2_5": "lfm2",
    "lfm2_v2": "lfm2",
    "llama3_1": "llama3",
    "llama3_2": "llama3",
    "nemotron_3_nano": "qwen3-coder",
    "nemotron_3_ultra": "qwen3-coder",
    "qwen2_5": "qwen3",
    "qwen3": "qwen3",
    "qwen3_5_think": "qwen3-coder",
    "qwen3_6": "qwen3-coder",
    "qwen3_8": "qwen3-coder",
}
ONE_CALL = {"gptoss", "llama3_1", "llama3_2"}
"""Their templates write one call in a turn."""

NO_ESCAPES = {"lfm2_2_5"}
"""Its template writes strings between single quotes as they are."""


def rendered(template: Any, calls: list[tuple[str, dict[str, Any]]], *, as_text: bool) -> str:
    """The assistant's part of a turn with calls."""
    tools = [structgen.Tool.of(one).to_openai() for one in (edit, noop)]
    shown = [
        {"type": "function", "function": {"name": name, "arguments": json.dumps(given) if as_text else given}}
        for name, given in calls
    ]
    options = {"tools": tools, "bos_token": "", "eos_token": ""}
    turn = [{"role": "user", "content": "Hi"}]
    prompt = template.render(messages=turn, add_generation_prompt=True, **options)
    reply = {"role": "assistant", "content": "", "tool_calls": shown}
    whole = template.render(messages=[*turn, reply], add_generation_prompt=False, **options)
    return str(whole[shared_start(prompt, whole) :]).rstrip("\n")


@pytest.mark.skipif(TEMPLATES is None, reason="trl is not installed")
@pytest.mark.parametrize("name", FORMAT_OF)
def test_what_a_template_writes_is_read(name: str) -> None:
    utilities = pytest.importorskip("transformers.utils.chat_template_utils")
    assert TEMPLATES is not None
    source = (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")
    constraint = structgen.tools([edit, noop]).for_tokenizer(Tokenizer(source))  # type: ignore[attr-defined]
    assert isinstance(constraint, ReplyConstraint)
    assert constraint.plan is not None
    assert constraint.plan.format.name == FORMAT_OF[name]
    code = "  a <x>" if name in NO_ESCAPES else '  a "b" it\'s\n<x>'
    calls: list[tuple[str, dict[str, Any]]] = [
        ("edit", {"code": code, "n": 3, "ok": False, "tags": ["p", "q"]}),
        ("noop", {}),
    ]
    calls = calls[:1] if name in ONE_CALL else calls
    text = rendered(utilities._compile_jinja_template(source), calls, as_text=name == "deepseekv3")
    reply = constraint.validate(text)
    assert [(call.name, call.arguments) for call in reply.calls] == calls
    stream = structgen.StreamingReply(constraint)
    for char in text:
        stream.feed(char)
    assert stream.close() == reply


@pytest.mark.skipif(TEMPLATES is None, reason="trl is not installed")
def test_every_template_has_one_format_or_none() -> None:
    assert TEMPLATES is not None
    for path in TEMPLATES.glob("*.jinja"):
        try:
            structgen.tools([noop]).for_tokenizer(Tokenizer(path.read_text(encoding="utf-8")))  # type: ignore[attr-defined]
        except UnknownFormat as error:
            assert "format=" in str(error)  # noqa: PT017 - some templates have no tools


# Tools of BFCL

TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": None}


def json_schema_of(value: Any) -> Any:
    """A schema of BFCL, whose types are Python's, as a JSON Schema."""
    if isinstance(value, list):
        return [json_schema_of(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: json_schema_of(one) for key, one in value.items()}
    if isinstance(found.get("type"), str):
        kind = TYPES.get(found["type"], found["type"])
        if kind is None:
            del found["type"]
        else:
            found["type"] = kind
    return found


@cache
def offered_tools(most: int) -> list[dict[str, Any]]:
    """The first tools with different names that the format can spell and the schema allows."""
    assert BFCL is not None
    found: dict[str, dict[str, Any]] = {}
    for line in (BFCL / "BFCL_v4_multiple.json").read_text(encoding="utf-8").splitlines():
        for one in json.loads(line)["function"]:
            parameters = json_schema_of(one["parameters"])
            found.setdefault(one["name"].replace(".", "_"), {**one, "parameters": parameters})
    return [{**one, "name": name} for name, one in list(found.items())[:most]]


@pytest.mark.skipif(BFCL is None, reason="bfcl-eval is not installed")
@pytest.mark.parametrize("form", structgen.formats())
@pytest.mark.parametrize("choice", ["auto", "required", "required, text"])
def test_sampled_replies_are_valid(form: str, choice: str) -> None:
    """Sets of tools, formats and choices: each call that is read has arguments that jsonschema accepts."""
    rng = Random(f"{form} {choice}")
    tools = rng.sample(offered_tools(500), 12)
    constraint = structgen.tools(tools, format=form, choice=choice)
    schemas = {one["name"]: one["parameters"] for one in tools}
    calls = 0
    for _ in range(6):
        text = constraint.sample(rng, max_depth=5)
        if constraint.by_bytes.find_error(text) is not None:
            continue  # the lexer parts it otherwise
        reply = constraint.validate(text)
        calls += len(reply.calls)
        for call in reply.calls:
            jsonschema.validate(call.arguments, schemas[call.name])
    assert calls or choice == "auto"


@pytest.mark.skipif(BFCL is None, reason="bfcl-eval is not installed")
@pytest.mark.parametrize("form", ["qwen3", "qwen3-coder", "harmony", "gemma4", "lfm2", "mistral-v11"])
def test_budgets(form: str) -> None:
    """With each limit of tokens the walk ends in a valid reply, or says before the first token that none fits."""
    rng = Random(form)
    constraint = structgen.tools(rng.sample(offered_tools(500), 4), format=form, choice="required")
    compiled = constraint.by_bytes
    least = compiled.completion_tokens(compiled.initial)
    for budget in (least - 1, least, least + 1, least + 30, least + 59):
        matcher = compiled.matcher()
        if budget < least:
            assert compiled.completion_tokens(matcher.configuration) > budget
            continue
        text = bytearray()
        while not (matcher.can_stop and rng.random() < 0.2):
            left = budget - len(text)
            allowed = [
                byte
                for byte in range(256)
                if (after := compiled.try_advance(matcher.configuration, byte)) >= 0
                and compiled.completion_tokens(after) <= left - 1
            ]
            if not allowed:
                break
            byte = rng.choice(allowed)
            matcher.advance(byte)
            text.append(byte)
        assert len(text) <= budget
        assert constraint.validate(text.decode()).calls
