"""How many texts an expression denotes. The judge lists them by brute force."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from strategies import ALPHABET, expressions

from structgen.grammar.expressions import (
    ANY_TEXT,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    repeat,
    union,
)
from structgen.language.counting import MANY, Uncounted, all_texts, count_texts
from structgen.matcher import compile_grammar
from structgen.patterns import parse_regex
from structgen.vocabulary import Vocabulary

FEW = [
    (r"[ab]", 2),
    (r"[ab]{0,3}", 15),
    (r"a{1000}", 1),
    (r"(a|b|ab)(c|)", 6),
    (r"(a|ab)(b|)", 3),
    (r"[0-9]{3}", 1000),
    (r"[0-9]{7}", None),
    (r"a*", None),
    (r"a+b", None),
]


@pytest.mark.parametrize(("pattern", "count"), FEW)
def test_patterns(pattern: str, count: int | None) -> None:
    if pattern == r"a{1000}":
        with pytest.raises(Uncounted):
            count_texts(parse_regex(pattern))
        return
    assert count_texts(parse_regex(pattern)) == count


def test_intersections() -> None:
    both = Intersection((repeat(parse_regex("[ab]"), 1, 2), Complement(union(Literal("a"), Literal("bb")))))
    assert sorted(all_texts(both) or ()) == ["aa", "ab", "b", "ba"]
    assert count_texts(Intersection((ANY_TEXT, Complement(Literal("a"))))) is None
    quoted = Concat(
        (Literal('"'), Intersection((ANY_TEXT, Complement(parse_regex("[a-z]+|0*")))), Literal('"'))
    )
    assert count_texts(Intersection((quoted, Complement(Literal('"A"'))))) is None
    assert count_texts(Intersection((Literal("a"), Literal("b")))) == 0


@given(expressions(max_leaves=4))
def test_the_texts_are_those_that_match(expression: Expression) -> None:
    try:
        count = count_texts(expression)
    except Uncounted:
        return
    texts = all_texts(expression)
    assert texts is None or len(texts) == len(set(texts)) == count
    assert count is None or count <= MANY
    if texts is None:
        return
    from structgen.grammar.rules import Grammar, Terminal

    if not any(texts):
        return
    vocabulary = Vocabulary([bytes([byte]) for byte in range(256)], eos_token_ids=[])
    grammar = compile_grammar(Grammar({"start": Terminal("T", expression)}), vocabulary)
    for size in range(1, 4):
        for chars in itertools.product(ALPHABET, repeat=size):
            assert grammar.accepts("".join(chars)) == ("".join(chars) in texts)
