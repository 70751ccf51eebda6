"""The laws of streaming, for every format: cuts don't matter, nothing is taken back or leaks, the parts add up."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import structgen
from structgen.calling.bodies.bare import Bare
from structgen.calling.bodies.header import Header
from structgen.calling.bodies.json_object import JsonObject
from structgen.calling.bodies.pythonic import Pythonic
from structgen.calling.bodies.tagged import Tagged
from structgen.calling.build import ReplyConstraint
from structgen.calling.growing import Done, GrowingJson, Piece
from structgen.calling.registry import FORMATS
from structgen.calling.stream import (
    CallBegun,
    CallDone,
    Event,
    ReasoningDelta,
    StreamingReply,
    TextDelta,
    ValueDelta,
    ValueDone,
    merged,
    to_openai,
)


def get_weather(city: str, days: int = 3, unit: Literal["C", "F"] = "C") -> str:
    """A forecast."""
    return city


def edit(code: str, tags: list[str], deep: dict[str, int] | None = None, fast: bool = True) -> None:
    """Edits."""


def noop() -> None:
    """Does nothing."""


@cache
def offered(form: str, reasoning: bool | None = None) -> ReplyConstraint:
    found = structgen.tools([get_weather, edit, noop], format=form, reasoning=reasoning)
    assert isinstance(found, ReplyConstraint)
    return found


def streamed(constraint: ReplyConstraint, pieces: list[str]) -> tuple[list[Event], structgen.Reply]:
    stream = StreamingReply(constraint)
    events = [event for piece in pieces for event in stream.feed(piece)]
    reply = stream.close()
    return merged(events + stream.last_events), reply


def cut(text: str, places: list[int]) -> list[str]:
    at = sorted({place % (len(text) + 1) for place in places} | {0, len(text)})
    return [text[first:last] for first, last in pairwise(at)]


def check(constraint: ReplyConstraint, text: str, places: list[int]) -> None:
    events, reply = streamed(constraint, list(text))
    assert reply == constraint.validate(text)
    for pieces in ([text], cut(text, places)):
        assert streamed(constraint, pieces) == (events, reply)
    assert "".join(one.text for one in events if isinstance(one, TextDelta)) == reply.text
    assert "".join(one.text for one in events if isinstance(one, ReasoningDelta)) == (reply.reasoning or "")
    assert tuple(one.call for one in events if isinstance(one, CallDone)) == reply.calls
    assert [one.name for one in events if isinstance(one, CallBegun)] == [call.name for call in reply.calls]
    values_add_up(events, reply)
    arguments = [""] * len(reply.calls)
    for delta in to_openai(events):
        for call in delta.get("tool_calls", ()):
            arguments[call["index"]] += call["function"]["arguments"]
    assert arguments == [json.dumps(call.arguments, ensure_ascii=False) for call in reply.calls]


def values_add_up(events: list[Event], reply: structgen.Reply) -> None:
    grown: dict[Any, str] = {}
    final: dict[Any, Any] = {}
    for event in events:
        if isinstance(event, ValueDelta):
            assert (event.index, event.path) not in final
            grown[event.index, event.path] = grown.get((event.index, event.path), "") + event.text
        if isinstance(event, ValueDone):
            assert (event.index, event.path) not in final
            final[event.index, event.path] = event.value
    assert all(final[key] == text for key, text in grown.items())
    for call in reply.calls:
        assert {key: final[call.index, (key,)] for key in call.arguments} == call.arguments


@pytest.mark.parametrize("form", structgen.formats())
@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 2**32), places=st.lists(st.integers(0, 10_000), max_size=12), reasons=st.booleans()
)
def test_sampled_replies(form: str, seed: int, places: list[int], reasons: bool) -> None:
    constraint = offered(form, True if reasons and FORMATS[form].reasoning else None)
    text = constraint.sample(Random(seed), max_depth=6)
    if constraint.is_valid(text):  # the lexer may part a sampled text otherwise
        check(constraint, text, places)


HOSTILE = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ['"', "\\", '\\"}', "\n", "</", "<tool", "}\n", "]", "'", "\u2028", "😀é", " a ", "{", "\ud7ff"]
    ),
)


@pytest.mark.parametrize("form", [name for name in structgen.formats() if FORMATS[name].most is None])
@settings(max_examples=12, deadline=None)
@given(
    calls=st.lists(st.tuples(HOSTILE, st.lists(HOSTILE, max_size=2), st.booleans()), min_size=1, max_size=2),
    places=st.lists(st.integers(0, 10_000), max_size=12),
)
def test_written_calls(form: str, calls: list[tuple[str, list[str], bool]], places: list[int]) -> None:
    constraint = offered(form)
    assert constraint.plan is not None
    known, shape = constraint.plan.tools, constraint.plan.format
    parts = [
        shape.begin
        + shape.body.write("edit", {"code": code, "tags": tags, "fast": fast}, index, known["edit"])
        + shape.end
        for index, (code, tags, fast) in enumerate(calls)
    ]
    text = shape.section[0][0] + shape.between[0].join(parts) + shape.section[1]
    if constraint.is_valid(text):  # a raw value cannot hold what ends it
        check(constraint, text, places)


GROWING = [
    name for name in structgen.formats() if isinstance(FORMATS[name].body, (JsonObject, Header, Tagged))
]


@pytest.mark.parametrize("form", GROWING)
def test_arguments_grow(form: str) -> None:
    """A text is there letter by letter, and a value once the next one begins: not only when the call is complete."""
    constraint = offered(form)
    assert constraint.plan is not None
    known, shape = constraint.plan.tools, constraint.plan.format
    written = shape.body.write("edit", {"code": "abcdefgh\u00e9", "tags": ["x"]}, 0, known["edit"])
    text = shape.section[0][0] + shape.begin + written + shape.end + shape.section[1]
    stream = StreamingReply(constraint)
    half = text.index("efgh")
    events = stream.feed(text[:half])
    assert [one.text for one in events if isinstance(one, ValueDelta)] == ["abcd"]
    later = stream.feed(
        text[half : text.index(shape.body.closing if isinstance(shape.body, Tagged) else "x") + 1]
    )
    assert (
        "".join(one.text for one in later if isinstance(one, ValueDelta) and one.path == ("code",)) == "efghé"
    )
    assert not any(isinstance(one, CallDone) for one in later)


LOOSE = [name for name in structgen.formats() if isinstance(FORMATS[name].body, (Bare, Pythonic))]


@pytest.mark.parametrize("form", LOOSE)
def test_values_are_final_at_their_comma(form: str) -> None:
    constraint = offered(form)
    assert constraint.plan is not None
    known, shape = constraint.plan.tools, constraint.plan.format
    written = shape.body.write("edit", {"code": "a(') }],", "fast": True, "tags": ["zz"]}, 0, known["edit"])
    text = shape.section[0][0] + shape.begin + written + shape.end + shape.section[1]
    events = StreamingReply(constraint).feed(text[: text.index("zz")])
    done = [(one.path, one.value) for one in events if isinstance(one, ValueDone)]
    assert done == [(("code",), "a(') }],"), (("fast",), True)]


def test_what_is_there_so_far() -> None:
    stream = StreamingReply(offered("qwen3"))
    stream.feed('Hi.\n<tool_call>\n{"name": "edit", "arguments": {"code": "ab", "tags": ["x", "y')
    partial = stream.partial
    (call,) = partial.calls
    assert (partial.text, call.name, call.arguments) == ("Hi.", "edit", {"code": "ab", "tags": ["x", "y"]})
    assert call.is_final("code")
    assert call.is_final("tags", 0)
    assert not call.is_final("tags", 1)
    assert not call.is_final("tags")
    stream.feed('z"], "deep": {"a": 1')
    assert stream.partial.calls[0].arguments["tags"] == ["x", "yz"]
    assert stream.partial.calls[0].is_final("tags", 1)
    assert "deep" not in stream.partial.calls[0].arguments  # 1 may still become 12
    stream.feed("}}}\n</tool_call>")
    assert stream.partial.calls[0].is_done
    assert call.arguments == {"code": "ab", "tags": ["x", "y"]}  # what was given does not change


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), places=st.lists(st.integers(0, 10_000), max_size=12))
def test_a_constraint_of_json(seed: int, places: list[int]) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "array", "items": {}}}}
    constraint = structgen.json_schema(schema)
    text = constraint.sample(Random(seed), max_depth=6)
    stream = StreamingReply(constraint)
    events = merged([event for piece in cut(text, places) for event in stream.feed(piece)])
    assert events == StreamingReply(constraint).feed(text)
    assert stream.close().value == constraint.validate(text) == stream.partial.value
    assert stream.partial.final >= {()}


def test_a_number_is_final_at_the_end() -> None:
    stream = StreamingReply(structgen.json_schema({"type": "integer"}))
    assert stream.feed("12") == []
    assert stream.close().value == 12
    assert stream.last_events == [ValueDone(0, (), 12)]


def test_openai_chunks_while_it_is_written() -> None:
    stream = StreamingReply(offered("qwen3"))
    stream.feed_openai('<tool_call>\n{"name": "edit", "arguments": ')
    pieces = ['{"code": "a', "b\\n", '", "tags": ["x"', '], "fast": tr', "ue}}\n</tool_call>"]
    found = [
        "".join(one["tool_calls"][0]["function"]["arguments"] for one in stream.feed_openai(piece))
        for piece in pieces
    ]
    assert found == ['{"code": "a', "b\\n", '"', ', "tags": ["x"]', ', "fast": true}']


class Bytes:
    """A tokenizer of single bytes."""

    def decode(self, ids: list[int], skip_special_tokens: bool = False) -> str:
        self.longest = max(getattr(self, "longest", 0), len(ids))
        return bytes(ids).decode(errors="replace")


def test_tokens_that_part_a_character() -> None:
    text = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Größe 😀"}}\n</tool_call>'
    tokenizer = Bytes()
    stream = StreamingReply(offered("qwen3"), tokenizer)
    events = [event for byte in text.encode() for event in stream.feed(byte)]
    assert merged(events) == streamed(offered("qwen3"), [text])[0]
    assert stream.close().calls[0].arguments == {"city": "Größe 😀"}
    assert tokenizer.longest < 16  # not all of the text again for each token


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(value=VALUES, ascii=st.booleans(), indent=st.sampled_from([None, 1]))
def test_json_character_by_character(value: Any, ascii: bool, indent: int | None) -> None:
    reader, text = GrowingJson(), json.dumps(value, ensure_ascii=ascii, indent=indent) + "\n"
    found = [one for char in text for one in reader.feed(char)]
    final = {path: one.value for path, one in found if isinstance(one, Done)}
    assert final[()] == value
    for path, one in found:
        inner = value
        for key in path:
            inner = inner[key]
        assert inner == one.value if isinstance(one, Done) else one.text in inner
    texts: dict[Any, str] = {}
    for path, one in found:
        if isinstance(one, Piece):
            texts[path] = texts.get(path, "") + one.text
    assert all(final[path] == grown for path, grown in texts.items())
