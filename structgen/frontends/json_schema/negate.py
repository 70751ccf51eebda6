"""Negation of plain schemas: what is not allowed, as alternatives of plain schemas.

A schema is a conjunction of keywords, so its complement is any of theirs. A keyword speaks of one type: what it
forbids is of that type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from structgen.frontends.json_schema.keywords import (
    ANY_TYPE,
    HOLD,
    NOT_FORMATS,
    NOT_MULTIPLES,
    NOT_PATTERNS,
    NOT_VALUES,
    SOME_ITEM,
    SOME_MEMBER,
    TYPE_MASK,
)
from structgen.frontends.json_schema.kinds import kinds_left

if TYPE_CHECKING:
    from structgen.frontends.json_schema.normalize import Alternative, Normalizer

Node = dict[Any, Any]


def negate_plain(normalizer: Normalizer, node: Node) -> list[Alternative]:
    """The complement of the plain keywords of a schema."""
    made = (
        list(_kinds(node))
        + _scalars(normalizer, node)
        + _arrays(normalizer, node)
        + _objects(normalizer, node)
    )
    found: list[Alternative] = [(normalizer.made(one, node),) for one in made]
    for keyword in ("enum", "const"):
        if keyword in node:
            listed = node[keyword] if keyword == "enum" else [node[keyword]]
            if not isinstance(listed, list):
                raise normalizer.document.invalid(node, keyword, "expected a list of values")
            found += _negate_values(normalizer, node, listed)
    if NOT_VALUES in node:
        found.append((normalizer.made({"enum": list(node[NOT_VALUES])}, node),))
    for groups, least, most in node.get(HOLD, ()):
        bounds = [(0, least - 1)] if least else []
        bounds += [] if most is None else [(most + 1, None)]
        for fewer, more in bounds:
            other = {TYPE_MASK: node[TYPE_MASK], HOLD: [(groups, fewer, more)]}
            found.append((normalizer.made(other, node),))
    return found


def _kinds(node: Node) -> list[Node]:
    mask = kinds_left((node,))
    return [] if mask == ANY_TYPE else [{TYPE_MASK: ANY_TYPE & ~mask}]


def _negate_values(normalizer: Normalizer, node: Node, values: list[Any]) -> list[Alternative]:
    """All but some values. Objects and arrays are taken apart, scalars are listed."""
    scalars = [value for value in values if not isinstance(value, (dict, list))]
    found: list[Alternative] = [(normalizer.made({NOT_VALUES: scalars}, node),)]
    for value in values:
        if isinstance(value, (dict, list)):
            schema = normalizer.made(schema_of(value), node)
            found = normalizer.product(found, normalizer.negations(schema))
    return found


def schema_of(value: Any) -> Node:
    """The schema of one object or array, without `const`."""
    if isinstance(value, dict):
        return {
            "type": "object",
            "properties": {name: {"enum": [one]} for name, one in value.items()},
            "required": list(value),
            "additionalProperties": False,
        }
    # As the oldest drafts and the newest read it: items by position, and no others.
    return {
        "type": "array",
        "prefixItems": [{"enum": [one]} for one in value],
        "minItems": len(value),
        "maxItems": len(value),
    }


def _scalars(normalizer: Normalizer, node: Node) -> list[Node]:
    found: list[Node] = []
    if node.get("minLength"):
        found.append({"type": "string", "maxLength": node["minLength"] - 1})
    if "maxLength" in node:
        found.append({"type": "string", "minLength": node["maxLength"] + 1})
    if "pattern" in node:
        found.append({"type": "string", NOT_PATTERNS: [node["pattern"]]})
    if "format" in node and normalizer.compiler.enforces_format(node["format"]):
        found.append({"type": "string", NOT_FORMATS: [node["format"]]})
    found += [{"type": "string", "pattern": pattern} for pattern in node.get(NOT_PATTERNS, ())]
    found += [{"type": "string", "format": form} for form in node.get(NOT_FORMATS, ())]
    low, high = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    if "minimum" in node:
        found.append(
            {
                "type": "number",
                "maximum" if low is True else "exclusiveMaximum": node["minimum"],
            }
        )
    if "maximum" in node:
        found.append(
            {
                "type": "number",
                "minimum" if high is True else "exclusiveMinimum": node["maximum"],
            }
        )
    if low is not None and not isinstance(low, bool):
        found.append({"type": "number", "maximum": low})
    if high is not None and not isinstance(high, bool):
        found.append({"type": "number", "minimum": high})
    if "multipleOf" in node:
        found.append({"type": "number", NOT_MULTIPLES: [node["multipleOf"]]})
    found += [{"type": "number", "multipleOf": step} for step in node.get(NOT_MULTIPLES, ())]
    return found


def _arrays(normalizer: Normalizer, node: Node) -> list[Node]:
    from structgen.frontends.json_schema.arrays import items_of

    found: list[Node] = []
    prefix, rest = items_of(normalizer.compiler, node)
    for index, place in enumerate(prefix):
        if place is not True:
            schemas = [*[True] * index, normalizer.negation(place)]
            found.append({"type": "array", "minItems": index + 1, "prefixItems": schemas})
    if rest is False:
        found.append({"type": "array", "minItems": len(prefix) + 1})
    elif rest is not True and rest != {}:
        found.append({"type": "array", SOME_ITEM: [(len(prefix), normalizer.negation(rest))]})
    if node.get("minItems"):
        found.append({"type": "array", "maxItems": node["minItems"] - 1})
    if "maxItems" in node:
        found.append({"type": "array", "minItems": node["maxItems"] + 1})
    if "contains" in node:
        least, most = node.get("minContains", 1), node.get("maxContains")
        if least == 1:
            found.append({"type": "array", "items": normalizer.negation(node["contains"])})
        elif least > 1:
            found.append(
                {
                    "type": "array",
                    "contains": node["contains"],
                    "minContains": 0,
                    "maxContains": least - 1,
                }
            )
        if most is not None:
            found.append({"type": "array", "contains": node["contains"], "minContains": most + 1})
    if node.get("uniqueItems") is True:
        normalizer.compiler.unsupported(node, "uniqueItems", "its negation is not supported")
    if SOME_ITEM in node:
        for start, place in node[SOME_ITEM]:
            schemas = [True] * start
            found.append(
                {
                    "type": "array",
                    "prefixItems": schemas,
                    "items": normalizer.negation(place),
                }
            )
    return found


def _objects(normalizer: Normalizer, node: Node) -> list[Node]:
    found: list[Node] = []
    member: tuple[Any, ...]
    required = node.get("required")
    if isinstance(required, list):
        found += [{"type": "object", "properties": {name: False}} for name in required]
    properties = node.get("properties") or {}
    for name, place in properties.items():
        if place is not True and place != {}:
            found.append(
                {
                    "type": "object",
                    "required": [name],
                    "properties": {name: normalizer.negation(place)},
                }
            )
    patterns = node.get("patternProperties") or {}
    for pattern, place in patterns.items():
        if place is not True and place != {}:
            member = ((), (pattern,), (), None, normalizer.negation(place))
            found.append({"type": "object", SOME_MEMBER: [member]})
    rest = node.get("additionalProperties", True)
    if rest is not True and rest != {}:
        member = (
            tuple(properties),
            (),
            tuple(patterns),
            None,
            normalizer.negation(rest),
        )
        found.append({"type": "object", SOME_MEMBER: [member]})
    names = node.get("propertyNames", True)
    if names is not True and names != {}:
        member = ((), (), (), normalizer.negation(names), True)
        found.append({"type": "object", SOME_MEMBER: [member]})
    if node.get("minProperties"):
        found.append({"type": "object", "maxProperties": node["minProperties"] - 1})
    if "maxProperties" in node:
        found.append({"type": "object", "minProperties": node["maxProperties"] + 1})
    if SOME_MEMBER in node:
        normalizer.compiler.unsupported(node, "not", "it is negated twice over undeclared members")
    return found
