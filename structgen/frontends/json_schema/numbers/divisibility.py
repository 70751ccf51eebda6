"""Divisibility, and numbers left out: what is more to a number than two bounds.

A step such as 0.25 is 25 / 10^2. A decimal is a multiple of it if its digits, read with two places after the point, are
a number that 25 divides. Where the number has only 2 and 5 for factors, the last digits decide. Its other factors have
no factor in common with 10, so they divide the digits wherever the point stands: an expression of its own. If there are
too many last digits, as with 64, that expression reads the digits of an integer for all factors.

Numbers with a point then have at most 15 digits, so that a reader's double is a multiple of a step, or equal to a
number that is left out, only if the text is: 56258024542430049327.5 is read as a multiple of 8.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from structgen.frontends.json_schema.documents.json_types import INTEGER
from structgen.frontends.json_schema.numbers import ranges
from structgen.frontends.json_schema.numbers.decimals import (
    DIGIT,
    NONZERO,
    Bound,
    Range,
    above,
    below,
    exact,
)
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

_MOST_LISTED = 4096
_MOST_PLACES = 40
_MOST_ENDINGS = 5000
_MOST_REMAINDERS = 20_000
"""Remainders, of all steps at once; to see whether any number can follow some digits, all of them may be visited."""

_MOST_OF_ONE = 1_000_000
"""The same of a single step: none of them need be combined."""

_MOST_WHOLE = 8192
"""The largest product of 2 and 5 in a step of which all digits are read: it distinguishes so many last digits."""

_ZEROS = repeat(Literal("0"))
_AS_DOUBLES = union(
    concat(optional(Literal("-")), repeat(DIGIT, 1)),
    concat(optional(Literal("-")), repeat(charset("0123456789."), 1, 16)),
)
"""Integers, and numbers with a point whose doubles are equal only if their texts mean the same."""


class NotRegular(Exception):
    """The numbers cannot be written as an expression of a sensible size."""


def multiples_in_range(
    kind: int,
    bounds: Range,
    steps: tuple[Bound, ...],
    not_steps: tuple[Bound, ...],
    excluded: tuple[float, ...],
) -> Terminal | None:
    """The numbers of a range that are multiples of some steps, of none of others, and are none of some numbers.

    Args:
        kind: integers, others, or both.
        bounds: of the range; with integers, bounds that are integers and included.
        steps: what they must be multiples of.
        not_steps: what they must not be multiples of.
        excluded: what they must not be.

    Raises:
        NotRegular: It takes too much.
    """
    step = _common([*steps, 1] if kind == INTEGER else list(steps))
    if not kind & INTEGER:
        not_steps = (*not_steps, 1)
    factors = None if step is None else _factors(bounds, step)
    if step is not None and (factors == range(0) or any(step % Fraction(no) == 0 for no in not_steps)):
        return None
    if factors is None or not (not_steps or excluded):
        found = _as_expression(kind, bounds, step, not_steps, excluded)
        if found is not None:
            return found
    if step is None or factors is None:
        raise NotRegular(f"multipleOf {', '.join(map(str, steps))} needs too large an automaton")
    return _listed(kind, bounds, [factor * step for factor in factors], not_steps, excluded)


def _listed(
    kind: int,
    bounds: Range,
    multiples: list[Fraction],
    not_steps: tuple[Bound, ...],
    excluded: tuple[float, ...],
) -> Terminal | None:
    """The multiples of a range, one by one, without what they must not be."""
    unwanted = {Fraction(exact(value)) for value in excluded}
    allowed = [
        Decimal(value.numerator) / value.denominator
        for value in multiples
        if value not in unwanted and all(value % Fraction(no) for no in not_steps)
    ]
    if not allowed:
        return None
    if kind == INTEGER:
        return Terminal("an integer of a list", union(*[Literal(format(value, "f")) for value in allowed]))
    ranged = ranges.plain(bounds)
    assert ranged is not None
    return Terminal("a number of a list", Intersection((ranged.expression, union(*map(spellings, allowed)))))


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
    """The numerator of a step without its factors 2 and 5."""
    odd = step.numerator
    for factor in (2, 5):
        while odd % factor == 0:
            odd //= factor
    return odd


def _remainders(step: Fraction | None, not_steps: Iterable[Bound]) -> int:
    """How many remainders of digits some steps distinguish, the last digits aside."""
    steps = [step or Fraction(1), *map(Fraction, not_steps)]
    return math.lcm(*[_by_remainder(one) for one in steps])


def _by_remainder(step: Fraction) -> int:
    """The part of a step for which the last digits do not decide: `multiples` reads remainders of it."""
    odd = odd_part(step)
    return odd if _endings(step / odd) is not None else step.numerator


# Expressions


@lru_cache(maxsize=1024)
def _as_expression(
    kind: int,
    bounds: Range,
    step: Fraction | None,
    not_steps: tuple[Bound, ...],
    excluded: tuple[float, ...],
) -> Terminal | None:
    """The same as an expression; None if it takes too much."""
    if _remainders(step, not_steps) > (_MOST_REMAINDERS if not_steps else _MOST_OF_ONE):
        return None
    if step is not None and _endings(step / odd_part(step)) is None:
        kind, bounds = INTEGER, Range(*bounds.integers())  # the product with fractions has too many states
    inside = [] if step is None or (step == 1 and kind == INTEGER) else _each([step])
    outside = _each(map(Fraction, not_steps))
    if inside is None or outside is None:
        return None
    outside = [*(spellings(exact(value)) for value in excluded), *outside]
    terminal = _ranged(kind, bounds)
    parts = [terminal.expression, *inside]
    if outside:
        parts.append(Complement(union(*outside)))
    if kind != INTEGER and len(parts) > 1 and _has_short_ones(bounds, step, not_steps):
        parts.append(_AS_DOUBLES)
    label = terminal.name if step is None else f"{terminal.name} that is a multiple of {_decimal(step)}"
    return Terminal(label, parts[0] if len(parts) == 1 else Intersection(tuple(parts)))


def _each(steps: Iterable[Fraction]) -> list[Expression] | None:
    """The multiples of each step; None if those of one take too much."""
    found: list[Expression] = []
    for step in steps:
        of_one = multiples(step)
        if of_one is None:
            return None
        found.append(of_one)
    return found


def _ranged(kind: int, bounds: Range) -> Terminal:
    """The numbers of a range, without exponents."""
    terminal = ranges.integer(*bounds.integers()) if kind == INTEGER else ranges.plain(bounds)
    assert terminal is not None
    return terminal


def _has_short_ones(bounds: Range, step: Fraction | None, not_steps: tuple[Bound, ...]) -> bool:
    """Returns True if some of the numbers may have few digits, to judge by the size of steps and bounds."""
    low, high = bounds.low, bounds.high
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

    The other factors of a step divide the digits, wherever the point stands, as they have no factor in common with 10.
    """
    odd = odd_part(step)
    found = _by_last_digits(step / odd)
    if found is None:
        return _whole_multiples(step.numerator) if step.denominator == 1 else None
    return found if odd == 1 else Intersection((found, concat(optional(Literal("-")), Divisible(odd))))


