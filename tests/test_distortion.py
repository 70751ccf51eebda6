"""benchmarks/distortion.py: its laws, judged by a model that is a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rich", reason="rich is not installed")

import distortion
from evidence import tables
from sampling.enumerated import Table, normalised, total_variation, truth

import structgen
from structgen.sampling.decoding import Masks

CONSTRAINT = structgen.choice(["abc", "ab", "cab", "bb"])


class Whole(Table):
    """A table that is read after whole texts."""

    def after_each(self, texts: Sequence[Sequence[int]]) -> Any:
        return np.stack([self.logprobs(tuple(text)) for text in texts])


def test_the_truth_and_the_mask_are_enumerated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distortion, "SMALLEST", 1e-12)
    table = Whole(4)
    reading = distortion.Remembering(table)
    found, masked = distortion.laws(reading, Masks(CONSTRAINT, table.vocabulary, 6))
    true = normalised(truth(table, CONSTRAINT, 6))
    assert total_variation(found, true) < 1e-9
    assert sum(masked.values()) == pytest.approx(1)
    assert distortion.total_variation(masked, true) > 0.01


def test_strategies_come_nearer_than_the_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distortion, "LIMIT", 6)
    table = Whole(4)
    reading = distortion.Remembering(table)
    true, masked = distortion.laws(reading, Masks(CONSTRAINT, table.vocabulary, 6))
    found = distortion.measure_arms(reading, CONSTRAINT, 300)
    assert list(found) == ["SMC(4)", "SMC(16)", "SMC(64)", "Exact"]
    for arm in ("SMC(64)", "Exact"):
        law, rows, _ = found[arm]
        assert distortion.total_variation(law, true) < distortion.total_variation(masked, true) / 2, arm
        assert rows > 1
    assert found["SMC(64)"][1] > found["SMC(4)"][1]


def test_distances_and_their_floor() -> None:
    even, one = {"a": 0.5, "b": 0.5}, {"a": 1.0}
    assert distortion.total_variation(even, one) == 0.5
    assert distortion.divergence(even, even, 0) == pytest.approx(0)
    assert distortion.divergence(one, even, 10) == pytest.approx(0.5 * np.log(0.5) + 0.5 * np.log(0.5 / 0.05))
    random = np.random.default_rng(0)
    assert distortion.floor(even, 10, random) > 3 * distortion.floor(even, 1000, random)


def test_the_table_has_a_line_for_each_arm() -> None:
    arm = {"law": {"a": 1.0}, "tv": 0.25, "kl": 0.5, "floor": 0.0, "rows": 3.0}
    results = [{"question": "?", "truth": {"a": 1.0}, "arms": {"mask": arm, "Exact": arm}}] * 3
    report = {
        "results": results,
        "summary": distortion.summary(results),
        "seed": 1,
        "machine": {"processor": "p", "python": "3", "date": "d", "versions": {}},
    }
    text = tables.distortion(report)
    assert text.count("0.250 (0.250 to 0.250)") == 2
    assert "3 of 3" in text
