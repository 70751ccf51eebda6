"""What does a constraint add to a step of `generate()` with a real model?

    python benchmarks/generate.py [--out benchmarks/results/generate.json]

SmolLM2-135M answers prompts under a JSON Schema, greedily, at batch 1 and 8, on one thread. In each round every
library in turn gets a new request on the grammar that it has compiled:

    none         generate() without any processor
    structgen    structgen.LogitsProcessor
    xgrammar     xgrammar.contrib.hf.LogitsProcessor
    outlines     the logits processor of outlines over outlines-core, its default for schemas

Two figures for each: `added`, the milliseconds per step spent inside the processor, masks computed and applied (the
mean of the first request, then of all later ones, and the slowest step); and `step`, the milliseconds that
generate() takes for a whole step, where differences below the noise of the model mean nothing. Answers differ in
spaces, as each library allows what it allows; all are checked with jsonschema. What is not installed is a row of "–".
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import torch
import transformers
from evidence import figures
from evidence.results import write
from rich.console import Console
from rich.table import Table

import structgen
from structgen.generation import load_model

BATCHES = (1, 8)
NEW_TOKENS = 80
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 40},
        "born": {"type": "integer", "minimum": 1000, "maximum": 1999},
        "occupation": {"enum": ["poet", "painter", "engineer", "farmer"]},
        "places": {
            "type": "array",
            "items": {"type": "string", "maxLength": 20},
            "minItems": 1,
            "maxItems": 3,
        },
        "alive": {"type": "boolean"},
    },
    "required": ["name", "born", "occupation", "places", "alive"],
    "additionalProperties": False,
}
PEOPLE = (
    "Robert Burns",
    "James Watt",
    "Henry Raeburn",
    "Walter Scott",
    "Thomas Telford",
    "Nan Shepherd",
    "William Murdoch",
    "Joan Eardley",
)
Make = Callable[[], Any]


class Timed(transformers.LogitsProcessor):  # type: ignore[misc]
    """Another processor, and how long each of its calls took."""

    def __init__(self, processor: Any) -> None:
        self.processor = processor
        self.seconds: list[float] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Call it, and note how long that took."""
        started = time.perf_counter()
        masked = self.processor(input_ids, scores)
        self.seconds.append(time.perf_counter() - started)
        return masked


def find_libraries(model: Any, tokenizer: Any) -> dict[str, tuple[Make, float] | None]:
    """For each library, what makes a processor for a request, and the seconds to get there; None if missing."""
    found: dict[str, tuple[Make, float] | None] = {}
    for name, prepare in (("structgen", _structgen), ("xgrammar", _xgrammar), ("outlines", _outlines)):
        started = time.perf_counter()
        try:
            make = prepare(model, tokenizer)
        except ImportError:
            found[name] = None
        else:
            found[name] = (make, time.perf_counter() - started)
    return found


def _structgen(model: Any, tokenizer: Any) -> Make:
    vocabulary = structgen.Vocabulary.from_tokenizer(tokenizer, size=model.config.vocab_size)
    grammar = structgen.compile(structgen.json_schema(SCHEMA), vocabulary)
    return lambda: structgen.LogitsProcessor(grammar, tokenizer)


def _xgrammar(model: Any, tokenizer: Any) -> Make:
    import xgrammar
    from xgrammar.contrib.hf import LogitsProcessor

    info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=model.config.vocab_size)
    grammar = xgrammar.GrammarCompiler(info).compile_json_schema(json.dumps(SCHEMA))
    return lambda: LogitsProcessor(grammar)


def _outlines(model: Any, tokenizer: Any) -> Make:
    import outlines
    from outlines.backends.outlines_core import OutlinesCoreBackend

    backend = OutlinesCoreBackend(outlines.from_transformers(model, tokenizer))
    processor = backend.get_json_schema_logits_processor(json.dumps(SCHEMA))

    def renew() -> Any:
        processor.reset()
        return processor

    return renew


