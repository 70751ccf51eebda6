"""structgen and its peers, as tools that repair a text. A peer that is not installed is left out.

json-repair, jsonmend, parse-broken-json and partial-json-parser come from PyPI, jsonrepair from npm: it is run by node,
and found in the folder `node_modules` that the environment variable STRUCTGEN_NODE_MODULES names.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import structgen
from structgen.repairing import edits as edit_module

Tool = Callable[[str, "structgen.Constraint | None"], tuple[Any, bool]]
"""Gives the value of a text, and whether it says that it guessed or dropped anything."""
_SERVER = """
const { jsonrepair } = require('jsonrepair')
require('readline').createInterface({ input: process.stdin }).on('line', line => {
  let answer
  try { answer = { text: jsonrepair(JSON.parse(line)) } } catch (error) { answer = { error: String(error) } }
  console.log(JSON.stringify(answer))
})
"""


def jsonrepair() -> Tool | None:
    """The JavaScript package, in a process of its own; None where node or the package is missing."""
    folder, node = os.environ.get("STRUCTGEN_NODE_MODULES"), shutil.which("node")
    if folder is None or node is None or not os.path.isdir(os.path.join(folder, "jsonrepair")):
        return None
    process = subprocess.Popen(
        [node, "-e", _SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "NODE_PATH": folder},
    )

    def repaired(text: str, _: Any) -> tuple[Any, bool]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(text) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return json.loads(answer["text"]), False

    return repaired


def jsonrepair_version() -> str:
    """Of the JavaScript package that is used."""
    package = os.path.join(os.environ["STRUCTGEN_NODE_MODULES"], "jsonrepair", "package.json")
    with open(package, encoding="utf-8") as file:
        return str(json.load(file)["version"])


def tools_for_yaml() -> dict[str, Tool]:
    """structgen, and the parsers that are no repairers."""
    import ruamel.yaml
    import yaml

    def repaired(text: str, constraint: structgen.Constraint | None) -> tuple[Any, bool]:
        found = structgen.repair(text, constraint, format="yaml")
        return found.value, not found.ok

    return {
        "structgen": lambda text, _: repaired(text, None),
        "structgen, schema": repaired,
        "PyYAML": lambda text, _: (yaml.safe_load(text), False),
        "ruamel.yaml": lambda text, _: (ruamel.yaml.YAML(typ="safe", pure=True).load(text), False),
    }


def tools() -> dict[str, Tool]:
    """Structgen and the peers that are installed."""

    def plain(text: str, constraint: Any) -> tuple[Any, bool]:
        found = structgen.repair(text, format="json")
        return found.value, not found.ok

    def guided(text: str, constraint: Any) -> tuple[Any, bool]:
        found = structgen.repair(text, constraint, format="json")
        return found.value, edit_module.worst(found.edits) != "lossless"

    found: dict[str, Tool] = {"structgen": plain, "structgen, schema": guided}
    try:
        import json_repair

        found["json-repair"] = lambda text, _: (json_repair.loads(text, skip_json_loads=False), False)
    except ImportError:
        pass
    try:
        import jsonmend

        found["jsonmend"] = lambda text, _: (json.loads(jsonmend.repair_json(text)), False)
    except (ImportError, AttributeError):
        pass
    try:
        import parse_broken_json

        loads = getattr(parse_broken_json, "parse_broken_json", None) or parse_broken_json.loads
        found["parse-broken-json"] = lambda text, _: (loads(text), False)
    except (ImportError, AttributeError):
        pass
    node = jsonrepair()
    if node is not None:
        found["jsonrepair"] = node
    try:
        import partial_json_parser

        found["partial-json-parser"] = lambda text, _: (partial_json_parser.loads(text), False)
    except ImportError:
        pass
    return found
