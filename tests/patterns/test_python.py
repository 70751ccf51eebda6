"""Regular expressions in Python's dialect. The judge is `re`."""

from __future__ import annotations

import contextlib
import re
import sys
import warnings

import pytest
from counting import calls_of
from frontends.matching import denotes
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from patterns.random_patterns import patterns

from structgen.errors import EmptyLanguageError, InvalidRegexError, InvalidText
from structgen.frontends.regex import regex
from structgen.grammar.expressions import ANY_TEXT, EPSILON, CharSet, Concat, Literal, Repeat, Union
from structgen.matcher import compile_grammar
from structgen.patterns import parse_regex
from structgen.vocabulary import Vocabulary

IGNORE, M, S, X, A = re.IGNORECASE, re.MULTILINE, re.DOTALL, re.VERBOSE, re.ASCII


def check(pattern: str, flags: int, text: str, *, expected: bool | None = None) -> None:
    """Compare with `re`, for the whole text and for a part of it."""
    judge = re.compile(pattern, flags)
    whole = bool(judge.fullmatch(text))
    assert expected in (None, whole), f"re.fullmatch({pattern!r}, {text!r}, {flags!r}) is {whole}"
    found = denotes(parse_regex(pattern, flags), text)
    assert found == whole, f"fullmatch {pattern!r} {flags!r} {text!r}: re says {whole}"
    anywhere = bool(judge.search(text))
    found = denotes(parse_regex(pattern, flags, search=True), text)
    assert found == anywhere, f"search {pattern!r} {flags!r} {text!r}: re says {anywhere}"


