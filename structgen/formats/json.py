"""JSON: structural characters with the whitespace around them, the strict parser, the printer.

Every structural character is one terminal that carries the whitespace next to it, so that a text takes few terminals
and none is ignored:

    open_object   "{" w        open_array   "[" w        comma   w "," w
    close_object  w "}"        close_array  w "]"        colon   w ":" w

Brackets open and close a scope, in which names that are not declared, and scalars that must differ, are recorded. Those
of `distinct` arrays, and their commas, compare items of any kind.

Values have no whitespace of their own. What w is:

    bounded   at most one space, or a line break and up to 64 spaces or tabs: all that `json.dumps` writes, with any
              separators and indentation, and no more, so that a model cannot write spaces for ever
    compact   nothing
    any       JSON's own whitespace, without bound; also before the first character of the text and after the last
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from collections.abc import Sequence as Path
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from structgen.errors import InvalidOptionError
from structgen.formats.format import DuplicateName, Format
from structgen.formats.spelling import ASCII, CANONICAL, EVERY, NEEDED, NEEDED_ASCII, Spelling
from structgen.grammar.expressions import (
    EPSILON,
    CharSet,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
    charset,
    concat,
    optional,
    repeat,
    union,
)
from structgen.grammar.rules import Grammar, Repetition, RuleExpression, Sequence, Terminal
from structgen.options import Whole, check_option

MAX_INDENTATION = 64

BOUNDED = optional(union(Literal(" "), concat(Literal("\n"), repeat(charset(" \t"), 0, MAX_INDENTATION))))
ANY = repeat(charset(" \t\n\r"))
_MODES: dict[str, Expression] = {"bounded": BOUNDED, "compact": EPSILON, "any": ANY}
_BLANKS = " \t\n\r"
_JSON_WHITESPACE = frozenset(map(ord, _BLANKS))
SPELLINGS = {
    ("any", False): CANONICAL,
    ("any", True): ASCII,
    ("needed", False): NEEDED,
    ("needed", True): NEEDED_ASCII,
}


@dataclass(frozen=True, slots=True)
class Whitespace:
    """Whitespace exactly as `json.dumps` writes it with the same options.

    Attributes:
        item_separator: stands between the items of arrays and the properties of objects. By default ", ", or "," with
            an indentation.
        key_separator: stands between a name and its value.
        indent: None: everything is on one line. Otherwise each item and each property is on a line of its own, which
            is indented by so many spaces, or by this string, for each level.

    Raises:
        InvalidOptionError: A separator is something else than a comma, or a colon, with whitespace around it; or the
            indentation is no number of spaces up to 64 and no whitespace.

    >>> Whitespace(indent=2).separators
    (',', ': ')
    """

    item_separator: str | None = None
    key_separator: str = ": "
    indent: int | str | None = None

    def __post_init__(self) -> None:
        for name, mark, separator in (
            ("item_separator", ",", self.separators[0]),
            ("key_separator", ":", self.key_separator),
        ):
            if not isinstance(separator, str) or separator.strip(_BLANKS) != mark:
                raise InvalidOptionError(
                    name, separator, f"must be {mark!r} with whitespace around it, or without"
                )
        if isinstance(self.indent, str):
            if self.indent.strip(" \t") or len(self.indent) > MAX_INDENTATION:
                raise InvalidOptionError(
                    "indent", self.indent, f"must be up to {MAX_INDENTATION} spaces and tabs"
                )
        else:
            check_option("indent", self.indent, (Whole(0, MAX_INDENTATION), None), or_else="spaces and tabs")

    @property
    def separators(self) -> tuple[str, str]:
        """What stands between items, and between names and values."""
        between = ", " if self.indent is None else ","
        return between if self.item_separator is None else self.item_separator, self.key_separator

    def line(self, level: int) -> str:
        """A line break, and the indentation of a level."""
        step = " " * self.indent if isinstance(self.indent, int) else self.indent or ""
        return "\n" + step * level


@dataclass(frozen=True, slots=True)
class Punctuation:
    """The structural terminals of JSON with one kind of whitespace.

    Attributes:
        open_object: and the other five, see above.
        around: what may stand before and after the whole value, if anything may.
    """

    open_object: Terminal
    close_object: Terminal
    open_array: Terminal
    close_array: Terminal
    comma: Terminal
    colon: Terminal
    around: RuleExpression | None = None

    def distinct(self, *, many: bool) -> Punctuation:
        """The same for an array whose items must differ; `many`: they never run out (see `Terminal.effect`)."""
        return replace(
            self,
            open_array=replace(self.open_array, effect="open many items" if many else "open items"),
            close_array=replace(self.close_array, effect="close items"),
            comma=replace(self.comma, effect="item"),
        )

    def surround(self, value: RuleExpression) -> RuleExpression:
        """The whole text, of which `value` is the value."""
        return value if self.around is None else Sequence((self.around, value, self.around))


def punctuation(whitespace: str | Whitespace | Expression) -> Punctuation:
    """The structural terminals for a mode, for exact separators, or for an expression that says what w is.

    Raises:
        InvalidOptionError: The expression has characters that are no whitespace.
    """
    if isinstance(whitespace, Expression):
        _check(whitespace)
        return _make(whitespace, None)
    return exactly(whitespace) if isinstance(whitespace, Whitespace) else _of_mode(whitespace)


@lru_cache
def _of_mode(mode: str) -> Punctuation:
    around = None
    if mode == "any":
        around = Repetition(Terminal("whitespace", repeat(charset(" \t\n\r"), 1)), 0, 1)
    return _make(_MODES[mode], around)


def exactly(whitespace: Whitespace) -> Punctuation:
    """The structural terminals with the separators of some whitespace, and nothing around them."""
    comma, colon = whitespace.separators
    made = _make(EPSILON, None)
    return replace(
        made,
        comma=replace(made.comma, expression=Literal(comma)),
        colon=replace(made.colon, expression=Literal(colon)),
    )


def _make(white: Expression, around: RuleExpression | None) -> Punctuation:
    return Punctuation(
        open_object=Terminal('"{"', concat(Literal("{"), white), effect="open"),
        close_object=Terminal('"}"', concat(white, Literal("}")), effect="close"),
        open_array=Terminal('"["', concat(Literal("["), white), effect="open"),
        close_array=Terminal('"]"', concat(white, Literal("]")), effect="close"),
        comma=Terminal('","', concat(white, Literal(","), white)),
        colon=Terminal('":"', concat(white, Literal(":"), white)),
        around=around,
    )


def _check(white: Expression) -> None:
    """What is denoted positively must be whitespace; a complement is the caller's to restrict."""
    stack = [white]
    while stack:
        node = stack.pop()
        chars: set[int] = set()
        if isinstance(node, Literal):
            chars = set(map(ord, node.text))
        elif isinstance(node, CharSet):
            chars = {code for first, last in node.ranges for code in (first, last)}
            if any(last - first > 4 for first, last in node.ranges):
                chars.add(-1)
        elif isinstance(node, Repeat):
            stack.append(node.part)
        elif isinstance(node, (Concat, Union)):
            stack.extend(node.parts)
        elif isinstance(node, Intersection):
            stack.extend([part for part in node.parts if not isinstance(part, Complement)][:1])
        if not chars <= _JSON_WHITESPACE:
            raise InvalidOptionError("whitespace", white, "has characters that are no whitespace of JSON")


