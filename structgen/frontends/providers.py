"""adapt(): a schema as the API of a provider takes it, with what is lost, and the way back.

Providers accept subsets of JSON Schema, and refuse a schema with anything else, or ignore it. What an adapted schema
allows beyond the original one, and what it does not allow any more, is listed. Answers are checked afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

from structgen.constraint import Constraint
from structgen.errors import InvalidText, Problem
from structgen.frontends.conversion import as_constraint
from structgen.options import check_option

ProviderName = Literal["openai", "anthropic", "gemini"]

_OBJECTS = frozenset(("additionalProperties", "items", "properties", "required"))
_COMMON = _OBJECTS | {"$ref", "$defs", "anyOf", "description", "enum", "title", "type"}
_FORMATS = frozenset(("date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid"))
_BOUNDS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"))


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider accepts.

    Attributes:
        keywords: of JSON Schema; all others are left out.
        formats: values of `format`.
        is_strict: every property must be required and every object closed; a property that may be missing becomes one
            that may be null.
        has_type_lists: `type` may be a list; else it becomes an `anyOf`.
        needs_object: the schema must be an object; another value is wrapped into one.
    """

    keywords: frozenset[str]
    formats: frozenset[str]
    is_strict: bool
    has_type_lists: bool
    needs_object: bool


PROVIDERS: dict[str, Provider] = {
    "openai": Provider(
        _COMMON | _BOUNDS | {"const", "format", "maxItems", "minItems", "pattern"}, _FORMATS, True, True, True
    ),
    "anthropic": Provider(_COMMON | {"const", "format"}, _FORMATS | {"uri"}, True, False, True),
    "gemini": Provider(
        _COMMON | {"format", "maxItems", "maximum", "minItems", "minimum", "prefixItems"},
        frozenset(("date", "date-time", "time")),
        False,
        True,
        False,
    ),
}
"""As the providers documented their structured outputs in 2026."""

_ANNOTATIONS = frozenset(
    ("$schema", "$id", "$comment", "default", "deprecated", "examples", "readOnly", "writeOnly")
)
"""Keywords that constrain nothing: to leave them out loses nothing."""

_WRAPPER = "value"


@dataclass(frozen=True)
class Adapted:
    """A schema for a provider.

    Attributes:
        schema: what the provider gets.
        lost: what it does not enforce, by JSON Pointer into the original schema.
        provider: its name.
        constraint: the original schema, which checks what comes back.
    """

    schema: dict[str, Any]
    lost: tuple[Problem, ...]
    provider: ProviderName
    constraint: Constraint = field(repr=False)
    _is_wrapped: bool = field(repr=False, default=False)

    def restore(self, value: Any) -> Any:
        """A value that the provider gave, as the original schema has it: without nulls for what is missing."""
        if self._is_wrapped and isinstance(value, Mapping):
            value = value.get(_WRAPPER)
        return _restored(value, self._root, self._root, 0)

    def validate(self, text: str) -> Any:
        """The value of an answer, checked against the original schema.

        Raises:
            InvalidText: It is not what the schema says.
        """
        try:
            value = json.loads(text)
        except ValueError as error:
            raise InvalidText(text, getattr(error, "pos", 0), f"not JSON: {error}") from None
        return self.constraint.validate(json.dumps(self.restore(value), ensure_ascii=False))

    @cached_property
    def _root(self) -> Any:
        assert self.constraint.schema is not None
        return self.constraint.schema.document.root


def adapt(schema: Any, provider: ProviderName) -> Adapted:
    """A schema, or a Python type, as a provider takes it.

    Args:
        schema: what `as_constraint` takes for JSON.
        provider: "openai", "anthropic" or "gemini".

    Returns:
        The schema for the provider, what it loses, and how an answer is read.

    Raises:
        InvalidOptionError: There is no such provider.
        InvalidConstraintError: It is not a schema.
        InvalidSchemaError: It is malformed.

    >>> found = adapt({"type": "object", "properties": {"a": {"type": "integer"}}}, "openai")
    >>> found.schema["required"], found.schema["properties"]["a"]
    (['a'], {'type': ['integer', 'null']})
    >>> found.validate('{"a": null}')
    {}
    """
    check_option("provider", provider, get_args(ProviderName))
    constraint = as_constraint(schema, **({} if isinstance(schema, Constraint) else {"strict": False}))
    check_option("schema", constraint.schema is not None, (True,), or_else="a schema or a type")
    assert constraint.schema is not None
    root = constraint.schema.document.root
    adapter = _Adapter(PROVIDERS[provider])
    found = _without_reference(adapter.schema(root, "#"))
    is_wrapped = PROVIDERS[provider].needs_object and not _is_object(found)
    if is_wrapped:
        definitions = found.pop("$defs", None)
        found = {
            "type": "object",
            "properties": {_WRAPPER: found},
            "required": [_WRAPPER],
            "additionalProperties": False,
            **({} if definitions is None else {"$defs": definitions}),
        }
    return Adapted(found, tuple(adapter.lost), provider, constraint, is_wrapped)


