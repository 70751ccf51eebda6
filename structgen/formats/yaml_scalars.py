r"""Scalars of YAML: which strings may stand without quotes, and how the others and numbers are spelled.

A string is plain where YAML 1.2.2 (7.3.3) lets it be in a block on one line, and where no reader takes it for something
else: neither by the core schema of 1.2 (10.3) nor by the types of 1.1 (yaml.org/type: `yes`, `12:30`, `2024-01-01`,
`0o7`, `<<`...), which PyYAML and others still go by. All else is in double quotes, with the escapes of JSON; but what
1.1 takes for a line break or does not print is escaped, too, and beyond U+FFFF it is `\U0001f600`, not a pair.

Numbers with an exponent need a point and a sign there (`1.0e+5`), or YAML 1.1 reads a string.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property, lru_cache, wraps

from structgen.formats.spelling import QUOTE, UNQUOTED, CodePointSpelling, ranges_as_regex
from structgen.grammar.expressions import (
    ANY_CHAR,
    CharSet,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
    charset,
    concat,
    in_order,
    optional,
    repeat,
    union,
)
from structgen.grammar.rules import Terminal

MAX_NAME = 1000
"""Characters of a name as it is written: no reader looks for its colon beyond 1024 (YAML 1.2.2, 7.4.2)."""

# What YAML 1.1 prints and does not take for a line break, beyond ASCII; U+FEFF may be a mark of the byte order.
_BEYOND = ((0xA0, 0x2027), (0x202A, 0xD7FF), (0xE000, 0xFEFE), (0xFF00, 0xFFFD), (0x10000, 0x10FFFF))
_KEPT = 16384

_DIGIT = charset("0123456789")
_NATURAL = concat(_DIGIT, repeat(charset("0123456789_")))
_SIGN = optional(charset("+-"))
_FRACTION = optional(concat(Literal("."), repeat(charset("0123456789_"))))


def _any(words: str) -> Expression:
    """Any of some words."""
    return union(*map(Literal, words.split()))


def _digits(least: int, most: int) -> Expression:
    return repeat(_DIGIT, least, most)


def _time_of_day() -> Expression:
    """The time after a date, with the spaces before it."""
    zone = concat(charset("+-"), _digits(1, 2), optional(concat(optional(Literal(":")), _digits(2, 2))))
    return concat(
        union(charset("Tt"), repeat(Literal(" "), 1)),
        concat(_digits(1, 2), Literal(":"), _digits(2, 2), Literal(":"), _digits(2, 2)),
        optional(concat(Literal("."), repeat(_DIGIT))),
        optional(concat(repeat(Literal(" ")), union(Literal("Z"), zone))),
    )


def _meant() -> Expression:
    """What some reader does not take for a string, and the marks between documents."""
    minus = Literal("-")
    return union(
        _any("~ null Null NULL true True TRUE false False FALSE"),
        _any("y Y yes Yes YES n N no No NO on On ON off Off OFF"),
        concat(_SIGN, Literal("0b"), repeat(charset("01_"), 1)),
        concat(_SIGN, Literal("0"), optional(Literal("o")), repeat(charset("01234567_"), 1)),
        concat(_SIGN, Literal("0x"), repeat(charset("0123456789abcdefABCDEF_"), 1)),
        concat(
            _SIGN,
            union(concat(_NATURAL, _FRACTION), concat(Literal("."), repeat(charset("0123456789_"), 1))),
            optional(concat(charset("eE"), _SIGN, repeat(_DIGIT, 1))),
        ),
        concat(charset("+-"), Literal("_"), repeat(charset("0123456789_"))),
        concat(
            _SIGN,
            _NATURAL,
            repeat(concat(Literal(":"), optional(charset("012345")), _DIGIT), 1),
            _FRACTION,
        ),
        concat(_SIGN, _any(".inf .Inf .INF")),
        _any(".nan .NaN .NAN"),
        concat(_digits(4, 4), minus, _digits(2, 2), minus, _digits(2, 2)),
        concat(_digits(4, 4), minus, _digits(1, 2), minus, _digits(1, 2), _time_of_day()),
        _any("= <<"),
        concat(_any("--- ..."), optional(concat(Literal(" "), repeat(CharSet(((0, 9), (11, 0x10FFFF))))))),
    )


_MEANT = _meant()


@lru_cache(maxsize=2)
def _words(beyond: tuple[tuple[int, int], ...]) -> Expression:
    """What may be plain, as far as indicators go.

    Words with spaces between them; a colon does not end a word, and `#` begins none.
    """
    char = CharSet(((0x21, 0x39), (0x3B, 0x7E), *beyond))
    first = CharSet(((0x21, 0x22), (0x24, 0x39), (0x3B, 0x7E), *beyond))
    first_of_all = charset("$()+./0123456789;<=\\^_~", (0x41, 0x5A), (0x61, 0x7A), *beyond)
    colon = Literal(":")
    rest = repeat(concat(repeat(colon), char))
    return concat(
        union(
            first_of_all,
            concat(repeat(colon, 1), char),
            concat(charset("-?"), repeat(colon), char),
        ),
        rest,
        repeat(concat(repeat(Literal(" "), 1), union(first, concat(repeat(colon, 1), char)), rest)),
    )


_NUMBER = concat(
    optional(Literal("-")),
    union(Literal("0"), concat(charset("123456789"), repeat(_DIGIT))),
    optional(
        concat(
            Literal("."),
            repeat(_DIGIT, 1),
            optional(concat(charset("eE"), charset("+-"), repeat(_DIGIT, 1))),
        )
    ),
)
_WITH_EXPONENT = re.compile(r"(-?[0-9]+)(\.[0-9]+)?[eE]([-+]?)([0-9]+)")


def is_plain(text: str) -> bool:
    """Returns True if a string is read as itself where it stands in a block of YAML without quotes."""
    return _words_by_re().fullmatch(text) is not None and not _meant_by_re().fullmatch(text)


@lru_cache(maxsize=1)
def _words_by_re() -> re.Pattern[str]:
    return re.compile(_as_regex(_words(_BEYOND)))


@lru_cache(maxsize=1)
def _meant_by_re() -> re.Pattern[str]:
    return re.compile(_as_regex(_MEANT))


def _as_regex(expression: Expression) -> str:
    """An expression without intersections and complements, in Python's syntax."""
    if isinstance(expression, Literal):
        return re.escape(expression.text)
    if isinstance(expression, CharSet):
        return f"[{ranges_as_regex(expression.ranges)}]"
    if isinstance(expression, Concat):
        return "".join(map(_as_regex, expression.parts))
    if isinstance(expression, Union):
        return f"(?:{'|'.join(map(_as_regex, expression.parts))})"
    assert isinstance(expression, Repeat)
    most = "" if expression.max is None else expression.max
    return f"(?:{_as_regex(expression.part)}){{{expression.min},{most}}}"


