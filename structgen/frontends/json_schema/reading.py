"""What is decided while members or items are read: a formula over plain schemas, and the automaton of what is left.

Each value is told apart by which of the places it satisfies that still matter, and what is left of the formula is the
state. Where a member with one of ten values tells ten branches apart, ten states are left; a place that all of the
branches share is looked at once. Knows neither names nor positions: `undecided.py` says what members and items ask for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from structgen.errors import InvalidRegexError
from structgen.frontends.json_schema import values
from structgen.frontends.json_schema.containers import TooManySteps
from structgen.frontends.json_schema.evaluate import satisfies
from structgen.frontends.json_schema.formulas import Formula, atoms, decided, every, some, tally
from structgen.frontends.json_schema.keywords import (
    ASSERTIONS,
    HOLD,
    STRING,
)
from structgen.frontends.json_schema.kinds import kinds_left
from structgen.frontends.json_schema.negate import schema_of
from structgen.frontends.json_schema.scalars import count, texts_of
from structgen.frontends.json_schema.strings.matching import is_possible
from structgen.grammar.rules import Choice, Reference, RuleExpression, Sequence

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler, Place

Node = dict[Any, Any]
_MOST_STATES = 10_000
_MOST_WORK = 100_000
_MOST_CELLS = 20_000
_MOST_COMPARED = 200_000


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


class NotTold(Exception):
    """A keyword that cannot be decided as members or items are read."""


class Reader:
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
        self._joined: dict[tuple[int, ...], Any] = {}
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
                yield rule, kept(dict(more), after), after

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
                    yield rule, kept(counted, left), left
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
            if key not in self._joined:
                self._joined[key] = self.compiler.normalizer.made({"allOf": list(place)}, place[0])
            place = self._joined[key]
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
                compiler.rules[name] = Choice(())  # takes the name
                names[state] = Reference(name)
                todo.append(state)
            return names[state]

        found = reference((True, 0, (), start))
        work = 0
        while todo:
            state = todo.pop()
            work += len(atoms(state[3]))
            if work > _MOST_WORK:
                raise TooManySteps
            comma = () if state[0] else (compiler.style.format.separator,)
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


def kept(counts: dict[int, int], formula: Formula) -> Counts:
    """The counts on which a formula still depends."""
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
