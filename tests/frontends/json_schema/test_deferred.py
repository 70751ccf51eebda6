"""Combinators that are not written out as alternatives, but decided while members and items are read."""

from __future__ import annotations

import itertools
import json
from typing import Any

import jsonschema
import pytest
from frontends.json_schema.checking import check_accepts
from frontends.json_schema.test_laws import DOCUMENTS, PATTERNS, SCALARS, SCHEMAS, SMALL, VALUES, orders
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from structgen.errors import EmptyLanguageError, InvalidSchemaError, UnsupportedSchemaError
from structgen.frontends.json_schema import json_schema
from structgen.frontends.json_schema.emission.formulas import atoms, decided, every, some, tally
from structgen.frontends.json_schema.normalization import products

LETTERS = "abcdefghijklmnopqrst"


@pytest.fixture
def all_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written out: each combinator with two alternatives is decided while reading."""
    monkeypatch.setattr(products, "MOST", 1)


def optional_tags(letters: str) -> dict[str, Any]:
    """Branches that one member tells apart, if it is there."""
    return {
        "type": "object",
        "oneOf": [
            {"properties": {"kind": {"const": one}, "value": {"type": "array", "maxItems": index}}}
            for index, one in enumerate(letters)
        ],
    }


@pytest.mark.parametrize(
    ("schema", "accepted", "rejected"),
    [
        pytest.param(
            optional_tags(LETTERS),
            ['{"kind": "c", "value": [1, 2]}', '{"kind": "a"}', f'{{"value": {list(range(19))}}}'],
            ['{"kind": "c", "value": [1, 2, 3]}', '{"kind": "z"}', "{}", '{"value": [1]}', "[]"],
            id="a member tells twenty branches apart, if it is there",
        ),
        pytest.param(
            {"type": "object", "oneOf": [{"required": [one]} for one in LETTERS]},
            ['{"a": 1}', '{"t": [], "z": 1}'],
            ["{}", '{"a": 1, "b": 2}', '{"s": 1, "t": 2}'],
            id="exactly one of twenty names",
        ),
        pytest.param(
            {
                "type": "object",
                "allOf": [{"anyOf": [{"required": [a]}, {"required": [a * 2]}]} for a in LETTERS],
            },
            [json.dumps(dict.fromkeys(LETTERS)), json.dumps({a * (1 + (a < "f")): 1 for a in LETTERS})],
            ["{}", json.dumps(dict.fromkeys(LETTERS[1:]))],
            id="one of each of twenty pairs of names",
        ),
        pytest.param(
            {
                "type": "object",
                "properties": {"number": {"type": "integer"}},
                "required": ["number"],
                "dependentRequired": {a: [b] for a, b in itertools.pairwise(LETTERS)},
            },
            ['{"number": 1}', '{"number": 1, "t": 1}', '{"number": 1, "r": 1, "s": 1, "t": 1}'],
            ['{"number": 1, "r": 1, "t": 1}', '{"number": 1, "a": 1}', '{"t": 1}'],
            id="each name asks for the next",
        ),
        pytest.param(
            {
                "type": "string",
                "allOf": [{"anyOf": [{"pattern": a}, {"pattern": a.upper()}]} for a in "abcdefghij"],
            },
            ['"abcdefghij"', '"JIHGfedcba!"'],
            ['""', '"abcdefghi"'],
            id="patterns, two by two",
        ),
        pytest.param(
            {"type": "string", "oneOf": [{"pattern": one} for one in "abcdefghijkl"]},
            ['"a"', '"xlx"'],
            ['"ab"', '""', '"x"', '"la"'],
            id="exactly one of twelve patterns",
        ),
        pytest.param(
            {"type": "array", "oneOf": [{"contains": {"const": one}} for one in range(12)]},
            ["[0]", "[3, 3, 99]", '["x", 11]'],
            ["[]", "[1, 2]", "[99]"],
            id="exactly one of twelve values",
        ),
        pytest.param(
            {
                "type": "array",
                "oneOf": [
                    {"enum": [[1], [2, 4], [5]]},
                    {"enum": [[1], [1, 2]]},
                    {"enum": [[1], [2, 4], [4, 6], [5]]},
                ],
            },
            ["[1, 2]", "[4, 6]"],
            ["[1]", "[2, 4]", "[5]", "[]", "[1, 2, 3]"],
            id="arrays that are listed",
        ),
        pytest.param(
            {
                "allOf": [
                    {"anyOf": [{"properties": {a: {"const": i}}, "required": [a]} for i in range(5)]}
                    for a in LETTERS
                ],
                "minimum": 5,
            },
            [json.dumps({a: i % 5 for i, a in enumerate(LETTERS)}), "5", "null", '"a"', "[1]"],
            ["{}", json.dumps({a: i % 6 for i, a in enumerate(LETTERS)}), "4"],
            id="without types, what is said of objects leaves the others alone",
        ),
        pytest.param(
            {
                "type": "object",
                "oneOf": [
                    {
                        "properties": {"k": {"pattern": f"^{one}"}},
                        "required": ["k"],
                        "minProperties": index % 4,
                    }
                    for index, one in enumerate(LETTERS)
                ],
            },
            ['{"k": "cx", "x": 1}', '{"k": "a"}'],
            ['{"k": "cx"}', '{"k": "dx", "x": 1}', '{"k": ""}'],
            id="patterns tell branches apart, members are counted",
        ),
    ],
)
def test_many_branches(schema: dict[str, Any], accepted: list[str], rejected: list[str]) -> None:
    check_accepts(schema, accepted, rejected)
    if "allOf" not in schema and "dependentRequired" not in schema:  # in any order these have 2^20 states
        check_accepts(schema, accepted, rejected, property_order="any")


def test_what_all_branches_share_is_looked_at_once() -> None:
    """Branches with a common part in other words for people are no more work than one."""
    shared = {
        "properties": {a: {"type": "object", "properties": {"x": {"type": "integer"}}} for a in LETTERS}
    }
    schema = {
        "type": "object",
        "oneOf": [
            {"allOf": [shared, {"title": one, "required": [f"is {one}"]}], "description": one}
            for one in LETTERS
        ],
    }
    rules = json_schema(schema).grammar.rules
    assert len(rules) < 2000
    check_accepts(
        schema,
        ['{"a": {"x": 1}, "is c": 1}'],
        ['{"a": {"x": 1.5}, "is c": 1}', '{"a": {"x": 1}}', '{"is c": 1, "is d": 1}'],
    )


@pytest.mark.usefixtures("all_open")
@settings(max_examples=40, deadline=None, suppress_health_check=[*HealthCheck])
@given(DOCUMENTS, st.lists(VALUES, min_size=1, max_size=8))
def test_what_is_left_open_agrees_with_jsonschema(schema: dict[str, Any], values: list[Any]) -> None:
    agrees(schema, values)


DEFINED = {"a": {"type": "integer"}, "b": {"minProperties": 1}}
PLACES = st.one_of(
    SCHEMAS,
    st.builds(lambda value: {"const": value}, SCALARS),
    st.builds(lambda values: {"enum": values}, st.lists(SCALARS, min_size=1, max_size=3)),
    st.builds(
        lambda kind, least: {"type": kind, "minLength": least}, st.sampled_from(["string", "integer"]), SMALL
    ),
)
OBJECTS = st.fixed_dictionaries(
    {},
    optional={
        "properties": st.dictionaries(st.sampled_from("abx"), PLACES, max_size=3),
        "required": st.lists(st.sampled_from("abx"), max_size=2, unique=True),
        "additionalProperties": PLACES,
        "patternProperties": st.dictionaries(PATTERNS, PLACES, max_size=2),
        "minProperties": SMALL,
        "maxProperties": SMALL,
    },
)
ARRAYS = st.fixed_dictionaries(
    {},
    optional={
        "items": PLACES,
        "prefixItems": st.lists(PLACES, min_size=1, max_size=2),
        "contains": PLACES,
        "minContains": SMALL,
        "maxContains": SMALL,
        "minItems": SMALL,
        "maxItems": SMALL,
    },
)


def combined(schemas: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Schemas that combine some others in several ways."""
    several = st.lists(schemas, min_size=1, max_size=4)
    return st.fixed_dictionaries(
        {},
        optional={
            "oneOf": several,
            "anyOf": several,
            "not": schemas,
            "if": schemas,
            "then": schemas,
            "else": schemas,
        },
    )


