"""Objects and arrays of which it is open which schemas hold: that is decided while properties or items are read.

Combinators whose branches overlap multiply as alternatives. Here they stay a formula over shapes (`formulas.py`), and
an automaton reads the properties or items (`formula_automaton.py`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.documents.findings import Findings
from structgen.frontends.json_schema.documents.json_types import ARRAY, OBJECT
from structgen.frontends.json_schema.emission.formula_automaton import (
    Atoms,
    Cell,
    Cells,
    Count,
    Counts,
    Each,
    NotDecidable,
    State,
    Step,
    kept,
    sequence,
)
from structgen.frontends.json_schema.emission.formulas import (
    Formula,
    atoms,
    decided,
    every,
    has_most,
    some,
    tally,
)
from structgen.frontends.json_schema.emission.interface import Values
from structgen.frontends.json_schema.emission.regions import (
    Region,
    TooManyRegions,
    is_closed,
    names_in,
    regions_of,
    spellable,
)
from structgen.frontends.json_schema.emission.rules import Rule, Rules
from structgen.frontends.json_schema.emission.sequences import TooManySteps
from structgen.frontends.json_schema.emission.strings import StringRules
from structgen.frontends.json_schema.normalization.complements import shape_of_value
from structgen.frontends.json_schema.normalization.normalizer import TOO_MANY
from structgen.frontends.json_schema.normalization.products import TooManyAlternatives
from structgen.frontends.json_schema.shapes.arrays import ArrayShape
from structgen.frontends.json_schema.shapes.objects import ObjectShape
from structgen.frontends.json_schema.shapes.reader import Reader
from structgen.frontends.json_schema.shapes.schema import ANYTHING, NOTHING, Conjunction, Schema
from structgen.frontends.json_schema.shapes.shape import Alternative, Parts, Shape, Tally
from structgen.frontends.json_schema.strings.matching import count_texts
from structgen.frontends.json_schema.style import Style
from structgen.grammar.rules import RuleExpression
from structgen.language.counting import Uncounted

_MOST_PARTS = 100_000
"""Parts of one formula, those that it shares counted as often as they stand in it."""


class DeferredRules:
    """Makes the rules of objects and arrays of which it is open which shapes hold."""

    def __init__(
        self,
        values: Values,
        rules: Rules,
        reader: Reader,
        cells: Cells,
        strings: StringRules,
        findings: Findings,
        style: Style,
    ) -> None:
        self.values = values
        self.rules = rules
        self.reader = reader
        self.cells = cells
        self.strings = strings
        self.findings = findings
        self.style = style

    def rule(self, shapes: Alternative, type: int) -> Rule:
        """The objects, or the arrays, that have some shapes; some say how many of others hold."""
        try:
            return (_Objects if type == OBJECT else _Arrays)(self, shapes).rule()
        except (TooManySteps, TooManyAlternatives, TooManyRegions):
            reason = TOO_MANY
        except NotDecidable as error:
            reason = str(error)
        for shape in shapes:
            if shape.deferred:
                self.findings.unsupported(shape.origin, None, reason)
        return self.values.any()


class _Container(ABC):
    """What objects and arrays have in common: the formula, and the cells of a place."""

    type: int

    def __init__(self, outer: DeferredRules, shapes: Alternative) -> None:
        self._outer = outer
        self._style = outer.style
        self._reader = outer.reader
        self._shapes = shapes
        self._atoms = Atoms()
        self._formulas: dict[Shape, Formula] = {}
        self._sizes: dict[Shape, int] = {}
        self._cells: dict[object, list[Cell]] = {}
        self._named: list[Shape] = []
        self._formula = every([self._of(shape) for shape in shapes])

    # The formula

    def _of(self, shape: Shape) -> Formula:
        found = self._formulas.get(shape)
        if found is None:
            found = self._formulas[shape] = every(self._parts(shape))
        return found

    def _parts(self, shape: Shape) -> Iterator[Formula]:
        if not shape.types & self.type:
            yield False
            return
        for one in shape.deferred:
            self._measure(shape, one)
            groups = [some([every(map(self._of, shapes)) for shapes in group]) for group in one.groups]
            yield tally(one.least, one.most, groups)
        for listed in (shape.const, shape.enum):
            if listed is not None:
                yield some([self._of_value(value, shape) for value in listed.values])
        yield from self._own(shape)

    def _measure(self, shape: Shape, one: Tally) -> None:
        """Note how large the formula of a shape is with one more tally: nested tallies share parts, and so may explode.

        Raises:
            TooManySteps: It is too large.
        """
        parts = [part for group in one.groups for shapes in group for part in shapes]
        for part in parts:
            self._of(part)
        self._sizes[shape] = self._sizes.get(shape, 1) + sum(self._sizes.get(part, 1) for part in parts)
        if self._sizes[shape] > _MOST_PARTS:
            raise TooManySteps

    def _of_value(self, value: object, shape: Shape) -> Formula:
        if not isinstance(value, (dict, list)):
            return False
        return self._of(shape_of_value(self._reader, value, shape.origin))

    @abstractmethod
    def _own(self, shape: Shape) -> Iterator[Formula]:
        """The atoms of what a shape says of the type."""

    def _count(self, schema: Schema, least: int, most: int | None) -> Formula:
        if least == 0 and most is None:
            return True
        return self._atoms.add(Count(schema, least, most))

    def _each(self, shape: Shape) -> int:
        """An atom of a shape; what it constrains is set once all shapes are known."""
        self._named.append(shape)
        return self._atoms.add(Each(shape, 0, 0, rest=False))

    def _all_are(self, parts: Parts, shape: Shape) -> int:
        return self._each(self._reader.shape(parts, shape.origin))

    # Cells

    def _cells_at(self, key: int | Region, passed: int, counts: Counts, formula: Formula) -> Iterator[Cell]:
        """The values that a name, region or position may have, and what is undecided after each."""
        memo = key, counts, formula
        if memo not in self._cells:
            origin = self._shapes[0].origin
            self._cells[memo] = list(
                self._outer.cells.of(
                    self._atoms, lambda index: self._schemas(index, key), dict(counts), formula, origin
                )
            )
        for rule, more, left in self._cells[memo]:
            after = decided(left, self._atoms.settled(atoms(left), passed))
            if after is not False:
                yield Cell(rule, kept(dict(more), after), after)

    def _schemas(self, index: int, key: int | Region) -> Conjunction:
        """What an atom says of the values of a name, region or position; empty if nothing."""
        atom = self._atoms.all[index]
        if isinstance(atom, Count):
            return (atom.schema,)
        schemas = tuple([one for one in self._places(atom.shape, key) if one is not ANYTHING])
        return (NOTHING,) if NOTHING in schemas else schemas

    @abstractmethod
    def _places(self, shape: Shape, key: int | Region) -> Iterable[Schema]:
        """What a shape says of the values of a name, region or position."""

    # The automaton

    @abstractmethod
    def rule(self) -> Rule:
        """The rule of the whole container."""

    def _inside(self) -> Rule:
        """What is between the brackets; None if nothing can be."""
        start = decided(self._formula, self._atoms.settled(atoms(self._formula), 0))
        if start is False:
            return None
        first = State(True, 0, (), start)
        separator = self._style.format.separator
        return sequence(
            self._outer.rules, separator, first, self._steps, self._ends, self._outer.cells.budget
        )

    @abstractmethod
    def _steps(self, state: State) -> Iterator[Step]:
        """What may come in a state."""

    @abstractmethod
    def _ends(self, state: State) -> bool:
        """Returns True if the container may end in a state."""


# Objects


class _Objects(_Container):
    type = OBJECT

    def _own(self, shape: Shape) -> Iterator[Formula]:
        objects = shape.objects
        if objects is None:
            return
        if objects.names is not None and objects.names is not ANYTHING:
            raise NotDecidable("propertyNames with combinators of many branches")
        yield self._count(ANYTHING, objects.min_properties, objects.max_properties)
        for one in objects.has_properties:
            mixed = one.inside and (one.outside or one.names)
            if one.name is not None or len(one.inside) > 1 or mixed:
                raise NotDecidable("a negated object schema next to a large anyOf or oneOf is not supported")
            none = self._reader.complement(one.schema)
            other = ObjectShape(
                dict.fromkeys(one.names, ANYTHING),
                patterns={one.inside[0]: none} if one.inside else dict.fromkeys(one.outside, ANYTHING),
                additional=None if one.inside else none,
            )
            yield tally(0, 0, [self._all_are(Parts(objects=other), shape)])
        if objects.has_places:
            yield self._each(shape)

    def rule(self) -> Rule:
        outer = self._outer
        for shape in self._named:
            for pattern in _objects_in(shape).patterns:
                if not outer.strings.is_enforced(shape.origin, "patternProperties", pattern):
                    return outer.values.any()
        self._names = _in_order([_names_of(_objects_in(shape)) for shape in self._named])
        self._atoms.all = [self._set(atom) for atom in self._atoms.all]
        self._excluded = spellable(self._names)
        self._regions = self._find_regions()
        if self._may_need_more() and any(map(self._runs_out, self._regions)):
            raise NotDecidable("properties with few names next to combinators of many branches")
        inner = self._inside()
        return None if inner is None else self._style.format.object(inner)

    def _set(self, atom: Each | Count) -> Each | Count:
        if isinstance(atom, Count):
            return atom
        shape = _objects_in(atom.shape)
        required = _bits(self._names, set(shape.required))
        elsewhere = shape.additional is not None or bool(shape.patterns)
        candidates: Iterable[str] = self._names if elsewhere else shape.properties
        constrained = {name for name in candidates if any(one is not ANYTHING for one in shape.at(name))}
        rest = [shape.others, *shape.patterns.values()]
        is_free = all(one is ANYTHING for one in rest)
        return Each(atom.shape, _bits(self._names, constrained) | required, required, not is_free)

    def _find_regions(self) -> list[Region]:
        objects = [_objects_in(shape) for shape in self._named]
        patterns = dict.fromkeys(pattern for one in objects for pattern in one.patterns)
        without_others = is_closed(self._style, objects) and all(one.additional is None for one in objects)
        return regions_of(patterns, closed=without_others)

    def _may_need_more(self) -> bool:
        """Returns True if an object may have to go on with undeclared properties, whose names differ."""
        if not self._style.spelling.is_single:
            return False
        return any(isinstance(atom, Count) for atom in self._atoms.all) or has_most(self._formula)

    def _runs_out(self, region: Region) -> bool:
        name = strings.other_name(self._excluded, (tuple(region),), None, self._style.spelling)
        try:
            return count_texts(name.expression) is not None
        except Uncounted:
            return True

    def _places(self, shape: Shape, key: int | Region) -> Iterable[Schema]:
        objects = _objects_in(shape)
        return objects.at(self._names[key]) if isinstance(key, int) else objects.in_region(key.inside)

    def _steps(self, state: State) -> Iterator[Step]:
        if self._style.any_order:
            for bit in range(len(self._names)):
                if not state.at >> bit & 1:
                    after = state.at | 1 << bit
                    yield from self._written(bit, after, after, state)
            yield from self._others(state, state.at)
        elif state.at < len(self._names):
            passed = (1 << state.at + 1) - 1
            yield from self._written(state.at, state.at + 1, passed, state)
            yield from self._skipped(state, passed)
        else:
            yield from self._others(state, (1 << state.at) - 1)

    def _written(self, bit: int, at: int, passed: int, state: State) -> Iterator[Step]:
        """A property with a name of its own."""
        name = self._names[bit]
        if strings.has_lone_surrogate(name):
            return
        for rule, more, after in self._cells_at(bit, passed, state.counts, state.formula):
            yield self._style.pair(name, rule), State(False, at, more, after)

    def _skipped(self, state: State, passed: int) -> Iterator[Step]:
        """The next property is not there."""
        bit = 1 << state.at
        known = {index: False for index in atoms(state.formula) if self._requires(index, bit)}
        left = decided(state.formula, known)
        left = decided(left, self._atoms.settled(atoms(left), passed))
        if left is not False:
            yield None, State(state.is_first, state.at + 1, kept(dict(state.counts), left), left)

    def _requires(self, index: int, bit: int) -> bool:
        atom = self._atoms.all[index]
        return isinstance(atom, Each) and bool(atom.required & bit)

    def _others(self, state: State, passed: int) -> Iterator[Step]:
        """A property that is not declared; regions with the same cells together."""
        together: dict[tuple[int, Counts, Formula], tuple[RuleExpression, list[Region]]] = {}
        for region in self._regions:
            for rule, more, after in self._cells_at(region, passed, state.counts, state.formula):
                together.setdefault((id(rule), more, after), (rule, []))[1].append(region)
        for (_, more, after), (rule, regions) in together.items():
            name = names_in(self._style, self._excluded, regions, self._regions)
            yield self._style.format.pair(name, rule), State(False, state.at, more, after)

    def _ends(self, state: State) -> bool:
        if self._style.any_order:
            return self._atoms.hold_at_end(state, ~state.at)
        return state.at == len(self._names) and self._atoms.hold_at_end(state, 0)


def _objects_in(shape: Shape) -> ObjectShape:
    assert shape.objects is not None
    return shape.objects


def _names_of(shape: ObjectShape) -> list[str]:
    return list(dict.fromkeys([*shape.properties, *shape.required]))


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


class _Arrays(_Container):
    type = ARRAY

    def _own(self, shape: Shape) -> Iterator[Formula]:
        arrays = shape.arrays
        if arrays is None:
            return
        if arrays.unique:
            raise NotDecidable("uniqueItems with combinators of many branches")
        yield self._count(ANYTHING, arrays.min_items, arrays.max_items)
        if arrays.contains is not None:
            yield self._count(arrays.contains, arrays.min_contains, arrays.max_contains)
        for one in arrays.has_items:
            none = ArrayShape((ANYTHING,) * one.start, self._reader.complement(one.schema), has_rest=True)
            yield tally(0, 0, [self._all_are(Parts(arrays=none), shape)])
        if arrays.has_positions:
            yield self._each(shape)

    def rule(self) -> Rule:
        self._longest = max((len(_arrays_in(shape).prefix) for shape in self._named), default=0)
        self._atoms.all = [self._set(atom) for atom in self._atoms.all]
        inner = self._inside()
        return None if inner is None else self._style.format.array(inner)

    def _set(self, atom: Each | Count) -> Each | Count:
        if isinstance(atom, Count):
            return atom
        shape = _arrays_in(atom.shape)
        constrained = sum(1 << at for at, one in enumerate(shape.prefix) if one is not ANYTHING)
        return Each(atom.shape, constrained, 0, shape.rest is not ANYTHING)

    def _places(self, shape: Shape, key: int | Region) -> Iterable[Schema]:
        assert isinstance(key, int)
        return (_arrays_in(shape).at(key),)

    def _steps(self, state: State) -> Iterator[Step]:
        after = min(state.at + 1, self._longest)
        passed = (1 << state.at + 1) - 1
        for rule, more, left in self._cells_at(state.at, passed, state.counts, state.formula):
            yield self._style.format.item(rule), State(False, after, more, left)

    def _ends(self, state: State) -> bool:
        return self._atoms.hold_at_end(state, 0)


def _arrays_in(shape: Shape) -> ArrayShape:
    assert shape.arrays is not None
    return shape.arrays
