"""Terminals that never end: what must follow them only makes them longer.

`INT INT` with nothing between: after any digit another one belongs to the first INT, so the second never begins. Lark
accepts such a grammar, and no text for it; a model would be led into it and write digits for ever. So it is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from structgen.errors import EmptyLanguageError
from structgen.frontends.lark.adjacency import Adjacency
from structgen.frontends.lark.lexing import Readings
from structgen.frontends.lark.loading import Loaded
from structgen.frontends.lark.texts import Texts
from structgen.grammar.rules import Choice, Repetition, RuleExpression, Terminal, walk


def check_dead_ends(
    loaded: Loaded,
    rules: Mapping[str, RuleExpression],
    adjacency: Adjacency,
    texts: Callable[[str], Texts | None],
) -> None:
    """Find terminals that never end.

    Args:
        loaded: the grammar.
        rules: its rules, with terminals by Lark's names.
        adjacency: of these rules.
        texts: those of a terminal; None if they differ from place to place.

    Raises:
        InvalidLarkError: There is one.
        EmptyLanguageError: The start rule has no text at all.
    """
    start = adjacency.edges(rules[loaded.start])
    if not start.finishes:
        place = loaded.source.place(loaded.start)
        raise EmptyLanguageError(
            f"the rule {loaded.start} never finishes: each of its alternatives needs another one",
            line=None if place is None else place.line,
            column=None if place is None else place.column,
        )
    ignored = [texts(name) for name in loaded.ignored]
    known: dict[tuple[str, int], bool] = {}

    def is_stuck(name: str, followers: int) -> bool:
        if (name, followers) not in known:
            known[name, followers] = _is_stuck(name, followers)
        return known[name, followers]

    def _is_stuck(name: str, followers: int) -> bool:
        mine = texts(name)
        others = [*ignored, *map(texts, adjacency.named(followers))]
        if mine is None or followers & adjacency.end or not followers or None in others:
            return False
        return mine.swallow(frozenset(byte for other in others if other for byte in other.first))

    for rule, body in rules.items():
        for node in walk(body):
            for before, after, must in adjacency.seams(node):
                for name in adjacency.named(before) if must else ():
                    if is_stuck(name, after):
                        _complain(loaded, name, [*adjacency.named(after)], f"in rule {rule}", rule)
    for name, followers in adjacency.following.items():
        if is_stuck(name, followers):
            _complain(loaded, name, [*adjacency.named(followers)], "wherever it stands", name)


def _complain(loaded: Loaded, name: str, followers: list[str], where: str, place: str) -> None:
    shown = [loaded.shown(follower) for follower in followers[:4]]
    others = " or ".join(shown) + (" or others" if len(followers) > 4 else "")
    raise loaded.source.error(
        f"{loaded.shown(name)} is followed by {others} with nothing between, {where}: the longest match of the former "
        f"never ends there. Put something in between, or %ignore blanks",
        place.partition("{")[0],
    )


def part_ignored(
    reading: Readings, firsts: Iterable[frozenset[int]]
) -> tuple[tuple[Terminal, ...], Callable[[Terminal | None], RuleExpression | None]]:
    """Keep ignored terminals away from where they never end.

    A comment that reads on to the end of its line can't stand before a name, only before what begins with a line break:
    with a comment begun elsewhere, no text could be finished. Such terminals are named in the rules instead.

    Args:
        reading: the terminals.
        firsts: for each of the others, the bytes that it begins with.

    Returns:
        The terminals that may stand anywhere; and a function that gives what may stand before a terminal besides, or
        (None) at the end.
    """
    texts = {terminal: Texts(terminal.expression) for terminal in reading.ignored}

    @cache
    def is_swallowed(terminal: Terminal, first: frozenset[int]) -> bool:
        return texts[terminal].swallow(first)

    def can_precede(
        terminal: Terminal, first: frozenset[int], between: frozenset[Terminal] = frozenset()
    ) -> bool:
        """Whether a text may go on with one of these bytes after the terminal and more ignored ones."""
        between |= {terminal}
        return not is_swallowed(terminal, first) or any(
            not is_swallowed(terminal, texts[other].first) and can_precede(other, first, between)
            for other in texts
            if other not in between
        )

    begins = {first for first in firsts if first}
    apart = [terminal for terminal in texts if not all(can_precede(terminal, first) for first in begins)]

    @cache
    def before(terminal: Terminal | None) -> RuleExpression | None:
        first = Texts(terminal.expression).first if terminal else frozenset()
        options = tuple(ignored for ignored in apart if not first or can_precede(ignored, first))
        return Repetition(Choice(options)) if options else None

    return tuple(terminal for terminal in texts if terminal not in apart), before
