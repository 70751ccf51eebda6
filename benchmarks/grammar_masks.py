"""What does a mask of a Lark grammar cost? structgen and llguidance on SQL, Python and JSON5.

    python benchmarks/grammar_masks.py --tokenizer DIR [--seed 0] [--json benchmarks/results/grammar_masks.json]

The grammars are those of `grammars/`; llguidance gets the same one in its own syntax: rules as Lark expands them,
lookaheads at the beginning of a name as `& ~`, without those after what is ignored. The texts are queries written for
public sample databases (`tests/data/sql`), and modules and settings as people write them (`benchmarks/texts`). Both
engines live in one process with one thread, and take turns text by text, in random order. A text is compared up to the
first token that one of them does not allow: llguidance has no priorities, and takes some keywords for names.

Measured:

    first mask           from the text of the grammar, in a process that has imported all and loaded the vocabulary, but
                         has not seen a grammar. (Those of the library are prepared when structgen is built.)
    first mask, own      the same with another comment in the text: a grammar that nobody has prepared
    first mask, kept     the same, where another process has prepared it (STRUCTGEN_CACHE)
    first mask again     in a process that has seen the grammar
    cold, warm           mask + advance for each token: the first request with the text on a compiled grammar, and the
                         second
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from evidence import figures
from evidence.results import write
from lark.lexer import PatternStr
from lark.load_grammar import load_grammar
from maskbench.supervise import load_tokenizer
from peers.llguidance import Llguidance
from peers.structgen import Structgen
from rich.console import Console
from rich.table import Table

from structgen.frontends.library import library_text
from structgen.frontends.prepared import VARIABLE

TEXTS = Path(__file__).parent / "texts"
QUERIES = Path(__file__).parents[1] / "tests" / "data" / "sql"
WIDTH = 32
RUNS = ("cold", "warm")


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tokenizer", default="smollm2", help="folder of a tokenizer of transformers, or smollm2"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the order in which the engines take turns")
    parser.add_argument("--json", type=Path, help="write the summary to this file")
    parser.add_argument(
        "--first", metavar="GRAMMAR", help="only print the times to the first mask of this one"
    )
    parser.add_argument("--own", action="store_true", help="with --first: as a grammar of one's own")
    options = parser.parse_args()
    tokenizer = load_tokenizer(options.tokenizer)
    engines: dict[str, Any] = {"structgen": Structgen(tokenizer), "llguidance": Llguidance(tokenizer)}
    if options.first:
        sources = _sources(options.first)
        if options.own:
            sources = {engine: f"{text}\n// of my own\n" for engine, text in sources.items()}
        print(json.dumps(_first_masks(engines, sources)))
        return
    rng = random.Random(options.seed)
    results: dict[str, Any] = {}
    for name, texts in _texts().items():
        tokens = [list(tokenizer.encode(text, add_special_tokens=False)) for text in texts]
        results[name] = _measured(engines, _sources(name), tokens, rng)
        for engine, first in _first_masks_apart(options.tokenizer, name).items():
            results[name][engine] = first | results[name][engine]
    report = {
        "machine": figures.machine(),
        "tokenizer": Path(options.tokenizer).name,
        "seed": options.seed,
        "versions": {engine: adapter.version for engine, adapter in engines.items()},
        "microseconds": results,
    }
    if options.json:
        write(options.json, "grammar_masks", report)
    _print(results)


def _texts() -> dict[str, list[str]]:
    queries = [
        query
        for name in ("chinook", "northwind", "sakila")
        for query in (QUERIES / f"{name}.queries.sql").read_text().split(";\n")
    ]
    others = {
        name: [path.read_text().rstrip("\n") for path in sorted((TEXTS / name).iterdir())]
        for name in ("python", "json5")
    }
    return {"sqlite": queries, **others}


def _sources(name: str) -> dict[str, str]:
    grammar = library_text(name)
    return {"structgen": grammar, "llguidance": translated(grammar)}


def translated(grammar: str) -> str:
    """The grammar in llguidance's syntax."""
    loaded, _ = load_grammar(grammar, "<string>", [], False)
    terminals, rules, ignored = loaded.compile(["start"], "*")
    definition = re.compile(r"([A-Z_0-9]+)(\.\d+)?:")
    own = {found[1] for line in grammar.split("\n") if (found := definition.match(line))}
    lines = []
    options: dict[str, list[str]] = {}
    for rule in rules:
        names = " ".join(_name(symbol.name) for symbol in rule.expansion)
        options.setdefault(_name(rule.origin.name), []).append(names or '""')
    lines += [f"{name}: {' | '.join(found)}" for name, found in options.items()]
    for terminal in terminals:
        if terminal.name not in own and terminal.name not in ignored:
            value = terminal.pattern.value
            is_text = isinstance(terminal.pattern, PatternStr)
            lines.append(f"{_name(terminal.name)}: {json.dumps(value) if is_text else f'/{value}/'}")
    for line in re.sub(r"\n\s+\|", " |", grammar).split("\n"):
        if definition.match(line) or line.startswith("%ignore"):
            line = re.sub(r"^([A-Z_0-9]+)\.\d+:", r"\1:", line).replace("(?ai:", "(?i:")
            line = re.sub(r"^(%ignore .*)\(\?![^)]*\)/$", r"\1/", line)
            line = re.sub(
                r"/(\(\?i:)?\(\?!\((.*?)\)\(\?!\[.*?\]\)\)(.*?)(\))?/$",
                lambda m: f"/(?{'i' if m[1] else ''}:{m[3]})/ & ~/(?{'i' if m[1] else ''}:{m[2]})/",
                line,
            )
            lines.append(line)
    return "\n".join(lines) + "\n"


