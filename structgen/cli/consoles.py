"""Where things are printed: answers to standard output, everything about them to standard error."""

from __future__ import annotations

from rich.console import Console

answers = Console(highlight=False, markup=False, soft_wrap=True)
notes = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
