"""Masks on a device: rows of allowed tokens that live in its memory, and what is done with logits there.

    rows.py       DeviceRows: a table on the device of the masks that are in use; a step sends one integer a sequence
    apply.py      logits and rows: mask, greedy choice, sampling, the mass that a mask removes
    kernels.py    the same as kernels of Triton, each of which reads the logits once
    random.py     the random numbers of the sampler: Philox, as Triton has it
    matcher.py    DeviceMatcher: sequences that advance and are masked without the host
    loop.py       DeviceDecoding: a decoding loop with it, for `model.generate(custom_generate=...)`

Where Triton is missing, operations of torch give the same results on any device.
"""

from __future__ import annotations

from structgen.generation.device.apply import (
    Mass,
    apply_rows,
    masked_argmax,
    masked_logsumexp,
    masked_sample,
)
from structgen.generation.device.loop import DeviceDecoding
from structgen.generation.device.matcher import DeviceMatcher
from structgen.generation.device.rows import DeviceRows

__all__ = [
    "DeviceDecoding",
    "DeviceMatcher",
    "DeviceRows",
    "Mass",
    "apply_rows",
    "masked_argmax",
    "masked_logsumexp",
    "masked_sample",
]
