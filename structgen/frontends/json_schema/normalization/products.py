"""Products: alternatives that must hold together, without those that contradict themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from contextlib import contextmanager

from structgen.frontends.json_schema.documents.json_types import ANY_TYPE
from structgen.frontends.json_schema.normalization.emptiness import Emptiness
from structgen.frontends.json_schema.shapes.shape import Alternative, join

MOST = 256
"""Alternatives of one place before the combination is refused."""

MOST_PAIRS = 20_000
"""Pairs of alternatives that are compared to see whether branches overlap."""


class TooManyAlternatives(Exception):
    """Combinators multiply beyond reason. Caught where the keyword can be named."""


class Products:
    """Makes products.

    Attributes:
        types: the types of interest: alternatives that allow no others are left out.
        compared: how many conjunctions were examined for contradictions.
    """

    def __init__(self, emptiness: Emptiness) -> None:
        self.types = ANY_TYPE
        self.compared = 0
        self._emptiness = emptiness

    @contextmanager
    def restricted_to(self, types: int) -> Iterator[None]:
        """Within this context, only some types are of interest."""
        before, self.types = self.types, types
        try:
            yield
        finally:
            self.types = before

    def is_empty(self, shapes: Alternative) -> bool:
        """Returns True if shapes plainly contradict each other, as far as the types of interest go."""
        self.compared += 1
        return self._emptiness.is_empty(shapes, self.types)

    def product(self, some: list[Alternative], others: list[Alternative]) -> list[Alternative]:
        """All that is in one of some alternatives and in one of others.

        Raises:
            TooManyAlternatives: There are more than `MOST`.
        """
        if others == [()]:
            return some
        if some == [()]:
            return others
        found: dict[Alternative, None] = {}
        for one in some:
            for other in others:
                joined = join(one, other)
                if not self.is_empty(joined):
                    found[joined] = None
            self.check(found)
        return list(found)

    def check(self, found: Sized, times: int = 1) -> None:
        """See that there are not too many alternatives.

        Raises:
            TooManyAlternatives: There are more than `MOST`, or so many times as many.
        """
        if len(found) > times * MOST:
            raise TooManyAlternatives

    def overlap(self, some: list[Alternative], others: list[Alternative]) -> bool:
        """Returns False if no value can be in one of some alternatives and in one of others."""
        return any(not self.is_empty(join(one, other)) for one in some for other in others)
