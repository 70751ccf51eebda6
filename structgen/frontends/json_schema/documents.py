"""Documents: a schema as given, and where its references lead. Knows no text and no rules.

Places in a document are found by identity: whoever meets a problem names the object that has it, and only then the
document is searched for the JSON Pointer that leads there. On the path of a request nothing is spent on pointers.

References into the document itself are resolved here. Only where a schema changes its base (`$id` inside it), names
anchors or refers to other documents, all of it is read once for an index; other documents come from the registry that
the caller hands over (`referencing.Registry`) or are metaschemas, never from the network.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin

from structgen.errors import InvalidSchemaError
from structgen.frontends.json_schema.drafts import BY_URI, VALIDATION, Draft, draft_of

Schema = Any
"""A dict or a bool, once it has been looked at; whatever JSON holds, before."""


# Keywords whose value is a schema, a list of schemas, a map of schemas; in any draft.
KEYWORDS_OF_ONE = frozenset(
    (
        "additionalItems",
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    )
)
KEYWORDS_OF_LISTS = frozenset(("allOf", "anyOf", "items", "oneOf", "prefixItems"))
KEYWORDS_OF_MAPS = frozenset(
    (
        "$defs",
        "definitions",
        "dependencies",
        "dependentSchemas",
        "patternProperties",
        "properties",
    )
)


class Document:
    """A schema and all that it refers to.

    Attributes:
        root: the schema.
        draft: that it is written in.
        declared: whether the schema or the caller says so; else it is the latest, read leniently.
    """

    def __init__(
        self,
        root: Schema,
        *,
        draft: str | None = None,
        registry: Any = None,
        text: str | None = None,
    ) -> None:
        self.root = root
        self._registry = registry
        self.draft, self.declared = draft_of(root, draft)
        if registry is not None and isinstance(root, dict) and isinstance(root.get("$schema"), str):
            self._read_vocabularies(root["$schema"])
        self._targets: dict[str, Schema] = {}
        self._index: Index | None = None
        self._foreign: list[tuple[str, Schema]] = []
        self._origins: dict[int, tuple[Schema, Schema]] = {}
        self._links: dict[tuple[int, str], Schema] = {}
        self._has_bases: bool | None = None
        self._has_unevaluated: bool | None = None
        if text is not None and '"unevaluated' not in text:
            self._has_unevaluated = False
        if text is not None and f'"{self.draft.id_keyword}"' not in text:
            self._has_bases = False

    def _read_vocabularies(self, uri: str) -> None:
        """Void the keywords of vocabularies that a metaschema of the caller's leaves out (Core, 8.1.2)."""
        metaschema = None if uri.rstrip("#") in BY_URI else self._fetch(uri)
        vocabularies = metaschema.get("$vocabulary") if isinstance(metaschema, dict) else None
        if isinstance(vocabularies, dict) and not any("/vocab/validation" in one for one in vocabularies):
            self.draft = replace(self.draft, void=self.draft.void | VALIDATION)

    # References

    def resolve(self, node: dict[str, Any], keyword: str = "$ref") -> tuple[Schema, str]:
        """What a reference refers to, and a name for it.

        `$dynamicRef` and `$recursiveRef` are taken for `$ref`, but in copies made for scopes (`scopes.py`).

        Raises:
            InvalidSchemaError: It leads nowhere.
        """
        reference = node[keyword]
        if not isinstance(reference, str):
            raise self.invalid(node, keyword, "expected a URI reference")
        if self._links:
            linked = self._linked(node, keyword)
            if linked is not None:
                return linked, reference
        if self._index is None:
            target = self._targets.get(reference)
            if target is None and (reference == "#" or reference.startswith("#/")) and not self.has_bases:
                target = self._targets[reference] = self._step(self.root, reference[1:], node, keyword)
            if target is not None:
                return target, reference
            self._index = Index(self.root, self.draft)
        return self._resolve_by_index(node, keyword)

    @property
    def has_bases(self) -> bool:
        """Whether something inside the schema may change the base of references."""
        if self._has_bases is None:
            keyword = self.draft.id_keyword
            self._has_bases = any(
                isinstance(node.get(keyword), str) and node is not self.root for node in subschemas(self.root)
            )
        return self._has_bases

    def index(self) -> Index:
        """Bases, resources and anchors; documents that are referred to are added when they are met."""
        if self._index is None:
            self._index = Index(self.root, self.draft)
        return self._index

    def link(self, copy: Schema, keyword: str, target: Schema) -> None:
        """Say what a reference in a copy of a schema refers to."""
        self._links[id(copy), keyword] = target

    def is_linked(self, node: Schema, keyword: str) -> bool:
        """Whether that has been said."""
        return self._linked(node, keyword) is not None

    def _linked(self, node: Schema, keyword: str) -> Schema | None:
        while (id(node), keyword) not in self._links:
            if id(node) not in self._origins:
                return None
            node = self._origins[id(node)][1]
        return self._links[id(node), keyword]

    def void_in(self, node: dict[str, Any]) -> frozenset[str]:
        """The keywords that mean nothing in a schema."""
        if isinstance(node.get("items"), list):  # an older draft's way, whatever the schema says it is
            return self.draft.void - {"additionalItems"}
        return self.draft.void

    def _resolve_by_index(self, node: dict[str, Any], keyword: str) -> tuple[Schema, str]:
        index = self._index
        assert index is not None
        uri = _join(index.base_of(self.origin(node)), node[keyword])
        if uri in self._targets:
            return self._targets[uri], uri
        address, fragment = urldefrag(uri)
        resource = index.resources.get(address)
        if resource is None:
            resource = self._fetch(address)
            if resource is None:
                raise self.invalid(
                    node,
                    keyword,
                    f"{uri} is not part of the schema; pass the document in registry= (referencing.Registry)",
                )
            self._foreign.append((address, resource))
            self._has_unevaluated = None
            index.add(resource, address)
        if not fragment or fragment.startswith("/"):
            target = self._step(resource, fragment, node, keyword)
        else:
            target = index.anchors.get((address, fragment))
            if target is None:
                raise self.invalid(node, keyword, f"there is no anchor {fragment!r}")
        self._targets[uri] = target
        return target, uri

    def _step(self, target: Schema, pointer: str, node: dict[str, Any], keyword: str) -> Schema:
        if "%" in pointer:
            pointer = unquote(pointer)
        for part in pointer.split("/")[1:]:
            step = part.replace("~1", "/").replace("~0", "~") if "~" in part else part
            try:
                target = target[int(step)] if isinstance(target, list) else target[step]
            except (KeyError, IndexError, TypeError, ValueError):
                raise self.invalid(node, keyword, f"there is nothing at {node[keyword]}") from None
        return target

    def _fetch(self, address: str) -> Schema | None:
        """A document of the caller's registry, or a metaschema."""
        import referencing.exceptions

        registry = self._registry
        if registry is None:
            from jsonschema_specifications import REGISTRY

            registry = REGISTRY
        for uri in (address, address + "#"):
            try:
                return registry.get_or_retrieve(uri).value.contents
            except (
                referencing.exceptions.NoSuchResource,
                referencing.exceptions.Unretrievable,
            ):
                continue
        return None

    # Places

    @property
    def has_unevaluated(self) -> bool:
        """Whether it may matter which members and items have been evaluated."""
        if self._has_unevaluated is None:
            self._has_unevaluated = not self.draft.void.issuperset(
                ("unevaluatedItems", "unevaluatedProperties")
            ) and (
                bool(self._foreign)
                or any(
                    "unevaluatedItems" in node or "unevaluatedProperties" in node
                    for node in subschemas(self.root)
                )
            )
        return self._has_unevaluated

    def stands_for(self, made: Schema, origin: Schema) -> Schema:
        """Note that a schema that was made on the way stands for one of the document. Returns it."""
        self._origins[id(made)] = made, origin
        return made

    def is_made(self, node: Schema) -> bool:
        """Whether a schema was made on the way."""
        return id(node) in self._origins

    def origin(self, node: Schema) -> Schema:
        """The schema of the document that a schema stands for: mostly itself."""
        while id(node) in self._origins:
            node = self._origins[id(node)][1]
        return node

    def pointer(self, node: Schema, *steps: str | int) -> str:
        """The JSON Pointer, as a URI fragment, of a part of the document; `#` if it is not found."""
        return self.locate([(node, *steps)])[0][1]

    def locate(self, places: list[tuple[Any, ...]]) -> list[tuple[tuple[int, int], str]]:
        """For each (node, step...): its place in the order of the document, and its JSON Pointer."""
        nodes = [self.origin(place[0]) for place in places]
        paths: dict[int, tuple[int, str]] = {}
        wanted = {id(node) for node in nodes if isinstance(node, (dict, list))}
        for number, (address, document) in enumerate([("", self.root), *self._foreign]):
            for order, found, path in _paths_to(document, wanted):
                paths.setdefault(found, (order + number * 10**9, address + "#" + path))
        located = []
        for node, place in zip(nodes, places, strict=True):
            order, path = paths.get(id(node), (0, "#"))
            steps = place[1:]
            keys = list(node) if isinstance(node, dict) else []
            rank = keys.index(steps[0]) if steps and steps[0] in keys else 0
            located.append(((order, rank), path + "".join("/" + escape(step) for step in steps)))
        return located

    def invalid(self, node: Schema, keyword: str | None, reason: str) -> InvalidSchemaError:
        """The error for a malformed place."""
        if not isinstance(node, (dict, list)):  # identity says nothing, so where a schema should be
            for parent, *steps, child in children(self.root):
                if child is node:
                    return InvalidSchemaError(self.pointer(parent, *steps), reason)
        return InvalidSchemaError(self.pointer(node, *([keyword] if keyword is not None else [])), reason)


