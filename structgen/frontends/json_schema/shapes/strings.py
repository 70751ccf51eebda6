"""Strings: the shape of what keywords say of them, and the operations on it.

Lengths are counted in code points. Patterns are searched for. A shape is a conjunction of all that it says.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from structgen.frontends.json_schema.shapes.source import Source
from structgen.frontends.json_schema.strings.formats import KNOWN
from structgen.frontends.json_schema.strings.matching import is_found, is_of_format, never_both


class StringShape(NamedTuple):
    """What strings must be.

    Attributes:
        min_length: characters, at least.
        max_length: characters, at most; None if there is no bound.
        patterns: found in the string, each.
        formats: the string is of each.
        not_patterns: found in no string.
        not_formats: the string is of none.
    """

    min_length: int = 0
    max_length: int | None = None
    patterns: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    not_patterns: tuple[str, ...] = ()
    not_formats: tuple[str, ...] = ()

    @property
    def bounds_lengths_only(self) -> bool:
        """True if nothing but lengths is constrained."""
        return self == StringShape(self.min_length, self.max_length)


def from_keywords(source: Source) -> StringShape:
    """The shape of `minLength`, `maxLength`, `pattern` and `format`.

    Raises:
        InvalidSchemaError: One of them is malformed.
    """
    pattern, form = source.value("pattern"), source.value("format")
    if source.has("pattern") and not isinstance(pattern, str):
        raise source.invalid("pattern", "expected a string")
    if source.has("format") and not isinstance(form, str):
        raise source.invalid("format", "expected a string")
    return StringShape(
        source.count("minLength") or 0,
        source.count("maxLength"),
        (pattern,) if isinstance(pattern, str) else (),
        (form,) if source.formats and isinstance(form, str) and form in KNOWN else (),
    )


def intersect(shapes: Sequence[StringShape]) -> StringShape:
    """The shape of strings that have all of some shapes."""
    if len(shapes) == 1:
        return shapes[0]
    return StringShape(
        max((one.min_length for one in shapes), default=0),
        min((one.max_length for one in shapes if one.max_length is not None), default=None),
        _united(one.patterns for one in shapes),
        _united(one.formats for one in shapes),
        _united(one.not_patterns for one in shapes),
        _united(one.not_formats for one in shapes),
    )


def _united(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(itertools.chain.from_iterable(lists)))


def complement(shape: StringShape) -> list[StringShape]:
    """Shapes that together have all strings that `shape` does not have."""
    found: list[StringShape] = []
    if shape.min_length:
        found.append(StringShape(max_length=shape.min_length - 1))
    if shape.max_length is not None:
        found.append(StringShape(min_length=shape.max_length + 1))
    found += [StringShape(not_patterns=(pattern,)) for pattern in shape.patterns]
    found += [StringShape(not_formats=(form,)) for form in shape.formats]
    found += [StringShape(patterns=(pattern,)) for pattern in shape.not_patterns]
    found += [StringShape(formats=(form,)) for form in shape.not_formats]
    return found


def is_empty(shape: StringShape) -> bool:
    """Returns True if it is plain to see that no string has a shape. False means unknown."""
    if shape.max_length is not None and shape.min_length > shape.max_length:
        return True
    return any(never_both(one, other) for one, other in itertools.combinations(sorted(shape.patterns), 2))


def contains(shape: StringShape, text: str) -> bool:
    """Returns True if a string has a shape.

    Raises:
        InvalidRegexError: A pattern cannot be compiled.
    """
    if len(text) < shape.min_length or (shape.max_length is not None and len(text) > shape.max_length):
        return False
    has_all = all(is_found(pattern, text) for pattern in shape.patterns)
    return (
        has_all and all(is_of_format(form, text) for form in shape.formats) and not _is_excluded(shape, text)
    )


def _is_excluded(shape: StringShape, text: str) -> bool:
    has_one = any(is_found(pattern, text) for pattern in shape.not_patterns)
    return has_one or any(is_of_format(form, text) for form in shape.not_formats)
