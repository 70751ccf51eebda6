"""Arrays become rules over their items.

An item of a tuple can be missing only where all after it are, so what may be missing nests. Where items must be told
apart or looked for (`contains`, `uniqueItems`), an automaton over the items replaces the plain sequence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from structgen.frontends.json_schema import supply
from structgen.frontends.json_schema.containers import (
    State,
    Steps,
    TooManySteps,
    counted,
)
from structgen.frontends.json_schema.distinct import NotScalar, distinct_scalars
from structgen.frontends.json_schema.keywords import ARRAY, HOLD, SOME_ITEM
from structgen.frontends.json_schema.kinds import equal
from structgen.frontends.json_schema.objects import one_place
from structgen.frontends.json_schema.scalars import count, counts
from structgen.frontends.json_schema.values import compound, finite_values
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
    from structgen.frontends.json_schema.compiler import Compiler, Place

Node = dict[Any, Any]
_NOTHING = Choice(())
_DEEP = 32
"""Items of a tuple that nest in one rule before the rest becomes a rule of its own."""

_MOST_SOUGHT = 10
"""Things that one item may be or not be, each with each."""

_MOST_SETS = 8
"""Values whose sets are told apart one by one; of more, any may come in any order, but they are not counted."""


def array_rule(compiler: Compiler, nodes: tuple[Node, ...]) -> RuleExpression | None:
    """The arrays that satisfy plain schemas."""
    bounds = counts(compiler, nodes, "minItems", "maxItems")
    if bounds is None:
        return None
    compiler.depth += 1
    if any(HOLD in node for node in nodes):
        from structgen.frontends.json_schema.undecided import undecided_rule

        rule = undecided_rule(compiler, nodes, ARRAY)
    else:
        rule = _array(compiler, nodes, *bounds)
    compiler.depth -= 1
    return None if rule is None else compiler.nested(rule)


def items_of(compiler: Compiler, node: Node) -> tuple[list[Any], Any]:
    """What the first items must satisfy, one by one, and what the others must."""
    items = node.get("items", True)
    if "prefixItems" in node:
        prefix = node["prefixItems"]
        if not isinstance(prefix, list):
            raise compiler.document.invalid(node, "prefixItems", "expected a list of schemas")
        if not isinstance(items, list):
            return prefix, items
    if isinstance(items, list):
        if compiler.draft.prefix_items and compiler.document.declared:
            raise compiler.document.invalid(
                node, "items", "expected a schema; a list is prefixItems since 2020-12"
            )
        return items, node.get("additionalItems", True)
    return [], items


def _array(
    compiler: Compiler, nodes: tuple[Node, ...], least: int, most: int | None
) -> RuleExpression | None:
    prefixes, rests = zip(*[items_of(compiler, node) for node in nodes], strict=True)
    places: list[Place] = []
    for index in range(max(map(len, prefixes))):
        places.append(
            one_place(
                [
                    prefix[index] if index < len(prefix) else rest
                    for prefix, rest in zip(prefixes, rests, strict=True)
                ]
            )
        )
    items: list[RuleExpression] = []
    form = compiler.style.format
    for index, place in enumerate(places):
        rule = None if most is not None and index >= most else compiler.value(place)
        if rule is None:
            most = index
            break
        items.append(form.item(rule))
    rest: RuleExpression | None = None
    rest_place = one_place(list(rests))
    if most is None or most > len(items):
        rest = compiler.value(rest_place)
        if rest is None:
            most = len(items)
    if most is not None and most < least:
        compiler.empty(
            nodes[-1],
            None,
            f"minItems {least}, and no more than {most} items are possible",
        )
        return None
    unique = any(node.get("uniqueItems") is True for node in nodes) and most != 1
    looked_for = any("contains" in node or SOME_ITEM in node for node in nodes)
    if unique:
        inner = _unique(compiler, nodes, places, rest_place, least, most)
        if inner == _NOTHING:
            compiler.empty(nodes[-1], None, f"there are no {least} items that differ")
            return None
        if inner is not None:
            return form.array(inner)
        try:
            return _distinct(compiler, nodes, places[: len(items)], rest_place, least, most)
        except NotScalar as reason:
            why = None if form.compares_items else str(reason)
        known = (places[: len(items)], rest_place, least)
        if why is None and _could_run_out(compiler, nodes, *known):
            why = "items that differ could run out before there are as many as there must be"
        if why is None:
            form = form.distinct(many=not looked_for and _have_room(compiler, *known[:2], rest is not None))
        else:
            node = next(node for node in nodes if node.get("uniqueItems") is True)
            compiler.unsupported(node, "uniqueItems", why)
    if looked_for:
        search = _Search(
            compiler, nodes, [*places[: len(items)]], rest_place, least, most, comma=form.separator
        )
        found = search.rule()
        return None if found is None else form.array(found)
    if most == 0:
        return form.array(None)
    more = None if rest is None else form.item(rest)
    return form.array(_listed(form.separator, compiler, items, more, least, most))


def _listed(
    comma: Terminal,
    compiler: Compiler,
    items: list[RuleExpression],
    rest: RuleExpression | None,
    least: int,
    most: int | None,
) -> RuleExpression:
    """The first `items`, then `rest`; from `least` to `most` of them all, separated by commas."""
    if not items:
        assert rest is not None
        return Sequence((Repetition(rest, least, most),), comma)
    last_first: list[RuleExpression] = []
    if rest is not None:
        more = Sequence((comma, rest))
        left = None if most is None else most - len(items)
        if left is None or left > 0:
            last_first = [Repetition(more, max(least - len(items), 0), left)]
    for index in range(len(items) - 1, -1, -1):
        last_first += [items[index]] if index == 0 else [items[index], comma]
        if index >= least:
            optional: RuleExpression = Repetition(Sequence(tuple(reversed(last_first))), 0, 1)
            if index % _DEEP == _DEEP - 1:
                name = compiler.new_name("items")
                compiler.rules[name] = optional
                optional = Reference(name)
            last_first = [optional]
    return last_first[0] if len(last_first) == 1 else Sequence(tuple(reversed(last_first)))


# Items that differ


def _unique(
    compiler: Compiler,
    nodes: tuple[Node, ...],
    prefix: list[Place],
    rest: Place,
    least: int,
    most: int | None,
) -> RuleExpression | None:
    """Items that all differ, if they are from a short list; None if they are not, `_NOTHING` if they run out."""
    if any("contains" in node or SOME_ITEM in node for node in nodes):
        return None
    places = prefix if most is not None and most <= len(prefix) else [*prefix, rest]
    listed = [finite_values(compiler, place) for place in places]
    values: list[Any] = []
    for found in listed:
        if found is None:
            return None
        for value in found:
            if not any(equal(value, one) for one in values):
                values.append(value)
    spelled = [(value, compound(compiler, value)) for value in values]
    values = [value for value, rule in spelled if rule is not None]
    form = compiler.style.format
    rules = [form.item(rule) for _, rule in spelled if rule is not None]
    if prefix:
        allowed = [_bits(values, found or []) for found in listed]
        return _unique_by_place(compiler, rules, allowed, least, most)
    if least == 0 and (most is None or most >= len(rules)):
        return Permutation(tuple(Repetition(rule, 0, 1) for rule in rules), form.separator)
    if least == len(rules):
        return Permutation(tuple(rules), form.separator)
    if len(rules) > _MOST_SETS:
        if least > 1 or (most is not None and most < len(rules)):
            return None
        comma = form.separator
        options = []
        for index, rule in enumerate(rules):
            others = tuple(
                Repetition(Sequence((comma, other)), 0, 1)
                for place, other in enumerate(rules)
                if place != index
            )
            options.append(Sequence((rule, Permutation(others))))
        return Choice(tuple(options))

    def steps(state: State) -> Steps:
        used: int = state
        size = bin(used).count("1")
        items: list[tuple[RuleExpression, State]] = []
        if most is None or size < most:
            items = [(rule, used | 1 << bit) for bit, rule in enumerate(rules) if not used >> bit & 1]
        return size >= least, items

    return counted(compiler, 0, steps) or _NOTHING


def _distinct(
    compiler: Compiler,
    nodes: tuple[Node, ...],
    prefix: list[Place],
    rest: Place,
    least: int,
    most: int | None,
) -> RuleExpression | None:
    """An array of scalars that all differ: each is recorded.

    Raises:
        NotScalar: Some items are no scalars, or there are too few of them to be sure that they do not run out.
    """
    items = [distinct_scalars(compiler, place) for place in prefix]
    if any(item.count is not None and item.count <= index for index, item in enumerate(items)):
        raise NotScalar("its items have too few values at some places")
    looked_for = any("contains" in node or SOME_ITEM in node for node in nodes)
    others = distinct_scalars(compiler, rest) if most is None or most > len(prefix) else None
    if others is not None and others.count is not None:
        if looked_for or (prefix and (most is None or most > others.count)):
            raise NotScalar("its items have few values, which other keywords share out")
        most = others.count if most is None else min(most, others.count)
        if most < least:
            compiler.empty(nodes[-1], "minItems", f"there are no {least} items that differ")
            return None
    form = compiler.style.format
    rules = [form.item(item.rule) for item in items if item.rule is not None]
    rest_rule = None if others is None or others.rule is None else form.item(others.rule)
    if looked_for:
        search = _Search(compiler, nodes, prefix, rest, least, most, distinct=True)
        search.see_that_values_are_left()
        found = search.rule()
        return None if found is None else form.array(found)
    if most == 0:
        return form.array(None)
    return form.array(_listed(form.separator, compiler, rules, rest_rule, least, most))


def _have_room(compiler: Compiler, prefix: list[Place], rest: Place, more: bool) -> bool:
    """Whether items that differ never run out, whatever came before."""
    return all(supply.has_room(compiler, place) for place in ([*prefix, rest] if more else prefix))


def _could_run_out(
    compiler: Compiler, nodes: tuple[Node, ...], prefix: list[Place], rest: Place, least: int
) -> bool:
    """Whether items that differ could run out before there are as many as there must be.

    Items that need not be there are no matter: the engine sees whether one that differs is left.
    """
    wanted: list[Any] = [place for node in nodes for _, place in node.get(SOME_ITEM, ())]
    needed = least
    bounded = False
    for node in nodes:
        if "contains" in node:
            low = count(compiler, node, "minContains") if "minContains" in node else 1
            bounded |= "maxContains" in node
            needed = max(needed, low or 0)
            wanted.append(node["contains"])
    if bounded:  # what is not looked for may have to come too
        return True
    if len(wanted) > 1 or (wanted and needed > 1):
        needed += len(wanted)
        others = [
            (*(place if isinstance(place, tuple) else (place,)), one)
            for one in wanted
            for place in (*prefix, rest)
        ]
        if not all(supply.has_values(compiler, place, needed) for place in others):
            return True
    places = [*prefix[:needed], *([rest] if needed > len(prefix) else [])]
    return not all(
        supply.has_values(compiler, place, index + 1 if index < len(prefix) else needed)
        for index, place in enumerate(places)
    )


def _bits(values: list[Any], some: list[Any]) -> int:
    return sum(1 << bit for bit, value in enumerate(values) if any(equal(value, one) for one in some))


def _unique_by_place(
    compiler: Compiler, rules: list[RuleExpression], allowed: list[int], least: int, most: int | None
) -> RuleExpression | None:
    """Items that all differ; which may come first, second... is said by bits, the last of which is for the rest."""

    def steps(state: State) -> Steps:
        used: int = state
        size = used.bit_count()
        items: list[tuple[RuleExpression, State]] = []
        if most is None or size < most:
            left = allowed[min(size, len(allowed) - 1)] & ~used
            items = [(rule, used | 1 << bit) for bit, rule in enumerate(rules) if left >> bit & 1]
        return size >= least, items

    try:
        return counted(compiler, 0, steps) or _NOTHING
    except TooManySteps:
        return None


# Items that must be there


class _Search:
    """An array in which some items must exist.

    Each thing looked for is (from which index on, what it is, how many at least, how many at most).
    """

    def __init__(
        self,
        compiler: Compiler,
        nodes: tuple[Node, ...],
        prefix: list[Place],
        rest: Place,
        least: int,
        most: int | None,
        *,
        distinct: bool = False,
        comma: Terminal | None = None,
    ) -> None:
        self.compiler = compiler
        self.format = compiler.style.format
        self.comma = self.format.separator if comma is None else comma
        self.distinct = distinct
        self.prefix = prefix
        self.rest = rest
        self.least = least
        self.most = most
        self.wanted: list[tuple[int, Any, int, int | None]] = []
        for node in nodes:
            for start, place in node.get(SOME_ITEM, ()):
                self.wanted.append((start, place, 1, None))
            if "contains" in node:
                low = count(compiler, node, "minContains") if "minContains" in node else 1
                high = count(compiler, node, "maxContains") if "maxContains" in node else None
                self.wanted.append((0, node["contains"], low, high))
        self.node = nodes[-1]

    def see_that_values_are_left(self) -> None:
        """Raise `NotScalar` where items that differ could run out before what is looked for was found."""
        compiler = self.compiler
        for place in (*self.prefix, self.rest):
            parts = place if isinstance(place, tuple) else (place,)
            for _, wanted, low, high in self.wanted:
                count = distinct_scalars(compiler, (*parts, wanted)).count
                few = count is not None and (high is not None or count < low or len(self.wanted) > 1)
                if high is not None:
                    others = distinct_scalars(compiler, (*parts, compiler.normalizer.negation(wanted)))
                    few = few or others.count is not None
                if few:
                    raise NotScalar("its items have few values, which other keywords share out")

    def rule(self) -> RuleExpression | None:
        try:
            found = counted(self.compiler, (0, (0,) * len(self.wanted)), self._steps, self.comma)
        except TooManySteps:
            node = self.node
            self.compiler.unsupported(node, "contains", "the items can be counted in too many ways")
            return Sequence((Repetition(self.format.item(self.compiler.any())),), self.comma)
        if found is None:
            keyword = "contains" if "contains" in self.node else None
            self.compiler.empty(
                self.node, keyword, "the items that must be there are not possible beside the rest"
            )
        return found

    def _steps(self, state: State) -> Steps:
        index, seen = state
        ends = index >= self.least and all(
            low <= found for found, (_, _, low, _) in zip(seen, self.wanted, strict=True)
        )
        items: list[tuple[RuleExpression, State]] = []
        if self.most is not None and index >= self.most:
            return ends, items
        place = self.prefix[index] if index < len(self.prefix) else self.rest
        starts = [start for start, _, _, _ in self.wanted]
        open_ones = sum(
            high is not None or found < low
            for found, (_, _, low, high) in zip(seen, self.wanted, strict=True)
        )
        if open_ones > _MOST_SOUGHT:
            raise TooManySteps
        last = max(self.least, len(self.prefix), *starts)
        after = index + 1 if self.most is not None else min(index + 1, last)
        self._choose(items, place, index, after, seen, ())
        return ends, items

    def _choose(
        self,
        items: list[tuple[RuleExpression, State]],
        place: Place,
        index: int,
        after: int,
        seen: tuple[int, ...],
        chosen: tuple[int, ...],
    ) -> None:
        """Add the items that are, or are not, each of the things looked for."""
        which = len(chosen)
        if which == len(self.wanted):
            rule = (
                distinct_scalars(self.compiler, place).rule if self.distinct else self.compiler.value(place)
            )
            if rule is not None:
                items.append((self.format.item(rule), (after, chosen)))
            return
        start, wanted, low, high = self.wanted[which]
        found = seen[which]
        parts = place if isinstance(place, tuple) else (place,)
        if index < start or (high is None and found >= low):
            self._choose(items, place, index, after, seen, (*chosen, found))
            return
        if high is None or found < high:
            self._choose(items, (*parts, wanted), index, after, seen, (*chosen, found + 1))
        other = place if high is None else (*parts, self.compiler.normalizer.negation(wanted))
        self._choose(items, other, index, after, seen, (*chosen, found))
