"""The constraint of a request of the OpenAI API."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import structgen
from structgen.servers.requests import Constraints, make_constraint


@pytest.mark.parametrize(
    ("kind", "text", "valid", "invalid"),
    [
        ("json", '{"type": "integer"}', "5", "5.5"),
        ("json_object", "", '{"a": 1}', "[1]"),
        ("regex", "a+b", "aab", "ba"),
        ("choice", '["yes", "no"]', "no", "maybe"),
        ("grammar", 'start: "a"+', "aaa", "b"),
        ("grammar", "root ::= [a-z]+", "abc", "1"),
        (
            "structural_tag",
            '{"type": "structural_tag", "format": {"type": "const_string", "value": "x"}}',
            "x",
            "y",
        ),
        ("grammar", "semver", "1.2.3", "1.2"),
        ("grammar", structgen.json_schema({"type": "integer"}, output="yaml").to_json(), "5\n", "a"),
        ("grammar", ("x" + structgen.regex("[0-9]")).to_json(), "x1", "x"),
    ],
)
def test_kinds(kind: str, text: str, valid: str, invalid: str) -> None:
    constraint = make_constraint(kind, text)
    assert constraint.is_valid(valid)
    assert not constraint.is_valid(invalid)


@pytest.mark.parametrize(
    ("kind", "text", "named"),
    [
        ("json", '{"type": "strin"}', "#/type"),
        ("json", "{", "JSON"),
        ("regex", "(a", "regex|paren|\\("),
        ("choice", "[]", "at least one"),
        ("choice", "[1]", "list of texts"),
        ("choice", "nothing", "list of texts"),
        ("grammar", "root ::= missing", "missing"),
        ("grammar", "no-such-grammar", "semver"),
        ("grammar", '{"a": 1}', "form"),
        ("grammar", '{"structgen": 9, "kind": "text", "text": ""}', "9"),
        ("structural_tag", "{}", "#"),
        ("structural_tag", "[", "#"),
        ("tools", "{}", "kind"),
    ],
)
def test_what_is_wrong_is_said(kind: str, text: str, named: str) -> None:
    with pytest.raises(structgen.StructgenError, match=named):
        make_constraint(kind, text)


def test_no_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.lark"
    path.write_text('start: "a"')
    for text in (str(path), str(path) + " ", f"%import .x (a)\nstart: a\n// {path}"):
        with pytest.raises(structgen.StructgenError):
            make_constraint("grammar", text)


def test_constraints_are_kept_within_a_bound() -> None:
    kept = Constraints(capacity=100_000)
    first = kept.get("regex", "a0")
    assert kept.get("regex", "a0") is first
    for number in range(50):
        kept.get("regex", f"b{number}")
    assert 1 <= len(kept) <= 6
    assert kept.get("regex", "a0") is not first
    assert kept.get("json", json.dumps({"const": "x" * 50_000})).is_valid(f'"{"x" * 50_000}"')
    assert len(kept) == 1
