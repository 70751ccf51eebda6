"""Tables of benchmarks that write JSON only; and what the README has of them. The others write their own Markdown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evidence import figures

KINDS = {
    "first mask, ms": "time to the first mask, from the text of a schema",
    "warm, µs": "mask + advance, warm (second request on a compiled grammar)",
    "cold, µs": "mask + advance, cold (first request)",
}
VERDICTS = ("restored", "refused", "wrong, says so", "silently wrong")


def masks(report: dict[str, Any]) -> str:
    """The engines beside each other, and the ratios over what both of two engines read."""
    headings = ["engine", "compiled", "wrong answers", *(f"{kind}: mean / p50 / p99 / max" for kind in KINDS)]
    rows: list[list[Any]] = []
    for name, one in report["engines"].items():
        wrong = one["valid rejected"] + one["invalid accepted"]
        cells = [_of(one[kind]) if kind in one else None for kind in KINDS]
        rows.append([name, one["schemas"].get("measured", 0), wrong, *cells])
    parts = [figures.table(headings, rows)]
    for peer, paired in report.get("paired", {}).items():
        parts += [
            f"Ratio to {peer}, over the schemas and tokens that both read (less is better):\n",
            _ratios(paired),
        ]
    options, machine = report["options"], report["machine"]
    schemas = max(sum(one["schemas"].values()) for one in report["engines"].values())
    parts.append(
        f"{options['data']}, {schemas} schemas, {options['tokenizer']}; {machine['processor']}, load "
        f"{machine['load at the start'][0]:.1f}, {machine['date']}.\n"
    )
    return "\n".join(parts)


def _of(one: dict[str, float]) -> str:
    return " / ".join(figures.short(one[key]) for key in ("mean", "p50", "p99", "max"))


def _ratios(paired: dict[str, Any], heading: str = "") -> str:
    keys = ("mean", "p50", "p99", "max")
    rows = [
        [told, *(figures.short(paired[kind]["ratio"][key], 2) for key in keys)]
        for kind, told in KINDS.items()
        if kind in paired
    ]
    return figures.table([heading, *keys], rows)


def masks_beside_llguidance(report: dict[str, Any]) -> str:
    """For the README: ratios, and what was measured."""
    ours, theirs = report["engines"]["structgen"], report["engines"]["llguidance"]
    paired, options, machine = report["paired"]["llguidance"], report["options"], report["machine"]
    version = report["versions"]["llguidance"]
    compiled = [one["schemas"].get("measured", 0) for one in (ours, theirs)]
    # The ratios are of the same schemas for both; how many that are stands with the first mask, one for each.
    read = round(paired["first mask, ms"]["subject"]["count"])
    return (
        f"{_ratios(paired, f'ratio to llguidance {version}, in one process (less is better)')}\n"
        f"{sum(ours['schemas'].values())} random schemas of MaskBench, vocabulary of {options['tokenizer']}, "
        f"{machine['processors']} cores of an {machine['processor']}; ratios over the {read} schemas that both read. "
        f"structgen compiled {compiled[0]} (llguidance {compiled[1]}), accepted {ours['invalid accepted']} of "
        f"{ours['invalid instances']:,} invalid instances ({theirs['invalid accepted']} of "
        f"{theirs['invalid instances']:,}) and rejected {ours['valid rejected']} of {ours['valid instances']:,} valid "
        f"ones ({theirs['valid rejected']} of {theirs['valid instances']:,}).\n"
    )


def grammar_masks(report: dict[str, Any]) -> str:
    """The engines on Lark grammars."""
    rows = []
    for grammar, engines in report["microseconds"].items():
        for name, one in engines.items():
            cells = [
                " / ".join(figures.short(one[kind][key]) for key in ("mean", "p50", "p99", "max"))
                for kind in ("cold", "warm")
            ]
            first = [
                figures.short(one[kind] / 1e3) if kind in one else None
                for kind in ("first mask", "first mask, kept")
            ]
            rows.append([grammar, name, *first, one["cold"]["tokens"], *cells])
    kinds = (f"{kind}, µs: mean / p50 / p99 / max" for kind in ("cold", "warm"))
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    machine = report["machine"]
    return (
        figures.table(["grammar", "engine", "first mask, ms", "kept, ms", "tokens", *kinds], rows)
        + f"\n{report['tokenizer']}; {versions}; {machine['processor']}, load {machine['load']}, {machine['date']}.\n"
    )


def generate(report: dict[str, Any]) -> str:
    """Milliseconds added to a step."""
    keys = ("compile_ms", "added_first_ms", "added_later_ms", "added_max_ms", "step_ms")
    rows = [[one["library"], one["batch"], *(one[key] for key in keys)] for one in report["results"]]
    headings = ["library", "batch", *(key.removesuffix("_ms").replace("_", " ") + ", ms" for key in keys)]
    machine = report["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items() if version)
    return (
        figures.table(headings, rows)
        + f"\n{versions}; {machine['processor']}, {machine['threads']} threads, {machine['date']}.\n"
    )


def apply(report: dict[str, Any]) -> str:
    """Microseconds for one batch."""
    ways = list(report["results"][0]["microseconds"])
    rows = [
        [f"{one['width'] // 1024}k, batch {one['batch']}, {one['dtype']}, {one['allowed']:.0%} allowed"]
        + [figures.short(one["microseconds"][way]) for way in ways]
        for one in report["results"]
    ]
    machine = report["machine"]
    return (
        figures.table(["µs", *ways], rows)
        + f"\n{machine['processor']}, {machine['threads']} threads, {machine['date']}.\n"
    )


def repair(report: dict[str, Any]) -> str:
    """What became of damaged texts."""
    rows = []
    for name, one in report["tools"].items():
        texts = report["cases"]
        restorable = one.get("of restorable texts", {})
        share = (
            f"{restorable.get('restored', 0) / max(1, sum(restorable.values())):.1%}" if restorable else None
        )
        rows.append(
            [name, f"{one.get('restored', 0) / max(1, texts):.1%}", share]
            + [one.get(verdict, 0) for verdict in VERDICTS]
            + [one.get("seconds")]
        )
    damages = report.get("damages", 1)
    about = (
        f"{report['cases']} texts of {report.get('format', 'json').upper()}, each with "
        f"{'one damage' if damages == 1 else f'{damages} damages'}, seed {report['seed']}.\n"
    )
    headings = ["tool", "restored, %", "of those that can be", *VERDICTS, "seconds"]
    return f"{figures.table(headings, rows)}\n{about}"


def repair_model(report: dict[str, Any]) -> str:
    """What repair is worth on the answers of a model."""
    count = report["prompts"]
    grades = sorted({key for row in report["answers"].values() for key in row} - {"json", "valid"})
    rows = [
        [arm, figures.percent(row.get("json", 0), count), figures.percent(row.get("valid", 0), count)]
        + [row.get(grade, 0) for grade in grades]
        for arm, row in report["answers"].items()
    ]
    about = (
        f"{report['model']}, {count} answers of at most {report['max new tokens']} tokens, {report['cut off']} of them "
        f"cut off; seed {report['seed']}. Judged by {report['judge']}.\n"
    )
    return f"{figures.table(['answers', 'JSON (95 %)', 'valid (95 %)', *grades], rows)}\n{about}"


def repair_speed(report: dict[str, Any]) -> str:
    """Seconds for a megabyte, beside json-repair; and how the time of hostile texts grows."""
    rows = [
        [name, row["seconds for 1 MB"], row.get("json-repair"), row.get("times as fast")]
        for part in ("single", "throughout")
        for name, row in report.get(part, {}).items()
    ]
    parts = (
        [figures.table(["damage", "seconds for 1 MB", "json-repair", "times as fast"], rows)] if rows else []
    )
    if "exponents" in report:
        parts += [
            "Hostile texts, the exponent of time over size (1: linear):\n",
            figures.table(["text", "exponent"], list(report["exponents"].items())),
        ]
    return "\n".join(parts)


def yaml_tokens(report: dict[str, Any]) -> str:
    """Tokens of the same values."""
    yaml = report["tokens"]["yaml"]
    rows = [
        [name, count, None if name == "yaml" else f"{yaml / count:.0%}"]
        for name, count in report["tokens"].items()
    ]
    return (
        figures.table(["layout", "tokens", "YAML of it"], rows)
        + f"\n{report['instances']} instances, {report['tokenizer']}, seed {report['seed']}.\n"
    )


def text_to_sql(report: dict[str, Any]) -> str:
    """Statements that parse, that run, and that give the right rows."""
    rows = [
        [arm, *(f"{one[what]} of {report['questions']}" for what in ("parses", "runs", "right"))]
        for arm, one in report["count"].items()
    ]
    about = (
        f"{report['model']}, at most {report['max_new_tokens']} tokens, SQLite {report['sqlite']}; "
        f"{report['machine']['date']}.\n"
    )
    return f"{figures.table(['constraint', 'parses', 'runs', 'right'], rows)}\n{about}"


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "masks": masks,
    "grammar_masks": grammar_masks,
    "generate": generate,
    "apply": apply,
    "repair_json": repair,
    "repair_json_twice": repair,
    "repair_yaml": repair,
    "repair_model": repair_model,
    "repair_speed": repair_speed,
    "yaml_tokens": yaml_tokens,
    "text_to_sql": text_to_sql,
}
"""By name of the file of results."""
