"""Masks onto logits: packed rows of allowed tokens set the logits of all others to minus infinity, in place.

On the CPU by the engine's vector loop, which costs less than a copy of the logits; on other devices by
operations of torch on the packed rows, which never wait for the device.

Knows neither grammars nor matchers: a row may come from any library that packs as xgrammar, llguidance and
vLLM do.
"""

from __future__ import annotations

import operator
import weakref
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from structgen.engine._native import apply_bitmask as apply_natively
from structgen.engine._native import copy_masked as copy_natively

Bitmask = torch.Tensor | np.ndarray[Any, np.dtype[np.int32]]

_TYPES = {torch.float32: 0, torch.bfloat16: 1, torch.float16: 2}
"""The logits that the engine knows, by its numbers (`LogitType` in apply.h)."""

_LARGE_BYTES = 1 << 20
"""From here on copies are kept: otherwise malloc may fetch their memory from the system each time."""

_CHUNK_BYTES = 1 << 26
"""How much memory unpacked bits may take on a device at a time, one byte per token."""


def apply_bitmask(logits: torch.Tensor, bitmask: Bitmask, *, rows: Sequence[int] | None = None) -> None:
    """Forbid tokens: set their logits to minus infinity, in place.

    Args:
        logits: float16, bfloat16 or float32 [B, V], on any device, of any strides; or [V], one row.
        bitmask: int32 [B, W], W = ceil(V / 32), on the same device, or a numpy array; or [W], one row. Token
            t of row b is allowed if bit t % 32 of bitmask[b, t // 32] is set, least significant bit first.
            Bits from V up are ignored.
        rows: the rows to mask; the others stay as they are. None: all rows.

    Raises:
        ValueError: Shapes, dtypes or devices do not fit. `logits` is then untouched.

    A row always allows a token: a matcher in a dead end raises `DeadEnd` instead of handing one out, so
    softmax never sees a row of minus infinities.

    One pass over `logits`, no synchronisation with the host. Rows on the CPU whose logits lie side by side
    are masked by the engine, all others by operations of torch.

    The packing is that of xgrammar, llguidance and vLLM, so rows can be exchanged with them.

    >>> logits = torch.zeros(1, 3)
    >>> apply_bitmask(logits, torch.tensor([[0b101]], dtype=torch.int32))
    >>> logits.tolist()
    [[0.0, -inf, 0.0]]
    """
    if logits.dim() == 1:
        logits = logits[None]
    if bitmask.ndim == 1:
        bitmask = bitmask[None]
    if rows is not None:
        rows = [operator.index(row) for row in rows]
    kind = _check(logits, bitmask, rows)
    if logits.numel() > 0 and not _apply_natively(logits, bitmask, rows, kind):
        _apply_by_torch(logits, bitmask, rows)


def _apply_natively(logits: torch.Tensor, bitmask: Bitmask, rows: Sequence[int] | None, kind: int) -> bool:
    """The same by the engine, if it can. Autograd does not see what the engine writes."""
    address, bitmask_stride = _place(bitmask)
    if not logits.is_cpu or logits.stride(1) != 1 or logits.requires_grad or bitmask_stride is None:
        return False
    batch, width = logits.shape
    apply_natively(logits.data_ptr(), kind, batch, width, logits.stride(0), address, bitmask_stride, rows)
    return True


class Copies:
    """Masked copies of logits, in memory that is used again once nobody holds a copy any more.

    Fresh memory of that size comes from the system page by page, which takes longer than the copy itself.
    """

    def __init__(self) -> None:
        self._kept: list[tuple[np.ndarray[Any, Any], weakref.ref[Any]]] = []

    def masked(
        self, logits: torch.Tensor, bitmask: np.ndarray[Any, np.dtype[np.int32]], rows: Sequence[int]
    ) -> tuple[torch.Tensor, list[bool]]:
        """A copy in which tokens are forbidden, in one pass over the logits where they lie on the CPU.

        Args:
            logits: as of `apply_bitmask`, [B, V].
            bitmask: as of `apply_bitmask`, [B, W].
            rows: the rows to mask, ascending; the others are copied as they are.

        Returns:
            The copy, which may be written to and kept; and for each row in `rows`, True if one of its logits
            is more than minus infinity.

        Raises:
            ValueError: As `apply_bitmask`.
        """
        if logits.dim() == 2 and logits.stride(0) == 0:  # one row, expanded
            logits = logits.contiguous()
        kind = _check(logits, bitmask, rows)
        address, bitmask_stride = _place(bitmask)
        # Autograd does not see what the engine writes.
        if not logits.is_cpu or logits.stride(1) != 1 or logits.requires_grad or bitmask_stride is None:
            copy = logits.clone()
            if not rows:
                return copy, []
            apply_bitmask(copy, bitmask, rows=rows)
            left = (copy.detach().amax(dim=-1) != -torch.inf).tolist()
            return copy, [left[row] for row in rows]
        copy = self._like(logits)
        batch, width = logits.shape
        return copy, copy_natively(
            logits.data_ptr(),
            copy.data_ptr(),
            kind,
            batch,
            width,
            logits.stride(0),
            address,
            bitmask_stride,
            rows,
        )

    def _like(self, logits: torch.Tensor) -> torch.Tensor:
        """Memory for a copy."""
        if logits.dtype != torch.float32 or logits.numel() * 4 < _LARGE_BYTES:
            return torch.empty_like(logits, memory_format=torch.contiguous_format)
        shape = tuple(logits.shape)
        free = [memory for memory, lent in self._kept if lent() is None and memory.shape == shape]
        memory = free[0] if free else np.empty(shape, dtype=np.float32)
        lent = memory.view()  # a tensor holds the array that it was made of
        copy = torch.from_numpy(lent)
        self._kept = [one for one in self._kept if one[0] is not memory and one[0].shape == shape][-1:]
        self._kept.append((memory, weakref.ref(lent)))
        return copy


