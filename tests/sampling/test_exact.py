"""Exact against the enumerated distribution of a model that is a table."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from sampling.enumerated import TableSampler, normalised, truth

import structgen
from structgen import Budget, Exact
from structgen.sampling import exact

CONSTRAINT = structgen.regex("a[abc]{0,3}c|b(ab)*")
LIMIT = 5


def drawn(count: int, **options: object) -> Counter[str]:
    return Counter(
        structgen.sample(
            TableSampler(3),
            "",
            CONSTRAINT,
            Exact(seed=seed, **options),
            max_new_tokens=LIMIT,  # type: ignore[arg-type]
        ).text
        for seed in range(count)
    )


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_the_law_is_the_models_own_by_chi_squared(temperature: float) -> None:
    true = normalised(truth(TableSampler(3).table, CONSTRAINT, LIMIT, temperature))
    count = 1500
    found = drawn(count, temperature=temperature)
    assert set(found) <= set(true)
    likely = [text for text, share in true.items() if share * count >= 5]
    rest = count - sum(found[text] for text in likely)
    expected = [true[text] * count for text in likely]
    statistic = sum((found[text] - one) ** 2 / one for text, one in zip(likely, expected, strict=True))
    left = count - sum(expected)
    if left > 5:
        statistic += (rest - left) ** 2 / left
    # The mean of chi-squared is the number of its degrees of freedom, its variance twice that.
    freedom = len(likely)
    assert freedom >= 5
    assert statistic < freedom + 5 * np.sqrt(2 * freedom)


def test_the_law_does_not_depend_on_how_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    before = drawn(60)
    monkeypatch.setattr(exact, "_KEPT_BYTES", 1)
    assert drawn(60) == before


def test_later_draws_know_what_failed() -> None:
    """A free answer is valid once in some hundred times; what was read once is not read again."""
    rare = structgen.regex("abcab")
    outcome = structgen.sample(TableSampler(5), "", rare, Exact(100_000), max_new_tokens=6)
    true = sum(truth(TableSampler(5).table, rare, 6).values())
    assert outcome.text == "abcab"
    assert outcome.draws is not None
    assert 1 < outcome.draws < 0.5 / true


def test_it_says_when_the_draws_are_used_up() -> None:
    rare = structgen.regex("abcab")
    with pytest.raises(structgen.NoValidOutput, match="2 free draws are used up"):
        structgen.sample(TableSampler(5), "", rare, Exact(2), max_new_tokens=6)
    with pytest.raises(structgen.NoValidOutput, match="budget"):
        structgen.sample(TableSampler(5), "", rare, Exact(2), max_new_tokens=6, budget=Budget(attempts=0))
    with pytest.raises(structgen.BudgetTooSmall):
        structgen.sample(TableSampler(5), "", rare, Exact(2), max_new_tokens=2)
