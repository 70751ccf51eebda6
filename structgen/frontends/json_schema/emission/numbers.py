"""Numbers: their shapes become terminals."""

from __future__ import annotations

from functools import lru_cache

from structgen.frontends.json_schema import numbers
from structgen.frontends.json_schema.documents.findings import Findings
from structgen.frontends.json_schema.documents.json_types import INTEGER, NUMBER, type_of
from structgen.frontends.json_schema.emission.rules import Rule
from structgen.frontends.json_schema.numbers import NotRegular, Range, every_spelling, multiples_in_range
from structgen.frontends.json_schema.shapes.numbers import Limit, NumberShape, intersect
from structgen.frontends.json_schema.shapes.shape import Alternative, numbers_of
from structgen.grammar.rules import Terminal

_Excluded = tuple[float, ...]


class NumberRules:
    """Makes the rules of numbers.

    Attributes:
        exact: numbers have every spelling.
    """

    def __init__(self, findings: Findings, *, exact: bool) -> None:
        self.exact = exact
        self._findings = findings

    def rule(self, shapes: Alternative, type: int) -> Rule:
        """The numbers that have some shapes; None if there are none.

        Args:
            shapes: the shapes.
            type: integers, fractions, or both.
        """
        found = numbers_of(shapes)
        shape = intersect(found) if found else NumberShape()
        excluded = _excluded(shapes)
        if _is_crossed(type, shape.low, shape.high):
            rule: Rule = None
        elif self.exact:
            rule = self._exact(shapes, shape, type, excluded)
        else:
            rule = self._plain(shapes, shape, type, excluded)
        if rule is None:
            bounds = _range(shape)
            reason = f"no number is between {bounds.low} and {bounds.high}, as is required"
            self._findings.empty(shapes[-1].origin, None, reason)
        return rule

    def _exact(self, shapes: Alternative, shape: NumberShape, type: int, excluded: _Excluded) -> Rule:
        try:
            return every_spelling.number(type, _range(shape), _steps(shape, type), shape.not_steps, excluded)
        except NotRegular as error:
            self._not_regular(shapes, error)
            return every_spelling.NUMBER

    def _plain(self, shapes: Alternative, shape: NumberShape, type: int, excluded: _Excluded) -> Rule:
        try:
            return _number(shape, type, excluded)
        except NotRegular as error:
            self._not_regular(shapes, error)
            return _between(shape, type)[1]

    def _not_regular(self, shapes: Alternative, error: NotRegular) -> None:
        for shape in shapes:
            if shape.numbers is not None and (shape.numbers.steps or shape.numbers.not_steps):
                self._findings.unsupported(shape.origin, "multipleOf", str(error))


@lru_cache(maxsize=4096)
def _number(shape: NumberShape, type: int, excluded: _Excluded) -> Terminal | None:
    """The numbers that have a shape, in one spelling each; None if there are none.

    Raises:
        NotRegular: Their multiples cannot be enforced.
    """
    bounds, found = _between(shape, type)
    steps = _steps(shape, type)
    if found is not None and (steps or shape.not_steps or excluded or not type & INTEGER):
        return multiples_in_range(type, bounds, steps, shape.not_steps, excluded)
    return found


def _between(shape: NumberShape, type: int) -> tuple[Range, Terminal | None]:
    """The bounds of a shape, and the numbers of a type within them."""
    bounds = _range(shape)
    if type != INTEGER:
        return bounds, numbers.number(bounds)
    low, high = bounds.integers()
    return Range(low, high), numbers.integer(low, high)


def _range(shape: NumberShape) -> Range:
    low, low_excluded = shape.low or (None, False)
    high, high_excluded = shape.high or (None, False)
    return Range(low, high, low_excluded, high_excluded)


def _excluded(shapes: Alternative) -> _Excluded:
    excluded = [value for one in shapes for value in one.excluded if type_of(value) & NUMBER]
    return tuple([value for value in excluded if isinstance(value, (int, float))])


def _steps(shape: NumberShape, type: int) -> tuple[numbers.Bound, ...]:
    return tuple([step for step in shape.steps if not (step == 1 and type == INTEGER)])


def _is_crossed(type: int, low: Limit | None, high: Limit | None) -> bool:
    """Returns True if nothing is between two bounds."""
    if low is None or high is None:
        return False
    if type == INTEGER:
        return numbers.above(*low) > numbers.below(*high)
    return low[0] > high[0] or (low[0] == high[0] and (low[1] or high[1]))
