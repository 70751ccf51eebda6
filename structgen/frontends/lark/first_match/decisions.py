r"""Where the next character decides: parts of a pattern of which the first match is the longest.

Most terminals have no other parts. What they match first is then what they match, and can be written down; of the
others as much as possible is split off, so that an automaton is only made for the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from structgen.frontends.lark.first_match.nodes import (
    Word,
    can_be_empty,
    first_chars,
    flat,
    has_word,
)
from structgen.grammar.expressions import (
    ANY_TEXT,
    EPSILON,
    CharSet,
    Complement,
    Expression,
    concat,
    intersection,
    repeat,
    union,
)
from structgen.patterns.characters import common, joined
from structgen.patterns.folding import one_char
from structgen.patterns.tree import NO_CHARS, Loop, Node, Options, Sequence


def is_decided_by_next_char(node: Node, following: CharSet = NO_CHARS) -> bool:
    """Returns True if, at each choice, the next character says what to do, and going on is preferred to stopping.

    Then a text has one reading only, and the first match is the longest.

    Args:
        node: a pattern.
        following: the first characters of what may follow it in the whole pattern.
    """
    if isinstance(node, CharSet):
        return True
    if isinstance(node, Word):
        return not common(node.more, following).ranges
    if isinstance(node, Sequence):
        for part in reversed(node.parts):
            if not is_decided_by_next_char(part, following):
                return False
            starts = first_chars(part)
            following = joined(starts, following) if can_be_empty(part) else starts
        return True
    if isinstance(node, Options):
        return _is_option_decided(node, following)
    return isinstance(node, Loop) and _is_loop_decided(node, following)


def _is_option_decided(node: Options, following: CharSet) -> bool:
    taken = NO_CHARS
    for i, option in enumerate(node.options):
        starts = first_chars(option)
        if can_be_empty(option):
            if i + 1 < len(node.options):
                return False
            starts = joined(starts, following)
        if common(taken, starts).ranges or not is_decided_by_next_char(option, following):
            return False
        taken = joined(taken, starts)
    return True


def _is_loop_decided(node: Loop, following: CharSet) -> bool:
    repeats = (node.max or 2) > 1
    if has_word(node) or (repeats and can_be_empty(node.body)):  # `going_on` does not follow a word there
        return False
    starts = first_chars(node.body)
    if node.min != node.max and (not node.greedy or common(starts, following).ranges):
        return False
    return is_decided_by_next_char(node.body, joined(starts, following) if repeats else following)


def split_beginning(node: Node) -> tuple[Node, Node]:
    """The longest beginning in which the next character decides everything, also where it ends; and the rest.

    The rest is never empty, so a text has one place where the two meet. If there is no such beginning, it is
    `Sequence(())`.
    """
    parts = flat(node)
    for length in range(len(parts) - 1, 0, -1):
        beginning, rest = Sequence(parts[:length]), Sequence(parts[length:])
        if not can_be_empty(rest) and is_decided_by_next_char(beginning, first_chars(rest)):
            return beginning, rest
    return Sequence(()), node


def by_first_char(node: Node) -> tuple[Node, ...]:
    """Nodes that stand for a node, of which the first character of a text says which; else the node itself."""
    options = _options_of(node)
    taken = NO_CHARS
    for option in options:
        starts = first_chars(option)
        if can_be_empty(option) or common(taken, starts).ranges:
            return (node,)
        taken = joined(taken, starts)
    return tuple(one for option in options for one in by_first_char(option)) if len(options) > 1 else (node,)


def _options_of(node: Node) -> tuple[Node, ...]:
    """The options that a node begins with, each with what follows them."""
    if isinstance(node, Sequence) and node.parts:
        options = _options_of(node.parts[0])
        rest = node.parts[1:]
        return tuple(Sequence((option, *rest)) for option in options) if rest else options
    return node.options if isinstance(node, Options) else (node,)


def split_end(node: Node) -> Iterator[tuple[Node, Node]]:
    """The ways to take an end away in which the next character decides everything, after a single character."""
    parts = flat(node)
    for length in range(1, len(parts)):
        end = Sequence(parts[length:])
        if isinstance(parts[length - 1], CharSet) and is_decided_by_next_char(end):
            yield Sequence(parts[:length]), end


def expression_of(node: Node) -> Expression:
    """The texts of a node that the next character decides."""
    return going_on(node, EPSILON)


def going_on(node: Node, then: Expression) -> Expression:
    """What a node that the next character decides takes first, with something after it."""
    if isinstance(node, CharSet):
        return concat(one_char(node), then)
    if isinstance(node, Word):
        texts = concat(one_char(node.first), repeat(one_char(node.more)))
        rest = then
        if then != EPSILON:
            rest = intersection(then, Complement(concat(one_char(node.more), ANY_TEXT)))
        return concat(intersection(texts, Complement(expression_of(node.but))), rest)
    if isinstance(node, Sequence):
        for part in reversed(node.parts):
            then = going_on(part, then)
        return then
    if isinstance(node, Options):
        return union(*[going_on(option, then) for option in node.options])
    assert isinstance(node, Loop), "an assertion has no texts of its own"
    return concat(repeat(expression_of(node.body), node.min, node.max), then)
