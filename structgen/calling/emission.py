"""Rules of the arguments of tools, for all bodies.

Rules(wire).add(constraint)         JSON, as `json_schema` makes it
Rules(wire).arguments(tool)         the arguments of a tool as one JSON object

Values in other spellings are those of `values.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from structgen.calling.tool import Tool
from structgen.calling.wire import Wire
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
    concat,
    intersection,
    repeat,
    union,
)
from structgen.grammar.rules import (
    Choice,
    Reference,
    RuleExpression,
    Sequence,
    Terminal,
)
from structgen.language.renaming import embedded, rewritten

_PYTHON_WORDS = {"true": "True", "false": "False", "null": "None"}
ANNOTATIONS = frozenset({"title", "description", "default", "examples", "$comment", "deprecated"})
_NESTED = 24


Embedded = dict[tuple[int, bool, str], tuple[Constraint, Reference, dict[str, RuleExpression]]]
"""By constraint and what `Rules.add` was told: the constraint, its rule, and all rules that belong to it."""


class Rules:
    """The rules of one grammar while it is built.

    Args:
        wire: which markers are tokens.
        embedded: rules of constraints that another grammar of the same tools has made.
    """

    def __init__(self, wire: Wire, embedded: Embedded | None = None) -> None:
        self.wire = wire
        self.rules: dict[str, RuleExpression] = {}
        self._embedded: Embedded = {} if embedded is None else embedded

    def add(self, constraint: Constraint, *, words: bool = False, closing: str = "") -> Reference:
        """A constraint as a rule.

        Args:
            constraint: of the value.
            words: with Python's `True`, `False` and `None`, too.
            closing: what stands after each terminal, for constraints whose texts are one terminal each.
        """
        key = (id(constraint), words, closing)
        if key not in self._embedded:
            prefix = f"{len(self._embedded)}."
            rules = embedded(constraint.grammar, prefix)
            if words:
                rules = {name: rewritten(body, _with_words) for name, body in rules.items()}
            if closing:
                rules = {name: rewritten(body, partial(_closed, closing)) for name, body in rules.items()}
            self._embedded[key] = (constraint, Reference(prefix + constraint.grammar.start), rules)
        _, start, rules = self._embedded[key]
        self.rules.update(rules)
        return start

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


def _with_words(leaf: RuleExpression) -> RuleExpression:
    return replace(leaf, expression=_words(leaf.expression)) if isinstance(leaf, Terminal) else leaf


def _closed(closing: str, leaf: RuleExpression) -> RuleExpression:
    if not isinstance(leaf, Terminal):
        return leaf
    return replace(leaf, expression=concat(leaf.expression, Literal(closing)))


def is_in_one_piece(constraint: Constraint) -> bool:
    """Returns True if each text of a constraint is one terminal."""
    bodies = list(constraint.grammar.rules.values())
    while bodies:
        body = bodies.pop()
        if isinstance(body, Choice):
            bodies += body.options
        elif not isinstance(body, (Terminal, Reference)):
            return False
    return not constraint.grammar.ignore


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
