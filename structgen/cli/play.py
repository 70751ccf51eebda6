"""`structgen play`: a page where you type a constraint and a prefix, and see what the engine says."""

from __future__ import annotations

import webbrowser
from contextlib import suppress
from typing import Annotated

import typer

from structgen.cli.consoles import notes
from structgen.cli.playground import server


def play(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8765,
    browser: Annotated[bool, typer.Option(help="Open the page in your browser.")] = True,
) -> None:
    """Open a playground in your browser: a constraint, a prefix, what may come next. Nothing leaves this machine."""
    with server(port) as running:
        address = f"http://127.0.0.1:{running.server_port}/"
        notes.print(f"{address}  (Ctrl+C ends it)")
        if browser:
            webbrowser.open(address)
        with suppress(KeyboardInterrupt):
            running.serve_forever()
