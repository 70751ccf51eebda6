"""YAML: what the mask writes is read by ruamel.yaml (YAML 1.2) and PyYAML (1.1) as the value that it means."""

from __future__ import annotations

import dataclasses
import io
import json
import sys
from random import Random
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import structgen
from structgen.errors import (
    InvalidOptionError,
    InvalidText,
    StructgenError,
    UnsupportedSchemaError,
)
from structgen.formats.yaml import DEEPEST, yaml_format
from structgen.formats.yaml_scalars import MAX_NAME, YAML, YAML_ASCII, is_plain
from structgen.frontends.json_schema import json_schema
from structgen.language.sampling import Sampler
from structgen.vocabulary import Vocabulary

ruamel_yaml = pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
pyyaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "born": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "home": {"type": "object", "properties": {"place": {"type": "string"}, "y": {"type": "number"}}},
    },
    "required": ["name"],
    "additionalProperties": False,
}
TREE: dict[str, Any] = {
    "type": "object",
    "properties": {"v": {"type": "integer"}, "sub": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["v"],
    "additionalProperties": False,
}
SCHEMAS: dict[str, Any] = {
    "person": PERSON,
    "tree": TREE,
    "anything": {"type": ["object", "array", "string", "number", "null", "boolean"]},
    "enum": {"type": "array", "items": {"enum": ["a b", "no", "1", 1, None, True, 1e22, 2.5e-9, {}, [[1]]]}},
    "const": {"const": {"on": {"a": [1, {"b": []}], "x: y": "-"}}},
    "formats": {
        "type": "object",
        "properties": {"d": {"type": "string", "format": "date"}, "u": {"type": "string", "format": "uri"}},
        "required": ["d", "u"],
        "additionalProperties": False,
    },
    "patterns": {
        "type": "object",
        "patternProperties": {"^[0-9]+$": {"type": "string", "pattern": "^[#: a-]{2,5}$"}, "^x": {}},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 2,
    },
    "lengths": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 4}},
    "numbers": {
        "type": "array",
        "items": {"anyOf": [{"type": "number", "minimum": 0}, {"type": "integer"}, {"type": "number"}]},
    },
    "digits": {
        "type": "array",
        "items": {"anyOf": [{"type": "integer", "multipleOf": 7}, {"type": "string"}]},
    },
    "contains": {
        "type": "array",
        "contains": {"type": "integer"},
        "maxContains": 1,
        "items": {"type": ["integer", "null", "array"]},
    },
    "unique": {"type": "array", "uniqueItems": True, "items": {"enum": [1, "a", [], {"k": "v"}]}},
    "prefix": {"type": "array", "prefixItems": [{"type": "array"}, {"type": "object"}], "items": False},
    "oneOf": {
        "oneOf": [
            {"type": "object", "properties": {"k": {"const": "a"}, "l": {"type": "null"}}, "required": ["k"]},
            {"type": "array", "items": {"type": "array", "items": {"type": "array"}}},
            {"type": "string", "minLength": 2},
        ]
    },
    "depends": {
        "type": "object",
        "properties": {"a": {"type": "null"}, "b": {"type": "null"}},
        "dependentRequired": {"a": ["b"]},
        "additionalProperties": False,
    },
}


def by_ruamel(text: str) -> Any:
    reader = ruamel_yaml.YAML(typ="safe", pure=True)
    reader.allow_duplicate_keys = True  # names that the schema does not declare may come twice
    return reader.load(text)


def by_both(text: str) -> Any:
    """The value of a text, if both readers agree on it; of names that come twice, either value will do."""
    value = by_ruamel(text)
    assert repr(pyyaml.safe_load(text)) == repr(value) or _has_twice(text), text
    return value


def _has_twice(text: str) -> bool:
    try:
        ruamel_yaml.YAML(typ="safe", pure=True).load(text)
    except ruamel_yaml.constructor.DuplicateKeyError:
        return True
    return False


class _Representer(ruamel_yaml.RoundTripRepresenter):  # type: ignore[misc]
    """Writes strings as the mask does, where ruamel.yaml has other quotes or other ideas of what needs them."""


_Representer.add_representer(
    str,
    lambda writer, text: writer.represent_scalar(
        "tag:yaml.org,2002:str", text, style=None if is_plain(text) else '"'
    ),
)

_Representer.add_representer(
    type(None), lambda writer, _: writer.represent_scalar("tag:yaml.org,2002:null", "null")
)


def emitted(value: Any) -> str:
    """YAML of a value as ruamel.yaml lays it out."""
    writer = ruamel_yaml.YAML()
    writer.Representer = _Representer
    writer.width = 10**9
    writer.allow_unicode = True
    stream = io.StringIO()
    writer.dump(value, stream)
    return stream.getvalue().removesuffix("...\n")


