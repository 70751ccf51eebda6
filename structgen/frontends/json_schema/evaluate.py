"""Whether a value satisfies a schema: which values of an `enum` the keywords beside it leave.

Small and exact, so that compiling an `enum` needs no validator: that one would be imported on the path of a request.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.keywords import (
    ARRAY,
    ASSERTIONS,
    NUMBER,
    OBJECT,
    STRING,
    TYPES,
)
from structgen.frontends.json_schema.numbers import exact
from structgen.frontends.json_schema.values import equal, kind_of

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler

_FEW = frozenset(("type", "enum", "const"))


def satisfies(compiler: Compiler, value: Any, node: Any, ignored: str | None = None) -> bool:
    """Whether a value satisfies a schema, one of its keywords aside."""
    if isinstance(node, bool):
        return node
    if not isinstance(node, dict):
        raise compiler.document.invalid(node, None, "expected a schema: an object or a boolean")
    active = node.keys() & ASSERTIONS
    if "$ref" in active and compiler.draft.ref_alone:
        return satisfies(compiler, value, compiler.document.resolve(node)[0])
    kind = kind_of(value)
    if "type" in active:
        allowed = node["type"]
        names = allowed if isinstance(allowed, list) else [allowed]
        if not any(TYPES.get(name, 0) & kind for name in names if isinstance(name, str)):
            return False
    if "enum" in active and ignored != "enum" and not any(equal(value, one) for one in node["enum"]):
        return False
    if "const" in active and ignored != "const" and not equal(value, node["const"]):
        return False
    if active <= _FEW:
        return True
    if kind == STRING and not _string(compiler, value, node):
        return False
    if kind & NUMBER and not _number(value, node):
        return False
    if kind == ARRAY and not _array(compiler, value, node):
        return False
    if kind == OBJECT and not _object(compiler, value, node):
        return False
    return _combinators(compiler, value, node, active)


def _string(compiler: Compiler, value: str, node: dict[str, Any]) -> bool:
    if len(value) < node.get("minLength", 0) or len(value) > node.get("maxLength", len(value)):
        return False
    return "pattern" not in node or is_found(node["pattern"], value)


def is_found(pattern: str, text: str) -> bool:
    """Whether a pattern of ECMA-262 is found in a text."""
    return not strings.has_lone_surrogate(text) and bool(_matcher(pattern).accepts(text + "."))


@lru_cache(maxsize=256)
def _matcher(pattern: str) -> Any:
    """The pattern as a compiled grammar; a dot at the end, as terminals are never empty."""
    from structgen.grammar.expressions import Literal, concat
    from structgen.grammar.rules import Grammar, Terminal
    from structgen.matcher import compile_grammar
    from structgen.vocabulary import Vocabulary

    expression = concat(strings.parse_pattern(pattern), Literal("."))
    return compile_grammar(Grammar({"start": Terminal("text", expression)}), Vocabulary.of_bytes())


def _number(value: float, node: dict[str, Any]) -> bool:
    number = exact(value)
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and (
        number < exact(low) or (number == exact(low) and node.get("exclusiveMinimum") is True)
    ):
        return False
    if high is not None and (
        number > exact(high) or (number == exact(high) and node.get("exclusiveMaximum") is True)
    ):
        return False
    low, high = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    if low is not None and not isinstance(low, bool) and number <= exact(low):
        return False
    if high is not None and not isinstance(high, bool) and number >= exact(high):
        return False
    return "multipleOf" not in node or Decimal(number) % Decimal(exact(node["multipleOf"])) == 0


def _array(compiler: Compiler, value: list[Any], node: dict[str, Any]) -> bool:
    from structgen.frontends.json_schema.containers import items_of

    if not node.get("minItems", 0) <= len(value) <= node.get("maxItems", len(value)):
        return False
    if node.get("uniqueItems") is True and any(
        equal(one, other) for index, one in enumerate(value) for other in value[:index]
    ):
        return False
    prefix, rest = items_of(compiler, node)
    schemas = [*prefix[: len(value)], *[rest] * (len(value) - len(prefix))]
    if not all(satisfies(compiler, one, schema) for one, schema in zip(value, schemas, strict=True)):
        return False
    if "contains" in node:
        found = sum(satisfies(compiler, one, node["contains"]) for one in value)
        return bool(node.get("minContains", 1) <= found <= node.get("maxContains", found))
    return True


def _object(compiler: Compiler, value: dict[str, Any], node: dict[str, Any]) -> bool:
    if not node.get("minProperties", 0) <= len(value) <= node.get("maxProperties", len(value)):
        return False
    if isinstance(node.get("required"), list) and not value.keys() >= set(node["required"]):
        return False
    properties, patterns = node.get("properties", {}), node.get("patternProperties", {})
    for name, one in value.items():
        schemas = [properties[name]] if name in properties else []
        schemas += [schema for pattern, schema in patterns.items() if is_found(pattern, name)]
        if not schemas:
            schemas = [node.get("additionalProperties", True)]
        if "propertyNames" in node and not satisfies(compiler, name, node["propertyNames"]):
            return False
        if not all(satisfies(compiler, one, schema) for schema in schemas):
            return False
    return True


def _combinators(compiler: Compiler, value: Any, node: dict[str, Any], active: set[Any]) -> bool:
    def holds(schema: Any) -> bool:
        return satisfies(compiler, value, schema)

    if "$ref" in active and not holds(compiler.document.resolve(node)[0]):
        return False
    if "allOf" in active and not all(map(holds, node["allOf"])):
        return False
    if "anyOf" in active and not any(map(holds, node["anyOf"])):
        return False
    if "oneOf" in active and sum(map(holds, node["oneOf"])) != 1:
        return False
    if "not" in active and holds(node["not"]):
        return False
    if "if" in active:
        branch = node.get("then" if holds(node["if"]) else "else", True)
        if not holds(branch):
            return False
    if isinstance(value, dict):
        for keyword in ("dependentRequired", "dependentSchemas", "dependencies"):
            for name, wanted in node.get(keyword, {}).items():
                if name not in value:
                    continue
                if isinstance(wanted, list):
                    if not value.keys() >= set(wanted):
                        return False
                elif not holds(wanted):
                    return False
    return True
