"""Numbers in every spelling of JSON, for `exact=True`: `1`, `1.0`, `10e-1` and `0.1E+01` are the same integer.

A number with an exponent is a decimal before it. For each exponent e, `x * 10^e` is within bounds, or a multiple,
where x is within the bounds, or a multiple of the step, divided by `10^e`: so a spelling is a choice between exponents,
each after decimals with bounds of its own. Numbers without bounds have any exponent; integers without bounds, any from
-29 on; all others those from -20 to 20, those as far below the size of a bound, and, with up to 20 digits after the
point, all at which a number is beyond every bound and every place of a step, or nearer to zero than any.

Digits are not counted here, so `1.` and a thousand zeros is an integer, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from structgen.frontends.json_schema import numbers
from structgen.frontends.json_schema.keywords import INTEGER
from structgen.frontends.json_schema.multiples import NotRegular, Range, multiples, odd_part, spellings
from structgen.frontends.json_schema.numbers import Bound, exact, magnitudes
from structgen.grammar.expressions import (
    EMPTY,
    Complement,
    Divisible,
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

_WINDOW = 20
_FREE = 30
_MOST_REMAINDERS = 30
_DIGIT = charset("0123456789")
_ZEROS = repeat(Literal("0"))
_NATURAL = union(Literal("0"), concat(charset("123456789"), repeat(_DIGIT)))
_SIGN = optional(Literal("-"))
_E = charset("eE")
_PLAIN = concat(_SIGN, _NATURAL, optional(concat(Literal("."), repeat(_DIGIT, 1))))
NUMBER = Terminal(
    "a number", concat(_PLAIN, optional(concat(_E, optional(charset("+-")), repeat(_DIGIT, 1))))
)


def _exponent(power: int) -> Expression:
    """`power` as an exponent."""
    digits = concat(_ZEROS, Literal(str(abs(power))))
    sign = optional(charset("+-")) if power == 0 else optional(Literal("+")) if power > 0 else Literal("-")
    return concat(_E, sign, digits)


def _unbounded_integer() -> Expression:
    """Integers: the exponent takes up the digits after the point, or the zeros before it."""
    zeros = optional(concat(Literal("."), repeat(Literal("0"), 1)))
    options: list[Expression] = [concat(_NATURAL, zeros)]
    for power in range(_FREE):
        fraction = union(
            repeat(Literal("0"), 1), concat(repeat(_DIGIT, 1, power), _ZEROS) if power else Literal("0")
        )
        options.append(concat(_NATURAL, optional(concat(Literal("."), fraction)), _exponent(power)))
        if power:
            shifted = union(Literal("0"), concat(charset("123456789"), repeat(_DIGIT), Literal("0" * power)))
            options.append(concat(shifted, zeros, _exponent(-power)))
    more = concat(
        _E,
        optional(Literal("+")),
        _ZEROS,
        union(concat(charset("3456789"), _DIGIT), concat(charset("123456789"), repeat(_DIGIT, 2))),
    )
    fraction = concat(Literal("."), union(concat(repeat(_DIGIT, 1, _FREE), _ZEROS), repeat(Literal("0"), 1)))
    options.append(concat(_NATURAL, optional(fraction), more))
    options.append(concat(Literal("0"), zeros, _E, Literal("-"), repeat(_DIGIT, 1)))
    return concat(_SIGN, union(*options))


@lru_cache(maxsize=1)
def integer() -> Terminal:
    """Any integer."""
    return Terminal("an integer", _unbounded_integer())


@lru_cache(maxsize=1024)
def number(
    kind: int,
    bounds: Range,
    steps: tuple[Bound, ...],
    not_steps: tuple[Bound, ...],
    excluded: tuple[float, ...],
) -> Terminal | None:
    """The numbers of a range that are multiples of some steps, of none of others, and are none of some numbers.

    Raises:
        NotRegular: Divisibility by this is no expression.
    """
    low, high, *_ = bounds
    wanted = [Fraction(step) for step in steps]
    unwanted = [Fraction(step) for step in not_steps]
    if kind == INTEGER:
        wanted.append(Fraction(1))
    elif not kind & INTEGER:
        unwanted.append(Fraction(1))
    if math.prod(map(odd_part, {*wanted, *unwanted})) > _MOST_REMAINDERS:
        raise NotRegular("divisibility by this, in every spelling, takes too much")
    if low is None and high is None and not excluded and not unwanted and not steps:
        return integer() if kind == INTEGER else NUMBER
    nearby = [bound for bound in (low, high, *map(exact, excluded)) if bound]
    parts = [_decimals(bounds, 0, wanted, unwanted, excluded)]
    powers = _powers(nearby)
    parts += _large(bounds, powers[-1], wanted, unwanted) + _small(bounds, powers[0], wanted, unwanted)
    if _within(bounds, 0) and not unwanted and 0 not in excluded:
        parts.append(spelled(0))
    for power in powers:
        parts.append(concat(_decimals(bounds, power, wanted, unwanted, excluded), _exponent(power)))
    found = union(*parts)
    return None if found == EMPTY else Terminal("an integer" if kind == INTEGER else "a number", found)


def _within(bounds: Range, value: int) -> bool:
    low, high, low_excluded, high_excluded = bounds
    above = low is None or low < value or (low == value and not low_excluded)
    return above and (high is None or high > value or (high == value and not high_excluded))


def _large(bounds: Range, top: int, steps: list[Fraction], not_steps: list[Fraction]) -> list[Expression]:
    """Numbers beyond every bound: exponents above `top`.

    What 2 and 5 leave of a step divides the digits; its powers of 2 and 5 divide 10 to what the fraction leaves of the
    exponent.
    """
    low, high, *_ = bounds
    odds = {step: _without_2_and_5(step) for step in (*steps, *not_steps)}
    most = min([_WINDOW, *(top + 1 - twos_and_fives for _, twos_and_fives in odds.values())])
    beyond = numbers.integer(top + 1, None)
    assert beyond is not None
    if most < 0 or any(odds[step][0] == 1 for step in not_steps):
        return []
    fraction = concat(Literal("."), repeat(_DIGIT, 1, most) if most else Literal("0"), _ZEROS)
    parts: list[Expression] = [concat(charset("123456789"), repeat(_DIGIT), optional(fraction))]
    parts += [Divisible(odds[step][0]) for step in steps if odds[step][0] > 1]
    parts += [Complement(Divisible(odds[step][0])) for step in not_steps]
    digits = parts[0] if len(parts) == 1 else Intersection(tuple(parts))
    large = concat(digits, _E, optional(Literal("+")), _ZEROS, beyond.expression)
    return [large] * (high is None) + [concat(Literal("-"), large)] * (low is None)


def _without_2_and_5(step: Fraction) -> tuple[int, int]:
    """What the factors 2 and 5 leave of a step, and the least power of 10 that they divide."""
    odd = odd_part(step)
    rest, power = step.numerator // odd, 0
    while 10**power % rest:
        power += 1
    return odd, power


def _small(bounds: Range, bottom: int, steps: list[Fraction], not_steps: list[Fraction]) -> list[Expression]:
    """Numbers nearer to zero than any bound, and so multiples of nothing: exponents below `bottom`."""
    low, high, *_ = bounds
    beyond = numbers.integer(1 - bottom, None)
    assert beyond is not None
    if steps or any(step < Fraction(10) ** bottom for step in not_steps):
        return []
    fraction = optional(concat(Literal("."), repeat(_DIGIT, 1, _WINDOW), _ZEROS))
    small = concat(charset("123456789"), fraction, _E, Literal("-"), _ZEROS, beyond.expression)
    positive = (low is None or low <= 0) and (high is None or high > 0)
    negative = (low is None or low < 0) and (high is None or high >= 0)
    return [small] * positive + [concat(Literal("-"), small)] * negative


def _powers(values: Iterable[Bound]) -> list[int]:
    found = set(range(-_WINDOW, _WINDOW + 1))
    for value in values:
        size = Decimal(value).adjusted()
        found.update(range(size - _WINDOW, size + 1))
    return sorted(found)


def _decimals(
    bounds: Range, power: int, steps: list[Fraction], not_steps: list[Fraction], excluded: tuple[float, ...]
) -> Expression:
    """Decimals that satisfy everything once they are multiplied by `10^power`."""
    low, high, low_excluded, high_excluded = bounds
    least, most = _scaled(low, power), _scaled(high, power)
    parts: list[Expression] = [_between(least, most, low_excluded, high_excluded)]
    if parts[0] == EMPTY:
        return EMPTY
    shift = Fraction(10) ** -power
    for step in steps:
        parts.append(_multiples(step * shift))
    outside = [_multiples(step * shift) for step in not_steps]
    for value in excluded:
        scaled = _scaled(exact(value), power)
        assert scaled is not None
        outside.append(spellings(scaled))
    if outside:
        parts.append(Complement(union(*outside)))
    return parts[0] if len(parts) == 1 else Intersection(tuple(parts))


def _scaled(bound: Bound | None, power: int) -> Decimal | None:
    """A bound divided by `10^power`, exactly."""
    if bound is None:
        return None
    sign, digits, exponent = Decimal(bound).as_tuple()
    assert isinstance(exponent, int)
    return Decimal((sign, digits, exponent - power))


def _multiples(step: Fraction) -> Expression:
    found = multiples(step)
    if found is None:
        raise NotRegular("divisibility by this takes too much")
    return found


def _between(
    low: Decimal | None, high: Decimal | None, low_excluded: bool, high_excluded: bool
) -> Expression:
    """Decimals of any length between two bounds."""
    if low is None and high is None:
        return _PLAIN
    if (
        low is not None
        and high is not None
        and (low > high or (low == high and (low_excluded or high_excluded)))
    ):
        return EMPTY
    parts: list[Expression] = []
    zero = Decimal(0)
    if high is None or high > 0 or (high == 0 and not high_excluded):
        start, excluded = (zero, False) if low is None or low < 0 else (low, low_excluded)
        parts.append(magnitudes(start, excluded, high, high_excluded, None))
    if low is None or low < 0 or (low == 0 and not low_excluded):
        start, excluded = (zero, False) if high is None or high > 0 else (-high, high_excluded)
        if high == 0:
            start, excluded = zero, high_excluded
        most = None if low is None else -low
        parts.append(concat(Literal("-"), magnitudes(start, excluded, most, low_excluded, None)))
    return union(*parts)


def spelled(value: float) -> Expression:
    """One number in every spelling."""
    bound = exact(value)
    if bound == 0:
        return concat(
            _SIGN,
            Literal("0"),
            optional(concat(Literal("."), repeat(Literal("0"), 1))),
            optional(concat(_E, optional(charset("+-")), repeat(_DIGIT, 1))),
        )
    parts = [spellings(bound)]
    for power in _powers([bound]):
        scaled = _scaled(bound, power)
        assert scaled is not None
        parts.append(concat(spellings(scaled), _exponent(power)))
    return union(*parts)
