"""Composed grammars: their language is composed of the languages of the parts, text by text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import expressions, grammars

from structgen.errors import DeadEnd, EmptyLanguageError, InvalidGrammarError, LimitExceeded
from structgen.grammar.expressions import Expression, Literal
from structgen.grammar.rules import Grammar
from structgen.language.compose import compose
from structgen.language.parts import Alternatives, Concatenated, Node, Piece, Regular, Repeated
from structgen.matcher import CompiledGrammar, compile_grammar
from structgen.vocabulary import Vocabulary

ALPHABET = "abé😀"
LENGTH = 4
TEXTS = ["".join(text) for length in range(LENGTH + 1) for text in product(ALPHABET, repeat=length)]


def compiled(grammar: Grammar) -> CompiledGrammar:
    return compile_grammar(grammar, Vocabulary.of_bytes())


def language(grammar: Grammar) -> frozenset[str]:
    """The texts of a grammar, up to a length."""
    try:
        found = compiled(grammar)
    except EmptyLanguageError:
        return frozenset()
    return frozenset(text for text in TEXTS if found.accepts(text))


def joined(first: frozenset[str], second: frozenset[str]) -> frozenset[str]:
    return frozenset(a + b for a in first for b in second if len(a) + len(b) <= LENGTH)


def expected(node: Node) -> frozenset[str]:
    """The language by definition."""
    if isinstance(node, Piece):
        return language(node.grammar)
    if isinstance(node, Regular):
        return language(Grammar({"start": node.rule()}))
    if isinstance(node, Concatenated):
        found = frozenset([""])
        for part in node.parts:
            found = joined(found, expected(part))
        return found
    if isinstance(node, Alternatives):
        return frozenset().union(*map(expected, node.parts))
    part, between = (
        expected(node.part),
        frozenset([""]) if node.separator is None else expected(node.separator),
    )
    rounds = [frozenset([""]), part]
    most = 2 * LENGTH + 2 if node.max is None else node.max
    while len(rounds) <= most:
        rounds.append(joined(joined(rounds[-1], between), part))
    return frozenset().union(*rounds[node.min : most + 1])


def regular(expression: Expression) -> Piece:
    return Piece(Grammar({"start": Regular(expression, "part").rule()}))


def pieces() -> st.SearchStrategy[Node]:
    plain = st.sampled_from("abé").map(lambda text: regular(Literal(text)))
    return st.one_of(
        plain,
        expressions(max_leaves=3).map(regular),
        grammars(special_tokens=False).map(Piece),
    )


def nodes() -> st.SearchStrategy[Node]:
    def combined(parts: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
        several = st.lists(parts, min_size=2, max_size=3).map(tuple)
        bounds = st.sampled_from([(0, 1), (0, None), (1, None), (0, 2), (2, 2), (1, 3), (0, 0)])
        return st.one_of(
            several.map(Concatenated),
            several.map(Alternatives),
            st.builds(
                lambda part, bound, between: Repeated(part, *bound, between), parts, bounds, st.none() | parts
            ),
        )

    return st.recursive(pieces(), combined, max_leaves=4)


def has_dead_end(grammar: Grammar) -> bool:
    """Whether a text that the mask allows cannot be finished, among those of a few bytes."""
    try:
        found = compiled(grammar)
    except EmptyLanguageError:
        return False
    todo, seen = [found.initial], {found.initial}
    while todo and len(seen) < 60:
        configuration = todo.pop(0)
        try:
            found.completion(configuration)
        except DeadEnd:
            return True
        except LimitExceeded:
            return False
        for byte in "".join(ALPHABET).encode():
            after = found.try_advance(configuration, byte)
            if after >= 0 and after not in seen:
                seen.add(after)
                todo.append(after)
    return False


def pieces_of(node: Node) -> Iterator[Piece]:
    if isinstance(node, Piece):
        yield node
    elif isinstance(node, (Concatenated, Alternatives)):
        for part in node.parts:
            yield from pieces_of(part)
    elif isinstance(node, Repeated):
        yield from pieces_of(node.part)
        if node.separator is not None:
            yield from pieces_of(node.separator)


@given(nodes())
def test_the_language_is_composed(node: Node) -> None:
    try:
        grammar = compose(node)
    except InvalidGrammarError:
        assume(False)
    assert language(grammar) == expected(node)
    if not any(has_dead_end(piece.grammar) for piece in pieces_of(node)):
        assert not has_dead_end(grammar)
