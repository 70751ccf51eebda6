"""Regular expressions in ECMA-262's dialect, as JSON Schema's `pattern` uses them. The judge is node, if it is here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest
from frontends.matching import denotes
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from patterns.random_patterns import patterns

from structgen.errors import InvalidRegexError
from structgen.frontends.regex import regex
from structgen.patterns import parse_regex

FLAGS = {"": 0, "i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


@pytest.mark.parametrize(
    ("pattern", "found_in", "not_found_in"),
    [
        pytest.param("a", ["bab"], ["b"], id="unanchored"),
        pytest.param("^a|b$", ["ax", "xb"], ["xa", "bx"], id="anchors in alternatives"),
        pytest.param("^a$", ["a"], ["a\n", "\na"], id="a dollar is the very end"),
        pytest.param(r"^\d+$", ["12"], ["\u0663"], id="digits are ASCII"),
        pytest.param(r"^\w$", ["a", "_"], ["\u00e9"], id="word characters are ASCII"),
        pytest.param(r"^\s$", [" ", "\u00a0", "\ufeff", "\u2028"], ["\u0085", "\u180e"], id="blanks"),
        pytest.param("^.$", ["a", "\u0085", "😀"], ["\n", "\r", "\u2028", "\u2029"], id="dot"),
        pytest.param("^[^]$|^[]$", ["\n", "a"], [""], id="empty sets"),
        pytest.param(r"^[\w-.]$", ["a", "-", "."], ["/"], id="a hyphen after a class"),
        pytest.param(r"^[.-\w]$", ["a", "-", "."], ["/"], id="a hyphen before a class"),
        pytest.param(r"^\/\-\_\:\@\ $", ["/-_:@ "], ["/"], id="escapes that need not be"),
        pytest.param(r"^{a}{,x}$", ["{a}{,x}"], ["a"], id="braces that are no quantifier"),
        pytest.param(r"^\x41\u0042\u{1F600}\ud83d\ude00$", ["AB😀😀"], ["AB"], id="code points"),
        pytest.param(r"^\cA\cz\0$", ["\x01\x1a\0"], ["A"], id="control characters"),
        pytest.param(r"^[\b]$", ["\b"], ["b"], id="backspace"),
        pytest.param("^(?<name>a)(?<$_é>b)$", ["ab"], ["a"], id="named groups"),
        pytest.param("^(?<n>a)|(?<n>b)$", ["a", "b"], ["c"], id="one name in two alternatives"),
        pytest.param(r"^\p{Lu}\p{Letter}\P{L}$", ["Aé1"], ["aa1"], id="general categories"),
        pytest.param(r"^\p{gc=Nd}\p{digit}[^\p{N}]$", ["1\u0663x"], ["111"], id="categories by other names"),
        pytest.param(r"^\p{Script=Greek}\p{sc=Han}\p{Script=Hira}$", ["α漢あ"], ["aaa"], id="scripts"),
        pytest.param(r"^\p{ASCII}\p{Any}\p{White_Space}\p{Uppercase}\p{AHex}$", ["aé A1"], ["é  a1"], id="others"),
        pytest.param("^(?=.*[0-9])(?!.*--)[a-z0-9-]+$", ["a-1"], ["a-b", "a--1"], id="lookaheads"),
        pytest.param("(?<![a-z]+)b", ["b", "1b"], ["ab"], id="lookbehinds of any width"),
        pytest.param(r"\bfoo\b", ["a foo", "éfoo"], ["afoo"], id="word boundaries"),
        pytest.param("(?i)^straße$", ["STRAßE", "straẞe"], ["STRASSE"], id="case folds one to one"),
        pytest.param("^(?i:k)k$", ["Kk", "\u212ak"], ["kK"], id="flags for a part"),
        pytest.param("^a*?b+?c{2,}?$", ["bcc"], ["bc"], id="lazy quantifiers"),
        pytest.param("^(?=a)*a$", ["a"], ["b"], id="a repeated lookahead"),
    ],
)  # fmt: skip
def test_constructs(pattern: str, found_in: list[str], not_found_in: list[str]) -> None:
    expression = parse_regex(pattern, search=True, dialect="ecma")
    for text in found_in:
        assert denotes(expression, text), text
    for text in not_found_in:
        assert not denotes(expression, text), text


@pytest.mark.parametrize(
    ("pattern", "position", "reason"),
    [
        pytest.param(r"ab\a", 2, "bad escape", id="escape"),
        pytest.param(r"a\Z", 1, "write $", id="end in another dialect"),
        pytest.param(r"\Aa", 0, "write ^", id="start in another dialect"),
        pytest.param(r"(.)\1", 0, "backreference", id="backreference"),
        pytest.param(r"(?<n>.)\k<n>", 0, "backreference", id="backreference by name"),
        pytest.param(r"a\p{Nope}", 1, "{Nope}", id="unknown property"),
        pytest.param(r"a\p{Script_Extensions=Han}", 1, "not known", id="unknown kind of property"),
        pytest.param(r"a\pL", 1, "not known", id="property without braces"),
        pytest.param(r"\u{110000}", 0, "no character", id="beyond Unicode"),
        pytest.param(r"\u12", 0, "4 hexadecimal", id="short code point"),
        pytest.param(r"\c1", 0, "followed by a letter", id="control"),
        pytest.param(r"\01", 0, "bad escape", id="octal"),
        pytest.param("a{,3}", 1, "{0,...}", id="quantifier of another dialect"),
        pytest.param("a++", 2, "repeats a repetition", id="possessive quantifier"),
        pytest.param("(?>a)", 0, "unknown extension", id="atomic group"),
        pytest.param("(?#a)", 0, "unknown extension", id="comment"),
        pytest.param("(?x:a)", 2, "'x'", id="flag of another dialect"),
        pytest.param("[b-a]", 1, "backwards", id="range"),
        pytest.param("a)", 1, "closes nothing", id="parenthesis"),
    ],
)
def test_errors_say_where(pattern: str, position: int, reason: str) -> None:
    with pytest.raises(InvalidRegexError) as caught:
        parse_regex(pattern, dialect="ecma")
    assert caught.value.position == position
    assert reason in caught.value.reason


def test_constraints_take_the_dialect() -> None:
    assert regex(r"\d", dialect="ecma").is_valid("1")
    assert not regex(r"\d", dialect="ecma").is_valid("\u0663")


# The judge: node answers a line of JSON with a line of JSON.

JUDGE = """
const lines = require('readline').createInterface({input: process.stdin});
lines.on('line', line => {
  const [pattern, flags, texts] = JSON.parse(line);
  let answer = null;
  try { const found = new RegExp(pattern, 'u' + flags); answer = texts.map(text => found.test(text)); } catch (e) {}
  console.log(JSON.stringify(answer));
});
"""

Judge = Callable[[str, str, list[str]], "list[bool] | None"]
"""Pattern, flags, texts: in which the pattern is found; None if it is malformed."""


@pytest.fixture(scope="module")
def node() -> Iterator[Judge]:
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed")
    process = subprocess.Popen(
        [program, "-e", JUDGE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout

    def ask(pattern: str, flags: str, texts: list[str]) -> list[bool] | None:
        print(json.dumps([pattern, flags, texts]), file=process.stdin, flush=True)
        answer: list[bool] | None = json.loads(process.stdout.readline())
        return answer

    with process:
        yield ask
        process.stdin.close()


ATOMS = ["a", "b", "ab", r"\n", " ", "[ab]", "[^a]", ".", r"\w", r"\s", r"\W", r"\/", "[^]", "[]", r"\u{61}"]
ATOMS += [r"\p{L}", r"\P{Lu}", r"\cJ", "\u2028", r"[\w\-]"]
TEXTS = st.text(alphabet="ab\n -A\u2028\u017f\r", max_size=7)
PATTERNS = patterns([*ATOMS, "^", "$", r"\b", r"\B"], ["", "?=", "?!", "?<=", "?<!"])


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PATTERNS, st.sampled_from(sorted(FLAGS)), st.lists(TEXTS, min_size=8, max_size=8))
@example(r"\P{Lu}", "i", ["A"])
@example(r"(?<!a+\b)b", "", ["ab", "a b", "b"])
def test_patterns_mean_what_they_mean_to_node(
    node: Judge, pattern: str, flags: str, texts: list[str]
) -> None:
    answer = node(pattern, flags, texts)
    assert answer is not None
    try:
        expression = parse_regex(pattern, FLAGS[flags], search=True, dialect="ecma")
    except InvalidRegexError as error:
        if "too" not in error.reason:
            raise
        return
    for text, expected in zip(texts, answer, strict=True):
        assert denotes(expression, text) == expected, (pattern, flags, text)


PIECES = [
    *"ab01,-?*+|(){}[]^$.:=!<>",
    r"\d",
    r"\b",
    r"\-",
    r"\x41",
    r"\u{41}",
    r"\p{L}",
    r"\cA",
    r"\0",
    "(?:",
]
PIECES += ["(?=", "(?<!", "(?<n>", r"\]", "[^", "{2}", "{1,}", r"\_", r"\S"]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=7).map("".join))
def test_what_node_accepts_is_accepted(node: Judge, pattern: str) -> None:
    """The other way round does not hold: patterns in the wild are written for laxer readers."""
    if node(pattern, "", []) is None:
        return
    try:
        parse_regex(pattern, dialect="ecma")
    except InvalidRegexError as error:
        if "backreference" not in error.reason:
            raise
