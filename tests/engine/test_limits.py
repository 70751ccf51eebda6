"""Limits: every growth is bounded, passing one is an error that names it, and large bounds cost what small ones do."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import laws
import pytest

from structgen.errors import InvalidGrammarError, LimitExceeded
from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    Expression,
    Literal,
    Repeat,
    charset,
    concat,
    repeat,
    union,
)
from structgen.grammar.rules import Choice, Grammar, Permutation, Reference, Repetition, Sequence, Terminal
from structgen.limits import Limits
from structgen.matcher import CompiledGrammar, Matcher, compile_grammar
from structgen.vocabulary import Vocabulary

X, COMMA, OPEN, CLOSE = (Terminal(char, Literal(char)) for char in "x,[]")
NESTED = Choice((Sequence((OPEN, Reference("start"), CLOSE)), X))

RANDOM_TEXT = "".join(Random(0).choices("ab", k=600))


def bytes_grammar(start: object, limits: Limits | None = None) -> CompiledGrammar:
    """Over a vocabulary of its own, so that nothing is known before."""
    vocabulary = Vocabulary([bytes([byte]) for byte in range(256)])
    return compile_grammar(Grammar({"start": start}), vocabulary, limits=limits)  # type: ignore[dict-item]


def read(found: CompiledGrammar, text: str) -> None:
    matcher = found.matcher()
    for byte in text.encode():
        matcher.bitmask()
        matcher.advance(byte)
    if not matcher.can_stop:
        matcher.bitmask()


def advance_all(matcher: Matcher, text: str) -> None:
    for byte in text.encode():
        matcher.advance(byte)


def explosive(count: int) -> Expression:
    """Its automaton has a state for each set of the last `count` places: 2**count of them."""
    return concat(repeat(charset("ab")), Literal("a"), Repeat(charset("ab"), count, count))


@pytest.mark.parametrize(
    ("limit", "use"),
    [
        pytest.param(
            "expressions",
            lambda: read(bytes_grammar(Terminal("T", explosive(60)), Limits(expressions=500)), RANDOM_TEXT),
            id="expressions: an automaton that explodes",
        ),
        pytest.param(
            "states",
            lambda: read(bytes_grammar(NESTED, Limits(states=50)), "[" * 100),
            id="states: a stack that grows",
        ),
        pytest.param(
            "nesting",
            lambda: read(bytes_grammar(NESTED, Limits(nesting=40)), "[" * 100),
            id="nesting: too many brackets",
        ),
        pytest.param(
            "work",
            lambda: read(bytes_grammar(Terminal("T", explosive(40)), Limits(work=40)), "abab"),
            id="work: a mask that takes too many steps",
        ),
        pytest.param(
            "grammar_size",
            lambda: bytes_grammar(Sequence((X,) * 1000), Limits(grammar_size=500)),
            id="grammar_size: too many symbols",
        ),
    ],
)
def test_a_limit_that_is_passed_is_named(limit: str, use: Callable[[], None]) -> None:
    with pytest.raises(LimitExceeded, match=f"limits.{limit} = ") as caught:
        use()
    assert caught.value.limit == limit


def test_a_matcher_that_met_a_limit_is_where_it_was() -> None:
    matcher = bytes_grammar(NESTED, Limits(nesting=20)).matcher()
    with pytest.raises(LimitExceeded):
        advance_all(matcher, "[" * 100)
    depth = matcher.advanced
    assert 10 < depth < 30
    with pytest.raises(LimitExceeded):
        matcher.advance(ord("["))
    assert matcher.advanced == depth
    matcher.rollback(depth - 1)
    matcher.advance(ord("["))
    assert matcher.advanced == 2


def test_texts_within_a_limit_are_read_after_one_that_was_not() -> None:
    found = bytes_grammar(NESTED, Limits(nesting=20))
    with pytest.raises(LimitExceeded):
        read(found, "[" * 30)
    read(found, "[[x]]")


def test_the_vocabulary_survives_a_grammar_that_met_a_limit() -> None:
    vocabulary = Vocabulary([bytes([byte]) for byte in range(256)])
    grammar = Grammar({"start": Terminal("T", explosive(60))})
    with pytest.raises(LimitExceeded):
        read(compile_grammar(grammar, vocabulary, limits=Limits(expressions=300)), RANDOM_TEXT)
    read(compile_grammar(grammar, vocabulary), RANDOM_TEXT)


def test_deep_nesting_is_no_recursion() -> None:
    found = bytes_grammar(NESTED)
    read(found, "[" * 50_000 + "x" + "]" * 50_000)


def test_a_long_chain_of_rules_is_no_recursion() -> None:
    rules = {f"r{i}": Reference(f"r{i + 1}") for i in range(20_000)} | {"r20000": X}
    found = compile_grammar(Grammar(rules, start="r0"), Vocabulary.of_bytes())
    assert found.accepts("x")


def test_a_long_chain_of_empty_rules_is_no_recursion() -> None:
    rules = {f"r{i}": Sequence((Repetition(X, 0, 1), Reference(f"r{i + 1}"))) for i in range(1_000)}
    found = compile_grammar(Grammar(rules | {"r1000": X}, start="r0"), Vocabulary.of_bytes())
    assert found.accepts("x" * 1_001)
    assert not found.accepts("x" * 1_002)


def test_a_body_that_nests_too_deeply_is_an_error() -> None:
    body: Sequence = Sequence((X,))
    for _ in range(100_000):
        body = Sequence((body,))
    with pytest.raises(InvalidGrammarError, match="nests too deeply"):
        bytes_grammar(body)


@pytest.mark.parametrize("depth", [1_500, 100_000])
def test_an_expression_that_nests_too_deeply_is_an_error(depth: int) -> None:
    """Python's stack is no bound of it; `Limits.nesting` is."""
    expression: Expression = Literal("x")
    for _ in range(depth):
        expression = Repeat(union(expression, Literal("y")), 1, 2)
    found = bytes_grammar(Terminal("T", expression))
    with pytest.raises(LimitExceeded, match=r"limits\.nesting = "):
        read(found, "xx")


