"""Everything that Lark's language of grammars has, against Lark; and what structgen adds to it."""

from __future__ import annotations

import re
from pathlib import Path

import lark as lark_library
import pytest
from traces import check_accepts, check_trace

import structgen
from structgen.errors import EmptyLanguageError, InvalidLarkError, InvalidText
from structgen.frontends.lark.first_match import collisions, programs
from structgen.frontends.lark.first_match.adjacency import Adjacency, Edges
from structgen.grammar.expressions import Literal, charset, repeat
from structgen.grammar.rules import Choice, Reference, RuleExpression, SpecialToken, Terminal

FEATURES = {
    "aliases and prefixes": (
        '?start: _a -> one | b\n_a: "a"\n!b: "b" "c"\n',
        ["a", "bc"],
        ["", "ab"],
    ),
    "templates of templates": (
        'start: list{pair{K, V}}\nlist{x}: "[" x ("," x)* "]"\npair{a, b}: a ":" b\nK: "k"\nV: /[0-9]/\n',
        ["[k:1]", "[k:1,k:2]"],
        ["[]", "[k]"],
    ),
    "priorities": ('start: A | B "!"\nA.2: "x"\nB: /x/\n', ["x"], ["x!"]),
    "counted repetitions": ('start: "a"~2..4 "b"~3 ["c"]\n', ["aabbb", "aaaabbbc"], ["abbb", "aabb"]),
    "a repetition that is counted far": ('start: "a"~60..80\n', ["a" * 60, "a" * 80], ["a" * 59, "a" * 81]),
    "ranges and cases": ('start: "a".."f" "Ok"i /[x-z]/i\n', ["aokX", "fOKz"], ["gokx", "aoka"]),
    "flags of patterns": ("start: A\nA: /a.b/s | /x y/x\n", ["a\nb", "xy"], ["x y"]),
    "strings in patterns": (
        'start: "if" NAME | NAME "=" NAME\nNAME: /[a-z]+/\n%ignore " "\n',
        ["if x", "iff = x", "a=if x".replace("if x", "b")],
        ["if", "ifx", "if = x"],
    ),
    "nullable rules": ('start: a b c\na: "a"?\nb: a a\nc: "c" | \n', ["", "a", "aac"], ["cc", "aaaa"]),
    "left and right recursion": ('start: l r\nl: l "a" | "a"\nr: "b" r | "b"\n', ["ab", "aabb"], ["ba"]),
    "hidden left recursion": (
        'start: n start "x" | "y"\nn: "n"?\n',
        ["y", "yx", "nyx", "nnyxx"],
        ["x", "ny"],
    ),
    "ambiguity": ('start: start start | "a" | "aa"\n', ["a", "aa", "aaaa"], ["", "b"]),
    "ignored text": (
        'start: WORD+\n%import common (WORD, WS)\n%ignore WS\n%ignore /#[^\\n]*/\n',
        ["a b", " a # c\n b "],
        ["#", "a!"],
    ),
    "extend": ('start: D\nD: "1"\n%extend D: "2"\n', ["1", "2"], ["3"]),
    "override": (
        'start: NUMBER\n%import common.NUMBER\n%override NUMBER: "#" /[0-9]/\n',
        ["#1"],
        ["1"],
    ),
    "a word that ends at its border": (
        'start: AND NAME | NAME\nAND: /and\\b/\nNAME: /(?!and\\b)[a-z]+/\n%ignore " "\n',
        ["and x", "andy", "x"],
        ["and", "and and"],
    ),
    "the first option of a pattern": ('start: A B\nA: /a|ab/\nB: /b?c/\n', ["ac", "abc"], ["abb"]),
    "lazy quantifiers": ('start: S+\nS: /<.*?>/\n', ["<a>", "<a><b>"], ["<a", "a>"]),
    "lookbehind": (
        'start: ESCAPED_STRING\n%import common.ESCAPED_STRING\n',
        ['"a"', '"\\""', '"\\\\"'],
        ['"\\"', '"a'],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FEATURES)
def test_features_of_lark(name: str) -> None:
    grammar, accepted, rejected = FEATURES[name]
    check_accepts(structgen.lark(grammar), accepted, rejected)
    parser = lark_library.Lark(grammar, parser="earley")  # it reads more than LALR, never less
    for text in accepted:
        parser.parse(text)


@pytest.mark.parametrize(
    "name", [name for name in FEATURES if name not in ("priorities", "strings in patterns")]
)
def test_features_of_lark_with_its_dynamic_lexer(name: str) -> None:
    grammar, accepted, rejected = FEATURES[name]
    check_accepts(structgen.lark(grammar, lexer="dynamic"), accepted, rejected)


def test_a_dynamic_lexer_does_not_let_terminals_compete() -> None:
    grammar = 'start: "if" NAME | NAME "=" NAME\nNAME: /[a-z]+/\n%ignore " "\n'
    texts = ["ifx", "if = x", "if x", "x=if"]
    parser = lark_library.Lark(grammar, parser="earley")
    for text in texts:
        parser.parse(text)
    check_accepts(structgen.lark(grammar, lexer="dynamic"), texts, ["if"])
    check_accepts(structgen.lark(grammar), ["if x", "x=if"], ["ifx", "if = x"])


def test_a_dynamic_lexer_ends_a_terminal_where_its_own_pattern_does() -> None:
    grammar = 'start: A "b" | "aab" "c"\nA: /a+/\n'
    check_accepts(structgen.lark(grammar, lexer="dynamic"), ["ab", "aab", "aabc"], ["a", "aabb"])
    check_trace(structgen.lark('start: INT ".." INT | FLOAT\nINT: /[0-9]+/\nFLOAT: /[0-9]+\\.[0-9]+/\n',
                               lexer="dynamic"), "1·..·2·<eos>")  # fmt: skip


def test_relative_imports(tmp_path: Path) -> None:
    (tmp_path / "words.lark").write_text('word: LETTER+\nLETTER: "x" | "y"\n')
    (tmp_path / "main.lark").write_text('start: w "." N\n%import .words.word -> w\n%import more.N\n')
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "more.lark").write_text("N: /[0-9]/\n")
    constraint = structgen.lark(tmp_path / "main.lark", import_paths=[tmp_path / "lib"])
    check_accepts(constraint, ["xy.1"], ["z.1", "x."])
    assert isinstance(constraint.validate("xy.1"), lark_library.Tree)


