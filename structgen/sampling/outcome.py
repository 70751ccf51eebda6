"""What a call of sample() may cost, each attempt it made, and what came out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from structgen.constraint import Constraint
from structgen.options import Number, Whole, check_option
from structgen.sampling.candidates import Candidate
from structgen.sampling.confidence import Confidence, confidences, warnings_of

Failure = Literal["cut", "empty", "refused", "unparsable", "invalid", "rejected", "transport"]
"""What is wrong with an attempt.

`cut`: it ran into the token limit. `empty`: no text. `refused`: the model declines. `unparsable`: not in the form
required. `invalid`: in that form, but against the constraint. `rejected`: by a validator of the caller.
`transport`: no answer came, and none was paid for.
"""


@dataclass(frozen=True, slots=True)
class Budget:
    """What one call of sample() may cost; None: as much as the strategy asks for.

    Attributes:
        attempts: candidates, valid or not.
        tokens: generated tokens, those of failed attempts included.
        seconds: of wall time, waiting included.

    Checked before each attempt. The tokens and seconds that remain go into the request, so that the sampler stops
    within it. Attempts that run at the same time share the tokens that are left.
    """

    attempts: int | None = None
    tokens: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        check_option("attempts", self.attempts, (Whole(0), None))
        check_option("tokens", self.tokens, (Whole(0), None))
        check_option("seconds", self.seconds, (Number(0), None))


@dataclass(frozen=True, slots=True)
class Attempt:
    """One candidate, judged.

    Attributes:
        text: what the model wrote; of an answer that was continued, all of it.
        value: what it means; None if it is not valid.
        failure: what kind of thing is wrong; None if it is valid.
        error: what is wrong, in words; None if it is valid.
        problems: all that is wrong, a line each, with JSON Pointers.
        edits: what a repair changed; empty if nothing was repaired.
        valid_text: the text whose value it is: the repaired one, if it was repaired; None if it is not valid.
        token_count: tokens generated.
        seconds: it took, shared with those of its batch.
        score: by which it was compared with others; None if nobody did.
        candidate: as the sampler gave it.
        temperature: it was sampled at.
        seed: it was sampled with.
        masked: whether the sampler was given the constraint.
    """

    text: str
    value: Any = None
    failure: Failure | None = None
    error: str | None = None
    problems: tuple[str, ...] = ()
    edits: tuple[Any, ...] = ()
    valid_text: str | None = None
    token_count: int = 0
    seconds: float = 0.0
    score: float | None = None
    candidate: Candidate = field(default_factory=lambda: Candidate(""), repr=False)
    temperature: float = 0.0
    seed: int | None = None
    masked: bool = False

    @property
    def ok(self) -> bool:
        """Returns True if the text is valid."""
        return self.failure is None


@dataclass(frozen=True)
class Outcome:
    """What came out of a call of sample().

    Attributes:
        attempts: all of them, in the order in which they ended.
        chosen: the one whose value this is; None if there was no attempt.
        ok: whether that one is valid and what the strategy asks for is fulfilled. False only in the outcome of a
            `NoValidOutput`, and with `on_failure="best"`.
        value: of the chosen attempt; of a vote field by field, joined.
        text: valid text of that value; of a failed outcome, what the model wrote.
        shares: of a vote: the share of each answer; field by field: by field. Of `SMC`: the weight of each text.
        seconds: in all.
        reason: why it failed, in words; None if it did not.
        constraint: that the value has; None if there was none.
    """

    attempts: tuple[Attempt, ...] = ()
    chosen: Attempt | None = None
    ok: bool = False
    value: Any = None
    text: str = ""
    shares: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    reason: str | None = None
    constraint: Constraint | None = field(default=None, repr=False)

    @property
    def confidence(self) -> dict[str, Confidence]:
        """How sure the model was of each part of the value, by JSON Pointer; "": of the whole.

        Empty where the sampler tells no steps, or the text is not what the model wrote in one go (repaired, continued,
        joined by a vote). Parts are known of values from a JSON Schema.
        """
        steps = () if self.chosen is None else self.chosen.candidate.steps
        if not steps or b"".join(step.text for step in steps) != self.text.encode():
            return {}
        return confidences(self.text, self.constraint, steps, ())

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where the mask removed nearly all of what the model wanted, in words."""
        return () if self.chosen is None else warnings_of(self.chosen.candidate.steps)

    @property
    def score(self) -> float | None:
        """Of the chosen attempt."""
        return None if self.chosen is None else self.chosen.score

    @property
    def draws(self) -> int | None:
        """How many texts were begun for the chosen attempt (`Exact`, `Backtrack`)."""
        return None if self.chosen is None else self.chosen.candidate.draws

    @property
    def validity(self) -> float | None:
        """The estimated probability that a free answer is valid, within the token limit; None but with `SMC`."""
        weighed = [one for one in self.attempts if one.candidate.log_weight is not None]
        if not weighed:
            return None
        total = sum(math.exp(one.candidate.log_weight or 0.0) for one in weighed if one.ok)
        return min(1.0, total / len(weighed))

    @property
    def token_count(self) -> int:
        """Generated tokens, those of failed attempts included."""
        return sum(attempt.token_count for attempt in self.attempts)
