"""Samples: texts of a grammar, judged by the oracle and by definitions."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import pytest
from frontends.matching import denotes
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle import Oracle
from strategies import expressions, grammars

from structgen.errors import EmptyLanguageError
from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EMPTY,
    EPSILON,
    Expression,
    Literal,
    Repeat,
    charset,
    concat,
    invert,
    repeat,
    union,
)
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    SpecialToken,
    Terminal,
)
from structgen.language.sampling import sample, sample_expression

RANDOMS = st.randoms(use_true_random=False)
A, COMMA = Terminal("a", Literal("a")), Terminal(",", Literal(","))
NAME = Terminal("NAME", Repeat(charset((0x61, 0x7A)), 1, 8))
WS = Terminal("WS", repeat(charset(" \n"), 1))


@given(expressions(), RANDOMS)
def test_an_expression_denotes_its_samples(expression: Expression, random: Random) -> None:
    try:
        text = sample_expression(expression, random)
    except EmptyLanguageError:
        terminal = Terminal("T", expression | Literal("x"))
        only_x = [
            t for t in ("x", "a", "b", "é", "😀") if Oracle(Grammar({"start": terminal})).accepts(t.encode())
        ]
        assert only_x == ["x"]
    else:
        assume(len(text) < 60)
        assert denotes(expression, text), (expression, text)


@given(grammars(letters=True, special_tokens=False), RANDOMS)
def test_samples_are_in_the_language(grammar: Grammar, random: Random) -> None:
    oracle = Oracle(grammar)
    if oracle.is_empty:
        with pytest.raises(EmptyLanguageError):
            sample(grammar, random)
    else:
        text = sample(grammar, random, max_depth=4)
        assume(len(text) < 300)
        assert oracle.accepts(text.encode()), (str(grammar), text)


@given(grammars(special_tokens=False))
def test_there_is_a_sample_where_there_is_a_language(grammar: Grammar) -> None:
    """What is empty is found the same way, whatever the terminals are."""
    if Oracle(grammar).is_empty:
        with pytest.raises(EmptyLanguageError):
            sample(grammar, Random(0), max_depth=2)
    else:
        sample(grammar, Random(0), max_depth=2)


QUOTE = Literal('"')
KEYWORDS = union(Literal("if"), Literal("else"))
GRAMMARS: Mapping[str, tuple[RuleExpression, tuple[Terminal, ...]]] = {
    "names with blanks": (Repetition(NAME, 2, 5), (WS,)),
    "a list": (Sequence((A, Sequence((Repetition(NAME, 0, 3),), COMMA))), (WS,)),
    "a permutation": (Permutation((A, Repetition(NAME, 0, 1)), COMMA), ()),
    "left recursion": (Choice((Sequence((Reference("start"), COMMA, NAME)), NAME)), (WS,)),
    "no keyword": (Terminal("N", Repeat(charset("efils"), 1, 4) & ~KEYWORDS), ()),
    "a quoted text": (
        Terminal("Q", concat(QUOTE, repeat(invert(charset('"\\')) | concat(Literal("\\"), ANY_CHAR)), QUOTE)),
        (WS,),
    ),
    "without a word": (
        Terminal("T", ~concat(ANY_TEXT, Literal("ab"), ANY_TEXT) & Repeat(charset("ab"), 5, 9)),
        (),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GRAMMARS)
def test_samples_of_grammars_that_a_person_wrote(name: str) -> None:
    start, ignore = GRAMMARS[name]
    grammar = Grammar({"start": start}, ignore=ignore)
    oracle = Oracle(grammar)
    texts = {sample(grammar, Random(seed)) for seed in range(60)}
    assert [text for text in texts if not oracle.accepts(text.encode())] == []
    assert len(texts) > 3


def test_the_same_chance_gives_the_same_text() -> None:
    grammar = Grammar({"start": Repetition(NAME, 3)}, ignore=(WS,))
    assert sample(grammar, Random(5)) == sample(grammar, Random(5))


def test_recursion_ends_at_the_depth() -> None:
    nested = Choice((Sequence((A, Reference("start"), Reference("start"), A)), COMMA))
    texts = [sample(Grammar({"start": nested}), Random(seed), max_depth=6) for seed in range(50)]
    assert max(map(len, texts)) < 2**9
    assert len(set(texts)) > 5


def test_special_tokens_leave_no_trace() -> None:
    assert sample(Grammar({"start": Sequence((A, SpecialToken("<x>"), A))}), Random(0)) == "aa"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(Terminal("T", EMPTY), id="nothing"),
        pytest.param(Terminal("T", EPSILON), id="only the empty text"),
        pytest.param(Terminal("T", charset("a") & charset("b")), id="a contradiction"),
        pytest.param(Reference("start"), id="a loop"),
    ],
)
def test_what_is_empty_has_no_samples(body: RuleExpression) -> None:
    with pytest.raises(EmptyLanguageError):
        sample(Grammar({"start": body}), Random(0))


def test_texts_that_must_differ_run_out_for_nobody() -> None:
    """A terminal of one text beside another: rounds end when both were had."""
    one = Terminal("ONE", Literal("a"), effect="record")
    other = Terminal("OTHER", Literal("b"), effect="record")
    grammar = Grammar({"start": Repetition(Choice((one, other)), 1, 2)})
    assert {sample(grammar, Random(seed)) for seed in range(60)} == {"a", "b", "ab", "ba"}
