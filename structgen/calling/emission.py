"""Rules of the arguments of tools, for all bodies.

Rules(wire).json(constraint)       JSON, as `json_schema` makes it
Rules(wire).loose(schema, style)   values in Python's or Gemma's spelling
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from structgen.calling.tool import Tool
from structgen.calling.wire import Wire, without
from structgen.constraint import Constraint
from structgen.errors import InvalidGrammarError, InvalidSchemaError, InvalidToolError, UnsupportedSchemaError
from structgen.formats.json import BOUNDED
from structgen.formats.spelling import CANONICAL
from structgen.frontends.json_schema import json_schema
from structgen.frontends.json_schema.strings.formats import KNOWN, format_texts
from structgen.frontends.json_schema.strings.patterns import parse_pattern
from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    Expression,
    Literal,
    Union,
    charset,
    concat,
    intersection,
    invert,
    repeat,
    union,
)
from structgen.grammar.rules import (
    Choice,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
)
from structgen.language.renaming import embedded, rewritten

_PYTHON_WORDS = {"true": "True", "false": "False", "null": "None"}
_ANNOTATIONS = frozenset({"title", "description", "default", "examples", "$comment", "deprecated"})
_PLAIN_STRING = frozenset({"type", *_ANNOTATIONS})
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


class Rules:
    """The rules of one grammar while it is built.

    Args:
        wire: which markers are tokens.
    """

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.rules: dict[str, RuleExpression] = {}
        self._known: dict[tuple[int, bool], Reference] = {}
        self._kept: list[Constraint] = []

    def add(self, constraint: Constraint, *, words: bool = False) -> Reference:
        """A constraint as a rule; `words`: with Python's `True`, `False` and `None`, too."""
        key = (id(constraint), words)
        if key not in self._known:
            self._kept.append(constraint)
            prefix = f"{len(self._known)}."
            rules = embedded(constraint.grammar, prefix)
            if words:
                rules = {name: rewritten(body, _with_words) for name, body in rules.items()}
            self.rules.update(rules)
            self._known[key] = Reference(prefix + constraint.grammar.start)
        return self._known[key]

    def arguments(self, tool: Tool) -> RuleExpression:
        """The arguments of a tool as a JSON object; the input of a custom tool is a string in it."""
        if not tool.is_custom:
            return self.add(tool.input)
        opening = concat(
            Literal("{"), BOUNDED, Literal('"input"'), BOUNDED, Literal(":"), BOUNDED, Literal('"')
        )
        closing = concat(Literal('"'), BOUNDED, Literal("}"))
        inside = Constraint(
            replace(
                tool.input.grammar,
                rules={name: rewritten(body, _spelled) for name, body in tool.input.grammar.rules.items()},
                ignore=tuple(_spelled(one) for one in tool.input.grammar.ignore),  # type: ignore[misc]
            )
        )
        return Sequence((Terminal('{"input": "', opening), self.add(inside), Terminal('"}', closing)))

    def loose(self, tool: Tool, schema: Any, style: Style, depth: int = 0) -> RuleExpression:
        """A value of a schema in a spelling that is not JSON."""
        schema = resolved(tool, schema)
        choices = _alternatives(schema)
        if choices is not None and depth < _NESTED:
            return Choice(tuple(self.loose(tool, one, style, depth + 1) for one in choices))
        kind = schema.get("type") if isinstance(schema, Mapping) else None
        if kind == "string" and style.quote:
            return self._quoted(schema, style)
        if kind == "string" and style.words and schema.keys() <= _PLAIN_STRING:
            return Choice((self.add(subschema(tool, schema)), _SINGLE_QUOTED))
        if kind == "array" and "items" in schema and style.bare_keys and depth < _NESTED:
            items = self.loose(tool, schema["items"], style, depth + 1)
            least, most = schema.get("minItems", 0), schema.get("maxItems")
            inside = Sequence((Repetition(items, least, most),), _COMMA)
            return Sequence((_terminal("["), inside, _terminal("]")))
        if kind == "object" and style.bare_keys and "properties" in schema and depth < _NESTED:
            pairs = self.pairs(tool, schema, style, depth + 1)
            return Sequence((_terminal("{"), Sequence(pairs, _COMMA), _terminal("}")))
        return self.add(subschema(tool, schema), words=style.words)

    def pairs(
        self, tool: Tool, schema: Mapping[str, Any], style: Style, depth: int = 0, sign: str = ":"
    ) -> tuple[RuleExpression, ...]:
        """The properties of an object, each a name, a sign and a value."""
        names = list(schema.get("properties", {}))
        required = schema.get("required", ())
        found = []
        for name in sorted(names) if style.bare_keys else names:
            value = self.loose(tool, schema["properties"][name], style, depth)
            pair = Sequence((_terminal(name + sign), value))
            found.append(pair if name in required else Repetition(pair, 0, 1))
        return tuple(found)

    def _quoted(self, schema: Mapping[str, Any], style: Style) -> RuleExpression:
        texts = intersection(string_texts(schema) or ANY_TEXT, without((style.quote,)))
        closed = self.wire.ending(texts, "a string", (style.quote,))
        return Sequence((self.wire.literal(style.quote), closed))


