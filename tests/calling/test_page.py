"""docs/tools.md does what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from test_readme import blocks, run

import structgen
from structgen.calling.registry import FORMATS

PAGE = Path(__file__).parents[2] / "docs" / "tools.md"


def test_the_examples_give_what_their_comments_say() -> None:
    names: dict[str, Any] = {"structgen": structgen}
    found = blocks("python", PAGE)
    assert len(found) == 6
    for block in found:
        run(block, names)


def test_the_table_has_every_family() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, form in FORMATS.items():
        assert f"| `{name}` | {form.families} |" in page
