"""Schemas that nobody writes in good faith: each compiles, or is refused by an error that says where.

Every keyword with values of every kind, bounds that no text reaches, nesting and loops of references without end,
patterns that are malformed or explode, very many of everything.
"""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest

import structgen
from structgen.errors import (
    EmptyLanguageError,
    InvalidGrammarError,
    InvalidOptionError,
    InvalidSchemaError,
    LimitExceeded,
    StructgenError,
    UnsupportedSchemaError,
)
from structgen.frontends.json_schema.normalization.products import MOST_WORK, Products
from structgen.limits import Limits
from structgen.vocabulary import Vocabulary

BYTES = Vocabulary.of_bytes()
WORK = 20_000_000
"""Steps of the engine in one call: a tenth of what is allowed by default."""
COUNTS = (
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    *("minContains", "maxContains"),
)
NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
SCHEMAS = (
    *(
        "additionalItems",
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
    ),
    *("unevaluatedItems", "unevaluatedProperties"),
)
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
MAPS = ("dependencies", "dependentSchemas", "patternProperties", "properties")
OTHERS = (
    *(
        "pattern",
        "format",
        "$ref",
        "$id",
        "$schema",
        "$anchor",
        "$dynamicRef",
        "$recursiveRef",
        "title",
        "id",
    ),
    *(
        "type",
        "enum",
        "const",
        "required",
        "dependentRequired",
        "uniqueItems",
        "$defs",
        "default",
        "examples",
    ),
)
VALUES: list[Any] = [
    *(None, True, False, -1, 0, 3, 1.5, 2.0, 10**9, 10**30, 10**500, -(10**30), 1e308, 5e-324),
    *(float("inf"), float("nan"), "", "a", "\ud800", "(", "#", "#/nowhere", "http://[", "%"),
    *([], [None], [1], ["a", "a"], [[]], [{}], [True, False]),
    *({}, {"a": 1}, {"a": None}, {"a": {}}, {"(": {}}, {"a": ["b"]}, {"type": "nope"}, {1: 2}, b"x", {1, 2}),
]
_ARRAYS: list[dict[str, Any]] = [
    {"type": "array", "contains": {"type": "integer"}},
    {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
]
_OBJECTS: list[dict[str, Any]] = [
    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["b"]},
    {"type": "object", "patternProperties": {"^[abc]$": {}}, "additionalProperties": False},
]
_NUMBERS: list[dict[str, Any]] = [{"type": "integer", "minimum": 0, "maximum": 100}, {"type": "number"}]


def beside(keyword: str) -> list[dict[str, Any]]:
    """What a keyword may stand beside."""
    if keyword in NUMBERS:
        return [{}, *_NUMBERS]
    if keyword in ("minLength", "maxLength", "pattern", "format"):
        return [{}, {"type": "string"}]
    if "tem" in keyword or "ontain" in keyword:
        return [{}, *_ARRAYS]
    return [{}, *_OBJECTS] if "ropert" in keyword or keyword == "required" else [{}]


def outcome(schema: Any, **options: Any) -> StructgenError | None:
    """The error, if there is one, of compiling a schema and making its first mask, within a number of steps."""
    limits = Limits(work=WORK, milliseconds=60_000)
    try:
        structgen.json_schema(schema, limits=limits, **options).compile(BYTES).matcher().bitmask()
    except StructgenError as error:
        found = error
    else:
        return None
    assert getattr(found, "limit", None) != "milliseconds", "steps are bounded, and take no time to speak of"
    return found


@pytest.mark.timeout(60)
@pytest.mark.parametrize("keyword", [*COUNTS, *NUMBERS, *SCHEMAS, *LISTS, *MAPS, *OTHERS])
def test_any_value_of_a_keyword_compiles_or_is_refused_where_it_stands(keyword: str) -> None:
    for around in beside(keyword):
        for value in VALUES:
            schema = {"properties": {"x": {**around, keyword: value}}, "required": ["x"], "type": "object"}
            error = outcome(schema)
            if isinstance(error, InvalidSchemaError):
                assert error.pointer.startswith("#/properties/x"), (schema, error)
            elif isinstance(error, UnsupportedSchemaError):
                assert all(one.pointer.startswith("#/properties/x/") for one in error.problems), (
                    schema,
                    error,
                )
            else:
                assert error is None or isinstance(error, EmptyLanguageError), (schema, error)
                where = "#" if "ef" not in keyword else "(#|it requires a value inside itself)"
                assert error is None or re.match(f"no value satisfies the schema: {where}", str(error)), (
                    schema,
                    error,
                )


