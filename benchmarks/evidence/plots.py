"""Plots of results, as SVG and PNG next to their files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from evidence import figures, tables


def draw(kind: str, report: dict[str, Any], path: Path) -> str:
    """The plot of a benchmark, as SVG and PNG next to its file; the SVG is returned.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams.update({"svg.hashsalt": "structgen", "font.size": 11, "axes.spines.top": False})
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2), layout="constrained")
    PLOTS[kind](axes, report)
    figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(path.with_suffix(".png"), dpi=120)
    pyplot.close(figure)
    text = path.with_suffix(".svg").read_text(encoding="utf-8")
    return text[text.index("<svg") :]


def _validity(axes: Any, report: dict[str, Any]) -> None:
    """Validity against cost, a point for each arm, with its interval."""
    for number, one in enumerate(report["arms"]):
        if not one["tasks"]:
            continue
        share = one["valid"] / one["tasks"]
        low, high = figures.interval(one["valid"], one["tasks"])
        errors = [[max(0.0, 100 * (share - low))], [max(0.0, 100 * (high - share))]]
        # Rings, as arms that cost the same and are worth the same lie on each other: the first is the largest.
        ring = {
            "fillstyle": "none",
            "markeredgewidth": 2,
            "markersize": 3 + 2 * (len(report["arms"]) - number),
        }
        axes.errorbar(
            one["seconds"],
            100 * share,
            errors,
            fmt="o",
            capsize=3,
            color=f"C{number}",
            label=one["arm"],
            **ring,
        )
    axes.set(xlabel="seconds for an answer", ylabel="valid answers, %", ylim=(-4, 104))
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=9, markerscale=0.5)


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


def _memory(axes: Any, report: dict[str, Any]) -> None:
    """MiB that a schema keeps, from the median to the worst."""
    keys = ("p50", "p90", "p99", "p99.9", "max")
    for name, one in report["engines"].items():
        if one["MiB"]["count"]:
            axes.plot(keys, [one["MiB"][key] for key in keys], marker="o", label=name)
    axes.set(ylabel="MiB for a compiled schema", yscale="log")
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


def _grouped(axes: Any, groups: list[str], bars: dict[str, list[float | None]]) -> None:
    """Bars side by side: one colour for each name, one group of bars for each place."""
    width = 0.8 / max(1, len(bars))
    for number, (name, values) in enumerate(bars.items()):
        at = [place + width * (number - (len(bars) - 1) / 2) for place in range(len(groups))]
        axes.bar(at, [value or 0.0 for value in values], width, label=name)
    axes.set_xticks(range(len(groups)), groups)
    axes.legend(fontsize=9)


def _generate(axes: Any, report: dict[str, Any]) -> None:
    """Milliseconds added to a step, a bar for each library, by batch."""
    found = report["results"]
    batches = list(dict.fromkeys(one["batch"] for one in found))
    bars: dict[str, list[float | None]] = {}
    for one in found:
        if one["library"] != "none":
            bars.setdefault(one["library"], []).append(one["added_later_ms"])
    _grouped(axes, [f"batch {batch}" for batch in batches], bars)
    axes.set(ylabel="ms added to a step")


def _drafts(axes: Any, report: dict[str, Any]) -> None:
    """Tokens a second compared with masked generation, task by task, the slowest first."""
    for arm in ("drafted", "drafted again"):
        ratios = sorted(
            (one["arms"][arm]["tokens"] / one["arms"][arm]["seconds"])
            / (one["arms"]["masked"]["tokens"] / one["arms"]["masked"]["seconds"])
            for one in report["results"]
        )
        axes.plot(range(1, len(ratios) + 1), ratios, label=arm)
    axes.axhline(1, color="gray", linewidth=0.8)
    axes.set(
        xlabel="schemas, the slowest first",
        ylabel="tokens a second, to masked without drafts",
        ylim=(0, None),
    )
    axes.legend()


def _grammar_masks(axes: Any, report: dict[str, Any]) -> None:
    """Mean microseconds of a mask and the next token, by grammar and engine."""
    grammars = report["microseconds"]
    engines = list(dict.fromkeys(name for of_grammar in grammars.values() for name in of_grammar))
    bars = {
        f"{name}, {kind}": [
            of_grammar.get(name, {}).get(kind, {}).get("mean") for of_grammar in grammars.values()
        ]
        for name in engines
        for kind in ("cold", "warm")
    }
    _grouped(axes, list(grammars), bars)
    axes.set(ylabel="µs for a mask and the next token, mean", yscale="log")


def _tools(axes: Any, report: dict[str, Any]) -> None:
    """Milliseconds to the first mask, by vocabulary, number of tools and engine."""
    rows = report["results"]
    engines = list(dict.fromkeys(name for row in rows for name in row["engines"]))
    bars = {name: [row["engines"].get(name, {}).get("first mask, ms") for row in rows] for name in engines}
    _grouped(axes, [f"{row['tokenizer']}, {row['tools']}" for row in rows], bars)
    axes.tick_params(axis="x", labelrotation=30)
    axes.set(ylabel="ms to the first mask", yscale="log")


def _tool_calls(axes: Any, report: dict[str, Any]) -> None:
    """Shares of the questions that ask for calls, by arm."""
    bars: dict[str, list[float | None]] = {}
    verdicts = ("well formed", "offered", "valid", "right")
    for arm, sets in report["arms"].items():
        called = [one for name, one in sets.items() if name != "irrelevance"]
        count = sum(one["questions"] for one in called)
        bars[arm] = [100 * sum(one[verdict] for one in called) / max(1, count) for verdict in verdicts]
    _grouped(axes, list(verdicts), bars)
    axes.set(ylabel="% of the questions", ylim=(0, 100))


