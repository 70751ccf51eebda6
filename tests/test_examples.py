"""Examples in docstrings and in the documentation give what they say."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
MODULES = sorted(
    path for path in (ROOT / "structgen").glob("**/*.py") if ">>> " in path.read_text(encoding="utf-8")
)
OPTIONS = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL


def has_examples(page: Path) -> bool:
    return ">>> " in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", list(filter(has_examples, PAGES)), ids=lambda page: page.name)
def test_examples_of_a_page(page: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    text = page.read_text(encoding="utf-8").replace("```", "\n")  # a fence is no output
    parsed = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    failures: list[str] = []
    doctest.DocTestRunner(optionflags=OPTIONS).run(parsed, out=failures.append)
    assert not failures, "".join(failures)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_of_a_module(path: Path) -> None:
    if "generation" in path.parts:
        pytest.importorskip("transformers", reason="transformers is not installed")
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    module = importlib.import_module(name)
    failures: list[str] = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    found = [one for one in doctest.DocTestFinder().find(module, name) if one.examples]
    assert found
    for one in found:
        runner.run(one, out=failures.append)
    assert not failures, "".join(failures)
