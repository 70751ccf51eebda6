"""Backtrack: leave a beginning that the model can't continue, instead of being forced along.

Where the mask removes nearly all of what the model wants to say, an earlier token was a mistake: the text goes back to
the place where another token was likeliest, and that token is taken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from structgen.options import Number, Whole, check_option
from structgen.sampling.candidates import Candidate, Prompt, SampleRequest
from structgen.sampling.decoding import (
    Floats,
    Masks,
    NextToken,
    Reader,
    decoder_of,
    draw,
    is_over,
    next_token,
)
from structgen.sampling.run import Choice, Decision, Run


@dataclass(frozen=True, slots=True)
class Backtrack:
    """Write one text under the mask; where the mask removes more than `mass`, go back and write on otherwise.

    Args:
        mass: the share of the model's probability that a mask may remove at a step, from 0 to 1.
        max_returns: how often to go back; after that the text is written to its end from the beginning that lost the
            least mass.
        temperature: 0: the likeliest token at each step.
        seed: of the draws.

    The outcome's `draws` is the number of beginnings tried. Going back costs one pass over the tokens that stay.

    Needs a sampler with `decoder()` (`TransformersSampler`).
    """

    mass: float = 0.9
    max_returns: int = 32
    temperature: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_option("mass", self.mass, (Number(0, 1),))
        check_option("max_returns", self.max_returns, (Whole(0),))
        check_option("temperature", self.temperature, (Number(0),))
        check_option("seed", self.seed, (Whole(0),))

    def decide(self, run: Run) -> Decision:
        """Yield questions, return the choice."""
        attempts = yield from run.decode(self._written, 1, temperature=self.temperature, seed=self.seed)
        found = next((one for one in attempts if one.ok), None)
        return None if found is None else Choice(found)

    def _written(self, sampler: Any, prompt: Prompt, request: SampleRequest) -> list[Candidate]:
        decoder = decoder_of(sampler, prompt, "Backtrack")
        masks = Masks(request.constraint, decoder.vocabulary, request.max_new_tokens)
        random = np.random.default_rng(request.seed or 0)
        return [_Search(Reader(decoder), masks, self, request, random).run()]


@dataclass(frozen=True, slots=True)
class _Place:
    """One token of the text, and what could have been there.

    Attributes:
        configuration: of the grammar, before the token.
        logprobs: float [V], of the model.
        following: the tokens allowed.
        left: float64 [A], the probabilities of those that were not tried yet; 0 for the others.
        index: of the token taken, in `following`; -1: there is none.
    """

    configuration: int
    logprobs: Floats
    following: NextToken
    left: npt.NDArray[np.float64]
    index: int = -1

    @property
    def token(self) -> int:
        return int(self.following.tokens[self.index])

    def without_token(self) -> _Place:
        """The same place, with the token taken ruled out."""
        left = self.left.copy()
        left[self.index] = 0.0
        return replace(self, left=left, index=-1)

    def other(self) -> float:
        """The probability of the likeliest token that was not tried."""
        return float(self.without_token().left.max(initial=0.0))


@dataclass(slots=True)
class _Search:
    """One text that is written, with places to go back to.

    Attributes:
        returns: how often it went back.
        best: the beginning that lost the least mass where it was given up; its last place has no token yet.
        is_settled: True once it is written to its end, come what may.
    """

    reader: Reader
    masks: Masks
    settings: Backtrack
    request: SampleRequest
    random: np.random.Generator
    places: list[_Place] = field(default_factory=list)
    returns: int = 0
    best: list[_Place] = field(default_factory=list)
    is_settled: bool = False

    def run(self) -> Candidate:
        configuration = self.masks.initial
        while not is_over(self.request):
            place = self._place(configuration)
            if self.is_settled or place.following.kept >= 1 - self.settings.mass:
                self.places.append(self._taken(place))
            else:
                self._give_up(place)
            last = self.places[-1]
            if last.index < 0 or self.masks.is_end(last.token) or len(self.places) >= self.masks.limit:
                break
            configuration = self.masks.advance(last.configuration, last.token)
        return self._candidate()

    def _place(self, configuration: int) -> _Place:
        allowed = self.masks.allowed(configuration, len(self.places))
        logprobs = self.reader.logprobs([place.token for place in self.places])
        following = next_token(logprobs, allowed, self.settings.temperature or 1.0)
        return _Place(configuration, logprobs, following, following.probabilities)

    def _taken(self, place: _Place) -> _Place:
        """The place with the token that is taken there."""
        if place.left.sum() <= 0:
            return place
        index = (
            int(place.left.argmax())
            if self.settings.temperature == 0
            else draw(place.left, self.random.random())
        )
        return replace(place, index=index)

    def _give_up(self, place: _Place) -> None:
        """Go back from a place where the mask removes too much; or settle with the best beginning."""
        if not self.best or place.following.kept > self.best[-1].following.kept:
            self.best = [*self.places, place]
        others = [one.other() for one in self.places]
        if self.returns < self.settings.max_returns and max(others, default=0.0) > 0:
            last = max(range(len(others)), key=others.__getitem__)
            self.places = [*self.places[:last], self._taken(self.places[last].without_token())]
            self.returns += 1
            return
        self.is_settled = True
        self.places = [*self.best[:-1], self._taken(self.best[-1])]

    def _candidate(self) -> Candidate:
        places = [place for place in self.places if place.index >= 0]
        tokens = [place.token for place in places]
        masked = sum(
            math.log(place.following.probabilities[place.index] / place.following.kept) for place in places
        )
        return Candidate(
            self.masks.text(tokens),
            len(tokens),
            sum(float(place.logprobs[place.token]) for place in places),
            "stop" if tokens and self.masks.is_end(tokens[-1]) else "length",
            masked_logprob=masked,
            draws=self.returns + 1,
        )
