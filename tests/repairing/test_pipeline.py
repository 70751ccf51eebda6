"""What `repair` promises beyond the tables: valid text stays, cut text is honest, nothing is lost without a word."""

from __future__ import annotations

import contextlib
import json
import random
import sys
from typing import Any

import pytest
from counting import calls_of
from hypothesis import example, given
from hypothesis import strategies as st

import structgen
from structgen import repair

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)
LINES = st.lists(
    st.tuples(
        st.sampled_from(["", "", " ", "  ", "   ", "    ", "\t"]),
        st.sampled_from(["", "", "- ", "- - ", "-", "* "]),
        st.sampled_from(["", "", "name: ", "born:", "born: ", "tags:", "a b: ", '"q": ', "x:y", "? "]),
        st.sampled_from(
            [
                *(
                    "",
                    "x",
                    "two words",
                    "17",
                    "no",
                    "'open",
                    '"a\\d"',
                    "[a, b",
                    "{a: 1}",
                    "|",
                    ">-",
                    "# c",
                    "@x",
                ),
                *("key: value", "&a", "*a", "007", "}", ",", "x,", " ", "null", "é", "-"),
            ]
        ),
    ).map("".join),
    max_size=12,
).map("\n".join)
PIECES = st.lists(
    st.sampled_from(
        [
            *"{}[]:,\"'\\/#<>|()=;-+.0123eE \n\t`“’…",
            *(
                "true",
                "nul",
                "None",
                "NaN",
                "a",
                "key",
                "//",
                "/*",
                "```",
                "\\u",
                '\\"',
                "\ud83d",
                "é",
                "- ",
                ": ",
            ),
            *("---", "<think>", "</think>", "...", "0x", "b: c\n"),
        ]
    ),
    max_size=40,
).map("".join)
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "born": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name", "born"],
    "additionalProperties": False,
}


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


# Valid text


@given(VALUES, st.sampled_from([None, 1, 4]), st.booleans())
def test_valid_json_is_left_alone(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    repaired = repair(text)
    assert repaired.text == text
    assert repaired.value == value
    assert repaired.edits == ()
    assert repaired.surrounding == ()


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-0.0",
        "1e999",
        '"\\ud800"',
        '""',
        "[]",
        " [1 ] ",
        '{"__proto__": 1}',
        '"a\u2028b"',
        "1" * 1000,
        "\t[\r\n]",
    ],
)
def test_odd_but_valid_json_is_left_alone(text: str) -> None:
    assert (repair(text).text, repair(text).edits) == (text, ())


@pytest.mark.parametrize("text", ["", " ", "no value here", "}", ":", "\ufeff", "``` ```", "<think>so"])
def test_without_a_value_it_is_refused(text: str) -> None:
    with pytest.raises(structgen.RepairError, match="no value"):
        repair(text)


# Cut text


def is_cut_from(got: Any, whole: Any) -> bool:
    """Whether `got` is what a text of `whole` says up to some point: all members before the last are complete."""
    if isinstance(whole, dict):
        if not isinstance(got, dict) or list(got) != list(whole)[: len(got)]:
            return False
        return all(
            is_cut_from(got[k], whole[k]) if i == len(got) - 1 else got[k] == whole[k]
            for i, k in enumerate(got)
        )
    if isinstance(whole, list):
        if not isinstance(got, list) or len(got) > len(whole):
            return False
        return all(
            is_cut_from(g, w) if i == len(got) - 1 else g == w
            for i, (g, w) in enumerate(zip(got, whole, strict=False))
        )
    if isinstance(whole, str):
        return isinstance(got, str) and whole.startswith(got)
    if isinstance(whole, (bool, type(None))):
        return got is whole
    return isinstance(got, (int, float)) and not isinstance(got, bool)


@given(
    VALUES.filter(lambda value: isinstance(value, (dict, list)) and bool(value)),
    st.sampled_from([None, 2]),
    st.randoms(),
)
@example({"a": 'x="{b}"', "c": None}, None, random.Random(0))
@example({"": [], "a": {"": [False]}, "}": None}, None, random.Random(1))
def test_cut_text_says_what_it_had(value: Any, indent: int | None, rng: random.Random) -> None:
    text = json.dumps(value, indent=indent)
    cut = rng.randrange(1, len(text))
    if not text[:cut].strip() or text[:cut].rstrip() == text:
        return
    repaired = repair(text[:cut])
    assert (
        repaired.truncated == cut or repaired.grade != "lossless"
    )  # a bracket at the end of a cut string may close
    assert is_cut_from(repaired.value, value) or any(edit.grade == "guessed" for edit in repaired.edits)


