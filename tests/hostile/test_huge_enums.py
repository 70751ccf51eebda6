"""Very many alternatives cost what their characters cost.

Elsewhere: GHSA-9q5r-wfvf-rr7f (CVE-2025-58446): a grammar of a hundred thousand characters, such as a huge enum, kept
xgrammar 0.1.23 busy for a long time.
"""

from __future__ import annotations

import structgen
from structgen.grammar.expressions import Literal, Union
from structgen.grammar.rules import Choice, Grammar, Terminal
from structgen.matcher import compile_grammar
from structgen.vocabulary import Vocabulary

WORDS = [f"w{number * 7919 % 100_003:x}-{number:05}" for number in range(20_000)]


def test_an_enum_of_twenty_thousand() -> None:
    vocabulary = Vocabulary([bytes([byte]) for byte in range(256)])
    found = compile_grammar(
        Grammar({"start": Terminal("WORD", Union(tuple(map(Literal, WORDS))))}), vocabulary
    )
    assert found.accepts(WORDS[0])
    assert found.accepts(WORDS[-1])
    assert not found.accepts(WORDS[0] + "x")
    assert found.stats()["expressions"] < sum(map(len, WORDS)) * 2


def test_twenty_thousand_terminals() -> None:
    """Each option is a terminal: what the lexer reads is the tuple of all of them."""
    choice = Choice(tuple(Terminal(word, Literal(word)) for word in WORDS))
    found = compile_grammar(Grammar({"start": choice}), Vocabulary.of_bytes())
    assert found.accepts(WORDS[123])
    assert not found.accepts("w")
    assert found.stats()["lexer_states"] < sum(map(len, WORDS))
    assert found.stats()["items"] <= 2 * len(WORDS)


def test_an_enum_in_a_schema() -> None:
    constraint = structgen.json_schema({"type": "array", "items": {"enum": WORDS}})
    assert constraint.is_valid(f'["{WORDS[5]}", "{WORDS[19_999]}"]')
    assert not constraint.is_valid('["w"]')
    assert constraint.by_bytes.stats()["parse_states"] < 20
    # A vocabulary of its own: expressions are counted for all grammars of a vocabulary.
    found = constraint.compile(Vocabulary([bytes([byte]) for byte in range(256)]))
    assert found.accepts(f'["{WORDS[5]}", "{WORDS[19_999]}"]')
    assert found.stats()["expressions"] < sum(map(len, WORDS))


def test_many_properties() -> None:
    """Five hundred members that may come or not."""
    schema = {"type": "object", "properties": {word: {"type": "integer"} for word in WORDS[:500]}}
    constraint = structgen.json_schema(schema)
    assert constraint.is_valid(f'{{"{WORDS[3]}": 1, "{WORDS[499]}": 2}}')
    assert not constraint.is_valid(f'{{"{WORDS[3]}": "x"}}')
    assert constraint.by_bytes.stats()["items"] < 20 * 500, "members that may be missing are not multiplied"
