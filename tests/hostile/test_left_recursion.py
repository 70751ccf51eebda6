"""Left recursion, and recursion through rules that may be empty, never overflow a stack.

Elsewhere: ggml-org/llama.cpp#6492 and #3801 (segmentation faults on `root ::= root "a" | "b"`), mlc-ai/xgrammar#250
(infinite recursion through a rule that may be empty).
"""

from __future__ import annotations

import pytest
from traces import check_accepts

from structgen.errors import EmptyLanguageError
from structgen.grammar.expressions import Literal, charset, repeat
from structgen.grammar.rules import Choice, Grammar, Reference, Repetition, RuleExpression, Sequence, Terminal
from structgen.matcher import compile_grammar
from structgen.vocabulary import Vocabulary

A, B, PLUS = (Terminal(char, Literal(char)) for char in "ab+")
START, EMPTY = Reference("start"), Sequence(())
INT = Terminal("INT", repeat(charset((0x30, 0x39)), 1))


@pytest.mark.parametrize(
    ("start", "accepted", "rejected"),
    [
        pytest.param(Choice((Sequence((START, A)), B)), ["b", "baa"], ["a", "ab"], id="llama.cpp 6492"),
        pytest.param(
            Choice((INT, Sequence((START, PLUS, START)))), ["1", "1+22+3"], ["+", "1+"], id="llama.cpp 3801"
        ),
        pytest.param(
            Sequence((Choice((EMPTY, Sequence((Repetition(A), START)))), B)), ["b", "abb", "bbb"], ["", "a"],
            id="xgrammar 250",
        ),
        pytest.param(Choice((START, Sequence((START, START)), EMPTY, A)), ["", "a", "aaa"], ["b"], id="all at once"),
        pytest.param(Repetition(Repetition(Repetition(Choice((EMPTY, A, START))))), ["", "aa"], ["b"],
                     id="loops around what may be empty"),
    ],
)  # fmt: skip
def test_recursion(start: RuleExpression, accepted: list[str], rejected: list[str]) -> None:
    check_accepts(Grammar({"start": start}), accepted, rejected)


def test_a_long_circle_of_rules() -> None:
    rules: dict[str, RuleExpression] = {
        f"r{i}": Sequence((Repetition(A, 0, 1), Reference(f"r{(i + 1) % 40}"))) for i in range(40)
    }
    rules["r20"] = Choice((rules["r20"], B))
    found = compile_grammar(Grammar(rules, start="r0"), Vocabulary.of_bytes())
    assert found.accepts("a" * 200 + "b")
    assert not found.accepts("a" * 200)
    assert found.stats()["parse_states"] < 2 * 40 * 200, "a few for each rule and character"
    assert found.stats()["items"] < 5 * 40 * 200


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(START, id="itself"),
        pytest.param(Sequence((START, A)), id="itself first"),
        pytest.param(Sequence((A, START)), id="itself last"),
        pytest.param(Repetition(START, 1), id="itself once or more"),
    ],
)
def test_recursion_without_end_is_refused(start: RuleExpression) -> None:
    with pytest.raises(EmptyLanguageError):
        compile_grammar(Grammar({"start": start}), Vocabulary.of_bytes())
