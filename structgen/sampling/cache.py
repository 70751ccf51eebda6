"""Cached: a sampler that remembers its answers, in a file of SQLite. What is kept is JSON, never pickled objects."""

from __future__ import annotations

import hashlib
import inspect
import json
import sqlite3
from collections.abc import Awaitable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from structgen.sampling.candidates import Candidate, Prompt, SampleRequest


class Cached:
    """Another sampler, and a file with what it has answered.

    Args:
        sampler: the other one, plain or async.
        path: of the file; made if it is not there. May be shared by threads and processes.
        model: a name for all that the answers depend on beside prompt and request: model, weights, its options.

    The key is a hash of model, prompt, constraint (its grammar), n, temperature, seed, limit and prefix. What is not
    settled by these is not kept: requests without a seed at a temperature, races, and answers that a deadline cut.
    """

    def __init__(self, sampler: Any, path: str | Path, *, model: str) -> None:
        self.sampler = sampler
        self.path = Path(path)
        self.model = model
        self.batched = bool(getattr(sampler, "batched", False))
        self.continues = bool(getattr(sampler, "continues", False))
        with closing(self._open()) as file, file:
            file.execute(
                "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, candidates TEXT NOT NULL)"
            )

    def __call__(
        self, prompt: Prompt, request: SampleRequest
    ) -> list[Candidate] | Awaitable[list[Candidate]]:
        """What the file has, or what the other sampler gives."""
        if request.enough is not None or (request.seed is None and request.temperature > 0):
            return self.sampler(prompt, request)  # type: ignore[no-any-return]
        key = self._key(prompt, request)
        with closing(self._open()) as file:
            row = file.execute("SELECT candidates FROM answers WHERE key = ?", (key,)).fetchone()
        if row is not None:
            return [Candidate(**one) for one in json.loads(row[0])]
        found = self.sampler(prompt, request)
        if inspect.isawaitable(found):
            return self._awaited(found, key, request)
        return self._kept(found, key, request)

    async def _awaited(
        self, answer: Awaitable[list[Candidate]], key: str, request: SampleRequest
    ) -> list[Candidate]:
        return self._kept(await answer, key, request)

    def _kept(self, found: list[Candidate], key: str, request: SampleRequest) -> list[Candidate]:
        by_clock = request.deadline is not None and any(
            one.finish_reason == "length" and one.token_count < request.max_new_tokens for one in found
        )
        if not by_clock:
            content = json.dumps([asdict(one) for one in found])
            with closing(self._open()) as file, file:
                file.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, content))
        return found

    def _key(self, prompt: Prompt, request: SampleRequest) -> str:
        grammar = None if request.constraint is None else str(request.constraint.grammar)
        seed = request.seed if request.temperature > 0 else None
        messages = prompt if isinstance(prompt, str) else [dict(one) for one in prompt]
        facts: list[Any] = [self.model, messages, grammar]
        facts += [request.n, request.temperature, seed, request.max_new_tokens, request.prefix]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=30)
