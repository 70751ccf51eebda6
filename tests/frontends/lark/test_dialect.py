"""Grammars with the extensions of llguidance: what they read, and llguidance as a judge that shares no code."""

from __future__ import annotations

import itertools
import json
import pickle
from random import Random

import pytest

import structgen
from structgen.errors import InvalidGrammarError, InvalidLarkError
from structgen.frontends.lark import diagnose
from structgen.frontends.lark.dialect import is_dialect
from structgen.frontends.lark.dialect.substring import substring
from structgen.grammar.expressions import in_order
from structgen.vocabulary import Vocabulary

CASES = [
    # grammar, texts of it, other texts
    ('start: A "b" | ""\nA: /a*/', ["", "b", "aab"], ["a"]),
    ("start: A\nA: /[a-z]+/ & ~/if|do/", ["iff", "x"], ["if", "do", ""]),
    ('start: A\nA: ~"a"+ & /[ab]+/', ["b", "aab"], ["a", "aa", "c"][:1]),
    ('start: "a"{2,3} "b"{2} "c"{,2}', ["aabb", "aaabbcc"], ["abb", "aabbccc"]),
    ('start: x "!"?\nx[suffix="<e>"]: /.*/', ["foo<e>", "<e>!"], ["foo<e>b<e>", "foo"]),
    ('start: x "b"\nx[lazy]: /a+/', ["ab"], ["aab"]),
    ('start: x "<e>"\nx[stop="<e>"]: /.*/', ["foo<e>", "<e>"], ["foo", "a<e>b<e>"]),
    ('start: %lark {\n start: "a" X\n X: "b"\n} "c"', ["abc"], ["ab"]),
    ('start: %json {"type": "integer", "minimum": 3} ";"', ["3;", "10;"], ["2;", "3"]),
    ('start: T\nT: %regex {"substring_words": "the cat sat."}', ["", "the cat", " sat."], ["he", "the sat"]),
    ('start: T\nT: %regex {"substring_lines": "a\\nb\\nc"}', ["a\n", "b\nc"], ["a", "c\n"]),
    ('start: T\nT: %regex {"substring_chunks": ["ab", "c"]}', ["ab", "c", "abc", ""], ["a", "bc"]),
    ("start: x\nx[max_tokens=3]: /a*/", ["", "aaa"], ["aaaa"]),
    ('start: <|go|> "x"', ["<|go|>x"], ["x", "gox"]),
    ('start: a-b | [c]\na-b: "a".."c" -> named\n!c: "X"i\n%llguidance {}', ["b", "x", "X", ""], ["d"]),
    ('start: a "," a\na: /[a-z]+/ & ~/x/\n%ignore " "', ["a , b", "a,b"], ["a b", "x,b"]),
    ("start: N & /../\n%import common.INT -> N", ["12"], ["1", "123"]),
    ('start: (\n  "a"\n  | "b"\n)\n  | "c"{2}', ["a", "b", "cc"], ["c"]),
]


@pytest.mark.parametrize(("grammar", "valid", "invalid"), CASES)
def test_what_is_read(grammar: str, valid: list[str], invalid: list[str]) -> None:
    constraint = structgen.lark(grammar)
    assert [constraint.is_valid(text) for text in valid] == [True] * len(valid)
    assert [constraint.is_valid(text) for text in invalid] == [False] * len(invalid)
    again = pickle.loads(pickle.dumps(constraint))
    assert all(again.is_valid(text) for text in valid)


def test_tool_calls_of_the_documentation() -> None:
    """A lazy terminal ends the free text: no text may go on behind its marker."""
    constraint = structgen.lark(r"""
start: ( f_foo | f_bar )* f_end
f_end: TEXT
TEXT: /(.|\n)*/
f_foo_hd[lazy]: TEXT "<function"
f_foo: f_foo_hd "=foo>" %json { "type": "object" } "</function>"
f_bar_hd[lazy]: TEXT "<function"
f_bar: f_bar_hd "=bar>" /[0-9]+/ "</function>"
""")
    for text in ("", "hi\n", 'hi <function=foo>{"a": 1}</function>', "<function=bar>1</function> <b"):
        assert constraint.is_valid(text), text
    for text in ("hi <function", "<function=baz>1</function>", "<function=bar>x</function>"):
        assert not constraint.is_valid(text), text


