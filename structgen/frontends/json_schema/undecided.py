"""Objects and arrays of which it is open which schemas hold: that is decided while their members or items are read.

Combinators whose branches overlap multiply as alternatives of plain schemas. Here they stay a formula over plain
schemas (`formulas.py`), and an automaton reads the members (`reading.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.arrays import items_of
from structgen.frontends.json_schema.containers import TooManySteps
from structgen.frontends.json_schema.formulas import Formula, atoms, decided, has_most, tally
from structgen.frontends.json_schema.keywords import (
    ARRAY,
    ARRAY_KEYWORDS,
    HOLD,
    OBJECT,
    OBJECT_KEYWORDS,
    SOME_ITEM,
    SOME_MEMBER,
)
from structgen.frontends.json_schema.normalize import TooManyAlternatives
from structgen.frontends.json_schema.objects import excluded, is_closed, one_place, places_of
from structgen.frontends.json_schema.scalars import check_pattern, count
from structgen.grammar.rules import RuleExpression
from structgen.language.counting import Uncounted, count_texts

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler, Place

from structgen.frontends.json_schema.reading import Count, Counts, Each, NotTold, Reader, State, kept

Node = dict[Any, Any]
_MOST_REGIONS = 64


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


# Objects


class _Members(Reader):
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
            elsewhere = "additionalProperties" in node or "patternProperties" in node
            candidates = self.names if elsewhere else node.get("properties") or ()
            constrained = _bits(
                self.names,
                {name for name in candidates if any(one is not True for one in places_of((node,), name))},
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
        return None if inner is None else self.compiler.style.format.object(inner)

    def _may_need_more(self) -> bool:
        """Whether an object may have to go on with members that are not declared, whose names differ."""
        if not self.compiler.style.spelling.is_single:
            return False
        return any(isinstance(atom, Count) for atom in self.atoms) or has_most(self.formula)

    def _runs_out(self, region: tuple[tuple[str, ...], tuple[str, ...]]) -> bool:
        name = strings.other_name(self.excluded, (region,), None, self.compiler.style.spelling)
        try:
            return count_texts(name.expression) is not None
        except Uncounted:
            return True

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
                yield None, (state[0], at + 1, kept(dict(counts), left), left)
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
            yield self.compiler.style.format.pair(name, rule), (False, at, more, after)

    def _written(
        self, bit: int, at: int, passed: int, counts: Counts, formula: Formula
    ) -> Iterator[tuple[RuleExpression, State]]:
        name = self.names[bit]
        if strings.has_lone_surrogate(name):
            return
        for rule, more, after in self.cells(bit, passed, counts, formula):
            yield self.compiler.style.pair(name, rule), (False, at, more, after)

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


class _Items(Reader):
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
        return None if inner is None else self.compiler.style.format.array(inner)

    def _each_place(self, atom: Each, key: Any) -> Place:
        prefix, rest = items_of(self.compiler, atom.node)
        return prefix[key] if key < len(prefix) else rest

    def _next(self, state: State) -> Iterator[tuple[RuleExpression | None, State]]:
        _, at, counts, formula = state
        after = min(at + 1, self.longest)
        passed = (1 << at + 1) - 1
        for rule, more, left in self.cells(at, passed, counts, formula):
            yield self.compiler.style.format.item(rule), (False, after, more, left)

    def _may_end(self, state: State) -> bool:
        return self._ends(state[2], state[3], 0)
