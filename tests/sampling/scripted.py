"""A sampler that follows a script: what it is to answer, and what to do wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from structgen import Candidate, SampleRequest

Step = str | Candidate | BaseException | Callable[[SampleRequest], Any]


class Scripted:
    """Answers from a list, one entry for each candidate; the last one is kept. Notes what it was asked."""

    def __init__(self, *steps: Step, batched: bool = True, continues: bool = False) -> None:
        self.steps = list(steps)
        self.calls: list[tuple[Any, SampleRequest]] = []
        self.batched = batched
        self.continues = continues

    def __call__(self, prompt: Any, request: SampleRequest) -> list[Candidate]:
        self.calls.append((prompt, request))
        return [self.step(request) for _ in range(request.n)]

    def step(self, request: SampleRequest) -> Candidate:
        step = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        if isinstance(step, BaseException):
            raise step
        if callable(step):
            step = step(request)
        return candidate(step)

    @property
    def requests(self) -> list[SampleRequest]:
        return [request for _, request in self.calls]


def candidate(text: str | Candidate, logprob: float | None = None) -> Candidate:
    if isinstance(text, Candidate):
        return text
    return Candidate(text, token_count=max(1, len(text)), logprob=logprob)


def endless(request: SampleRequest) -> Candidate:
    """A model that never ends."""
    return Candidate("x" * request.max_new_tokens, request.max_new_tokens, finish_reason="length")


class Unavailable(Exception):
    """As a client of HTTP raises it."""

    def __init__(self, status_code: int) -> None:
        super().__init__(f"status {status_code}")
        self.status_code = status_code
