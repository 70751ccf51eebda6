"""Schemas and their combinations over random values: without narrowing, the mask says what jsonschema says."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from structgen.errors import EmptyLanguageError, InvalidSchemaError, LimitExceeded, UnsupportedSchemaError
from structgen.frontends.json_schema import json_schema
from structgen.matcher import CompiledGrammar

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-30, 310),
    st.integers(-60, 60).map(lambda number: number / 8),
    st.text('abc\n"é😀', max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda values: st.one_of(
        st.lists(values, max_size=5),
        st.dictionaries(st.sampled_from(["a", "b", "ab", "c", "a\n", ""]), values, max_size=4),
    ),
    max_leaves=8,
)

KINDS: list[dict[str, Any]] = [
    {"type": "string", "minLength": 1, "maxLength": 4, "pattern": "^[a-c]"},
    {"type": "integer", "minimum": -20, "exclusiveMaximum": 300},
    {"type": "number", "multipleOf": 0.25, "maximum": 9.5},
    {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 4, "contains": {"minimum": 5}},
    {"type": "object", "properties": {"a": {"type": "null"}}, "required": ["b"], "maxProperties": 3},
    {"oneOf": [{"type": "integer", "maximum": 10}, {"type": "number", "minimum": 5}]},
    {"type": "object", "patternProperties": {"^a": {"type": "integer"}, "b$": {"minimum": 3}}},
    {"enum": [1, "a", [1], {"a": None}, 2.5], "not": {"type": "string"}},
    {"if": {"type": "integer"}, "then": {"minimum": 0}, "else": {"type": ["string", "null"]}},
    {"dependentRequired": {"a": ["b"]}, "propertyNames": {"maxLength": 1}, "type": "object"},
]


def exact(schema: Any) -> CompiledGrammar:
    """The mask without narrowing; what cannot be compiled is no case."""
    try:
        return json_schema(schema, exact=True)._compiled
    except (EmptyLanguageError, InvalidSchemaError, LimitExceeded, UnsupportedSchemaError):
        assume(False)
        raise


def check(grammar: CompiledGrammar, schema: Any, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assume(not any("\ud800" <= char <= "\udfff" for char in text))
    valid = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert grammar.accepts(text) == valid, (
        f"{json.dumps(schema)}: {text} is {'valid' if valid else 'invalid'}"
    )


def mutated(value: Any, random: Random) -> Any:
    """Another value, a little different."""
    if isinstance(value, dict) and value and random.random() < 0.7:
        name = random.choice(sorted(value))
        rest = {one: value[one] for one in value if one != name}
        return rest if random.random() < 0.4 else {**rest, name: mutated(value[name], random)}
    if isinstance(value, list) and value and random.random() < 0.7:
        place = random.randrange(len(value))
        rest = value[:place] + value[place + 1 :]
        return rest if random.random() < 0.4 else [*value, mutated(value[place], random)]
    return random.choice([None, True, -1, 7, 1000, 0.125, "", "abcde", [], {}, {"b": 1}, [6]])


@pytest.mark.parametrize("schema", KINDS, ids=json.dumps)
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(data=st.data(), random=st.randoms(use_true_random=False))
def test_instances_of_a_schema(schema: Any, data: st.DataObject, random: Random) -> None:
    value = data.draw(VALUES)
    grammar = exact(schema)
    check(grammar, schema, value)
    check(grammar, schema, mutated(value, random))


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(data=st.data(), random=st.randoms(use_true_random=False))
def test_instances_of_combined_schemas(data: st.DataObject, random: Random) -> None:
    schema = data.draw(st.sampled_from(KINDS))
    other = data.draw(st.sampled_from(KINDS))
    combined = {data.draw(st.sampled_from(["allOf", "anyOf", "oneOf"])): [schema, other]}
    value = data.draw(VALUES)
    grammar = exact(combined)
    check(grammar, combined, value)
    check(grammar, combined, mutated(value, random))
