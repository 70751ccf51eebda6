"""Formulas over atoms that are decided one by one: how many of some parts hold.

A formula is True, False, an atom (a number), or a tally of parts: at least and at most so many of them hold. "All",
"any", "exactly one" and "none" are tallies. What is decided drops out, so formulas that leave the same undecided are
equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Tally:
    """So many of some formulas hold. Never changed; equal by value.

    Attributes:
        least: at least.
        most: at most; None if there is no bound.
        parts: the formulas.
        atoms: the atoms in them.
        size: how many formulas it is made of, itself included.
    """

    __slots__ = ("_hash", "atoms", "least", "most", "parts", "size")

    def __init__(self, least: int, most: int | None, parts: tuple[Formula, ...]) -> None:
        self.least = least
        self.most = most
        self.parts = parts
        self.atoms: frozenset[int] = frozenset().union(*map(atoms, parts))
        self.size: int = 1 + sum(map(size, parts))
        self._hash = hash((least, most, parts))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Tally):
            return NotImplemented
        if self._hash != other._hash:
            return False
        return (self.least, self.most, self.parts) == (other.least, other.most, other.parts)


Formula = bool | int | Tally
"""A bool, an int (an atom), or a tally."""


def tally(least: int, most: int | None, parts: Iterable[Formula]) -> Formula:
    """At least and at most so many of some formulas hold."""
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
        return _flat(left, is_all=least == len(left))
    return Tally(least, most, tuple(left))


def _flat(parts: list[Formula], *, is_all: bool) -> Formula:
    """All of some formulas, or any of them; what is a tally of the same kind itself is taken apart."""
    flat: dict[Formula, None] = {}
    for part in parts:
        is_same = isinstance(part, Tally) and part.most is None
        if is_same and isinstance(part, Tally) and part.least == (len(part.parts) if is_all else 1):
            flat.update(dict.fromkeys(part.parts))
        else:
            flat[part] = None
    left = tuple(flat)
    return left[0] if len(left) == 1 else Tally(len(left) if is_all else 1, None, left)


def every(parts: Iterable[Formula]) -> Formula:
    """All of some formulas hold."""
    listed = list(parts)
    return tally(len(listed), None, listed)


def some(parts: Iterable[Formula]) -> Formula:
    """Any of some formulas holds."""
    return tally(1, None, parts)


def decided(formula: Formula, known: Mapping[int, bool]) -> Formula:
    """What is undecided of a formula once some atoms are known."""
    if isinstance(formula, bool) or not known:
        return formula
    if isinstance(formula, int):
        return known.get(formula, formula)
    if formula.atoms.isdisjoint(known):
        return formula
    return tally(formula.least, formula.most, [decided(part, known) for part in formula.parts])


_NO_ATOMS: frozenset[int] = frozenset()


def atoms(formula: Formula) -> frozenset[int]:
    """The atoms on which a formula still depends."""
    if isinstance(formula, Tally):
        return formula.atoms
    return _NO_ATOMS if isinstance(formula, bool) else frozenset((formula,))


def size(formula: Formula) -> int:
    """How many formulas a formula is made of, itself included."""
    return formula.size if isinstance(formula, Tally) else 1


def has_most(formula: Formula) -> bool:
    """Returns True if it may be that an atom must not hold."""
    return isinstance(formula, Tally) and (formula.most is not None or any(map(has_most, formula.parts)))
