"""What a grammar of the dialect is once it is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from structgen.constraint import Constraint
from structgen.grammar.expressions import Expression


@dataclass(frozen=True, eq=False)
class Node:
    """A part of a body.

    Attributes:
        at: where it begins in the text.
    """

    at: int


@dataclass(frozen=True, eq=False)
class Name(Node):
    """A rule, or a terminal if it has no small letters."""

    name: str


@dataclass(frozen=True, eq=False)
class Text(Node):
    """A string, a pattern, or what else is regular.

    Attributes:
        shown: how people know it.
    """

    expression: Expression
    shown: str


@dataclass(frozen=True, eq=False)
class Token(Node):
    """Tokens of the vocabulary: `<name>`, or `<[ids]>`."""

    text: str


@dataclass(frozen=True, eq=False)
class Nested(Node):
    """A grammar within the grammar: `%json {...}`, `%lark {...}`."""

    constraint: Constraint


@dataclass(frozen=True, eq=False)
class OneAfterTheOther(Node):
    """The parts in order; none: the empty text."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class OneOf(Node):
    """Any of the options."""

    options: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Times(Node):
    """The part, `least` to `most` times; None: without bound."""

    part: Node
    least: int
    most: int | None


@dataclass(frozen=True, eq=False)
class AllOf(Node):
    """Texts that each of the parts has: `&`."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, eq=False)
class Not(Node):
    """Texts that the part does not have: `~`."""

    part: Node


@dataclass(frozen=True, eq=False)
class Definition:
    """A rule or a terminal.

    Attributes:
        name: its name.
        body: what it is.
        at: where it stands in the text.
        options: what stands in brackets after its name; without a value: True.
    """

    name: str
    body: Node
    at: int
    options: dict[str, Node | str | int | bool] = field(default_factory=dict)

    @property
    def is_terminal(self) -> bool:
        """True if its name has no small letters."""
        return is_terminal(self.name)


@dataclass
class Written:
    """A grammar as it is written.

    Attributes:
        definitions: rules and terminals by their names.
        ignored: what may stand between terminals.
    """

    definitions: dict[str, Definition] = field(default_factory=dict)
    ignored: list[Node] = field(default_factory=list)


def is_terminal(name: str) -> bool:
    """Returns True if a name is a terminal's."""
    return name == name.upper()
