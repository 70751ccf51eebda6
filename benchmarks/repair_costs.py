"""What is each weight of a repair worth? The cases that come back otherwise if it is moved.

    python benchmarks/repair_costs.py [--cases 400] [--data dev.jsonl] [--out repair_costs.json]

The weights are those of `structgen/repairing/costs.py`. Each is moved by itself, and all cases are repaired again:
those of the tests (`tests/repairing/cases*.jsonl`), and, with `--data`, instances of MaskBench that are damaged as
`repair.py` does it. A case is *right* if its value is the expected one. The table says for each weight how many cases
become wrong, and how many become right, at 0, half, twice and eight times its value. The comments in `costs.py` have
these figures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from repair import cases as damaged
from rich.console import Console
from rich.progress import track
from rich.table import Table

import structgen
from structgen.repairing import costs

CASES = Path(__file__).parents[1] / "tests" / "repairing"

FACTORS = (0.0, 0.5, 2.0, 8.0)

Case = tuple[str, Any, str, Any]
"""Text, schema (None: there is none), format, expected value."""


def listed() -> Iterator[Case]:
    """The cases of the tests that have a value."""
    for path in sorted(CASES.glob("cases*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            if case.get("edits") is not None and "value" in case:
                yield case["text"], case.get("schema"), case.get("format", "auto"), case["value"]


def of_maskbench(path: Path, count: int) -> Iterator[Case]:
    """Damaged instances, with their schemas and without."""
    for format in ("json", "yaml"):
        for _, text, value, schema in damaged(path, count // 4, 11, 1, format):
            yield text, schema, "auto" if format == "json" else "yaml", value
            yield text, None, "auto" if format == "json" else "yaml", value


def right(cases: list[Case], constraints: dict[str, Any]) -> list[bool]:
    """Which cases come back right."""
    found = []
    for text, schema, format, value in cases:
        constraint = None if schema is None else constraints[json.dumps(schema)]
        try:
            repaired = structgen.repair(text, constraint, format=format)  # type: ignore[arg-type]
        except structgen.StructgenError:
            found.append(False)
        else:
            found.append(json.dumps(repaired.value, sort_keys=True) == json.dumps(value, sort_keys=True))
    return found


def weights() -> dict[str, float]:
    """The weights by name; limits of the search are none."""
    return {
        name: value
        for name, value in vars(costs).items()
        if name.isupper()
        and isinstance(value, (int, float))
        and name not in ("TIE", "DROPPED_EACH", "WINDOW")
    }


def constraints_of(cases: list[Case]) -> dict[str, Any]:
    """The constraint of each schema."""
    found = {}
    for _, schema, _, _ in cases:
        key = json.dumps(schema)
        if schema is not None and key not in found:
            found[key] = structgen.json_schema(schema, strict=False)
    return found


def moved(name: str, factor: float, cases: list[Case], constraints: dict[str, Any]) -> list[bool]:
    """Which cases come back right with one weight moved."""
    value = getattr(costs, name)
    try:
        setattr(costs, name, type(value)(value * factor))
        return right(cases, constraints)
    finally:
        setattr(costs, name, value)


def main() -> None:
    """Move each weight, print a table, write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=400, help="damaged texts of MaskBench")
    parser.add_argument("--data", type=Path, help="records of MaskBench: a file or its folder")
    parser.add_argument("--out", type=Path, help="a file for the figures, as JSON")
    options = parser.parse_args()
    cases = [*listed(), *(of_maskbench(options.data, options.cases) if options.data else ())]
    constraints = constraints_of(cases)
    before = right(cases, constraints)
    table = Table("weight", "value", *[f"times {factor:g}" for factor in FACTORS])
    found: dict[str, Any] = {"cases": len(cases), "right": sum(before), "weights": {}}
    for name, value in track(weights().items(), console=Console(stderr=True)):
        row: dict[str, list[int]] = {}
        for factor in FACTORS:
            after = moved(name, factor, cases, constraints)
            worse = sum(one and not other for one, other in zip(before, after, strict=True))
            better = sum(other and not one for one, other in zip(before, after, strict=True))
            row[f"{factor:g}"] = [worse, better]
        found["weights"][name] = {"value": value, **row}
        table.add_row(name, f"{value:g}", *[f"-{worse} +{better}" for worse, better in row.values()])
    console = Console(width=110)
    console.print(table)
    console.print(f"{len(cases)} cases, {sum(before)} right")
    if options.out is not None:
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