@pytest.mark.parametrize(
    ("pattern", "flags", "accepted", "rejected"),
    [
        pytest.param("abc", 0, ["abc"], ["", "ab", "abcd", "ABC"], id="literal"),
        pytest.param("", 0, [""], ["a"], id="nothing"),
        pytest.param("a|bc|", 0, ["a", "bc", ""], ["b", "abc"], id="alternatives"),
        pytest.param("x]}", 0, ["x]}"], ["x"], id="closing brackets are characters"),
        pytest.param(r"\t\n\r\f\v\a\\\.", 0, ["\t\n\r\f\v\a\\."], ["tnrfva\\."], id="escapes"),
        pytest.param(r"\x41\u00e9\U0001f600", 0, ["Aé😀"], ["Aé"], id="hexadecimal"),
        pytest.param(r"\N{EM DASH}[\N{SPACE}]", 0, ["— "], ["-"], id="names of characters"),
        pytest.param(r"\0\07\101\377[\7\101]", 0, ["\0\x07A\xffA"], ["0"], id="octal"),
        pytest.param(r"[a-cx\-\]]", 0, ["a", "c", "x", "-", "]"], ["d", "\\", ""], id="set"),
        pytest.param(r"[]a]|[^]a]b", 0, ["]", "a", "xb"], ["]b", "ab"], id="a set may begin with ]"),
        pytest.param(r"[a-]|[-z]|[+-\-]", 0, ["a", "-", "z", "+", ","], ["b"], id="hyphens"),
        pytest.param(r"[\b]", 0, ["\b"], ["b"], id="backspace"),
        pytest.param(r"[^\d\s]+", 0, ["ab"], ["a1", "a b", "\u0663"], id="classes in a set"),
        pytest.param(r"\d\D\s\S\w\W", 0, ["\u0663x\u3000x\u00e9-"], ["x1 x"], id="classes are Unicode"),
        pytest.param(r"\d+|\w+|\s+", A, ["12", "ab", " \t"], ["\u0663", "\u00e9", "\u3000"], id="ASCII"),
        pytest.param(".", 0, ["a", "\r", "\u2028"], ["\n", ""], id="dot"),
        pytest.param(".", S, ["a", "\n"], [""], id="dot with DOTALL"),
        pytest.param("(?s:.).", 0, ["\na"], ["a\n"], id="scoped flag"),
        pytest.param("(?i)aB", 0, ["ab", "AB"], ["a"], id="flag for the whole pattern"),
        pytest.param("(?i)(?m)a$\n^b", 0, ["A\nB"], ["A B"], id="more than one"),
        pytest.param("(?i:a(?-i:b))c", 0, ["abc", "Abc"], ["aBc", "abC"], id="flags on and off"),
        pytest.param(r"(?a:\d)\d", 0, ["1\u0663"], ["\u06631"], id="scoped ASCII"),
        pytest.param(" a [ b] # c\n d\\ e\\#", X, ["a d e#", "abd e#"], ["abde#", "ad e#"], id="VERBOSE"),
        pytest.param("a + b {2} (?x:a b)", 0, ["a  b   ab"], ["ab"], id="blanks count otherwise"),
        pytest.param("(?x) a + b {2}", 0, ["aabb"], ["a bb"], id="VERBOSE before quantifiers"),
        pytest.param("(?x)a(?-x: )b", 0, ["a b"], ["ab"], id="VERBOSE switched off"),
        pytest.param("a(?#comment (*)*", 0, ["", "aa"], ["b"], id="comment"),
        pytest.param("(a)(?P<name>b)(?:c)", 0, ["abc"], ["ab"], id="groups"),
        pytest.param("a*b+c?", 0, ["b", "aabbc"], ["a", "bcc"], id="quantifiers"),
        pytest.param("a*?b+?c??", 0, ["b", "aabbc"], ["a", "bcc"], id="lazy ones match the same texts"),
        pytest.param("a{2}b{1,2}c{2,}d{,1}", 0, ["aabcc", "aabbcccd"], ["abc", "aabcdd"], id="counted"),
        pytest.param("a{,}", 0, ["", "aaa"], ["b"], id="counted without bounds"),
        pytest.param("a{}{x}{1,x}{1", 0, ["a{}{x}{1,x}{1"], ["a"], id="braces that are no quantifier"),
        pytest.param("ab*", 0, ["abb"], ["abab"], id="a quantifier takes one character"),
        pytest.param("(?:ab)*(?:a*)*", 0, ["ababa"], ["b"], id="a quantifier takes a group"),
        pytest.param(r"^a\Ab$", 0, [], ["ab"], id="anchors in the middle never hold"),
        pytest.param(r"(?:^|b)a(?:$|c)", 0, ["a", "ba", "ac", "bac"], ["aa"], id="anchors in alternatives"),
        pytest.param("a$\n", 0, ["a\n"], ["a"], id="a dollar before the last newline"),
        pytest.param("a$\n\n", 0, [], ["a\n\n", "a\n"], id="and only the last"),
        pytest.param(r"a\Z", 0, ["a"], ["a\n"], id="the very end"),
        pytest.param("^a$\n^b$", M, ["a\nb"], ["ab"], id="MULTILINE"),
        pytest.param(r"a\b.c\B.", 0, ["a cd", "a-cd"], ["abcd", "a c "], id="word boundaries"),
        pytest.param(r"\b", 0, [], ["", "a"], id="no boundary in the empty text"),
        pytest.param("(?=a..)...", 0, ["abc"], ["bbc"], id="lookahead"),
        pytest.param("(?!foo|bar).*", 0, ["", "fo", "xfoo"], ["foo", "barn"], id="negative lookahead"),
        pytest.param(r"(?=.*\d)(?=.*[a-z]).{3,}", 0, ["a1b", "12c"], ["abc", "a1", "123"], id="passwords"),
        pytest.param("(?:(?!ab).)*", 0, ["", "ba", "aab"[:2]], ["ab", "bab"], id="lookahead in a loop"),
        pytest.param("(?:(?!ab).){2,3}", 0, ["ba", "baa"], ["b", "ab", "baab"], id="in a counted loop"),
        pytest.param("<(?:(?!-->).)*-->", 0, ["<-->", "<a-->"], ["<-->-->"], id="up to the first"),
        pytest.param(".*(?<=ab)c", 0, ["abc", "xabc"], ["bc", "xbc"], id="lookbehind"),
        pytest.param(r".*(?<!\d)x", 0, ["x", "ax"], ["1x"], id="negative lookbehind"),
        pytest.param("(?:a(?<!ba)|b)*", 0, ["", "ab", "bb"], ["ba", "bba"], id="lookbehind in a loop"),
        pytest.param(r".*(?<=\bfoo)x.*", 0, ["foox", "a foox"], ["afoox"], id="boundary in a lookbehind"),
        pytest.param(r".*(?<=(?=ab).)b", 0, ["ab", "xab"], ["b", "xb"], id="lookahead in a lookbehind"),
        pytest.param("(?=a(?!b)).*", 0, ["a", "ac"], ["ab", "b"], id="lookahead in a lookahead"),
        pytest.param(r"(?:\b\w+\b\s*){2,3}", 0, ["a b", "a b c ", "ab"[:0] + "x y"], ["a", "a b c d"], id="words"),
        pytest.param("(?=a)*b(?!a)?", 0, ["b"], ["ab"], id="a repeated lookaround"),
        pytest.param("a|\ud800", 0, ["a"], ["b"], id="a lone surrogate is in no text"),
        pytest.param("a\0b[\0]", 0, ["a\0b\0"], ["ab"], id="null characters"),
    ],
)  # fmt: skip
def test_constructs(pattern: str, flags: int, accepted: list[str], rejected: list[str]) -> None:
    for text in accepted:
        check(pattern, flags, text, expected=True)
    for text in rejected:
        check(pattern, flags, text, expected=False)


