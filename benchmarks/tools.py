"""What does a turn with tools cost? structgen, xgrammar's structural tags and llguidance, with up to 500 tools.

    python benchmarks/tools.py --tokenizer DIR [DIR ...] [--json benchmarks/results/tools.json]

The tools, and the calls that are read, are those of BFCL (the package bfcl-eval). A turn is free text
(`texts/replies/prose.txt`) and then calls. How it is written is what the tokenizer's chat template or tokens say:

    qwen3      structgen.tools; xgrammar's preset qwen_3; llguidance's Lark with <tool_call> as a token
    harmony    structgen.tools; xgrammar's preset harmony; llguidance's Lark with the channels' tokens. One call
    tags       no format is known: <function=NAME>{...}</function>, as JSON of structural tags in structgen and
               xgrammar, as StructTag in llguidance

Measured, with one thread, in one process in which the engines take turns, and without garbage collection:

    first mask   from the tools, as dicts, to the first mask; the vocabulary is loaded and has seen nothing else
    cold, warm   mask + advance for each token of the text, and of the calls: the first request on a grammar whose
                 vocabulary has seen nothing, and the second

Each is repeated; the median of each figure, and of each token, counts. An engine that does not allow a token of the
turn is measured up to there, and the figures say so.
"""

from __future__ import annotations

import argparse
import functools
import gc
import importlib.util
import json
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence import figures
from evidence.results import write
from maskbench.supervise import load_tokenizer
from peers.llguidance import Llguidance
from peers.structgen import Structgen
from peers.xgrammar import Xgrammar

import structgen
from structgen.calling.registry import format_of, format_of_text
from structgen.calling.reply import Call, Reply
from structgen.errors import UnknownFormat

PROSE = Path(__file__).parent / "texts" / "replies" / "prose.txt"
FILES = ("multiple", "simple_python", "parallel", "parallel_multiple", "live_multiple")
TYPES = {"dict": "object", "float": "number", "tuple": "array"}
WIDTH = 32
SLOW = 2.0
"""Seconds; what takes longer is not repeated."""
PARTS = ("text", "calls")


@dataclass(frozen=True)
class Turn:
    """A turn that the engines read.

    Attributes:
        tools: those that are offered, as OpenAI's `function` dicts.
        protocol: how calls are written.
        text: the tokens of the free text, with what stands before the first call.
        calls: those of the calls.
    """

    tools: list[dict[str, Any]]
    protocol: str
    text: list[int]
    calls: list[int]


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tokenizer", nargs="+", required=True, help="folders of tokenizers of transformers")
    parser.add_argument("--count", nargs="+", type=int, default=[4, 64, 500], help="how many tools")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is repeated")
    parser.add_argument("--engine", nargs="+", default=["structgen", "xgrammar", "llguidance"])
    parser.add_argument("--seed", type=int, default=0, help="of the order in which the engines take turns")
    parser.add_argument("--json", type=Path, help="write the summary to this file")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    results = []
    for folder in options.tokenizer:
        tokenizer = load_tokenizer(folder)
        found = {"structgen": Structgen, "xgrammar": Xgrammar, "llguidance": Llguidance}
        engines = {name: found[name](tokenizer) for name in options.engine}
        for count in options.count:
            turn = turn_of(tokenizer, count)
            measured = {name: Measured() for name in engines}
            for _ in range(options.rounds):
                for name in rng.sample(list(engines), len(engines)):
                    measured[name].add(engines[name], COMPILERS[name], turn)
            row = {"tokenizer": Path(folder).name, "protocol": turn.protocol, "tools": count}
            row["engines"] = {name: one.summary() for name, one in measured.items()}
            results.append(row)
            print(json.dumps(row), flush=True)
    report = {
        "machine": figures.machine(),
        "versions": {name: found[name].version for name in options.engine},
        "seed": options.seed,
        "rounds": options.rounds,
        "results": results,
    }
    if options.json:
        write(options.json, "tools", report)


# The turn


def offered(count: int) -> list[dict[str, Any]]:
    """The first tools of BFCL with different names whose schemas can be satisfied."""
    return [tool for tool, _ in _questions()][:count]


