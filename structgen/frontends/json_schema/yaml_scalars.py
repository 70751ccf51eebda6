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

from structgen.frontends.json_schema.spelling import (
    QUOTE,
    Spelling,
    any_of,
    common_ranges,
    hexadecimal,
    units,
)
from structgen.frontends.regex import parse_regex
from structgen.frontends.regex.analysis import in_order
from structgen.grammar.expressions import (
    ANY_CHAR,
    CharSet,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Union,
    concat,
    repeat,
    union,
)
from structgen.grammar.rules import Terminal

MAX_NAME = 1000
"""Characters of a name as it is written: no reader looks for its colon beyond 1024 (YAML 1.2.2, 7.4.2)."""

# What YAML 1.1 prints and does not take for a line break, beyond ASCII; U+FEFF may be a mark of the byte order.
_BEYOND = "\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_BEYOND_RANGES = (
    *((0xA0, 0x2027), (0x202A, 0xD7FF), (0xE000, 0xFEFE)),
    *((0xFF00, 0xFFFD), (0x10000, 0x10FFFF)),
)
_UNQUOTED = ((0x20, 0x21), (0x23, 0x5B), (0x5D, 0x7E))
_SHORT = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 0x22: '\\"', 0x5C: "\\\\"}

_KEPT = 16384

_DIGITS = "[0-9][0-9_]*"
_MEANT = "|".join(
    (
        "~|null|Null|NULL",
        "true|True|TRUE|false|False|FALSE",
        "y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF",
        "[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?0x[0-9a-fA-F_]+",
        rf"[-+]?(?:{_DIGITS}(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?|[-+]_[0-9_]*",
        rf"[-+]?{_DIGITS}(?::[0-5]?[0-9])+(?:\.[0-9_]*)?",
        r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
        r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]| +)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
        r"(?: *(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?",
        "=|<<",
        r"(?:---|\.\.\.)(?: .*)?",
    )
)
"""What some reader does not take for a string, and the marks between documents."""


@lru_cache(maxsize=2)
def _words(beyond: str) -> str:
    """The pattern of what may be plain, as far as indicators go.

    Words with blanks between them; a colon does not end a word, and `#` begins none.
    """
    char = f"[!-9;-~{beyond}]"
    first = f'[!"$-9;-~{beyond}]'
    first_of_all = f"[$()+./0-9;<=A-Z\\\\^_a-z~{beyond}]"
    rest = f"(?::*{char})*"
    return f"(?:{first_of_all}|:+{char}|[-?]:*{char}){rest}(?: +(?:{first}|:+{char}){rest})*"


_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+][0-9]+)?)?"
_WITH_EXPONENT = re.compile(r"(-?[0-9]+)(\.[0-9]+)?[eE]([-+]?)([0-9]+)")


def is_plain(text: str) -> bool:
    """Whether a string is read as itself where it stands in a block of YAML without quotes."""
    return _compiled(_words(_BEYOND)).fullmatch(text) is not None and not _compiled(_MEANT).fullmatch(text)


@lru_cache(maxsize=8)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


class YamlSpelling(Spelling):
    """How strings are spelled in YAML: plain where that is possible, or in double quotes."""

    def __init__(self, name: str, beyond: str, beyond_ranges: tuple[tuple[int, int], ...]) -> None:
        self._raw = CharSet((*_UNQUOTED, *beyond_ranges))
        super().__init__(name, ANY_CHAR, self._spell_chars)
        self._beyond = beyond

    @cached_property
    def plain(self) -> Intersection:
        """The strings that may be plain."""
        return Intersection((parse_regex(_words(self._beyond)), Complement(parse_regex(_MEANT))))

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

    def literal(self, text: str) -> Literal:
        """The spelling of one text in quotes."""
        return Literal(_compiled(f"[^ !#-\\[\\]-~{self._beyond}]").sub(self._escaped, text))

    @staticmethod
    def _escaped(found: re.Match[str]) -> str:
        code = ord(found.group())
        if code in _SHORT:
            return _SHORT[code]
        return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"

    def _spell_chars(self, chars: CharSet) -> Expression:
        raw = common_ranges(chars, self._raw)
        if raw == chars.ranges:
            return chars
        others = _without(chars.ranges, self._raw.ranges)
        short = [
            Literal(escape)
            for code, escape in _SHORT.items()
            if any(first <= code <= last for first, last in others)
        ]
        left = _without(others, tuple((code, code) for code in _SHORT))
        narrow = [(first, min(last, 0xFFFF)) for first, last in left if first <= 0xFFFF]
        wide = [(max(first, 0x10000), last) for first, last in left if last > 0xFFFF]
        escaped = [concat(Literal("\\"), one) for one in units(narrow, lower=True)]
        escaped += [concat(Literal("\\U"), hexadecimal(*one, 8, lower=True)) for one in wide]
        return any_of(raw, [*short, *escaped])


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


YAML = YamlSpelling("yaml", _BEYOND, _BEYOND_RANGES)
YAML_ASCII = YamlSpelling("yaml, ascii", "", ())


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
    left = [_exponent_signed(text) for text in texts if text not in needless]
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
        _exponent_signed(text)
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
    return Terminal(terminal.name, Intersection((terminal.expression, parse_regex(_NUMBER))))


def _has_exponent(part: Expression) -> bool:
    if isinstance(part, CharSet):
        return any(first <= code <= last for first, last in part.ranges for code in (0x45, 0x65))
    return isinstance(part, Literal) and not {"e", "E"}.isdisjoint(part.text)


def _exponent_signed(text: str) -> str:
    """A number of a list, with a point and a sign where it has an exponent."""
    found = _WITH_EXPONENT.fullmatch(text)
    if found is None:
        return text
    whole, fraction, sign, exponent = found.groups()
    return f"{whole}{fraction or '.0'}e{sign or '+'}{exponent}"
