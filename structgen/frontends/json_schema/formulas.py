"""Formulas over atoms that are decided one by one: how many of some things hold.

A formula is True, False, an atom (a number), or a tally (least, most, parts): at least and at most so many of the parts
hold. "All", "any", "exactly one" and "none" are tallies. What is decided falls out, so formulas that leave the same to
be decided are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Formula = Any
"""A bool, an int (an atom), or a tuple: least, most (None: no bound), parts."""


def tally(least: int, most: int | None, parts: Iterable[Formula]) -> Formula:
    """That at least and at most so many of some formulas hold."""
    left: list[Formula] = []
    for part in parts:
        if part is True:
            least -= 1
            most = None if most is None else most - 1
        elif part is not False:
            left.append(part)
    least = max(least, 0)
    if (most is not None and most < 0) or least > len(left):
        return False
    if most is not None and most >= len(left):
        most = None
    if least == 0 and most is None:
        return True
    if most is None and least in (1, len(left)):
        every = least == len(left)
        flat: dict[Formula, None] = {}
        for part in left:
            inner = isinstance(part, tuple) and part[1] is None and part[0] == (len(part[2]) if every else 1)
            flat.update(dict.fromkeys(part[2] if inner else (part,)))
        left = list(flat)
        if len(left) == 1:
            return left[0]
        least = len(left) if every else 1
    return least, most, tuple(left)


def every(parts: Iterable[Formula]) -> Formula:
    """That all of some formulas hold."""
    listed = list(parts)
    return tally(len(listed), None, listed)


def some(parts: Iterable[Formula]) -> Formula:
    """That any of some formulas holds."""
    return tally(1, None, parts)


def decided(formula: Formula, known: Mapping[int, bool]) -> Formula:
    """What is left of a formula where some atoms are known."""
    if isinstance(formula, bool) or not known:
        return formula
    if isinstance(formula, int):
        return known.get(formula, formula)
    least, most, parts = formula
    left = [decided(part, known) for part in parts]
    return formula if all(map(_same, left, parts)) else tally(least, most, left)


def _same(one: Formula, other: Formula) -> bool:
    return one is other or (type(one) is type(other) and one == other)


def atoms(formula: Formula) -> set[int]:
    """The atoms on which a formula still depends."""
    found: set[int] = set()
    todo = [formula]
    while todo:
        one = todo.pop()
        if isinstance(one, tuple):
            todo += one[2]
        elif not isinstance(one, bool):
            found.add(one)
    return found


def has_most(formula: Formula) -> bool:
    """Whether it may be that an atom must not hold."""
    return isinstance(formula, tuple) and (formula[1] is not None or any(map(has_most, formula[2])))
