"""One ceiling for the memory of all compiled grammars of this process.

    structgen.set_cache_bytes(512 * 1024 * 1024)
    structgen.cache_info()    # CacheInfo(grammars=128, bytes=301233408, limit=536870912, ...)

A constraint keeps what it was compiled to. This cache knows all of them, in the order of their last use. When they take
more memory than the ceiling, constraints forget the ones that were used least recently, and compile them again when
they are next used. A matcher in use keeps its grammar: nothing breaks, and its memory goes with the last matcher.

Sizes change while masks are made, and measuring takes 10 microseconds. So a grammar is measured when it is made, and
in turns: each new grammar, and every 16th use of one, has others measured.
"""

from __future__ import annotations

import os
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from itertools import islice
from typing import Any
from weakref import ref

from structgen.locks import Once, ProcessLock
from structgen.matcher import CompiledGrammar
from structgen.options import Whole, check_option
from structgen.vocabulary.vocabulary import limit_stores

_LEAST = 64 * 1024 * 1024
_DEFAULT = 2 * 1024 * 1024 * 1024
_VARIABLE = "STRUCTGEN_CACHE_BYTES"
_CONFIGURATION = 100  # bytes, with its row id and transitions
_GRAMMAR = 256 * 1024  # bytes of the tables that each grammar begins with; measured by resident memory
_IN_TURN = 2
_EVERY = 16


@dataclass(frozen=True, slots=True)
class CacheInfo:
    """What the compiled grammars of this process take.

    Attributes:
        grammars: how many constraints keep.
        bytes: what these take, with the stores of their vocabularies, each counted once.
        limit: the ceiling.
        hits: uses of a grammar that was there.
        misses: grammars that were compiled.
        evictions: grammars that were dropped because of the ceiling.
    """

    grammars: int
    bytes: int
    limit: int
    hits: int
    misses: int
    evictions: int


@dataclass(slots=True)
class _Entry:
    """A grammar that a constraint keeps.

    Attributes:
        owner: the values of the constraint.
        key: of the grammar among these.
        grammar: the grammar.
        store: the id of its vocabulary's store.
        size: what it takes without the store, as it was measured last.
    """

    owner: ref[Once[CompiledGrammar]]
    key: Hashable
    grammar: ref[CompiledGrammar]
    store: int
    size: int = 0


class CompiledCache:
    """All compiled grammars that constraints keep, the least recently used first.

    Args:
        limit: bytes that they may take.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._gone: deque[int] = deque()  # written by callbacks of weak references, which may not lock
        self._turn: deque[int] = deque()
        self._own = 0
        self._stores: dict[int, int] = {}
        self._users: Counter[int] = Counter()
        self._hits = self._misses = self._evictions = 0
        self._lock = ProcessLock()

    def get(
        self, owner: Once[CompiledGrammar], key: Hashable, make: Callable[[], CompiledGrammar]
    ) -> CompiledGrammar:
        """The grammar that a constraint keeps for a key; `make` compiles it if there is none."""
        grammar = owner.get(key, make)
        with self._lock:
            self._use(owner, key, grammar)
        return grammar

    def set_limit(self, limit: int) -> None:
        """Change the ceiling."""
        with self._lock:
            self._limit = limit
            self._trim()

    def info(self) -> CacheInfo:
        """What there is, measured now."""
        with self._lock:
            self._forget_gone()
            for number in list(self._entries):
                self._measure(number)
            return CacheInfo(
                len(self._entries), self._bytes, self._limit, self._hits, self._misses, self._evictions
            )

    @property
    def _bytes(self) -> int:
        return self._own + sum(self._stores.values())

    def _use(self, owner: Once[CompiledGrammar], key: Hashable, grammar: CompiledGrammar) -> None:
        number = id(grammar)
        entry = self._entries.get(number)
        if entry is not None and entry.grammar() is grammar:
            self._entries.move_to_end(number)
            self._hits += 1
            if self._hits % _EVERY == 0:
                self._measure(number)
                self._trim()
            return
        self._forget_gone()
        self._misses += 1
        gone = self._gone
        self._entries[number] = _Entry(
            ref(owner), key, ref(grammar, lambda _: gone.append(number)), id(grammar.native.store)
        )
        self._users[id(grammar.native.store)] += 1
        self._turn.append(number)
        self._measure(number)
        for _ in range(min(_IN_TURN, len(self._turn))):
            other = self._turn.popleft()
            if other in self._entries:
                self._measure(other)
                self._turn.append(other)
        self._trim()

    def _measure(self, number: int) -> None:
        entry = self._entries[number]
        grammar = entry.grammar()
        if grammar is None:
            return
        stats = grammar.native.stats()
        size = (
            _GRAMMAR + stats["parser_bytes"] + stats["row_bytes"] + _CONFIGURATION * stats["configurations"]
        )
        self._own += size - entry.size
        entry.size = size
        self._stores[entry.store] = stats["store_bytes"]

    def _trim(self) -> None:
        """Drop the least recently used grammars until the rest fits; the last one stays."""
        self._forget_gone()
        while self._bytes > self._limit and len(self._entries) > 1:
            number, entry = next(islice(self._entries.items(), 1))
            owner = entry.owner()
            if owner is not None:
                owner.discard(entry.key)
            self._remove(number)
            self._evictions += 1

    def _forget_gone(self) -> None:
        while self._gone:
            number = self._gone.popleft()
            entry = self._entries.get(number)
            if entry is not None and entry.grammar() is None:
                self._remove(number)

    def _remove(self, number: int) -> None:
        entry = self._entries.pop(number)
        self._own -= entry.size
        self._users[entry.store] -= 1
        if not self._users[entry.store]:
            del self._users[entry.store]
            self._stores.pop(entry.store, None)


def _initial_limit() -> int:
    given: Any = os.environ.get(_VARIABLE)
    if given is None:
        return _DEFAULT
    check_option(_VARIABLE, int(given) if given.isdecimal() else given, (Whole(_LEAST),))
    return int(given)


COMPILED = CompiledCache(_initial_limit())


def cache_info() -> CacheInfo:
    """What the compiled grammars of this process take, and how often they were used."""
    return COMPILED.info()


def set_cache_bytes(limit: int) -> None:
    """Change the memory that compiled grammars may take in this process.

    Args:
        limit: bytes, 64 MiB at least; 2 GiB at first, or what the environment variable `STRUCTGEN_CACHE_BYTES` says.

    Raises:
        InvalidOptionError: It is less.
    """
    check_option("limit", limit, (Whole(_LEAST),))
    limit_stores(limit // 4)
    COMPILED.set_limit(limit)


limit_stores(_initial_limit() // 4)
