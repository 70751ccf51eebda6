"""Values written in a schema (`enum`, `const`): how they are spelled, and which of them the other keywords leave."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from structgen.errors import InvalidRegexError
from structgen.formats.spelling import EVERY, Spelling
from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.keywords import BOOLEAN, NOT_VALUES, NULL
from structgen.frontends.json_schema.kinds import kind_of, kinds_left
from structgen.frontends.json_schema.numbers import every_spelling
from structgen.grammar.expressions import Expression, Literal, union
from structgen.grammar.rules import RuleExpression, Sequence, Terminal

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler

Node = dict[Any, Any]
_MOST_SPELLED = 1_000_000
BOOLEAN_TERMINAL = Terminal("true or false", union(Literal("true"), Literal("false")))


def finite(compiler: Compiler, nodes: tuple[Node, ...]) -> RuleExpression | None:
    """The values of `enum` or `const` that satisfy everything else."""
    left = listed(compiler, nodes)
    assert left is not None
    if compiler.style.exact and _spelling_cost(left) > _MOST_SPELLED:
        source = next(node for node in nodes if "enum" in node or "const" in node)
        compiler.unsupported(
            source, "const" if "const" in source else "enum", "every spelling of it takes too much"
        )
        return compiler.any()
    scalars: list[Any] = []
    rules: list[RuleExpression | None] = []
    for value in left:
        if isinstance(value, (dict, list)):
            rules.append(compound(compiler, value))
        elif _is_writable(compiler, value):
            scalars.append(value)
    if scalars:
        rules.append(scalars_of(compiler, scalars))
    found = compiler.choice(rules)
    if found is None:
        source = next(node for node in nodes if "enum" in node or "const" in node)
        keyword = "const" if "const" in source else "enum"
        why = (
            f"lists nothing that {compiler.style.format.title} can write"
            if left
            else "lists nothing that the other keywords allow"
        )
        compiler.empty(source, keyword, f"{keyword} {why}")
    return found


def _spelling_cost(values: list[Any]) -> int:
    """What it takes to write values in every spelling: a number has one for each exponent."""
    cost = 0
    stack = [iter(values)]
    while stack and cost <= _MOST_SPELLED:
        for value in stack[-1]:
            cost += len(value) if isinstance(value, str) else 400
            if isinstance(value, (dict, list)):
                stack.append(iter([*value, *value.values()] if isinstance(value, dict) else value))
                break
        else:
            stack.pop()
    return cost


def listed(compiler: Compiler, nodes: tuple[Node, ...]) -> list[Any] | None:
    """The values of `enum` or `const` that satisfy everything else; None if there are no such keywords."""
    from structgen.frontends.json_schema.evaluate import satisfies_plain

    source = next((node for node in nodes if "const" in node), None)
    keyword = "const"
    if source is None:
        source = next((node for node in nodes if "enum" in node), None)
        keyword = "enum"
    if source is None:
        return None
    values = [source["const"]] if keyword == "const" else source["enum"]
    if not isinstance(values, list):
        raise compiler.document.invalid(source, "enum", "expected a list of values")
    for value in values:
        if isinstance(value, (dict, list, float)) or kind_of(value) == 0:
            _check(compiler, source, keyword, value)
    others = [(node, keyword if node is source else None) for node in nodes]

    def left(value: Any) -> bool:
        for node, ignored in others:
            try:
                if not satisfies_plain(compiler, value, node, ignored):
                    return False
            except InvalidRegexError as error:  # the value stays, and validate() checks it
                which = "pattern" if "pattern" in node else "patternProperties"
                reason = f"{error.reason} at offset {error.position}"
                if strings.judged_by_re(error.pattern) is None:
                    raise compiler.document.invalid(node, which, reason) from None
                compiler.unsupported(node, which, reason)
        return True

    return [value for value in values if left(value)]


def _check(compiler: Compiler, node: Node, keyword: str, value: Any) -> None:
    """Raise where a value is none of JSON's: a dict from Python may hold anything, itself included."""
    around: set[int] = set()
    stack = [(value, False)]
    while stack:
        one, left = stack.pop()
        if left:
            around.discard(id(one))
        elif isinstance(one, (dict, list, tuple)):
            if id(one) in around:
                raise compiler.document.invalid(node, keyword, "a value that holds itself")
            around.add(id(one))
            stack.append((one, True))
            stack += [(inner, False) for inner in (one.values() if isinstance(one, dict) else one)]
            for name in one if isinstance(one, dict) else ():
                if not isinstance(name, str):
                    raise compiler.document.invalid(node, keyword, f"{name!r} is no name of JSON")
        elif not kind_of(one) or (isinstance(one, float) and not math.isfinite(one)):
            raise compiler.document.invalid(node, keyword, f"{one!r} is no value of JSON")


