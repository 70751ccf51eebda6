"""What is repair worth on the answers of a real, small model that writes without a mask?

SmolLM2 answers prompts with schemas of MaskBench (title, description, properties and the schema itself). The answers
are kept in a file, so that they are made once. Each is judged by `jsonschema` as it stands, repaired without the
schema, and repaired with it.

    python benchmarks/repair_model.py --data dev.jsonl --answers answers.jsonl
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
from evidence import results, tasks

import structgen


def prompts(data: Path, count: int, seed: int) -> list[tasks.Task]:
    """The prompts, the short ones first: a batch is as long as its longest."""
    found, _ = tasks.of_maskbench(data, count, seed)
    return sorted(found, key=lambda task: len(task.exact))


def answers(
    asked: list[tasks.Task], kept: Path, *, model: str, batch: int, max_new_tokens: int
) -> dict[str, dict[str, Any]]:
    """The answer to each prompt, by its name; those that the file lacks are made, and added to it."""
    found = {}
    if kept.exists():
        lines = kept.read_text(encoding="utf-8").split("\n")
        found = {one["name"]: one for one in map(json.loads, filter(None, lines))}
    missing = [task for task in asked if task.name not in found]
    for task, text, is_cut in generated(missing, model, batch, max_new_tokens) if missing else ():
        found[task.name] = {"name": task.name, "text": text, "cut": is_cut}
        with kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps(found[task.name], ensure_ascii=False) + "\n")
    return {task.name: found[task.name] for task in asked}


def generated(
    asked: list[tasks.Task], model_name: str, batch: int, max_new_tokens: int
) -> Iterator[tuple[tasks.Task, str, bool]]:
    """Greedy answers, a batch at a time, and whether each ran into the limit."""
    import torch

    from structgen.generation import load_model

    model, tokenizer = load_model(model_name)
    tokenizer.padding_side = "left"
    for first in range(0, len(asked), batch):
        chunk = asked[first : first + batch]
        texts = [
            tokenizer.apply_chat_template(
                [{"role": "user", "content": task.exact}], add_generation_prompt=True, tokenize=False
            )
            for task in chunk
        ]
        inputs = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
        with torch.inference_mode():
            out = model.generate(
                **inputs,
                max_new_tokens=max_new_tokens,
                do_sample=False,
                pad_token_id=tokenizer.eos_token_id,
            )
        for task, row in zip(chunk, out[:, inputs["input_ids"].shape[1] :], strict=True):
            is_cut = tokenizer.eos_token_id not in row
            yield task, tokenizer.decode(row, skip_special_tokens=True), is_cut
        print(f"{first + len(chunk)} of {len(asked)} answers", flush=True)


def judged(
    task: tasks.Task, text: str, repair: Callable[[str], structgen.Repair] | None
) -> tuple[bool, bool, str]:
    """Returns True if an answer is JSON and whether it is valid, as `jsonschema` says, and how it was repaired."""
    if repair is None:
        return task.is_parseable(text), task.is_valid(text), ""
    try:
        found = repair(text)
    except structgen.RepairError as error:
        return error.value is not None, False, "refused"
    return task.is_parseable(found.text), task.is_valid(found.text), found.grade


def main() -> None:
    """Read the options, ask, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="records of MaskBench: a file or its folder")
    parser.add_argument("--answers", type=Path, required=True, help="where answers are kept; made if missing")
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--prompts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--max-new-tokens", type=int, default=160)
    parser.add_argument("--output", type=Path, help="where to write the figures as JSON")
    parser.add_argument(
        "--answered", action="store_true", help="only the prompts that have an answer already"
    )
    parser.add_argument("--show", type=int, default=0, help="refused answers to print")
    options = parser.parse_args()
    asked = prompts(options.data, options.prompts, options.seed)
    if options.answered:
        known = {
            json.loads(line)["name"]
            for line in options.answers.read_text(encoding="utf-8").split("\n")
            if line
        }
        asked = [task for task in asked if task.name in known]
    made = answers(
        asked,
        options.answers,
        model=options.model,
        batch=options.batch,
        max_new_tokens=options.max_new_tokens,
    )
    rows: dict[str, Counter[str]] = {}
    reasons: Counter[str] = Counter()
    for task in asked:
        text = made[task.name]["text"]
        arms: dict[str, Callable[[str], structgen.Repair] | None] = {
            "as it stands": None,
            "repaired": lambda text: structgen.repair(text, format="json"),
            "repaired with the schema": lambda text, task=task: structgen.repair(  # type: ignore[misc]
                text, task.constraint, format="json"
            ),
        }
        for arm, repair in arms.items():
            is_json, is_valid, grade = judged(task, text, repair)
            row = rows.setdefault(arm, Counter())
            row.update(json=is_json, valid=is_valid)
            if grade:
                row[grade] += 1
        try:
            structgen.repair(text, task.constraint, format="json")
        except structgen.RepairError as error:
            reasons.update({problem.reason.split(" (")[0][:60] for problem in error.problems})
            if options.show > 0:
                options.show -= 1
                print(f"--- {task.name}\n{text}\n  => {error}")
    result = {
        "model": options.model,
        "prompts": len(asked),
        "seed": options.seed,
        "max new tokens": options.max_new_tokens,
        "cut off": sum(made[task.name]["cut"] for task in asked),
        "judge": f"jsonschema, {jsonschema.validators.Draft202012Validator.__name__} by default",
        "answers": {arm: dict(sorted(row.items())) for arm, row in rows.items()},
        "why refused": dict(reasons.most_common(12)),
    }
    if options.output:
        results.write(options.output, "repair_model", result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
