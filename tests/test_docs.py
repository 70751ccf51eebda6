"""The documentation site: every public name has its place in the reference, every page in the navigation."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import structgen

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(?:#[^)]*)?\)")


def test_every_public_name_is_in_the_reference() -> None:
    named = re.findall(
        r"^::: structgen\.(\w+)$", "\n".join(page.read_text("utf-8") for page in PAGES), re.MULTILINE
    )
    assert sorted(named) == sorted(structgen.__all__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in LINK.findall(text):
        assert "://" in target or (page.parent / target).exists(), target


def test_every_page_is_in_the_navigation() -> None:
    listed = (ROOT / "mkdocs.yml").read_text("utf-8").partition("nav:")[2]
    for page in PAGES:
        assert str(page.relative_to(DOCS)) in listed, page


@pytest.mark.timeout(600)
def test_the_site_is_built_without_warnings(tmp_path: Path) -> None:
    pytest.importorskip("mkdocstrings", reason="the extra docs is not installed")
    pytest.importorskip("material", reason="the extra docs is not installed")
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--site-dir",
        str(tmp_path / "site"),
    ]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    page = (tmp_path / "site" / "reference" / "constraints" / "index.html").read_text("utf-8")
    assert 'id="structgen.json_schema"' in page
