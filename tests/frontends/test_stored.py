"""to_json() and from_json(): the same texts afterwards, and nothing but forms is taken."""

from __future__ import annotations

import dataclasses
import json
import random
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import structgen
from structgen import Constraint, InvalidFormError, InvalidOptionError, Limits, from_json
from structgen.frontends.stored import FORM_SCHEMA

DATE = structgen.regex("[0-9]{4}-[0-9]{2}")


@dataclasses.dataclass
class Person:
    name: str
    born: int | None = None


SCHEMA: dict[str, Any] = {"type": "object", "properties": {"ä": {"enum": [1, "x", None]}}, "required": ["ä"]}

MADE: list[Constraint] = [
    structgen.json_schema(SCHEMA),
    structgen.json_schema(json.dumps(SCHEMA), whitespace="compact", property_order="any", closed=True),
    structgen.json_schema(SCHEMA, whitespace=structgen.Whitespace(indent=2), limits=Limits(milliseconds=5)),
    structgen.json_schema(True, output="yaml"),
    structgen.json_schema(
        {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "null"}]}
    ),
    structgen.json_schema(Person),
    structgen.json_schema(SCHEMA, exact=True),
    structgen.as_constraint(list[Person]),
    DATE,
    structgen.regex(re.compile("a b # c", re.IGNORECASE | re.VERBOSE)),
    structgen.regex("\\d+", dialect="ecma", name="NUMBER"),
    structgen.choice(["yes", "no", "ä"]),
    structgen.lark('start: "a" B*\nB: /b+/\n%ignore " "'),
    structgen.lark("json"),
    structgen.lark('start: "a" B\nA: /[a-z]/\nC: "x"\n%declare B', terminals={"B": "A & ~C"}),
    structgen.sql("sqlite", {"poets": ["name", "born"]}),
    structgen.sql("sqlite", statements=["delete"], ctes=False),
    structgen.until("<call>", "<end>"),
    structgen.optional("-") + DATE,
    structgen.choice(["born "]) + DATE + ".",
    structgen.choice(["a"]) | "b" | DATE,
    structgen.repeat(DATE, 1, 3, separator=", "),
    structgen.repeat(structgen.optional("x") + DATE),
    structgen.until("<call>") + "<call>" + structgen.json_schema(SCHEMA) + "</call>",
]


@pytest.mark.parametrize("constraint", MADE, ids=[one.description for one in MADE])
def test_the_texts_are_the_same_afterwards(constraint: Constraint) -> None:
    form = constraint.to_json()
    again = from_json(form)
    assert from_json(json.loads(form)).to_json() == again.to_json() == form
    assert again.limits == constraint.limits
    source = random.Random(3)
    for one, other in ((constraint, again), (again, constraint)):
        for _ in range(30):
            text = one.sample(source)
            assert other.by_bytes.accepts(text), text
    jsonschema.Draft202012Validator(FORM_SCHEMA).validate(json.loads(form))
    assert from_json(form, limits=Limits(states=77_000)).limits.states == 77_000


def test_options_that_are_defaults_are_not_written() -> None:
    assert json.loads(DATE.to_json()) == {"structgen": 1, "kind": "regex", "pattern": "[0-9]{4}-[0-9]{2}"}
    assert json.loads(structgen.json_schema(SCHEMA).to_json()) == {
        "structgen": 1,
        "kind": "json_schema",
        "schema": SCHEMA,
    }
    assert json.loads(structgen.json_schema(Person).to_json())["options"] == {"closed": True}


def test_what_cannot_be_written() -> None:
    import referencing

    with pytest.raises(InvalidOptionError, match="registry"):
        structgen.json_schema({}, registry=referencing.Registry()).to_json()


@pytest.mark.parametrize(
    ("form", "pointer"),
    [
        ("", "#"),
        ("[]", "#"),
        ("5", "#"),
        (b"\xff", "#"),
        (None, "#"),
        ({}, "#"),
        ({"kind": "regex", "pattern": "a"}, "#"),
        ({"structgen": 2, "kind": "regex", "pattern": "a"}, "#/structgen"),
        ({"structgen": "1", "kind": "regex", "pattern": "a"}, "#/structgen"),
        ({"structgen": 1, "kind": "exec", "pattern": "a"}, "#/kind"),
        ({"structgen": 1, "kind": "regex"}, "#"),
        ({"structgen": 1, "kind": "regex", "pattern": 5}, "#/pattern"),
        ({"structgen": 1, "kind": "regex", "pattern": "a", "more": 5}, "#"),
        ({"structgen": 1, "kind": "regex", "pattern": "a", "options": {"file": 5}}, "#/options"),
        ({"structgen": 1, "kind": "optional", "part": {"kind": "x"}}, "#/part"),
        ({"structgen": 1, "kind": "sequence", "parts": []}, "#/parts"),
        ({"structgen": 1, "kind": "grammar", "grammar": {}}, "#/grammar"),
        (
            {"structgen": 1, "kind": "lark", "grammar": "start: A", "options": {"import_paths": ["/"]}},
            "#/options",
        ),
        ("[" * 100_000, "#"),
        ('{"structgen": 1, "kind": "optional", "part": ' * 20_000, "#"),
    ],
)
def test_what_is_no_form_is_an_error_that_says_where(form: Any, pointer: str) -> None:
    with pytest.raises(InvalidFormError) as caught:
        from_json(form)
    assert caught.value.pointer.startswith(pointer)


def test_a_deep_form_is_an_error() -> None:
    form: dict[str, Any] = {"kind": "text", "text": "a"}
    for _ in range(5000):
        form = {"kind": "optional", "part": form}
    with pytest.raises(structgen.StructgenError):
        from_json({"structgen": 1, **form})


def test_no_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.lark"
    path.write_text('start: "secret"')
    for grammar in (str(path), "json"):
        with pytest.raises(structgen.InvalidLarkError):
            from_json({"structgen": 1, "kind": "lark", "grammar": grammar})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda part: (
            st.lists(part, max_size=3)
            | st.dictionaries(
                st.sampled_from(["kind", "parts", "part", "structgen", "options", "text"]), part, max_size=4
            )
        ),
        max_leaves=12,
    )
)
@settings(max_examples=300)
def test_anything_else_is_a_typed_error(data: Any) -> None:
    try:
        found = from_json(json.dumps(data))
    except structgen.StructgenError:
        return
    assert isinstance(found, Constraint)


def test_the_schema_of_forms_is_in_the_docs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "forms.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```json\n(\{\n.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert json.loads(block) == FORM_SCHEMA
