"""The shortest way out: completions, and masks under a budget of tokens, against searches with the oracle."""

from __future__ import annotations

from random import Random

import laws
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle import Oracle
from strategies import grammars, vocabularies

from structgen.errors import DeadEnd
from structgen.grammar.expressions import ANY_TEXT, Expression, Literal, charset, concat, repeat, union
from structgen.grammar.rules import Choice, Grammar, Reference, Repetition, Sequence, SpecialToken, Terminal
from structgen.limits import Limits
from structgen.matcher import CompiledGrammar, compile_grammar
from structgen.vocabulary import Vocabulary

RANDOMS = st.randoms(use_true_random=False)
BYTES = Vocabulary([*(bytes([byte]) for byte in range(256)), None], eos_token_ids=[256])


@given(grammars(special_tokens=False), vocabularies(singles="all", max_tokens=8), RANDOMS)
def test_the_shortest_completion_is_shortest(
    grammar: Grammar, vocabulary: Vocabulary, random: Random
) -> None:
    oracle = Oracle(grammar)
    assume(not oracle.is_empty)
    for matcher, position in laws.walk(compile_grammar(grammar, vocabulary), oracle, random, steps=5):
        laws.completion_is_shortest(matcher, oracle, position)


@given(grammars(), vocabularies(singles="all", max_tokens=6), RANDOMS, st.integers(0, 3))
def test_a_budget_is_kept(grammar: Grammar, vocabulary: Vocabulary, random: Random, budget: int) -> None:
    oracle = Oracle(grammar)
    assume(not oracle.is_empty)
    for matcher, position in laws.walk(compile_grammar(grammar, vocabulary), oracle, random, steps=4):
        laws.budget_is_kept(matcher, oracle, position, budget=budget)


@given(grammars(), vocabularies(singles="all", max_tokens=6), RANDOMS, st.integers(1, 60))
def test_a_text_is_finished_in_time(
    grammar: Grammar, vocabulary: Vocabulary, random: Random, budget: int
) -> None:
    assume(not Oracle(grammar).is_empty)
    laws.text_is_finished_in_time(compile_grammar(grammar, vocabulary), random, budget=budget)


def test_a_special_token_in_a_completion_has_no_text() -> None:
    vocabulary = Vocabulary([b"a", None, None], special_tokens={"<call>": 1, "<end>": 2}, eos_token_ids=[2])
    rule = Sequence((Terminal("A", Literal("a")), SpecialToken("<call>"), Terminal("A", Literal("a"))))
    completion = compile_grammar(Grammar({"start": rule}), vocabulary).matcher().shortest_completion()
    assert completion.text == b"aa"
    assert completion.tokens == (0, 1, 0)


def test_a_nested_text_is_closed() -> None:
    opening, closing = Terminal("[", Literal("[")), Terminal("]", Literal("]"))
    value = Choice((Sequence((opening, Reference("start"), closing)), Terminal("N", repeat(charset("0"), 2))))
    matcher = compile_grammar(Grammar({"start": value}), BYTES).matcher()
    for byte in b"[[[0":
        matcher.advance(byte)
    completion = matcher.shortest_completion()
    assert completion.text == b"0]]]"
    assert completion.tokens == tuple(b"0]]]")
    assert matcher.grammar.completion_tokens(matcher.configuration) == 5


def test_a_count_is_filled_up() -> None:
    item, comma = Terminal("x", Literal("x")), Terminal(",", Literal(","))
    grammar = Grammar({"start": Sequence((Repetition(item, 1000, 100_000),), comma)})
    matcher = compile_grammar(grammar, BYTES).matcher()
    matcher.advance(ord("x"))
    assert matcher.shortest_completion().text == b",x" * 999


def test_text_that_may_end_needs_nothing() -> None:
    matcher = compile_grammar(Grammar({"start": Terminal("A", repeat(charset("a"), 1))}), BYTES).matcher()
    matcher.advance(ord("a"))
    completion = matcher.shortest_completion()
    assert (completion.text, completion.tokens) == (b"", ())
    assert matcher.grammar.completion_tokens(matcher.configuration) == 1


def test_a_completion_that_the_vocabulary_cannot_spell_is_passed_over() -> None:
    vocabulary = Vocabulary([b"a", b"b", None], eos_token_ids=[2])
    choices = Choice((Terminal("C", Literal("c")), Terminal("ABA", Literal("aba"))))
    matcher = compile_grammar(Grammar({"start": choices}), vocabulary).matcher()
    assert matcher.shortest_completion().text == b"aba"


