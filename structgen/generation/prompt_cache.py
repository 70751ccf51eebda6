"""A prompt is read once, and every row and every further pass goes on from what the model keeps of it."""

from __future__ import annotations

import copy
from typing import Any

import torch


def read_prompt(model: Any, ids: torch.Tensor) -> Any:
    """The cache after a prompt, all but its last token: the model gives the logits of what follows when it reads that.

    Args:
        model: a causal model of transformers.
        ids: int64 [1, T], the prompt.

    Returns:
        A cache of one row, or None: one token has nothing before it, and some models keep no cache of keys and values.
    """
    if ids.shape[1] < 2:
        return None
    with torch.no_grad():
        cache = getattr(model(ids[:, :-1], use_cache=True, logits_to_keep=1), "past_key_values", None)
    return cache if hasattr(cache, "batch_repeat_interleave") else None


def repeated(cache: Any, rows: int) -> Any:
    """The cache of one row, for that many. A copy: a pass writes into it."""
    found = copy.deepcopy(cache)
    if rows > 1:
        found.batch_repeat_interleave(rows)
    return found
