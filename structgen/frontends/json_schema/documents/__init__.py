"""Documents: schemas as given, the keywords and drafts of JSON Schema, and the targets of references.

In reading order:

    json_types.py   types as bits; values compared
    keywords.py     the table of keywords
    drafts.py       what differs between drafts
    identity.py     a dict by identity
    traversal.py    the places of schemas, and JSON Pointers to them
    index.py        bases, resources, anchors
    document.py     a schema, its references and its places
    scopes.py       dynamic references become plain ones
    findings.py     what is not enforced, and why a schema is empty
"""

from __future__ import annotations

from structgen.frontends.json_schema.documents.document import Document

__all__ = ["Document"]
