"""Choices. The judge is `in`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.errors import InvalidGrammarError, InvalidText
from structgen.frontends.choice import choice


def test_the_value_is_the_text() -> None:
    answer = choice(["yes", "no", "yes and no"])
    assert answer.validate("yes") == "yes"
    with pytest.raises(InvalidText) as caught:
        answer.validate("yes or no")
    assert caught.value.position == 4
    assert repr(answer) == "<Constraint choice of 3 texts>"


@pytest.mark.parametrize(
    ("options", "rejected"),
    [
        pytest.param(["a", "a"], ["", "aa"], id="duplicates"),
        pytest.param(["a", "ab", "abc"], ["", "b", "abcd"], id="prefixes"),
        pytest.param(["", "a"], ["b"], id="the empty text among others"),
        pytest.param([""], ["a"], id="only the empty text"),
        pytest.param(["é", "😀", "e\u0301"], ["e", "\u0301"], id="not ASCII"),
        pytest.param(["a.c", "[x]", "\n", "\0"], ["abc", "x"], id="no character is special"),
        pytest.param((option for option in "xy"), ["xy"], id="any iterable"),
    ],
)
def test_options(options: list[str], rejected: list[str]) -> None:
    options = list(options)
    constraint = choice(options)
    for text in options:
        assert constraint.is_valid(text)
    for text in rejected:
        assert not constraint.is_valid(text)


@settings(deadline=None)
@given(st.lists(st.text(alphabet="abé", max_size=4), min_size=1), st.text(alphabet="abé", max_size=5))
def test_only_the_options_are_valid(options: list[str], text: str) -> None:
    assert choice(options).is_valid(text) == (text in options)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        pytest.param([], "at least one", id="none"),
        pytest.param("yes", "not the text 'yes'", id="a text instead of a list"),
        pytest.param(["a", 1], "the option 1", id="a number"),
        pytest.param(["a", b"b"], "the option b'b'", id="bytes"),
        pytest.param(["\ud800"], "UTF-8", id="a lone surrogate"),
    ],
)
def test_options_that_are_no_texts(options: list[str], reason: str) -> None:
    with pytest.raises(InvalidGrammarError, match=reason):
        choice(options)


def test_many_options() -> None:
    constraint = choice([f"option {i:05}" for i in range(10_000)])
    assert constraint.is_valid("option 09999")
    assert not constraint.is_valid("option 10000")
