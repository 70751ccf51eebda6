"""Index: the bases, resources and anchors of documents (JSON Schema 2020-12, Core, 8.2)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urldefrag, urljoin

from structgen.frontends.json_schema.documents.drafts import Draft
from structgen.frontends.json_schema.documents.identity import IdentityMap
from structgen.frontends.json_schema.documents.keywords import HOLDING_LISTS, HOLDING_MAPS, HOLDING_ONE


def join(base: str, reference: str) -> str:
    """A reference against its base; `urljoin` does not know URNs."""
    if reference.startswith("#"):
        return urldefrag(base)[0] + reference
    return urljoin(base, reference)


class Index:
    """Bases, resources and anchors of a schema that has more than one.

    Attributes:
        resources: schemas by their URI.
        anchors: schemas by the URI of their resource and the name of their anchor.
    """

    def __init__(self, root: object, draft: Draft) -> None:
        self.resources: dict[str, object] = {}
        self.anchors: dict[tuple[str, str], object] = {}
        self._draft = draft
        self._dynamic: set[tuple[str, str]] = set()
        self._recursive: set[str] = set()
        self._bases: IdentityMap[str] = IdentityMap()
        self.add(root, "")

    def base_of(self, node: object) -> str:
        """The URI of the resource that a schema belongs to."""
        return self._bases.get(node) or ""

    def dynamic_anchors(self, base: str) -> list[tuple[str, object]]:
        """The anchors of a resource that dynamic references may lead to; "" for `$recursiveAnchor`."""
        found = [(name, self.anchors[base, name]) for where, name in sorted(self._dynamic) if where == base]
        return [("", self.resources[base]), *found] if base in self._recursive else found

    def add(self, root: object, base: str) -> None:
        """Read a document."""
        self.resources[base] = root
        stack: list[tuple[object, str]] = [(root, base)]
        while stack:
            node, base = stack.pop()
            if not isinstance(node, dict):
                continue
            base = self._enter(node, base)
            self._bases[node] = base
            self._read_anchors(node, base)
            stack.extend((child, base) for child in _inside(node))

    def _enter(self, node: dict[str, object], base: str) -> str:
        """The base inside a schema, which may set its own."""
        identifier = node.get(self._draft.id_keyword)
        if not isinstance(identifier, str) or (self._draft.ref_alone and "$ref" in node):
            return base
        uri, fragment = urldefrag(join(base, identifier))
        if identifier.startswith("#"):
            self.anchors.setdefault((base, fragment), node)
            return base
        self.resources.setdefault(uri, node)
        return uri

    def _read_anchors(self, node: dict[str, object], base: str) -> None:
        for keyword in ("$anchor", "$dynamicAnchor"):
            name = node.get(keyword)
            if isinstance(name, str):
                self.anchors.setdefault((base, name), node)
                if keyword == "$dynamicAnchor":
                    self._dynamic.add((base, name))
        if node.get("$recursiveAnchor") is True:
            self._recursive.add(base)


def _inside(node: dict[str, object]) -> Iterator[object]:
    for name, value in node.items():
        if isinstance(value, dict):
            if name in HOLDING_ONE:
                yield value
            elif name in HOLDING_MAPS:
                yield from value.values()
        elif isinstance(value, list) and name in HOLDING_LISTS:
            yield from value
