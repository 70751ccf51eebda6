r"""References to groups: the module `re` is the judge, on all short texts; in ECMA-262 Node, where it is installed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import structgen
from structgen.errors import InvalidRegexError

EVERY = ["".join(text) for length in range(6) for text in product("ab", repeat=length)]

ATOMS = [
    "a",
    "b",
    "(a|b)",
    "(a)",
    "(a|ab)",
    "(b)?",
    "(a)|",
    "(?:(a)|b)",
    r"\1",
    r"\2",
    "(?(1)a|b)",
    "(?(2)b)",
    "^",
    r"\b",
]
QUANTIFIERS = ["", "", "", "*", "?", "{2}", "{1,3}", "+?", "{2,}"]


def language(pattern: str, texts: list[str], flags: int = 0) -> list[str]:
    """The texts that `re` accepts."""
    compiled = re.compile(pattern, flags)
    return [text for text in texts if compiled.fullmatch(text)]


def patterns() -> st.SearchStrategy[str]:
    part = st.tuples(st.sampled_from(ATOMS), st.sampled_from(QUANTIFIERS)).map(
        lambda pair: pair[0] if not pair[1] else f"(?:{pair[0]}){pair[1]}"
    )
    row = st.lists(part, min_size=1, max_size=4).map("".join)
    return st.lists(
        st.one_of(row, row.map("(?:{})*".format), row.map("({})".format)), min_size=1, max_size=2
    ).map("".join)


@given(patterns())
@settings(deadline=None, max_examples=60)
@example(r"(?:(a)|b)*")
@example(r"(a|b)*\1")
@example(r"(?:(a|b)\1)*")
@example(r"(?:(a)x)?b\1")
@example(r"(?=(a|b))\1")
def test_the_language_is_that_of_re(pattern: str) -> None:
    try:
        wanted = language(pattern, EVERY)
    except re.error:
        with pytest.raises(InvalidRegexError):
            structgen.regex(pattern)
        return
    try:
        constraint = structgen.regex(pattern)
        found = [text for text in EVERY if constraint.is_valid(text)]
    except InvalidRegexError:
        return  # what is refused is tested below
    except structgen.errors.EmptyLanguageError:
        found = []
    assert found == wanted


@pytest.mark.parametrize(
    ("pattern", "flags", "valid", "invalid"),
    [
        (r"""(['"]).*?\1""", 0, ["'a'", '"b\'"', "''"], ["'a\"", "'", ""]),
        (r"(-| )\d{3}\1", 0, ["-123-", " 123 "], ["-123 ", "123"]),
        (r"\d{4}([-/.])\d\d\1\d\d", 0, ["2026-12-01", "2026/12/01"], ["2026-12/01"]),
        (r"<(b|i|em)>[a-z]*</\1>", 0, ["<b>x</b>", "<em></em>"], ["<b>x</i>"]),
        (r"(?P<quote>[\"'])[a-z]+(?P=quote)", 0, ["'a'"], ["'a\""]),
        (r"(\()?\d{3}(?(1)\))", 0, ["(123)", "123"], ["(123", "123)"]),
        (r"(?P<open>\()?\d(?(open)\)|;)", 0, ["(1)", "1;"], ["(1;", "1)"]),
        (r"(\d)\1{2}-\1", 0, ["777-7", "٣٣٣-٣"], ["778-7", "777-8"]),
        (r"([a-z])\1", re.IGNORECASE, ["aA", "kK", "k\u212a", "ss"], ["ab"]),
        (r"((a|b)c)\2\1", 0, ["acaac", "bcbbc"], ["acbac"]),
        (r"(?:(['\"])[a-z]*\1,)*", 0, ["", "'a',\"b\",", "'',"], ["'a\","]),
    ],
)
def test_what_people_write(pattern: str, flags: int, valid: list[str], invalid: list[str]) -> None:
    found = structgen.regex(pattern, flags)
    for text in [*valid, *invalid]:
        assert found.is_valid(text) == (text in valid) == bool(re.fullmatch(pattern, text, flags)), text


@pytest.mark.parametrize(
    ("pattern", "position", "reason"),
    [
        (r"(.)\1", 0, "group 1 has more than 1,024"),
        (r"x([a-z]+)\1", 1, "group 1 has more than 1,024"),
        (r"([a-z]{3})\1", 0, "more than 1,024"),
        (r"(?:(a)|b)*\1", 9, "does not match anew"),
        (r"(?:(a|)b?)+\1", 10, "may be empty"),
        (r"(?=(a|ab))\1", 0, "set in an assertion"),
        (r"(?>a|(b))c\1", 0, "atomic group"),
        (r"(a)\2", 3, "no group 2"),
        (r"\1(a)", 0, "no group 1"),
        (r"(a\1)", 2, "the group that it stands in"),
        (r"(?(1)a)", 0, "no group 1"),
        (r"(a)(?(1)a|b|c)", 3, "two branches"),
        (r"(?P=n)(?P<n>a)", 0, "no group n"),
    ],
)
def test_what_is_refused(pattern: str, position: int, reason: str) -> None:
    if "(?>" in pattern:
        pytest.importorskip("tomllib", reason="Python 3.10 has no atomic groups")
    with pytest.raises(InvalidRegexError, match=re.escape(reason)) as caught:
        structgen.regex(pattern)
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("pattern", "is_refused"),
    [
        ("(a)" + "(?:" * 60 + r"\1" + ")*" * 60, False),
        ("".join(rf"([ab])\{i}" for i in range(1, 91)), False),
        (r"(?:([a-z])\1){1000}", False),
        ("(a)?" + r"(?(1)b|c)" * 2000, False),
        ("".join("([ab])" + (rf"\{i - 1}" if i > 1 else "") for i in range(1, 90)), True),
        ("([a-z])" + r"(?:x\1)" * 5000, True),
        ("(a)?" + r"(?(1)b|c)" * 12000, True),
    ],
    ids=[
        "nested",
        "one after the other",
        "in a loop",
        "conditions",
        "overlapping",
        "long",
        "many conditions",
    ],
)
def test_hostile_patterns_end(pattern: str, is_refused: bool) -> None:
    if is_refused:
        with pytest.raises(InvalidRegexError):
            structgen.regex(pattern)
    else:
        structgen.regex(pattern)


def test_many_cases_end_in_an_error() -> None:
    pattern = "".join(f"([a-z])(?P<n{i}>[0-9])" for i in range(8)) + "".join(rf"\{i}" for i in range(1, 17))
    with pytest.raises(InvalidRegexError, match="20,000 cases"):
        structgen.regex(pattern)


ECMA = [
    r"""(['"])x*\1""",
    r"(a)?\1b",
    r"\1(a)",
    r"(?<q>a|b)\k<q>",
    r"(?:(a)|b)\1",
    r"(?:(a)|(b)){2}\1\2",
    r"(?:(a)|b){2}\1",
    r"(a\1)b",
    r"(?=(a|b))\1b",
]


@pytest.mark.parametrize("pattern", ECMA)
def test_ecma_as_node_has_it(pattern: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    texts = [*EVERY, "'x'", "''", "'xx\"", '"x"']
    program = (
        f"const r = new RegExp({json.dumps('^(?:' + pattern + ')$')}, 'u');"
        f"console.log(JSON.stringify({json.dumps(texts)}.filter(t => r.test(t))))"
    )
    wanted = json.loads(
        subprocess.run([node, "-e", program], capture_output=True, check=True, text=True).stdout
    )
    found = structgen.json_schema({"type": "string", "pattern": f"^(?:{pattern})$"})
    assert [text for text in texts if found.is_valid(json.dumps(text))] == wanted
