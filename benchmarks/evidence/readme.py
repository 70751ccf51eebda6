"""What the README and other pages have of the results: made from their files, and never written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evidence import figures, tables

PLACE = "benchmarks/results"
"""Of the results, as the README sees them."""
DATA = "[where MaskBench is](benchmarks/README.md#maskbenchs-schemas)"


def blocks(folder: Path) -> dict[str, str]:
    """The blocks of the pages by name; of what there are no results, none."""
    found = {}
    for name, write in _WRITERS.items():
        source = folder / f"{name}.json"
        if source.exists():
            found[name] = write(json.loads(source.read_text(encoding="utf-8")))
    return found


def _masks(report: dict[str, Any]) -> str:
    options = report["options"]
    return (
        f"{tables.masks_beside_llguidance(report)}\n[All figures]({PLACE}/masks.json); repeat: `python "
        f"benchmarks/masks.py --data {options['data']} --tokenizer DIR --sample {options['sample']} "
        f"--engines {','.join(options['engines'])}`; {DATA}.\n"
    )


def _validity(report: dict[str, Any]) -> str:
    by_family = next(iter(report["families"].values()))
    schemas = by_family.get("schemas", [0, 0])[1]
    own = sum(count for _, count in by_family.values()) - schemas
    return (
        f"{report['model']}, on {schemas} schemas of MaskBench (of each family as many as come; those of at most "
        f"1,200 characters that structgen compiles) and {own} tasks of our own, judged by `jsonschema`, `re` and "
        f"`sqlite3`:\n\n"
        f"{tables.validity(report)}\n"
        f"![Validity against cost]({PLACE}/validity.svg)\n\n"
        f"Repeat: `python benchmarks/validity.py --data {report['data']} --schemas {schemas} --seed {report['seed']} "
        f"--threads {report['machine']['threads']}`; {DATA}.\n"
    )


def _latency(report: dict[str, Any]) -> str:
    places = list(dict.fromkeys((one["width"], one["batch"]) for one in report["results"]))
    cells = {(one["library"], one["width"], one["batch"]): one["added_ms"] for one in report["results"]}
    names = [name for name in dict.fromkeys(one["library"] for one in report["results"]) if name != "none"]
    rows = [
        [name, *(None if (ms := cells.get((name, *at))) is None else figures.short(ms) for at in places)]
        for name in names
    ]
    machine = report["machine"]
    versions = ", ".join(
        f"{name} {machine['versions'][name]}" for name in names if machine["versions"].get(name)
    )
    return (
        "Milliseconds that a constraint adds to a step of `generate()`, a batch and a vocabulary wide:\n\n"
        + figures.table(["", *(f"{width // 1000}k, {batch}" for width, batch in places)], rows)
        + f"\n{versions}; a model of random weights, {report['device']}, {report['threads']} threads of an "
        f"{machine['processor']}, load {machine['load']}, {machine['date']}.\n\n"
        f"![Milliseconds added to a step]({PLACE}/latency.svg)\n\n"
        f"Repeat: `python benchmarks/latency.py --tokenizers {','.join(report['vocabularies'])} "
        f"--steps {report['steps']} --rounds {report['rounds']}`, each tokenizer a folder or "
        f"smollm2.\n"
    )


_WRITERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "masks": _masks,
    "validity": _validity,
    "latency": _latency,
    "text_to_sql": tables.text_to_sql,
}
