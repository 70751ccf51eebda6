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
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from structgen.frontends.json_schema.documents.json_types import INTEGER
from structgen.frontends.json_schema.numbers import ranges
from structgen.frontends.json_schema.numbers.decimals import DIGIT, Bound, Range, exact, magnitudes
from structgen.frontends.json_schema.numbers.divisibility import (
    NotRegular,
    multiples,
    odd_part,
    spellings,
)
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
_ZEROS = repeat(Literal("0"))
_NATURAL = union(Literal("0"), concat(charset("123456789"), repeat(DIGIT)))
_SIGN = optional(Literal("-"))
_E = charset("eE")
_PLAIN = concat(_SIGN, _NATURAL, optional(concat(Literal("."), repeat(DIGIT, 1))))
NUMBER = Terminal("a number", concat(_PLAIN, optional(concat(_E, optional(charset("+-")), repeat(DIGIT, 1)))))


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
            repeat(Literal("0"), 1), concat(repeat(DIGIT, 1, power), _ZEROS) if power else Literal("0")
        )
        options.append(concat(_NATURAL, optional(concat(Literal("."), fraction)), _exponent(power)))
        if power:
            shifted = union(Literal("0"), concat(charset("123456789"), repeat(DIGIT), Literal("0" * power)))
            options.append(concat(shifted, zeros, _exponent(-power)))
    more = concat(
        _E,
        optional(Literal("+")),
        _ZEROS,
        union(concat(charset("3456789"), DIGIT), concat(charset("123456789"), repeat(DIGIT, 2))),
    )
    fraction = concat(Literal("."), union(concat(repeat(DIGIT, 1, _FREE), _ZEROS), repeat(Literal("0"), 1)))
    options.append(concat(_NATURAL, optional(fraction), more))
    options.append(concat(Literal("0"), zeros, _E, Literal("-"), repeat(DIGIT, 1)))
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
    wanted = [Fraction(step) for step in steps]
    unwanted = [Fraction(step) for step in not_steps]
    if kind == INTEGER:
        wanted.append(Fraction(1))
    elif not kind & INTEGER:
        unwanted.append(Fraction(1))
    if math.prod(map(odd_part, {*wanted, *unwanted})) > _MOST_REMAINDERS:
        raise NotRegular("multipleOf in every spelling needs too large an automaton")
    if bounds.is_unbounded and not excluded and not unwanted and not steps:
        return integer() if kind == INTEGER else NUMBER
    found = union(*_by_exponent(bounds, wanted, unwanted, excluded))
    return None if found == EMPTY else Terminal("an integer" if kind == INTEGER else "a number", found)


def _by_exponent(
    bounds: Range, steps: list[Fraction], not_steps: list[Fraction], excluded: tuple[float, ...]
) -> Iterator[Expression]:
    """The numbers without an exponent, with large ones and small ones, 0, and with each exponent between."""
    yield _decimals(bounds, 0, steps, not_steps, excluded)
    powers = _powers([bound for bound in (bounds.low, bounds.high, *map(exact, excluded)) if bound])
    yield from _large(bounds, powers[-1], steps, not_steps)
    yield from _small(bounds, powers[0], steps, not_steps)
    if bounds.contains(0) and not not_steps and 0 not in excluded:
        yield spelled(0)
    for power in powers:
        yield concat(_decimals(bounds, power, steps, not_steps, excluded), _exponent(power))


def _large(bounds: Range, top: int, steps: list[Fraction], not_steps: list[Fraction]) -> list[Expression]:
    """Numbers beyond every bound: exponents above `top`.

    The other factors of a step divide the digits; its factors 2 and 5 divide a power of 10, for which the exponent must
    be large enough once the digits after the point are taken off.
    """
    odds = {step: _without_2_and_5(step) for step in (*steps, *not_steps)}
    most = min([_WINDOW, *(top + 1 - twos_and_fives for _, twos_and_fives in odds.values())])
    beyond = ranges.integer(top + 1, None)
    assert beyond is not None
    if most < 0 or any(odds[step][0] == 1 for step in not_steps):
        return []
    fraction = concat(Literal("."), repeat(DIGIT, 1, most) if most else Literal("0"), _ZEROS)
    parts: list[Expression] = [concat(charset("123456789"), repeat(DIGIT), optional(fraction))]
    parts += [Divisible(odds[step][0]) for step in steps if odds[step][0] > 1]
    parts += [Complement(Divisible(odds[step][0])) for step in not_steps]
    digits = parts[0] if len(parts) == 1 else Intersection(tuple(parts))
    large = concat(digits, _E, optional(Literal("+")), _ZEROS, beyond.expression)
    return [large] * (bounds.high is None) + [concat(Literal("-"), large)] * (bounds.low is None)


def _without_2_and_5(step: Fraction) -> tuple[int, int]:
    """A step without its factors 2 and 5, and the least power of 10 that these divide."""
    odd = odd_part(step)
    rest, power = step.numerator // odd, 0
    while 10**power % rest:
        power += 1
    return odd, power


def _small(bounds: Range, bottom: int, steps: list[Fraction], not_steps: list[Fraction]) -> list[Expression]:
    """Numbers nearer to zero than any bound, and so multiples of nothing: exponents below `bottom`."""
    beyond = ranges.integer(1 - bottom, None)
    assert beyond is not None
    if steps or any(step < Fraction(10) ** bottom for step in not_steps):
        return []
    fraction = optional(concat(Literal("."), repeat(DIGIT, 1, _WINDOW), _ZEROS))
    small = concat(charset("123456789"), fraction, _E, Literal("-"), _ZEROS, beyond.expression)
    return [small] * _reaches_zero(bounds) + [concat(Literal("-"), small)] * _reaches_zero(bounds.mirrored())


def _reaches_zero(bounds: Range) -> bool:
    """Returns True if a range has numbers above 0 as near to it as one likes."""
    return (bounds.low is None or bounds.low <= 0) and (bounds.high is None or bounds.high > 0)


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
    low, high = _scaled(bounds.low, power), _scaled(bounds.high, power)
    parts = [_between(Range(low, high, bounds.low_excluded, bounds.high_excluded))]
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
        raise NotRegular(f"multipleOf {step} needs too large an automaton")
    return found


def _between(bounds: Range) -> Expression:
    """Decimals of any length in a range."""
    if bounds.is_unbounded:
        return _PLAIN
    if bounds.is_empty:
        return EMPTY
    parts: list[Expression] = []
    not_negative, negative = bounds.not_negative(), bounds.mirrored().not_negative()
    if not_negative is not None:
        parts.append(magnitudes(not_negative, None))
    if negative is not None:
        parts.append(concat(Literal("-"), magnitudes(negative, None)))
    return union(*parts)


def spelled(value: float) -> Expression:
    """One number in every spelling."""
    bound = exact(value)
    if bound == 0:
        return concat(
            _SIGN,
            Literal("0"),
            optional(concat(Literal("."), repeat(Literal("0"), 1))),
            optional(concat(_E, optional(charset("+-")), repeat(DIGIT, 1))),
        )
    parts = [spellings(bound)]
    for power in _powers([bound]):
        scaled = _scaled(bound, power)
        assert scaled is not None
        parts.append(concat(spellings(scaled), _exponent(power)))
    return union(*parts)
