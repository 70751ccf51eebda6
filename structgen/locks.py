"""Locks that a forked child does not inherit, and values that are made once however many threads ask.

A child of fork() has one thread, and a copy of every lock. A lock that another thread of the parent held would stay
locked in the child for ever. So each process has locks of its own here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from threading import Lock, RLock
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class ProcessLock:
    """A reentrant lock that is free in a forked child, whatever the threads of the parent do."""

    def __init__(self) -> None:
        self._by_process: dict[int, Any] = {}

    def __enter__(self) -> None:
        self._by_process.setdefault(os.getpid(), RLock()).acquire()

    def __exit__(self, *_: object) -> None:
        self._by_process[os.getpid()].release()


class Once(Generic[Value]):
    """Values by their keys; each is made once, and who asks for it meanwhile waits. Different keys do not wait.

    A value that could not be made (its making raised) is tried again by the next call.
    """

    def __init__(self) -> None:
        self._made: dict[Hashable, Value] = {}
        self._locks: dict[tuple[int, Hashable], Lock] = {}  # of what is being made

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key; `make` makes it if there is none."""
        found = self._made.get(key)
        if found is None:
            place = os.getpid(), key
            with self._locks.setdefault(place, Lock()):
                found = self._made.get(key)
                if found is None:
                    found = self._made[key] = make()
                    self._locks.pop(place, None)
        return found

    def discard(self, key: Hashable) -> None:
        """Forget the value of a key; the next call makes it again."""
        self._made.pop(key, None)
