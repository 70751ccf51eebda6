"""YAML: the rules of a schema's JSON, laid out in blocks.

The rules are made as for JSON, with compact structural characters; here these are replaced. A context-free rule does
not know how deep its lines are indented, so each rule is made anew for each column at which it is needed:

    at       a value that begins at a column: after `- `, or at the start of the text
    under    the value of a member whose name stands at a column, with what leads to it: a blank, or a line break
    members  those that begin at a column, with a line break instead of the comma
    items    the same
    deep     a value that may contain itself, from some column on: a container is in flow style
    flow     a value in YAML's flow style, which is JSON, or a part of one
    digits   a part of a number

A block is never empty, so what may be empty is `{}` or `[]`, or has something inside: `_filled`.
"""

from __future__ import annotations

from collections.abc import Callable

from structgen.errors import Problem, UnsupportedSchemaError
from structgen.frontends.json_schema.layout import Layout
from structgen.frontends.json_schema.yaml_scalars import (
    MAX_NAME,
    in_block,
    in_flow,
    name_in_block,
    name_in_flow,
)
from structgen.grammar.expressions import Literal, Union
from structgen.grammar.rules import (
    Choice,
    Grammar,
    Permutation,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
    walk,
)

DEEPEST = 20
"""The column from which on values that may contain themselves are written in flow style: ten levels."""

_STEP = 2
_BLANK = Terminal('" "', Literal(" "))
_DASH = Terminal('"- "', Literal("- "))
_END = Terminal("the end of the last line", Literal("\n"))
_NO_MEMBERS = Terminal('"{}"', Literal("{}"))
_NO_ITEMS = Terminal('"[]"', Literal("[]"))
_FLOW = {
    "open_object": Terminal('"{"', Literal("{")),
    "close_object": Terminal('"}"', Literal("}")),
    "open_array": Terminal('"["', Literal("[")),
    "close_array": Terminal('"]"', Literal("]")),
    "comma": Terminal('", "', Literal(", ")),
    "colon": Terminal('": "', Literal(": ")),
}
_NOTHING = Sequence(())
_LINES = [Terminal(f"a line, indented by {column}", Literal("\n" + " " * column)) for column in range(64)]

Change = Callable[[RuleExpression], RuleExpression]


def in_blocks(grammar: Grammar, parts: set[str], layout: Layout) -> Grammar:
    """The grammar of the same values as YAML.

    Args:
        grammar: of JSON, with strings spelled as `yaml_scalars.YAML` does.
        parts: rules that are parts of what is in a container, and no values.
        layout: the structural terminals of the grammar.

    Raises:
        UnsupportedSchemaError: A declared name is too long for YAML.
    """
    return _Blocks(grammar, parts, layout).grammar()


def _line(column: int) -> Terminal:
    """A line break, and the indentation of the next line."""
    if column < len(_LINES):
        return _LINES[column]
    return Terminal(f"a line, indented by {column}", Literal("\n" + " " * column))


