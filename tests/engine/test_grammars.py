"""Grammars that a person can read: which texts are in them, and where tokens are allowed.

Each row is also put to the oracle: if both err, they err in a way that somebody wrote down.
"""

from __future__ import annotations

import pytest
from oracle import Oracle
from traces import check_accepts, check_trace

from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EMPTY,
    Literal,
    charset,
    concat,
    invert,
    optional,
    repeat,
    union,
)
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    SpecialToken,
    Terminal,
)

DIGIT, LETTER = charset((0x30, 0x39)), charset((0x61, 0x7A))
INT = Terminal("INT", repeat(DIGIT, 1))
NAME = Terminal("NAME", repeat(LETTER, 1))
WS = Terminal("WS", repeat(charset(" \n"), 1))
NOTHING: RuleExpression = Sequence(())
START = Reference("start")


def word(text: str, priority: int = 0) -> Terminal:
    return Terminal(text, Literal(text), priority)


def maybe(part: RuleExpression) -> Repetition:
    return Repetition(part, 0, 1)


def seq(*parts: RuleExpression, separator: RuleExpression | None = None) -> Sequence:
    return Sequence(parts, separator)


def one_of(*options: RuleExpression) -> Choice:
    return Choice(options)


def grammar(start: RuleExpression, *ignore: Terminal, **rules: RuleExpression) -> Grammar:
    return Grammar({"start": start, **rules}, ignore=ignore)


A, B, C, COMMA, OPEN, CLOSE = (word(char) for char in "abc,()")
AS = Terminal("AS", repeat(charset("a"), 1))

RECURSION = [
    pytest.param(
        grammar(one_of(seq(START, word("+"), INT), INT)), ["1", "1+2+33"], ["", "+", "1+", "+1"], id="left"
    ),
    pytest.param(
        grammar(one_of(seq(INT, word("+"), START), INT)), ["1", "1+2+33"], ["", "+", "1+", "+1"], id="right"
    ),
    pytest.param(
        grammar(one_of(seq(START, word("+"), START), INT)), ["1", "1+2+33"], ["", "1+", "+1"], id="on both sides"
    ),
    pytest.param(
        grammar(one_of(seq(maybe(B), START, C), A)), ["a", "ac", "bbacc"], ["ba", "bbac", "c"], id="hidden left"
    ),
    pytest.param(
        grammar(one_of(seq(Reference("x"), A), B), x=one_of(seq(START, C), START)),
        ["b", "ba", "bca", "bcaca"],
        ["a", "bc", "bcc"],
        id="left by two rules",
    ),
    pytest.param(grammar(one_of(START, seq(START, START), A)), ["a", "aaaa"], ["", "b"], id="of itself"),
    pytest.param(
        grammar(one_of(seq(START, START), A, NOTHING)), ["", "a", "aaa"], ["b", "ab"], id="of itself, and empty"
    ),
    pytest.param(
        grammar(one_of(seq(A, START, B), NOTHING)), ["", "ab", "aaabbb"], ["a", "aab", "abb", "ba"], id="in the middle"
    ),
    pytest.param(
        grammar(one_of(seq(OPEN, START, CLOSE, START), NOTHING)),
        ["", "()", "(()())()"],
        ["(", ")", "())"],
        id="in the middle and on the right",
    ),
    pytest.param(
        grammar(one_of(seq(A, START, A), seq(B, START, B), A, B, NOTHING)),
        ["", "a", "aba", "abba", "bab"],
        ["ab", "abab"],
        id="palindromes",
    ),
    pytest.param(
        grammar(seq(Reference("x"), Reference("x"), A), x=one_of(A, NOTHING)), ["a", "aa", "aaa"], ["", "a" * 4],
        id="empty rules before a terminal",
    ),
    pytest.param(
        grammar(one_of(Reference("dead"), A), dead=seq(A, Reference("dead"))), ["a"], ["", "aa"],
        id="a rule that cannot finish is no option",
    ),
    pytest.param(
        grammar(one_of(seq(A, Terminal("never", EMPTY)), B)), ["b"], ["a", "ab"],
        id="a terminal that denotes nothing is no option",
    ),
]  # fmt: skip

