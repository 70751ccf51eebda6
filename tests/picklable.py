"""Types and functions that a spawned process finds by their names."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import numpy as np
import typing_extensions


@dataclasses.dataclass
class Poem:
    """A type for a constraint."""

    title: str
    lines: int


class Note(typing_extensions.TypedDict):
    """Another one."""

    text: str


def mask_digest(grammar: Any, steps: int = 12) -> str:
    """A digest of the masks along one text, which takes the last token that is allowed at each step."""
    digest = hashlib.sha256()
    configuration = grammar.initial
    row = np.zeros((1, (grammar.vocabulary.size + 31) // 32), dtype=np.int32)
    for step in range(steps):
        try:
            grammar.fill(configuration, row, 0)
        except Exception as error:
            digest.update(type(error).__name__.encode())
            break
        digest.update(row.tobytes())
        allowed = np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little"))
        configuration = grammar.advance(configuration, int(allowed[(step * 7) % len(allowed)]))
    return digest.hexdigest()


def digest_of_constraint(constraint: Any, vocabulary: Any) -> str:
    """Of a constraint that came from another process."""
    return mask_digest(constraint.compile(vocabulary))


def digest_of_compiled(grammar: Any) -> str:
    """Of a compiled grammar that came from another process."""
    return mask_digest(grammar)
