"""Hypothesis strategies: expressions, grammars, vocabularies.

All over one small alphabet, so that what is drawn here and there has a chance to meet: two ASCII letters, a letter
of two bytes, an emoji of four. Sizes are kept small; that is where the mistakes are.
"""

from __future__ import annotations

import typing

from hypothesis import strategies as st

from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EMPTY,
    EPSILON,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
    charset,
    invert,
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
from structgen.vocabulary import Vocabulary

ALPHABET = "abé😀"
BOUNDS = [(0, 1), (0, None), (1, None), (0, 3), (2, 2), (2, 5), (3, None), (0, 0), (1, 1), (4, 40)]
RULES = ("start", "one", "two", "three")
LEXERS: tuple[typing.Literal["contextual", "dynamic"], ...] = ("contextual", "contextual", "dynamic")
END, SPECIAL, OTHER = 0, 1, 2
"""The first ids of every vocabulary drawn: the end of the text, and two special tokens that grammars may name."""


def texts(max_size: int = 8) -> st.SearchStrategy[str]:
    return st.text(ALPHABET, max_size=max_size)


def _characters() -> st.SearchStrategy[Expression]:
    return st.sampled_from(
        [
            *(charset(char) for char in ALPHABET),
            charset("ab"),
            charset("aé"),
            charset("b😀"),
            charset((ord("b"), ord("é"))),
            charset((0x80, 0x10FFFF)),
            invert(charset("a")),
            invert(charset("é😀")),
            ANY_CHAR,
        ]
    )


def expressions(*, max_leaves: int = 6, plain: bool = False) -> st.SearchStrategy[Expression]:
    """Of all seven kinds (`plain`: without `&` and `~`); some denote nothing, some only the empty text."""
    leaves = st.one_of(
        _characters(),
        st.text(ALPHABET, min_size=1, max_size=3).map(Literal),
        st.sampled_from([EPSILON, EMPTY, ANY_TEXT]),
    )
    return st.recursive(leaves, _combined_plainly if plain else _combined, max_leaves=max_leaves)


