"""SMC against the enumerated distribution of a model that is a table."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from sampling.enumerated import TableSampler, normalised, total_variation, truth

import structgen
from structgen import SMC

CONSTRAINT = structgen.regex("a[abc]{0,3}c|b(ab)*")
LIMIT = 5


def shares(particles: int, seeds: range, **options: object) -> dict[str, float]:
    """The mean weight of each text over runs."""
    found: Counter[str] = Counter()
    for seed in seeds:
        strategy = SMC(particles, seed=seed, **options)  # type: ignore[arg-type]
        outcome = structgen.sample(TableSampler(3), "", CONSTRAINT, strategy, max_new_tokens=LIMIT)
        assert sum(outcome.shares.values()) == pytest.approx(1)
        found.update(outcome.shares)
    return normalised(dict(found))


@pytest.mark.parametrize("resample_below", [0.0, 0.5, 1.0])
def test_it_converges_to_the_models_own_distribution_and_the_mask_does_not(resample_below: float) -> None:
    true = normalised(truth(TableSampler(3).table, CONSTRAINT, LIMIT))
    masked = shares(1, range(300))  # with one particle a weight changes nothing
    weighed = shares(3000, range(1), resample_below=resample_below)
    assert total_variation(masked, true) > 0.2
    assert total_variation(weighed, true) < 0.1


def test_other_temperatures_are_those_of_the_model() -> None:
    true = normalised(truth(TableSampler(3).table, CONSTRAINT, LIMIT, temperature=0.5))
    assert total_variation(shares(3000, range(1), temperature=0.5), true) < 0.1


def test_the_mean_weight_estimates_how_often_a_free_answer_is_valid() -> None:
    true = sum(truth(TableSampler(3).table, CONSTRAINT, LIMIT).values())
    found = [
        structgen.sample(TableSampler(3), "", CONSTRAINT, SMC(16, seed=seed), max_new_tokens=LIMIT).validity
        for seed in range(150)
    ]
    estimates = np.array(found, float)
    error = estimates.std() / np.sqrt(len(estimates))
    assert abs(estimates.mean() - true) < 4 * error + 1e-9
    assert error < 0.1 * true


def test_the_text_is_drawn_by_weight_and_the_likeliest_is_the_heaviest() -> None:
    true = normalised(truth(TableSampler(3).table, CONSTRAINT, LIMIT))
    drawn = Counter(
        structgen.sample(TableSampler(3), "", CONSTRAINT, SMC(32, seed=seed), max_new_tokens=LIMIT).text
        for seed in range(400)
    )
    assert total_variation(normalised(dict(drawn)), true) < 0.12
    outcome = structgen.sample(
        TableSampler(3), "", CONSTRAINT, SMC(256, take="likeliest"), max_new_tokens=LIMIT
    )
    assert outcome.text == max(true, key=true.__getitem__)
    assert outcome.text == next(iter(outcome.shares))


def test_validators_and_potentials_are_factors_of_the_weight() -> None:
    def no_b(value: str) -> None:
        assert "b" not in value

    weights = truth(TableSampler(3).table, CONSTRAINT, LIMIT)
    expected = normalised({text: one for text, one in weights.items() if "b" not in text})
    outcome = structgen.sample(
        TableSampler(3), "", CONSTRAINT, SMC(3000), max_new_tokens=LIMIT, validators=[no_b]
    )
    assert total_variation(dict(outcome.shares), expected) < 0.1
    by_potential = SMC(3000, potential=lambda text, is_complete: -np.inf if "b" in text else 0.0)
    outcome = structgen.sample(TableSampler(3), "", CONSTRAINT, by_potential, max_new_tokens=LIMIT)
    assert total_variation(dict(outcome.shares), expected) < 0.1
    longer = SMC(3000, potential=lambda text, is_complete: 0.7 * len(text))
    outcome = structgen.sample(TableSampler(3), "", CONSTRAINT, longer, max_new_tokens=LIMIT)
    expected = normalised({text: one * np.exp(0.7 * len(text)) for text, one in weights.items()})
    assert total_variation(dict(outcome.shares), expected) < 0.1


def test_what_it_refuses() -> None:
    with pytest.raises(ValueError, match="temperature"):
        SMC(4, temperature=0)
    with pytest.raises(ValueError, match="take"):
        SMC(4, take="best")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"decoder\(\): SMC needs"):
        structgen.sample(lambda prompt, request: [], "", CONSTRAINT, SMC(4))
    with pytest.raises(structgen.NoValidOutput):  # every text is refused
        structgen.sample(
            TableSampler(3),
            "",
            CONSTRAINT,
            SMC(4, potential=lambda text, is_complete: -np.inf),
            max_new_tokens=LIMIT,
        )
