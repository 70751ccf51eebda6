"""Masks equal the oracle's, bit by bit, whatever was asked before, in whatever order and process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import laws
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle import Oracle
from strategies import grammars, vocabularies

from structgen.errors import EmptyLanguageError
from structgen.grammar.rules import Grammar
from structgen.limits import Limits
from structgen.matcher import CompiledGrammar, compile_grammar
from structgen.vocabulary import Vocabulary

RANDOMS = st.randoms(use_true_random=False)


def compiled(grammar: Grammar, vocabulary: Vocabulary, limits: Limits | None = None) -> CompiledGrammar:
    """Like `compile_grammar`; a grammar of nothing is not worth a test here."""
    assume(not Oracle(grammar).is_empty)
    return compile_grammar(grammar, vocabulary, limits=limits)


@given(grammars(), vocabularies(), RANDOMS)
def test_mask_equals_oracle(grammar: Grammar, vocabulary: Vocabulary, random: Random) -> None:
    """Along a random walk each mask is, bit by bit, the set of tokens that the oracle would let through."""
    oracle = Oracle(grammar)
    for matcher, position in laws.walk(compiled(grammar, vocabulary), oracle, random):
        laws.mask_equals_oracle(matcher, oracle, position)


@given(grammars(), vocabularies())
def test_a_grammar_of_nothing_is_refused(grammar: Grammar, vocabulary: Vocabulary) -> None:
    """And no other is."""
    if Oracle(grammar).is_empty:
        with pytest.raises(EmptyLanguageError):
            compile_grammar(grammar, vocabulary)
    else:
        compile_grammar(grammar, vocabulary)


@given(grammars(), vocabularies(), RANDOMS)
def test_advance_agrees_with_mask(grammar: Grammar, vocabulary: Vocabulary, random: Random) -> None:
    for matcher, _ in laws.walk(compiled(grammar, vocabulary), Oracle(grammar), random, steps=6):
        laws.advance_agrees_with_mask(matcher)


@given(grammars(), vocabularies(), RANDOMS)
def test_masks_do_not_depend_on_what_was_asked_before(
    grammar: Grammar, vocabulary: Vocabulary, random: Random
) -> None:
    """Cold equals warm equals a mask that is asked for without those before it."""
    tokens = laws.random_tokens(vocabulary, Oracle(grammar), random)
    first = compiled(grammar, vocabulary)
    cold = laws.masks_along(first, tokens)
    assert laws.masks_along(first, tokens) == cold
    second = compile_grammar(grammar, vocabulary)
    matcher = second.matcher()
    for token in tokens:
        matcher.advance(token)
    backwards = []
    for _ in tokens:
        backwards.append(laws.allowed(matcher))
        matcher.rollback(1)
    assert backwards[::-1] == cold[1:]


@given(grammars(), vocabularies(singles="alphabet"), RANDOMS)
def test_the_same_text_by_other_tokens_has_the_same_future(
    grammar: Grammar, vocabulary: Vocabulary, random: Random
) -> None:
    found = compiled(grammar, vocabulary)
    tokens = laws.random_tokens(vocabulary, Oracle(grammar), random, steps=6)
    singles = {token: number for number, token in enumerate(vocabulary.tokens) if token and len(token) == 1}
    spelt = [
        part
        for token in tokens
        for part in ([singles[bytes([byte])] for byte in vocabulary[token]] or [token])
    ]
    assert laws.masks_along(found, tokens)[-1] == laws.masks_along(found, spelt)[-1]


@given(grammars(), vocabularies(), RANDOMS)
def test_forgotten_rows_change_nothing(grammar: Grammar, vocabulary: Vocabulary, random: Random) -> None:
    """With room for hardly a row, all of them are made again and again."""
    oracle = Oracle(grammar)
    narrow = compiled(grammar, vocabulary, Limits(row_bytes=64))
    for matcher, position in laws.walk(narrow, oracle, random):
        laws.mask_equals_oracle(matcher, oracle, position)
        laws.mask_equals_oracle(matcher, oracle, position)


_PROGRAM = """
import hashlib, sys
sys.path.insert(0, {folder!r})
import laws
from test_threads import fresh_vocabulary, sample_grammar
from random import Random
from oracle import Oracle
from structgen.matcher import compile_grammar
for seed in range(4):
    grammar, vocabulary = sample_grammar(seed), fresh_vocabulary()
    tokens = laws.random_tokens(vocabulary, Oracle(grammar), Random(seed), steps=20)
    masks = laws.masks_along(compile_grammar(grammar, vocabulary), tokens)
    print(tokens, [sorted(mask) for mask in masks])
"""


def test_another_process_makes_the_same_masks() -> None:
    """Nothing depends on addresses or on the order of hashes."""
    here = Path(__file__).parent
    answers = set()
    for seed in ("0", "1", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        program = _PROGRAM.format(folder=str(here))
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        answers.add(done.stdout)
    assert len(answers) == 1
