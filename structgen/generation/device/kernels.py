"""Kernels of Triton for `apply.py`. A program handles one block of tokens of one row, and reads each logit once.

Rows are packed: bit t % 32 of word t // 32 is set if token t is allowed. A negative id leaves a row as it is.

Run by the interpreter of Triton (TRITON_INTERPRET=1), they work on tensors of the CPU.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl

BLOCK = 4096
"""Tokens of a program: 16 kB of float32."""


@triton.jit
def _block(table, ids, table_stride, width, WORDS: tl.constexpr):
    """For the tokens of a program: which ones its row allows, their numbers, and which ones exist."""
    number = tl.load(ids + tl.program_id(1)).to(tl.int64)
    first = tl.program_id(0) * WORDS * 32
    words = first // 32 + tl.arange(0, WORDS)
    is_read = words * 32 < tl.where(number >= 0, width, 0)
    packed = tl.load(table + tl.maximum(number, 0) * table_stride + words, mask=is_read, other=-1)
    bits = (packed[:, None] >> tl.arange(0, 32)[None, :]) & 1
    tokens = first + tl.arange(0, WORDS)[:, None] * 32 + tl.arange(0, 32)[None, :]
    return bits != 0, tokens, tokens < width


@triton.jit
def _apply_kernel(
    logits,
    out,
    table,
    ids,
    width,
    stride,
    out_stride,
    table_stride,
    COPY: tl.constexpr,
    WORDS: tl.constexpr,
):
    row = tl.program_id(1).to(tl.int64)
    allowed, tokens, inside = _block(table, ids, table_stride, width, WORDS)
    if COPY:
        values = tl.load(logits + row * stride + tokens, mask=inside & allowed, other=float("-inf"))
        tl.store(out + row * out_stride + tokens, values, mask=inside)
    else:
        nothing = tl.full([WORDS, 32], float("-inf"), logits.dtype.element_ty)
        tl.store(logits + row * stride + tokens, nothing, mask=inside & (allowed == 0))


@triton.jit
def _choose_kernel(
    logits,
    table,
    ids,
    scale,
    seed,
    best,
    where,
    width,
    stride,
    table_stride,
    DRAW: tl.constexpr,
    WORDS: tl.constexpr,
):
    row = tl.program_id(1).to(tl.int64)
    allowed, tokens, inside = _block(table, ids, table_stride, width, WORDS)
    values = tl.load(logits + row * stride + tokens, mask=inside & allowed, other=float("-inf")).to(
        tl.float32
    )
    if DRAW:
        uniform = tl.maximum(tl.rand(seed, (row * width + tokens).to(tl.int32)), 1e-10)
        values = values * scale - tl.log(-tl.log(uniform))
    flat = tl.reshape(values, [WORDS * 32])
    place = row * tl.num_programs(0) + tl.program_id(0)
    tl.store(best + place, tl.max(flat, axis=0))
    tl.store(where + place, tl.program_id(0) * WORDS * 32 + tl.argmax(flat, axis=0))


@triton.jit
def _mass_kernel(
    logits,
    table,
    ids,
    tops,
    sums,
    kept_tops,
    kept_sums,
    width,
    stride,
    table_stride,
    WORDS: tl.constexpr,
):
    row = tl.program_id(1).to(tl.int64)
    allowed, tokens, inside = _block(table, ids, table_stride, width, WORDS)
    values = tl.load(logits + row * stride + tokens, mask=inside, other=float("-inf")).to(tl.float32)
    kept = tl.reshape(tl.where(allowed, values, float("-inf")), [WORDS * 32])
    values = tl.reshape(values, [WORDS * 32])
    top, kept_top = tl.max(values, axis=0), tl.max(kept, axis=0)
    place = row * tl.num_programs(0) + tl.program_id(0)
    tl.store(tops + place, top)
    tl.store(kept_tops + place, kept_top)
    # Where all are minus infinity, 0 is subtracted: their exponentials are 0.
    tl.store(sums + place, tl.sum(tl.exp(values - tl.where(top == float("-inf"), 0.0, top)), axis=0))
    kept_top = tl.where(kept_top == float("-inf"), 0.0, kept_top)
    tl.store(kept_sums + place, tl.sum(tl.exp(kept - kept_top), axis=0))


def apply(logits: torch.Tensor, table: torch.Tensor, ids: torch.Tensor, out: torch.Tensor | None) -> None:
    """Mask in place, or into `out`."""
    target = logits if out is None else out
    _grid(_apply_kernel, logits)(
        *(logits, target, table, ids, logits.shape[1], logits.stride(0), target.stride(0), table.stride(0)),
        COPY=out is not None,
        WORDS=BLOCK // 32,
    )


def choose(
    logits: torch.Tensor, table: torch.Tensor, ids: torch.Tensor, scale: float, seed: int | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """The best value of each block [B, blocks], and its token; with a seed after Gumbel noise is added."""
    best, where = _partial(logits), _partial(logits, torch.int32)
    _grid(_choose_kernel, logits)(
        *(
            logits,
            table,
            ids,
            scale,
            seed or 0,
            best,
            where,
            logits.shape[1],
            logits.stride(0),
            table.stride(0),
        ),
        DRAW=seed is not None,
        WORDS=BLOCK // 32,
    )
    return best, where


def mass(logits: torch.Tensor, table: torch.Tensor, ids: torch.Tensor) -> list[torch.Tensor]:
    """The greatest logit of each block and the sum of exponentials above it [B, blocks]; the same of allowed tokens."""
    found = [_partial(logits) for _ in range(4)]
    _grid(_mass_kernel, logits)(
        *(logits, table, ids, *found, logits.shape[1], logits.stride(0), table.stride(0)), WORDS=BLOCK // 32
    )
    return found


def _grid(kernel: Any, logits: torch.Tensor) -> Any:
    return kernel[(triton.cdiv(logits.shape[1], BLOCK), logits.shape[0])]


def _partial(logits: torch.Tensor, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    blocks = triton.cdiv(logits.shape[1], BLOCK)
    return torch.empty((logits.shape[0], blocks), dtype=dtype, device=logits.device)