class YamlSpelling(CodePointSpelling):
    """How strings are spelled in YAML: plain where that is possible, or in double quotes."""

    def __init__(self, name: str, beyond: tuple[tuple[int, int], ...]) -> None:
        super().__init__(name, CharSet((*UNQUOTED, *beyond)), is_single=False)
        self._beyond = beyond

    @cached_property
    def plain(self) -> Intersection:
        """The strings that may be plain."""
        return Intersection((_words(self._beyond), Complement(_MEANT)))

    def string(self, texts: Expression) -> Expression:
        """The strings that mean the texts of an expression. Those that are plain may be quoted, too."""
        if isinstance(texts, Literal):
            quoted = Literal(f'"{self.literal(texts.text).text}"')
            plain = is_plain(texts.text) and (texts.text.isascii() or bool(self._beyond))
            return union(texts, quoted) if plain else quoted
        parts = texts.parts if isinstance(texts, Intersection) else (texts,)
        return union(Intersection((*parts, self.plain)), concat(QUOTE, self(texts), QUOTE))

    def free(self, shortest: int, longest: int | None) -> Expression:
        """All strings of some lengths, in code points."""
        if shortest < 2 and longest is None:  # none that is plain is empty
            return union(self.plain, concat(QUOTE, repeat(self._char(ANY_CHAR), shortest), QUOTE))
        return self.string(repeat(ANY_CHAR, shortest, longest))


