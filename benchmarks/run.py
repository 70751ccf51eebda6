"""Every benchmark, one after the other, and the report.

    python benchmarks/run.py [--full] [--data dev.jsonl] [--out FOLDER] [NAME ...]

Some ten minutes on two cores, into `results/short`, so that figures to be quoted stay as they are; `--full` takes
hours. Without `--data` (records of MaskBench) the schemas are the few that are written into the repository. A library
that is not installed is a dash in the tables. What fails, or takes longer than it may, is said at the end, and the
report is made of the rest.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent
LONGEST = 600
"""Seconds that one benchmark of the short run may take, so that none hangs. On an idle machine each takes two minutes
at most.
"""


def plan(out: Path, data: Path | None, *, full: bool) -> dict[str, list[str]]:
    """The command of each benchmark: a script, and its arguments. The dear ones come last."""
    given = [] if data is None else ["--data", str(data)]
    damaged = ["--data", str(data or FOLDER / "tasks" / "schemas.jsonl"), "--output"]
    found = {
        "masks": ["masks.py", "--json", str(out / "masks.json"), *given],
        "memory": ["memory.py", "--json", str(out / "memory.json"), *given],
        "apply": ["apply.py", "--out", str(out / "apply.json")],
        "repair_json": ["repair.py", "--format", "json", *damaged, str(out / "repair_json.json")],
        "repair_yaml": ["repair.py", "--format", "yaml", *damaged, str(out / "repair_yaml.json")],
        "generate": ["generate.py", "--out", str(out / "generate.json")],
        "latency": ["latency.py", "--out", str(out)],
        "quality": ["quality.py", "--out", str(out)],
        "validity": ["validity.py", "--out", str(out), *given],
    }
    if full:
        found |= {
            "grammar_masks": ["grammar_masks.py", "--json", str(out / "grammar_masks.json")],
            "text_to_sql": ["text_to_sql.py", "--json", str(out / "text_to_sql.json")],
            "repair_speed": ["repair_speed.py", "--output", str(out / "repair_speed.json")],
            "yaml_tokens": ["yaml_tokens.py", *damaged[:2], "--json", str(out / "yaml_tokens.json")],
            "repair_model": [
                "repair_model.py",
                *damaged[:2],
                "--answers",
                str(out / "repair_answers.jsonl"),
                "--output",
                str(out / "repair_model.json"),
            ],
        }
    short = {
        "masks": ["--sample", "30", "--timeout", "10"],
        "memory": ["--sample", "30", "--timeout", "5"],
        "apply": ["--seconds", "0.1"],
        "repair_json": ["--sample", "150"],
        "repair_yaml": ["--sample", "150"],
        "generate": ["--rounds", "2"],
        "latency": ["--batches", "1,8", "--steps", "16", "--rounds", "2"],
        "quality": ["--max-new-tokens", "48", "--threads", "1"],
        "validity": ["--tasks", "18", "--schemas", "6", "--max-new-tokens", "32", "--seconds", "240"],
    }
    if not full:
        for name, arguments in short.items():
            found[name] += arguments
    return found


def measured(command: list[str], limit: float | None) -> str | None:
    """Run a script; what went wrong, if something did."""
    try:
        ran = subprocess.run(
            [sys.executable, str(FOLDER / command[0]), *command[1:]], check=False, timeout=limit
        )
    except subprocess.TimeoutExpired:
        return f"took more than {limit} s"
    return f"ended with {ran.returncode}" if ran.returncode else None


def _processor_seconds() -> float:
    """Of all children so far."""
    used = os.times()
    return used.children_user + used.children_system


def main() -> None:
    """Run them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--full", action="store_true", help="everything, for hours")
    parser.add_argument("--data", type=Path, help="records of MaskBench: a file or its folder")
    parser.add_argument("--out", type=Path, help="folder of results; results/, or results/short/")
    options = parser.parse_args()
    out = options.out or FOLDER / "results" / ("" if options.full else "short")
    planned = plan(out, options.data, full=options.full)
    unknown = sorted(set(options.names) - set(planned))
    if unknown:
        sys.exit(f"there is no benchmark {', '.join(unknown)}: there are {', '.join(planned)}")
    if options.data is not None and not options.data.exists():
        sys.exit(f"there is no file or folder {options.data}")
    out.mkdir(parents=True, exist_ok=True)
    failed = []
    for name, command in planned.items():
        if options.names and name not in options.names:
            continue
        print(f"== {name}", flush=True)
        started, before = time.monotonic(), _processor_seconds()
        problem = measured(command, None if options.full else LONGEST)
        seconds, used = time.monotonic() - started, _processor_seconds() - before
        print(f"-- {name}: {seconds:.0f} s, {used:.0f} s of the processor\n", flush=True)
        if problem:
            failed.append(f"{name} {problem}")
    problem = measured(["report.py", "--results", str(out)], None)
    if problem:
        failed.append(f"the report {problem}")
    if failed:
        sys.exit(f"{'; '.join(failed)}; the rest is in {out}")


if __name__ == "__main__":
    main()
