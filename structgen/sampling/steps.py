"""Steps: what the model wanted at each token of an answer, and what the mask left of it; and parts decided as wholes.

Plain data. `generation` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """A token that could have come.

    Attributes:
        token: its id.
        text: what it adds, as bytes; empty for an end token.
        logprob: natural logarithm of its probability.
    """

    token: int
    text: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class Step:
    """One token of an answer.

    Attributes:
        token: its id.
        text: what it adds, as bytes; empty for an end token.
        start: its place in the text, in bytes.
        logprob: natural logarithm of its probability under the model, without the mask.
        masked_logprob: the same under the mask.
        log_kept: natural logarithm of the probability of all that the mask allowed: 0 if the model wanted nothing else.
        allowed: how many tokens the mask allowed.
        wanted: the model's likeliest tokens, without the mask.
        runner_up: the likeliest allowed token that was not taken; None if it was the only one.
    """

    token: int
    text: bytes
    start: int
    logprob: float
    masked_logprob: float
    log_kept: float
    allowed: int
    wanted: tuple[Wanted, ...]
    runner_up: Wanted | None


@dataclass(frozen=True, slots=True)
class Decision:
    """A finite part of an answer that was decided as a whole.

    Attributes:
        start: its place in the text, in bytes.
        shares: the probability of each text of the part, the likeliest first; they add up to 1.
        taken: the text that was taken.
        log_mass: logarithm of the probability that the model's free text goes on with one of them.
        rows: how many beginnings the model read for it.
    """

    start: int
    shares: dict[str, float]
    taken: str
    log_mass: float
    rows: int
