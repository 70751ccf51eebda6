"""Cached: a sampler that remembers its answers, in a file of SQLite. What is kept is JSON, never pickled objects."""

from __future__ import annotations

import hashlib
import inspect
import json
import sqlite3
from collections.abc import Awaitable
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from structgen.constraint import Constraint
from structgen.sampling.candidates import Candidate, Prompt, SampleRequest
from structgen.sampling.run import received

_VERSION = 1
"""Of what is kept, and of its key: a file of another one is as good as empty."""


class Cached:
    """Another sampler, and a file with what it has answered.

    Args:
        sampler: the other one, plain or async.
        path: of the file; made if it is not there. May be shared by threads and processes.
        model: a name for what else the answers depend on: the model and its weights.

    The key is a hash of model, the sampler's own `parameters` (where it has them: both of this package do), prompt,
    constraint (its grammar, and its schema), n, temperature, seed, limit and prefix. What is not settled by these is
    not kept: requests without a seed at a temperature, races, and answers that a deadline or a cancellation cut.

    Beam searches are kept as well.
    """

    def __init__(self, sampler: Any, path: str | Path, *, model: str) -> None:
        self.sampler = sampler
        self.path = Path(path)
        self.model = model
        self._last: tuple[Any, str] = (
            None,
            "",
        )  # one grammar for many calls; that of SQL takes a third of a second
        self.batched = bool(getattr(sampler, "batched", False))
        self.continues = bool(getattr(sampler, "continues", False))
        with closing(self._open()) as file, file:
            file.execute(
                "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, candidates TEXT NOT NULL)"
            )

    def __getattr__(self, name: str) -> Any:
        if name == "decoder":
            return self.sampler.decoder  # nothing of it is kept
        if name != "beam":
            raise AttributeError(name)
        search = self.sampler.beam  # only if it has one
        return lambda prompt, request: self._asked(search, prompt, request, beam=True)

    def __call__(
        self, prompt: Prompt, request: SampleRequest
    ) -> list[Candidate] | Awaitable[list[Candidate]]:
        """What the file has, or what the other sampler gives."""
        return self._asked(self.sampler, prompt, request, beam=False)  # type: ignore[no-any-return]

    def _asked(self, sampler: Any, prompt: Prompt, request: SampleRequest, *, beam: bool) -> Any:
        if request.enough is not None or (request.seed is None and request.temperature > 0):
            return sampler(prompt, request)
        key = self._key(prompt, request, beam)
        with closing(self._open()) as file:
            row = file.execute("SELECT candidates FROM answers WHERE key = ?", (key,)).fetchone()
        if row is not None:
            return [Candidate(**one) for one in json.loads(row[0])]
        found = sampler(prompt, request)
        if inspect.isawaitable(found):
            return self._awaited(found, key, request)
        return self._kept(found, key, request)

    async def _awaited(
        self, answer: Awaitable[list[Candidate]], key: str, request: SampleRequest
    ) -> list[Candidate]:
        return self._kept(await answer, key, request)

    def _kept(self, answer: Any, key: str, request: SampleRequest) -> list[Candidate]:
        found = received(answer)
        may_be_stopped = request.deadline is not None or (
            request.cancelled is not None and request.cancelled.is_set()
        )
        is_stopped = may_be_stopped and any(
            one.finish_reason == "length" and one.token_count < request.max_new_tokens for one in found
        )
        if not is_stopped:
            content = json.dumps([asdict(replace(one, steps=())) for one in found])
            with closing(self._open()) as file, file:
                file.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, content))
        return found

    def _key(self, prompt: Prompt, request: SampleRequest, beam: bool) -> str:
        constraint = request.constraint
        schema = None if constraint is None or constraint.schema is None else constraint.schema.document.root
        facts: dict[str, Any] = {
            "version": _VERSION,
            "model": self.model,
            "parameters": getattr(self.sampler, "parameters", None),
            "prompt": prompt if isinstance(prompt, str) else [dict(one) for one in prompt],
            "grammar": None if constraint is None else self._digest(constraint),
            "schema": schema,
            "n": request.n,
            "temperature": request.temperature,
            "seed": request.seed if request.temperature > 0 else None,
            "max_new_tokens": request.max_new_tokens,
            "prefix": request.prefix,
            "beam": beam,
        }
        return hashlib.sha256(json.dumps(facts, default=repr).encode()).hexdigest()

    def _digest(self, constraint: Constraint) -> str:
        """Of a grammar, all of it: what `str()` shows leaves out how its terminals compete."""
        grammar, digest = self._last
        if grammar is not constraint.grammar:
            grammar = constraint.grammar
            digest = hashlib.sha256(repr(grammar).encode("utf-8", "surrogatepass")).hexdigest()
            self._last = grammar, digest
        return digest

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=30)
