"""Free text with tags, structural tags, and GBNF."""

from __future__ import annotations

from typing import Any

import pytest

import structgen
from structgen import InvalidFormError, InvalidGrammarError, InvalidText, Tag, gbnf, structural_tag, tagged

NUMBER = structgen.json_schema({"type": "integer"})
OBJECT = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}


def both(constraint: structgen.Constraint, text: str) -> bool:
    """Returns True if the mask and the reader accept a text; they must agree."""
    found = constraint.by_bytes.find_error(text) is None
    assert found == constraint.is_valid(text)
    return found


def test_text_with_tags() -> None:
    constraint = tagged([Tag("<n>", NUMBER, "</n>"), Tag("<w>", structgen.regex("[a-z]+"), "</w>")])
    value = constraint.validate("It is <n>42</n> or <w>so</w>")
    assert value == ("It is ", ("<n>", 42), " or ", ("<w>", "so"))
    assert constraint.validate("") == ()
    assert not both(constraint, "It is <n>x</n>")
    assert not both(constraint, "It is <n>4")
    with pytest.raises(InvalidText, match="line 1"):
        constraint.validate("It is <n>x</n>")


def test_how_many_tags() -> None:
    one = tagged([("<n>", NUMBER, "</n>")], at_least=1, at_most=1)
    assert not both(one, "none")
    assert both(one, "a <n>1</n> b")
    assert not both(one, "<n>1</n><n>2</n>")
    listed = tagged({"<n>": (NUMBER, "</n>")}, text=False, separator=", ")
    assert listed.validate("<n>1</n>, <n>2</n>") == (("<n>", 1), ("<n>", 2))
    assert not both(listed, "<n>1</n> <n>2</n>")
    polite = tagged([("<n>", NUMBER, "</n>")], exclude=["damn"])
    assert not both(polite, "damn <n>1</n>")


def test_a_marker_that_is_a_token() -> None:
    pieces: list[bytes | None] = [bytes([byte]) for byte in range(256)]
    vocabulary = structgen.Vocabulary(
        [*pieces, None, None], special_tokens={"<n>": 256, "<e>": 257}, eos_token_ids=[257]
    )
    matcher = tagged([("<n>", NUMBER, "</n>")], at_least=1).compile(vocabulary).matcher()
    for token in (*b"a ", 256, *b"7</n>", 257):
        matcher.advance(token)


def test_an_older_structural_tag() -> None:
    constraint = structural_tag(
        {
            "type": "structural_tag",
            "structures": [{"begin": "<function=f>", "schema": OBJECT, "end": "</function>"}],
            "triggers": ["<function="],
        }
    )
    assert both(constraint, 'Well <function=f>{"a": 1}</function> done')
    assert both(constraint, "only text")
    assert not both(constraint, "<function=g>{}</function>")


