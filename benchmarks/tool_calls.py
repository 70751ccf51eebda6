"""Does a small model call tools rightly, with and without a mask? Questions of BFCL.

    python benchmarks/tool_calls.py [--model smollm2] [--questions 30] [--json benchmarks/results/tool_calls.json]

The questions, tools and answers are those of the package bfcl-eval (`pip install --no-deps bfcl-eval`): one call
(simple_python), one of several tools (multiple), several calls (parallel), no tool that fits (irrelevance); the first
so many of each. All arms get the same prompt, which shows the tools and the format of Hermes. Greedy decoding.

    free             no mask; what is no reply counts as nothing
    free, repaired   the same text, read by structgen.repair
    masked           structgen.tools, choice="auto": text or calls
    required         choice="required"; not where no tool fits

Judged, of all questions in which calls are expected:

    well formed      there are calls, and nothing in the text breaks the format
    offered          each call names a tool that is offered
    valid            and each has arguments that `jsonschema` accepts
    right            and they are those that BFCL expects, by its own rules: each argument is one of the listed values,
                     texts compared without case, spaces and punctuation; in any order

Where no tool fits, "right" is a reply without calls. Some expected answers contradict the schemas of their own tools
(one in three hundred): no strict mask can write these.
"""

from __future__ import annotations

import argparse
import functools
import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
from evidence import figures
from evidence.results import write
from rich.progress import track
from tools import schema_of

import structgen
from structgen.generation import load_model

SETS = ("simple_python", "multiple", "parallel", "irrelevance")
ARMS = ("free", "free, repaired", "masked", "required")
VERDICTS = ("well formed", "offered", "valid", "right")
SYSTEM = """\
You call functions. Here are the functions within <tools></tools>:
<tools>
{tools}
</tools>
For each call return a JSON object within <tool_call></tool_call>:
<tool_call>
{{"name": NAME, "arguments": ARGUMENTS}}
</tool_call>
If no function fits, say so in a sentence."""


