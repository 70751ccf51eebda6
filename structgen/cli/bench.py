"""`structgen bench`: run the benchmarks of the repository."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

import structgen
from structgen.cli.arguments import WrongCall


def bench(
    names: Annotated[list[str] | None, typer.Argument(help="Only these benchmarks.")] = None,
    full: Annotated[bool, typer.Option(help="Everything, for hours; else ten minutes.")] = False,
    data: Annotated[Path | None, typer.Option(help="Records of MaskBench: a file or its folder.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the results.")] = None,
) -> None:
    """Run the benchmarks, and write a report with tables and plots. Needs the repository."""
    script = Path(structgen.__file__).parent.parent / "benchmarks" / "run.py"
    if not script.exists():
        raise WrongCall(f"benchmarks are in the repository, not in the package: there is no {script}")
    arguments = [*(names or []), *(["--full"] if full else [])]
    for option, path in (("--data", data), ("--out", out)):
        arguments += [option, str(path)] if path else []
    raise typer.Exit(subprocess.run([sys.executable, str(script), *arguments], check=False).returncode)
