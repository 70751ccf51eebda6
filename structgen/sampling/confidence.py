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
from structgen.sampling.steps import Decision, Step

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
    inside = [one for one in decisions if _lies_within(one, start, end)]
    return Confidence(
        pointer=pointer,
        text=text[span[0] : span[1]],
        start=start,
        logprob=sum(step.logprob for step in touching),
        masked_logprob=_masked_logprob(touching, inside),
        log_kept=sum(step.log_kept for step in touching),
        runner_up=_runner_up(text.encode()[start:end], start, touching, inside),
    )


def _place(decision: Decision) -> tuple[int, int]:
    """Where the text of a decision stands in the answer, without whitespace around it, in bytes."""
    text = decision.taken
    start = decision.start + len(text[: len(text) - len(text.lstrip())].encode())
    return start, start + len(text.strip().encode())


def _lies_within(decision: Decision, start: int, end: int) -> bool:
    first, last = _place(decision)
    return start <= first and last <= end and decision.taken in decision.shares


def _masked_logprob(steps: Sequence[Step], decisions: Sequence[Decision]) -> float:
    """The log-probability of a part under the mask: what was decided in it by its share, the rest token by token."""
    decided = [(one.start, one.start + len(one.taken.encode())) for one in decisions]
    free = [step for step in steps if not any(start <= step.start < end for start, end in decided)]
    shares = sum(math.log(one.shares[one.taken]) for one in decisions)
    return sum(step.masked_logprob for step in free) + shares


def _runner_up(
    text: bytes, start: int, steps: Sequence[Step], decisions: Sequence[Decision]
) -> tuple[str, float] | None:
    """What nearly came instead of a part, and its probability.

    Args:
        text: of the part.
        start: its place in the answer, in bytes.
        steps: that touch it.
        decisions: that lie within it.
    """
    for decision in decisions:
        first, last = _place(decision)
        if last == start + len(text) and first - start in (0, 1):  # all of it, but perhaps for a quote
            same = text[: first - start].decode(errors="replace")
            others = [
                (same + one.strip(), share) for one, share in decision.shares.items() if one != decision.taken
            ]
            return max(others, key=lambda one: one[1], default=None)
    choices = [step for step in steps if step.runner_up is not None]
    if not choices:
        return None
    least = min(choices, key=lambda step: step.masked_logprob)
    assert least.runner_up is not None
    before = b"".join(step.text for step in steps if step.start < least.start)
    return (before + least.runner_up.text).decode(errors="replace"), math.exp(least.runner_up.logprob)


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