def measure(
    model: Any, tokenizer: Any, libraries: dict[str, tuple[Make, float] | None], batch: int, rounds: int
) -> list[dict[str, Any]]:
    """One result for each library."""
    texts = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": f"Who was {name}? Answer with a JSON object."}],
            add_generation_prompt=True,
            tokenize=False,
        )
        for name in PEOPLE[:batch]
    ]
    tokenizer.padding_side = "left"
    inputs = tokenizer(texts, return_tensors="pt", padding=True)
    added: dict[str, list[list[float]]] = {name: [] for name in libraries}
    steps: dict[str, list[float]] = {"none": [], **{name: [] for name in libraries}}
    for _ in range(rounds):
        for name in steps:
            library = libraries.get(name)
            if name != "none" and library is None:
                continue
            processors = [] if library is None else [Timed(library[0]())]
            started = time.perf_counter()
            rows = model.generate(
                **inputs, max_new_tokens=NEW_TOKENS, do_sample=False, logits_processor=processors
            )
            seconds = time.perf_counter() - started
            answers = rows[:, inputs["input_ids"].shape[1] :]
            steps[name].append(seconds / answers.shape[1])
            if processors:
                added[name].append(processors[0].seconds)
                check(name, tokenizer, answers)
    return [result(name, batch, libraries.get(name), added.get(name), steps[name]) for name in steps]


def check(name: str, tokenizer: Any, answers: torch.Tensor) -> None:
    """See that all answers that ended are valid: nobody is fast by letting invalid tokens through."""
    for answer in answers:
        if tokenizer.eos_token_id in answer.tolist():
            text = tokenizer.decode(answer, skip_special_tokens=True)
            try:
                jsonschema.validate(json.loads(text), SCHEMA)
            except (ValueError, jsonschema.ValidationError) as error:
                print(f"{name}: invalid: {text!r}: {error}".split("\n")[0], file=sys.stderr)


def result(
    name: str,
    batch: int,
    library: tuple[Make, float] | None,
    added: list[list[float]] | None,
    steps: list[float],
) -> dict[str, Any]:
    """The figures of one library, in milliseconds; None where it was not measured."""
    found: dict[str, Any] = {
        "library": name,
        "batch": batch,
        "compile_ms": None if library is None else round(library[1] * 1e3, 1),
        "added_first_ms": None,
        "added_later_ms": None,
        "added_max_ms": None,
        "step_ms": round(statistics.median(steps) * 1e3, 2) if steps else None,
    }
    if added:
        later = [second for request in added[1:] or added for second in request]
        found["added_first_ms"] = round(statistics.mean(added[0]) * 1e3, 3)
        found["added_later_ms"] = round(statistics.mean(later) * 1e3, 3)
        found["added_max_ms"] = round(max(second for request in added for second in request) * 1e3, 3)
    return found


def show(results: list[dict[str, Any]]) -> Table:
    """The figures as people read them."""
    table = Table(title="Around generate() with SmolLM2-135M on the CPU, in milliseconds")
    headings = (
        "batch",
        "library",
        "compile",
        "added, 1st request",
        "added, later",
        "slowest step",
        "whole step",
    )
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "library" else "right")
    keys = ("compile_ms", "added_first_ms", "added_later_ms", "added_max_ms", "step_ms")
    for found in results:
        cells = ["–" if found[key] is None else f"{found[key]:,}" for key in keys]
        table.add_row(str(found["batch"]), found["library"], *cells)
    return table


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--rounds", type=int, default=4, help="requests of each library")
    parser.add_argument("--threads", type=int, default=1, help="for the model")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model, tokenizer = load_model("smollm2")
    libraries = find_libraries(model, tokenizer)
    machine = figures.machine()
    results: list[dict[str, Any]] = []
    for batch in BATCHES:
        results += measure(model, tokenizer, libraries, batch, arguments.rounds)
    Console().print(show(results))
    if arguments.out is not None:
        with_what = {"threads": arguments.threads, "weights": str(model.dtype).removeprefix("torch.")}
        write(arguments.out, "generate", {"machine": machine | with_what, "results": results})


if __name__ == "__main__":
    main()
