"""Objects become rules over their members.

Members come in the order in which the schema declares them, then required ones that it does not declare, then any
others. A declared name is one literal; the others exclude it, so a declared member is never written as another one.

The names that are not declared fall into *regions*: names that match the same patterns of `patternProperties` and so
must satisfy the same. Each region is one terminal; those that lead to the same rule are put together again.

Where members must be counted, or some member must exist, an automaton over the members replaces the plain sequence.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.containers import (
    TooManySteps,
    counted,
)
from structgen.frontends.json_schema.counted_members import (
    Automaton,
    Member,
    listed_members,
    names_left,
    unrecorded,
)
from structgen.frontends.json_schema.evaluate import satisfies
from structgen.frontends.json_schema.keywords import HOLD, OBJECT, SOME_MEMBER
from structgen.frontends.json_schema.scalars import check_pattern, counts, texts_of
from structgen.frontends.json_schema.strings.matching import is_found
from structgen.grammar.expressions import Expression, Intersection
from structgen.grammar.rules import Repetition, RuleExpression, Sequence, Terminal
from structgen.language.counting import Uncounted

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler, Place

Node = dict[Any, Any]
_MANY_NODES = 16
_MOST_REGIONS = 64
_MOST_AT_ONCE = 4
_MOST_FEW = 8
"""Names that are not declared and come in any order, each once, beside a member that must exist."""

_UNUSUAL = frozenset(
    (
        "patternProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        SOME_MEMBER,
    )
)


@dataclass(slots=True)
class Region:
    """Names that are not declared and match the same patterns.

    Attributes:
        inside: the patterns that they match.
        outside: the patterns that they do not match.
        place: what their members must satisfy.
    """

    inside: tuple[str, ...]
    outside: tuple[str, ...]
    place: Place


def object_rule(compiler: Compiler, nodes: tuple[Node, ...]) -> RuleExpression | None:
    """The objects that satisfy plain schemas."""
    compiler.depth += 1
    if any(HOLD in node for node in nodes):
        from structgen.frontends.json_schema.undecided import undecided_rule

        rule = undecided_rule(compiler, nodes, OBJECT)
    elif all(_UNUSUAL.isdisjoint(node) for node in nodes):
        rule = _plain_object(compiler, nodes)
    else:
        rule = _Object(compiler, nodes).rule()
    compiler.depth -= 1
    return None if rule is None else compiler.nested(rule)


def _plain_object(compiler: Compiler, nodes: tuple[Node, ...]) -> RuleExpression | None:
    """Most objects: declared members, and perhaps others."""
    names, required = members(compiler, nodes)
    form = compiler.style.format
    parts: list[RuleExpression] = []
    for name, place in names.items():
        value = compiler.value(place)
        if value is None or strings.has_lone_surrogate(name):
            if name in required:
                compiler.empty(
                    required[name],
                    "required",
                    f"{name!r} is required, and nothing is allowed there",
                    inside=place,
                )
                return None
            continue
        pair = compiler.style.pair(name, value)
        parts.append(pair if name in required else Repetition(pair, 0, 1))
    rest = [node["additionalProperties"] for node in nodes if "additionalProperties" in node]
    others = compiler.value(one_place(rest)) if rest or not is_closed(compiler, nodes) else None
    if others is not None:
        other = strings.other_name(excluded(names), spelling=compiler.style.spelling)
        parts.append(Repetition(form.pair(other, others)))
    return form.object(compiler.style.members(parts))


def is_closed(compiler: Compiler, nodes: tuple[Node, ...]) -> bool:
    """Whether members that nobody declares are left out: the caller asks for it, and somebody declares some."""
    return compiler.style.closed and any(
        node.get("properties") or node.get("patternProperties") for node in nodes
    )


def excluded(names: Any) -> tuple[str, ...]:
    """Declared names as a tuple, without those that no text can spell."""
    return tuple([name for name in names if not strings.has_lone_surrogate(name)])


def one_place(places: list[Any]) -> Place:
    """Several places as one."""
    return places[0] if len(places) == 1 else tuple(places)


def members(compiler: Compiler, nodes: tuple[Node, ...]) -> tuple[dict[str, Place], dict[str, Node]]:
    """What each declared or required name must satisfy, in order; and which are required, by whom."""
    required: dict[str, Node] = {}
    for node in nodes:
        names = node.get("required")
        if names is None or isinstance(names, bool):  # draft 3 had a boolean there; it is no assertion since
            continue
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise compiler.document.invalid(node, "required", "expected a list of names")
        for name in names:
            required.setdefault(name, node)
    declared: dict[str, None] = {}
    for node in nodes:
        properties = node.get("properties")
        if properties is not None:
            if not isinstance(properties, dict):
                raise compiler.document.invalid(node, "properties", "expected an object of schemas")
            if len(nodes) == 1 and properties.keys() >= required.keys() and "patternProperties" not in node:
                return properties, required
            declared.update(dict.fromkeys(properties))
    declared.update(dict.fromkeys(required))
    if len(nodes) < _MANY_NODES:
        return {name: one_place(places_of(nodes, name)) for name in declared}, required
    found: dict[str, list[tuple[int, Any]]] = {name: [] for name in declared}
    others: list[tuple[int, Node]] = []
    for index, node in enumerate(nodes):
        if node.get("patternProperties") or "additionalProperties" in node:
            others.append((index, node))
        else:
            for name, place in (node.get("properties") or {}).items():
                found[name].append((index, place))
    for name, places in found.items():
        places += [(index, place) for index, node in others for place in places_of((node,), name)]
        places.sort(key=itemgetter(0))
    return {name: one_place([place for _, place in places]) for name, places in found.items()}, required


def places_of(nodes: tuple[Node, ...], name: str) -> list[Any]:
    """What the member of a name must satisfy: a schema of each node that has one for it."""
    places = []
    for node in nodes:
        found = False
        properties = node.get("properties")
        if isinstance(properties, dict) and name in properties:
            places.append(properties[name])
            found = True
        for pattern, place in (node.get("patternProperties") or {}).items():
            if is_found(pattern, name):
                places.append(place)
                found = True
        if not found and "additionalProperties" in node:
            places.append(node["additionalProperties"])
    return places


class _Object:
    """An object with patterns, rules for names, or counted members."""

    def __init__(self, compiler: Compiler, nodes: tuple[Node, ...]) -> None:
        self.compiler = compiler
        self.nodes = nodes
        self.format = compiler.style.format
        self.room: int | None = None
        self.few: list[Member] = []

    def rule(self) -> RuleExpression | None:
        compiler = self.compiler
        if not self._check():
            return None
        bounds = counts(compiler, self.nodes, "minProperties", "maxProperties")
        if bounds is None:
            return None
        names, required = members(compiler, self.nodes)
        names = dict(names)
        wanted = [one for node in self.nodes for one in node.get(SOME_MEMBER, ())]
        for excluded_names, *_ in wanted:
            for name in excluded_names:
                names.setdefault(name, one_place(places_of(self.nodes, name)))
        inside = self._names()
        if isinstance(inside, bool):
            names = {name: place for name, place in names.items() if name in required}
        declared: list[Member] = []
        for name, place in names.items():
            member = self._declared(name, place, name in required, wanted)
            if member.item is None and name in required:
                compiler.empty(
                    required[name],
                    "required",
                    f"{name!r} is required, and nothing is allowed there",
                    inside=place,
                )
                return None
            declared.append(member)
        others: list[Member] = []
        if not isinstance(inside, bool):
            others = self._others(self._regions(), excluded(names), inside, wanted)
        declared = [member for member in declared if member.item is not None]
        least, most = bounds
        needed = sum(member.required for member in declared)
        if most is not None and needed > most:
            compiler.empty(
                self.nodes[-1],
                "maxProperties",
                f"{needed} members are required, {most} allowed",
            )
            return None
        if not others and most is not None and most >= len(declared):
            most = None
        if compiler.style.spelling.is_single:
            declared, others = self._with_room(declared, others, bool(wanted))
        if least <= needed and most is None and not wanted:
            return self.format.object(self._in_order(declared, others))
        if (
            least - 1 > needed
            and any(other.item is not None for other in others)
            and least - 1 > len(declared)
            and not self.format.records_names
            and not compiler.style.exact
        ):
            self._refuse(
                "minProperties",
                "names that are not declared cannot be told apart yet, and so not be counted",
            )
        try:
            start = (0, 0, 0, 0)
            automaton = Automaton(declared, others, least, most, len(wanted), self.room, few=self.few)
            if not (wanted or compiler.style.any_order):
                rest = compiler.choice([other.item for other in others])
                if rest is not None:
                    automaton.rest = Sequence((Repetition(rest),), self.format.separator)
            steps = automaton.any_order if compiler.style.any_order else automaton.steps
            inner = counted(compiler, start, steps)
        except TooManySteps:
            counting = any("minProperties" in node for node in self.nodes)
            self._refuse(
                "minProperties" if counting else "maxProperties",
                "the members can be counted in too many ways",
            )
            return self.format.object(self._in_order(declared, others))
        if inner is None:
            compiler.empty(
                self.nodes[-1], None, "the members that must be there are not possible beside the rest"
            )
            return None
        return self.format.object(inner)

    def _with_room(
        self, declared: list[Member], others: list[Member], wanted: bool
    ) -> tuple[list[Member], list[Member]]:
        """See that members that are not declared end before their names do.

        In any order, and where some member must exist, few names are declared instead: each may come once. Where they
        are too many for that, but could run out, they are not recorded: no text ends in a dead end then.
        """
        try:
            self.room = names_left(others) if others else None
        except Uncounted:  # then they are many, or very long
            self.room = None
        if self.room is None or not (wanted or self.compiler.style.any_order):
            return declared, others
        self.room = None
        listed = listed_members(others)
        if listed is not None and (self.compiler.style.any_order or len(listed) > _MOST_FEW):
            return [*declared, *listed], []
        if listed is not None:
            self.few = listed
            return declared, []
        return declared, [
            Member(
                unrecorded(other.item),
                False,
                tuple((bits, need) for bits, one in other.needs if (need := unrecorded(one)) is not None),
            )
            for other in others
        ]

    def _check(self) -> bool:
        for node in self.nodes:
            patterns = node.get("patternProperties")
            if patterns is None:
                continue
            if not isinstance(patterns, dict):
                raise self.compiler.document.invalid(
                    node, "patternProperties", "expected an object of schemas"
                )
            for pattern in patterns:
                if not check_pattern(self.compiler, node, "patternProperties", pattern):
                    return False
        return True

    def _refuse(self, keyword: str, reason: str) -> None:
        for node in self.nodes:
            if keyword in node or keyword == "maxProperties":
                self.compiler.unsupported(node, keyword, reason)
                return

    def _names(self) -> Expression | bool | None:
        """The texts that `propertyNames` allows; False if none, None if all."""
        places = [node["propertyNames"] for node in self.nodes if "propertyNames" in node]
        if not places:
            return None
        found = texts_of(self.compiler, one_place(places))
        return False if found is None else found

    def _declared(self, name: str, place: Place, required: bool, wanted: list[Any]) -> Member:
        for node in self.nodes:
            if "propertyNames" in node and not satisfies(self.compiler, name, node["propertyNames"]):
                return Member(None, required)
        item = None if strings.has_lone_surrogate(name) else self._pair(self.compiler.style.name(name), place)
        fitting = [
            bit
            for bit, (names, inside, outside, allowed, _) in enumerate(wanted)
            if name not in names
            and all(is_found(pattern, name) for pattern in inside)
            and not any(is_found(pattern, name) for pattern in outside)
            and (allowed is None or satisfies(self.compiler, name, allowed))
        ]
        needs: list[tuple[int, RuleExpression]] = []
        for bits in _subsets(fitting) if item is not None else ():
            values = [wanted[bit][-1] for bit in bits]
            needed = self._pair(self.compiler.style.name(name), _all_of(place, values))
            if needed is not None:
                needs.append((_mask(bits), needed))
        return Member(item, required, tuple(needs))

    def _pair(self, name: Terminal, place: Place) -> RuleExpression | None:
        value = self.compiler.value(place)
        return None if value is None else self.format.pair(name, value)

    # Regions

    def _regions(self) -> list[Region]:
        patterns: dict[str, None] = {}
        for node in self.nodes:
            patterns.update(dict.fromkeys(node.get("patternProperties") or ()))
        for node in self.nodes:
            for _, inside, outside, _, _ in node.get(SOME_MEMBER, ()):
                patterns.update(dict.fromkeys((*inside, *outside)))
        found: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((), ())]
        for pattern in patterns:
            split: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
            for inside, outside in found:
                if not any(strings.exclude_each_other(pattern, other) for other in inside):
                    split.append(((*inside, pattern), outside))
                split.append((inside, (*outside, pattern)))
            found = split
            if len(found) > _MOST_REGIONS:
                self._refuse("patternProperties", "its patterns overlap in too many ways")
                found = [((), ())]
                break
        if is_closed(self.compiler, self.nodes) and not any(
            "additionalProperties" in node for node in self.nodes
        ):
            found = [one for one in found if one[0]]
        return [Region(inside, outside, self._place_in(inside)) for inside, outside in found]

    def _place_in(self, inside: tuple[str, ...]) -> Place:
        places = []
        for node in self.nodes:
            patterns = node.get("patternProperties") or {}
            matched = [place for pattern, place in patterns.items() if pattern in inside]
            if not matched and "additionalProperties" in node:
                matched = [node["additionalProperties"]]
            places += matched
        return one_place(places)

    def _others(
        self, regions: list[Region], names: tuple[str, ...], texts: Expression | None, wanted: list[Any]
    ) -> list[Member]:
        """The members that are not declared, those with the same rule together."""
        by_rule: dict[int, tuple[RuleExpression, list[Region]]] = {}
        found: list[Member] = []
        for region in regions:
            rule = self.compiler.value(region.place)
            if rule is None:
                continue
            by_rule.setdefault(id(rule), (rule, []))[1].append(region)
            near = [
                bit
                for bit, (_, inside, outside, _, _) in enumerate(wanted)
                if set(inside) <= set(region.inside) and set(outside) <= set(region.outside)
            ]
            for bits in _subsets(near):
                needed = self.compiler.value(_all_of(region.place, [wanted[bit][-1] for bit in bits]))
                allowed = [wanted[bit][3] for bit in bits if wanted[bit][3] is not None]
                fitting = self._fitting(one_place(allowed), texts) if allowed else texts
                if needed is not None and not isinstance(fitting, bool):
                    item = self.format.pair(self._name(names, [region], regions, fitting), needed)
                    found.append(Member(None, False, ((_mask(bits), item),)))
        for rule, together in by_rule.values():
            item = self.format.pair(self._name(names, together, regions, texts), rule)
            found.append(Member(item, False))
        return found

    def _name(
        self, names: tuple[str, ...], some: list[Region], regions: list[Region], texts: Expression | None
    ) -> Terminal:
        """The names of some regions."""
        spelling = self.compiler.style.spelling
        if len(some) == len(regions) and any(not one.inside for one in some):
            return strings.other_name(names, (), texts, spelling)
        return strings.other_name(names, tuple((one.inside, one.outside) for one in some), texts, spelling)

    def _fitting(self, allowed: Place, texts: Expression | None) -> Expression | bool | None:
        """The texts that a schema for names allows, among some texts; False if none."""
        found = texts_of(self.compiler, allowed)
        if found is None:
            return False
        return found if texts is None else Intersection((found, texts))

    def _in_order(self, declared: list[Member], others: list[Member]) -> RuleExpression | None:
        parts: list[RuleExpression] = []
        for member in declared:
            assert member.item is not None
            parts.append(member.item if member.required else Repetition(member.item, 0, 1))
        rest = self.compiler.choice([member.item for member in others])
        if rest is not None:
            parts.append(Repetition(rest, 0, self.room))
        return self.compiler.style.members(parts)


def _all_of(place: Place, others: list[Place]) -> Place:
    return (*(place if isinstance(place, tuple) else (place,)), *others)


def _subsets(bits: list[int]) -> Iterator[tuple[int, ...]]:
    """The things that one member may be at once. Of many, only one or all: the rest would be too much."""
    sizes = range(1, len(bits) + 1) if len(bits) <= _MOST_AT_ONCE else (1, len(bits))
    return itertools.chain.from_iterable(itertools.combinations(bits, size) for size in sizes)


def _mask(bits: tuple[int, ...]) -> int:
    return sum(1 << bit for bit in bits)
