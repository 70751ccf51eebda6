"""check_option(): every option of every public function goes through it, so that a wrong one is never silent.

    check_option("dialect", dialect, get_args(Dialect))       InvalidOptionError if it is none of these
    check_option("max_new_tokens", number, (Whole(1), None))  a range of numbers stands for all in it
    check_option("limits", limits, (Instance(Limits), None))  a class stands for its instances
    check_flags(strict=strict, closed=closed)                 booleans

`InvalidOptionError` is a ValueError, and names the option, its value and what is allowed.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from structgen.errors import InvalidOptionError


@dataclass(frozen=True, slots=True)
class Whole:
    """The whole numbers from `least` to `most`; None: without bound."""

    least: int
    most: int | None = None

    def __contains__(self, value: Any) -> bool:
        if not isinstance(value, Integral) or value is True or value is False:
            return False
        return self.least <= int(value) and (self.most is None or int(value) <= self.most)

    def __str__(self) -> str:
        return f"a whole number {_range(self.least, self.most)}"


@dataclass(frozen=True, slots=True)
class Number:
    """The numbers from `least` to `most`, without NaN; None: without bound."""

    least: float
    most: float | None = None

    def __contains__(self, value: Any) -> bool:
        if not isinstance(value, Real) or value is True or value is False or math.isnan(value):
            return False
        return self.least <= float(value) and (self.most is None or float(value) <= self.most)

    def __str__(self) -> str:
        return f"a number {_range(self.least, self.most)}"


@dataclass(frozen=True, slots=True)
class Instance:
    """The instances of a class; booleans are no numbers.

    Attributes:
        kind: the class.
        words: what to call an instance in an error. Empty: the name of the class.
    """

    kind: type
    words: str = ""

    def __contains__(self, value: Any) -> bool:
        return isinstance(value, self.kind) and not isinstance(value, bool)

    def __str__(self) -> str:
        return self.words or f"a {self.kind.__name__}"


_RANGES = (Whole, Number, Instance)


def _range(least: float, most: float | None) -> str:
    return f"from {least} to {most}" if most is not None else f"that is {least} or more"


def check_option(name: str, value: Any, allowed: Collection[Any], *, or_else: str = "") -> None:
    """See that an option has a value that is allowed.

    Args:
        name: of the option, as the caller wrote it.
        value: what the caller gave.
        allowed: values, None among them if the option may be missing, and ranges (`Whole`, `Number`, `Instance`).
        or_else: what else is allowed, for the message; the caller has seen that `value` is not that.

    Raises:
        InvalidOptionError: It has another value.
    """
    for one in allowed:
        if value is one:
            return
        if isinstance(one, _RANGES):
            if value in one:
                return
        elif isinstance(value, type(one)) and value == one:
            return
    raise InvalidOptionError(name, value, f"must be {_words(allowed, or_else)}")


def _words(allowed: Collection[Any], or_else: str) -> str:
    """What is allowed, as a list in words."""
    words = [str(one) if isinstance(one, _RANGES) else repr(one) for one in allowed]
    words += [or_else] if or_else else []
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def check_flags(**flags: Any) -> None:
    """See that options are booleans.

    Raises:
        InvalidOptionError: One is something else.
    """
    for name, value in flags.items():
        if value is not True and value is not False:
            check_option(name, value, (True, False))
