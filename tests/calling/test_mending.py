"""Damaged replies: what was meant comes back, and each change is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

import structgen
from structgen import RepairError
from structgen.calling.build import ReplyConstraint
from structgen.calling.reply import Call, Reply


def get_weather(city: str, days: int = 3, tags: list[str] | None = None) -> str:
    """A forecast."""
    return city


def edit(code: str, n: int = 1) -> None:
    """Edits."""


def offered(form: str, **options: Any) -> ReplyConstraint:
    found = structgen.tools([get_weather, edit], format=form, **options)
    assert isinstance(found, ReplyConstraint)
    return found


def meant(text: str, form: str = "qwen3", **options: Any) -> list[tuple[str, dict[str, Any]]]:
    constraint = offered(form, **options)
    found = structgen.repair(text, constraint)
    assert found.edits
    assert constraint.validate(found.text).calls == tuple(found.value.calls) or found.truncated
    return [(call.name, call.arguments) for call in found.value.calls]


def reply_of(constraint: ReplyConstraint, **arguments: Any) -> str:
    return constraint.written(Reply(None, "", (Call(0, "get_weather", arguments),)))


@pytest.mark.parametrize("form", structgen.formats())
def test_a_reply_that_breaks_off(form: str) -> None:
    """At each place after the name, a call of the tool comes back, whose arguments begin as they were meant."""
    constraint = offered(form, choice="required")
    text = reply_of(constraint, city="Paris and Rome", days=12)
    assert constraint.validate(text).calls[0].arguments["city"] == "Paris and Rome"
    for size in range(text.index("Paris"), len(text)):
        if constraint.is_valid(text[:size]):
            continue
        found = structgen.repair(text[:size], constraint)
        (call,) = found.value.calls
        assert call.name == "get_weather"
        assert "Paris and Rome".startswith(call.arguments["city"].rstrip("\\"))
        assert found.edits
        assert constraint.is_valid(found.text)
    assert structgen.repair(text, constraint).edits == ()


@pytest.mark.parametrize("form", structgen.formats())
def test_written_in_another_family_s_format(form: str) -> None:
    text = reply_of(offered(form), city="Paris")
    for other in ("qwen3", "qwen3-coder", "harmony", "gemma4"):
        if offered(other).is_valid(text) and offered(other).validate(text).calls:
            continue
        found = structgen.repair(text, offered(other, choice="required, text"))
        assert [(call.name, call.arguments) for call in found.value.calls] == [
            ("get_weather", {"city": "Paris"})
        ]
        assert found.edits


PARIS = [("get_weather", {"city": "Paris"})]


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>\n{"name": "get_weather", "parameters": {"city": "Paris"}\n',
        'Sure!\n```json\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n```\nDone.',
        '<tool_call>{"name": "get_wether", "arguments": "{\\"city\\": \\"Paris\\"}"}</tool_call>',
        '{"name": "get_weather", "arguments": {"city": "Paris"}}',
        "<tool_call>{'name': 'get_weather', 'arguments': {'city': 'Paris',}}",
        '{"type": "function", "function": {"name": "get_weather", "arguments": "{\\"city\\": \\"Paris\\"}"}}',
        "<function=get_weather>\n<parameter=city>\nParis\n</function>",
        '<invoke name="get_weather"><parameter name="city">Paris</parameter></invoke>',
        '[TOOL_CALLS]get_weather[ARGS]{"city": "Paris"}',
    ],
)
def test_calls_that_are_written_otherwise(text: str) -> None:
    assert meant(text) == PARIS


def test_types_are_the_schema_s() -> None:
    text = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris", "days": "12", "tags": "x"}}'
    assert meant(text, choice="required") == [("get_weather", {"city": "Paris", "days": 12, "tags": ["x"]})]
    raw = "<tool_call>\n<function=edit>\n<parameter=code>\n  if x:\n<parameter=n>\n3\n</function>"
    assert meant(raw, "qwen3-coder") == [("edit", {"code": "  if x:", "n": 3})]


def test_text_and_reasoning_stay() -> None:
    text = '<think>\nHm.\n</think>\n\nLet me see.\n<tool_call>\n{"name": "get_weather", "arguments": {city: "Paris"}}\n'
    found = structgen.repair(text, offered("qwen3"))
    assert (found.value.reasoning, found.value.text) == ("Hm.", "Let me see.")
    assert [(call.name, call.arguments) for call in found.value.calls] == PARIS


def test_text_is_left_alone() -> None:
    """No call is made of text: of JSON that names no tool, of no choice of tools, of what has no arguments."""
    for text in (
        "Hello.",
        '{"name": "Alice", "city": "Paris"}',
        '{"name": "get_wether", "arguments": {"city": "x"}}',
    ):
        found = structgen.repair(text, offered("qwen3"))
        assert (found.value.text, found.value.calls, found.edits) == (text, (), ())
    call = json.dumps({"name": "get_weather", "arguments": {"city": "Paris"}})
    assert structgen.repair(call, offered("qwen3", choice="none")).value.calls == ()
    assert structgen.repair(call, offered("qwen3")).value.calls


def test_what_cannot_be_read_is_an_error() -> None:
    with pytest.raises(RepairError, match="no call that can be read"):
        structgen.repair("Hello.", offered("qwen3", choice="required"))
    with pytest.raises(RepairError, match="allow="):
        structgen.repair(
            '<tool_call>\n{"name": "edit", "arguments": {"code": "a', offered("qwen3"), allow="lossless"
        )
