"""The official JSON Schema Test Suite: all required tests and those of formats, in every draft.

Set STRUCTGEN_JSON_SCHEMA_SUITE to a checkout (its folders `tests` and `remotes`). Verdicts, for each test:

    ok          the mask accepts what is valid, and nothing else
    narrowed    it does not write this text, which `validate()` accepts: another order or spelling
    refused     keywords of the schema that the mask cannot enforce
    wrong       none may be
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import referencing
import referencing.jsonschema
from conformance.verdicts import check_verdicts, spell, table
from jsonschema_specifications import REGISTRY

from structgen.errors import EmptyLanguageError, UnsupportedSchemaError
from structgen.frontends.json_schema import json_schema

SUITE = os.environ.get("STRUCTGEN_JSON_SCHEMA_SUITE")
DRAFTS = {
    "draft2020-12": referencing.jsonschema.DRAFT202012,
    "draft2019-09": referencing.jsonschema.DRAFT201909,
    "draft7": referencing.jsonschema.DRAFT7,
    "draft6": referencing.jsonschema.DRAFT6,
    "draft4": referencing.jsonschema.DRAFT4,
}


def registry_of(root: Path, draft: str) -> Any:
    """The documents that the suite serves at localhost:1234."""
    registry: Any = REGISTRY
    for path in sorted((root / "remotes").rglob("*.json")):
        name = path.relative_to(root / "remotes").as_posix()
        if name.split("/")[0] in {*DRAFTS, "draft3", "v1"} - {draft}:
            continue
        contents = json.loads(path.read_text(encoding="utf-8"))
        resource = referencing.Resource.from_contents(contents, default_specification=DRAFTS[draft])
        registry = registry.with_resource(f"http://localhost:1234/{name}", resource)
    return registry


def verdicts_of(root: Path, draft: str, pattern: str, **options: Any) -> Iterator[tuple[str, str]]:
    """The verdict on each test of a draft."""
    registry = registry_of(root, draft)
    for path in sorted((root / "tests" / draft).glob(pattern)):
        for group in json.loads(path.read_text(encoding="utf-8")):
            for test, verdict in _group(group, draft, registry, options):
                yield f"{draft}/{path.stem}: {group['description']}: {test['description']}", verdict


def _group(
    group: dict[str, Any], draft: str, registry: Any, options: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], str]]:
    constraint = None
    refused = ""
    try:
        constraint = json_schema(
            json.dumps(group["schema"]),
            draft=draft.removeprefix("draft"),
            registry=registry,  # type: ignore[arg-type]
            **options,
        )
        accepts = constraint._compiled.accepts
    except UnsupportedSchemaError as error:
        refused = "refused: " + ", ".join(sorted({one.pointer.rsplit("/", 1)[-1] for one in error.problems}))
    except EmptyLanguageError:
        accepts = bool  # type: ignore[assignment]  # no text is
    for test in group["tests"]:
        if refused:
            yield test, refused
            continue
        text = spell(test["data"])
        accepted = constraint is not None and accepts is not bool and accepts(text)
        if accepted == test["valid"]:
            yield test, "ok"
        elif accepted:
            yield test, "wrong: accepts an invalid instance"
        elif constraint is not None and accepts is not bool and constraint.is_valid(text):
            yield test, "narrowed"
        else:
            yield test, "wrong: refuses a valid instance"


@pytest.mark.skipif(not SUITE, reason="STRUCTGEN_JSON_SCHEMA_SUITE names no folder")
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "pattern", "options"),
    [
        ("json_schema_suite", "*.json", {}),
        ("json_schema_suite_exact", "*.json", {"exact": True}),
        ("json_schema_formats", "optional/format/*.json", {}),
    ],
)
def test_suite(name: str, pattern: str, options: dict[str, Any]) -> None:
    assert SUITE is not None
    verdicts = {
        case: verdict
        for draft in DRAFTS
        for case, verdict in verdicts_of(Path(SUITE), draft, pattern, **options)
    }
    print(table(verdicts))
    check_verdicts(name, verdicts)
    assert not any(verdict.startswith("wrong") for verdict in verdicts.values())
