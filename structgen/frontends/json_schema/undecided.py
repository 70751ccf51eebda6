"""Objects and arrays of which it is open which schemas hold: that is decided while their members or items are read.

Combinators whose branches overlap multiply as alternatives of plain schemas. Here they stay a formula over plain
schemas (`formulas.py`), and an automaton reads the members: each value is told apart by which of the places it
satisfies that still matter, and what is left of the formula is the state. Where a member with one of ten values tells
ten branches apart, ten states are left; a place that all of the branches share is looked at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from structgen.errors import InvalidRegexError
from structgen.frontends.json_schema import strings, values
from structgen.frontends.json_schema.arrays import items_of
from structgen.frontends.json_schema.containers import TooManySteps, array_of, object_of
from structgen.frontends.json_schema.evaluate import is_possible, satisfies
from structgen.frontends.json_schema.formulas import Formula, atoms, decided, every, has_most, some, tally
from structgen.frontends.json_schema.keywords import (
    ARRAY,
    ARRAY_KEYWORDS,
    ASSERTIONS,
    HOLD,
    OBJECT,
    OBJECT_KEYWORDS,
    SOME_ITEM,
    SOME_MEMBER,
    STRING,
)
from structgen.frontends.json_schema.kinds import kinds_left
from structgen.frontends.json_schema.negate import schema_of
from structgen.frontends.json_schema.normalize import TooManyAlternatives
from structgen.frontends.json_schema.objects import FEW_NAMES, excluded, is_closed, one_place, places_of
from structgen.frontends.json_schema.scalars import check_pattern, count, texts_of
from structgen.grammar.rules import Choice, Reference, RuleExpression, Sequence
from structgen.grammar.sampling import count_texts

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler, Place

Node = dict[Any, Any]
_MOST_STATES = 10_000
_MOST_CELLS = 20_000
_MOST_COMPARED = 200_000
_MOST_REGIONS = 64


@dataclass(frozen=True, slots=True)
class Each:
    """An atom: all members or items are as a schema says, and those that it requires are there.

    Attributes:
        node: the schema.
        constrained: a bit for each name or position at which it asks for something.
        required: a bit for each name that it requires.
        rest: whether it asks for something of all others.
    """

    node: Node
    constrained: int
    required: int
    rest: bool


@dataclass(frozen=True, slots=True)
class Count:
    """An atom: so many members or items satisfy a place.

    Attributes:
        place: what is counted.
        least: how many there are at least.
        most: how many there are at most; None if there is no bound.
    """

    place: Place
    least: int
    most: int | None


Counts = tuple[tuple[int, int], ...]
"""How many were counted, for each atom that counts, where it is not 0."""

State = tuple[bool, int, Counts, Formula]
"""Whether nothing was read yet, the position (or in any order a bit for each name that was read), and what is left."""

Cell = tuple[RuleExpression, Counts, Formula]
"""Values of one name or position: their rule, and what is left after one of them."""


def undecided_rule(compiler: Compiler, nodes: tuple[Node, ...], kind: int) -> RuleExpression | None:
    """The objects, or the arrays, that satisfy plain schemas, some of which say how many of others hold."""
    try:
        return (_Members if kind == OBJECT else _Items)(compiler, nodes).rule()
    except (TooManySteps, TooManyAlternatives):
        reason = "it combines with the rest in too many ways"
    except NotTold as error:
        reason = str(error)
    for node in nodes:
        if HOLD in node:
            compiler.unsupported(node, None, reason)
    return compiler.any()


class NotTold(Exception):
    """A keyword that cannot be decided as members or items are read."""


class _Reader:
    """What objects and arrays have in common."""

    kind: int
    keywords: frozenset[Any]

    def __init__(self, compiler: Compiler, nodes: tuple[Node, ...]) -> None:
        self.compiler = compiler
        self.nodes = nodes
        self.plain: list[Node] = []
        self.atoms: list[Each | Count | None] = []
        self._known: dict[int, Formula] = {}
        self._pending: list[tuple[int, Node]] = []
        self.formula = every([self._formula(node) for node in nodes])
        self._cells: dict[Any, list[Cell]] = {}
        self._canonical: dict[int, Any] = {}
        self._enums: dict[str, Node] = {}

    # The formula

    def _formula(self, node: Node) -> Formula:
        found = self._known.get(id(node))
        if found is None:
            found = self._known[id(node)] = every(self._parts(node))
        return found

    def _parts(self, node: Node) -> Iterator[Formula]:
        if not kinds_left((node,)) & self.kind:
            yield False
            return
        for groups, least, most in node.get(HOLD, ()):
            yield tally(
                least,
                most,
                [some([every(map(self._formula, one)) for one in group]) for group in groups],
            )
        for keyword in ("const", "enum"):
            if keyword in node:
                listed = [node["const"]] if keyword == "const" else node["enum"]
                yield some([self._formula(self._schema(value, node)) for value in listed])
        if not self.keywords.isdisjoint(node):
            yield from self._own(node)

    def _schema(self, value: Any, node: Node) -> Node:
        if isinstance(value, (dict, list)):
            return self.compiler.normalizer.made(schema_of(value), node)
        return self.compiler.normalizer.made({"enum": [], "type": []}, node)

    def _own(self, node: Node) -> Iterator[Formula]:
        """The atoms of the schema's own keywords."""
        raise NotImplementedError

    def _each(self, node: Node) -> int:
        self.plain.append(node)
        self.atoms.append(None)
        self._pending.append((len(self.atoms) - 1, node))
        return len(self.atoms) - 1

    def _count(self, place: Place, least: int, most: int | None) -> Formula:
        if least == 0 and most is None:
            return True
        self.atoms.append(Count(place, least, most))
        return len(self.atoms) - 1

    def _bounds(self, node: Node, least: str, most: str) -> Formula:
        fewest = count(self.compiler, node, least) if least in node else 0
        return self._count(True, fewest, count(self.compiler, node, most) if most in node else None)

    # Cells: values of one place, by what they decide

    def cells(self, key: Any, passed: int, counts: Counts, formula: Formula) -> Iterator[Cell]:
        """The values that a name or position may have, and what is left to be decided after each."""
        memo = key, counts, formula
        if memo not in self._cells:
            self._cells[memo] = list(self._told_apart(key, dict(counts), formula))
        for rule, more, left in self._cells[memo]:
            after = decided(left, self._settled(atoms(left), passed))
            if after is not False:
                yield rule, _kept(dict(more), after), after

    def _told_apart(self, key: Any, counts: dict[int, int], formula: Formula) -> Iterator[Cell]:
        groups = self._groups(key, formula)
        compiler = self.compiler
        stack: list[tuple[int, Formula, dict[int, int], tuple[Any, ...], list[Any] | None]] = [
            (0, formula, counts, (), None)
        ]
        while stack:
            at, left, counted, chosen, listed = stack.pop()
            relevant = atoms(left)
            while at < len(groups) and relevant.isdisjoint(groups[at][1]):
                at += 1
            if at == len(groups):
                rule = self._value(chosen, listed)
                if rule is not None:
                    yield rule, _kept(counted, left), left
                continue
            compiler.looked_at += 1
            if compiler.looked_at > _MOST_CELLS or compiler.normalizer.compared > _MOST_COMPARED:
                raise TooManySteps
            place, indexes = groups[at]
            each = {index: False for index in indexes if isinstance(self.atoms[index], Each)}
            outside = (at + 1, decided(left, each), counted)
            more, known = self._counted(indexes, counted)
            inside = (at + 1, decided(left, known), more)
            for branch, holds in ((outside, False), (inside, True)):
                if branch[1] is False:
                    continue
                if isinstance(place, bool):
                    if place == holds:
                        stack.append((*branch, chosen, listed))
                    continue
                if listed is not None:
                    some_of = [value for value in listed if self._satisfies(value, place) == holds]
                    if some_of:
                        stack.append((*branch, chosen, some_of))
                    continue
                wanted = place if holds else self._negation(place)
                if wanted is False:
                    continue
                both = (
                    chosen
                    if wanted is True
                    else (*chosen, *(wanted if isinstance(wanted, tuple) else (wanted,)))
                )
                finite = values.finite_values(compiler, both) if both else None
                if (finite is None and self._is_possible(both)) or finite:
                    stack.append((*branch, both, finite))

    def _is_possible(self, chosen: tuple[Any, ...]) -> bool:
        """Whether any value satisfies all of some places, strings looked at closely."""
        if not chosen:
            return True
        options = self.compiler.normalizer.conjunction(chosen)
        if any(kinds_left(one) & ~STRING for one in options):
            return True
        texts = texts_of(self.compiler, chosen)
        return texts is not None and is_possible(texts)

    def _groups(self, key: Any, formula: Formula) -> list[tuple[Place, list[int]]]:
        """The places that matter, each with its atoms; those with few values first."""
        found: dict[Any, tuple[Place, list[int]]] = {}
        for index in sorted(atoms(formula)):
            place = self._place(index, key)
            if place is not True or isinstance(self.atoms[index], Count):
                found.setdefault(self._key(place), (place, []))[1].append(index)
        return sorted(found.values(), key=lambda one: not _is_short(one[0]))

    def _place(self, index: int, key: Any) -> Place:
        atom = self.atoms[index]
        if isinstance(atom, Count):
            return atom.place
        assert atom is not None
        return self._each_place(atom, key)

    def _each_place(self, atom: Each, key: Any) -> Place:
        raise NotImplementedError

    def _counted(self, indexes: list[int], counts: dict[int, int]) -> tuple[dict[int, int], dict[int, bool]]:
        """Counts after one more, and the atoms that this decides."""
        known: dict[int, bool] = {}
        found = counts
        for index in indexes:
            atom = self.atoms[index]
            if isinstance(atom, Count):
                number = found.get(index, 0) + 1
                if atom.most is not None and number > atom.most:
                    known[index] = False
                elif atom.most is None and number >= atom.least:
                    known[index] = True
                else:
                    found = {**found, index: min(number, atom.least) if atom.most is None else number}
        return found, known

    def _settled(self, relevant: set[int], passed: int) -> dict[int, bool]:
        """The atoms that nothing can undo any more."""
        known: dict[int, bool] = {}
        for index in relevant:
            atom = self.atoms[index]
            if isinstance(atom, Each) and not atom.rest and not atom.constrained & ~passed:
                known[index] = True
        return known

    def _negation(self, place: Place) -> Place:
        if isinstance(place, tuple):
            key = tuple(map(id, place))
            if key not in self._canonical:
                self._canonical[key] = self.compiler.normalizer.made({"allOf": list(place)}, place[0])  # type: ignore[index]
            place = self._canonical[key]  # type: ignore[index]
        return self.compiler.normalizer.negation(place)

    def _satisfies(self, value: Any, place: Place) -> bool:
        try:
            parts = place if isinstance(place, tuple) else (place,)
            return all(satisfies(self.compiler, value, part) for part in parts)
        except InvalidRegexError as error:
            raise NotTold(f"{error.reason} at offset {error.position}") from None

    def _value(self, chosen: tuple[Any, ...], listed: list[Any] | None) -> RuleExpression | None:
        if listed is None:
            return self.compiler.value(chosen) if chosen else self.compiler.any()
        key = json.dumps(listed)
        if key not in self._enums:
            self._enums[key] = self.compiler.normalizer.made({"enum": listed}, self.nodes[0])
        return self.compiler.value(self._enums[key])

    def _key(self, place: Place) -> Any:
        """The same for places that ask for the same, as far as that is plain to see."""
        if isinstance(place, bool):
            return place
        if isinstance(place, tuple):
            return tuple(map(self._key, place))
        if id(place) not in self._canonical:
            self._canonical[id(place)] = canonical(self.compiler, place)
        return self._canonical[id(place)]

    # The automaton

    def rule(self) -> RuleExpression | None:
        """The rule of the whole container."""
        raise NotImplementedError

    def _sequence(self) -> RuleExpression | None:
        """What is between the brackets, by one rule for each state; None if nothing can be."""
        compiler = self.compiler
        start = decided(self.formula, self._settled(atoms(self.formula), 0))
        if start is False:
            return None
        names: dict[State, Reference] = {}
        todo: list[State] = []

        def reference(state: State) -> Reference:
            if state not in names:
                if len(names) > _MOST_STATES:
                    raise TooManySteps
                name = compiler.new_name("undecided")
                compiler.parts.add(name)
                compiler.rules[name] = Choice(())  # takes the name
                names[state] = Reference(name)
                todo.append(state)
            return names[state]

        found = reference((True, 0, (), start))
        while todo:
            state = todo.pop()
            comma = () if state[0] else (compiler.layout.comma,)
            options: list[RuleExpression] = []
            for item, after in self._next(state):
                options.append(
                    reference(after) if item is None else Sequence((*comma, item, reference(after)))
                )
            if self._may_end(state):
                options.append(Sequence(()))
            compiler.rules[names[state].name] = Choice(tuple(options))
        return found

    def _next(self, state: State) -> Iterator[tuple[RuleExpression | None, State]]:
        raise NotImplementedError

    def _may_end(self, state: State) -> bool:
        raise NotImplementedError

    def _ends(self, counts: Counts, formula: Formula, missing: int) -> bool:
        counted = dict(counts)
        known: dict[int, bool] = {}
        for index in atoms(formula):
            atom = self.atoms[index]
            if isinstance(atom, Count):
                known[index] = atom.least <= counted.get(index, 0)
            elif isinstance(atom, Each):
                known[index] = not atom.required & missing
        return decided(formula, known) is True


