"""Numbers: ranges as expressions over digits.

A number has one plain spelling here: no leading zeros, no `+`, no minus before a zero, no exponent where a bound is
declared. Digits are bounded, so that no number runs away: 20 before the point, 20 after it, exponents from -999 to 279
(with 20 digits before it that is still a finite double). A declared bound is exact, of any size: integers are compared
as digits, and fractions as decimals, as the schema writes them (0.1 is 0.1).

Where a bound is exclusive, there are no more digits after the point than keep every number apart from the bound when
both are read as doubles: who checks the text so must not find 0.99999999999999999999 equal to 1.
"""

from __future__ import annotations

import math
from decimal import Decimal
from functools import lru_cache

from structgen.grammar.expressions import (
    EMPTY,
    EPSILON,
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

INTEGER_DIGITS = 20
FRACTION_DIGITS = 20
_DOUBLE_DIGITS = 15
_FAR = 10**40
"""A bound beyond this only keeps the digits within the usual ones."""

_DIGIT = charset("0123456789")
_NONZERO = charset("123456789")
_MINUS = Literal("-")
_ZERO = Literal("0")
_NATURAL = union(_ZERO, concat(_NONZERO, repeat(_DIGIT, 0, INTEGER_DIGITS - 1)))
_FRACTION = concat(Literal("."), repeat(_DIGIT, 1, FRACTION_DIGITS))
_EXPONENT = concat(
    charset("eE"),
    union(
        concat(optional(Literal("+")), repeat(_DIGIT, 1, 2)),
        concat(
            optional(Literal("+")),
            union(concat(Literal("1"), _DIGIT), concat(Literal("2"), charset("01234567"))),
            _DIGIT,
        ),
        concat(_MINUS, repeat(_DIGIT, 1, 3)),
    ),
)
INTEGER = Terminal("an integer", concat(optional(_MINUS), _NATURAL))
NUMBER = Terminal(
    "a number",
    concat(optional(_MINUS), _NATURAL, optional(_FRACTION), optional(_EXPONENT)),
)
_NOT_NEGATIVE = Terminal("a number", concat(_NATURAL, optional(_FRACTION), optional(_EXPONENT)))

_PLAIN = Terminal("a number", concat(optional(_MINUS), _NATURAL, optional(_FRACTION)))
_PLAIN_NOT_NEGATIVE = Terminal("a number", concat(_NATURAL, optional(_FRACTION)))
FRACTIONAL = Terminal(  # with 15 digits at most, or its double may be an integer
    "a fraction",
    concat(
        optional(_MINUS),
        Intersection(
            (
                concat(_NATURAL, Literal("."), repeat(_ZERO, 0, 9), _NONZERO, repeat(_DIGIT, 0, 10)),
                repeat(charset("0123456789."), 1, _DOUBLE_DIGITS + 1),
            )
        ),
    ),
)

Bound = int | Decimal


def exact(value: float) -> Bound:
    """A number of a schema as it was written."""
    if isinstance(value, int):
        return value
    if value.is_integer() and abs(value) < 2**53:
        return int(value)
    return Decimal(repr(float(value)))


@lru_cache(maxsize=4096)
def integer(low: int | None, high: int | None) -> Terminal | None:
    """The integers from `low` to `high`, both included; None if there are none."""
    if high is not None and high >= _FAR and (low is None or low < 10**INTEGER_DIGITS):
        high = None
    if low is not None and low <= -_FAR and (high is None or high > -(10**INTEGER_DIGITS)):
        low = None
    if low is None and high is None:
        return INTEGER
    if low is not None and high is not None and low > high:
        return None
    parts: list[Expression] = []
    if high is None or high >= 0:
        parts.append(_naturals(max(low or 0, 0), high))
    if low is None or low < 0:
        most = None if low is None else -low
        parts.append(concat(_MINUS, _naturals(1 if high is None else max(1, -high), most)))
    return Terminal(_label("an integer", low, high), union(*parts))


def plain(
    low: Bound | None,
    high: Bound | None,
    low_excluded: bool = False,
    high_excluded: bool = False,
) -> Terminal | None:
    """The numbers between two bounds, without exponents; None if there are none."""
    found = number(low, high, low_excluded, high_excluded)
    return _PLAIN if found is NUMBER else _PLAIN_NOT_NEGATIVE if found is _NOT_NEGATIVE else found


@lru_cache(maxsize=4096)
def number(
    low: Bound | None,
    high: Bound | None,
    low_excluded: bool = False,
    high_excluded: bool = False,
) -> Terminal | None:
    """The numbers between two bounds; None if there are none."""
    if high is not None and high >= _FAR and (low is None or low < 10**INTEGER_DIGITS):
        high, high_excluded = None, False
    if low is not None and low <= -_FAR and (high is None or high > -(10**INTEGER_DIGITS)):
        low, low_excluded = None, False
    if low is None and high is None:
        return NUMBER
    if low == 0 and high is None and not low_excluded:
        return _NOT_NEGATIVE
    if (
        low is not None
        and high is not None
        and (low > high or (low == high and (low_excluded or high_excluded)))
    ):
        return None
    digits = FRACTION_DIGITS
    for bound in ((low if low_excluded else None), (high if high_excluded else None)):
        if bound:  # near zero all doubles are apart
            digits = max(min(digits, _DOUBLE_DIGITS - 1 - Decimal(bound).adjusted()), 1)
    parts: list[Expression] = []
    if high is None or high > 0 or (high == 0 and not high_excluded):
        if low is None or low < 0:
            parts.append(magnitudes(Decimal(0), False, _decimal(high), high_excluded, digits))
        else:
            parts.append(magnitudes(Decimal(low), low_excluded, _decimal(high), high_excluded, digits))
    if low is None or low < 0:
        most = None if low is None else -Decimal(low)
        if high is None or high >= 0:
            parts.append(concat(_MINUS, magnitudes(Decimal(0), True, most, low_excluded, digits)))
        else:
            parts.append(
                concat(
                    _MINUS,
                    magnitudes(-Decimal(high), high_excluded, most, low_excluded, digits),
                )
            )
    return Terminal(_label("a number", low, high), union(*parts))


def _decimal(bound: Bound | None) -> Decimal | None:
    return None if bound is None else Decimal(bound)


def _label(kind: str, low: Bound | None, high: Bound | None) -> str:
    if high is None:
        return f"{kind} from {low}"
    return f"{kind} up to {high}" if low is None else f"{kind} from {low} to {high}"


# Natural numbers


def _naturals(low: int, high: int | None, digits: int | None = INTEGER_DIGITS) -> Expression:
    """The natural numbers from `low` to `high`, EMPTY if there are none; without `high`, of so many digits."""
    if high is not None and low > high:
        return EMPTY
    if low == 0 and high is None and digits is not None:
        return _NATURAL
    parts: list[Expression] = []
    text = str(low)
    size = len(text)
    if high is None:
        parts.append(_same_length(text, "9" * size))
        if digits is None or digits > size:
            parts.append(concat(_NONZERO, repeat(_DIGIT, size, _less(digits, 1))))
        return union(*parts)
    last = str(high)
    if size == len(last):
        return _same_length(text, last)
    parts.append(_same_length(text, "9" * size))
    if len(last) - size > 1:
        parts.append(concat(_NONZERO, repeat(_DIGIT, size, len(last) - 2)))
    parts.append(_same_length("1" + "0" * (len(last) - 1), last))
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
        middle = charset((0x30 + first, 0x30 + last)) if (first, last) != (0, 9) else _DIGIT
        parts.append(concat(Literal(low[:common]), middle, repeat(_DIGIT, tail, tail)))
    return union(*parts)


def _above(digits: str, start: int) -> list[Expression]:
    """Digits as many, not below, that agree before `start`: for each place the larger digits there, and itself."""
    parts: list[Expression] = [Literal(digits)]
    for place in range(start, len(digits)):
        if digits[place] != "9":
            tail = len(digits) - place - 1
            larger = charset((ord(digits[place]) + 1, 0x39))
            parts.append(concat(Literal(digits[:place]), larger, repeat(_DIGIT, tail, tail)))
    return parts


def _below(digits: str, start: int) -> list[Expression]:
    """Digits as many, not above, that agree before `start`."""
    parts: list[Expression] = [Literal(digits)]
    for place in range(start, len(digits)):
        if digits[place] != "0":
            tail = len(digits) - place - 1
            smaller = charset((0x30, ord(digits[place]) - 1))
            parts.append(concat(Literal(digits[:place]), smaller, repeat(_DIGIT, tail, tail)))
    return parts


# Magnitudes: a natural number and perhaps a fraction


def magnitudes(
    low: Decimal,
    low_excluded: bool,
    high: Decimal | None,
    high_excluded: bool,
    digits: int | None,
) -> Expression:
    """The decimals between two bounds that are not negative, with up to so many digits after the point (None: any)."""
    whole = None if digits is None else INTEGER_DIGITS
    low_whole, low_rest = _split(low)
    fraction = concat(Literal("."), repeat(_DIGIT, 1, digits))
    if high is None:
        above = concat(_naturals(low_whole + 1, None, whole), optional(fraction))
        return union(
            concat(Literal(str(low_whole)), _fraction_above(low_rest, low_excluded, digits)),
            above,
        )
    high_whole, high_rest = _split(high)
    if low_whole == high_whole:
        rest = _both(
            _fraction_above(low_rest, low_excluded, digits),
            _fraction_below(high_rest, high_excluded, digits),
        )
        return concat(Literal(str(low_whole)), rest)
    parts = [
        concat(Literal(str(low_whole)), _fraction_above(low_rest, low_excluded, digits)),
        concat(Literal(str(high_whole)), _fraction_below(high_rest, high_excluded, digits)),
    ]
    if high_whole - low_whole > 1:
        parts.append(concat(_naturals(low_whole + 1, high_whole - 1), optional(fraction)))
    return union(*parts)


def _split(value: Decimal) -> tuple[int, str]:
    """The whole part, and the digits after the point, without zeros at the end."""
    whole, _, rest = format(value, "f").partition(".")
    return int(whole), rest.rstrip("0")


def _both(one: Expression, other: Expression) -> Expression:
    return EMPTY if EMPTY in (one, other) else Intersection((one, other))


def _any_fraction(digits: int | None) -> Expression:
    return optional(concat(Literal("."), repeat(_DIGIT, 1, digits)))


def _less(digits: int | None, used: int) -> int | None:
    """How many digits are left; None: any number."""
    return None if digits is None else max(digits - used, 0)


def _more(digits: int | None) -> Expression:
    """Digits, not all zero. Where they are bounded, one that follows many zeros is the last: no two counts depend."""
    if digits is None:
        return concat(repeat(_ZERO), _NONZERO, repeat(_DIGIT))
    zeros = digits // 2
    found = concat(repeat(_ZERO, 0, zeros), _NONZERO, repeat(_DIGIT, 0, _less(digits, zeros + 1)))
    return (
        found if zeros + 1 >= digits else union(found, concat(repeat(_ZERO, zeros + 1, digits - 1), _NONZERO))
    )


def _fraction_above(bound: str, excluded: bool, digits: int | None) -> Expression:
    """What may stand after the whole part so that the number is not below (`excluded`: above) .`bound`."""
    if not bound:
        return concat(Literal("."), _more(digits)) if excluded else _any_fraction(digits)
    parts: list[Expression] = []
    for place, digit in enumerate(bound):
        if digit != "9":
            larger = charset((ord(digit) + 1, 0x39))
            tail = repeat(_DIGIT, 0, _less(digits, place + 1))
            parts.append(concat(Literal("." + bound[:place]), larger, tail))
    left = _less(digits, len(bound))
    if not excluded:
        parts.append(concat(Literal("." + bound), repeat(_DIGIT, 0, left)))
    elif left != 0:
        parts.append(concat(Literal("." + bound), _more(left)))
    return union(*parts)


def _fraction_below(bound: str, excluded: bool, digits: int | None) -> Expression:
    """What may stand after the whole part so that the number is not above (`excluded`: below) .`bound`."""
    zeros = repeat(_ZERO, 0, _less(digits, len(bound)))
    if not bound:
        return EMPTY if excluded else optional(concat(Literal("."), repeat(_ZERO, 1, digits)))
    parts: list[Expression] = [EPSILON]
    for place, digit in enumerate(bound):
        if digit != "0":
            smaller = charset((0x30, ord(digit) - 1))
            tail = repeat(_DIGIT, 0, _less(digits, place + 1))
            parts.append(concat(Literal("." + bound[:place]), smaller, tail))
    parts.extend(Literal("." + bound[:place]) for place in range(1, len(bound)))  # shorter, so less
    if not excluded:
        parts.append(concat(Literal("." + bound), zeros))
    return union(*parts)


def above(bound: Bound, excluded: bool) -> int:
    """The least integer that is not below a bound (`excluded`: above it)."""
    found = math.ceil(bound)
    return found + 1 if excluded and found == bound else found


def below(bound: Bound, excluded: bool) -> int:
    """The greatest integer that is not above a bound (`excluded`: below it)."""
    found = math.floor(bound)
    return found - 1 if excluded and found == bound else found
