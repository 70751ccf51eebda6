"""`str(grammar)` reads like Lark."""

from __future__ import annotations

from hypothesis import given
from strategies import grammars

from structgen.grammar.expressions import Complement, Literal, charset, concat, repeat
from structgen.grammar.rules import Grammar, Permutation, Reference, Repetition, Sequence, Terminal


def test_a_grammar_reads_like_lark() -> None:
    word = Terminal("WORD", repeat(charset((0x61, 0x7A)), 1, None), 2)
    comma = Terminal("COMMA", Literal(","))
    other = Terminal("OTHER", Complement(concat(Literal("a"), charset("b]"))))
    grammar = Grammar(
        {
            "list": Sequence((Repetition(word, 0, None), Reference("start")), comma),
            "start": Permutation((word, Repetition(other, 0, 1))),
        },
        ignore=(Terminal("WS", Literal(" ")),),
    )
    assert str(grammar) == (
        "start: (WORD & OTHER?)\n"
        "list: (WORD* start % COMMA)\n"
        "WORD.2: [a-z]+\n"
        "OTHER: ~('a' [\\u{5d}b])\n"
        "COMMA: ','\n"
        "WS: ' '\n"
        "%ignore WS"
    )


@given(grammars())
def test_every_grammar_prints(grammar: Grammar) -> None:
    assert all(f"{name}: " in str(grammar) for name in grammar.rules)
