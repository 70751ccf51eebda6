"""How many damaged texts are restored, how many come back wrong without a word, and how long it takes?

Valid instances of MaskBench are written as JSON in several layouts, and damaged by one (or two) of the corruptions
below, each with the same chance, seeds fixed. A text counts as restored if the value is the original one, and as
silently wrong if it is another and the tool does not say that it guessed or dropped anything (no peer ever does).

A text is *restorable* unless another value is as good an answer: one that the standard parser and the schema find in
the text as it stands, or a valid one of which the same damage makes the same text (found as an answer of structgen's,
and checked by damaging it). All figures are given for all texts, and for the restorable ones.

    python benchmarks/repair.py --data dev.jsonl --sample 2000
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from damages import DAMAGES, MODEL_DAMAGES, YAML_DAMAGES, with_latex, with_quotes
from evidence.results import write
from maskbench import records
from repairers import jsonrepair_version, tools, tools_for_yaml

import structgen

LAYOUTS: list[dict[str, Any]] = [{}, {"separators": (",", ":")}, {"indent": 2}]
WAYS = {"json": DAMAGES, "models": MODEL_DAMAGES, "yaml": YAML_DAMAGES}
"""Damages by what `--format` says; `models`: JSON with what models do to it besides."""
TRIES = 300
"""Seeds with which a wrong answer is damaged, to see whether the text might have come of it."""


def cases(
    path: Path, sample: int, seed: int, damages: int, format: str
) -> Iterator[tuple[str, str, Any, Any]]:
    """Kind of damage, damaged text, original value, schema."""
    rng = random.Random(seed)
    instances = []
    for line in records.lines(path):
        entry = json.loads(line)
        for test in entry["tests"]:
            if (
                test["valid"]
                and isinstance(test["data"], (dict, list))
                and test["data"]
                and len(json.dumps(test["data"])) < 4000
            ):
                instances.append((test["data"], entry["schema"]))
    kinds = WAYS[format]
    names = list(kinds)
    made = 0
    while made < sample:
        value, schema = rng.choice(instances)
        layout = rng.choice(LAYOUTS)
        chosen = rng.sample(names, damages)
        if "unescaped quotes" in chosen:
            value = with_quotes(value, rng)
        if "raw formula" in chosen:
            value = with_latex(value, rng)
            if not _is_valid(value, schema):  # the text had a format
                continue
        text = json.dumps(value, ensure_ascii=False, **layout) if format != "yaml" else _as_yaml(value)
        if format == "yaml" and not same(_yaml_value(text), value):
            continue  # PyYAML writes YAML 1.1: some of its texts mean something else in YAML 1.2
        damaged: str | None = text
        for name in chosen:
            if damaged is not None:
                try:
                    damaged = kinds[name](damaged, rng)
                except IndexError:
                    damaged = None
        if damaged is None or damaged == text:
            continue
        made += 1
        yield " + ".join(chosen), damaged, value, schema


def _as_yaml(value: Any) -> str:
    import yaml

    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=10_000)
    return text


def is_hopeless(text: str, value: Any, schema: Any, format: str) -> bool:
    """Returns True if nothing shows that a text is damaged: parser and schema accept it, with another value.

    A number in a field that may be anything, whose quotes were left out, is a number. Judged by json or ruamel.yaml
    (YAML 1.2), and by jsonschema.
    """
    try:
        found = json.loads(text) if format != "yaml" else _yaml_value(text)
        return not same(found, value) and _is_valid(found, schema)
    except Exception:  # what no parser accepts is damaged, whatever it raises
        return False


def has_other_origin(kinds: str, text: str, answer: Any, schema: Any, format: str) -> bool:
    """Returns True if an answer is as right as the original: the same damage makes the same text of it."""
    try:
        if not _is_valid(answer, schema):
            return False
    except (TypeError, ValueError):
        return False
    table = WAYS[format]
    for layout in LAYOUTS if format != "yaml" else [{}]:
        original = json.dumps(answer, ensure_ascii=False, **layout) if format != "yaml" else _as_yaml(answer)
        for seed in range(TRIES):
            rng, made = random.Random(seed), original
            try:
                for name in kinds.split(" + "):
                    made = table[name](made, rng) or ""
            except IndexError:
                continue
            if made == text:
                return True
    return False


def _is_valid(value: Any, schema: Any) -> bool:
    import jsonschema

    json.dumps(value, allow_nan=False)
    return bool(jsonschema.validators.validator_for(schema)(schema).is_valid(value))


def _yaml_value(text: str) -> Any:
    """The value of YAML 1.2, where the peers' 1.1 would make dates and octal numbers of strings."""
    import ruamel.yaml

    return ruamel.yaml.YAML(typ="safe", pure=True).load(text)


