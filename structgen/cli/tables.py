"""What is printed: both answers in a table, edits, and the difference that a repair made."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

import structgen

if TYPE_CHECKING:
    from structgen.generation import Generation


def comparison(constraint: structgen.Constraint, free: Generation, held: Generation) -> Table:
    """Both answers in a table, with what the constraint says to each."""
    table = Table("", "without a constraint", "with structgen", show_lines=True)
    table.add_row("answer", Text(free.text), Text(held.text))
    verdicts = []
    for generation in (free, held):
        try:
            constraint.validate(generation.text)
            verdicts.append(Text("valid", style="green"))
        except structgen.InvalidText as error:
            verdicts.append(Text(f"line {error.line}, column {error.column}: {error.reason}", style="red"))
    table.add_row("verdict", *verdicts)
    table.add_row("finished by", free.finish_reason, held.finish_reason)
    table.add_row("time", *(str(generation.timings).replace("; ", "\n") for generation in (free, held)))
    return table


_STYLES = {"lossless": "green", "guessed": "yellow", "dropped": "red"}


def edits(made: Sequence[structgen.Edit]) -> Table:
    """Edits with their grades and reasons."""
    table = Table("where", "what", "grade", "why", box=None)
    for edit in made:
        table.add_row(
            f"{edit.start}-{edit.end}", edit.kind, Text(edit.grade, _STYLES[edit.grade]), Text(edit.reason)
        )
    return table


def difference(before: str, after: str) -> Text:
    """The lines of both texts; in lines that changed, the changed parts stand out."""
    shown = Text()
    old, new = before.strip("\n").split("\n"), after.strip("\n").split("\n")
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            shown.append("".join(f"  {line}\n" for line in old[i:j]), "dim")
        else:
            shown.append_text(_change("\n".join(old[i:j]), "\n".join(new[k:m])))
    shown.rstrip()
    return shown


def _change(removed: str, added: str) -> Text:
    shown, old, new = Text(), Text(removed, "red"), Text(added, "green")
    for what, *places in SequenceMatcher(None, removed, added, autojunk=len(removed) > 2000).get_opcodes():
        if what != "equal":
            old.stylize("reverse", *places[:2])
            new.stylize("reverse", *places[2:])
    for sign, lines in (("-", old), ("+", new)):
        for line in lines.split("\n") if lines.plain else ():
            shown.append(f"{sign} ", lines.style).append_text(line).append("\n")
    return shown
