"""StreamingRepair: whatever the chunks, the same result; what is settled stays; work in proportion to the text."""

from __future__ import annotations

import copy
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import structgen
from structgen.repairing.stream import View

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
DAMAGED = [
    '{"a": 1, "b": [1, 2, {"c": "x\\u00e9"}], "d": tru',
    "{'a': 1, b: 2,, c: [1 2",
    '{"a": 1, "a": 2, "b": 3}',
    '{"a": {"x": 1}}, "b": 2}',
    'Sure: ```json\n{"a": 1}\n``` done',
    '[1, 2, "x\\ud83d\\ude00", {"k": nul',
    '{"a": "he said "hi" there", "b": 1}',
]


def extends(value: Any, settled: Any) -> bool:
    """Whether `value` has all that `settled` has, at the same places."""
    if isinstance(settled, dict):
        return isinstance(value, dict) and all(
            key in value and extends(value[key], settled[key]) for key in settled
        )
    if isinstance(settled, list):
        return isinstance(value, list) and len(value) >= len(settled) and all(map(extends, value, settled))
    return settled is None or value == settled


def views(text: str, sizes: list[int]) -> tuple[list[View], structgen.Repair]:
    stream = structgen.StreamingRepair()
    found, at = [], 0
    for size in sizes:
        view = stream.feed(text[at : at + size])
        found.append(View(copy.deepcopy(view.settled), copy.deepcopy(view.guess), view.is_damaged))
        at += size
    stream.feed(text[at:])
    return found, stream.close()


@pytest.mark.parametrize("text", DAMAGED)
def test_chunks_make_no_difference(text: str) -> None:
    _, whole = views(text, [])
    for size in (1, 2, 3, 7):
        seen, result = views(text, [size] * (len(text) // size))
        assert result == whole
        for before, after in pairwise(seen):
            assert extends(after.settled, before.settled)
        assert extends(result.value, seen[-1].settled)


@given(VALUES.filter(lambda value: isinstance(value, (dict, list))), st.lists(st.integers(1, 9), max_size=30))
def test_valid_text_is_settled_as_it_comes(value: Any, sizes: list[int]) -> None:
    text = json.dumps(value)
    seen, result = views(text, sizes)
    assert result.value == value
    assert result.edits == ()
    for view in seen:
        assert not view.is_damaged
        assert extends(value, view.settled)
        assert extends(view.guess, view.settled)


def test_closing_is_the_one_shot_result() -> None:
    for text in DAMAGED:
        _, result = views(text, [1] * len(text))
        if not any(edit.kind == "settled" for edit in result.edits):
            assert result == structgen.repair(text)


def test_a_value_under_way_is_guessed_but_not_settled() -> None:
    stream = structgen.StreamingRepair()
    view = stream.feed('{"a": "on')
    assert (view.settled, view.guess) == ({}, {"a": "on"})
    view = stream.feed('e", "b": 12')
    assert (view.settled, view.guess) == ({"a": "one"}, {"a": "one", "b": 12})
    view = stream.feed("3}")
    assert view.settled == {"a": "one", "b": 123}


def test_with_a_schema_only_what_fits_is_settled() -> None:
    constraint = structgen.json_schema({"type": "object", "properties": {"n": {"type": "integer"}}})
    stream = structgen.StreamingRepair(constraint)
    assert stream.feed('{"n": "4').settled == {}
    stream.feed('2"}')
    assert stream.close().value == {"n": 42}


def test_repairs_of_a_damaged_text_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guess is made anew when the text has grown by a quarter: a logarithm of its length, not each time."""
    from structgen.repairing import stream as module

    read = []
    monkeypatch.setattr(
        module, "repair", lambda text, *_, **__: read.append(len(text)) or structgen.repair(text)
    )
    stream = structgen.StreamingRepair()
    text = "{'a': 1, " + "'b': 2, " * 2000
    for at in range(0, len(text), 10):
        stream.feed(text[at : at + 10])
    assert sum(read) < 6 * len(text)
