"""The form of a constraint: what it was made of, as plain JSON. For requests, logs and files.

    {"structgen": 1, "kind": "regex", "pattern": "[0-9]+", "options": {"flags": 32}}

A form names one of the functions below with its arguments. Nothing else can be in it, and nothing in it is executed.
`structgen.from_json` makes the constraint again; docs/start.md has a JSON Schema of all forms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Protocol

from structgen.errors import InvalidOptionError
from structgen.grammar.expressions import Literal
from structgen.grammar.rules import Grammar, Sequence, Terminal
from structgen.language.parts import Alternatives, Concatenated, Repeated
from structgen.language.storing import to_data
from structgen.limits import Limits
from structgen.spans import Leaf, Maybe

VERSION = 1
"""Of the forms. A change after which older forms mean something else, or are not read, counts it up."""

_DEFAULTS: dict[str, Any] = {
    "allow": None,
    "closed": None,
    "ctes": True,
    "dialect": "python",
    "draft": None,
    "ensure_ascii": False,
    "escapes": "any",
    "exact": False,
    "flags": 0,
    "formats": "enforce",
    "import_paths": [],
    "lexer": "contextual",
    "limits": None,
    "name": None,
    "output": "json",
    "property_order": "schema",
    "registry": None,
    "start": "start",
    "strict": True,
    "terminals": {},
    "whitespace": "bounded",
}
"""Options that need not be written. All functions have the same default for an option of one name."""


class Recipe(Protocol):
    """How a constraint was made (`structgen.constraint.Recipe`)."""

    @property
    def function(self) -> Any:
        """The function that makes it."""

    @property
    def arguments(self) -> tuple[Any, ...]:
        """Of the function, by their places."""

    @property
    def options(self) -> dict[str, Any]:
        """Of the function, by their names."""


class Formable(Protocol):
    """What the form of a constraint needs of it."""

    @property
    def grammar(self) -> Grammar:
        """What the mask enforces."""

    @property
    def schema(self) -> Any:
        """What is known of its JSON Schema."""

    @property
    def recipe(self) -> Recipe | None:
        """How it was made."""


def form_of(constraint: Formable) -> dict[str, Any]:
    """The form of a constraint.

    Raises:
        InvalidOptionError: It was made of something that JSON cannot carry, such as a registry of schemas, or in a way
            that forms do not know.
    """
    return {"structgen": VERSION, **_form(constraint)}


def _form(constraint: Formable) -> dict[str, Any]:
    recipe = constraint.recipe
    if recipe is None:
        text = _literal_text(constraint.grammar)
        return {"kind": "grammar", "grammar": to_data(constraint.grammar)} if text is None else _text(text)
    name = recipe.function.__name__
    if name not in _WRITERS:
        raise InvalidOptionError("constraint", name, "cannot be written as JSON")
    return _WRITERS[name](constraint, recipe)


def _with_options(found: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    written = {
        name: _option(name, value)
        for name, value in options.items()
        if not (name in _DEFAULTS and _DEFAULTS[name] == value) and value != Limits()
    }
    return {**found, "options": written} if written else found


def _option(name: str, value: Any) -> Any:
    if type(value).__name__ in ("Limits", "Whitespace"):
        return asdict(value)
    if isinstance(value, (list, tuple)):
        return [_option(name, one) for one in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _option(name, one) for key, one in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise InvalidOptionError(name, value, "cannot be written as JSON")


def _text(text: str) -> dict[str, Any]:
    return {"kind": "text", "text": text}


def _literal_text(grammar: Grammar) -> str | None:
    """The text of a grammar that has just one, as the texts in compositions are."""
    body = grammar.rules[grammar.start]
    if body == Sequence(()):
        return ""
    if isinstance(body, Terminal) and isinstance(body.expression, Literal) and not grammar.ignore:
        return body.expression.text
    return None


def _of_schema(constraint: Formable, recipe: Recipe) -> dict[str, Any]:
    """Of a Python type the schema; its values are then parsed JSON."""
    (given,) = recipe.arguments
    is_schema = isinstance(given, (dict, bool, str, bytes))
    options = dict(recipe.options)
    if not is_schema and options.get("closed") is None and not options.get("exact"):
        options["closed"] = True
    return _with_options({"kind": "json_schema", "schema": constraint.schema.document.root}, options)


def _of_regex(constraint: Formable, recipe: Recipe) -> dict[str, Any]:
    pattern, flags = recipe.arguments
    return _with_options({"kind": "regex", "pattern": pattern}, {"flags": flags, **recipe.options})


def _of_lark(constraint: Formable, recipe: Recipe) -> dict[str, Any]:
    return _with_options({"kind": "lark", "grammar": recipe.arguments[0]}, recipe.options)


def _of_sql(constraint: Formable, recipe: Recipe) -> dict[str, Any]:
    dialect, tables = recipe.arguments
    found = {"kind": "sql", "dialect": dialect, "tables": _option("schema", tables)}
    return _with_options(found, {**recipe.options, "statements": list(recipe.options["statements"])})


def _of_choice(constraint: Formable, recipe: Recipe) -> dict[str, Any]:
    return {"kind": "choice", "texts": list(recipe.arguments[0])}


def _of_until(constraint: Formable, recipe: Recipe) -> dict[str, Any]:
    return {"kind": "until", "marks": list(recipe.arguments)}


def _of_optional(constraint: Formable, recipe: Recipe) -> dict[str, Any]:
    return {"kind": "optional", "part": _part(recipe.arguments[0])}


def _of_repeat(constraint: Formable, recipe: Recipe) -> dict[str, Any]:
    names = ("part", "min", "max")
    given = {**dict(zip(names, recipe.arguments, strict=False)), **recipe.options}
    separator = given.get("separator")
    return {
        "kind": "repeat",
        "part": _part(given["part"]),
        "min": given.get("min", 0),
        "max": given.get("max"),
        **({} if separator is None else {"separator": _part(separator)}),
    }


def _of_composition(constraint: Formable, recipe: Recipe) -> dict[str, Any]:
    return _node(recipe.arguments[0])


def _of_grammar(constraint: Formable, recipe: Recipe) -> dict[str, Any]:
    return {"kind": "grammar", "grammar": to_data(constraint.grammar)}


def _part(part: Any) -> dict[str, Any]:
    return _text(part) if isinstance(part, str) else _form(part)


def _node(node: Any) -> dict[str, Any]:
    if isinstance(node, Leaf):
        return _form(node.part)  # type: ignore[arg-type]
    if isinstance(node, Concatenated):
        return {"kind": "sequence", "parts": [_node(part) for part in node.parts]}
    if isinstance(node, Alternatives):
        return {"kind": "any_of", "parts": [_node(part) for part in node.parts]}
    if isinstance(node, Maybe):
        return {"kind": "optional", "part": _node(node.part)}
    assert isinstance(node, Repeated)
    separator = {} if node.separator is None else {"separator": _node(node.separator)}
    return {"kind": "repeat", "part": _node(node.part), "min": node.min, "max": node.max, **separator}


_WRITERS: dict[str, Callable[[Formable, Recipe], dict[str, Any]]] = {
    "json_schema": _of_schema,
    "regex": _of_regex,
    "_lark_of_source": _of_lark,
    "sql": _of_sql,
    "choice": _of_choice,
    "until": _of_until,
    "optional": _of_optional,
    "repeat": _of_repeat,
    "composed": _of_composition,
    "of_grammar": _of_grammar,
}
"""By the name of the function that makes such a constraint."""
