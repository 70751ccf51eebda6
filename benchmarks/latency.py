"""What does a constraint add to a step of generate(), and to the first token?

    python benchmarks/latency.py [--out benchmarks/results] [--tokenizers DIR,DIR]

Around `generate()` at batch 1, 8 and 32, for structgen, xgrammar, outlines, llguidance and lm-format-enforcer,
interleaved. The model is a small Llama with random weights and a head as wide as the vocabulary: it says nothing of
how long a real model takes, and leaves all the time to what is measured. The default vocabulary is SmolLM2's (49k),
and twice more under heads of 128k and 262k logits, where only the first 49k are tokens: masks are applied over the
whole width, but found over 49k. `--tokenizers` names folders of real ones.

    added      milliseconds that a call of the logits processor takes, mean over all requests but the first, and over
               all steps but the first of each
    first      the same for the first step of the first request, and what comes before it: the vocabulary is read, the
               schema compiled, once for all batches. Packages are imported, and what torch compiles of them is
               compiled, before the clock starts
    step       milliseconds of a whole step of this model
    mask       of structgen: milliseconds of finding the masks of one batch alone, mean over the steps of random texts
               that were walked once before
    apply      of structgen: milliseconds of applying the masks alone, of one batch

Rows are random JSON objects, as each library allows them: mostly long strings. On a GPU (if torch finds
one) the model runs there.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from evidence import figures, tables
from evidence.results import write
from rich.console import Console
from rich.markdown import Markdown

import structgen
from structgen.generation import apply_bitmask, load_tokenizer

RESULTS = Path(__file__).parent / "results"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "born": {"type": "integer"}, "tags": {"enum": ["a", "bc"]}},
    "required": ["name", "born", "tags"],
    "additionalProperties": False,
}
SEED = 1
WIDTHS = (49152, 131072, 262144)
LIBRARIES = ("structgen", "xgrammar", "outlines", "llguidance", "lm-format-enforcer")
Make = Callable[[int], Any]


class Timed(transformers.LogitsProcessor):  # type: ignore[misc]
    """Another processor, and how long each of its calls took."""

    def __init__(self, processor: Any) -> None:
        self.processor = processor
        self.seconds: list[float] = []

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Call it, and note how long that took."""
        _wait(scores)
        started = time.perf_counter()
        masked = self.processor(input_ids, scores)
        _wait(masked)
        self.seconds.append(time.perf_counter() - started)
        return masked


def _wait(tensor: torch.Tensor) -> None:
    if tensor.is_cuda:
        torch.cuda.synchronize()


class _Filled(transformers.LogitsProcessor):  # type: ignore[misc]
    """llguidance and lm-format-enforcer bring no processor for batches: what their documentation shows, per row."""

    def __init__(self, fill: Callable[[int, list[int], torch.Tensor], None]) -> None:
        self._fill = fill
        self._start: int | None = None

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        if self._start is None:
            self._start = input_ids.shape[1]
        for row in range(len(scores)):
            self._fill(row, input_ids[row, self._start :].tolist(), scores[row : row + 1])
        return scores


def _structgen(model: Any, tokenizer: Any) -> Make:
    constraint = structgen.json_schema(SCHEMA)
    width = model.config.vocab_size
    grammar = structgen.compile(constraint, structgen.Vocabulary.from_tokenizer(tokenizer, size=width))
    return lambda batch: structgen.LogitsProcessor(grammar, tokenizer)


def _xgrammar(model: Any, tokenizer: Any) -> Make:
    import xgrammar
    from xgrammar.contrib.hf import LogitsProcessor

    info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=model.config.vocab_size)
    grammar = xgrammar.GrammarCompiler(info).compile_json_schema(json.dumps(SCHEMA))
    return lambda batch: LogitsProcessor(grammar)


def _outlines(model: Any, tokenizer: Any) -> Make:
    import outlines
    from outlines.backends.outlines_core import OutlinesCoreBackend

    backend = OutlinesCoreBackend(outlines.from_transformers(model, tokenizer))
    processor = backend.get_json_schema_logits_processor(json.dumps(SCHEMA))

    def renew(batch: int) -> Any:
        processor.reset()
        return processor

    return renew