class _Blocks:
    def __init__(self, grammar: Grammar, parts: set[str], layout: Layout) -> None:
        self.source = dict(grammar.rules)
        self.start = grammar.start
        self.parts = set(parts)
        self.layout = layout
        self.structure = {id(getattr(layout, what)): terminal for what, terminal in _FLOW.items()}
        self.rules: dict[str, RuleExpression] = {}
        self.todo: list[tuple[str, str, int]] = []
        self.nullable = _nullable(self.source)
        self.recursive = _recursive(self.source)
        self.split_numbers = False
        self._filled_rules: dict[str, str] = {}

    def grammar(self) -> Grammar:
        value = self._at(self.source[self.start], 0)
        self.rules["start"] = Sequence((value, Repetition(_END, 0, 1)))
        by_column = {"at": self._at, "under": self._under, "members": self._members, "items": self._items}
        anywhere = {"deep": self._deep, "flow": self._flow, "digits": self._digits}
        while self.todo:
            name, kind, column = self.todo.pop()
            body = self.source[name]
            made = by_column[kind](body, column) if kind in by_column else anywhere[kind](body)
            self.rules[_name(name, kind, column)] = made
        # A number that takes several terminals competes with strings that go on where the number does not.
        return Grammar(self.rules, lexer="dynamic" if self.split_numbers else "contextual")

    def _reference(self, name: str, kind: str, column: int = 0) -> Reference:
        made = _name(name, kind, column)
        if made not in self.rules:
            self.rules[made] = _NOTHING  # takes the name
            self.todo.append((name, kind, column))
        return Reference(made)

    # Values

    def _at(self, body: RuleExpression, column: int) -> RuleExpression:
        if isinstance(body, Choice):
            return Choice(tuple(self._at(option, column) for option in body.options))
        if isinstance(body, Reference):
            if self._is_deep(body, column):
                return self._reference(body.name, "deep")
            return self._reference(body.name, "at", column)
        container = self._container(body)
        if container is None:
            return self._scalar(body)
        empty, inside, lay_out = container
        options: list[RuleExpression] = [empty] if self._is_nullable(inside) else []
        filled = self._filled(inside)
        if filled is not None:
            options.append(lay_out(filled, column))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _under(self, body: RuleExpression, column: int) -> RuleExpression:
        if isinstance(body, Choice):
            return Choice(tuple(self._under(option, column) for option in body.options))
        if isinstance(body, Reference):
            if self._is_deep(body, column):
                return Sequence((_BLANK, self._reference(body.name, "deep")))
            return self._reference(body.name, "under", column)
        container = self._container(body)
        if container is None:
            return Sequence((_BLANK, self._scalar(body)))
        empty, inside, lay_out = container
        options: list[RuleExpression] = [Sequence((_BLANK, empty))] if self._is_nullable(inside) else []
        filled = self._filled(inside)
        if filled is not None:
            inner = column if empty is _NO_ITEMS else column + _STEP
            options.append(Sequence((_line(inner), lay_out(filled, inner))))
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _deep(self, body: RuleExpression) -> RuleExpression:
        if isinstance(body, Choice):
            return Choice(tuple(map(self._deep, body.options)))
        if isinstance(body, Reference):
            return self._reference(body.name, "deep")
        return self._flow(body) if self._container(body) is not None else self._scalar(body)

    def _is_deep(self, body: Reference, column: int) -> bool:
        return column >= DEEPEST and body.name in self.recursive

    def _container(
        self, body: RuleExpression
    ) -> tuple[Terminal, RuleExpression, Callable[[RuleExpression, int], RuleExpression]] | None:
        """If it is an object or an array: how it is written if empty, what is inside, and how that is laid out."""
        if not isinstance(body, Sequence) or not body.parts:
            return None
        inside = body.parts[1] if len(body.parts) > 2 else _NOTHING
        if body.parts[0] is self.layout.open_object:
            return _NO_MEMBERS, inside, self._members
        if body.parts[0] is self.layout.open_array:
            return _NO_ITEMS, inside, self._items
        return None

    def _scalar(self, body: RuleExpression) -> RuleExpression:
        if isinstance(body, Terminal):
            return in_block(body)
        self.split_numbers = True
        return self._digits(body)

    def _digits(self, body: RuleExpression) -> RuleExpression:
        if isinstance(body, Reference):
            return self._reference(body.name, "digits")
        return _changed(body, self._digits)

    # What is inside

    def _members(self, body: RuleExpression, column: int) -> RuleExpression:
        if body is self.layout.comma:
            return _line(column)
        if isinstance(body, Reference):
            return self._reference(body.name, "members", column)
        pair = self._pair(body)
        if pair is not None:
            name, value = pair
            return Sequence((self._checked(name_in_block(name), name), self._under(value, column)))
        return _changed(body, lambda part: self._members(part, column))

    def _items(self, body: RuleExpression, column: int) -> RuleExpression:
        if body is self.layout.comma:
            return _line(column)
        if self._is_value(body):
            return Sequence((_DASH, self._at(body, column + _STEP)))
        if isinstance(body, Reference):
            return self._reference(body.name, "items", column)
        return _changed(body, lambda part: self._items(part, column))

    def _pair(self, body: RuleExpression) -> tuple[Terminal, RuleExpression] | None:
        """If it is a member: its name and its value."""
        if isinstance(body, Sequence) and len(body.parts) == 3 and body.parts[1] is self.layout.colon:
            name = body.parts[0]
            assert isinstance(name, Terminal)
            return name, body.parts[2]
        return None

    def _is_value(self, body: RuleExpression) -> bool:
        """Whether a part of what is inside an array is a value: nothing in it separates items."""
        if isinstance(body, Terminal):
            return body is not self.layout.comma
        if isinstance(body, Reference):
            return body.name not in self.parts
        if isinstance(body, Choice):
            return all(map(self._is_value, body.options))
        if not isinstance(body, Sequence) or not body.parts or body.separator is not None:
            return False
        return self._container(body) is not None or all(map(self._is_value, body.parts))

    @staticmethod
    def _checked(made: Terminal, name: Terminal) -> Terminal:
        if any(isinstance(part, Union) and not part.parts for part in getattr(made.expression, "parts", ())):
            reason = f"YAML reads no name of more than {MAX_NAME} characters, as {name.name[:40]}... is"
            raise UnsupportedSchemaError((Problem("#", reason),))
        return made

    # Something inside

    def _is_nullable(self, body: RuleExpression) -> bool:
        return _is_nullable(body, self.nullable)

    def _filled(self, body: RuleExpression) -> RuleExpression | None:
        """What is inside, but for nothing; None if there is no more."""
        if not self._is_nullable(body):
            return body
        if isinstance(body, Choice):
            options = [one for one in map(self._filled, body.options) if one is not None]
            return Choice(tuple(options)) if options else None
        if isinstance(body, Repetition):
            if body.max == 0:
                return None
            part = self._filled(body.part)
            return None if part is None else Repetition(part, 1, body.max)
        if isinstance(body, Reference):
            name = self._filled_rules.get(body.name)
            if name is None:
                name = self._filled_rules[body.name] = self._part(Choice(()), f"{body.name}, something")
                self.source[name] = self._filled(self.source[body.name]) or Choice(())
            return Reference(name)
        assert isinstance(body, (Sequence, Permutation))
        parts = [part for part in body.parts if not (isinstance(part, Repetition) and part.max == 0)]
        if len(parts) < 2:
            return self._filled_alone(body, parts)
        return self._any_first(parts, body.separator, in_order=isinstance(body, Sequence))

    def _filled_alone(
        self, body: Sequence | Permutation, parts: list[RuleExpression]
    ) -> RuleExpression | None:
        part = self._filled(parts[0]) if parts else None
        return None if part is None else Sequence((part,), body.separator)

    def _any_first(
        self, parts: list[RuleExpression], separator: RuleExpression | None, *, in_order: bool
    ) -> RuleExpression:
        """One of some parts, all of which may be missing, and then what may follow it."""
        lead = () if separator is None else (separator,)
        items: list[RuleExpression] = []
        following: list[Repetition] = []
        for part in parts:
            item, most = (part.part, part.max) if isinstance(part, Repetition) else (part, 1)
            items.append(Reference(self._part(self._filled(item) or Choice(()))))
            following.append(Repetition(Sequence((*lead, items[-1])), 0, most))
        options: list[RuleExpression] = []
        if in_order:
            rest: tuple[RuleExpression, ...] = ()
            for item, more in zip(reversed(items), reversed(following), strict=True):
                again = () if more.max == 1 else (_one_less(more),)
                options.append(Sequence((item, *again, *rest)))
                rest = (Reference(self._part(Sequence((more, *rest)))),)
            return Choice(tuple(reversed(options)))
        for index, item in enumerate(items):
            unbounded = following[index].max is None
            others = [more for place, more in enumerate(following) if unbounded or place != index]
            options.append(Sequence((item, Permutation(tuple(others)))))
        return Choice(tuple(options))

    def _part(self, body: RuleExpression, name: str = "members") -> str:
        """A new rule of the source, for a part of what is inside."""
        name = f"{name} {len(self.source)}"
        while name in self.source:
            name += "'"
        self.source[name] = body
        self.parts.add(name)
        if _is_nullable(body, self.nullable):
            self.nullable.add(name)
        return name

    # Flows

    def _flow(self, body: RuleExpression) -> RuleExpression:
        if isinstance(body, Terminal):
            return self.structure.get(id(body)) or in_flow(body)
        if isinstance(body, Reference):
            return self._reference(body.name, "flow")
        pair = self._pair(body)
        if pair is not None:
            name, value = pair
            return Sequence((name_in_flow(name), _FLOW["colon"], self._flow(value)))
        return _changed(body, self._flow)


