"""Classes and case, compared with `re` over all of Unicode."""

from __future__ import annotations

import re
import unicodedata

import pytest

from structgen.grammar.expressions import CharSet, Expression, Literal
from structgen.patterns import characters, parse_regex
from structgen.patterns.properties import find_property

ALL = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF)


def members(expression: Expression | None) -> set[str]:
    if isinstance(expression, Literal):
        return set(expression.text)
    assert isinstance(expression, CharSet)
    return {chr(code) for first, last in expression.ranges for code in range(first, last + 1)} - SURROGATES


SURROGATES = {chr(code) for code in range(0xD800, 0xE000)}


@pytest.mark.parametrize("flags", [0, re.ASCII])
@pytest.mark.parametrize("pattern", [r"\d", r"\D", r"\s", r"\S", r"\w", r"\W", ".", r"[^\d\w]", r"[\W\d]"])
def test_classes(pattern: str, flags: int) -> None:
    assert members(parse_regex(pattern, flags)) == set(re.findall(pattern, ALL, flags))


@pytest.mark.parametrize("flags", [re.IGNORECASE, re.IGNORECASE | re.ASCII])
@pytest.mark.parametrize(
    "pattern",
    [
        *"aiksz1ßẞµμσςΣθϴåéŉⅳдᲀꙋꭰᏠ",
        *("\u0130", "\u0131", "\u017f", "\u212a", "\u01c4", "\u01c5", "\u1fbe", "\u0345", "\ufb05", "\ufb06"),
        *("\u1e9b", "\u1e60", "\u0390", "\u1fd3", "\U00010400", "\U00010428", "\U0001e900"),
        *("[a-z]", "[^a-z]", "[i-k]", "[^k]", r"[\d_s]", r"[\Wa]", r"[^\Wa]", "[\u0100-\u017f]", "[^\u03c3]"),
        *("[\U00010400-\U00010410]", "[\u02bc-\U00010000]", "[\uffff-\U0001ffff]", "[A-\U0010ffff]"),
    ],
)
def test_case(pattern: str, flags: int) -> None:
    assert members(parse_regex(pattern, flags)) == set(re.findall(pattern, ALL, flags))


def test_no_character_with_case_is_missed() -> None:
    text, _ = characters.cased()
    escaped = "".join(map(re.escape, text))
    assert set(re.findall(f"(?i)[{escaped}]", ALL)) == set(text)
    assert not re.findall(f"(?i)[^{escaped}]", text)


@pytest.mark.parametrize("pattern", ["a", "ß", "s", "k", "\u01c5", "\u1e9e", "σ", "[a-z]", r"\w"])
def test_ecma_case_is_transitive(pattern: str) -> None:
    """What a character matches ignoring case, matches the same: an equivalence, unlike in `re`."""
    found = members(parse_regex(pattern, re.IGNORECASE, dialect="ecma"))
    for char in found:
        assert members(parse_regex(re.escape(char), re.IGNORECASE, dialect="ecma")) <= found


@pytest.mark.parametrize("name", ["Lu", "Nd", "Zs", "Cn", "So"])
def test_categories(name: str) -> None:
    assert members(find_property("", name)) == {char for char in ALL if unicodedata.category(char) == name}


def test_groups_of_categories() -> None:
    assert members(find_property("gc", "L")) == {char for char in ALL if unicodedata.category(char)[0] == "L"}
    assert find_property("gc", "Letter") is find_property("", "L")
    assert members(find_property("", "Cased_Letter")) == {
        char for char in ALL if unicodedata.category(char) in ("Lu", "Ll", "Lt")
    }


@pytest.mark.parametrize(
    ("script", "prefix"),
    [("Greek", "GREEK SMALL"), ("Hira", "HIRAGANA LETTER"), ("Cyrl", "CYRILLIC CAPITAL LETTER")],
)
def test_scripts_fit_the_names_of_characters(script: str, prefix: str) -> None:
    named = {char for char in ALL if unicodedata.name(char, "").startswith(prefix)}
    assert named
    assert named <= members(find_property("Script", script))


def test_every_character_has_one_script() -> None:
    scripts = [find_property("sc", name) for name in ("Latin", "Common", "Inherited", "Han", "Unknown")]
    for i, chars in enumerate(scripts):
        assert chars
        assert not any(characters.common(chars, other).ranges for other in scripts[:i] if other)
