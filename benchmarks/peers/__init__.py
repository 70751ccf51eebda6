"""Engines with one small protocol, so that a benchmark asks all of them the same.

    Engine(tokenizer)  ─►  compile(schema text)  ─►  matcher()  ─►  fill(), advance(token)
    a vocabulary           a grammar                one request     one token

One module for each engine; it imports the engine at its top. An engine that is not
installed is reported as missing, never an error.

An adapter calls the engine as its own documentation does, in the cheapest way that it offers to a caller with a
numpy row, and adds no work of its own to `fill` and `advance`: they are the engine's own methods wherever its
interface allows it. Knows no benchmark.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

ENGINES = {
    "structgen": "structgen",
    "structgen-budgeted": "structgen",
    "llguidance": "llguidance",
    "xgrammar": "xgrammar",
    "xgrammar-cached": "xgrammar",
    "outlines-core": "outlines_core",
}
"""Module by engine. One module may hold several ways to use an engine: its `ADAPTERS` say which."""


class Refused(Exception):
    """The engine says that it does not support this schema."""


class Matcher(Protocol):
    """One request: a text that is being generated. To be kept while it is in use: `fill` may know only an address."""

    @property
    def mask(self) -> npt.NDArray[np.int32]:
        """Int32 [W], which `fill` writes: token t is allowed if bit t % 32 of word t // 32 is set."""

    def fill(self) -> object:
        """Compute the mask of the next token."""

    def advance(self, token: int, /) -> object:
        """Read a token. False, or an exception, if it may not come next."""


class Grammar(Protocol):
    """A compiled schema."""

    def matcher(self) -> Matcher:
        """A new request. What earlier requests have cached may be used."""


class Engine(Protocol):
    """An engine with a vocabulary loaded.

    Attributes:
        version: of the released package.
    """

    version: str

    def __init__(self, tokenizer: Any) -> None:
        """Load the vocabulary of a tokenizer of transformers."""

    def compile(self, schema: str) -> Grammar:
        """Compile a JSON Schema from its text.

        Raises:
            Refused: The engine does not support it.
        """

    def renew(self) -> None:
        """Forget what earlier schemas have left in caches, as if the vocabulary had just been loaded."""


def find_engine(name: str) -> type[Engine] | None:
    """The adapter of an engine, or None if the engine is not installed.

    Raises:
        KeyError: There is no adapter of that name.
    """
    module = ENGINES[name]
    try:
        found: type[Engine] = import_module(f"peers.{module}").ADAPTERS[name]
    except ImportError:
        return None
    return found


def words_of_mask(size: int) -> int:
    """Words of a mask over that many tokens: W = ceil(V / 32)."""
    return (size + 31) // 32
