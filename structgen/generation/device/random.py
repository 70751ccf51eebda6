"""Random numbers that depend on nothing but a seed and a place: Philox 4x32-10, as Triton's `tl.rand` has it.

J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import torch

_ROUNDS = 10
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_LOW = 0xFFFFFFFF
_SCALE = 4.6566127342e-10  # of a 31-bit number, below 1


def uniform(seed: int, places: torch.Tensor) -> torch.Tensor:
    """Numbers in [0, 1), one for each place.

    Args:
        seed: 0 to 2^63 - 1.
        places: int64, 0 to 2^32 - 1, any shape, on any device.

    Returns:
        float32, of the same shape; what `tl.rand(seed, place)` gives.
    """
    counters = [places & _LOW, *(torch.zeros_like(places) for _ in range(3))]
    keys = [seed & _LOW, (seed >> 32) & _LOW]
    for _ in range(_ROUNDS):
        high_a, low_a = _product(counters[0], _MULTIPLIERS[0])
        high_b, low_b = _product(counters[2], _MULTIPLIERS[1])
        counters = [high_b ^ counters[1] ^ keys[0], low_b, high_a ^ counters[3] ^ keys[1], low_a]
        keys = [(key + step) & _LOW for key, step in zip(keys, _KEY_STEPS, strict=True)]
    signed = torch.where(counters[0] >= 1 << 31, counters[0] - (1 << 32), counters[0])
    return torch.where(signed < 0, -signed - 1, signed).to(torch.float32) * _SCALE


def _product(values: torch.Tensor, factor: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The upper and the lower 32 bits of products of 32-bit numbers, in int64 without overflow."""
    upper, lower = values >> 16, values & 0xFFFF
    high = upper * factor  # below 2^48
    low = lower * factor
    total = high + (low >> 16)
    return total >> 16, ((total & 0xFFFF) << 16) | (low & 0xFFFF)
