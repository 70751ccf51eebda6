"""Decimals: a range of numbers, and its digits as expressions.

A declared bound is exact, of any size: integers are compared as digits, and fractions as decimals, as the schema writes
them (0.1 is 0.1). Digits may be bounded, so that no number runs away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from structgen.grammar.expressions import (
    EMPTY,
    EPSILON,
    Complement,
    Expression,
    Intersection,
    Literal,
    charset,
    concat,
    optional,
    repeat,
    union,
)

INTEGER_DIGITS = 20
DIGIT = charset("0123456789")
NONZERO = charset("123456789")
ZERO = Literal("0")
MINUS = Literal("-")
NATURAL = union(ZERO, concat(NONZERO, repeat(DIGIT, 0, INTEGER_DIGITS - 1)))

_NOT_ZEROS = Complement(repeat(ZERO))

Bound = int | Decimal


def exact(value: float) -> Bound:
    """A number of a schema as it was written."""
    if isinstance(value, int):
        return value
    if value.is_integer() and abs(value) < 2**53:
        return int(value)
    return Decimal(repr(float(value)))


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers between two bounds. None: there is no bound."""

    low: Bound | None = None
    high: Bound | None = None
    low_excluded: bool = False
    high_excluded: bool = False

    @property
    def is_unbounded(self) -> bool:
        """Returns True if every number is in it."""
        return self.low is None and self.high is None

    @property
    def is_empty(self) -> bool:
        """Returns True if no number is in it."""
        if self.low is None or self.high is None:
            return False
        return self.low > self.high or (self.low == self.high and (self.low_excluded or self.high_excluded))

    def contains(self, value: Bound) -> bool:
        """Returns True if a number is in it."""
        above = self.low is None or self.low < value or (self.low == value and not self.low_excluded)
        return above and (
            self.high is None or self.high > value or (self.high == value and not self.high_excluded)
        )

    def integers(self) -> tuple[int | None, int | None]:
        """The least and the greatest integer; None: there is no bound."""
        low = None if self.low is None else above(self.low, self.low_excluded)
        return low, None if self.high is None else below(self.high, self.high_excluded)

    def mirrored(self) -> Range:
        """The numbers with the other sign."""
        return Range(_negated(self.high), _negated(self.low), self.high_excluded, self.low_excluded)

    def not_negative(self) -> Range | None:
        """The part from 0 on; None if it is empty."""
        if self.high is not None and (self.high < 0 or (self.high == 0 and self.high_excluded)):
            return None
        if self.low is None or self.low < 0:
            return Range(0, self.high, False, self.high_excluded)
        return self

    def positive(self) -> Range | None:
        """The part above 0; None if it is empty."""
        if self.high is not None and self.high <= 0:
            return None
        if self.low is None or self.low <= 0:
            return Range(0, self.high, True, self.high_excluded)
        return self


def _negated(bound: Bound | None) -> Bound | None:
    return bound.copy_negate() if isinstance(bound, Decimal) else None if bound is None else -bound


def above(bound: Bound | Fraction, excluded: bool) -> int:
    """The least integer that is not below a bound (`excluded`: above it)."""
    found = math.ceil(bound)
    return found + 1 if excluded and found == bound else found


def below(bound: Bound | Fraction, excluded: bool) -> int:
    """The greatest integer that is not above a bound (`excluded`: below it)."""
    found = math.floor(bound)
    return found - 1 if excluded and found == bound else found


# Natural numbers


def naturals(low: int, high: int | None, digits: int | None = INTEGER_DIGITS) -> Expression:
    """The natural numbers from `low` to `high`, EMPTY if there are none; without `high`, of so many digits."""
    if high is not None and low > high:
        return EMPTY
    if low == 0 and high is None and digits is not None:
        return NATURAL
    return _from(str(low), digits) if high is None else _between(str(low), str(high))


def _from(low: str, digits: int | None) -> Expression:
    size = len(low)
    parts = [_same_length(low, "9" * size)]
    if digits is None or digits > size:
        parts.append(concat(NONZERO, repeat(DIGIT, size, _less(digits, 1))))
    return union(*parts)


def _between(low: str, high: str) -> Expression:
    size = len(low)
    if size == len(high):
        return _same_length(low, high)
    parts = [_same_length(low, "9" * size)]
    if len(high) - size > 1:
        parts.append(concat(NONZERO, repeat(DIGIT, size, len(high) - 2)))
    parts.append(_same_length("1" + "0" * (len(high) - 1), high))
    return union(*parts)


def _same_length(low: str, high: str) -> Expression:
    """Digits as many as `low` and `high` have, between the two, both included."""
    size = len(low)
    common = 0
    while common < size and low[common] == high[common]:
        common += 1
    if common == size:
        return Literal(low)
    parts: list[Expression] = []
    first, last = int(low[common]), int(high[common])
    tail = size - common - 1
    if low[common + 1 :].strip("0"):
        parts.extend(_above(low, common + 1))
        first += 1
    if high[common + 1 :].strip("9"):
        parts.extend(_below(high, common + 1))
        last -= 1
    if first <= last:
        middle = charset((0x30 + first, 0x30 + last)) if (first, last) != (0, 9) else DIGIT
        parts.append(concat(Literal(low[:common]), middle, repeat(DIGIT, tail, tail)))
    return union(*parts)


