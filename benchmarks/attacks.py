"""Who survives hostile schemas and patterns? The attacks of `tests/attacks` on structgen and its peers.

    python benchmarks/attacks.py --tokenizer FOLDER [--engines structgen llguidance ...] [--out attacks.json]

Each attack runs in a process of its own, with 10 seconds of the processor and 1 GiB of memory. An engine answers (and
judges the texts of the attack rightly), refuses with its own kind of error, gives a wrong answer, or is ended by a
bound. Peers get the schemas and patterns only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from peers import ENGINES
from rich.console import Console
from rich.progress import track
from rich.table import Table

FOLDER = Path(__file__).parents[1] / "tests" / "attacks"
ALL = ("structgen", "llguidance", "xgrammar", "outlines-core")


def attacks() -> list[str]:
    """The names of the attacks."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in ("attacking", "test_attacks"))


def outcome(name: str, engine: str, tokenizer: str) -> dict[str, object]:
    """What comes of one attack on one engine."""
    environment = {**os.environ, "ATTACKED": engine, "ATTACKED_TOKENIZER": tokenizer}
    command = [sys.executable, str(FOLDER / f"{name}.py")]
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=300, env=environment, cwd=FOLDER
        )
    except subprocess.TimeoutExpired:
        return {"outcome": "ended: 300 s of wall time"}
    lines = ran.stdout.strip().splitlines()
    if ran.returncode == 0 and lines:
        found: dict[str, object] = json.loads(lines[-1])
        return found
    last = (ran.stderr.strip().splitlines() or [""])[-1]
    return {"outcome": f"ended: signal {-ran.returncode}" if ran.returncode < 0 else f"failed: {last[:100]}"}


def main() -> None:
    """Run all attacks on all engines, print a table, write the outcomes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tokenizer", required=True, help="the folder of a tokenizer, for the peers")
    parser.add_argument("--engines", nargs="+", choices=sorted(ENGINES), default=ALL)
    parser.add_argument("--out", type=Path, help="a file for the outcomes, as JSON")
    options = parser.parse_args()
    found = {
        name: {engine: outcome(name, engine, options.tokenizer) for engine in options.engines}
        for name in track(attacks(), console=Console(stderr=True))
    }
    table = Table("attack", *options.engines)
    for name, row in found.items():
        table.add_row(name, *[str(one["outcome"]).partition(":")[0] for one in row.values()])
    Console(width=140).print(table)
    if options.out is not None:
        options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
