"""Does the mask hurt? The same questions, with and without it.

    python benchmarks/quality.py [--model smollm2] [--out benchmarks/results]

Small sets with known answers (`benchmarks/tasks`): facts from short texts, word problems, labels. Two figures:

    right fields      values that are exactly those of the reference, over all questions, and over those whose free
                      answer can be read: there the mask had little to mend, and could hurt
    removed mass      the probability that the model gave to forbidden tokens, per token of the masked answer; and the
                      share of steps in which its likeliest token was forbidden

A free answer is read generously: the first JSON value in it counts, whatever stands around it; of labels, the only one
that occurs. Greedy decoding. Both get the same prompt, which names keys and labels; a whole schema in the prompt makes
small models write schemas.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import torch
from evidence import figures, results, tables, tasks
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import track

import structgen
from structgen.generation import load_model

RESULTS = Path(__file__).parent / "results"
LABELS = sorted({label for one in tasks.records("classification") for label in one["labels"]})


def read(task: tasks.Task, text: str) -> Any:
    """What an answer says, read generously; None if nothing can be read."""
    if not isinstance(task.reference, dict):
        labels = [label for label in LABELS if re.search(rf"\b{label}\b", text, re.IGNORECASE)]
        return labels[0] if len(labels) == 1 else None
    for match in re.finditer(r"[{\[]", text):
        try:
            return json.JSONDecoder().raw_decode(text, match.start())[0]
        except ValueError:
            continue
    return None


def right(task: tasks.Task, text: str) -> tuple[int, int]:
    """Fields that are as in the reference, and all fields."""
    fields = task.reference if isinstance(task.reference, dict) else {"": task.reference}
    value = read(task, text)
    found = value if isinstance(value, dict) else {"": value}
    hits = sum(name in found and _written(found[name]) == _written(fields[name]) for name in fields)
    return hits, len(fields)


def _written(value: Any) -> str:
    """A value as text: the same for the same value, case and spaces and all; 1 is not 1.0, nor true."""
    return json.dumps(value, sort_keys=True)


class Pushed(structgen.LogitsProcessor):  # type: ignore[misc]
    """A mask that notes how much it took away at each step."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.removed: list[float] = []
        self.changed: list[bool] = []

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Mask, and note."""
        masked = super().__call__(input_ids, scores)
        allowed = masked[0] > -torch.inf
        probabilities = torch.softmax(scores[0].float(), -1)
        self.removed.append(max(0.0, 1.0 - probabilities[allowed].sum().item()))
        self.changed.append(not bool(allowed[scores[0].argmax()]))
        return masked


def answer(model: Any, tokenizer: Any, task: tasks.Task, max_new_tokens: int) -> dict[str, Any]:
    """One question, twice."""
    prompt = task.prompt if isinstance(task.reference, dict) else task.exact
    free = structgen.generate(model, tokenizer, prompt, None, max_new_tokens=max_new_tokens)
    pushed = Pushed(task.constraint, tokenizer, max_new_tokens=max_new_tokens)
    held = structgen.generate(
        model, tokenizer, prompt, None, max_new_tokens=max_new_tokens, logits_processor=[pushed]
    )
    return {
        "task": task.name,
        "family": task.family,
        "free": free.text[:1000],
        "masked": held.text,
        "free read": read(task, free.text) is not None,
        "free valid": task.is_valid(free.text),
        "masked valid": task.is_valid(held.text),
        "free right": right(task, free.text),
        "masked right": right(task, held.text),
        "removed": [round(one, 5) for one in pushed.removed],
        "changed": pushed.changed,
    }


def summary(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The figures of each family, and of all."""
    rows = []
    for family in [*dict.fromkeys(one["family"] for one in found), "all"]:
        chosen = [one for one in found if family in (one["family"], "all")]
        fair = [one for one in chosen if one["free read"]]
        removed = [value for one in chosen for value in one["removed"]]
        changed = [value for one in chosen for value in one["changed"]]
        rows.append(
            {
                "family": family,
                "questions": len(chosen),
                "free valid": sum(one["free valid"] for one in chosen),
                "free read": len(fair),
                "masked valid": sum(one["masked valid"] for one in chosen),
                "fields": sum(one["free right"][1] for one in chosen),
                "free right": sum(one["free right"][0] for one in chosen),
                "masked right": sum(one["masked right"][0] for one in chosen),
                "fields, free read": sum(one["free right"][1] for one in fair),
                "free right, free read": sum(one["free right"][0] for one in fair),
                "masked right, free read": sum(one["masked right"][0] for one in fair),
                "removed mass": round(sum(removed) / max(1, len(removed)), 4),
                "argmax changed": round(sum(changed) / max(1, len(changed)), 4),
            }
        )
    return rows


def main() -> None:
    """Ask, compare, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--max-new-tokens", type=int, default=96)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model, tokenizer = load_model(options.model)
    chosen = [task for task in tasks.built_in() + tasks.arithmetic() if task.reference is not None]
    found = [
        answer(model, tokenizer, task, options.max_new_tokens)
        for task in track(chosen, "questions", console=Console(stderr=True))
    ]
    report = {
        "machine": figures.machine(),
        "model": options.model,
        "weights": str(model.dtype).removeprefix("torch."),
        "families": summary(found),
        "answers": found,
    }
    results.write(options.out / "quality.json", "quality", report)
    Console().print(Markdown(tables.quality(report)))


if __name__ == "__main__":
    main()
