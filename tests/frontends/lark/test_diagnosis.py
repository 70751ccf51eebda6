"""What is said of a grammar before anything is generated; interegular judges what is said of collisions."""

from __future__ import annotations

import interegular
import pytest

from structgen.frontends.lark import diagnose
from structgen.limits import Limits


@pytest.mark.parametrize(
    ("grammar", "expected"),
    [
        pytest.param('start: A+\nA: "a"\n', [], id="nothing"),
        pytest.param("start: foo\n", ["line 1, column 8: error: rule 'foo' used but not defined"], id="undefined"),
        pytest.param("start: INTT\nINT: /[0-9]/\n", ["line 1, column 8: error:"], id="did you mean"),
        pytest.param(
            'start: A\nA: "a"\nb: c\nc: A\nD: "d"\n',
            ["line 3, column 1: unused:", "line 4, column 1: unused:", "line 5, column 1: unused:"],
            id="unused",
        ),
        pytest.param(
            'start: "a" | x\nx: x "y"\n', ["line 2, column 1: unfinished: the rule x never"], id="unfinished"
        ),
        pytest.param('start: x\nx: "a" x\n', ["line 1, column 1: empty", "line 2, column 1: unfinished"], id="empty"),
        pytest.param(
            "start: INT INT\nINT: /[0-9]+/\n",
            ["line 1, column 1: error: INT is followed by INT with nothing between"],
            id="a terminal that never ends",
        ),
        pytest.param(
            'start: A | B\nA: /a+/\nB: /a*b?a/\n',
            ["line 2, column 1: collision: A and B both match 'a'; a contextual lexer takes B"],
            id="collision",
        ),
        pytest.param('start: "a" (\n', ["line 1, column"], id="malformed"),
        pytest.param("start: A\nA: /a(/\n", ["line 2, column"], id="a malformed pattern"),
    ],
)  # fmt: skip
def test_diagnose(grammar: str, expected: list[str]) -> None:
    found = [str(one) for one in diagnose(grammar)]
    assert len(found) == len(expected), found
    for one, words in zip(found, expected, strict=True):
        assert one.startswith(words), found


PATTERNS = ["[a-z]+", "if|else", "[0-9]+", "0x[0-9a-f]+", "[a-f]{2,3}", "a?b*c", "[^a-z]", "if[a-z]"]


@pytest.mark.parametrize("first", range(len(PATTERNS)))
@pytest.mark.parametrize("second", range(len(PATTERNS)))
def test_collisions_are_those_that_interegular_finds(first: int, second: int) -> None:
    if first >= second:
        return
    grammar = f"start: A | B\nA: /{PATTERNS[first]}/\nB: /{PATTERNS[second]}/\n"
    found = [one for one in diagnose(grammar) if one.kind == "collision"]
    one, other = (interegular.parse_pattern(PATTERNS[i]).to_fsm() for i in (first, second))
    assert bool(found) == (not (one & other).empty())
    for collision in found:
        assert one.accepts(collision.example)
        assert other.accepts(collision.example)


def test_a_grammar_beyond_the_limits() -> None:
    found = diagnose('start: "a"~40 "b"\n', limits=Limits(grammar_size=5))
    assert [(one.kind, "grammar_size" in one.message) for one in found] == [("limit", True)]
