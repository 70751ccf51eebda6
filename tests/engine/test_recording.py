"""Terminals that record their texts: what was recorded in a scope is not read there again."""

from __future__ import annotations

from random import Random

import laws
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle import Oracle, allowed_tokens
from strategies import grammars, vocabularies
from traces import check_accepts

from structgen.errors import DeadEnd, InvalidGrammarError, TokenRejected
from structgen.grammar.expressions import Complement, Concat, Literal, Repeat, charset, concat, repeat
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Permutation,
    Reference,
    Repetition,
    Sequence,
    Terminal,
    check,
)
from structgen.limits import Limits
from structgen.matcher import CompiledGrammar, Matcher, compile_grammar
from structgen.vocabulary import Vocabulary

RANDOMS = st.randoms(use_true_random=False)
WORD = Terminal("WORD", repeat(charset("ab"), 1), effect="record")
OPEN = Terminal("OPEN", Literal("("), effect="open")
CLOSE = Terminal("CLOSE", Literal(")"), effect="close")
COMMA = Terminal("COMMA", Literal(","))
NESTED = Grammar(
    {
        "start": Sequence((OPEN, Sequence((Repetition(Reference("item")),), COMMA), CLOSE)),
        "item": Choice((WORD, Reference("start"))),
    }
)
RECORDING = grammars(recording=True, lexer="contextual")


def compiled(grammar: Grammar, vocabulary: Vocabulary) -> CompiledGrammar:
    assume(not Oracle(grammar).is_empty)
    return compile_grammar(grammar, vocabulary)


@given(RECORDING, vocabularies(), RANDOMS)
def test_mask_equals_oracle(grammar: Grammar, vocabulary: Vocabulary, random: Random) -> None:
    oracle = Oracle(grammar)
    for matcher, position in laws.walk(compiled(grammar, vocabulary), oracle, random):
        laws.mask_equals_oracle(matcher, oracle, position)


