"""Scalars that must differ: the items of `uniqueItems`.

Their terminals record: what an array has is not written in it again. Then values are equal if their texts are, so each
value has one text here: strings without escapes that nothing needs, numbers without an exponent, zeros at the end or a
minus before zero, and with at most 15 digits where they have a point, so that no two of them are the same double.

Knows no arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from structgen.formats.spelling import Spelling
from structgen.frontends.json_schema import scalars, strings, values
from structgen.frontends.json_schema.keywords import ARRAY, BOOLEAN, INTEGER, NULL, NUMBER, OBJECT, STRING
from structgen.frontends.json_schema.kinds import kinds_left
from structgen.frontends.json_schema.normalize import TooManyAlternatives
from structgen.grammar.expressions import (
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Repeat,
    charset,
    concat,
    optional,
    repeat,
    union,
)
from structgen.grammar.rules import Choice, RuleExpression, Terminal
from structgen.language.counting import Uncounted, count_texts

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler, Place

_DIGITS = 15
_DIGIT, _NONZERO = charset("0123456789"), charset("123456789")
_NO_MINUS_ZERO = Complement(Literal("-0"))


class NotScalar(Exception):
    """Why items can't be told apart."""


@dataclass(frozen=True, slots=True)
class Distinct:
    """Scalars that differ from those recorded before.

    Attributes:
        rule: their texts; None if there are none.
        count: how many there are; None if nobody runs out of them.
    """

    rule: RuleExpression | None
    count: int | None


def distinct_scalars(compiler: Compiler, place: Place) -> Distinct:
    """The scalars that satisfy a place, each in one spelling, recorded.

    Raises:
        NotScalar: Objects or arrays satisfy it too, or the style has several spellings.
    """
    spelling = compiler.style.spelling
    if not spelling.is_single:
        raise NotScalar(
            f"items that are not from a short list cannot be compared in {compiler.style.format.title}"
        )
    try:
        options = compiler.normalizer.conjunction(place if isinstance(place, tuple) else (place,))
    except TooManyAlternatives:
        raise NotScalar("its items combine in too many ways") from None
    terminals: list[Terminal] = []
    for nodes in options:
        terminals += _terminals(compiler, nodes, spelling)
    if not terminals:
        return Distinct(None, 0)
    try:
        count = count_texts(union(*[terminal.expression for terminal in terminals]))
    except Uncounted:
        raise NotScalar("its values cannot be counted, so they could run out") from None
    rules = [replace(terminal, effect="record") for terminal in terminals]
    return Distinct(rules[0] if len(rules) == 1 else Choice(tuple(rules)), count)


def _terminals(compiler: Compiler, nodes: tuple[dict[str, Any], ...], spelling: Spelling) -> list[Terminal]:
    listed = values.listed(compiler, nodes)
    if listed is not None:
        if any(isinstance(value, (dict, list)) for value in listed):
            raise NotScalar(f"objects and arrays cannot be compared in {compiler.style.format.title}")
        texts = [
            spelling.string(Literal(value)) if isinstance(value, str) else Literal(_single_text(value))
            for value in listed
            if not (isinstance(value, str) and strings.has_lone_surrogate(value))
        ]
        label = values.literals(tuple(values.texts(value)[0] for value in listed)).name
        return [Terminal(label, union(*texts))] if texts else []
    mask = kinds_left(nodes)
    if mask & (OBJECT | ARRAY):
        raise NotScalar(f"objects and arrays cannot be compared in {compiler.style.format.title}")
    found: list[Terminal] = []
    if mask & STRING and (string := scalars.string_rule(compiler, nodes)) is not None:
        found.append(_single_string(string, spelling))
    if mask & NUMBER:
        rule = scalars.number_rule(compiler, nodes, mask & NUMBER)
        one_text = _NO_MINUS_ZERO if mask & NUMBER == INTEGER else _single_number()
        for option in rule.options if isinstance(rule, Choice) else [rule] if rule is not None else []:
            if not isinstance(option, Terminal):
                raise NotScalar("its numbers have several spellings")
            found.append(replace(option, expression=Intersection((option.expression, one_text))))
    for kind in (BOOLEAN, NULL):
        if mask & kind and isinstance(few := values.few(compiler, nodes, kind), Terminal):
            found.append(few)
    return found


def _single_text(value: Any) -> str:
    """The one text of a scalar that is no string."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    return values.texts(value)[0]


def _single_string(string: Terminal, spelling: Spelling) -> Terminal:
    """The same strings; of those that are free, without the escapes that nothing needs."""
    expression = string.expression
    if isinstance(expression, Concat) and len(expression.parts) == 3:
        chars = expression.parts[1]
        if isinstance(chars, Repeat) and chars.part == spelling.char:
            return replace(string, expression=spelling.single(chars.min, chars.max))
    return string


@lru_cache(maxsize=1)
def _single_number() -> Expression:
    """Numbers in one spelling each."""
    whole = [
        concat(_NONZERO, repeat(_DIGIT, 0, None)),
        concat(Literal("-"), _NONZERO, repeat(_DIGIT, 0, None)),
    ]
    parts: list[Expression] = [Literal("0"), *whole]
    for before in range(_DIGITS):
        digits = Literal("0") if before == 0 else concat(_NONZERO, repeat(_DIGIT, before - 1, before - 1))
        after = concat(Literal("."), repeat(_DIGIT, 0, _DIGITS - max(before, 1) - 1), _NONZERO)
        parts.append(concat(optional(Literal("-")), digits, after))
    return union(*parts)
