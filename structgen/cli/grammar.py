"""`structgen grammar`: look at Lark grammars."""

from __future__ import annotations

import json
from random import Random
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

import structgen
from structgen.cli.arguments import Lexer, Start, check_value, find_grammar, naming
from structgen.cli.consoles import answers, notes
from structgen.frontends.lark import diagnose
from structgen.frontends.library import library_text
from structgen.language.sampling import Sampler

app = typer.Typer(
    help="Look at Lark grammars: yours, and those that come with structgen.", no_args_is_help=True
)
File = Annotated[str, typer.Argument(help="A file with a Lark grammar, or the name of one of structgen's.")]


@app.command("list")
def list_grammars() -> None:
    """List the grammars that come with structgen."""
    table = Table("name", "what it is", box=None)
    for name, description in structgen.library().items():
        table.add_row(name, Text(description))
    answers.print(table)


@app.command("show")
def show_grammar(
    name: Annotated[str, typer.Argument(help="Of one that `structgen grammar list` lists.")],
) -> None:
    """Print a grammar that comes with structgen, with its header."""
    answers.print(Text(library_text(name).removesuffix("\n")))


@app.command("check")
def check_grammar(file: File, start: Start = "start", lexer: Lexer = "contextual") -> None:
    """List what is wrong in a Lark grammar, or may surprise. Exit code 1: it can't be used."""
    check_value("--lexer", lexer, ("contextual", "dynamic"))
    found = diagnose(find_grammar(file), start=start, lexer=lexer)
    if found:
        table = Table("where", "what", "why", "example", box=None)
        for one in found:
            place = "-" if one.line is None else f"{one.line}:{one.column}"
            example = Text(repr(one.example) if one.example else "")
            colour = "red" if one.is_fatal else "yellow"
            table.add_row(place, Text(one.kind, colour), Text(one.message), example)
        answers.print(table)
    broken = any(one.is_fatal for one in found)
    notes.print(f"{file}: {len(found) or 'nothing'} found{', it cannot be used' if broken else ''}")
    if broken:
        raise typer.Exit(1)


@app.command("sample")
def sample_grammar(
    file: File,
    number: Annotated[int, typer.Option("-n", "--number", min=1, help="How many texts.")] = 5,
    start: Start = "start",
    lexer: Lexer = "contextual",
    seed: Annotated[int | None, typer.Option(help="Makes sampling repeatable.")] = None,
    depth: Annotated[int, typer.Option(min=1, help="Rules nest about this deep at most.")] = 12,
) -> None:
    """Print random texts of a grammar, each of which a mask lets through, as JSON strings, one a line."""
    check_value("--lexer", lexer, ("contextual", "dynamic"))
    grammar = find_grammar(file)
    with naming(file):
        constraint = structgen.lark(grammar, start=start, lexer=lexer)  # type: ignore[arg-type]
        compiled = structgen.compile(constraint, structgen.Vocabulary.of_bytes())
    sampler, random = Sampler(constraint.grammar, depth), Random(seed)
    found = 0
    for _ in range(100 * number):  # a sampler does not know what a lexer would make of a text
        if found < number and compiled.accepts(text := sampler.text(random)):
            answers.print(Text(json.dumps(text, ensure_ascii=False)))
            found += 1
    if found < number:
        notes.print(f"{file}: of {100 * number} random texts the mask lets {found} through")
        raise typer.Exit(1)
