"""What does a constraint cost on a GPU?

    python benchmarks/gpu.py [--device cuda] [--out benchmarks/results/gpu.json]

    apply     rows of allowed tokens onto logits of 131,072 and 262,144 tokens, in batches of 1 to 256, with half of the
              tokens allowed: structgen (rows that are on the device), the peers' kernels (bitmasks that are on the
              device), torch's masked_fill_ with a mask of one byte a token; compared with a copy of the logits
    choose    masking and the choice of a token in one pass, compared with masking first and choosing then
    loop      a loop that never leaves the device, as a CUDA graph: DeviceMatcher compared with free choice
    steps     a step of generate() with a model of random weights (Llama, 131,072 tokens): free, with LogitsProcessor,
              with DeviceDecoding (a static cache); milliseconds, and the part that the host spends in the processor
    bytes     what a step sends to the device: places of rows, compared with packed bitmasks

Needs a GPU; `--device cpu` tries that the script runs, and its figures mean nothing. What is not installed is left out.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from evidence import figures
from evidence.results import write
from rich.console import Console
from rich.table import Table

import structgen
from structgen.generation.device import (
    DeviceDecoding,
    DeviceMatcher,
    apply_rows,
    masked_argmax,
    masked_sample,
)

WIDTHS = (131_072, 262_144)
BATCHES = (1, 8, 64, 256)
SEED = 1796

Run = Callable[[], object]


def microseconds(run: Run, device: torch.device, repeats: int) -> float:
    """The median of calls, each timed on the device."""
    for _ in range(3):
        run()
    times = []
    for _ in range(repeats):
        if device.type == "cuda":
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            begin.record()
            run()
            end.record()
            end.synchronize()
            times.append(begin.elapsed_time(end) * 1e3)
        else:
            started = time.perf_counter()
            run()
            times.append((time.perf_counter() - started) * 1e6)
    return round(statistics.median(times), 2)


def ways_to_apply(logits: torch.Tensor, table: torch.Tensor, ids: torch.Tensor) -> dict[str, Run]:
    """What can be measured here, by name."""
    forbidden = torch.rand(logits.shape, device=logits.device) < 0.5
    copy = torch.empty_like(logits)
    bitmask = table[ids]
    ways: dict[str, Run] = {
        "copy": lambda: copy.copy_(logits),
        "structgen": lambda: apply_rows(logits, table, ids),
        "structgen, into a copy": lambda: apply_rows(logits, table, ids, out=copy),
        "masked_fill_": lambda: logits.masked_fill_(forbidden, float("-inf")),
    }
    try:
        import xgrammar

        for backend in ("triton", "cuda") if logits.is_cuda else ("cpu",):
            ways[f"xgrammar, {backend}"] = lambda backend=backend: xgrammar.apply_token_bitmask_inplace(
                logits, bitmask, backend=backend
            )
    except ImportError:
        pass
    try:
        import llguidance.torch

        ways["llguidance"] = lambda: llguidance.torch.apply_token_bitmask_inplace(logits, bitmask)
    except ImportError:
        pass
    return ways


def measure_apply(device: torch.device, width: int, batch: int, repeats: int) -> dict[str, Any]:
    """Microseconds of each way, for logits of bfloat16."""
    logits = torch.randn(batch, width, device=device).to(torch.bfloat16)
    bits = np.random.default_rng(SEED).random((batch, width)) < 0.5
    table = torch.from_numpy(np.packbits(bits, axis=1, bitorder="little").view(np.int32)).to(device)
    ids = torch.randperm(batch, device=device)
    times: dict[str, float] = {}
    for name, run in ways_to_apply(logits, table, ids).items():
        try:
            times[name] = microseconds(run, device, repeats)
        except Exception as error:  # a peer whose kernel does not run here
            print(f"{name} is left out: {error!r:.120}")
    choose: dict[str, Run] = {
        "masked_argmax": lambda: masked_argmax(logits, table, ids),
        "apply, then argmax": lambda: apply_rows(logits, table, ids).argmax(1),
        "masked_sample": lambda: masked_sample(logits, table, ids, seed=SEED),
        "apply, softmax, multinomial": lambda: torch.multinomial(
            apply_rows(logits, table, ids).float().softmax(1), 1
        ),
    }
    chosen = {name: microseconds(run, device, repeats) for name, run in choose.items()}
    sent = {"places of rows": 4 * batch, "packed bitmasks": table.numel() * 4}
    return {"width": width, "batch": batch, "apply": times, "choose": chosen, "bytes": sent}


def measure_loop(device: torch.device, batch: int, repeats: int) -> dict[str, float]:
    """Microseconds of a step of a loop on the device, with a constraint and free."""
    vocabulary = structgen.Vocabulary([*(bytes([value]) for value in range(256)), b""], eos_token_ids=[256])
    grammar = structgen.compile(structgen.regex("[a-z]{8,60}(-[0-9]{2,9}){1,5}"), vocabulary)
    matcher = DeviceMatcher(grammar.device_tables(device), batch)
    logits = torch.randn(batch, 257, device=device)

    def constrained() -> None:
        matcher.advance(matcher.argmax(logits))

    def free() -> torch.Tensor:
        return logits.argmax(1)

    found = {}
    for name, step in (("free", free), ("DeviceMatcher", constrained)):
        run: Run = step
        if device.type == "cuda":
            for _ in range(3):
                step()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                step()
            run = graph.replay
        matcher.reset()
        found[name] = microseconds(run, device, repeats)
    return found


def wide_vocabulary() -> structgen.Vocabulary:
    """131,072 tokens: bytes, and words of letters."""
    random = np.random.default_rng(SEED)
    words: dict[bytes, None] = dict.fromkeys(bytes([value]) for value in range(256))
    while len(words) < WIDTHS[0] - 1:
        words[bytes(random.integers(ord("a"), ord("z") + 1, random.integers(2, 8)).astype(np.uint8))] = None
    return structgen.Vocabulary([*words, b""], eos_token_ids=[len(words)])


def random_model(device: torch.device, hidden: int, layers: int) -> Any:
    """A Llama with random weights, in bfloat16."""
    config = transformers.LlamaConfig(
        vocab_size=WIDTHS[0],
        hidden_size=hidden,
        intermediate_size=4 * hidden,
        num_hidden_layers=layers,
        num_attention_heads=hidden // 64,
        max_position_embeddings=2048,
        bos_token_id=None,
        eos_token_id=WIDTHS[0] - 1,
        pad_token_id=0,
    )
    torch.manual_seed(SEED)
    return transformers.LlamaForCausalLM(config).to(device, torch.bfloat16).eval()


def measure_steps(device: torch.device, batch: int, tokens: int, model: Any) -> dict[str, float]:
    """Milliseconds of a step of `generate()`, in each way."""
    vocabulary = wide_vocabulary()
    grammar = structgen.compile(structgen.regex("([a-z]{2,9} )+"), vocabulary)
    tables = grammar.device_tables(device)
    prompt = torch.randint(1, 1000, (batch, 16), device=device)
    options = {
        "attention_mask": torch.ones_like(prompt),
        "max_new_tokens": tokens,
        "min_new_tokens": tokens,
        "do_sample": False,
    }
    processor = structgen.LogitsProcessor(grammar, None, prompt_length=16)
    ways: dict[str, dict[str, Any]] = {
        "free": {},
        "LogitsProcessor": {"logits_processor": [processor]},
        "DeviceDecoding": {"custom_generate": DeviceDecoding(tables)},
    }
    found = {}
    for name, more in ways.items():
        for _ in range(2):  # the first time compiles kernels
            steps, spent = processor.steps, processor.mask_seconds
            started = time.perf_counter()
            model.generate(prompt, **options, **more)
            if device.type == "cuda":
                torch.cuda.synchronize(device)
        found[name] = round((time.perf_counter() - started) * 1e3 / tokens, 3)
        if processor.steps > steps:
            found["in the processor"] = round(
                (processor.mask_seconds - spent) * 1e3 / (processor.steps - steps), 3
            )
    return found


def show(results: list[dict[str, Any]]) -> Table:
    """The figures as people read them."""
    names = list(dict.fromkeys(name for result in results for name in result["apply"]))
    table = Table(title="Masking bfloat16 logits: median µs, and as a multiple of a copy")
    for name in ("logits", *names):
        table.add_column(name, justify="right")
    for result in results:
        times = result["apply"]
        cells = [f"{times[n]:,.1f} ({times[n] / times['copy']:.2f})" if n in times else "–" for n in names]
        table.add_row(f"{result['batch']} x {result['width']}", *cells)
    return table


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--batches", type=int, nargs="*", default=BATCHES)
    parser.add_argument("--hidden", type=int, default=4096, help="width of the model of random weights")
    parser.add_argument("--layers", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=100, help="steps of generate()")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("there is no GPU: --device cpu tries that the script runs")
    results = [
        measure_apply(device, width, batch, arguments.repeats)
        for width in WIDTHS
        for batch in arguments.batches
    ]
    loop = measure_loop(device, 64, arguments.repeats)
    model = random_model(device, arguments.hidden, arguments.layers)
    steps = {str(batch): measure_steps(device, batch, arguments.tokens, model) for batch in arguments.batches}
    console = Console()
    console.print(show(results))
    console.print({"a step of the loop, batch 64, µs": loop, "a step of generate() by batch, ms": steps})
    if arguments.out is not None:
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
        machine = figures.machine() | {"device": name}
        report = {"machine": machine, "seed": SEED, "results": results, "loop": loop, "steps": steps}
        write(arguments.out, "gpu", report)


if __name__ == "__main__":
    main()
