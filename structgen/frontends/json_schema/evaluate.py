"""Whether a value satisfies a schema: which values of an `enum` the keywords beside it leave.

Small and exact, so that compiling an `enum` needs no validator: that one would be imported on the path of a request.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from structgen.frontends.json_schema.keywords import (
    ARRAY,
    ARRAY_KEYWORDS,
    COMBINATORS,
    HOLD,
    NOT_FORMATS,
    NOT_MULTIPLES,
    NOT_PATTERNS,
    NOT_VALUES,
    NUMBER,
    NUMBER_KEYWORDS,
    OBJECT,
    OBJECT_KEYWORDS,
    SOME_ITEM,
    SOME_MEMBER,
    STRING,
    STRING_KEYWORDS,
)
from structgen.frontends.json_schema.kinds import equal, kind_of, kinds_left
from structgen.frontends.json_schema.numbers import exact
from structgen.frontends.json_schema.strings.matching import is_found, is_of_format
from structgen.frontends.json_schema.unevaluated import UNEVALUATED

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler


def satisfies(compiler: Compiler, value: Any, node: Any) -> bool:
    """Whether a value satisfies a schema."""
    node = compiler.normalizer.checked(node)
    if isinstance(node, bool):
        return node
    if "$ref" in node and compiler.draft.ref_alone:
        return satisfies(compiler, value, compiler.document.resolve(node)[0])
    return satisfies_plain(compiler, value, node) and (
        COMBINATORS.isdisjoint(node) or _combinators(compiler, value, node)
    )


def satisfies_plain(compiler: Compiler, value: Any, node: Any, ignored: str | None = None) -> bool:
    """Whether a value satisfies the plain keywords of a schema, but for one of them."""
    kind = kind_of(value)
    if not kinds_left((node,)) & kind:
        return False
    if "enum" in node and ignored != "enum" and not _is_listed(value, node["enum"]):
        return False
    if "const" in node and ignored != "const" and not equal(value, node["const"]):
        return False
    if NOT_VALUES in node and _is_listed(value, node[NOT_VALUES]):
        return False
    if HOLD in node and not all(_hold(compiler, value, *tally) for tally in node[HOLD]):
        return False
    if kind == STRING:
        return STRING_KEYWORDS.isdisjoint(node) or _string(compiler, value, node)
    if kind & NUMBER:
        return NUMBER_KEYWORDS.isdisjoint(node) or _number(value, node)
    if kind == ARRAY:
        return ARRAY_KEYWORDS.isdisjoint(node) or _array(compiler, value, node)
    if kind == OBJECT:
        return OBJECT_KEYWORDS.isdisjoint(node) or _object(compiler, value, node)
    return bool(kind)


def _hold(compiler: Compiler, value: Any, groups: Any, least: int, most: int | None) -> bool:
    found = sum(
        any(all(satisfies_plain(compiler, value, part) for part in one) for one in group) for group in groups
    )
    return least <= found and (most is None or found <= most)


def _is_listed(value: Any, listed: Any) -> bool:
    return any(equal(value, one) for one in listed) if isinstance(listed, list) else False


def _string(compiler: Compiler, value: str, node: dict[str, Any]) -> bool:
    if len(value) < node.get("minLength", 0) or len(value) > node.get("maxLength", len(value)):
        return False
    if "pattern" in node and not is_found(node["pattern"], value):
        return False
    if any(is_found(pattern, value) for pattern in node.get(NOT_PATTERNS, ())):
        return False
    if (
        "format" in node
        and compiler.enforces_format(node["format"])
        and not is_of_format(node["format"], value)
    ):
        return False
    return not any(is_of_format(form, value) for form in node.get(NOT_FORMATS, ()))


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
    if "multipleOf" in node and Fraction(number) % Fraction(exact(node["multipleOf"])):
        return False
    return all(Fraction(number) % Fraction(exact(step)) for step in node.get(NOT_MULTIPLES, ()))


def _array(compiler: Compiler, value: list[Any], node: dict[str, Any]) -> bool:
    from structgen.frontends.json_schema.arrays import items_of

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
        if not node.get("minContains", 1) <= found <= node.get("maxContains", found):
            return False
    return all(
        any(satisfies(compiler, one, place) for one in value[start:])
        for start, place in node.get(SOME_ITEM, ())
    )


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
    return all(_some_member(compiler, value, *wanted) for wanted in node.get(SOME_MEMBER, ()))


def _unevaluated_hold(compiler: Compiler, value: Any, node: dict[str, Any]) -> bool:
    """Whether some alternative of a schema, which says what is evaluated, holds."""
    return any(
        all(satisfies_plain(compiler, value, part) for part in alternative)
        for alternative in compiler.normalizer.options(node)
    )


def _some_member(
    compiler: Compiler,
    value: dict[str, Any],
    names: tuple[str, ...],
    inside: tuple[str, ...],
    outside: tuple[str, ...],
    allowed: Any,
    place: Any,
) -> bool:
    return any(
        name not in names
        and all(is_found(pattern, name) for pattern in inside)
        and not any(is_found(pattern, name) for pattern in outside)
        and (allowed is None or satisfies(compiler, name, allowed))
        and satisfies(compiler, one, place)
        for name, one in value.items()
    )


def _combinators(compiler: Compiler, value: Any, node: dict[str, Any]) -> bool:
    def holds(schema: Any) -> bool:
        return satisfies(compiler, value, schema)

    for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
        if keyword in node and not holds(compiler.target(node, keyword)):
            return False
    if "allOf" in node and not all(map(holds, node["allOf"])):
        return False
    if "anyOf" in node and not any(map(holds, node["anyOf"])):
        return False
    if "oneOf" in node and sum(map(holds, node["oneOf"])) != 1:
        return False
    if "not" in node and holds(node["not"]):
        return False
    if "if" in node:
        branch = node.get("then" if holds(node["if"]) else "else", True)
        if not holds(branch):
            return False
    if not all(keyword not in node or _unevaluated_hold(compiler, value, node) for keyword in UNEVALUATED):
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
