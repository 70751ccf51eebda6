"""Normalizing: a place with combinators becomes alternatives of plain schemas.

An alternative is a tuple of schemas whose plain keywords must all hold; their combinators are spent. `$ref` and `allOf`
add to every alternative, `anyOf` multiplies them. What is repeated by that is compiled once all the same: members and
items are places of their own, kept by identity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from structgen.frontends.json_schema.documents import Document, Schema
from structgen.frontends.json_schema.keywords import COMBINATORS, PLAIN, TYPES
from structgen.grammar.rules import (
    Choice,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
)

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler

Alternative = tuple[dict[str, Any], ...]
_MOST = 256
"""Alternatives of one place before it is refused."""


def schemas(document: Document, node: dict[str, Any], keyword: str) -> list[Schema]:
    """The value of a keyword that has a list of schemas."""
    value = node[keyword]
    if not isinstance(value, list) or not value:
        raise document.invalid(node, keyword, "expected a list of schemas, not empty")
    return value


def alternatives(compiler: Compiler, nodes: tuple[Schema, ...]) -> list[Alternative]:
    """The alternatives of a conjunction of schemas; none if they contradict each other."""
    return _Normalizer(compiler).conjunction(nodes)


class _Normalizer:
    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.document = compiler.document
        self._open: set[int] = set()

    def conjunction(self, nodes: tuple[Schema, ...]) -> list[Alternative]:
        found: list[Alternative] = [()]
        for node in nodes:
            found = self._product(found, self.options(node), node)
        return found

    def options(self, node: Schema) -> list[Alternative]:
        """The alternatives of one schema."""
        if node is True:
            return [()]
        if node is False:
            self.compiler.empty(node, None, "false allows nothing")
            return []
        if not isinstance(node, dict):
            raise self.document.invalid(node, None, "expected a schema: an object or a boolean")
        if not self.document.draft.void.isdisjoint(node):
            node = self.compiler.without_void(node)
        if COMBINATORS.isdisjoint(node):
            return [()] if PLAIN.isdisjoint(node) else [(node,)]
        if id(node) in self._open:
            raise self.document.invalid(node, None, "the schema refers to itself without getting on")
        self._open.add(id(node))
        if self.document.draft.ref_alone and "$ref" in node:
            target = self.options(self.document.resolve(node)[0])
            self._open.discard(id(node))
            return target
        found: list[Alternative] = [()] if PLAIN.isdisjoint(node) else [(node,)]
        for keyword in [keyword for keyword in node if keyword in COMBINATORS]:
            found = self._combine(found, node, keyword)
        self._open.discard(id(node))
        return found

    def _combine(self, found: list[Alternative], node: dict[str, Any], keyword: str) -> list[Alternative]:
        if keyword == "$ref":
            return self._product(found, self.options(self.document.resolve(node)[0]), node)
        if keyword == "allOf":
            for part in schemas(self.document, node, keyword):
                found = self._product(found, self.options(part), node)
            return found
        if keyword == "anyOf":
            options = [one for part in schemas(self.document, node, keyword) for one in self.options(part)]
            return self._product(found, options, node)
        self.compiler.unsupported(node, keyword, "is not supported yet")
        return found

    def _product(self, one: list[Alternative], other: list[Alternative], node: Schema) -> list[Alternative]:
        if other == [()]:
            return one
        if one == [()]:
            return other
        found: dict[tuple[int, ...], Alternative] = {}
        for left in one:
            for right in other:
                joined = {id(part): part for part in (*left, *right)}
                if _may_agree(tuple(joined.values())):
                    found[tuple(joined)] = tuple(joined.values())
        if len(found) > _MOST:
            raise_too_many(self.compiler, node)
        return list(found.values())


def raise_too_many(compiler: Compiler, node: Schema) -> None:
    """Report a place with more combinations than anybody meant."""
    from structgen.errors import LimitExceeded

    raise LimitExceeded("alternatives", _MOST, compiler.document.pointer(node))


def _may_agree(nodes: Alternative) -> bool:
    """Whether schemas leave a type to each other. A quick look: they may contradict each other all the same."""
    mask = 127
    for node in nodes:
        kind = node.get("type")
        if isinstance(kind, str):
            mask &= TYPES.get(kind, 127)
        elif isinstance(kind, list):
            allowed = 0
            for one in kind:
                allowed |= TYPES.get(one, 127) if isinstance(one, str) else 127
            mask &= allowed
    return mask != 0


# Rules that never finish


def can_finish(start: RuleExpression, rules: dict[str, RuleExpression]) -> bool:
    """Whether any text is in a rule: recursion may ask for a value inside itself without end."""
    if not rules or _quickly(start, rules, {}):
        return True
    finite: set[str] = set()
    grown = True
    while grown:
        grown = False
        for name, rule in rules.items():
            if name not in finite and _finishes(rule, finite):
                finite.add(name)
                grown = True
    return _finishes(start, finite)


def _quickly(body: RuleExpression, rules: dict[str, RuleExpression], known: dict[str, bool]) -> bool:
    """Whether a rule finishes; False may just mean that the answer is not found so easily."""
    if isinstance(body, Reference):
        if body.name not in known:
            known[body.name] = False
            if len(known) < 100:
                known[body.name] = _quickly(rules[body.name], rules, known)
        return known[body.name]
    if isinstance(body, Choice):
        return any(_quickly(option, rules, known) for option in body.options)
    if isinstance(body, (Sequence, Permutation)):
        return all(_quickly(part, rules, known) for part in body.parts)
    return body.min == 0 or _quickly(body.part, rules, known) if isinstance(body, Repetition) else True


def _finishes(body: RuleExpression, finite: set[str]) -> bool:
    if isinstance(body, Terminal):
        return True
    if isinstance(body, Reference):
        return body.name in finite
    if isinstance(body, Choice):
        return any(_finishes(option, finite) for option in body.options)
    if isinstance(body, (Sequence, Permutation)):
        return all(_finishes(part, finite) for part in body.parts)
    return body.min == 0 or _finishes(body.part, finite) if isinstance(body, Repetition) else True