def same(a: Any, b: Any) -> bool:
    """Returns True if two values are the same, types included."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def measure(
    path: Path, sample: int, seed: int, damages: int, *, format: str = "json", show: int = 0
) -> dict[str, Any]:
    """Restored and silently wrong, per tool and damage."""
    results: dict[str, Any] = {}
    constraints: dict[int, Any] = {}
    contenders = tools() if format != "yaml" else tools_for_yaml()
    counts: dict[str, Counter[str]] = {name: Counter() for name in contenders}
    restored_by: dict[str, Counter[str]] = {name: Counter() for name in contenders}
    restorable_counts: dict[str, Counter[str]] = {name: Counter() for name in contenders}
    total: Counter[str] = Counter()
    hopeless: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    seconds: dict[str, float] = defaultdict(float)
    for kind, text, value, schema in cases(path, sample, seed, damages, format):
        if id(schema) not in constraints:
            try:
                constraints[id(schema)] = structgen.json_schema(schema, strict=False)
            except structgen.StructgenError:
                constraints[id(schema)] = None
        constraint = constraints[id(schema)]
        if constraint is None:
            continue
        total[kind] += 1
        hopeless_here = is_hopeless(text, value, schema, format)
        verdicts: dict[str, str] = {}
        for name, tool in contenders.items():
            started = time.process_time()
            try:
                answer, said = tool(text, constraint)
            except Exception as error:
                verdict, answer = "refused", error
                if name.startswith("structgen") and not isinstance(error, structgen.StructgenError):
                    raise
            else:
                try:
                    right = same(answer, value)
                except (TypeError, ValueError):
                    right = False
                verdict = "restored" if right else "wrong, says so" if said else "silently wrong"
            seconds[name] += time.process_time() - started
            counts[name][verdict] += 1
            restored_by[name][kind] += verdict == "restored"
            verdicts[name] = verdict
            if name == "structgen, schema" and "wrong" in verdict and not hopeless_here:
                hopeless_here = has_other_origin(kind, text, answer, schema, format)
            if verdict != "restored" and name.startswith("structgen") and shown[name + kind] < show:
                shown[name + kind] += 1
                print(
                    f"--- {name}: {kind}: {verdict}\n{text[:600]}\n  => {str(answer)[:600]}", file=sys.stderr
                )
        hopeless[kind] += hopeless_here
        for name, verdict in verdicts.items() if not hopeless_here else ():
            restorable_counts[name][verdict] += 1
    for name in contenders:
        results[name] = {
            **counts[name],
            "of restorable texts": dict(restorable_counts[name]),
            "seconds": None if name == "jsonrepair" else round(seconds[name], 2),  # that is another process
            "by damage": {kind: round(restored_by[name][kind] / total[kind], 3) for kind in sorted(total)}
            if damages == 1
            else {},
        }
    return {
        "cases": sum(total.values()),
        "not restorable": dict(hopeless),
        "seed": seed,
        "damages": damages,
        "format": format,
        "jsonrepair": jsonrepair_version() if "jsonrepair" in contenders else None,
        "tools": results,
    }


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="records of MaskBench: a file or its folder")
    parser.add_argument("--sample", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--damages", type=int, default=1)
    parser.add_argument("--format", choices=list(WAYS), default="json")
    parser.add_argument("--show", type=int, default=0, help="failures to print for each damage")
    parser.add_argument("--output", type=Path, help="where to write the figures as JSON")
    options = parser.parse_args()
    results = measure(
        options.data, options.sample, options.seed, options.damages, format=options.format, show=options.show
    )
    if options.output:
        write(options.output, f"repair_{options.format}", results)
    names = list(results["tools"])
    hopeless = sum(results["not restorable"].values())
    print(f"{results['cases']} texts, {hopeless} of them not restorable (valid with another value)")
    for verdict in ("restored", "refused", "wrong, says so", "silently wrong", "seconds"):
        print(f"{verdict:40}", *(f"{results['tools'][name].get(verdict) or 0:>18}" for name in names))
    for verdict in ("restored", "refused", "wrong, says so", "silently wrong"):
        row = [results["tools"][name]["of restorable texts"].get(verdict, 0) for name in names]
        print(f"{'of restorable texts: ' + verdict:40}", *(f"{count:>18}" for count in row))
    print(f"{'':40}", *(f"{name:>18}" for name in names))
    for kind in results["tools"]["structgen"]["by damage"]:
        print(f"{kind:40}", *(f"{results['tools'][name]['by damage'][kind]:18.1%}" for name in names))


if __name__ == "__main__":
    main()
