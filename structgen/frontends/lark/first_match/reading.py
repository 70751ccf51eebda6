r"""Reads the patterns of terminals into a form that shows what a lexer matches first.

It is the tree of `structgen.patterns`, in which

    sets of characters are the only leaves: a text is a sequence of them
    options that begin alike are one: `ab|ac` is `a(b|c)`
    a name that is no keyword is a `Word`: `(?!(if|else)\b)[a-z]\w*`
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from structgen.frontends.lark.first_match.nodes import (
    Unclear,
    Word,
    can_be_empty,
    chars_of,
    first_chars,
    flat,
)
from structgen.grammar.expressions import ANY_CHAR, CharSet, Expression, Literal, charset
from structgen.patterns.assertions import denote
from structgen.patterns.characters import common, joined, outside
from structgen.patterns.syntax import Reader
from structgen.patterns.tree import Anchor, Atomic, Look, Loop, Node, Options, Place, Sequence

_NOTHING = Sequence(())


def texts_of(pattern: str) -> Expression:
    """The texts that a pattern matches as a whole.

    Raises:
        InvalidRegexError: It is malformed, or not regular.
    """
    return denote(_tree_of(pattern)[0], pattern)


@lru_cache(1024)  # each terminal is read for several questions
def read(pattern: str) -> Node:
    """The pattern in that form.

    Raises:
        InvalidRegexError: It is malformed.
        Unclear: It has a construct whose first match is not followed.
    """
    tree, flags = _tree_of(pattern)
    if flags & ~int(re.UNICODE | re.ASCII):
        raise Unclear(
            "flags for the whole pattern stand after the closing slash, /a/i, or in a group, /(?i:a)/"
        )
    return _of_parts(_unfolded(tree))


@lru_cache(1024)
def _tree_of(pattern: str) -> tuple[Node, int]:
    """The tree of a pattern, and the flags for the whole of it."""
    reader = Reader(pattern, 0, ecma=False)
    return reader.read(), reader.flags


def _unfolded(node: Node) -> Iterator[Node]:
    """The parts of a node."""
    if isinstance(node, Literal):
        yield from map(charset, node.text)
    elif isinstance(node, Sequence):
        for part in node.parts:
            yield from _unfolded(part) if isinstance(part, Literal) else (_of_parts(_unfolded(part)),)
    elif isinstance(node, Options):
        yield options([_of_parts(_unfolded(option)) for option in node.options])
    elif isinstance(node, Loop):
        yield _loop(_of_parts(_unfolded(node.body)), node)
    elif isinstance(node, Look) and node.negated and node.body == _NOTHING:  # (?!) never matches
        yield Options(())
    elif isinstance(node, Look):
        yield Look(_of_parts(_unfolded(node.body)), node.ahead, node.negated)
    elif isinstance(node, Atomic):
        raise Unclear("atomic groups and possessive quantifiers are not followed in terminals")
    else:
        yield node


def _loop(body: Node, node: Loop) -> Loop:
    """The repetition of a body. Of `(a?){2,5}` it is `a{0,5}`: both take as many as come."""
    if (
        isinstance(body, Loop)
        and (body.min, body.max, body.greedy, node.greedy) == (0, 1, True, True)
        and (not can_be_empty(body.body))
    ):
        return Loop(body.body, 0, node.max)
    return Loop(body, node.min, node.max, node.greedy)


def _of_parts(parts: Iterable[Node]) -> Node:
    found = _with_words(parts)
    return found[0] if len(found) == 1 else Sequence(tuple(found))


# Words.


def _with_words(parts: Iterable[Node]) -> list[Node]:
    """The parts; those that make a `Word` are one."""
    found: list[Node] = []
    for part in parts:
        found.append(part)
        word = _word(found)
        if word is not None:
            del found[-len(word.written.parts) :]
            found.append(word)
    return found


def _is_run(loop: Loop) -> bool:
    """Returns True for `*` and `+` that take as much as they can."""
    return loop.max is None and loop.greedy and loop.min <= 1


def _word(parts: list[Node]) -> Word | None:
    """The word that the last parts make; None if they make none."""
    run = parts[-1]
    if not isinstance(run, Loop) or not _is_run(run):
        return None
    more = run.body
    first, length = (more, 1) if run.min else (parts[-2] if len(parts) > 1 else None, 2)
    if not isinstance(more, CharSet) or not isinstance(first, CharSet):
        return None
    but: list[Node] = []
    while length < len(parts):
        excluded = _excluded(parts[-length - 1], more)
        if excluded is None:
            break
        but.append(excluded)
        length += 1
    return Word(first, more, options(but), Sequence(tuple(parts[-length:]))) if but else None


def _excluded(look: Node, more: CharSet) -> Node | None:
    """Of a lookahead that forbids some texts where none of `more` follows them, the texts; None for other nodes."""
    if not isinstance(look, Look) or not (look.ahead and look.negated) or not isinstance(look.body, Sequence):
        return None
    *texts, end = flat(look.body)
    found = Sequence(tuple(texts))
    is_inside = not common(chars_of(found) or ANY_CHAR, outside(more)).ranges
    return found if is_inside and _ends_word(end, more) and not can_be_empty(found) else None


def _ends_word(node: Node, more: CharSet) -> bool:
    """Returns True for an assertion that, after one of `more`, none of them follows."""
    if isinstance(node, Look):
        return node.ahead and node.negated and node.body == more
    return isinstance(node, Anchor) and node.place is Place.BOUNDARY and node.chars == more


# Options.


def options(choices: Iterable[Node]) -> Node:
    """The options, of which those that begin alike are one: `ab|ac` is `a(b|c)`.

    An option changes places only with such as begin with other characters, so what is tried first stays so.
    """
    groups: list[_Group] = []
    for option in choices:
        parts = flat(option)
        head = parts[0] if parts and isinstance(parts[0], (CharSet, Anchor)) else None
        starts = ANY_CHAR if can_be_empty(option) else first_chars(option)
        rest = parts if head is None else parts[1:]
        group = _group_of(groups, head, starts)
        if group is None:
            groups.append(_Group(head, starts, [rest]))
        else:
            group.rests.append(rest)
    found: list[Node] = []
    for node in (group.node() for group in groups):
        if found and isinstance(node, CharSet) and isinstance(found[-1], CharSet):
            found[-1] = joined(found[-1], node)
        else:
            found.append(node)
    return found[0] if len(found) == 1 else Options(tuple(found))


class _Group:
    """Options that begin with the same node, if `head` is one."""

    def __init__(self, head: Node | None, starts: CharSet, rests: list[tuple[Node, ...]]) -> None:
        self.head = head
        self.starts = starts
        self.rests = rests

    def node(self) -> Node:
        """All of them as one."""
        rest = Sequence(self.rests[0]) if len(self.rests) == 1 else options(map(Sequence, self.rests))
        if self.head is None:
            return rest
        return self.head if rest == _NOTHING else Sequence((self.head, rest))


def _group_of(groups: list[_Group], head: Node | None, starts: CharSet) -> _Group | None:
    """The last group with the same head that an option may join: all later ones begin with other characters."""
    for group in reversed(groups):
        if head is not None and group.head == head:
            return group
        if common(starts, group.starts).ranges:
            return None
    return None
