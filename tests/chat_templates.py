"""Chat templates of families of models, as the package trl has them."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def folder(package: str, *names: str) -> Path | None:
    """A folder of a package that need not be importable."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent.joinpath(*names)


TEMPLATES = folder("trl", "chat_templates")


class Tokenizer:
    def __init__(self, chat_template: str) -> None:
        self.chat_template = chat_template


def shared_start(first: str, second: str) -> int:
    """How many first characters two texts share; a marker is shared as a whole or not at all."""
    pairs = zip(first, second, strict=False)
    size = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(first), len(second)))
    opened = second.rfind("<", 0, size)
    return opened if opened > second.rfind(">", 0, size) else size