def finite_values(compiler: Compiler, place: Any) -> list[Any] | None:
    """The values that satisfy a place, if they are from a short list."""
    found: list[Any] = []
    for nodes in compiler.normalizer.conjunction(place if isinstance(place, tuple) else (place,)):
        values = listed(compiler, nodes)
        if values is None:
            mask = kinds_left(nodes)
            if mask & ~(NULL | BOOLEAN) or any(NOT_VALUES in node for node in nodes):
                return None
            values = ([None] if mask & NULL else []) + ([True, False] if mask & BOOLEAN else [])
        found += values
    return found


def texts(value: Any) -> tuple[str, ...]:
    """The JSON texts of a scalar: a whole number has a point only if the schema writes one."""
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return (str(int(value)), text)
    return (text,)


def scalars_of(compiler: Compiler, values: list[Any]) -> Terminal:
    """One of some scalars."""
    spelling = compiler.style.spelling
    if spelling.name == "canonical":
        return literals(tuple(dict.fromkeys(text for value in values for text in texts(value))))
    label = literals(tuple(texts(value)[0] for value in values)).name
    return Terminal(label, union(*[_spelled(value, spelling) for value in values]))


def _spelled(value: Any, spelling: Spelling) -> Expression:
    if isinstance(value, str):
        return spelling.string(Literal(value))
    if spelling is EVERY and isinstance(value, (int, float)) and not isinstance(value, bool):
        return every_spelling.spelled(value)
    return union(*map(Literal, texts(value)))


@lru_cache(maxsize=4096)
def literals(spellings: tuple[str, ...]) -> Terminal:
    """One of some texts."""
    shown = " or ".join(spellings[:4]) + (f" or {len(spellings) - 4} more" if len(spellings) > 4 else "")
    label = shown if len(shown) <= 80 else f"one of {len(spellings)} values"
    return Terminal(label, union(*map(Literal, spellings)))


def few(compiler: Compiler, nodes: tuple[Node, ...], kind: int) -> RuleExpression | None:
    """null, or true and false, but for what is excluded."""
    excluded = [value for node in nodes for value in node.get(NOT_VALUES, ())]
    left = [
        value
        for value in ([None] if kind == NULL else [True, False])
        if not any(value is no for no in excluded)
    ]
    if len(left) == 2:
        return BOOLEAN_TERMINAL
    if not left:
        compiler.empty(nodes[-1], None, "all values of a type are excluded")
        return None
    if kind == NULL and compiler.style.format.null is None:
        compiler.empty(nodes[-1], None, f"{compiler.style.format.title} cannot write null")
        return None
    return literals(texts(left[0]))


def _is_writable(compiler: Compiler, value: Any) -> bool:
    """Returns True if the format can write a scalar."""
    if value is None:
        return compiler.style.format.null is not None
    return not (isinstance(value, str) and strings.has_lone_surrogate(value))


def compound(compiler: Compiler, value: Any) -> RuleExpression | None:
    """The rule of one value, laid out as all others; None if the format cannot write it."""
    form = compiler.style.format
    if isinstance(value, dict):
        members: list[RuleExpression] = []
        for key, one in value.items():
            rule = compound(compiler, one)
            if rule is None or strings.has_lone_surrogate(key):
                return None
            members.append(compiler.style.pair(key, rule))
        return form.object(compiler.style.members(members))
    if isinstance(value, list):
        items: list[RuleExpression] = []
        for one in value:
            rule = compound(compiler, one)
            if rule is None:
                return None
            items.append(form.item(rule))
        return form.array(Sequence(tuple(items), form.separator) if items else None)
    return scalars_of(compiler, [value]) if _is_writable(compiler, value) else None
