"""Keywords of strings and of numbers, of one schema or several at once, become terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from structgen.errors import InvalidRegexError
from structgen.frontends.json_schema import numbers, strings
from structgen.frontends.json_schema.keywords import FORMATS, INTEGER

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler
    from structgen.grammar.rules import Terminal

_MAX_DIGITS = 400
Node = dict[str, Any]


def count(compiler: Compiler, node: Node, keyword: str) -> int:
    """The value of a keyword that counts something."""
    value = node[keyword]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise compiler.document.invalid(node, keyword, f"expected a natural number, found {value!r}")
    return min(value, 2**31 - 2)  # what the engine can count to


def counts(
    compiler: Compiler, nodes: tuple[Node, ...], least: str, most: str
) -> tuple[int, int | None] | None:
    """The tightest bounds on a count; None if they contradict each other."""
    low, high = 0, None
    for node in nodes:
        if least in node:
            low = max(low, count(compiler, node, least))
        if most in node:
            limit = count(compiler, node, most)
            high = limit if high is None else min(high, limit)
    if high is not None and high < low:
        compiler.empty(nodes[-1], None, f"{least} {low} is more than {most} {high}")
        return None
    return low, high


def string_rule(compiler: Compiler, nodes: tuple[Node, ...]) -> Terminal | None:
    """The strings that satisfy plain schemas."""
    bounds = counts(compiler, nodes, "minLength", "maxLength")
    patterns: dict[str, None] = {}
    for node in nodes:
        if "pattern" in node:
            pattern = node["pattern"]
            if not isinstance(pattern, str):
                raise compiler.document.invalid(node, "pattern", "expected a string")
            if check_pattern(compiler, node, "pattern", pattern):
                patterns[pattern] = None
        if "format" in node:
            form = node["format"]
            if not isinstance(form, str):
                raise compiler.document.invalid(node, "format", "expected a string")
            if form in FORMATS:
                compiler.unsupported(node, "format", f"the format {form!r} is not supported")
    if bounds is None:
        return None
    if not patterns:
        return strings.string(*bounds)
    return strings.pattern_string(tuple(patterns), *bounds)


def check_pattern(compiler: Compiler, node: Node, keyword: str, pattern: str) -> bool:
    """Whether a pattern can be enforced; reported if not."""
    try:
        strings.parse_pattern(pattern)
    except InvalidRegexError as error:
        compiler.unsupported(node, keyword, f"{error.reason} at offset {error.position}")
        return False
    return True


def number_rule(compiler: Compiler, nodes: tuple[Node, ...], kind: int) -> Terminal | None:
    """The numbers that satisfy plain schemas; `kind`: integers, others, or both."""
    low: numbers.Bound | None = None
    high: numbers.Bound | None = None
    low_excluded = high_excluded = False
    for node in nodes:
        for keyword, excluded in (("minimum", False), ("exclusiveMinimum", True)):
            bound = _bound(compiler, node, keyword)
            if bound is not None:
                excluded = excluded or (keyword == "minimum" and node.get("exclusiveMinimum") is True)
                if low is None or bound > low or (bound == low and excluded):
                    low, low_excluded = bound, excluded
        for keyword, excluded in (("maximum", False), ("exclusiveMaximum", True)):
            bound = _bound(compiler, node, keyword)
            if bound is not None:
                excluded = excluded or (keyword == "maximum" and node.get("exclusiveMaximum") is True)
                if high is None or bound < high or (bound == high and excluded):
                    high, high_excluded = bound, excluded
        if "multipleOf" in node:
            step = node["multipleOf"]
            if isinstance(step, bool) or not isinstance(step, (int, float)) or step <= 0:
                raise compiler.document.invalid(
                    node, "multipleOf", f"expected a number above 0, found {step!r}"
                )
            if not (step == 1 and kind == INTEGER):
                compiler.unsupported(node, "multipleOf", "divisibility is not supported")
    found: Terminal | None
    if kind == INTEGER:
        found = numbers.integer(
            None if low is None else numbers.above(low, low_excluded),
            None if high is None else numbers.below(high, high_excluded),
        )
    else:
        found = numbers.number(low, high, low_excluded, high_excluded)
        if found is not None and not kind & INTEGER:
            found = numbers.fractional(found)
    if found is None:
        compiler.empty(nodes[-1], None, f"no number is between {low} and {high}, as is required")
    return found


def _bound(compiler: Compiler, node: Node, keyword: str) -> numbers.Bound | None:
    value = node.get(keyword)
    if value is None and keyword not in node:
        return None
    if isinstance(value, bool) and keyword.startswith("exclusive") and boolean_bounds(compiler):
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise compiler.document.invalid(node, keyword, f"expected a number, found {value!r}")
    if abs(value) >= 10**_MAX_DIGITS:
        raise compiler.document.invalid(node, keyword, f"a bound of more than {_MAX_DIGITS} digits")
    return numbers.exact(value)


def boolean_bounds(compiler: Compiler) -> bool:
    """Whether `exclusiveMinimum: true` makes `minimum` exclusive."""
    return compiler.draft.boolean_bounds or not compiler.document.declared
