"""Scalars that must differ: the items of `uniqueItems`.

Their terminals record: what an array has is not written in it again. Then values are equal if their texts are, so each
value has one text here: strings without needless escapes, numbers without an exponent, zeros at the end or a minus
before zero, and with at most 15 digits where they have a point, so that no two of them are the same double.

Knows no arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from structgen.formats.spelling import Spelling
from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.documents.json_types import (
    ARRAY,
    BOOLEAN,
    INTEGER,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
)
from structgen.frontends.json_schema.emission.listed import ListedValues
from structgen.frontends.json_schema.emission.literals import Literals, literals, texts
from structgen.frontends.json_schema.emission.numbers import NumberRules
from structgen.frontends.json_schema.emission.strings import StringRules
from structgen.frontends.json_schema.normalization.normalizer import Normalizer
from structgen.frontends.json_schema.normalization.products import TooManyAlternatives
from structgen.frontends.json_schema.shapes.schema import Conjunction
from structgen.frontends.json_schema.shapes.shape import Alternative, types_of
from structgen.frontends.json_schema.strings.matching import count_texts
from structgen.frontends.json_schema.style import Style
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
from structgen.language.counting import Uncounted

_DIGITS = 15
_DIGIT, _NONZERO = charset("0123456789"), charset("123456789")
_NO_MINUS_ZERO = Complement(Literal("-0"))


class NotScalar(Exception):
    """Why items cannot be compared by their texts."""


@dataclass(frozen=True, slots=True)
class Distinct:
    """Scalars that differ from those recorded before.

    Attributes:
        rule: their texts; None if there are none.
        count: how many there are; None if there is no end of them.
    """

    rule: RuleExpression | None
    count: int | None


class DistinctScalars:
    """Makes the rules of scalars that must differ."""

    def __init__(
        self,
        normalizer: Normalizer,
        listed: ListedValues,
        literals: Literals,
        strings: StringRules,
        numbers: NumberRules,
        style: Style,
    ) -> None:
        self._normalizer = normalizer
        self._listed = listed
        self._literals = literals
        self._strings = strings
        self._numbers = numbers
        self._spelling: Spelling = style.spelling
        self._title = style.format.title
        self._no_containers = f"objects and arrays cannot be compared in {self._title}"

    def of(self, schemas: Conjunction) -> Distinct:
        """The scalars that satisfy some schemas, each in one spelling, recorded.

        Raises:
            NotScalar: Objects or arrays satisfy them too, or the style has several spellings.
        """
        if not self._spelling.is_single:
            raise NotScalar(f"items that are not from a short list cannot be compared in {self._title}")
        try:
            options = self._normalizer.conjunction(schemas)
        except TooManyAlternatives:
            raise NotScalar("its items combine in too many ways") from None
        terminals = [one for shapes in options for one in self._terminals(shapes)]
        if not terminals:
            return Distinct(None, 0)
        try:
            count = count_texts(union(*[terminal.expression for terminal in terminals]))
        except Uncounted:
            raise NotScalar("its values cannot be counted, so they could run out") from None
        rules = [replace(terminal, effect="record") for terminal in terminals]
        return Distinct(rules[0] if len(rules) == 1 else Choice(tuple(rules)), count)

    def _terminals(self, shapes: Alternative) -> Iterator[Terminal]:
        listed = self._listed.of(shapes)
        types = types_of(shapes)
        if listed is not None:
            if any(isinstance(value, (dict, list)) for value in listed):
                raise NotScalar(self._no_containers)
            return self._of_values(listed)
        if types & (OBJECT | ARRAY):
            raise NotScalar(self._no_containers)
        return self._of_types(shapes, types)

    def _of_types(self, shapes: Alternative, types: int) -> Iterator[Terminal]:
        if types & STRING and (string := self._strings.rule(shapes)) is not None:
            yield _single_string(string, self._spelling)
        if types & NUMBER:
            yield from self._of_numbers(shapes, types & NUMBER)
        for type in (BOOLEAN, NULL):
            if types & type and (few := self._literals.few(shapes, type)) is not None:
                yield few

    def _of_values(self, listed: Sequence[object]) -> Iterator[Terminal]:
        spelled = [
            self._spelling.string(Literal(value)) if isinstance(value, str) else Literal(_single_text(value))
            for value in listed
            if not (isinstance(value, str) and strings.has_lone_surrogate(value))
        ]
        if spelled:
            label = literals(tuple(texts(value)[0] for value in listed)).name
            yield Terminal(label, union(*spelled))

    def _of_numbers(self, shapes: Alternative, type: int) -> Iterator[Terminal]:
        rule = self._numbers.rule(shapes, type)
        one_text = _NO_MINUS_ZERO if type == INTEGER else _single_number()
        for option in rule.options if isinstance(rule, Choice) else [] if rule is None else [rule]:
            if not isinstance(option, Terminal):
                raise NotScalar("its numbers have several spellings")
            yield replace(option, expression=Intersection((option.expression, one_text)))


def _single_text(value: object) -> str:
    """The one text of a scalar that is no string."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    return texts(value)[0]


def _single_string(string: Terminal, spelling: Spelling) -> Terminal:
    """The same strings; if they are free, without needless escapes."""
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
