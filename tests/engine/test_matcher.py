"""Matchers: advance, rollback, fork, forced tokens, the end of a text."""

from __future__ import annotations

from random import Random

import laws
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle import Oracle
from strategies import grammars, vocabularies

from structgen.errors import TokenRejected
from structgen.grammar.expressions import Literal, charset, repeat
from structgen.grammar.rules import Choice, Grammar, Sequence, SpecialToken, Terminal
from structgen.matcher import Matcher, compile_grammar
from structgen.vocabulary import Vocabulary

RANDOMS = st.randoms(use_true_random=False)
TOKENS = [b"a", b"b", b"ab", b"abc", b"c", None, b"\xc3", b"\xa9", "é".encode(), None]
VOCABULARY = Vocabulary(TOKENS, special_tokens={"<call>": 5, "<end>": 9}, eos_token_ids=[9], size=70)


def matcher_of(*parts: str | Terminal | SpecialToken) -> Matcher:
    rule = Sequence(tuple(Terminal(p, Literal(p)) if isinstance(p, str) else p for p in parts))
    return compile_grammar(Grammar({"start": rule}), VOCABULARY).matcher()


@given(grammars(), vocabularies(), RANDOMS)
def test_laws_along_a_random_walk(grammar: Grammar, vocabulary: Vocabulary, random: Random) -> None:
    oracle = Oracle(grammar)
    assume(not oracle.is_empty)
    for matcher, _ in laws.walk(compile_grammar(grammar, vocabulary), oracle, random, steps=6):
        laws.end_closes_the_text(matcher)
        laws.rollback_undoes_advance(matcher, random)
        laws.fork_leaves_parent_alone(matcher, random)


@given(grammars(), vocabularies(), RANDOMS)
def test_forced_tokens_are_forced(grammar: Grammar, vocabulary: Vocabulary, random: Random) -> None:
    oracle = Oracle(grammar)
    assume(not oracle.is_empty)
    for matcher, position in laws.walk(compile_grammar(grammar, vocabulary), oracle, random, steps=6):
        laws.forced_tokens_are_forced(matcher, oracle, position)


def test_special_tokens_can_be_forced() -> None:
    parts = Terminal("A", Literal("a")), SpecialToken("<s>"), Terminal("B", Literal("b"))
    grammar = Grammar({"start": Sequence(parts)})
    vocabulary = Vocabulary([b"a", b"b", None, None], special_tokens={"<s>": 2, "</s>": 3}, eos_token_ids=[3])
    matcher = compile_grammar(grammar, vocabulary).matcher()
    assert list(matcher.forced_tokens()) == [0, 2, 1]
    oracle = Oracle(grammar)
    laws.forced_tokens_are_forced(matcher, oracle, oracle.start())


@given(grammars(special_tokens=False), vocabularies(), RANDOMS)
def test_an_explanation_says_what_may_come(grammar: Grammar, vocabulary: Vocabulary, random: Random) -> None:
    oracle = Oracle(grammar)
    assume(not oracle.is_empty)
    for matcher, position in laws.walk(compile_grammar(grammar, vocabulary), oracle, random, steps=6):
        laws.explanation_says_what_may_come(matcher, oracle, position)


def test_a_mask_is_packed_words_with_the_lowest_bit_first() -> None:
    row = matcher_of("ab").bitmask()
    assert row.dtype == np.int32
    assert row.tolist() == [0b101, 0, 0]


def test_a_mask_is_read_only() -> None:
    row = matcher_of("ab").bitmask()
    with pytest.raises(ValueError, match="read-only"):
        row[0] = -1


def test_a_mask_handed_out_earlier_does_not_change() -> None:
    matcher = matcher_of("ab")
    row = matcher.bitmask()
    before = row.copy()
    matcher.advance(0)
    matcher.bitmask()
    assert (row == before).all()


def test_fill_writes_the_row_that_the_matcher_is_bound_to() -> None:
    array = np.full((3, 3), -1, dtype=np.int32)
    matcher = matcher_of("ab")
    matcher.bind(array, 1)
    matcher.fill()
    assert array.tolist() == [[-1] * 3, [0b101, 0, 0], [-1] * 3]
    matcher.advance(0)
    matcher.fill()
    assert array.tolist() == [[-1] * 3, [0b10, 0, 0], [-1] * 3]


