"""What are prompt, repair, retry and mask each worth, and what do they cost?

    python benchmarks/validity.py [--data dev.jsonl --schemas 100] [--model smollm2] [--out benchmarks/results]

Every arm answers every task: extraction, arguments of tools, patterns, queries and labels (written into the
repository), and schemas, as many of each family in turn: of MaskBench with `--data`, else those of the repository.
Answers are judged by `jsonschema` (formats too), `re` and `sqlite3`. Arms that begin with the same request share its
answer, and are each charged its time. With `--answers FILE` a run that was stopped goes on where it was.

`cut`: the answer ran into the token limit. With a mask, answers are complete at the limit, too.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch
from evidence import arms, figures, results, tables, tasks
from maskbench import records
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import track

from structgen.generation import TransformersSampler, load_model

RESULTS = Path(__file__).parent / "results"


def summary(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The figures of each arm; those of the plain one are what the others are compared with."""
    rows: list[dict[str, Any]] = []
    timed = in_one_part(found)
    for name, answers in arms.by_arm(found).items():
        made = [one for one in answers if "error" not in one]
        seconds = statistics.fmean([one["seconds"] for one in made if one["task"] in timed] or [0.0])
        # `ended`: by the end token. Only those can be held to the promise of the mask.
        ended = [one for one in made if not one["cut"]]
        rows.append(
            {
                "arm": name,
                "tasks": len(answers),
                "errors": len(answers) - len(made),
                "parseable": sum(one["parseable"] for one in made),
                "valid": sum(one["valid"] for one in made),
                "ended": len(ended),
                "ended and valid": sum(one["valid"] for one in ended),
                "cut": len(made) - len(ended),
                "tokens": round(statistics.fmean(one["tokens"] for one in made), 1) if made else 0.0,
                "seconds": round(seconds, 2),
                "added": round(seconds - (rows[0]["seconds"] if rows else seconds), 2),
            }
        )
    return rows


def in_one_part(found: list[dict[str, Any]]) -> set[str]:
    """The tasks that every arm answered in the same part of a run: only their seconds can be compared."""
    parts: dict[str, set[int]] = {}
    for one in found:
        parts.setdefault(one["task"], set()).add(one.get("part", 0))
    return {task for task, which in parts.items() if len(which) == 1}


def families(found: list[dict[str, Any]]) -> dict[str, dict[str, tuple[int, int]]]:
    """Valid answers and tasks, by arm and family."""
    counted: dict[str, dict[str, tuple[int, int]]] = {}
    for one in found:
        of_arm = counted.setdefault(one["arm"], {})
        valid, count = of_arm.get(one["family"], (0, 0))
        of_arm[one["family"]] = valid + one.get("valid", False), count + 1
    return counted


class Answers:
    """The answers of a run by task and arm, kept in a file as they come, so that a later run can go on.

    The file has a line for what the run is about, one for the machine each time that the asking began or went on, and
    one for each answer.

    Attributes:
        known: what earlier runs wrote.
        machines: where each part of the run was made, the latest last.
        parts: in which of them each answer was given.
    """

    def __init__(self, path: Path | None, about: dict[str, Any], machine: dict[str, Any]) -> None:
        self.known: dict[tuple[str, str], dict[str, Any]] = {}
        self.machines: list[dict[str, Any]] = []
        self.parts: dict[tuple[str, str], int] = {}
        self._path = path
        self._machine: dict[str, Any] | None = machine
        if path is not None:
            whole, _, rest = (
                path.read_text(encoding="utf-8").rpartition("\n") if path.exists() else ("", "", "")
            )
            if rest:  # the run was stopped while it wrote
                path.write_text(whole + "\n" if whole else "", encoding="utf-8")
            written, *parts = map(json.loads, whole.split("\n")) if whole else (None,)
            if written is None:
                self._write(about)
            elif written != about:
                raise SystemExit(f"{path} is of another run: {written}, not {about}. Name another file.")
            for one in parts:
                if "arm" in one:
                    self._keep(one)
                else:
                    self.machines.append(one)

    def add(self, answer: dict[str, Any]) -> None:
        """Keep one more."""
        if self._machine is not None:
            self.machines.append(self._machine)
            self._write(self._machine)
            self._machine = None
        self._keep(answer)
        self._write(answer)

    def _keep(self, answer: dict[str, Any]) -> None:
        key = answer["task"], answer["arm"]
        self.known[key], self.parts[key] = answer, len(self.machines) - 1

    def _write(self, record: dict[str, Any]) -> None:
        if self._path is None:
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


def main() -> None:
    """Ask, judge, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--data", type=Path, default=tasks.SCHEMAS, help="records of MaskBench: a file or its folder"
    )
    parser.add_argument("--schemas", type=int, default=100, help="how many of them")
    parser.add_argument("--tasks", type=int, help="that many of the tasks of the repository, of all families")
    names = [arm.name for arm in arms.arms()]
    parser.add_argument("--arms", nargs="+", choices=names, default=names, help="only these", metavar="ARM")
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--max-new-tokens", type=int, default=128)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seconds", type=float, help="end after that many, with whole tasks only")
    parser.add_argument("--answers", type=Path, help="keep each answer here, and ask none again that it has")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    used = [arm for arm in arms.arms() if arm.name in options.arms]
    torch.set_num_threads(options.threads)
    model, tokenizer = load_model(options.model)
    sampler = arms.Shared(TransformersSampler(model, tokenizer))
    schemas, refused = tasks.of_maskbench(options.data, options.schemas, options.seed)
    chosen = tasks.in_turn(tasks.in_turn(tasks.built_in())[: options.tasks] + schemas)
    if not chosen:
        parser.error("no tasks are left: see --tasks and --schemas")
    about = {
        "model": options.model,
        "weights": str(model.dtype).removeprefix("torch."),
        "seed": options.seed,
        "max_new_tokens": options.max_new_tokens,
        "data": options.data.name,
        "sha256": records.digest(records.lines(options.data)),
    }
    answers = Answers(options.answers, about, figures.machine() | {"threads": options.threads})
    found: list[dict[str, Any]] = []
    started = time.monotonic()
    done = 0
    for task in track(chosen, "tasks", console=Console(stderr=True)):
        for arm in used:
            if (task.name, arm.name) not in answers.known:
                answers.add(arms.measure(arm, task, sampler, options.max_new_tokens))
            key = task.name, arm.name
            found.append(arms.judged(arm, task, answers.known[key]) | {"part": answers.parts[key]})
        sampler.forget()
        done += 1
        if options.seconds is not None and time.monotonic() - started > options.seconds:
            print(f"out of time after {done} of {len(chosen)} tasks", file=sys.stderr)
            break
    report = {
        "machine": answers.machines[-1],
        "machines": answers.machines,
        **about,
        "tasks": done,
        "timed": len(in_one_part(found)),
        "refused": refused,
        "arms": summary(found),
        "families": families(found),
        "answers": found,
    }
    results.write(options.out / "validity.json", "validity", report)
    Console().print(Markdown(tables.validity(report)))


if __name__ == "__main__":
    main()
