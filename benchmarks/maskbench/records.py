"""Records of MaskBench, as lines of JSON: out of a file that has one in each, or out of the data set's own folder.

The data set is a folder of files, one for each schema (https://github.com/guidance-ai/jsonschemabench):

    git clone --depth 1 https://github.com/guidance-ai/jsonschemabench
    python benchmarks/masks.py --data jsonschemabench/maskbench/data

The figures of this repository are of those 4,435 of its 10,000 records whose names are in `dev.txt`. Of its folder
these are read, in that order, so that a seed gives the sample that it gave here. Of a folder that has none of them,
all files are read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

NAMES = Path(__file__).parent / "dev.txt"


def lines(path: Path) -> list[str]:
    """Each record as a line, with its `id`; without line ends.

    Raises:
        SystemExit: There is nothing to read, in words for whoever gave the path.
    """
    if path.is_dir():
        files = [path / f"{name}.json" for name in NAMES.read_text(encoding="utf-8").split()]
        files = [file for file in files if file.exists()] or sorted(path.glob("*.json"))
        found = [_line(file) for file in files]
    elif path.exists():
        found = [line for line in path.read_text(encoding="utf-8").split("\n") if line]
    else:
        raise SystemExit(f"there is no file or folder {path}")
    if not found:
        raise SystemExit(
            f"there are no records in {path}: give a file of JSON lines, or MaskBench's folder `data`"
        )
    return found


def digest(lines: Sequence[str]) -> str:
    """SHA-256 of records: of a file with one in each line, that of the file."""
    found = hashlib.sha256()
    for line in lines:
        found.update(line.encode() + b"\n")
    return found.hexdigest()


def _line(file: Path) -> str:
    record = {"id": file.stem} | json.loads(file.read_text(encoding="utf-8"))
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
