"""Python's cyclic garbage collector, while a grammar is made."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the cyclic garbage collector.

    Making a grammar allocates up to a million objects, which nearly all stay. In a process that has imported much, one
    full collection in between takes 150 ms and more.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
