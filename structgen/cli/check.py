"""`structgen check`: validate a text. Needs no mask."""

from __future__ import annotations

import typer

from structgen.cli.arguments import (
    Choice,
    Given,
    Grammar,
    Output,
    Regex,
    Schema,
    Sql,
    Start,
    Tables,
    TextFile,
    WrongCall,
    read_text,
)
from structgen.cli.consoles import notes
from structgen.errors import InvalidText, StructgenError


def check(
    file: TextFile,
    schema: Schema = None,
    output: Output = "json",
    regex: Regex = None,
    grammar: Grammar = None,
    start: Start = "start",
    choice: Choice = None,
    sql: Sql = None,
    tables: Tables = None,
) -> None:
    """Validate a text. Says where it fails, why, and what was expected there.

    A line break at the end of the file does not belong to the text.
    """
    constraint = Given(schema, output, regex, grammar, start, choice, sql, tables).constraint(strict=False)
    text = read_text(file)
    try:
        constraint.validate(text.removesuffix("\n"))
    except InvalidText as error:
        notes.print(f"{file}: {error}")
        raise typer.Exit(1) from None
    except StructgenError as error:
        raise WrongCall(f"{file}: {error}") from None
    notes.print(f"{file}: valid")
