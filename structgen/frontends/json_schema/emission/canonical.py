"""Canonical keys: equal for schemas that say the same in the same words, annotations aside."""

from __future__ import annotations

import json
from collections.abc import Hashable

from structgen.frontends.json_schema.documents.document import Document
from structgen.frontends.json_schema.documents.keywords import KEYWORDS, Keyword
from structgen.frontends.json_schema.shapes.schema import Complement, Conjunction, Constant, Deferred, Schema
from structgen.frontends.json_schema.shapes.shape import Shape


class Canonical:
    """Finds keys of the schemas of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._keys: dict[Schema, Hashable] = {}

    def key(self, schemas: Conjunction) -> Hashable:
        """The key of a conjunction."""
        return tuple(map(self._key, schemas))

    def _key(self, schema: Schema) -> Hashable:
        found = self._keys.get(schema)
        if found is None:
            found = self._keys[schema] = self._find(schema)
        return found

    def _find(self, schema: Schema) -> Hashable:
        if isinstance(schema, Constant):
            return schema.allows
        if isinstance(schema, Complement):
            return "not", self._key(schema.of)
        if isinstance(schema, Shape):
            return schema.parts
        if not isinstance(schema, Deferred) or self._document.has_bases:
            return schema
        try:
            return json.dumps(_bare(schema.raw), sort_keys=True)
        except (TypeError, ValueError, RecursionError):
            return schema


def _bare(value: object) -> object:
    """A schema without annotations.

    Raises:
        TypeError: It has references that depend on how it is reached.
    """
    if isinstance(value, list):
        return [_bare(one) for one in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, object] = {}
    for name, one in value.items():
        if not isinstance(name, str) or name in ("$dynamicRef", "$recursiveRef"):
            raise TypeError
        keyword = KEYWORDS.get(name)
        if keyword is not None and keyword.role != "annotation":
            found[name] = _bare_value(keyword, one)
    return found


def _bare_value(keyword: Keyword, value: object) -> object:
    """The value of a keyword, the schemas in it without annotations."""
    if keyword.holds == "value":
        return value
    if keyword.holds == "map" and isinstance(value, dict):
        return {key: _bare(inner) for key, inner in value.items()}
    return _bare(value)
