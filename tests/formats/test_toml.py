"""TOML: what the mask writes is read by tomllib as a value that the schema allows."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import pytest
from conformance.test_samples import Late, at_most, validator_of, with_patterns_of_python
from hypothesis import example, given, settings
from hypothesis import strategies as st

import structgen
from structgen.errors import (
    EmptyLanguageError,
    InvalidOptionError,
    InvalidText,
    StructgenError,
    UnsupportedSchemaError,
)
from structgen.formats.toml import DEEPEST, is_bare, toml_format
from structgen.frontends.json_schema import json_schema
from structgen.language.sampling import Sampler
from structgen.vocabulary import Vocabulary

tomllib = pytest.importorskip(
    "tomllib" if sys.version_info >= (3, 11) else "tomli", reason="tomli is not installed"
)

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "home": {
            "type": "object",
            "properties": {"place": {"type": "string"}},
            "additionalProperties": False,
        },
        "born": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name"],
    "additionalProperties": False,
}
TREE: dict[str, Any] = {
    "type": "object",
    "properties": {"v": {"type": "integer"}, "sub": {"$ref": "#"}},
    "required": ["v"],
    "additionalProperties": False,
}
SCHEMAS: dict[str, Any] = {
    "person": PERSON,
    "tree": TREE,
    "anything": True,
    "open": {
        "properties": {"a": {}, "b c": {"type": "object"}, "": {"type": "object", "properties": {"x": {}}}}
    },
    "map": {
        "type": "object",
        "additionalProperties": {"type": "object", "properties": {"n": {"type": "number"}}},
    },
    "enum": {
        "properties": {"e": {"enum": ["a b", "no", "1", 1, None, True, 1e22, 2.5e-9, {}, [[1]], {"k": 1}]}}
    },
    "const": {"const": {"on": {"a": [1, {"b": []}], "x: y": "-"}, "z": 1}},
    "patterns": {
        "type": "object",
        "patternProperties": {"^[0-9]+$": {"type": "string", "pattern": '^["\\\\: a-]{2,5}$'}, "^x": {}},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 2,
    },
    "counted": {
        "properties": {"t": {"type": "object"}, "u": {"type": "object"}, "v": {}},
        "minProperties": 2,
        "maxProperties": 3,
    },
    "numbers": {
        "properties": {
            "n": {"anyOf": [{"type": "number", "minimum": 0.5}, {"type": "integer", "multipleOf": 7}]},
            "m": {"type": "integer", "minimum": 10**17},
        },
        "required": ["n", "m"],
    },
    "either": {
        "properties": {
            "t": {
                "anyOf": [
                    {"type": "object", "properties": {"a": {"type": "object"}}, "required": ["a"]},
                    {"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["b"]},
                ]
            },
            "u": {"type": ["object", "integer"]},
        },
        "required": ["t", "u"],
    },
    "only tables": {
        "type": "object",
        "properties": {"a": {"type": "object"}, "b": {"type": "object"}},
        "additionalProperties": False,
    },
    "distinct": {"properties": {"s": {"type": "array", "uniqueItems": True, "items": {"type": "string"}}}},
    "contains": {
        "properties": {
            "s": {"type": "array", "contains": {"type": "integer"}, "items": {"type": ["integer", "null"]}}
        }
    },
    "depends": {
        "type": "object",
        "properties": {"a": {"type": "object"}, "b": {"type": "integer"}, "c": {"type": "object"}},
        "dependentRequired": {"a": ["b"]},
        "additionalProperties": False,
    },
    "some": {"type": "object", "not": {"additionalProperties": {"type": "integer"}}},
}


def accepts(schema: Any, text: str, **options: Any) -> bool:
    return bool(json_schema(schema, output="toml", **options)._compiled.accepts(text))


def texts_of(constraint: Any, count: int) -> list[str]:
    """Texts of a grammar: sampled, and through the masks over bytes: some random ones, then the shortest way out."""
    sampler = Sampler(constraint.grammar, max_depth=9)
    compiled = constraint.compile(Vocabulary.of_bytes())
    return [sampler.text(Random(seed)) for seed in range(count)] + [
        _through_masks(compiled, Random(seed)) for seed in range(count)
    ]


def _through_masks(compiled: Any, random: Random) -> str:
    matcher, text = compiled.matcher(), b""
    for _ in range(random.randint(0, 150)):
        following = compiled.native.next_bytes(matcher.configuration)
        if not following:
            break
        printed = [byte for byte in following if byte == 10 or 0x20 <= byte < 0x7F]
        byte = random.choice(printed if printed and random.random() < 0.9 else following)
        matcher.advance(byte)
        text += bytes([byte])
    return (text + matcher.shortest_completion().text).decode()


# Soundness


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("order", ["schema", "any"])
def test_what_is_written_is_read_as_a_valid_value(name: str, order: Any) -> None:
    schema = SCHEMAS[name]
    constraint = json_schema(schema, output="toml", property_order=order)
    judge = jsonschema.Draft202012Validator(schema)
    for text in texts_of(constraint, 15):
        assert constraint._compiled.accepts(text), text
        value = tomllib.loads(text)
        assert judge.is_valid(value), text
        assert constraint.validate(text) == value


SOURCE = os.environ.get("STRUCTGEN_MASKBENCH")


@pytest.mark.skipif(not SOURCE, reason="STRUCTGEN_MASKBENCH names no file")
@pytest.mark.timeout(7200)
def test_what_is_written_for_maskbench_is_valid() -> None:
    assert SOURCE is not None
    checked = 0
    with Path(SOURCE).open(encoding="utf-8") as file:
        for number, line in enumerate(file):
            record = json.loads(line)
            order: Any = "any" if number % 3 == 0 else "schema"
            try:
                with at_most(20):
                    checked += _check_record(record, order)
            except (StructgenError, Late):  # test_maskbench.py tells
                continue
    assert checked > 0


def _check_record(record: dict[str, Any], order: Any) -> int:
    constraint = json_schema(record["schema"], output="toml", property_order=order)
    validator = validator_of(with_patterns_of_python(record["schema"]))
    texts = texts_of(constraint, 2)
    for text in texts:
        try:
            errors = list(validator.iter_errors(tomllib.loads(text)))
        except (Late, tomllib.TOMLDecodeError):
            raise
        except Exception:  # whatever jsonschema raises where it cannot read a schema
            return 0
        assert not errors, (record["id"], text)
    return len(texts)


# Layout


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        (PERSON, 'name = "Burns"', {"name": "Burns"}),
        (PERSON, 'name="Burns"\nborn=1759\n', {"name": "Burns", "born": 1759}),
        (
            PERSON,
            'name = "Burns"\nborn = 1759\ntags = [\n  "poet",\n  "no"\n]\n\n[home]\nplace = "Alloway"',
            {"name": "Burns", "born": 1759, "tags": ["poet", "no"], "home": {"place": "Alloway"}},
        ),
        (PERSON, 'name = ""\n[home]', {"name": "", "home": {}}),
        (True, "", {}),
        (True, 'a = { b = { c = [{}, { "d e" = 1.5e3 }] } }', {"a": {"b": {"c": [{}, {"d e": 1500.0}]}}}),
        (SCHEMAS["only tables"], "[b]", {"b": {}}),
        (SCHEMAS["only tables"], "[a]\nx = 1\n\n[b]\nx = 2", {"a": {"x": 1}, "b": {"x": 2}}),
        (SCHEMAS["either"], "u = {}\n\n[t]\n\n[t.a]\nb = 1", {"u": {}, "t": {"a": {"b": 1}}}),
        (SCHEMAS["open"], 'z = 1\n["b c"]\nq = 2\n[""]', {"z": 1, "b c": {"q": 2}, "": {}}),
        (SCHEMAS["const"], 'z = 1\n[on]\na = [1, { b = [] }]\n"x: y" = "-"', SCHEMAS["const"]["const"]),
    ],
)
def test_texts_that_are_written(schema: Any, text: str, value: Any) -> None:
    assert tomllib.loads(text) == value
    assert accepts(schema, text)
    assert json_schema(schema, output="toml").validate(text) == value


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (PERSON, '[home]\nplace = "a"\nname = "b"'),
        (PERSON, 'home = {}\nname = "a"'),
        (PERSON, 'name = "a" # b'),
        (PERSON, "name = 'a'"),
        (PERSON, 'name = "a"\n\nborn = 1'),
        (PERSON, '"name" = "a"'),
        (PERSON, 'name = "a"\nname = "b"'),
        (PERSON, 'name = "a"\nhome.place = "b"'),
        (PERSON, 'name = "a"\n[home]\n[home]'),
        (PERSON, 'name = "a"\n[ home ]'),
        (PERSON, 'name = "a\x7f"'),
        (True, "a = {\n}"),
        (True, "a = 1\na = 2"),
        (True, 'a = 1\n"a" = 2'),
        (True, "a = { b = 1, b = 2 }"),
        (True, "a = null"),
        (True, "a = 2024-01-01"),
        (True, "a = inf"),
        (True, "a = 1_000"),
        (True, "a = 9223372036854775808"),
        (SCHEMAS["only tables"], "[a]\nx = 1\n[b]\nx = 1\nx = 2"),
    ],
)
def test_texts_that_are_not_written(schema: Any, text: str) -> None:
    assert not accepts(schema, text)


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(
    ["a", "a-b", "1", "a.b", ""]
)
SCALARS = (
    st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | NAMES
    | st.floats(-1e9, 1e9).map(lambda number: round(number, 3))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
ANYTHING = json_schema(True, output="toml")._compiled


def inline(value: Any) -> str:
    """A value on a line, as docs/json-schema.md says; by hand."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{named(name)} = {inline(one)}" for name, one in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    if isinstance(value, str):
        return f'"{toml_format().spelling.literal(value).text}"'  # type: ignore[attr-defined]
    return json.dumps(value)