def _llguidance(model: Any, tokenizer: Any) -> Make:
    import llguidance
    import llguidance.hf
    import llguidance.torch

    info = llguidance.hf.from_tokenizer(tokenizer, n_vocab=model.config.vocab_size)
    grammar = llguidance.LLMatcher.grammar_from_json_schema(json.dumps(SCHEMA))

    def make(batch: int) -> Any:
        matchers = [llguidance.LLMatcher(info, grammar) for _ in range(batch)]
        bitmask = llguidance.torch.allocate_token_bitmask(1, model.config.vocab_size)

        def fill(row: int, tokens: list[int], scores: torch.Tensor) -> None:
            if tokens:
                matchers[row].consume_token(tokens[-1])
            llguidance.torch.fill_next_token_bitmask(matchers[row], bitmask, 0)
            llguidance.torch.apply_token_bitmask_inplace(scores, bitmask.to(scores.device))

        return _Filled(fill)

    return make


def _enforcer(model: Any, tokenizer: Any) -> Make:
    import lmformatenforcer
    from lmformatenforcer.integrations.transformers import build_token_enforcer_tokenizer_data

    data = build_token_enforcer_tokenizer_data(tokenizer)

    def make(batch: int) -> Any:
        parser = lmformatenforcer.JsonSchemaParser(SCHEMA)
        enforcer = lmformatenforcer.TokenEnforcer(data, parser)
        prompts: dict[int, list[int]] = {}

        def fill(row: int, tokens: list[int], scores: torch.Tensor) -> None:
            allowed = enforcer.get_allowed_tokens(prompts.setdefault(row, [row]) + tokens)
            ids = torch.tensor(getattr(allowed, "allowed_tokens", allowed), device=scores.device)
            kept = scores[0, ids].clone()
            scores.fill_(-torch.inf)
            scores[0, ids] = kept

        return _Filled(fill)

    return make


def _imported() -> None:
    """Import what is installed, and have torch compile what llguidance applies its masks by: some ten seconds."""
    # lm-format-enforcer 0.11.3 takes a class from where transformers 4 had it.
    sys.modules.setdefault("transformers.tokenization_utils", transformers.tokenization_utils_base)
    for name in (
        "xgrammar.contrib.hf",
        "outlines.backends.outlines_core",
        "llguidance.hf",
        "lmformatenforcer.integrations.transformers",
    ):
        with contextlib.suppress(Exception):  # its row will say why
            importlib.import_module(name)
    with contextlib.suppress(Exception):  # its row will say why
        import llguidance.torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
        for width in (64, 128):  # the second is compiled for any width
            bitmask = llguidance.torch.allocate_token_bitmask(1, width).to(device)
            llguidance.torch.apply_token_bitmask_inplace(torch.zeros(1, width, device=device), bitmask)


PREPARE: dict[str, Callable[[Any, Any], Make]] = {
    "structgen": _structgen,
    "xgrammar": _xgrammar,
    "outlines": _outlines,
    "llguidance": _llguidance,
    "lm-format-enforcer": _enforcer,
}


def random_model(width: int) -> Any:
    """A Llama of two layers, and a head that is that wide."""
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=width,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=512,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=0,
    )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return transformers.LlamaForCausalLM(config).eval().to(device)


def measure(model: Any, tokenizer: Any, batches: list[int], steps: int, rounds: int) -> list[dict[str, Any]]:
    """The figures of all libraries on one vocabulary, taken in turns."""
    found: list[dict[str, Any]] = []
    makes: dict[str, Make | None] = {"none": None}
    failures: dict[str, str] = {}
    compiled: dict[str, float] = {}
    for name, prepare in PREPARE.items():
        started = time.perf_counter()
        try:
            makes[name] = prepare(model, tokenizer)
        except Exception as error:  # not installed, or it cannot take this vocabulary: a row of dashes
            failures[name] = f"{type(error).__name__}: {error}"[:200]
        else:
            compiled[name] = time.perf_counter() - started
    for batch in batches:
        calls: dict[str, list[list[float]]] = {name: [] for name in makes}
        whole: dict[str, list[float]] = {name: [] for name in makes}
        for _ in range(rounds):
            for name, make in makes.items():
                if name in failures:
                    continue
                processors = [] if make is None else [Timed(make(batch))]
                started = time.perf_counter()
                try:
                    _generate(model, batch, steps, processors)
                except Exception as error:
                    failures[name] = f"{type(error).__name__}: {error}"[:200]
                    continue
                whole[name].append((time.perf_counter() - started) / steps)
                if processors:
                    calls[name].append(processors[0].seconds)
        found += [
            _row(name, model.config.vocab_size, batch, calls.get(name), whole.get(name), compiled, failures)
            for name in ("none", *LIBRARIES)
        ]
    return found