def test_several_starts_of_one_grammar() -> None:
    grammar = 'one: "1" two?\ntwo: "2"\n'
    check_accepts(structgen.lark(grammar, start="one"), ["1", "12"], ["2"])
    check_accepts(structgen.lark(grammar, start="two"), ["2"], ["1"])


# What Lark does not have.

CALL = """
start: "call" NAME ARGUMENTS
%declare ARGUMENTS
NAME: /[a-z]+/
%ignore " "
"""


def test_a_terminal_may_be_a_json_schema() -> None:
    arguments = structgen.json_schema(
        {"type": "object", "properties": {"x": {"type": "integer"}}, "additionalProperties": False}
    )
    constraint = structgen.lark(CALL, terminals={"ARGUMENTS": arguments})
    check_accepts(constraint, ['call f {"x": 1}', "call f{}"], ['call f {"x": "1"}', "call f"])
    assert constraint.validate("call f {}") == "call f {}"


def test_a_terminal_may_be_a_special_token() -> None:
    constraint = structgen.lark(CALL, terminals={"ARGUMENTS": SpecialToken("<|end|>")})
    check_trace(constraint, "call· f·✗<eos>·<|end|>·✗ f·<eos>")


def test_a_terminal_may_be_an_expression() -> None:
    constraint = structgen.lark(CALL, terminals={"ARGUMENTS": repeat(charset("#"), 2, 3)})
    check_accepts(constraint, ["call f##", "call f ###"], ["call f#", "call f####"])


