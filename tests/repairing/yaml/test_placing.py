"""Placing lines of YAML: the level to which a line belongs does not depend on the process."""

from __future__ import annotations

import os
import subprocess
import sys

TEXT = "- - a: x\n - |\n    - b\n  - c: d\n"


def test_the_result_does_not_depend_on_the_hash_seed() -> None:
    program = f"import structgen; print(structgen.repair({TEXT!r}, format='yaml').value)"
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in (0, 5)
    }
    assert len(found) == 1
