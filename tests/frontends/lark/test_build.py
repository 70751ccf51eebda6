"""Lark grammars: what we accept and what Lark accepts, errors with their place."""

from __future__ import annotations

from random import Random

import lark as lark_library
import pytest

import structgen
from structgen.errors import DeadEnd, InvalidLarkError, InvalidText

CALC = """
start: sum
?sum: product | sum "+" product -> add | sum "-" product -> sub
?product: atom | product "*" atom
?atom: NUMBER | NAME | "(" sum ")" | "if" sum "then" sum~1..3
%import common.CNAME -> NAME
%import common.NUMBER
%import common.WS_INLINE
%ignore WS_INLINE
"""
TEMPLATE = """
start: _separated{item, ","}
_separated{x, s}: x (s x)*
item: "a"i | /[0-9]+/ | "b".."f"
"""
STRINGS = """
start: ESCAPED_STRING ("," ESCAPED_STRING)*
%import common.ESCAPED_STRING
"""


@pytest.mark.parametrize(
    ("grammar", "accepted", "rejected"),
    [
        pytest.param(CALC, ["1+2*(x-3)", "if a then b", " 1 "], ["", "1+", "(1", "if a"], id="calc"),
        pytest.param(TEMPLATE, ["a,A,12,c", "f"], ["", "a,", "g", "a,,b"], id="template"),
        pytest.param(STRINGS, ['"a","b"', '"\\""'], ['"a', '"a" "b"', '"a"b"'], id="lazy strings"),
        pytest.param("json", ['{"a": [1, null, "é"]}', "-0.5e3"], ["{", "01", "[1,]"], id="json"),
        pytest.param("arithmetic", ["1+2*(3-4)/-5"], ["", "1+", "()"], id="arithmetic"),
    ],
)
def test_lark_and_the_mask_agree(grammar: str, accepted: list[str], rejected: list[str]) -> None:
    constraint = structgen.lark(grammar)
    compiled = structgen.compile(constraint, structgen.Vocabulary.of_bytes())
    assert [t for t in accepted if not (constraint.is_valid(t) and compiled.accepts(t))] == []
    assert [t for t in rejected if constraint.is_valid(t) or compiled.accepts(t)] == []


@pytest.mark.parametrize("grammar", [CALC, TEMPLATE, STRINGS, "json", "arithmetic"])
def test_what_the_mask_lets_through_parses_in_lark(grammar: str) -> None:
    constraint = structgen.lark(grammar)
    compiled = structgen.compile(constraint, structgen.Vocabulary.of_bytes())
    random = Random(1)
    for _ in range(25):
        matcher, text = compiled.matcher(), b""
        for _ in range(random.randint(1, 20)):
            following = [b for b in compiled.native.next_bytes(matcher.configuration) if 0x20 <= b < 0x7F]
            if not following:
                break
            matcher.advance(byte := random.choice(following))
            text += bytes([byte])
        try:
            text += matcher.shortest_completion().text
        except DeadEnd:
            continue
        assert isinstance(constraint.validator(text.decode(), None), lark_library.Tree)


@pytest.mark.parametrize(
    ("grammar", "line", "message"),
    [
        ("start: missing\n", 1, "missing"),
        ("start: A\nA: /a*/\n", 2, "empty text"),
        ("start: A\nA: /(a)\\1/\n", 2, "A"),
        ("start: x\nx: x 'a'\n", 2, "double quotes"),
        ("start: A\n%declare A\n", 1, "declared"),
    ],
)
def test_errors_have_a_place(grammar: str, line: int, message: str) -> None:
    with pytest.raises(InvalidLarkError, match=message) as caught:
        structgen.lark(grammar)
    assert caught.value.line is not None
    assert caught.value.line <= line


def test_unknown_names() -> None:
    with pytest.raises(InvalidLarkError, match="did you mean 'json'"):
        structgen.lark("jsn")
    with pytest.raises(InvalidLarkError, match="available grammars: arithmetic, "):
        structgen.lark("esperanto")
    with pytest.raises(InvalidLarkError, match="start rule 'begin'"):
        structgen.lark(CALC, start="begin")


def test_a_text_that_fails_says_where() -> None:
    with pytest.raises(InvalidText) as caught:
        structgen.lark("arithmetic").validate("1+*")
    assert caught.value.position == 2
