"""The automaton that decides, while properties or items are read, which of many schemas hold.

A formula says how many of which schemas must hold. Values at a place are divided into *cells* by which of the schemas
that still matter they satisfy; the undecided rest of the formula is the state. Where a property with one of ten
values distinguishes ten branches, ten states remain; a schema that all branches share is examined once. Knows neither
names nor positions: `deferred.py` says what properties and items require.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from structgen.errors import InvalidRegexError
from structgen.frontends.json_schema.documents.json_types import STRING
from structgen.frontends.json_schema.emission.canonical import Canonical
from structgen.frontends.json_schema.emission.formulas import Formula, atoms, decided, size
from structgen.frontends.json_schema.emission.interface import Values
from structgen.frontends.json_schema.emission.listed import ListedValues
from structgen.frontends.json_schema.emission.rules import Rule, Rules
from structgen.frontends.json_schema.emission.sequences import TooManySteps
from structgen.frontends.json_schema.emission.strings import StringRules
from structgen.frontends.json_schema.normalization.membership import Membership
from structgen.frontends.json_schema.normalization.normalizer import Normalizer
from structgen.frontends.json_schema.shapes.schema import ANYTHING, NOTHING, Conjunction, Schema
from structgen.frontends.json_schema.shapes.shape import Listed, Parts, Shape, types_of
from structgen.frontends.json_schema.strings.matching import is_possible
from structgen.grammar.rules import Choice, Reference, RuleExpression, Terminal
from structgen.grammar.rules import Sequence as RuleSequence

_MOST_STATES = 10_000
_MOST_WORK = 7_500_000
"""Formulas that the states of one schema hold, all of its containers together: some 7 seconds."""
_MOST_CELLS = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Each:
    """An atom: all properties or items are as a shape says, and those that it requires are there.

    Attributes:
        shape: the shape.
        constrained: a bit for each name or position of which it says something.
        required: a bit for each name that it requires.
        rest: it says something of all others.
    """

    shape: Shape
    constrained: int
    required: int
    rest: bool


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """An atom: so many properties or items satisfy a schema.

    Attributes:
        schema: of what is counted.
        least: how many there are, at least.
        most: how many there are, at most; None if there is no bound.
    """

    schema: Schema
    least: int
    most: int | None


Atom = Each | Count
Counts = tuple[tuple[int, int], ...]
"""How many were counted, for each atom that counts, where it is not 0."""


class Cell(NamedTuple):
    """Values of one name or position.

    Attributes:
        rule: the values.
        counts: what was counted after one of them.
        formula: what is undecided after one of them.
    """

    rule: RuleExpression
    counts: Counts
    formula: Formula


class State(NamedTuple):
    """A state of the automaton.

    Attributes:
        is_first: nothing was read yet.
        at: the position; in any order, a bit for each name that was read.
        counts: what was counted.
        formula: what is undecided.
    """

    is_first: bool
    at: int
    counts: Counts
    formula: Formula


Step = tuple[RuleExpression | None, State]
"""What may come, and the state after it; None: nothing is read."""


class NotDecidable(Exception):
    """A keyword that cannot be decided as properties or items are read."""


class Atoms:
    """The atoms of one formula, by number."""

    def __init__(self) -> None:
        self.all: list[Atom] = []

    def add(self, atom: Atom) -> int:
        """The number of a new atom."""
        self.all.append(atom)
        return len(self.all) - 1

    def counted(
        self, indexes: Sequence[int], counts: dict[int, int]
    ) -> tuple[dict[int, int], dict[int, bool]]:
        """Counts after one more, and the atoms that this decides."""
        known: dict[int, bool] = {}
        found = counts
        for index in indexes:
            atom = self.all[index]
            if not isinstance(atom, Count):
                continue
            number = found.get(index, 0) + 1
            if atom.most is not None and number > atom.most:
                known[index] = False
            elif atom.most is None and number >= atom.least:
                known[index] = True
            else:
                found = {**found, index: min(number, atom.least) if atom.most is None else number}
        return found, known

    def settled(self, relevant: AbstractSet[int], passed: int) -> dict[int, bool]:
        """The atoms that hold and that nothing can undo any more."""
        known: dict[int, bool] = {}
        for index in relevant:
            atom = self.all[index]
            if isinstance(atom, Each) and not atom.rest and not atom.constrained & ~passed:
                known[index] = True
        return known

    def hold_at_end(self, state: State, missing: int) -> bool:
        """Returns True if the formula holds where nothing else comes; `missing`: bits of names that were not read."""
        counted = dict(state.counts)
        known: dict[int, bool] = {}
        for index in atoms(state.formula):
            atom = self.all[index]
            if isinstance(atom, Count):
                known[index] = atom.least <= counted.get(index, 0)
            else:
                known[index] = not atom.required & missing
        return decided(state.formula, known) is True


def kept(counts: dict[int, int], formula: Formula) -> Counts:
    """The counts on which a formula still depends."""
    relevant = atoms(formula)
    return tuple(sorted((index, number) for index, number in counts.items() if index in relevant))


class _Chosen(NamedTuple):
    """A cell in the making.

    Attributes:
        at: the next group of atoms to decide.
        formula: what is undecided.
        counts: what was counted.
        schemas: what its values satisfy.
        listed: its values, if they are from a short list.
    """

    at: int
    formula: Formula
    counts: dict[int, int]
    schemas: Conjunction
    listed: list[object] | None


class CellBudget:
    """How many cells one schema may divide into, and how large its states may be, all of its places together."""

    def __init__(self) -> None:
        self._examined = 0
        self._work = 0

    def spend_state(self, formula: Formula) -> None:
        """Count the formula of a state.

        Raises:
            TooManySteps: There are too many, or they are too large.
        """
        self._work += size(formula)
        if self._work > _MOST_WORK:
            raise TooManySteps

    def spend(self) -> None:
        """Count one more.

        Raises:
            TooManySteps: There are too many.
        """
        self._examined += 1
        if self._examined > _MOST_CELLS:
            raise TooManySteps


class Cells:
    """Divides values into cells, by which atoms they decide."""

    def __init__(
        self,
        values: Values,
        normalizer: Normalizer,
        membership: Membership,
        listed: ListedValues,
        strings: StringRules,
        budget: CellBudget,
    ) -> None:
        self._values = values
        self._normalizer = normalizer
        self._reader = normalizer.reader
        self._membership = membership
        self._listed = listed
        self._strings = strings
        self.budget = budget
        self._canonical = Canonical(self._reader.document)
        self._enums: dict[str, Shape] = {}

    def of(
        self,
        atoms_: Atoms,
        schema_at: Callable[[int], Conjunction],
        counts: dict[int, int],
        formula: Formula,
        origin: object,
    ) -> Iterator[Cell]:
        """Yields the cells of one place.

        Args:
            atoms_: the atoms.
            schema_at: what an atom says of the values at this place.
            counts: what was counted before.
            formula: what is undecided before.
            origin: the schema object that the formula comes from.

        Raises:
            NotDecidable: A pattern cannot be enforced.
            TooManySteps: There are too many cells.
        """
        groups = self._groups(atoms_, schema_at, formula)
        stack = [_Chosen(0, formula, counts, (), None)]
        while stack:
            one = stack.pop()
            at, relevant = one.at, atoms(one.formula)
            while at < len(groups) and relevant.isdisjoint(groups[at][1]):
                at += 1
            if at == len(groups):
                rule = self._rule(one, origin)
                if rule is not None:
                    yield Cell(rule, kept(one.counts, one.formula), one.formula)
                continue
            self.budget.spend()
            schemas, indexes = groups[at]
            each = {index: False for index in indexes if isinstance(atoms_.all[index], Each)}
            outside = one._replace(at=at + 1, formula=decided(one.formula, each))
            more, known = atoms_.counted(indexes, one.counts)
            inside = one._replace(at=at + 1, formula=decided(one.formula, known), counts=more)
            for branch, holds in ((outside, False), (inside, True)):
                if branch.formula is not False:
                    chosen = self._choose(branch, schemas, holds=holds)
                    stack += [] if chosen is None else [chosen]

    def _choose(self, branch: _Chosen, schemas: Conjunction, *, holds: bool) -> _Chosen | None:
        """The part of a cell whose values satisfy some schemas, or do not; None if there are no such values."""
        of_all = _hold_of_all(schemas)
        if of_all is not None:
            return branch if of_all == holds else None
        if branch.listed is not None:
            left = [value for value in branch.listed if self._satisfies(value, schemas) == holds]
            return branch._replace(listed=left) if left else None
        wanted = schemas if holds else (self._reader.complement(self._reader.joint(schemas)),)
        if wanted == (NOTHING,):
            return None
        both = (*branch.schemas, *(one for one in wanted if one is not ANYTHING))
        values = self._listed.of_schemas(both) if both else None
        if values or (values is None and self._is_possible(both)):
            return branch._replace(schemas=both, listed=values)
        return None

    def _is_possible(self, schemas: Conjunction) -> bool:
        """Returns False if no value satisfies some schemas, strings examined closely."""
        if not schemas:
            return True
        options = self._normalizer.conjunction(schemas)
        if any(types_of(one) & ~STRING for one in options):
            return True
        texts = self._strings.texts(schemas)
        return texts is not None and is_possible(texts)

    def _groups(
        self, atoms_: Atoms, schema_at: Callable[[int], Conjunction], formula: Formula
    ) -> list[tuple[Conjunction, list[int]]]:
        """The schemas that matter, each with its atoms; those with few values first."""
        found: dict[Hashable, tuple[Conjunction, list[int]]] = {}
        for index in sorted(atoms(formula)):
            schemas = schema_at(index)
            if schemas or isinstance(atoms_.all[index], Count):
                found.setdefault(self._canonical.key(schemas), (schemas, []))[1].append(index)
        return sorted(found.values(), key=lambda one: not self._is_short(one[0]))

    def _is_short(self, schemas: Conjunction) -> bool:
        for schema in schemas:
            if schema not in (ANYTHING, NOTHING):
                shape = self._reader.read(schema).shape
                if shape is not None and shape.listed is not None:
                    return True
        return False

    def _satisfies(self, value: object, schemas: Conjunction) -> bool:
        try:
            return all(self._membership.satisfies(value, schema) for schema in schemas)
        except InvalidRegexError as error:
            raise NotDecidable(f"{error.reason} at offset {error.position}") from None

    def _rule(self, cell: _Chosen, origin: object) -> Rule:
        if cell.listed is None:
            return self._values.value(cell.schemas)
        key = json.dumps(cell.listed)
        found = self._enums.get(key)
        if found is None:
            parts = Parts(enum=Listed("enum", cell.listed))
            found = self._enums[key] = self._reader.shape(parts, origin)
        return self._values.value((found,))


def _hold_of_all(schemas: Conjunction) -> bool | None:
    """Returns True if some schemas allow any value, False if they allow none plainly, None if they differ."""
    if schemas == (NOTHING,):
        return False
    return True if all(schema is ANYTHING for schema in schemas) else None


def sequence(
    rules: Rules,
    separator: Terminal,
    start: State,
    steps: Callable[[State], Iterator[Step]],
    ends: Callable[[State], bool],
    budget: CellBudget,
) -> RuleExpression:
    """What is inside a container, by one rule for each state.

    Args:
        rules: gets the rules.
        separator: stands between properties or items.
        start: the first state.
        steps: what may come in a state.
        ends: whether the container may end in a state.
        budget: of the whole schema.

    Raises:
        TooManySteps: There are too many states, or they are too large.
    """
    names: dict[State, Reference] = {}
    todo: list[State] = []

    def reference(state: State) -> Reference:
        if state not in names:
            if len(names) > _MOST_STATES:
                raise TooManySteps
            names[state] = rules.add("deferred", Choice(()))  # takes the name
            todo.append(state)
        return names[state]

    found = reference(start)
    while todo:
        state = todo.pop()
        budget.spend_state(state.formula)
        before = () if state.is_first else (separator,)
        options: list[RuleExpression] = []
        for item, after in steps(state):
            options.append(
                reference(after) if item is None else RuleSequence((*before, item, reference(after)))
            )
        if ends(state):
            options.append(RuleSequence(()))
        rules.by_name[names[state].name] = Choice(tuple(options))
    return found
