"""Masks onto logits, in place and into other memory, by each kind of instructions: numpy is the judge.

(How they are applied to tensors: tests/generation/test_masking.py.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from structgen.engine import _native

KINDS = {0: (np.uint32, 0xFF800000), 1: (np.uint16, 0xFF80), 2: (np.uint16, 0xFC00)}
"""By the engine's numbers: float32, bfloat16 and float16 as bits, and minus infinity."""


@pytest.mark.parametrize("instructions", range(len(_native.apply_instructions())))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [1, 31, 33, 127, 128, 129, 1000])
def test_forbidden_logits_are_minus_infinity(instructions: int, kind: int, width: int) -> None:
    random = np.random.default_rng(width)
    bits, lowest = KINDS[kind]
    for share in (0.0, 0.01, 0.5, 0.99, 1.0):
        logits: Any = random.integers(0, np.iinfo(bits).max, (3, width + 5)).astype(bits)[:, 2 : 2 + width]
        logits[2] = lowest
        allowed = random.random((3, -(-width // 32) * 32)) < share
        packed = np.packbits(allowed, axis=1, bitorder="little").view(np.int32)
        expected = np.where(allowed[:, :width], logits, lowest)
        expected[1] = logits[1]
        copy = np.empty((3, width), dtype=bits)
        mask = packed.ctypes.data, packed.shape[1], [0, 2], instructions
        stride = logits.strides[0] // logits.itemsize
        left = _native.copy_masked(logits.ctypes.data, copy.ctypes.data, kind, 3, width, stride, *mask)
        assert np.array_equal(copy, expected)
        assert left == [bool((expected[row] != lowest).any()) for row in (0, 2)]
        _native.apply_bitmask(logits.ctypes.data, kind, 3, width, stride, *mask)
        assert np.array_equal(logits, expected)