def named(name: str) -> str:
    return name if is_bare(name) else inline(name)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_object_can_be_written(value: dict[str, Any]) -> None:
    text = "\n".join(f"{named(name)} = {inline(one)}" for name, one in value.items())
    assert tomllib.loads(text) == value
    assert ANYTHING.accepts(text), text


def with_tables(value: dict[str, Any], path: tuple[str, ...] = ()) -> str:
    """A document in which objects are tables, as far as tables nest."""
    lines = [f"[{'.'.join(path)}]"] if path else []
    tables = []
    for name, one in value.items():
        if isinstance(one, dict) and len(path) < DEEPEST:
            tables.append(with_tables(one, (*path, named(name))))
        else:
            lines.append(f"{named(name)} = {inline(one)}")
    return "\n".join(["\n".join(lines)] * bool(lines) + [f"\n{table}" for table in tables])


def schema_of(value: Any) -> Any:
    """A schema that declares all properties of a value."""
    if isinstance(value, dict):
        return {
            "type": "object",
            "properties": {name: schema_of(one) for name, one in value.items()},
            "additionalProperties": False,
        }
    return {}


NESTED = st.recursive(SCALARS, lambda inner: st.dictionaries(NAMES, inner, max_size=3), max_leaves=12)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, NESTED, max_size=4))
@example({"a": {"b": {"c": {"d": {"e": 1}}}}, "f": 1})
@example({"": {"a.b": {"é": {}}}})
def test_declared_objects_are_tables(value: dict[str, Any]) -> None:
    text = with_tables(value)
    assert toml_format().write(value).strip("\n") == text.strip("\n")
    assert tomllib.loads(text) == value
    assert accepts(schema_of(value), text), text