def test_where_nothing_can_be_spelt_there_is_no_completion() -> None:
    vocabulary = Vocabulary([b"a", b"b", None], eos_token_ids=[2])
    matcher = compile_grammar(Grammar({"start": Terminal("AC", Literal("ac"))}), vocabulary).matcher()
    assert laws.allowed(matcher) == {0}
    with pytest.raises(DeadEnd):
        matcher.shortest_completion()
    matcher.advance(0)
    with pytest.raises(DeadEnd):
        matcher.bitmask()


def test_under_a_budget_a_list_ends_in_time() -> None:
    item, comma = Terminal("x", Literal("x")), Terminal(",", Literal(","))
    brackets = Terminal("[", Literal("[")), Terminal("]", Literal("]"))
    items = Sequence((Repetition(item),), comma)
    matcher = compile_grammar(
        Grammar({"start": Sequence((brackets[0], items, brackets[1]))}), BYTES
    ).matcher()
    text, budget = b"", 12
    while not matcher.is_finished:
        tokens = laws.allowed_within(matcher.grammar, matcher.configuration, budget)
        token = max(tokens - {ord("]"), 256}) if tokens - {ord("]"), 256} else max(tokens)
        matcher.advance(token)
        text += BYTES[token]
        budget -= 1
    assert budget == 0 or text.endswith(b"]")
    assert text == b"[x,x,x,x,x]"


def tokens_within(grammar: CompiledGrammar, configuration: int, budget: int) -> set[int]:
    """What a mask under a budget allows."""
    bitmask = np.zeros((1, (grammar.vocabulary.size + 31) // 32), dtype=np.int32)
    try:
        grammar.fill_within(configuration, budget, bitmask, 0)
    except DeadEnd:
        return set()
    return set(np.flatnonzero(np.unpackbits(bitmask.view(np.uint8), bitorder="little")).tolist())


def tokens_that_fit(grammar: CompiledGrammar, configuration: int, budget: int) -> set[int]:
    """The same, token by token."""
    found = set()
    for token in range(grammar.vocabulary.size):
        to = grammar.try_advance(configuration, token)
        if to < 0:
            continue
        try:
            if grammar.completion_tokens(to) < budget or grammar.is_finished(to):
                found.add(token)
        except DeadEnd:
            pass
    return found


@pytest.mark.parametrize("text", ["", "x", "xb", "a"])
@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(union(Literal("b"), repeat(Literal("a"), 150, 150)), id="a long count beside a short word"),
        pytest.param(
            union(Literal("b"), concat(repeat(Literal("a"), 150, 150), Literal("c"))), id="and something behind it"
        ),
        pytest.param(
            concat(Literal("x"), union(Literal(""), concat(charset((0, 96), (98, 0x10FFFF)), ANY_TEXT))),
            id="a text that is almost any",
        ),
    ],
)  # fmt: skip
def test_a_budget_looks_behind_what_masks_leave_out(rule: Expression, text: str) -> None:
    words = [b"xa", b"xb", b"xbc", b"xqr", "é".encode(), "xé".encode()]
    tokens = [*(bytes([byte]) for byte in range(128)), *words, None, None]
    vocabulary = Vocabulary(tokens, special_tokens={"<s>": 134}, eos_token_ids=[135])
    end = (SpecialToken("<s>"),) * 3
    grammar = compile_grammar(Grammar({"start": Sequence((Terminal("T", rule), *end))}), vocabulary)
    configuration = grammar.initial
    for char in text:
        configuration = grammar.try_advance(configuration, ord(char))
        if configuration < 0:
            return
    for budget in (*range(1, 9), 50, 149, 150, 151, 152, 153, 154, 155, 160, 400):
        expected = tokens_that_fit(grammar, configuration, budget)
        assert tokens_within(grammar, configuration, budget) == expected, budget


@pytest.mark.parametrize("lexer", ["contextual", "dynamic"])
def test_a_budget_looks_once_at_what_is_reached_in_many_ways(lexer: str) -> None:
    """Tokens of n letters are 2^n terminals, or parts of one."""
    runs = [b"a" * length for length in range(2, 80)] + [b"a" * length + b"b" for length in range(1, 80)]
    vocabulary = Vocabulary(
        [*(bytes([byte]) for byte in range(256)), *runs, None], eos_token_ids=[256 + len(runs)]
    )
    body = (
        Terminal("A", repeat(Literal("a"), 1))
        if lexer == "contextual"
        else Choice((Terminal("A", Literal("a")), Terminal("AA", Literal("aa"))))
    )
    grammar = compile_grammar(
        Grammar({"start": Repetition(body, 1, None)}, lexer=lexer), vocabulary, limits=Limits(work=1_000_000)
    )
    assert tokens_within(grammar, grammar.initial, 5) == tokens_that_fit(grammar, grammar.initial, 5)