POSSESSIVE = [
    pytest.param("a*+b", ["b", "aab"], ["a"], id="nothing changes"),
    pytest.param("a*+ab", [], ["ab", "aab"], id="possessive"),
    pytest.param("a{1,2}+a", ["aaa"], ["aa", "a"], id="counted possessive"),
    pytest.param("a?+a", ["aa"], ["a"], id="possessive option"),
    pytest.param("(?>a|ab)c", ["ac"], ["abc"], id="the first option wins"),
    pytest.param("(?>ab|a)bc", ["abbc"], ["abc"], id="if it matches"),
    pytest.param("(?>a+)b", ["aab"], ["b"], id="atomic"),
    pytest.param("(?>(?:ab)*)ab", [], ["abab"], id="atomic loop"),
    pytest.param("(?>a|b)*+b", ["b"][1:], ["b", "ab"], id="both"),
]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="not in this version's dialect")
@pytest.mark.parametrize(("pattern", "accepted", "rejected"), POSSESSIVE)
def test_possessive(pattern: str, accepted: list[str], rejected: list[str]) -> None:
    for text in accepted:
        check(pattern, 0, text, expected=True)
    for text in rejected:
        check(pattern, 0, text, expected=False)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="no possessive quantifiers")
@pytest.mark.parametrize("body", ["a*?", "a??", "a+?", "a{0,2}?", "(?:a*?)*", "(?:b|a*?)", "(?:a*?)*?"])
@pytest.mark.parametrize("written", ["(?:{})++", "(?:{})*+", "(?>(?:{})*)", "(?>{})"])
def test_the_first_match_of_what_is_lazy_is_not_its_longest(body: str, written: str) -> None:
    with pytest.raises(InvalidRegexError, match="an atomic group or possessive quantifier holds"):
        parse_regex(written.format(body))


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        pytest.param("a", ["bab", "b", "a"], id="anywhere"),
        pytest.param("^a", ["ab", "ba", "b\na"], id="at the start"),
        pytest.param("a$", ["ba", "ab", "a\n", "a\n\n"], id="at the end"),
        pytest.param("^a|b$", ["ax", "xb", "xa", "bx"], id="in alternatives"),
        pytest.param("^(a|b$)", ["ax", "b", "bx", "xb"], id="in a group"),
        pytest.param("(?m)^a$", ["x\na\nx", "xa\n", "a"], id="lines"),
        pytest.param(r"\bfoo\b", ["foo", "a foo b", "afoo", "foo-", "fooo"], id="words"),
        pytest.param("(?<!a)b", ["b", "ab", "abb", "cb"], id="lookbehind"),
        pytest.param("b(?!a)", ["b", "ba", "bab"], id="lookahead"),
        pytest.param("", ["", "a"], id="nothing"),
    ],
)
def test_search(pattern: str, texts: list[str]) -> None:
    for text in texts:
        check(pattern, 0, text)


# What random patterns are made of.

ATOMS = ["a", "b", "ab", "\n", " ", "[ab]", "[^a]", ".", r"\w", r"\s", r"\W", "-"]
ASSERTIONS = ["^", "$", r"\A", r"\Z", r"\b", r"\B"]
TEXTS = st.text(alphabet="ab\n -A", max_size=7)
PATTERNS = patterns([*ATOMS * 2, *ASSERTIONS], ["", "?=", "?!", "?<=", "?<!", "?m:", "?s:", "?i:"])


