"""Backtrack: leaves beginnings that the model can't continue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from sampling.enumerated import TOKENS, Table, TableSampler

import structgen
from structgen import Backtrack
from structgen.sampling.decoding import Floats


class Trap(Table):
    """`a` is a little likelier than `b` at first; after `a` the model wants `c`, which may not follow."""

    def logprobs(self, tokens: Sequence[int]) -> Floats:
        wanted = {(): {0: 0.5, 1: 0.4}, (0,): {2: 0.98}, (1,): {0: 0.9}, (1, 0): {6: 0.95}}.get(
            tuple(tokens), {}
        )
        rest = (1 - sum(wanted.values())) / (len(TOKENS) - len(wanted))
        return np.log(np.array([wanted.get(token, rest) for token in range(len(TOKENS))]))  # type: ignore[no-any-return]


class TrapSampler(TableSampler):
    def __init__(self) -> None:
        self.table = Trap(0)


CONSTRAINT = structgen.choice(["aa", "ba"])


def test_it_leaves_a_beginning_that_cannot_be_continued_likely() -> None:
    assert structgen.sample(TrapSampler(), "", CONSTRAINT, Backtrack(mass=1.0)).text == "aa"
    outcome = structgen.sample(TrapSampler(), "", CONSTRAINT, Backtrack(mass=0.9))
    assert (outcome.text, outcome.draws) == ("ba", 2)
    assert outcome.chosen is not None
    assert outcome.chosen.candidate.logprob == pytest.approx(np.log(0.4 * 0.9 * 0.95))


def test_without_returns_left_it_takes_the_beginning_that_lost_least() -> None:
    only = structgen.choice(["aa"])
    outcome = structgen.sample(TrapSampler(), "", only, Backtrack(mass=0.5, max_returns=3))
    assert outcome.text == "aa"


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("mass", [0.0, 0.4, 0.8, 1.0])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_the_text_is_always_valid(seed: int, mass: float, temperature: float) -> None:
    constraint = structgen.regex("a[abc]{0,3}c|b(ab)*")
    strategy = Backtrack(mass=mass, temperature=temperature, seed=seed, max_returns=seed)
    outcome = structgen.sample(TableSampler(seed), "", constraint, strategy, max_new_tokens=6)
    assert constraint.is_valid(outcome.text)
    assert outcome.draws is not None
    assert outcome.draws <= seed + 1
