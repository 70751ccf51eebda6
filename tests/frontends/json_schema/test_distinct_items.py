"""`uniqueItems` over items of any kind, judged by jsonschema over all texts of small schemas."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import jsonschema
import laws
import pytest

from structgen.errors import EmptyLanguageError, InvalidGrammarError, UnsupportedSchemaError
from structgen.frontends.json_schema import json_schema
from structgen.grammar.expressions import Literal
from structgen.grammar.rules import Grammar, Terminal, check
from structgen.language.sampling import sample
from structgen.matcher import CompiledGrammar, Matcher, compile_grammar
from structgen.vocabulary import Vocabulary

BOOLEAN = {"type": "boolean"}
MOST_TEXTS = 1_500


class _TooMany(Exception):
    """A schema with more texts than a test looks at."""


def objects(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def vocabulary(texts: list[bytes]) -> Vocabulary:
    tokens: list[bytes | None] = [bytes([byte]) for byte in range(256)]
    tokens += sorted({text for text in texts if len(text) > 1})
    return Vocabulary([*tokens, None], special_tokens={"<end>": len(tokens)}, eos_token_ids=[len(tokens)])


def without_unique(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: without_unique(one) for name, one in schema.items() if name != "uniqueItems"}
    return [without_unique(one) for one in schema] if isinstance(schema, list) else schema


def all_texts(schema: Any, **options: Any) -> list[bytes]:
    """Every text of the mask, byte by byte."""
    grammar = compile_grammar(json_schema(schema, **options).grammar, vocabulary([]))
    found, stack = [], [(Matcher(grammar), b"")]
    while stack:
        matcher, text = stack.pop()
        for byte in laws.allowed(matcher):
            if byte == 256:
                found.append(text)
                continue
            following = matcher.fork()
            following.advance(byte)
            stack.append((following, text + bytes([byte])))
        if len(found) > MOST_TEXTS or len(stack) > MOST_TEXTS:
            raise _TooMany
    return found


def check_masks(schema: Any, random: Random, **options: Any) -> None:
    """The texts are those that jsonschema accepts, and each mask has the tokens with which one of them goes on."""
    texts = all_texts(without_unique(schema), **options)
    valid = jsonschema.Draft202012Validator(schema)
    left = [text for text in texts if valid.is_valid(json.loads(text))]
    assert sorted(all_texts(schema, **options)) == sorted(left), schema
    pieces = [
        text[start : start + random.randint(2, 12)] for text in left for start in range(0, len(text), 3)
    ]
    words = vocabulary(random.sample(pieces, min(len(pieces), 60)))
    grammar = compile_grammar(json_schema(schema, **options).grammar, words)
    for _ in range(8):
        _check_walk(grammar, left, random)
    laws.text_is_finished_in_time(grammar, random, budget=random.randint(1, 60), runs_out=False)


def _check_walk(grammar: CompiledGrammar, left: list[bytes], random: Random) -> None:
    words = grammar.vocabulary
    (end,) = words.eos_token_ids
    matcher, text = Matcher(grammar), b""
    while True:
        following = [one[len(text) :] for one in left if one.startswith(text)]
        expected = {
            number
            for number, token in enumerate(words.tokens)
            if token and number != end and any(one.startswith(token) for one in following)
        } | ({end} if b"" in following else set())
        assert laws.allowed(matcher) == expected, text
        going_on = sorted(expected - {end})
        if not going_on or (end in expected and random.random() < 0.3):
            return
        token = random.choice(going_on)
        matcher.advance(token)
        text += words[token]


@pytest.mark.parametrize(
    "items",
    [
        pytest.param(objects(a=BOOLEAN, b={"enum": [1, 2]}), id="objects"),
        pytest.param(
            {"properties": {"a": BOOLEAN, "b": {"enum": ["x", "xy"]}}, "type": "object"}, id="members missing"
        ),
        pytest.param({"type": "array", "items": BOOLEAN, "maxItems": 2}, id="arrays"),
        pytest.param(
            objects(a={"type": "array", "items": {"enum": [1, 12]}, "maxItems": 2}), id="numbers that go on"
        ),
        pytest.param({"anyOf": [objects(a=BOOLEAN), {"enum": [1, "1", None]}]}, id="mixed"),
        pytest.param(
            {"type": "array", "items": objects(a=BOOLEAN), "maxItems": 2, "uniqueItems": True}, id="nested"
        ),
    ],
)
@pytest.mark.parametrize("least", [0, 2])
def test_masks_beside_all_texts(items: dict[str, Any], least: int) -> None:
    schema = {"type": "array", "uniqueItems": True, "items": items, "maxItems": 2, "minItems": least}
    check_masks(schema, Random(0), whitespace="compact", closed=True)
    check_masks(schema, Random(1), whitespace="compact", closed=True, property_order="any")


def test_items_that_begin_and_end_in_one_token() -> None:
    """The array is opened in it, too; where blanks may follow the bracket, only the token says that none do."""
    schema = {
        "type": "array",
        "uniqueItems": True,
        "items": {"enum": [None, {}]},
        "contains": {"const": None},
    }
    grammar = compile_grammar(json_schema(schema).grammar, vocabulary([b"null,", b"null]", b"[null", b"{},"]))
    for seed in range(20):
        laws.text_is_finished_in_time(grammar, Random(seed), budget=30, runs_out=False)
    matcher = Matcher(grammar)
    for byte in b"[null, {}":
        matcher.advance(byte)
    assert {chr(byte) for byte in laws.allowed(matcher)} == {" ", "\n", "]"}


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(
            {
                "type": "array",
                "uniqueItems": True,
                "items": objects(a=BOOLEAN),
                "contains": objects(a={"const": True}),
                "maxItems": 2,
            },
            id="contains",
        ),
        pytest.param(
            {
                "type": "array",
                "uniqueItems": True,
                "prefixItems": [objects(a=BOOLEAN)],
                "items": objects(a={"enum": [True, None]}),
                "maxItems": 3,
            },
            id="prefixItems",
        ),
        pytest.param(
            {
                "anyOf": [
                    {
                        "type": "array",
                        "uniqueItems": True,
                        "items": objects(a={"enum": [1, 2]}),
                        "maxItems": 2,
                    },
                    {"type": "array", "items": objects(a={"const": 1}), "maxItems": 3},
                ]
            },
            id="beside an array whose items need not differ",
        ),
        pytest.param(
            objects(
                x={"type": "array", "uniqueItems": True, "items": objects(a=BOOLEAN), "maxItems": 2},
                y={"type": "array", "uniqueItems": True, "items": objects(a=BOOLEAN), "maxItems": 2},
            ),
            id="two arrays",
        ),
    ],
)
def test_beside_other_keywords(schema: dict[str, Any]) -> None:
    check_masks(schema, Random(0), whitespace="compact")


def _value(random: Random, levels: int) -> Any:
    kind = random.random() if levels else 0.0
    if kind < 0.35:
        return random.choice(
            [BOOLEAN, {"enum": [1, 2]}, {"enum": ["x", "xy"]}, {"const": None}, {"enum": [1, 12, "1"]}]
        )
    if kind < 0.7:
        names = random.sample(["a", "b", "ab"], random.randint(1, 2))
        found = objects(**{name: _value(random, levels - 1) for name in names})
        found["required"] = [name for name in names if random.random() < 0.6]
        return found
    if kind < 0.85:
        return _array(random, levels, unique=random.random() < 0.4)
    return {"anyOf": [_value(random, levels - 1), _value(random, levels - 1)]}


def _array(random: Random, levels: int, *, unique: bool) -> dict[str, Any]:
    most = random.randint(1, 3)
    found: dict[str, Any] = {
        "type": "array",
        "items": _value(random, levels - 1),
        "maxItems": most,
        "uniqueItems": unique,
    }
    if random.random() < 0.25:
        found["prefixItems"] = [_value(random, levels - 1)]
    if random.random() < 0.4:
        found["minItems"] = random.randint(0, most)
    if random.random() < 0.12:
        found["contains"] = _value(random, levels - 1)
    return found


@pytest.mark.parametrize("seed", range(24))
def test_masks_of_random_schemas(seed: int) -> None:
    """Two that have few enough texts."""
    random = Random(seed)
    checked = 0
    while checked < 2:
        schema = _array(random, 3, unique=True)
        order = random.choice(["schema", "any"])
        try:
            check_masks(schema, random, whitespace="compact", property_order=order)
        except (UnsupportedSchemaError, EmptyLanguageError, _TooMany):
            continue
        checked += 1


@pytest.mark.parametrize(
    ("first", "same"),
    [
        ("1", "1.0"),
        ("1", "1e0"),
        ("100", "1E+2"),
        ("0", "-0.0"),
        ("0.1", "1e-1"),
        ("1e400", "10e399"),
        ("12345678901234567890", "12345678901234567890.0e0"),
        ('"a"', r'"\u0061"'),
        ('"/"', r'"\/"'),
        ('"😀"', r'"\ud83d\uDE00"'),
        ("[1, [2]]", "[1.0,[2e0]]"),
        ('{"a": 1, "b": [true]}', '{"b":[true],"a":1.0}'),
        ('{"a": {"x": null, "y": "z"}}', r'{ "\u0061" : {"y":"\u007a","x":null} }'),
    ],
)
def test_equal_values_have_many_texts(first: str, same: str) -> None:
    constraint = json_schema({"uniqueItems": True}, exact=True)
    grammar = constraint._compiled
    # Integers beyond 2**53 are exact, and no double is equal to that one.
    equal = json.loads(first) == json.loads(same)
    for text in (f"[{first}, {same}]", f"[{same} ,{first}]", f'{{"a": [{first}, [], {same}]}}'):
        assert grammar.accepts(text) is not (equal and text[0] == "["), text
    assert grammar.accepts(f"[{first}, [{same}]]")


@pytest.mark.parametrize(
    "text",
    [
        "[1, true]",
        "[0, false]",
        '["1", 1]',
        "[[], {}]",
        "[[1], [1, 1]]",
        '[{"a": 1}, {"a": 1, "b": 1}]',
        '[{"a": 1}, {"b": 1}]',
        '["a", "A"]',
        "[9007199254740993, 9007199254740992.0]",
        "[null]",
        "[]",
    ],
)
def test_values_that_differ(text: str) -> None:
    assert json_schema({"uniqueItems": True}, exact=True)._compiled.accepts(text)


def test_undeclared_members_in_any_order() -> None:
    grammar = json_schema({"type": "array", "uniqueItems": True, "items": {"type": "object"}})._compiled
    assert grammar.accepts('[{"x": 1, "y": 2}, {"y": 2}, {"x": 1}]')
    assert not grammar.accepts('[{"x": 1, "y": 2}, {"y": 2, "x": 1}]')


def test_items_end_where_none_is_left() -> None:
    grammar = json_schema(
        {"type": "array", "uniqueItems": True, "items": objects(a=BOOLEAN)}, whitespace="compact"
    )._compiled
    assert grammar.accepts('[{"a":true},{"a":false}]')
    assert not grammar.accepts('[{"a":true},{"a":false},')
    matcher = Matcher(grammar)
    for byte in b'[{"a":true},{"a":false}':
        matcher.advance(byte)
    assert {chr(byte) for byte in laws.allowed(matcher)} == {"]"}


def test_what_could_run_out_is_refused() -> None:
    with pytest.raises(UnsupportedSchemaError, match="fewer distinct items") as caught:
        json_schema({"type": "array", "uniqueItems": True, "items": objects(a=BOOLEAN), "minItems": 3})
    assert [problem.pointer for problem in caught.value.problems] == ["#/uniqueItems"]
    json_schema({"type": "array", "uniqueItems": True, "items": objects(a=BOOLEAN), "minItems": 2})


def test_many_items_are_told_apart() -> None:
    grammar = json_schema(
        {"type": "array", "uniqueItems": True, "items": objects(id={"type": "integer"})}
    )._compiled
    items = [{"id": number} for number in range(150)]
    assert grammar.accepts(json.dumps(items))
    assert not grammar.accepts(json.dumps([*items, {"id": 7}]))


def test_deep_items_are_a_limit() -> None:
    grammar = json_schema({"uniqueItems": True}, exact=True)._compiled
    deep = "[" * 1500 + "]" * 1500
    assert grammar.accepts(f"[{deep}, 1]")


def test_samples_differ() -> None:
    schema = {"type": "array", "uniqueItems": True, "items": objects(a={"enum": [1, 2, 3]}), "minItems": 2}
    grammar = json_schema(schema).grammar
    for seed in range(50):
        assert jsonschema.Draft202012Validator(schema).is_valid(json.loads(sample(grammar, Random(seed))))


def test_a_dynamic_lexer_tells_no_items_apart() -> None:
    grammar = Grammar({"start": Terminal("[", Literal("["), effect="open items")}, lexer="dynamic")
    with pytest.raises(InvalidGrammarError, match="dynamic"):
        check(grammar)


@pytest.mark.parametrize(
    ("items", "text"),
    [
        pytest.param({"type": "object"}, '[{}, {\n \t "a": 1}]', id="blanks before a name"),
        pytest.param(
            objects(id={"type": "integer", "minimum": 10_000}),
            '[{"id":10000}, {"id":10001}]',
            id="long numbers",
        ),
        pytest.param(
            objects(a={"type": "string", "minLength": 45}),
            json.dumps([{"a": "x" * 45}, {"a": "x" * 46}]),
            id="long strings",
        ),
    ],
)
def test_ways_out_are_found_soon(items: dict[str, Any], text: str) -> None:
    """Every mask on the way, and a completion from each place."""
    grammar = json_schema({"type": "array", "uniqueItems": True, "items": items})._compiled
    matcher = Matcher(grammar)
    for byte in text.encode():
        assert byte in laws.allowed(matcher)
        assert matcher.shortest_completion().text is not None
        matcher.advance(byte)
    assert matcher.can_stop


def test_escapes_that_begin_alike_are_told_apart() -> None:
    """All characters whose code begins with 006 are there already; of those with 004 some are not."""
    grammar = json_schema(
        {
            "type": "array",
            "uniqueItems": True,
            "items": objects(a={"type": "string", "minLength": 1, "maxLength": 1}),
        }
    )._compiled
    start = json.dumps([{"a": chr(code)} for code in range(0x60, 0x70)])[:-1] + ', {"a": "\\u00'
    matcher = Matcher(grammar)
    for byte in start.encode():
        matcher.advance(byte)
    allowed = {chr(byte) for byte in laws.allowed(matcher)}
    assert "4" in allowed
    assert "6" not in allowed


@pytest.mark.parametrize(
    "items",
    [
        pytest.param(
            {
                **objects(a={"type": ["integer", "null"]}),
                "not": {"additionalProperties": {"type": "integer"}},
            },
            id="a member that must exist",
        ),
        pytest.param(
            {
                "type": "object",
                "required": ["a"],
                "properties": {
                    "a": {"type": "integer", "minimum": 0},
                    **{name: {"const": 1} for name in "bcd"},
                },
                "additionalProperties": False,
                "maxProperties": 1,
                "allOf": [
                    {"anyOf": [{"properties": {"a": {"maximum": 0}}}, {"required": [name]}]} for name in "bcd"
                ],
            },
            id="left open",
        ),
        pytest.param(objects(a={"enum": ["\ud800", "x"]}), id="a value that no text has"),
        pytest.param(
            {"anyOf": [objects(a={"type": "string"}, b=False), objects(a={"const": 1})]}, id="no value at all"
        ),
    ],
)
def test_values_are_not_counted_twice(items: dict[str, Any]) -> None:
    """No value is left for a second item: the schema is refused, not a text that cannot be finished."""
    with pytest.raises((UnsupportedSchemaError, EmptyLanguageError)):
        json_schema({"type": "array", "uniqueItems": True, "minItems": 2, "items": items})


@pytest.mark.parametrize("budget", [42, 60, 120, 400])
def test_budgets_where_more_items_must_follow(budget: int) -> None:
    words = [b'{"', b'": ', b'}, {"', b'"}', b"abc", b"1234", b'"s": "']
    for items in ({"type": "object"}, objects(s={"type": "string"}, n={"type": "integer"})):
        schema = {"type": "array", "uniqueItems": True, "minItems": 3, "items": items}
        grammar = compile_grammar(json_schema(schema).grammar, vocabulary(words))
        for seed in range(3):
            laws.text_is_finished_in_time(grammar, Random(seed), budget=budget, runs_out=False)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (f"0.{'0' * 400}1", "0", True),
        (f"0.{'0' * 400}1", "1e400", False),
        (f"1{'0' * 400}.0", "1e400", True),
        ("1e300", "10e299", True),
        ("-1e400", "1e400", False),
    ],
)
def test_numbers_that_no_double_reaches(one: str, other: str, equal: bool) -> None:
    grammar = json_schema({"uniqueItems": True}, exact=True)._compiled
    assert grammar.accepts(f"[{one}, {other}]") is not equal
