"""The mask of a format writes what the family's template writes, byte by byte, and with its markers as tokens."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest
from chat_templates import TEMPLATES, Tokenizer, shared_start

import structgen
from structgen.calling.build import ReplyConstraint
from structgen.calling.registry import FORMATS
from structgen.calling.reply import Call, Reply
from structgen.errors import UnknownFormat
from structgen.vocabulary import Vocabulary

TOOLS = [
    {
        "name": "report",
        "description": "Reports.",
        "parameters": {
            "type": "object",
            "properties": {
                "unit": {"type": "string", "enum": ["km h", "it's"]},
                "ratio": {"type": "number"},
                "place": {
                    "type": "object",
                    "properties": {"lat": {"type": "number"}, "name": {"type": "string"}},
                    "required": ["lat"],
                },
                "note": {"type": ["string", "null"]},
                "rows": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"k": {"type": "string"}, "on": {"type": "boolean"}},
                    },
                },
                "code": {"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"},
                "short": {"type": "string", "maxLength": 5},
                "free": {"type": "object"},
                "any": {},
                "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                "day": {"type": "string", "format": "date"},
            },
        },
    },
    {"name": "noop", "description": "Nothing.", "parameters": {"type": "object", "properties": {}}},
]
VALUES: dict[str, list[Any]] = {
    "unit": ["km h", "it's"],
    "ratio": [1, 2.5, -0.001, 1e-7],
    "place": [{"lat": 1.5}, {"lat": 2, "name": "Łódź"}],
    "note": [None, "x", "", " y\n z ", "</b> <tool"],
    "rows": [[], [{"k": "a"}, {"k": "b", "on": True}]],
    "code": ["AB12"],
    "short": ["", "ab"],
    "free": [{}, {"a": [1, None, True]}, {"s": "t"}],
    "any": [1, "x", None, [True], {"a": "b"}],
    "either": [3, "three"],
    "day": ["2024-01-02"],
}
CASES: list[tuple[tuple[str, dict[str, Any]], ...]] = [
    (("noop", {}),),
    (("report", {key: values[0] for key, values in VALUES.items()}),),
    *((("report", {key: value}),) for key, values in VALUES.items() for value in values),
]

UNESCAPED = ("it's", " y\n z ")
"""Texts that the templates of LFM 2.5 write between single quotes as they are: no Python."""

UNCLOSED = {"deepseek_r1_distill"}
"""Its template ends the section of calls only after the second call."""


@cache
def _names() -> list[str]:
    """The templates that have calls of tools."""
    found = []
    for path in sorted(TEMPLATES.glob("*.jinja") if TEMPLATES else ()):
        try:
            _constraint(path.stem)
        except UnknownFormat:
            continue
        found.append(path.stem)
    return [name for name in found if not name.endswith("_training") and name not in UNCLOSED]


def _source(name: str) -> str:
    assert TEMPLATES is not None
    return (TEMPLATES / f"{name}.jinja").read_text(encoding="utf-8")


@cache
def _constraint(name: str) -> ReplyConstraint:
    found = structgen.tools(TOOLS).for_tokenizer(Tokenizer(_source(name)))  # type: ignore[attr-defined]
    assert isinstance(found, ReplyConstraint)
    return found


def _accepts(constraint: ReplyConstraint, text: str) -> None:
    """The mask accepts a text, whatever its markers are in the vocabulary."""
    assert constraint.by_bytes.find_error(text) is None
    assert constraint.plan is not None
    form = constraint.plan.format
    marks = sorted({*form.markers, *form.ends, *form.call_ends}, key=len, reverse=True)
    special = {mark: 256 + at for at, mark in enumerate(marks)}
    ends = [special[one] for one in {*form.ends, *form.call_ends}]
    pieces = [bytes([byte]) for byte in range(256)] + [None] * len(marks)
    vocabulary = Vocabulary(pieces, special_tokens=special, eos_token_ids=ends)
    matcher = constraint.compile(vocabulary).matcher()
    parts = re.split(f"({'|'.join(map(re.escape, marks))})", text) if marks else [text]
    for part in parts:
        for token in [special[part]] if part in special else part.encode():
            matcher.advance(token)
    assert matcher.can_stop or matcher.is_finished


def _rendered(name: str, calls: Any, content: str | None, reasoning: str | None) -> str:
    utilities = pytest.importorskip("transformers.utils.chat_template_utils")
    template = utilities._compile_jinja_template(_source(name))
    as_text = name.startswith("deepseek")
    reply: dict[str, Any] = {"role": "assistant", "content": content}
    if calls:
        reply["tool_calls"] = [
            {
                "type": "function",
                "function": {"name": one, "arguments": json.dumps(given) if as_text else given},
            }
            for one, given in calls
        ]
    if reasoning is not None:
        reply |= {"reasoning_content": reasoning, "thinking": reasoning}
    options = {
        "tools": [structgen.Tool.of(one).to_openai() for one in TOOLS],
        "bos_token": "",
        "eos_token": "",
    }
    turn = [{"role": "user", "content": "Hi"}]
    prompt = template.render(messages=turn, add_generation_prompt=True, **options)
    whole = template.render(messages=[*turn, reply], add_generation_prompt=False, **options)
    return str(whole[shared_start(prompt, whole) :]).rstrip("\n")


@pytest.mark.skipif(TEMPLATES is None, reason="trl is not installed")
@pytest.mark.parametrize("name", _names())
def test_a_call_of_the_template_is_in_the_mask(name: str) -> None:
    constraint = _constraint(name)
    for calls in CASES:
        if name.startswith("lfm2_2_5") and any(one in calls[0][1].values() for one in UNESCAPED):
            continue
        text = _rendered(name, calls, None if name.startswith("deepseek") else "", None)
        _accepts(constraint, text)
        read = constraint.validate(text)
        assert [(call.name, call.arguments) for call in read.calls] == list(calls)


@pytest.mark.skipif(TEMPLATES is None, reason="trl is not installed")
@pytest.mark.parametrize("name", _names())
@pytest.mark.parametrize("reasoning", [None, "Hm, so.\nYes."])
def test_a_text_of_the_template_is_in_the_mask(name: str, reasoning: str | None) -> None:
    constraint = _constraint(name)
    text = _rendered(name, (), "It is 3.", reasoning)
    _accepts(constraint, text)
    reply = constraint.validate(text)
    assert reply.text == "It is 3."
    assert reply.reasoning in (None, "", reasoning)  # some templates leave it out


@pytest.mark.parametrize("form", structgen.formats())
def test_what_a_format_writes_is_in_the_mask(form: str) -> None:
    constraint = structgen.tools(TOOLS, format=form)
    assert isinstance(constraint, ReplyConstraint)
    thinks = FORMATS[form].reasoning is not None
    for calls in CASES:
        made = tuple(Call(at, name, given) for at, (name, given) in enumerate(calls))
        for reasoning in (None, "Hm."):
            reply = Reply(reasoning if thinks else None, "", made)
            text = constraint.written(reply)
            _accepts(constraint, text)
            read = constraint.validate(text)
            assert [(call.name, call.arguments) for call in read.calls] == list(calls)
            assert read.reasoning == reply.reasoning
