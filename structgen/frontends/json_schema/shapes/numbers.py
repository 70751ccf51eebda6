"""Numbers: the shape of what keywords say of them, and the operations on it.

Bounds and steps are exact, as the schema writes them: an int or a Decimal. A shape constrains integers and fractions
alike; whether a number may be a fraction is a matter of its type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

from structgen.frontends.json_schema.numbers import Bound, exact
from structgen.frontends.json_schema.shapes.source import Source

_MAX_DIGITS = 400
_TOO_LARGE = 10**_MAX_DIGITS

Limit = tuple[Bound, bool]
"""A bound, and True if it is excluded."""


class NumberShape(NamedTuple):
    """What numbers must be.

    Attributes:
        low: the lower bound; None if there is none.
        high: the upper bound; None if there is none.
        steps: the number is a multiple of each.
        not_steps: the number is a multiple of none.
    """

    low: Limit | None = None
    high: Limit | None = None
    steps: tuple[Bound, ...] = ()
    not_steps: tuple[Bound, ...] = ()


def from_keywords(source: Source) -> NumberShape:
    """The shape of `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum` and `multipleOf`.

    Raises:
        InvalidSchemaError: One of them is malformed.
    """
    steps: tuple[Bound, ...] = ()
    if source.has("multipleOf"):
        step = source.value("multipleOf")
        if isinstance(step, bool) or not isinstance(step, (int, float)) or not 0 < step < math.inf:
            raise source.invalid("multipleOf", f"expected a number above 0, found {step!r}")
        steps = (exact(step),)
    return NumberShape(
        _limit(source, "minimum", "exclusiveMinimum", _higher),
        _limit(source, "maximum", "exclusiveMaximum", _lower),
        steps,
    )


def _limit(
    source: Source, included: str, excluding: str, tighter: Callable[[Sequence[Limit]], Limit | None]
) -> Limit | None:
    """The tighter one of two keywords; None if there is none."""
    said = source.said
    bound = _bound(source, included) if included in said else None
    limit = None if bound is None else (bound, said.get(excluding) is True)
    if excluding not in said:
        return limit
    bound = _bound(source, excluding)
    if bound is None:
        return limit
    return (bound, True) if limit is None else tighter((limit, (bound, True)))


def _bound(source: Source, keyword: str) -> Bound | None:
    value = source.value(keyword)
    is_boolean_allowed = source.document.draft.boolean_bounds or not source.document.declared
    if isinstance(value, bool) and keyword.startswith("exclusive") and is_boolean_allowed:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise source.invalid(keyword, f"expected a number, found {value!r}")
    if isinstance(value, float):
        value = float(value)  # numpy's compares with doubles only
    if abs(value) >= _TOO_LARGE:
        raise source.invalid(keyword, f"a bound of more than {_MAX_DIGITS} digits")
    return exact(value)


def _higher(limits: Sequence[Limit]) -> Limit | None:
    return max(limits, default=None)


def _lower(limits: Sequence[Limit]) -> Limit | None:
    return min(limits, key=lambda limit: (limit[0], not limit[1]), default=None)


def intersect(shapes: Sequence[NumberShape]) -> NumberShape:
    """The shape of numbers that have all of some shapes."""
    if len(shapes) == 1:
        return shapes[0]
    return NumberShape(
        _higher([one.low for one in shapes if one.low is not None]),
        _lower([one.high for one in shapes if one.high is not None]),
        tuple(dict.fromkeys(step for one in shapes for step in one.steps)),
        tuple(dict.fromkeys(step for one in shapes for step in one.not_steps)),
    )


def complement(shape: NumberShape) -> list[NumberShape]:
    """Shapes that together have all numbers that `shape` does not have."""
    found: list[NumberShape] = []
    if shape.low is not None:
        found.append(NumberShape(high=(shape.low[0], not shape.low[1])))
    if shape.high is not None:
        found.append(NumberShape(low=(shape.high[0], not shape.high[1])))
    found += [NumberShape(not_steps=(step,)) for step in shape.steps]
    found += [NumberShape(steps=(step,)) for step in shape.not_steps]
    return found


def is_empty(shape: NumberShape) -> bool:
    """Returns True if it is plain to see that no number has a shape. False means unknown."""
    if shape.low is None or shape.high is None:
        return False
    (low, low_excluded), (high, high_excluded) = shape.low, shape.high
    return low > high or (low == high and (low_excluded or high_excluded))


def is_within(shape: NumberShape, other: NumberShape) -> bool:
    """Returns True if the bounds of `other` allow all numbers that those of `shape` do. Steps do not count."""
    both = intersect((shape, other))
    return both.low == shape.low and both.high == shape.high


def _is_between(number: Bound, low: Limit | None, high: Limit | None) -> bool:
    is_high_enough = low is None or number > low[0] or (number == low[0] and not low[1])
    is_low_enough = high is None or number < high[0] or (number == high[0] and not high[1])
    return is_high_enough and is_low_enough


def contains(shape: NumberShape, value: float) -> bool:
    """Returns True if a number has a shape."""
    number = exact(value)
    if not _is_between(number, shape.low, shape.high):
        return False
    return not any(Fraction(number) % Fraction(step) for step in shape.steps) and all(
        Fraction(number) % Fraction(step) for step in shape.not_steps
    )
