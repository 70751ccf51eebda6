"""How many passes of the model does an answer take, and how fast does it come, with drafts and without?

    python benchmarks/drafts.py [--data maskbench/data] [--tasks 100] [--out benchmarks/results/drafts.json]

SmolLM2-135M answers, greedily, for each schema: free; masked, token by token; masked with drafts, the first answer
under its grammar; and with drafts again, to another question about the same schema, when there is an earlier answer to
draft from. Tokens a second are of the whole call: reading the prompt, masks, drafts and the model. Without `--data` the
schemas are those of the repository.
"""

from __future__ import annotations

import argparse
import gc
from pathlib import Path
from typing import Any

import numpy as np
from evidence import figures, tables, tasks
from evidence.results import write
from rich.progress import track

import structgen

SEED = 1
NEW_TOKENS = 160
ARMS = ("free", "masked", "drafted", "drafted again")


def answer(model: Any, tokenizer: Any, task: tasks.Task, arm: str) -> dict[str, Any]:
    """One answer of one arm: its tokens, passes and seconds."""
    prompt = task.prompt if arm != "drafted again" else f"Another one, please. {task.prompt}"
    found = structgen.generate(
        model,
        tokenizer,
        prompt,
        None if arm == "free" else task.constraint,
        max_new_tokens=NEW_TOKENS,
        finite="mask",
        drafts=arm.startswith("drafted"),
    )
    timings = found.timings
    return {
        "tokens": len(found.tokens),
        "passes": len(found.tokens) if timings.passes is None else timings.passes,
        "seconds": timings.mask_seconds + timings.model_seconds,
        "text": found.text,
    }


def measure(model: Any, tokenizer: Any, found: list[tasks.Task]) -> list[dict[str, Any]]:
    """All arms for all tasks; a task whose shortest text does not fit into the tokens is left out."""
    results = []
    for task in track(found, description="answers"):
        gc.collect()
        try:
            arms = {arm: answer(model, tokenizer, task, arm) for arm in ARMS}
        except structgen.errors.BudgetTooSmall:
            continue
        results.append({"task": task.name, "arms": arms})
    return results


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Tokens a second and passes of each arm over all tasks, and its speed compared with other arms, task by task."""
    speeds = [{arm: one["tokens"] / one["seconds"] for arm, one in r["arms"].items()} for r in results]

    def ratios(arm: str, other: str) -> dict[str, float]:
        found = np.array([speed[arm] / speed[other] for speed in speeds])
        return {"mean": float(found.mean()), "p50": float(np.median(found)), "min": float(found.min())}

    def total(arm: str, key: str) -> float:
        return float(sum(result["arms"][arm][key] for result in results))

    return {
        "tasks": len(results),
        "arms": {
            arm: {
                "tokens a second": total(arm, "tokens") / total(arm, "seconds"),
                "passes a token": total(arm, "passes") / total(arm, "tokens"),
                "to masked": ratios(arm, "masked"),
                "to free": ratios(arm, "free"),
            }
            for arm in ARMS
        },
        "same text as masked": sum(
            result["arms"]["drafted"]["text"] == result["arms"]["masked"]["text"] for result in results
        ),
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="schemas of MaskBench: a folder or a JSON Lines file")
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    arguments = parser.parse_args()
    found, _ = tasks.of_maskbench(arguments.data or tasks.SCHEMAS, arguments.tasks, SEED)
    model, tokenizer = structgen.load_model("smollm2")
    structgen.generate(model, tokenizer, "Hello", max_new_tokens=8)
    results = measure(model, tokenizer, found)
    report = {"machine": figures.machine(), "seed": SEED, "results": results, "summary": summary(results)}
    print(tables.drafts(report))
    if arguments.out is not None:
        write(arguments.out, "drafts", report)


if __name__ == "__main__":
    main()
