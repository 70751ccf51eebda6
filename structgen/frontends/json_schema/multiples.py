"""Divisibility, and numbers left out: what is more to a number than two bounds.

A step such as 0.25 is 25 / 10^2. A decimal is a multiple of it if its digits, read with two places after the point, are
a number that 25 divides. Where the number has only 2 and 5 for factors, the last digits decide, and that is an
expression, which is intersected with the range. Else the remainder of the digits read so far decides: a rule for each
remainder, over single digits. (As an expression, by eliminating states, seven remainders already take some thousand
nodes.) Short ranges are written out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

from structgen.frontends.json_schema import numbers
from structgen.frontends.json_schema.keywords import INTEGER
from structgen.frontends.json_schema.numbers import Bound
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
from structgen.grammar.rules import (
    Choice,
    Reference,
    RuleExpression,
    Sequence,
    Terminal,
)

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler

Range = tuple["Bound | None", "Bound | None", bool, bool]
_MOST_LISTED = 4096
_MOST_ENDINGS = 5000
_MOST_REMAINDERS = 300
_MOST_STATES = 7
"""Remainders that an expression can tell apart."""

_COUNTED_REMAINDERS = 30
"""With more remainders the digits are not counted: the rules would be too many."""

_DIGIT = charset("0123456789")
_NONZERO = charset("123456789")
_ZEROS = repeat(Literal("0"))
_DIGITS = tuple(Terminal(digit, Literal(digit)) for digit in "0123456789")
_MINUS = Terminal("-", Literal("-"))
_POINT = Terminal(".", Literal("."))


class NotRegular(Exception):
    """The numbers cannot be written as rules of a sensible size."""


def numbers_apart(
    compiler: Compiler,
    kind: int,
    bounds: Range,
    steps: tuple[Bound, ...],
    not_steps: tuple[Bound, ...],
    excluded: tuple[float, ...],
) -> RuleExpression | None:
    """The numbers of a range that are multiples of some steps, of none of others, and are none of some numbers.

    Args:
        compiler: that gets the rules, where rules are needed.
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
    found = _as_expression(kind, bounds, step, not_steps, excluded, _by_last_digits)
    if found is not None:
        return found
    try:  # rules take less time than an expression that tells remainders apart
        return _listed_or_ruled(compiler, bounds, steps, step, not_steps, excluded)
    except NotRegular:
        found = _as_expression(kind, bounds, step, not_steps, excluded, multiples)
        if found is None:
            raise
        return found


def _listed_or_ruled(
    compiler: Compiler,
    bounds: Range,
    steps: tuple[Bound, ...],
    step: Fraction | None,
    not_steps: tuple[Bound, ...],
    excluded: tuple[float, ...],
) -> RuleExpression | None:
    if excluded:
        raise NotRegular("divisibility does not combine with numbers that are left out")
    if step is not None and not not_steps:
        listed = _listed(bounds, step)
        if listed is not None:
            texts = [Literal(format(Decimal(value), "f")) for value in listed]
            return Terminal(f"a multiple of {steps[0]}", union(*texts)) if texts else None
    return _as_rules(compiler, bounds, step, not_steps)


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


# Expressions


