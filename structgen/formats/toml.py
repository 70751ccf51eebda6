r"""TOML 1.0: properties on lines of their own, objects as tables. The reader is `tomllib`.

A document is an object. Its text:

    line     name = value
    table    [path], and then the lines of an object, and the tables in it

All lines of an object come before all tables in it, or they would belong to these. A property is a table if it has a
declared name and can only be an object; tables nest three deep at most. Everything else is on a line: an object there
is an inline table, `{ a = 1 }`, on one line; an array may extend over several.

Names are bare where they can be, or in double quotes. Strings have one spelling: double quotes, and escapes only for
what needs them. So names that no schema declares are recorded, and none comes twice, which TOML forbids. A scope for
them begins with the header of a table; it need not end, as no line comes back to it.

TOML has no null, and not every reader knows integers of more than 64 bits: neither is written. Strings stay strings:
a date is written in quotes, and validation refuses one that is not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence as Path
from importlib import import_module
from typing import Any, TypeGuard

from structgen.errors import EmptyLanguageError, StructgenError
from structgen.formats.format import check_value
from structgen.formats.json import BOUNDED
from structgen.formats.spelling import QUOTE, UNQUOTED, CodePointSpelling
from structgen.formats.structure import (
    NOTHING,
    SEPARATOR,
    Change,
    Filled,
    Item,
    Object,
    Pair,
    Structured,
    changed,
)
from structgen.formats.structure import Array as ArrayNode
from structgen.grammar.expressions import (
    CharSet,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Union,
    charset,
    concat,
    optional,
    repeat,
    union,
)
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
)
from structgen.language.productive import is_productive

DEEPEST = 3
"""How deep tables nest; objects in them are inline."""

_MOST_TABLES = 200
"""Tables of one schema; further ones are inline."""

_BLANK = optional(Literal(" "))
_BREAK = Terminal("the next line", Literal("\n"))
_END = Terminal("the end of the last line", Literal("\n"))
_EQUALS = Terminal('"="', concat(_BLANK, Literal("="), _BLANK))
_OPEN_OBJECT = Terminal('"{"', concat(Literal("{"), _BLANK), effect="open")
_CLOSE_OBJECT = Terminal('"}"', concat(_BLANK, Literal("}")), effect="close")
_COMMA_OF_OBJECTS = Terminal('","', concat(Literal(","), _BLANK))
_OPEN_ARRAY = Terminal('"["', concat(Literal("["), BOUNDED), effect="open")
_CLOSE_ARRAY = Terminal('"]"', concat(BOUNDED, Literal("]")), effect="close")
_COMMA_OF_ARRAYS = Terminal('","', concat(BOUNDED, Literal(","), BOUNDED))

BARE = repeat(charset("-_", (0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)), 1)
"""Names without quotes."""

_DIGIT, _NONZERO = charset("0123456789"), charset("123456789")


def _too_large() -> Expression:
    """Integers that 64 bits do not hold."""
    most = "9223372036854775807"
    larger = [
        concat(
            Literal(most[:place]),
            charset((ord(most[place]) + 1, 0x39)),
            repeat(_DIGIT, len(most) - place - 1, len(most) - place - 1),
        )
        for place in range(len(most))
        if most[place] != "9"
    ]
    return concat(optional(Literal("-")), union(concat(_NONZERO, repeat(_DIGIT, len(most))), *larger))


_WRITABLE = Complement(union(_too_large(), Literal("null")))
_MOST_INTEGER = 2**63 - 1


class TomlSpelling(CodePointSpelling):
    """Strings of TOML in double quotes, and names that are bare where they can be."""

    def string(self, texts: Expression) -> Expression:
        """The strings that mean the texts of an expression."""
        return (
            Literal(f'"{self.literal(texts.text).text}"')
            if isinstance(texts, Literal)
            else super().string(texts)
        )

    def property_name(self, texts: Expression) -> Expression:
        """The names that mean the texts of an expression: each bare or quoted, never both."""
        if isinstance(texts, Literal):
            return texts if is_bare(texts.text) else self.string(texts)
        parts = texts.parts if isinstance(texts, Intersection) else (texts,)
        quoted = self(Intersection((*parts, Complement(BARE))))
        return union(Intersection((*parts, BARE)), concat(QUOTE, quoted, QUOTE))


def is_bare(name: str) -> bool:
    """Returns True if a name may stand without quotes."""
    return name.isascii() and name.replace("-", "_").replace("_", "a").isalnum()


_TOML = TomlSpelling("toml", CharSet((*UNQUOTED, (0x80, 0x10FFFF))), is_single=True)
_TOML_ASCII = TomlSpelling("toml, ascii", CharSet(UNQUOTED), is_single=True)


class Toml(Structured):
    """TOML in one layout."""

    title = "TOML"
    spelling: TomlSpelling
    has_null = False
    records_names = True

    def __init__(self, spelling: TomlSpelling) -> None:
        self.spelling = spelling

    def grammar(self, start: RuleExpression, rules: dict[str, RuleExpression]) -> Grammar:
        """The rules of a document, laid out in lines and tables; one line break may end the text.

        Raises:
            EmptyLanguageError: The schema allows no object.
        """
        return _Tables(rules).grammar(start)

    def parse(self, text: str, *, distinct: bool = True) -> Any:
        """The value of a text; TOML forbids names that come twice. Dates are no values of JSON."""
        value = _reader().loads(text)
        check_value(value)
        return value

    def span_of(self, text: str, path: Path[str | int]) -> tuple[int, int]:
        """The whole text: the reader does not say where values stand."""
        return 0, len(text)

    def write(self, value: Any) -> str:
        """A document; objects in it are tables, as deep as tables nest.

        Raises:
            ValueError: The value is no object, or there is a null in it.
        """
        if not isinstance(value, dict):
            raise ValueError("a TOML document is an object")
        return "\n".join(self._document(value, ())) + "\n"

    def _document(self, value: dict[str, Any], path: tuple[str, ...]) -> list[str]:
        lines = [f"[{'.'.join(path)}]"] if path else []
        tables: list[str] = []
        for name, one in value.items():
            if isinstance(one, dict) and len(path) < DEEPEST:
                tables += ["", *self._document(one, (*path, self._name(name)))]
            else:
                lines.append(f"{self._name(name)} = {self._inline(one)}")
        return [*lines, *tables] if lines else tables[1:]

    def _inline(self, value: Any) -> str:
        if isinstance(value, dict):
            pairs = ", ".join(f"{self._name(name)} = {self._inline(one)}" for name, one in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        if isinstance(value, list):
            return f"[{', '.join(map(self._inline, value))}]"
        if isinstance(value, str):
            return f'"{self.spelling.literal(value).text}"'
        if value is None:
            raise ValueError("TOML cannot write null")
        return json.dumps(value)

    def _name(self, name: str) -> str:
        return name if is_bare(name) else self._inline(name)


_FORMAT, _ASCII_FORMAT = Toml(_TOML), Toml(_TOML_ASCII)


def toml_format(ensure_ascii: bool = False) -> Toml:
    """TOML; with `ensure_ascii`, what is not ASCII is escaped."""
    return _ASCII_FORMAT if ensure_ascii else _FORMAT


def _reader() -> Any:
    """The module that reads TOML.

    Raises:
        StructgenError: It is missing, before Python 3.11.
    """
    try:
        return import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    except ImportError:
        raise StructgenError(
            "TOML is read by tomli before Python 3.11: pip install 'structgen-decoding[toml]'"
        ) from None


class _Tables:
    """Lays rules out: as tables with their paths, as lines, and inline; as far as they are needed."""

    def __init__(self, rules: dict[str, RuleExpression]) -> None:
        self._source = dict(rules)
        self._filled = Filled(self._source)
        self._rules: dict[str, RuleExpression] = {}
        self._todo: list[tuple[str, str, tuple[str, ...], str]] = []
        self._tables = 0

    def grammar(self, start: RuleExpression) -> Grammar:
        table = self._table(start, ())
        self._rules["start"] = Sequence((table, Repetition(_END, 0, 1)))
        by_path = {"table": self._table, "tables": self._tables_of}
        anywhere = {"lines": self._lines, "value": self._value, "pairs": self._pairs, "items": self._items}
        while self._todo:
            name, kind, path, made = self._todo.pop()
            body = self._source[name]
            self._rules[made] = by_path[kind](body, path) if kind in by_path else anywhere[kind](body)
        if not is_productive(self._rules["start"], self._rules):
            raise EmptyLanguageError("a TOML document is an object, and the schema allows none")
        return Grammar(self._rules)

    def _reference(self, name: str, kind: str, path: tuple[str, ...] = ()) -> Reference:
        made = f"{name} {kind} {'.'.join(path)}"
        if made not in self._rules:
            self._rules[made] = NOTHING  # takes the name
            self._todo.append((name, kind, path, made))
        return Reference(made)

    # Tables

    def _table(self, body: RuleExpression, path: tuple[str, ...]) -> RuleExpression:
        """An object as a table, after its header if it has a path; other values are none."""
        if isinstance(body, Choice):
            return Choice(tuple(self._table(option, path) for option in body.options))
        if isinstance(body, Reference):
            return self._reference(body.name, "table", path)
        if not isinstance(body, Object):
            return Choice(())
        header = [_header(path)] if path else []
        return Sequence((*header, *self._inside(body.inside, path)), _BREAK)

    def _inside(self, inside: RuleExpression, path: tuple[str, ...]) -> list[RuleExpression]:
        """Lines, and then tables, none of them empty."""
        if not _is_list(inside):
            return self._present(inside, self._lines)
        lines: list[RuleExpression] = []
        tables: list[RuleExpression] = []
        for part in inside.parts:
            (tables if self._becomes_table(part, len(path)) else lines).append(part)
        self._tables += len(tables)
        if isinstance(inside, Sequence):
            return [*map(self._lines, lines), *(self._tables_of(part, path) for part in tables)]
        return [
            *self._present(Permutation(tuple(lines), SEPARATOR), self._lines),
            *self._present(Permutation(tuple(tables), SEPARATOR), lambda part: self._tables_of(part, path)),
        ]

    def _present(self, inside: RuleExpression, lay_out: Change) -> list[RuleExpression]:
        """What is inside as one part that is not empty, and may be missing if `inside` may be empty."""
        filled = self._filled.of(inside)
        if filled is None:
            return []
        part = lay_out(filled)
        return [Repetition(part, 0, 1) if self._filled.is_nullable(inside) else part]

    def _tables_of(self, body: RuleExpression, path: tuple[str, ...]) -> RuleExpression:
        """Pairs as tables."""
        if body is SEPARATOR:
            return _BREAK
        if isinstance(body, Reference):
            return self._reference(body.name, "tables", path)
        if isinstance(body, Pair):
            return self._table(body.value, (*path, _text_of(body.name) or ""))
        return changed(body, lambda part: self._tables_of(part, path))

    def _becomes_table(self, part: RuleExpression, depth: int) -> bool:
        if isinstance(part, Repetition):
            part = part.part
        return (
            isinstance(part, Pair)
            and depth < DEEPEST
            and self._tables < _MOST_TABLES
            and _text_of(part.name) is not None
            and self._is_table(part.value)
        )

    def _is_table(self, body: RuleExpression) -> bool:
        """Returns True if a value can only be objects."""
        if isinstance(body, Choice):
            return bool(body.options) and all(map(self._is_table, body.options))
        return (
            self._is_table(self._source[body.name])
            if isinstance(body, Reference)
            else isinstance(body, Object)
        )

    # Lines

    def _lines(self, body: RuleExpression) -> RuleExpression:
        """Pairs on lines of their own."""
        if body is SEPARATOR:
            return _BREAK
        if isinstance(body, Reference):
            return self._reference(body.name, "lines")
        if isinstance(body, Pair):
            return Sequence((body.name, _EQUALS, self._value(body.value)))
        return changed(body, self._lines)

    # Values

    def _value(self, body: RuleExpression) -> RuleExpression:
        if isinstance(body, Terminal):
            return _scalar(body)
        if isinstance(body, Choice):
            return Choice(tuple(map(self._value, body.options)))
        if isinstance(body, Reference):
            return self._reference(body.name, "value")
        if isinstance(body, Object):
            return Sequence((_OPEN_OBJECT, self._pairs(body.inside), _CLOSE_OBJECT))
        assert isinstance(body, ArrayNode)
        return Sequence((_OPEN_ARRAY, self._items(body.inside), _CLOSE_ARRAY))

    def _pairs(self, body: RuleExpression) -> RuleExpression:
        """Pairs of an inline table."""
        if body is SEPARATOR:
            return _COMMA_OF_OBJECTS
        if isinstance(body, Reference):
            return self._reference(body.name, "pairs")
        if isinstance(body, Pair):
            return Sequence((body.name, _EQUALS, self._value(body.value)))
        return changed(body, self._pairs)

    def _items(self, body: RuleExpression) -> RuleExpression:
        """Items of an array."""
        if body is SEPARATOR:
            return _COMMA_OF_ARRAYS
        if isinstance(body, Reference):
            return self._reference(body.name, "items")
        if isinstance(body, Item):
            return self._value(body.value)
        return changed(body, self._items)


def _header(path: tuple[str, ...]) -> Terminal:
    """The header of a table, after an empty line or none."""
    name = f"[{'.'.join(path)}]"
    return Terminal(name, concat(optional(Literal("\n")), Literal(name)), effect="open")


def _is_list(inside: RuleExpression) -> TypeGuard[Sequence | Permutation]:
    """Returns True if it is pairs, each of which may be missing or repeated, with separators between them."""
    return (
        isinstance(inside, (Sequence, Permutation))
        and inside.separator is SEPARATOR
        and all(isinstance(part, (Pair, Repetition)) for part in inside.parts)
    )


def _text_of(name: Terminal) -> str | None:
    """The text of a declared name; None for names that are not declared."""
    return name.expression.text if name.effect is None and isinstance(name.expression, Literal) else None


def _scalar(body: Terminal) -> RuleExpression:
    """A scalar, as far as TOML can write it."""
    parts = body.expression.parts if isinstance(body.expression, Union) else (body.expression,)
    texts = [part.text for part in parts if isinstance(part, Literal)]
    if len(texts) == len(parts):
        writable = [text for text in texts if _is_writable(text)]
        if len(writable) == len(texts):
            return body
        return Terminal(body.name, union(*map(Literal, writable))) if writable else Choice(())
    if _is_quoted(body.expression):
        return body
    return Terminal(body.name, Intersection((body.expression, _WRITABLE)), effect=body.effect)


def _is_writable(text: str) -> bool:
    if text == "null":
        return False
    return not text.lstrip("-").isdecimal() or -_MOST_INTEGER <= int(text) <= _MOST_INTEGER


def _is_quoted(expression: Expression) -> bool:
    """Returns True if these are strings."""
    if isinstance(expression, Union):
        return all(map(_is_quoted, expression.parts))
    if isinstance(expression, Intersection):
        return any(map(_is_quoted, expression.parts))
    first = expression.parts[0] if isinstance(expression, Concat) and expression.parts else expression
    return isinstance(first, Literal) and first.text.startswith('"')
