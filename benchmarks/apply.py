"""What does it cost to apply a packed mask to logits on the CPU?

    python benchmarks/apply.py [--out benchmarks/results/apply.json]

Logits 128k and 262k wide, in batches of 1, 8 and 64, as float32 and bfloat16, with 0.1 %, 50 % and 99.9 % of
the tokens allowed, at random places. Each way works on the same logits and the same rows in turn, on one
thread:

    copy          logits.clone(), into memory that is there already: the yardstick
    structgen     structgen.generation.masking.apply_bitmask
    xgrammar      xgrammar.apply_token_bitmask_inplace, its kernel for the CPU
    llguidance    llguidance.torch.apply_token_bitmask_inplace, compiled by torch.compile (needs a C++
    compiler) masked_fill_  of torch, by a mask of one byte per token that is there already: unpacking it is
    not counted

What is not installed is a row of "–". Figures are medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from evidence import figures
from evidence.results import write
from rich.console import Console
from rich.table import Table

from structgen.engine import _native
from structgen.generation.masking import apply_bitmask

WIDTHS = (131072, 262144)
BATCHES = (1, 8, 64)
DTYPES = (torch.float32, torch.bfloat16)
SHARES = (0.001, 0.5, 0.999)
SEED = 1796
"""Of the logits, and of what is allowed."""

Apply = Callable[[torch.Tensor, torch.Tensor], None]


def find_ways() -> dict[str, Apply | None]:
    """What can be measured, by name; None for a peer that is not installed."""
    ways: dict[str, Apply | None] = {"structgen": apply_bitmask, "xgrammar": None, "llguidance": None}
    try:
        import xgrammar

        ways["xgrammar"] = lambda logits, bitmask: xgrammar.apply_token_bitmask_inplace(
            logits, bitmask, backend="cpu"
        )
    except ImportError:
        pass
    try:
        import llguidance.torch

        ways["llguidance"] = llguidance.torch.apply_token_bitmask_inplace
    except ImportError:
        pass
    return ways


def measure(
    width: int, batch: int, dtype: torch.dtype, share: float, seconds: float
) -> dict[str, float | None]:
    """Microseconds per call, by way."""
    random = np.random.default_rng(SEED)
    allowed = random.random((batch, width)) < share
    bitmask = torch.from_numpy(np.packbits(allowed, axis=1, bitorder="little").view(np.int32))
    forbidden = torch.from_numpy(~allowed)
    logits = torch.randn(batch, width, generator=torch.Generator().manual_seed(SEED)).to(dtype)
    copy = torch.empty_like(logits)
    ways: dict[str, Callable[[], object] | None] = {"copy": lambda: copy.copy_(logits)}
    for name, apply in find_ways().items():
        ways[name] = None if apply is None else bind(apply, logits, bitmask)
    ways["masked_fill_"] = lambda: logits.masked_fill_(forbidden, float("-inf"))
    check(ways, logits, forbidden)
    times: dict[str, list[float]] = {name: [] for name, run in ways.items() if run is not None}
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times["copy"]) < 5:
        for name, run in ways.items():
            if run is not None:
                start = time.perf_counter()
                run()
                times[name].append(time.perf_counter() - start)
    return {name: round(statistics.median(times[name]) * 1e6, 2) if name in times else None for name in ways}


def bind(apply: Apply, logits: torch.Tensor, bitmask: torch.Tensor) -> Callable[[], None]:
    """A call without arguments."""
    return lambda: apply(logits, bitmask)


def check(
    ways: dict[str, Callable[[], object] | None], logits: torch.Tensor, forbidden: torch.Tensor
) -> None:
    """Everybody's result is the same. Compiles what compiles itself on the first call."""
    before = logits.clone()
    expected = logits.masked_fill(forbidden, float("-inf"))
    for name, run in ways.items():
        if run is not None and name != "copy":
            logits.copy_(before)
            run()
            if not torch.equal(logits, expected):
                raise SystemExit(f"{name} masks other tokens than torch")


def show(results: list[dict[str, Any]]) -> Table:
    """The figures as people read them."""
    table = Table(title="Applying a packed mask to logits on the CPU: median µs, and as a multiple of a copy")
    for name in ("logits", "allowed", *results[0]["microseconds"]):
        table.add_column(name, justify="left" if name == "logits" else "right")
    for result in results:
        times = result["microseconds"]
        cells = [
            "–"
            if took is None
            else f"{took:,.1f}"
            if name == "copy"
            else f"{took:,.1f} ({took / times['copy']:.2f})"
            for name, took in times.items()
        ]
        shape = f"{result['batch']} x {result['width']} {result['dtype']}"
        table.add_row(shape, f"{result['allowed']:.1%}", *cells)
    return table


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each of the combinations")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    machine = figures.machine()
    results = []
    for width, batch, dtype, share in product(WIDTHS, BATCHES, DTYPES, SHARES):
        results.append(
            {
                "width": width,
                "batch": batch,
                "dtype": str(dtype).removeprefix("torch."),
                "allowed": share,
                "microseconds": measure(width, batch, dtype, share, arguments.seconds),
            }
        )
    Console().print(show(results))
    if arguments.out is not None:
        with_what = {"threads": torch.get_num_threads(), "instructions": _native.apply_instructions()[0]}
        write(arguments.out, "apply", {"machine": machine | with_what, "seed": SEED, "results": results})


if __name__ == "__main__":
    main()
