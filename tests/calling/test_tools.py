"""Calls of tools: every format reads what it writes, and the mask, the reader and the stream agree."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

import jsonschema
import pytest

import structgen
from structgen import Call, InvalidOptionError, InvalidText, InvalidToolError, Tool, UnknownFormat, tools
from structgen.calling.build import ReplyConstraint
from structgen.calling.registry import FORMATS
from structgen.calling.stream import (
    CallBegun,
    CallDone,
    Event,
    ReasoningDelta,
    StreamingReply,
    TextDelta,
    to_openai,
)


def get_weather(
    city: str,
    days: int = 3,
    unit: Literal["C", "F"] = "C",
    alert: bool = False,
    tags: list[str] | None = None,
) -> str:
    """A weather forecast.

    Args:
        city: where.
        days: how many days
            it covers.
        unit: of temperatures.
        alert: on storms.
        tags: any.
    """
    return f"{city} {days} {unit}"


def noop() -> int:
    return 1


def written(constraint: ReplyConstraint, *calls: tuple[str, dict[str, Any]]) -> str:
    """Calls as the template of the format writes them."""
    assert constraint.plan is not None
    form, known = constraint.plan.format, constraint.plan.tools
    parts = [
        form.begin + form.body.write(name, arguments, index, known[name]) + form.end
        for index, (name, arguments) in enumerate(calls)
    ]
    return form.section[0][0] + form.between[0].join(parts) + form.section[1]


def offered(form: str, **options: Any) -> ReplyConstraint:
    found = tools([get_weather, noop], format=form, **options)
    assert isinstance(found, ReplyConstraint)
    return found


@pytest.mark.parametrize("form", structgen.formats())
@pytest.mark.parametrize("choice", ["auto", "required", "required, text", "get_weather"])
def test_what_the_template_writes_is_generated_and_read(form: str, choice: str) -> None:
    constraint = offered(form, choice=choice)
    text = written(constraint, ("get_weather", {"city": "São Paulo", "days": 2}))
    assert constraint.by_bytes.find_error(text) is None
    (call,) = constraint.validate(text).calls
    assert (call.index, call.name, call.arguments) == (0, "get_weather", {"city": "São Paulo", "days": 2})
    assert call.value == {"city": "São Paulo", "days": 2}
    assert call.run() == "São Paulo 2 C"
    assert not call.is_cut


@pytest.mark.parametrize("form", [name for name in structgen.formats() if FORMATS[name].most is None])
def test_several_calls(form: str) -> None:
    constraint = offered(form)
    text = written(
        constraint,
        ("get_weather", {"city": "A"}),
        ("noop", {}),
        ("get_weather", {"city": "B", "alert": True}),
    )
    reply = constraint.validate(text)
    assert [call.name for call in reply.calls] == ["get_weather", "noop", "get_weather"]
    assert reply.calls[2].arguments == {"city": "B", "alert": True}
    assert constraint.by_bytes.find_error(text) is None
    alone = offered(form, parallel=False)
    assert not alone.is_valid(text)
    assert alone.by_bytes.find_error(text) is not None


@pytest.mark.parametrize("form", structgen.formats())
@pytest.mark.parametrize("choice", ["auto", "none", "required", "required, text", "noop", ["get_weather"]])
def test_random_replies(form: str, choice: Any) -> None:
    """What the mask allows, the reader reads, and the stream gives the same in single characters."""
    constraint = offered(form, choice=choice)
    random, seen = Random(7), 0
    for _ in range(12):
        text = constraint.sample(random)
        if constraint.by_bytes.find_error(text) is not None:
            continue  # the lexer parts it otherwise
        seen += 1
        reply = constraint.validate(text)
        for call in reply.calls:
            assert call.tool is not None
            jsonschema.validate(call.arguments, dict(call.tool.schema))
        if choice == "none":
            assert not reply.calls
        elif choice != "auto":
            assert reply.calls
        stream = StreamingReply(constraint)
        events = [event for char in text for event in stream.feed(char)]
        assert stream.close() == reply
        assert built(events + stream.last_events) == (reply.reasoning or "", reply.text, reply.calls)
    assert seen


def built(events: list[Event]) -> tuple[str, str, tuple[Call, ...]]:
    return (
        "".join(event.text for event in events if isinstance(event, ReasoningDelta)),
        "".join(event.text for event in events if isinstance(event, TextDelta)),
        tuple(event.call for event in events if isinstance(event, CallDone)),
    )


TURN = (
    '<think>\nHm.\n</think>\n\nLet me look.\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n'
    '</tool_call>\n<tool_call>\n{"name": "noop", "arguments": {}}\n</tool_call>'
)


def test_a_whole_turn() -> None:
    constraint = offered("qwen3")
    assert constraint.by_bytes.find_error(TURN) is None
    reply = constraint.validate(TURN)
    assert (reply.reasoning, reply.text) == ("Hm.", "Let me look.")
    assert [call.name for call in reply.calls] == ["get_weather", "noop"]
    message = reply.to_openai()
    assert message["tool_calls"][0]["function"] == {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    assert reply.to_anthropic()["content"][2]["input"] == {"city": "Paris"}
    assert not offered("qwen3", choice="none").is_valid(TURN)
    assert offered("qwen3", choice="none").by_bytes.find_error(TURN) is not None
    assert not offered("qwen3", reasoning=False).is_valid(TURN)
    assert offered("qwen3", reasoning=True).is_valid(TURN)
    assert not offered("qwen3", choice="required").is_valid("Let me look.")


def test_the_cut_of_a_stream_does_not_matter() -> None:
    constraint = offered("qwen3")
    whole = []
    for size in (1, 2, 3, 7, len(TURN)):
        stream = StreamingReply(constraint)
        events = [event for at in range(0, len(TURN), size) for event in stream.feed(TURN[at : at + size])]
        whole.append((built(events), [event for event in events if isinstance(event, CallBegun)]))
        stream.close()
    assert all(one == whole[0] for one in whole)
    assert whole[0][0][:2] == ("Hm.", "Let me look.")
    deltas = [one["tool_calls"][0] for one in to_openai(events) if "tool_calls" in one]
    assert json.loads("".join(one["function"]["arguments"] for one in deltas if one["index"] == 0)) == {
        "city": "Paris"
    }


def test_values_keep_their_layout_and_their_type() -> None:
    """vllm#48846: the indentation of a value is part of it. sglang#39136: a text of digits stays a text."""

    def edit(code: str, zip_code: str, count: int | None = None) -> None: ...

    constraint = tools([edit], format="qwen3-coder")
    call = (
        "<tool_call>\n<function=edit>\n<parameter=code>\n    if x:\n        pass\n\n</parameter>\n"
        "<parameter=zip_code>\n75001\n</parameter>\n<parameter=count>\n3\n</parameter>\n</function>\n</tool_call>"
    )
    assert constraint.validate(call).calls[0].arguments == {
        "code": "    if x:\n        pass\n",
        "zip_code": "75001",
        "count": 3,
    }