def _one_less(body: Repetition) -> Repetition:
    return Repetition(body.part, 0, None if body.max is None else body.max - 1)


def _name(name: str, kind: str, column: int) -> str:
    return f"{name} {kind} {column}"


def _changed(body: RuleExpression, change: Change) -> RuleExpression:
    """A body with its parts changed."""
    if isinstance(body, (Sequence, Permutation)):
        separator = None if body.separator is None else change(body.separator)
        return type(body)(tuple(map(change, body.parts)), separator)
    if isinstance(body, Choice):
        return Choice(tuple(map(change, body.options)))
    if isinstance(body, Repetition):
        return Repetition(change(body.part), body.min, body.max)
    return body


def _nullable(rules: dict[str, RuleExpression]) -> set[str]:
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


def _recursive(rules: dict[str, RuleExpression]) -> set[str]:
    """The rules in which they may stand themselves, or which are between such rules."""
    uses = {
        name: {node.name for node in walk(body) if isinstance(node, Reference)}
        for name, body in rules.items()
    }
    for graph in (uses, _turned(uses)):
        ends = [name for name in uses if not graph[name] & uses.keys()]
        users = _turned(graph)
        left = {name: len(graph[name] & uses.keys()) for name in uses}
        while ends:
            name = ends.pop()
            del uses[name]
            for user in users[name] & uses.keys():
                left[user] -= 1
                if not left[user]:
                    ends.append(user)
    return set(uses)


def _turned(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    turned: dict[str, set[str]] = {name: set() for name in graph}
    for name, others in graph.items():
        for other in others:
            if other in turned:
                turned[other].add(name)
    return turned
