"""Laws: a mask lets through what jsonschema allows, and nothing else, whatever the schema."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from structgen.errors import EmptyLanguageError, InvalidSchemaError, UnsupportedSchemaError
from structgen.frontends.json_schema import json_schema

NAMES = st.sampled_from(["a", "b", "ab", "x"])
SCALARS = st.sampled_from([None, True, False, 0, 1, 2, 3, 6, -1, 1.5, 0.5, "", "a", "ab", "b1"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
SMALL = st.integers(0, 3)
PATTERNS = st.sampled_from(["a", "^a", "b$", "^.$", "[0-9]", "^[ab]*$", "^(?!a)"])


def keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Schemas of any keywords, which need not fit together."""
    types = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])
    some = st.lists(inner, min_size=1, max_size=3)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": types | st.lists(types, min_size=1, max_size=3, unique=True),
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "const": VALUES,
            "minimum": SMALL | st.just(0.5),
            "exclusiveMaximum": SMALL | st.just(1.5),
            "multipleOf": st.sampled_from([1, 2, 3, 0.5]),
            "minLength": SMALL,
            "maxLength": SMALL,
            "pattern": PATTERNS,
            "properties": st.dictionaries(NAMES, inner, max_size=3),
            "required": st.lists(NAMES, max_size=2, unique=True),
            "additionalProperties": inner,
            "patternProperties": st.dictionaries(PATTERNS, inner, max_size=2),
            "propertyNames": inner,
            "minProperties": st.integers(0, 2),
            "maxProperties": SMALL,
            "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2), max_size=1),
            "dependentSchemas": st.dictionaries(NAMES, inner, max_size=1),
            "items": inner,
            "prefixItems": some,
            "minItems": SMALL,
            "maxItems": SMALL,
            "contains": inner,
            "minContains": st.integers(0, 2),
            "maxContains": st.integers(0, 2),
            "allOf": some,
            "anyOf": some,
            "oneOf": some,
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
            "unevaluatedProperties": inner,
            "unevaluatedItems": inner,
            "$ref": st.sampled_from(["#/$defs/a", "#/$defs/b"]),
        },
    ).map(lambda schema: dict(itertools.islice(schema.items(), 4)))


LEAVES = st.sampled_from([True, True, False, {}, {"type": "integer"}, {"type": "string"}, {"const": "a"}])
SCHEMAS = st.recursive(LEAVES, keywords, max_leaves=6)
DOCUMENTS = st.builds(
    lambda schema, one, other: {**schema, "$defs": {"a": one, "b": other}},
    keywords(SCHEMAS),
    SCHEMAS,
    SCHEMAS,
)


def orders(value: Any) -> Iterator[Any]:
    """The value with the members of its objects in every order."""
    if isinstance(value, list):
        yield from map(list, itertools.product(*map(orders, value)))
    elif isinstance(value, dict):
        for names in itertools.permutations(value):
            for values in itertools.product(*[orders(value[name]) for name in names]):
                yield dict(zip(names, values, strict=True))
    else:
        yield value


@settings(deadline=None)
@given(DOCUMENTS, st.lists(VALUES, min_size=1, max_size=8))
def test_the_mask_agrees_with_jsonschema(schema: dict[str, Any], values: list[Any]) -> None:
    """In some order of its members a value is accepted exactly if jsonschema allows it."""
    try:
        constraint = json_schema(schema)
        accepts = constraint._compiled.accepts
    except EmptyLanguageError:
        accepts = bool  # type: ignore[assignment]
        values = [value for value in values if value != ""]
    except (UnsupportedSchemaError, InvalidSchemaError):
        assume(False)
    validator = jsonschema.Draft202012Validator(schema)
    for value in values:
        try:
            allowed = validator.is_valid(value)
        except RecursionError:
            assume(False)
        if accepts is bool:
            assert not allowed, value
            continue
        texts = [json.dumps(one) for one in orders(value)]
        assert any(map(accepts, texts)) == allowed, (value, allowed)
