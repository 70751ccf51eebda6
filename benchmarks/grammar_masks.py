"""What does a mask of a Lark grammar cost? structgen beside llguidance on SQL, Python and JSON5.

    python benchmarks/grammar_masks.py --tokenizer DIR [--json benchmarks/results/grammar_masks.json]

The grammars are those of `grammars/`; llguidance gets the same one in its own syntax: rules as Lark expands them,
lookaheads at the beginning of a name as `& ~`, without those behind what is ignored. Both engines live in one process
with one thread, and take turns text by text. Compared are texts of which both allow every token. Measured: the time to
the first mask, from the text of the grammar, cold and when the process has seen that text; mask + advance for each
token, cold (the first request with the text on the compiled grammar) and warm (the second).
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
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

TESTS = Path(__file__).parents[1] / "tests"
WIDTH = 32
RUNS = ("cold", "warm")
CONFIGURATION = """{ // settings
  name: 'example', version: "1.4.2", private: true,
  limits: {memory: 0xFF00, ratio: .25, deadline: +Infinity, retries: 3,},
  hosts: ["a.example.com", 'b.example.com',], /* more to come */
  $schema: null, nested: {list: [1, 2.5e3, -4, [true, false]], text: 'it\\'s "quoted"'},
}"""


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tokenizer", default="smollm2", help="folder of a tokenizer of transformers, or smollm2"
    )
    parser.add_argument("--json", type=Path, help="write the summary to this file")
    options = parser.parse_args()
    tokenizer = load_tokenizer(options.tokenizer)
    engines = {"structgen": Structgen(tokenizer), "llguidance": Llguidance(tokenizer)}
    results: dict[str, Any] = {}
    for name, texts in _texts().items():
        grammar = library_text(name)
        sources = {"structgen": grammar, "llguidance": translated(grammar)}
        tokens = [list(tokenizer.encode(text, add_special_tokens=False)) for text in texts]
        results[name] = _measured(engines, sources, tokens)
    report = {
        "tokenizer": Path(options.tokenizer).name,
        "versions": {engine: adapter.version for engine, adapter in engines.items()},
        "machine": figures.machine(),
        "microseconds": results,
    }
    if options.json:
        write(options.json, "grammar_masks", report)
    _print(results)


def _texts() -> dict[str, list[str]]:
    queries = [
        query
        for name in ("chinook", "northwind", "sakila")
        for query in (TESTS / "data" / "sql" / f"{name}.queries.sql").read_text().split(";\n")
    ]
    modules = [
        'import os\n\ndef main(path: str, depth: int = 2):\n    """Walks."""\n    for name in os.listdir(path):\n'
        "        if name.startswith('.') or depth == 0:\n            continue\n        try:\n"
        "            main(os.path.join(path, name), depth=depth - 1)\n        except NotADirectoryError as error:\n"
        "            print(name, error)\n\nmain('.')\n",
        "class Stack(Base):\n    def push(self, item):\n        self.items[len(self.items)] = item\n"
        "        self.twice = {k: v * 2 for k, v in self.items.items() if v is not None}\n\n    def peek(self):\n"
        "        while self.items and not self.closed:\n            total += 3.5 ** 2 // 7\n            break\n"
        "        self.last = self.items[-1] if self.items else None\n",
    ]
    return {"sqlite": queries, "python": modules, "json5": [CONFIGURATION]}


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


def _measured(engines: dict[str, Any], sources: dict[str, str], texts: list[list[int]]) -> dict[str, Any]:
    grammars, found = {}, {}
    for engine, adapter in engines.items():
        started = time.perf_counter()
        grammars[engine] = adapter.compile_lark(sources[engine])
        grammars[engine].matcher().fill()
        found[engine] = {"first mask": (time.perf_counter() - started) * 1e6}
        started = time.perf_counter()
        adapter.compile_lark(sources[engine]).matcher().fill()
        found[engine]["first mask again"] = (time.perf_counter() - started) * 1e6
    times: dict[tuple[str, str], list[float]] = {(engine, run): [] for engine in engines for run in RUNS}
    for tokens in texts:
        cold = {engine: _read(grammar, tokens) for engine, grammar in grammars.items()}
        for engine, grammar in grammars.items():
            found[engine]["rejected"] = found[engine].get("rejected", 0) + (cold[engine] is None)
            if None not in cold.values():
                times[engine, "cold"] += cold[engine]
                times[engine, "warm"] += _read(grammar, tokens)
    for engine in engines:
        for run in RUNS:
            one = times[engine, run]
            ordered = sorted(one)
            found[engine][run] = {
                "tokens": len(one),
                "mean": statistics.fmean(one),
                "p50": ordered[len(one) // 2],
                "p99": ordered[len(one) * 99 // 100],
                "max": ordered[-1],
            }
    return found


def _read(grammar: Any, tokens: list[int]) -> Any:
    """Microseconds for each token; None if one is not allowed."""
    matcher, times = grammar.matcher(), []
    for token in tokens:
        started = time.perf_counter()
        matcher.fill()
        seconds = time.perf_counter() - started
        if not matcher.mask[token // WIDTH] >> (token % WIDTH) & 1:
            return None
        started = time.perf_counter()
        matcher.advance(token)
        times.append((seconds + time.perf_counter() - started) * 1e6)
    return times


def _print(results: dict[str, Any]) -> None:
    table = Table(
        "grammar",
        "engine",
        "rejected",
        "first mask, ms",
        "again, ms",
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
            figures = (cold["mean"], cold["p50"], cold["p99"], cold["max"], warm["mean"], warm["p99"])
            table.add_row(
                name,
                engine,
                str(one["rejected"]),
                f"{one['first mask'] / 1000:.1f}",
                f"{one['first mask again'] / 1000:.1f}",
                *(f"{figure:.1f}" for figure in figures),
            )
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
