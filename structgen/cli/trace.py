"""`structgen trace`: let a model answer, and write a page that shows how the answer came about."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import structgen
from structgen.cli.arguments import (
    Choice,
    Given,
    Grammar,
    MaxNewTokens,
    Output,
    Regex,
    Schema,
    Sql,
    Start,
    Strict,
    Tables,
)
from structgen.cli.consoles import answers, notes
from structgen.cli.models import Model, load_model


def trace(
    prompt: Annotated[str, typer.Argument(help="What the model is asked.")],
    schema: Schema = None,
    output: Output = "json",
    regex: Regex = None,
    grammar: Grammar = None,
    start: Start = "start",
    choice: Choice = None,
    sql: Sql = None,
    tables: Tables = None,
    strict: Strict = True,
    model: Model = "smollm2",
    max_new_tokens: MaxNewTokens = 256,
    page: Annotated[Path, typer.Option(help="Where to write the page.")] = Path("trace.html"),
) -> None:
    """Write a page that shows an answer token by token: what was allowed, what the model wanted, how sure it was."""
    constraint = Given(schema, output, regex, grammar, start, choice, sql, tables).constraint(strict=strict)
    loaded = load_model(model)
    generation = structgen.generate(*loaded, prompt, constraint, max_new_tokens=max_new_tokens)
    page.write_text(generation.trace(), encoding="utf-8")
    answers.print(generation.text)
    for warning in generation.warnings:
        notes.print(warning)
    notes.print(f"{page}: open it in a browser")
