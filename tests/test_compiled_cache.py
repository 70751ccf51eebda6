"""The memory of all compiled grammars has a ceiling; constraints compile again what was dropped."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import numpy as np
import pytest

import structgen
from structgen.compiled_cache import CompiledCache
from structgen.locks import Once
from structgen.matcher import CompiledGrammar


def schema(number: int) -> dict[str, object]:
    properties = {f"name{number}": {"type": "string"}, "n": {"enum": [number, "x"]}}
    return {"type": "object", "properties": properties}


@pytest.fixture
def restored() -> Iterator[None]:
    limit = structgen.cache_info().limit
    yield
    structgen.set_cache_bytes(limit)


class Kept:
    """Constraints and a cache of their own."""

    def __init__(self, limit: int) -> None:
        self.cache = CompiledCache(limit)
        self.vocabulary = structgen.Vocabulary([bytes([byte]) for byte in range(256)])
        self.owners: dict[int, Once[CompiledGrammar]] = {}

    def get(self, number: int) -> CompiledGrammar:
        constraint = structgen.json_schema(schema(number))
        owner = self.owners.setdefault(number, Once())
        return self.cache.get(
            owner, 0, lambda: CompiledGrammar(constraint.grammar, self.vocabulary, constraint.limits)
        )


def test_the_least_recently_used_are_dropped() -> None:
    kept = Kept(1 << 40)
    first = kept.get(0)
    size = kept.cache.info().bytes
    for number in range(1, 20):
        kept.get(number)
    assert kept.get(0) is first
    kept.cache.set_limit(size + 5 * 256 * 1024)
    info = kept.cache.info()
    assert info.evictions > 0
    assert info.grammars + info.evictions == 20
    assert info.bytes <= info.limit or info.grammars == 1
    assert kept.get(0) is first, "it was used last"
    assert kept.get(1).matcher().bitmask().any(), "it is compiled again"


def test_memory_stays_below_the_ceiling(restored: None) -> None:
    structgen.set_cache_bytes(64 * 1024 * 1024)
    vocabulary = structgen.Vocabulary([bytes([byte]) for byte in range(256)])
    constraints = []
    for number in range(400):
        constraint = structgen.json_schema(schema(number))
        constraint.compile(vocabulary).matcher().bitmask()
        constraints.append(constraint)
    info = structgen.cache_info()
    assert info.bytes <= info.limit
    assert info.misses >= 400


def test_a_matcher_keeps_its_grammar() -> None:
    kept = Kept(1 << 40)
    matcher = kept.get(0).matcher()
    before = np.array(matcher.bitmask())
    kept.cache.set_limit(1)
    for number in range(1, 5):
        kept.get(number)
    assert kept.cache.info().grammars == 1
    matcher.advance(ord("{"))
    matcher.rollback(1)
    assert (np.array(matcher.bitmask()) == before).all()


def test_constraints_that_are_gone_are_not_counted() -> None:
    kept = Kept(1 << 40)
    for number in range(5):
        kept.get(number)
    kept.owners.clear()
    gc.collect()
    assert kept.cache.info().grammars == 0
    assert kept.cache.info().bytes == 0
    assert kept.cache.info().misses == 5
