"""Whether plain schemas contradict each other, as far as that can be seen quickly.

A yes is certain. A no is not: the grammar then has a branch that no text takes, which costs time and nothing else.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from structgen.errors import InvalidRegexError, StructgenError
from structgen.frontends.json_schema.keywords import (
    ANY_TYPE,
    ARRAY,
    ARRAY_KEYWORDS,
    ASSERTIONS,
    COMBINATORS,
    NOT_VALUES,
    NUMBER,
    OBJECT,
    OBJECT_KEYWORDS,
    STRING,
    TYPE_MASK,
)
from structgen.frontends.json_schema.kinds import among, kind_of, kinds_left
from structgen.frontends.json_schema.numbers import exact
from structgen.frontends.json_schema.strings.matching import is_found, never_both

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler

_DEPTH = 3
_BOUNDS = frozenset(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"))


def contradict(
    compiler: Compiler, nodes: tuple[Any, ...], depth: int = _DEPTH, kinds: int = ANY_TYPE
) -> bool:
    """Whether no value of some kinds can satisfy the plain keywords of all of some schemas."""
    mask = kinds_left(nodes) & kinds
    if not mask:
        return True
    values = _values(nodes)
    if values is not None:
        values = [value for value in values if kind_of(value) & mask and _matches(value, nodes)]
        if not values:
            return True
        found = 0
        for value in values:
            found |= kind_of(value)
        mask &= found
    if mask & OBJECT and not _objects_possible(compiler, nodes, depth):
        mask &= ~OBJECT
    if mask & ARRAY and not _arrays_possible(compiler, nodes, depth):
        mask &= ~ARRAY
    if mask & STRING and not _strings_possible(nodes):
        mask &= ~STRING
    if mask & NUMBER and not _numbers_possible(nodes):
        mask &= ~NUMBER
    return not mask


def _values(nodes: tuple[Any, ...]) -> list[Any] | None:
    """The values that `enum` and `const` of all of them leave; None if there is no such keyword."""
    found: list[Any] | None = None
    excluded: list[Any] = []
    for node in nodes:
        excluded += node.get(NOT_VALUES, ())
        for keyword in ("const", "enum"):
            if keyword not in node:
                continue
            listed = [node["const"]] if keyword == "const" else node["enum"]
            if not isinstance(listed, list):
                continue
            found = listed if found is None else among(found, listed)
    if found is None or not excluded:
        return found
    return among(found, excluded, are=False)


def _matches(value: Any, nodes: tuple[Any, ...]) -> bool:
    """Whether a string matches all patterns."""
    if not isinstance(value, str):
        return True
    try:
        return all(is_found(node["pattern"], value) for node in nodes if isinstance(node.get("pattern"), str))
    except InvalidRegexError:  # reported where it is compiled
        return True


def _strings_possible(nodes: tuple[Any, ...]) -> bool:
    if _crossed(nodes, "minLength", "maxLength"):
        return False
    patterns = {node["pattern"] for node in nodes if isinstance(node.get("pattern"), str)}
    return not any(never_both(one, other) for one, other in itertools.combinations(sorted(patterns), 2))


def _crossed(nodes: tuple[Any, ...], least: str, most: str) -> bool:
    low = max((node[least] for node in nodes if isinstance(node.get(least), int)), default=0)
    high = min((node[most] for node in nodes if isinstance(node.get(most), int)), default=low)
    return low > high


def _numbers_possible(nodes: tuple[Any, ...]) -> bool:
    low = _tightest(nodes, "minimum", "exclusiveMinimum", 1)
    high = _tightest(nodes, "maximum", "exclusiveMaximum", -1)
    if low is None or high is None:
        return True
    return low[0] < -high[0] or (low[0] == -high[0] and not (low[1] or high[1]))


def _tightest(nodes: tuple[Any, ...], included: str, excluding: str, sign: int) -> tuple[Any, bool] | None:
    """The tightest bound of one side, times the sign, and whether it is excluded."""
    found: tuple[Any, bool] | None = None
    for node in nodes:
        for keyword in () if _BOUNDS.isdisjoint(node) else (included, excluding):
            value = node.get(keyword)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                bound = (
                    sign * exact(value),
                    keyword == excluding or node.get(excluding) is True,
                )
                found = bound if found is None else max(found, bound)
    return found


def _arrays_possible(compiler: Compiler, nodes: tuple[Any, ...], depth: int) -> bool:
    from structgen.frontends.json_schema.arrays import items_of

    if all(ARRAY_KEYWORDS.isdisjoint(node) for node in nodes):
        return True
    if _crossed(nodes, "minItems", "maxItems"):
        return False
    least = max(
        (node["minItems"] for node in nodes if isinstance(node.get("minItems"), int)),
        default=0,
    )
    if not depth:
        return True
    pairs = [items_of(compiler, node) for node in nodes]
    for index in range(min(least, 8)):
        places = [prefix[index] if index < len(prefix) else rest for prefix, rest in pairs]
        if _places_contradict(compiler, places, depth):
            return False
    return True


def _objects_possible(compiler: Compiler, nodes: tuple[Any, ...], depth: int) -> bool:
    from structgen.frontends.json_schema.objects import places_of

    if all(OBJECT_KEYWORDS.isdisjoint(node) for node in nodes):
        return True
    if _crossed(nodes, "minProperties", "maxProperties"):
        return False
    if not depth:
        return True
    required = {name for node in nodes for name in node.get("required") or () if isinstance(name, str)}
    return not any(_places_contradict(compiler, places_of(nodes, name), depth) for name in required)


def _places_contradict(compiler: Compiler, places: list[Any], depth: int) -> bool:
    """Whether no value satisfies all of some schemas. Combinators are seen through where that is easy."""
    if any(place is False for place in places):
        return True
    if len(places) < 2:
        return False
    seen: list[Any] = []
    for place in places:
        seen.extend(_visible(compiler, place, 4))
    return contradict(compiler, tuple(seen), depth - 1)


def _visible(compiler: Compiler, place: Any, steps: int) -> list[Any]:
    """Plain schemas that a schema surely asks for."""
    if not isinstance(place, dict) or not steps:
        return []
    if COMBINATORS.isdisjoint(place):
        return [place]
    found = [] if compiler.draft.ref_alone and "$ref" in place else [place]
    try:
        if "$ref" in place:
            found += _visible(compiler, compiler.document.resolve(place)[0], steps - 1)
        for part in place.get("allOf", ()):
            found += _visible(compiler, part, steps - 1)
        if "not" in place and isinstance(place["not"], dict):
            options = simple_negation(compiler, place["not"])
            if options is not None:
                found.append(options)
    except (StructgenError, TypeError):  # malformed; reported where it is compiled
        return found
    return found


def simple_negation(compiler: Compiler, node: dict[str, Any]) -> dict[Any, Any] | None:
    """The complement of a type or of some scalars as one plain schema; None if it takes more."""
    active = node.keys() & ASSERTIONS
    mask = kinds_left((node,))
    if active == {"type"}:
        return {TYPE_MASK: ANY_TYPE & ~mask}
    if (
        not active
        or not active <= {"type", "enum", "const"}
        or active >= {"enum", "const"}
        or active == {"type"}
    ):
        return None
    listed = node.get("enum", [node.get("const")])
    if not isinstance(listed, list) or any(isinstance(value, (list, dict)) for value in listed):
        return None
    return {NOT_VALUES: [value for value in listed if kind_of(value) & mask]}