def test_harmony_with_and_without_the_constrain_token() -> None:
    constraint = offered("harmony")
    for header in (
        "<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>",
        " to=functions.get_weather<|channel|>commentary json<|message|>",
    ):
        text = header + '{"city": "Paris"}<|call|>'
        assert constraint.by_bytes.find_error(text) is None
        assert constraint.validate(text).calls[0].arguments == {"city": "Paris"}
    thought = "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant"
    reply = constraint.validate(thought + "<|channel|>final<|message|>Yes.<|return|>")
    assert (reply.reasoning, reply.text, reply.calls) == ("Hm.", "Yes.", ())
    assert not offered("harmony", choice="required").is_valid(
        thought + "<|channel|>final<|message|>Yes.<|return|>"
    )


@dataclass
class Point:
    """A point of the plane."""

    x: int
    y: int = 0


def test_tools_of_everything() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    for source in (
        {"type": "function", "function": {"name": "f", "description": "D", "parameters": schema}},
        {"type": "function", "name": "f", "description": "D", "parameters": schema, "strict": True},
        {"name": "f", "description": "D", "input_schema": schema},
        {"name": "f", "description": "D", "inputSchema": schema},
    ):
        tool = Tool.of(source)
        assert (tool.name, tool.description) == ("f", "D")
        constraint = tools([source], format="hermes", choice="required")
        text = '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>'
        assert constraint.validate(text).calls[0].arguments == {"a": 1}
        assert not constraint.is_valid(text.replace("1", '"1"'))
    point = tools([Point], format="hermes").validate(
        '<tool_call>\n{"name": "Point", "arguments": {"x": 1}}\n</tool_call>'
    )
    assert point.calls[0].value == Point(1)
    shown = Tool.of(get_weather).to_openai()["function"]
    assert shown["description"] == "A weather forecast."
    assert shown["parameters"]["properties"]["city"] == {"type": "string", "description": "where."}
    assert shown["parameters"]["properties"]["days"]["description"] == "how many days it covers."