def _apply(axes: Any, report: dict[str, Any]) -> None:
    """Microseconds for a batch of the widest logits, half of them allowed."""
    width = max(one["width"] for one in report["results"])
    shown = [
        one
        for one in report["results"]
        if (one["width"], one["dtype"], one["allowed"]) == (width, "float32", 0.5)
    ]
    for way in shown[0]["microseconds"]:
        points = [
            (one["batch"], one["microseconds"][way]) for one in shown if one["microseconds"][way] is not None
        ]
        if points:
            axes.plot(*zip(*points, strict=True), marker="o", label=way)
    batches = [one["batch"] for one in shown]
    axes.set(xlabel="rows in the batch", ylabel=f"µs, {width // 1024}k float32", xscale="log", yscale="log")
    axes.set_xticks(batches, [str(batch) for batch in batches])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()


def _gpu(axes: Any, report: dict[str, Any]) -> None:
    """Microseconds for a batch of the widest logits."""
    width = max(one["width"] for one in report["results"])
    shown = [one for one in report["results"] if one["width"] == width]
    for way in shown[0]["apply"]:
        points = [(one["batch"], one["apply"][way]) for one in shown if way in one["apply"]]
        axes.plot(*zip(*points, strict=True), marker="o", label=way)
    axes.set(xlabel="rows in the batch", ylabel=f"µs, {width // 1024}k bfloat16", xscale="log", yscale="log")
    axes.legend()


def _repair_model(axes: Any, report: dict[str, Any]) -> None:
    """Valid answers, as they stand and repaired, with their intervals."""
    count = report["prompts"]
    for number, row in enumerate(report["answers"].values()):
        share = row.get("valid", 0) / max(1, count)
        low, high = figures.interval(row.get("valid", 0), count)
        errors = [[max(0.0, 100 * (share - low))], [max(0.0, 100 * (high - share))]]
        axes.bar(number, 100 * share, yerr=errors, capsize=4)
    axes.set_xticks(range(len(report["answers"])), list(report["answers"]))
    axes.set(ylabel="valid answers, %", ylim=(0, 100))


def _repair_speed(axes: Any, report: dict[str, Any]) -> None:
    """Seconds for a megabyte, a line for each damage, compared with json-repair."""
    rows = {**report.get("throughout", {}), **report.get("single", {})}
    names = list(rows)[::-1]
    for key, told in (("seconds for 1 MB", "structgen"), ("json-repair", "json-repair")):
        points = [(rows[name][key], name) for name in names if rows[name].get(key) is not None]
        if points:
            axes.plot([x for x, _ in points], [name for _, name in points], "o", label=told)
    axes.set(xlabel="seconds for 1 MB", xscale="log")
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(alpha=0.3)
    axes.legend()


def _repair_suites(axes: Any, report: dict[str, Any]) -> None:
    """Cases read right, by suite and tool; of invalid texts nothing is right or wrong."""
    suites = {name: of for name, of in report["suites"].items() if not name.endswith("invalid")}
    names = dict.fromkeys(tool for of in suites.values() for tool in of["tools"])
    for tool in names:
        points = [
            (100 * of["tools"][tool]["right"] / of["cases"], suite)
            for suite, of in suites.items()
            if tool in of["tools"]
        ]
        axes.plot([x for x, _ in points], [suite for _, suite in points], "o", label=tool)
    axes.set(xlabel="cases read right, %")
    axes.grid(alpha=0.3)
    axes.legend()


def _yaml_tokens(axes: Any, report: dict[str, Any]) -> None:
    """Tokens of the same values in each layout."""
    bars = axes.bar(list(report["tokens"]), [count / 1000 for count in report["tokens"].values()])
    axes.bar_label(bars, fmt="%.0f")
    axes.set(ylabel="thousands of tokens")


def _text_to_sql(axes: Any, report: dict[str, Any]) -> None:
    """Statements that parse, run and are right, by constraint."""
    bars = {
        what: [100 * one[what] / max(1, report["questions"]) for one in report["count"].values()]
        for what in ("parses", "runs", "right")
    }
    _grouped(axes, [tables.STATEMENTS[name].replace("`", "") for name in report["count"]], bars)
    axes.set(ylabel="statements, %", ylim=(0, 105))


def _distortion(axes: Any, report: dict[str, Any]) -> None:
    """Total variation against cost, a point for each arm, with its interval and the floor."""
    for number, (arm, one) in enumerate(report["summary"].items()):
        tv = one["tv"]
        errors = [[tv["mean"] - tv["low"]], [tv["high"] - tv["mean"]]]
        axes.errorbar(one["rows"], tv["mean"], errors, fmt="o", capsize=3, color=f"C{number}", label=arm)
        if one["floor"]["mean"]:
            axes.plot(one["rows"], one["floor"]["mean"], "_", color=f"C{number}")
    axes.set(xscale="log", xlabel="rows through the model for one outcome", ylim=(0, 1))
    axes.set_ylabel("total variation to the model's own law (_: floor)")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=9)


PLOTS: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "validity": _validity,
    "quality": _quality,
    "latency": _latency,
    "generate": _generate,
    "drafts": _drafts,
    "distortion": _distortion,
    "masks": _masks,
    "masks_xgrammar": _masks,
    "memory": _memory,
    "grammar_masks": _grammar_masks,
    "tools": _tools,
    "tool_calls": _tool_calls,
    "apply": _apply,
    "gpu": _gpu,
    "repair_json": _repair,
    "repair_json_twice": _repair,
    "repair_models": _repair,
    "repair_yaml": _repair,
    "repair_model": _repair_model,
    "repair_speed": _repair_speed,
    "repair_suites": _repair_suites,
    "yaml_tokens": _yaml_tokens,
    "text_to_sql": _text_to_sql,
}
"""By name of the file of results."""