def _generate(model: Any, batch: int, steps: int, processors: list[Any]) -> None:
    prompt = torch.full((batch, 4), 100, device=model.device)
    prompt[:, 0] = torch.arange(batch) + 100
    torch.manual_seed(SEED)
    with torch.no_grad():
        model.generate(
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=steps,
            do_sample=True,
            top_k=0,
            logits_processor=processors,
        )


def _row(
    name: str,
    width: int,
    batch: int,
    calls: list[list[float]] | None,
    whole: list[float] | None,
    compiled: dict[str, float],
    failures: dict[str, str],
) -> dict[str, Any]:
    later = [second for request in (calls or [])[1:] or calls or [] for second in request[1:]]
    first = calls[0][0] if calls else None
    return {
        "library": name,
        "width": width,
        "batch": batch,
        "added_ms": round(statistics.fmean(later) * 1e3, 3) if later else None,
        "first_ms": None if first is None else round((first + compiled[name]) * 1e3, 1),
        "step_ms": round(statistics.median(whole) * 1e3, 2) if whole else None,
        "failure": failures.get(name),
    }


def mask_alone(model: Any, tokenizer: Any, batch: int, steps: int) -> float:
    """Milliseconds of reading a token and finding the next mask, for one batch."""
    vocabulary = structgen.Vocabulary.from_tokenizer(tokenizer, size=model.config.vocab_size)
    grammar = structgen.compile(structgen.json_schema(SCHEMA), vocabulary)
    bitmask = np.empty((batch, (vocabulary.size + 31) // 32), dtype=np.int32)
    taken = []
    for _ in range(2):
        rng = np.random.default_rng(0)
        taken = []
        places = [grammar.initial] * batch
        tokens: list[int] = []
        for _ in range(steps):
            started = time.perf_counter()
            for row, token in enumerate(tokens):
                ended = token in vocabulary.eos_token_ids
                places[row] = grammar.initial if ended else grammar.advance(places[row], token)
            for row, place in enumerate(places):
                grammar.fill(place, bitmask, row)
            taken.append(time.perf_counter() - started)
            bits = np.unpackbits(bitmask.view(np.uint8), axis=1, bitorder="little")
            tokens = [int(rng.choice(np.flatnonzero(row))) for row in bits]
    return round(statistics.fmean(taken[1:]) * 1e3, 4)


def apply_alone(model: Any, batch: int) -> float:
    """Milliseconds of applying half-full random masks to one batch of logits."""
    width = model.config.vocab_size
    rng = np.random.default_rng(0)
    words = rng.integers(-(2**31), 2**31, (batch, (width + 31) // 32)).astype(np.int32)
    bitmask = torch.from_numpy(words).to(model.device)
    logits = torch.randn(batch, width, device=model.device)
    taken = []
    for _ in range(30):
        copy = logits.clone()
        _wait(copy)
        started = time.perf_counter()
        apply_bitmask(copy, bitmask)
        _wait(copy)
        taken.append(time.perf_counter() - started)
    return round(statistics.median(taken) * 1e3, 4)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tokenizers", type=lambda text: text.split(","), default=[])
    parser.add_argument(
        "--batches", type=lambda text: [int(one) for one in text.split(",")], default=[1, 8, 32]
    )
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    _imported()
    names = options.tokenizers or ["smollm2"]
    results: list[dict[str, Any]] = []
    found: dict[str, float] = {}
    applied: dict[str, float] = {}
    for name in names:
        tokenizer = load_tokenizer(name)
        for width in WIDTHS if not options.tokenizers else (-(-len(tokenizer) // 64) * 64,):
            model = random_model(width)
            results += measure(model, tokenizer, options.batches, options.steps, options.rounds)
            for batch in options.batches:
                found[f"{width}x{batch}"] = mask_alone(model, tokenizer, batch, options.steps)
                applied[f"{width}x{batch}"] = apply_alone(model, batch)
    report = {
        "machine": figures.machine(),
        "device": "CUDA" if torch.cuda.is_available() else "CPU",
        "threads": options.threads,
        "steps": options.steps,
        "rounds": options.rounds,
        "seed": SEED,
        "vocabularies": [Path(name).name for name in names],
        "results": results,
        "mask_ms": found,
        "apply_ms": applied,
    }
    write(options.out / "latency.json", "latency", report)
    Console().print(Markdown(tables.latency(report)))


if __name__ == "__main__":
    main()
