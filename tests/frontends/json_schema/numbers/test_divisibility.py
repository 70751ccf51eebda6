"""Divisibility of integers by large steps."""

from __future__ import annotations

import pytest

import structgen


@pytest.mark.parametrize("step", [8193, 50_000, 99_999, 123_457, 777_777, 999_983, 999_998, 1_000_000])
@pytest.mark.parametrize("bounds", [{}, {"minimum": -5}, {"minimum": 7, "maximum": 10**9}])
def test_large_steps_of_integers(step: int, bounds: dict[str, int]) -> None:
    grammar = structgen.json_schema({"type": "integer", "multipleOf": step, **bounds}).by_bytes
    for factor in (1, 3, 7, 99):
        assert grammar.accepts(str(step * factor))
        assert not grammar.accepts(str(step * factor + 1))
        assert grammar.accepts(str(-step * factor)) is (not bounds)