@lru_cache(maxsize=1024)
def _as_expression(
    kind: int,
    bounds: Range,
    step: Fraction | None,
    not_steps: tuple[Bound, ...],
    excluded: tuple[float, ...],
    expression_of: Callable[[Fraction], Expression | None],
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
        found = expression_of(step)
        if found is None:
            return None
        parts.append(found)
    for no in not_steps:
        found = expression_of(Fraction(no))
        if found is None:
            return None
        outside.append(found)
    if outside:
        parts.append(Complement(union(*outside)))
    label = terminal.name if step is None else f"{terminal.name} that is a multiple of {_decimal(step)}"
    return Terminal(label, parts[0] if len(parts) == 1 else Intersection(tuple(parts)))


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
    odd = step.numerator
    for factor in (2, 5):
        while odd % factor == 0:
            odd //= factor
    if odd == 1:
        return _by_last_digits(step)
    if odd > _MOST_STATES:
        return None
    found = _by_last_digits(step / odd)
    return None if found is None else Intersection((found, concat(optional(Literal("-")), divisible(odd))))


@lru_cache(maxsize=16)
def divisible(modulus: int) -> Expression:
    """Digits, with points anywhere, that a number divides: Kleene's construction over the remainders.

    `paths[i][j]` is what leads from one remainder to another through those seen so far; its parts are shared.
    """
    paths: list[list[Expression]] = [[EMPTY] * modulus for _ in range(modulus)]
    for start in range(modulus):
        for digit in range(10):
            end = (start * 10 + digit) % modulus
            paths[start][end] = union(paths[start][end], charset(str(digit)))
        paths[start][start] = union(paths[start][start], charset("."))
    for middle in reversed(range(modulus)):
        loop = repeat(paths[middle][middle])
        paths = [
            [
                union(paths[i][j], concat(paths[i][middle], loop, paths[middle][j]))
                if EMPTY not in (paths[i][middle], paths[middle][j])
                else paths[i][j]
                for j in range(modulus)
            ]
            for i in range(modulus)
        ]
    return paths[0][0]


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


def _listed(bounds: Range, step: Fraction) -> list[Decimal] | None:
    """The multiples in a range, if they are few."""
    low, high, low_excluded, high_excluded = bounds
    if low is None or high is None:
        return None
    first = math.ceil(Fraction(low) / step)
    last = math.floor(Fraction(high) / step)
    if low_excluded and first * step == low:
        first += 1
    if high_excluded and last * step == high:
        last -= 1
    if last - first > _MOST_LISTED:
        return None
    exact = Decimal(step.numerator) / Decimal(step.denominator)
    return [number * exact for number in range(first, last + 1)]


# Rules


def _as_rules(
    compiler: Compiler,
    bounds: Range,
    step: Fraction | None,
    not_steps: tuple[Bound, ...],
) -> RuleExpression | None:
    """Rules over single digits, one for each remainder."""
    low, high, low_excluded, high_excluded = bounds
    fractions = [Fraction(one) for one in (*not_steps, *([] if step is None else [step]))]
    scale = 0
    while any((one * 10**scale).denominator != 1 for one in fractions):
        scale += 1
    if scale and not (low in (None, 0) and high is None and not low_excluded):
        raise NotRegular("divisibility by this does not combine with bounds")
    if step is None and scale == 0:
        raise NotRegular("what is no multiple of this is no short list")
    whole = [int(one * 10**scale) for one in fractions]
    modulus = math.lcm(*whole)
    if modulus > _MOST_REMAINDERS:
        raise NotRegular("divisibility by this takes too many rules")
    wanted = None if step is None else int(step * 10**scale)
    no = [int(Fraction(one) * 10**scale) for one in not_steps]

    def accepts(remainder: int) -> bool:
        return (wanted is None or remainder % wanted == 0) and all(remainder % one for one in no)

    digits = _Digits(compiler, modulus, scale, accepts)
    options: list[RuleExpression] = []
    least = None if low is None else numbers.above(low, low_excluded)
    most = None if high is None else numbers.below(high, high_excluded)
    if most is None or most >= 0:
        options += digits.naturals(max(least or 0, 0), most)
    if least is None or least < 0:
        below = digits.naturals(1 if most is None else max(1, -most), None if least is None else -least)
        options.append(Sequence((_MINUS, Choice(tuple(below)))))
    return Choice(tuple(options))


class _Digits:
    """The rules for digits after which a remainder is left."""

    def __init__(
        self,
        compiler: Compiler,
        modulus: int,
        scale: int,
        accepts: Callable[[int], bool],
    ) -> None:
        self.compiler = compiler
        self.modulus = modulus
        self.scale = scale
        self.accepts = accepts
        self.counted = modulus <= _COUNTED_REMAINDERS
        self._names: dict[tuple[int, int, int], str] = {}
        self._todo: list[tuple[int, int, int]] = []

    def naturals(self, low: int, high: int | None) -> list[RuleExpression]:
        """The natural numbers between two bounds that are accepted, digit by digit."""
        options: list[RuleExpression] = []
        for prefix, least, most in _prefixes(low, high):
            first = Terminal(prefix, Literal(prefix))
            if high is None and not self.counted and most > least:
                least, most = max(least, 0), -1
            options.append(Sequence((first, self._reference(int(prefix) % self.modulus, least, most))))
        while self._todo:
            state = self._todo.pop()
            self.compiler.rules[self._names[state]] = self._rule(*state)
        return options

    def _reference(self, remainder: int, least: int, most: int) -> Reference:
        state = (remainder, least, most)
        if state not in self._names:
            name = self.compiler.new_name("digits")
            self.compiler.rules[name] = Choice(())
            self._names[state] = name
            self._todo.append(state)
        return Reference(self._names[state])

    def _rule(self, remainder: int, least: int, most: int) -> RuleExpression:
        """`least` to `most` more digits (-1: any number) before the point."""
        options: list[RuleExpression] = []
        if least < 0:  # after the point: so many more digits exactly
            for digit, terminal in enumerate(_DIGITS):
                rest = (remainder * 10 + digit) % self.modulus
                if least < -1:
                    options.append(Sequence((terminal, self._reference(rest, least + 1, 0))))
                elif self.accepts(rest):
                    options.append(terminal)
            return Choice(tuple(options))
        if least == 0:
            if self.scale:
                options.append(Sequence((_POINT, self._reference(remainder, -self.scale, 0))))
            if self.accepts(remainder * 10**self.scale % self.modulus):
                options.append(Sequence(()))
        if most:
            after = (max(least - 1, 0), most if most < 0 else most - 1)
            for digit, terminal in enumerate(_DIGITS):
                options.append(
                    Sequence(
                        (
                            terminal,
                            self._reference((remainder * 10 + digit) % self.modulus, *after),
                        )
                    )
                )
        return Choice(tuple(options))


def _prefixes(low: int, high: int | None) -> Iterator[tuple[str, int, int]]:
    """Natural numbers as prefixes, each with how many digits at least and at most may follow it freely."""
    size = numbers.INTEGER_DIGITS
    if high is None:
        high = max(10**size, 10 ** len(str(low))) - 1
    if low > high:
        return
    if low == 0:
        yield "0", 0, 0
        low = 1
    if low > high:
        return
    for length in range(len(str(low)), len(str(high)) + 1):
        first, last = max(low, 10 ** (length - 1)), min(high, 10**length - 1)
        yield from _between(str(first), str(last))


def _between(low: str, high: str) -> Iterator[tuple[str, int, int]]:
    """Digits as many as both have, between the two."""
    size = len(low)
    if low > high:
        return
    common = 0
    while common < size and low[common] == high[common]:
        common += 1
    if common == size:
        yield low, 0, 0
        return
    tail = size - common - 1
    first, last = int(low[common]), int(high[common])
    if low[common + 1 :].strip("0"):
        yield from _between(low, low[: common + 1] + "9" * tail)
        first += 1
    if high[common + 1 :].strip("9"):
        yield from _between(high[: common + 1] + "0" * tail, high)
        last -= 1
    for digit in range(first, last + 1):
        yield low[:common] + str(digit), tail, tail
