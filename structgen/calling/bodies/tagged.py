"""Each argument of a call stands between two literals: raw text if it is a string, and JSON if not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from structgen.calling.bodies.body import Body, RawCall
from structgen.calling.bodies.names import head_at
from structgen.calling.emission import Rules, is_in_one_piece, resolved, string_texts, subschema
from structgen.calling.loose import LooseReader
from structgen.calling.tool import Tool
from structgen.calling.wire import Malformed, json_at, match, skip_blanks, without
from structgen.constraint import Constraint
from structgen.grammar.expressions import (
    ANY_TEXT,
    Complement,
    Expression,
    Literal,
    charset,
    concat,
    intersection,
    optional,
    repeat,
    union,
)
from structgen.grammar.rules import Choice, Repetition, RuleExpression, Sequence

_BLANK = repeat(charset(" \t\r\n"))
_DIGITS = repeat(charset((0x30, 0x39)), 1)
_NUMBER = concat(
    optional(Literal("-")),
    _DIGITS,
    optional(concat(Literal("."), _DIGITS)),
    optional(concat(charset("eE"), optional(charset("+-")), _DIGITS)),
)
_READ_AS_OTHER: dict[str, Expression] = {
    "null": union(Literal("null"), Literal("None")),
    "boolean": union(*map(Literal, ("true", "false", "True", "False"))),
    "integer": _NUMBER,
    "number": _NUMBER,
    "object": concat(Literal("{"), ANY_TEXT),
    "array": concat(Literal("["), ANY_TEXT),
}
_KINDS = ("null", "boolean", "number", "integer", "object", "array", "string")
_CONTAINERS = (("string", str), ("object", dict), ("array", list))
_PYTHON = LooseReader()


@dataclass(frozen=True)
class Tagged(Body):
    """Arguments between literals.

    Attributes:
        head: before the first argument, with `{name}`.
        tail: after the last one.
        opening: before a value, with `{key}`, and `{kind}` where the text says if it is a string.
        closing: after a value.
        words: Python's `True`, `False` and `None` may be written, as the family's template does.
        kinds: what `{kind}` is for strings, and for others.
    """

    head: str
    tail: str
    opening: str
    closing: str
    words: bool = False
    kinds: tuple[str, str] | None = None

    def rule(self, tool: Tool, rules: Rules) -> RuleExpression:
        """The texts of a call of a tool."""
        return self.choice([tool], rules)

    def choice(self, tools: Iterable[Tool], rules: Rules) -> RuleExpression:
        """The texts of a call of one of the tools."""
        before, after = self.head.split("{name}")
        opening = (rules.wire.literal(before),) if before else ()
        of_tools = tuple(self._named(tool, after, rules) for tool in tools)
        return Sequence((*opening, Choice(of_tools)))

    def _named(self, tool: Tool, after: str, rules: Rules) -> RuleExpression:
        """The name of a tool and its arguments."""
        properties = tool.schema.get("properties", {})
        required = tool.schema.get("required", ())
        parts = []
        for key, schema in properties.items():
            value = self._value(tool, key, resolved(tool, schema), rules)
            parts.append(value if key in required else Repetition(value, 0, 1))
        head = rules.wire.literal(tool.name + after)
        tail = (rules.wire.literal(self.tail),) if self.tail else ()
        return Sequence((head, *parts, *tail))

    def _value(self, tool: Tool, key: str, schema: Any, rules: Rules) -> RuleExpression:
        kinds = kinds_of(tool, schema)
        wire = rules.wire
        options: list[RuleExpression] = []
        others = tuple(kind for kind in kinds if kind != "string")
        if "string" in kinds:
            texts = self._texts(tool, schema, others)
            ended = wire.ending(
                intersection(texts, without((self.closing.strip(),))), f"a text for {key}", (self.closing,)
            )
            options.append(Sequence((wire.literal(self._opening(key, True)), ended)))
            scalars = tuple(kind for kind in others if kind not in ("object", "array"))
            groups = [scalars, tuple(kind for kind in others if kind not in scalars)]
        else:
            groups = [others]
        for group in filter(None, groups):
            opening = wire.literal(self._opening(key, False))
            value = self._closed(subschema(tool, _only(schema, group)), rules, is_alone=len(groups) == 1)
            options.append(Sequence((opening, value)))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _closed(self, constraint: Constraint, rules: Rules, *, is_alone: bool) -> RuleExpression:
        """A value that is no text, and the closing.

        Where the value may also be a text, both compete as far as into the closing: so a scalar ends with its closing.
        """
        first, *others = rules.wire.pieces(self.closing)
        if is_alone or first in rules.wire.tokens or not is_in_one_piece(constraint):
            return Sequence((rules.add(constraint, words=self.words), rules.wire.literal(self.closing)))
        value = rules.add(constraint, words=self.words, closing=first)
        return Sequence((value, *(rules.wire.literal(one) for one in others)))

    def _texts(self, tool: Tool, schema: Any, others: tuple[str, ...]) -> Expression:
        plain = next((one for one in _options(tool, schema) if "string" in kinds_of(tool, one)), schema)
        texts = string_texts(plain) if isinstance(plain, Mapping) else ANY_TEXT
        if self.kinds is not None or not others:
            return texts or ANY_TEXT
        read_as_other = concat(_BLANK, union(*(_READ_AS_OTHER[kind] for kind in others)), _BLANK)
        return intersection(texts or ANY_TEXT, Complement(read_as_other))

    def _opening(self, key: str, is_string: bool) -> str:
        found = self.opening.replace("{key}", key)
        return found if self.kinds is None else found.replace("{kind}", self.kinds[not is_string])

    def read(self, text: str, at: int, tools: Mapping[str, Tool]) -> RawCall:
        """The call at a place."""
        name, at, _ = head_at(text, at, (self.head,), tools)
        tool = tools[name]
        arguments: dict[str, Any] = {}
        while True:
            found = self.opened(text, at)
            if found is None:
                break
            key, kind, start = found
            raw, at = self.raw(text, start)
            if key in arguments:
                raise Malformed(f"{key!r} is written twice", at)
            arguments[key] = self.value(tool, key, raw, kind, start)
        end = match(text, skip_blanks(text, at), self.tail) if self.tail else at
        if end is None:
            raise Malformed(f"expected {self.tail!r} or an argument of {name}", at)
        return RawCall(name, arguments, end)

    def opened(self, text: str, at: int) -> tuple[str, str | None, int] | None:
        """The key of the argument at a place, its kind where the text says it, and where its value begins."""
        found = _opening_pattern(self.opening).match(text, at)
        return None if found is None else (found["key"], found.groupdict().get("kind"), found.end())

    def is_surely_text(self, tool: Tool, key: str, kind: str | None) -> bool:
        """Returns True if a value can only be a text, whatever is written."""
        if self.kinds is not None and kind is not None:
            return kind == self.kinds[0]
        schema = (tool.schema.get("properties") or {}).get(key, True)
        return kinds_of(tool, resolved(tool, schema)) == ("string",)

    def raw(self, text: str, at: int) -> tuple[str, int]:
        """The text of a value, of which one line break on each side may be layout, and the place after it."""
        ends = [
            (start, start + len(closing))
            for closing in (self.closing, self.closing.strip())
            if (start := text.find(closing, at)) >= 0
        ]
        if not ends:
            raise Malformed(f"expected {self.closing.strip()!r}", at)
        start, end = min(ends)
        return text[at:start], end

    def value(self, tool: Tool, key: str, raw: str, kind: str | None, at: int) -> Any:
        """The value that the text of an argument is.

        Raises:
            Malformed: It is none of its schema's types.
        """
        schema = resolved(tool, (tool.schema.get("properties") or {}).get(key, True))
        kinds = kinds_of(tool, schema)
        if self.kinds is not None and kind == self.kinds[0]:
            return raw
        value, is_other = _other_value(raw)
        if is_other and (_is_of(value, kinds) or "string" not in kinds):
            return value
        if "string" in kinds or key not in (tool.schema.get("properties") or {}):
            return raw
        raise Malformed(f"{key!r} of {tool.name} is no {' or '.join(kinds)}", at)

    def write(self, name: str, arguments: Mapping[str, Any], index: int, tool: Tool) -> str:
        """A call as the template writes it."""
        parts = [self.head.replace("{name}", name)]
        for key, value in arguments.items():
            written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            parts += [self._opening(key, isinstance(value, str)), written, self.closing]
        return "".join([*parts, self.tail])

    def begun(self, text: str, at: int, tools: Mapping[str, Tool]) -> str | None:
        """The name, as soon as it is complete."""
        try:
            return head_at(text, at, (self.head,), tools)[0]
        except ValueError:
            return None


@lru_cache(maxsize=256)
def _opening_pattern(opening: str) -> re.Pattern[str]:
    """Finds an argument's opening. The whitespace before it is layout; one line break after it is, where it has one."""
    breaks = opening[len(opening.rstrip("\n")) :]
    pattern = re.escape(opening.strip())
    pattern = pattern.replace(re.escape("{key}"), r'(?P<key>[^<>"\n]+)').replace(
        re.escape("{kind}"), "(?P<kind>[a-z]+)"
    )
    pattern = re.sub(r"(?:\\\n|\\ )+", lambda found: r"\s*" if "\n" in found[0] else " ", pattern)
    return re.compile(r"\s*" + pattern + ("\n?" if breaks else ""))