def _combined_plainly(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    repeated = st.builds(lambda part, bounds: Repeat(part, *bounds), parts, st.sampled_from(BOUNDS))
    return st.one_of(several.map(Concat), several.map(Union), repeated)


def _combined(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return _combined_plainly(parts) | several.map(Intersection) | parts.map(Complement)


def terminals(*, recording: bool = False) -> st.SearchStrategy[Terminal]:
    """Mostly short ones that get into each other's way. `recording`: some have an effect on texts that must differ."""
    effects = ["record", "record", "open", "close", None] if recording else [None]
    return st.builds(
        Terminal,
        st.sampled_from("ABC"),
        st.one_of(
            st.text(ALPHABET, min_size=1, max_size=3).map(Literal),
            _characters(),
            _characters().map(lambda chars: Repeat(chars, 1, None)),
            expressions(max_leaves=4),
        ),
        st.sampled_from([0, 0, 0, 1, -1]),
        st.one_of(
            *[st.just(EMPTY)] * 4,
            st.text(ALPHABET, min_size=1, max_size=2).map(Literal),
            expressions(max_leaves=2),
        ),
        st.sampled_from(effects),
    )


@st.composite
def grammars(
    draw: st.DrawFn,
    *,
    special_tokens: bool = True,
    letters: bool = False,
    lexer: str = "any",
    recording: bool = False,
) -> Grammar:
    """With every kind of rule: recursion of every kind, empty rules, separators, bounds, permutations.

    Args:
        draw: given by hypothesis.
        special_tokens: whether some of them name special tokens.
        letters: whether each terminal is a letter, and nothing is ignored; then the lexer has nothing to decide.
        lexer: "contextual", "dynamic" or "any".
        recording: whether terminals record their texts, and open and close scopes.

    Some have an empty language; `Oracle(grammar).is_empty` tells.
    """
    one = (
        st.sampled_from(ALPHABET).map(lambda char: Terminal(char, Literal(char)))
        if letters
        else terminals(recording=recording)
    )
    pool: list[RuleExpression] = list(draw(st.lists(one, min_size=1, max_size=4)))
    if special_tokens and draw(st.integers(0, 4)) == 0:
        pool.append(SpecialToken(draw(st.sampled_from(["<special>", OTHER]))))
    names = RULES[: draw(st.integers(1, len(RULES)))]
    leaves = st.sampled_from([*pool, *pool, *(Reference(name) for name in names), Sequence(())])
    bodies = st.recursive(leaves, lambda parts: _bodies(parts, st.sampled_from(pool)), max_leaves=6)
    rules = {name: draw(bodies) for name in names}
    ignore = () if letters else tuple(draw(st.just([]) | st.lists(one, max_size=1)))
    lexer = draw(st.sampled_from(LEXERS)) if lexer == "any" else lexer
    return Grammar(rules, ignore=ignore, lexer=lexer)


def _bodies(
    parts: st.SearchStrategy[RuleExpression], leaves: st.SearchStrategy[RuleExpression]
) -> st.SearchStrategy[RuleExpression]:
    bounds = st.sampled_from(BOUNDS)
    several = st.lists(parts, min_size=1, max_size=3)
    # With a separator, and in a permutation, an item is never empty: it begins with a terminal.
    item = st.one_of(leaves, st.builds(lambda leaf, part: Sequence((leaf, part)), leaves, parts))
    rows = st.lists(
        st.one_of(item, st.builds(lambda part, limits: Repetition(part, *limits), item, bounds)), max_size=3
    )
    members = st.lists(
        st.one_of(
            item,
            st.builds(lambda p, m: Repetition(p, 0, m), item, st.sampled_from([1, None])),
        ),
        max_size=4,
    )
    separators = st.none() | leaves
    return st.one_of(
        several.map(lambda found: Sequence(tuple(found))),
        several.map(lambda found: Choice(tuple(found))),
        st.builds(lambda part, limits: Repetition(part, *limits), parts, bounds),
        st.builds(lambda found, separator: Sequence(tuple(found), separator), rows, leaves),
        st.builds(lambda found, separator: Permutation(tuple(found), separator), members, separators),
    )


@st.composite
def vocabularies(
    draw: st.DrawFn, *, singles: typing.Literal["most", "alphabet", "all"] = "most", max_tokens: int = 24
) -> Vocabulary:
    """Tokens that split characters, duplicates, holes, a wide head.

    Args:
        draw: given by hypothesis.
        singles: which bytes are tokens: most of those of the alphabet, all of those, or all there are.
        max_tokens: how many longer tokens there may be.
    """
    data = range(256) if singles == "all" else sorted(set(ALPHABET.encode()))
    tokens = [bytes([byte]) for byte in data]
    if singles == "most":
        missing = draw(st.sets(st.sampled_from(tokens), max_size=2))
        tokens = [token for token in tokens if token not in missing]
    longer = draw(st.lists(_tokens(), max_size=max_tokens))
    holes = [None] * draw(st.integers(0, 2))
    tail = (
        draw(st.permutations([*tokens, *longer, *holes])) if singles != "all" else [*longer, *holes, *tokens]
    )
    ends = {END} | ({len(tail) + 3} if draw(st.booleans()) else set())
    size = 3 + len(tail) + draw(st.sampled_from([0, 1, 5, 40]))
    return Vocabulary(
        [None, None, None, *tail],
        special_tokens={"<end>": END, "<special>": SPECIAL, "<other>": OTHER},
        eos_token_ids={end for end in ends if end < size},
        size=size,
    )


@st.composite
def _tokens(draw: st.DrawFn) -> bytes:
    text = draw(st.text(ALPHABET, min_size=1, max_size=5)).encode()
    start = draw(st.integers(0, min(3, len(text) - 1)))
    end = draw(st.integers(start + 1, len(text)))
    return text[start:end]
