"""Single facts about the engine: limits, sharing, counters, special tokens, threads, arrays."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from structgen.errors import DeadEnd, EmptyLanguageError, InvalidGrammarError, LimitExceeded, TokenRejected
from structgen.grammar.expressions import (
    ANY_CHAR,
    EMPTY,
    Complement,
    Literal,
    Repeat,
    charset,
    concat,
    intersection,
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
from structgen.limits import Limits
from structgen.matcher import CompiledGrammar, compile_grammar
from structgen.vocabulary import Vocabulary

A, B, C = (Terminal(name, Literal(name)) for name in "abc")
COMMA = Terminal("comma", Literal(","))
LETTERS = Terminal("letters", repeat(charset((0x61, 0x7A)), 1, None))
IF = Terminal("if", Literal("if"), priority=1)
BLANK = Terminal("ws", Literal(" "))


def text_of(
    *rules: RuleExpression, ignore: tuple[Terminal, ...] = (), **others: RuleExpression
) -> CompiledGrammar:
    start = rules[0] if len(rules) == 1 else Sequence(rules)
    return compile_grammar(Grammar({"start": start, **others}, ignore=ignore), Vocabulary.of_bytes())


@pytest.mark.parametrize(
    ("make", "accepted", "rejected"),
    [
        pytest.param(
            lambda: text_of(Choice((Sequence((Reference("start"), A)), A))), ["a", "aaaa"], ["", "b", "aab"],
            id="left recursion",
        ),
        pytest.param(
            lambda: text_of(Choice((Sequence((A, Reference("start"), B)), Sequence(())))), ["", "ab", "aaabbb"],
            ["a", "aab", "abb", "ba"], id="nesting",
        ),
        pytest.param(
            lambda: text_of(Choice((Sequence((Repetition(B, 0, 1), Reference("start"), C)), A))),
            ["a", "ac", "bac", "bacc", "bbacc"], ["ba", "bbac", "c"], id="hidden left recursion",
        ),
        pytest.param(
            lambda: text_of(Sequence((A, Repetition(B, 0, 1), Repetition(C, 0, 2)), COMMA)),
            ["a", "a,b", "a,c", "a,b,c,c"], ["", "a,", "b", "ab", "a,c,b", "a,b,c,c,c"],
            id="a separator stands between what is present",
        ),
        pytest.param(
            lambda: text_of(Permutation((A, Repetition(B, 0, 1), Repetition(C, 0, None)), COMMA)),
            ["a", "a,b", "b,a", "c,a,c,b,c"], ["", "b", "a,a", "a,b,b", "c"], id="a permutation",
        ),
        pytest.param(
            lambda: text_of(Repetition(Sequence((A, Repetition(B, 1, 2))), 2, 3)),
            ["abab", "abbabab"], ["ab", "abbb", "abababab"], id="counters in counters",
        ),
        pytest.param(
            lambda: text_of(Choice((Sequence((IF, A)), Sequence((LETTERS, B)))), ignore=(BLANK,)),
            ["if a", " ifx b", "iff b"], ["if b", "x a", "ifa"], id="the keyword has priority, the longest match first",
        ),
        pytest.param(
            lambda: text_of(Terminal("any but", intersection(Repeat(ANY_CHAR, 1, None), Complement(Literal("no"))))),
            ["yes", "n", "non", "é"], ["", "no"], id="a complement",
        ),
    ],
)  # fmt: skip
def test_languages(make: Callable[[], CompiledGrammar], accepted: list[str], rejected: list[str]) -> None:
    found = make()
    assert [text for text in accepted if not found.accepts(text)] == []
    assert [text for text in rejected if found.accepts(text)] == []


def test_large_bounds_make_no_more_than_small_ones() -> None:
    """As many walks, rows and expressions for 100,000 as for 1,000 (the masks near the end excepted)."""

    def work(most: int) -> dict[str, int]:
        vocabulary = Vocabulary([*(bytes([b]) for b in range(256)), b"abc", b'a"', b'",', b"aaaaaaaa"])
        body = Repeat(union(charset((0x20, 0x21), (0x23, 0x7E))), 0, most)
        string = Terminal("string", concat(Literal('"'), body, Literal('"')))
        found = compile_grammar(
            Grammar({"start": Sequence((Repetition(string, 0, most),), COMMA)}), vocabulary
        )
        matcher = found.matcher()
        for token in b'"abcabcabcabcabc","aaaaaaaaaaaaaaaaaa","bbb"':
            matcher.bitmask()
            matcher.advance(token)
        return found.stats()

    small, large = work(1000), work(100_000)
    assert {k: small[k] for k in ("walks", "rows", "trie_nodes_walked", "expressions")} == {
        k: large[k] for k in ("walks", "rows", "trie_nodes_walked", "expressions")
    }


def test_a_run_of_blanks_makes_no_states_on_its_way() -> None:
    """Tokens that come near a bound are found without the states between, for each of the keywords that compete."""

    def work(most: int) -> int:
        vocabulary = Vocabulary([*(bytes([b]) for b in range(256)), *(b" " * n for n in range(2, 96))])
        blanks = Repeat(charset(" \n"), 1, most)
        words = [Terminal(f"w{i}", concat(blanks, Literal(f"word{i}"))) for i in range(20)]
        found = compile_grammar(Grammar({"start": Choice(tuple(words))}), vocabulary)
        before = found.stats()["expressions"]
        found.matcher().bitmask()
        return found.stats()["expressions"] - before

    assert work(100) < work(1_000_000) + 400  # 2,000 more if each of 100 blanks made a state


def test_a_second_grammar_finds_the_walks_of_the_first() -> None:
    vocabulary = Vocabulary([bytes([b]) for b in range(256)])
    string = Terminal("string", concat(Literal('"'), Repeat(charset((0x61, 0x7A)), 0, None), Literal('"')))

    def walked(grammar: Grammar) -> int:
        found = compile_grammar(grammar, vocabulary)
        matcher = found.matcher()
        before = found.stats()["trie_nodes_walked"]
        matcher.advance(ord('"'))
        matcher.bitmask()
        return found.stats()["trie_nodes_walked"] - before

    assert walked(Grammar({"start": string})) > 0
    assert walked(Grammar({"start": Sequence((string, A))})) == 0


def test_a_limit_is_named_and_the_vocabulary_lives_on() -> None:
    vocabulary = Vocabulary([bytes([b]) for b in range(256)])
    x = Repeat(charset("ab"), 0, 400)
    hostile = Terminal("hostile", concat(x, Literal("a"), x, Literal("a"), x, Literal("b")))
    found = compile_grammar(Grammar({"start": hostile}), vocabulary, limits=Limits(expressions=300))
    matcher = found.matcher()

    def read(text: bytes) -> None:
        for token in text:
            matcher.advance(token)

    with pytest.raises(LimitExceeded) as caught:
        read(b"abababababab" * 40)
    assert caught.value.limit == "expressions"
    with pytest.raises(LimitExceeded):
        matcher.bitmask()
    assert compile_grammar(Grammar({"start": A}), vocabulary).accepts("a")


def test_nothing_can_match() -> None:
    with pytest.raises(EmptyLanguageError):
        text_of(Sequence((A, Reference("start"))))
    with pytest.raises(EmptyLanguageError):
        text_of(Terminal("nothing", EMPTY))
    with pytest.raises(EmptyLanguageError):
        text_of(Terminal("nothing", intersection(Repeat(charset("a"), 0, 3), Repeat(charset("a"), 5, None))))


@pytest.mark.parametrize(
    "rules",
    [
        {"start": Reference("missing")},
        {"other": A},
        {"start": Repetition(A, 3, 2)},
        {"start": Permutation((Repetition(A, 2, 3),))},
        {"start": SpecialToken("<missing>")},
        {"start": Repetition(A, 0, 2**40)},
    ],
)
def test_what_is_not_well_formed_is_refused(rules: dict[str, RuleExpression]) -> None:
    with pytest.raises(InvalidGrammarError):
        compile_grammar(Grammar(rules), Vocabulary.of_bytes())


def test_hostile_nesting_is_an_error() -> None:
    body: RuleExpression = A
    for _ in range(100_000):
        body = Sequence((body, B))
    with pytest.raises(InvalidGrammarError):
        compile_grammar(Grammar({"start": body}), Vocabulary.of_bytes())


def test_special_tokens_come_only_where_they_are_named() -> None:
    vocabulary = Vocabulary(
        [b"a", b"b", None, None], special_tokens={"<tool>": 2, "<end>": 3}, eos_token_ids=[3]
    )
    matcher = compile_grammar(
        Grammar({"start": Sequence((A, SpecialToken("<tool>"), B))}), vocabulary
    ).matcher()
    seen = []
    for token in (0, 2, 1, 3):
        seen.append(matcher.bitmask().tolist())
        matcher.advance(token)
    assert seen == [[1], [4], [2], [8]]
    with pytest.raises(InvalidGrammarError, match="ends the text"):
        compile_grammar(Grammar({"start": SpecialToken("<end>")}), vocabulary)


def test_a_vocabulary_that_cannot_spell_it_is_a_dead_end() -> None:
    matcher = compile_grammar(Grammar({"start": Sequence((A, B))}), Vocabulary([b"a"])).matcher()
    matcher.advance(0)
    with pytest.raises(DeadEnd, match="b"):
        matcher.bitmask()
    with pytest.raises(DeadEnd):
        matcher.shortest_completion()


def test_a_rejected_token_says_what_was_expected() -> None:
    matcher = text_of(A, B).matcher()
    with pytest.raises(TokenRejected) as caught:
        matcher.advance(ord("x"))
    assert caught.value.token_id == ord("x")
    assert caught.value.expected == ("a",)
    for token in (-1, 256, 2**31, 2**40):
        with pytest.raises(TokenRejected):
            matcher.advance(token)
    matcher.advance(ord("a"))


def test_arrays_are_checked() -> None:
    matcher = text_of(A).matcher()
    array = np.full((2, 9), -1, dtype=np.int32)
    matcher.bind(array, 1)
    matcher.fill()
    assert array[1].view(np.uint32).tolist() == [0, 0, 0, 2, 0, 0, 0, 0, 0]
    assert (array[0] == -1).all()
    assert np.array_equal(matcher.bitmask(), array[1, :8])
    with pytest.raises(ValueError, match="read-only"):
        matcher.bitmask()[0] = 1
    for wrong, row in ((np.zeros((1, 7), dtype=np.int32), 0), (np.zeros((8, 2), dtype=np.int32).T, 0)):
        with pytest.raises(ValueError, match="row"):
            matcher.bind(wrong, row)
    for row in (-1, 2):
        with pytest.raises(IndexError):
            matcher.bind(array, row)
    with pytest.raises(ValueError, match="roll back"):
        matcher.rollback(1)
    with pytest.raises(ValueError, match="bind"):
        text_of(A).matcher().fill()


def test_threads_share_a_compiled_grammar() -> None:
    vocabulary = Vocabulary([bytes([b]) for b in range(256)])
    value = Choice((LETTERS, Sequence((A, Sequence((Repetition(Reference("value"), 0, None),), COMMA), B))))
    grammar = Grammar({"start": Reference("value"), "value": value}, ignore=(Terminal("ws", Literal(" ")),))
    text = b"a abc , a xyz , qq b , w b"

    def masks(found: CompiledGrammar) -> list[list[int]]:
        matcher, seen = found.matcher(), []
        for token in text:
            seen.append(matcher.bitmask().tolist())
            if not matcher.try_advance(token):
                break
        return seen

    expected = masks(compile_grammar(grammar, Vocabulary(vocabulary.tokens)))
    shared = compile_grammar(grammar, vocabulary)
    results: list[list[list[int]]] = []
    threads = [
        threading.Thread(target=lambda: results.extend(masks(shared) for _ in range(20))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 80
    assert all(result == expected for result in results)


def test_masks_are_forgotten_within_their_limit() -> None:
    found = compile_grammar(Grammar({"start": LETTERS}), Vocabulary.of_bytes(), limits=Limits(row_bytes=1))
    matcher = found.matcher()
    first = matcher.bitmask()
    kept = first.tolist()
    for token in b"abcabc":
        matcher.advance(token)
        matcher.bitmask()
    assert first.tolist() == kept