def _above(digits: str, start: int) -> list[Expression]:
    """Digits as many, not below, that agree before `start`: for each place the larger digits there, and itself."""
    parts: list[Expression] = [Literal(digits)]
    for place in range(start, len(digits)):
        if digits[place] != "9":
            tail = len(digits) - place - 1
            larger = charset((ord(digits[place]) + 1, 0x39))
            parts.append(concat(Literal(digits[:place]), larger, repeat(DIGIT, tail, tail)))
    return parts


def _below(digits: str, start: int) -> list[Expression]:
    """Digits as many, not above, that agree before `start`."""
    parts: list[Expression] = [Literal(digits)]
    for place in range(start, len(digits)):
        if digits[place] != "0":
            tail = len(digits) - place - 1
            smaller = charset((0x30, ord(digits[place]) - 1))
            parts.append(concat(Literal(digits[:place]), smaller, repeat(DIGIT, tail, tail)))
    return parts


# Magnitudes: a natural number and perhaps a fraction


def magnitudes(bounds: Range, digits: int | None) -> Expression:
    """The decimals of a range from 0 on, with up to so many digits after the point (None: any number)."""
    assert bounds.low is not None
    low_whole, low_rest = _split(bounds.low)
    from_low = _fraction_above(low_rest, bounds.low_excluded, digits)
    fraction = concat(Literal("."), repeat(DIGIT, 1, digits))
    if bounds.high is None:
        whole = None if digits is None else INTEGER_DIGITS
        beyond = concat(naturals(low_whole + 1, None, whole), optional(fraction))
        return union(concat(Literal(str(low_whole)), from_low), beyond)
    high_whole, high_rest = _split(bounds.high)
    to_high = _fraction_below(high_rest, bounds.high_excluded, digits)
    if low_whole == high_whole:
        return concat(Literal(str(low_whole)), _both(from_low, to_high))
    parts = [concat(Literal(str(low_whole)), from_low), concat(Literal(str(high_whole)), to_high)]
    if high_whole - low_whole > 1:
        parts.append(concat(naturals(low_whole + 1, high_whole - 1), optional(fraction)))
    return union(*parts)


def _split(value: Bound) -> tuple[int, str]:
    """The whole part, and the digits after the point, without zeros at the end."""
    whole, _, rest = format(Decimal(value), "f").partition(".")
    return int(whole), rest.rstrip("0")


def _both(one: Expression, other: Expression) -> Expression:
    return EMPTY if EMPTY in (one, other) else Intersection((one, other))


def _any_fraction(digits: int | None) -> Expression:
    return optional(concat(Literal("."), repeat(DIGIT, 1, digits)))


def _less(digits: int | None, used: int) -> int | None:
    """How many digits are left; None: any number."""
    return None if digits is None else max(digits - used, 0)


def _more(digits: int | None) -> Expression:
    """Digits, not all zero."""
    if digits is None:
        return concat(repeat(ZERO), NONZERO, repeat(DIGIT))
    return Intersection((repeat(DIGIT, 1, digits), _NOT_ZEROS))


def _fraction_above(bound: str, excluded: bool, digits: int | None) -> Expression:
    """What may stand after the whole part so that the number is not below (`excluded`: above) .`bound`."""
    if not bound:
        return concat(Literal("."), _more(digits)) if excluded else _any_fraction(digits)
    parts: list[Expression] = []
    for place, digit in enumerate(bound):
        if digit != "9":
            larger = charset((ord(digit) + 1, 0x39))
            tail = repeat(DIGIT, 0, _less(digits, place + 1))
            parts.append(concat(Literal("." + bound[:place]), larger, tail))
    left = _less(digits, len(bound))
    if not excluded:
        parts.append(concat(Literal("." + bound), repeat(DIGIT, 0, left)))
    elif left != 0:
        parts.append(concat(Literal("." + bound), _more(left)))
    return union(*parts)


def _fraction_below(bound: str, excluded: bool, digits: int | None) -> Expression:
    """What may stand after the whole part so that the number is not above (`excluded`: below) .`bound`."""
    zeros = repeat(ZERO, 0, _less(digits, len(bound)))
    if not bound:
        return EMPTY if excluded else optional(concat(Literal("."), repeat(ZERO, 1, digits)))
    parts: list[Expression] = [EPSILON]
    for place, digit in enumerate(bound):
        if digit != "0":
            smaller = charset((0x30, ord(digit) - 1))
            tail = repeat(DIGIT, 0, _less(digits, place + 1))
            parts.append(concat(Literal("." + bound[:place]), smaller, tail))
    parts.extend(Literal("." + bound[:place]) for place in range(1, len(bound)))  # shorter, so less
    if not excluded:
        parts.append(concat(Literal("." + bound), zeros))
    return union(*parts)
