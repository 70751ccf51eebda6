r"""What a pattern is once it is read: a tree that keeps the order in which a matcher tries things.

    Literal(text), CharSet(ranges)      a text; one character: the leaves, which are expressions
    Sequence(parts)                     the parts, one after the other
    Options(options)                    the first option that leads to a match:  a|ab
    Loop(body, min, max, greedy)        the body as often as possible, or (not greedy) as rarely
    Look(body, ahead, negated)          (?=..)  (?!..)  (?<=..)  (?<!..)
    Anchor(place, chars)                ^  $  \A  \Z  \b  \B
    Atomic(body)                        (?>..)  a*+   only the first match of the body counts
    Group(body, number)                 (..)          in patterns that refer to groups, until `references.py`
    Reference(number)                   \1            resolves them
    Condition(number, then, otherwise)  (?(1)..|..)

Two readers share it. `settle.py` turns it into an expression, the set of texts that the whole pattern matches, for
which the order does not matter; the Lark front end finds which match a lexer takes first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from structgen.grammar.expressions import CharSet, Concat, Expression, Literal, Repeat, Union

NO_CHARS = CharSet(())


class Composite:
    """A node that is no expression."""

    __slots__ = ()


Node = Expression | Composite


class Place(Enum):
    r"""Where an anchor holds.

    The first ones are `\A`, `\Z`, and `$` of Python: at the end, or before a newline that ends the text.
    `NO_BOUNDARY_IN_TEXT` is `\B` in Python before 3.14, which does not hold in the empty text.
    """

    START = auto()
    END = auto()
    LAST_LINE_END = auto()
    LINE_START = auto()
    LINE_END = auto()
    BOUNDARY = auto()
    NO_BOUNDARY = auto()
    NO_BOUNDARY_IN_TEXT = auto()


@dataclass(frozen=True, slots=True)
class Sequence(Composite):
    """The parts, one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Options(Composite):
    """The first of the options that leads to a match."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Loop(Composite):
    """The body, min to max times; max=None: no bound.

    Attributes:
        greedy: whether it is tried as often as possible first, or as rarely.
        position: offset of the quantifier in the pattern.
    """

    body: Node
    min: int
    max: int | None
    greedy: bool = True
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Look(Composite):
    """The empty text, where the body matches next (`ahead`) or matched just before, or (`negated`) does not.

    Attributes:
        position: offset in the pattern.
    """

    body: Node
    ahead: bool
    negated: bool
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Anchor(Composite):
    """The empty text, in a certain place.

    Attributes:
        chars: the newlines of `LINE_START` and `LINE_END`, the word characters of the boundaries.
        position: offset in the pattern.
    """

    place: Place
    chars: CharSet = NO_CHARS
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Atomic(Composite):
    """The first match of the body only: a matcher never goes back into it.

    Attributes:
        position: offset in the pattern.
    """

    body: Node
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Group(Composite):
    """The body, whose text can be referred to.

    Attributes:
        position: offset in the pattern.
    """

    body: Node
    number: int
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Reference(Composite):
    """The text that a group matched last.

    Attributes:
        ignore_case: whether other cases of its letters match, too.
        ascii_only: whether only letters of ASCII have cases.
        width: that of the group.
        position: offset in the pattern.
    """

    number: int
    ignore_case: bool
    ascii_only: bool
    width: tuple[int, int | None]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Condition(Composite):
    """One node if a group has matched, and another if not.

    Attributes:
        position: offset in the pattern.
    """

    number: int
    then: Node
    otherwise: Node
    position: int = field(default=0, compare=False)


def children(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node that is no expression."""
    if isinstance(node, (Loop, Look, Atomic, Group)):
        return (node.body,)
    if isinstance(node, Sequence):
        return node.parts
    if isinstance(node, Condition):
        return (node.then, node.otherwise)
    return node.options if isinstance(node, Options) else ()


def is_lazy(node: Node) -> bool:
    """Returns True if there is a lazy quantifier in a node: then its first match is not its longest."""
    if isinstance(node, Loop) and not node.greedy and node.min != node.max:
        return True
    return any(map(is_lazy, children(node)))


Width = tuple[int, int | None]
"""The least and the most code points; None: no bound."""


def width(node: Node) -> Width:
    """The least and the most code points of a text that the node matches."""
    if isinstance(node, Literal):
        return len(node.text), len(node.text)
    if isinstance(node, CharSet):
        return 1, 1
    if isinstance(node, (Concat, Sequence)):
        return _width_of_sequence(map(width, node.parts))
    if isinstance(node, Union):
        return _width_of_options(map(width, node.parts))
    if isinstance(node, Options):
        return _width_of_options(map(width, node.options))
    if isinstance(node, Repeat):
        return _width_of_loop(width(node.part), node.min, node.max)
    if isinstance(node, Loop):
        return _width_of_loop(width(node.body), node.min, node.max)
    if isinstance(node, Condition):
        return _width_of_options([width(node.then), width(node.otherwise)])
    if isinstance(node, Reference):
        return node.width
    return width(node.body) if isinstance(node, (Atomic, Group)) else (0, 0)


def _width_of_sequence(widths: Iterable[Width]) -> Width:
    least: int = 0
    most: int | None = 0
    for low, high in widths:
        least += low
        most = None if most is None or high is None else most + high
    return least, most


def _width_of_options(widths: Iterable[Width]) -> Width:
    found = list(widths) or [(0, 0)]
    highs = [high for _, high in found]
    return min(low for low, _ in found), None if None in highs else max(high or 0 for high in highs)


def _width_of_loop(width: Width, least: int, most: int | None) -> Width:
    low, high = width
    if high == 0:
        return 0, 0
    return low * least, None if high is None or most is None else high * most