def test_every_cut_of_a_text() -> None:
    value = {
        "title": 'A "word" é 😀',
        "n": [1, -2.5e3, {"x": None, "y": [True, False]}],
        "o": {"p": {}, "q": "a, b: c"},
    }
    for indent in (None, 2):
        text = json.dumps(value, indent=indent)
        for cut in range(1, len(text)):
            repaired = repair(text[:cut])
            assert repaired.truncated == cut
            assert is_cut_from(repaired.value, value), text[:cut]


def test_a_cut_text_is_never_filled_up() -> None:
    constraint = structgen.json_schema(PERSON)
    with pytest.raises(structgen.RepairError) as caught:
        constraint.repair('{"name": "Rob", "bo')
    assert caught.value.value == {"name": "Rob"}
    assert [problem.reason for problem in caught.value.problems] == ["'born' is a required property"]
    assert caught.value.problems[0].pointer == "#"


# Options


def test_allow_refuses_guesses_and_losses() -> None:
    assert repair("{a: 1}", allow="lossless").value == {"a": 1}
    with pytest.raises(structgen.RepairError, match="worse than"):
        repair('{"a": "b "c" d"}', allow="lossless")
    with pytest.raises(structgen.RepairError, match="has no value"):
        repair('{"a": 1, "b"}', allow="guessed")


def test_ambiguity_is_reported() -> None:
    repaired = repair('{"a": {"x": 1, "y": 2}')
    assert repaired.grade == "guessed"


@pytest.mark.parametrize(
    "text", ['{"a": 1, "b": 2, "a": {"c": 3}, "a": 4,}', "a: 1\nb: 2\na:\n  c: 3\na: 4\n"]
)
def test_what_a_repeated_key_drops_is_in_the_edit(text: str) -> None:
    found = repair(text)
    assert found.value == {"b": 2, "a": 4}
    lost = [text[edit.start : edit.end] for edit in found.edits if edit.kind == "duplicate"]
    assert len(lost) == 2
    assert "1" in lost[0]
    assert "3" in lost[1]


def test_defaults_only_if_asked_for() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"default": 7}},
        "required": ["a", "b"],
    }
    constraint = structgen.json_schema(schema)
    with pytest.raises(structgen.RepairError):
        constraint.repair('{"a": 1')
    assert constraint.repair('{"a": 1', defaults=True).value == {"a": 1, "b": 7}


def test_reformat() -> None:
    assert repair('{"a":1}', reformat=True).text == '{\n  "a": 1\n}'


def test_other_values_and_surroundings_are_reported() -> None:
    text = 'First {"a": 1}, then {"name": "Rob", "born": 1759}!'
    repaired = repair(text)
    assert repaired.value == {"name": "Rob", "born": 1759}
    assert repaired.others == ({"a": 1},)
    assert [text[start:end] for start, end in repaired.surrounding] == ['First {"a": 1}, then ', "!"]


def test_bytes() -> None:
    assert repair(b'\xef\xbb\xbf{"a": 1}').value == {"a": 1}
    assert repair('{"a": "é"}'.encode("utf-16")).value == {"a": "é"}
    repaired = repair(b'{"a": "x\xff"}')
    assert repaired.value == {"a": "x\ufffd"}
    assert repaired.grade == "dropped"


def test_a_lone_surrogate_is_escaped_in_the_text() -> None:
    repaired = repair('{"a": "\ud800"}')
    assert repaired.value == {"a": "\ud800"}
    assert repaired.text.encode() == b'{"a": "\\ud800"}'


def test_the_value_of_a_type_is_an_instance() -> None:
    from dataclasses import dataclass

    @dataclass
    class Person:
        name: str
        born: int

    assert structgen.json_schema(Person).repair("{name: Rob, born: '1759'").value == Person("Rob", 1759)


def test_constraints_that_are_not_json() -> None:
    assert structgen.choice(["yes", "no"]).repair("Answer: **yes**.").value == "yes"
    assert structgen.regex(r"\d{4}").repair("The year:\n1759\n").text == "1759"
    with pytest.raises(structgen.RepairError):
        structgen.regex(r"\d{4}").repair("none")


def test_yaml_without_its_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """The strict parser is optional: clean YAML is then clean, too."""
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    text = "name: Rob\nborn: 1759\ntags:\n- a\n- b c\n"
    for constraint in (None, structgen.json_schema(PERSON)):
        found = repair(text, constraint, format="yaml")
        assert found.value == {"name": "Rob", "born": 1759, "tags": ["a", "b c"]}
        assert found.edits == ()
        assert found.text == text


# Resources


CALLS = 200
"""Of functions, for each character; at most 110 were counted."""


