"""Drafts of JSON Schema: what differs between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from structgen.errors import InvalidSchemaError


@dataclass(frozen=True, slots=True)
class Draft:
    """What differs between drafts.

    Attributes:
        name: as the argument `draft` takes it.
        uri: of its metaschema.
        id_keyword: what sets the base of references.
        ref_alone: `$ref` makes everything beside it void.
        prefix_items: `prefixItems` and `items`, instead of `items` and `additionalItems`.
        boolean_bounds: `exclusiveMinimum` is a boolean.
        void: keywords of other drafts, which mean nothing in this one.
    """

    name: str
    uri: str
    id_keyword: str = "$id"
    ref_alone: bool = False
    prefix_items: bool = False
    boolean_bounds: bool = False
    void: frozenset[str] = frozenset()


_SINCE_6 = ("const", "contains", "propertyNames")
_SINCE_7 = ("if", "then", "else")
_SINCE_2019 = (
    "dependentRequired",
    "dependentSchemas",
    "maxContains",
    "minContains",
    "unevaluatedItems",
    "unevaluatedProperties",
)
_SINCE_2020 = ("$dynamicRef", "prefixItems")

DRAFT4 = Draft(
    "4",
    "http://json-schema.org/draft-04/schema",
    "id",
    ref_alone=True,
    boolean_bounds=True,
    void=frozenset((*_SINCE_6, *_SINCE_7, *_SINCE_2019, *_SINCE_2020, "$recursiveRef")),
)
DRAFT6 = Draft(
    "6",
    "http://json-schema.org/draft-06/schema",
    ref_alone=True,
    void=frozenset((*_SINCE_7, *_SINCE_2019, *_SINCE_2020, "$recursiveRef")),
)
DRAFT7 = Draft(
    "7",
    "http://json-schema.org/draft-07/schema",
    ref_alone=True,
    void=frozenset((*_SINCE_2019, *_SINCE_2020, "$recursiveRef")),
)
DRAFT2019 = Draft(
    "2019-09",
    "https://json-schema.org/draft/2019-09/schema",
    void=frozenset((*_SINCE_2020, "dependencies")),
)
DRAFT2020 = Draft(
    "2020-12",
    "https://json-schema.org/draft/2020-12/schema",
    prefix_items=True,
    void=frozenset(("additionalItems", "dependencies", "$recursiveRef")),
)
DRAFTS = {draft.name: draft for draft in (DRAFT4, DRAFT6, DRAFT7, DRAFT2019, DRAFT2020)}
VALIDATION = frozenset(
    (
        *(
            "type",
            "enum",
            "const",
            "multipleOf",
            "maximum",
            "exclusiveMaximum",
            "minimum",
            "exclusiveMinimum",
        ),
        *(
            "maxLength",
            "minLength",
            "pattern",
            "maxItems",
            "minItems",
            "uniqueItems",
            "maxContains",
            "minContains",
        ),
        *("maxProperties", "minProperties", "required", "dependentRequired"),
    )
)
"""The keywords of the vocabulary for validation (JSON Schema 2020-12, Validation, 6)."""

BY_URI = {draft.uri: draft for draft in DRAFTS.values()}


def draft_of(root: Any, name: str | None) -> tuple[Draft, bool]:
    """The draft that a schema is written in, and whether it or the caller says so.

    Args:
        root: the schema.
        name: what the caller says.

    Raises:
        InvalidSchemaError: `$schema` is no URI.
    """
    if name is not None:
        return DRAFTS[name], True
    uri = root.get("$schema") if isinstance(root, dict) else None
    if uri is None:
        return DRAFT2020, False
    if not isinstance(uri, str):
        raise InvalidSchemaError("#/$schema", "expected the URI of a metaschema")
    draft = BY_URI.get(
        uri.rstrip("#").replace("https://json-schema.org/draft-", "http://json-schema.org/draft-")
    )
    return (DRAFT2020, False) if draft is None else (draft, True)
