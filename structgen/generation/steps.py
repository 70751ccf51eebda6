"""Steps: what the model wanted at each token of an answer, and what the mask left of it.

The logits are seen as the model gives them, before temperature, `top_p` and the like. Nothing is read from the device
until the answer is complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import transformers

from structgen.sampling.steps import Step, Wanted
from structgen.vocabulary import Vocabulary

_SHOWN = 5
"""How many of the model's likeliest tokens are kept for each step."""


class Recording(transformers.LogitsProcessor):
    """A logits processor that calls another one, and keeps what is needed to say what it changed. For one row."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor
        self._kept: list[KeptLogits] = []

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """What the other one returns."""
        if self._kept:
            self._kept[-1].choose(input_ids[0, -1])
        masked: torch.FloatTensor = self._processor(input_ids, scores)
        self._kept.append(KeptLogits(scores[0], masked[0]))
        return masked

    def steps(self, tokens: Sequence[int], vocabulary: Vocabulary) -> tuple[Step, ...]:
        """The steps of an answer.

        Args:
            tokens: that were chosen, one for each call.
            vocabulary: of the tokens.
        """
        found = []
        start = 0
        for token, kept in zip(tokens, self._kept, strict=False):
            found.append(kept.step(token, start, vocabulary))
            start += len(vocabulary[token]) if token < len(vocabulary) else 0
        return tuple(found)


class KeptLogits:
    """What is kept of the logits of one step, on their device."""

    def __init__(self, scores: torch.Tensor, masked: torch.Tensor) -> None:
        count = min(_SHOWN, len(scores))
        self.total = torch.logsumexp(scores.float(), 0)
        self.kept = torch.logsumexp(masked.float(), 0)
        self.allowed = torch.isfinite(masked).sum()
        self.wanted = torch.topk(scores.float(), count)
        self.likeliest = torch.topk(masked.float(), min(2, len(masked)))
        self._scores: torch.Tensor | None = scores
        self._logit: torch.Tensor | None = None

    def choose(self, token: torch.Tensor | int) -> None:
        """Say which token was chosen. The logits of the others are not needed any more."""
        if self._scores is not None:
            self._logit, self._scores = self._scores[token].clone(), None

    def step(self, token: int, start: int, vocabulary: Vocabulary) -> Step:
        """The step in which a token was chosen.

        Args:
            token: that was chosen.
            start: its place in the text, in bytes.
            vocabulary: of the tokens.
        """
        self.choose(token)
        assert self._logit is not None
        total, kept, logit = float(self.total), float(self.kept), float(self._logit)

        def shown(other: int, value: float, sum_of_all: float) -> Wanted:
            return Wanted(other, vocabulary[other] if other < len(vocabulary) else b"", value - sum_of_all)

        others = [
            shown(other, value, kept)
            for other, value in zip(
                self.likeliest.indices.tolist(), self.likeliest.values.tolist(), strict=True
            )
            if other != token and value > float("-inf")
        ]
        return Step(
            token=token,
            text=vocabulary[token] if token < len(vocabulary) else b"",
            start=start,
            logprob=logit - total,
            masked_logprob=min(logit - kept, 0.0),
            log_kept=min(kept - total, 0.0),
            allowed=int(self.allowed),
            wanted=tuple(
                shown(other, value, total)
                for other, value in zip(
                    self.wanted.indices.tolist(), self.wanted.values.tolist(), strict=True
                )
            ),
            runner_up=others[0] if others else None,
        )
