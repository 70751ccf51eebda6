r"""Spellings: how JSON text writes the characters of a string.

JSON spells most characters in several ways: `é` is also `\u00e9` and `\u00E9`. Which of them the mask writes:

    CANONICAL   characters stand for themselves, but `"`, `\` and control characters have their short escape (`\n`) or
                else `\u001f` in lower case, as `json.dumps(..., ensure_ascii=False)` writes them
    ASCII       the same, and what is not ASCII is `\u00e9`, as `json.dumps` writes it
    EVERY       each way that JSON has

Strings that must not match anything are free: there the first two accept escapes that nothing needs, too. NEEDED and
NEEDED_ASCII are the same, but do not.

Each text has one spelling in the first two, and each spelling one text in all three: so spelling commutes with `&` and
`~`, and exclusions are plain lists of literals.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from structgen.grammar.expressions import (
    ANY_CHAR,
    EPSILON,
    CharSet,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
    charset,
    children,
    concat,
    repeat,
    union,
)

QUOTE = Literal('"')
_RAW = CharSet(((0x20, 0x21), (0x23, 0x5B), (0x5D, 0x10FFFF)))
_RAW_ASCII = CharSet(((0x20, 0x21), (0x23, 0x5B), (0x5D, 0x7E)))
_SHORT = {0x22: '"', 0x5C: "\\", 0x2F: "/", 8: "b", 12: "f", 10: "n", 13: "r", 9: "t"}
_HEX = charset("0123456789abcdefABCDEF")
_UNIT = concat(  # one code unit that is no surrogate
    Literal("u"),
    union(
        concat(charset("0123456789abcefABCEF"), repeat(_HEX, 3, 3)),
        concat(charset("dD"), charset("01234567"), repeat(_HEX, 2, 2)),
    ),
)
_PAIR = concat(  # a high surrogate and a low one: one code point
    Literal("u"),
    charset("dD"),
    charset("89abAB"),
    repeat(_HEX, 2, 2),
    Literal("\\u"),
    charset("dD"),
    charset("cdefCDEF"),
    repeat(_HEX, 2, 2),
)
_ESCAPE = concat(Literal("\\"), union(charset('"\\/bfnrt'), _UNIT, _PAIR))
CHAR = union(_RAW, _ESCAPE)
"""One character of a string, in every spelling."""

_ESCAPED = tuple(Literal(json.dumps(chr(code))[1:-1]) for code in (*range(0x20), 0x22, 0x5C))


_MOST_KNOWN = 20_000
_Known = dict[int, tuple[Expression, Expression]]


class Spelling:
    """One way to spell. Five objects exist for JSON; other formats derive their own.

    Attributes:
        name: what it is called above.
        char: one character of a string that is free.
        text: any text, spelled this way.
        is_single: True if each text has one spelling, so that equal texts are those that are spelled alike.
    """

    def __init__(
        self, name: str, char: Expression, chars: Callable[[CharSet], Expression], *, is_single: bool
    ) -> None:
        self.name = name
        self.char = char
        self._char = lru_cache(maxsize=4096)(chars)
        self.text = repeat(char if name == "every" else chars(ANY_CHAR))
        self.is_single = is_single
        # Patterns are spelled again and again, within other expressions. By identity; the nodes are kept alive.
        self._known: _Known = {}

    def literal(self, text: str) -> Expression:
        """The spellings of one text."""
        if self.name == "every":
            return concat(*[self._char(charset(char)) for char in text])
        spelled = json.dumps(text, ensure_ascii=self.name == "ascii")[1:-1]
        return Literal(spelled)

    def string(self, texts: Expression) -> Expression:
        """The strings that mean the texts of an expression."""
        return concat(QUOTE, self(texts), QUOTE)

    def property_name(self, texts: Expression) -> Expression:
        """The names of properties that mean the texts of an expression."""
        return self.string(texts)

    def free(self, shortest: int, longest: int | None) -> Expression:
        """All strings of some lengths, in code points."""
        return concat(QUOTE, Repeat(self.char, shortest, longest), QUOTE)

    def single(self, shortest: int, longest: int | None) -> Expression:
        """All strings of some lengths, in one spelling each."""
        return concat(QUOTE, Repeat(self._char(ANY_CHAR), shortest, longest), QUOTE)

    def __call__(self, expression: Expression) -> Expression:
        """The JSON texts, without quotes, that spell the texts of an expression."""
        known = self._known
        if len(known) > _MOST_KNOWN:
            known = self._known = {}
        stack = [expression]
        while stack:
            node = stack[-1]
            missing = [part for part in children(node) if id(part) not in known]
            if missing:
                stack += missing
                continue
            stack.pop()
            if id(node) not in known:
                known[id(node)] = node, self._spell(node, known)
        return known[id(expression)][1]

    def _spell(self, node: Expression, known: _Known) -> Expression:
        if isinstance(node, Literal):
            spelled = self.literal(node.text)
            return node if spelled == node else spelled
        if isinstance(node, CharSet):
            return self._char(node)
        if isinstance(node, Complement):
            return Intersection((self.text, Complement(known[id(node.part)][1])))
        if isinstance(node, Repeat):
            if node.part == ANY_CHAR and (node.min, node.max) == (0, None):
                return self.text
            part = known[id(node.part)][1]
            return node if part is node.part else Repeat(part, node.min, node.max)
        if isinstance(node, Intersection):
            return self._spell_intersection(node, known)
        assert isinstance(node, (Concat, Union))
        spelled_parts = tuple([known[id(part)][1] for part in node.parts])
        if all(new is old for new, old in zip(spelled_parts, node.parts, strict=True)):
            return node
        return type(node)(spelled_parts)

    def _spell_intersection(self, node: Intersection, known: _Known) -> Expression:
        parts = []
        for part in node.parts:  # the complements need not be restricted once more
            spelled = known[id(part)][1]
            if isinstance(part, Complement) and isinstance(spelled, Intersection):
                spelled = spelled.parts[1]
            parts.append(spelled)
        if all(isinstance(part, Complement) for part in parts):
            parts.insert(0, self.text)
        return Intersection(tuple(parts))


def _canonical(chars: CharSet) -> Expression:
    raw = common_ranges(chars, _RAW)
    if raw == chars.ranges:
        return chars
    return any_of(raw, _needed(chars))


def _ascii(chars: CharSet) -> Expression:
    others = [(max(first, 0x7F), last) for first, last in chars.ranges if last >= 0x7F]
    escaped = [concat(Literal("\\"), one) for one in units(others, lower=True)]
    return any_of(common_ranges(chars, _RAW_ASCII), [*_needed(chars), *escaped])


def _every(chars: CharSet) -> Expression:
    if chars == ANY_CHAR:
        return CHAR
    short = [char for code, char in _SHORT.items() if any(low <= code <= high for low, high in chars.ranges)]
    escapes = [*([charset("".join(short))] if short else []), *units(chars.ranges, lower=False)]
    escaped = [concat(Literal("\\"), union(*escapes))] if escapes else []
    return any_of(common_ranges(chars, _RAW), escaped)


def common_ranges(chars: CharSet, others: CharSet) -> tuple[tuple[int, int], ...]:
    """The characters that are in both."""
    return tuple(
        (max(first, low), min(last, high))
        for first, last in chars.ranges
        for low, high in others.ranges
        if first <= high and low <= last
    )


def _needed(chars: CharSet) -> list[Expression]:
    """The escapes that JSON cannot do without."""
    found: list[Expression] = []
    for first, last in chars.ranges:
        if first < 0x20:
            found.extend(_ESCAPED[first : min(last, 0x1F) + 1])
        found += [_ESCAPED[place] for code, place in ((0x22, -2), (0x5C, -1)) if first <= code <= last]
    return found


def any_of(raw: tuple[tuple[int, int], ...], escaped: list[Expression]) -> Expression:
    """One of some characters that stand for themselves, or one of some escapes."""
    return union(CharSet(raw), *escaped) if raw else union(*escaped)


# Escapes of code units: \u and four digits; beyond U+FFFF a pair of surrogates (RFC 8259, 7)


def units(
    ranges: tuple[tuple[int, int], ...] | list[tuple[int, int]], *, lower: bool
) -> Iterator[Expression]:
    """What stands after the backslash for code points."""
    for first, last in ranges:
        for low, high in ((0, 0xD7FF), (0xE000, 0xFFFF)):
            if first <= high and low <= last:
                digits = hexadecimal(max(first, low), min(last, high), 4, lower)
                yield concat(Literal("u"), digits)
        if last > 0xFFFF:
            yield _pairs(max(first, 0x10000) - 0x10000, last - 0x10000, lower)


def _pairs(first: int, last: int, lower: bool) -> Expression:
    """Pairs of surrogates for twenty bits, from `first` to `last`."""
    high, high_last = first >> 10, last >> 10
    low, low_last = first & 0x3FF, last & 0x3FF
    if high == high_last or (low == 0 and low_last == 0x3FF):
        return _pair(high, high_last, low, low_last, lower)
    parts: list[Expression] = []
    if low:
        parts.append(_pair(high, high, low, 0x3FF, lower))
        high += 1
    if low_last != 0x3FF:
        parts.append(_pair(high_last, high_last, 0, low_last, lower))
        high_last -= 1
    if high <= high_last:
        parts.append(_pair(high, high_last, 0, 0x3FF, lower))
    return union(*parts)


def _pair(high: int, high_last: int, low: int, low_last: int, lower: bool) -> Expression:
    return concat(
        Literal("u"),
        hexadecimal(0xD800 + high, 0xD800 + high_last, 4, lower),
        Literal("\\u"),
        hexadecimal(0xDC00 + low, 0xDC00 + low_last, 4, lower),
    )


def hexadecimal(low: int, high: int, width: int, lower: bool) -> Expression:
    """So many hexadecimal digits, from `low` to `high`."""
    if width == 0:
        return EPSILON
    unit = 16 ** (width - 1)
    first, last = low // unit, high // unit
    if first == last:
        return concat(_digits(first, first, lower), hexadecimal(low % unit, high % unit, width - 1, lower))
    parts: list[Expression] = []
    if low % unit:
        parts.append(
            concat(_digits(first, first, lower), hexadecimal(low % unit, unit - 1, width - 1, lower))
        )
        first += 1
    if high % unit != unit - 1:
        parts.append(concat(_digits(last, last, lower), hexadecimal(0, high % unit, width - 1, lower)))
        last -= 1
    if first <= last:
        rest = repeat(_digits(0, 15, lower), width - 1, width - 1)
        parts.append(concat(_digits(first, last, lower), rest))
    return union(*parts)


def _digits(first: int, last: int, lower: bool) -> Expression:
    digits = "0123456789abcdef"[first : last + 1]
    return charset(digits if lower else "".join(dict.fromkeys(digits + digits.upper())))


CANONICAL = Spelling("canonical", CHAR, _canonical, is_single=True)
ASCII = Spelling("ascii", union(_RAW_ASCII, _ESCAPE), _ascii, is_single=True)
NEEDED = Spelling("canonical", _canonical(ANY_CHAR), _canonical, is_single=True)
NEEDED_ASCII = Spelling("ascii", _ascii(ANY_CHAR), _ascii, is_single=True)
EVERY = Spelling("every", CHAR, _every, is_single=False)


# Escapes of code points, as other formats have them: four digits after a small u, beyond U+FFFF eight after a large one

UNQUOTED = ((0x20, 0x21), (0x23, 0x5B), (0x5D, 0x7E))
"""What is ASCII and stands for itself between double quotes."""

_SHORTEST = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 0x22: '\\"', 0x5C: "\\\\"}


class CodePointSpelling(Spelling):
    """Strings in double quotes, with escapes of code points.

    Args:
        name: what it is called.
        raw: the characters that stand for themselves; all others are escaped, each in one way.
        is_single: see `Spelling`.
    """

    def __init__(self, name: str, raw: CharSet, *, is_single: bool) -> None:
        self._raw = raw
        self._to_escape = re.compile(f"[^{ranges_as_regex(raw.ranges)}]")
        super().__init__(name, self._spell_chars(ANY_CHAR), self._spell_chars, is_single=is_single)

    def literal(self, text: str) -> Literal:
        """The spelling of one text in quotes."""
        return Literal(self._to_escape.sub(self._escaped, text))

    @staticmethod
    def _escaped(found: re.Match[str]) -> str:
        code = ord(found.group())
        if code in _SHORTEST:
            return _SHORTEST[code]
        return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

    def _spell_chars(self, chars: CharSet) -> Expression:
        raw = common_ranges(chars, self._raw)
        if raw == chars.ranges:
            return chars
        others = _without(chars.ranges, self._raw.ranges)
        short = [Literal(escape) for code, escape in _SHORTEST.items() if _covers(others, code)]
        left = _without(others, tuple((code, code) for code in _SHORTEST))
        narrow = [(first, min(last, 0xFFFF)) for first, last in left if first <= 0xFFFF]
        wide = [(max(first, 0x10000), last) for first, last in left if last > 0xFFFF]
        escaped = [concat(Literal("\\"), one) for one in units(narrow, lower=True)]
        escaped += [concat(Literal("\\U"), hexadecimal(*one, 8, lower=True)) for one in wide]
        return any_of(raw, [*short, *escaped])


def ranges_as_regex(ranges: tuple[tuple[int, int], ...]) -> str:
    """Ranges of code points as they stand in brackets in a pattern of Python."""
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


def _covers(ranges: tuple[tuple[int, int], ...], code: int) -> bool:
    """Returns True if a code point is in one of some ranges."""
    return any(first <= code <= last for first, last in ranges)


def _without(
    ranges: tuple[tuple[int, int], ...], others: tuple[tuple[int, int], ...]
) -> tuple[tuple[int, int], ...]:
    """The code points of some ranges that are in none of some others."""
    for low, high in others:
        ranges = tuple(
            (first, last)
            for start, end in ranges
            for first, last in ((start, min(end, low - 1)), (max(start, high + 1), end))
            if first <= last
        )
    return ranges
