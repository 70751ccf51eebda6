"""Types: a Python type in place of a JSON Schema. The value of a text is then an instance of it.

Each kind of annotation is read once, into a *reading*: its schema, and how a parsed value becomes an instance. Types of
pydantic, and whatever contains one, are left to pydantic itself, which need not be installed otherwise.

    None, bool, int, float, str, Any      as JSON has them; float takes integers too
    list, set, frozenset, Sequence        an array; tuple: of a fixed length, or tuple[X, ...]
    dict[str, X], Mapping                 an object
    Literal, Enum                         one of the values; of an Enum, its member
    Union, Optional, X | Y                any of them, the first that fits
    dataclass, TypedDict                  an object with these properties and no others; defaults make them optional
    NamedTuple                            an array, as `json.dumps` writes it
    datetime, date, time, timedelta       texts, as in RFC 3339 and ISO 8601; a time has no offset
    UUID, Path, IPv4Address, IPv6Address  texts
    Decimal                               a number
    a function                            an object with its arguments, by name
    Annotated                             bounds in the way of annotated-types: Ge, Gt, Le, Lt, MinLen, MaxLen, Interval
"""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import functools
import inspect
import json
import sys
import types
import typing
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Literal, Union

import typing_extensions

from structgen.errors import InvalidSchemaError, InvalidText
from structgen.frontends.standard_types import STANDARD_TYPES, StandardType

_SCALARS: dict[Any, tuple[str, Any]] = {
    type(None): ("null", (type(None),)),
    bool: ("boolean", (bool,)),
    int: ("integer", (int,)),
    float: ("number", (int, float)),
    str: ("string", (str,)),
}
_ARRAYS: dict[Any, Callable[[list[Any]], Any]] = {
    list: list,
    set: set,
    frozenset: frozenset,
    collections.abc.Sequence: list,
    collections.abc.MutableSequence: list,
    collections.abc.Iterable: list,
    collections.abc.Collection: list,
    collections.abc.Set: set,
    collections.abc.MutableSet: set,
}
_OBJECTS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_BOUNDS: dict[str, Any] = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "multiple_of": "multipleOf",
    "min_length": ("minLength", "minItems", "minProperties"),
    "max_length": ("maxLength", "maxItems", "maxProperties"),
    "pattern": "pattern",
}


class _Misfit(Exception):
    """A value is not one of a type."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A type as it was read.

    Attributes:
        schema: what JSON its values have.
        build: makes an instance of a parsed value; raises `_Misfit` if it is none.
    """

    schema: dict[str, Any]
    build: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class PythonType:
    """A type that was given in place of a schema.

    Attributes:
        name: for people.
        schema: the JSON Schema of its values.
        instance: makes an instance; called with a text, the value parsed from it, and whether the text is JSON.
            Raises `InvalidText` if it is none.
    """

    name: str
    schema: dict[str, Any]
    instance: Callable[[str, Any, bool], Any]


def read_type(annotation: Any) -> PythonType:
    """The JSON Schema of a type, and how its instances are made.

    Args:
        annotation: the type.

    Raises:
        InvalidSchemaError: It is not a type, or one that JSON cannot carry.
    """
    if inspect.isroutine(annotation) or isinstance(annotation, functools.partial):
        return read_function(annotation)
    if _is_of_pydantic(annotation, set()):
        return _read_by_pydantic(annotation)
    reader = _Reader()
    return _python_type(_name(annotation), reader, reader.read(annotation))


def read_function(function: Callable[..., Any]) -> PythonType:
    """The JSON Schema of the arguments of a function, as an object; an instance is a dict, for `function(**instance)`.

    Args:
        function: what can be called with keywords. Parameters without an annotation may be anything; those with a
            default may be missing; `**more` allows other names.

    Raises:
        InvalidSchemaError: A parameter can't be passed by name, or has a type that JSON cannot carry.
    """
    name = _name(function)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise InvalidSchemaError("#", f"{name} does not say which arguments it takes") from None
    hints = _hints(function.func if isinstance(function, functools.partial) else function)
    others: Any = False
    fields: dict[str, Any] = {}
    required = []
    for one in parameters:
        if one.kind in (one.POSITIONAL_ONLY, one.VAR_POSITIONAL):
            raise InvalidSchemaError("#", f"{one.name!r} of {name} cannot be passed by name")
        hint = hints.get(one.name, Any)
        if one.kind is one.VAR_KEYWORD:
            others = hint
            continue
        fields[one.name] = hint
        if one.default is one.empty:
            required.append(one.name)
    if any(_is_of_pydantic(hint, set()) for hint in (*fields.values(), others)):
        return _arguments_by_pydantic(name, fields, required, others)
    reader = _Reader()
    readings = {field: reader.read(hint) for field, hint in fields.items()}
    more = None if others is False else reader.read(others)
    return _python_type(name, reader, _members(readings, required, dict, more))


