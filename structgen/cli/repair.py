"""`structgen repair`: make a damaged text valid."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import structgen
from structgen.cli.arguments import Given, Schema, TextFile, WrongCall, check_value, read_bytes
from structgen.cli.consoles import answers, notes
from structgen.cli.repair_many import repair_many
from structgen.cli.tables import difference, edits
from structgen.errors import LimitExceeded, RepairError
from structgen.formats.json import json_format
from structgen.formats.yaml import yaml_format


def repair(
    file: TextFile,
    schema: Schema = None,
    format: Annotated[str, typer.Option(help="json, yaml or auto.")] = "auto",
    allow: Annotated[
        str, typer.Option(help="The worst edits accepted: lossless, guessed or dropped.")
    ] = "dropped",
    defaults: Annotated[bool, typer.Option(help="Fill in the defaults of required properties.")] = False,
    reformat: Annotated[bool, typer.Option(help="Print the value again, indented.")] = False,
    to: Annotated[
        str | None, typer.Option(help="Print the value as json or yaml, whatever the text is written in.")
    ] = None,
    diff: Annotated[bool, typer.Option(help="Show what changed, in colour.")] = False,
    explain: Annotated[bool, typer.Option(help="List all edits with their grades and reasons.")] = False,
    field: Annotated[
        str | None, typer.Option(help="The file is JSON Lines; the property of a record that has the text.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Processes, for many texts.")] = 1,
) -> None:
    """Make a damaged JSON or YAML text valid; what had to be changed goes to standard error.

    For a folder, or JSON Lines with --field, a record is printed for each text, then a table of grades.
    """
    check_value("--format", format, ("json", "yaml", "auto"))
    check_value("--allow", allow, ("lossless", "guessed", "dropped"))
    if to is not None:
        check_value("--to", to, ("json", "yaml"))
    options = {"format": format, "allow": allow, "defaults": defaults, "reformat": reformat}
    if field is not None or Path(file).is_dir():
        if to is not None:
            raise WrongCall("--to is for a single text: of many texts the values are printed, as JSON Lines")
        repair_many(file, field, schema, options, jobs)
        return
    constraint = Given(schema).constraint(strict=False) if schema else None
    data = read_bytes(file)
    try:
        found = structgen.repair(data, constraint, **options)  # type: ignore[arg-type]
    except RepairError as error:
        notes.print(f"{file}: {error}")
        if explain:
            notes.print(edits(error.edits))
        raise typer.Exit(1) from None
    except LimitExceeded as error:
        notes.print(f"{file}: the text cannot be repaired within the limits: limits.{error.limit} is reached")
        raise typer.Exit(1) from None
    text = _written(found, to)
    answers.print(difference(data.decode(errors="replace"), text) if diff else text.removesuffix("\n"))
    if explain:
        notes.print(edits(found.edits))
    cut = "" if found.truncated is None else f"; the text breaks off at {found.truncated}"
    notes.print(f"{file}: {found.format}, {len(found.edits)} edits, {found.grade}{cut}")


def _written(found: structgen.Repair, to: str | None) -> str:
    """Valid text in the format that is wanted."""
    if to is None or to == found.format:
        return found.text
    return yaml_format().write(found.value) if to == "yaml" else json_format().write(found.value, indent=2)
