"""Results: what a benchmark leaves. `NAME.json` has the figures; the table and the plots are made of them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from evidence import figures, plots, tables


def write(path: Path, kind: str, report: dict[str, Any]) -> None:
    """Figures into a JSON file, and next to it their table (`.md`) and plots (`.svg`, `.png`).

    Args:
        path: of the JSON file.
        kind: which benchmark, by its name among `tables.TABLES`.
        report: the figures. Where and with what they were measured is added, if they do not say.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    report = {"machine": figures.machine(), **report}
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    render(path, kind)


def render(path: Path, kind: str) -> tuple[str, str | None]:
    """Table and plots again, of figures that are there: the Markdown and the SVG; no SVG without matplotlib."""
    report = json.loads(path.read_text(encoding="utf-8"))
    table = tables.TABLES[kind](report)
    path.with_suffix(".md").write_text(table, encoding="utf-8")
    try:
        return table, plots.draw(kind, report, path)
    except ImportError as error:
        print(f"no plots: {error}", file=sys.stderr)
        return table, None
