"""A model whose distribution is a table, so that the probability of every text can be added up."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from structgen import Constraint, Vocabulary
from structgen.sampling.decoding import Floats

TOKENS = [b"a", b"b", b"c", b"ab", b"bc", b"abc", None]
"""The last one ends a text."""


def vocabulary() -> Vocabulary:
    return Vocabulary(TOKENS, eos_token_ids=[len(TOKENS) - 1])


class Table:
    """A decoder: after each text its own random distribution, which favours some tokens strongly."""

    def __init__(self, seed: int, sharpness: float = 1.5) -> None:
        self.vocabulary = vocabulary()
        self.seed = seed
        self.sharpness = sharpness
        self.passes = 0
        self._rows: list[tuple[int, ...]] = []

    def logprobs(self, tokens: Sequence[int]) -> Floats:
        source = random.Random(repr((self.seed, tuple(tokens))))
        scores = np.array([self.sharpness * source.gauss(0, 1) for _ in TOKENS])
        return scores - np.log(np.exp(scores).sum())  # type: ignore[no-any-return]

    def begin(self, tokens: Sequence[int]) -> Floats:
        self.passes += 1
        self._rows = [tuple(tokens)]
        return self.logprobs(tokens)

    def select(self, rows: Sequence[int]) -> None:
        self._rows = [self._rows[row] for row in rows]

    def step(self, tokens: Sequence[int]) -> Floats:
        self.passes += 1
        assert len(tokens) == len(self._rows)
        self._rows = [(*row, token) for row, token in zip(self._rows, tokens, strict=True)]
        return np.stack([self.logprobs(row) for row in self._rows])


class TableSampler:
    """A sampler that has nothing but a decoder."""

    def __init__(self, seed: int, sharpness: float = 1.5) -> None:
        self.table = Table(seed, sharpness)

    def decoder(self, prompt: Any) -> Table:
        return self.table

    def __call__(self, prompt: Any, request: Any) -> list[Any]:
        raise AssertionError("nobody should ask for whole texts")


def truth(table: Table, constraint: Constraint, limit: int, temperature: float = 1.0) -> dict[str, float]:
    """The probability of each valid text of at most `limit` tokens, over all its spellings; not normalised."""
    found: dict[str, float] = {}
    for tokens, logprob in _spellings(table, limit, temperature):
        text = b"".join(TOKENS[token] or b"" for token in tokens).decode()
        if constraint.is_valid(text):
            found[text] = found.get(text, 0.0) + np.exp(logprob)
    return found


def _spellings(
    table: Table, limit: int, temperature: float, before: tuple[int, ...] = (), logprob: float = 0.0
) -> Iterator[tuple[tuple[int, ...], float]]:
    scores = table.logprobs(before) / temperature
    scores = scores - np.log(np.exp(scores).sum())
    for token, score in enumerate(scores):
        if TOKENS[token] is None:
            yield (*before, token), logprob + score
        elif len(before) + 1 < limit:
            yield from _spellings(table, limit, temperature, (*before, token), logprob + score)


def normalised(weights: dict[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {text: weight / total for text, weight in weights.items()}


def total_variation(first: dict[str, float], second: dict[str, float]) -> float:
    return sum(abs(first.get(text, 0.0) - second.get(text, 0.0)) for text in {*first, *second}) / 2
