"""What Lark's lexer takes where several terminals can come, as expressions and priorities.

The engine reads the longest match of all terminals that can come next. Lark's lexer tries them in an order (explicit
priority, then the longest possible text, then the longest pattern) and takes the first that matches at all; a string
that a regular expression matches as well (`"if"`, NAME) waits until that has matched, and takes its place where it
matched just the string. The two agree if each terminal is left only the texts for which Lark would not have taken
another one:

    the other is tried before, and matches the beginning of the text      T - other ANY+
    both match the whole text, and Lark takes the other                  a lower priority than the other's, or T - other

Which terminals are tried depends on the state of the parser (`tables.py`), so one terminal may be read differently in
two places of the rules. A terminal that Lark looks for though it can't come there, and that would match more, becomes
a guard: a text that begins with the one and goes on like the other is refused.

For Lark's Earley parser none of this matters: its lexer takes a terminal for what it matches, whatever else might.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from lark.grammar import Rule
from lark.lexer import PatternStr, TerminalDef

from structgen.errors import InvalidRegexError, Problem
from structgen.frontends.lark.adjacency import Adjacency
from structgen.frontends.lark.first_match import FirstMatch, Following, first_matches, plain_match
from structgen.frontends.lark.loading import Loaded
from structgen.frontends.lark.patterns import Unclear, first_chars, read
from structgen.frontends.lark.tables import Context, Place, Table
from structgen.frontends.lark.texts import LONGER, Texts
from structgen.frontends.regex import parse_regex
from structgen.frontends.regex.characters import joined
from structgen.frontends.regex.nodes import one_char
from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EMPTY,
    CharSet,
    Complement,
    Expression,
    Literal,
    concat,
    intersection,
    union,
)
from structgen.grammar.rules import Terminal

Loss = tuple[str, typing.Literal["same", "longer", "guard", "dropped", "host"]]
"""Another terminal, and what it takes away: its own texts; those that begin with one and go on. Or what becomes a
guard: those of its texts that go on after one of this terminal; its dropped ones; or where it is no match, if this one
only takes its place."""


MAX_COMPARED = 30_000
"""Pairs of terminals whose texts are compared: a few seconds. Grammars of SQL need 2,000."""


@dataclass(slots=True)
class _Collision:
    """Of two terminals, seen from one of them.

    Attributes:
        same: whether they share a text.
        begun: whether a text of this one begins with one of the other, and goes on.
        begins: the same the other way round.
    """

    same: bool = False
    begun: bool = False
    begins: bool = False


@dataclass
class Lexicon:
    """The terminals of a grammar, and how they are in each other's way.

    Attributes:
        loaded: the grammar.
        adjacency: who may follow whom.
        strict: whether what can't be ruled out is an error.
        problems: what was found otherwise.
    """

    loaded: Loaded
    adjacency: Adjacency
    strict: bool
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._definitions: Mapping[str, TerminalDef] = self.loaded.terminals
        self._ignored = frozenset(self.loaded.ignored)
        self._followers: dict[int, Following] = {}
        self._matches = {name: self._first_match(name) for name in self._definitions}
        self._compared = 0
        self._dropping = {name for name, match in self._matches.items() if match.dropped != EMPTY}
        self.texts = {name: Texts(match.expression) for name, match in self._matches.items()}
        self._begun = {name: Texts(match.begun) for name, match in self._matches.items()}
        self._keys = {name: _order(definition) for name, definition in self._definitions.items()}
        self._strings: dict[str, set[str]] = {}  # by regular expression: those that take its place
        self._hosts: dict[str, set[str]] = {}  # by string: the regular expressions that are tried for it
        self._find_hosts()

    # Expressions.

    def _first_match(self, name: str) -> FirstMatch:
        definition = self._definitions[name]
        pattern = definition.pattern
        if isinstance(pattern, PatternStr) and not pattern.flags:
            return plain_match(Literal(pattern.value))
        source = pattern.to_regexp()
        try:
            found = first_matches(source, lambda: self._following(name))
            empty = pattern.min_width == 0
        except Unclear as unclear:
            self._object(
                name,
                f"{unclear}: Lark's lexer leaves that to `re`, and a mask can't. Write it without lookaround, "
                f"anchors and \\b at its ends",
            )
            return plain_match(parse_regex(source))
        except InvalidRegexError as error:
            raise self._regex_error(name, error) from None
        except (ValueError, ImportError, RecursionError, re.error) as error:
            raise self.loaded.error(f"the terminal {self.loaded.shown(name)}: {error}", name) from None
        if empty:
            raise self.loaded.error(
                f"the terminal {self.loaded.shown(name)} matches the empty text, which Lark refuses; make it "
                f"optional in the rules instead",
                name,
            )
        return found

    def _regex_error(self, name: str, error: InvalidRegexError) -> Exception:
        found = self.loaded.error(f"the terminal {self.loaded.shown(name)}: {error.reason}", name)
        raw = self._definitions[name].pattern.raw or ""
        place = self.loaded.source.place(str(raw), used=True)
        if place and error.pattern in raw:  # as it is written: then the offset is a column
            column = (place.column or 1) + str(raw).index(error.pattern) + error.position
            return type(found)(str(found).partition(": ")[2], line=place.line, column=column)
        return found

    def _following(self, name: str) -> Following:
        """What may come right after a terminal."""
        if name in self._ignored:
            return Following(joined(*[self._first_chars(other) for other in self._definitions]), True)
        after = self.adjacency.following.get(name, 0)
        if after not in self._followers:
            names = {*self.adjacency.named(after), *self._ignored}
            chars = [self._first_chars(other) for other in sorted(names)]
            self._followers[after] = Following(joined(CharSet(()), *chars), bool(after & self.adjacency.end))
        return self._followers[after]

    def _first_chars(self, name: str) -> CharSet:
        if name not in self._definitions:  # only declared
            return ANY_CHAR
        try:
            return first_chars(read(self._definitions[name].pattern.to_regexp()))
        except Unclear:
            return ANY_CHAR

    def _object(self, name: str, reason: str) -> None:
        """Raise, or note, that texts may come out that Lark does not parse."""
        error = self.loaded.error(
            f"the terminal {self.loaded.shown(name)}: {reason}. With strict=False it is only listed in "
            f"constraint.unenforced, and validate() checks it",
            name,
        )
        if self.strict:
            raise error
        place = "" if error.line is None else f"line {error.line}, column {error.column}: "
        self.problems.append(Problem(f"{place}{self.loaded.shown(name)}", reason))

    # Collisions.

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

    @cached_property
    def collisions(self) -> dict[str, dict[str, _Collision]]:
        """The terminals that share texts, or of which one begins a text of the other, and that may meet."""
        found: dict[str, dict[str, _Collision]] = {}
        literals: dict[str, list[str]] = {}
        for name, texts in self.texts.items():
            if isinstance(texts.expression, Literal):
                literals.setdefault(texts.expression.text, []).append(name)
        for text, names in literals.items():
            for length in range(1, len(text) + 1):
                for other in literals.get(text[:length], ()):
                    for name in names:
                        if name != other and self._may_meet(name, other):
                            whole = length == len(text)
                            _note(found, name, other, _Collision(whole, not whole, False))
        patterns = [name for name, texts in self.texts.items() if not isinstance(texts.expression, Literal)]
        for i, name in enumerate(patterns):
            for other in (*patterns[i + 1 :], *(n for names in literals.values() for n in names)):
                if self._may_meet(name, other):
                    collision = self._compare(name, other)
                    if collision.same or collision.begun or collision.begins:
                        _note(found, name, other, collision)
        return found

    def _compare(self, name: str, other: str) -> _Collision:
        self._compared += bool(self.texts[name].first & self.texts[other].first)
        if self._compared > MAX_COMPARED:
            reason = (
                f"more than {MAX_COMPARED:,} pairs of terminals begin alike; make one terminal of several"
            )
            raise self.loaded.error(reason, name)
        mine, its = self.texts[name], self.texts[other]
        if isinstance(its.expression, Literal):
            text = its.expression.text
            return _Collision(mine.has(text), bool(mine.after(text)), self._begun[name].has(text))
        return _Collision(
            mine.overlaps(its), mine.overlaps(self._begun[other]), its.overlaps(self._begun[name])
        )

    def _may_meet(self, name: str, other: str) -> bool:
        """Whether both may be looked for at one place: both may follow the same terminal."""
        if name in self._ignored or other in self._ignored:
            return True
        both = self.adjacency.bit(name) | self.adjacency.bit(other)
        return any(both & following == both for following in self._followings)

    @cached_property
    def _followings(self) -> set[int]:
        return {self.adjacency.first, *self.adjacency.following.values()}

    def _may_run_on(self, name: str, other: str) -> bool:
        """Whether what follows one terminal may look like the rest of another one."""
        going_on = concat(self.texts[name].expression, one_char(self._following(name).chars), ANY_TEXT)
        return self.texts[other].overlaps(Texts(going_on))

    # What Lark takes.

    def _position(self, name: str, sought: Iterable[str]) -> tuple[tuple[object, ...], bool]:
        """Where a terminal stands in the order, and whether it only takes the place of another one there."""
        hosts = [self._keys[host] for host in self._hosts.get(name, ()) if host in sought]
        return (min(hosts), True) if hosts else (self._keys[name], False)

    def _yields(self, name: str, other: str, sought: Iterable[str]) -> bool:
        """Whether Lark takes the other terminal for a text that both match."""
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
        shared = [name for name, others in self.collisions.items() if any(c.same for c in others.values())]
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
        found: set[Loss] = set()
        sought = context.sought
        position, _ = self._position(name, sought)
        for other in self._hosts.get(name, set()) & sought:
            if not self._matches[other].is_plain:
                found.add((other, "host"))
        found |= {(other, "dropped") for other in self._dropping & sought if other != name}
        for other, collision in self.collisions.get(name, {}).items():
            if other not in sought:
                continue
            _, waits = self._position(other, sought)
            if collision.begun and not waits and self._keys[other] < position:
                found.add((other, "longer"))
            if collision.same and self._yields(name, other, sought):
                outranked = self.priorities[other] > self.priorities[name]
                if other not in context.certain or not outranked:
                    found.add((other, "same"))
            if other in context.certain or waits or not collision.begins or self._keys[other] > position:
                continue
            if self._may_run_on(name, other):
                found.add((other, "guard"))
        return frozenset(found)

    def terminal(self, name: str, losses: Iterable[Loss] = (), certain: Iterable[Loss] = ()) -> Terminal:
        """A terminal without what others take from it.

        Args:
            name: of the terminal.
            losses: what they take, somewhere.
            certain: what they take everywhere. The rest becomes a guard as well: where the other one is not looked for,
                this terminal would go on.
        """
        certain = set(certain)
        expression, guard = self._matches[name].expression, self._matches[name].guard
        taken: list[Expression] = []
        for other, kind in sorted(losses):
            theirs = self._matches[other]
            if kind == "guard":
                guard = union(guard, intersection(concat(expression, LONGER), theirs.expression))
            elif kind == "host":
                guard = union(guard, intersection(concat(expression, ANY_CHAR), Complement(theirs.begun)))
            elif kind == "dropped":
                guard = union(guard, intersection(concat(expression, ANY_CHAR), theirs.dropped))
            else:
                taken.append(theirs.begun if kind == "longer" else theirs.expression)
                if (other, kind) not in certain:
                    guard = union(guard, intersection(concat(expression, LONGER), expression, taken[-1]))
        if taken and isinstance(expression, Literal):
            expression = EMPTY  # they would not collide otherwise
        elif taken:
            expression = intersection(expression, Complement(union(*taken)))
        return Terminal(self.loaded.shown(name), expression, self.priorities.get(name, 0), guard)


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

    def at(self, rule: Rule, index: int) -> Terminal:
        """The terminal at a place."""
        return (self.places or {}).get((rule, index)) or self.terminals[str(rule.expansion[index].name)]


def readings(lexicon: Lexicon, table: Table | None) -> Readings:
    """How each terminal is to be read, so that Lark reads the same.

    Args:
        lexicon: the terminals.
        table: Lark's parse table; None for its Earley parser, or where it makes no difference.
    """
    loaded = lexicon.loaded
    if table is None:
        plain = {name: replace(lexicon.terminal(name), priority=0) for name in lexicon.texts}
        return Readings(plain, tuple(plain[name] for name in loaded.ignored))
    found = _readings(lexicon, table)

    lost: dict[int, bool] = {}  # by id: `found` holds them, and they are large

    def is_lost(terminal: Terminal) -> bool:
        if id(terminal) not in lost:
            lost[id(terminal)] = terminal.expression == EMPTY or Texts(terminal.expression).is_empty
        return lost[id(terminal)]

    if not table.finishes(lambda rule, index: is_lost(found.at(rule, index))):
        # The engine leaves out what can't finish, so it does not compete; Lark looks for it all the same.
        table.distrust()
        found = _readings(lexicon, table)
    return found


def _readings(lexicon: Lexicon, table: Table) -> Readings:
    loaded = lexicon.loaded
    terminals: dict[str, Terminal] = {}
    places: dict[Place, Terminal] = {}
    memo: dict[tuple[str, Context], frozenset[Loss]] = {}

    def losses(name: str, contexts: Iterable[Context]) -> tuple[frozenset[Loss], frozenset[Loss]]:
        """What is lost in any of the contexts, and in all of them."""
        for context in contexts:
            if (name, context) not in memo:
                memo[name, context] = lexicon.losses(name, context)
        found = [memo[name, context] for context in contexts]
        return frozenset().union(*found), found[0].intersection(*found) if found else frozenset()

    is_uniform = True
    for name in lexicon.texts:
        terminals[name] = lexicon.terminal(name)
        if name in loaded.ignored:  # Lark's lexer never gives it to the parser
            terminals[name] = Terminal(loaded.shown(name), EMPTY)
        elif name in lexicon.collisions:
            by_place = {
                place: losses(name, contexts)
                for place, contexts in table.reads(name, lexicon.collisions[name]).items()
            }
            made = {taken: lexicon.terminal(name, *taken) for taken in by_place.values()}
            terminals[name] = next(iter(made.values()), terminals[name])
            places.update((place, made[taken]) for place, taken in by_place.items())
            is_uniform &= len(made) == 1
    everywhere = set(table.contexts("", lexicon.collisions).values())
    ignored = tuple(lexicon.terminal(name, *losses(name, everywhere)) for name in loaded.ignored)
    return Readings(terminals, ignored, None if is_uniform else places)


def _note(found: dict[str, dict[str, _Collision]], name: str, other: str, collision: _Collision) -> None:
    for one, two, begun, begins in (
        (name, other, collision.begun, collision.begins),
        (other, name, collision.begins, collision.begun),
    ):
        mine = found.setdefault(one, {}).setdefault(two, _Collision())
        mine.same |= collision.same
        mine.begun |= begun
        mine.begins |= begins


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