CALL = {"begin": "<f>", "content": {"type": "json_schema", "json_schema": OBJECT}, "end": "</f>"}
THINK = {"type": "tag", "begin": "<think>", "content": {"type": "any_text"}, "end": "</think>"}
FORMATS: list[tuple[dict[str, Any], list[str], list[str]]] = [
    ({"type": "const_string", "value": "yes"}, ["yes"], ["no"]),
    ({"type": "regex", "pattern": "[a-c]+"}, ["abc"], ["d", ""]),
    ({"type": "grammar", "grammar": 'root ::= "a" [0-9]'}, ["a1"], ["a"]),
    ({"type": "any_text", "excludes": ["x"]}, ["abc", ""], ["axb"]),
    (
        {
            "type": "or",
            "elements": [{"type": "const_string", "value": "a"}, {"type": "const_string", "value": "b"}],
        },
        ["a", "b"],
        ["ab"],
    ),
    (
        {"type": "sequence", "elements": [THINK, {"type": "any_text"}]},
        ["<think>a</think>b", "<think></think>"],
        ["b"],
    ),
    (
        {"type": "sequence", "elements": [{"type": "any_text"}, {"type": "tag", **CALL}]},
        ['so <f>{"a": 1}</f>', '<f>{"a": 1}</f>'],
        ["so"],
    ),
    (
        {"type": "triggered_tags", "triggers": ["<f"], "tags": [CALL]},
        ["text", 'a <f>{"a": 1}</f> b <f>{"a": 2}</f>'],
        ["<f>1</f>", "<fx"],
    ),
    (
        {
            "type": "triggered_tags",
            "triggers": ["<f"],
            "tags": [CALL],
            "at_least_one": True,
            "stop_after_first": True,
        },
        ['<f>{"a": 1}</f>'],
        ["text", '<f>{"a": 1}</f> more'],
    ),
    (
        {"type": "tags_with_separator", "tags": [CALL], "separator": ",", "at_least_one": True},
        ['<f>{"a": 1}</f>', '<f>{"a": 1}</f>,<f>{"a": 1}</f>'],
        ["", '<f>{"a": 1}</f><f>{"a": 1}</f>'],
    ),
    (
        {"type": "repeat", "content": {"type": "const_string", "value": "a"}, "min": 1, "max": 2},
        ["a", "aa"],
        ["", "aaa"],
    ),
]


@pytest.mark.parametrize(("form", "valid", "invalid"), FORMATS)
def test_formats_of_structural_tags(form: dict[str, Any], valid: list[str], invalid: list[str]) -> None:
    constraint = structural_tag({"type": "structural_tag", "format": form})
    assert all(both(constraint, text) for text in valid)
    assert not any(both(constraint, text) for text in invalid)


@pytest.mark.parametrize(
    ("tag", "place"),
    [
        (5, "#"),
        ({"format": {"type": "x"}}, "#/format/type"),
        ({"format": {"type": "tag", "begin": 5}}, "#/format/begin"),
        ({"format": {"type": "sequence", "elements": [{"type": "regex"}]}}, "#/format/elements/0"),
        ({"structures": [{"begin": "<a>"}], "triggers": ["<a"]}, "#/structures/0"),
        ({"format": {"type": "triggered_tags", "triggers": ["<x"], "tags": [CALL]}}, "#/format/tags/0/begin"),
    ],
)
def test_malformed_structural_tags(tag: Any, place: str) -> None:
    with pytest.raises(InvalidFormError) as caught:
        structural_tag(tag)
    assert caught.value.pointer == place


GBNF = r"""
# a list of numbers
root  ::= "[" ws (item ("," ws item)*)? "]"
item  ::= "-"? [0-9]{1,3} | word
word  ::= [^0-9\]\n, [-]+
ws    ::= [ \t]*
"""


def test_gbnf() -> None:
    constraint = gbnf(GBNF)
    for text in ("[]", "[1, 22,  abc]", "[-7]"):
        assert both(constraint, text)
    for text in ("[1234]", "[1,]", "1"):
        assert not both(constraint, text)
    assert both(gbnf(r'root ::= "\x41\u00e9\n" . "a"?'), "Aé\nxa")
    assert both(gbnf('root ::= "(" root ")" |'), "(())")
    assert not both(gbnf('root ::= "(" root ")" |'), "(()")
    assert both(gbnf('root ::= [a-z]* "end"'), "theend")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('root ::= "a" b', "line 1, column 14: the rule 'b' is not defined"),
        ('a ::= "a"', "no rule 'root'"),
        ('root ::= "a', "not expected"),
        ('root ::= ("a"', "expected '\\)'"),
        ('root ::= "a"{3,2}', "impossible"),
        ('root ::= "a"\nroot ::= "b"', "line 2, column 1: the rule 'root' is defined twice"),
        ("root ::= [z-a]", "is empty"),
    ],
)
def test_malformed_gbnf(text: str, reason: str) -> None:
    with pytest.raises(InvalidGrammarError, match=reason):
        gbnf(text)