@given(RECORDING, vocabularies(), RANDOMS)
def test_masks_of_many_requests_equal_the_oracle(
    grammar: Grammar, vocabulary: Vocabulary, random: Random
) -> None:
    """Masks are kept by what was recorded, and asked for again by requests that recorded the same, or other texts."""
    oracle = Oracle(grammar)
    shared = compiled(grammar, vocabulary)
    seed = random.random()
    for request in range(4):
        for matcher, position in laws.walk(shared, oracle, Random(seed + request // 2), steps=5):
            laws.mask_equals_oracle(matcher, oracle, position)


@given(grammars(recording=True, lexer="contextual", special_tokens=False), vocabularies(), RANDOMS)
def test_what_holds_of_every_matcher(grammar: Grammar, vocabulary: Vocabulary, random: Random) -> None:
    oracle = Oracle(grammar)
    for matcher, position in laws.walk(compiled(grammar, vocabulary), oracle, random, steps=3):
        allowed = allowed_tokens(oracle, vocabulary, position)
        before = matcher.configuration
        for token in range(vocabulary.size):
            if token in allowed:
                matcher.fork().advance(token)
                assert matcher.grammar.try_advance(before, token) >= 0
            else:
                assert matcher.grammar.try_advance(before, token) < 0
                with pytest.raises(TokenRejected):
                    matcher.fork().advance(token)
        laws.end_closes_the_text(matcher)
        laws.rollback_undoes_advance(matcher, random)
        laws.fork_leaves_parent_alone(matcher, random)
        laws.forced_tokens_are_forced(matcher, oracle, position)
        explanation = matcher.explain()
        following = {byte for byte in range(256) if oracle.read(position, byte) is not None}
        assert set(explanation.characters) == following
        assert explanation.can_stop == oracle.can_stop(position)


@given(RECORDING, vocabularies(singles="alphabet"), RANDOMS)
def test_the_same_text_by_other_tokens_has_the_same_future(
    grammar: Grammar, vocabulary: Vocabulary, random: Random
) -> None:
    found = compiled(grammar, vocabulary)
    tokens = laws.random_tokens(vocabulary, Oracle(grammar), random, steps=6)
    singles = {token: number for number, token in enumerate(vocabulary.tokens) if token and len(token) == 1}
    spelt = [
        part
        for token in tokens
        for part in ([singles[bytes([byte])] for byte in vocabulary[token]] or [token])
    ]
    assert laws.masks_along(found, tokens)[-1] == laws.masks_along(found, spelt)[-1]


@given(RECORDING, vocabularies(singles="all", max_tokens=6), RANDOMS, st.integers(1, 9))
def test_a_budget_is_kept(grammar: Grammar, vocabulary: Vocabulary, random: Random, budget: int) -> None:
    """Under a budget the mask never leads into a text that cannot be finished."""
    oracle = Oracle(grammar)
    for matcher, position in laws.walk(compiled(grammar, vocabulary), oracle, random, steps=4):
        found = laws.allowed_within(matcher.grammar, matcher.configuration, budget)
        assert found <= allowed_tokens(oracle, vocabulary, position)
        for token in found - vocabulary.eos_token_ids:
            following = matcher.fork()
            following.advance(token)
            completion = following.shortest_completion()
            assert len(completion.tokens) + 2 <= budget
            for one in completion.tokens:
                following.advance(one)
            assert following.can_stop


@given(RECORDING, vocabularies(singles="all", max_tokens=6), RANDOMS, st.integers(1, 80))
def test_a_text_is_finished_in_time(
    grammar: Grammar, vocabulary: Vocabulary, random: Random, budget: int
) -> None:
    laws.text_is_finished_in_time(compiled(grammar, vocabulary), random, budget=budget)


BLANK = Terminal("BLANK", repeat(charset(" "), 1, 9))
STEPS = Terminal("STEPS", concat(Literal("'"), repeat(Literal("a" * 50), 0), Literal("'")), effect="record")
FEW = Terminal("FEW", charset("ab"), effect="record")
FAR = Sequence(
    (Terminal("FAR", repeat(Literal("c"), 1), effect="record"), Terminal("TAIL", Literal("d" * 300)))
)


@pytest.mark.parametrize(
    "item", [STEPS, Choice((FEW, FAR))], ids=["much longer each time", "few, and then others"]
)
@pytest.mark.parametrize("extra", [0, 3, 60, 300])
def test_a_budget_knows_that_new_texts_are_far(item: Terminal | Choice, extra: int) -> None:
    blank = Repetition(BLANK, max=1)
    rule = Sequence((OPEN, Repetition(Sequence((blank, item, blank, COMMA)), min=5, max=7), CLOSE))
    vocabulary = Vocabulary([*(bytes([byte]) for byte in range(256)), None], eos_token_ids=[256])
    found = compile_grammar(Grammar({"start": rule}), vocabulary)
    needed = found.completion_tokens(found.initial)
    for seed in range(8):
        laws.text_is_finished_in_time(found, Random(seed), budget=needed + extra)


def test_a_way_out_that_is_closed_is_not_sought_for_ever() -> None:
    """The same text twice, which cannot be, among others of which there is no end."""
    same = Terminal("SAME", Literal("éé"), effect="record")
    others = Repetition(Terminal("OTHER", repeat(charset("é"), 1), effect="record"))
    grammar = Grammar({"start": Permutation((others, same, same))})
    found = compile_grammar(grammar, Vocabulary.of_bytes(), limits=Limits(work=2_000_000))
    with pytest.raises(DeadEnd):
        found.completion_tokens(found.initial)


def test_rows_of_many_memories_do_not_add_up() -> None:
    found = compile_grammar(NESTED, Vocabulary.of_bytes())
    row = np.zeros((1, 9), dtype=np.int32)

    def bytes_after(requests: range) -> int:
        for number in requests:
            matcher = found.matcher()
            for byte in f"({number:b},".replace("0", "a").replace("1", "b").encode():
                matcher.advance(byte)
                found.fill(matcher.configuration, row, 0)
        return found.stats()["row_bytes"]

    first = bytes_after(range(600))
    assert bytes_after(range(600, 3000)) <= 2 * first


def test_scopes() -> None:
    check_accepts(
        NESTED,
        ["()", "(a)", "(a,b)", "(a,aa,b)", "(a,(a),(a,b))", "((a),a,(a))", "(((a)),a)"],
        ["(a,a)", "(a,b,a)", "(a,(a,a))", "((a),a,(a),a)", "(aa,a,aa)"],
    )


def test_a_text_is_refused_where_it_becomes_a_repetition() -> None:
    vocabulary = Vocabulary(
        [b"(", b")", b",", b"a", b"b", b",a", b",a,", b"a,a", b",b", None], eos_token_ids={9}
    )
    matcher = compile_grammar(NESTED, vocabulary).matcher()

    def may_come() -> set[bytes]:
        return {vocabulary[token] for token in laws.allowed(matcher)}

    for token in (0, 3, 2):  # (a,
        matcher.advance(token)
    assert may_come() == {b"(", b"a", b"b"}, "a,a would be a second a"
    matcher.advance(3)
    assert may_come() == {b"a", b"b", b"a,a"}, "(a,a may go on, but not end"
    matcher.advance(4)
    assert may_come() == {b"a", b"b", b")", b",", b",a", b",b", b"a,a"}, "but not ,a,"


def test_completions_find_new_texts() -> None:
    body = Sequence((Repetition(WORD, 4, None),), COMMA)
    vocabulary = Vocabulary([b"(", b")", b",", b"a", b"b", None], eos_token_ids={5})
    matcher = compile_grammar(Grammar({"start": Sequence((OPEN, body, CLOSE))}), vocabulary).matcher()
    matcher.advance(0)
    found = matcher.shortest_completion()
    words = found.text.removesuffix(b")").split(b",")
    assert len(set(words)) == 4
    assert sorted(map(len, words)) == [1, 1, 2, 2]


def test_numbers_of_positions_are_forgotten_in_the_end() -> None:
    """A number is good until so many others were given; then it is an error, and never another position."""
    vocabulary = Vocabulary([b"(", b")", b",", b"a", b"b", None], eos_token_ids={5})
    grammar = compile_grammar(NESTED, vocabulary)
    first = grammar.advance(grammar.advance(grammar.initial, 0), 3)
    now = first
    for _ in range(1 << 18):
        now = grammar.advance(now, 3)
    with pytest.raises(IndexError, match="a Matcher keeps its own"):
        grammar.advance(first, 2)
    assert grammar.advance(now, 2) >= 0


def test_matchers_forget_nothing() -> None:
    vocabulary = Vocabulary([b"(", b")", b",", b"a", b"b", None], eos_token_ids={5})
    grammar = compile_grammar(NESTED, vocabulary)
    matcher = grammar.matcher()
    for token in [0, 3]:
        matcher.advance(token)
    for _ in range(300_000):
        matcher.advance(3)
    matcher.rollback(300_000)
    matcher.advance(2)
    matcher.advance(3)
    assert not matcher.try_advance(1)


def test_a_dynamic_lexer_does_not_record() -> None:
    grammar = Grammar(dict(NESTED.rules), lexer="dynamic")
    with pytest.raises(InvalidGrammarError, match="records"):
        check(grammar)
    with pytest.raises(InvalidGrammarError, match="records"):
        compile_grammar(grammar, Vocabulary([b"(", b")", b",", b"a", None], eos_token_ids={4}))


def test_a_text_that_begins_behind_blanks_differs_too() -> None:
    """The comma may go on with a blank, so what follows it begins within the token, and is recorded there."""
    comma = Terminal("COMMA", Concat((Literal(","), Repeat(Literal(" "), 0, 1))))
    digit = Terminal("DIGIT", charset("01"), effect="record")
    grammar = Grammar({"start": Sequence((OPEN, Sequence((Repetition(digit),), comma), CLOSE))})
    vocabulary = Vocabulary(
        [b"(", b")", b",", b" ", b"0", b"1", b"0)", b" 0", b",0", None], eos_token_ids={9}
    )
    matcher = compile_grammar(grammar, vocabulary).matcher()
    for token in (0, 4, 2):  # (0,
        matcher.advance(token)
    assert {vocabulary[token] for token in laws.allowed(matcher)} == {b" ", b"1"}


def test_verdicts_of_a_budget_are_of_their_own_memory() -> None:
    quoted = Terminal(
        "QUOTED", Concat((Literal('"'), Repeat(charset("abcd0"), 0, None), Literal('"'))), effect="record"
    )
    body = Sequence((Repetition(quoted, 3, 3),), COMMA)
    tokens = [bytes([byte]) for byte in b'(),"abcd0'] + [b'"a"', b'""', b'"ab"', b'"cd"', b'"0"', None]
    vocabulary = Vocabulary(tokens, eos_token_ids={len(tokens) - 1})
    grammar = compile_grammar(Grammar({"start": Sequence((OPEN, body, CLOSE))}), vocabulary)
    after = grammar.advance(grammar.initial, 0)
    for budget in range(8, 12):
        for token in laws.allowed_within(grammar, after, budget):
            following = grammar.advance(after, token)
            assert laws.allowed_within(grammar, following, budget - 1), (tokens[token], budget)


def test_a_mask_asked_for_twice_is_the_same() -> None:
    """The text being read is not recorded yet, and may end before the token that repeats it."""
    letters = Terminal("LETTERS", repeat(charset("ab"), 1, 2), effect="record")
    grammar = Grammar(
        {"start": Sequence((OPEN, Repetition(Sequence((letters, Repetition(COMMA, 0, 1)))), CLOSE))}
    )
    vocabulary = Vocabulary([b"(", b")", b",", b"a", b"b", b",a,", None], eos_token_ids={6})
    matcher = compile_grammar(grammar, vocabulary).matcher()
    for token in (0, 3):
        matcher.advance(token)
    masks = [{vocabulary[token] for token in laws.allowed(matcher)} for _ in range(3)]
    assert masks == [{b")", b",", b"a", b"b"}] * 3


def test_a_budget_knows_that_the_names_with_short_values_may_be_taken() -> None:
    """Three members must be there, of two names with a null and one with a list of 150."""
    null, many = Terminal("NULL", Literal("n")), Terminal("MANY", Literal("l" * 300))
    few = Terminal("FEW", charset("ab"), effect="record")
    other = Terminal("OTHER", Literal("c"), effect="record")
    member = Choice((Sequence((few, null)), Sequence((other, many))))
    grammar = Grammar({"start": Sequence((OPEN, Repetition(member, 3, 3), CLOSE))})
    vocabulary = Vocabulary([*(bytes([byte]) for byte in range(256)), None], eos_token_ids={256})
    compiled_grammar = compile_grammar(grammar, vocabulary)
    needed = compiled_grammar.completion_tokens(compiled_grammar.initial)
    for seed in range(20):
        for extra in (0, 5, 40, 200):
            laws.text_is_finished_in_time(compiled_grammar, Random(seed), budget=needed + extra)


def test_a_text_that_only_a_recording_terminal_gets_is_not_read_twice() -> None:
    """Another terminal matches it as well, but not with its priority."""
    letter = charset("b")
    grammar = Grammar(
        {"start": Sequence((Terminal("LATER", letter, -1, effect="open"),))},
        ignore=(Terminal("FIRST", Complement(Complement(letter)), 0, effect="record"),),
    )
    vocabulary = Vocabulary([b"b", b"bb", None], special_tokens={"<end>": 2}, eos_token_ids=[2])
    matcher = Matcher(compile_grammar(grammar, vocabulary))
    assert laws.allowed(matcher) == {0}
    matcher.advance(0)
    assert laws.allowed(matcher) == set()