def accepts(schema: Any, text: str, **options: Any) -> bool:
    return bool(json_schema(schema, output="yaml", **options)._compiled.accepts(text))


def through_masks(compiled: Any, random: Random) -> str:
    """A text through the masks over bytes: some random ones, then the shortest way out."""
    matcher, text = compiled.matcher(), b""
    for _ in range(random.randint(0, 90)):
        following = compiled.native.next_bytes(matcher.configuration)
        if not following:
            break
        printed = [byte for byte in following if byte == 10 or 0x20 <= byte < 0x7F]
        byte = random.choice(printed if printed and random.random() < 0.9 else following)
        matcher.advance(byte)
        text += bytes([byte])
    return (text + matcher.shortest_completion().text).decode()


# Texts


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("order", ["schema", "any"])
def test_what_is_written_is_read_as_a_valid_value(name: str, order: Any) -> None:
    schema = SCHEMAS[name]
    constraint = json_schema(schema, output="yaml", property_order=order)
    compiled = constraint.compile(Vocabulary.of_bytes())
    sampler, judge = Sampler(constraint.grammar, max_depth=9), jsonschema.Draft202012Validator(schema)
    texts = [sampler.text(Random(seed)) for seed in range(12)]
    texts += [through_masks(compiled, Random(seed)) for seed in range(12)]
    for text in texts:
        assert compiled.accepts(text), text
        value = by_both(text)
        assert judge.is_valid(value), text
        if not _has_twice(text):
            assert constraint.validate(text) == value


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (PERSON, {"name": "Robert Burns", "born": 1759, "tags": ["poet", "no", "a: b"], "home": {}}),
        (PERSON, {"name": "", "tags": [], "home": {"place": "Alloway #1", "y": -1.5}}),
        (TREE, {"v": 1, "sub": [{"v": 2, "sub": [{"v": 3}, {"v": 4, "sub": []}]}, {"v": 5}]}),
        (SCHEMAS["enum"], ["a b", "no", "1", 1, None, True, {}, [[1]]]),
        (SCHEMAS["const"], {"on": {"a": [1, {"b": []}], "x: y": "-"}}),
        (SCHEMAS["formats"], {"d": "2024-02-29", "u": "http://a.b/c#d"}),
        (SCHEMAS["digits"], [14, "15", "14 pints", -7, "-"]),
        (SCHEMAS["contains"], [None, [[None], []], 1, None]),
        (SCHEMAS["unique"], [{"k": "v"}, "a", [], 1]),
        (SCHEMAS["prefix"], [[1, [2, [3]], {"a": {"b": [{}]}}], {"-x": ["-", "- a", "-a"], "é": "日本 😀"}]),
        (SCHEMAS["oneOf"], {"k": "a", "l": None, "m": [{"n": [[]]}]}),
        (SCHEMAS["oneOf"], [[[1], [[2]]], [], [[]]]),
        (SCHEMAS["depends"], {"a": None, "b": None}),
        ({}, "plain text: no, it has a colon"),
        ({}, "plain text"),
        ({}, ['\n\t"\\', "é\ue000\U0001f600", " lead", "trail ", "a b  c", "12:30"]),
    ],
)
def test_what_ruamel_writes_is_accepted(schema: Any, value: Any) -> None:
    text = emitted(value)
    assert by_both(text) == value
    assert accepts(schema, text), text
    assert accepts(schema, text.removesuffix("\n")), text
    assert json_schema(schema, output="yaml").validate(text) == value


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["y", "on", "1", "-", "a: b"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | NAMES
    | st.floats(-1e9, 1e9).map(lambda x: round(x, 3))
)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
        max_leaves=10,
    )
)
def test_any_value_can_be_written(value: Any) -> None:
    text = written(value)
    assert yaml_format().write(value) == f"{text}\n"
    assert by_both(text) == value
    assert ANYTHING.accepts(text), text


ANYTHING = json_schema(True, output="yaml")._compiled


def written(value: Any, column: int = 0, *, under: bool = False) -> str:
    """YAML of a value as docs/json-schema.md says it is laid out; by hand."""
    lead = " " if under else ""
    if isinstance(value, str):
        return lead + (value if is_plain(value) else f'"{YAML.literal(value).text}"')
    if not isinstance(value, (dict, list)) or not value:
        return lead + json.dumps(value)
    if isinstance(value, list):
        line = "\n" + " " * column
        return (line if under else "") + line.join("- " + written(item, column + 2) for item in value)
    column += 2 * under
    line = "\n" + " " * column
    members = [f"{written(name)}:{written(member, column, under=True)}" for name, member in value.items()]
    return (line if under else "") + line.join(members)