def test_tables_of_a_schema_that_contains_itself() -> None:
    text = "v = 0\n[sub]\nv = 1\n[sub.sub]\nv = 2\n[sub.sub.sub]\nv = 3\nsub = { v = 4, sub = { v = 5 } }"
    assert accepts(TREE, text)
    assert not accepts(TREE, "v = 0\nsub = { v = 1 }")


def test_tables_in_any_order() -> None:
    schema = {
        **SCHEMAS["only tables"],
        "properties": {**SCHEMAS["only tables"]["properties"], "x": {}, "y": {}},
    }
    for text in ("[b]\n[a]", "y = 1\nx = 1\n\n[b]\n\n[a]", "x = 1", ""):
        assert accepts(schema, text, property_order="any"), text
    for text in ("[b]\n[b]", "[b]\nx = 1\nx = 2", "y = 1\ny = 2"):
        assert not accepts(schema, text, property_order="any"), text


# Scalars


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
@example('\x00\x1f\x7f\x80\t\n\\"')
def test_every_string_has_one_text(text: str) -> None:
    for ascii_only in (False, True):
        spelling = toml_format(ascii_only).spelling
        spelled = f'a = "{spelling.literal(text).text}"'  # type: ignore[attr-defined]
        assert tomllib.loads(spelled) == {"a": text}
        assert spelled.isascii() or not ascii_only
        assert STRINGS[ascii_only].accepts(spelled)


STRINGS = [
    json_schema({"properties": {"a": {"type": "string"}}}, output="toml", ensure_ascii=ascii_only)._compiled
    for ascii_only in (False, True)
]


def test_integers_have_64_bits() -> None:
    for number in (2**63 - 1, -(2**63) + 1, 10**18, 0):
        assert ANYTHING.accepts(f"a = {number}")
    for number in (2**63, -(2**63) - 1, 10**19, 10**30):
        assert not ANYTHING.accepts(f"a = {number}")
    assert accepts({"properties": {"a": {"enum": [10**30, 1]}}}, "a = 1")
    assert not accepts({"properties": {"a": {"enum": [10**30, 1]}}}, f"a = {10**30}")


