"""Terminals that never end: what must follow them only makes them longer.

`INT INT` with nothing between: after any digit another one belongs to the first INT, so the second never begins. Lark
accepts such a grammar, and no text for it; a model would be led into it and write digits for ever. So it is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from structgen.errors import EmptyLanguageError
from structgen.frontends.lark.adjacency import Adjacency
from structgen.frontends.lark.loading import Loaded
from structgen.frontends.lark.texts import Texts
from structgen.grammar.rules import RuleExpression, walk


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
        error = loaded.source.error(
            f"the rule {loaded.start} never finishes: each of its alternatives needs another one",
            loaded.start,
        )
        raise EmptyLanguageError(str(error))
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