def _python_type(name: str, reader: _Reader, reading: Reading) -> PythonType:
    schema = {**reading.schema, "$defs": reader.definitions} if reader.definitions else reading.schema

    def instance(text: str, value: Any, is_json: bool) -> Any:
        try:
            return reading.build(value)
        except _Misfit as misfit:
            raise InvalidText(text, 0, str(misfit)) from None
        except (TypeError, ValueError) as failure:  # the type's own checks, such as __post_init__
            raise InvalidText(text, 0, f"{name}: {failure}") from failure

    return PythonType(name, schema, instance)


class _Reader:
    """Reads annotations. Classes that can contain themselves become definitions."""

    def __init__(self) -> None:
        self.definitions: dict[str, Any] = {}
        self._classes: dict[Any, Reading] = {}

    def read(self, annotation: Any) -> Reading:
        if annotation is None:
            annotation = type(None)
        if annotation in (Any, object):
            return Reading({}, lambda value: value)
        if isinstance(
            annotation, typing_extensions.TypeAliasType | getattr(typing, "TypeAliasType", type(None))
        ):
            return self.read(annotation.__value__)
        if hasattr(annotation, "__supertype__"):  # NewType
            return self.read(annotation.__supertype__)
        origin = typing_extensions.get_origin(annotation) or annotation
        arguments = typing_extensions.get_args(annotation)
        if not isinstance(origin, Hashable):
            raise InvalidSchemaError("#", f"{annotation!r} is neither a schema nor a type")
        if origin in _SCALARS:
            return _scalar(origin)
        if origin in STANDARD_TYPES:
            return _standard(STANDARD_TYPES[origin])
        if origin is typing_extensions.Annotated:
            return self._annotated(arguments)
        if origin in (typing_extensions.Required, typing_extensions.NotRequired, typing_extensions.ReadOnly):
            return self.read(arguments[0])
        if origin in (Literal, typing_extensions.Literal):
            return _literal(arguments)
        if origin in (Union, types.UnionType):
            return self._union(arguments)
        if origin is tuple:
            return self._tuple(arguments)
        if origin in _ARRAYS:
            return self._array(_ARRAYS[origin], arguments)
        if origin in _OBJECTS:
            return self._object(arguments)
        if isinstance(origin, type):
            return self._class(origin)
        raise InvalidSchemaError("#", f"{annotation!r} is not a type that JSON can carry")

    def _annotated(self, arguments: tuple[Any, ...]) -> Reading:
        reading = self.read(arguments[0])
        keywords: dict[str, Any] = {}
        for extra in arguments[1:]:
            for attribute, keyword in _BOUNDS.items():
                value = getattr(extra, attribute, None)
                if value is None or callable(value):
                    continue
                if isinstance(keyword, tuple):
                    kinds = {"string": 0, "array": 1, "object": 2}
                    keyword = keyword[kinds.get(reading.schema.get("type", ""), 0)]
                keywords[keyword] = getattr(value, "pattern", value)
        if not keywords:
            return reading
        if "$ref" in reading.schema:
            return Reading({"allOf": [reading.schema, keywords]}, reading.build)
        return Reading({**reading.schema, **keywords}, reading.build)

    def _union(self, arguments: tuple[Any, ...]) -> Reading:
        readings = [self.read(argument) for argument in arguments]

        def build(value: Any) -> Any:
            for reading in readings:
                try:
                    return reading.build(value)
                except _Misfit:
                    continue
            raise _Misfit(f"{value!r} fits none of {', '.join(map(_name, arguments))}")

        return Reading({"anyOf": [reading.schema for reading in readings]}, build)

    def _array(self, make: Callable[[list[Any]], Any], arguments: tuple[Any, ...]) -> Reading:
        item = self.read(arguments[0] if arguments else Any)

        def build(value: Any) -> Any:
            return make([item.build(one) for one in _expect(value, list)])

        return Reading({"type": "array", "items": item.schema}, build)

    def _tuple(self, arguments: tuple[Any, ...]) -> Reading:
        if not arguments or arguments[-1] is Ellipsis:
            return self._array(tuple, arguments[:1])
        if arguments == ((),):
            arguments = ()
        return self._row(tuple, [self.read(argument) for argument in arguments], len(arguments))

    def _row(self, make: Callable[[list[Any]], Any], items: list[Reading], least: int) -> Reading:
        def build(value: Any) -> Any:
            if not least <= len(_expect(value, list)) <= len(items):
                raise _Misfit(f"{value!r} does not have {len(items)} items")
            return make([item.build(one) for item, one in zip(items, value, strict=False)])

        schema = {
            "type": "array",
            "prefixItems": [item.schema for item in items],
            "items": False,
            "minItems": least,
        }
        return Reading(schema, build)

    def _object(self, arguments: tuple[Any, ...]) -> Reading:
        key, item = (arguments[0], self.read(arguments[1])) if arguments else (str, self.read(Any))
        if key not in (str, Any):
            raise InvalidSchemaError("#", f"names of properties are texts, not {_name(key)}")

        def build(value: Any) -> Any:
            return {name: item.build(one) for name, one in _expect(value, dict).items()}

        return Reading({"type": "object", "additionalProperties": item.schema}, build)

    def _class(self, kind: type) -> Reading:
        if issubclass(kind, enum.Enum):
            return _enum(kind)
        if kind in self._classes:
            return self._classes[kind]
        name = kind.__name__
        while name in self.definitions:
            name += "_"
        self.definitions[name] = {}
        made: list[Reading] = []
        self._classes[kind] = Reading({"$ref": f"#/$defs/{name}"}, lambda value: made[0].build(value))
        hints = _hints(kind)
        if dataclasses.is_dataclass(kind):
            made.append(self._dataclass(kind, hints))
        elif typing_extensions.is_typeddict(kind):
            made.append(self._typed_dict(kind, hints))
        elif issubclass(kind, tuple) and hasattr(kind, "_fields"):
            fields = [self.read(hints.get(field, Any)) for field in kind._fields]
            least = len(fields) - len(kind._field_defaults)  # type: ignore[attr-defined]
            made.append(self._row(lambda items: kind(*items), fields, least))
        else:
            raise InvalidSchemaError("#", f"{_name(kind)} is not a type that JSON can carry")
        self.definitions[name] = made[0].schema
        return self._classes[kind]

    def _dataclass(self, kind: Any, hints: dict[str, Any]) -> Reading:
        fields = {
            field.name: self.read(hints[field.name]) for field in dataclasses.fields(kind) if field.init
        }
        required = [
            field.name
            for field in dataclasses.fields(kind)
            if field.init
            and field.default is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING
        ]
        return _members(fields, required, lambda members: kind(**members))

    def _typed_dict(self, kind: Any, hints: dict[str, Any]) -> Reading:
        fields = {name: self.read(hint) for name, hint in hints.items()}
        required = []
        for (
            name,
            hint,
        ) in hints.items():  # where annotations are texts, the class itself has not seen NotRequired
            marks = typing_extensions.get_origin(hint)
            if marks is typing_extensions.Required or (
                name in kind.__required_keys__ and marks is not typing_extensions.NotRequired
            ):
                required.append(name)
        return _members(fields, required, dict)


