"""Keywords of strings and of numbers, of one schema or several at once, become terminals."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from structgen.errors import InvalidRegexError
from structgen.frontends.json_schema import numbers, strings, values
from structgen.frontends.json_schema.keywords import (
    FORMATS,
    HOLD,
    INTEGER,
    NOT_FORMATS,
    NOT_MULTIPLES,
    NOT_PATTERNS,
    NOT_VALUES,
    NUMBER,
    STRING,
)
from structgen.frontends.json_schema.kinds import kind_of, kinds_left
from structgen.frontends.json_schema.numbers import NotRegular, Range, every_spelling, multiples_in_range
from structgen.grammar.expressions import (
    ANY_TEXT,
    EMPTY,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Union,
    union,
)

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler
    from structgen.grammar.rules import RuleExpression, Terminal

_MAX_DIGITS = 400
_MOST_NEEDED = 100_000_000
"""Characters, items or members that a schema may require at least: texts have less than 2^30 bytes."""

Node = dict[Any, Any]


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
    if low > _MOST_NEEDED:
        node = max((node for node in nodes if least in node), key=lambda node: count(compiler, node, least))
        if compiler.is_out_of_reach(
            node, least, f"no text is that long: at most {_MOST_NEEDED:,} can be required"
        ):
            return None
        low = 0
    return low, high


def string_rule(compiler: Compiler, nodes: tuple[Node, ...]) -> Terminal | None:
    """The strings that satisfy plain schemas."""
    bounds = counts(compiler, nodes, "minLength", "maxLength")
    keywords = _text_keywords(compiler, nodes)
    if bounds is None:
        return None
    if any(HOLD in node for node in nodes):
        texts = _texts_beside(compiler, nodes)
        return (
            None
            if texts is None
            else strings.text_string(texts, 0, None, "a string", compiler.style.spelling)
        )
    if not any(keywords):
        return strings.string(*bounds, compiler.style.spelling)
    found = strings.matching_string(*keywords, *bounds, compiler.style.spelling)
    if is_empty(found.expression):
        compiler.empty(nodes[-1], None, "no string is as is required")
        return None
    return found


def is_empty(expression: Expression) -> bool:
    """Whether it is plain to see that no text is in an expression."""
    if isinstance(expression, Concat):
        return any(is_empty(part) for part in expression.parts)
    if isinstance(expression, Union):
        return all(is_empty(part) for part in expression.parts)
    return False


def _text_keywords(compiler: Compiler, nodes: tuple[Node, ...]) -> tuple[tuple[str, ...], ...]:
    """Patterns, formats, patterns and formats that must not match, texts that it must not be."""
    patterns: dict[str, None] = {}
    formats: dict[str, None] = {}
    not_patterns: dict[str, None] = {}
    not_formats: dict[str, None] = {}
    excluded: dict[str, None] = {}
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
            if compiler.enforces_format(form):
                formats[form] = None
            elif form in FORMATS and compiler.formats == "enforce":
                compiler.unsupported(node, "format", f"the format {form!r} is not regular")
        for pattern in node.get(NOT_PATTERNS, ()):
            if check_pattern(compiler, node, "pattern", pattern):
                not_patterns[pattern] = None
        not_formats.update(dict.fromkeys(node.get(NOT_FORMATS, ())))
        for value in node.get(NOT_VALUES, ()):
            if isinstance(value, str) and not strings.has_lone_surrogate(value):
                excluded[value] = None
    return (
        tuple(patterns),
        tuple(formats),
        tuple(not_patterns),
        tuple(not_formats),
        tuple(excluded),
    )


def texts_of(compiler: Compiler, place: Any) -> Expression | None:
    """The texts of the strings that satisfy a place, as characters; None if there are none."""
    nodes = place if isinstance(place, tuple) else (place,)
    parts: list[Expression] = []
    for alternative in compiler.normalizer.conjunction(nodes):
        texts = _string_texts(compiler, alternative)
        if texts is not None:
            parts.append(texts)
    return union(*parts) if parts else None


def _texts_beside(compiler: Compiler, nodes: tuple[Node, ...]) -> Expression | None:
    """The texts of the strings that satisfy plain schemas without `enum` and `const`."""
    bounds = counts(compiler, nodes, "minLength", "maxLength")
    if bounds is None:
        return None
    keywords = _text_keywords(compiler, nodes)
    tallies = [tally for node in nodes for tally in node.get(HOLD, ())]
    parts = [strings.texts(*keywords)] if any(keywords) or not tallies else []
    parts += [_tallied(compiler, *tally) for tally in tallies]
    return strings.bounded(parts[0] if len(parts) == 1 else Intersection(tuple(parts)), *bounds)


def _tallied(compiler: Compiler, groups: Any, least: int, most: int | None) -> Expression:
    """The texts that are in at least and at most so many of some groups of alternatives."""
    found = [union(*[_alternative(compiler, one) for one in group]) for group in groups]
    inside = [] if least == 0 else [_at_least(found, least)]
    outside = [] if most is None else [Complement(_at_least(found, most + 1))]
    parts = inside + outside
    return parts[0] if len(parts) == 1 else Intersection(tuple(parts)) if parts else ANY_TEXT


def _at_least(found: list[Expression], least: int) -> Expression:
    if least == 1:
        return union(*found)
    return union(*[Intersection(some) for some in itertools.combinations(found, least)])


def _alternative(compiler: Compiler, nodes: tuple[Node, ...]) -> Expression:
    found = _string_texts(compiler, nodes)
    return EMPTY if found is None else found


def _string_texts(compiler: Compiler, nodes: tuple[Node, ...]) -> Expression | None:
    """The texts of the strings that satisfy plain schemas."""
    if not kinds_left(nodes) & STRING:
        return None
    listed = values.listed(compiler, nodes)
    if listed is None:
        return _texts_beside(compiler, nodes)
    texts = [one for one in listed if isinstance(one, str) and not strings.has_lone_surrogate(one)]
    return union(*map(Literal, texts)) if texts else None


def check_pattern(compiler: Compiler, node: Node, keyword: str, pattern: str) -> bool:
    """Whether a pattern can be enforced; reported if not.

    Raises:
        InvalidSchemaError: It is malformed.
    """
    try:
        strings.parse_pattern(pattern)
    except InvalidRegexError as error:
        reason = f"{error.reason} at offset {error.position}"
        if strings.judged_by_re(pattern) is None:
            raise compiler.document.invalid(node, keyword, reason) from None
        compiler.unsupported(node, keyword, reason)
        return False
    return True


def number_rule(compiler: Compiler, nodes: tuple[Node, ...], kind: int) -> RuleExpression | None:
    """The numbers that satisfy plain schemas; `kind`: integers, others, or both."""
    found: RuleExpression | None
    low, low_excluded = _tightest(compiler, nodes, "minimum", "exclusiveMinimum", 1)
    high, high_excluded = _tightest(compiler, nodes, "maximum", "exclusiveMaximum", -1)
    steps: dict[numbers.Bound, None] = {}
    not_steps: list[numbers.Bound] = []
    excluded: list[float] = []
    for node in nodes:
        if "multipleOf" in node:
            step = node["multipleOf"]
            if isinstance(step, bool) or not isinstance(step, (int, float)) or not 0 < step < math.inf:
                raise compiler.document.invalid(
                    node, "multipleOf", f"expected a number above 0, found {step!r}"
                )
            if not (step == 1 and kind == INTEGER):
                steps[numbers.exact(step)] = None
        not_steps += [numbers.exact(step) for step in node.get(NOT_MULTIPLES, ())]
        excluded += [value for value in node.get(NOT_VALUES, ()) if kind_of(value) & NUMBER]
    if low is not None and high is not None and _is_crossed(kind, (low, low_excluded), (high, high_excluded)):
        compiler.empty(nodes[-1], None, f"no number is between {low} and {high}, as is required")
        return None
    if compiler.style.exact:
        limits = Range(low, high, low_excluded, high_excluded)
        try:
            found = every_spelling.number(kind, limits, tuple(steps), tuple(not_steps), tuple(excluded))
        except NotRegular as error:
            _not_regular(compiler, nodes, error)
            found = every_spelling.NUMBER
        if found is None:
            compiler.empty(nodes[-1], None, f"no number is between {low} and {high}, as is required")
        return found
    if kind == INTEGER:
        low = None if low is None else numbers.above(low, low_excluded)
        high = None if high is None else numbers.below(high, high_excluded)
        low_excluded = high_excluded = False
        found = numbers.integer(low, high)
    else:
        found = numbers.number(Range(low, high, low_excluded, high_excluded))
    if found is not None and (steps or not_steps or excluded or not kind & INTEGER):
        bounds = Range(low, high, low_excluded, high_excluded)
        try:
            found = multiples_in_range(kind, bounds, tuple(steps), tuple(not_steps), tuple(excluded))
        except NotRegular as error:
            _not_regular(compiler, nodes, error)
    if found is None:
        compiler.empty(nodes[-1], None, f"no number is between {low} and {high}, as is required")
    return found


def _is_crossed(kind: int, low: tuple[numbers.Bound, bool], high: tuple[numbers.Bound, bool]) -> bool:
    """Whether nothing is between two bounds; each with whether it is excluded."""
    if kind == INTEGER:
        return numbers.above(*low) > numbers.below(*high)
    return low[0] > high[0] or (low[0] == high[0] and (low[1] or high[1]))


def _not_regular(compiler: Compiler, nodes: tuple[Node, ...], error: NotRegular) -> None:
    for node in nodes:
        if "multipleOf" in node or NOT_MULTIPLES in node:
            compiler.unsupported(node, "multipleOf", str(error))


def _tightest(
    compiler: Compiler,
    nodes: tuple[Node, ...],
    included: str,
    excluding: str,
    sign: int,
) -> tuple[numbers.Bound | None, bool]:
    """The tightest of the bounds on one side, and whether it is excluded. `sign`: 1 for lower bounds, -1 for upper."""
    found: numbers.Bound | None = None
    found_excluded = False
    for node in nodes:
        for keyword in (included, excluding):
            bound = _bound(compiler, node, keyword)
            if bound is None:
                continue
            excluded = keyword == excluding or node.get(excluding) is True
            if found is None or (sign * bound, excluded) > (
                sign * found,
                found_excluded,
            ):
                found, found_excluded = bound, excluded
    return found, found_excluded


def _bound(compiler: Compiler, node: Node, keyword: str) -> numbers.Bound | None:
    value = node.get(keyword)
    if value is None and keyword not in node:
        return None
    if isinstance(value, bool) and keyword.startswith("exclusive") and boolean_bounds(compiler):
        return None
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or (isinstance(value, float) and math.isnan(value))
    ):
        raise compiler.document.invalid(node, keyword, f"expected a number, found {value!r}")
    if isinstance(value, float):
        value = float(value)  # numpy's compares with doubles only
    if abs(value) >= 10**_MAX_DIGITS:
        raise compiler.document.invalid(node, keyword, f"a bound of more than {_MAX_DIGITS} digits")
    return numbers.exact(value)


def boolean_bounds(compiler: Compiler) -> bool:
    """Whether `exclusiveMinimum: true` makes `minimum` exclusive."""
    return compiler.draft.boolean_bounds or not compiler.document.declared
