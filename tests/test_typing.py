"""What a user's type checker sees: the stub of the engine is the engine's, and the public names have their types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import structgen

STUB = Path(structgen.__file__).parent / "engine" / "_native.pyi"
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


def test_the_stub_is_that_of_the_engine(tmp_path: Path) -> None:
    pytest.importorskip("nanobind", reason="nanobind is not installed")
    made = tmp_path / "_native.pyi"
    command = [
        sys.executable,
        "-m",
        "nanobind.stubgen",
        "-q",
        "-m",
        "structgen.engine._native",
        "-o",
        str(made),
    ]
    subprocess.run(command, check=True, timeout=120)
    assert made.read_text() == STUB.read_text(), f"make it anew: {' '.join(command[:-1])} {STUB}"


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