def test_docstrings_of_numpy_and_rest() -> None:
    def numpy(a: int, b: str = "") -> None:
        """Does it.

        Parameters
        ----------
        a : int
            The first.
        b : str, optional
            The second.
        """

    def rest(a: int, b: str = "") -> None:
        """Does it.

        :param a: The first.
        :param str b: The second.
        :returns: nothing
        """

    for function in (numpy, rest):
        entry = Tool.of(function).to_openai()["function"]
        assert entry["description"] == "Does it."
        properties = entry["parameters"]["properties"]
        assert [properties[name]["description"] for name in "ab"] == ["The first.", "The second."]


def test_custom_tools_and_free_objects() -> None:
    word = Tool("say", "", structgen.regex('[a-z"]+'))
    constraint = tools([word], format="qwen3", choice="required")
    text = '<tool_call>\n{"name": "say", "arguments": {"input": "a\\"b"}}\n</tool_call>'
    assert constraint.by_bytes.find_error(text) is None
    assert constraint.validate(text).calls[0].value == 'a"b'
    assert not constraint.is_valid(text.replace("a\\", "A\\"))
    free = {
        "type": "function",
        "function": {"name": "f", "strict": False, "parameters": {"properties": {"a": {}}}},
    }
    assert tools([free], format="qwen3").validate(
        '<tool_call>\n{"name": "f", "arguments": {"z": 1}}\n</tool_call>'
    ).calls[0].arguments == {"z": 1}
    closed = {"name": "f", "description": ""}
    assert not tools([closed], format="qwen3").is_valid(
        '<tool_call>\n{"name": "f", "arguments": {"z": 1}}\n</tool_call>'
    )


CHOICES = [
    ({"type": "function", "function": {"name": "noop"}}, ("noop",), 1, 1),
    ({"type": "tool", "name": "noop"}, ("noop",), 1, 1),
    ({"type": "any", "disable_parallel_tool_use": True}, ("get_weather", "noop"), 1, 1),
    ({"type": "auto", "disable_parallel_tool_use": True}, ("get_weather", "noop"), 0, 1),
    (
        {
            "type": "allowed_tools",
            "allowed_tools": {"mode": "required", "tools": [{"type": "function", "name": "noop"}]},
        },
        ("noop",),
        1,
        None,
    ),
    ({"type": "none"}, (), 0, 0),
    ("noop", ("noop",), 1, 1),
    (["noop"], ("noop",), 1, None),
]


@pytest.mark.parametrize(("choice", "names", "least", "most"), CHOICES)
def test_choices(choice: Any, names: tuple[str, ...], least: int, most: int | None) -> None:
    plan = offered("qwen3", choice=choice).plan
    assert plan is not None
    assert (plan.calls.names, plan.calls.least, plan.calls.most) == (names, least, most)


def test_a_response_or_calls() -> None:
    constraint = offered("qwen3", response=structgen.json_schema({"type": "integer"}))
    assert constraint.validate("12").value == 12
    assert (
        constraint.validate('<tool_call>\n{"name": "noop", "arguments": {}}\n</tool_call>').calls[0].run()
        == 1
    )
    assert not constraint.is_valid("twelve")


def test_reasoning_has_a_bound() -> None:
    constraint = offered("qwen3", reasoning=True, reasoning_tokens=5)
    assert constraint.by_bytes.find_error("<think>\nabc\n</think>\n\nHi") is None
    assert constraint.by_bytes.find_error("<think>\nabcdefgh\n</think>\n\nHi") is not None


