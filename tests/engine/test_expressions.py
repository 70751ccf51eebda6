"""Expressions: the engine agrees with the oracle, with definitions on short texts, and with Python's `re`."""

from __future__ import annotations

import re

import pytest
from frontends.matching import denotes
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle import Oracle
from strategies import ALPHABET, expressions, texts
from traces import check_accepts

from structgen.errors import EmptyLanguageError
from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EMPTY,
    EPSILON,
    CharSet,
    Complement,
    Concat,
    Divisible,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
    charset,
    concat,
    intersection,
    invert,
    repeat,
    union,
)
from structgen.grammar.rules import Grammar, Terminal
from structgen.matcher import compile_grammar
from structgen.vocabulary import Vocabulary

A, B = Literal("a"), Literal("b")


def grammar_of(expression: Expression) -> Grammar:
    return Grammar({"start": Terminal("T", expression)})


@given(expressions(max_leaves=8), st.lists(texts(), min_size=1, max_size=8))
def test_acceptance_is_what_the_definitions_say(expression: Expression, samples: list[str]) -> None:
    """Engine, oracle and a reader of definitions that knows no derivatives agree on every text."""
    oracle = Oracle(grammar_of(expression))
    assume(not oracle.is_empty)
    found = compile_grammar(grammar_of(expression), Vocabulary.of_bytes())
    for text in samples:
        expected = text != "" and denotes(expression, text)
        assert oracle.accepts(text.encode()) == expected, (expression, text)
        assert found.accepts(text) == expected, (expression, text)


@given(expressions(max_leaves=8), texts())
def test_what_can_be_read_can_be_finished(expression: Expression, text: str) -> None:
    """One terminal has no dead ends: of the bytes that are read each leads to a text of the expression."""
    assume(not Oracle(grammar_of(expression)).is_empty)
    found = compile_grammar(grammar_of(expression), Vocabulary.of_bytes())
    configuration = found.initial
    for byte in text.encode():
        following = found.try_advance(configuration, byte)
        if following < 0:
            break
        configuration = following
    completion = found.completion(configuration).text
    for byte in completion:
        configuration = found.advance(configuration, byte)
    assert found.can_stop(configuration)


def _to_re(expression: Expression) -> str:
    """A pattern of `re` that denotes the same; `re` has no words for `&` and `~`."""
    if isinstance(expression, Literal):
        return re.escape(expression.text)
    if isinstance(expression, CharSet):
        shown = "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in expression.ranges)
        return f"[{shown}]" if shown else "(?!)"
    if isinstance(expression, Repeat):
        most = "" if expression.max is None else expression.max
        return f"(?:{_to_re(expression.part)}){{{expression.min},{most}}}"
    assert isinstance(expression, (Concat, Union))
    if expression == EMPTY:
        return "(?!)"
    return "(?:" + ("" if isinstance(expression, Concat) else "|").join(map(_to_re, expression.parts)) + ")"


@given(expressions(plain=True), st.lists(texts(), min_size=1, max_size=8))
def test_the_oracle_agrees_with_re(expression: Expression, samples: list[str]) -> None:
    pattern = _to_re(expression)
    oracle = Oracle(grammar_of(expression))
    for text in samples:
        expected = text != "" and re.fullmatch(pattern, text) is not None
        assert oracle.accepts(text.encode()) == expected, (pattern, text)


@given(st.lists(st.tuples(st.integers(0, 0x10FFFF), st.integers(0, 0x10FFFF)), max_size=4), st.characters())
def test_a_range_of_code_points_is_a_range_of_byte_strings(pairs: list[tuple[int, int]], char: str) -> None:
    chars = charset(*((min(pair), max(pair)) for pair in pairs), ord("x"))
    found = compile_grammar(grammar_of(chars), Vocabulary.of_bytes())
    inside = any(first <= ord(char) <= last for first, last in chars.ranges)
    if "\ud800" <= char <= "\udfff":
        return
    assert found.accepts(char) == inside
    assert Oracle(grammar_of(chars)).accepts(char.encode()) == inside


EDGES = "\x00\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"