@pytest.mark.usefixtures("all_open")
@settings(max_examples=40, deadline=None, suppress_health_check=[*HealthCheck])
@given(
    st.one_of(combined(OBJECTS), combined(st.one_of(OBJECTS, combined(OBJECTS)))),
    st.lists(st.dictionaries(st.sampled_from("abx"), VALUES, max_size=3), min_size=1, max_size=12),
)
def test_objects(schema: dict[str, Any], values: list[Any]) -> None:
    agrees({"type": "object", **schema, "$defs": DEFINED}, values)


@pytest.mark.usefixtures("all_open")
@settings(max_examples=40, deadline=None, suppress_health_check=[*HealthCheck])
@given(
    st.one_of(combined(ARRAYS), combined(st.one_of(ARRAYS, combined(ARRAYS)))),
    st.lists(st.lists(VALUES, max_size=4), min_size=1, max_size=12),
)
def test_arrays(schema: dict[str, Any], values: list[Any]) -> None:
    agrees({"type": "array", **schema, "$defs": DEFINED}, values)


def agrees(schema: dict[str, Any], values: list[Any]) -> None:
    """In some order of its members a value is accepted exactly if jsonschema allows it."""
    accepts: Any
    try:
        accepts = json_schema(schema)._compiled.accepts
    except EmptyLanguageError:
        accepts = None
    except (UnsupportedSchemaError, InvalidSchemaError):
        assume(False)
    validator = jsonschema.Draft202012Validator(schema)
    for value in values:
        try:
            allowed = validator.is_valid(value)
        except RecursionError:
            assume(False)
        found = accepts is not None and any(accepts(json.dumps(one)) for one in orders(value))
        assert found == allowed, (value, allowed)


FORMULAS = st.recursive(
    st.booleans() | st.integers(2, 5),
    lambda inner: st.tuples(
        st.integers(0, 3), st.none() | st.integers(0, 3), st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=8,
)


@given(FORMULAS, st.lists(st.booleans(), min_size=4, max_size=4), st.sets(st.integers(2, 5)))
def test_formulas_say_the_same_whatever_is_known_first(
    formula: Any, truths: list[bool], first: set[int]
) -> None:
    truth = dict(zip(range(2, 6), truths, strict=True))

    def holds(one: Any) -> bool:
        if isinstance(one, tuple):
            least, most, parts = one
            found = sum(map(holds, parts))
            return least <= found and (most is None or found <= most)
        return one if isinstance(one, bool) else truth[one]

    def made(one: Any) -> Any:
        return tally(one[0], one[1], map(made, one[2])) if isinstance(one, tuple) else one

    left = decided(made(formula), {atom: truth[atom] for atom in first})
    assert atoms(left).isdisjoint(first)
    assert decided(left, truth) is holds(formula)


def test_all_and_any() -> None:
    assert every([2, every([3, True])]) == every([2, 3])
    assert some([2, False, some([3, 2])]) == some([2, 3])
    assert every([]) is True
    assert some([]) is False