def test_fill_clears_words_beyond_the_vocabulary() -> None:
    array = np.full((1, 5), -1, dtype=np.int32)
    matcher_of("ab").fill_bitmask(array, 0)
    assert array.tolist() == [[0b101, 0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("array", "row"),
    [
        pytest.param(np.zeros((2, 3), dtype=np.int32), 2, id="a row that is not there"),
        pytest.param(np.zeros((2, 3), dtype=np.int32), -1, id="a negative row"),
        pytest.param(np.zeros((2, 2), dtype=np.int32), 0, id="too narrow"),
        pytest.param(np.zeros((2, 3), dtype=np.int64), 0, id="int64"),
        pytest.param(np.zeros((2, 3), dtype=np.uint32), 0, id="uint32"),
        pytest.param(np.zeros(3, dtype=np.int32), 0, id="one dimension"),
        pytest.param(np.zeros((2, 6), dtype=np.int32)[:, ::2], 0, id="words with gaps"),
    ],
)
def test_an_array_that_does_not_fit_is_an_error(array: np.ndarray, row: int) -> None:
    """Above all it is not written to a copy."""
    with pytest.raises((ValueError, TypeError, IndexError)):
        matcher_of("ab").fill_bitmask(array, row)
    with pytest.raises((ValueError, TypeError, IndexError)):
        matcher_of("ab").bind(array, row)
    assert not array.any()


def test_rows_of_a_larger_array_may_be_filled() -> None:
    array = np.zeros((4, 8), dtype=np.int32)
    matcher_of("ab").fill_bitmask(array[1::2, 2:5], 1)
    assert array.nonzero()[0].tolist() == [3]
    assert array[3, 2] == 0b101


@pytest.mark.parametrize("token", [-1, 1, 5, 7, 9, 69, 70, 2**31 - 1])
def test_a_rejected_token_is_named_and_changes_nothing(token: int) -> None:
    matcher = matcher_of("abc")
    with pytest.raises(TokenRejected) as caught:
        matcher.advance(token)
    assert caught.value.token_id == token
    assert matcher.forced_tokens() == [3]


def test_a_token_may_end_inside_a_character() -> None:
    matcher = matcher_of("é")
    assert laws.allowed(matcher) == {6, 8}
    matcher.advance(6)
    assert laws.allowed(matcher) == {7}
    assert not matcher.can_stop
    matcher.advance(7)
    assert matcher.can_stop


def test_a_special_token_comes_only_where_the_grammar_names_it() -> None:
    matcher = matcher_of("a", SpecialToken("<call>"), "b")
    assert laws.allowed(matcher) == {0}
    matcher.advance(0)
    assert laws.allowed(matcher) == {5}
    matcher.advance(5)
    assert laws.allowed(matcher) == {1}


def test_a_special_token_ends_what_is_read_before_it() -> None:
    word = Terminal("WORD", repeat(charset("ab"), 2))
    matcher = matcher_of(word, SpecialToken(5))
    matcher.advance(0)
    assert laws.allowed(matcher) == {0, 1, 2}
    matcher.advance(0)
    assert laws.allowed(matcher) == {0, 1, 2, 5}
    matcher.advance(5)
    assert matcher.can_stop
    assert laws.allowed(matcher) == {9}


def test_nothing_read_is_not_the_same_as_a_rest_that_looks_like_it() -> None:
    """`(ab)*c` after "ab" is `(ab)*c` again, but the text may not end in the middle of a terminal."""
    terminal = Terminal("T", repeat(Literal("ab")) + Literal("c"))
    rule = Choice((terminal, Sequence(())))
    matcher = compile_grammar(Grammar({"start": rule}), VOCABULARY).matcher()
    assert matcher.can_stop
    matcher.advance(2)
    assert not matcher.can_stop
    assert laws.allowed(matcher) == {0, 2, 3, 4}


def test_several_end_tokens_are_allowed_together() -> None:
    vocabulary = Vocabulary([b"a", None, None], eos_token_ids=[1, 2], size=5)
    matcher = compile_grammar(Grammar({"start": Terminal("A", Literal("a"))}), vocabulary).matcher()
    assert laws.allowed(matcher) == {0}
    matcher.advance(0)
    assert laws.allowed(matcher) == {1, 2}
    matcher.advance(2)
    assert matcher.is_finished
    assert laws.allowed(matcher) == {1, 2}


def test_an_end_token_with_bytes_is_no_text() -> None:
    vocabulary = Vocabulary([b"a", b"a"], eos_token_ids=[1])
    matcher = compile_grammar(Grammar({"start": Terminal("A", Literal("aa"))}), vocabulary).matcher()
    assert laws.allowed(matcher) == {0}


def test_tokens_with_the_same_bytes_are_allowed_together() -> None:
    vocabulary = Vocabulary([b"a", b"b", b"a", None, b"a"])
    matcher = compile_grammar(Grammar({"start": Terminal("A", Literal("a"))}), vocabulary).matcher()
    assert laws.allowed(matcher) == {0, 2, 4}


def test_rollback_beyond_the_start_is_an_error_and_changes_nothing() -> None:
    matcher = matcher_of("ab")
    matcher.advance(0)
    with pytest.raises(ValueError, match="roll"):
        matcher.rollback(2)
    assert laws.allowed(matcher) == {1}
    matcher.rollback(1)
    matcher.rollback(0)
    assert laws.allowed(matcher) == {0, 2}


def test_a_fork_can_be_rolled_back_too() -> None:
    matcher = matcher_of("ab")
    matcher.advance(0)
    fork = matcher.fork()
    fork.advance(1)
    fork.rollback(2)
    assert laws.allowed(fork) == {0, 2}
    assert laws.allowed(matcher) == {1}
