"""What a user's type checker sees: the stubs are those of the native modules, and the public names have their types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import structgen

PACKAGE = Path(structgen.__file__).parent
USE = """
import numpy as np
from typing_extensions import assert_type

import structgen

constraint = structgen.json_schema({"type": "object"})
assert_type(constraint, structgen.Constraint)
assert_type(constraint.is_valid("{}"), bool)
assert_type(structgen.regex("[0-9]+"), structgen.Constraint)
assert_type(structgen.lark("start: INT"), structgen.Constraint)
assert_type(structgen.choice(["a", "b"]), structgen.Constraint)
vocabulary = structgen.Vocabulary.from_tokenizer(object())
grammar = structgen.compile(constraint, vocabulary)
assert_type(grammar, structgen.CompiledGrammar)
matcher = grammar.matcher()
assert_type(matcher, structgen.Matcher)
matcher.bind(np.zeros((1, 4), np.int32), 0)
matcher.advance(3)
assert_type(matcher.can_stop, bool)
assert_type(matcher.fork(), structgen.Matcher)
structgen.Limits(nesting=3)
"""


@pytest.mark.parametrize("module", ["engine._native", "repairing._reader"])
def test_the_stub_is_that_of_the_module(tmp_path: Path, module: str) -> None:
    pytest.importorskip("nanobind", reason="nanobind is not installed")
    stub = PACKAGE / f"{module.replace('.', '/')}.pyi"
    made = tmp_path / stub.name
    command = [
        sys.executable,
        "-m",
        "nanobind.stubgen",
        "-q",
        "-m",
        f"structgen.{module}",
        "-o",
        str(made),
    ]
    subprocess.run(command, check=True, timeout=120)
    assert made.read_text() == stub.read_text(), f"make it anew: {' '.join(command[:-1])} {stub}"


def test_public_names_are_typed(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy is not installed")
    file = tmp_path / "use.py"
    file.write_text(USE)
    found = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(file)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert found.returncode == 0, found.stdout
