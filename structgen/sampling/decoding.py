"""A model read token by token: what the strategies need that decide within a text, and not between texts.

A sampler with the method `decoder(prompt) -> Decoder` serves them (`TransformersSampler` has it). Here are that
interface, and the distribution over the next token that a mask leaves.
"""

from __future__ import annotations

import codecs
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from structgen.constraint import Constraint, compile
from structgen.errors import BudgetTooSmall
from structgen.matcher import CompiledGrammar
from structgen.sampling.candidates import Prompt, SampleRequest
from structgen.vocabulary import Vocabulary

Floats: TypeAlias = "npt.NDArray[np.float32] | npt.NDArray[np.float64]"


class Decoder(Protocol):
    """A model after one prompt, with several continuations of it at a time.

    Attributes:
        vocabulary: of the model; V is its size.
    """

    vocabulary: Vocabulary

    def begin(self, tokens: Sequence[int]) -> Floats:
        """Start again with one row: the prompt and `tokens`.

        Returns:
            Log-probabilities [V] of the token that follows, natural logarithm, as the model gives them.
        """

    def select(self, rows: Sequence[int]) -> None:
        """Keep these rows, in this order. A row may be named more than once."""

    def step(self, tokens: Sequence[int]) -> Floats:
        """Continue each row with its token.

        Returns:
            Log-probabilities [B, V] of the token that follows.
        """


class Reader:
    """One row of a decoder: gives the log-probabilities after any tokens, with as few passes as possible."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._at: tuple[int, ...] | None = None

    def logprobs(self, tokens: Sequence[int]) -> Floats:
        """Log-probabilities [V] of the token that follows the prompt and `tokens`."""
        tokens = tuple(tokens)
        if tokens and self._at == tokens[:-1]:
            found: Floats = self._decoder.step([tokens[-1]])[0]
        else:
            found = self._decoder.begin(tokens)
        self._at = tokens
        return found


class Masks:
    """The masks of a constraint, over a vocabulary. Without a constraint every token is allowed.

    Args:
        constraint: None: free text.
        vocabulary: of the model.
        limit: tokens of a text at most, the end token included.

    Raises:
        BudgetTooSmall: The shortest valid text is longer than `limit`.
    """

    def __init__(self, constraint: Constraint | None, vocabulary: Vocabulary, limit: int) -> None:
        self.vocabulary = vocabulary
        self.limit = limit
        self._grammar: CompiledGrammar | None = (
            None if constraint is None else compile(constraint, vocabulary)
        )
        self._words = np.zeros((1, (len(vocabulary) + 31) // 32), np.int32)
        self._all = np.ones(len(vocabulary), bool)
        if self._grammar is not None:
            needed = self._grammar.completion_tokens(self._grammar.initial)
            if needed > limit:
                raise BudgetTooSmall(limit, needed)

    @property
    def initial(self) -> int:
        """The configuration before any token."""
        return -1 if self._grammar is None else self._grammar.initial

    def allowed(self, configuration: int, used: int) -> npt.NDArray[np.bool_]:
        """The tokens that may come next.

        Args:
            configuration: of the text so far.
            used: how many tokens it has.

        Returns:
            bool [V]: True for a token after which the text can be finished within the limit.
        """
        if self._grammar is None:
            return self._all
        self._grammar.fill_within(configuration, self.limit - used, self._words, 0)
        bits = np.unpackbits(self._words[0].view(np.uint8), bitorder="little")
        return bits[: len(self.vocabulary)].view(np.bool_)

    def advance(self, configuration: int, token: int) -> int:
        """The configuration after a token."""
        return -1 if self._grammar is None else self._grammar.advance(configuration, token)

    def can_stop(self, configuration: int) -> bool:
        """Returns True if the text may end here."""
        return self._grammar is None or self._grammar.can_stop(configuration)

    def is_end(self, token: int) -> bool:
        """Returns True if the token ends a text."""
        return token in self.vocabulary.eos_token_ids

    def text(self, tokens: Sequence[int]) -> str:
        """The text of tokens. Bytes that are no text become U+FFFD; a character that was cut is left out."""
        is_complete = bool(tokens) and self.is_end(tokens[-1])
        reader = codecs.getincrementaldecoder("utf-8")(errors="replace")
        return reader.decode(b"".join(self.vocabulary[token] for token in tokens), final=is_complete)


@dataclass(frozen=True, slots=True)
class NextToken:
    """The distribution over the next token, before and after the mask.

    Attributes:
        tokens: int [A], the tokens allowed that are not impossible for the model.
        probabilities: float64 [A], what the model gives each of them. They add up to `kept`.
        kept: the mass that the mask keeps, from 0 to 1.
    """

    tokens: npt.NDArray[np.intp]
    probabilities: npt.NDArray[np.float64]
    kept: float

    def draw(self, random: np.random.Generator) -> int:
        """An index into `tokens`, drawn by the probabilities."""
        return draw(self.probabilities, random.random())


def next_token(logprobs: Floats, allowed: npt.NDArray[np.bool_], temperature: float = 1.0) -> NextToken:
    """What a mask leaves of a model's distribution.

    Args:
        logprobs: float [V], of the model.
        allowed: bool [V].
        temperature: above 0. At another one than 1 the model's distribution is the tempered one.
    """
    if temperature != 1.0:
        scaled = logprobs.astype(np.float64) / temperature
        scaled -= scaled.max()
        logprobs = scaled - np.log(np.exp(scaled).sum())
    tokens = np.flatnonzero(allowed)
    probabilities = np.exp(logprobs[tokens].astype(np.float64))
    possible = probabilities > 0
    if not possible.all():
        tokens, probabilities = tokens[possible], probabilities[possible]
    return NextToken(tokens, probabilities, min(1.0, float(probabilities.sum())))


def draw(weights: npt.NDArray[np.float64], place: float) -> int:
    """An index, in proportion to weights that are not all zero.

    Args:
        weights: float64 [N].
        place: a random number, at least 0 and below 1.
    """
    sums = np.cumsum(weights)
    return min(int(np.searchsorted(sums, place * sums[-1], side="right")), len(sums) - 1)


def decoder_of(sampler: Any, prompt: Prompt, strategy: str) -> Decoder:
    """The decoder of a sampler after a prompt.

    Raises:
        TypeError: The sampler has none.
    """
    if not hasattr(sampler, "decoder"):
        raise TypeError(
            f"{type(sampler).__name__} has no decoder(): {strategy} needs a model whose probabilities it can read "
            f"token by token (TransformersSampler)"
        )
    return sampler.decoder(prompt)  # type: ignore[no-any-return]


def is_over(request: SampleRequest) -> bool:
    """Returns True if nobody waits for the answer any more, or its time is up."""
    late = request.deadline is not None and time.monotonic() >= request.deadline
    return late or (request.cancelled is not None and request.cancelled.is_set())