@pytest.mark.parametrize(
    ("formula", "accepted", "rejected"),
    [
        ("WORD & ~KEYWORD", ["abc", "iff"], ["if", "1"]),
        ("WORD & SHORT", ["a", "if"], ["abc"]),
        ("(KEYWORD | DIGIT) & SHORT", ["if", "7"], ["else", "a"]),
        ("~(WORD | DIGIT) & SHORT", ["A", "a1"], ["a", "1", "AAA"]),
    ],
)
def test_a_terminal_may_be_a_formula(formula: str, accepted: list[str], rejected: list[str]) -> None:
    grammar = (
        'start: T\n%declare T\nWORD: /[a-z]+/\nKEYWORD: "if" | "else"\nSHORT: /.{1,2}/\nDIGIT: /[0-9]/\n'
    )
    check_accepts(structgen.lark(grammar, terminals={"T": formula}), accepted, rejected)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("WORD &", "ends too early"),
        ("(WORD", "not closed"),
        ("WORD OTHER", "goes on with 'OTHER'"),
        ("OTHER", "no terminal"),
        ("WORD - X", "more than names"),
    ],
)
def test_a_formula_that_is_malformed(formula: str, message: str) -> None:
    with pytest.raises(InvalidLarkError, match=message) as caught:
        structgen.lark("start: T WORD\n%declare T\nWORD: /[a-z]+/\n", terminals={"T": formula})
    assert caught.value.line is not None


def test_a_terminal_that_nobody_declares_cannot_be_given() -> None:
    with pytest.raises(InvalidLarkError, match="A is given"):
        structgen.lark('start: A\nA: "a"\n', terminals={"A": "A"})
    with pytest.raises(InvalidLarkError, match="terminals="):
        structgen.lark(CALL)


# Ignored terminals that never end in front of something.


def test_a_comment_is_not_begun_where_no_line_may_end() -> None:
    grammar = 'start: ("a" "b" NL)+\nNL: /\\n/\n%ignore /#[^\\n]*/\n%ignore " "\n'
    constraint = structgen.lark(grammar)
    check_accepts(constraint, ["a b # c\n", "ab\na b\n#"], ["a # c\nb\n"])
    check_trace(constraint, "a·✗#· ·✗#·b· ·#· x·\n·#·<eos>")


def test_lone_surrogates_are_no_text() -> None:
    """`explain` says so as `validate` does."""
    constraint = structgen.lark('start: "a"\n')
    for ask in (constraint.validate, constraint.explain):
        with pytest.raises(InvalidText, match="surrogate") as caught:
            ask("a\ud800")
        str(caught.value).encode()  # a message can be printed
        assert caught.value.position == 1


def test_an_empty_language_has_a_place() -> None:
    with pytest.raises(EmptyLanguageError, match="never finishes") as caught:
        structgen.lark('start: x\nx: x "a"\n')
    assert caught.value.line == 1


def test_a_name_that_is_no_keyword() -> None:
    """It is read as `re` reads it: the keyword as a whole is none, what begins with it is."""
    constraint = structgen.lark(r"""
        start: (NAME | NUMBER | "if" NAME)+
        NAME: / {1,3}(?!(if|else)(?![a-z0-9_]))[a-z_][a-z0-9_]*/
        NUMBER: / [0-9]+/
    """)
    check_accepts(
        constraint,
        [" a", " iffy", " if_", " i", "if a", " a 1if   b"],
        [" if", " else", " a if", "    a", " 1a"],
    )


def test_lookaheads_without_number_are_an_error_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "MAX_WORK", 5_000)
    looks = "".join(f"(?=.*{letter}.*)" for letter in "abcdefgh")
    with pytest.raises(InvalidLarkError, match="too many states"):
        structgen.lark(f"start: A\nA: /{looks}.+/\n")


def test_terminals_without_number_are_an_error_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collisions, "MAX_COMPARED", 300)
    names = [f"T{i}" for i in range(30)]
    grammar = f"start: {' | '.join(names)}\n" + "".join(f"{name}: /k{name}[a-z]+/\n" for name in names)
    with pytest.raises(InvalidLarkError, match="begin alike"):
        structgen.lark(grammar)


@pytest.mark.parametrize(
    ("grammar", "message"),
    [
        pytest.param('start: A | A [A]\nA: "a"\n', "rules defined twice", id="twice"),
        pytest.param(
            'start: x~0..40 x~0..40 x~0..40\nx: "a" | "b" | "c"\n', "Lark would write", id="too many"
        ),
    ],
)
@pytest.mark.parametrize("lexer", ["contextual", "dynamic"])
def test_what_lark_refuses_is_refused_at_once(grammar: str, message: str, lexer: str) -> None:
    with pytest.raises(InvalidLarkError, match=message):
        structgen.lark(grammar, lexer=lexer)  # type: ignore[arg-type]