def test_errors_name_what_is_wrong() -> None:
    with pytest.raises(UnknownFormat, match="did you mean 'qwen3'"):
        tools([noop], format="qwen4")
    with pytest.raises(ValueError, match="format="):
        tools([noop]).validate("x")
    with pytest.raises(InvalidToolError, match="two tools have this name"):
        tools([noop, noop], format="qwen3")
    with pytest.raises(InvalidToolError, match="no tool"):
        tools([5], format="qwen3")
    with pytest.raises(InvalidOptionError, match="no reasoning"):
        tools([noop], format="llama3", reasoning=True)
    with pytest.raises(InvalidText, match=r"#/city"):
        offered("qwen3").validate(
            '<tool_call>\n{"name": "get_weather", "arguments": {"city": 1}}\n</tool_call>'
        )
    with pytest.raises(InvalidText):
        offered("qwen3").validate('<tool_call>\n{"name": "get_wether", "arguments": {}}\n</tool_call>')


@pytest.mark.parametrize(
    ("template", "form"),
    [
        ("{{'<tool_call>'}} <function={{name}}> </tool_call>", "qwen3-coder"),
        ("<tool_call>{{tool}}</tool_call>", "qwen3"),
        ("[TOOL_CALLS]{{name}}[ARGS]", "mistral-v11"),
        ("<|channel|>commentary<|message|> tools", "harmony"),
    ],
)
def test_the_format_of_a_template(template: str, form: str) -> None:
    class Tokenizer:
        chat_template = template

    found = tools([noop]).for_tokenizer(Tokenizer())  # type: ignore[attr-defined]
    assert found.plan.format.name == form


def test_an_unknown_template() -> None:
    class Tokenizer:
        chat_template = "{{ messages }}"

    with pytest.raises(UnknownFormat, match="pass format="):
        tools([noop]).for_tokenizer(Tokenizer())  # type: ignore[attr-defined]


def test_markers_that_are_tokens() -> None:
    """A marker that the vocabulary has as one special token is that token, in the mask as in the reader."""
    pieces = [bytes([byte]) for byte in range(256)]
    special = {"<tool_call>": 256, "</tool_call>": 257, "<|im_end|>": 258}
    vocabulary = structgen.Vocabulary(
        [*pieces, None, None, None], special_tokens=special, eos_token_ids=[258]
    )
    matcher = offered("qwen3", choice="required").compile(vocabulary).matcher()
    matcher.advance(256)
    for byte in b'\n{"name": "noop", "arguments": {}}\n':
        matcher.advance(byte)
    matcher.advance(257)
    matcher.advance(258)


def test_a_token_that_ends_a_call_and_is_no_end_token() -> None:
    """Of gpt-oss, `<|call|>` ends the turn; a tokenizer names only `<|return|>` as an end."""
    pieces: list[bytes | None] = [bytes([byte]) for byte in range(256)]
    names = ("<|channel|>", "<|message|>", "<|constrain|>", "<|call|>", "<|return|>", "<|start|>", "<|end|>")
    special = {name: 256 + at for at, name in enumerate(names)}
    vocabulary = structgen.Vocabulary(
        pieces + [None] * len(names), special_tokens=special, eos_token_ids=[special["<|return|>"]]
    )
    matcher = offered("harmony", choice="noop").compile(vocabulary).matcher()
    tokens = [256, *b"commentary to=functions.noop ", 258, *b"json", 257, *b"{}", 259, 260]
    for token in tokens:
        matcher.advance(token)


def test_strings_in_single_quotes() -> None:
    """As `repr` writes them, so that what the templates of pythonic formats write is generated."""
    constraint = offered("llama-pythonic")
    for city in ("O'Neil", 'say "x"', 'it\'s "x"', "tab\there", "\u2028", "\x7f", "\x00"):
        text = written(constraint, ("get_weather", {"city": city}))
        assert constraint.by_bytes.find_error(text) is None, text
        assert constraint.validate(text).calls[0].arguments == {"city": city}
