r"""The nodes of a terminal's pattern, and simple questions about them.

They are those of `structgen.patterns.tree`, without texts and atomic groups, and one more: `Word`.
"""

from __future__ import annotations

from dataclasses import dataclass

from structgen.grammar.expressions import CharSet
from structgen.patterns.characters import joined
from structgen.patterns.tree import NO_CHARS, Composite, Loop, Node, Options, Sequence, children


class Unclear(Exception):
    """What `re` matches first can't be found from this pattern alone, or not by us. The argument says why."""


@dataclass(frozen=True, slots=True)
class Word(Composite):
    r"""A character of `first`, then all of `more` that come: but none of some texts. `(?!(if|else)\b)[a-z]\w*`.

    Wherever a match begins, one of the texts of `but` is all that could be matched, and then is not: so what is taken
    is the longest text, or none. No automaton is needed to see that.

    Attributes:
        first: the first characters.
        more: the others.
        but: the excluded texts, all of `more`.
        written: the same in the other kinds of node.
    """

    first: CharSet
    more: CharSet
    but: Node
    written: Sequence


def flat(node: Node) -> tuple[Node, ...]:
    """The parts of a node; for a part that is a sequence, its parts."""
    found: list[Node] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Sequence):
            waiting.extend(reversed(part.parts))
        else:
            found.append(part)
    return tuple(found)


def has_word(node: Node) -> bool:
    """Returns True if there is a `Word` in a node, outside of assertions."""
    if isinstance(node, (Loop, Sequence, Options)):
        return any(map(has_word, children(node)))
    return isinstance(node, Word)


def can_be_empty(node: Node) -> bool:
    """Returns True if the node matches the empty text somewhere."""
    if isinstance(node, (CharSet, Word)):
        return False
    if isinstance(node, Sequence):
        return all(map(can_be_empty, node.parts))
    if isinstance(node, Options):
        return any(map(can_be_empty, node.options))
    if isinstance(node, Loop):
        return node.min == 0 or can_be_empty(node.body)
    return True


def first_chars(node: Node) -> CharSet:
    """A set that has the first character of every text of the node, and perhaps more."""
    if isinstance(node, CharSet):
        return node
    if isinstance(node, Word):
        return node.first
    if isinstance(node, Options):
        return joined(NO_CHARS, *map(first_chars, node.options))
    if isinstance(node, Loop):
        return NO_CHARS if node.max == 0 else first_chars(node.body)
    found = [NO_CHARS]
    for part in node.parts if isinstance(node, Sequence) else ():
        found.append(first_chars(part))
        if not can_be_empty(part):
            break
    return joined(*found)


def chars_of(node: Node) -> CharSet | None:
    """The characters of all texts of a node; None if it has assertions."""
    if isinstance(node, CharSet):
        return node
    if not isinstance(node, (Loop, Sequence, Options)):
        return None
    found = [chars_of(part) for part in children(node)]
    return None if None in found else joined(NO_CHARS, *(chars for chars in found if chars is not None))
