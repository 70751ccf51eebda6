"""Ranges of numbers as terminals.

A number has one plain spelling here: no leading zeros, no `+`, no minus before a zero, no exponent where a bound is
declared. Digits are bounded, so that no number runs away: 20 before the point, 20 after it, exponents from -999 to 279
(with 20 digits before it that is still a finite double).

Where a bound is exclusive, digits after the point are limited further, so that no number has the same double as the
bound: a validator that reads doubles must not find 0.99999999999999999999 equal to 1.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from structgen.frontends.json_schema.numbers.decimals import (
    DIGIT,
    INTEGER_DIGITS,
    MINUS,
    NATURAL,
    NONZERO,
    ZERO,
    Bound,
    Range,
    magnitudes,
    naturals,
)
from structgen.grammar.expressions import (
    Expression,
    Intersection,
    Literal,
    charset,
    concat,
    optional,
    repeat,
    union,
)
from structgen.grammar.rules import Terminal

FRACTION_DIGITS = 20
_DOUBLE_DIGITS = 15
_FAR = 10**40
"""A bound beyond this only keeps the digits within the usual ones."""

_FRACTION = concat(Literal("."), repeat(DIGIT, 1, FRACTION_DIGITS))
_EXPONENT = concat(
    charset("eE"),
    union(
        concat(optional(Literal("+")), repeat(DIGIT, 1, 2)),
        concat(
            optional(Literal("+")),
            union(concat(Literal("1"), DIGIT), concat(Literal("2"), charset("01234567"))),
            DIGIT,
        ),
        concat(MINUS, repeat(DIGIT, 1, 3)),
    ),
)
INTEGER = Terminal("an integer", concat(optional(MINUS), NATURAL))
NUMBER = Terminal(
    "a number",
    concat(optional(MINUS), NATURAL, optional(_FRACTION), optional(_EXPONENT)),
)
_NOT_NEGATIVE = Terminal("a number", concat(NATURAL, optional(_FRACTION), optional(_EXPONENT)))

_PLAIN = Terminal("a number", concat(optional(MINUS), NATURAL, optional(_FRACTION)))
_PLAIN_NOT_NEGATIVE = Terminal("a number", concat(NATURAL, optional(_FRACTION)))
FRACTIONAL = Terminal(  # with 15 digits at most, or its double may be an integer
    "a fraction",
    concat(
        optional(MINUS),
        Intersection(
            (
                concat(NATURAL, Literal("."), repeat(ZERO, 0, 9), NONZERO, repeat(DIGIT, 0, 10)),
                repeat(charset("0123456789."), 1, _DOUBLE_DIGITS + 1),
            )
        ),
    ),
)


@lru_cache(maxsize=4096)
def integer(low: int | None, high: int | None) -> Terminal | None:
    """The integers from `low` to `high`, both included; None if there are none."""
    bounds = _without_far_bounds(Range(low, high))
    if bounds.is_unbounded:
        return INTEGER
    if bounds.is_empty:
        return None
    parts: list[Expression] = []
    not_negative, negative = bounds.not_negative(), bounds.mirrored().positive()
    if not_negative is not None:
        parts.append(_naturals_in(not_negative))
    if negative is not None:
        parts.append(concat(MINUS, _naturals_in(negative)))
    return Terminal(_label("an integer", bounds.low, bounds.high), union(*parts))


def _naturals_in(bounds: Range) -> Expression:
    low, high = bounds.integers()
    assert low is not None
    return naturals(low, high)


def plain(bounds: Range) -> Terminal | None:
    """The numbers of a range, without exponents; None if there are none."""
    found = number(bounds)
    return _PLAIN if found is NUMBER else _PLAIN_NOT_NEGATIVE if found is _NOT_NEGATIVE else found


@lru_cache(maxsize=4096)
def number(bounds: Range) -> Terminal | None:
    """The numbers of a range; None if there are none."""
    bounds = _without_far_bounds(bounds)
    if bounds.is_unbounded:
        return NUMBER
    if bounds.low == 0 and bounds.high is None and not bounds.low_excluded:
        return _NOT_NEGATIVE
    if bounds.is_empty:
        return None
    digits = _fraction_digits(bounds)
    parts: list[Expression] = []
    not_negative, negative = bounds.not_negative(), bounds.mirrored().positive()
    if not_negative is not None:
        parts.append(magnitudes(not_negative, digits))
    if negative is not None:
        parts.append(concat(MINUS, magnitudes(negative, digits)))
    return Terminal(_label("a number", bounds.low, bounds.high), union(*parts))


def _without_far_bounds(bounds: Range) -> Range:
    far_below, far_above = _is_far_below(bounds.low, bounds.high), _is_far_above(bounds.low, bounds.high)
    low, low_excluded = (None, False) if far_below else (bounds.low, bounds.low_excluded)
    high, high_excluded = (None, False) if far_above else (bounds.high, bounds.high_excluded)
    return Range(low, high, low_excluded, high_excluded)


def _is_far_above(low: Bound | None, high: Bound | None) -> bool:
    """Returns True if the upper bound is beyond what the usual digits reach."""
    return high is not None and high >= _FAR and (low is None or low < 10**INTEGER_DIGITS)


def _is_far_below(low: Bound | None, high: Bound | None) -> bool:
    """Returns True if the lower bound is beyond what the usual digits reach."""
    return low is not None and low <= -_FAR and (high is None or high > -(10**INTEGER_DIGITS))


def _fraction_digits(bounds: Range) -> int:
    """The most digits after the point with which no number has the double of an excluded bound."""
    digits = FRACTION_DIGITS
    if bounds.low and bounds.low_excluded:  # near zero all doubles differ
        digits = min(digits, _digits_next_to(bounds.low, 1))
    if bounds.high and bounds.high_excluded:
        digits = min(digits, _digits_next_to(bounds.high, -1))
    return digits


def _digits_next_to(bound: Bound, sign: int) -> int:
    """The same above a bound (`sign` 1), or below it (-1).

    A number with fewer digits than the bound never has its double: the bound is the shortest text of that.
    """
    if not -(2**53) < bound < 2**53:
        return 1
    digits = FRACTION_DIGITS
    while digits > 1 and float(Fraction(bound) + Fraction(sign, 10**digits)) == float(bound):
        digits -= 1
    return digits


def _label(kind: str, low: Bound | None, high: Bound | None) -> str:
    if high is None:
        return f"{kind} from {low}"
    return f"{kind} up to {high}" if low is None else f"{kind} from {low} to {high}"
