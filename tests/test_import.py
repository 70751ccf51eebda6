"""`import structgen` stays light."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import structgen
structgen.choice(["yes", "no"]).validate("yes")
structgen.regex("[ab]+").validate("ab")
heavy = {"torch", "transformers", "triton", "pydantic", "typer", "rich", "gguf", "tokenizers"}
print(*sorted(heavy & set(sys.modules)))
"""


def test_import_needs_neither_torch_nor_transformers() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=120
    )
    assert ran.stdout.split() == []
