"""Tool: what a model may call. Made of a function, a type, or the dict of a provider's API."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from structgen.calling.docstrings import read_docstring
from structgen.constraint import Constraint
from structgen.errors import InvalidGrammarError, InvalidSchemaError, InvalidToolError, UnsupportedSchemaError
from structgen.frontends.json_schema import json_schema
from structgen.frontends.lark import lark
from structgen.frontends.regex import regex
from structgen.grammar.expressions import ANY_TEXT
from structgen.grammar.rules import Grammar, Repetition, Terminal

_ANY_OBJECT = {"type": "object"}
_NO_ARGUMENTS = {"type": "object", "properties": {}, "additionalProperties": False}


@dataclass(frozen=True)
class Tool:
    """What a model may call.

    Attributes:
        name: what the model calls it by.
        description: what it is for; the chat template shows it to the model.
        input: what a call carries: a constraint of a JSON object (its arguments), or any other one (the text of a
            custom tool).
        function: is run by `Call.run`; None if there is none.
        parameters: the JSON Schema of the arguments, for the chat template.
    """

    name: str
    description: str
    input: Constraint
    function: Callable[..., Any] | None = None
    parameters: Mapping[str, Any] | None = None

    @property
    def is_custom(self) -> bool:
        """Returns True if the input is text, and no object of arguments."""
        return not self.input.is_json

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of the arguments; that of one text, `input`, if the tool is custom."""
        if self.is_custom:
            properties = {"input": {"type": "string"}}
            return {
                "type": "object",
                "properties": properties,
                "required": ["input"],
                "additionalProperties": False,
            }
        assert self.input.schema is not None
        root = self.input.schema.document.root
        return root if isinstance(root, Mapping) else _ANY_OBJECT

    def to_openai(self) -> dict[str, Any]:
        """The tool as OpenAI's Chat API has it, which chat templates read."""
        shown = self.parameters if self.parameters is not None else self.schema
        return {
            "type": "function",
            "function": {"name": self.name, "description": self.description, "parameters": dict(shown)},
        }

    @staticmethod
    def of(source: Any) -> Tool:
        """The tool that something stands for.

        Args:
            source: a `Tool`; a function with annotations, whose docstring (Google's, numpy's or reST's style)
                describes it and its arguments; a pydantic model, dataclass or TypedDict, of which a call is an
                instance; or the dict of a tool in OpenAI's APIs (Chat or Responses, custom tools too), Anthropic's
                or MCP's.

        Raises:
            InvalidToolError: It is none of these, or its schema is malformed.
        """
        if isinstance(source, Tool):
            return source
        if isinstance(source, Mapping):
            return _of_dict(source)
        if isinstance(source, (type, functools.partial)) or inspect.isroutine(source):
            return _of_python(source)
        raise InvalidToolError(
            repr(source)[:80], "is no tool: give a function, a type, a dict of an API, or a Tool"
        )


def _of_python(source: Any) -> Tool:
    of_function = source.func if isinstance(source, functools.partial) else source
    name = getattr(of_function, "__name__", "")
    if not name or name == "<lambda>":
        raise InvalidToolError(repr(source)[:80], "has no name: make a Tool of it")
    description, arguments = read_docstring(of_function)
    if isinstance(source, type) and description.startswith(f"{name}("):
        description = ""  # the one that dataclasses write themselves
    found = _compiled(name, source, True)
    assert found.schema is not None
    root = dict(found.schema.document.root)
    properties = {
        key: {**value, "description": arguments[key]}
        if isinstance(value, Mapping) and key in arguments
        else value
        for key, value in root.get("properties", {}).items()
    }
    function = source if inspect.isroutine(source) or isinstance(source, functools.partial) else None
    return Tool(name, description, found, function, {**root, "properties": properties})


def _of_dict(source: Mapping[str, Any]) -> Tool:
    if source.get("type") == "custom" or isinstance(source.get("custom"), Mapping):
        return _custom(source.get("custom", source))
    entry = source.get("function", source)
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        raise InvalidToolError(repr(source)[:80], "has no name")
    name = entry["name"]
    schema = next(
        (entry[key] for key in ("parameters", "input_schema", "inputSchema") if entry.get(key) is not None),
        _NO_ARGUMENTS,
    )
    is_free = entry.get("strict", source.get("strict")) is False
    found = _compiled(name, _ANY_OBJECT if is_free else schema, False)
    return Tool(name, str(entry.get("description") or ""), found, None, schema)


def _compiled(name: str, schema: Any, is_type: bool) -> Constraint:
    try:
        if is_type:
            return json_schema(schema)
        if isinstance(schema, Mapping):
            schema = {"type": "object", **schema}
            declared = schema.get("properties")
            if schema["type"] == "object" and declared and "additionalProperties" not in schema:
                return json_schema(schema, closed=True)
        return json_schema(schema)
    except (InvalidSchemaError, UnsupportedSchemaError, InvalidGrammarError) as error:
        raise InvalidToolError(name, str(error)) from error


def _custom(entry: Mapping[str, Any]) -> Tool:
    name = entry.get("name")
    if not isinstance(name, str):
        raise InvalidToolError(repr(entry)[:80], "has no name")
    form = entry.get("format") or {"type": "text"}
    description = str(entry.get("description") or "")
    grammar = form.get("grammar", form)
    if form.get("type") == "grammar":
        read: Callable[..., Constraint] | None
        read = {"lark": lark, "regex": regex}.get(str(grammar.get("syntax")))  # type: ignore[assignment]
        if read is None:
            raise InvalidToolError(name, f"the syntax {grammar.get('syntax')!r} is neither lark nor regex")
        try:
            return Tool(name, description, read(grammar["definition"]))
        except (KeyError, InvalidGrammarError) as error:
            raise InvalidToolError(name, str(error)) from error
    text = Repetition(Terminal("any text", ANY_TEXT), 0, 1)
    return Tool(name, description, Constraint(Grammar({"start": text}), description="any text"))