def _whole_multiples(step: int) -> Expression | None:
    """The multiples of an integer that has too many last digits to list them."""
    if step > _MOST_OF_ONE or step // odd_part(Fraction(step)) > _MOST_WHOLE:
        return None
    natural = union(Literal("0"), concat(NONZERO, repeat(DIGIT)))
    zeros = optional(concat(Literal(".0"), _ZEROS))
    return concat(optional(Literal("-")), Intersection((natural, Divisible(step))), zeros)


@lru_cache(maxsize=256)
def _by_last_digits(step: Fraction) -> Expression | None:
    """All multiples of a step that has no factors but 2 and 5; None if they have too many endings."""
    found = _endings(step)
    if found is None:
        return None
    endings, scale = found
    places = len(endings[0])
    sign = optional(Literal("-"))
    if places <= scale:
        natural = union(Literal("0"), concat(NONZERO, repeat(DIGIT)))
        fractions = [_fraction(scale - places, ending) for ending in endings]
        return concat(sign, natural, union(EPSILON, *fractions))
    return concat(sign, _with_endings(endings, places - scale))


@lru_cache(maxsize=256)
def _endings(step: Fraction) -> tuple[list[str], int] | None:
    """The last digits of the multiples of a step, and how many of them, and of digits before them, follow the point.

    None if there are too many.
    """
    scale = _first(lambda places: (step * 10**places).denominator == 1)
    if scale is None:
        return None
    number = int(step * 10**scale)
    places = _first(lambda places: 10**places % number == 0)
    if places is None or 10**places // number > _MOST_ENDINGS:
        return None
    return [str(ending).zfill(places) if places else "" for ending in range(0, 10**places, number)], scale


def _first(holds: Callable[[int], bool]) -> int | None:
    """The first number of places for which something holds; None if there are more than 40."""
    return next((places for places in range(_MOST_PLACES + 1) if holds(places)), None)


def _with_endings(endings: list[str], before: int) -> Expression:
    """Decimals with one of some endings, `before` digits of which stand before the point."""
    wholes: dict[str, list[str]] = {}
    for ending in endings:
        wholes.setdefault(ending[before:], []).append(ending[:before])
    parts = []
    for rest, whole in wholes.items():
        exactly = [Literal(str(int(one))) for one in whole]
        longer = concat(NONZERO, repeat(DIGIT), union(*map(Literal, whole)))
        fraction = _fraction(0, rest)
        if not rest.strip("0"):
            fraction = optional(fraction)
        parts.append(concat(union(*exactly, longer), fraction))
    return union(*parts)


def _fraction(free: int, ending: str) -> Expression:
    """Any digits, so many, then an ending, then zeros; zeros at the end may be missing."""
    rest = ending.rstrip("0")
    if rest:
        return concat(Literal("."), repeat(DIGIT, free, free), Literal(rest), _ZEROS)
    if free:
        return concat(Literal("."), repeat(DIGIT, 1, free), _ZEROS)
    return concat(Literal(".0"), _ZEROS)


def _factors(bounds: Range, step: Fraction) -> range | None:
    """The multiples in a range, each as what the step is multiplied by; None if they are many."""
    if bounds.low is None or bounds.high is None:
        return None
    first = above(Fraction(bounds.low) / step, bounds.low_excluded)
    last = below(Fraction(bounds.high) / step, bounds.high_excluded)
    return None if last - first >= _MOST_LISTED else range(first, max(first, last + 1))