_COMMA = Terminal(",", concat(Literal(","), repeat(Literal(" "), 0, 1)))
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


def _terminal(text: str) -> Terminal:
    return Terminal(repr(text), Literal(text))


def _with_words(leaf: RuleExpression) -> RuleExpression:
    return replace(leaf, expression=_words(leaf.expression)) if isinstance(leaf, Terminal) else leaf


def _words(expression: Expression) -> Expression:
    if isinstance(expression, Literal) and expression.text in _PYTHON_WORDS:
        return union(Literal(_PYTHON_WORDS[expression.text]), expression)
    return union(*map(_words, expression.parts)) if isinstance(expression, Union) else expression


def _spelled(leaf: RuleExpression) -> RuleExpression:
    if not isinstance(leaf, Terminal):
        return leaf
    return replace(leaf, expression=CANONICAL(leaf.expression), guard=CANONICAL(leaf.guard))


def resolved(tool: Tool, schema: Any) -> Any:
    """The schema that a reference within the tool's schema leads to."""
    for _ in range(_NESTED):
        if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str):
            break
        target: Any = tool.schema
        for step in schema["$ref"].removeprefix("#").split("/")[1:]:
            target = (
                target.get(step.replace("~1", "/").replace("~0", "~"))
                if isinstance(target, Mapping)
                else None
            )
        if target is None:
            break
        schema = target
    return schema


def subschema(tool: Tool, schema: Any) -> Constraint:
    """The constraint of one value of a tool."""
    whole = schema if isinstance(schema, Mapping) else (True if schema is None else schema)
    if isinstance(whole, Mapping):
        definitions = {key: tool.schema[key] for key in ("$defs", "definitions") if key in tool.schema}
        whole = {**definitions, **whole}
    try:
        return json_schema(whole, closed=True)
    except (InvalidSchemaError, UnsupportedSchemaError, InvalidGrammarError) as error:
        raise InvalidToolError(tool.name, str(error)) from error


def _alternatives(schema: Any) -> list[Any] | None:
    if not isinstance(schema, Mapping):
        return None
    shared = {key for key in schema if key not in _ANNOTATIONS}
    for key in ("anyOf", "oneOf"):
        if shared == {key}:
            return list(schema[key])
    if isinstance(schema.get("type"), list) and not shared & {"enum", "const"}:
        return [{**schema, "type": one} for one in schema["type"]]
    return None


def string_texts(schema: Mapping[str, Any]) -> Expression | None:
    """The texts of a schema of strings; None if it has keywords that are read only from JSON."""
    texts: list[Expression] = []
    if "enum" in schema:
        texts.append(union(*(Literal(one) for one in schema["enum"] if isinstance(one, str))))
    if isinstance(schema.get("const"), str):
        texts.append(Literal(schema["const"]))
    if "pattern" in schema:
        texts.append(parse_pattern(schema["pattern"]))
    if "minLength" in schema or "maxLength" in schema:
        texts.append(repeat(ANY_CHAR, schema.get("minLength", 0), schema.get("maxLength")))
    if "format" in schema:
        texts.append(_of_format(schema["format"]))
    return intersection(*texts) if texts else ANY_TEXT


def _of_format(form: str) -> Expression:
    return format_texts(form) if form in KNOWN else ANY_TEXT