def _name(name: str) -> str:
    plain = re.sub(r"\W+", "_", name).strip("_")
    return plain.upper() if name.isupper() else plain.lower()


def _first_masks_apart(tokenizer: str, name: str) -> dict[str, dict[str, float]]:
    """The same in processes of their own."""

    def run(*options: str, **variables: str) -> dict[str, dict[str, float]]:
        environment = {key: value for key, value in os.environ.items() if key != VARIABLE} | variables
        command = [sys.executable, __file__, "--tokenizer", tokenizer, "--first", name, *options]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
        return found

    found = run()
    found["structgen"]["first mask, own"] = run("--own")["structgen"]["first mask"]
    with tempfile.TemporaryDirectory() as folder:
        run("--own", **{VARIABLE: folder})
        kept = run("--own", **{VARIABLE: folder})
    found["structgen"]["first mask, kept"] = kept["structgen"]["first mask"]
    return found


def _first_masks(engines: dict[str, Any], sources: dict[str, str]) -> dict[str, dict[str, float]]:
    """Microseconds from the text of a grammar to its first mask, by engine: the first time, and again."""
    found: dict[str, dict[str, float]] = {}
    for engine, adapter in engines.items():
        for kind in ("first mask", "first mask again"):
            started = time.perf_counter()
            adapter.compile_lark(sources[engine]).matcher().fill()
            found.setdefault(engine, {})[kind] = (time.perf_counter() - started) * 1e6
    return found


def _measured(
    engines: dict[str, Any], sources: dict[str, str], texts: list[list[int]], rng: random.Random
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    read: list[int] = [len(tokens) for tokens in texts]
    grammars = {}
    for engine, adapter in engines.items():
        judge = adapter.compile_lark(
            sources[engine]
        )  # another one: that to be measured is not to have seen them
        allowed = [len(_read(judge, tokens)) for tokens in texts]
        found[engine] = {"cut texts": sum(map(int.__lt__, allowed, map(len, texts)))}
        read = [*map(min, read, allowed)]
        adapter.renew()
        grammars[engine] = adapter.compile_lark(sources[engine])
        grammars[engine].matcher().fill()
    times: dict[tuple[str, str], list[float]] = {(engine, run): [] for engine in engines for run in RUNS}
    order = list(engines)
    for tokens, count in zip(texts, read, strict=True):
        rng.shuffle(order)
        for run in RUNS:
            for engine in order:
                times[engine, run] += _read(grammars[engine], tokens[:count])
    for engine in engines:
        for run in RUNS:
            one = times[engine, run]
            ordered = sorted(one)
            found[engine][run] = {
                "tokens": len(one),
                "mean": statistics.fmean(one),
                "p50": ordered[len(one) // 2],
                "p99": ordered[len(one) * 99 // 100],
                "p99.9": ordered[len(one) * 999 // 1000],
                "max": ordered[-1],
            }
    return found


def _read(grammar: Any, tokens: list[int]) -> list[float]:
    """Microseconds for each token, up to the first one that is not allowed."""
    matcher, times = grammar.matcher(), []
    for token in tokens:
        started = time.perf_counter()
        matcher.fill()
        seconds = time.perf_counter() - started
        if not matcher.mask[token // WIDTH] >> (token % WIDTH) & 1:
            break
        started = time.perf_counter()
        matcher.advance(token)
        times.append((seconds + time.perf_counter() - started) * 1e6)
    return times


def _print(results: dict[str, Any]) -> None:
    table = Table(
        "grammar",
        "engine",
        "cut",
        "first mask, ms",
        "own",
        "kept",
        "again",
        "cold: mean",
        "p50",
        "p99",
        "max",
        "warm: mean",
        "p99",
    )
    for name, found in results.items():
        for engine, one in found.items():
            cold, warm = one["cold"], one["warm"]
            times = (cold["mean"], cold["p50"], cold["p99"], cold["max"], warm["mean"], warm["p99"])
            others = [one.get(f"first mask, {kind}") for kind in ("own", "kept")]
            table.add_row(
                name,
                engine,
                str(one["cut texts"]),
                f"{one['first mask'] / 1000:.1f}",
                *("" if other is None else f"{other / 1000:.1f}" for other in others),
                f"{one['first mask again'] / 1000:.1f}",
                *(f"{figure:.1f}" for figure in times),
            )
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
