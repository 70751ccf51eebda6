"""Rules of values in Python's or Gemma's spelling.

value(rules, tool, schema, style)    a value of a schema
pairs(rules, tool, schema, style)    the properties of an object, each a name, a sign and a value

Each value may also be written as JSON, with the words of Python where the style has them. What a schema says nothing
of is any value in the same spelling; names in it differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from structgen.calling.emission import ANNOTATIONS, Rules, resolved, string_texts, subschema
from structgen.calling.tool import Tool
from structgen.calling.wire import without
from structgen.formats.spelling import Spelling, any_of, common_ranges
from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    CharSet,
    Expression,
    Literal,
    charset,
    concat,
    intersection,
    invert,
    repeat,
    union,
)
from structgen.grammar.rules import (
    Choice,
    Effect,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
)

_PLAIN_STRING = frozenset({"type", *ANNOTATIONS})
_PLAIN_ARRAY = frozenset({"type", "items", "minItems", "maxItems", *ANNOTATIONS})
_PLAIN_OBJECT = frozenset({"type", "properties", "required", "additionalProperties", *ANNOTATIONS})
_SCALARS = {"type": ["null", "boolean", "number"]}
_NESTED = 24


@dataclass(frozen=True)
class Style:
    """How values are spelled that are not JSON.

    Attributes:
        quote: around raw strings; empty: JSON's strings, and Python's with single quotes.
        bare_keys: keys have no quotes, and properties are sorted.
        words: True: `True` may be written for `true`, and so on.
    """

    quote: str = ""
    bare_keys: bool = False
    words: bool = False


def value(rules: Rules, tool: Tool, schema: Any, style: Style, depth: int = 0) -> RuleExpression:
    """A value of a schema in a style."""
    schema = resolved(tool, schema)
    choices = _alternatives(schema)
    if choices is not None and depth < _NESTED:
        return Choice(tuple(value(rules, tool, one, style, depth + 1) for one in choices))
    made = None
    if not _says_something(schema):
        made = _anything(rules, style)
    elif isinstance(schema, Mapping) and (kind := _kind(schema)) in _OF_KIND:
        made = _OF_KIND[kind](rules, tool, schema, style, depth)
    if made is not None and style.bare_keys:
        return made
    as_json = rules.add(subschema(tool, schema), words=style.words)
    return as_json if made is None else Choice((as_json, made))


def pairs(
    rules: Rules, tool: Tool, schema: Mapping[str, Any], style: Style, depth: int = 0, sign: str = ":"
) -> tuple[RuleExpression, ...]:
    """The properties of an object, each a name, a sign and a value."""
    names = list(schema.get("properties", {}))
    required = schema.get("required", ())
    found = []
    for name in sorted(names) if style.bare_keys else names:
        of_name = value(rules, tool, schema["properties"][name], style, depth)
        pair = Sequence((_name(name, sign, style), of_name))
        found.append(pair if name in required else Repetition(pair, 0, 1))
    return tuple(found)


def _name(name: str, sign: str, style: Style) -> Terminal:
    if style.bare_keys or sign != ":":
        return _terminal(name + sign)
    quoted = concat(Literal("'"), PYTHON.literal(name), Literal("'"))
    return Terminal(repr(name), concat(quoted, Literal(sign), _SPACE))


# By kind; None: JSON only


def _string(
    rules: Rules, tool: Tool, schema: Mapping[str, Any], style: Style, depth: int
) -> RuleExpression | None:
    if style.quote:
        return _quoted(rules, string_texts(schema) or ANY_TEXT, style)
    if not style.words:
        return None
    if schema.keys() <= _PLAIN_STRING:
        return _SINGLE_QUOTED
    texts = PYTHON(string_texts(schema) or ANY_TEXT)
    return Terminal("a string in single quotes", concat(Literal("'"), texts, Literal("'")))


def _array(
    rules: Rules, tool: Tool, schema: Mapping[str, Any], style: Style, depth: int
) -> RuleExpression | None:
    if not schema.keys() <= _PLAIN_ARRAY and not style.bare_keys:
        return None
    if "items" not in schema:
        return _anything(rules, style, "items")
    if depth >= _NESTED:
        return None
    items = value(rules, tool, schema["items"], style, depth + 1)
    return _listed(Repetition(items, schema.get("minItems", 0), schema.get("maxItems")))


def _object(
    rules: Rules, tool: Tool, schema: Mapping[str, Any], style: Style, depth: int
) -> RuleExpression | None:
    is_plain = schema.keys() <= _PLAIN_OBJECT
    if depth >= _NESTED or not (is_plain or (style.bare_keys and "properties" in schema)):
        return None
    if "properties" not in schema:
        if schema.get("required"):
            return None
        others = schema.get("additionalProperties", True)
        if others is True or others == {}:
            return _anything(rules, style, "properties")
        return _named(style, None if others is False else value(rules, tool, others, style, depth + 1))
    inside = Sequence(pairs(rules, tool, schema, style, depth + 1), _COMMA)
    return Sequence((_terminal("{"), inside, _terminal("}")))


_Made = Callable[[Rules, Tool, Mapping[str, Any], Style, int], RuleExpression | None]
_OF_KIND: dict[Any, _Made] = {"string": _string, "array": _array, "object": _object}


def _quoted(rules: Rules, texts: Expression, style: Style) -> RuleExpression:
    closed = rules.wire.ending(intersection(texts, without((style.quote,))), "a string", (style.quote,))
    return Sequence((rules.wire.literal(style.quote), closed))


def _anything(rules: Rules, style: Style, part: str = "value") -> RuleExpression | None:
    """Any value, array (`items`) or object (`properties`) of a style; None: JSON says it already."""
    if not style.words:
        return None
    prefix = f"any {style.quote}"
    if f"{prefix} value" not in rules.rules:
        of_any = Reference(f"{prefix} value")
        rules.rules[f"{prefix} value"] = Sequence(())
        string = _quoted(rules, ANY_TEXT, style) if style.quote else _SINGLE_QUOTED
        scalars = rules.add(subschema(_NO_TOOL, _SCALARS if style.quote else True), words=True)
        containers = (Reference(f"{prefix} items"), Reference(f"{prefix} properties"))
        rules.rules[f"{prefix} value"] = Choice((string, scalars, *containers))
        rules.rules[f"{prefix} items"] = _listed(Repetition(of_any, 0, None))
        rules.rules[f"{prefix} properties"] = _named(style, of_any)
    return Reference(f"{prefix} {part}")


def _listed(items: RuleExpression) -> RuleExpression:
    return Sequence((_terminal("["), Sequence((items,), _COMMA), _terminal("]")))


def _named(style: Style, of_name: RuleExpression | None) -> RuleExpression:
    """An object whose names are not declared, and differ."""
    if of_name is None:
        return Sequence((_terminal("{"), _terminal("}")))
    sign = Terminal("':'", Literal(":") if style.bare_keys else concat(Literal(":"), _SPACE))
    pair = Sequence((_BARE_NAME if style.bare_keys else _QUOTED_NAME, sign, of_name))
    inside = Sequence((Repetition(pair, 0, None),), _COMMA)
    return Sequence((_terminal("{", "open"), inside, _terminal("}", "close")))


def _kind(schema: Mapping[str, Any]) -> str | None:
    """The type of a schema, if it has one only."""
    if isinstance(schema.get("type"), str):
        return str(schema["type"])
    values = schema.get("enum", [schema["const"]] if "const" in schema else ())
    return "string" if values and all(isinstance(one, str) for one in values) else None


def _says_something(schema: Any) -> bool:
    return schema is False or (isinstance(schema, Mapping) and not schema.keys() <= ANNOTATIONS)


def _alternatives(schema: Any) -> list[Any] | None:
    if not isinstance(schema, Mapping):
        return None
    shared = {key for key in schema if key not in ANNOTATIONS}
    for key in ("anyOf", "oneOf"):
        if shared == {key}:
            return list(schema[key])
    if isinstance(schema.get("type"), list) and not shared & {"enum", "const"}:
        return [{**schema, "type": one} for one in schema["type"]]
    return None


def _terminal(text: str, effect: Effect | None = None) -> Terminal:
    return Terminal(repr(text), Literal(text), effect=effect)


# Spelling of Python's strings

_RAW = CharSet(((0x20, 0x26), (0x28, 0x5B), (0x5D, 0x7E), (0x80, 0x10FFFF)))
_ESCAPES = {
    code: "\\" + {0x27: "'", 0x5C: "\\", 9: "t", 10: "n", 13: "r"}.get(code, f"x{code:02x}")
    for code in (*range(0x20), 0x27, 0x5C, 0x7F)
}


def _python_chars(chars: CharSet) -> Expression:
    escaped: list[Expression] = [
        Literal(written)
        for code, written in _ESCAPES.items()
        if any(first <= code <= last for first, last in chars.ranges)
    ]
    return any_of(common_ranges(chars, _RAW), escaped)


class _Python(Spelling):
    """As `repr` writes strings between single quotes."""

    def literal(self, text: str) -> Expression:
        return Literal("".join(_ESCAPES.get(ord(char), char) for char in text))


PYTHON = _Python("python", _python_chars(ANY_CHAR), _python_chars, is_single=True)
_SPACE = repeat(Literal(" "), 0, 1)
_COMMA = Terminal(",", concat(Literal(","), _SPACE))
_HEX = charset("0123456789abcdefABCDEF")
_SINGLE_QUOTED = Terminal(
    "a string in single quotes",
    concat(
        Literal("'"),
        repeat(
            union(
                invert(charset("'\\", (0, 0x1F), 0x7F)),
                concat(Literal("\\"), charset("'\\nrt\"")),
                concat(Literal("\\x"), repeat(_HEX, 2, 2)),
                # Not a surrogate: U+D800 to U+DFFF are no characters of a text.
                concat(Literal("\\u"), charset("0123456789abcefABCEF"), repeat(_HEX, 3, 3)),
                concat(Literal("\\u"), charset("dD"), charset("01234567"), repeat(_HEX, 2, 2)),
            )
        ),
        Literal("'"),
    ),
)
_QUOTED_NAME = Terminal("a name", concat(Literal("'"), PYTHON.text, Literal("'")), effect="record")
_BARE_NAME = Terminal(
    "a name", repeat(invert(charset(" :,=(){}[]<>|\"'\\", (0, 0x1F), 0x7F)), 1, None), effect="record"
)
_NO_TOOL = Tool.of({"name": "any", "parameters": {"type": "object"}})