@settings(deadline=None)
@given(PATTERNS, st.sampled_from([0, IGNORE, M, S, A]), st.lists(TEXTS, min_size=8, max_size=8))
@example(r"(?:(?<=(?<=\b.)))*?", 0, ["", "a", "a b"])
@example(r"(?:(?:(?!\s)b|^)(?<=a)?)*", M, ["", "b", "bb", "\nb"])
@example(r"(?m)(^\w+$\n?)+", 0, ["a\nb", "a\n", "a b"])
def test_patterns_mean_what_they_mean_to_re(pattern: str, flags: int, texts: list[str]) -> None:
    try:
        re.compile(pattern, flags)
    except re.error:  # a lookbehind without a fixed width
        assume(False)
    for text in texts:
        try:
            check(pattern, flags, text)
        except InvalidRegexError as error:
            if "too" not in error.reason:
                raise


@settings(deadline=None)
@given(st.text(alphabet="ab01,-?*+|(){}[]^$.\\ndwsDWSbBAZzxuN<>=!:#Pim", max_size=8), st.sampled_from([0, X]))
@example("[]-a]", 0)
@example("(?i", 0)
@example("x{1,2}{3}", 0)
@example(r"(?P<a>b)(?P=a)", 0)
def test_malformed_patterns_are_refused_as_by_re(pattern: str, flags: int) -> None:
    """What `re` refuses is refused, at an offset in the pattern; what it accepts is accepted, if it is regular."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern, flags)
        fine = True
    except (re.error, OverflowError):
        fine = False
    refused: InvalidRegexError | None = None
    try:
        parse_regex(pattern, flags)
    except InvalidRegexError as error:
        refused = error
    if refused is None:
        assert fine, f"re refuses {pattern!r}"
        return
    assert 0 <= refused.position <= len(pattern)
    later = sys.version_info < (3, 11) and "at its start" in refused.reason
    assert not fine or later or any(word in refused.reason for word in ("not regular", "atomic", "too"))


@pytest.mark.parametrize(
    ("pattern", "position", "reason", "as_re"),
    [
        pytest.param("ab(c", 2, "never closed", True, id="open group"),
        pytest.param("a(b(c", 3, "never closed", True, id="the innermost"),
        pytest.param("ab)c", 2, "closes nothing", True, id="closing parenthesis"),
        pytest.param("a[bc", 1, "never closed", True, id="open set"),
        pytest.param("a[]", 1, "never closed", True, id="a set is not empty"),
        pytest.param("ab**", 3, "repeats a repetition", True, id="two quantifiers"),
        pytest.param("a(?#x)*{2}", 7, "repeats a repetition", True, id="two, one in braces"),
        pytest.param("*a", 0, "nothing to repeat", True, id="quantifier first"),
        pytest.param("a|+", 2, "nothing to repeat", True, id="quantifier in an alternative"),
        pytest.param("^*", 1, "nothing to repeat", True, id="an anchor is not repeated"),
        pytest.param("a{3,2}", 1, "ends (2) before it begins (3)", False, id="bounds"),
        pytest.param("ab[z-a]", 3, "backwards", True, id="range"),
        pytest.param(r"ab[\d-z]", 3, "no end of a range", True, id="class in a range"),
        pytest.param(r"ab\y", 2, "bad escape", True, id="escape"),
        pytest.param("ab\\", 2, "escapes nothing", True, id="escape at the end"),
        pytest.param(r"\x1", 0, "2 hexadecimal digits", True, id="hexadecimal"),
        pytest.param(r"a\U00110000", 1, "no character", True, id="beyond Unicode"),
        pytest.param(r"\N{no such}", 0, "no character called", True, id="name of a character"),
        pytest.param(r"a\477", 1, "above", True, id="octal"),
        pytest.param(r"(.)\1", 0, "backreference is regular only", None, id="backreference"),
        pytest.param("(?P<n>.)(?P=n)", 0, "backreference is regular only", None, id="backreference by name"),
        pytest.param("(a(?(1)b|c))", 2, "it stands in", None, id="condition"),
        pytest.param("a(?i)b", 1, "at its start", True, id="flags in the middle"),
        pytest.param("a(?q)", 3, "'q'", False, id="unknown flag"),
        pytest.param("a(?i-i:b)", 1, "contradict", False, id="flag on and off"),
        pytest.param("(?P<1>a)", 4, "identifier", True, id="name"),
        pytest.param("(?P<n>a)(?P<n>b)", 12, "already defined", True, id="name twice"),
        pytest.param("(?<n>a)", 0, "(?P<name>", False, id="name in another dialect"),
        pytest.param("a(?%b)", 1, "unknown extension", False, id="extension"),
        pytest.param("(?<=a*)b", 0, "equally long", None, id="lookbehind"),
        pytest.param("a(?#b", 1, "never closed", True, id="comment"),
        pytest.param("x\na(b", 3, "never closed", True, id="offsets count all lines"),
        pytest.param("a{4294967296}", 1, "up to 2,147,483,646", None, id="repetition"),
        pytest.param("(" * 100 + ")" * 100, 64, "deeper than 64", None, id="nesting"),
        pytest.param("(?:a(?=.{80}b))*", 3, "", None, id="looks too far"),
    ],
)  # fmt: skip
def test_errors_say_where(pattern: str, position: int, reason: str, as_re: bool | None) -> None:
    """Args: as_re: whether `re` gives the same offset; None if it has nothing against the pattern, or no offset."""
    with pytest.raises(InvalidRegexError) as caught:
        parse_regex(pattern)
    error = caught.value
    if error.position != position:
        assert not reason, error
    assert reason in error.reason
    assert error.pattern == pattern
    lines = pattern[:position].split("\n")
    if reason:
        assert (error.line, error.column) == (len(lines), len(lines[-1]) + 1)
    if as_re is not None and (sys.version_info >= (3, 11) or "at its start" not in reason):
        with pytest.raises(re.error) as judged:
            re.compile(pattern)
        assert (judged.value.pos == position) == as_re


def test_scoped_unicode() -> None:
    """Not compared by `check`: `re.search` reads the first class with the flags outside of the group (CPython)."""
    expression = parse_regex(r"(?u:\d)\d", A)
    assert denotes(expression, "\u06631")
    assert not denotes(expression, "1\u0663")


def test_flags_that_do_not_fit() -> None:
    with pytest.raises(InvalidRegexError, match="exclude each other"):
        parse_regex("(?u)a", A)
    with pytest.raises(InvalidRegexError, match="means nothing"):
        parse_regex("a", re.LOCALE)


# Shapes: what is simple stays simple.


@pytest.mark.parametrize(
    ("pattern", "options", "expected"),
    [
        ("abc", {}, Literal("abc")),
        ("^abc$", {}, Literal("abc")),
        ("^abc$", {"search": True, "dialect": "ecma"}, Literal("abc")),
        (r"\Aabc\Z", {"search": True}, Literal("abc")),
        ("abc", {"search": True}, Concat((ANY_TEXT, Literal("abc"), ANY_TEXT))),
        ("^abc", {"search": True}, Concat((Literal("abc"), ANY_TEXT))),
        ("abc$", {"search": True, "dialect": "ecma"}, Concat((ANY_TEXT, Literal("abc")))),
        ("^a$|^b$", {"search": True, "dialect": "ecma"}, CharSet(((97, 98),))),
        ("^$", {"search": True, "dialect": "ecma"}, EPSILON),
        ("", {"search": True}, ANY_TEXT),
        (r"^[\s\S]*$", {"search": True, "dialect": "ecma"}, ANY_TEXT),
        ("[a-c]|d|ef", {}, Union((CharSet(((97, 100),)), Literal("ef")))),
        ("[.]", {}, Literal(".")),
        ("(?:a*)*", {}, Repeat(Literal("a"), 0, None)),
        ("a{0,100000}", {}, Repeat(Literal("a"), 0, 100000)),
        (r"a\b c\b", {}, Literal("a c")),
        (r"(?=a)a(?!b)", {}, Literal("a")),
    ],
)
def test_shapes(pattern: str, options: dict[str, object], expected: object) -> None:
    assert parse_regex(pattern, **options) == expected  # type: ignore[arg-type]


def test_patterns_share_classes() -> None:
    assert parse_regex(r"\w") is parse_regex(r"(?:\w)")
    assert parse_regex(r"\W", A) is parse_regex(r"\W", A)


# Hostile patterns: a quick answer, or a typed error.


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("(" * 100_000, id="open groups"),
        pytest.param("(?:" * 100_000 + ")" * 100_000, id="nested groups"),
        pytest.param("(?=" * 60 + "a" + ")" * 60 + "a", id="nested lookaheads"),
        pytest.param("(?:a\\b|" * 60 + "a" + ")*" * 60, id="nested loops"),
        pytest.param("(?:b|" * 64 + "a" + "c)+" * 64, id="nested repetitions"),
        pytest.param("[" * 100_000, id="open sets"),
        pytest.param("(?:(?=a)a|b)?" * 300, id="lookaheads that multiply"),
        pytest.param("(?:^|a)b?" * 1000, id="anchors that multiply"),
        pytest.param("(?=.b)." * 2000, id="lookaheads in a row"),
        pytest.param("$" * 10_000, id="dollars"),
        pytest.param("a{1000000000}", id="a great number"),
        pytest.param("a{" + "9" * 10_000 + "}", id="a greater one"),
        pytest.param("(a*)*b", id="catastrophic for backtracking"),
        pytest.param("a?" * 500 + "a" * 500, id="also catastrophic"),
        pytest.param("|".join(f"word{i}" for i in range(10_000)), id="alternatives"),
        pytest.param("|".join(f"^word{i}$" for i in range(10_000)), id="anchored alternatives"),
        pytest.param("a" * 1_000_000, id="long"),
        pytest.param("(?:(?<=a.{20})x)*", id="looks far behind"),
        pytest.param("(?:(?=.{20}a)x)*", id="looks far ahead"),
    ],
)
def test_hostile_patterns(pattern: str) -> None:
    def parse(search: bool) -> None:
        with contextlib.suppress(InvalidRegexError):
            parse_regex(pattern, search=search)

    parse(search=False)
    assert calls_of(lambda: parse(search=True)) < 400 * len(pattern) + 100_000


# The constraint.


def test_the_value_is_the_text() -> None:
    year = regex(r"[0-9]{4}", name="year")
    assert year.validate("1759") == "1759"
    assert year.unenforced == ()
    with pytest.raises(InvalidText) as caught:
        year.validate("17x9")
    assert caught.value.position == 2
    assert repr(year) == "<Constraint regex '[0-9]{4}'>"


@pytest.mark.parametrize(
    ("pattern", "texts"), [("", [""]), ("a*", ["", "aaa"]), ("$", [""]), ("a?$", ["", "a"])]
)
def test_the_empty_text(pattern: str, texts: list[str]) -> None:
    for text in texts:
        assert regex(pattern).is_valid(text)
    assert not regex(pattern).is_valid("b")


def test_compiled_patterns_bring_their_flags() -> None:
    assert regex(re.compile("a.", IGNORE | S)).is_valid("A\n")
    assert not regex("a.").is_valid("A\n")
    assert regex(re.compile(r"\w", A), IGNORE).is_valid("a")


def test_no_text_takes_exponential_time() -> None:
    assert not regex("(a*)*b").is_valid("a" * 10_000)
    assert regex("(?:(a*)*x|a*)").is_valid("a" * 10_000)


@settings(deadline=None)
@given(PATTERNS, TEXTS)
@example("(?:(?!-->).)*-->", "-->")
@example(r"\bé\b", "é")
def test_masks_allow_what_continues_a_match(pattern: str, text: str) -> None:
    """Under single-byte tokens, a text of `re.fullmatch` is allowed token by token, and the end is right."""
    try:
        judge = re.compile(pattern)
        constraint = regex(pattern)
    except (re.error, InvalidRegexError):
        return
    matched = bool(judge.fullmatch(text))
    try:
        assert constraint.is_valid(text) == matched
    except EmptyLanguageError:
        assert not matched
    if matched:
        vocabulary = Vocabulary.of_bytes()
        matcher = compile_grammar(constraint.grammar, vocabulary).matcher()
        for byte in text.encode():
            assert matcher.bitmask()[byte // 32] >> (byte % 32) & 1
            matcher.advance(byte)
        assert matcher.can_stop
