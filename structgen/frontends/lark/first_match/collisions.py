"""Which terminals are in each other's way, and what Lark's lexer then takes.

The engine reads the longest match of all terminals that can come next. Lark's lexer tries them in an order (explicit
priority, then the longest possible text, then the longest pattern) and takes the first that matches at all; a string
that a regular expression matches as well (`"if"`, NAME) waits until that has matched, and takes its place where it
matched just the string. That regular expression is called the *host* of the string here. The two agree if each terminal
keeps only the texts for which Lark would not have taken another one:

    the other is tried before, and matches the beginning of the text     T - other ANY+
    both match the whole text, and Lark takes the other                  a lower priority than the other's, or T - other

Which terminals are tried depends on the state of the parser (`tables.py`), so one terminal may be read differently in
two places of the rules. A terminal that Lark looks for though it can't come there, and that would match more, becomes
a guard: a text that begins with the one and goes on like the other is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal as Kind

from lark.lexer import PatternStr, TerminalDef

from structgen.frontends.lark.first_match.lexicon import Lexicon
from structgen.frontends.lark.first_match.tables import Context
from structgen.frontends.lark.first_match.terminal_queries import LONGER, Texts
from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EMPTY,
    Complement,
    Expression,
    Literal,
    concat,
    intersection,
    union,
)
from structgen.grammar.rules import Terminal
from structgen.patterns.folding import one_char

Loss = tuple[str, Kind["same", "longer", "guard", "dropped", "host"]]
"""Another terminal, and what it takes away: its own texts; those that begin with one and go on. Or what becomes a
guard: those of its texts that go on after one of this terminal; its dropped ones; or where its host has no match."""

MAX_COMPARED = 30_000
"""Pairs of terminals whose texts are compared: a few seconds. Grammars of SQL need 2,000."""


@dataclass(slots=True)
class Collision:
    """Of two terminals, seen from one of them.

    Attributes:
        same: whether they share a text.
        begun: whether a text of this one begins with one of the other, and goes on.
        begins: the same the other way round.
    """

    same: bool = False
    begun: bool = False
    begins: bool = False

    def turned(self) -> Collision:
        """The same, seen from the other one."""
        return Collision(self.same, self.begins, self.begun)


_NONE = Collision()


class Collisions:
    """The terminals of a grammar that share texts, or of which one begins a text of another, and that may meet."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._loaded = lexicon.loaded
        self._definitions = lexicon.loaded.terminals
        self._ignored = frozenset(lexicon.loaded.ignored)
        self._compared = 0
        self._dropping = {name for name, match in lexicon.matches.items() if match.dropped != EMPTY}
        self._keys = {name: _order(definition) for name, definition in self._definitions.items()}
        self._strings: dict[str, set[str]] = {}  # by regular expression: those that take its place
        self._hosts: dict[str, set[str]] = {}  # by string: the regular expressions that are tried for it
        self._find_hosts()

    def _find_hosts(self) -> None:
        strings = [name for name, definition in self._definitions.items() if _is_string(definition)]
        for name, definition in self._definitions.items():
            if _is_string(definition):
                continue
            match = re.compile(definition.pattern.to_regexp()).match
            for string in strings:
                other = self._definitions[string]
                found = match(other.pattern.value)
                if other.priority == definition.priority and found and found.group() == other.pattern.value:
                    self._strings.setdefault(name, set()).add(string)
                    if set(other.pattern.flags) <= set(definition.pattern.flags):
                        self._hosts.setdefault(string, set()).add(name)

    # Which terminals collide.

    def of(self, name: str) -> dict[str, Collision]:
        """The collisions of a terminal, by the name of the other."""
        return self._all.get(name, {})

    @property
    def names(self) -> frozenset[str]:
        """The terminals that have any."""
        return frozenset(self._all)

    def shared(self) -> Iterator[tuple[str, str, Expression]]:
        """The pairs of terminals that match the same texts: the one, the one that Lark takes, and these texts."""
        for name, others in self._all.items():
            for other, collision in others.items():
                if collision.same and self.priorities[name] <= self.priorities[other]:
                    texts = self._lexicon.texts
                    yield name, other, intersection(texts[name].expression, texts[other].expression)

    @cached_property
    def _all(self) -> dict[str, dict[str, Collision]]:
        found: dict[str, dict[str, Collision]] = {}
        for name, other, collision in (*self._of_literals(), *self._of_patterns()):
            found.setdefault(name, {})[other] = collision
            found.setdefault(other, {})[name] = collision.turned()
        return found

    @cached_property
    def _literals(self) -> dict[str, list[str]]:
        """The names of the terminals that are a single text, by that."""
        found: dict[str, list[str]] = {}
        for name, texts in self._lexicon.texts.items():
            if isinstance(texts.expression, Literal):
                found.setdefault(texts.expression.text, []).append(name)
        return found

    def _of_literals(self) -> Iterator[tuple[str, str, Collision]]:
        """Texts that begin with other texts."""
        for text, names in self._literals.items():
            for length in range(1, len(text) + 1):
                whole = length == len(text)
                for other in self._literals.get(text[:length], ()):
                    for name in names:
                        if name != other and self._may_meet(name, other):
                            yield name, other, Collision(whole, not whole, False)

    def _of_patterns(self) -> Iterator[tuple[str, str, Collision]]:
        literals = dict.fromkeys(name for names in self._literals.values() for name in names)
        patterns = [name for name in self._lexicon.texts if name not in literals]
        for i, name in enumerate(patterns):
            for other in (*patterns[i + 1 :], *literals):
                collision = self._compare(name, other) if self._may_meet(name, other) else _NONE
                if collision != _NONE:
                    yield name, other, collision

    def _compare(self, name: str, other: str) -> Collision:
        mine, its = self._lexicon.texts[name], self._lexicon.texts[other]
        self._compared += bool(mine.first & its.first)
        if self._compared > MAX_COMPARED:
            reason = (
                f"more than {MAX_COMPARED:,} pairs of terminals begin alike; make one terminal of several"
            )
            raise self._loaded.error(reason, name)
        begun = self._lexicon.begun
        if isinstance(its.expression, Literal):
            text = its.expression.text
            return Collision(mine.has(text), bool(mine.after(text)), begun[name].has(text))
        return Collision(mine.overlaps(its), mine.overlaps(begun[other]), its.overlaps(begun[name]))

    def _may_meet(self, name: str, other: str) -> bool:
        """Returns True if both may be looked for at one place: both may follow the same terminal."""
        if name in self._ignored or other in self._ignored:
            return True
        adjacency = self._lexicon.adjacency
        both = adjacency.bit(name) | adjacency.bit(other)
        return any(both & following == both for following in self._followings)

    @cached_property
    def _followings(self) -> set[int]:
        adjacency = self._lexicon.adjacency
        return {adjacency.first, *adjacency.following.values()}

    # What Lark takes.

    def _position(self, name: str, sought: Iterable[str]) -> tuple[tuple[object, ...], bool]:
        """Where a terminal stands in the order, and whether it only takes the place of a host there."""
        hosts = [self._keys[host] for host in self._hosts.get(name, ()) if host in sought]
        return (min(hosts), True) if hosts else (self._keys[name], False)

    def _yields(self, name: str, other: str, sought: Iterable[str]) -> bool:
        """Returns True if Lark takes the other terminal for a text that both match."""
        mine, its = self._position(name, sought)[0], self._position(other, sought)[0]
        if other in self._strings.get(name, ()):
            return name not in self._ignored or its < self._keys[name]
        if name in self._strings.get(other, ()):  # what takes the place of something ignored is ignored
            return other in self._ignored and self._keys[other] <= mine
        return (its, self._keys[other]) < (mine, self._keys[name])

    @cached_property
    def priorities(self) -> dict[str, int]:
        """A number for each terminal: of two that match the same text, Lark takes that with the higher one, mostly."""
        everything = frozenset(self._definitions)
        shared = [name for name, others in self._all.items() if any(c.same for c in others.values())]
        shared.sort(
            key=lambda name: (
                self._position(name, everything)[0],
                not _is_string(self._definitions[name]),
                self._keys[name],
            ),
            reverse=True,
        )
        return {name: number for number, name in enumerate(shared, 1)}

    def losses(self, name: str, context: Context) -> frozenset[Loss]:
        """What other terminals take from one in a context."""
        found: set[Loss] = {(other, "dropped") for other in self._dropping & context.sought if other != name}
        for host in self._hosts.get(name, set()) & context.sought:
            if not self._lexicon.matches[host].is_plain:
                found.add((host, "host"))
        for other, collision in self.of(name).items():
            if other in context.sought:
                found.update(self._losses_to(name, other, collision, context))
        return frozenset(found)

    def _losses_to(self, name: str, other: str, collision: Collision, context: Context) -> Iterator[Loss]:
        """What another terminal takes from one in a context where it is looked for."""
        position, _ = self._position(name, context.sought)
        _, waits = self._position(other, context.sought)
        is_first = not waits and self._keys[other] < position
        if collision.begun and is_first:
            yield other, "longer"
        if collision.same and self._yields(name, other, context.sought):
            outranked = self.priorities[other] > self.priorities[name]
            if other not in context.certain or not outranked:
                yield other, "same"
        is_before = not waits and self._keys[other] <= position
        if other not in context.certain and is_before and collision.begins and self._may_run_on(name, other):
            yield other, "guard"

    def _may_run_on(self, name: str, other: str) -> bool:
        """Returns True if what follows one terminal may look like the rest of another one."""
        texts, following = self._lexicon.texts, self._lexicon.following(name)
        going_on = concat(texts[name].expression, one_char(following.chars), ANY_TEXT)
        return texts[other].overlaps(Texts(going_on))

    # What remains.

    def terminal(self, name: str, losses: Iterable[Loss] = (), certain: Iterable[Loss] = ()) -> Terminal:
        """A terminal without what others take from it.

        Args:
            name: of the terminal.
            losses: what they take, somewhere.
            certain: what they take everywhere. The rest becomes a guard as well: where the other one is not looked for,
                this terminal would go on.
        """
        certain = set(certain)
        match = self._lexicon.matches[name]
        expression, guards = match.expression, [] if match.guard == EMPTY else [match.guard]
        taken: list[Expression] = []
        for other, kind in sorted(losses):
            if kind in ("same", "longer"):
                theirs = self._lexicon.matches[other]
                taken.append(theirs.begun if kind == "longer" else theirs.expression)
                if (other, kind) not in certain:
                    guards.append(intersection(concat(expression, LONGER), expression, taken[-1]))
            else:
                guards.append(self._guard(expression, other, kind))
        if taken and isinstance(expression, Literal):
            expression = EMPTY  # they would not collide otherwise
        elif taken:
            expression = intersection(expression, Complement(union(*taken)))
        guard = union(*guards) if guards else EMPTY
        return Terminal(self._loaded.shown(name), expression, self.priorities.get(name, 0), guard)

    def _guard(self, expression: Expression, other: str, kind: str) -> Expression:
        """The texts that a terminal must not become because of another one."""
        theirs = self._lexicon.matches[other]
        if kind == "guard":
            return intersection(concat(expression, LONGER), theirs.expression)
        no_match = theirs.dropped if kind == "dropped" else Complement(theirs.begun)
        return intersection(concat(expression, ANY_CHAR), no_match)


def _is_string(definition: TerminalDef) -> bool:
    return isinstance(definition.pattern, PatternStr)


def _order(definition: TerminalDef) -> tuple[object, ...]:
    """The key by which Lark's lexer sorts its terminals."""
    pattern = definition.pattern
    try:
        width = pattern.max_width
    except (ValueError, ImportError):
        width = 0
    return -definition.priority, -width, -len(pattern.value), definition.name