@pytest.mark.parametrize("keyword", ["minItems", "minLength", "minProperties"])
@pytest.mark.parametrize("count", [10**9, 10**30, 1e300])
def test_what_no_text_can_hold_is_refused_by_name(keyword: str, count: float) -> None:
    """Not as a schema that nothing satisfies."""
    kind = {"minItems": "array", "minLength": "string", "minProperties": "object"}[keyword]
    schema = {"type": kind, keyword: count}
    with pytest.raises(
        UnsupportedSchemaError, match=f"#/{keyword}   no text is that long: at most 100,000,000"
    ):
        structgen.json_schema(schema)
    lenient = structgen.json_schema(schema, strict=False)
    assert [problem.pointer for problem in lenient.unenforced] == [f"#/{keyword}"]
    beside = structgen.json_schema({"anyOf": [schema, {"type": "integer"}]})
    assert beside.is_valid("3")
    with pytest.raises(EmptyLanguageError, match=f"{keyword} .* is more than"):
        structgen.json_schema({**schema, keyword.replace("min", "max"): 2})


def test_counts_that_multiply_beyond_any_text_are_no_contradiction() -> None:
    rows = {"type": "array", "minItems": 50_000, "items": {"type": "array", "minItems": 50_000}}
    with pytest.raises(InvalidGrammarError, match="2500100002 characters or more") as caught:
        structgen.json_schema(rows).compile(BYTES)
    assert not isinstance(caught.value, EmptyLanguageError)
    with pytest.raises(InvalidGrammarError, match="3600000000 characters or more"):
        structgen.regex("(a{60000}){60000}").compile(BYTES)


