"""Drafts of JSON Schema: what differs between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from structgen.errors import InvalidSchemaError
from structgen.frontends.json_schema.documents.keywords import void_in


@dataclass(frozen=True, slots=True)
class Draft:
    """What differs between drafts.

    Attributes:
        name: as the argument `draft` takes it.
        uri: of its metaschema.
        id_keyword: sets the base of references.
        ref_alone: `$ref` voids the other keywords of its schema.
        prefix_items: it has `prefixItems` and `items`, instead of `items` and `additionalItems`.
        boolean_bounds: `exclusiveMinimum` is a boolean.
        void: keywords of other drafts, which mean nothing in this one.
    """

    name: str
    uri: str
    id_keyword: str = "$id"
    ref_alone: bool = False
    prefix_items: bool = False
    boolean_bounds: bool = False
    void: frozenset[str] = field(default_factory=frozenset)


def _draft(name: str, uri: str, **more: object) -> Draft:
    return Draft(name, uri, void=void_in(name), **more)  # type: ignore[arg-type]


_LATEST = _draft("2020-12", "https://json-schema.org/draft/2020-12/schema", prefix_items=True)
DRAFTS = {
    draft.name: draft
    for draft in (
        _draft(
            "4",
            "http://json-schema.org/draft-04/schema",
            id_keyword="id",
            ref_alone=True,
            boolean_bounds=True,
        ),
        _draft("6", "http://json-schema.org/draft-06/schema", ref_alone=True),
        _draft("7", "http://json-schema.org/draft-07/schema", ref_alone=True),
        _draft("2019-09", "https://json-schema.org/draft/2019-09/schema"),
        _LATEST,
    )
}
BY_URI = {draft.uri: draft for draft in DRAFTS.values()}


def draft_of(root: object, name: str | None) -> tuple[Draft, bool]:
    """The draft that a schema is written in, and whether it or the caller says so.

    Args:
        root: the schema.
        name: what the caller says: one of `DRAFTS`, or None.

    Raises:
        InvalidSchemaError: `$schema` is no URI.
    """
    if name is not None:
        return DRAFTS[name], True
    uri = root.get("$schema") if isinstance(root, dict) else None
    if uri is None:
        return _LATEST, False
    if not isinstance(uri, str):
        raise InvalidSchemaError("#/$schema", "expected the URI of a metaschema")
    draft = BY_URI.get(
        uri.rstrip("#").replace("https://json-schema.org/draft-", "http://json-schema.org/draft-")
    )
    return (_LATEST, False) if draft is None else (draft, True)
