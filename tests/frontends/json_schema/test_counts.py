"""How many texts an expression has: the engine's count is that of derivatives in Python."""

from __future__ import annotations

import pytest

from structgen.frontends.json_schema.strings.matching import count_texts
from structgen.grammar.expressions import Complement, Expression, Literal, intersection, union
from structgen.language import counting
from structgen.patterns import parse_regex

PATTERNS = [
    "",
    "a",
    "[a-c]?x",
    "(ab|a)(bc|c)",
    "[0-9]{2}",
    "é|[à-ü]",
    "[\U0001f600-\U0001f64f]{1,2}",
    "a*",
    "(a|b)*c",
]
PATTERNS += ["[a-z]{4}", "[a-z]{5}", "(?=a)b", "x{0,3}y{0,3}", "[^a]", "\\d{3}|[1-9]00"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_counts_are_those_of_derivatives(pattern: str) -> None:
    """Of a pattern, and of what another one leaves of it."""
    found = parse_regex(pattern)
    without: Expression = intersection(found, Complement(union(Literal("a"), Literal("é"), Literal("12"))))
    for one in (found, without):
        count_texts.cache_clear()
        assert count_texts(one) == counting.count_texts(one)


def test_equal_texts_count_once() -> None:
    """A union of what overlaps."""
    assert count_texts(union(Literal("a"), parse_regex("[a-c]"), Literal("cc"))) == 4
