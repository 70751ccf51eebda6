"""Guides: what a JSON Schema asks for at one place, as far as it helps to read and to fit a damaged text.

A guide is a hint, never a verdict: it merges `$ref`, `allOf` and the branches of `anyOf`, `oneOf` and `if` into one
loose picture. Whether a value is valid is left to the constraint.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from structgen.errors import InvalidSchemaError
from structgen.frontends.json_schema.documents import Document

_KINDS = frozenset(("null", "boolean", "integer", "number", "string", "array", "object"))
_INSIDE = ("patternProperties", "additionalProperties", "items", "prefixItems", "required")
"""Keywords that say something of what is inside, whether a type is named beside them or not."""
_MERGED = 32
"""Branches that are merged at one place at most."""


class Guide:
    """What a schema asks for at one place.

    Attributes:
        schemas: those that apply there, and those that may (branches).
        branches: the alternatives of the first `anyOf` or `oneOf`, as guides of their own.
    """

    def __init__(self, guides: Guides, schemas: list[Any]) -> None:
        self._guides = guides
        self.schemas: list[dict[str, Any]] = []
        self.branches: list[Guide] = []
        self._conditional: set[int] = set()
        self._never = False
        self._collect(schemas)
        self._members: dict[str, Guide] = {}
        self._items: dict[int, Guide] = {}

    def _collect(self, schemas: list[Any]) -> None:
        waiting, seen = [(schema, False) for schema in reversed(schemas)], set()
        while waiting and len(self.schemas) < _MERGED:
            schema, is_conditional = waiting.pop()
            if schema is False and not is_conditional:
                self._never = True
            if not isinstance(schema, dict) or id(schema) in seen:
                continue
            seen.add(id(schema))
            self.schemas.append(schema)
            if is_conditional:
                self._conditional.add(id(schema))
            for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
                if keyword in schema:
                    target = self._guides.resolve(schema, keyword)
                    if target is not None:
                        waiting.append((target, is_conditional))
            found = schema.get("allOf")
            waiting.extend((part, is_conditional) for part in (found if isinstance(found, list) else ()))
            waiting.extend((schema.get(keyword), True) for keyword in ("then", "else"))
            for keyword in ("dependentSchemas", "dependencies"):
                found = schema.get(keyword)
                waiting.extend((part, True) for part in (found.values() if isinstance(found, dict) else ()))
            for keyword in ("anyOf", "oneOf"):
                found = schema.get(keyword)
                if isinstance(found, list):
                    if not self.branches and len(found) > 1:
                        self.branches = [self._guides.of([branch]) for branch in found[:_MERGED]]
                    elif len(found) == 1:
                        waiting.append((found[0], is_conditional))

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The types that are allowed; all of them if the schema does not say."""
        allowed = _KINDS
        for schema in self.schemas:
            if id(schema) in self._conditional:
                continue
            named = schema.get("type")
            if named is not None:
                found = {named} if isinstance(named, str) else set(named)
                allowed &= found | ({"integer"} if "number" in found else set())
            for values in ([schema["const"]] if "const" in schema else None, schema.get("enum")):
                if isinstance(values, list):
                    allowed &= {kind for value in values for kind in kinds_of(value)}
        if self.branches:
            allowed &= frozenset().union(*(branch.kinds for branch in self.branches))
        return allowed

    @cached_property
    def is_open(self) -> bool:
        """Whether nothing at all is known here."""
        says = any(schema.get(keyword) for schema in self.schemas for keyword in _INSIDE)
        return self.kinds == _KINDS and not (self.names or self.branches or says)

    @cached_property
    def values(self) -> list[Any] | None:
        """The values of `enum` or `const`, if there are such."""
        for schema in self.schemas:
            if "const" in schema:
                return [schema["const"]]
            if isinstance(schema.get("enum"), list):
                return list(schema["enum"])
        if self.branches and all(branch.values is not None for branch in self.branches):
            return [value for branch in self.branches for value in branch.values or ()]
        return None

    @cached_property
    def names(self) -> dict[str, None]:
        """The members that are declared, in order."""
        found: dict[str, None] = {}
        for schema in self.schemas:
            if isinstance(schema.get("properties"), dict):
                found.update(dict.fromkeys(schema["properties"]))
        for branch in self.branches:
            found.update(branch.names)
        return found

    @cached_property
    def required(self) -> list[str]:
        """The members that must be there whichever branch is taken."""
        found: dict[str, None] = {}
        for schema in self.schemas:
            if isinstance(schema.get("required"), list) and id(schema) not in self._conditional:
                found.update(dict.fromkeys(name for name in schema["required"] if isinstance(name, str)))
        return list(found)

    @cached_property
    def closed(self) -> bool:
        """Whether undeclared members are forbidden."""
        mine = any(
            schema.get("additionalProperties") is False or schema.get("unevaluatedProperties") is False
            for schema in self.schemas
        )
        return mine or (bool(self.branches) and all(b.closed for b in self.branches if "object" in b.kinds))

    def asks_for(self, text: str) -> bool:
        """Whether a text is one of the values, and long enough, as far as that is said here."""
        if self.values is not None and text not in self.values:
            return False
        least = [schema.get("minLength") for schema in self.schemas]
        return all(len(text) >= length for length in least if isinstance(length, int))

    def declares(self, name: str) -> bool:
        """Whether a member of this name is declared."""
        return name in self.names or any(
            re.search(pattern, name) for schema in self.schemas for pattern in _patterns(schema)
        )

    def member(self, name: str) -> Guide:
        """The guide of a member's value."""
        found = self._members.get(name)
        if found is None:
            schemas: list[Any] = []
            perhaps: list[Any] = []
            for schema in self.schemas:
                own = [schema["properties"][name]] if name in (schema.get("properties") or ()) else []
                own += [schema["patternProperties"][p] for p in _patterns(schema) if re.search(p, name)]
                if not own and isinstance(schema.get("additionalProperties"), (dict, bool)):
                    own = [schema["additionalProperties"]]
                (perhaps if id(schema) in self._conditional else schemas).extend(own)
            if len(perhaps) == 1:
                schemas += perhaps
            branches = [branch.member(name) for branch in self.branches if name in branch.names]
            found = self._joined(
                schemas, branches or [self._guides.of([one]) for one in perhaps[1:] and perhaps]
            )
            if len(self._members) < 10_000:
                self._members[name] = found
        return found

    def item(self, index: int) -> Guide:
        """The guide of an item."""
        index = min(index, 64)
        found = self._items.get(index)
        if found is None:
            schemas: list[Any] = []
            for schema in self.schemas:
                items = schema.get("items")
                prefix = schema.get("prefixItems")
                if isinstance(items, list):
                    prefix, items = items, schema.get("additionalItems")
                if isinstance(prefix, list) and index < len(prefix):
                    schemas.append(prefix[index])
                elif items is not None:
                    schemas.append(items)
            found = self._joined(schemas, [b.item(index) for b in self.branches if "array" in b.kinds])
            self._items[index] = found
        return found

    def _joined(self, schemas: list[Any], branches: list[Guide]) -> Guide:
        if not branches:
            return self._guides.of(schemas)
        distinct = list({id(branch): branch for branch in branches}.values())
        if not schemas and len(distinct) == 1:
            return distinct[0]
        joined = Guide(self._guides, schemas)
        joined.branches = distinct + joined.branches
        return joined

    @property
    def default(self) -> tuple[Any] | None:
        """The default, in a tuple, if there is one."""
        return next(((schema["default"],) for schema in self.schemas if "default" in schema), None)

    @property
    def never(self) -> bool:
        """Whether no value is allowed."""
        return self._never