REPETITIONS = [
    pytest.param(grammar(Repetition(A, 2, 4)), ["aa", "aaaa"], ["a", "aaaaa"], id="from two to four"),
    pytest.param(grammar(seq(Repetition(A, 0, 0), B)), ["b"], ["ab"], id="none at all"),
    pytest.param(grammar(Repetition(Repetition(A, 2, 3), 2, 2)), ["aaaa", "a" * 6], ["aaa", "a" * 7], id="of counts"),
    pytest.param(
        grammar(Repetition(seq(A, Repetition(B, 1, 2)), 2, 3)), ["abab", "abbabab"], ["ab", "abbb", "abababab"],
        id="around a count",
    ),
    pytest.param(grammar(Repetition(maybe(A), 3, 3)), ["", "a", "aaa"], ["aaaa"], id="of what may be empty"),
    pytest.param(grammar(seq(Repetition(A, 0, 2), Repetition(A, 2))), ["aa", "a" * 9], ["a"], id="side by side"),
    pytest.param(grammar(Repetition(one_of(A, seq(A, B)), 2, 2)), ["aa", "aba", "aab", "abab"], ["a", "ab", "abb"],
                 id="of options with a common beginning"),
    pytest.param(
        grammar(seq(OPEN, Repetition(one_of(A, START), 1, 2), CLOSE)), ["(a)", "(aa)", "((a)(aa))"],
        ["()", "(aaa)", "((a)a(a))"], id="in each nested list anew",
    ),
    pytest.param(
        grammar(seq(maybe(A), maybe(B), maybe(C), separator=COMMA)), ["", "a", "a,c", "b,c", "a,b,c"],
        ["a,", ",c", "ac", "b,a", "a,,c"], id="a separator stands between those present",
    ),
    pytest.param(
        grammar(seq(Repetition(A, 2, 3), B, separator=COMMA)), ["a,a,b", "a,a,a,b"], ["a,b", "aa,b", "a,a"],
        id="a separator stands between iterations",
    ),
    pytest.param(
        grammar(seq(seq(A, B), Repetition(C), separator=COMMA)), ["ab", "ab,c,c"], ["a,b", "abc"],
        id="a sequence in a separated one is one item",
    ),
    pytest.param(grammar(seq(OPEN, seq(Repetition(NAME, 0, 3), separator=COMMA), CLOSE), WS),
                 ["()", "( a , bc )", "(a,b,c)"], ["(,)", "(a,b,c,d)", "(a b)"], id="a bounded list with blanks"),
]  # fmt: skip

PERMUTATIONS = [
    pytest.param(grammar(Permutation((A, B, C))), ["abc", "cab"], ["ab", "aabc", ""], id="all of them"),
    pytest.param(
        grammar(Permutation((A, maybe(B), Repetition(C)), COMMA)), ["a", "b,a", "c,c,a,c"], ["", "b", "a,b,b", "a,a"],
        id="some optional, one without bound",
    ),
    pytest.param(grammar(Permutation(())), [""], ["a"], id="none"),
    pytest.param(grammar(Permutation((A, A), COMMA)), ["a,a"], ["a", "a,a,a"], id="a member that is there twice"),
    pytest.param(
        grammar(Permutation((word("ab"), word("a"), word("b")), COMMA)), ["a,b,ab", "ab,b,a"], ["a,b", "a,b,b"],
        id="members with a common beginning",
    ),
    pytest.param(
        grammar(seq(OPEN, Permutation((A, maybe(one_of(B, START))), COMMA), CLOSE)), ["(a)", "((a,b),a)", "(a,(a))"],
        ["(b)", "((a),b,a)", "((b),a)"], id="nested in itself",
    ),
    pytest.param(
        grammar(seq(Permutation((A, B)), Permutation((A, B)))), ["abab", "abba", "baba"], ["aabb"], id="side by side"
    ),
]  # fmt: skip

