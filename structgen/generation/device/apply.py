"""Logits and rows of allowed tokens on a device: mask, greedy choice, sampling, and the mass that a mask removes.

By kernels of Triton where it is installed and the device has it, else by operations of torch. Neither waits for the
device.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import torch

from structgen.errors import InvalidOptionError
from structgen.generation.device.random import uniform
from structgen.options import Number, Whole, check_option

_TYPES = (torch.float32, torch.bfloat16, torch.float16)

_SMALLEST = 1e-10
"""Uniform numbers are at least this, so that their logarithm is finite; as in kernels.py."""


@dataclass(frozen=True, slots=True)
class Mass:
    """How much probability a mask leaves.

    Attributes:
        all: float32 [B]: log of the sum of the exponentials of all logits.
        allowed: float32 [B]: the same over the allowed tokens.
    """

    all: torch.Tensor
    allowed: torch.Tensor

    @property
    def kept(self) -> torch.Tensor:
        """float32 [B]: log of the share of the model's probability that is on allowed tokens; at most 0."""
        return self.allowed - self.all


def apply_rows(
    logits: torch.Tensor, table: torch.Tensor, ids: torch.Tensor, *, out: torch.Tensor | None = None
) -> torch.Tensor:
    """Forbid tokens: set their logits to minus infinity.

    Args:
        logits: float16, bfloat16 or float32 [B, V]; tokens side by side, rows with any stride.
        table: int32 [N, W], W >= ceil(V / 32), on the same device: rows of allowed tokens. Token t is allowed by
            row n if bit t % 32 of table[n, t // 32] is set.
        ids: int32 or int64 [B], on the same device: the row of the table of each sequence; below 0: none, all tokens
            are allowed. They must be below N: nobody waits for the device to check.
        out: where to write, of the shape and dtype of `logits`; None: into `logits`.

    Returns:
        `out`, or `logits`.

    Raises:
        InvalidOptionError: Shapes, dtypes or devices do not fit.

    >>> table = torch.tensor([[0b101]], dtype=torch.int32)
    >>> apply_rows(torch.zeros(2, 3), table, torch.tensor([0, -1])).tolist()
    [[0.0, -inf, 0.0], [0.0, 0.0, 0.0]]
    """
    _check(logits, table, ids)
    if out is not None:
        _check_out(logits, out)
    if not logits.numel():
        return logits if out is None else out
    kernels = _kernels(logits)
    if kernels is not None:
        kernels.apply(logits, table, ids, out)
        return logits if out is None else out
    forbidden = ~_allowed(table, ids, logits.shape[1])
    if out is None:
        return logits.masked_fill_(forbidden, float("-inf"))
    return out.copy_(logits).masked_fill_(forbidden, float("-inf"))