def test_captures() -> None:
    constraint = structgen.lark("""
start: pair{1,} "!"
pair[capture]: key value ";"
key[capture="k", suffix=":", stop_capture="colon"]: /.*/
value[capture]: /[a-z]+/
""")
    found = constraint.validate("a:x;bc:y;!")
    assert found["k"] == "bc"
    assert [text for name, text in found.captures if name == "k"] == ["a", "bc"]
    assert [text for name, text in found.captures if name == "colon"] == [":", ":"]
    assert [text for name, text in found.captures if name == "pair"] == ["a:x;", "bc:y;"]
    assert str(found) == found.text == "a:x;bc:y;!"


def test_captures_of_recursive_rules() -> None:
    """Left recursion, the empty text, and a rule in itself."""
    found = structgen.lark(
        '%llguidance {}\nstart: e\ne[capture]: e "+" n | n\nn[capture]: /[0-9]+/'
    ).validate("1+22")
    assert found.captures == (("n", "1"), ("e", "1"), ("n", "22"), ("e", "1+22"))
    nested = structgen.lark('%llguidance {}\nstart: p\np[capture]: "(" p ")" | ""').validate("(())")
    assert [text for _, text in nested.captures] == ["", "()", "(())"]
    many = structgen.lark('%llguidance {}\nstart: i*\ni[capture]: "a"').validate("a" * 3000)
    assert len(many.captures) == 3000


def test_captures_of_an_inner_grammar() -> None:
    inner = 'start: "<" %lark {\n start: w\n w[capture]: /[a-z]+/\n} outer ">"\nouter[capture]: /[0-9]/'
    assert structgen.lark(inner).validate("<ab1>").captures == (("w", "ab"), ("outer", "1"))


TOKENS = Vocabulary(
    [b"a", b"b", b"ab", None, None, None, b"c"], special_tokens={"<|x|>": 3, "<|y|>": 4}, eos_token_ids=[5]
)


def first_tokens(grammar: str) -> set[int]:
    compiled = structgen.compile(structgen.lark(grammar), TOKENS)
    return {token for token in range(7) if compiled.try_advance(compiled.initial, token) >= 0}


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("<|x|>", {3}),
        ("<[4]>", {4}),
        ("<[3-4]>", {3, 4}),
        ("<[0,3]>", {0, 3}),
        ("<[*]>", {0, 1, 3, 4, 6}),
        ("<[^3]>", {0, 1, 4, 6}),
    ],
)
def test_tokens(token: str, expected: set[int]) -> None:
    assert first_tokens(f'start: {token} "c"') == expected


def test_ids_have_no_text() -> None:
    with pytest.raises(InvalidGrammarError, match=r"special token '<\[3\]>'"):
        structgen.lark("start: <[3]>").is_valid("")


@pytest.mark.parametrize(
    ("grammar", "line", "column", "reason"),
    [
        ("start: b\n%llguidance {}", 1, 8, "b is not defined"),
        ('start: "a"{3,2}', 1, 11, "from 3 to 2 is impossible"),
        ('start: %json {"type": "int"}', 1, 8, "int"),
        ("start: %json {\n  oops}", 2, 3, "property name"),
        ("start: A\nA: <|x|>", 2, 4, "cannot stand in a terminal"),
        ("start: A\nA: ~B\nB: A", 3, 4, "needs itself"),
        ("start: x\nx[lazy]: y y\ny: /a/", 2, 1, "one terminal"),
        ("start: x\nx[lasy]: /a/", 2, 3, "no option"),
        ("start: <[4-2]>", 1, 8, "the range 4-2 is empty"),
        ('start: %lark {\n start: "a\n} "c"', 2, 9, "nothing in a grammar begins"),
        ('start: "a" & 3', 1, 14, "not expected"),
        ('start: "b"\nstart: "a"{2}', 2, 1, "defined twice"),
        ('start: %regex {"substring": 3}', 1, 8, "substring_words"),
    ],
)
def test_errors_name_their_place(grammar: str, line: int, column: int, reason: str) -> None:
    with pytest.raises(InvalidLarkError, match=reason) as caught:
        structgen.lark(grammar)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_lark_grammars_are_lark_s() -> None:
    for plain in (
        'start: "a"~2..3',
        'start: t{"a"}\nt{x}: x',
        "start: [A]\nA: /[&<]/ // ~ & {2}",
        'start: "{2}" /&/',
    ):
        assert not is_dialect(plain)
    assert structgen.lark('start: "a"~2').validate("aa").data == "start"


