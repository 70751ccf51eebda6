"""IdentityMap: a dict whose keys are objects of a document, by identity.

Equal objects of a JSON document stand at different places, so identity distinguishes them. The map keeps
its keys alive: the identity of an object that is gone may belong to another one later.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class IdentityMap(Generic[T]):
    """Values by the identity of their keys."""

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: dict[int, tuple[object, T]] = {}

    def __contains__(self, key: object) -> bool:
        return id(key) in self._entries

    def __setitem__(self, key: object, value: T) -> None:
        self._entries[id(key)] = key, value

    def __getitem__(self, key: object) -> T:
        return self._entries[id(key)][1]

    def get(self, key: object) -> T | None:
        """The value of an object; None if it has none."""
        found = self._entries.get(id(key))
        return None if found is None else found[1]