def test_a_long_chain_of_rules_is_no_template() -> None:
    def chain(length: int) -> str:
        return "".join(f'r{i}: "a" r{i + 1}\n' for i in range(length)) + f'r{length}: "b"\nstart: r0\n'

    assert structgen.lark(chain(200))._compiled.accepts("a" * 200 + "b")
    with pytest.raises(InvalidLarkError, match="more than 10,000 rules and terminals"):
        structgen.lark(chain(20_000))


def test_rules_of_many_alternatives_are_looked_at_once() -> None:
    """Each rule after those that it needs: a rule is not visited again for each of its alternatives."""
    count = 500
    rules = {f"r{i}": Terminal(f"T{i}", Literal(f"t{i}")) for i in range(count)}
    rules["start"] = Choice(tuple(map(Reference, rules)))
    visited: list[object] = []

    class Counted(Adjacency):
        def edges(self, body: RuleExpression) -> Edges:
            visited.append(body)
            return super().edges(body)

    adjacency = Counted(rules, "start")
    assert len([*adjacency.named(adjacency.first)]) == count
    assert len(visited) <= 4 * count


CYCLIC = """
start: (r2)+ T2 T2 T1 |
?r0.2: "," r0 T1 T2
r1: (T1)~2
?r2.2: r1 r1 | r2 [r0] (["/*"] | (r1)~2)
T0: /[é-ü]/i
T1.3: /a|ab/
T2: /\\d+(\\.\\d+)?/
%ignore "/*" /.*?/ "*/"
"""


def test_lark_s_parser_is_not_waited_for_without_end() -> None:
    """It ends an empty rule again and again before a token that it never reads."""
    with pytest.raises(InvalidText):
        structgen.lark(CYCLIC).validate("aaaa11a")


@pytest.mark.parametrize("pattern", ["(a?){2,300}b", "(a?)+b", "c(?:(?:ab)?){3,40}", "x(?:a?){0,5}"])
def test_repetitions_of_what_is_optional(pattern: str) -> None:
    """As many as `re` takes, which are no more than the greedy ones."""
    constraint = structgen.lark(f"start: T\nT: /{pattern}/\n")
    for text in [
        "b",
        "ab",
        "aab",
        "a" * 300 + "b",
        "a" * 301 + "b",
        "c" + "ab" * 3,
        "c" + "ab" * 40,
        "c" + "ab" * 41,
        "x",
        "xaaaaa",
        "xaaaaaa",
    ]:
        assert constraint._compiled.accepts(text) == bool(re.fullmatch(pattern, text)), text


@pytest.mark.parametrize(
    "grammar",
    [
        pytest.param('start: "1" | "2" T0 "ab"\nT0: /if\\b/\n', id="a boundary at its end"),
        pytest.param('start: T0? T1\nT0: /if\\b/\nT1: "ab"\n', id="which may be missing"),
        pytest.param('start: T0 "b"\nT0: /a(?!b)/\n', id="a lookahead at its end"),
        pytest.param("start: T1 T1\nT1: /(?!if)[a-z]+/\n", id="a lookahead at its start"),
        pytest.param('start: "x" | T1 T1\nT1: /[a-z]+/\n', id="read in another way elsewhere"),
    ],
)
@pytest.mark.parametrize("lexer", ["contextual", "dynamic"])
def test_a_terminal_that_nothing_may_follow_is_an_error(grammar: str, lexer: str) -> None:
    with pytest.raises(InvalidLarkError, match="with nothing between"):
        structgen.lark(grammar, lexer=lexer)  # type: ignore[arg-type]


@pytest.mark.parametrize("after", ['" ab"', "/a| b/"])
def test_a_terminal_that_something_may_follow_is_none(after: str) -> None:
    assert structgen.lark(f"start: T0 T1\nT0: /if\\b/\nT1: {after}\n")._compiled.accepts(
        "if" + (" ab" if '"' in after else " b")
    )
