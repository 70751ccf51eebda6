"""How each terminal is to be read, so that Lark reads the same: in all places of the rules, or place by place.

For Lark's Earley parser it makes no difference which terminals collide: its lexer takes a terminal for what it matches,
whatever else might.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from lark.grammar import Rule

from structgen.frontends.lark.first_match.collisions import Collisions, Loss
from structgen.frontends.lark.first_match.tables import Context, Place, Table
from structgen.frontends.lark.first_match.terminal_queries import Texts
from structgen.frontends.lark.loading import Loaded
from structgen.grammar.expressions import EMPTY
from structgen.grammar.rules import Terminal


@dataclass(frozen=True)
class Readings:
    """How each terminal is to be read.

    Attributes:
        terminals: by name, where a terminal is read alike everywhere.
        ignored: the terminals that may stand anywhere.
        places: by place in the expanded rules, if some terminal is not read alike everywhere.
    """

    terminals: dict[str, Terminal]
    ignored: tuple[Terminal, ...]
    places: dict[Place, Terminal] | None = None

    def of(self, name: str) -> list[Terminal]:
        """A terminal in all its readings."""
        if name in self._by_name:
            return self._by_name[name]
        return [self.terminals[name]] if name in self.terminals else []

    @cached_property
    def _by_name(self) -> dict[str, list[Terminal]]:
        found: dict[str, dict[int, Terminal]] = {}
        for (rule, index), terminal in (self.places or {}).items():
            found.setdefault(str(rule.expansion[index].name), {})[id(terminal)] = terminal
        return {name: list(terminals.values()) for name, terminals in found.items()}

    def at(self, rule: Rule, index: int) -> Terminal:
        """The terminal at a place."""
        return (self.places or {}).get((rule, index)) or self.terminals[str(rule.expansion[index].name)]


def readings(loaded: Loaded, collisions: Collisions, table: Table | None) -> Readings:
    """How each terminal is to be read.

    Args:
        loaded: the grammar.
        collisions: of its terminals.
        table: Lark's parse table; None for its Earley parser, or where it makes no difference.
    """
    if table is None:
        plain = {name: replace(collisions.terminal(name), priority=0) for name in loaded.terminals}
        return Readings(plain, tuple(plain[name] for name in loaded.ignored))
    found = _by_place(loaded, collisions, table)

    lost: dict[int, bool] = {}  # by id: `found` holds them, and they are large

    def is_lost(terminal: Terminal) -> bool:
        if id(terminal) not in lost:
            lost[id(terminal)] = terminal.expression == EMPTY or Texts(terminal.expression).is_empty
        return lost[id(terminal)]

    if not table.finishes(lambda rule, index: is_lost(found.at(rule, index))):
        # The engine leaves out what can't finish, so it does not compete; Lark looks for it all the same.
        table.distrust()
        found = _by_place(loaded, collisions, table)
    return found


def _by_place(loaded: Loaded, collisions: Collisions, table: Table) -> Readings:
    losses = _Losses(collisions)
    terminals: dict[str, Terminal] = {}
    places: dict[Place, Terminal] = {}
    is_uniform = True
    for name in loaded.terminals:
        if name in loaded.ignored:  # Lark's lexer never gives it to the parser
            terminals[name] = Terminal(loaded.shown(name), EMPTY)
            continue
        terminals[name] = collisions.terminal(name)
        if name in collisions.names:
            by_place = {
                place: losses.of(name, contexts)
                for place, contexts in table.reads(name, collisions.of(name)).items()
            }
            made = {taken: collisions.terminal(name, *taken) for taken in by_place.values()}
            terminals[name] = next(iter(made.values()), terminals[name])
            places.update((place, made[taken]) for place, taken in by_place.items())
            is_uniform &= len(made) == 1
    everywhere = set(table.contexts("", collisions.names).values())
    ignored = tuple(collisions.terminal(name, *losses.of(name, everywhere)) for name in loaded.ignored)
    return Readings(terminals, ignored, None if is_uniform else places)


class _Losses:
    """What terminals lose in contexts, each found once."""

    def __init__(self, collisions: Collisions) -> None:
        self._collisions = collisions
        self._known: dict[tuple[str, Context], frozenset[Loss]] = {}

    def of(self, name: str, contexts: Iterable[Context]) -> tuple[frozenset[Loss], frozenset[Loss]]:
        """What a terminal loses in any of the contexts, and in all of them."""
        for context in contexts:
            if (name, context) not in self._known:
                self._known[name, context] = self._collisions.losses(name, context)
        found = [self._known[name, context] for context in contexts]
        return frozenset().union(*found), found[0].intersection(*found) if found else frozenset()
