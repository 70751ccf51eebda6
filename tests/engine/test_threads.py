"""One compiled grammar, and one vocabulary, used from many threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from random import Random

import laws
from oracle import Oracle

from structgen.grammar.expressions import ANY_CHAR, Literal, Repeat, charset, intersection, repeat
from structgen.grammar.rules import Choice, Grammar, Permutation, Reference, Repetition, Sequence, Terminal
from structgen.matcher import compile_grammar
from structgen.vocabulary import Vocabulary

THREADS = 6


def sample_grammar(seed: int) -> Grammar:
    word = Terminal("WORD", Repeat(charset("ab"), 1, 3 + seed % 4))
    text = Terminal("TEXT", intersection(Repeat(ANY_CHAR, 1, 20), repeat(charset("aé😀"), 1)))
    comma, opening, closing = (Terminal(char, Literal(char)) for char in ",()")
    nested = Sequence((opening, Sequence((Repetition(Reference("start"), 0, 3 + seed),), comma), closing))
    both = Sequence(
        (opening, Permutation((word, Repetition(text, 0, 1), Repetition(comma, 0, None))), closing)
    )
    ignore = (Terminal("WS", repeat(charset(" "), 1)),)
    return Grammar({"start": Choice((nested, both, word, text))}, ignore=ignore)


def fresh_vocabulary() -> Vocabulary:
    random = Random(1)
    texts = ["".join(random.choices("ab,() é😀", k=random.randint(1, 4))).encode() for _ in range(150)]
    pieces = {text[: random.randint(1, len(text))] for text in texts}
    singles = {bytes([byte]) for byte in "ab,() é😀".encode()}
    return Vocabulary([None, *sorted(pieces | singles)], eos_token_ids=[0])


def in_threads(work: Callable[[int], None]) -> None:
    """Run `work(number)` in several threads that begin together; the first error is raised."""
    barrier, errors = threading.Barrier(THREADS), []

    def run(number: int) -> None:
        barrier.wait()
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def expected_masks(grammar: Grammar, vocabulary: Vocabulary) -> list[tuple[list[int], list[set[int]]]]:
    walks = [laws.random_tokens(vocabulary, Oracle(grammar), Random(seed), steps=12) for seed in range(12)]
    alone = compile_grammar(grammar, fresh_vocabulary())
    return [(tokens, laws.masks_along(alone, tokens)) for tokens in walks]


def test_a_compiled_grammar_gives_all_threads_the_same_masks() -> None:
    for seed in range(6):
        grammar, vocabulary = sample_grammar(seed), fresh_vocabulary()
        expected, shared = expected_masks(grammar, vocabulary), compile_grammar(grammar, vocabulary)

        def work(number: int, expected=expected, shared=shared) -> None:  # type: ignore[no-untyped-def]
            for tokens, masks in Random(number).sample(expected, len(expected)):
                assert laws.masks_along(shared, tokens) == masks

        in_threads(work)


def test_a_vocabulary_may_be_compiled_for_in_many_threads() -> None:
    """The grammars share the vocabulary's expressions and walks while these are being made."""
    vocabulary = fresh_vocabulary()
    expected = [expected_masks(sample_grammar(seed), vocabulary) for seed in range(4)]

    def work(number: int) -> None:
        for seed in Random(number).sample(range(4), 4):
            found = compile_grammar(sample_grammar(seed), vocabulary)
            for tokens, masks in expected[seed]:
                assert laws.masks_along(found, tokens) == masks

    in_threads(work)


def test_completions_and_forced_tokens_are_the_same_in_all_threads() -> None:
    grammar, vocabulary = sample_grammar(0), fresh_vocabulary()
    walks = [tokens for tokens, _ in expected_masks(grammar, vocabulary)]

    def facts(found, tokens):  # type: ignore[no-untyped-def]
        matcher, seen = found.matcher(), []
        for token in tokens:
            matcher.advance(token)
            seen.append((matcher.shortest_completion().text, matcher.forced_tokens(), matcher.can_stop))
        return seen

    alone = compile_grammar(grammar, fresh_vocabulary())
    expected = [facts(alone, tokens) for tokens in walks]
    shared = compile_grammar(grammar, vocabulary)
    in_threads(lambda number: [facts(shared, tokens) for tokens in walks] == expected or _fail())


def _fail() -> None:
    raise AssertionError("a thread saw something else")