def _options(tool: Tool, schema: Any) -> list[Any]:
    if isinstance(schema, Mapping):
        for key in ("anyOf", "oneOf"):
            if isinstance(schema.get(key), list):
                return [resolved(tool, one) for one in schema[key]]
    return [schema]


def kinds_of(tool: Tool, schema: Any) -> tuple[str, ...]:
    """The JSON types that a schema allows, as far as it says so."""
    found: list[str] = []
    for one in _options(tool, schema):
        found += _kinds_of_one(one)
    return tuple(kind for kind in _KINDS if kind in found)


def _kinds_of_one(schema: Any) -> list[str]:
    if not isinstance(schema, Mapping):
        return list(_KINDS)
    declared = schema.get("type")
    if isinstance(declared, str):
        return [declared]
    if isinstance(declared, list):
        return declared
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if values is None:
        return list(_KINDS)
    return [kind for kind in _KINDS if any(_is_of(value, (kind,)) for value in values)]


def _only(schema: Any, kinds: tuple[str, ...]) -> Any:
    """The schema without strings."""
    if not isinstance(schema, Mapping):
        return {"type": list(kinds)}
    if "anyOf" in schema or "oneOf" in schema:
        return {"allOf": [schema], "type": list(kinds)}
    return {**schema, "type": list(kinds) if len(kinds) > 1 else kinds[0]}


def _other_value(raw: str) -> tuple[Any, bool]:
    """The value of a text that is not a string, if it is one."""
    for read in (json_at, _PYTHON.value):
        try:
            value, end = read(raw, 0)
        except Malformed:
            continue
        if skip_blanks(raw, end) == len(raw) and not isinstance(value, str):
            return value, True
    return None, False


def _is_of(value: Any, kinds: tuple[str, ...]) -> bool:
    if value is None:
        return "null" in kinds
    if isinstance(value, bool):
        return "boolean" in kinds
    if isinstance(value, (int, float)):
        return "number" in kinds or "integer" in kinds
    return any(isinstance(value, kind) and name in kinds for name, kind in _CONTAINERS)
