"""What tests of JSON Schema share: texts against a schema, with jsonschema as the judge."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import jsonschema
import jsonschema.validators

from structgen.errors import InvalidText
from structgen.frontends.json_schema import json_schema


def is_allowed(schema: Any, value: Any) -> bool:
    """What jsonschema says."""
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    return bool(kind(schema).is_valid(value))


def check_accepts(
    schema: Any,
    accepted: Iterable[str],
    rejected: Iterable[str] = (),
    narrowed: Iterable[str] = (),
    *,
    judge: bool = True,
    **options: Any,
) -> None:
    """Check JSON texts against a schema.

    Args:
        schema: a JSON Schema.
        accepted: texts that the mask lets through and the schema allows.
        rejected: texts that neither does.
        narrowed: texts that the schema allows and the mask does not; `validate()` accepts them.
        judge: whether jsonschema knows the keywords in question.
        options: of `json_schema`.
    """
    constraint = json_schema(json.dumps(schema), **options)
    grammar = constraint._compiled
    for text in accepted:
        error = grammar.find_error(text)
        assert error is None, f"refused by the mask: {error}"
        assert constraint.validate(text) == json.loads(text)
        assert not judge or is_allowed(schema, json.loads(text)), text
    for text in rejected:
        assert not grammar.accepts(text), f"accepted by the mask: {text}"
        assert not constraint.is_valid(text), text
        try:
            value = json.loads(text, parse_constant=_refuse)
        except ValueError:
            continue
        assert not judge or not is_allowed(schema, value), f"allowed by jsonschema: {text}"
    for text in narrowed:
        assert not grammar.accepts(text), f"accepted by the mask: {text}"
        try:
            assert constraint.validate(text) == json.loads(text)
        except InvalidText as error:
            raise AssertionError(f"refused by validate: {error}") from error
        assert not judge or is_allowed(schema, json.loads(text)), text


def _refuse(name: str) -> Any:
    raise ValueError(name)