def main() -> None:
    """Ask, judge, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="smollm2", help="what load_model() takes")
    parser.add_argument("--questions", type=int, default=30, help="of each set")
    parser.add_argument("--max-new-tokens", type=int, default=96)
    parser.add_argument("--json", type=Path, help="write the summary to this file")
    options = parser.parse_args()
    model, tokenizer = load_model(options.model)
    write_text = functools.partial(
        structgen.generate, model, tokenizer, max_new_tokens=options.max_new_tokens, record=False
    )
    answers: list[dict[str, Any]] = []
    for name in SETS:
        for question in track(questions(name)[: options.questions], name):
            answers += answered(write_text, name, question)
    report = {
        "machine": figures.machine(),
        "model": options.model,
        "max new tokens": options.max_new_tokens,
        "questions": options.questions,
        "seed": 0,
        "arms": summary(answers),
    }
    if options.json:
        write(options.json, "tool_calls", report)
    print(json.dumps(report["arms"], indent=1))


# The questions


def questions(name: str) -> list[dict[str, Any]]:
    """The questions of a set whose tools can be offered: `prompt`, `tools`, `expected`."""
    spec = importlib.util.find_spec("bfcl_eval")
    if spec is None or spec.origin is None:
        raise SystemExit("bfcl-eval is not installed: pip install --no-deps bfcl-eval")
    folder = Path(spec.origin).parent / "data"
    answers = folder / "possible_answer" / f"BFCL_v4_{name}.json"
    expected = {one["id"]: one["ground_truth"] for one in _lines(answers)} if answers.exists() else {}
    found = []
    for one in _lines(folder / f"BFCL_v4_{name}.json"):
        tools = [{**tool, "parameters": schema_of(tool["parameters"])} for tool in one["function"]]
        if all(map(_can_be_offered, tools)):
            prompt = one["question"][0][-1]["content"]
            found.append({"prompt": prompt, "tools": tools, "expected": expected.get(one["id"], [])})
    return found


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _can_be_offered(tool: dict[str, Any]) -> bool:
    try:
        structgen.tools([tool], format="hermes")
    except structgen.StructgenError:
        return False
    return True


# The answers


def answered(write_text: Callable[..., Any], name: str, question: dict[str, Any]) -> list[dict[str, Any]]:
    """The verdicts of each arm on one question."""
    tools = question["tools"]
    shown = "\n".join(json.dumps(structgen.Tool.of(tool).to_openai()) for tool in tools)
    messages = [
        {"role": "system", "content": SYSTEM.format(tools=shown)},
        {"role": "user", "content": question["prompt"]},
    ]
    turn = structgen.tools(tools, format="hermes")
    free = write_text(messages, None)
    texts = {
        "free": (free, turn.validate),
        "free, repaired": (free, lambda text: structgen.repair(text, turn).value),
    }
    texts["masked"] = (write_text(messages, turn), turn.validate)
    if question["expected"]:
        needed = structgen.tools(tools, format="hermes", choice="required")
        texts["required"] = (write_text(messages, needed), needed.validate)
    found = []
    for arm, (generation, read) in texts.items():
        try:
            reply = read(generation.marked_text or generation.text)
        except structgen.StructgenError:
            reply = None
        verdicts = judged(reply, question)
        found.append({"arm": arm, "set": name, "tokens": len(generation.tokens), **verdicts})
    return found


def judged(reply: structgen.Reply | None, question: dict[str, Any]) -> dict[str, bool]:
    """What a reply is worth; None: the text is none."""
    if not question["expected"]:
        return {"right": reply is not None and not reply.calls}
    schemas = {tool["name"]: tool["parameters"] for tool in question["tools"]}
    calls = () if reply is None else reply.calls
    well = bool(calls)
    offered = well and all(call.name in schemas for call in calls)
    valid = offered and all(_accepts(schemas[call.name], call.arguments) for call in calls)
    right = valid and matches([(call.name, call.arguments) for call in calls], question["expected"])
    return dict(zip(VERDICTS, (well, offered, valid, right), strict=True))


def _accepts(schema: Any, arguments: Any) -> bool:
    try:
        jsonschema.validate(arguments, schema)
    except jsonschema.ValidationError:
        return False
    return True


def matches(calls: list[tuple[str, dict[str, Any]]], expected: list[dict[str, Any]]) -> bool:
    """Returns True if each expected call is there once, in any order, and no other."""
    left = list(calls)
    for one in expected:
        ((name, arguments),) = one.items()
        found = next((call for call in left if call[0] == name and _are_right(call[1], arguments)), None)
        if found is None:
            return False
        left.remove(found)
    return not left


def _are_right(given: dict[str, Any], expected: dict[str, list[Any]]) -> bool:
    if not given.keys() <= expected.keys():
        return False
    return all(
        _is_one_of(given[key], values) if key in given else "" in values for key, values in expected.items()
    )


def _is_one_of(value: Any, values: list[Any]) -> bool:
    return any(_is(value, one) for one in values)


def _is(value: Any, expected: Any) -> bool:
    if isinstance(expected, dict) and isinstance(value, dict):
        return _are_right(
            value, {key: one if isinstance(one, list) else [one] for key, one in expected.items()}
        )
    if isinstance(expected, list) and isinstance(value, list):
        return len(value) == len(expected) and all(map(_is, value, expected))
    if isinstance(expected, str) and isinstance(value, str):
        return _plain(value) == _plain(expected)
    is_bool = isinstance(value, bool) or isinstance(expected, bool)
    return bool(value == expected) and (not is_bool or type(value) is type(expected))


def _plain(text: str) -> str:
    """As BFCL compares texts."""
    return re.sub(r"[ ,./\-_*^]", "", text).lower().replace("'", '"')


def summary(answers: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts by arm and set."""
    found: dict[str, Any] = {}
    for one in answers:
        row = found.setdefault(one["arm"], {}).setdefault(one["set"], {"questions": 0, "tokens": 0})
        row["questions"] += 1
        row["tokens"] += one["tokens"]
        for verdict in VERDICTS:
            if verdict in one:
                row[verdict] = row.get(verdict, 0) + one[verdict]
    return found


if __name__ == "__main__":
    main()
