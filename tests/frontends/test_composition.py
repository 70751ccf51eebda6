"""Constraints composed of others: what they accept, the values that come out, and which reading counts."""

from __future__ import annotations

import json
import pickle
import re
from itertools import product
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import structgen
from structgen import InvalidText, Limits, json_schema, lark, optional, regex, repeat, until
from structgen.errors import InvalidGrammarError, LimitExceeded
from structgen.language.sampling import Sampler
from structgen.vocabulary import Vocabulary

NAME = json_schema({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]})
AGE = json_schema({"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]})
TOOL = until("<tool>") + "<tool>" + (NAME | AGE) + "</tool>"


# Values


def test_a_sum_is_the_tuple_of_its_parts() -> None:
    assert (regex("[a-z]+") + ": " + json_schema({"type": "integer"})).validate("age: 37") == (
        "age",
        ": ",
        37,
    )


def test_sums_are_flat() -> None:
    a, b, c = regex("a"), regex("b"), regex("c")
    assert ((a + b) + c).validate("abc") == (a + (b + c)).validate("abc") == ("a", "b", "c")


def test_texts_may_come_first() -> None:
    assert ("<" + regex("[a-z]*") + ">").validate("<p>") == ("<", "p", ">")
    assert ("none" | regex("[0-9]+")).validate("none") == "none"


def test_an_alternative_gives_its_own_value() -> None:
    either = NAME | json_schema({"type": "integer"}) | "nobody"
    assert either.validate('{"name": "Robert"}') == {"name": "Robert"}
    assert either.validate("12") == 12
    assert either.validate("nobody") == "nobody"


def test_of_alternatives_the_first_counts() -> None:
    assert (json_schema({"type": "integer"}) | regex("[0-9]+")).validate("12") == 12
    assert (regex("[0-9]+") | json_schema({"type": "integer"})).validate("12") == "12"


def test_what_is_missing_is_none() -> None:
    signed = optional("-") + regex("[0-9]+")
    assert signed.validate("-12") == ("-", "12")
    assert signed.validate("12") == (None, "12")


def test_a_repetition_is_a_list() -> None:
    assert repeat(AGE, 1, separator=", ").validate('{"age": 1}, {"age": 2}') == [{"age": 1}, {"age": 2}]
    assert repeat(regex("[a-z]") + "=" + regex("[0-9]"), separator=";").validate("a=1;b=2") == [
        ("a", "=", "1"),
        ("b", "=", "2"),
    ]
    assert repeat("ab").validate("") == []
    assert repeat(regex("a|b"), 2, 3).validate("aba") == ["a", "b", "a"]
    for text in ("a", "abab"):
        assert not repeat(regex("a|b"), 2, 3).is_valid(text)


def test_json_in_prose() -> None:
    calls = repeat(TOOL) + until("<tool>")
    text = 'Hi. <tool>{"name": "Robert"}</tool> And <tool>{"age": 37, "x": [1]}</tool> Bye.'
    assert calls.validate(text) == (
        [
            ("Hi. ", "<tool>", {"name": "Robert"}, "</tool>"),
            (" And ", "<tool>", {"age": 37, "x": [1]}, "</tool>"),
        ],
        " Bye.",
    )


def test_a_parse_tree_in_a_sum() -> None:
    equation = lark("arithmetic") + "=" + json_schema({"type": "number"})
    tree, sign, number = equation.validate("1+2=3")
    assert (tree.data, sign, number) == ("start", "=", 3)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", []),
        (",", [None, None]),
        (",x", [None, "x"]),
        ("x,", ["x", None]),
        ("x,,x", ["x", None, "x"]),
        (",,", [None, None, None]),
    ],
)
def test_parts_between_separators_may_be_empty_also_the_first(text: str, value: list[str | None]) -> None:
    cells = repeat(optional("x"), separator=",")
    assert cells.compile(Vocabulary.of_bytes()).accepts(text)
    assert cells.validate(text) == value
    assert repeat(optional("x"), 0, 3, separator=",").validate(text) == value


# Which reading counts