@functools.cache
def _questions() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Tools, each with arguments that are right for one of them; none for most."""
    spec = importlib.util.find_spec("bfcl_eval")
    if spec is None or spec.origin is None:
        raise SystemExit("bfcl-eval is not installed: pip install --no-deps bfcl-eval")
    folder = Path(spec.origin).parent / "data"
    found: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for name in FILES:
        answers = _lines(folder / "possible_answer" / f"BFCL_v4_{name}.json")
        for question, answer in zip(_lines(folder / f"BFCL_v4_{name}.json"), answers, strict=False):
            expected = {key: value for one in answer["ground_truth"] for key, value in one.items()}
            for one in question["function"]:
                tool = {
                    **one,
                    "name": one["name"].replace(".", "_"),
                    "parameters": schema_of(one["parameters"]),
                }
                if tool["name"] not in found and _is_satisfiable(tool):
                    found[tool["name"]] = (tool, _arguments(tool, expected.get(one["name"])))
    return list(found.values())


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def schema_of(value: Any) -> Any:
    """A schema of BFCL, whose types are Python's, as a JSON Schema."""
    if isinstance(value, list):
        return [schema_of(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: schema_of(one) for key, one in value.items() if (key, one) != ("type", "any")}
    if isinstance(found.get("type"), str):
        found["type"] = TYPES.get(found["type"], found["type"])
    return found


def _is_satisfiable(tool: dict[str, Any]) -> bool:
    try:
        structgen.Tool.of(tool)
    except structgen.StructgenError:
        return False
    return True


def _arguments(tool: dict[str, Any], expected: dict[str, list[Any]] | None) -> dict[str, Any]:
    """The first right value of each argument, in the order of the schema; nothing if there is none."""
    if expected is None:
        return {}
    declared = tool["parameters"].get("properties", {})
    given = {key: expected[key][0] for key in declared if key in expected and expected[key][0] != ""}
    return given if structgen.Tool.of(tool).input.is_valid(json.dumps(given)) else {}


def turn_of(tokenizer: Any, count: int) -> Turn:
    """The turn for some tools: two of them are called, one in harmony."""
    protocol = _protocol(tokenizer)
    called = [(tool["name"], given) for tool, given in _questions()[:count] if given]
    called = called[: 1 if protocol == "harmony" else 2]
    prose = PROSE.read_text(encoding="utf-8")
    if protocol == "tags":
        calls = "\n".join(f"<function={name}>{json.dumps(given)}</function>" for name, given in called)
    elif protocol == "harmony":
        prose = f"<|channel|>analysis<|message|>{prose}<|end|><|start|>assistant"
        name, given = called[0]
        calls = f"<|channel|>commentary to=functions.{name}<|constrain|>json<|message|>{json.dumps(given)}"
    else:
        constraint = structgen.tools(offered(count), format=protocol)
        made = tuple(Call(at, name, given) for at, (name, given) in enumerate(called))
        calls = constraint.written(Reply(None, "", made))  # type: ignore[attr-defined]
    encode = functools.partial(tokenizer.encode, add_special_tokens=False)
    return Turn(offered(count), protocol, list(encode(prose)), list(encode(calls)))


def _protocol(tokenizer: Any) -> str:
    try:
        return format_of(tokenizer).name
    except UnknownFormat:
        found = format_of_text("\n".join(map(str, tokenizer.get_added_vocab())))
        return found.name if found is not None and found.name == "harmony" else "tags"


# The engines


def _tags(tools: list[dict[str, Any]]) -> dict[str, Any]:
    tags = [
        {
            "type": "tag",
            "begin": f"<function={tool['name']}>",
            "content": {"type": "json_schema", "json_schema": tool["parameters"]},
            "end": "</function>",
        }
        for tool in tools
    ]
    form = {"type": "triggered_tags", "triggers": ["<function="], "tags": tags}
    return {"type": "structural_tag", "format": form}


def _structgen(engine: Structgen, turn: Turn) -> Any:
    if turn.protocol == "tags":
        return engine.compile_constraint(structgen.structural_tag(_tags(turn.tools)))
    return engine.compile_constraint(structgen.tools(turn.tools, format=turn.protocol))


def _xgrammar(engine: Xgrammar, turn: Turn) -> Any:
    if turn.protocol == "tags":
        return engine.compile_tag(_tags(turn.tools))
    import xgrammar

    tools = [{"type": "function", "function": tool} for tool in turn.tools]
    preset, reasons = {"qwen3": ("qwen_3", False), "harmony": ("harmony", True)}[turn.protocol]
    return engine.compile_tag(xgrammar.get_model_structural_tag(preset, tools, "auto", reasoning=reasons))


def _llguidance(engine: Llguidance, turn: Turn) -> Any:
    if turn.protocol == "tags":
        from llguidance import StructTag

        tags = [
            StructTag(
                trigger="<function=",
                begin=f"<function={tool['name']}>",
                grammar=tool["parameters"],
                end="</function>",
            )
            for tool in turn.tools
        ]
        return engine.compile_lark(StructTag.to_grammar(tags, assume_special=False))
    return engine.compile_lark(_by_hand(turn))


def _by_hand(turn: Turn) -> str:
    lines = ["%llguidance {}", r"TEXT: /(.|\n)+/"]
    if turn.protocol == "harmony":
        lines += [
            'start: (<|channel|> "analysis" <|message|> TEXT <|end|> <|start|> "assistant")? (final | call)',
            'final: <|channel|> "final" <|message|> TEXT',
            'call: <|channel|> "commentary to=functions." body',
        ]
        before, after = "", ' <|constrain|> "json" <|message|> '
    else:
        lines.append("start: TEXT? (<tool_call> body </tool_call> TEXT?)*")
        before, after = '\n{"name": ', ""
    lines.append("body: " + " | ".join(f"t{at}" for at in range(len(turn.tools))))
    for at, tool in enumerate(turn.tools):
        schema = json.dumps(tool["parameters"])
        if turn.protocol == "harmony":
            lines.append(f"t{at}: {json.dumps(tool['name'])}{after}j{at}")
        else:
            opening = before + json.dumps(tool["name"]) + ', "arguments": '
            closing = "}\n"
            lines.append(f"t{at}: {json.dumps(opening)} j{at} {json.dumps(closing)}")
        lines.append(f"j{at}: %json {schema}")
    return "\n".join(lines)


COMPILERS: dict[str, Callable[[Any, Turn], Any]] = {
    "structgen": _structgen,
    "xgrammar": _xgrammar,
    "llguidance": _llguidance,
}


# Measuring


class Measured:
    """The rounds of one engine."""

    def __init__(self) -> None:
        self.first: list[float] = []
        self.runs: dict[str, list[tuple[list[float], list[float]]]] = {"cold": [], "warm": []}
        self.refused = ""

    def add(self, engine: Any, build: Callable[[Any, Turn], Any], turn: Turn) -> None:
        """One more round, if the engine is not slow."""
        if self.refused or (self.first and self.first[0] > SLOW * 1e3):
            return
        engine.renew()
        gc.collect()
        gc.disable()
        try:
            started = time.perf_counter()
            grammar = build(engine, turn)
            grammar.matcher().fill()
            self.first.append((time.perf_counter() - started) * 1e3)
            for run in self.runs.values():
                run.append(self._read(grammar, turn))
        except Exception as error:
            self.refused = f"{type(error).__name__}: {error}".split("\n")[0][:200]
        finally:
            gc.enable()

    def _read(self, grammar: Any, turn: Turn) -> tuple[list[float], list[float]]:
        matcher = grammar.matcher()
        found: tuple[list[float], list[float]] = ([], [])
        for part, tokens, times in zip(PARTS, (turn.text, turn.calls), found, strict=True):
            for at, token in enumerate(tokens):
                started = time.perf_counter()
                matcher.fill()
                seconds = time.perf_counter() - started
                if not matcher.mask[token // WIDTH] >> (token % WIDTH) & 1:
                    self.refused = f"refuses token {at} of the {part}"
                    return found
                started = time.perf_counter()
                matcher.advance(token)
                times.append((seconds + time.perf_counter() - started) * 1e6)
        return found

    def summary(self) -> dict[str, Any]:
        """Medians of the rounds."""
        found: dict[str, Any] = {"refused": self.refused}
        if self.first:
            found["first mask, ms"] = round(statistics.median(self.first), 3)
        for run, rounds in self.runs.items():
            for at, part in enumerate(PARTS):
                tokens = list(zip(*(one[at] for one in rounds), strict=False))
                if tokens:
                    found[f"{run}, {part}"] = spread([statistics.median(one) for one in tokens])
        return found


def spread(times: list[float]) -> dict[str, float]:
    """What is told of the microseconds of some tokens."""
    ordered = sorted(times)
    return {
        "tokens": len(times),
        "mean": round(statistics.fmean(times), 3),
        "p50": round(ordered[len(times) // 2], 3),
        "p99": round(ordered[len(times) * 99 // 100], 3),
        "max": round(ordered[-1], 3),
    }


if __name__ == "__main__":
    main()
