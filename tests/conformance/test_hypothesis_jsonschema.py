"""Instances that hypothesis-jsonschema makes of random schemas are accepted, mutated ones as jsonschema says.

Its release 0.23.1 needs a hypothesis before 6.131 (in an environment of its own); with a later one this is skipped.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

import hypothesis.internal.conjecture.utils
import pytest
from frontends.json_schema.test_laws import DOCUMENTS
from frontends.json_schema.test_random_schemas import KINDS, check, exact, mutated
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from jsonschema.exceptions import ValidationError

made = pytest.importorskip("hypothesis_jsonschema")
if not hasattr(hypothesis.internal.conjecture.utils.many, "more"):
    pytest.skip("hypothesis-jsonschema does not work with this hypothesis", allow_module_level=True)


def instance(schema: dict[str, Any], data: st.DataObject) -> Any:
    """An instance of the schema; no case, if the library does not find one."""
    try:
        value = data.draw(made.from_schema(schema))
    except (ValidationError, InvalidArgument, NotImplementedError, RecursionError):
        assume(False)
    return value


@pytest.mark.parametrize("schema", KINDS, ids=json.dumps)
@settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data(), random=st.randoms(use_true_random=False))
def test_instances_of_a_schema(schema: dict[str, Any], data: st.DataObject, random: Random) -> None:
    value = instance(schema, data)
    grammar = exact(schema)
    check(grammar, schema, value)
    check(grammar, schema, mutated(value, random))


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(schema=DOCUMENTS, data=st.data(), random=st.randoms(use_true_random=False))
def test_instances_of_random_schemas(schema: dict[str, Any], data: st.DataObject, random: Random) -> None:
    grammar = exact(schema)
    value = instance(schema, data)
    for one in (value, mutated(value, random)):
        try:
            check(grammar, schema, one)
        except RecursionError:  # of jsonschema, in a schema that refers to itself
            assume(False)
