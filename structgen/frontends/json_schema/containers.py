"""Objects and arrays become rules over their members and items.

Members come in the order in which the schema declares them, then required ones that it does not declare, then any
others. A declared name is one literal; the others exclude it, so a declared member is never written as another one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from structgen.frontends.json_schema import numbers, strings
from structgen.frontends.json_schema.layout import Layout
from structgen.frontends.json_schema.scalars import counts
from structgen.grammar.expressions import Literal, union
from structgen.grammar.rules import Choice, Reference, Repetition, RuleExpression, Sequence, Terminal

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler, Place

Node = dict[str, Any]

NULL = Terminal("null", Literal("null"))
BOOLEAN = Terminal("true or false", union(Literal("true"), Literal("false")))
ANY_OBJECT = Reference("any object")
ANY_ARRAY = Reference("any array")
_DEEP = 32
"""Items of a tuple that nest in one rule before the rest becomes a rule of its own."""


@lru_cache(maxsize=16)
def any_rules(layout: Layout) -> dict[str, RuleExpression]:
    """The rules of any JSON value."""
    value = Reference("any")
    member = Sequence((strings.NAME, layout.colon, value))
    return {
        "any": Choice((strings.STRING, numbers.NUMBER, BOOLEAN, NULL, ANY_OBJECT, ANY_ARRAY)),
        "any object": _object(layout, [Repetition(member)]),
        "any array": _array(layout, Sequence((Repetition(value),), layout.comma)),
    }


def _object(layout: Layout, members: list[RuleExpression]) -> RuleExpression:
    if not members:
        return Sequence((layout.open_object, layout.close_object))
    return Sequence((layout.open_object, Sequence(tuple(members), layout.comma), layout.close_object))


def _array(layout: Layout, items: RuleExpression | None) -> RuleExpression:
    if items is None:
        return Sequence((layout.open_array, layout.close_array))
    return Sequence((layout.open_array, items, layout.close_array))


# Objects


def object_rule(compiler: Compiler, nodes: tuple[Node, ...]) -> RuleExpression | None:
    """The objects that satisfy plain schemas."""
    names, required = _members(compiler, nodes)
    for node in nodes:
        _refuse(
            compiler, node, ("patternProperties", "propertyNames", "maxProperties", "unevaluatedProperties")
        )
        if node.get("minProperties", 0) > len(required):
            compiler.unsupported(node, "minProperties", "counting members is not supported")
    compiler.depth += 1
    layout = compiler.layout
    colon = layout.colon
    parts: list[RuleExpression] = []
    for name, place in names.items():
        value = compiler.value(place)
        if value is None or (strings.has_lone_surrogate(name)):
            if name in required:
                compiler.empty(
                    required[name], "required", f"{name!r} is required, and nothing is allowed there"
                )
                compiler.depth -= 1
                return None
            continue
        pair = Sequence((strings.name(name), colon, value))
        parts.append(pair if name in required else Repetition(pair, 0, 1))
    others = compiler.value(_additional(compiler, nodes))
    if others is not None:
        excluded = tuple([name for name in names if not strings.has_lone_surrogate(name)])
        parts.append(Repetition(Sequence((strings.other_name(excluded), colon, others))))
    compiler.depth -= 1
    return compiler.nested(_object(layout, parts))


def _members(compiler: Compiler, nodes: tuple[Node, ...]) -> tuple[dict[str, Place], dict[str, Node]]:
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
            if len(nodes) == 1 and properties.keys() >= required.keys():
                return properties, required
            declared.update(dict.fromkeys(properties))
    declared.update(dict.fromkeys(required))
    return {name: _place_of(nodes, name) for name in declared}, required


def _place_of(nodes: tuple[Node, ...], name: str) -> Place:
    """What the member of a name must satisfy."""
    places = []
    for node in nodes:
        properties = node.get("properties")
        if properties is not None and name in properties:
            places.append(properties[name])
        elif "additionalProperties" in node:
            places.append(node["additionalProperties"])
    return places[0] if len(places) == 1 else tuple(places)


def _additional(compiler: Compiler, nodes: tuple[Node, ...]) -> Place:
    """What members of other names must satisfy."""
    places = [node["additionalProperties"] for node in nodes if "additionalProperties" in node]
    return places[0] if len(places) == 1 else tuple(places)


def _refuse(compiler: Compiler, node: Node, keywords: tuple[str, ...]) -> None:
    for keyword in keywords:
        if keyword in node:
            compiler.unsupported(node, keyword, "is not supported yet")


# Arrays


def array_rule(compiler: Compiler, nodes: tuple[Node, ...]) -> RuleExpression | None:
    """The arrays that satisfy plain schemas."""
    bounds = counts(compiler, nodes, "minItems", "maxItems")
    for node in nodes:
        _refuse(compiler, node, ("contains", "unevaluatedItems"))
        if node.get("uniqueItems") is True:
            compiler.unsupported(node, "uniqueItems", "is not supported yet")
    if bounds is None:
        return None
    least, most = bounds
    compiler.depth += 1
    prefixes, rests = zip(*[items_of(compiler, node) for node in nodes], strict=True)
    items: list[RuleExpression] = []
    for index in range(max(map(len, prefixes))):
        if most is not None and index >= most:
            break
        places = [
            prefix[index] if index < len(prefix) else rest
            for prefix, rest in zip(prefixes, rests, strict=True)
        ]
        rule = compiler.value(places[0] if len(places) == 1 else tuple(places))
        if rule is None:
            most = index
            break
        items.append(rule)
    rest: RuleExpression | None = None
    if most is None or most > len(items):
        rest = compiler.value(rests[0] if len(rests) == 1 else rests)
        if rest is None:
            most = len(items)
    compiler.depth -= 1
    if most is not None and most < least:
        compiler.empty(nodes[-1], None, f"minItems {least}, and no more than {most} items are possible")
        return None
    if most == 0:
        return _array(compiler.layout, None)
    return compiler.nested(_array(compiler.layout, _listed(compiler, items, rest, least, most)))


def items_of(compiler: Compiler, node: Node) -> tuple[list[Any], Any]:
    """What the first items must satisfy, one by one, and what the others must."""
    items = node.get("items", True)
    if isinstance(items, list):
        if compiler.draft.prefix_items and compiler.document.declared:
            raise compiler.document.invalid(
                node, "items", "expected a schema; a list is prefixItems since 2020-12"
            )
        return items, node.get("additionalItems", True)
    if compiler.draft.prefix_items and "prefixItems" in node:
        prefix = node["prefixItems"]
        if not isinstance(prefix, list):
            raise compiler.document.invalid(node, "prefixItems", "expected a list of schemas")
        return prefix, items
    return [], items


def _listed(
    compiler: Compiler, items: list[RuleExpression], rest: RuleExpression | None, least: int, most: int | None
) -> RuleExpression:
    """The first `items`, then `rest`; from `least` to `most` of them all, separated by commas."""
    comma = compiler.layout.comma
    if not items:
        assert rest is not None
        return Sequence((Repetition(rest, least, most),), comma)
    # An item can be missing only where all after it are, so what may be missing nests.
    tail: list[RuleExpression] = []
    if rest is not None:
        more = Sequence((comma, rest))
        left = None if most is None else most - len(items)
        if left is None or left > 0:
            tail = [Repetition(more, max(least - len(items), 0), left)]
    for index in range(len(items) - 1, -1, -1):
        head = [items[index]] if index == 0 else [comma, items[index]]
        tail = [*head, *tail]
        if index >= least:
            optional: RuleExpression = Repetition(Sequence(tuple(tail)), 0, 1)
            if index % _DEEP == _DEEP - 1:
                name = compiler.new_name("items")
                compiler.rules[name] = optional
                optional = Reference(name)
            tail = [optional]
    return tail[0] if len(tail) == 1 else Sequence(tuple(tail))
