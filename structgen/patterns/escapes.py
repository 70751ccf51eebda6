"""What follows a backslash, in Python's dialect and in ECMA-262's.

Both functions read from the backslash on and move the reader past what they read. They give a character (as text), a
class, or an anchor.
"""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from structgen.errors import InvalidRegexError
from structgen.grammar.expressions import CharSet
from structgen.patterns import characters, properties
from structgen.patterns.tree import Anchor, Place


@dataclass(frozen=True, slots=True)
class Class:
    """A set of characters that has a name.

    Attributes:
        letter: as it is written: `d`, `W`, `p`.
        chars: the set.
    """

    letter: str
    chars: CharSet


class Source(Protocol):
    """The part of `syntax.Reader` that this module uses."""

    pattern: str
    position: int

    def error(self, reason: str, position: int) -> InvalidRegexError:
        """The error to raise for what stands at `position`."""


_PYTHON_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ECMA_CONTROLS = {"f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_LETTERS_OF_CLASSES = frozenset("dDsSwW")
_LETTERS = frozenset(string.ascii_letters)
_DIGITS = frozenset(string.digits)
_OCTAL = re.compile("[0-7]{1,3}").match
_THREE_OCTAL = re.compile("[0-7]{3}").match
_HEX = {
    "x": re.compile("[0-9A-Fa-f]{2}").match,
    "u": re.compile("[0-9A-Fa-f]{4}").match,
    "U": re.compile("[0-9A-Fa-f]{8}").match,
}
_NAME = re.compile(r"\{([^{}]*)\}").match
_CODE_POINT = re.compile(r"\{([0-9A-Fa-f]+)\}").match
_LOW_SURROGATE = re.compile(r"\\u([dD][c-fC-F][0-9A-Fa-f]{2})").match
_PROPERTY = re.compile(r"\{(?:([A-Za-z_]+)=)?([A-Za-z_0-9]+)\}").match

BACKREFERENCE = (
    "a backreference to a group is not supported here. Where the group has few texts, write each case out: "
    "(?:'[^']*'|\"[^\"]*\")"
)


def python_escape(source: Source, flags: int, *, in_set: bool) -> str | Class | Anchor:
    """Read an escape as `re` does."""
    start = source.position
    letter = _letter(source)
    ascii_only = bool(flags & re.ASCII)
    if letter in _LETTERS_OF_CLASSES:
        return Class(letter, characters.python_class(letter, ascii_only))
    if letter in _PYTHON_CONTROLS:
        return _PYTHON_CONTROLS[letter]
    if letter in _HEX:
        return _hexadecimal(source, letter, start)
    if letter == "N":
        return _named(source, start)
    if letter in _DIGITS:
        return _python_digit(source, letter, start, in_set)
    if in_set and letter == "b":
        return "\b"
    anchor = None if in_set else _python_anchor(letter, ascii_only, start)
    return anchor or _itself(source, letter, start)


def _itself(source: Source, letter: str, start: int) -> str:
    """A sign that means itself; letters have a meaning, or none."""
    if letter in _LETTERS:
        raise source.error(f"bad escape \\{letter}", start)
    return letter


def _python_digit(source: Source, letter: str, start: int, in_set: bool) -> str:
    """An octal escape; other digits refer back, or mean nothing in a set."""
    if letter in "01234567" and (in_set or letter == "0" or _THREE_OCTAL(source.pattern, start + 1)):
        return _octal(source, start, in_set)
    raise source.error(f"bad escape \\{letter}" if in_set else BACKREFERENCE, start)


def _python_anchor(letter: str, ascii_only: bool, start: int) -> Anchor | None:
    is_new = sys.version_info >= (3, 14)
    if letter in "bB":
        no_boundary = Place.NO_BOUNDARY if is_new else Place.NO_BOUNDARY_IN_TEXT
        word = characters.python_class("w", ascii_only)
        return Anchor(Place.BOUNDARY if letter == "b" else no_boundary, word, start)
    if letter == "A":
        return Anchor(Place.START, position=start)
    return Anchor(Place.END, position=start) if letter == "Z" or (letter == "z" and is_new) else None


def ecma_escape(source: Source, flags: int, *, in_set: bool) -> str | Class | Anchor:
    """Read an escape as ECMA-262 does with the flag u; a backslash before any sign means the sign itself."""
    start = source.position
    letter = _letter(source)
    ignore_case = bool(flags & re.IGNORECASE)
    if letter in _LETTERS_OF_CLASSES:
        return Class(letter, characters.ecma_class(letter, ignore_case))
    if letter in _ECMA_CONTROLS:
        return _ECMA_CONTROLS[letter]
    if letter in _ECMA_READERS:
        return _ECMA_READERS[letter](source, letter, start)
    if letter in "bB" and not in_set:
        place = Place.BOUNDARY if letter == "b" else Place.NO_BOUNDARY
        return Anchor(place, characters.ecma_class("w", ignore_case), start)
    if letter == "b":
        return "\b"
    if letter == "0" and source.pattern[source.position : source.position + 1] not in tuple(string.digits):
        return "\0"
    if letter in _LETTERS or letter in _DIGITS:
        raise source.error(_bad_in_ecma(letter, in_set), start)
    return letter


def _bad_in_ecma(letter: str, in_set: bool) -> str:
    if letter == "k" or (letter in _DIGITS and letter != "0" and not in_set):
        return BACKREFERENCE
    if letter in "AZz":
        return f"ECMA-262 has no \\{letter}; write {'^' if letter == 'A' else '$'}"
    return f"bad escape \\{letter}"


def _letter(source: Source) -> str:
    letter = source.pattern[source.position + 1 : source.position + 2]
    if not letter:
        raise source.error(
            "a backslash at the end escapes nothing; write \\\\ for the character", source.position
        )
    source.position += 2
    return letter


def _hexadecimal(source: Source, letter: str, start: int) -> str:
    found = _HEX[letter](source.pattern, source.position)
    digits = {"x": 2, "u": 4, "U": 8}[letter]
    if not found:
        raise source.error(f"\\{letter} is followed by {digits} hexadecimal digits", start)
    source.position = found.end()
    return _character(source, int(found.group(), 16), start)


def _character(source: Source, code: int, start: int) -> str:
    if code > sys.maxunicode:
        raise source.error(f"there is no character {code:#x}; the last is 0x10ffff", start)
    return chr(code)


def _octal(source: Source, start: int, in_set: bool) -> str:
    found = _OCTAL(source.pattern, start + 1)
    assert found
    code = int(found.group(), 8)
    if code > 0o377:
        raise source.error(f"the octal escape \\{found.group()} is above \\377", start)
    source.position = found.end()
    return chr(code)


def _named(source: Source, start: int) -> str:
    found = _NAME(source.pattern, source.position)
    if not found:
        raise source.error("\\N is followed by the name of a character in braces", start)
    try:
        char = unicodedata.lookup(found.group(1))
    except KeyError:
        char = ""
    if len(char) != 1:  # a named sequence is no character
        raise source.error(f"there is no character called {found.group(1)!r}", start)
    source.position = found.end()
    return char


def _ecma_control(source: Source, _: str, start: int) -> str:
    control = source.pattern[source.position : source.position + 1]
    if control not in _LETTERS:
        raise source.error("\\c is followed by a letter", start)
    source.position += 1
    return chr(ord(control) % 32)


def _ecma_unicode(source: Source, _: str, start: int) -> str:
    braces = _CODE_POINT(source.pattern, source.position)
    if braces:
        source.position = braces.end()
        return _character(source, int(braces.group(1), 16), start)
    char = _hexadecimal(source, "u", start)
    low = _LOW_SURROGATE(source.pattern, source.position)
    if "\ud800" <= char <= "\udbff" and low:
        source.position = low.end()
        return chr(0x10000 + (ord(char) - 0xD800) * 0x400 + int(low.group(1), 16) - 0xDC00)
    return char


def _property(source: Source, letter: str, start: int) -> Class:
    found = _PROPERTY(source.pattern, source.position)
    chars = properties.find_property(found.group(1) or "", found.group(2)) if found else None
    if not found or chars is None:
        named = found.group() if found else "after \\p"
        raise source.error(
            f"the property {named} is not known; categories and scripts are, as {{Lu}}, {{Script=Han}}", start
        )
    source.position = found.end()
    return Class(letter, characters.outside(chars) if letter == "P" else chars)


_ECMA_READERS: dict[str, Callable[[Source, str, int], str | Class]] = {
    "p": _property,
    "P": _property,
    "u": _ecma_unicode,
    "x": _hexadecimal,
    "c": _ecma_control,
}
"""What reads the escapes that have more than a letter."""
