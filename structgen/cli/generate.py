"""`structgen generate`: let a model answer a prompt under a constraint."""

from __future__ import annotations

import math
from typing import Annotated, Any

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
    WrongCall,
)
from structgen.cli.consoles import answers, notes
from structgen.cli.models import Model, load_model
from structgen.cli.tables import comparison


def generate(
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
    temperature: Annotated[float, typer.Option(min=0, help="0: the likeliest token at each step.")] = 0.0,
    seed: Annotated[int | None, typer.Option(min=0, help="Makes sampling repeatable.")] = None,
    compare: Annotated[bool, typer.Option(help="Show the unconstrained answer, too.")] = False,
) -> None:
    """Let a model answer a prompt under a constraint."""
    if not math.isfinite(temperature):
        raise WrongCall(f"--temperature {temperature}: must be a number that is 0 or more")
    constraint = Given(schema, output, regex, grammar, start, choice, sql, tables).constraint(strict=strict)
    for problem in constraint.unenforced:
        notes.print(f"not enforced: {problem}")
    loaded = load_model(model)
    options: dict[str, Any] = {"max_new_tokens": max_new_tokens, "temperature": temperature, "seed": seed}
    generation = structgen.generate(*loaded, prompt, constraint, **options)
    if compare:
        free = structgen.generate(*loaded, prompt, None, **options)
        answers.print(comparison(constraint, free, generation))
        return
    answers.print(generation.text)
    notes.print(f"{generation.finish_reason}; {generation.timings}")
