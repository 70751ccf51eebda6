"""from_json(): a constraint of its form (`structgen.forms`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, reduce
from operator import add, or_
from typing import Any

from structgen.constraint import Constraint
from structgen.errors import InvalidFormError
from structgen.formats.json import Whitespace
from structgen.forms import VERSION
from structgen.frontends.choice import choice
from structgen.frontends.composition import optional, repeat, until
from structgen.frontends.conversion import of_grammar
from structgen.frontends.json_schema.build import json_schema
from structgen.frontends.lark.build import lark
from structgen.frontends.regex import regex
from structgen.frontends.sql.build import sql
from structgen.language.storing import from_data
from structgen.limits import LIMITS, Limits
from structgen.options import check_option

_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT, "minItems": 1}
_FORM = {"$ref": "#/$defs/form"}
_FORMS = {"type": "array", "items": _FORM, "minItems": 1}
_COUNT = {"type": "integer", "minimum": 0}
_OPTIONS = {"type": "object"}

_FIELDS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "json_schema": ({"schema": {"type": ["object", "boolean"]}, "options": _OPTIONS}, ("schema",)),
    "regex": ({"pattern": _TEXT, "options": _OPTIONS}, ("pattern",)),
    "lark": ({"grammar": _TEXT, "options": _OPTIONS}, ("grammar",)),
    "sql": ({"dialect": _TEXT, "tables": {"type": ["object", "null"]}, "options": _OPTIONS}, ("dialect",)),
    "choice": ({"texts": _TEXTS}, ("texts",)),
    "text": ({"text": _TEXT}, ("text",)),
    "until": ({"marks": _TEXTS}, ("marks",)),
    "optional": ({"part": _FORM}, ("part",)),
    "repeat": (
        {"part": _FORM, "min": _COUNT, "max": {**_COUNT, "type": ["integer", "null"]}, "separator": _FORM},
        ("part",),
    ),
    "sequence": ({"parts": _FORMS}, ("parts",)),
    "any_of": ({"parts": _FORMS}, ("parts",)),
    "grammar": ({"grammar": {"type": "object"}}, ("grammar",)),
}
"""What a form of each kind has, and what of it must be there."""

FORM_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A constraint of structgen",
    "type": "object",
    "properties": {"structgen": {"const": VERSION}},
    "required": ["structgen", "kind"],
    "$ref": "#/$defs/form",
    "$defs": {
        "form": {
            "type": "object",
            "properties": {"kind": {"enum": list(_FIELDS)}},
            "required": ["kind"],
            "allOf": [
                {
                    "if": {"properties": {"kind": {"const": kind}}},
                    "then": {
                        "properties": {"structgen": True, "kind": True, **fields},
                        "required": list(required),
                        "additionalProperties": False,
                    },
                }
                for kind, (fields, required) in _FIELDS.items()
            ],
        }
    },
}
"""A JSON Schema of all forms."""


def from_json(form: str | bytes | Mapping[str, Any], *, limits: Limits | None = None) -> Constraint:
    """The constraint of a form that `Constraint.to_json()` wrote.

    Args:
        form: the JSON text, or what it parses to.
        limits: what compiling and masking may cost, whatever the form says; None: what it says.

    Returns:
        A constraint with the same texts. One that was made of a Python type has parsed JSON as its values, as forms
        hold schemas.

    Raises:
        InvalidFormError: It is not a form, or one of another version. Names the place by JSON Pointer.
        StructgenError: What the function raises that makes the constraint.

    Safe for forms of strangers: a form names one of structgen's own functions, and nothing in it is executed. What it
    may cost is bounded by `limits`.

    >>> from structgen import regex
    >>> from_json(regex("[0-9]+").to_json())
    <Constraint regex '[0-9]+'>
    """
    check_option("limits", limits, LIMITS)
    data = form if isinstance(form, Mapping) else _loaded(form)
    if isinstance(data, Mapping) and data.get("structgen", VERSION) != VERSION:
        reason = f"version {data['structgen']!r} is not known, only {VERSION}: update structgen"
        raise InvalidFormError("#/structgen", reason)
    data = _plain(data)
    _check(data)
    found = _made(data, limits)
    return found if limits is None or found.limits == limits else _limited(found, limits)


def _limited(constraint: Constraint, limits: Limits) -> Constraint:
    """The same constraint with other limits."""
    found = replace(constraint, limits=limits)
    recipe = constraint.recipe
    return found if recipe is None else found.made_by(recipe.function, *recipe.arguments, **recipe.options)


def _loaded(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidFormError("#", f"not JSON: {error}") from None
    except TypeError:
        raise InvalidFormError("#", f"{text!r:.100} is not the text or the value of a form") from None


def _plain(data: Any) -> Any:
    return {key: data[key] for key in data} if isinstance(data, Mapping) else data


@cache
def _validator() -> Any:
    import jsonschema

    return jsonschema.Draft202012Validator(FORM_SCHEMA)


def _check(data: Any) -> None:
    import jsonschema.exceptions

    try:
        error = jsonschema.exceptions.best_match(_validator().iter_errors(data))
    except RecursionError:
        raise InvalidFormError("#", "nests too deeply") from None
    if error is not None:
        raise InvalidFormError("/".join(map(str, ("#", *error.absolute_path))), error.message)


def _made(form: Mapping[str, Any], limits: Limits | None) -> Constraint:
    kind = form["kind"]
    if kind in _COMPOSED:
        return _COMPOSED[kind](form, lambda one: _made(one, limits))
    options = dict(form.get("options", {}))
    if "limits" in options or limits is not None:
        options["limits"] = limits or Limits(**options["limits"])
    if isinstance(options.get("whitespace"), dict):
        options["whitespace"] = Whitespace(**options["whitespace"])
    try:
        return _MAKERS[kind](form, options)
    except TypeError as error:  # a name that is no option
        raise InvalidFormError("#/options", str(error)) from None


def _text(text: str) -> Constraint:
    return choice([text])


_MAKERS: dict[str, Callable[[Mapping[str, Any], dict[str, Any]], Constraint]] = {
    "json_schema": lambda form, options: json_schema(form["schema"], **options),
    "regex": lambda form, options: regex(form["pattern"], **options),
    "lark": lambda form, options: _lark(form["grammar"], options),
    "sql": lambda form, options: sql(form["dialect"], form.get("tables"), **options),
    "choice": lambda form, options: choice(form["texts"]),
    "text": lambda form, options: _text(form["text"]),
    "until": lambda form, options: until(*form["marks"]),
    "grammar": lambda form, options: _grammar(form["grammar"]),
}

_Part = Callable[[Mapping[str, Any]], Constraint]

_COMPOSED: dict[str, Callable[[Mapping[str, Any], _Part], Constraint]] = {
    "optional": lambda form, made: optional(_of(form["part"], made)),
    "repeat": lambda form, made: repeat(
        _of(form["part"], made),
        form.get("min", 0),
        form.get("max"),
        separator=None if "separator" not in form else _of(form["separator"], made),
    ),
    "sequence": lambda form, made: _joined(add, form, made),
    "any_of": lambda form, made: _joined(or_, form, made),
}


def _of(form: Mapping[str, Any], made: _Part) -> Constraint | str:
    """A part of a composition; a text stays one."""
    return form["text"] if form["kind"] == "text" else made(form)


def _joined(operator: Callable[[Any, Any], Any], form: Mapping[str, Any], made: _Part) -> Constraint:
    first, *others = (_of(part, made) for part in form["parts"])
    return reduce(operator, others, _text(first) if isinstance(first, str) else first)


def _lark(text: str, options: dict[str, Any]) -> Constraint:
    # A line break, as a text without one could be taken for a path or a name.
    paths = options.pop("import_paths", [])
    if paths:
        raise InvalidFormError("#/options/import_paths", "files are not read for a form")
    return lark(text if "\n" in text else f"{text}\n", **options)


def _grammar(data: dict[str, Any]) -> Constraint:
    try:
        return of_grammar(from_data(data))
    except (ValueError, TypeError, LookupError) as error:
        raise InvalidFormError("#/grammar", str(error)) from None
