"""Document: a schema as given, and the targets of its references. Knows neither shapes nor rules.

Places in a document are found by identity: whoever meets a problem names the object that has it, and only then the
document is searched for the JSON Pointer that leads there. No request spends time on pointers.

References into the document itself are resolved here. Only where a schema changes its base (`$id` inside it), names
anchors or refers to other documents, all of it is read once for an index (`index.py`). Other documents come from the
registry of the caller (`referencing.Registry`) or are metaschemas; nothing is fetched from the network.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urldefrag

from structgen.errors import InvalidSchemaError
from structgen.frontends.json_schema.documents.drafts import BY_URI, draft_of
from structgen.frontends.json_schema.documents.identity import IdentityMap
from structgen.frontends.json_schema.documents.index import Index, join
from structgen.frontends.json_schema.documents.keywords import VALIDATION
from structgen.frontends.json_schema.documents.traversal import (
    children,
    escape,
    find_pointers,
    subschemas,
)

Raw = dict[str, object]
"""A schema object as the document has it."""

_UNEVALUATED = ("unevaluatedItems", "unevaluatedProperties")


class Document:
    """A schema and all that it refers to.

    Attributes:
        root: the schema.
        draft: the draft that it is written in.
        declared: True if the schema or the caller names the draft; otherwise it is the latest, read leniently.
        registry: the documents of the caller (`referencing.Registry`), or None.
    """

    def __init__(
        self, root: object, *, draft: str | None = None, registry: Any = None, text: str | None = None
    ) -> None:
        self.root = root
        self.registry = registry
        self.draft, self.declared = draft_of(root, draft)
        if registry is not None and isinstance(root, dict) and isinstance(root.get("$schema"), str):
            self._read_vocabularies(root["$schema"])
        self._targets: dict[str, object] = {}
        self._index: Index | None = None
        self._foreign: list[tuple[str, object]] = []
        self._originals: IdentityMap[object] = IdentityMap()
        self._links: IdentityMap[dict[str, object]] = IdentityMap()
        self._has_bases: bool | None = None
        self._has_unevaluated: bool | None = None
        if text is not None and "\\u00" not in text:  # letters may be escaped, and so the names of keywords
            self._rule_out(text)

    def _rule_out(self, text: str) -> None:
        """See in the text of the schema what it surely does not have; what it may have is searched for on demand."""
        if '"unevaluated' not in text:
            self._has_unevaluated = False
        if text.count(f'"{self.draft.id_keyword}"') <= self._names_itself:
            self._has_bases = False

    @property
    def _names_itself(self) -> bool:
        return isinstance(self.root, dict) and isinstance(self.root.get(self.draft.id_keyword), str)

    def _read_vocabularies(self, uri: str) -> None:
        """Void the keywords of vocabularies that a metaschema of the caller's leaves out (Core, 8.1.2)."""
        metaschema = None if uri.rstrip("#") in BY_URI else self._fetch(uri)
        vocabularies = metaschema.get("$vocabulary") if isinstance(metaschema, dict) else None
        if isinstance(vocabularies, dict) and not any("/vocab/validation" in one for one in vocabularies):
            self.draft = replace(self.draft, void=self.draft.void | VALIDATION)

    # References

    def resolve(self, node: Raw, keyword: str = "$ref") -> tuple[object, str]:
        """The target of a reference, and a name for it.

        `$dynamicRef` and `$recursiveRef` are read as `$ref`, except in the copies that `scopes.py` makes.

        Raises:
            InvalidSchemaError: It leads nowhere.
        """
        reference = node[keyword]
        if not isinstance(reference, str):
            raise self.invalid(node, keyword, "expected a URI reference")
        linked = self._links.get(node)
        if linked is not None and keyword in linked:
            return linked[keyword], reference
        if self._index is None:
            target = self._targets.get(reference)
            if target is None and (reference == "#" or reference.startswith("#/")) and not self.has_bases:
                target = self._targets[reference] = self._step(self.root, reference[1:], node, keyword)
            if target is not None:
                return target, reference
        return self._resolve_by_index(node, keyword, reference)

    @property
    def has_bases(self) -> bool:
        """True if something inside the schema may change the base of references."""
        if self._has_bases is None:
            self._has_bases = self._find_bases()
        return self._has_bases

    def _find_bases(self) -> bool:
        keyword = self.draft.id_keyword
        for node in subschemas(self.root):
            if keyword in node and isinstance(node[keyword], str) and node is not self.root:
                return True
        return False

    def index(self) -> Index:
        """Bases, resources and anchors; other documents are added when a reference leads to them."""
        if self._index is None:
            self._index = Index(self.root, self.draft)
        return self._index

    def _resolve_by_index(self, node: Raw, keyword: str, reference: str) -> tuple[object, str]:
        index = self.index()
        uri = join(index.base_of(self.original(node)), reference)
        if uri in self._targets:
            return self._targets[uri], uri
        address, fragment = urldefrag(uri)
        if address not in index.resources:
            found = self._fetch(address)
            if found is None:
                raise self.invalid(
                    node,
                    keyword,
                    f"{uri} is not part of the schema; pass the document in registry= (referencing.Registry)",
                )
            self._foreign.append((address, found))
            self._has_unevaluated = None
            index.add(found, address)
        if not fragment or fragment.startswith("/"):
            target = self._step(index.resources[address], fragment, node, keyword)
        else:
            target = index.anchors.get((address, fragment))
            if target is None:
                raise self.invalid(node, keyword, f"there is no anchor {fragment!r}")
        self._targets[uri] = target
        return target, uri

    def _step(self, target: object, pointer: str, node: Raw, keyword: str) -> object:
        if "%" in pointer:
            pointer = unquote(pointer)
        found: Any = target
        for part in pointer.split("/")[1:]:
            step = part.replace("~1", "/").replace("~0", "~") if "~" in part else part
            try:
                found = found[int(step)] if isinstance(found, list) else found[step]
            except (KeyError, IndexError, TypeError, ValueError):
                raise self.invalid(node, keyword, f"there is nothing at {node[keyword]}") from None
        return found

    def _fetch(self, address: str) -> object | None:
        """A document of the caller's registry, or a metaschema."""
        import referencing.exceptions

        registry = self.registry
        if registry is None:
            from jsonschema_specifications import REGISTRY

            registry = REGISTRY
        for uri in (address, address + "#"):
            try:
                found: object = registry.get_or_retrieve(uri).value.contents
            except (referencing.exceptions.NoSuchResource, referencing.exceptions.Unretrievable):
                continue
            return found
        return None

    # Copies of schemas, one for each dynamic scope (`scopes.py`)

    def add_copy(self, copy: Raw, original: object) -> None:
        """Note that `copy` stands for a schema of the document."""
        self._originals[copy] = original

    def link(self, copy: Raw, keyword: str, target: object) -> None:
        """Set the target of a reference in a copy."""
        if copy not in self._links:
            self._links[copy] = {}
        self._links[copy][keyword] = target

    def is_linked(self, node: Raw, keyword: str) -> bool:
        """Returns True if the target of a reference has been set by `link`."""
        return keyword in (self._links.get(node) or ())

    def original(self, node: object) -> object:
        """The schema of the document that `node` is a copy of; itself if it is none."""
        found = self._originals.get(node)
        return node if found is None else found

    # What schemas say of themselves

    def void_in(self, node: Raw) -> frozenset[str]:
        """The keywords that mean nothing in a schema."""
        if isinstance(node.get("items"), list):  # read as an older draft has it, whatever the schema declares
            return self.draft.void - {"additionalItems"}
        return self.draft.void

    @property
    def has_unevaluated(self) -> bool:
        """True if it may matter which properties and items have been evaluated."""
        if self._has_unevaluated is None:
            self._has_unevaluated = not self.draft.void.issuperset(_UNEVALUATED) and (
                bool(self._foreign)
                or any(keyword in node for node in subschemas(self.root) for keyword in _UNEVALUATED)
            )
        return self._has_unevaluated

    @property
    def has_other_documents(self) -> bool:
        """True if a reference has led to another document."""
        return bool(self._foreign)

    # Places

    def pointer(self, node: object, *steps: str | int) -> str:
        """The JSON Pointer, as a URI fragment, of a part of the document; `#` if it is not found."""
        return self.locate([(node, steps)])[0][1]

    def locate(
        self, places: Iterable[tuple[object, tuple[str | int, ...]]]
    ) -> list[tuple[tuple[int, int], str]]:
        """For each (node, steps): its position in the order of the document, and its JSON Pointer."""
        originals = [(self.original(node), steps) for node, steps in places]
        found = find_pointers([("", self.root), *self._foreign], [node for node, _ in originals])
        located = []
        for node, steps in originals:
            order, path = found.get(node) or (0, "#")
            keys = list(node) if isinstance(node, dict) else []
            rank = keys.index(steps[0]) if steps and steps[0] in keys else 0
            located.append(((order, rank), path + "".join("/" + escape(step) for step in steps)))
        return located

    def invalid(self, node: object, keyword: str | None, reason: str) -> InvalidSchemaError:
        """The error for a malformed place."""
        if not isinstance(node, (dict, list)):  # other values have no identity, so search where schemas stand
            for parent, *steps, child in children(self.root):
                if child is node:
                    return InvalidSchemaError(self.pointer(parent, *steps), reason)
        return InvalidSchemaError(self.pointer(node, *([keyword] if keyword is not None else [])), reason)


def load(text: str) -> object:
    """A schema from its JSON text.

    Raises:
        InvalidSchemaError: The text is not JSON.
    """
    if text.startswith("\ufeff"):
        raise InvalidSchemaError("#", "the schema is not JSON: it begins with a byte order mark")
    try:
        found: object = _DECODER.decode(text)
    except ValueError as error:
        raise InvalidSchemaError("#", f"the schema is not JSON: {error}") from None
    return found


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number of JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