@pytest.mark.parametrize(
    ("schema", "cause"),
    [
        pytest.param({"type": "array", "contains": {"type": "integer"}, "maxItems": 0},
                     "#/properties/x/contains: the items that must be there are not possible", id="contains"),
        pytest.param({"type": "array", "uniqueItems": True, "items": {"enum": [1, 2]}, "minItems": 3},
                     "#/properties/x: there are no 3 items that differ", id="unique items"),
        pytest.param({"type": "object", "propertyNames": {"pattern": "^[ab]$"}, "minProperties": 3},
                     "#/properties/x: the properties that must be there are not possible", id="names"),
        pytest.param({"type": "integer", "minimum": 0.2, "maximum": 0.7},
                     "#/properties/x: no number is between", id="numbers"),
        pytest.param({"$ref": "#/$defs/none"}, r"#/\$defs/none/enum: enum lists nothing", id="behind a reference"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("exact", [False, True])
def test_an_empty_schema_says_what_is_empty_inside(schema: dict[str, Any], cause: str, exact: bool) -> None:
    whole = {
        "type": "object",
        "properties": {"x": schema},
        "required": ["x"],
        "$defs": {"none": {"enum": []}},
    }
    if exact and "pattern" in str(schema):  # names may be written twice there, so three of two names can be
        assert structgen.json_schema(whole, exact=True).is_valid('{"x":{"a":1,"b":2,"a":3}}')
        return
    with pytest.raises(
        EmptyLanguageError, match=f"#/required: 'x' is required, and nothing is allowed there; {cause}"
    ):
        structgen.json_schema(whole, exact=exact)


def nested(depth: int, wrap: Any, leaf: Any = True) -> Any:
    for _ in range(depth):
        leaf = wrap(leaf)
    return leaf


DEEP = {
    "items": lambda one: {"type": "array", "items": one},
    "items that must be there": lambda one: {"type": "array", "items": one, "minItems": 1},
    "members": lambda one: {"type": "object", "properties": {"a": one}, "required": ["a"]},
    "patterns": lambda one: {"type": "object", "patternProperties": {"a": one}},
    "allOf": lambda one: {"allOf": [one, {"type": "integer"}]},
    "anyOf": lambda one: {"anyOf": [one, {"type": "string"}]},
    "oneOf": lambda one: {"oneOf": [one, {"type": "string"}]},
    "not": lambda one: {"not": one},
    "if": lambda one: {"if": one, "then": {"minimum": 3}},
    "names": lambda one: {"propertyNames": one},
    "dependentSchemas": lambda one: {"dependentSchemas": {"a": one}},
    "unevaluatedItems": lambda one: {"unevaluatedItems": one},
    "enum": lambda one: {"enum": [nested(10_000, lambda inner: [inner], 1)]} if one is True else one,
    "const": lambda one: {"const": nested(10_000, lambda inner: {"a": inner}, 1)} if one is True else one,
    "definitions": lambda one: {"$defs": {"a": one}},
}


@pytest.mark.parametrize("name", DEEP)
def test_nesting_compiles_or_is_too_deep(name: str) -> None:
    error = outcome(nested(10_000, DEEP[name]))
    assert error is None or isinstance(
        error, (InvalidSchemaError, InvalidGrammarError, UnsupportedSchemaError)
    )


def test_text_that_nests_is_too_deep() -> None:
    for text in ["[" * 200_000, '{"items":' * 100_000 + "true" + "}" * 100_000]:
        with pytest.raises(InvalidSchemaError):
            structgen.json_schema(text)


CIRCLE: dict[str, Any] = {"type": "object"}
CIRCLE["properties"] = {"a": CIRCLE}
LOOPS: dict[str, Any] = {
    "itself": {"$ref": "#"},
    "itself by an empty reference": {"type": "object", "properties": {"x": {"$ref": ""}}, "required": ["x"]},
    "two": {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
    "allOf": {"allOf": [{"$ref": "#"}]},
    "anyOf": {"anyOf": [{"$ref": "#"}, {"type": "string"}]},
    "oneOf": {"oneOf": [{"$ref": "#"}, {"type": "string"}]},
    "not": {"not": {"$ref": "#"}},
    "if": {"if": {"$ref": "#"}, "then": {"type": "string"}},
    "items": {"type": "array", "items": {"$ref": "#"}, "minItems": 1},
    "members": {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    "contains": {"type": "array", "contains": {"$ref": "#"}},
    "names": {"type": ["object", "string"], "propertyNames": {"$ref": "#"}},
    "unevaluated": {"type": "object", "unevaluatedProperties": {"$ref": "#"}},
    "inside not": {"type": "object", "properties": {"a": {"not": {"$ref": "#"}}}},
    "by $id": {"$id": "http://a/b", "$ref": "http://a/b"},
    "by $dynamicRef": {"$dynamicRef": "#x", "$dynamicAnchor": "x"},
    "of Python": CIRCLE,
    "of Python, in a value": {"const": CIRCLE},
}


@pytest.mark.parametrize("name", LOOPS)
def test_loops_compile_or_are_refused(name: str) -> None:
    outcome(LOOPS[name])
    outcome(LOOPS[name], exact=True)
    outcome(LOOPS[name], output="yaml")


PATTERNS = [
    *("(", "[", "[z-a]", "a**", r"\p{Nope}", "(?<n", r"\1(a)", "a{2,1}", "a{99999999999}", "a{1000000000}"),
    *(
        "(a+)+$",
        "^(a|a)*$",
        "(.*)*(.*)*x",
        "(a?){50}a{50}",
        "^(?=.*a)(?=.*b)(?=.*c)(?=.*d)(?=.*e)(?=.*f).{8,}$",
    ),
    *(
        "(.{0,1000}x){0,1000}",
        "((a{0,100}){0,100}){0,100}",
        ".{100000}",
        "[ab]*a[ab]{30}",
        "(?:a|b)*a(?:a|b){20}",
    ),
    *(
        "(?!.*(ab|ba).*).{50}",
        r"(?<=a{1000})b",
        "(?<=.*a.*b)c",
        "(^$)*" * 100,
        r"\b" * 1000,
        "(?=a)" * 1000 + "a",
    ),
    *("(" * 5000 + "a" + ")" * 5000, "|".join(f"w{number}x*" for number in range(3000)), "x" * 300_000),
]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern[:20])
@pytest.mark.timeout(30)
def test_patterns_compile_or_are_refused_by_name(pattern: str) -> None:
    for schema, pointer in [
        ({"type": "string", "pattern": pattern}, "#/pattern"),
        (
            {"type": "object", "patternProperties": {pattern: {}}, "additionalProperties": False},
            "#/patternProperties",
        ),
    ]:
        error = outcome(schema)
        if isinstance(error, UnsupportedSchemaError):
            assert error.problems[0].pointer == pointer
        elif isinstance(error, InvalidSchemaError):
            assert error.pointer == pointer
        else:
            assert error is None or isinstance(error, (EmptyLanguageError, LimitExceeded)), error


MANY: dict[str, Any] = {
    "members": {"properties": {f"p{number}": {"type": "integer"} for number in range(20_000)}},
    "members that must be there": {"required": [f"p{number}" for number in range(20_000)]},
    "patterns of names": {"patternProperties": {f"p{number}": {} for number in range(100)}},
    "members that are counted": {"properties": {f"p{n}": {} for n in range(5000)}, "minProperties": 2500},
    "values": {"enum": [f"v{number * 7919 % 100_003}" for number in range(50_000)]},
    "numbers": {"enum": list(range(50_000))},
    "a long value": {"enum": ["x" * 3_000_000]},
    "a long name": {"required": ["x" * 300_000]},
    "branches": {"anyOf": [{"type": "string", "pattern": f"^a{number}$"} for number in range(1000)]},
    "branches of numbers": {"oneOf": [{"type": "integer", "minimum": number} for number in range(300)]},
    "bounds": {"allOf": [{"minLength": number} for number in range(10_000)]},
    "choices that multiply": {
        "allOf": [{"anyOf": [{"required": [f"a{i}_{j}"]} for j in range(20)]} for i in range(20)]
    },
    "patterns that multiply": {
        "type": "string", "allOf": [{"anyOf": [{"pattern": f"{chr(97 + i)}{j}"} for j in range(9)]} for i in range(20)]
    },
    "divisors": {"type": "integer", "allOf": [{"multipleOf": number + 1} for number in range(1000)]},
    "forbidden divisors": {
        "type": "integer", "allOf": [{"not": {"multipleOf": n}} for n in (2, 3, 5, 7, 11, 13, 17, 19)]
    },
    "a chain of references": {
        "$ref": "#/$defs/0", "$defs": {str(n): {"$ref": f"#/$defs/{n + 1}"} for n in range(5000)} | {"5000": {}}
    },
    "dependencies": {"dependentRequired": {f"a{n}": [f"a{n * 7 % 1000}"] for n in range(1000)}},
    "items": {"type": "array", "prefixItems": [{"type": "integer"}] * 20_000},
    "items that must be there": {"prefixItems": [{"type": "integer"}] * 50_000, "minItems": 50_000},
    "items that are counted": {"contains": {"type": "integer"}, "minContains": 4000, "maxContains": 4500},
    "parts with members": {"allOf": [{"properties": {f"p{n}": {"type": "integer"}}} for n in range(5000)]},
    "too many dependencies": {"dependentRequired": {f"a{n}": ["b"] for n in range(20_000)}},
    "things to find": {"type": "array", "allOf": [{"contains": {"const": number}} for number in range(20)]},
    "negations": nested(51, lambda one: {"not": one}, {"properties": {"a": {"type": "integer"}}}),
    "explosions": {"type": "string", "allOf": [{"pattern": f"{one}.{{15}}b"} for one in "acegik"]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "exact"),
    [*[(name, False) for name in MANY], *[(name, True) for name in ("values", "numbers", "a long value")]],
)
@pytest.mark.timeout(30)
def test_very_many_compile_or_are_refused(name: str, exact: bool) -> None:
    error = outcome(MANY[name], exact=exact)
    if isinstance(error, UnsupportedSchemaError):
        assert all(re.match(r"#/\w", problem.pointer) for problem in error.problems)
    else:
        assert error is None or isinstance(error, (LimitExceeded, InvalidSchemaError, InvalidGrammarError)), (
            error
        )


@pytest.mark.parametrize(
    ("schema", "options"),
    [
        *[(schema, {}) for schema in ([], {1}, [{}], 5, 1.5, "", "[]", "5", '{"const": NaN}')],
        *[(schema, {}) for schema in (b"\xff", b"\xef\xbb\xbf{}")],
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_schema_is_an_error(schema: Any, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidSchemaError):
        structgen.json_schema(schema, **options)


@pytest.mark.parametrize(
    "options",
    [
        *[{"registry": registry} for registry in (5, {}, {"http://a/b": {}})],
        *[{"draft": draft} for draft in ("5", 7, "")],
        *[{name: "other"} for name in ("formats", "property_order", "output", "escapes")],
    ],
    ids=str,
)
def test_what_is_no_option_is_an_error(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError, match=next(iter(options))):
        structgen.json_schema({"$ref": "http://a/b"}, **options)


def test_floats_of_numpy_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    schema = {"minimum": numpy.float64(1.5), "multipleOf": numpy.float64(0.5)}
    assert structgen.json_schema(schema).is_valid("2.5")
    assert not structgen.json_schema(schema).is_valid("1.25")


def test_a_value_is_no_text() -> None:
    for text in ({"a": 1}, b"{}", None, 5):
        with pytest.raises(TypeError, match="expected a text"):
            structgen.json_schema({}).validate(text)  # type: ignore[arg-type]


# Chains of references that branch


def chain(length: int, link: Any, end: dict[str, Any]) -> dict[str, Any]:
    """Definitions of which each refers to the next one, by `link(index, reference)`."""
    definitions = {f"d{i}": link(i, {"$ref": f"#/$defs/d{i + 1}"}) for i in range(length)}
    return {"$defs": {**definitions, f"d{length}": end}, "$ref": "#/$defs/d0"}


def overlapping(index: int, reference: dict[str, Any]) -> dict[str, Any]:
    return {"oneOf": [reference, {**reference, "minimum": index}]}


def nested(index: int, reference: dict[str, Any]) -> dict[str, Any]:
    branch = {"type": "object", "properties": {"k": {"const": "l"}, "v": reference}, "required": ["k"]}
    return {"oneOf": [branch, reference]}


def conditional(index: int, reference: dict[str, Any]) -> dict[str, Any]:
    return {
        "if": {**reference, "minimum": index},
        "then": reference,
        "else": {**reference, "maximum": index + 9},
    }


def ring(length: int) -> dict[str, Any]:
    return {"dependentRequired": {f"a{i}": [f"a{(i + 1) % length}"] for i in range(length)}}


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of shapes in each conjunction that is examined for contradictions."""
    found: list[int] = []
    is_empty = Products.is_empty

    def counted(self: Products, shapes: Any) -> bool:
        found.append(len(shapes))
        return is_empty(self, shapes)

    monkeypatch.setattr(Products, "is_empty", counted)
    return found


def test_chains_of_one_of_repeat_few_alternatives(examined: list[int]) -> None:
    constraint = structgen.json_schema(chain(40, overlapping, {"type": "integer"}))
    assert constraint.is_valid("-1")
    assert not constraint._compiled.accepts("0")
    assert not constraint._compiled.accepts("41")
    assert (len(examined), max(examined)) <= (40_000, 10)


def unenforced(schema: dict[str, Any]) -> set[str]:
    """The keywords that the mask does not enforce, each for having too many alternatives."""
    problems = structgen.json_schema(schema, strict=False).unenforced
    assert all("too many combinations" in problem.reason for problem in problems)
    return {problem.pointer.rsplit("/", 1)[1] for problem in problems}


@pytest.mark.parametrize("link", [overlapping, nested, conditional])
@pytest.mark.parametrize("length", [4, 12, 60])
def test_chains_end_in_an_answer_or_a_typed_error(link: Any, length: int, examined: list[int]) -> None:
    assert unenforced(chain(length, link, {"type": "integer"})) <= {"oneOf", "if", "$ref"}
    assert sum(examined) <= MOST_WORK + 5_000


@pytest.mark.parametrize("length", [3, 32, 200])
def test_rings_of_dependent_required_end(length: int, examined: list[int]) -> None:
    constraint = structgen.json_schema(ring(length), strict=False)
    assert sum(examined) <= MOST_WORK + 5_000
    assert {problem.pointer for problem in constraint.unenforced} <= {"#/dependentRequired"}
    assert constraint._compiled.accepts("{}")
    assert bool(constraint.unenforced) is constraint._compiled.accepts('{"a0": 1}')


@pytest.mark.parametrize("keyword", ["allOf", "anyOf"])
def test_values_are_validated_once_against_each_reference(keyword: str) -> None:
    calls = 0

    def counted(validate: Any) -> Any:
        def wrapped(*arguments: Any) -> Any:
            nonlocal calls
            calls += 1
            return validate(*arguments)

        return wrapped

    schema = chain(60, lambda _, reference: {keyword: [reference, dict(reference)]}, {"type": "integer"})
    constraint = structgen.json_schema(schema)
    validate = counted(jsonschema.Draft202012Validator.VALIDATORS["type"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(jsonschema.Draft202012Validator.VALIDATORS, "type", validate)
        assert not constraint.is_valid('"x"')
    assert 0 < calls <= 4
    assert constraint.is_valid("3")