def tried(*arguments: Any, **options: Any) -> None:
    with contextlib.suppress(structgen.RepairError, structgen.LimitExceeded):
        repair(*arguments, **options)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 50_000, id="opening brackets"),
        pytest.param("{" * 20_000, id="opening braces"),
        pytest.param('{"a":' * 20_000, id="nested objects"),
        pytest.param("\"'" * 20_000, id="alternating quotes"),
        pytest.param('["' + 'a" ' * 20_000, id="quotes inside"),
        pytest.param("use {x} or {y: and [z] " * 3_000, id="prose with braces"),
        pytest.param("<think>" * 20_000 + "{}", id="thoughts"),
        pytest.param('["a"+' + '"a"+' * 20_000, id="joined strings"),
        pytest.param('{"a":1,"a":' * 5_000, id="repeated keys"),
        pytest.param("```json\n{'a':\n" * 3_000, id="fences"),
        pytest.param('```{"a```x' * 20_000 + "\n```" * 20_000, id="fences inside strings"),
        pytest.param('{"a```x' * 20_000, id="brackets and fences"),
        pytest.param("- - - - " * 5_000, id="dashes"),
        pytest.param("".join(" " * (i % 90) + "k:\n" for i in range(3_000)), id="indented keys"),
    ],
)
def test_hostile_texts_end(text: str) -> None:
    """No recursion, and no work that grows faster than the text."""
    assert calls_of(lambda: tried(text)) < CALLS * len(text)


@pytest.mark.parametrize("with_schema", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("".join(" " * min(i, 200) + "name:\n" for i in range(3_000)), id="nested keys"),
        pytest.param("name: x\n" + "and: more: text\n" * 20_000, id="a long text"),
        pytest.param("".join(f"k{i}: @x\n" for i in range(20_000)), id="many keys"),
        pytest.param("name: |\n" * 10_000, id="blocks without lines"),
        pytest.param("tags: [a, b\nname: {c: d\n" * 2_000, id="open flow collections"),
        pytest.param('name: "x\n' * 10_000, id="open quotes"),
        pytest.param("{a: 1\n" + "}\n" * 20_000, id="closing brackets"),
    ],
)
def test_hostile_lines_end(text: str, with_schema: bool) -> None:
    constraint = structgen.json_schema(PERSON) if with_schema else None
    assert calls_of(lambda: tried(text, constraint, format="yaml")) < CALLS * len(text)


def test_nesting_is_a_limit() -> None:
    with pytest.raises(structgen.LimitExceeded, match="nesting"):
        repair("[" * 101, limits=structgen.Limits(nesting=100))
    deep = repair("[" * 3_000)
    assert deep.text == "[" * 3_000 + "]" * 3_000


# Fuzzing


@given(PIECES)
def test_any_text_gives_a_value_or_a_documented_error(text: str) -> None:
    try:
        repaired = repair(text)
    except structgen.RepairError:
        return
    repaired.text.encode()
    assert all(0 <= edit.start <= edit.end <= len(text) for edit in repaired.edits)
    again = repair(repaired.text, format=repaired.format)
    assert again.edits == ()
    assert again.text == repaired.text


@given(LINES, st.booleans())
def test_any_lines_are_read_as_yaml(text: str, with_schema: bool) -> None:
    """Damaged YAML gives a value, or a documented error; what was mended is mended."""
    constraint = structgen.json_schema(PERSON) if with_schema else None
    try:
        repaired = repair(text, constraint, format="yaml")
    except structgen.RepairError:
        return
    repaired.text.encode()
    assert all(0 <= edit.start <= edit.end <= len(text) for edit in repaired.edits)
    again = repair(repaired.text, constraint, format="yaml")
    assert json.dumps(again.value) == json.dumps(repaired.value)
    assert again.edits == ()


@given(PIECES)
def test_any_text_with_a_schema(text: str) -> None:
    constraint = structgen.json_schema(PERSON)
    try:
        repaired = constraint.repair(text)
    except structgen.RepairError:
        return
    assert constraint.schema is not None
    assert constraint.schema.problems(repaired.value) == []


@given(VALUES.filter(lambda value: isinstance(value, (dict, list))), st.randoms())
def test_one_wrong_character(value: Any, rng: random.Random) -> None:
    """A deleted or doubled character never ends in an error that is not documented, nor in invalid text."""
    text = json.dumps(value)
    at = rng.randrange(len(text))
    damaged = text[:at] + (text[at] * 2 if rng.random() < 0.5 else "") + text[at + 1 :]
    try:
        repaired = repair(damaged)
    except structgen.RepairError:
        return
    repair(repaired.text)