def test_null_is_not_written() -> None:
    schema = {
        "properties": {
            "a": {"type": ["string", "null"]},
            "b": {"type": "null"},
            "c": {"enum": [None, 1, [None]]},
        }
    }
    assert accepts(schema, 'a = ""\nc = 1')
    for text in ("a = null", "b = null", "c = null", "c = [null]"):
        assert not accepts(schema, text)
    required = {"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"]}
    with pytest.raises(EmptyLanguageError, match=r"#/properties/a: TOML cannot write null"):
        json_schema(required, output="toml")
    with pytest.raises(EmptyLanguageError, match="lists nothing that TOML can write"):
        json_schema({**required, "properties": {"a": {"const": None}}}, output="toml")


ENDLESS = {"type": "object", "properties": {"a": {"$ref": "#/anyOf/0"}}, "required": ["a"]}


@pytest.mark.parametrize(
    "schema",
    [{"type": "array"}, {"type": ["integer", "null"]}, {"const": "a"}, {"anyOf": [ENDLESS, {"const": 1}]}],
)
def test_a_document_is_an_object(schema: Any) -> None:
    with pytest.raises(EmptyLanguageError, match="TOML"):
        json_schema(schema, output="toml")
    if "anyOf" not in schema:
        assert accepts({"anyOf": [schema, {"type": "object"}]}, "a = 1")


def test_items_that_differ() -> None:
    schema = {
        "properties": {"a": {"type": "array", "uniqueItems": True, "items": {"type": ["string", "integer"]}}}
    }
    assert accepts(schema, 'a = ["a", 1, "b"]')
    assert not accepts(schema, 'a = ["a", 1, "a"]')
    with pytest.raises(UnsupportedSchemaError, match="objects and arrays cannot be compared in TOML"):
        json_schema({"properties": {"a": {"type": "array", "uniqueItems": True}}}, output="toml")


# Options, validation and others


def test_options_that_do_not_go_together() -> None:
    for options in ({"exact": True}, {"whitespace": "any"}):
        with pytest.raises(InvalidOptionError, match="output='toml'"):
            json_schema(True, output="toml", **options)


def test_validate_reads_any_toml_that_the_schema_allows() -> None:
    constraint = json_schema(PERSON, output="toml")
    value = {"name": "a", "home": {"place": "b"}}
    for text in (
        "# c\n[home]\nplace = 'b'".replace("# c\n", "name = '''a'''\n"),
        'home.place = "b" # c\n"name" = """a"""',
        'home = { place = "b" }\nname = "a"',
    ):
        assert constraint.validate(text) == value
    with pytest.raises(InvalidText, match=r"#/born: 'x' is not of type 'integer'"):
        constraint.validate('name = "a"\nborn = "x"')
    for text in (
        "name = 2024-01-01",
        'name = "a"\nname = "b"',
        "name = ",
        'name = "a"\nborn = nan',
        '{"name": "a"}',
    ):
        assert not constraint.is_valid(text)


def test_unenforced_keywords_are_checked_afterwards() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": r"^(a|b)\1$"}}}
    constraint = json_schema(schema, output="toml", strict=False)
    assert constraint.validate('a = "bb"') == {"a": "bb"}
    with pytest.raises(InvalidText, match="#/a"):
        constraint.validate('a = "ab"')


def test_without_a_reader_texts_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, tomllib.__name__, None)
    assert accepts(PERSON, 'name = "a"')
    with pytest.raises(StructgenError, match=r"structgen-decoding\[toml\]"):
        json_schema(PERSON, output="toml").validate('name = "a"')


@dataclasses.dataclass
class Home:
    place: str


@dataclasses.dataclass
class Poet:
    name: str
    home: Home
    born: int | None = None


def test_types() -> None:
    constraint = structgen.json_schema(Poet, output="toml")
    text = 'name = "Burns"\n\n[home]\nplace = "Alloway"'
    assert constraint._compiled.accepts(text)
    assert constraint.validate(text) == Poet("Burns", Home("Alloway"))


def test_toml_is_not_repaired() -> None:
    constraint = json_schema(PERSON, output="toml")
    for attempt in (
        lambda: structgen.repair('name = "a', constraint),
        lambda: constraint.repair('name = "a'),
        lambda: structgen.StreamingRepair(constraint),
    ):
        with pytest.raises(InvalidOptionError, match="TOML is not repaired"):
            attempt()


@pytest.mark.parametrize("value", [[], "a", {"a": None}, {"a": [{"b": None}]}])
def test_values_that_toml_cannot_write(value: Any) -> None:
    with pytest.raises(ValueError, match="TOML"):
        toml_format().write(value)