def _members(
    fields: dict[str, Reading],
    required: list[str],
    make: Callable[[dict[str, Any]], Any],
    others: Reading | None = None,
) -> Reading:
    """An object with some fields, and others of one kind if there may be some."""

    def build(value: Any) -> Any:
        is_known = others is not None or _expect(value, dict).keys() <= fields.keys()
        if not is_known or not set(required) <= _expect(value, dict).keys():
            raise _Misfit(f"{value!r} does not have the properties {', '.join(fields)}")
        return make({name: fields.get(name, others).build(one) for name, one in value.items()})  # type: ignore[union-attr]

    schema = {
        "type": "object",
        "properties": {name: field.schema for name, field in fields.items()},
        "required": required,
        "additionalProperties": False if others is None else others.schema,
    }
    return Reading(schema, build)


def _scalar(kind: Any) -> Reading:
    name, accepted = _SCALARS[kind]

    def build(value: Any) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            if kind is int and isinstance(value, float) and value.is_integer():
                return int(value)
            raise _Misfit(f"{value!r} is not {'a' if name[0] not in 'aeiou' else 'an'} {name}")
        return float(value) if kind is float else value

    return Reading({"type": name}, build)


def _standard(kind: StandardType) -> Reading:
    def build(value: Any) -> Any:
        try:
            return kind.read(value)
        except (TypeError, ValueError) as failure:
            raise _Misfit(str(failure)) from None

    return Reading(kind.schema, build)


