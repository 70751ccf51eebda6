"""The commands, and `main`, which turns every error of a call into one message and exit code 2."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from structgen.cli import bench, check, demo, explain, generate, grammar, keywords, play, repair, trace
from structgen.cli.arguments import WrongCall
from structgen.cli.consoles import notes
from structgen.errors import StructgenError

app = typer.Typer(
    help="Makes a language model's output valid: JSON for your schema, your regex, your grammar.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(generate.generate)
app.command()(trace.trace)
app.command()(check.check)
app.command()(repair.repair)
app.command()(explain.explain)
app.command()(keywords.keywords)
app.command()(play.play)
app.add_typer(grammar.app, name="grammar")
app.command()(demo.demo)
app.command()(bench.bench)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors of the call, the library and the system are one message, and exit code 2."""
    try:
        app(arguments)
    except (WrongCall, StructgenError, OSError, UnicodeError) as error:
        notes.print(f"structgen: {error}")
        raise SystemExit(2) from None
