"""Dynamic references (`$dynamicRef`, `$recursiveRef`): what they refer to depends on how their schema was reached.

What matters of the way is which resource came first of those that have an anchor of a name: a *scope*, name by name
(JSON Schema 2020-12, Core, 7.1 and 8.2.3.2; 2019-09, Core, 8.2.4.2.2). A schema is copied for each scope in which it is
reached, and in a copy every reference leads to one copy: so the rest of the compiler knows no scopes.

Copies are made only of schemas that have such references. The number of scopes is bounded by the anchors' choices.
"""

from __future__ import annotations

from typing import Any

from structgen.frontends.json_schema.documents import KEYWORDS_OF_LISTS as _LIST
from structgen.frontends.json_schema.documents import KEYWORDS_OF_MAPS as _MAP
from structgen.frontends.json_schema.documents import KEYWORDS_OF_ONE as _ONE
from structgen.frontends.json_schema.documents import Document, Schema

REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_UNUSED = frozenset(("$defs", "definitions"))
_MOST_COPIES = 100_000

Scope = tuple[tuple[str, Any], ...]
"""The anchors that dynamic references lead to: names, and identities of schemas."""


class DynamicReference(Exception):
    """A schema has references that depend on scopes. Caught where it can be compiled anew."""


class TooManyScopes(Exception):
    """There are more ways to reach schemas than anybody meant."""


def resolve_scopes(document: Document) -> Schema:
    """The root of the document, copied scope by scope; its references are known to the document.

    Raises:
        InvalidSchemaError: A reference leads nowhere.
        TooManyScopes: There are too many copies.
    """
    return _Copies(document).copy_of(document.root, ())


class _Copies:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.index = document.index()
        self._copies: dict[tuple[int, Scope], Schema] = {}
        self._anchors: dict[int, Schema] = {}
        self._todo: list[tuple[dict[str, Any], dict[str, Any], Scope]] = []

    def copy_of(self, node: Schema, scope: Scope) -> Schema:
        copy = self._copy(node, scope)
        while self._todo:
            self._fill(*self._todo.pop())
        return copy

    def _copy(self, node: Schema, scope: Scope) -> Schema:
        """The copy of a schema that is reached in a scope; its keywords come later."""
        if not isinstance(node, dict):
            return node
        scope = self._entered(scope, self.index.base_of(node))
        key = id(node), scope
        if key not in self._copies:
            if len(self._copies) > _MOST_COPIES:
                raise TooManyScopes
            made: dict[str, Any] = {}
            self._copies[key] = self.document.stands_for(made, node)
            self._todo.append((made, node, scope))
        return self._copies[key]

    def _entered(self, scope: Scope, base: str) -> Scope:
        """A scope after a resource: its anchors count for names that have none yet."""
        known = dict(scope)
        for name, anchor in self.index.dynamic_anchors(base):
            if name not in known:
                self._anchors[id(anchor)] = anchor
                known[name] = id(anchor)
        return tuple(sorted(known.items()))

    def _fill(self, made: dict[str, Any], node: dict[str, Any], scope: Scope) -> None:
        void = self.document.void_in(node)
        for keyword, value in node.items():
            if keyword in void or keyword in _UNUSED:
                continue
            made[keyword] = value
            if keyword in REFERENCES:
                target = self._target(node, keyword, scope)
                self.document.link(made, keyword, self._copy(target, scope))
            elif keyword in _LIST and isinstance(value, list):
                made[keyword] = [self._copy(one, scope) for one in value]
            elif keyword in _MAP and isinstance(value, dict):
                made[keyword] = {name: self._copy(one, scope) for name, one in value.items()}
            elif keyword in _ONE:
                made[keyword] = self._copy(value, scope)

    def _target(self, node: dict[str, Any], keyword: str, scope: Scope) -> Schema:
        target, uri = self.document.resolve(node, keyword)
        if keyword == "$ref" or not isinstance(target, dict):
            return target
        name = "" if keyword == "$recursiveRef" else uri.partition("#")[2]
        marked = target.get("$recursiveAnchor") is True if not name else target.get("$dynamicAnchor") == name
        found = dict(scope).get(name) if marked else None
        return target if found is None else self._anchors[found]