def _without_reference(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that refers to one of its own definitions, as that definition."""
    definitions = schema.get("$defs", {})
    name = str(schema.get("$ref", "")).removeprefix("#/$defs/")
    target = definitions.get(name)
    if not isinstance(target, dict) or schema.keys() - {"$ref", "$defs", "title", "description"}:
        return schema
    return {**target, "$defs": definitions}


def _is_object(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "object" and "anyOf" not in schema


@dataclass(slots=True)
class _Adapter:
    """Adapts one schema."""

    provider: Provider
    lost: list[Problem] = field(default_factory=list)

    def schema(self, raw: Any, pointer: str) -> dict[str, Any]:
        """A schema, and all that is in it."""
        if not isinstance(raw, Mapping):
            if raw is False:
                self._lose(pointer, "false cannot be said")
            return {}
        found: dict[str, Any] = {}
        for keyword, value in self._combined(raw, pointer).items():
            self._keyword(found, keyword, value, pointer, raw)
        if self.provider.is_strict and _may_be_object(found, raw):
            self._close(found, raw, pointer)
        if not self.provider.has_type_lists and isinstance(found.get("type"), list):
            return self._split(found)
        return found

    def _combined(self, raw: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        """The keywords, with those of `allOf` where they do not meet, and those that have another name."""
        found = dict(raw)
        parts = found.pop("allOf", [])
        for index, part in enumerate(parts if isinstance(parts, list) else ()):
            if isinstance(part, Mapping) and not found.keys() & part.keys():
                found.update(part)
            else:
                self._lose(
                    f"{pointer}/allOf/{index}",
                    "allOf cannot be said, and this part shares keywords with others",
                )
        if "oneOf" in found and "anyOf" not in found:
            self._lose(f"{pointer}/oneOf", "any of the branches may hold, not exactly one")
            found["anyOf"] = found.pop("oneOf")
        if "definitions" in found:
            found["$defs"] = {**found.pop("definitions"), **found.get("$defs", {})}
        if "const" in found and "const" not in self.provider.keywords:
            found["enum"] = [found.pop("const")]
        return found

    def _keyword(
        self, found: dict[str, Any], keyword: str, value: Any, pointer: str, raw: Mapping[str, Any]
    ) -> None:
        place = f"{pointer}/{keyword}"
        if keyword in _ANNOTATIONS:
            return
        if keyword not in self.provider.keywords:
            self._lose(place, "is not supported")
        elif keyword == "format" and value not in self.provider.formats:
            self._lose(place, f"{value!r} is not supported")
        elif keyword in ("properties", "$defs") and isinstance(value, Mapping):
            found[keyword] = {
                name: self.schema(one, f"{place}/{_escaped(name)}") for name, one in value.items()
            }
        elif keyword in ("anyOf", "prefixItems") and isinstance(value, list):
            found[keyword] = [self.schema(one, f"{place}/{index}") for index, one in enumerate(value)]
        elif keyword == "items":
            self._items(found, value, place)
        elif keyword == "additionalProperties":
            self._others(found, value, place, raw)
        elif keyword == "$ref":
            self._reference(found, value, place)
        else:
            found[keyword] = value

    def _reference(self, found: dict[str, Any], value: Any, place: str) -> None:
        target = str(value).replace("#/definitions/", "#/$defs/")
        if target == "#" or (target.startswith("#/$defs/") and target.count("/") == 2):
            found["$ref"] = target
        else:
            self._lose(place, "only references to definitions of the root are supported")

    def _items(self, found: dict[str, Any], value: Any, place: str) -> None:
        if isinstance(value, list):
            self._lose(place, "a list of schemas is not supported")
        else:
            found["items"] = self.schema(value, place)

    def _others(self, found: dict[str, Any], value: Any, place: str, raw: Mapping[str, Any]) -> None:
        if value is False:
            if not raw.get("patternProperties"):
                found["additionalProperties"] = False
        elif not self.provider.is_strict:
            found["additionalProperties"] = self.schema(value, place) or True

    def _close(self, found: dict[str, Any], raw: Mapping[str, Any], pointer: str) -> None:
        """Make every property required, null where it may be missing, and forbid others."""
        if raw.get("additionalProperties", True) is not False or raw.get("patternProperties"):
            self._lose(f"{pointer}/additionalProperties", "other properties cannot be written", narrower=True)
        properties = found.setdefault("properties", {})
        required = raw.get("required")
        names = required if isinstance(required, list) else []
        for name in names:
            properties.setdefault(name, {})
        for name in properties.keys() - set(names):
            properties[name] = self._or_null(properties[name])
        found["required"] = list(properties)
        found["additionalProperties"] = False

    def _or_null(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema that allows null as well."""
        named = schema.get("type")
        if not schema or named == "null" or {"type": "null"} in schema.get("anyOf", ()):
            return schema
        if self.provider.has_type_lists and not schema.keys() & {"enum", "const", "anyOf", "$ref"}:
            if isinstance(named, str):
                return {**schema, "type": [named, "null"]}
            if isinstance(named, list) and "null" in named:
                return schema
        return {"anyOf": [schema, {"type": "null"}]}

    def _split(self, found: dict[str, Any]) -> dict[str, Any]:
        """A list of types as an `anyOf`."""
        types = found.pop("type")
        if "anyOf" in found or "$ref" in found:
            return found
        kept: dict[str, Any] = {
            name: found.pop(name) for name in ("title", "description", "$defs") if name in found
        }
        return {
            **kept,
            "anyOf": [{"type": "null"} if one == "null" else {"type": one, **found} for one in types],
        }

    def _lose(self, pointer: str, reason: str, *, narrower: bool = False) -> None:
        self.lost.append(Problem(pointer, reason if not narrower else f"{reason} (narrower than the schema)"))


def _may_be_object(found: Mapping[str, Any], raw: Mapping[str, Any]) -> bool:
    named = raw.get("type")
    if named is not None:
        return named == "object" or (isinstance(named, list) and "object" in named)
    return "properties" in found


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _restored(value: Any, schema: Any, root: Any, depth: int) -> Any:
    """A value without the nulls of properties that are not required and may not be null."""
    schema = _resolved(schema, root)
    if isinstance(value, list):
        items = schema.get("items")
        return [_restored(one, items, root, depth + 1) for one in value]
    if not isinstance(value, dict):
        return value
    properties = _properties(schema, root)
    required = schema.get("required") or []
    found = {}
    for name, one in value.items():
        inner = properties.get(name)
        if one is None and name not in required and inner is not None and not _allows_null(inner, root):
            continue
        found[name] = _restored(one, inner, root, depth + 1)
    return found


def _resolved(schema: Any, root: Any) -> Mapping[str, Any]:
    """A schema, or what it refers to."""
    for _ in range(32):
        reference = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        schema = root
        for step in reference[2:].split("/"):
            step = step.replace("~1", "/").replace("~0", "~")
            schema = schema.get(step) if isinstance(schema, Mapping) else None
    return schema if isinstance(schema, Mapping) else {}


def _properties(schema: Mapping[str, Any], root: Any) -> dict[str, Any]:
    """The properties that a schema declares, those of its combinators too."""
    found = dict(schema.get("properties") or {})
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(keyword) or ():
            found = {**_properties(_resolved(part, root), root), **found}
    return found


def _allows_null(schema: Any, root: Any) -> bool:
    schema = _resolved(schema, root)
    named = schema.get("type")
    if named is not None:
        return named == "null" or (isinstance(named, list) and "null" in named)
    if "enum" in schema:
        return None in schema["enum"]
    branches = [*(schema.get("anyOf") or ()), *(schema.get("oneOf") or ())]
    return not branches or any(_allows_null(branch, root) for branch in branches)
