"""What a complete text means: Lark parses it, and the tree is its value."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

from lark import Lark, Tree
from lark.exceptions import LarkError

from structgen.errors import InvalidText
from structgen.frontends.lark.loading import Loaded, load
from structgen.frontends.lark.sources import Source

ParserName = Literal["lalr", "earley"]
"""LALR comes with Lark's contextual lexer, Earley with its dynamic one."""


MOST_NODES = 10_000
MOST_NODES_OF_CHAR = 1_000
"""Nodes of a tree, and more for each character of its text: beyond, Lark's LALR parser ends empty rules for ever."""


class Judge:
    """Lark's own parsers of a grammar, made when the first text comes. A text is valid if one of them parses it.

    Attributes:
        parsers: which of them.
    """

    def __init__(
        self, source: Source, start: str, parsers: Sequence[ParserName], loaded: Loaded | None = None
    ) -> None:
        self._source = source
        self._start = start
        self._loaded = loaded
        self._trees = _Trees()
        self.parsers = tuple(parsers)

    def __call__(self, text: str, error: InvalidText | None) -> Tree[Any]:
        """The tree of a text.

        Raises:
            InvalidText: Lark does not parse it.
        """
        failure: Exception | None = None
        for parser in self._made:
            self._trees.left = MOST_NODES + MOST_NODES_OF_CHAR * len(text)
            try:
                found: Tree[Any] = parser.parse(text)
            except (LarkError, RuntimeError) as unexpected:  # too deep, or a bug of Lark
                failure = failure or unexpected
            else:
                return found
        if error is not None:
            raise error
        raise _as_invalid_text(text, failure)

    @cached_property
    def _made(self) -> list[Lark]:
        loaded = self._loaded or load(self._source, self._start, [])

        def made(parser: ParserName) -> Lark:
            options: dict[str, Any] = {"tree_class": self._trees} if parser == "lalr" else {}
            return Lark(loaded.grammar, parser=parser, start=self._start, **options)

        try:
            try:
                return [made(name) for name in self.parsers]
            except RecursionError:  # its LALR analysis recurs; its Earley parser needs none
                return [made("earley")]
        except (LarkError, RuntimeError) as error:
            raise self._source.rewrap(error) from None


class _Trees(threading.local):
    """Makes trees, but not without end.

    Attributes:
        left: how many more.
    """

    left = 0

    def __call__(self, data: str, children: list[Any], meta: Any = None) -> Tree[Any]:
        """A tree; raises `RuntimeError` if there are too many."""
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("Lark's parser does not end")
        return Tree(data, children, meta)


def _as_invalid_text(text: str, failure: Exception | None) -> InvalidText:
    """What Lark says of a text that the grammar had nothing against."""
    if isinstance(failure, RecursionError):
        return InvalidText(text, 0, "the text nests too deeply for Lark's parser")
    found: Any = getattr(failure, "pos_in_stream", None)
    position = found if isinstance(found, int) and 0 <= found < len(text) else len(text)
    return InvalidText(text, position, "Lark's parser does not go on here")
