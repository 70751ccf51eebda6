"""Every benchmark, one after the other, and the report.

    python benchmarks/run.py [--full] [--data dev.jsonl] [--out benchmarks/results] [NAME ...]

Some ten minutes on two cores; `--full` takes hours. Without `--data` (records of MaskBench) the schemas are the few
that are written into the repository. A library that is not installed is a dash in the tables. What fails is said at the
end, and the report is made of the rest.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def plan(out: Path, data: Path | None, *, full: bool) -> dict[str, list[str]]:
    """The arguments of each benchmark."""
    given = [] if data is None else ["--data", str(data)]
    masks = ["--json", str(out / "masks.json"), *given]
    repair = ["--output", str(out / "repair.json"), "--data", str(data or FOLDER / "tasks" / "schemas.jsonl")]
    validity = ["--out", str(out), *given]
    quality = ["--out", str(out)]
    latency = ["--out", str(out)]
    generate = ["--out", str(out / "generate.json")]
    if not full:
        masks += ["--sample", "40", "--timeout", "20"]
        repair += ["--sample", "200"]
        validity += ["--tasks", "8", "--schemas", "8", "--max-new-tokens", "64", "--seconds", "240"]
        quality += ["--max-new-tokens", "48"]
        latency += ["--batches", "1,8", "--steps", "24", "--rounds", "2"]
        generate += ["--rounds", "2"]
    return {
        "masks": masks,
        "repair": repair,
        "apply": ["--out", str(out / "apply.json")],
        "generate": generate,
        "latency": latency,
        "quality": quality,
        "validity": validity,
    }


def main() -> None:
    """Run them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--full", action="store_true", help="everything, for hours")
    parser.add_argument("--data", type=Path, help="records of MaskBench, one JSON object a line")
    parser.add_argument("--out", type=Path, default=FOLDER / "results")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    planned = plan(options.out, options.data, full=options.full)
    unknown = sorted(set(options.names) - set(planned))
    if unknown:
        sys.exit(f"there is no benchmark {', '.join(unknown)}: there are {', '.join(planned)}")
    failed = []
    for name, arguments in planned.items():
        if not options.names or name in options.names:
            print(f"== {name}", flush=True)
            ran = subprocess.run([sys.executable, str(FOLDER / f"{name}.py"), *arguments], check=False)
            failed += [name] if ran.returncode else []
    subprocess.run([sys.executable, str(FOLDER / "report.py"), "--results", str(options.out)], check=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}; the report has the rest")


if __name__ == "__main__":
    main()