LEXING = [
    pytest.param(
        grammar(Repetition(one_of(word("if", 1), seq(NAME, word("="))), 1), WS), ["if", "if x=", "iffy=", "ifif="],
        ["if=", "x", "if x"], id="a keyword goes before a name, an iffy name does not",
    ),
    pytest.param(
        grammar(one_of(seq(word("if", -1), A), seq(NAME, word("=")))), ["if="], ["ifa", "ifa "],
        id="a name goes before a keyword of lower priority",
    ),
    pytest.param(
        grammar(one_of(seq(word("if"), word("(")), seq(NAME, word("=")))), ["if=", "if(", "x="], ["x(", "if"],
        id="equal priorities are read both ways",
    ),
    pytest.param(grammar(seq(AS, B)), ["ab", "aab"], ["b", "a"], id="the longest match"),
    pytest.param(grammar(seq(AS, A)), [], ["a", "aa", "aaa"], id="the longest match leaves nothing"),
    pytest.param(grammar(seq(AS, maybe(A))), ["a", "aa"], [""], id="the longest match, and nothing more needed"),
    pytest.param(
        grammar(one_of(seq(AS, B), seq(word("aa"), C))), ["ab", "aab", "aac"], ["ac", "aaac"],
        id="a shorter terminal is dropped when a longer one goes on",
    ),
    pytest.param(
        grammar(seq(Terminal("N", concat(repeat(DIGIT, 1), optional(concat(Literal("."), repeat(DIGIT, 1))))),
                    maybe(word(".")))),
        ["1", "1.5", "12.75"], ["1.", "1.5.5", "."], id="no way back to a shorter match",
    ),
    pytest.param(
        grammar(seq(NAME, NAME), WS), ["a b", "ab\n cd "], ["ab", "a b c"], id="blanks part names",
    ),
    pytest.param(
        grammar(seq(A, B), WS, Terminal("COMMENT", Literal("#") + repeat(invert(charset("\n"))))),
        ["ab", " a b ", "#x\na#b\nb#c", "a#\nb"], ["a#b", "ba"], id="comments",
    ),
    pytest.param(grammar(seq(A, maybe(Terminal("W", Literal("  "))), B), WS), ["ab", "a b", "a  b"], ["a   c"],
                 id="an ignored terminal beside one that is not"),
    pytest.param(
        grammar(seq(word('"'), Terminal("S", repeat(invert(charset('"')), 1)), word('"')), WS), ['"a b"', ' " x" '],
        ['"a', '""'], id="inside a string a blank is read both ways, and the longest match decides",
    ),
    pytest.param(grammar(one_of(Terminal("E", repeat(charset("a"))), B)), ["a", "aaa", "b"], [""],
                 id="a terminal is not empty, whatever it denotes"),
    pytest.param(grammar(seq(Terminal("ALL", ANY_TEXT), maybe(A))), ["a", "é", "xya"], [""], id="a terminal of all"),
    pytest.param(
        grammar(Repetition(Terminal("C", ANY_CHAR), 2, 2)), ["ab", "é😀"], ["a", "abc"], id="a terminal per character"
    ),
    pytest.param(
        grammar(Repetition(one_of(word("é"), word("è")), 1)), ["é", "éèé"], ["e", "ê"],
        id="terminals that share a byte",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("grammar", "accepted", "rejected"), [*RECURSION, *REPETITIONS, *PERMUTATIONS, *LEXING]
)
def test_texts(grammar: Grammar, accepted: list[str], rejected: list[str]) -> None:
    oracle = Oracle(grammar)
    assert [text for text in accepted if not oracle.accepts(text.encode())] == []
    assert [text for text in rejected if oracle.accepts(text.encode())] == []
    check_accepts(grammar, accepted, rejected)


ESCAPED = union(invert(charset((0, 0x1F), '"\\')), Literal("\\") + charset('"\\/bfnrt'))
STRING = Terminal("STRING", concat(Literal('"'), repeat(ESCAPED), Literal('"')))
NUMBER = Terminal(
    "NUMBER",
    concat(
        optional(Literal("-")),
        union(Literal("0"), charset((0x31, 0x39)) + repeat(DIGIT)),
        optional(Literal(".") + repeat(DIGIT, 1)),
    ),
)
JSON = grammar(
    one_of(
        STRING, NUMBER, word("true"), word("false"), word("null"), Reference("array"), Reference("object")
    ),
    Terminal("WS", repeat(charset(" \t\r\n"), 1)),
    array=seq(word("["), seq(Repetition(START), separator=COMMA), word("]")),
    object=seq(word("{"), seq(Repetition(seq(STRING, word(":"), START)), separator=COMMA), word("}")),
)


def test_json_by_hand() -> None:
    check_accepts(
        JSON,
        ['{"a": [1, -2.50, true, null, "é\\n\\"😀"], "": {}}', " 0 ", "[[],[[]]]", '""'],
        ['{"a" 1}', "[1,]", "01", "1.", '"\n"', "tru", "{a: 1}", "[1 2]", "", '{"a":1,}', "[]]"],
    )


def test_where_tokens_are_allowed_in_json() -> None:
    check_trace(
        JSON,
        '✗<eos>·✗]·{"·✗\n·born":· 17·✗ January·✗"·✗ "·5·✗<eos>·✗]·, ·✗}·✗17·"·\\·✗x·"·\\xC3·✗"·\\xA9·": ['
        "·true·✗r·]}·✗,·<eos>",
    )


def test_a_token_may_span_terminals() -> None:
    check_trace(JSON, '[{"a":·✗}]·✗,·[{·}]·✗}}·}·✗]]·]·✗]·<eos>')


def test_a_token_may_span_what_is_ignored() -> None:
    check_trace(grammar(seq(A, B, C), WS), " a ·✗ c· b  c ·✗c·<eos>")


def test_a_priority_decides_inside_a_token() -> None:
    rules = grammar(Repetition(one_of(seq(word("if", 1), A), seq(NAME, word("=")))), WS)
    check_trace(rules, "✗if=·iff=·if·✗=·✗ =· a·<eos>")


def test_special_tokens_part_a_text() -> None:
    call = seq(SpecialToken("<|call|>"), NAME, SpecialToken("<|end|>"))
    rules = grammar(seq(Repetition(one_of(call, INT)), maybe(B)), WS)
    check_trace(
        rules,
        "✗<|end|>·12·<|call|>·✗<eos>·✗1·foo·✗<|call|>·<|end|>·34·✗c· ·<|call|>·bar·<|end|>·b·✗1·<eos>",
    )


def test_counts_are_kept_apart_in_nested_lists() -> None:
    rules = grammar(seq(OPEN, seq(Repetition(one_of(A, START), 1, 2), separator=COMMA), CLOSE))
    check_trace(rules, "(·✗)·(·a,·✗)·a·✗,·✗,a·),·✗)·a·✗,·✗)a·)·✗)·<eos>")
