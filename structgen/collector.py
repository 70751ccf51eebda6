"""Python's cyclic garbage collector, while a grammar is made."""

from __future__ import annotations

import gc


class collector_paused:
    """Pause the cyclic garbage collector: `with collector_paused():`. A class, as a generator would cost more.

    Making a grammar allocates up to a million objects, which nearly all stay. In a process that has imported much, one
    full collection in between takes 150 ms and more.
    """

    __slots__ = ("_was_enabled",)

    def __enter__(self) -> None:
        self._was_enabled = gc.isenabled()
        gc.disable()

    def __exit__(self, *error: object) -> None:
        if self._was_enabled:
            gc.enable()
