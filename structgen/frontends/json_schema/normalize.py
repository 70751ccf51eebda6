"""Normalizing: a place with combinators becomes alternatives of plain schemas.

An alternative is a tuple of schemas whose plain keywords must all hold; their combinators are spent. `$ref` and `allOf`
add to every alternative, `anyOf` multiplies them. What is repeated by that is compiled once all the same: members and
items are places of their own, kept by identity.

Negation (`not`, the other branches of `oneOf`, `if`) is pushed inwards (`negate.py`): what it makes of a plain schema
are plain schemas again, and of members and items `{"not": ...}` in their place. So the complement of a recursive schema
is a recursive schema.

Alternatives that contradict themselves are dropped as soon as that is seen (`contradictions.py`); it is what keeps
`oneOf` small, since branches that exclude each other need no negation at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from structgen.frontends.json_schema.contradictions import contradict, simple_negation
from structgen.frontends.json_schema.discriminators import told_apart
from structgen.frontends.json_schema.documents import Document, Schema
from structgen.frontends.json_schema.keywords import (
    ANY_TYPE,
    ARRAY,
    COMBINATORS,
    HOLD,
    NUMBER_KEYWORDS,
    OBJECT,
    PLAIN,
    STRING,
    TYPE_MASK,
)
from structgen.frontends.json_schema.kinds import kinds_left
from structgen.frontends.json_schema.negate import negate_plain
from structgen.frontends.json_schema.unevaluated import UNEVALUATED, unevaluated

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler

Alternative = tuple[dict[Any, Any], ...]
_MOST_PAIRS = 20_000
_OF_SIMPLE = NUMBER_KEYWORDS | {"enum", "const"}
"""Keywords, but for those of types, that constrain numbers, booleans or null."""

MOST = 256
"""Alternatives of one place before the combination is refused."""


class Tally(NamedTuple):
    """That a number of groups hold, each of them any of some alternatives.

    Attributes:
        groups: the alternatives.
        least: how many at least.
        most: how many at most; None if there is no bound.
    """

    groups: tuple[list[Alternative], ...]
    least: int
    most: int | None


class TooManyAlternatives(Exception):
    """Combinators multiply beyond reason. Caught where the keyword can be named."""


def schemas(document: Document, node: dict[str, Any], keyword: str) -> list[Schema]:
    """The value of a keyword that has a list of schemas."""
    value = node[keyword]
    if not isinstance(value, list) or not value:
        raise document.invalid(node, keyword, "expected a list of schemas, not empty")
    return value


class Normalizer:
    """Brings places into alternatives.

    Attributes:
        compiler: whose places they are.
        silent: identities of schemas that evaluate nothing: made on the way, or inside `not`.
        compared: how many conjunctions were looked at for contradictions.
        kinds: the types that are looked at; alternatives that allow no others are left out.
    """

    def __init__(self, compiler: Compiler) -> None:
        self.compiler = compiler
        self.document = compiler.document
        self._open: set[tuple[int, bool]] = set()
        self._negated: dict[int, Any] = {}
        self.silent: set[int] = set()
        self.kinds = ANY_TYPE
        self.compared = 0
        self._options: dict[tuple[int, int], list[Alternative]] = {}
        self._negations: dict[tuple[int, int], list[Alternative]] = {}

    def conjunction(self, nodes: tuple[Schema, ...]) -> list[Alternative]:
        """The alternatives of a conjunction of schemas; none if they contradict each other."""
        found: list[Alternative] = [()]
        for node in nodes:
            options = self.options(node)
            try:
                found = self.product(found, options)
            except TooManyAlternatives:
                found = self._leave_open(found, [Tally((options,), 1, None)], node, self.options)
        return found

    def options(self, node: Schema) -> list[Alternative]:
        """The alternatives of one schema."""
        node = self.checked(node)
        if node is True:
            return [()]
        if node is False:
            self.compiler.empty(node, None, "false allows nothing")
            return []
        if COMBINATORS.isdisjoint(node):
            return [()] if self._asks_nothing(node) else [(node,)]
        key = id(node), self.kinds
        known = self._options.get(key)
        if known is None:
            known = self._options[key] = self._find_options(node)
        return known

    def _find_options(self, node: dict[Any, Any]) -> list[Alternative]:
        with _Entered(self, node, False):
            if self.document.draft.ref_alone and "$ref" in node:
                return self.options(self.document.resolve(node)[0])
            found = self._evaluated(node)
            for keyword in UNEVALUATED:
                if keyword in node:
                    found = [join(one, unevaluated(self, one, node, keyword)) for one in found]
            return [one for one in found if not self._contradict(one)]

    def _evaluated(self, node: dict[Any, Any]) -> list[Alternative]:
        """The alternatives of a schema but for what it says of the members and items that are left."""
        found: list[Alternative] = [()]
        pending = not self._asks_nothing(node)
        first = "properties" if "properties" in node else None
        for keyword in node:
            if pending and (keyword == first if first else keyword in PLAIN):
                found = self.product(found, [(node,)])
                pending = False
            elif keyword in COMBINATORS and keyword not in UNEVALUATED:
                try:
                    found = self._combine_or_leave_open(found, node, keyword)
                except TooManyAlternatives:
                    self.compiler.unsupported(node, keyword, "it combines with the rest in too many ways")
        return found

    def _asks_nothing(self, node: dict[Any, Any]) -> bool:
        """Whether the plain keywords of a schema constrain no value of the types that are looked at."""
        if PLAIN.isdisjoint(node):
            return True
        if self.kinds & (OBJECT | ARRAY | STRING) or not _OF_SIMPLE.isdisjoint(node):
            return False
        return kinds_left((node,)) & self.kinds == self.kinds

    def checked(self, node: Schema) -> Schema:
        """A schema as its draft reads it."""
        if isinstance(node, bool):
            return node
        if not isinstance(node, dict):
            raise self.document.invalid(node, None, "expected a schema: an object or a boolean")
        return node if self.document.draft.void.isdisjoint(node) else self.compiler.without_void(node)

    def negation(self, node: Schema) -> Schema:
        """The schema of all that a schema does not allow; for one schema always the same object."""
        if isinstance(node, bool):
            return not node
        if not isinstance(node, dict):
            raise self.document.invalid(node, None, "expected a schema: an object or a boolean")
        if id(node) not in self._negated:
            made = self.document.stands_for({"not": node}, node)
            self._negated[id(node)] = made
            self._negated[id(made)] = node
        return self._negated[id(node)]

    def _combine(self, found: list[Alternative], node: dict[str, Any], keyword: str) -> list[Alternative]:
        if keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            return self.product(found, self.options(self.compiler.target(node, keyword)))
        if keyword == "allOf":
            return self._all_of(found, schemas(self.document, node, keyword))
        if keyword == "anyOf":
            return self.product(found, self._any_of(schemas(self.document, node, keyword)))
        if keyword == "oneOf":
            return self._one_of(found, schemas(self.document, node, keyword))
        if keyword == "not":
            return self.product(found, self.negations(node["not"]))
        if keyword == "if":
            return self._condition(found, node)
        for options in self._dependency_options(node, keyword):
            found = self.product(found, options)
        return found

    def _all_of(self, found: list[Alternative], parts: list[Schema]) -> list[Alternative]:
        """All of some schemas. Those that have one alternative each are joined first: they may be thousands."""
        together: list[Any] = []
        for part in parts:
            options = self.options(part)
            if len(options) == 1:
                together += options[0]
            else:
                found = self.product(self.product(found, [join(tuple(together), ())]), options)
                together = []
        return self.product(found, [join(tuple(together), ())])

    def _any_of(self, parts: list[Schema]) -> list[Alternative]:
        """Any of some schemas. Where it matters which members are evaluated, also any that hold together."""
        options = [self.options(part) for part in parts]
        if not self.document.has_unevaluated:
            return [one for option in options for one in option]
        found: list[Alternative] = []
        for option in options:
            found = [*found, *option, *self.product(found, option)] if found else option
            if len(found) > MOST:
                raise TooManyAlternatives
        return list({tuple(map(id, one)): one for one in found}.values())

    # Annotations: which members and items a schema has looked at

    def made(self, schema: dict[Any, Any], origin: Schema) -> dict[Any, Any]:
        """A schema that was made on the way, and evaluates nothing."""
        self.silent.add(id(schema))
        self.document.stands_for(schema, origin)
        return schema

    def _silenced(self, options: list[Alternative]) -> list[Alternative]:
        """The same alternatives, but what is inside `not` evaluates nothing."""
        if not self.document.has_unevaluated:
            return options
        return [tuple(self.made(dict(node), node) for node in one) for one in options]

    # What is left open: more alternatives than it makes sense to write out

    def _combine_or_leave_open(
        self, found: list[Alternative], node: dict[str, Any], keyword: str
    ) -> list[Alternative]:
        try:
            return self._combine(found, node, keyword)
        except TooManyAlternatives:
            if keyword == "allOf":
                for part in schemas(self.document, node, keyword):
                    options = self.options(part)
                    if len(options) < 2:
                        found = self.product(found, options)
                    else:
                        found = self._leave_open(found, [Tally((options,), 1, None)], part, self.options)
                return found
            tallies = list(self._tallies(node, keyword))
            return self._leave_open(found, tallies, node, lambda one: self._combine([()], one, keyword))

    def _tallies(self, node: dict[str, Any], keyword: str) -> Iterator[Tally]:
        """How many of some lists of alternatives hold, as a combinator has it."""
        value = node[keyword]
        if keyword in ("anyOf", "oneOf"):
            parts = schemas(self.document, node, keyword)
            yield Tally(tuple(map(self.options, parts)), 1, None if keyword == "anyOf" else 1)
        elif keyword == "not":
            yield Tally((self.options(value),), 0, 0)
        elif keyword == "if":
            held = self.product(self.options(value), self.options(node.get("then", True)))
            other = self.product(self.negations(value), self.options(node.get("else", True)))
            yield Tally((held, other), 1, None)
        elif keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            yield Tally((self.options(self.compiler.target(node, keyword)),), 1, None)
        else:
            for options in self._dependency_options(node, keyword):
                yield Tally((options,), 1, None)

    def _leave_open(
        self,
        found: list[Alternative],
        tallies: list[Tally],
        node: dict[Any, Any],
        closed: Callable[[dict[Any, Any]], list[Alternative]],
    ) -> list[Alternative]:
        """Alternatives beside tallies that are left open for containers and strings, and written out for the rest.

        Args:
            found: the alternatives.
            tallies: what else must hold.
            node: where they come from.
            closed: writes out, from the schema, the alternatives of the tallies.

        Raises:
            TooManyAlternatives: They are too many, or it matters what they evaluate.
        """
        if self.document.has_unevaluated:
            raise TooManyAlternatives
        result: list[Alternative] = []
        for kind in (OBJECT, ARRAY, STRING):
            beside = [one for one in found if kinds_left(one) & self.kinds & kind]
            if not beside:
                continue
            hold = [
                Tally(
                    tuple([one for one in group if kinds_left(one) & kind] for group in groups), least, most
                )
                for groups, least, most in tallies
            ]
            open_node = self.made({TYPE_MASK: kind, HOLD: hold}, node)
            result += self.product(beside, [(open_node,)])
        rest = self.kinds & ~(OBJECT | ARRAY | STRING)
        if any(kinds_left(one) & rest for one in found):
            kinds, self.kinds = self.kinds, rest
            try:
                only = self.made({TYPE_MASK: rest}, node)
                result += self.product(self.product(found, [(only,)]), closed(node))
            finally:
                self.kinds = kinds
        return result

    # Combinators

    def _one_of(self, found: list[Alternative], parts: list[Schema]) -> list[Alternative]:
        options = [self.options(part) for part in parts]
        if options.count([()]) > 1:  # whatever comes satisfies several
            return []
        apart = told_apart(options)
        if not apart and sum(map(len, options)) ** 2 > _MOST_PAIRS:
            raise TooManyAlternatives
        result: list[Alternative] = []
        for index, option in enumerate(options):
            chosen = self.product(found, option)
            for other, part in enumerate(parts):
                if other == index or apart or not chosen:
                    continue
                if self._overlap(chosen, options[other]):
                    chosen = self.product(chosen, self.negations(part))
            result.extend(chosen)
            if len(result) > MOST:
                raise TooManyAlternatives
        return result

    def apart(self, options: list[list[Alternative]]) -> bool:
        """Whether branches exclude each other."""
        if told_apart(options):
            return True
        flat = sum(map(len, options))
        if flat * flat > _MOST_PAIRS:
            raise TooManyAlternatives
        return not any(
            self._overlap(option, other) for index, option in enumerate(options) for other in options[:index]
        )

    def _overlap(self, some: list[Alternative], others: list[Alternative]) -> bool:
        return any(not self._contradict(join(one, other)) for one in some for other in others)

    def _condition(self, found: list[Alternative], node: dict[str, Any]) -> list[Alternative]:
        condition = node["if"]
        then, otherwise = node.get("then", True), node.get("else", True)
        if then is True and otherwise is True and not self.document.has_unevaluated:
            return found
        held = self.product(self.product(found, self.options(condition)), self.options(then))
        return held + self.product(self.product(found, self.negations(condition)), self.options(otherwise))

    def _dependency_options(self, node: dict[str, Any], keyword: str) -> Iterator[list[Alternative]]:
        """For each name: without it, or with it and what it needs."""
        value = node[keyword]
        if not isinstance(value, dict):
            raise self.document.invalid(node, keyword, "expected an object")
        if len(value) > 4 * MOST:
            raise TooManyAlternatives
        for name, wanted in value.items():
            without = self.made({"properties": {name: False}}, node)
            present = self.made({"type": "object", "properties": {name: True}, "required": [name]}, node)
            if isinstance(wanted, list) and keyword != "dependentSchemas":
                if not all(isinstance(one, str) for one in wanted):
                    raise self.document.invalid(node, keyword, "expected lists of names")
                present["required"] = [name, *wanted]
                options: list[Alternative] = [(present,)]
            elif keyword == "dependentRequired":
                raise self.document.invalid(node, keyword, "expected lists of names")
            else:
                options = self.product([(present,)], self.options(wanted))
            yield [(without,), *options]

    # Negation

    def negations(self, node: Schema) -> list[Alternative]:
        """The alternatives of all that a schema does not allow."""
        node = self.checked(node)
        if isinstance(node, bool):
            return [] if node else [()]
        key = id(node), self.kinds
        known = self._negations.get(key)
        if known is None:
            try:
                known = self._find_negations(node)
            except TooManyAlternatives:
                known = self._leave_open(
                    [()], [Tally((self.options(node),), 0, 0)], node, self._find_negations
                )
            self._negations[key] = known
        return known

    def _find_negations(self, node: dict[Any, Any]) -> list[Alternative]:
        with _Entered(self, node, True):
            if self.document.draft.ref_alone and "$ref" in node:
                return self.negations(self.document.resolve(node)[0])
            simple = simple_negation(self.compiler, node)
            if simple is not None:
                return [(self.made(simple, node),)]
            if not node.keys().isdisjoint(UNEVALUATED):
                return self._negate_alternatives(node)
            found = negate_plain(self, node)
            for keyword in node:
                if keyword in COMBINATORS:
                    found = found + self._negate_combinator(node, keyword)
            if len(found) > MOST:
                raise TooManyAlternatives
            return found

    def _negate_alternatives(self, node: dict[Any, Any]) -> list[Alternative]:
        """None of the alternatives: what they evaluate differs, so each is negated with what it leaves."""
        found: list[Alternative] = [()]
        for one in self._evaluated(node):
            parts = list(one)
            for keyword in UNEVALUATED:
                if keyword in node:
                    parts += unevaluated(self, one, node, keyword)
            found = self.product(found, [other for part in parts for other in negate_plain(self, part)])
        return found

    def _negate_combinator(self, node: dict[str, Any], keyword: str) -> list[Alternative]:
        if keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            return self.negations(self.compiler.target(node, keyword))
        if keyword == "not":
            return self._silenced(self.options(node["not"]))
        if keyword == "if":
            condition = node["if"]
            held = self.product(self.options(condition), self.negations(node.get("then", True)))
            return held + self.product(self.negations(condition), self.negations(node.get("else", True)))
        if keyword in ("allOf", "anyOf", "oneOf"):
            parts = schemas(self.document, node, keyword)
            if keyword == "allOf":
                return [one for part in parts for one in self.negations(part)]
            none: list[Alternative] = [()]
            for part in parts:
                none = self.product(none, self.negations(part))
            if keyword == "anyOf":
                return none
            for index, part in enumerate(parts):
                for other in parts[:index]:
                    none = none + self.product(self.options(other), self.options(part))
            return none
        found: list[Alternative] = []
        for name, wanted in node[keyword].items():
            present = self.made({"type": "object", "required": [name]}, node)
            if isinstance(wanted, list):
                wanted = self.made({"required": wanted}, node)
            found += self.product([(present,)], self.negations(wanted))
        return found

    # Products

    def _contradict(self, nodes: Alternative) -> bool:
        self.compared += 1
        return contradict(self.compiler, nodes, kinds=self.kinds)

    def product(self, some: list[Alternative], others: list[Alternative]) -> list[Alternative]:
        """All that is in one of some alternatives and in one of others."""
        if others == [()]:
            return some
        if some == [()]:
            return others
        found: dict[tuple[int, ...], Alternative] = {}
        for one in some:
            for other in others:
                joined = join(one, other)
                if not self._contradict(joined):
                    found[tuple(map(id, joined))] = joined
            if len(found) > MOST:
                raise TooManyAlternatives
        return list(found.values())


class _Entered:
    """Notes that a schema is being looked at: meeting it again before getting on is an endless loop."""

    def __init__(self, normalizer: Normalizer, node: dict[str, Any], negated: bool) -> None:
        self.normalizer = normalizer
        self.node = node
        self.key = id(node), negated

    def __enter__(self) -> None:
        opened = self.normalizer._open
        if self.key in opened:
            raise self.normalizer.document.invalid(
                self.node, None, "the schema refers to itself without getting on"
            )
        opened.add(self.key)

    def __exit__(self, *_: object) -> None:
        self.normalizer._open.discard(self.key)


def join(one: Alternative, other: Alternative) -> Alternative:
    """The schemas of both, each once."""
    return tuple({id(node): node for node in (*one, *other)}.values())
