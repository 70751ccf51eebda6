"""Nothing imports upwards. The picture is in docs/architecture.md, the contracts in pyproject.toml."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# The editable install finds structgen in three folders, one of which is the repository, as `grammars/` is part of the
# package: seen so, there would be a module structgen.structgen. The sources are to be judged, where they lie.
PROGRAM = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "ScikitBuild" not in type(finder).__name__]
sys.path.insert(0, ".")
from importlinter.cli import lint_imports
sys.exit(lint_imports(no_cache=True))
"""


def test_nothing_imports_upwards() -> None:
    if importlib.util.find_spec("importlinter") is None:
        assert not os.environ.get("CI"), "import-linter, of the extra dev, is not installed"
        pytest.skip("import-linter, of the extra dev, is not installed")
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "nothing imports upwards KEPT" in ran.stdout
    assert "no front end imports one above it KEPT" in ran.stdout
