"""Strings: lengths, patterns, spellings. The judges are json.loads and re."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from frontends.json_schema.checking import check_accepts
from frontends.matching import denotes
from hypothesis import given, settings
from hypothesis import strategies as st

from structgen.errors import UnsupportedSchemaError
from structgen.formats.spelling import CANONICAL
from structgen.frontends.json_schema import json_schema, strings
from structgen.grammar.expressions import (
    ANY_TEXT,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Repeat,
    charset,
    union,
)


@pytest.mark.parametrize(
    ("keywords", "accepted", "rejected"),
    [
        pytest.param({"maxLength": 2}, ['""', '"ab"', r'"\u00e9b"'], ['"abc"'], id="counts code points"),
        pytest.param({"minLength": 1}, ['"😀"'], ['""'], id="an emoji is one code point"),
        pytest.param(
            {"minLength": 2}, ['"ab"', r'"\n\t"'], [r'"\n"', r'"\ud83d\ude00"'], id="an escape is one too"
        ),
        pytest.param({"minLength": 2, "maxLength": 3}, ['"ab"', '"abc"'], ['"a"', '"abcd"'], id="both"),
        pytest.param({"maxLength": 0}, ['""'], ['"a"'], id="none"),
        pytest.param({"minLength": 2.0}, ['"ab"'], ['"a"'], id="a whole float"),
        pytest.param({"maxLength": 100_000}, ['""', f'"{"a" * 50}"'], [], id="a large bound"),
        pytest.param({"pattern": "^a"}, ['"ab"', '"a"'], ['"ba"', '""'], id="anchored where it says so"),
        pytest.param({"pattern": "a"}, ['"bab"'], ['"bb"'], id="unanchored otherwise"),
        pytest.param(
            {"pattern": "^a|b$"}, ['"ax"', '"xb"'], ['"xa"', '"bx"'], id="each alternative has its anchors"
        ),
        pytest.param(
            {"pattern": "^[a-z]+$", "maxLength": 3},
            ['"a"', '"abc"'],
            ['""', '"abcd"', '"A"'],
            id="pattern and maxLength",
        ),
        pytest.param(
            {"pattern": "b", "maxLength": 3}, ['"abc"'], ['"abcd"', '"aaa"'], id="unanchored and maxLength"
        ),
        pytest.param(
            {"pattern": "^(a|bc)*$", "minLength": 3, "maxLength": 4},
            ['"aaa"', '"abca"'],
            ['"aa"', '"bcbca"'],
            id="lengths vary in one repetition",
        ),
        pytest.param(
            {"pattern": "^.$"},
            ['"\\""', '"\\\\"', '"a"', '"\\u0001"'],
            ['"\\n"', '""', '"ab"'],
            id="a dot is a quote too",
        ),
        pytest.param({"pattern": "^\\S+$"}, ['"a\\"b"'], ['"a b"', '"\\t"'], id="no blanks"),
        pytest.param(
            {"pattern": "^\\p{Lu}\\p{Ll}*$"}, ['"Été"', '"A"'], ['"été"', '"A1"'], id="Unicode properties"
        ),
        pytest.param(
            {"pattern": "^(?!admin)[a-z]+$"},
            ['"root"', '"adm"'],
            ['"admin"', '"administrator"'],
            id="lookahead",
        ),
        pytest.param({"pattern": ""}, ['""', '"a"', '"\\u00e9"'], [], id="the empty pattern"),
        pytest.param({"pattern": "^$"}, ['""'], ['"a"'], id="only the empty text"),
    ],
)
def test_string_keywords(keywords: dict[str, Any], accepted: list[str], rejected: list[str]) -> None:
    check_accepts({"type": "string", **keywords}, accepted, rejected, judge="\\p" not in str(keywords))


def test_free_strings_have_every_spelling() -> None:
    accepted = [r'"\u00E9\u00e9é"', r'"\ud83d\ude00"', r'"\/\b\f\n\r\t\"\\"', r'"\u0041"', '"\x7f"']
    check_accepts({"type": "string"}, accepted, ['"\t"', r'"\x41"', r'"\u004"', r'"\U0041"'])
    check_accepts({"type": "string", "minLength": 1}, accepted)


def test_lone_surrogates_are_refused() -> None:
    grammar = json_schema({"type": "string"})._compiled
    for text in (r'"\ud83d"', r'"\ude00"', r'"\ud83d\u0041"', r'"\ude00\ud83d"', r'"\ud83dx"'):
        assert not grammar.accepts(text)


def test_what_has_to_match_has_one_spelling() -> None:
    check_accepts({"type": "string", "pattern": "é"}, ['"é"'], [], narrowed=[r'"\u00e9"'])
    check_accepts({"type": "string", "pattern": "/"}, ['"/"'], [], narrowed=[r'"\/"'])
    check_accepts({"type": "object", "properties": {"é": {}}}, ['{"é": 1}'], [], narrowed=[r'{"\u00e9": 1}'])


def test_patterns_that_are_not_regular() -> None:
    with pytest.raises(UnsupportedSchemaError) as caught:
        json_schema({"properties": {"a": {"type": "string", "pattern": r"(.)\1"}}})
    assert caught.value.problems[0].pointer == "#/properties/a/pattern"
    assert "offset" in caught.value.problems[0].reason
    constraint = json_schema({"type": "string", "pattern": r"^(.)\1$"}, strict=False)
    assert [problem.pointer for problem in constraint.unenforced] == ["#/pattern"]


def test_no_intersection_where_one_repetition_decides() -> None:
    """An intersection of counters is what the engine finds hardest."""
    for pattern in ("^[a-z]+$", "^[a-z][a-z0-9_]*$", "^x-[a-z]*-y$", "^[a-z]{2,9}$"):
        expression = strings.bounded(strings.parse_pattern(pattern), 3, 7)
        assert "Intersection" not in repr(expression)
    assert strings.bounded(strings.parse_pattern("^[a-z]{2,9}$"), 1, 10) is strings.parse_pattern(
        "^[a-z]{2,9}$"
    )


def test_inside_a_string_all_strings_are_one_expression() -> None:
    """What remains of a name that is none of the declared ones is what remains of any name."""
    assert isinstance(strings.any_name(CANONICAL).expression, Concat)
    excluding = strings.other_name(("a", "b")).expression
    assert isinstance(excluding, Intersection)
    assert excluding.parts[0] is strings.any_name(CANONICAL).expression


# Laws

ALPHABET = 'aé"\\\n\x01😀/'
LEAVES = st.builds(Literal, st.text(ALPHABET, max_size=2)) | st.builds(
    lambda text: charset(text), st.text(ALPHABET, min_size=1, max_size=3)
)
EXPRESSIONS = st.recursive(
    LEAVES | st.just(ANY_TEXT),
    lambda inner: st.one_of(
        st.builds(lambda one, other: Concat((one, other)), inner, inner),
        st.builds(lambda one, other: union(one, other), inner, inner),
        st.builds(lambda one, other: Intersection((one, other)), inner, inner),
        st.builds(Complement, inner),
        st.builds(
            lambda part, least, more: Repeat(part, least, least + more),
            inner,
            st.integers(0, 2),
            st.integers(0, 2),
        ),
    ),
    max_leaves=5,
)


@settings(deadline=None)
@given(EXPRESSIONS, st.text(ALPHABET, max_size=4))
def test_a_text_matches_where_its_spelling_does(expression: Expression, text: str) -> None:
    spelling = json.dumps(text, ensure_ascii=False)[1:-1]
    assert denotes(CANONICAL(expression), spelling) == denotes(expression, text)


@settings(deadline=None)
@given(EXPRESSIONS, st.text(ALPHABET, max_size=4), st.integers(0, 4), st.integers(0, 4) | st.none())
def test_bounds_on_lengths(expression: Expression, text: str, least: int, most: int | None) -> None:
    inside = least <= len(text) and (most is None or len(text) <= most)
    assert denotes(strings.bounded(expression, least, most), text) == (inside and denotes(expression, text))


@settings(deadline=None)
@given(st.text(max_size=5), st.integers(0, 5), st.integers(0, 5), st.booleans())
def test_all_spellings_of_a_text(text: str, least: int, more: int, ascii_only: bool) -> None:
    spelling = json.dumps(text, ensure_ascii=ascii_only)
    assert denotes(strings.string(least, least + more).expression, spelling) == (
        0 <= len(text) - least <= more
    )


@settings(deadline=None)
@given(st.text('"\\u0ne9dD8c/b', max_size=10))
def test_strings_are_those_of_json(inside: str) -> None:
    text = f'"{inside}"'
    try:
        value = json.loads(text)
        expected = isinstance(value, str) and not re.search("[\ud800-\udfff]", value)
    except ValueError:
        expected = False
    assert denotes(strings.string(0, None).expression, text) == expected


def test_patterns_that_meet_only_after_many_characters() -> None:
    """Whether any text is left is found by a short search, not by one for the shortest text from each state."""
    before = json_schema(True)._compiled.stats()["expressions"]
    patterns = ["^([a-z][0-9])+$", "^(c1d3g3.{4,8}){6}", "(t|8){10}$"]
    schema = {"type": "string", "minLength": 400, "allOf": [{"pattern": one} for one in patterns]}
    before = json_schema(True)._compiled.stats()["expressions"]  # of the store that all share
    grammar = json_schema(schema)._compiled
    text = "c1d3g3a0b1" * 6 + "a0" * 165 + "t8" * 5
    assert grammar.accepts(f'"{text}"')
    assert not grammar.accepts(f'"{text[2:]}"')
    assert grammar.stats()["expressions"] - before < 100_000