def _join(base: str, reference: str) -> str:
    """A reference against its base; `urljoin` does not know URNs."""
    if reference.startswith("#"):
        return urldefrag(base)[0] + reference
    return urljoin(base, reference)


def load(text: str) -> Schema:
    """A schema from its JSON text.

    Raises:
        InvalidSchemaError: The text is not JSON.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except ValueError as error:
        raise InvalidSchemaError("#", f"the schema is not JSON: {error}") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def escape(step: str | int) -> str:
    """One step of a JSON Pointer in a URI fragment (RFC 6901, sections 3 and 6)."""
    return str(step).replace("~", "~0").replace("/", "~1").replace("%", "%25")


def subschemas(root: Schema) -> Iterator[dict[str, Any]]:
    """Every schema object in a schema, itself included."""
    if isinstance(root, dict):
        yield root
    for *_, child in children(root):
        if isinstance(child, dict):
            yield child


def children(root: Schema) -> Iterator[tuple[Any, ...]]:
    """Every place for a schema inside a schema: the schema around it, the steps to it, and what is there."""
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if not isinstance(node, dict):
            continue
        found: list[tuple[Any, ...]] = []
        for keyword, value in node.items():
            if keyword in KEYWORDS_OF_LISTS and isinstance(value, list):
                found.extend((node, keyword, index, one) for index, one in enumerate(value))
            elif keyword in KEYWORDS_OF_MAPS and isinstance(value, dict):
                found.extend((node, keyword, name, one) for name, one in value.items())
            elif keyword in KEYWORDS_OF_ONE:
                found.append((node, keyword, value))
        yield from found
        stack.extend(place[-1] for place in reversed(found))


def _paths_to(root: Any, wanted: set[int]) -> Iterator[tuple[int, int, str]]:
    """The objects whose identities are wanted: their place in document order, identity, and JSON Pointer."""
    stack: list[tuple[Any, Any]] = [(root, None)]
    seen: set[int] = set()
    order = 0
    while stack:
        node, link = stack.pop()
        if not isinstance(node, (dict, list)) or id(node) in seen:
            continue
        seen.add(id(node))
        order += 1
        if id(node) in wanted:
            steps: list[str] = []
            back = link
            while back is not None:
                back, step = back
                steps.append("/" + escape(step))
            yield order, id(node), "".join(reversed(steps))
        items = list(node.items() if isinstance(node, dict) else enumerate(node))
        stack.extend([(value, (link, step)) for step, value in reversed(items)])


class Index:
    """Bases, resources and anchors of a schema that has more than one."""

    def __init__(self, root: Schema, draft: Draft) -> None:
        self.draft = draft
        self.resources: dict[str, Schema] = {}
        self.anchors: dict[tuple[str, str], Schema] = {}
        self.dynamic: set[tuple[str, str]] = set()
        self.recursive: set[str] = set()
        self._bases: dict[int, str] = {}
        self.add(root, "")

    def base_of(self, node: Schema) -> str:
        """The URI of the resource that a schema stands in."""
        return self._bases.get(id(node), "")

    def dynamic_anchors(self, base: str) -> list[tuple[str, Schema]]:
        """The anchors of a resource that dynamic references may lead to; "" for `$recursiveAnchor`."""
        found = [(name, self.anchors[base, name]) for where, name in sorted(self.dynamic) if where == base]
        return [("", self.resources[base]), *found] if base in self.recursive else found

    def add(self, root: Schema, base: str) -> None:
        """Read a document."""
        self.resources[base] = root
        stack: list[tuple[Any, str]] = [(root, base)]
        keyword = self.draft.id_keyword
        while stack:
            node, base = stack.pop()
            if not isinstance(node, dict):
                continue
            identifier = node.get(keyword)
            if isinstance(identifier, str) and not (self.draft.ref_alone and "$ref" in node):
                uri, fragment = urldefrag(_join(base, identifier))
                if identifier.startswith("#"):
                    self.anchors.setdefault((base, fragment), node)
                else:
                    base = uri
                    self.resources.setdefault(base, node)
            self._bases[id(node)] = base
            for name in ("$anchor", "$dynamicAnchor"):
                if isinstance(node.get(name), str):
                    self.anchors.setdefault((base, node[name]), node)
                    if name == "$dynamicAnchor":
                        self.dynamic.add((base, node[name]))
            if node.get("$recursiveAnchor") is True:
                self.recursive.add(base)
            for name, value in node.items():
                if isinstance(value, dict):
                    if name in KEYWORDS_OF_ONE:
                        stack.append((value, base))
                    elif name in KEYWORDS_OF_MAPS:
                        stack.extend([(one, base) for one in value.values()])
                elif isinstance(value, list) and name in KEYWORDS_OF_LISTS:
                    stack.extend([(one, base) for one in value])
