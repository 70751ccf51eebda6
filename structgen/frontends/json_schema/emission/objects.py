"""Objects: their shapes become rules.

Properties come in the order in which the schema declares them, then required ones that it does not declare, then any
others. A declared name is one literal; the others exclude it, so a declared property is never written as another one.

The names that are not declared fall into *regions*: names that match the same patterns of `patternProperties` and so
must satisfy the same. Each region is one terminal; those that lead to the same rule are put together again.

Where properties must be counted, or some property must exist, an automaton replaces the plain sequence.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.documents.findings import Findings
from structgen.frontends.json_schema.emission.bounds import Bounds, Limits, tightest
from structgen.frontends.json_schema.emission.interface import Values
from structgen.frontends.json_schema.emission.property_counter import (
    START,
    Property,
    PropertyCounter,
    count_names,
    one_by_one,
)
from structgen.frontends.json_schema.emission.regions import (
    Region,
    TooManyRegions,
    is_closed,
    names_in,
    regions_of,
    spellable,
)
from structgen.frontends.json_schema.emission.rules import Rule, Rules, choice
from structgen.frontends.json_schema.emission.sequences import TooManySteps, counted
from structgen.frontends.json_schema.emission.strings import StringRules
from structgen.frontends.json_schema.normalization.membership import Membership
from structgen.frontends.json_schema.shapes.objects import ObjectShape, property_at
from structgen.frontends.json_schema.shapes.schema import Conjunction
from structgen.frontends.json_schema.shapes.shape import Alternative, objects_of
from structgen.frontends.json_schema.style import Style
from structgen.grammar.expressions import Expression, Intersection
from structgen.grammar.rules import Repetition, RuleExpression, Terminal
from structgen.grammar.rules import Sequence as RuleSequence
from structgen.language.counting import Uncounted

_MANY_SHAPES = 16
_MOST_AT_ONCE = 4
_MOST_FEW = 8
"""Names that are not declared and come in any order, each once, where some property must exist."""


class ObjectRules:
    """Makes the rules of objects."""

    def __init__(
        self,
        values: Values,
        rules: Rules,
        strings: StringRules,
        membership: Membership,
        findings: Findings,
        style: Style,
    ) -> None:
        self.values = values
        self.rules = rules
        self.strings = strings
        self.membership = membership
        self.findings = findings
        self.style = style

    def rule(self, shapes: Alternative) -> Rule:
        """The objects that have some shapes; None if there are none."""
        found = objects_of(shapes)
        if False not in [shape.is_plain for shape in found]:
            return self._plain(shapes, found)
        return _Counted(self, shapes).rule()

    def _plain(self, shapes: Alternative, found: Sequence[ObjectShape]) -> Rule:
        """Most objects: declared properties, and perhaps others."""
        declared = declared_properties(found)
        required = required_names(shapes)
        parts: list[RuleExpression] = []
        for name, schemas in declared.items():
            value = self.values.value(schemas)
            if value is None or strings.has_lone_surrogate(name):
                if name in required:
                    self.cannot_be(name, required[name], schemas)
                    return None
                continue
            pair = self.style.pair(name, value)
            parts.append(pair if name in required else Repetition(pair, 0, 1))
        rest = tuple([shape.additional for shape in found if shape.additional is not None])
        others = self.values.value(rest) if rest or not is_closed(self.style, found) else None
        if others is not None:
            other = strings.other_name(spellable(declared), spelling=self.style.spelling)
            parts.append(Repetition(self.style.format.pair(other, others)))
        return self.style.format.object(self.style.properties(parts))

    def cannot_be(self, name: str, origin: object, schemas: Conjunction) -> None:
        """Note that a required property cannot be there."""
        inside = schemas[0] if len(schemas) == 1 else None
        reason = f"{name!r} is required, and nothing is allowed there"
        self.findings.empty(origin, "required", reason, inside)


def required_names(shapes: Alternative) -> dict[str, object]:
    """The names that are required, and the schema object that requires each first."""
    if len(shapes) == 1:
        (shape,) = shapes
        return {} if shape.objects is None else dict.fromkeys(shape.objects.required, shape.origin)
    found: dict[str, object] = {}
    for shape in shapes:
        for name in () if shape.objects is None else shape.objects.required:
            found.setdefault(name, shape.origin)
    return found


def declared_properties(shapes: Sequence[ObjectShape]) -> dict[str, Conjunction]:
    """What each declared or required property must satisfy, in order."""
    if len(shapes) == 1 and not shapes[0].patterns:
        (shape,) = shapes
        found: dict[str, Conjunction] = {name: (schema,) for name, schema in shape.properties.items()}
        for name in shape.required:
            if name not in found:
                found[name] = () if shape.additional is None else (shape.additional,)
        return found
    names = [name for shape in shapes for name in shape.properties]
    names += [name for shape in shapes for name in shape.required]
    declared = dict.fromkeys(names)
    if len(shapes) < _MANY_SHAPES:
        return {name: property_at(shapes, name) for name in declared}
    return _by_name(shapes, declared)


def _by_name(shapes: Sequence[ObjectShape], declared: Iterable[str]) -> dict[str, Conjunction]:
    """The same for many shapes, of which most speak of few names."""
    found: dict[str, list[tuple[int, Conjunction]]] = {name: [] for name in declared}
    others: list[tuple[int, ObjectShape]] = []
    for index, shape in enumerate(shapes):
        if shape.patterns or shape.additional is not None:
            others.append((index, shape))
        else:
            for name, schema in shape.properties.items():
                found[name].append((index, (schema,)))
    for name, schemas in found.items():
        schemas += [(index, property_at((shape,), name)) for index, shape in others]
        schemas.sort(key=itemgetter(0))
    return {name: tuple([one for _, some in found[name] for one in some]) for name in found}


def _count_of(others: list[Property]) -> int | None:
    """How many names that are not declared there are; None if there are many, or very long ones."""
    try:
        return count_names(others) if others else None
    except Uncounted:
        return None


class _Counted:
    """An object with patterns, a schema for names, counted properties, or some that must exist."""

    def __init__(self, outer: ObjectRules, shapes: Alternative) -> None:
        self._outer = outer
        self._values = outer.values
        self._style = outer.style
        self._findings = outer.findings
        self._shapes = shapes
        self._objects = objects_of(shapes)
        self._wanted = [one for shape in self._objects for one in shape.has_properties]
        self._required = required_names(shapes)
        self._room: int | None = None
        self._few: list[Property] = []

    def rule(self) -> Rule:
        if not self._are_patterns_enforced():
            return None
        bounds = self._bounds()
        if bounds is None:
            return None
        texts = self._texts_of_names()
        names = self._names()
        if texts is False:
            names = {name: schemas for name, schemas in names.items() if name in self._required}
        declared = self._declared(names)
        if declared is None:
            return None
        others = [] if isinstance(texts, bool) else self._others(spellable(names), texts)
        declared = [one for one in declared if one.item is not None]
        needed = sum(one.required for one in declared)
        if self._are_too_many(needed, bounds):
            return None
        if not others and bounds.most is not None and bounds.most >= len(declared):
            bounds = Bounds(bounds.least, None)
        if self._style.spelling.is_single:
            declared, others = self._with_room(declared, others)
        if bounds.least <= needed and bounds.most is None and not self._wanted:
            return self._style.format.object(self._in_order(declared, others))
        self._check_count(bounds, needed, declared, others)
        return self._automaton(declared, others, bounds)

    def _are_too_many(self, needed: int, bounds: Bounds) -> bool:
        """Returns True if more properties are required than there may be, which is noted."""
        if bounds.most is None or needed <= bounds.most:
            return False
        reason = f"{needed} properties are required, {bounds.most} allowed"
        self._findings.empty(self._shapes[-1].origin, "maxProperties", reason)
        return True

    def _are_patterns_enforced(self) -> bool:
        return all(
            self._outer.strings.is_enforced(shape.origin, "patternProperties", pattern)
            for shape in self._shapes
            if shape.objects is not None
            for pattern in shape.objects.patterns
        )

    def _bounds(self) -> Bounds | None:
        limits = [
            Limits(shape.origin, shape.objects.min_properties, shape.objects.max_properties)
            for shape in self._shapes
            if shape.objects is not None
        ]
        last = self._shapes[-1].origin
        return tightest(self._findings, limits, "minProperties", "maxProperties", last)

    def _texts_of_names(self) -> Expression | bool | None:
        """The texts that `propertyNames` allows; False if none, None if all."""
        schemas = tuple([shape.names for shape in self._objects if shape.names is not None])
        if not schemas:
            return None
        found = self._outer.strings.texts(schemas)
        return False if found is None else found

    # Declared properties

    def _names(self) -> dict[str, Conjunction]:
        """What each property with a name of its own must satisfy."""
        found = declared_properties(self._objects)
        for one in self._wanted:
            for name in one.names:
                if name not in found:
                    found[name] = property_at(self._objects, name)
        return found

    def _declared(self, names: dict[str, Conjunction]) -> list[Property] | None:
        """The properties with a name of their own; None if one is required and cannot be there."""
        found: list[Property] = []
        for name, schemas in names.items():
            one = self._property(name, schemas)
            if one.item is None and one.required:
                self._outer.cannot_be(name, self._required[name], schemas)
                return None
            found.append(one)
        return found

    def _is_name(self, name: str) -> bool:
        """Returns True if every `propertyNames` allows a name."""
        satisfies = self._outer.membership.satisfies
        return all(shape.names is None or satisfies(name, shape.names) for shape in self._objects)

    def _property(self, name: str, schemas: Conjunction) -> Property:
        required = name in self._required
        if strings.has_lone_surrogate(name) or not self._is_name(name):
            return Property(None, required)
        satisfies = self._outer.membership.satisfies
        terminal = self._style.name(name)
        item = self._pair(terminal, schemas)
        fitting = [
            bit
            for bit, one in enumerate(self._wanted)
            if one.may_be(name) and (one.name is None or satisfies(name, one.name))
        ]
        needs: list[tuple[int, RuleExpression]] = []
        for bits in _subsets(fitting) if item is not None else ():
            needed = self._pair(terminal, (*schemas, *self._schemas_of(bits)))
            if needed is not None:
                needs.append((_mask(bits), needed))
        return Property(item, required, tuple(needs))

    def _pair(self, name: Terminal, schemas: Conjunction) -> Rule:
        value = self._values.value(schemas)
        return None if value is None else self._style.format.pair(name, value)

    def _schemas_of(self, bits: tuple[int, ...]) -> Conjunction:
        return tuple([self._wanted[bit].schema for bit in bits])

    # Properties that are not declared

    def _regions(self) -> list[Region]:
        patterns = dict.fromkeys(pattern for shape in self._objects for pattern in shape.patterns)
        for one in self._wanted:
            patterns.update(dict.fromkeys((*one.inside, *one.outside)))
        without_others = is_closed(self._style, self._objects) and all(
            shape.additional is None for shape in self._objects
        )
        try:
            return regions_of(patterns, closed=without_others)
        except TooManyRegions:
            self._refuse("patternProperties", "its patterns overlap in too many ways")
            return regions_of((), closed=without_others)

    def _others(self, names: tuple[str, ...], texts: Expression | None) -> list[Property]:
        """The properties that are not declared, those with the same rule together."""
        regions = self._regions()
        by_rule: dict[int, tuple[RuleExpression, list[Region]]] = {}
        found: list[Property] = []
        for region in regions:
            schemas = tuple([one for shape in self._objects for one in shape.in_region(region.inside)])
            rule = self._values.value(schemas)
            if rule is None:
                continue
            by_rule.setdefault(id(rule), (rule, []))[1].append(region)
            for bits in _subsets(self._near(region)):
                needed = self._values.value((*schemas, *self._schemas_of(bits)))
                fitting = self._fitting(bits, texts)
                if needed is not None and not isinstance(fitting, bool):
                    name = names_in(self._style, names, [region], regions, fitting)
                    item = self._style.format.pair(name, needed)
                    found.append(Property(None, required=False, needs=((_mask(bits), item),)))
        for rule, together in by_rule.values():
            name = names_in(self._style, names, together, regions, texts)
            found.append(Property(self._style.format.pair(name, rule), required=False))
        return found

    def _near(self, region: Region) -> list[int]:
        """Which of the properties that must exist may be in a region."""
        return [
            bit
            for bit, one in enumerate(self._wanted)
            if set(one.inside) <= set(region.inside) and set(one.outside) <= set(region.outside)
        ]

    def _fitting(self, bits: tuple[int, ...], texts: Expression | None) -> Expression | bool | None:
        """The texts, among some, of names of properties that must exist; False if none, None if all."""
        schemas = [self._wanted[bit].name for bit in bits]
        named = tuple([one for one in schemas if one is not None])
        if not named:
            return texts
        found = self._outer.strings.texts(named)
        if found is None:
            return False
        return found if texts is None else Intersection((found, texts))

    def _with_room(
        self, declared: list[Property], others: list[Property]
    ) -> tuple[list[Property], list[Property]]:
        """See that properties that are not declared end before their names do.

        In any order, and where some property must exist, few names are declared instead: each may come once. Where
        they are too many for that, but could run out, they are not recorded: so no text gets stuck.
        """
        any_order = self._style.any_order
        self._room = _count_of(others)
        if self._room is None or not (self._wanted or any_order):
            return declared, others
        self._room = None
        listed = one_by_one(others)
        if listed is not None and (any_order or len(listed) > _MOST_FEW):
            return [*declared, *listed], []
        if listed is not None:
            self._few = listed
            return declared, []
        return declared, [other.unrecorded() for other in others]

    # Sequences

    def _in_order(self, declared: list[Property], others: list[Property]) -> RuleExpression | None:
        parts: list[RuleExpression] = []
        for one in declared:
            assert one.item is not None
            parts.append(one.item if one.required else Repetition(one.item, 0, 1))
        rest = choice([other.item for other in others])
        if rest is not None:
            parts.append(Repetition(rest, 0, self._room))
        return self._style.properties(parts)

    def _check_count(
        self, bounds: Bounds, needed: int, declared: list[Property], others: list[Property]
    ) -> None:
        """Note if a text could have a name twice, and so fewer properties than are counted."""
        is_unrecorded = not (self._style.format.records_names or self._style.exact)
        counts_others = bounds.least - 1 > max(needed, len(declared))
        if is_unrecorded and counts_others and any(other.item is not None for other in others):
            reason = "names that are not declared cannot be distinguished yet, and so not be counted"
            self._refuse("minProperties", reason)

    def _automaton(self, declared: list[Property], others: list[Property], bounds: Bounds) -> Rule:
        form = self._style.format
        counter = PropertyCounter(declared, others, *bounds, len(self._wanted), self._room, few=self._few)
        if not (self._wanted or self._style.any_order):
            rest = choice([other.item for other in others])
            if rest is not None:
                counter.rest = RuleSequence((Repetition(rest),), form.separator)
        steps = counter.any_order if self._style.any_order else counter.in_order
        try:
            inner = counted(self._outer.rules, form.separator, START, steps)
        except TooManySteps:
            is_least = any(shape.min_properties for shape in self._objects)
            keyword = "minProperties" if is_least else "maxProperties"
            self._refuse(keyword, "the properties can be counted in too many ways")
            return form.object(self._in_order(declared, others))
        if inner is None:
            reason = "the properties that must be there are not possible together with the rest"
            self._findings.empty(self._shapes[-1].origin, None, reason)
            return None
        return form.object(inner)

    def _refuse(self, keyword: str, reason: str) -> None:
        """Note that a keyword is not enforced, at the first schema that has it."""
        for shape in self._shapes:
            raw = shape.origin
            if keyword == "maxProperties" or (isinstance(raw, dict) and keyword in raw):
                self._findings.unsupported(raw, keyword, reason)
                return


def _subsets(bits: list[int]) -> Iterator[tuple[int, ...]]:
    """The sets of bits that one property can be at once; of many bits, only single ones and all of them."""
    sizes = range(1, len(bits) + 1) if len(bits) <= _MOST_AT_ONCE else (1, len(bits))
    return itertools.chain.from_iterable(itertools.combinations(bits, size) for size in sizes)


def _mask(bits: tuple[int, ...]) -> int:
    return sum(1 << bit for bit in bits)
