"""Arms: ways to get an answer, from the plainest to the mask; and a sampler that lets them share what is the same."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import structgen
from evidence.tasks import Task
from structgen import BestOf, Candidate, Outcome, Retry, SampleRequest, Vote
from structgen.sampling.classify_answer import RepairMode


@dataclass(frozen=True)
class Arm:
    """A way to get an answer.

    Attributes:
        name: as the table has it.
        strategy: what is asked, and what is taken.
        exact: whether the prompt has the schema itself.
    """

    name: str
    strategy: Any
    exact: bool = True


def arms() -> list[Arm]:
    """From the plainest to the dearest."""
    return [
        Arm("prompt only", Retry(1, mask=False), exact=False),
        Arm("prompt with schema", Retry(1, mask=False)),
        Arm("+ repair (syntax)", Retry(1, mask=False, repair="syntax")),
        Arm("+ repair (schema), lossless", Retry(1, mask=False, repair="lossless")),
        Arm("+ repair (schema), guesses too", Retry(1, mask=False, repair="guessed")),
        Arm("+ retry 3 with feedback", Retry(3, mask=False, repair="guessed")),
        Arm("+ best of 4", BestOf(4, mask=False, repair="guessed")),
        Arm("mask", Retry(1)),
        Arm("mask + vote of 3", Vote(3)),
    ]


class Shared:
    """A sampler that answers the same request once, and tells what that took.

    Arms begin alike (prompt with schema, repair, retry): each is charged the seconds that its requests took when
    they were made.

    Attributes:
        seconds: charged since `start()`.
    """

    batched = True

    def __init__(self, sampler: Any) -> None:
        self.sampler = sampler
        self.seconds = 0.0
        self._known: dict[Any, tuple[list[Candidate], float]] = {}

    def start(self) -> None:
        """A new answer begins."""
        self.seconds = 0.0

    def __call__(self, prompt: Any, request: SampleRequest) -> list[Candidate]:
        """What is known, or what the model says."""
        asked = replace(request, cancelled=None, deadline=None)
        key = (repr(prompt), asked)
        if key not in self._known:
            started = time.perf_counter()
            found = self.sampler(prompt, request)
            self._known[key] = found, time.perf_counter() - started
        found, seconds = self._known[key]
        self.seconds += seconds
        return found

    def forget(self) -> None:
        """Before the next task."""
        self._known.clear()


def measure(arm: Arm, task: Task, sampler: Shared, max_new_tokens: int) -> dict[str, Any]:
    """One answer, and what it took."""
    sampler.start()
    started = time.perf_counter()
    charged_before = sampler.seconds
    try:
        outcome: Outcome = structgen.sample(
            sampler,
            task.exact if arm.exact else task.prompt,
            task.constraint,
            arm.strategy,
            max_new_tokens=max_new_tokens,
            on_failure="best",
        )
    except structgen.StructgenError as error:
        return {"task": task.name, "family": task.family, "arm": arm.name, "error": type(error).__name__}
    wall = time.perf_counter() - started
    chosen = outcome.chosen
    return {
        "task": task.name,
        "family": task.family,
        "arm": arm.name,
        "cut": chosen is not None and chosen.candidate.finish_reason == "length",
        "tokens": outcome.token_count,
        "attempts": len(outcome.attempts),
        # What was shared took no time now, and is charged; what was not is in both.
        "seconds": round(max(wall, sampler.seconds - charged_before), 3),
        "text": outcome.text,
    }


def judged(arm: Arm, task: Task, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with what others say of its text."""
    if "error" in answer:
        return answer
    text = answer["text"]
    repair = getattr(arm.strategy, "repair", None)
    if repair is not None and not task.is_parseable(text):
        # What the loop does not take, as it is not valid, it gives as the model wrote it.
        mended = _mended(text, repair, cut=answer["cut"])
        text = mended if task.is_parseable(mended) else text
    return {**answer, "parseable": task.is_parseable(text), "valid": task.is_valid(text)}


def _mended(text: str, repair: RepairMode, *, cut: bool) -> str:
    """The text with its syntax repaired, as far as the loop would; the text itself, if that cannot be."""
    try:
        found = structgen.repair(text, format="json", allow="guessed" if repair == "syntax" else repair)
    except structgen.StructgenError:
        return text
    return text if cut and found.truncated is not None else found.text


def by_arm(found: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The answers of each arm, in order."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        grouped.setdefault(one["arm"], []).append(one)
    return grouped
