"""Dynamic references (`$dynamicRef`, `$recursiveRef`): their target depends on how their schema was reached.

Of the way to a schema it matters which resource came first among those with an anchor of a name: a *scope*, name by
name (JSON Schema 2020-12, Core, 7.1 and 8.2.3.2; 2019-09, Core, 8.2.4.2.2). A schema is copied for each scope in which
it is reached, and in a copy every reference leads to one copy: so the rest of the compiler knows no scopes.

Copies are made only of schemas that have such references. The number of scopes is bounded by the anchors' choices.
"""

from __future__ import annotations

from structgen.frontends.json_schema.documents.document import Document, Raw
from structgen.frontends.json_schema.documents.identity import IdentityMap
from structgen.frontends.json_schema.documents.keywords import (
    DEFINITIONS,
    HOLDING_LISTS,
    HOLDING_MAPS,
    HOLDING_ONE,
    REFERENCES,
)

_MOST_COPIES = 100_000

Scope = tuple[tuple[str, int], ...]
"""The targets of dynamic references: names, and the numbers of anchors."""


class DynamicReference(Exception):
    """A schema has references that depend on scopes. Caught where it can be compiled again, from copies."""


class TooManyScopes(Exception):
    """There are more ways to reach schemas than anybody meant."""


def resolve_scopes(document: Document) -> object:
    """The root of the document, copied scope by scope; the document knows the targets of its references.

    Raises:
        InvalidSchemaError: A reference leads nowhere.
        TooManyScopes: There are too many copies.
    """
    return _Copies(document).copy_of(document.root, ())


class _Copies:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._index = document.index()
        self._copies: IdentityMap[dict[Scope, Raw]] = IdentityMap()
        self._count = 0
        self._anchors: list[object] = []
        self._numbers: IdentityMap[int] = IdentityMap()
        self._todo: list[tuple[Raw, Raw, Scope]] = []

    def copy_of(self, node: object, scope: Scope) -> object:
        copy = self._copy(node, scope)
        while self._todo:
            self._fill(*self._todo.pop())
        return copy

    def _copy(self, node: object, scope: Scope) -> object:
        """The copy of a schema that is reached in a scope; its keywords come later."""
        if not isinstance(node, dict):
            return node
        scope = self._entered(scope, self._index.base_of(node))
        if node not in self._copies:
            self._copies[node] = {}
        copies = self._copies[node]
        if scope not in copies:
            self._count += 1
            if self._count > _MOST_COPIES:
                raise TooManyScopes
            made = copies[scope] = {}
            self._document.add_copy(made, node)
            self._todo.append((made, node, scope))
        return copies[scope]

    def _entered(self, scope: Scope, base: str) -> Scope:
        """A scope after a resource: its anchors count for names that have none yet."""
        known = dict(scope)
        for name, anchor in self._index.dynamic_anchors(base):
            if name not in known:
                known[name] = self._number(anchor)
        return tuple(sorted(known.items()))

    def _number(self, anchor: object) -> int:
        if anchor not in self._numbers:
            self._numbers[anchor] = len(self._anchors)
            self._anchors.append(anchor)
        return self._numbers[anchor]

    def _fill(self, made: Raw, node: Raw, scope: Scope) -> None:
        void = self._document.void_in(node)
        for keyword, value in node.items():
            if keyword in void or keyword in DEFINITIONS:
                continue
            made[keyword] = value
            if keyword in REFERENCES:
                target = self._target(node, keyword, scope)
                self._document.link(made, keyword, self._copy(target, scope))
            elif keyword in HOLDING_LISTS and isinstance(value, list):
                made[keyword] = [self._copy(one, scope) for one in value]
            elif keyword in HOLDING_MAPS and isinstance(value, dict):
                made[keyword] = {name: self._copy(one, scope) for name, one in value.items()}
            elif keyword in HOLDING_ONE:
                made[keyword] = self._copy(value, scope)

    def _target(self, node: Raw, keyword: str, scope: Scope) -> object:
        target, uri = self._document.resolve(node, keyword)
        if keyword == "$ref" or not isinstance(target, dict):
            return target
        name = "" if keyword == "$recursiveRef" else uri.partition("#")[2]
        marked = target.get("$recursiveAnchor") is True if not name else target.get("$dynamicAnchor") == name
        found = dict(scope).get(name) if marked else None
        return target if found is None else self._anchors[found]