@pytest.mark.parametrize(
    ("constraint", "text", "value"),
    [
        (regex("a*") + regex("a*"), "aaa", ("aaa", "")),
        (regex("a*") + "ab", "aaab", ("aa", "ab")),
        (regex("a|ab") + regex("c|bc"), "abc", ("ab", "c")),
        (repeat(regex("a+"), 2), "aaaa", ["aaa", "a"]),
        (repeat(regex("a+"), 2, 2), "aaaa", ["aaa", "a"]),
        (optional("a") + regex("a*"), "aa", ("a", "a")),
        (repeat(regex("a*")), "aa", ["aa"]),
        (repeat(regex("a*"), 3, 3), "aa", ["aa", "", ""]),
        (regex("[0-9]+") + json_schema({"type": "integer"}), "123", ("12", 3)),
    ],
)
def test_parts_take_as_much_as_they_can(constraint: structgen.Constraint, text: str, value: Any) -> None:
    assert constraint.validate(text) == value


LEAVES = ["a", "b", "ab", "a*", "b+", "[ab]*", "[ab]", "(?:ab)*", "a?"]


@st.composite
def trees(draw: st.DrawFn, depth: int = 2) -> tuple[structgen.Constraint, str]:
    """A constraint, and the pattern that Python's `re` reads in the same way."""
    kind = draw(st.sampled_from(["leaf", "sum", "choice", "repeat", "optional"] if depth else ["leaf"]))
    if kind == "leaf":
        pattern = draw(st.sampled_from(LEAVES))
        return regex(pattern), f"({pattern})"
    first, pattern = draw(trees(depth - 1))
    if kind in ("sum", "choice"):
        second, other = draw(trees(depth - 1))
        return (
            (first + second, pattern + other) if kind == "sum" else (first | second, f"(?:{pattern}|{other})")
        )
    if kind == "optional":
        return optional(first), f"(?:{pattern})?"
    least, most = draw(st.sampled_from([(0, 2), (1, 2), (2, 2), (0, None), (1, None)]))
    return repeat(first, least, most), f"(?:{pattern}){{{least},{'' if most is None else most}}}"


