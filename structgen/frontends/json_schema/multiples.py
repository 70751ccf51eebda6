"""Divisibility, and numbers left out: what is more to a number than two bounds.

A step such as 0.25 is 25 / 10^2. A decimal is a multiple of it if its digits, read with two places after the point, are
a number that 25 divides. Where the number has only 2 and 5 for factors, the last digits decide. What else divides it
has no factor in common with 10, so it divides the digits wherever the point stands: an expression of its own.

Numbers with a point then have at most 15 digits, so that a reader's double is a multiple of a step, or equal to a
number that is left out, only if the text is: 56258024542430049327.5 is read as a multiple of 8.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from structgen.frontends.json_schema import numbers
from structgen.frontends.json_schema.keywords import INTEGER
from structgen.frontends.json_schema.numbers import Bound
from structgen.grammar.expressions import (
    EPSILON,
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

Range = tuple["Bound | None", "Bound | None", bool, bool]
_MOST_LISTED = 4096
_MOST_ENDINGS = 5000
_MOST_REMAINDERS = 20_000
"""Remainders, of all steps at once; to see whether any number can follow some digits, as many may be looked at."""

_DIGIT = charset("0123456789")
_NONZERO = charset("123456789")
_ZEROS = repeat(Literal("0"))
_AS_DOUBLES = union(
    concat(optional(Literal("-")), repeat(_DIGIT, 1)),
    concat(optional(Literal("-")), repeat(charset("0123456789."), 1, 16)),
)
"""Integers, and numbers with a point whose doubles are equal only if their texts mean the same."""


class NotRegular(Exception):
    """The numbers cannot be written as an expression of a sensible size."""


def numbers_apart(
    kind: int,
    bounds: Range,
    steps: tuple[Bound, ...],
    not_steps: tuple[Bound, ...],
    excluded: tuple[float, ...],
) -> Terminal | None:
    """The numbers of a range that are multiples of some steps, of none of others, and are none of some numbers.

    Args:
        kind: integers, others, or both.
        bounds: lower and upper bound, and whether each is excluded.
        steps: what they must be multiples of.
        not_steps: what they must not be multiples of.
        excluded: what they must not be.

    Raises:
        NotRegular: It takes too much.
    """
    step = _common([*steps, 1] if kind == INTEGER else list(steps))
    if not kind & INTEGER:
        not_steps = (*not_steps, 1)
    times = None if step is None else _times(bounds, step)
    if step is not None and (any(step % Fraction(no) == 0 for no in not_steps) or times == range(0)):
        return None
    few = times is not None and times.stop - times.start <= _MOST_LISTED
    found = None
    if remainders(step, not_steps) <= _MOST_REMAINDERS and (not few or not (not_steps or excluded)):
        found = _as_expression(kind, bounds, step, not_steps, excluded)
    if found is not None:
        return found
    if step is None or times is None or not few:
        raise NotRegular("divisibility by this takes too much")
    return _listed(kind, bounds, [time * step for time in times], not_steps, excluded)


def _listed(
    kind: int,
    bounds: Range,
    multiples: list[Fraction],
    not_steps: tuple[Bound, ...],
    excluded: tuple[float, ...],
) -> Terminal | None:
    """The multiples of a range, one by one, without what they must not be."""
    apart = {Fraction(numbers.exact(value)) for value in excluded}
    left = [
        Decimal(value.numerator) / value.denominator
        for value in multiples
        if value not in apart and all(value % Fraction(no) for no in not_steps)
    ]
    if not left:
        return None
    if kind == INTEGER:
        return Terminal("an integer of a list", union(*[Literal(format(value, "f")) for value in left]))
    ranged = numbers.plain(*bounds)
    assert ranged is not None
    return Terminal("a number of a list", Intersection((ranged.expression, union(*map(spellings, left)))))


def _common(steps: list[Bound]) -> Fraction | None:
    """The least number that is a multiple of all steps; None without steps."""
    found: Fraction | None = None
    for step in steps:
        one = Fraction(step)
        if found is None:
            found = one
        else:
            found = Fraction(
                math.lcm(found.numerator, one.numerator),
                math.gcd(found.denominator, one.denominator),
            )
    return found


def odd_part(step: Fraction) -> int:
    """What 2 and 5 leave of a step."""
    odd = step.numerator
    for factor in (2, 5):
        while odd % factor == 0:
            odd //= factor
    return odd


def remainders(step: Fraction | None, not_steps: Iterable[Bound]) -> int:
    """How many remainders of digits some steps tell apart, their last digits aside."""
    return math.lcm(odd_part(step or Fraction(1)), *[odd_part(Fraction(no)) for no in not_steps])


# Expressions


@lru_cache(maxsize=1024)
def _as_expression(
    kind: int,
    bounds: Range,
    step: Fraction | None,
    not_steps: tuple[Bound, ...],
    excluded: tuple[float, ...],
) -> Terminal | None:
    low, high, low_excluded, high_excluded = bounds
    if kind == INTEGER:
        assert low is None or isinstance(low, int)
        assert high is None or isinstance(high, int)
        terminal = numbers.integer(low, high)
    else:
        terminal = numbers.plain(low, high, low_excluded, high_excluded)
    assert terminal is not None
    parts: list[Expression] = [terminal.expression]
    outside: list[Expression] = [spellings(numbers.exact(value)) for value in excluded]
    if step is not None and not (step == 1 and kind == INTEGER):
        found = multiples(step)
        if found is None:
            return None
        parts.append(found)
    for no in not_steps:
        found = multiples(Fraction(no))
        if found is None:
            return None
        outside.append(found)
    if outside:
        parts.append(Complement(union(*outside)))
    if kind != INTEGER and len(parts) > 1 and _has_short_ones(bounds, step, not_steps):
        parts.append(_AS_DOUBLES)
    label = terminal.name if step is None else f"{terminal.name} that is a multiple of {_decimal(step)}"
    return Terminal(label, parts[0] if len(parts) == 1 else Intersection(tuple(parts)))


def _has_short_ones(bounds: Range, step: Fraction | None, not_steps: tuple[Bound, ...]) -> bool:
    """Whether some of the numbers have few digits, as far as the size of steps and bounds tells."""
    low, high, _, _ = bounds
    found = [Fraction(one) for one in (low, high, step, *not_steps) if one is not None]
    if not all(abs(one) < 10**7 and (one * 10**7).denominator == 1 for one in found):
        return False
    return low is None or high is None or Fraction(high) - Fraction(low) >= 3 * (step or Fraction(1, 10**6))


def _decimal(step: Fraction) -> str:
    return str(step.numerator) if step.denominator == 1 else str(step.numerator / step.denominator)


def spellings(value: Bound) -> Expression:
    """A number without exponent, with any zeros at the end."""
    text = format(Decimal(value), "f")
    whole, _, rest = text.lstrip("-").partition(".")
    whole = str(int(whole))
    rest = rest.rstrip("0")
    zeros = concat(Literal("." + rest), _ZEROS)
    if not rest:
        zeros = optional(concat(Literal(".0"), _ZEROS))
    sign = optional(Literal("-")) if value == 0 else Literal("-" if value < 0 else "")
    return concat(sign, Literal(whole), zeros)


@lru_cache(maxsize=256)
def multiples(step: Fraction) -> Expression | None:
    """All multiples of a step without exponent; None if that takes too much.

    What 2 and 5 leave of a step divides the digits, wherever the point stands, as it has no factor in common with 10.
    """
    odd = odd_part(step)
    if odd == 1:
        return _by_last_digits(step)
    found = _by_last_digits(step / odd)
    return None if found is None else Intersection((found, concat(optional(Literal("-")), Divisible(odd))))


@lru_cache(maxsize=256)
def _by_last_digits(step: Fraction) -> Expression | None:
    scale = 0
    while (step * 10**scale).denominator != 1:
        scale += 1
        if scale > 40:
            return None
    number = int(step * 10**scale)
    places = 0
    while 10**places % number:
        places += 1
        if places > 40:
            return None
    if 10**places // number > _MOST_ENDINGS:
        return None
    sign = optional(Literal("-"))
    natural = union(Literal("0"), concat(_NONZERO, repeat(_DIGIT)))
    endings = [str(ending).zfill(places) if places else "" for ending in range(0, 10**places, number)]
    if places <= scale:
        free = scale - places
        return concat(
            sign,
            natural,
            union(EPSILON, *[_fraction(free, ending) for ending in endings]),
        )
    wholes: dict[str, list[str]] = {}
    for ending in endings:
        wholes.setdefault(ending[places - scale :], []).append(ending[: places - scale])
    parts = []
    for rest, before in wholes.items():
        exact = [Literal(str(int(one))) for one in before]
        longer = concat(_NONZERO, repeat(_DIGIT), union(*map(Literal, before)))
        fraction = _fraction(0, rest)
        if not rest.strip("0"):
            fraction = optional(fraction)
        parts.append(concat(union(*exact, longer), fraction))
    return concat(sign, union(*parts))


def _fraction(free: int, ending: str) -> Expression:
    """Any digits, so many, then an ending, then zeros; zeros at the end may be missing."""
    rest = ending.rstrip("0")
    if rest:
        return concat(Literal("."), repeat(_DIGIT, free, free), Literal(rest), _ZEROS)
    if free:
        return concat(Literal("."), repeat(_DIGIT, 1, free), _ZEROS)
    return concat(Literal(".0"), _ZEROS)


def _times(bounds: Range, step: Fraction) -> range | None:
    """The multiples in a range, as what the step is multiplied by; None if a bound is missing."""
    low, high, low_excluded, high_excluded = bounds
    if low is None or high is None:
        return None
    first = math.ceil(Fraction(low) / step)
    last = math.floor(Fraction(high) / step)
    if low_excluded and first * step == low:
        first += 1
    if high_excluded and last * step == high:
        last -= 1
    return range(first, last + 1)
