"""JSON with exact indentation, as `json.dumps(..., indent=2)` writes it.

A line break is followed by so many spaces as its level needs, which a context-free rule does not know. So each rule is
made for each level at which it is needed. Values that may contain themselves have bounded whitespace from some level on
(`json.py`), so any depth can be written.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from structgen.formats.json import SPELLINGS, JsonText, Punctuation, Whitespace, exactly, punctuation
from structgen.formats.spelling import Spelling
from structgen.formats.structure import (
    NOTHING,
    SEPARATOR,
    Array,
    Container,
    Filled,
    Item,
    Object,
    Pair,
    Structured,
    changed,
    recursive,
)
from structgen.grammar.expressions import Expression, Literal, concat
from structgen.grammar.rules import Choice, Grammar, Reference, RuleExpression, Sequence, Terminal

DEEPEST = 10
"""The level from which on values that may contain themselves have bounded whitespace."""

_EMPTY_OBJECT, _EMPTY_ARRAY = Terminal('"{}"', Literal("{}")), Terminal('"[]"', Literal("[]"))


class IndentedJson(JsonText, Structured):
    """JSON in which each property and each item is on a line of its own."""

    compares_items = True

    def __init__(self, spelling: Spelling, whitespace: Whitespace, marks: Punctuation) -> None:
        self.spelling = spelling
        self._whitespace = whitespace
        self._marks = marks

    def array(self, inside: RuleExpression | None) -> RuleExpression:
        """An `Array` that opens with the terminal of its punctuation, whose effect says if items are compared."""
        return Array((self._marks.open_array, *([] if inside is None else [inside]), self._marks.close_array))

    def distinct(self, *, many: bool) -> IndentedJson:
        """The same; brackets and commas of arrays compare the items."""
        return IndentedJson(self.spelling, self._whitespace, self._marks.distinct(many=many))

    def grammar(self, start: RuleExpression, rules: dict[str, RuleExpression]) -> Grammar:
        """The rules, laid out level by level."""
        return _Levels(rules, self._whitespace).grammar(start)


@lru_cache(maxsize=64)
def indented_json(whitespace: Whitespace, escapes: str, ensure_ascii: bool) -> IndentedJson:
    """JSON with exact indentation."""
    return IndentedJson(SPELLINGS[escapes, ensure_ascii], whitespace, exactly(whitespace))


class _Levels:
    """Lays rules out: each at each level, as far as they are needed; `marks` says if items are compared."""

    def __init__(self, rules: dict[str, RuleExpression], whitespace: Whitespace) -> None:
        self._source = dict(rules)
        self._recursive = recursive(self._source)
        self._filled = Filled(self._source)
        self._whitespace = whitespace
        self._exact, self._bounded = exactly(whitespace), punctuation("bounded")
        self._rules: dict[str, RuleExpression] = {}
        self._todo: list[tuple[str, str, int | None, Punctuation]] = []

    def grammar(self, start: RuleExpression) -> Grammar:
        self._rules["start"] = self._value(start, 0)
        while self._todo:
            name, made, level, marks = self._todo.pop()
            body = self._source[name]
            inside = made.endswith(" inside")
            self._rules[made] = self._inside(body, level, marks) if inside else self._value(body, level)
        return Grammar(self._rules)

    def _reference(self, name: str, level: int | None, marks: Punctuation | None = None) -> Reference:
        """A rule at a level, or with bounded whitespace; with `marks`, as a part of what is inside a container."""
        made = f"{name} {'deep' if level is None else level}"
        if marks is not None:
            made += f" {marks.open_array.effect} inside"
        if made not in self._rules:
            self._rules[made] = NOTHING  # takes the name
            self._todo.append((name, made, level, marks or self._exact))
        return Reference(made)

    def _value(self, body: RuleExpression, level: int | None) -> RuleExpression:
        if isinstance(body, Choice):
            return Choice(tuple(self._value(option, level) for option in body.options))
        if isinstance(body, Reference):
            is_deep = level is None or (level >= DEEPEST and body.name in self._recursive)
            return self._reference(body.name, None if is_deep else level)
        if not isinstance(body, Container):
            return body
        marks = _like(self._bounded if level is None else self._exact, body)
        opening, closing = _brackets(marks, body)
        if level is None:
            return Sequence((opening, self._inside(body.inside, None, marks), closing))
        return self._lines(body, level, opening, closing, marks)

    def _lines(
        self, body: Container, level: int, opening: Terminal, closing: Terminal, marks: Punctuation
    ) -> RuleExpression:
        """A container with its parts on lines of their own, or empty."""
        options: list[RuleExpression] = []
        if self._filled.is_nullable(body.inside):
            options.append(_EMPTY_OBJECT if isinstance(body, Object) else _EMPTY_ARRAY)
        inside = self._filled.of(body.inside)
        if inside is not None:
            first = _around(opening, after=self._whitespace.line(level + 1))
            last = _around(closing, before=self._whitespace.line(level))
            options.append(Sequence((first, self._inside(inside, level + 1, marks), last)))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _inside(self, body: RuleExpression, level: int | None, marks: Punctuation) -> RuleExpression:
        if body is SEPARATOR:
            return marks.comma if level is None else _around(marks.comma, after=self._whitespace.line(level))
        if isinstance(body, Reference):
            return self._reference(body.name, level, marks)
        if isinstance(body, Pair):
            return Sequence((body.name, marks.colon, self._value(body.value, level)))
        if isinstance(body, Item):
            return self._value(body.value, level)
        return changed(body, lambda part: self._inside(part, level, marks))


def _brackets(marks: Punctuation, body: Container) -> tuple[Terminal, Terminal]:
    """What opens and closes a container."""
    if isinstance(body, Object):
        return marks.open_object, marks.close_object
    return marks.open_array, marks.close_array


def _like(marks: Punctuation, body: Container) -> Punctuation:
    """Punctuation that compares items if a container does."""
    opening = body.parts[0]
    effect = opening.effect if isinstance(opening, Terminal) else None
    if effect in ("open items", "open many items"):
        return marks.distinct(many=effect == "open many items")
    return marks


@lru_cache(maxsize=1024)
def _around(mark: Terminal, before: str = "", after: str = "") -> Terminal:
    """A structural terminal with whitespace around it."""
    expression: Expression = concat(Literal(before), mark.expression, Literal(after))
    return replace(mark, expression=expression)