def masked_argmax(logits: torch.Tensor, table: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """The likeliest allowed token of each row, the first of equal ones.

    Args:
        logits: as of `apply_rows`; they are only read.
        table: as of `apply_rows`.
        ids: as of `apply_rows`.

    Returns:
        int64 [B]. A row that allows no token with a logit above minus infinity gives V.

    Raises:
        InvalidOptionError: As of `apply_rows`.
    """
    return _chosen(logits, table, ids, 1.0, None)


def masked_sample(
    logits: torch.Tensor, table: torch.Tensor, ids: torch.Tensor, *, seed: int, temperature: float = 1.0
) -> torch.Tensor:
    """Draw an allowed token for each row, with the probability that the model gives it among the allowed ones.

    By the Gumbel maximum: the greatest of logit / temperature + noise, which is a sample of the softmax. The noise
    depends on nothing but the seed, the row and the token, so that the same call draws the same tokens everywhere.

    Args:
        logits: as of `apply_rows`; they are only read. B times V at most 2^31.
        table: as of `apply_rows`.
        ids: as of `apply_rows`.
        seed: 0 to 2^31 - 1; another one for each step.
        temperature: more than 0.

    Returns:
        int64 [B]. A row that allows no token with a logit above minus infinity gives V.

    Raises:
        InvalidOptionError: As of `apply_rows`, or the seed or the temperature is none.
    """
    check_option("seed", seed, (Whole(0, (1 << 31) - 1),))
    check_option("temperature", temperature, (Number(sys.float_info.min, sys.float_info.max),))
    return _chosen(logits, table, ids, 1.0 / temperature, seed)


def masked_logsumexp(logits: torch.Tensor, table: torch.Tensor, ids: torch.Tensor) -> Mass:
    """How much of the model's probability is on allowed tokens, in one pass over the logits.

    Args:
        logits: as of `apply_rows`; they are only read.
        table: as of `apply_rows`.
        ids: as of `apply_rows`.

    Raises:
        InvalidOptionError: As of `apply_rows`.
    """
    _check(logits, table, ids)
    kernels = _kernels(logits)
    if kernels is None:
        values = logits.float()
        kept = values.masked_fill(~_allowed(table, ids, logits.shape[1]), float("-inf"))
        return Mass(values.logsumexp(1), kept.logsumexp(1))
    tops, sums, kept_tops, kept_sums = kernels.mass(logits, table, ids)
    return Mass(_joined(tops, sums), _joined(kept_tops, kept_sums))


def _joined(tops: torch.Tensor, sums: torch.Tensor) -> torch.Tensor:
    """Log-sum-exp [B] of what is known of blocks."""
    return (tops + sums.log()).logsumexp(1)


def _chosen(
    logits: torch.Tensor, table: torch.Tensor, ids: torch.Tensor, scale: float, seed: int | None
) -> torch.Tensor:
    _check(logits, table, ids)
    width = logits.shape[1]
    kernels = _kernels(logits)
    if kernels is not None:
        values, tokens = kernels.choose(logits, table, ids, scale, seed)
        tokens = tokens.long()
    else:
        values = logits.float().masked_fill(~_allowed(table, ids, width), float("-inf"))
        tokens = torch.arange(width, device=logits.device).expand(logits.shape)
        if seed is not None:
            noise = uniform(seed, tokens + torch.arange(len(logits), device=logits.device)[:, None] * width)
            values = values * scale - (-noise.clamp(min=_SMALLEST).log()).log()
    best = values.amax(1, keepdim=True)
    chosen: torch.Tensor = tokens.masked_fill((values != best) | (best == float("-inf")), width).amin(1)
    return chosen


def _allowed(table: torch.Tensor, ids: torch.Tensor, width: int) -> torch.Tensor:
    """Bool [B, V]: the allowed tokens."""
    packed = table[ids.clamp(min=0).long()].view(torch.uint8)  # bytes: every device is little-endian
    places = torch.arange(8, dtype=torch.uint8, device=table.device)
    bits = (packed[:, :, None] & (torch.ones_like(places) << places)) != 0
    return bits.flatten(1)[:, :width] | (ids < 0)[:, None]


def _kernels(logits: torch.Tensor) -> Any:
    """The kernels, if they can be run on the logits; else None."""
    if not _has_triton() or not (logits.is_cuda or os.environ.get("TRITON_INTERPRET") == "1"):
        return None
    from structgen.generation.device import kernels

    return kernels


@cache
def _has_triton() -> bool:
    return find_spec("triton") is not None


def _check(logits: torch.Tensor, table: torch.Tensor, ids: torch.Tensor) -> None:
    """Raise `InvalidOptionError` if something does not fit."""
    if logits.dim() != 2 or logits.dtype not in _TYPES:
        reason = "must be float16, bfloat16 or float32 [B, V]"
        raise InvalidOptionError("logits", f"{logits.dtype} {list(logits.shape)}", reason)
    if logits.shape[1] > 1 and logits.stride(1) != 1:
        raise InvalidOptionError("logits", logits.stride(), "must have the logits of a row side by side")
    if logits.shape[0] > 1 and logits.stride(0) == 0:
        raise InvalidOptionError("logits", logits.stride(), "are one row, expanded: clone() them first")
    words = (logits.shape[1] + 31) // 32
    if table.dim() != 2 or table.dtype != torch.int32 or table.shape[1] < words or table.stride(1) != 1:
        reason = f"must be int32 [N, W] with W of at least {words} words, side by side"
        raise InvalidOptionError("table", f"{table.dtype} {list(table.shape)}", reason)
    if ids.shape != logits.shape[:1] or ids.dtype not in (torch.int32, torch.int64):
        reason = f"must be int32 or int64 [{logits.shape[0]}], a row of the table for each row of logits"
        raise InvalidOptionError("ids", f"{ids.dtype} {list(ids.shape)}", reason)
    for name, tensor in (("table", table), ("ids", ids)):
        if tensor.device != logits.device:
            raise InvalidOptionError(name, tensor.device, f"must be on {logits.device}, as the logits are")


def _check_out(logits: torch.Tensor, out: torch.Tensor) -> None:
    """Raise `InvalidOptionError` if the result can't be written there."""
    fits = out.shape == logits.shape and out.dtype == logits.dtype and out.device == logits.device
    if not fits or (out.shape[1] > 1 and out.stride(1) != 1):
        reason = f"must be {logits.dtype} {list(logits.shape)} on {logits.device}, tokens side by side"
        raise InvalidOptionError("out", f"{out.dtype} {list(out.shape)} on {out.device}", reason)