def _literal(values: tuple[Any, ...]) -> Reading:
    by_value = {(type(_plain(value)), _plain(value)): value for value in values}

    def build(value: Any) -> Any:
        try:
            return by_value[type(value), value]
        except (KeyError, TypeError):
            raise _Misfit(f"{value!r} is none of {values!r}") from None

    return Reading({"enum": [_plain(value) for value in values]}, build)


def _enum(kind: type[enum.Enum]) -> Reading:
    reading = _literal(tuple(kind))
    if not all(isinstance(value, (str, int, float, bool, type(None))) for value in reading.schema["enum"]):
        raise InvalidSchemaError("#", f"{_name(kind)} has values that JSON cannot carry")
    return reading


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, enum.Enum) else value


def _expect(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise _Misfit(f"{value!r} is not {'an array' if kind is list else 'an object'}")
    return value


def _hints(kind: Any) -> dict[str, Any]:
    try:
        return typing_extensions.get_type_hints(kind, include_extras=True)
    except NameError as error:
        raise InvalidSchemaError("#", f"{_name(kind)}: {error}; define it at the level of a module") from None


def _name(annotation: Any) -> str:
    name = None if typing_extensions.get_args(annotation) else getattr(annotation, "__qualname__", None)
    return name or str(annotation)


# pydantic


def _is_of_pydantic(annotation: Any, seen: set[Any]) -> bool:
    """Returns True if a type is pydantic's, or contains one that is."""
    if "pydantic" not in sys.modules:
        return False
    try:
        if annotation in seen:
            return False
        seen.add(annotation)
    except TypeError:  # not hashable, so not a type
        return False
    if hasattr(annotation, "__pydantic_core_schema__") or hasattr(annotation, "__get_pydantic_core_schema__"):
        return True
    module = type(annotation).__module__ or ""
    if module.startswith("pydantic"):
        return True
    inside = typing_extensions.get_args(annotation)
    if isinstance(annotation, type) and not inside and hasattr(annotation, "__annotations__"):
        inside = tuple(_hints(annotation).values())
    return any(_is_of_pydantic(one, seen) for one in inside)


def _read_by_pydantic(annotation: Any) -> PythonType:
    import pydantic

    adapter: Any = (
        annotation if isinstance(annotation, pydantic.TypeAdapter) else pydantic.TypeAdapter(annotation)
    )

    def instance(text: str, value: Any, is_json: bool) -> Any:
        try:
            return adapter.validate_json(text if is_json else json.dumps(value))
        except pydantic.ValidationError as failure:
            first = failure.errors()[0]
            where = "/".join(map(str, ("#", *first["loc"])))
            raise InvalidText(text, 0, f"{where}: {first['msg']}") from failure

    return PythonType(_name(annotation), adapter.json_schema(), instance)


def _arguments_by_pydantic(name: str, fields: dict[str, Any], required: list[str], others: Any) -> PythonType:
    """The arguments of a function of which one is of pydantic: a model of them, and a dict of its fields."""
    import pydantic

    definitions: dict[str, Any] = {
        field: (hint, ... if field in required else None) for field, hint in fields.items()
    }
    config = pydantic.ConfigDict(
        extra="forbid" if others is False else "allow", arbitrary_types_allowed=False
    )
    model: Any = pydantic.create_model(name.replace(".", "_"), __config__=config, **definitions)
    read = _read_by_pydantic(model)

    def instance(text: str, value: Any, is_json: bool) -> Any:
        made = read.instance(text, value, is_json)
        return {field: getattr(made, field) for field in made.model_fields_set}

    return PythonType(name, read.schema, instance)
