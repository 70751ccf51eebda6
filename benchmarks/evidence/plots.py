"""Plots of results, as SVG and PNG beside their files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evidence import figures


def drawn(folder: Path) -> dict[str, str]:
    """SVG by name of benchmark, of all that there are results of; also written to the folder, with a PNG each."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams.update({"svg.hashsalt": "structgen", "font.size": 11, "axes.spines.top": False})
    from matplotlib import pyplot

    found = {}
    for name, draw in _DRAW.items():
        source = folder / f"{name}.json"
        if not source.exists():
            continue
        figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
        draw(axes, json.loads(source.read_text(encoding="utf-8")))
        for kind in ("svg", "png"):
            figure.savefig(
                folder / f"{name}.{kind}", dpi=120, metadata={"Date": None} if kind == "svg" else None
            )
        pyplot.close(figure)
        text = (folder / f"{name}.svg").read_text(encoding="utf-8")
        found[name] = text[text.index("<svg") :]
    return found


def _validity(axes: Any, report: dict[str, Any]) -> None:
    """Validity against cost, a point for each arm, with its interval."""
    for number, one in enumerate(report["arms"]):
        if not one["tasks"]:
            continue
        share = one["valid"] / one["tasks"]
        low, high = figures.interval(one["valid"], one["tasks"])
        errors = [[max(0.0, 100 * (share - low))], [max(0.0, 100 * (high - share))]]
        axes.errorbar(
            one["seconds"], 100 * share, errors, fmt="o", capsize=3, color=f"C{number}", label=one["arm"]
        )
    axes.set(xlabel="seconds for an answer", ylabel="valid answers, %", ylim=(-4, 104))
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=9)


def _latency(axes: Any, report: dict[str, Any]) -> None:
    """Milliseconds added to a step at the largest width, by batch."""
    width = max(one["width"] for one in report["results"])
    for name in dict.fromkeys(one["library"] for one in report["results"]):
        points = [
            (one["batch"], one["added_ms"])
            for one in report["results"]
            if one["library"] == name and one["width"] == width and one["added_ms"] is not None
        ]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=name)
    axes.set(
        xlabel="rows in the batch",
        ylabel=f"ms added to a step, {width // 1000}k logits",
        xscale="log",
        yscale="log",
    )
    batches = sorted({one["batch"] for one in report["results"]})
    axes.set_xticks(batches, [str(batch) for batch in batches])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()


def _quality(axes: Any, report: dict[str, Any]) -> None:
    """Right fields with and without the mask, by family."""
    families = [one for one in report["families"] if one["fields"]]
    for place, (key, told) in enumerate((("free right", "free"), ("masked right", "masked"))):
        shares = [100 * one[key] / one["fields"] for one in families]
        bars = axes.bar([at + 0.4 * place - 0.2 for at in range(len(families))], shares, 0.4, label=told)
        axes.bar_label(bars, [f"{one[key]} of {one['fields']}" for one in families], fontsize=9)
    axes.set_xticks(range(len(families)), [one["family"] for one in families])
    axes.set(ylabel="right fields, %", ylim=(0, 105))
    axes.legend()


def _masks(axes: Any, report: dict[str, Any]) -> None:
    """Microseconds of mask and next token, from the median to the worst."""
    keys = ("p50", "p90", "p99", "p99.9", "max")
    for number, (name, one) in enumerate(report["engines"].items()):
        for kind, line in (("cold, µs", "-"), ("warm, µs", "--")):
            if kind in one:
                told = f"{name}, {kind.split(',')[0]}"
                axes.plot(
                    keys, [one[kind][key] for key in keys], line, marker="o", color=f"C{number}", label=told
                )
    axes.set(ylabel="µs for a mask and the next token", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=9)


def _repair(axes: Any, report: dict[str, Any]) -> None:
    """What became of damaged texts, a bar for each tool."""
    names = list(report["tools"])[::-1]
    left = [0.0] * len(names)
    for number, verdict in enumerate(("restored", "refused", "wrong, says so", "silently wrong")):
        shares = [100 * report["tools"][name].get(verdict, 0) / max(1, report["cases"]) for name in names]
        axes.barh(names, shares, left=left, label=verdict, color=("C2", "0.8", "C1", "C3")[number])
        left = [before + share for before, share in zip(left, shares, strict=True)]
    axes.set(xlabel="damaged texts, %", xlim=(0, 100))
    axes.legend(fontsize=9, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1))


_DRAW: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "validity": _validity,
    "quality": _quality,
    "latency": _latency,
    "masks": _masks,
    "repair_json": _repair,
    "repair_yaml": _repair,
}