def costs(start: object, text: str) -> dict[str, int]:
    found = bytes_grammar(start)
    read(found, text)
    return found.stats()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        pytest.param(
            lambda n: Terminal("T", Repeat(charset("ab"), 0, n)), "abab" * 5, id="characters, at most"
        ),
        pytest.param(
            lambda n: Terminal("T", Repeat(charset("é😀"), n, None)), "é😀" * 5, id="characters, at least"
        ),
        pytest.param(lambda n: Sequence((Repetition(X, 0, n),), COMMA), "x,x,x", id="items, at most"),
        pytest.param(lambda n: Sequence((Repetition(X, n, None),), COMMA), "x,x,x", id="items, at least"),
    ],
)
def test_a_large_bound_makes_no_more_than_a_small_one(make: Callable[[int], object], text: str) -> None:
    small, large = costs(make(200), text), costs(make(100_000), text)
    assert large.keys() == small.keys()
    assert {name: (small[name], large[name]) for name in small if large[name] > small[name] + 2} == {}


def test_a_large_permutation_is_not_written_out() -> None:
    """Sixty members have 2**60 subsets; only those that a text meets are made."""
    members = tuple(Repetition(Terminal(f"M{i}", Literal(f"{i:02}")), 0, 1) for i in range(60))
    found = bytes_grammar(Permutation(members, COMMA))
    assert found.accepts("07,59,00,31")
    assert not found.accepts("07,59,07")


def test_any_text_many_times_is_still_small() -> None:
    """Nested loops over everything: derivatives are simplified, or these would double with each byte."""
    expression = ANY_TEXT
    for _ in range(8):
        expression = concat(Repeat(union(expression, Literal("a")), 0, None), ANY_TEXT)
    found = bytes_grammar(Terminal("T", expression))
    read(found, "abc" * 20)
    assert laws.allowed(found.matcher())


def test_an_explosion_while_compiling_meets_a_limit() -> None:
    """Emptiness of an intersection is searched for when a grammar is compiled, and that counts as well."""

    def found(first: str, last: str, between: int) -> Expression:
        return concat(ANY_TEXT, Literal(first), repeat(ANY_CHAR, between, between), Literal(last), ANY_TEXT)

    both = found("a", "b", 15) & found("c", "d", 15) & found("e", "f", 14)
    with pytest.raises(LimitExceeded):
        bytes_grammar(Terminal("T", both), Limits(work=1_000_000))
    with pytest.raises(LimitExceeded) as caught:
        bytes_grammar(Terminal("T", both), Limits(milliseconds=1))
    assert caught.value.limit == "milliseconds"


@pytest.mark.parametrize("lexer", ["contextual", "dynamic"])
def test_a_mask_after_a_limit_is_what_it_was(lexer: str) -> None:
    vocabulary = Vocabulary([bytes([byte]) for byte in range(256)])
    grammar = Grammar({"start": Terminal("A", Literal("x" * 4000))}, lexer=lexer)
    matcher = compile_grammar(grammar, vocabulary, limits=Limits(work=500_000)).matcher()
    matcher.advance(ord("x"))
    with pytest.raises(LimitExceeded):
        matcher.forced_tokens()
    assert [t for t in range(256) if matcher.bitmask()[t // 32] >> (t % 32) & 1] == [ord("x")]


def test_tokens_that_share_a_long_beginning_are_no_recursion_without_end() -> None:
    length = 20_000
    tails = [bytes([98 + number // 60, 33 + number % 60]) for number in range(60)]
    tokens = [*(bytes([byte]) for byte in range(256)), *(b"a" * length + tail for tail in tails)]
    grammar = compile_grammar(
        Grammar({"start": Repetition(Terminal("a", Literal("a")), 0, None)}), Vocabulary(tokens)
    )
    with pytest.raises(LimitExceeded, match="nesting"):
        grammar.matcher().bitmask()


@pytest.mark.parametrize("wrong", [{"work": -1}, {"milliseconds": 2**64}, {"states": 1.5}, {"nesting": None}])
def test_a_limit_is_a_whole_number(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"{next(iter(wrong))}="):
        Limits(**wrong)
