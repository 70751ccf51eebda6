"""Requests to a sampler, and what it gives.

A sampler is any callable `(prompt, request) -> list[Candidate]`, plain or `async`. It may have four attributes,
by which it says what else it can do:

    batched: bool       many candidates in one call cost little more than one (a local model, not a server)
    continues: bool     it honours `request.prefix`, and can go on with an answer that was cut
    beam(prompt, request) -> list[Candidate]    beam search, `request.n` wide, the best first
    decoder(prompt) -> Decoder                  the model, token by token (see `decoding`)
"""

from __future__ import annotations

import math
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from structgen.options import Number, Whole, check_option

if TYPE_CHECKING:
    from structgen.constraint import Constraint
    from structgen.sampling.steps import Step

Prompt: TypeAlias = "str | Sequence[Mapping[str, Any]]"
"""A text, or chat messages: `[{"role": "user", "content": "..."}]`."""

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that a sampler gives.

    Attributes:
        text: the answer; with a `prefix` in the request, what comes after it.
        token_count: tokens that were generated for it, an end token included.
        logprob: the model's own log-probability of the text, before any mask: the sum over its tokens. None where
            the sampler does not know.
        finish_reason: "stop": the model ended it; "length": it was cut.
        masked_logprob: the same after the mask: forced tokens count nothing. None without a mask.
        refusal: what the model said instead of an answer, where a server has a field for that.
        log_weight: logarithm of the importance weight, of a particle (`SMC`). The mean of the weights estimates the
            probability that a free answer is valid.
        draws: how many texts were begun for it (`Exact`, `Backtrack`).
        steps: what the model wanted at each token, and what the mask left of it; empty where the sampler does not know,
            there was no mask, or it was `Cached`. Not compared.
    """

    text: str
    token_count: int = 0
    logprob: float | None = None
    finish_reason: FinishReason = "stop"
    masked_logprob: float | None = None
    refusal: str | None = None
    log_weight: float | None = None
    draws: int = 1
    steps: tuple[Step, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        check_option("finish_reason", self.finish_reason, get_args(FinishReason))
        check_option("token_count", self.token_count, (Whole(0),))
        check_option("log_weight", self.log_weight, (Number(-math.inf), None))
        check_option("draws", self.draws, (Whole(1),))

    @property
    def mean_logprob(self) -> float | None:
        """`logprob` per token: comparable among texts of different length."""
        return None if self.logprob is None else self.logprob / max(1, self.token_count)


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """A request to a sampler.

    Attributes:
        n: candidates wanted.
        constraint: what each must be, for a sampler that can enforce it; None: free texts.
        temperature: 0: the likeliest token at each step.
        seed: the same request with the same seed gives the same candidates, where the sampler can.
        max_new_tokens: tokens of each candidate at most.
        deadline: when to give up, by `time.monotonic()`; None: never.
        prefix: the beginning of the answer, which is there already. Only asked of samplers that `continues`.
        enough: called with each candidate as it ends; True: the others may be stopped.
        cancelled: set when nobody waits for the answer any more.
    """

    n: int = 1
    constraint: Constraint | None = None
    temperature: float = 0.0
    seed: int | None = None
    max_new_tokens: int = 512
    deadline: float | None = None
    prefix: str = ""
    enough: Callable[[Candidate], bool] | None = None
    cancelled: threading.Event | None = None


Sampler: TypeAlias = "Callable[[Prompt, SampleRequest], list[Candidate] | Awaitable[list[Candidate]]]"
