"""A prompt is read once, and every row and every further pass goes on from what the model keeps of it."""

from __future__ import annotations

import copy
import inspect
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
        cache = cache_of(model, model(ids[:, :-1], use_cache=True, logits_to_keep=1))
    return cache if hasattr(cache, "batch_repeat_interleave") else None


def cache_of(model: Any, output: Any) -> Any:
    """The cache in what a model returned, or None."""
    return getattr(output, cache_name(model), None)


def going_on_from(model: Any, cache: Any, rows: int) -> dict[str, Any]:
    """The argument that makes a model, or its `generate()`, go on from the cache of one row, in that many rows.

    A copy: a pass writes into it.
    """
    found = copy.deepcopy(cache)
    if rows > 1:
        found.batch_repeat_interleave(rows)
    return {cache_name(model): found}


def cache_name(model: Any) -> str:
    """What the model calls its cache: `past_key_values` until transformers 5 renamed it."""
    return "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"
