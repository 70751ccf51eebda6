"""SMC: sequential Monte Carlo, for samples that follow the model's own distribution among the valid texts.

A mask alone does not: it renormalises at each step, so a text gets more probability the more mass was removed on its
way. Each particle here carries the mass that was kept as its weight, and particles whose weight has become small are
replaced by copies of others (Lew et al., "Sequential Monte Carlo steering of large language models using
probabilistic programs", 2023; Loula et al., "Syntactic and semantic control of large language models via sequential
Monte Carlo", 2025).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from structgen.errors import InvalidOptionError
from structgen.options import Number, Whole, check_option
from structgen.sampling.candidates import Candidate, Prompt, SampleRequest
from structgen.sampling.decoding import Decoder, Masks, decoder_of, is_over, next_token
from structgen.sampling.outcome import Attempt
from structgen.sampling.run import Choice, Decision, Run

Potential: TypeAlias = Callable[[str, bool], float]
"""Gets a text, and True if it is complete; gives the logarithm of a factor for its weight, minus infinity to rule it
out."""

Take = Literal["draw", "likeliest"]


@dataclass(frozen=True, slots=True)
class SMC:
    """Draw from the model's own distribution over the valid texts, approximately: the better, the more particles.

    Args:
        particles: texts that are written at the same time.
        resample_below: resample when the effective number of particles falls below this share of them; 0: never
            (importance sampling), 1: at each step.
        temperature: of the model's distribution, above 0. 1: its own.
        seed: of the draws.
        potential: a further factor of the weights: `potential(text, is_complete) -> float`, a logarithm. Called after
            each token with the text so far, so it can steer early; only that of the complete text counts in the end.
        take: which text becomes the outcome's: "draw": one drawn by weight, so that the outcome is a sample; or
            "likeliest": the one with the largest weight in all, for an answer.

    The validators of `sample()` count as well: a text that they refuse has weight 0.

    In the outcome, `shares` has the weight of each valid text, and `validity` estimates the probability that a free
    answer of at most `max_new_tokens` tokens is valid. The token limit is part of the constraint: the distribution is
    that over the valid texts that fit.

    Needs a sampler with `decoder()` (`TransformersSampler`). Costs as many rows as there are particles, in one batch.
    """

    particles: int
    resample_below: float = 0.5
    temperature: float = 1.0
    seed: int = 0
    potential: Potential | None = None
    take: Take = "draw"

    def __post_init__(self) -> None:
        check_option("particles", self.particles, (Whole(1),))
        check_option("resample_below", self.resample_below, (Number(0, 1),))
        check_option("temperature", self.temperature, (Number(0),))
        check_option("seed", self.seed, (Whole(0),))
        check_option("take", self.take, get_args(Take))
        if self.temperature == 0:
            raise InvalidOptionError("temperature", 0, "must be above 0: at 0 there is nothing to draw")
        if self.potential is not None and not callable(self.potential):
            raise InvalidOptionError("potential", self.potential, "must be a callable or None")

    def decide(self, run: Run) -> Decision:
        """Yield questions, return the choice."""
        attempts = yield from run.decode(
            self._written, self.particles, temperature=self.temperature, seed=self.seed
        )
        weights: dict[str, float] = {}
        of_text: dict[str, Attempt] = {}
        highest = max((_log_weight(one) for one in attempts), default=-math.inf)
        if highest == -math.inf:
            return None
        for attempt in attempts:
            text = attempt.valid_text or ""
            weight = math.exp(_log_weight(attempt) - highest)
            if weight > 0:
                weights[text] = weights.get(text, 0.0) + weight
                of_text.setdefault(text, attempt)
        total = sum(weights.values())
        shares = {text: weight / total for text, weight in sorted(weights.items(), key=lambda one: -one[1])}
        if self.take == "likeliest":
            chosen = next(iter(shares))
        else:
            random = np.random.default_rng((self.seed, 1))
            chosen = random.choice(list(shares), p=list(shares.values()))
        return Choice(of_text[str(chosen)], shares=shares)

    def _written(self, sampler: Any, prompt: Prompt, request: SampleRequest) -> list[Candidate]:
        decoder = decoder_of(sampler, prompt, "SMC")
        masks = Masks(request.constraint, decoder.vocabulary, request.max_new_tokens)
        random = np.random.default_rng((request.seed or 0, 0))
        return _Cloud(decoder, masks, self, request, random).run()


def _log_weight(attempt: Attempt) -> float:
    found = attempt.candidate.log_weight
    return -math.inf if found is None or not attempt.ok else found


@dataclass(slots=True)
class _Particle:
    """One text that is being written.

    Attributes:
        configuration: of the grammar, after it.
        weight: logarithm of its importance weight, but for the potential.
        potential: logarithm of the potential of the text so far.
        logprob: of the text under the model, before the mask and at temperature 1.
        masked: the same after the mask.
    """

    configuration: int
    tokens: tuple[int, ...] = ()
    weight: float = 0.0
    potential: float = 0.0
    logprob: float = 0.0
    masked: float = 0.0
    is_ended: bool = False


@dataclass(slots=True)
class _Cloud:
    """The particles of one run. The rows of the decoder are the particles that are being written, in their order."""

    decoder: Decoder
    masks: Masks
    settings: SMC
    request: SampleRequest
    random: np.random.Generator
    particles: list[_Particle] = field(default_factory=list)

    def run(self) -> list[Candidate]:
        count = self.request.n
        self.particles = [_Particle(self.masks.initial) for _ in range(count)]
        logprobs = np.broadcast_to(self.decoder.begin(()), (count, len(self.masks.vocabulary)))
        self.decoder.select([0] * count)
        while True:
            writing = self._writing()
            for row, number in enumerate(writing):
                self._write(self.particles[number], logprobs[row])
            sources = self._resampled()
            rows = {number: row for row, number in enumerate(writing)}
            going_on = self._writing()
            if not going_on or is_over(self.request):
                return [self._candidate(one) for one in self.particles]
            self.decoder.select([rows[sources[number]] for number in going_on])
            logprobs = self.decoder.step([self.particles[number].tokens[-1] for number in going_on])

    def _writing(self) -> list[int]:
        return [number for number, one in enumerate(self.particles) if not one.is_ended]

    def _write(self, particle: _Particle, logprobs: npt.NDArray[Any]) -> None:
        """Draw one more token, and weigh the particle by the mass that the mask kept."""
        allowed = self.masks.allowed(particle.configuration, len(particle.tokens))
        following = next_token(logprobs, allowed, self.settings.temperature)
        if following.kept <= 0:
            particle.weight, particle.is_ended = -math.inf, True
            return
        index = following.draw(self.random)
        token = int(following.tokens[index])
        particle.weight += math.log(following.kept)
        particle.masked += math.log(following.probabilities[index] / following.kept)
        particle.logprob += float(logprobs[token])
        particle.tokens += (token,)
        particle.is_ended = self.masks.is_end(token) or len(particle.tokens) >= self.masks.limit
        if not self.masks.is_end(token):
            particle.configuration = self.masks.advance(particle.configuration, token)
        if self.settings.potential is not None:
            text = self.masks.text(particle.tokens)
            found = float(self.settings.potential(text, particle.is_ended))
            particle.potential = -math.inf if math.isnan(found) else found

    def _resampled(self) -> Sequence[int]:
        """Replace the particles by draws among them, if few of them carry the weight; which each one comes from."""
        unchanged = range(len(self.particles))
        weights = np.array([one.weight + one.potential for one in self.particles])
        highest = weights.max()
        if highest == -math.inf or not self._writing():
            return unchanged
        shares = np.exp(weights - highest)
        mean = highest + math.log(shares.mean())
        shares /= shares.sum()
        if 1 / (shares**2).sum() >= self.settings.resample_below * len(shares):
            return unchanged
        # Systematic resampling: one random number for all, so that a share of w gets floor(nw) or ceil(nw) copies.
        places = (self.random.random() + np.arange(len(shares))) / len(shares)
        found = np.searchsorted(np.cumsum(shares), places)
        sources: list[int] = np.minimum(found, len(shares) - 1).tolist()
        copies = [self.particles[source] for source in sources]
        self.particles = [replace(one, weight=mean - one.potential) for one in copies]
        return sources

    def _candidate(self, particle: _Particle) -> Candidate:
        is_complete = bool(particle.tokens) and self.masks.is_end(particle.tokens[-1])
        return Candidate(
            self.masks.text(particle.tokens),
            len(particle.tokens),
            particle.logprob,
            "stop" if is_complete else "length",
            masked_logprob=None if self.request.constraint is None else particle.masked,
            log_weight=particle.weight + particle.potential,
        )
