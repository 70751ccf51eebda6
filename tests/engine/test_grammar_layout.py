"""What of a grammar has no text is not there, wherever it stands."""

from __future__ import annotations

import pytest

from structgen.errors import EmptyLanguageError
from structgen.grammar.expressions import EMPTY, Literal
from structgen.grammar.rules import Choice, Grammar, Repetition, RuleExpression, Sequence, Terminal
from structgen.matcher import compile_grammar
from structgen.vocabulary import Vocabulary

NOTHING = Terminal("NOTHING", EMPTY)
A = Terminal("A", Literal("a"))
B = Terminal("B", Literal("b"))


def _accepts(rule: RuleExpression, text: str) -> bool:
    return compile_grammar(Grammar({"start": rule}, "start"), Vocabulary.of_bytes()).accepts(text)


@pytest.mark.parametrize("least", [0, 1, 2])
@pytest.mark.parametrize("is_nested", [False, True])
def test_a_repetition_of_nothing_is_empty_only_if_none_is_required(least: int, is_nested: bool) -> None:
    way = Sequence((Repetition(NOTHING, least, None), B))
    rule = Sequence((Choice((way, A)), B)) if is_nested else Choice((way, Sequence((A, B))))
    assert _accepts(rule, "ab")
    assert _accepts(rule, "bb" if is_nested else "b") is (least == 0)


def test_a_grammar_that_requires_nothing_is_empty() -> None:
    with pytest.raises(EmptyLanguageError):
        _accepts(Sequence((A, Repetition(NOTHING, 1, None))), "a")