YAML = YamlSpelling("yaml", _BEYOND)
YAML_ASCII = YamlSpelling("yaml, ascii", ())


# Terminals: as they stand in blocks, and as they stand in flows. Made once of each object: the engine knows by identity
# what it has seen, and to compare expressions takes longer than to make them.


def _once(make: Callable[[Terminal], Terminal]) -> Callable[[Terminal], Terminal]:
    made: dict[int, tuple[Terminal, Terminal]] = {}

    @wraps(make)
    def found(terminal: Terminal) -> Terminal:
        known = made.get(id(terminal))
        if known is None:
            if len(made) >= _KEPT:
                made.clear()
            known = made[id(terminal)] = terminal, make(terminal)
        return known[1]

    return found


@_once
def in_block(terminal: Terminal) -> Terminal:
    """A scalar as it stands in a block. One that is listed has quotes only if it needs them."""
    texts = _listed(terminal.expression)
    if texts is None:
        return _number(terminal)
    needless = {f'"{YAML.literal(text).text}"' for text in texts if is_plain(text)}
    left = [exponent_signed(text) for text in texts if text not in needless]
    return Terminal(terminal.name, union(*map(Literal, left)))


@_once
def in_flow(terminal: Terminal) -> Terminal:
    """A scalar as it stands in a flow: strings in quotes."""
    texts = _listed(terminal.expression)
    if texts is None:
        strings = _quoted(terminal.expression)
        return _number(terminal) if strings is None else Terminal(terminal.name, strings)
    quoted = set(texts)
    left = [
        exponent_signed(text)
        for text in texts
        if not (is_plain(text) and f'"{YAML.literal(text).text}"' in quoted)
    ]
    return Terminal(terminal.name, union(*map(Literal, left)))


@_once
def name_in_block(terminal: Terminal) -> Terminal:
    """A name as it stands in a block, with the colon: whether a colon ends the name, the next character tells."""
    return Terminal(terminal.name, concat(_short(in_block(terminal).expression), Literal(":")))


@_once
def name_in_flow(terminal: Terminal) -> Terminal:
    """A name as it stands in a flow."""
    return Terminal(terminal.name, _short(in_flow(terminal).expression))


def _short(name: Expression) -> Expression:
    """Names that are not too long to be found."""
    texts = _listed(name)
    if texts is None:
        return Intersection((name, repeat(ANY_CHAR, 1, MAX_NAME)))
    return union(*[Literal(text) for text in texts if len(text) <= MAX_NAME])


def _listed(expression: Expression) -> list[str] | None:
    """The texts of an expression, if it lists them."""
    parts = expression.parts if isinstance(expression, Union) else (expression,)
    texts = [part.text for part in parts if isinstance(part, Literal)]
    return texts if len(texts) == len(parts) else None


def _quoted(expression: Expression) -> Expression | None:
    """The part of strings that is in quotes; None if these are no strings."""
    if isinstance(expression, Intersection):
        first = _quoted(expression.parts[0])
        return None if first is None else Intersection((first, *expression.parts[1:]))
    parts = expression.parts if isinstance(expression, Union) else (expression,)
    found = [part for part in parts if isinstance(part, Concat) and part.parts[:1] == (QUOTE,)]
    return union(*found) if found else None


def _number(terminal: Terminal) -> Terminal:
    """What is no string but a number with an exponent, in the spellings that every reader takes for a number."""
    if _quoted(terminal.expression) is not None or not any(map(_has_exponent, in_order(terminal.expression))):
        return terminal
    return Terminal(terminal.name, Intersection((terminal.expression, _NUMBER)))


def _has_exponent(part: Expression) -> bool:
    if isinstance(part, CharSet):
        return any(first <= code <= last for first, last in part.ranges for code in (0x45, 0x65))
    return isinstance(part, Literal) and not {"e", "E"}.isdisjoint(part.text)


def exponent_signed(text: str) -> str:
    """A number with a point and a sign where it has an exponent."""
    found = _WITH_EXPONENT.fullmatch(text)
    if found is None:
        return text
    whole, fraction, sign, exponent = found.groups()
    return f"{whole}{fraction or '.0'}e{sign or '+'}{exponent}"