def _kept(counts: dict[int, int], formula: Formula) -> Counts:
    relevant = atoms(formula)
    return tuple(sorted((index, number) for index, number in counts.items() if index in relevant))


def _is_short(place: Place) -> bool:
    parts = place if isinstance(place, tuple) else (place,)
    return any(isinstance(part, dict) and ("enum" in part or "const" in part) for part in parts)


def canonical(compiler: Compiler, schema: Any) -> Any:
    """Equal for schemas that say the same in the same words, annotations aside; else the identity."""
    if compiler.document.has_bases:
        return id(schema)
    try:
        return json.dumps(_bare(schema), sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return id(schema)


_MAPS = frozenset(("properties", "patternProperties", "dependentSchemas", "dependencies"))
_SCHEMAS = frozenset(
    (
        *("items", "additionalItems", "prefixItems", "unevaluatedItems", "contains", "additionalProperties"),
        *("unevaluatedProperties", "propertyNames", "not", "if", "then", "else", "allOf", "anyOf", "oneOf"),
    )
)


def _bare(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found: dict[Any, Any] = {}
    for keyword, value in schema.items():
        if not isinstance(keyword, str) or keyword in ("$dynamicRef", "$recursiveRef"):
            raise TypeError
        if keyword in _MAPS and isinstance(value, dict):
            found[keyword] = {name: _bare(one) for name, one in value.items()}
        elif keyword in _SCHEMAS:
            found[keyword] = _bare(value)
        elif keyword in ASSERTIONS:
            found[keyword] = value
    return found


# Objects


class _Members(_Reader):
    kind = OBJECT
    keywords = OBJECT_KEYWORDS - {HOLD}

    def _own(self, node: Node) -> Iterator[Formula]:
        if node.get("propertyNames", True) not in (True, {}):
            raise NotTold("propertyNames beside combinators of many branches")
        yield self._bounds(node, "minProperties", "maxProperties")
        for names, inside, outside, allowed, place in node.get(SOME_MEMBER, ()):
            if allowed is not None or len(inside) > 1 or (inside and (outside or names)):
                raise NotTold("some member of many kinds beside combinators of many branches")
            none = self.compiler.normalizer.negation(place)
            other: Node = {
                "properties": dict.fromkeys(names, True),
                "patternProperties": dict.fromkeys(outside, True),
            }
            if inside:
                other["patternProperties"] = {inside[0]: none}
            else:
                other["additionalProperties"] = none
            yield tally(0, 0, [self._each(self.compiler.normalizer.made(other, node))])
        if not node.keys().isdisjoint(
            ("properties", "required", "additionalProperties", "patternProperties")
        ):
            yield self._each(node)

    def rule(self) -> RuleExpression | None:
        if not all(self._check(node) for node in self.plain):
            return self.compiler.any()
        self.names = _in_order([_names_of(node) for node in self.plain])
        for index, node in self._pending:
            required = _bits(self.names, set(_required(node)))
            constrained = _bits(
                self.names,
                {name for name in self.names if any(one is not True for one in places_of((node,), name))},
            )
            rest = [node.get("additionalProperties", True), *(node.get("patternProperties") or {}).values()]
            free = all(one is True or one == {} for one in rest)
            self.atoms[index] = Each(node, constrained | required, required, not free)
        self.excluded = excluded(self.names)
        self.regions = self._regions()
        self._places: dict[tuple[int, Any], Place] = {}
        if self._may_need_more() and any(map(self._runs_out, self.regions)):
            raise NotTold("members with few names beside combinators of many branches")
        inner = self._sequence()
        return None if inner is None else object_of(self.compiler.layout, inner)

    def _may_need_more(self) -> bool:
        """Whether an object may have to go on with members that are not declared, whose names differ."""
        if not self.compiler.style.spelling.is_single:
            return False
        return any(isinstance(atom, Count) for atom in self.atoms) or has_most(self.formula)

    def _runs_out(self, region: tuple[tuple[str, ...], tuple[str, ...]]) -> bool:
        name = strings.other_name(self.excluded, (region,), None, self.compiler.style.spelling)
        return count_texts(name.expression, FEW_NAMES) is not None

    def _check(self, node: Node) -> bool:
        required = node.get("required", ())
        if not isinstance(required, (list, tuple, bool)) or (
            not isinstance(required, bool) and not all(isinstance(name, str) for name in required)
        ):
            raise self.compiler.document.invalid(node, "required", "expected a list of names")
        for keyword in ("properties", "patternProperties"):
            if not isinstance(node.get(keyword, {}), dict):
                raise self.compiler.document.invalid(node, keyword, "expected an object of schemas")
        return all(
            check_pattern(self.compiler, node, "patternProperties", pattern)
            for pattern in node.get("patternProperties", ())
        )

    def _regions(self) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        patterns = dict.fromkeys(
            pattern for node in self.plain for pattern in node.get("patternProperties", ())
        )
        found: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((), ())]
        for pattern in patterns:
            split = []
            for inside, outside in found:
                if not any(strings.exclude_each_other(pattern, other) for other in inside):
                    split.append(((*inside, pattern), outside))
                split.append((inside, (*outside, pattern)))
            found = split
            if len(found) > _MOST_REGIONS:
                raise TooManySteps
        if is_closed(self.compiler, tuple(self.plain)) and not any(
            "additionalProperties" in node for node in self.plain
        ):
            found = [one for one in found if one[0]]
        return found

    def _each_place(self, atom: Each, key: Any) -> Place:
        memo = id(atom.node), key
        if memo not in self._places:
            if isinstance(key, int):
                places = places_of((atom.node,), self.names[key])
            else:
                patterns = atom.node.get("patternProperties") or {}
                places = [place for pattern, place in patterns.items() if pattern in key[0]]
                if not places and "additionalProperties" in atom.node:
                    places = [atom.node["additionalProperties"]]
            places = [place for place in places if place is not True]
            self._places[memo] = False if False in places else one_place(places) if places else True
        return self._places[memo]

    def _next(self, state: State) -> Iterator[tuple[RuleExpression | None, State]]:
        _, at, counts, formula = state
        if self.compiler.style.any_order:
            for bit in range(len(self.names)):
                if not at >> bit & 1:
                    yield from self._written(bit, at | 1 << bit, at | 1 << bit, counts, formula)
        elif at < len(self.names):
            passed = (1 << at + 1) - 1
            yield from self._written(at, at + 1, passed, counts, formula)
            gone = {index: False for index in atoms(formula) if _requires(self.atoms[index], 1 << at)}
            left = decided(formula, gone)
            left = decided(left, self._settled(atoms(left), passed))
            if left is not False:
                yield None, (state[0], at + 1, _kept(dict(counts), left), left)
            return
        passed = at if self.compiler.style.any_order else (1 << at) - 1
        together: dict[tuple[int, Counts, Formula], tuple[RuleExpression, list[Any]]] = {}
        for region in self.regions:
            for rule, more, after in self.cells(region, passed, counts, formula):
                together.setdefault((id(rule), more, after), (rule, []))[1].append(region)
        for (_, more, after), (rule, regions) in together.items():
            everywhere = len(regions) == len(self.regions) and any(not inside for inside, _ in regions)
            some_of = () if everywhere else tuple(regions)
            name = strings.other_name(self.excluded, some_of, None, self.compiler.style.spelling)
            yield Sequence((name, self.compiler.layout.colon, rule)), (False, at, more, after)

    def _written(
        self, bit: int, at: int, passed: int, counts: Counts, formula: Formula
    ) -> Iterator[tuple[RuleExpression, State]]:
        name = self.names[bit]
        if strings.has_lone_surrogate(name):
            return
        for rule, more, after in self.cells(bit, passed, counts, formula):
            item = Sequence((self.compiler.style.name(name), self.compiler.layout.colon, rule))
            yield item, (False, at, more, after)

    def _may_end(self, state: State) -> bool:
        _, at, counts, formula = state
        if self.compiler.style.any_order:
            return self._ends(counts, formula, ~at)
        return at == len(self.names) and self._ends(counts, formula, 0)


def _requires(atom: Each | Count | None, bit: int) -> bool:
    return isinstance(atom, Each) and bool(atom.required & bit)


def _required(node: Node) -> list[str]:
    found = node.get("required")
    return found if isinstance(found, list) else []


def _names_of(node: Node) -> list[str]:
    return list(dict.fromkeys([*(node.get("properties") or ()), *_required(node)]))


def _bits(names: list[str], wanted: set[str]) -> int:
    return sum(1 << bit for bit, name in enumerate(names) if name in wanted)


def _in_order(sequences: list[list[str]]) -> list[str]:
    """Names in an order that keeps that of each sequence, where they do not contradict each other."""
    found: list[str] = []
    for names in sequences:
        known = set(found)
        at = next((found.index(name) for name in names if name in known), len(found))
        for name in names:
            if name in known:
                at = found.index(name) + 1
            else:
                found.insert(at, name)
                at += 1
    return found


# Arrays


class _Items(_Reader):
    kind = ARRAY
    keywords = ARRAY_KEYWORDS - {HOLD}

    def _own(self, node: Node) -> Iterator[Formula]:
        if node.get("uniqueItems") is True:
            raise NotTold("uniqueItems beside combinators of many branches")
        yield self._bounds(node, "minItems", "maxItems")
        if "contains" in node:
            least = count(self.compiler, node, "minContains") if "minContains" in node else 1
            most = count(self.compiler, node, "maxContains") if "maxContains" in node else None
            yield self._count(node["contains"], least, most)
        for start, place in node.get(SOME_ITEM, ()):
            none = {"prefixItems": [True] * start, "items": self.compiler.normalizer.negation(place)}
            yield tally(0, 0, [self._each(self.compiler.normalizer.made(none, node))])
        if not node.keys().isdisjoint(("items", "prefixItems", "additionalItems")):
            yield self._each(node)

    def rule(self) -> RuleExpression | None:
        self.longest = 0
        for index, node in self._pending:
            prefix, rest = items_of(self.compiler, node)
            self.longest = max(self.longest, len(prefix))
            constrained = sum(1 << at for at, place in enumerate(prefix) if place is not True)
            self.atoms[index] = Each(node, constrained, 0, rest is not True and rest != {})
        inner = self._sequence()
        return None if inner is None else array_of(self.compiler.layout, inner)

    def _each_place(self, atom: Each, key: Any) -> Place:
        prefix, rest = items_of(self.compiler, atom.node)
        return prefix[key] if key < len(prefix) else rest

    def _next(self, state: State) -> Iterator[tuple[RuleExpression | None, State]]:
        _, at, counts, formula = state
        after = min(at + 1, self.longest)
        passed = (1 << at + 1) - 1
        for rule, more, left in self.cells(at, passed, counts, formula):
            yield rule, (False, after, more, left)

    def _may_end(self, state: State) -> bool:
        return self._ends(state[2], state[3], 0)