def test_diagnose_says_what_is_rewritten() -> None:
    found = diagnose('start: A "b" | ""\nA: /a*/\nB: "x"\n')
    assert [(one.kind, one.line) for one in found] == [("rewritten", 1), ("rewritten", 1), ("unused", 3)]
    (error,) = diagnose('start: C\nA: /a*/ & "a"\n')
    assert error.kind == "error"


def test_parts_of_a_document_are_linear() -> None:
    """Expressions, and edges between them: a small multiple of the document's pieces, however it repeats itself."""
    for document in ("ab" * 2000, "".join(Random(1).choices("abcdefgh ", k=4000))):
        parts = in_order(substring(list(document)))
        assert len(parts) < 8 * len(document)
    text = "".join(Random(2).choices("abc", k=5000))
    constraint = structgen.lark("start: T\nT: %regex " + json.dumps({"substring_chars": text}))
    assert constraint.is_valid(text[100:4000])
    assert not constraint.is_valid(text[100:200] + "x")


# llguidance reads the same texts

TEXTS = ["".join(one) for size in range(5) for one in itertools.product("ab;", repeat=size)]


def terminal(rng: Random, depth: int = 2) -> str:
    kind = rng.randrange(9) if depth else 0
    if kind < 3:
        plain = ['"a"', '"b"', '"ab"', '";"', "/a+/", "/[ab]+/", "/b*;/", "/a|ab/", '"a".."b"', "/[^a]/"]
        return rng.choice(plain)
    if kind < 7:
        sign = ["|", "", "&", "& ~"][kind - 3]
        return f"({terminal(rng, depth - 1)} {sign}{terminal(rng, depth - 1)})"
    return terminal(rng, 0) + rng.choice(["*", "+", "?", "{2}", "{1,2}", "{,2}", "{2,}"])


def rule(rng: Random, names: list[str], depth: int = 2) -> str:
    kind = rng.randrange(7) if depth else 0
    if kind < 3:
        return rng.choice([*names, '"a"', '"b"', '";"', "/a+/"])
    if kind < 5:
        return f"({rule(rng, names, depth - 1)} {'|' if kind == 3 else ''} {rule(rng, names, depth - 1)})"
    if kind == 5:
        return f"({rule(rng, names, depth - 1)}){rng.choice(['?', '*', '{1,2}', '{2}'])}"
    return rng.choice(['""', *names])


def grammar(rng: Random) -> str:
    lines = [f"T{number}: {terminal(rng)}" for number in range(rng.randint(1, 3))]
    for number in range(rng.randint(0, 2)):
        option = rng.choice(["[lazy]", '[suffix=";"]', '[suffix="b"]', "[capture]"])
        lines.append(f"l{number}{option}: {rng.choice(['/.*;/', '/a+b/', '/a+/'])}")
    names = [line.partition("[")[0].partition(":")[0] for line in lines]
    lines.append(f"x: {rule(rng, names)}")
    return f"%llguidance {{}}\nstart: {rule(rng, [*names, 'x'])} {rule(rng, names, 1)}\n" + "\n".join(lines)


@pytest.mark.parametrize("seed", range(60))
def test_llguidance_reads_the_same(seed: int) -> None:
    llguidance = pytest.importorskip("llguidance")
    text = grammar(Random(seed))
    judge = llguidance.LLMatcher(llguidance.LLTokenizer("byte"), text)
    assert not judge.get_error()
    try:
        constraint = structgen.lark(text)
        constraint.is_valid("")
    except structgen.EmptyLanguageError:
        constraint = None
    for one in TEXTS:
        matcher, data = judge.deep_copy(), list(one.encode())
        expected = matcher.try_consume_tokens(data) == len(data) and matcher.is_accepting()
        assert (constraint is not None and constraint.is_valid(one)) == expected, (one, text)
