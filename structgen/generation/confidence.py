"""How sure the model was of each field of an answer.

A field is named by its JSON Pointer (RFC 6901), and its log-probability is the sum over the tokens that touch its text.
Of a token that touches two fields each has the whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from structgen.constraint import Constraint
from structgen.frontends.json_schema.validator import JsonValidator
from structgen.generation.finite import Decision
from structgen.generation.steps import Step

UNLIKELY = 0.01
"""A mask that keeps less of the model's probability than this gets a warning."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the model was of a part of an answer.

    Attributes:
        pointer: JSON Pointer of the part; "": the whole value.
        text: of the part, as it stands in the answer.
        start: its place in the answer, in bytes.
        logprob: natural logarithm of its probability under the model, without the mask.
        masked_logprob: the same under the mask. Of a part that was decided as a whole: by its share among its texts.
        log_kept: natural logarithm of what the mask kept of the model's probability: 0 if it changed nothing.
        runner_up: what nearly came instead, and its probability: another text of a part that was decided as a whole, or
            the beginning of another text where the model was least sure. None if there was no choice.
    """

    pointer: str
    text: str
    start: int
    logprob: float
    masked_logprob: float
    log_kept: float
    runner_up: tuple[str, float] | None

    @property
    def probability(self) -> float:
        """Under the mask, from 0 to 1."""
        return math.exp(min(self.masked_logprob, 0.0))

    @property
    def removed(self) -> float:
        """The share of the model's probability that the mask removed, from 0 to 1."""
        return -math.expm1(min(self.log_kept, 0.0))


def confidences(
    text: str, constraint: Constraint | None, steps: Sequence[Step], decisions: Sequence[Decision]
) -> dict[str, Confidence]:
    """How sure the model was of each part of a text, by JSON Pointer.

    Args:
        text: the answer.
        constraint: that it has; only of one from a JSON Schema the parts are known, of others the whole.
        steps: of the answer.
        decisions: the parts of it that were decided as wholes.
    """
    found = {"": _of_span("", text, (0, len(text)), steps, decisions)}
    for pointer, span in _spans(text, constraint):
        found[pointer] = _of_span(pointer, text, span, steps, decisions)
    return found


def warnings_of(steps: Sequence[Step]) -> tuple[str, ...]:
    """Where the mask removed nearly all that the model wanted, in words."""
    found = []
    for step in steps:
        if step.log_kept < math.log(UNLIKELY):
            wanted = step.wanted[0].text.decode(errors="replace") if step.wanted else ""
            found.append(
                f"byte {step.start}: the mask kept {math.exp(step.log_kept):.1e} of the model's probability; it wanted "
                f"{wanted!r}, and wrote {step.text.decode(errors='replace')!r}"
            )
    return tuple(found)


def _of_span(
    pointer: str, text: str, span: tuple[int, int], steps: Sequence[Step], decisions: Sequence[Decision]
) -> Confidence:
    start, end = (len(text[:place].encode()) for place in span)
    touching = [step for step in steps if step.start < end and step.start + len(step.text) > start]
    decision = next((one for one in decisions if start <= one.start < end), None)
    masked = sum(step.masked_logprob for step in touching)
    runner_up: tuple[str, float] | None = None
    if decision is not None and _is_all_of(decision, text[span[0] : span[1]]):
        masked = math.log(decision.shares[decision.taken])
        quote = text[span[0] : span[1]].removesuffix(decision.taken.strip())
        others = [
            (quote + one.strip(), share) for one, share in decision.shares.items() if one != decision.taken
        ]
        runner_up = max(others, key=lambda one: one[1], default=None)
    else:
        choices = [step for step in touching if step.runner_up is not None]
        if choices:
            least = min(choices, key=lambda step: step.masked_logprob)
            assert least.runner_up is not None
            before = b"".join(step.text for step in touching if step.start < least.start)
            other = (before + least.runner_up.text).decode(errors="replace")
            runner_up = other, math.exp(least.runner_up.logprob)
    return Confidence(
        pointer=pointer,
        text=text[span[0] : span[1]],
        start=start,
        logprob=sum(step.logprob for step in touching),
        masked_logprob=masked,
        log_kept=sum(step.log_kept for step in touching),
        runner_up=runner_up,
    )


def _is_all_of(decision: Decision, text: str) -> bool:
    """Returns True if a part is what was decided, but for what is the same in all of its texts."""
    return decision.taken.strip() in (text, text[1:]) and decision.taken in decision.shares


def _spans(text: str, constraint: Constraint | None) -> Iterator[tuple[str, tuple[int, int]]]:
    """The JSON Pointer of each part of a text below the whole, and where the part stands, in characters."""
    validator = None if constraint is None else constraint.validator
    if not isinstance(validator, JsonValidator):
        return
    try:
        value = validator.format.parse(text)
    except ValueError:  # an answer that was interrupted
        return
    for path in _paths(value):
        pointer = "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
        yield pointer, validator.format.span_of(text, path)


def _paths(value: Any) -> Iterator[tuple[str | int, ...]]:
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while waiting:
        path, one = waiting.pop()
        inside: list[tuple[str | int, Any]] = []
        if isinstance(one, dict):
            inside = list(one.items())
        elif isinstance(one, list):
            inside = list(enumerate(one))
        if path:
            yield path
        waiting += [((*path, step), below) for step, below in reversed(inside)]
