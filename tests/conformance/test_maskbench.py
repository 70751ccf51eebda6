"""MaskBench: schemas from the wild, each with instances that are valid and some that are not.

Set STRUCTGEN_MASKBENCH to a file with one record per line (id, schema, tests: [{data, valid}]). Each instance is
written as `json.dumps(data, ensure_ascii=False)` writes it, compact and indented, members in the order of the record;
where the schema declares another order, property_order="any" has to accept it. Verdicts:

    ok              compiled; valid instances are accepted and invalid ones are not
    order           the same, but some valid instance has its members in another order
    refused         keywords that the mask cannot enforce
    limit           compiling or reading took more than the default limits allow
    empty           no instance can be valid, and none is
    label           jsonschema does not agree with the record
    wrong           none of these may be
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema.validators
import pytest
from conformance.verdicts import check_verdicts, spell, table

from structgen.errors import EmptyLanguageError, InvalidSchemaError, LimitExceeded, UnsupportedSchemaError
from structgen.frontends.json_schema import json_schema

SOURCE = os.environ.get("STRUCTGEN_MASKBENCH")
FORMS: list[dict[str, Any]] = [{}, {"separators": (",", ":")}, {"indent": 2}]


def verdict_of(record: dict[str, Any]) -> str:
    """The verdict on one record."""
    try:
        return _verdict_of(record)
    except LimitExceeded as error:
        return f"limit: {error.args[0].split(' reached')[0]}"


def _verdict_of(record: dict[str, Any]) -> str:
    tests = record["tests"]
    try:
        grammar = json_schema(json.dumps(record["schema"]))._compiled
    except UnsupportedSchemaError as error:
        return "refused: " + ", ".join(
            sorted({problem.pointer.rsplit("/", 1)[1] for problem in error.problems})
        )
    except InvalidSchemaError as error:
        return f"invalid: {error}"
    except EmptyLanguageError as error:
        return (
            "wrong: empty" if any(map(is_labelled_right, [record] * len(tests), tests)) else f"empty: {error}"
        )
    orders = False
    for test in tests:
        texts = [spell(test["data"], **form) for form in FORMS]
        accepted = [grammar.accepts(text) for text in texts]
        if test["valid"] and not all(accepted) and all(in_any_order(record, text) for text in texts):
            orders = True
        elif not all(answer == test["valid"] for answer in accepted):
            if not is_labelled_right(record, test):
                return "label: jsonschema disagrees"
            return f"wrong: {'refuses a valid' if test['valid'] else 'accepts an invalid'} instance"
    return "order: of members" if orders else "ok"


def in_any_order(record: dict[str, Any], text: str) -> bool:
    """Whether a text is accepted where members may come in any order; by `validate()`, where no mask allows that."""
    constraint = json_schema(json.dumps(record["schema"]), property_order="any", strict=False)
    return constraint.is_valid(text) and (bool(constraint.unenforced) or constraint._compiled.accepts(text))


def is_labelled_right(record: dict[str, Any], test: dict[str, Any]) -> bool:
    """Whether jsonschema says the same as the record."""
    kind = jsonschema.validators.validator_for(record["schema"], default=jsonschema.Draft202012Validator)
    try:
        return bool(kind(record["schema"]).is_valid(test["data"])) == test["valid"]
    except Exception:  # schemas that jsonschema itself cannot read
        return True


@pytest.mark.skipif(not SOURCE, reason="STRUCTGEN_MASKBENCH names no file")
@pytest.mark.timeout(900)
def test_maskbench() -> None:
    assert SOURCE is not None
    with Path(SOURCE).open(encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    verdicts = {record["id"]: verdict_of(record) for record in records}
    print(table(verdicts))
    check_verdicts("maskbench", verdicts)
    assert not any(verdict.startswith("wrong") for verdict in verdicts.values())
