"""Literals: the rules of values that a schema lists."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from json.encoder import encode_basestring

from structgen.formats.spelling import EVERY, Spelling
from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.documents.findings import Findings
from structgen.frontends.json_schema.documents.json_types import NULL
from structgen.frontends.json_schema.emission.listed import ListedValues, source_of
from structgen.frontends.json_schema.emission.rules import Rule, choice
from structgen.frontends.json_schema.numbers import every_spelling
from structgen.frontends.json_schema.shapes.shape import Alternative
from structgen.frontends.json_schema.style import Style
from structgen.grammar.expressions import Expression, Literal, union
from structgen.grammar.rules import RuleExpression, Terminal
from structgen.grammar.rules import Sequence as RuleSequence

_MOST_SPELLED = 1_000_000
_COST = 400
"""Of a value that is no string, in characters: a number has a spelling for each exponent."""

_MOST_SHOWN = 80
"""Characters of a label; above that, values are only counted."""

BOOLEAN_TERMINAL = Terminal("true or false", union(Literal("true"), Literal("false")))


class Literals:
    """Makes the rules of listed values."""

    def __init__(self, listed: ListedValues, findings: Findings, style: Style) -> None:
        self._listed = listed
        self._findings = findings
        self._style = style

    def rule(self, shapes: Alternative) -> Rule:
        """The values of `enum` or `const` that have some shapes; None if there are none.

        Raises:
            TooManySpellings: They have too many spellings.
        """
        left = self._listed.of(shapes)
        source = source_of(shapes)
        assert left is not None
        assert source is not None
        assert source.listed is not None
        keyword = source.listed.keyword
        if self._style.exact and _spelling_cost(left) > _MOST_SPELLED:
            self._findings.unsupported(source.origin, keyword, "it has too many spellings")
            raise TooManySpellings
        rules = [self.compound(value) for value in left if isinstance(value, (dict, list))]
        scalars = [
            value for value in left if not isinstance(value, (dict, list)) and self._is_writable(value)
        ]
        if scalars:
            rules.append(self._scalars(scalars))
        found = choice(rules)
        if found is None:
            why = f"{self._style.format.title} can write" if left else "the other keywords allow"
            self._findings.empty(source.origin, keyword, f"{keyword} lists nothing that {why}")
        return found

    def few(self, shapes: Alternative, type: int) -> Terminal | None:
        """null, or true and false, without those that are excluded; None if none is left."""
        all_of_type: tuple[object, ...] = (None,) if type == NULL else (True, False)
        left: Sequence[object] = _not_excluded(all_of_type, shapes) if _exclude_any(shapes) else all_of_type
        if len(left) == 2:
            return BOOLEAN_TERMINAL
        if not left:
            self._findings.empty(shapes[-1].origin, None, "all values of a type are excluded")
            return None
        if type == NULL and not self._style.format.has_null:
            title = self._style.format.title
            self._findings.empty(shapes[-1].origin, None, f"{title} cannot write null")
            return None
        return _NULL if type == NULL else literals(texts(left[0]))

    def compound(self, value: object) -> Rule:
        """The rule of one value, laid out as all others; None if the format cannot write it."""
        form = self._style.format
        if isinstance(value, dict):
            properties: list[RuleExpression] = []
            for key, one in value.items():
                rule = self.compound(one)
                if rule is None or strings.has_lone_surrogate(key):
                    return None
                properties.append(self._style.pair(key, rule))
            return form.object(self._style.properties(properties))
        if isinstance(value, list):
            items: list[RuleExpression] = []
            for one in value:
                rule = self.compound(one)
                if rule is None:
                    return None
                items.append(form.item(rule))
            return form.array(RuleSequence(tuple(items), form.separator) if items else None)
        return self._scalars([value]) if self._is_writable(value) else None

    def _is_writable(self, value: object) -> bool:
        """Returns True if the format can write a scalar."""
        if value is None:
            return self._style.format.has_null
        return not (isinstance(value, str) and strings.has_lone_surrogate(value))

    def _scalars(self, values: Sequence[object]) -> Terminal:
        """One of some scalars."""
        spelling = self._style.spelling
        if spelling.name == "canonical":
            return literals(tuple(dict.fromkeys([text for value in values for text in texts(value)])))
        label = literals(tuple(texts(value)[0] for value in values)).name
        return Terminal(label, union(*[_spelled(value, spelling) for value in values]))


class TooManySpellings(Exception):
    """Values have more spellings than it makes sense to write out."""


def _spelling_cost(values: Sequence[object]) -> int:
    """Characters of all spellings of some values, roughly."""
    cost = 0
    stack = [iter(values)]
    while stack and cost <= _MOST_SPELLED:
        for value in stack[-1]:
            cost += len(value) if isinstance(value, str) else _COST
            if isinstance(value, (dict, list)):
                stack.append(iter([*value, *value.values()] if isinstance(value, dict) else value))
                break
        else:
            stack.pop()
    return cost


def texts(value: object) -> tuple[str, ...]:
    """The JSON texts of a scalar: a whole number has a point only if the schema writes one."""
    if type(value) is str:
        return (encode_basestring(value),)
    text = json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return (str(int(value)), text)
    return (text,)


def _spelled(value: object, spelling: Spelling) -> Expression:
    if isinstance(value, str):
        return spelling.string(Literal(value))
    if spelling is EVERY and isinstance(value, (int, float)) and not isinstance(value, bool):
        return every_spelling.spelled(value)
    return union(*map(Literal, texts(value)))


@lru_cache(maxsize=4096)
def literals(spellings: tuple[str, ...]) -> Terminal:
    """One of some texts."""
    shown = " or ".join(spellings[:4]) + (f" or {len(spellings) - 4} more" if len(spellings) > 4 else "")
    label = shown if len(shown) <= _MOST_SHOWN else f"one of {len(spellings)} values"
    return Terminal(label, union(*map(Literal, spellings)))


_NULL = literals(("null",))


def _exclude_any(shapes: Alternative) -> bool:
    for shape in shapes:  # noqa: SIM110 - a generator takes three times as long
        if shape.excluded:
            return True
    return False


def _not_excluded(values: Iterable[object], shapes: Alternative) -> list[object]:
    """null, true or false: those that no shape excludes."""
    excluded = [value for shape in shapes for value in shape.excluded]
    return [value for value in values if not any(value is one for one in excluded)]