class Guides:
    """The guides of one document; each set of schemas has one."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._by_schemas: dict[tuple[int, ...], Guide] = {}
        self._kept: list[Any] = []

    def root(self) -> Guide:
        """The guide of the whole value."""
        return self.of([self._document.root])

    def of(self, schemas: list[Any]) -> Guide:
        """The guide of a place where these schemas apply."""
        key = tuple(id(schema) for schema in schemas)
        found = self._by_schemas.get(key)
        if found is None:
            found = self._by_schemas[key] = Guide.__new__(Guide)
            self._kept.append(schemas)
            found.__init__(self, schemas)  # type: ignore[misc]  # it may meet itself in its branches
        return found

    def resolve(self, schema: dict[str, Any], keyword: str) -> Any:
        """What a reference leads to; None if nowhere."""
        try:
            return self._document.resolve(schema, keyword)[0]
        except InvalidSchemaError:
            return None


def kinds_of(value: Any) -> tuple[str, ...]:
    """The JSON Schema types of a value, the most specific first."""
    if value is None:
        return ("null",)
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, int):
        return ("integer", "number")
    if isinstance(value, float):
        return (
            ("integer", "number")
            if value == value and value not in (float("inf"), float("-inf")) and value == int(value)
            else ("number",)
        )
    if isinstance(value, str):
        return ("string",)
    return ("array",) if isinstance(value, list) else ("object",)


def _patterns(schema: dict[str, Any]) -> list[str]:
    found = schema.get("patternProperties")
    if not isinstance(found, dict):
        return []
    good = []
    for pattern in found:
        try:
            re.compile(pattern)
        except re.error:
            continue
        good.append(pattern)
    return good
