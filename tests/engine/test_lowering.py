"""Lowering: how many numbers a grammar becomes, and which limits stop it on the way."""

from __future__ import annotations

import pytest

from structgen.engine.lowering import _Lowering
from structgen.errors import LimitExceeded
from structgen.grammar.expressions import Literal
from structgen.grammar.rules import Choice, Grammar, Repetition, RuleExpression, Sequence, Terminal
from structgen.limits import Limits
from structgen.matcher import compile_grammar
from structgen.vocabulary import Vocabulary

COMMA = Terminal("COMMA", Literal(","))
ITEMS = tuple(Terminal(letter.upper(), Literal(letter)) for letter in "abc")


def _records(count: int) -> Grammar:
    """A choice between lists of four items of which the first differs."""
    first = (Terminal(f"N{number}", Literal(str(number))) for number in range(count))
    return Grammar({"start": Choice(tuple(Sequence((one, *ITEMS), COMMA) for one in first))}, "start")


def _symbols(grammar: Grammar) -> int:
    lowering = _Lowering(Vocabulary.of_bytes().native, {}, frozenset(), Limits())
    lowering.rule(grammar, "start")
    return lowering.nodes.symbols


def test_lists_of_required_items_take_one_node_each() -> None:
    once, twice = _symbols(_records(1000)), _symbols(_records(2000))
    assert twice - once == 1000 * 12  # ten for the list, two for the alternative


@pytest.mark.parametrize("limit", ["grammar_size", "work", "milliseconds"])
def test_limits_stop_the_lowering_of_a_large_grammar(limit: str) -> None:
    limits = Limits(**{limit: 0 if limit == "milliseconds" else 5000})
    with pytest.raises(LimitExceeded) as caught:
        compile_grammar(_records(2000), Vocabulary.of_bytes(), limits=limits)
    assert caught.value.limit == limit


def _optional(part: RuleExpression) -> Repetition:
    return Repetition(part, 0, 1)


@pytest.mark.parametrize(
    ("parts", "accepted"),
    [
        (ITEMS, {"a,b,c"}),
        (tuple(map(_optional, ITEMS)), {"", "a", "b", "c", "a,b", "a,c", "b,c", "a,b,c"}),
        ((_optional(ITEMS[0]), ITEMS[1], _optional(ITEMS[2])), {"b", "a,b", "b,c", "a,b,c"}),
        ((ITEMS[0], _optional(ITEMS[1]), ITEMS[2]), {"a,c", "a,b,c"}),
        ((Repetition(ITEMS[0], 0, 2), ITEMS[1]), {"b", "a,b", "a,a,b"}),
        ((Repetition(ITEMS[0], 1, 2), _optional(ITEMS[1])), {"a", "a,a", "a,b", "a,a,b"}),
        ((ITEMS[1], Repetition(ITEMS[0], 0, 2)), {"b", "b,a", "b,a,a"}),
        ((_optional(ITEMS[1]), Repetition(ITEMS[0], 2, 2)), {"a,a", "b,a,a"}),
        ((Repetition(ITEMS[0], 0, 0), ITEMS[1]), {"b"}),
        ((Repetition(ITEMS[0], 0, 0),), {""}),
        ((), {""}),
    ],
)
def test_separators_are_between_the_items_that_are_there(
    parts: tuple[RuleExpression, ...], accepted: set[str]
) -> None:
    grammar = compile_grammar(Grammar({"start": Sequence(parts, COMMA)}, "start"), Vocabulary.of_bytes())
    texts = {""}
    for _ in range(6):
        texts |= {text + letter for text in texts for letter in "abc,"}
    assert {text for text in texts if grammar.accepts(text)} == accepted
