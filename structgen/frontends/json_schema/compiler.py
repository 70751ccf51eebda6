"""The compiler: a schema, in; the rules of its texts, out. What each kind of value takes is in the modules it calls.

A *place* is what a value must satisfy: a schema, or several at once (a tuple: the conjunction of its members, as
`allOf` makes them). `value(place)` gives its rule, or None where no value can be. Schemas without combinators, the
plain ones, are compiled as they stand; the others are first brought into alternatives of plain ones
(`normalize.py`), which are again compiled at once: a tuple of plain schemas is one value's conjunction of keywords.

What refers to itself becomes a rule of its own; so does what is nested deeply, since nobody's stack is endless.
Results are kept by identity, and small things (a string, an integer) are the same objects in every grammar.

Keywords that no mask enforces are collected, as are the reasons why a place is empty; nothing is raised half-way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from structgen.errors import EmptyLanguageError, Problem, UnsupportedSchemaError
from structgen.frontends.json_schema import (
    arrays,
    finishing,
    numbers,
    objects,
    scalars,
    strings,
    values,
)
from structgen.frontends.json_schema.containers import ANY_ARRAY, ANY_OBJECT, any_rules
from structgen.frontends.json_schema.documents import Document, Schema
from structgen.frontends.json_schema.keywords import (
    ANY_TYPE,
    ARRAY,
    ARRAY_KEYWORDS,
    ASSERTIONS,
    BOOLEAN,
    COMBINATORS,
    FRACTION,
    INTEGER,
    NULL,
    NUMBER,
    NUMBER_KEYWORDS,
    OBJECT,
    OBJECT_KEYWORDS,
    STRING,
    STRING_KEYWORDS,
    TYPE_MASK,
    TYPES,
)
from structgen.frontends.json_schema.normalize import (
    Normalizer,
    TooManyAlternatives,
    schemas,
)
from structgen.frontends.json_schema.scopes import DynamicReference
from structgen.frontends.json_schema.style import Style
from structgen.grammar.rules import Choice, Grammar, Reference, RuleExpression, Terminal

Place = Any
"""A schema, or a tuple of schemas."""

Rule = RuleExpression | None
"""None: no value can be there."""

Cause = tuple[Schema, "str | None", str, Any]
"""Why a place is empty: schema, keyword, reason, and the cause of that, if it is known."""

_DEFAULT = Style()
_MOST_CAUSES = 8
_NESTING = 8
"""Containers that are nested in one rule before the next becomes a rule of its own."""


class Compiler:
    """The state of one compilation.

    Attributes:
        document: the schema, and where references lead.
        formats: "enforce" or "annotate".
        root: what is compiled: the document's, or a copy of it.
        style: what of the texts of a value the mask writes.
        rules: made so far, by name.
        problems: keywords that are not enforced, by the identity of their schema.
        causes: why places are empty.
        looked_at: how many values were told apart, which is bounded for the whole of a schema.
    """

    def __init__(
        self,
        document: Document,
        formats: str = "enforce",
        style: Style = _DEFAULT,
        root: Schema = None,
    ) -> None:
        self.formats = formats
        self.style = style
        self.document = document
        self.draft = document.draft
        self.rules: dict[str, RuleExpression] = {}
        self.problems: dict[tuple[int, str], tuple[Schema, str, str]] = {}
        self.root = document.root if root is None else root
        self.causes: list[Cause] = []
        self._empty: dict[int, Cause] = {}
        self._beyond: dict[tuple[int, str], tuple[Schema, str, str]] = {}
        self._strict = True
        self.depth = 0
        self.looked_at = 0
        self._values: dict[int, Rule] = {}
        self._shared: dict[Any, Rule] = {}
        self._open: dict[Any, tuple[str | None, int]] = {}
        self._kept: list[Any] = []
        self._named: set[str] = set()
        self._numbers = 0
        self._void = document.draft.void
        self._lean: dict[int, dict[str, Any]] = {}
        self._any: Reference | None = None
        self.normalizer = Normalizer(self)

    def compile(self, *, strict: bool) -> tuple[Grammar, tuple[Problem, ...]]:
        """The grammar of the document, and what it does not enforce.

        Raises:
            InvalidSchemaError: The schema is malformed.
            UnsupportedSchemaError: It has keywords that are not enforced, and `strict` is set.
            EmptyLanguageError: No value satisfies it.
        """
        self._strict = strict
        start = self.value(self.root)
        possible = start is not None and finishing.can_finish(start, self.rules)
        if not possible:  # for all that can be written; so what is out of reach is to blame
            self.problems.update(self._beyond)
        problems = self._located()
        if strict and problems:
            raise UnsupportedSchemaError(problems)
        if start is None or not possible:
            raise EmptyLanguageError(self._why_empty(start is None))
        return self.style.format.grammar(start, self.rules), problems

    def _located(self) -> tuple[Problem, ...]:
        if not self.problems:
            return ()
        found = self.document.locate(
            [(node, keyword)[: 1 + bool(keyword)] for node, keyword, _ in self.problems.values()]
        )
        reasons = [reason for _, _, reason in self.problems.values()]
        ordered = sorted(zip(found, reasons, strict=True), key=lambda one: one[0][0])
        return tuple(dict.fromkeys(Problem(pointer, reason) for (_, pointer), reason in ordered))

    def _why_empty(self, contradiction: bool) -> str:
        if not contradiction or not self.causes:
            return "no value satisfies the schema: it requires a value inside itself without end"
        lines: list[str] = []
        cause: Cause | None = self.causes[-1]
        while cause is not None and len(lines) < _MOST_CAUSES:
            node, keyword, reason, cause = cause
            lines.append(f"{self.document.pointer(node, *([] if keyword is None else [keyword]))}: {reason}")
        return "no value satisfies the schema: " + "; ".join(dict.fromkeys(lines))

    # What others report

    def unsupported(self, node: Schema, keyword: str | None, reason: str) -> None:
        """A keyword constrains and is not enforced. None, or one made on the way: a combinator of the schema."""
        origin = self.document.origin(node)
        if keyword is None or keyword not in origin:
            keyword = next((one for one in origin if one in COMBINATORS), next(iter(origin), ""))
        self.problems.setdefault((id(origin), keyword), (origin, keyword, reason))

    def is_out_of_reach(self, node: Schema, keyword: str, reason: str) -> bool:
        """A keyword asks for what no text can hold: whether its place is empty then, or the keyword not enforced."""
        if not self._strict:
            self.unsupported(node, keyword, reason)
            return False
        origin = self.document.origin(node)
        self._beyond.setdefault((id(origin), keyword), (origin, keyword, reason))
        self.empty(node, keyword, reason)
        return True

    def empty(self, node: Schema, keyword: str | None, reason: str, inside: Place = None) -> None:
        """No value can be at a place; because of a place inside it, if that is named."""
        self.causes.append((node, keyword, reason, self._empty.get(id(inside))))

    def enforces_format(self, form: Any) -> bool:
        """Whether the mask enforces a format; the others are annotations."""
        return self.formats == "enforce" and isinstance(form, str) and form in strings.KNOWN

    def keep(self, node: Schema) -> Schema:
        """Keep an object that was made on the way alive, as identities stand for objects."""
        self._kept.append(node)
        return node

    # Places

    def value(self, place: Place) -> Rule:
        """The rule of what satisfies a place."""
        key = id(place)
        if key in self._values:
            return self._values[key]
        if isinstance(place, dict):
            if not self._void.isdisjoint(place):
                place = self.without_void(place)
            known = len(self.causes)
            rule = self.plain((place,)) if COMBINATORS.isdisjoint(place) else self._combined(place)
            if rule is None and len(self.causes) > known:
                self._empty[key] = self.causes[-1]
        elif place is True:
            return self.any()
        elif place is False:
            self.empty(place, None, "false allows nothing")
            return None
        elif isinstance(place, tuple):
            return self.conjunction(place)
        else:
            raise self.document.invalid(place, None, "expected a schema: an object or a boolean")
        self._values[key] = rule
        return rule

    def conjunction(self, nodes: tuple[Schema, ...]) -> Rule:
        """The rule of what satisfies all of some schemas."""
        distinct = {id(node): node for node in nodes if node is not True}
        if len(distinct) < 2:
            return self.value(next(iter(distinct.values()))) if distinct else self.any()
        nodes = tuple(distinct.values())
        self._kept.append(nodes)
        return self.shared(tuple(distinct), lambda: self._joined(nodes), None, nodes[0])

    def reference(self, node: dict[str, Any], keyword: str = "$ref") -> Rule:
        """The rule of what a reference refers to."""
        target, name = self.document.resolve(node, keyword)
        rule = self.shared(id(target), lambda: self.value(target), name, target)
        if rule is None and id(target) in self._empty:
            self._empty[id(node)] = self._empty[id(target)]
        return rule

    def target(self, node: dict[str, Any], keyword: str) -> Schema:
        """What a reference refers to."""
        target, _ = self.document.resolve(node, keyword)
        if keyword != "$ref" and not self.document.is_linked(node, keyword):
            raise DynamicReference
        return target

    def shared(self, key: Any, make: Callable[[], Rule], name: str | None, node: Schema) -> Rule:
        """A rule that may need itself: made once, and referred to meanwhile and afterwards."""
        if key in self._shared:
            return self._shared[key]
        if key in self._open:
            known, depth = self._open[key]
            if depth == self.depth:
                raise self.document.invalid(node, None, "the schema refers to itself without getting on")
            if known is None:
                known = self.new_name(name)
                self._open[key] = known, depth
            return Reference(known)
        self._open[key] = None, self.depth
        rule = make()
        used, _ = self._open.pop(key)
        if rule is not None and (used is not None or not isinstance(rule, (Terminal, Reference))):
            used = used or self.new_name(name)
            self.rules[used] = rule
            rule = Reference(used)
        elif used is not None:
            self.rules[used] = Choice(())
        self._shared[key] = rule
        return rule

    def new_name(self, name: str | None) -> str:
        """A name for a rule that no other rule has, nor will have."""
        found = name or None
        while found is None or found in self.rules or found in self._named:
            self._numbers += 1
            found = f"{name or 'value'} {self._numbers}"
        self._named.add(found)
        return found

    def any(self) -> RuleExpression:
        """The rule of any JSON value."""
        if self._any is None:
            self.rules.update(any_rules(self.style))
            self._any = Reference("any")
        return self._any

    def nested(self, rule: RuleExpression) -> RuleExpression:
        """A container; every few levels it becomes a rule of its own."""
        if self.depth % _NESTING or not self.depth:
            return rule
        name = self.new_name("nested")
        self.rules[name] = rule
        return Reference(name)

    def without_void(self, node: dict[str, Any]) -> dict[str, Any]:
        """A schema without what its draft has no meaning for."""
        if self.document.is_made(node):
            return node
        lean = self._lean.get(id(node))
        if lean is None:
            void = self.document.void_in(node)
            lean = {keyword: value for keyword, value in node.items() if keyword not in void}
            self._lean[id(node)] = self.document.stands_for(lean, node)
        return lean

    # Combinators

    def _combined(self, node: dict[str, Any]) -> Rule:
        if self.draft.ref_alone and "$ref" in node:
            return self.reference(node)
        active = node.keys() & ASSERTIONS
        if len(active) == 1:
            keyword = next(iter(active))
            if keyword == "$ref":
                return self.reference(node)
            if keyword in ("anyOf", "allOf", "oneOf"):
                parts = schemas(self.document, node, keyword)
                if len(parts) == 1:
                    return self.value(parts[0])
                if keyword == "anyOf" or (keyword == "oneOf" and self._told_apart(node, parts)):
                    return self.choice([self.value(part) for part in parts])
        self._kept.append(node)
        return self.shared((id(node),), lambda: self._joined((node,)), None, node)

    def _told_apart(self, node: dict[str, Any], parts: list[Schema]) -> bool:
        """Whether the branches of `oneOf` exclude each other, so that any of them will do."""
        try:
            return self.normalizer.apart([self.normalizer.options(part) for part in parts])
        except TooManyAlternatives:
            return False

    def _joined(self, nodes: tuple[Schema, ...]) -> Rule:
        try:
            options = self.normalizer.conjunction(nodes)
        except TooManyAlternatives:
            self.unsupported(nodes[0], None, "it combines with the rest in too many ways")
            return self.any()
        if not options:
            origin = self.document.origin(nodes[0])
            combining = [keyword for keyword in origin if keyword in COMBINATORS] if len(nodes) == 1 else []
            self.empty(origin, next(iter(combining), None), "what is required contradicts itself")
        return self.choice([self.plain(option) for option in options])

    def choice(self, rules: list[Rule]) -> Rule:
        """Any of some rules, as far as they are possible."""
        options: dict[int, RuleExpression] = {}
        for rule in rules:
            if isinstance(rule, Choice):
                options.update((id(option), option) for option in rule.options)
            elif rule is not None:
                options[id(rule)] = rule
        if len(options) < 2:
            return next(iter(options.values()), None)
        return Choice(tuple(options.values()))

    # Plain schemas

    def plain(self, nodes: tuple[dict[str, Any], ...]) -> Rule:
        """The rule of what satisfies the keywords of all of some schemas, combinators aside."""
        mask = ANY_TYPE
        for node in nodes:
            kind = node.get("type")
            if kind is not None:
                mask &= self._mask(node, kind)
            mask &= node.get(TYPE_MASK, ANY_TYPE)
        if any("enum" in node or "const" in node for node in nodes):
            return values.finite(self, nodes)
        if not mask:
            self.empty(nodes[0], "type", "no type is allowed by all that is required")
            return None
        if mask & (mask - 1) == 0 or mask == NUMBER:
            return self._kind(mask, nodes)
        if mask == ANY_TYPE and all(ASSERTIONS.isdisjoint(node) for node in nodes):
            return self.any()
        kinds = [kind for kind in (STRING, mask & NUMBER, BOOLEAN, NULL, OBJECT, ARRAY) if kind & mask]
        return self.choice([self._kind(kind, nodes) for kind in kinds])

    def _mask(self, node: dict[str, Any], kind: Any) -> int:
        if isinstance(kind, str) and kind in TYPES:
            return TYPES[kind]
        mask = 0
        if isinstance(kind, list) and kind:
            for one in kind:
                if not isinstance(one, str) or one not in TYPES:
                    raise self.document.invalid(node, "type", f"{one!r} is not a type of JSON")
                mask |= TYPES[one]
            return mask
        raise self.document.invalid(node, "type", f"{kind!r} is not a type of JSON, nor a list of types")

    def _kind(self, kind: int, nodes: tuple[dict[str, Any], ...]) -> Rule:
        """The rule of the values of one type that satisfy some plain schemas."""
        if kind == STRING:
            if all(STRING_KEYWORDS.isdisjoint(node) for node in nodes):
                return self.style.string
            return scalars.string_rule(self, nodes)
        if kind == OBJECT:
            if all(OBJECT_KEYWORDS.isdisjoint(node) for node in nodes):
                self.any()
                return ANY_OBJECT
            return objects.object_rule(self, nodes)
        if kind == ARRAY:
            if all(ARRAY_KEYWORDS.isdisjoint(node) for node in nodes):
                self.any()
                return ANY_ARRAY
            return arrays.array_rule(self, nodes)
        if kind & NUMBER:
            if (kind == NUMBER or (kind == FRACTION and not self.style.exact)) and all(
                NUMBER_KEYWORDS.isdisjoint(node) for node in nodes
            ):
                return self.style.number if kind & INTEGER else numbers.FRACTIONAL
            return scalars.number_rule(self, nodes, kind)
        return values.few(self, nodes, kind)
