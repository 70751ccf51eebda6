"""The contract of a schema as data: what becomes of every keyword at every place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from structgen.errors import InvalidSchemaError, Problem
from structgen.frontends.json_schema.documents.document import Document
from structgen.frontends.json_schema.documents.keywords import DEFINITIONS, KEYWORDS, REFERENCES
from structgen.frontends.json_schema.documents.traversal import escape, schemas_in
from structgen.frontends.json_schema.strings import KNOWN

Handling = Literal["enforced", "checked", "annotation"]


@dataclass(frozen=True, slots=True)
class KeywordReport:
    """What becomes of one keyword.

    Attributes:
        pointer: where it stands (JSON Pointer, RFC 6901, as a URI fragment: `#/properties/a/pattern`).
        keyword: its name.
        handling: "enforced": by the mask; "checked": afterwards, by `validate()`; "annotation": it constrains nothing.
        reason: why it is not enforced; empty where it is, or where it never constrains.
    """

    pointer: str
    keyword: str
    handling: Handling
    reason: str = ""


def report_of(
    document: Document, problems: tuple[Problem, ...], *, formats: bool
) -> tuple[KeywordReport, ...]:
    """A row for every keyword of a schema, and of what it refers to elsewhere, in their order.

    Args:
        document: the schema.
        problems: what the mask does not enforce.
        formats: whether `format` is enforced.
    """
    reached, elsewhere = _reached(document)
    reasons = {problem.pointer: problem.reason for problem in problems}
    rows: dict[str, KeywordReport] = {}
    roots = [("#", document.root), *((document.pointer(node), node) for node in elsewhere)]
    for root, schema in roots:
        for pointer, node in _places(schema, root):
            for keyword in node:
                place = f"{pointer}/{escape(keyword)}"
                if place in rows:
                    continue
                handling, reason = _handling(document, node, keyword, formats)
                if id(node) not in reached:
                    handling, reason = "annotation", "nothing refers to this schema"
                elif place in reasons:
                    handling, reason = "checked", reasons[place]
                rows[place] = KeywordReport(place, keyword, handling, reason)
    return tuple(rows.values())


def _handling(
    document: Document, node: Mapping[str, object], keyword: str, formats: bool
) -> tuple[Handling, str]:
    why_void = _why_void(document, node, keyword)
    if why_void is not None:
        return "annotation", why_void
    if keyword != "format":
        return "enforced", ""
    if not formats:
        return "annotation", 'formats="annotate"'
    return ("enforced", "") if node[keyword] in KNOWN else ("annotation", "no format of the specifications")


def _why_void(document: Document, node: Mapping[str, object], keyword: str) -> str | None:
    """Why a keyword constrains nothing where it stands; None if it does."""
    draft = document.draft
    if draft.ref_alone and "$ref" in node and keyword != "$ref":
        return f"void next to $ref in draft {draft.name}"
    if keyword in document.void_in(dict(node)):
        return f"means nothing in draft {draft.name}"
    known = KEYWORDS.get(keyword)
    if known is None or known.role == "annotation":
        return ""
    if keyword == "additionalItems" and not isinstance(node.get("items"), list):
        return "says nothing without a list of items"
    if keyword == "if" and document.has_unevaluated:  # by itself it says what is evaluated
        return None
    if known.needs and not any(one in node for one in known.needs):
        return f"says nothing without {' or '.join(known.needs)}"
    return None


def _places(root: object, pointer: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Every schema object in a schema, with its JSON Pointer."""
    stack = [(pointer, root)]
    while stack:
        pointer, node = stack.pop()
        if isinstance(node, dict):
            yield pointer, node
            inside = [
                ("/".join((pointer, *map(escape, (keyword, *steps)))), child)
                for keyword, steps, child in schemas_in(node)
            ]
            stack.extend(reversed(inside))


def _reached(document: Document) -> tuple[set[int], list[dict[str, object]]]:
    """The schemas that may have to judge a value, by identity; and those that stand where no schema is expected."""
    placed = {id(node) for _, node in _places(document.root, "#")}
    reached: set[int] = set()
    elsewhere: list[dict[str, object]] = []
    todo: list[object] = [document.root]
    while todo:
        node = todo.pop()
        if not isinstance(node, dict) or id(node) in reached:
            continue
        reached.add(id(node))
        if id(node) not in placed:
            elsewhere.append(node)
            placed.update(id(one) for _, one in _places(node, "#"))
        for keyword, _, child in schemas_in(node):
            if keyword not in DEFINITIONS and _handling(document, node, keyword, True)[0] == "enforced":
                todo.append(child)
        for keyword in REFERENCES:
            if _handling(document, node, keyword, True)[0] == "enforced" and keyword in node:
                todo += _targets(document, node, keyword)
    return reached, elsewhere


def _targets(document: Document, node: dict[str, object], keyword: str) -> list[object]:
    """What a reference may lead to: a dynamic one to any of the anchors of its name."""
    try:
        target, uri = document.resolve(node, keyword)
    except InvalidSchemaError:
        return []
    if keyword == "$ref":
        return [target]
    index, name = document.index(), "" if keyword == "$recursiveRef" else uri.partition("#")[2]
    anchors = [anchor for base in index.resources for anchor in index.dynamic_anchors(base)]
    return [target, *(schema for other, schema in anchors if other == name)]