@pytest.mark.parametrize(
    ("expression", "accepted", "rejected"),
    [
        pytest.param(ANY_CHAR, list(EDGES), ["", "ab", "éé"], id="one code point is one, however many bytes"),
        pytest.param(Repeat(ANY_CHAR, 2, 2), ["😀é", "ab"], ["😀", "abc"], id="counted in code points"),
        pytest.param(charset((0x7F, 0x800)), ["\x7f", "\x80", "\u0800"], ["~", "\u0801"], id="across lengths"),
        pytest.param(charset((0xD000, 0xE000)), ["\ud000", "\ud7ff", "\ue000"], ["\ue001"], id="over surrogates"),
        pytest.param(invert(charset("é")), ["è", "a", "😀"], ["é", "éa", ""], id="all but one"),
        pytest.param(~A, ["b", "aa", "é"], ["a"], id="complement"),
        pytest.param(~~A, ["a"], ["b", "aa"], id="complement of a complement"),
        pytest.param(~ANY_TEXT | B, ["b"], ["a", "bb"], id="nothing, or b"),
        pytest.param(intersection(), ["a", "é😀"], [], id="no condition at all"),
        pytest.param(repeat(charset("ab")) & ~concat(ANY_TEXT, Literal("aa"), ANY_TEXT),
                     ["a", "abab", "bba"], ["aa", "baab", "abaa"], id="without aa"),
        pytest.param(Repeat(ANY_CHAR, 1, 3) & ~union(Literal("if"), Literal("do")),
                     ["i", "iff", "od", "é"], ["if", "do", "abcd"], id="a word that is no keyword"),
        pytest.param(repeat(Repeat(A, 2, 3), 2, 2), ["aaaa", "aaaaa", "a" * 6], ["aaa", "a" * 7], id="nested counts"),
        pytest.param(repeat(Repeat(A, 0, 2), 3, 3), ["a", "aaaaaa"], ["", "a" * 7], id="a count of what may be empty"),
        pytest.param(repeat(repeat(A), 2, 2) + B, ["b", "aab"], ["a", "abb"], id="a count of loops"),
        pytest.param(repeat(union(A, EPSILON), 5, 5) & repeat(A, 3), ["aaa", "aaaaa"], ["aa", "aaaaaa"], id="holes"),
        pytest.param(repeat(Repeat(A, 3, 5), 1) & ~repeat(Literal("aa")), ["aaa", "aaaaa", "a" * 7], ["a", "aaaa"],
                     id="odd sums of threes, fours and fives"),
        pytest.param(concat(ANY_TEXT, A, Repeat(ANY_CHAR, 3, 3)), ["abbb", "bbabbb", "aaaa"], ["a", "bbbb", "abb"],
                     id="the fourth from the end"),
        pytest.param(union(Literal("é"), Literal("è"), Literal("e")), ["é", "è", "e"], ["ê", "ee"],
                     id="characters that share a byte"),
        pytest.param(Repeat(A, 0, 100_000) + B, ["b", "a" * 50 + "b"], ["a" * 50], id="a large bound"),
        pytest.param(Repeat(A, 20, 20) & ~Literal("a" * 20) | B, ["b"], ["a" * 20, "a" * 19], id="a hidden nothing"),
    ],
)  # fmt: skip
def test_expressions(expression: Expression, accepted: list[str], rejected: list[str]) -> None:
    check_accepts(grammar_of(expression), accepted, rejected)
    oracle = Oracle(grammar_of(expression))
    assert [text for text in accepted if not oracle.accepts(text.encode())] == []
    assert [text for text in rejected if oracle.accepts(text.encode())] == []


def test_a_dead_end_inside_an_intersection_is_not_entered() -> None:
    """`(a|b)(c|d) & (bd|be)`: neither "a" nor "bc" leads anywhere."""
    found = compile_grammar(
        grammar_of(concat(charset("ab"), charset("cd")) & union(Literal("bd"), Literal("be"))),
        Vocabulary([b"a", b"b", b"bc", b"bd", b"c", b"d", b"e"]),
    )
    assert found.matcher().bitmask().tolist() == [0b1010]


