"""Reads sets of characters, `[...]`."""

from __future__ import annotations

import re

from structgen.grammar.expressions import CharSet, charset
from structgen.patterns import characters, escapes

Range = tuple[int, int]


def read_set(source: escapes.Source, flags: int, *, ecma: bool) -> CharSet:
    """Read a set, and move the reader past it.

    Raises:
        InvalidRegexError: It is malformed, or never closed.
    """
    start = source.position
    source.position += 1
    negated = source.pattern.startswith("^", source.position)
    source.position += negated
    ranges: list[Range] = []
    classes: list[escapes.Class] = []
    first = source.position
    while not _closes(source, start, first, ecma):
        for member in _members(source, flags, ecma):
            if isinstance(member, escapes.Class):
                classes.append(member)
            else:
                ranges.append(member)
    return _set_of(ranges, classes, negated, flags, ecma)


def _closes(source: escapes.Source, start: int, first: int, ecma: bool) -> bool:
    """Read the bracket that closes the set, if it comes next. In Python the first one stands for itself."""
    if source.position >= len(source.pattern):
        raise source.error("this set is never closed; write ] at its end, or \\[ for the character", start)
    closes = source.pattern[source.position] == "]" and (ecma or source.position > first)
    source.position += closes
    return closes


def _members(source: escapes.Source, flags: int, ecma: bool) -> list[Range | escapes.Class]:
    """Read a character, a class or a range. In ECMA-262 a class next to a hyphen is no end of a range."""
    pattern, start = source.pattern, source.position
    low = _member(source, flags, ecma)
    dash = pattern.startswith("-", source.position) and not pattern.startswith("-]", source.position)
    if not dash or source.position + 1 >= len(pattern):
        source.position += dash
        return [low]
    source.position += 1
    high = _member(source, flags, ecma)
    if isinstance(low, tuple) and isinstance(high, tuple):
        if high < low:
            raise source.error(f"the range {pattern[start : source.position]} is backwards", start)
        return [(low[0], high[1])]
    if ecma:
        return [low, (ord("-"), ord("-")), high]
    raise source.error(
        f"a class is no end of a range, {pattern[start : source.position]}; write \\- for a hyphen", start
    )


def _member(source: escapes.Source, flags: int, ecma: bool) -> Range | escapes.Class:
    """Read a character, as a range, or a class."""
    char = source.pattern[source.position]
    if char != "\\":
        source.position += 1
        return ord(char), ord(char)
    read = escapes.ecma_escape if ecma else escapes.python_escape
    found = read(source, flags, in_set=True)
    if isinstance(found, escapes.Class):
        return found
    assert isinstance(found, str), "anchors are none in a set"
    return ord(found), ord(found)


def _set_of(
    ranges: list[Range], classes: list[escapes.Class], negated: bool, flags: int, ecma: bool
) -> CharSet:
    any_case = flags & re.IGNORECASE
    if any_case and not ecma:
        items = (*ranges, *(found.letter for found in classes))
        return characters.python_set_any_case(items, negated, bool(flags & re.ASCII))
    chars = charset(*ranges)
    if classes:
        chars = characters.joined(*([chars] if ranges else []), *[found.chars for found in classes])
    if any_case:
        chars = characters.ecma_any_case(chars)
    return characters.outside(chars) if negated else chars
