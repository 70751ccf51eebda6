"""`structgen explain`: what may come after a prefix."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer
from rich.table import Table
from rich.text import Text

import structgen
from structgen.cli.arguments import (
    Choice,
    Given,
    Grammar,
    Output,
    Regex,
    Schema,
    Sql,
    Start,
    Strict,
    Tables,
    naming,
)
from structgen.cli.consoles import answers
from structgen.cli.models import load_tokenizer


def explain(
    schema: Schema = None,
    output: Output = "json",
    regex: Regex = None,
    grammar: Grammar = None,
    start: Start = "start",
    choice: Choice = None,
    sql: Sql = None,
    tables: Tables = None,
    strict: Strict = True,
    prefix: Annotated[str, typer.Option(help="The text so far.")] = "",
    tokenizer: Annotated[
        str | None, typer.Option(help="Show the tokens of this model's tokenizer, too.")
    ] = None,
    tokens: Annotated[int, typer.Option(min=1, help="How many tokens to show at most.")] = 40,
) -> None:
    """Say what may come after a prefix: characters, terminals and tokens."""
    constraint = Given(schema, output, regex, grammar, start, choice, sql, tables).constraint(strict=strict)
    with naming("--prefix"):
        explanation = constraint.explain(prefix)
    table = Table("what", "may come next", show_header=False, box=None)
    table.add_row("characters", Text(str(explanation)))
    table.add_row("terminals", Text(", ".join(explanation.terminals) or "-"))
    table.add_row("the text may end", "yes" if explanation.can_stop else "no")
    if tokenizer is not None:
        table.add_row("tokens", Text(_allowed_tokens(constraint, prefix, tokenizer, tokens)))
    answers.print(table)


def _allowed_tokens(constraint: structgen.Constraint, prefix: str, name: str, limit: int) -> str:
    loaded = load_tokenizer(name)
    with naming(f"--tokenizer {name}"):
        grammar = structgen.compile(constraint, loaded)
    configuration, _ = grammar.native.try_read(grammar.initial, prefix.encode())
    row = np.zeros((1, (grammar.vocabulary.size + 31) // 32), dtype=np.int32)
    grammar.fill(configuration, row, 0)
    ids = np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little")).tolist()
    names = {token_id: name for name, token_id in grammar.vocabulary.special_tokens.items()}
    shown = [
        names.get(i) or repr(grammar.vocabulary[i].decode(errors="backslashreplace")) for i in ids[:limit]
    ]
    more = f" ... ({len(ids)} in all)" if len(ids) > limit else ""
    return " ".join(shown) + more
