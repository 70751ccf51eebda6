"""Values written in a schema (`enum`, `const`): how they are spelled, and which of them the other keywords leave."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.keywords import (
    ARRAY,
    BOOLEAN,
    FRACTION,
    INTEGER,
    NULL,
    OBJECT,
    STRING,
)
from structgen.grammar.expressions import Literal, union
from structgen.grammar.rules import RuleExpression, Sequence, Terminal

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler

Node = dict[str, Any]


def finite(compiler: Compiler, nodes: tuple[Node, ...]) -> RuleExpression | None:
    """The values of the first `enum` or `const` that satisfy everything else."""
    source, keyword, listed = _listed(compiler, nodes)
    from structgen.frontends.json_schema.evaluate import satisfies

    others = [(node, keyword if node is source else None) for node in nodes]
    left = [value for value in listed if all(satisfies(compiler, value, *other) for other in others)]
    scalars: dict[str, None] = {}
    rules: list[RuleExpression | None] = []
    for value in left:
        if isinstance(value, (dict, list)):
            rules.append(compound(compiler, value))
        elif not (isinstance(value, str) and strings.has_lone_surrogate(value)):
            scalars[spelling(value)] = None
    if scalars:
        rules.append(literals(tuple(scalars)))
    found = compiler.choice(rules)
    if found is None:
        why = (
            "lists nothing that JSON text can carry"
            if left
            else "lists nothing that the other keywords allow"
        )
        compiler.empty(source, keyword, f"{keyword} {why}")
    return found


def _listed(compiler: Compiler, nodes: tuple[Node, ...]) -> tuple[Node, str, list[Any]]:
    for node in nodes:
        if "const" in node:
            return node, "const", [node["const"]]
    for node in nodes:
        if "enum" in node:
            if not isinstance(node["enum"], list):
                raise compiler.document.invalid(node, "enum", "expected a list of values")
            return node, "enum", node["enum"]
    raise AssertionError("neither enum nor const")


def spelling(value: Any) -> str:
    """The JSON text of a scalar; whole numbers without a point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    return json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=4096)
def literals(spellings: tuple[str, ...]) -> Terminal:
    """One of some texts."""
    shown = " or ".join(spellings[:4]) + (f" or {len(spellings) - 4} more" if len(spellings) > 4 else "")
    label = shown if len(shown) <= 80 else f"one of {len(spellings)} values"
    return Terminal(label, union(*map(Literal, spellings)))


def compound(compiler: Compiler, value: Any) -> RuleExpression | None:
    """The rule of one value, laid out as all others."""
    layout = compiler.layout
    if isinstance(value, dict):
        members: list[RuleExpression] = []
        for key, one in value.items():
            rule = compound(compiler, one)
            if rule is None or strings.has_lone_surrogate(key):
                return None
            members.append(Sequence((strings.name(key), layout.colon, rule)))
        if not members:
            return Sequence((layout.open_object, layout.close_object))
        return Sequence((layout.open_object, Sequence(tuple(members), layout.comma), layout.close_object))
    if isinstance(value, list):
        items: list[RuleExpression] = []
        for one in value:
            rule = compound(compiler, one)
            if rule is None:
                return None
            items.append(rule)
        if not items:
            return Sequence((layout.open_array, layout.close_array))
        return Sequence((layout.open_array, Sequence(tuple(items), layout.comma), layout.close_array))
    if isinstance(value, str) and strings.has_lone_surrogate(value):
        return None
    return literals((spelling(value),))


def kind_of(value: Any) -> int:
    """The type of a value of JSON, as a bit; 0 if it is none."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int):
        return INTEGER
    if isinstance(value, float):
        return INTEGER if value.is_integer() else FRACTION
    if isinstance(value, str):
        return STRING
    if isinstance(value, (list, tuple)):
        return ARRAY
    return OBJECT if isinstance(value, dict) else 0


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same to JSON Schema: 1 is 1.0, and is not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[key]) for key, value in one.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    return kind_of(one) == kind_of(other) and bool(one == other)
