"""What a complete text means: Lark parses it, and the tree is its value."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from lark import Lark, Tree
from lark.exceptions import LarkError

from structgen.errors import InvalidText, LimitExceeded
from structgen.frontends.lark.loading import Loaded, load
from structgen.frontends.lark.sources import Source

ParserName = Literal["lalr", "earley"]
"""LALR comes with Lark's contextual lexer, Earley with its dynamic one."""


MOST_NODES = 10_000
MOST_NODES_OF_CHAR = 1_000
"""Nodes of a tree, and more for each character of its text: beyond, Lark's LALR parser ends empty rules for ever."""


MOST_BEGINNINGS = 1_000_000
"""Pairs of rules of which one may begin with the other: so many take Lark some 5 seconds."""


class LarkValidator:
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
            LimitExceeded: Lark would take too long to prepare its parser.
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
        _check_size(loaded)

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


def _check_size(loaded: Loaded) -> None:
    """See that Lark's analysis of a grammar ends in time: it follows what may begin each rule, rule by rule.

    Raises:
        LimitExceeded: It takes too long.
    """
    numbers = {name: number for number, name in enumerate(loaded.rules)}
    begins = [_first_rules(tree, numbers) for tree in loaded.rules.values()]
    reached = [1 << number for number in range(len(begins))]
    for number in _children_first(begins):
        for other in begins[number]:
            reached[number] |= reached[other]
    total = sum(one.bit_count() for one in reached)
    if total > MOST_BEGINNINGS:
        hint = (
            f"Lark's own parser, which gives the value of a text, would take too long to prepare: there are {total:,} "
            f"pairs of rules of which one may begin with the other. Masks are not affected"
        )
        raise LimitExceeded("beginnings", MOST_BEGINNINGS, hint, is_fixed=True)


def _first_rules(tree: Any, numbers: Mapping[str, int]) -> list[int]:
    """The rules that stand at the beginning of an alternative of a rule, or after what may be missing there."""
    found: set[int] = set()
    todo = [tree]
    while todo:
        one = todo.pop()
        if not isinstance(one, Tree):
            number = numbers.get(str(getattr(one, "name", "")))
            if number is not None:
                found.add(number)
        elif one.data == "expansions":
            todo += one.children
        elif one.data == "expansion":
            todo += one.children[
                : 1 + next((i for i, part in enumerate(one.children) if not _may_be_empty(part)), 0)
            ]
        else:
            todo += one.children[:1]
    return sorted(found)


def _may_be_empty(tree: Any) -> bool:
    return isinstance(tree, Tree) and (
        tree.data == "maybe" or (tree.data == "expr" and str(tree.children[1]) in "*?")
    )


def _children_first(graph: Sequence[Sequence[int]]) -> list[int]:
    """The nodes of a graph, each after those that it leads to, circles aside."""
    order: list[int] = []
    seen = [False] * len(graph)
    for root in range(len(graph)):
        stack = [(root, 0)]
        while stack:
            node, place = stack.pop()
            if place == 0:
                if seen[node]:
                    continue
                seen[node] = True
            if place < len(graph[node]):
                stack += [(node, place + 1), (graph[node][place], 0)]
            else:
                order.append(node)
    return order


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
