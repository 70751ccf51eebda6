"""`structgen keywords`: how each keyword of a schema is handled."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from structgen.cli.arguments import Given
from structgen.cli.consoles import answers, notes

_COLOURS = {"enforced": "green", "checked": "red", "annotation": "yellow"}


def keywords(
    file: Annotated[str, typer.Argument(help="A file with a JSON Schema.")],
    every: Annotated[bool, typer.Option("--all", help="Those that the mask enforces, too.")] = False,
) -> None:
    """List how the keywords of a schema are handled: enforced by the mask, checked afterwards, or an annotation.

    Exit code 1: the mask does not enforce all that constrains.
    """
    report = Given(schema=file).constraint(strict=False).report
    table = Table("where", "what", "why", box=None)
    for row in report:
        if every or row.handling == "checked" or row.reason:
            table.add_row(Text(row.pointer), Text(row.handling, _COLOURS[row.handling]), Text(row.reason))
    if table.row_count:
        answers.print(table)
    counts = Counter(row.handling for row in report)
    notes.print(f"{file}: " + ", ".join(f"{counts[handling]} {handling}" for handling in _COLOURS))
    if counts["checked"]:
        raise typer.Exit(1)
