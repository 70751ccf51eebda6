"""What was read right in the published results of benchmarks/repair_suites.py is read right still."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import repair_suites as suites

ROOT = Path(__file__).parents[2]


def test_no_kind_is_read_worse_than_in_the_published_results() -> None:
    published = json.loads((ROOT / "benchmarks/results/repair_suites.json").read_text(encoding="utf-8"))[
        "suites"
    ]
    counted: dict[str, Counter[str]] = {}
    for case in suites.cases():
        if case.suite.startswith("kinds"):
            name = "structgen" if case.schema is None else "structgen, schema"
            found = suites.verdict(case, name, suites.structgen_tool)
            counted.setdefault(f"{case.suite} by {name}", Counter())[found] += 1
    assert len(counted) == 3
    for key, found in counted.items():
        suite, _, name = key.partition(" by ")
        before = published[suite]["tools"][name]
        assert found["right"] >= before["right"], key
        assert found["silent"] <= before["silent"], key
        assert found["crashed"] == 0, key
