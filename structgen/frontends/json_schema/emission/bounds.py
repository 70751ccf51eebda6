"""Bounds: the tightest of several bounds on a number of characters, items or properties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from structgen.frontends.json_schema.documents.findings import Findings

_MOST_REQUIRED = 100_000_000
"""Characters, items or properties that a schema may require at least: texts have less than 2^30 bytes."""


class Bounds(NamedTuple):
    """How many there must be.

    Attributes:
        least: at least.
        most: at most; None if there is no bound.
    """

    least: int
    most: int | None


class Limits(NamedTuple):
    """What one schema says of a number.

    Attributes:
        origin: the schema object.
        least: at least.
        most: at most; None if it says nothing.
    """

    origin: object
    least: int
    most: int | None


def tightest(
    findings: Findings, limits: Sequence[Limits], least: str, most: str, origin: object
) -> Bounds | None:
    """The bounds that satisfy all limits; None if there are none, which is noted.

    Args:
        findings: takes note.
        limits: what each schema says.
        least: the keyword of the lower limits.
        most: the keyword of the upper limits.
        origin: the schema object at fault if the limits contradict each other.
    """
    if len(limits) == 1:
        _, low, high = limits[0]
    else:
        low = max((one.least for one in limits), default=0)
        high = min((one.most for one in limits if one.most is not None), default=None)
    if high is not None and high < low:
        findings.empty(origin, None, f"{least} {low} is more than {most} {high}")
        return None
    if low > _MOST_REQUIRED:
        highest = max(limits, key=lambda one: one.least)
        reason = f"no text is that long: at most {_MOST_REQUIRED:,} can be required"
        if findings.is_out_of_reach(highest.origin, least, reason):
            return None
        low = 0
    return Bounds(low, high)