@pytest.mark.parametrize("char", ALPHABET)
def test_a_literal_is_read_byte_by_byte(char: str) -> None:
    found = compile_grammar(grammar_of(Literal(char)), Vocabulary.of_bytes())
    configuration = found.initial
    for byte in char.encode():
        assert not found.can_stop(configuration)
        assert [b for b in range(256) if found.try_advance(configuration, b) >= 0] == [byte]
        configuration = found.advance(configuration, byte)
    assert found.can_stop(configuration)


def test_complement_is_of_text_not_of_bytes() -> None:
    found = compile_grammar(grammar_of(Complement(A)), Vocabulary([b"\xc3", b"\xa9", b"\xff", b"a"]))
    assert found.matcher().bitmask().tolist() == [0b1001]


def test_an_intersection_of_parts_of_characters_keeps_them_whole() -> None:
    """é and è share their first byte; their intersection is empty, and that byte is not allowed."""
    expression = Union((Intersection((charset("é"), charset("è"))), Literal("a")))
    found = compile_grammar(grammar_of(expression), Vocabulary([b"\xc3", b"a"]))
    assert found.matcher().bitmask().tolist() == [0b10]


NUMBERS = st.builds(
    lambda whole, rest, zeros: "0" * zeros + str(whole) + rest,
    st.integers(0, 10**7),
    st.sampled_from(["", ".5", ".", ".250"]),
    st.integers(0, 2),
)


@settings(max_examples=25)
@given(st.integers(1, 60), st.integers(0, 3), NUMBERS)
def test_digits_that_a_number_divides(modulus: int, times: int, text: str) -> None:
    """Points say nothing; the engine, the oracle and Python agree."""
    number = int(text.replace(".", ""))
    multiple = str(number * modulus)
    expression = Intersection((Divisible(modulus), repeat(charset("0123456789."), 1, None)))
    found = compile_grammar(grammar_of(expression), Vocabulary.of_bytes())
    oracle = Oracle(grammar_of(expression))
    for one in (text, multiple, multiple[:times] + "." + multiple[times:], f"{number * modulus + 1}"):
        expected = int(one.replace(".", "") or "1") % modulus == 0
        assert found.accepts(one) == expected == oracle.accepts(one.encode()), (modulus, one)
    assert not found.accepts(f"{multiple}-")


@settings(max_examples=25)
@given(st.integers(1, 300), st.integers(0, 299), st.integers(1, 20))
def test_the_shortest_way_to_a_multiple(modulus: int, remainder: int, avoided: int) -> None:
    """From any digits, with and without others that must not be multiples of something else."""
    assume(remainder < modulus)
    for more in ((), (Complement(Divisible(avoided, remainder % avoided)),)):
        grammar = grammar_of(
            Intersection((Divisible(modulus, remainder), repeat(charset("0123456789"), 1, None), *more))
        )
        wanted = [
            len(text)
            for size in range(1, 5)
            for text in (str(number).zfill(size) for number in range(10 ** min(size, 4)))
            if int(f"{remainder}{text}") % modulus == 0
            and (not more or int(f"{remainder % avoided}{text}") % avoided)
        ]
        try:
            found = compile_grammar(grammar, Vocabulary.of_bytes())
        except EmptyLanguageError:
            assert not wanted
        else:
            completion = found.completion(found.initial).text
            assert found.accepts(completion.decode())
            assert len(completion) == min(wanted)


def test_a_search_goes_to_what_is_nearest() -> None:
    """The search for a completion of several counts and patterns at once goes straight to it."""
    before = compile_grammar(grammar_of(A), Vocabulary.of_bytes()).stats()["expressions"]
    ends = Concat((ANY_TEXT, Repeat(union(Literal("t"), Literal("8")), 10, 10)))
    pairs = Repeat(Concat((charset((97, 122)), charset((48, 57)))), 1, None)
    found = compile_grammar(
        grammar_of(Intersection((ends, pairs, Repeat(ANY_CHAR, 3000, None)))), Vocabulary.of_bytes()
    )
    assert len(found.completion(found.initial).text) == 3000
    assert found.stats()["expressions"] - before < 50_000
