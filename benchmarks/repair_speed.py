"""How fast are broken texts repaired, compared with json-repair, and does the time grow with the size alone?

Families of damage, each made in several sizes. The ratio is json-repair's time over structgen's on texts of the same
family, taken in turns in one process, at `--size`; where json-repair is quadratic it gets `--peer-size` instead, and
the ratio is of bytes per second. What is timed is the way to the value, as json-repair gives no more; `with edits` is
the time with `.text` and `.edits`, which structgen makes when they are read. Times are of the processor. The
exponent is the slope of log time over log size, of the best of three.

    python benchmarks/repair_speed.py --size 1000000
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import random
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evidence import figures
from evidence.results import write

import structgen
from structgen.limits import Limits

Family = Callable[[int], str]

SEED = 0
"""Of the records that texts are made of."""


def _records(size: int) -> list[dict[str, Any]]:
    rng, made, length = random.Random(SEED), [], 0
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
    while length < size:
        record = {
            "id": len(made),
            "name": " ".join(rng.choices(words, k=3)),
            "score": round(rng.random(), 4),
            "tags": rng.choices(words, k=3),
            "active": rng.random() < 0.5,
            "address": {
                "street": " ".join(rng.choices(words, k=2)),
                "zip": str(rng.randrange(10_000, 99_999)),
            },
        }
        made.append(record)
        length += len(json.dumps(record)) + 2
    return made


def _json(size: int, **layout: Any) -> str:
    return json.dumps({"records": _records(size)}, **layout)


def _middle(text: str, mark: str, replacement: str) -> str:
    at = text.index(mark, len(text) // 2)
    return text[:at] + replacement + text[at + len(mark) :]


SINGLE: dict[str, Family] = {
    "cut off": lambda n: _json(n)[: n - 10],
    "comma missing": lambda n: _middle(_json(n), "}}, {", "}} {"),
    "comma inside missing": lambda n: _middle(_json(n), ', "score"', ' "score"'),
    "trailing comma": lambda n: _json(n)[:-2] + ",]}",
    "brackets at the end missing": lambda n: _json(n)[:-2],
    "closing bracket missing": lambda n: _middle(_json(n), "}}", "}"),
    "closing bracket missing, indented": lambda n: _middle(_json(n, indent=2), "]", ""),
    "quote missing": lambda n: _middle(_json(n), '"name"', '"name'),
    "unescaped quotes": lambda n: _middle(_json(n), " alpha ", ' "alpha" '),
    "colon missing": lambda n: _middle(_json(n), '"active":', '"active"'),
    "fence and prose": lambda n: f"Here you are:\n```json\n{_json(n)[:-1]},}}\n```\nIs there more?",
    "comment": lambda n: _middle(_json(n), "}}, {", "}}, // next\n {"),
    "JSON Lines, cut": lambda n: "\n".join(map(json.dumps, _records(n)))[: n - 10],
}
"""One damage in a text that is right otherwise."""

THROUGHOUT: dict[str, Family] = {
    "single quotes": lambda n: _json(n).replace('"', "'"),
    "keys without quotes": lambda n: _bare(_json(n)),
    "literals of Python": lambda n: repr({"records": _records(n)}),
    "trailing commas": lambda n: _json(n).replace("}", ",}").replace("]", ",]"),
    "commas missing": lambda n: _json(n).replace(",", " "),
    "comments": lambda n: _json(n).replace("}}, ", "}}, // next\n"),
    "unescaped quotes": lambda n: _json(n).replace(" alpha ", ' "alpha" '),
}
"""The same damage everywhere."""

ADVERSARIAL: dict[str, Family] = {
    "opening brackets": lambda n: "[" * n,
    "opening braces": lambda n: "{" * n,
    "closing brackets": lambda n: "]" * n,
    "nested properties": lambda n: '{"a":' * (n // 5),
    "alternating brackets": lambda n: "[{" * (n // 2),
    "quotes": lambda n: '"' * n,
    "alternating quotes": lambda n: '{"a": ' + "\"'" * (n // 2),
    "quotes and commas": lambda n: '["' + '",' * (n // 2),
    "prose with braces": lambda n: "it {says} so. " * (n // 14),
    "prose with brackets": lambda n: "see [1] and [2, 3]. " * (n // 20),
    "backslashes": lambda n: '{"a": "' + "\\" * n,
    "commas": lambda n: "[" + "," * n,
    "colons": lambda n: '{"a"' + ":" * n,
    "open comments": lambda n: "[" + "/*" * (n // 2),
    "fences": lambda n: "```json\n{" * (n // 9),
    "fences inside strings": lambda n: '```{"a```x' * (n // 20) + "\n```" * (n // 8),
    "words": lambda n: "{" + "word " * (n // 5),
    "lists of strings that never end": lambda n: '{"a": ["b' * (n // 9),
    "spaces after a string": lambda n: '["a"' + " " * n + "x",
    "lines after a value": lambda n: '{"a": 1' + " \n" * (n // 2) + "b",
    "mismatched brackets": lambda n: "[}" * (n // 2),
}
"""Texts that were made to take long."""


def _bare(text: str) -> str:
    return re.sub(r'"([a-z]+)":', r"\1:", text)


def _seconds(tool: Callable[[str], Any], text: str, *, repeats: int, most: float = 20.0) -> float:
    best = math.inf
    for _ in range(repeats):
        started = time.process_time()
        with contextlib.suppress(structgen.StructgenError, RecursionError):
            tool(text)
        best = min(best, time.process_time() - started)
        if best > most / repeats:
            break
    return best


def _ours(text: str) -> Any:
    return structgen.repair(text, format="json", limits=Limits(nesting=10_000_000)).value


def _ours_in_full(text: str) -> Any:
    found = structgen.repair(text, format="json", limits=Limits(nesting=10_000_000))
    return found.value, found.text, found.edits


def _theirs() -> Callable[[str], Any] | None:
    try:
        import json_repair
    except ImportError:
        return None
    return lambda text: json_repair.loads(text, skip_json_loads=False)


def speed(families: dict[str, Family], size: int, peer_size: int) -> dict[str, Any]:
    """Seconds for a megabyte, ours and theirs, and the ratio."""
    peer, results = _theirs(), {}
    for name, make in families.items():
        text = make(size)
        ours = _seconds(_ours, text, repeats=3) / len(text) * 1e6
        full = _seconds(_ours_in_full, text, repeats=2) / len(text) * 1e6
        row: dict[str, Any] = {"seconds for 1 MB": round(ours, 4), "with edits": round(full, 4)}
        if peer is not None:
            small = make(peer_size)
            theirs = _seconds(peer, small, repeats=1) / len(small) * 1e6
            row |= {"json-repair": round(theirs, 3), "times as fast": round(theirs / ours, 1)}
        results[name] = row
        print(f"{name:36}", row, flush=True)
    return results


def valid(size: int) -> dict[str, float]:
    """The time of valid text over that of the strict parser."""
    found = {}
    for name, text in (("one line", _json(size)), ("indented", _json(size, indent=2))):
        ratios = []
        for _ in range(7):
            strict = _seconds(json.loads, text, repeats=1)
            ratios.append(_seconds(_ours, text, repeats=1) / strict)
        found[name] = round(sorted(ratios)[3], 2)
        print(f"valid, {name}: {found[name]} times the strict parser", flush=True)
    return found


def growth(families: dict[str, Family], size: int) -> dict[str, float]:
    """The exponent of time over size: the least-squares slope over four sizes."""
    results = {}
    for name, make in families.items():
        points = []
        for part in (8, 4, 2, 1):
            text = make(size // part)
            points.append((math.log(len(text)), math.log(_seconds(_ours, text, repeats=3))))
        x = sum(a for a, _ in points) / len(points)
        y = sum(b for _, b in points) / len(points)
        slope = sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)
        results[name] = round(slope, 2)
        print(f"{name:36} exponent {slope:.2f}, {math.exp(points[-1][1]):.2f} s", flush=True)
    return results


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--peer-size", type=int, default=1_000_000)
    parser.add_argument("--adversarial-size", type=int, default=240_000)
    parser.add_argument("--only", choices=["valid", "single", "throughout", "adversarial"])
    parser.add_argument("--output", type=Path, help="where to write the figures as JSON")
    options = parser.parse_args()
    results: dict[str, Any] = {
        "machine": figures.machine(),
        "seed": SEED,
        "size": options.size,
        "peer size": options.peer_size,
        "adversarial size": options.adversarial_size,
    }
    if options.only in (None, "valid"):
        results["valid"] = valid(options.size)
    for name, families in (("single", SINGLE), ("throughout", THROUGHOUT)):
        if options.only in (None, name):
            results[name] = speed(families, options.size, options.peer_size)
    if options.only in (None, "adversarial"):
        results["exponents"] = growth(ADVERSARIAL, options.adversarial_size)
    if options.output:
        write(options.output, "repair_speed", results)


if __name__ == "__main__":
    main()
