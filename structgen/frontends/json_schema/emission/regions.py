"""Regions: the names that are not declared, by the patterns that they match."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.shapes.objects import ObjectShape
from structgen.frontends.json_schema.style import Style
from structgen.grammar.expressions import Expression
from structgen.grammar.rules import Terminal

_MOST_REGIONS = 64


class Region(NamedTuple):
    """Names that are not declared and match the same patterns.

    Attributes:
        inside: the patterns that they match.
        outside: the patterns that they do not match.
    """

    inside: tuple[str, ...]
    outside: tuple[str, ...]


class TooManyRegions(Exception):
    """Patterns overlap in too many ways."""


def regions_of(patterns: Iterable[str], *, closed: bool) -> list[Region]:
    """The regions that some patterns make.

    Args:
        patterns: the patterns.
        closed: leave out the names that match no pattern.

    Raises:
        TooManyRegions: There are too many.
    """
    found = [Region((), ())]
    for pattern in patterns:
        split: list[Region] = []
        for inside, outside in found:
            if not any(strings.exclude_each_other(pattern, other) for other in inside):
                split.append(Region((*inside, pattern), outside))
            split.append(Region(inside, (*outside, pattern)))
        found = split
        if len(found) > _MOST_REGIONS:
            raise TooManyRegions
    return [one for one in found if one.inside] if closed else found


def is_closed(style: Style, shapes: Sequence[ObjectShape]) -> bool:
    """Returns True if undeclared properties are left out: the caller wants that, and some are declared."""
    return style.closed and any(shape.declares for shape in shapes)


def spellable(names: Collection[str]) -> tuple[str, ...]:
    """The names that a text can spell."""
    if "".join(names).isascii():
        return tuple(names)
    return tuple([name for name in names if not strings.has_lone_surrogate(name)])


def names_in(
    style: Style,
    declared: tuple[str, ...],
    some: Sequence[Region],
    regions: Sequence[Region],
    texts: Expression | None = None,
) -> Terminal:
    """The names of some regions.

    Args:
        style: how names are spelled.
        declared: names that do not belong to them.
        some: the regions.
        regions: all regions that there are.
        texts: what the names must be, too; None if they may be any.
    """
    if len(some) == len(regions) and any(not one.inside for one in some):
        return strings.other_name(declared, (), texts, style.spelling)
    return strings.other_name(declared, tuple(map(tuple, some)), texts, style.spelling)
