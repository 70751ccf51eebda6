"""Exact: samples from exactly the model's own distribution among the valid texts.

Rejection sampling that learns: an answer is drawn freely and given up at the first token that the mask forbids. What is
known to be impossible is taken out of the distribution before the next draw, so each failure makes the next draw more
likely to succeed, and the law of the accepted text stays exact (adaptive rejection sampling: Parys et al.,
"Constrained adaptive rejection sampling", 2025).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from structgen.errors import InvalidOptionError
from structgen.options import Number, Whole, check_option
from structgen.sampling.candidates import Candidate, Prompt, SampleRequest
from structgen.sampling.decoding import Masks, NextToken, Reader, decoder_of, draw, is_over, next_token
from structgen.sampling.run import Choice, Decision, Run

_KEPT_BYTES = 1 << 28
"""How much memory the distributions of the texts read so far may take; the model is asked again for others."""


@dataclass(frozen=True, slots=True)
class Exact:
    """Draw one text from exactly the distribution that the model has over the valid texts.

    Args:
        max_attempts: free draws at most.
        temperature: of the model's distribution, above 0. 1: its own.
        seed: of the draws.

    The outcome's `draws` says how many it took. A draw that fails costs only the tokens that no draw before it has
    read. The token limit is part of the constraint: the distribution is that over the valid texts that fit.

    Validators of `sample()` are not part of the law: a text that they refuse is not drawn again.

    Needs a sampler with `decoder()` (`TransformersSampler`).
    """

    max_attempts: int = 1000
    temperature: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_option("max_attempts", self.max_attempts, (Whole(1),))
        check_option("temperature", self.temperature, (Number(0),))
        check_option("seed", self.seed, (Whole(0),))
        if self.temperature == 0:
            raise InvalidOptionError("temperature", 0, "must be above 0: at 0 there is nothing to draw")

    def decide(self, run: Run) -> Decision:
        """Yield questions, return the choice."""
        attempts = yield from run.decode(self._drawn, 1, temperature=self.temperature, seed=self.seed)
        if not attempts and run.stopped is None:
            run.stopped = f"{self.max_attempts} free draws are used up"
        found = next((one for one in attempts if one.ok), None)
        return None if found is None else Choice(found)

    def _drawn(self, sampler: Any, prompt: Prompt, request: SampleRequest) -> list[Candidate]:
        decoder = decoder_of(sampler, prompt, "Exact")
        masks = Masks(request.constraint, decoder.vocabulary, request.max_new_tokens)
        draws = _Draws(Reader(decoder), masks, request.temperature, np.random.default_rng(request.seed or 0))
        for number in range(1, self.max_attempts + 1):
            tokens = draws.drawn()
            if tokens is not None:
                return [draws.candidate(tokens, number)]
            if draws.is_impossible or is_over(request):
                break
        return []


@dataclass(eq=False, slots=True)
class _Node:
    """A beginning of a text.

    Attributes:
        tokens: of the beginning.
        configuration: of the grammar, after it.
        mass: an upper bound of the probability that a free answer that begins so becomes valid.
        children: the longer beginnings that are known, by the token that follows.
    """

    tokens: tuple[int, ...]
    configuration: int
    mass: float = 1.0
    is_read: bool = False
    children: dict[int, _Node] = field(default_factory=dict)


@dataclass(slots=True)
class _Draws:
    """Draws of one prompt; they share what was read, and what was found to be impossible."""

    reader: Reader
    masks: Masks
    temperature: float
    random: np.random.Generator
    root: _Node = field(init=False)
    _known: OrderedDict[_Node, NextToken] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def __post_init__(self) -> None:
        self.root = _Node((), self.masks.initial)

    @property
    def is_impossible(self) -> bool:
        """Returns True if the model gives no valid text any probability."""
        return self.root.mass <= 0

    def drawn(self) -> tuple[int, ...] | None:
        """One draw: the tokens of a valid text, or None if it came to a token that the mask forbids."""
        node, path = self.root, [self.root]
        while True:
            following = self._following(node)
            if not node.is_read:
                # So far all of it was hoped for. What the mask removes here is a draw that fails here.
                node.is_read, node.mass = True, following.kept
                self._lower(path)
                if self.random.random() >= following.kept:
                    return None
            weights = self._weights(node, following)
            if weights.sum() <= 0:
                return None
            token = int(following.tokens[draw(weights, self.random.random())])
            tokens = (*node.tokens, token)
            if self.masks.is_end(token) or len(tokens) >= self.masks.limit:
                return tokens
            child = node.children.get(token)
            if child is None:
                child = _Node(tokens, self.masks.advance(node.configuration, token))
                node.children[token] = child
            node = child
            path.append(node)

    def candidate(self, tokens: tuple[int, ...], draws: int) -> Candidate:
        """A valid text, with its log-probability under the model."""
        logprob = sum(
            float(self.reader.logprobs(tokens[:place])[token]) for place, token in enumerate(tokens)
        )
        is_complete = self.masks.is_end(tokens[-1])
        return Candidate(
            self.masks.text(tokens), len(tokens), logprob, "stop" if is_complete else "length", draws=draws
        )

    def _following(self, node: _Node) -> NextToken:
        """The distribution after a beginning, read by the model if it is not known."""
        found = self._known.get(node)
        if found is None:
            allowed = self.masks.allowed(node.configuration, len(node.tokens))
            found = next_token(self.reader.logprobs(node.tokens), allowed, self.temperature)
            self._known[node] = found
            self._bytes += _size(found)
            while self._bytes > _KEPT_BYTES and len(self._known) > 1:
                self._bytes -= _size(self._known.popitem(last=False)[1])
        else:
            self._known.move_to_end(node)
        return found

    def _weights(self, node: _Node, following: NextToken) -> np.ndarray[Any, np.dtype[np.float64]]:
        """What each token allowed has of the probability of a valid text, at most."""
        weights = following.probabilities.copy()
        if node.children:
            known = np.fromiter(node.children, np.intp, len(node.children))
            places = np.searchsorted(following.tokens, known)
            weights[places] *= [child.mass for child in node.children.values()]
        return weights

    def _lower(self, path: list[_Node]) -> None:
        """Lower the bounds of the beginnings on a path, from the last one but one to the first."""
        for node in reversed(path[:-1]):
            following = self._following(node)
            node.mass = float(self._weights(node, following).sum())


def _size(one: NextToken) -> int:
    return one.tokens.nbytes + one.probabilities.nbytes
