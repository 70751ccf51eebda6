r"""The tree of a pattern as the set of texts that it matches: an expression, and conditions where it looks around.

Which of several matches comes first does not matter to the set, so the order of options goes, and so do anchors, which
become conditions, and atomic groups, which become what they match. A pattern without assertions becomes an expression;
of the others `assertions.py` makes one.
"""

from __future__ import annotations

from collections.abc import Callable

from structgen.errors import InvalidRegexError
from structgen.grammar.expressions import (
    ANY_TEXT,
    EMPTY,
    EPSILON,
    CharSet,
    Concat,
    Expression,
    Literal,
    Repeat,
    Union,
)
from structgen.patterns.conditions import Ahead, Behind, loop, options, sequence
from structgen.patterns.folding import either, one_char, times
from structgen.patterns.tree import (
    Anchor,
    Atomic,
    Composite,
    Look,
    Loop,
    Node,
    Options,
    Place,
    Sequence,
    is_lazy,
    width,
)

END_OR_NEWLINE = Union((EPSILON, Literal("\n")))
r"""What may follow `$` of Python."""

Failure = Callable[[str, int], InvalidRegexError]
"""Makes the error for a reason and an offset in the pattern."""


def settle(node: Node, error: Failure) -> Node:
    """The texts of a node, as an expression or as nodes with conditions.

    Args:
        node: of a pattern, as it was read.
        error: makes the error to raise.

    Raises:
        InvalidRegexError: What an atomic group matches first is not so easy to say.
    """
    if isinstance(node, CharSet):
        return one_char(node)
    if isinstance(node, Sequence):
        return sequence([settle(part, error) for part in node.parts])
    if isinstance(node, Options):
        return options([settle(option, error) for option in node.options])
    if isinstance(node, Loop):
        return loop(settle(node.body, error), node.min, node.max, node.position)
    if isinstance(node, Look):
        return _condition(settle(node.body, error), node)
    if isinstance(node, Anchor):
        return _ANCHORS[node.place](node.chars, node.position)
    return _atomic(node, error) if isinstance(node, Atomic) else node


def _condition(body: Node, node: Look) -> Node:
    """The condition, or what it comes down to if it always or never holds."""
    language = sequence((body, ANY_TEXT) if node.ahead else (ANY_TEXT, body))
    if isinstance(language, Composite) or language not in (EMPTY, ANY_TEXT):
        return (Ahead if node.ahead else Behind)(language, node.negated, node.position)
    return EPSILON if (language == EMPTY) == node.negated else EMPTY


# Anchors.


def _boundary(word: CharSet, position: int) -> Node:
    """Exactly one of the neighbours is a word character."""
    after, not_after, before, not_before = _neighbours(word, position)
    return Options((Sequence((after, not_before)), Sequence((not_after, before))))


def _no_boundary(word: CharSet, position: int) -> Node:
    """Both neighbours are word characters, or none is."""
    after, not_after, before, not_before = _neighbours(word, position)
    return Options((Sequence((after, before)), Sequence((not_after, not_before))))


def _no_boundary_in_text(word: CharSet, position: int) -> Node:
    """The same, but not in the empty text."""
    after, not_after, before, not_before = _neighbours(word, position)
    somewhere = Options((Behind(EPSILON, True, position), Ahead(EPSILON, True, position)))
    return Options((Sequence((after, before)), Sequence((not_after, not_before, somewhere))))


def _neighbours(word: CharSet, position: int) -> tuple[Behind, Behind, Ahead, Ahead]:
    """The conditions: after a word character, not after one, before one, not before one."""
    after, before = Concat((ANY_TEXT, word)), Concat((word, ANY_TEXT))
    return (
        Behind(after, False, position),
        Behind(after, True, position),
        Ahead(before, False, position),
        Ahead(before, True, position),
    )


def _line_start(newlines: CharSet, position: int) -> Node:
    return Behind(Union((EPSILON, Concat((ANY_TEXT, one_char(newlines))))), False, position)


def _line_end(newlines: CharSet, position: int) -> Node:
    return Ahead(Union((EPSILON, Concat((one_char(newlines), ANY_TEXT)))), False, position)


_ANCHORS: dict[Place, Callable[[CharSet, int], Node]] = {
    Place.START: lambda _, position: Behind(EPSILON, False, position),
    Place.END: lambda _, position: Ahead(EPSILON, False, position),
    Place.LAST_LINE_END: lambda _, position: Ahead(END_OR_NEWLINE, False, position),
    Place.LINE_START: _line_start,
    Place.LINE_END: _line_end,
    Place.BOUNDARY: _boundary,
    Place.NO_BOUNDARY: _no_boundary,
    Place.NO_BOUNDARY_IN_TEXT: _no_boundary_in_text,
}


# Atomic groups and possessive quantifiers.


def _atomic(node: Atomic, error: Failure) -> Node:
    body = settle(node.body, error)
    least, most = width(body)
    if least == most:  # each match is as long as the first one
        return body
    if not is_lazy(node.body):
        if isinstance(body, Repeat) and _is_fixed(body.part):
            return _longest(body, node.position)
        if isinstance(body, Union) and all(map(_is_fixed, body.parts)):
            return _first(body, node.position)
    raise error(
        "an atomic group or possessive quantifier holds one repetition, or options, of texts equally long; "
        "where going back into it makes no difference, write it without the ?> or +",
        node.position,
    )


def _longest(loop: Repeat, position: int) -> Node:
    """As many texts, all equally long, as come."""
    stop = Ahead(sequence((loop.part, ANY_TEXT)), True, position)
    if loop.max is None:
        return sequence((loop, stop))
    full = times(loop.part, loop.max, loop.max)
    return options((sequence((times(loop.part, loop.min, loop.max - 1), stop)), full))


def _first(choice: Union, position: int) -> Node:
    """The first of the options that comes; each has texts equally long."""
    found: list[Node] = []
    for i, option in enumerate(choice.parts):
        earlier = Ahead(sequence((either(choice.parts[:i]), ANY_TEXT)), True, position)
        found.append(sequence((earlier, option)) if i else option)
    return options(found)


def _is_fixed(node: Expression) -> bool:
    """Returns True if the texts are equally long."""
    least, most = width(node)
    return least == most