class JsonText(Format):
    """What all formats of JSON have in common: the parser and the printer."""

    title = "JSON"
    records_names = True
    compares_items = True

    def parse(self, text: str, *, distinct: bool = True) -> Any:
        """The value of a text; NaN and infinity are no JSON."""
        hook = _distinct if distinct else None
        return json.loads(text, parse_constant=_no_constant, object_pairs_hook=hook)

    def span_of(self, text: str, path: Path[str | int]) -> tuple[int, int]:
        """Where the value stands that a path leads to."""
        return _span_of(text, path)

    def write(self, value: Any, *, indent: int | None = None) -> str:
        """JSON of a value, as `json.dumps` writes it, to any depth.

        A lone surrogate is written as an escape, an infinite number as one beyond all bounds, NaN as null.
        """
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
        except (RecursionError, ValueError):
            text = "".join(_written(value))
        return text if text.isascii() else _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class Json(JsonText):
    """JSON with one spelling of strings and one kind of whitespace."""

    def __init__(self, spelling: Spelling, marks: Punctuation) -> None:
        self.spelling = spelling
        self._marks = marks
        self.separator = marks.comma

    def pair(self, name: Terminal, value: RuleExpression) -> RuleExpression:
        """The name, a colon, the value."""
        return Sequence((name, self._marks.colon, value))

    def item(self, value: RuleExpression) -> RuleExpression:
        """The value itself."""
        return value

    def object(self, inside: RuleExpression | None) -> RuleExpression:
        """What is inside, in braces."""
        return Sequence(
            (self._marks.open_object, *([] if inside is None else [inside]), self._marks.close_object)
        )

    def array(self, inside: RuleExpression | None) -> RuleExpression:
        """What is inside, in brackets."""
        return Sequence(
            (self._marks.open_array, *([] if inside is None else [inside]), self._marks.close_array)
        )

    def distinct(self, *, many: bool) -> Json:
        """The same; brackets and commas of arrays compare the items."""
        return Json(self.spelling, self._marks.distinct(many=many))

    def grammar(self, start: RuleExpression, rules: dict[str, RuleExpression]) -> Grammar:
        """The rules as they are, with whitespace around the whole value where that is allowed."""
        rules["start"] = self._marks.surround(start)
        return Grammar(rules)