def flat(value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return "".join(map(flat, value))
    return value or ""


@given(trees())
def test_the_same_texts_as_a_pattern(tree: tuple[structgen.Constraint, str]) -> None:
    constraint, pattern = tree
    for length in range(6):
        for chars in product("ab", repeat=length):
            text = "".join(chars)
            if re.fullmatch(pattern, text):
                assert flat(constraint.validate(text)) == text
            else:
                assert not constraint.is_valid(text)


@given(st.lists(st.sampled_from(LEAVES), min_size=2, max_size=4))
def test_the_same_groups_as_a_pattern(leaves: list[str]) -> None:
    """Where each part by itself prefers the longest text, as Python's `re` does."""
    constraint = regex(leaves[0])
    for leaf in leaves[1:]:
        constraint = constraint + regex(leaf)
    pattern = "".join(f"({leaf})" for leaf in leaves)
    for length in range(6):
        for chars in product("ab", repeat=length):
            found = re.fullmatch(pattern, "".join(chars))
            if found is not None:
                assert constraint.validate("".join(chars)) == found.groups()


# What a part says of its text


def test_a_judge_may_turn_a_reading_down() -> None:
    even = json_schema({"type": "integer"})
    picky = structgen.Constraint(even.grammar, _even, description="an even number")
    assert (picky | regex("[0-9]+")).validate("4") == 4
    assert (picky | regex("[0-9]+")).validate("3") == "3"
    with pytest.raises(InvalidText, match="it is odd") as caught:
        ("n=" + picky).validate("n=3")
    assert (caught.value.position, caught.value.column) == (2, 3)


def _even(text: str, error: InvalidText | None) -> int:
    if error is not None:
        raise error
    if int(text) % 2:
        raise InvalidText(text, 0, "it is odd")
    return int(text)


def test_what_masks_do_not_enforce_and_reports_are_kept() -> None:
    loose = json_schema({"type": "string", "pattern": "(.)\\1"}, strict=False)
    assert loose.unenforced
    composed = loose + " or " + NAME
    assert composed.unenforced == loose.unenforced
    assert composed.report == (*loose.report, *NAME.report)
    with pytest.raises(InvalidText):
        composed.validate('"ab" or {"name": ""}')


def test_an_error_has_its_place_in_the_whole_text() -> None:
    with pytest.raises(InvalidText) as caught:
        TOOL.validate('Hi <tool>{"nome": "x"}</tool>')
    assert caught.value.position == 12


def test_a_composition_pickles() -> None:
    again = pickle.loads(pickle.dumps(optional("-") + repeat(regex("[0-9]"), 1)))
    assert again.validate("-12") == ("-", ["1", "2"])


# Masks


def masks_follow(constraint: structgen.Constraint, text: str) -> None:
    """Each byte of the text is allowed where it stands, and the text may end at its end."""
    matcher = constraint.compile(Vocabulary.of_bytes()).matcher()
    for byte in text.encode():
        mask = np.array(matcher.bitmask())
        assert mask[byte // 32] >> (byte % 32) & 1
        matcher.advance(byte)
    assert matcher.can_stop


COMPOSED = {
    "tools": repeat(TOOL) + until("<tool>"),
    "one of two": NAME | AGE,
    "a list of them": "[" + repeat(NAME | AGE, 1, 3, separator=", ") + "]",
    "two numbers": json_schema({"type": "number"}) + json_schema({"type": "integer"}),
    "an equation": lark("arithmetic") + "=" + json_schema({"type": "number"}),
    "closed, in any text": regex("(?s).*")
    + "<tool>"
    + json_schema(
        {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}, closed=True
    )
    + "</tool>"
    + regex("(?s).*"),
    "yaml": until("---") + "---\n" + json_schema({"type": "object", "properties": {"a": {}}}, output="yaml"),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_masks_allow_samples(name: str) -> None:
    constraint = COMPOSED[name]
    sampler = Sampler(constraint.grammar, 8)
    for seed in range(15):
        text = sampler.text(Random(seed))
        masks_follow(constraint, text)
        constraint.validate(text)


@pytest.mark.parametrize("name", COMPOSED)
def test_masks_lead_to_valid_texts(name: str) -> None:
    """Random walks along the masks, then the shortest end."""
    constraint = COMPOSED[name]
    grammar = constraint.compile(Vocabulary.of_bytes())
    for seed in range(8):
        random, matcher, read = Random(seed), grammar.matcher(), bytearray()
        for _ in range(40):
            mask = np.array(matcher.bitmask())
            bytes_allowed = [byte for byte in range(256) if mask[byte // 32] >> (byte % 32) & 1]
            plain = [byte for byte in bytes_allowed if byte < 0x80] or bytes_allowed
            byte = random.choice(plain)
            matcher.advance(byte)
            read.append(byte)
            if matcher.can_stop and random.random() < 0.1:
                break
            if not matcher.explain().characters:
                break
        text = bytes(read) + matcher.shortest_completion().text
        constraint.validate(text.decode())


def test_one_of_several_schemas_is_as_exact_as_each() -> None:
    kinds = [NAME, AGE, json_schema({"type": "array", "items": {"type": "integer"}, "maxItems": 2})]
    either = kinds[0] | kinds[1] | kinds[2]
    texts = [
        '{"name": "a"}',
        '{"age": 1}',
        '{"age": "a"}',
        "[1, 2]",
        "[1,2,3]",
        '{"name": "a", "age": "b"}',
        "{}",
    ]
    for text in texts:
        assert either.grammar is not None
        assert either.is_valid(text) == any(kind.is_valid(text) for kind in kinds), text


# What can't be composed, and what it may cost


def test_parts_that_run_into_each_other_are_an_error() -> None:
    with pytest.raises(InvalidGrammarError, match="'<tool>' and JSON Schema"):
        regex("(?s).*") + "<tool>" + NAME


def test_wrong_parts() -> None:
    with pytest.raises(TypeError):
        NAME + 3  # type: ignore[operator]
    with pytest.raises(TypeError):
        3 | NAME  # type: ignore[operator]
    with pytest.raises(ValueError, match="max=1: must be 2 or more"):
        repeat("a", 2, 1)
    with pytest.raises(InvalidGrammarError, match="UTF-8"):
        NAME + "\ud800"
    with pytest.raises(InvalidGrammarError, match="mark"):
        until()


def test_reading_takes_steps_in_proportion_to_the_text() -> None:
    prose = until("<tool>") + "<tool>" + NAME + "</tool>" + until("<tool>")
    text = f"{'word ' * 4000}<tool>{json.dumps({'name': 'x' * 1000})}</tool>{' word' * 4000}"
    reading = prose.validator
    assert reading(text, None)[2] == {"name": "x" * 1000}
    few = type(reading)(reading.tree, Limits(work=3 * len(text)))  # type: ignore[attr-defined,call-arg]
    assert few(text, None)[2] == {"name": "x" * 1000}


def test_a_text_with_too_many_readings_meets_a_limit() -> None:
    hard = repeat(regex("a*")) + repeat(regex("a*")) + "b"
    reading = type(hard.validator)(hard.validator.tree, Limits(work=2000))  # type: ignore[attr-defined,call-arg]
    with pytest.raises(LimitExceeded, match="work"):
        reading("a" * 2000 + "b", None)
    assert hard.validate("a" * 200 + "b")[2] == "b"
