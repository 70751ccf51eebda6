"""Tokens that the host knows already need not be read back from the device, which would wait for all that it computes.

A decoding loop that has read the tokens it chose says so, and logits processors that it calls take them from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

_known: ContextVar[tuple[torch.Tensor, torch.Tensor] | None] = ContextVar(
    "structgen.host_tokens", default=None
)


@contextmanager
def known_on_host(input_ids: torch.Tensor, copy: torch.Tensor) -> Iterator[None]:
    """Inside, `on_host(input_ids)` is the copy.

    Args:
        input_ids: int64 [B, T], on any device.
        copy: the same tokens, on the host.
    """
    token = _known.set((input_ids, copy))
    try:
        yield
    finally:
        _known.reset(token)


def on_host(input_ids: torch.Tensor) -> torch.Tensor:
    """The tokens on the host; read from the device only if nobody has said what they are."""
    known = _known.get()
    return known[1] if known is not None and known[0] is input_ids else input_ids.cpu()