@pytest.mark.parametrize("depth", [1, 9, 10, 11, 12, 30])
def test_values_that_contain_themselves_nest_to_any_depth(depth: int) -> None:
    constraint = json_schema(TREE, output="yaml")
    text, value = "", _deep(depth)
    for level in range(depth + 1):
        column = 2 * level
        text += "v: 0"
        if level == depth:
            break
        text += f"\n{' ' * column}sub:\n{' ' * column}- "
        if column + 2 >= DEEPEST:
            text += json.dumps(_deep(depth - level - 1))
            break
    assert constraint._compiled.accepts(text), text
    assert by_both(text) == value
    assert constraint.validate(text) == value


def _deep(depth: int) -> Any:
    return {"v": 0, "sub": [_deep(depth - 1)]} if depth else {"v": 0}


def test_what_does_not_contain_itself_is_in_blocks_however_deep() -> None:
    schema: Any = {"type": "integer"}
    text = ""
    for level in range(25):
        schema = {"properties": {"a": schema}, "required": ["a"], "type": "object"}
        text += ("\n" + "  " * level if level else "") + "a:"
    assert accepts(schema, text + " 1")
    assert not accepts(schema, '{"a": 1}')


@pytest.mark.parametrize(
    "text",
    [
        *("name: no", "name: 12", "name: a: b", "name: a #b", "name: ", "name:", "name: 'a'", "name: |\n  a"),
        *("name: a\nname: b", "name: a\n\nborn: 1", "name: a\n born: 1", "name: a\nborn: 1e5", "name: a "),
        *(
            "name: a\ntags:\n",
            "name: a\ntags: ",
            "name: a\ntags:\n  - b",
            "name: a\nhome:\n  ",
            '{"name": "a"}',
        ),
        *("name: a\nhome:\n  y: 1", '"name": a', "name: &a b", "--- {}", "name: a\n# b", "name: a\nborn: 01"),
    ],
)
def test_what_reads_otherwise_or_is_no_block_is_not_written(text: str) -> None:
    assert not accepts(PERSON, text)


# Strings


def reads(template: str, text: str) -> list[Any]:
    found = []
    for load in (by_ruamel, pyyaml.safe_load):
        try:
            found.append(load(template % text))
        except Exception as error:  # either reader has its own
            found.append(error)
    return found


TROUBLE = st.text("a1 -:#?.\"'[,{}]_=+~<!@%&*|>\\e0xoTZyn", max_size=7) | st.text(max_size=6)


@settings(max_examples=300, deadline=None)
@given(TROUBLE)
@example("2024-01-01")
@example("2001-12-14 21:59:43.10 -5")
@example("12:30")
@example("1e5")
@example("...")
@example("--- a")
@example("a\ufeff")
@example("0o17")
@example("<<")
def test_a_string_is_plain_exactly_where_it_is_read_as_itself(text: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in text):
        return
    templates = {"%s\n": text, "k: %s\n": {"k": text}, "- %s\n- 2\n": [text, 2], "- %s: 1\n  z9: 2\n": None}
    if text != "z9":
        templates["- %s: 1\n  z9: 2\n"] = [{text: 1, "z9": 2}]
    found = [value == wanted for t, wanted in templates.items() if wanted for value in reads(t, text)]
    if is_plain(text):
        assert all(found)
    elif all(found):  # what neither reader minds, and the types of YAML 1.1 or a mark of the byte order are
        assert text in ("y", "Y", "n", "N") or "\ufeff" in text or "_" in text, text


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
@example(";\n")
def test_every_string_is_written_and_read_as_itself(text: str) -> None:
    for ascii_only, spelling in ((False, YAML), (True, YAML_ASCII)):
        quoted = f'"{spelling.literal(text).text}"'
        compiled = STRINGS[ascii_only]
        for spelled in [quoted, text] if is_plain(text) and (text.isascii() or not ascii_only) else [quoted]:
            assert compiled.accepts(spelled)
            assert by_both(f"k: {spelled}") == {"k": text}
            assert spelled.isascii() or not ascii_only
        written = is_plain(text.removesuffix("\n"))  # one line break may end a document
        assert compiled.accepts(text) == (written and (text.isascii() or not ascii_only)) or (text[:1] == '"')


STRINGS = [
    json_schema({"type": "string"}, output="yaml", ensure_ascii=ascii_only)._compiled
    for ascii_only in (False, True)
]