def _check(logits: torch.Tensor, bitmask: Bitmask, rows: Sequence[int] | None) -> int:
    """The number of the logits' type.

    Raises:
        ValueError: Something does not fit.
    """
    kind = _TYPES.get(logits.dtype)
    if kind is None:
        raise ValueError(f"logits are {logits.dtype}, and must be float16, bfloat16 or float32")
    _check_shapes(logits, bitmask)
    if isinstance(bitmask, torch.Tensor) and bitmask.device != logits.device:
        raise ValueError(f"bitmask is on {bitmask.device}, and must be on {logits.device}, as the logits are")
    if bitmask.dtype != (torch.int32 if isinstance(bitmask, torch.Tensor) else np.int32):
        raise ValueError(f"bitmask is {bitmask.dtype}, and must be int32")
    for row in rows or ():
        if not 0 <= row < logits.shape[0]:
            raise ValueError(f"row {row} is out of range for a batch of {logits.shape[0]}")
    return kind


def _check_shapes(logits: torch.Tensor, bitmask: Bitmask) -> None:
    if logits.dim() != 2 or bitmask.ndim != 2:
        raise ValueError(
            f"logits have {logits.dim()} dimensions and bitmask {bitmask.ndim}: must be [B, V] and [B, W]"
        )
    batch, width = logits.shape
    if batch > 1 and logits.stride(0) == 0:
        raise ValueError("the rows of logits are one and the same row (expanded): clone() them first")
    words = (width + 31) // 32
    if bitmask.shape[0] != batch or bitmask.shape[1] != words:
        raise ValueError(
            f"bitmask is {list(bitmask.shape)}, must be [{batch}, {words}] for logits of [{batch}, {width}]: "
            f"a row for each row, 32 tokens in a word. The vocabulary must be as wide as the logits: "
            f"Vocabulary.from_tokenizer(tokenizer, size={width})"
        )


def _place(bitmask: Bitmask) -> tuple[int, int | None]:
    """The address of the first row, and the number of words from row to row; None if words are not contiguous."""
    if isinstance(bitmask, torch.Tensor):
        return bitmask.data_ptr(), bitmask.stride(0) if bitmask.stride(1) == 1 else None
    address = bitmask.__array_interface__["data"][0]
    row_bytes, word_bytes = bitmask.strides
    return address, row_bytes // 4 if word_bytes == 4 and row_bytes % 4 == 0 else None


def _apply_by_torch(logits: torch.Tensor, bitmask: Bitmask, rows: Sequence[int] | None) -> None:
    """The same by operations of torch, on any device."""
    if not isinstance(bitmask, torch.Tensor):
        bitmask = torch.tensor(np.ascontiguousarray(bitmask), device=logits.device)
    # Bytes, not words: unpacked, a token then takes one byte instead of four. Every device is little-endian.
    packed = bitmask.contiguous().view(torch.uint8)
    bits = _bits(logits.device)
    width = logits.shape[1]
    at_once = max(1, _CHUNK_BYTES // (8 * packed.shape[1]))
    for first, last in _runs(range(logits.shape[0]) if rows is None else rows):
        for start in range(first, last, at_once):
            stop = min(start + at_once, last)
            forbidden = (packed[start:stop, :, None] & bits) == 0
            logits[start:stop].masked_fill_(forbidden.flatten(1)[:, :width], float("-inf"))


@cache
def _bits(device: torch.device) -> torch.Tensor:
    """1, 2, 4 .. 128, made on the device: a list of numbers would be waited for."""
    places = torch.arange(8, dtype=torch.uint8, device=device)
    return torch.ones_like(places) << places


def _runs(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ranges of consecutive rows: slices need no index on the device."""
    if isinstance(rows, range):
        yield rows.start, rows.stop
        return
    ordered = sorted(set(rows))
    breaks = [i for i, (row, following) in enumerate(pairwise(ordered), 1) if following != row + 1]
    for start, stop in pairwise([0, *breaks, len(ordered)]):
        if start < stop:
            yield ordered[start], ordered[stop - 1] + 1
