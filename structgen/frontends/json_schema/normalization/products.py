"""Products: alternatives that must hold together, without those that contradict themselves, each once.

Two alternatives are the same if they say the same of every type that they allow, whatever shapes say it: chains of
`oneOf` and `if` over one schema repeat the same few intervals and patterns again and again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sized
from contextlib import contextmanager

from structgen.frontends.json_schema.documents.json_types import (
    ANY_TYPE,
    ARRAY,
    NUMBER,
    OBJECT,
    STRING,
    type_of,
)
from structgen.frontends.json_schema.normalization.emptiness import Emptiness
from structgen.frontends.json_schema.shapes import numbers, strings
from structgen.frontends.json_schema.shapes.numbers import NumberShape
from structgen.frontends.json_schema.shapes.reader import Reader
from structgen.frontends.json_schema.shapes.shape import (
    Alternative,
    Parts,
    arrays_of,
    join,
    numbers_of,
    objects_of,
    strings_of,
    types_of,
)

MOST = 256
"""Alternatives of one place before the combination is refused."""

MOST_PAIRS = 20_000
"""Pairs of alternatives that are compared to see whether branches overlap."""

MOST_WORK = 450_000
"""Shapes that are examined for contradictions in one schema, all of its conjunctions together."""

_MANY = 4
"""Shapes of numbers in one alternative before they are merged into one."""


class TooManyAlternatives(Exception):
    """Combinators multiply beyond reason. Caught where the keyword can be named."""


class Products:
    """Makes products.

    Attributes:
        types: the types of interest: alternatives that allow no others are left out.
        work: how many shapes were examined for contradictions.
    """

    def __init__(self, emptiness: Emptiness, reader: Reader) -> None:
        self.types = ANY_TYPE
        self.work = 0
        self._emptiness = emptiness
        self._reader = reader

    @contextmanager
    def restricted_to(self, types: int) -> Iterator[None]:
        """Within this context, only some types are of interest."""
        before, self.types = self.types, types
        try:
            yield
        finally:
            self.types = before

    def is_empty(self, shapes: Alternative) -> bool:
        """Returns True if shapes plainly contradict each other, as far as the types of interest go.

        Raises:
            TooManyAlternatives: More than `MOST_WORK` shapes were examined.
        """
        self.work += len(shapes)
        self.check_work()
        return self._emptiness.is_empty(shapes, self.types)

    def check_work(self) -> None:
        """See that not too many shapes were examined.

        Raises:
            TooManyAlternatives: There were more than `MOST_WORK`.
        """
        if self.work > MOST_WORK:
            raise TooManyAlternatives

    def product(self, some: list[Alternative], others: list[Alternative]) -> list[Alternative]:
        """All that is in one of some alternatives and in one of others.

        Raises:
            TooManyAlternatives: There are more than `MOST`.
        """
        if others == [()]:
            return some
        if some == [()]:
            return others
        found: dict[Hashable, Alternative] = {}
        for one in some:
            for other in others:
                joined = join(one, other)
                if not self.is_empty(joined):
                    found.setdefault(
                        self._key(joined), joined if len(joined) <= _MANY else self._merged(joined)
                    )
            self.check(found)
        return self._without_contained(list(found.values()))

    def distinct(self, found: list[Alternative]) -> list[Alternative]:
        """The same alternatives, each once."""
        if len(found) < 2:
            return found
        by_key: dict[Hashable, Alternative] = {}
        for one in found:
            by_key.setdefault(self._key(one), one)
        return self._without_contained(list(by_key.values()))

    def _without_contained(self, found: list[Alternative]) -> list[Alternative]:
        """The same alternatives without intervals of numbers that are part of another one."""
        if len(found) <= _MANY or self._reader.document.has_unevaluated:
            return found
        intervals = [(index, interval) for index, one in enumerate(found) if (interval := _interval(one))]
        dropped: set[int] = set()
        for index, (types, shape) in intervals:
            for other, (other_types, other_shape) in intervals:
                if other == index or other in dropped or types & ~other_types:
                    continue
                if numbers.is_within(shape, other_shape):
                    dropped.add(index)
                    break
        return [one for index, one in enumerate(found) if index not in dropped]

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

    def _merged(self, shapes: Alternative) -> Alternative:
        """The same as one shape, if it is about numbers alone; chains of references repeat bounds without end."""
        interval = _interval(shapes)
        if interval is None:
            return shapes
        types, shape = interval
        return (self._reader.shape(Parts(types, numbers=shape), shapes[-1].origin),)

    def _key(self, shapes: Alternative) -> Hashable:
        """The same for alternatives that say the same. The order of object shapes counts: it is that of properties."""
        if (
            len(shapes) == 1 or self._reader.document.has_unevaluated
        ):  # then it matters which shapes there are
            return shapes
        types = types_of(shapes) & self.types
        listed = tuple([one for shape in shapes for one in (shape.const, shape.enum) if one is not None])
        excluded = frozenset([(type_of(one), one) for shape in shapes for one in shape.excluded])
        return (
            types,
            listed,
            excluded,
            tuple([tally for shape in shapes for tally in shape.deferred]),
            strings.intersect(strings_of(shapes)) if types & STRING else None,
            numbers.intersect(numbers_of(shapes)) if types & NUMBER else None,
            _each_once(arrays_of(shapes)) if types & ARRAY else None,
            _each_once(objects_of(shapes)) if types & OBJECT else None,
        )


def _interval(shapes: Alternative) -> tuple[int, NumberShape] | None:
    """The types and the bounds of an alternative that says nothing else; None if it does."""
    types = types_of(shapes)
    found = numbers_of(shapes)
    if types & ~NUMBER or not found or any(shape.listed is not None or shape.excluded for shape in shapes):
        return None
    if any(one.steps or one.not_steps for one in found):  # these may have to be reported, each at its place
        return None
    return types, numbers.intersect(found)


def _each_once(parts: Iterable[Hashable]) -> tuple[Hashable, ...]:
    return tuple(dict.fromkeys(parts))
