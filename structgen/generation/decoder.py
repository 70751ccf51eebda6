"""A model of transformers as a `Decoder`: one prompt, several continuations, token by token."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from structgen.generation.prompt_cache import cache_of, going_on_from, read_prompt
from structgen.sampling.decoding import Floats
from structgen.vocabulary import Vocabulary


class ModelDecoder:
    """A causal model after one prompt.

    Args:
        model: a causal model of transformers.
        vocabulary: of its tokenizer, as wide as the model's logits.
        prompt: int64 [1, T], the prompt, T at least 1.

    The prompt is read once. Log-probabilities are computed in float32, on the model's device.
    """

    def __init__(self, model: Any, vocabulary: Vocabulary, prompt: torch.Tensor) -> None:
        self.vocabulary = vocabulary
        self._model = model
        self._prompt = prompt
        self._read = read_prompt(model, prompt)
        self._rows = prompt
        self._cache: dict[str, Any] | None = None

    def begin(self, tokens: Sequence[int]) -> Floats:
        """Start again with one row: the prompt and `tokens`. Returns log-probabilities float32 [V]."""
        self._rows = torch.cat([self._prompt, self._tensor([tokens])], dim=1)
        if self._read is None:
            self._cache = None
            unread = self._rows
        else:
            self._cache = going_on_from(self._model, self._read, 1)
            unread = self._rows[:, self._prompt.shape[1] - 1 :]
        found: Floats = self._logprobs(unread)[0]
        return found

    def extended(self, tokens: Sequence[int]) -> ModelDecoder:
        """The same model after the prompt and `tokens`, which are read once."""
        other = copy.copy(self)
        if tokens:
            other._prompt = torch.cat([self._prompt, self._tensor([tokens])], dim=1)
            if self._read is not None:
                kept = going_on_from(self._model, self._read, 1)
                unread = other._prompt[:, self._prompt.shape[1] - 1 : -1]
                with torch.no_grad():
                    output = self._model(unread, **kept, use_cache=True, logits_to_keep=1)
                other._read = cache_of(self._model, output)
            elif other._prompt.shape[1] > 1:
                other._read = read_prompt(self._model, other._prompt)
        return other

    def after_each(self, texts: Sequence[Sequence[int]]) -> Floats:
        """What follows the prompt and each of some texts, in one pass.

        Returns:
            Log-probabilities float32 [B, V].
        """
        start = 0 if self._read is None else self._prompt.shape[1] - 1
        before = self._prompt[0, start:].tolist()
        rows = [[*before, *text] for text in texts]
        longest = max(map(len, rows))
        # What stands to the right of a text does not change what the model says after it.
        ids = self._tensor([[*row, *[row[-1]] * (longest - len(row))] for row in rows])
        kept: dict[str, Any] = {"use_cache": False}
        if self._read is not None:
            kept = {**going_on_from(self._model, self._read, len(rows)), "use_cache": True}
        with torch.no_grad():
            logits = self._model(ids, **kept).logits
            last = torch.tensor([len(row) - 1 for row in rows], device=logits.device)
            found = torch.log_softmax(logits[torch.arange(len(rows), device=logits.device), last].float(), -1)
        return np.asarray(found.cpu().numpy())

    def select(self, rows: Sequence[int]) -> None:
        """Keep these rows, in this order. A row may be named more than once."""
        chosen = torch.tensor(rows, dtype=torch.long, device=self._model.device)
        if list(rows) == list(range(len(self._rows))):
            return
        self._rows = self._rows[chosen]
        for cache in (self._cache or {}).values():
            cache.batch_select_indices(chosen)

    def step(self, tokens: Sequence[int]) -> Floats:
        """Continue each row with its token. Returns log-probabilities float32 [B, V]."""
        following = self._tensor([[token] for token in tokens])
        self._rows = torch.cat([self._rows, following], dim=1)
        return self._logprobs(self._rows if self._cache is None else following)

    def _tensor(self, rows: Sequence[Sequence[int]]) -> torch.Tensor:
        return torch.tensor(rows, dtype=self._prompt.dtype, device=self._prompt.device).reshape(len(rows), -1)

    def _logprobs(self, unread: torch.Tensor) -> Floats:
        with torch.no_grad():
            kept = {"use_cache": False} if self._cache is None else {**self._cache, "use_cache": True}
            output = self._model(unread, **kept, logits_to_keep=1)
            if self._cache is not None:
                name = next(iter(self._cache))
                self._cache = {name: cache_of(self._model, output) or self._cache[name]}
            found = torch.log_softmax(output.logits[:, -1].float(), dim=-1)
        return np.asarray(found.cpu().numpy())