def test_what_is_listed_has_quotes_only_where_it_needs_them() -> None:
    schema = {"enum": ["red", "no", 'say "hi"', "12"]}
    for text in ("red", '"no"', 'say "hi"', '"12"'):
        assert accepts(schema, text)
    for text in ('"red"', "no", '"say \\"hi\\""', "12"):
        assert not accepts(schema, text)
    assert not accepts(PERSON, '"name": a')


def test_lengths_count_characters_of_the_value() -> None:
    schema = {"type": "string", "minLength": 2, "maxLength": 3}
    for text in ("ab", "abc", '"no"', '"\\n\\t"', '"\\u0085é😀"', '" a"'):
        assert accepts(schema, text), text
    for text in ("a", "abcd", "no", '"\\n"', '"a b c"', '""'):
        assert not accepts(schema, text), text


def test_names_are_not_longer_than_yaml_reads() -> None:
    assert ANYTHING.accepts("a" * (MAX_NAME - 1) + ": 1")
    assert not ANYTHING.accepts("a" * (MAX_NAME + 1) + ": 1")
    with pytest.raises(UnsupportedSchemaError, match="1000 characters"):
        json_schema({"type": "object", "properties": {"a" * 1001: {}}}, output="yaml")


# Options and other front ends


def test_numbers_have_the_exponents_that_yaml_1_1_reads() -> None:
    for text in ("1.0e+5", "-2.5e-7", "10", "0.5"):
        assert accepts({"type": "number"}, text)
        assert by_both(text) == float(text)
    for text in ("1e5", "1.0e5", "1E+5", ".5", "1.", "0x1F", "1_000", "+1", "1:30"):
        assert not accepts({"type": "number"}, text)
    assert accepts({"enum": [1e22]}, "1.0e+22")


def test_options_that_do_not_go_together() -> None:
    for options in ({"exact": True}, {"whitespace": "any"}, {"whitespace": "compact"}):
        with pytest.raises(InvalidOptionError, match="cannot be combined"):
            json_schema(True, output="yaml", **options)


def test_validate_reads_any_yaml_that_the_schema_allows() -> None:
    constraint = json_schema(PERSON, output="yaml")
    value = {"name": "a", "tags": ["b"]}
    for text in (
        "tags: [b]\nname: 'a'\n",
        "# c\nname: >-\n  a\ntags:\n    - b\n",
        '{"name": "a", "tags": ["b"]}',
    ):
        assert constraint.validate(text) == value
    with pytest.raises(InvalidText, match=r"line 3, column 3: #/tags/1: 2 is not of type 'string'"):
        constraint.validate("name: a\ntags: [b,\n  2]")
    for text in ("name: a\nname: b", "name: [", "name: 2024-01-01", "1: 2", "name: *a", "- a\nb"):
        with pytest.raises(InvalidText):
            constraint.validate(text)


def test_unenforced_keywords_are_checked_afterwards() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": r"^(a|b)\1$"}}}
    constraint = json_schema(schema, output="yaml", strict=False)
    assert constraint.validate("a: bb") == {"a": "bb"}
    with pytest.raises(InvalidText, match="#/a"):
        constraint.validate("a: ab")


def test_without_ruamel_masks_are_made_and_texts_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("ruamel")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ruamel.yaml", None)
    assert accepts(PERSON, "name: a")
    with pytest.raises(StructgenError, match=r"structgen-decoding\[yaml\]"):
        json_schema(PERSON, output="yaml").validate("name: a")


@dataclasses.dataclass
class Poet:
    name: str
    poems: list[str] = dataclasses.field(default_factory=list)


def test_types() -> None:
    assert structgen.json_schema(Poet, output="yaml").validate("name: Burns\npoems:\n- To a Mouse\n") == Poet(
        "Burns", ["To a Mouse"]
    )


def test_types_of_pydantic() -> None:
    pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")
    model = pydantic.create_model("Poet", name=(str, ...), born=(int, 0))
    assert structgen.json_schema(model, output="yaml").validate("name: Burns\nborn: 1759") == model(
        name="Burns", born=1759
    )


def test_repair() -> None:
    found = structgen.repair("```yaml\nname: Burns\nborn: '1759'\n```", json_schema(PERSON, output="yaml"))
    assert found.value == {"name": "Burns", "born": 1759}


@pytest.mark.parametrize("text", ["", "\n", "# nothing\n"])
def test_a_text_without_a_value_is_null(text: str) -> None:
    """It has no place that an error could name, but the error names the text."""
    with pytest.raises(InvalidText, match="line 1, column 1"):
        json_schema(PERSON, output="yaml").validate(text)
    assert json_schema({"type": "null"}, output="yaml").validate(text) is None
