"""Repetitions of repetitions, and groups in groups in groups, cost little and overflow no stack.

Elsewhere: ggml-org/llama.cpp#18988 (stack overflow by nested repetition), mozilla-ai/llamafile#860 (a thousand nested
parentheses crash a server).
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

import structgen
from structgen.errors import LimitExceeded, StructgenError
from structgen.grammar.expressions import Expression, Literal, Repeat, charset, repeat
from structgen.grammar.rules import Choice, Grammar, Repetition, RuleExpression, Sequence, Terminal
from structgen.limits import Limits
from structgen.matcher import compile_grammar
from structgen.vocabulary import Vocabulary

A = Terminal("a", Literal("a"))


def nested_rule(depth: int, wrap: Callable[[RuleExpression], RuleExpression]) -> RuleExpression:
    body: RuleExpression = A
    for _ in range(depth):
        body = wrap(body)
    return body


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda body: Repetition(body), id="loops"),
        pytest.param(lambda body: Repetition(body, 1), id="loops of one or more"),
        pytest.param(lambda body: Repetition(body, 0, 1), id="options"),
        pytest.param(lambda body: Repetition(body, 0, 3), id="counts"),
        pytest.param(lambda body: Choice((body, Sequence((body, A)))), id="choices"),
        pytest.param(lambda body: Sequence((Repetition(body), Repetition(body))), id="loops side by side"),
    ],
)
def test_rules_nested_twelve_deep(wrap: Callable[[RuleExpression], RuleExpression]) -> None:
    found = compile_grammar(Grammar({"start": nested_rule(12, wrap)}), Vocabulary.of_bytes())
    assert found.accepts("a")
    assert not found.accepts("b")
    assert found.accepts("aaa") == (wrap(A) != Repetition(A, 0, 1))
    assert found.stats()["parse_states"] < 100
    assert found.stats()["items"] < 30_000


@pytest.mark.parametrize("bounds", [(0, None), (1, None), (0, 1), (0, 3), (1, 2)])
def test_expressions_nested_forty_deep(bounds: tuple[int, int | None]) -> None:
    expression: Expression = charset("ab")
    for _ in range(40):
        expression = Repeat(expression, *bounds)
    vocabulary = Vocabulary([bytes([byte]) for byte in range(256)])  # of its own, with its own counters
    found = compile_grammar(Grammar({"start": Terminal("T", expression)}), vocabulary)
    assert found.accepts("b")
    assert found.accepts("abba") == (bounds != (0, 1))
    is_counted = bounds in ((0, 3), (1, 2))
    assert found.stats()["expressions"] < (200_000 if is_counted else 100)
    assert found.stats()["lexer_states"] < 100


def test_powers_of_a_count() -> None:
    """`((a{100}){100}){100}` is a million letters: said in three numbers, and never written out."""
    expression = repeat(repeat(repeat(Literal("a"), 100, 100), 100, 100), 100, 100)
    vocabulary = Vocabulary([bytes([byte]) for byte in range(256)])
    found = compile_grammar(Grammar({"start": Terminal("T", expression)}), vocabulary)
    assert not found.accepts("a" * 2_000)
    assert found.stats()["expressions"] < 3_000


@pytest.mark.parametrize("depth", [50, 2_000, 100_000])
def test_parentheses_in_a_pattern(depth: int) -> None:
    """Read, or refused by name; never a crash."""
    try:
        assert structgen.regex("(" * depth + "a" + ")" * depth).is_valid("a")
    except StructgenError:
        assert depth > 50


def test_a_pattern_that_makes_backtracking_explode() -> None:
    constraint = structgen.regex("(a+)+b")
    assert not constraint.is_valid("a" * 5_000 + "X")
    assert constraint.is_valid("a" * 5_000 + "b")
    found = constraint.compile(Vocabulary([bytes([byte]) for byte in range(256)]))
    assert found.accepts("a" * 5_000 + "b")
    assert found.stats()["lexer_states"] < 100


def test_a_pattern_whose_automaton_explodes_meets_a_limit() -> None:
    """It has more than 2**60 states. Reading makes those that the text meets, and a limit ends it."""
    grammar = structgen.regex("(a|b)*a(a|b){60}c").grammar
    vocabulary = Vocabulary([bytes([byte]) for byte in range(256)])
    found = compile_grammar(grammar, vocabulary, limits=Limits(expressions=20_000))
    text = "".join(Random(0).choices("ab", k=20_000)) + "c"
    with pytest.raises(LimitExceeded, match=r"limits\.expressions"):
        found.accepts(text)
