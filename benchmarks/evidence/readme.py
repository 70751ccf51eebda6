"""Tables of the README and other pages, made from the result files and never written by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evidence import figures, tables

PLACE = "benchmarks/results"
"""The folder of the results, relative to the README."""


def blocks(folder: Path) -> dict[str, str]:
    """Returns the blocks of the pages by name, for each benchmark that has results."""
    found = {}
    for name, write in _WRITERS.items():
        source = folder / f"{name}.json"
        if source.exists():
            found[name] = write(json.loads(source.read_text(encoding="utf-8")))
    return found


def _masks(report: dict[str, Any]) -> str:
    """Absolute times of both engines and their ratio, over the schemas that both compile."""
    options, machine = report["options"], report["machine"]
    ours, theirs = report["engines"]["structgen"], report["engines"]["llguidance"]
    paired = report["paired"]["llguidance"]
    rows = [
        [title, *(_times(paired[kind][side], unit) for side in ("subject", "peer")), _ratio(paired[kind])]
        for kind, title, unit in (
            ("first mask, ms", "first mask, from the text of a schema", "ms"),
            ("cold, µs", "mask and advance, first request", "µs"),
            ("warm, µs", "mask and advance, later requests", "µs"),
        )
    ]
    headings = ["p50 / p99 / max", "structgen", f"llguidance {report['versions']['llguidance']}", "ratio"]
    both = round(paired["first mask, ms"]["subject"]["count"])
    return (
        figures.table(headings, rows)
        + f"\n{_compiled(ours)} MaskBench schemas compile ({_compiled(theirs)} with llguidance); times are over the "
        f"{both:,} that both compile. {ours['invalid accepted']} of {ours['invalid instances']:,} invalid instances "
        f"are accepted. {ours['valid rejected']} of {ours['valid instances']:,} valid ones are rejected, because their "
        f'properties are not in the order of the schema; `property_order="any"` accepts these. {options["tokenizer"]} '
        f"vocabulary, {machine['processors']} cores of an {machine['processor']}, "
        f"{machine['date']} ([data]({PLACE}/masks.json), [how to repeat it](benchmarks/README.md#masks)).\n"
    )


def _times(one: dict[str, float], unit: str) -> str:
    return " / ".join(figures.short(one[key]) for key in ("p50", "p99", "max")) + f" {unit}"


def _ratio(paired: dict[str, Any]) -> str:
    return " / ".join(figures.short(paired["ratio"][key], 2) for key in ("p50", "p99", "max"))


def _compiled(engine: dict[str, Any]) -> str:
    schemas = engine["schemas"]
    return f"{schemas.get('measured', 0):,} of {sum(schemas.values()):,}"


def _validity(report: dict[str, Any]) -> str:
    """Three arms: the prompt alone, its answers repaired, and the mask."""
    arms = {one["arm"]: one for one in report["arms"]}
    rows = [
        [title, f"{arms[arm]['valid']} of {arms[arm]['tasks']}", arms[arm]["cut"], arms[arm]["tokens"]]
        for arm, title in (
            ("prompt with schema", "prompt with the schema"),
            ("+ repair (schema), guesses too", "the same answers, repaired"),
            ("mask", "mask"),
        )
    ]
    return (
        figures.table(
            [f"{report['model']}, {report['tasks']} tasks", "valid", "cut off", "tokens a task"], rows
        )
        + f"\nThe model has 135 million parameters, so its unmasked answers are weak; compare the rows. "
        f"{report['machine']['date']}; nine arms, confidence intervals and families are in the "
        f"[report]({PLACE}/validity.md), the command is in the [list of benchmarks](benchmarks/README.md#validity).\n"
    )


def _latency(report: dict[str, Any]) -> str:
    """What the three fastest libraries add to a step: every vocabulary, its smallest and its largest batch."""
    cells = {(one["library"], one["width"], one["batch"]): one["added_ms"] for one in report["results"]}
    by_width: dict[int, list[int]] = {}
    for _, width, batch in cells:
        by_width.setdefault(width, []).append(batch)
    places = [
        (width, batch)
        for width, batches in sorted(by_width.items())
        for batch in sorted({min(batches), max(batches)})
    ]
    names = [name for name in dict.fromkeys(library for library, _, _ in cells) if name != "none"]
    names = sorted(names, key=lambda name: cells.get((name, *places[-1])) or math.inf)[:3]
    versions = report["machine"]["versions"]
    rows = [
        [f"{name} {versions.get(name, '')}".strip(), *(_added(cells.get((name, *place))) for place in places)]
        for name in names
    ]
    headings = [f"vocabulary {width // 1000}k, batch {batch}" for width, batch in places]
    return (
        figures.table(["added to a step of `generate()`, ms", *headings], rows)
        + f"\n{report['threads']} thread of an {report['machine']['processor']}, a model of random weights, "
        f"{report['machine']['date']}; all libraries and settings are in the [report]({PLACE}/latency.md).\n"
    )


def _added(milliseconds: float | None) -> str | None:
    return None if milliseconds is None else figures.short(milliseconds)


_WRITERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "masks": _masks,
    "validity": _validity,
    "latency": _latency,
    "text_to_sql": tables.text_to_sql,
}
