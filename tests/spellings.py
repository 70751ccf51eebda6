"""Texts in tokens: in bytes, in random pieces, in the longest ones, and as a real tokenizer spells them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

from traces import reading_vocabularies, spell

import structgen
from structgen.vocabulary import Vocabulary


@cache
def tokenizer() -> Any:
    """That of a real model, where it is installed; else None."""
    try:
        from structgen.generation.models import find_gguf, load_tokenizer
    except ImportError:
        return None
    return load_tokenizer("smollm2") if find_gguf() is not None else None


@cache
def vocabularies() -> tuple[Vocabulary, ...]:
    """Bytes, pieces of a text, and the tokens of a real model where it is installed."""
    real = [] if tokenizer() is None else [Vocabulary.from_tokenizer(tokenizer())]
    return (*reading_vocabularies(), *real)


@cache
def single_bytes(vocabulary: Vocabulary) -> frozenset[int]:
    """The bytes that are a token; SmolLM2 has none of byte 4, for instance."""
    return frozenset(token[0] for token in vocabulary.tokens if token and len(token) == 1)


def spellings(text: str, random: Random) -> Iterator[tuple[Vocabulary, list[int]]]:
    """A text in tokens: bytes, random pieces, the longest pieces, and as the tokenizer of a real model spells it."""
    data = text.encode()
    for vocabulary in vocabularies():
        if set(data) <= single_bytes(vocabulary):
            yield vocabulary, spell(vocabulary, data)
            yield vocabulary, spell(vocabulary, data, random)
    if tokenizer() is not None and set(data) <= single_bytes(vocabularies()[-1]):  # else it loses some
        yield vocabularies()[-1], tokenizer().encode(text, add_special_tokens=False)


def check_token_by_token(constraint: structgen.Constraint, text: str, random: Random) -> None:
    """Check that the masks let every token of a text through, in each spelling, and that it may end there."""
    for vocabulary, tokens in spellings(text, random):
        matcher = constraint.compile(vocabulary).matcher()
        for token in tokens:
            assert matcher.bitmask()[token // 32] >> (token % 32) & 1, (text, vocabulary[token])
            matcher.advance(token)
        assert matcher.can_stop, text
