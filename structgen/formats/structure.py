"""Containers as nodes, for formats in which a value is written differently in different places.

Such a format does not know how to write a container when the front end makes it: that depends on the column at which
it begins, or on the path that leads to it. So it makes nodes, and lays them out in `Format.grammar`, when all rules are
known. A node is a sequence like any other, so what walks rules need not know of it.

A block or a list of lines is never empty. What is inside a container may be: `Filled` says what it is then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from structgen.formats.format import Format
from structgen.grammar.expressions import Literal
from structgen.grammar.rules import (
    Choice,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
    walk,
)

_OPEN_OBJECT, _CLOSE_OBJECT = Terminal("an object", Literal("{")), Terminal("its end", Literal("}"))
_OPEN_ARRAY, _CLOSE_ARRAY = Terminal("an array", Literal("[")), Terminal("its end", Literal("]"))
SEPARATOR = Terminal("a separator", Literal(","))
NOTHING = Sequence(())

Change = Callable[[RuleExpression], RuleExpression]


class Container(Sequence):
    """An object or an array: what opens it, perhaps something inside, what closes it."""

    __slots__ = ()

    @property
    def inside(self) -> RuleExpression:
        """Pairs or items, and separators."""
        return self.parts[1] if len(self.parts) > 2 else NOTHING


class Object(Container):
    """An object."""

    __slots__ = ()


class Array(Container):
    """An array."""

    __slots__ = ()


class Pair(Sequence):
    """A property of an object."""

    __slots__ = ()

    @property
    def name(self) -> Terminal:
        """Its name."""
        name = self.parts[0]
        assert isinstance(name, Terminal)
        return name

    @property
    def value(self) -> RuleExpression:
        """Its value."""
        return self.parts[1]


class Item(Sequence):
    """An item of an array."""

    __slots__ = ()

    @property
    def value(self) -> RuleExpression:
        """What it is."""
        return self.parts[0]


class Structured(Format):
    """A format that makes nodes, and lays them out in `grammar`."""

    separator = SEPARATOR
    compares_items = False

    def pair(self, name: Terminal, value: RuleExpression) -> RuleExpression:
        """A `Pair`."""
        return Pair((name, value))

    def item(self, value: RuleExpression) -> RuleExpression:
        """An `Item`."""
        return Item((value,))

    def object(self, inside: RuleExpression | None) -> RuleExpression:
        """An `Object`."""
        return Object((_OPEN_OBJECT, *([] if inside is None else [inside]), _CLOSE_OBJECT))

    def array(self, inside: RuleExpression | None) -> RuleExpression:
        """An `Array`."""
        return Array((_OPEN_ARRAY, *([] if inside is None else [inside]), _CLOSE_ARRAY))

    def distinct(self, *, many: bool) -> Format:
        """The same: items are not compared."""
        return self


def changed(body: RuleExpression, change: Change) -> RuleExpression:
    """A body with its parts changed."""
    if isinstance(body, (Sequence, Permutation)):
        separator = None if body.separator is None else change(body.separator)
        kind = Permutation if isinstance(body, Permutation) else Sequence
        return kind(tuple(map(change, body.parts)), separator)
    if isinstance(body, Choice):
        return Choice(tuple(map(change, body.options)))
    if isinstance(body, Repetition):
        return Repetition(change(body.part), body.min, body.max)
    return body


class Filled:
    """What may be empty, and what it is if it is not.

    Args:
        rules: by name; grows by the rules that `of` needs.
    """

    def __init__(self, rules: dict[str, RuleExpression]) -> None:
        self._rules = rules
        self._nullable = _nullable(rules)
        self._names: dict[str, str] = {}

    def is_nullable(self, body: RuleExpression) -> bool:
        """Returns True if the empty text is in a body."""
        return _is_nullable(body, self._nullable)

    def of(self, body: RuleExpression) -> RuleExpression | None:
        """A body without the empty text; None if it has no other."""
        if not self.is_nullable(body):
            return body
        if isinstance(body, Choice):
            options = [one for one in map(self.of, body.options) if one is not None]
            return Choice(tuple(options)) if options else None
        if isinstance(body, Repetition):
            return self._of_repetition(body)
        if isinstance(body, Reference):
            return Reference(self._filled_rule(body.name))
        assert isinstance(body, (Sequence, Permutation))
        return self._of_parts(body)

    def _of_repetition(self, body: Repetition) -> RuleExpression | None:
        part = self.of(body.part) if body.max != 0 else None
        return None if part is None else Repetition(part, 1, body.max)

    def _of_parts(self, body: Sequence | Permutation) -> RuleExpression | None:
        parts = [part for part in body.parts if not (isinstance(part, Repetition) and part.max == 0)]
        if len(parts) < 2:
            part = self.of(parts[0]) if parts else None
            return None if part is None else Sequence((part,), body.separator)
        items, following = self._items(parts, body.separator)
        if isinstance(body, Sequence):
            return self._first_in_order(items, following)
        return _any_first(items, following)

    def _filled_rule(self, rule: str) -> str:
        name = self._names.get(rule)
        if name is None:
            name = self._names[rule] = self._part(Choice(()), f"{rule}, something")
            self._rules[name] = self.of(self._rules[rule]) or Choice(())
        return name

    def _items(
        self, parts: list[RuleExpression], separator: RuleExpression | None
    ) -> tuple[list[RuleExpression], list[Repetition]]:
        """Each part as it stands first, and as it follows another one."""
        lead = () if separator is None else (separator,)
        items: list[RuleExpression] = []
        following: list[Repetition] = []
        for part in parts:
            item, most = (part.part, part.max) if isinstance(part, Repetition) else (part, 1)
            items.append(Reference(self._part(self.of(item) or Choice(()))))
            following.append(Repetition(Sequence((*lead, items[-1])), 0, most))
        return items, following

    def _first_in_order(self, items: list[RuleExpression], following: list[Repetition]) -> RuleExpression:
        """One of some parts, all of which may be missing, and then those after it."""
        options: list[RuleExpression] = []
        rest: tuple[RuleExpression, ...] = ()
        for item, more in zip(reversed(items), reversed(following), strict=True):
            again = () if more.max == 1 else (_one_less(more),)
            options.append(Sequence((item, *again, *rest)))
            rest = (Reference(self._part(Sequence((more, *rest)))),)
        return Choice(tuple(reversed(options)))

    def _part(self, body: RuleExpression, name: str = "parts") -> str:
        """A new rule for a part of what is inside."""
        name = f"{name} {len(self._rules)}"
        while name in self._rules:
            name += "'"
        self._rules[name] = body
        if self.is_nullable(body):
            self._nullable.add(name)
        return name


def _any_first(items: list[RuleExpression], following: list[Repetition]) -> RuleExpression:
    """One of some parts, all of which may be missing, and then the others in any order."""
    options: list[RuleExpression] = []
    for index, item in enumerate(items):
        unbounded = following[index].max is None
        others = [more for place, more in enumerate(following) if unbounded or place != index]
        options.append(Sequence((item, Permutation(tuple(others)))))
    return Choice(tuple(options))


def _one_less(body: Repetition) -> Repetition:
    return Repetition(body.part, 0, None if body.max is None else body.max - 1)


def _nullable(rules: Mapping[str, RuleExpression]) -> set[str]:
    """The rules that the empty text satisfies."""
    found: set[str] = set()
    grown = True
    while grown:
        grown = False
        for name, body in rules.items():
            if name not in found and _is_nullable(body, found):
                found.add(name)
                grown = True
    return found


def _is_nullable(body: RuleExpression, rules: set[str]) -> bool:
    if isinstance(body, Reference):
        return body.name in rules
    if isinstance(body, Choice):
        return any(_is_nullable(option, rules) for option in body.options)
    if isinstance(body, (Sequence, Permutation)):
        return all(_is_nullable(part, rules) for part in body.parts)
    return isinstance(body, Repetition) and (body.min == 0 or _is_nullable(body.part, rules))


def recursive(rules: Mapping[str, RuleExpression]) -> set[str]:
    """The rules in which they may stand themselves, or which are between such rules."""
    uses = {
        name: {node.name for node in walk(body) if isinstance(node, Reference)}
        for name, body in rules.items()
    }
    for graph in (uses, _users(uses)):
        _drop_ends(uses, graph)
    return set(uses)


def _drop_ends(names: dict[str, set[str]], graph: dict[str, set[str]]) -> None:
    """Drop the names from which no edge leads to another one, until there are none."""
    ends = [name for name in names if not graph[name] & names.keys()]
    users = _users(graph)
    remaining = {name: len(graph[name] & names.keys()) for name in names}
    while ends:
        name = ends.pop()
        del names[name]
        for user in users[name] & names.keys():
            remaining[user] -= 1
            if not remaining[user]:
                ends.append(user)


def _users(uses: dict[str, set[str]]) -> dict[str, set[str]]:
    users: dict[str, set[str]] = {name: set() for name in uses}
    for name, others in uses.items():
        for other in others:
            if other in users:
                users[other].add(name)
    return users
