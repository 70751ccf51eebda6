r"""Terminals that never end: what must follow them only makes them longer, or may not follow them.

`INT INT` with nothing between: after any digit another one belongs to the first INT, so the second never begins. Lark
accepts such a grammar, and no text for it; a model would be led into it and write digits for ever. `/if\b/ "ab"` is the
same: what must follow the first is what may not. So both are errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from structgen.errors import EmptyLanguageError
from structgen.frontends.lark.first_match.adjacency import Adjacency
from structgen.frontends.lark.first_match.terminal_queries import Texts
from structgen.frontends.lark.loading import Loaded
from structgen.grammar.rules import Choice, Repetition, RuleExpression, Terminal, walk


def check_terminals_end(
    loaded: Loaded,
    rules: Mapping[str, RuleExpression],
    adjacency: Adjacency,
    texts: Callable[[str], Texts | None],
    readings: Callable[[str], Iterable[Terminal]],
) -> None:
    """Find terminals that never end.

    Args:
        loaded: the grammar.
        rules: its rules, with terminals by Lark's names.
        adjacency: of these rules.
        texts: those of a terminal; None if it is only declared.
        readings: a terminal as it is read, in each place where it is read in another way.

    Raises:
        InvalidLarkError: There is one.
        EmptyLanguageError: The start rule has no text at all.
    """
    if not adjacency.edges(rules[loaded.start]).finishes:
        place = loaded.source.place(loaded.start)
        raise EmptyLanguageError(
            f"the rule {loaded.start} never finishes: each of its alternatives needs another one",
            line=None if place is None else place.line,
            column=None if place is None else place.column,
        )
    ignored = [texts(name) for name in loaded.ignored]

    @cache
    def living(name: str) -> list[Terminal]:
        return [one for one in readings(name) if not Texts(one.expression).is_empty]

    @cache
    def is_stuck(name: str, followers: int) -> bool:
        mine = living(name)
        others = [*ignored, *map(texts, adjacency.named(followers))]
        if not mine or followers & adjacency.end or not followers or None in others:
            return False
        following = frozenset(byte for other in others if other for byte in other.first)
        return all(Texts(one.expression).swallow(following, one.guard) for one in mine)

    for rule, name, after in _obligatory_seams(rules, adjacency):
        if is_stuck(name, after):
            _complain(loaded, name, [*adjacency.named(after)], f"in rule {rule}", rule)
    for name, followers in adjacency.following.items():
        if is_stuck(name, followers):
            _complain(loaded, name, [*adjacency.named(followers)], "wherever it stands", name)


def _obligatory_seams(
    rules: Mapping[str, RuleExpression], adjacency: Adjacency
) -> Iterable[tuple[str, str, int]]:
    """The rules, terminals and sets of terminals such that, in the rule, one of the set must follow the terminal."""
    for rule, body in rules.items():
        for node in walk(body):
            for before, after, must in adjacency.seams(node):
                for name in adjacency.named(before) if must else ():
                    yield rule, name, after


def _complain(loaded: Loaded, name: str, followers: list[str], where: str, place: str) -> None:
    shown = [loaded.shown(follower) for follower in followers[:4]]
    others = " or ".join(shown) + (" or others" if len(followers) > 4 else "")
    raise loaded.source.error(
        f"{loaded.shown(name)} is followed by {others} with nothing between, {where}: the match of the former "
        f"never ends there. Put something in between, or %ignore whitespace",
        place.partition("{")[0],
    )


class Ignored:
    """Keeps ignored terminals away from where they never end.

    A comment that reads on to the end of its line can't stand before a name, only before what begins with a line break:
    with a comment begun elsewhere, no text could be finished. Such terminals are named in the rules instead.

    Attributes:
        everywhere: the ignored terminals that may stand anywhere.
    """

    def __init__(self, ignored: Iterable[Terminal], firsts: Iterable[frozenset[int]]) -> None:
        """Find out which they are.

        Args:
            ignored: the ignored terminals.
            firsts: for each of the others, the bytes that it begins with.
        """
        self._endings = _Endings(ignored)
        begins = {first for first in firsts if first}
        self._explicit = [
            one
            for one in self._endings.texts
            if not all(self._endings.can_precede(one, first) for first in begins)
        ]
        self.everywhere = tuple(one for one in self._endings.texts if one not in self._explicit)
        self._before: dict[Terminal | None, RuleExpression | None] = {}

    def before(self, terminal: Terminal | None) -> RuleExpression | None:
        """What else may stand before a terminal, or (None) at the end."""
        if terminal not in self._before:
            first = Texts(terminal.expression).first if terminal and self._explicit else frozenset()
            options = tuple(
                one for one in self._explicit if not first or self._endings.can_precede(one, first)
            )
            self._before[terminal] = Repetition(Choice(options)) if options else None
        return self._before[terminal]


class _Endings:
    """Which ignored terminals can end before which bytes."""

    def __init__(self, ignored: Iterable[Terminal]) -> None:
        self.texts = {terminal: Texts(terminal.expression) for terminal in ignored}
        self._swallows: dict[tuple[Terminal, frozenset[int]], bool] = {}

    def can_precede(
        self, terminal: Terminal, first: frozenset[int], between: frozenset[Terminal] = frozenset()
    ) -> bool:
        """Returns True if a text may go on with one of these bytes after the terminal and more ignored ones."""
        between |= {terminal}
        return not self._swallow(terminal, first) or any(
            not self._swallow(terminal, self.texts[other].first) and self.can_precede(other, first, between)
            for other in self.texts
            if other not in between
        )

    def _swallow(self, terminal: Terminal, first: frozenset[int]) -> bool:
        key = terminal, first
        if key not in self._swallows:
            self._swallows[key] = self.texts[terminal].swallow(first)
        return self._swallows[key]