def json_format(
    whitespace: str | Whitespace | Expression = "bounded", escapes: str = "any", ensure_ascii: bool = False
) -> Json:
    """JSON with some options of `json_schema`, on one line if `whitespace` is exact. Equal options give one object.

    Raises:
        InvalidOptionError: `whitespace` is an expression of other characters than whitespace.
    """
    return _json_format(whitespace, escapes, ensure_ascii)


@lru_cache(maxsize=64)
def _json_format(whitespace: str | Whitespace | Expression, escapes: str, ensure_ascii: bool) -> Json:
    return Json(SPELLINGS[escapes, ensure_ascii], punctuation(whitespace))


EVERY_JSON = Json(EVERY, punctuation("any"))
"""Any whitespace, and every spelling of strings."""


_SURROGATE = re.compile("[\ud800-\udfff]")


def _written(value: Any) -> Iterator[str]:
    """The parts of a JSON text, without recursion."""
    stack: list[tuple[bool, Any]] = [(True, value)]
    while stack:
        is_value, data = stack.pop()
        if not is_value:
            yield data
        elif isinstance(data, (dict, list)):
            yield "{" if isinstance(data, dict) else "["
            stack.append((False, "}" if isinstance(data, dict) else "]"))
            stack += _inside(data)
        else:
            yield _scalar(data)


def _inside(container: dict[str, Any] | list[Any]) -> list[tuple[bool, Any]]:
    """What stands between the brackets, last first."""
    found: list[tuple[bool, Any]] = []
    if isinstance(container, dict):
        for name, one in reversed(container.items()):
            found += [(True, one), (False, f"{json.dumps(name, ensure_ascii=False)}: "), (False, ", ")]
    else:
        for one in reversed(container):
            found += [(True, one), (False, ", ")]
    return found[:-1]  # nothing stands before the first


def _scalar(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "null" if math.isnan(value) else "1e999" if value > 0 else "-1e999"
    return json.dumps(value, ensure_ascii=False)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        raise DuplicateName(f"the name {json.dumps(twice, ensure_ascii=False)} comes twice in an object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_WHITE = re.compile(r"[ \t\n\r]*")


def _span_of(text: str, path: Path[str | int]) -> tuple[int, int]:
    decode = json.JSONDecoder().raw_decode
    at = _skip(text, 0)
    for step in path:
        at = _skip(text, at + 1)
        found, index = at, 0
        while at < len(text) and text[at] not in "]}":
            name: Any = index
            if isinstance(step, str):
                name, at = decode(text, at)
                at = _skip(text, _skip(text, at) + 1)
            if name == step:
                found = at
            at = _skip(text, decode(text, at)[1])
            if text[at] == ",":
                at = _skip(text, at + 1)
            index += 1
        at = found
    return at, decode(text, at)[1]


def _skip(text: str, at: int) -> int:
    found = _WHITE.match(text, at)
    assert found is not None
    return found.end()
