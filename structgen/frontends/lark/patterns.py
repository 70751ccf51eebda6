r"""Patterns of terminals as Python's `re` reads them, with the order in which it tries things.

`structgen.frontends.regex` says which texts a pattern matches; that is not enough here, because a lexer takes the
*first* match of a pattern, and which one is first is a question of order: `a|ab` never takes "ab". So the pattern is
read by `re`'s own parser (Lark asks it too, for the width of terminals) into seven kinds of node:

    Chars(chars)                        one character
    Parts(parts)                        one after the other
    Options(options)                    the first of them, else the next
    Loop(body, min, max, greedy)        as often as possible, or (lazy) as rarely
    Look(body, ahead, negated)          lookahead and lookbehind
    Place(kind)                         ^ $ \A \Z \b \B
    Word(first, more, but, written)     a name that is no keyword: (?!(if|else)\b)[a-z]\w*

Knows neither Lark nor automata.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from structgen.frontends.regex.characters import (
    NO_NEWLINE,
    common,
    joined,
    outside,
    python_any_case,
    python_class,
    python_set,
    python_set_any_case,
)
from structgen.frontends.regex.nodes import one_char
from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EPSILON,
    CharSet,
    Complement,
    Expression,
    charset,
    concat,
    intersection,
    repeat,
    union,
)

_parser: Any = import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")

NO_CHARS = CharSet(())


class Unclear(Exception):
    """What `re` takes first cannot be said of this pattern alone, or not by us. The argument says why."""


class Node:
    """A part of a pattern."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Chars(Node):
    """One character of a set."""

    chars: CharSet


@dataclass(frozen=True, slots=True)
class Parts(Node):
    """The parts, one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Options(Node):
    """The first of the options that leads to a match."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Loop(Node):
    """The body, min to max times; max=None: no bound. Greedy: as often as possible, first."""

    body: Node
    min: int
    max: int | None
    greedy: bool


@dataclass(frozen=True, slots=True)
class Look(Node):
    """The empty text, where the body matches next (ahead) or matched just now (behind), or does not."""

    body: Node
    ahead: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class Place(Node):
    r"""The empty text in a certain place.

    Attributes:
        kind: "start", "line start", "end", "last line end", "line end", "boundary" or "no boundary".
        ascii_only: whether words are ASCII words.
    """

    kind: str
    ascii_only: bool


@dataclass(frozen=True, slots=True)
class Word(Node):
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
    written: Parts


@lru_cache(1024)  # each terminal is read for several questions
def read(pattern: str) -> Node:
    """Read a pattern.

    Raises:
        Unclear: It has a construct whose first match we don't follow.
    """
    tree = _parser.parse(pattern)
    flags = int(tree.state.flags)
    if flags & ~int(re.UNICODE | re.ASCII):
        raise Unclear(
            "flags for the whole pattern stand after the closing slash, /a/i, or in a group, /(?i:a)/"
        )
    return _parts(tree, flags)


def _parts(items: Any, flags: int) -> Node:
    parts = _with_words([_node(str(op), value, flags) for op, value in items])
    return parts[0] if len(parts) == 1 else Parts(tuple(parts))


def _with_words(parts: list[Node]) -> list[Node]:
    """The parts, with those that make a `Word` in one."""
    found: list[Node] = []
    for part in parts:
        found.append(part)
        word = _word(found)
        if word is not None:
            del found[-len(word.written.parts) :]
            found.append(word)
    return found


def _word(parts: list[Node]) -> Word | None:
    """The word that the last parts make; None if they make none."""
    run = parts[-1]
    if not isinstance(run, Loop) or run.max is not None or not run.greedy or run.min > 1:
        return None
    if not isinstance(run.body, Chars):
        return None
    more = first = run.body.chars
    length = 1
    if run.min == 0:
        head = parts[-2] if len(parts) > 1 else None
        if not isinstance(head, Chars):
            return None
        first, length = head.chars, 2
    but: list[Node] = []
    while length < len(parts):
        excluded = _excluded(parts[-length - 1], more)
        if excluded is None:
            break
        but.append(excluded)
        length += 1
    return Word(first, more, _options(but), Parts(tuple(parts[-length:]))) if but else None


def _excluded(look: Node, more: CharSet) -> Node | None:
    """Of a lookahead that forbids some texts where none of `more` follows them, the texts; None if it is none."""
    if not isinstance(look, Look) or not look.ahead or not look.negated or not isinstance(look.body, Parts):
        return None
    *texts, end = _flat(look.body)
    if isinstance(end, Look):
        is_end = end.ahead and end.negated and end.body == Chars(more)
    else:
        is_end = (
            isinstance(end, Place) and end.kind == "boundary" and more == python_class("w", end.ascii_only)
        )
    found = Parts(tuple(texts))
    is_inside = not common(chars_of(found) or ANY_CHAR, outside(more)).ranges
    return found if is_end and is_inside and not can_be_empty(found) else None


def chars_of(node: Node) -> CharSet | None:
    """The characters of all texts of a node; None if it has assertions."""
    if isinstance(node, Chars):
        return node.chars
    if isinstance(node, Loop):
        return chars_of(node.body)
    if isinstance(node, (Parts, Options)):
        found = [chars_of(part) for part in (node.parts if isinstance(node, Parts) else node.options)]
        return None if None in found else joined(NO_CHARS, *(chars for chars in found if chars is not None))
    return None


def _node(op: str, value: Any, flags: int) -> Node:
    ascii_only = bool(flags & re.ASCII)
    if op in ("LITERAL", "NOT_LITERAL"):
        any_case = python_any_case(chr(value), ascii_only) if flags & re.IGNORECASE else None
        chars = charset(value) if any_case is None else any_case
        return Chars(chars if op == "LITERAL" else outside(chars))
    if op == "ANY":
        return Chars(ANY_CHAR if flags & re.DOTALL else NO_NEWLINE)
    if op == "IN":
        return Chars(_set(value, flags))
    if op == "BRANCH":
        return _options([_parts(option, flags) for option in value[1]])
    if op == "SUBPATTERN":
        _, added, removed, body = value
        return _parts(body, (flags | added) & ~removed)
    if op in ("MAX_REPEAT", "MIN_REPEAT"):
        least, most, body = value
        bound = None if str(most) == "MAXREPEAT" else int(most)
        return Loop(_parts(body, flags), int(least), bound, op == "MAX_REPEAT")
    if op in ("ASSERT", "ASSERT_NOT"):
        direction, body = value
        return Look(_parts(body, flags), direction > 0, op == "ASSERT_NOT")
    if op == "FAILURE":
        return Options(())
    if op == "AT":
        return _place(str(value), flags)
    raise Unclear(
        "atomic groups, possessive quantifiers and conditions on groups are not followed in terminals"
    )


def _options(options: Iterable[Node]) -> Node:
    """The options, of which those that begin alike are one: `ab|ac` is `a(b|c)`.

    An option changes places only with such as begin with other characters, so what is tried first stays so.
    """
    groups: list[tuple[Chars | None, CharSet, list[tuple[Node, ...]]]] = []
    for option in options:
        parts = _flat(option)
        head = parts[0] if parts and isinstance(parts[0], Chars) else None
        starts = ANY_CHAR if can_be_empty(option) else first_chars(option)
        for other, theirs, rests in reversed(groups):
            if head is not None and other == head:
                rests.append(parts[1:])
                break
            if common(starts, theirs).ranges:
                groups.append((head, starts, [parts[head is not None :]]))
                break
        else:
            groups.append((head, starts, [parts[head is not None :]]))
    found: list[Node] = []
    for head, _, rests in groups:
        rest = Parts(rests[0]) if len(rests) == 1 else _options(map(Parts, rests))
        found.append(rest if head is None else Parts((head, rest)))
    return found[0] if len(found) == 1 else Options(tuple(found))


def _place(kind: str, flags: int) -> Place:
    lines = flags & re.MULTILINE
    kinds = {
        "AT_BEGINNING": "line start" if lines else "start",
        "AT_BEGINNING_STRING": "start",
        "AT_END": "line end" if lines else "last line end",
        "AT_END_STRING": "end",
        "AT_BOUNDARY": "boundary",
        "AT_NON_BOUNDARY": "no boundary",
    }
    return Place(kinds[kind], bool(flags & re.ASCII))


def _set(items: Iterable[tuple[Any, Any]], flags: int) -> CharSet:
    negated = False
    members: list[tuple[int, int] | str] = []
    letters = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}
    for op, value in items:
        if str(op) == "NEGATE":
            negated = True
        elif str(op) == "LITERAL":
            members.append((value, value))
        elif str(op) == "RANGE":
            members.append((value[0], value[1]))
        else:
            kind = str(value).removeprefix("CATEGORY_")
            letter = letters[kind.removeprefix("NOT_")]
            members.append(letter.upper() if kind.startswith("NOT_") else letter)
    ascii_only = bool(flags & re.ASCII)
    if flags & re.IGNORECASE:
        return python_set_any_case(tuple(members), negated, ascii_only)
    return python_set(members, negated, ascii_only)


def can_be_empty(node: Node) -> bool:
    """Whether the node matches the empty text somewhere."""
    if isinstance(node, (Chars, Word)):
        return False
    if isinstance(node, Parts):
        return all(map(can_be_empty, node.parts))
    if isinstance(node, Options):
        return any(map(can_be_empty, node.options))
    if isinstance(node, Loop):
        return node.min == 0 or can_be_empty(node.body)
    return True


def first_chars(node: Node) -> CharSet:
    """A set that has the first character of every text of the node, and perhaps more."""
    if isinstance(node, Chars):
        return node.chars
    if isinstance(node, Word):
        return node.first
    if isinstance(node, Options):
        return joined(NO_CHARS, *map(first_chars, node.options))
    if isinstance(node, Loop):
        return NO_CHARS if node.max == 0 else first_chars(node.body)
    found = [NO_CHARS]
    if isinstance(node, Parts):
        for part in node.parts:
            found.append(first_chars(part))
            if not can_be_empty(part):
                break
    return joined(*found)


def is_decided_by_next_char(node: Node, following: CharSet = NO_CHARS) -> bool:
    """Whether, at each choice, the next character says what to do, and going on is preferred to stopping.

    Then a text has one reading only, and the first match is the longest.

    Args:
        node: a pattern.
        following: the first characters of what may follow it in the whole pattern.
    """
    if isinstance(node, Chars):
        return True
    if isinstance(node, Word):
        return not common(node.more, following).ranges
    if isinstance(node, Parts):
        for part in reversed(node.parts):
            if not is_decided_by_next_char(part, following):
                return False
            starts = first_chars(part)
            following = joined(starts, following) if can_be_empty(part) else starts
        return True
    if isinstance(node, Options):
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
    if isinstance(node, Loop):
        starts = first_chars(node.body)
        chooses = node.min != node.max
        if has_word(node):  # `going_on` does not follow it there
            return False
        if (node.max or 2) > 1 and can_be_empty(node.body):
            return False
        if chooses and (not node.greedy or common(starts, following).ranges):
            return False
        inside = joined(starts, following) if (node.max or 2) > 1 else following
        return is_decided_by_next_char(node.body, inside)
    return False


def prefers_text(node: Node) -> bool:
    """Whether the empty text is what the node tries last, where it can be empty at all."""
    if not can_be_empty(node) or isinstance(node, Chars):
        return True
    if isinstance(node, Options):
        empties = [can_be_empty(option) for option in node.options]
        return all(map(prefers_text, node.options)) and not any(empties[:-1])
    if isinstance(node, Parts):
        return all(map(prefers_text, node.parts))
    return isinstance(node, Loop) and (node.greedy or node.min == node.max) and prefers_text(node.body)


def split_beginning(node: Node) -> tuple[Node, Node]:
    """The longest beginning in which the next character decides everything, also where it ends; and the rest.

    The rest is never empty, so a text has one place where the two meet. The beginning is `Parts(())` if there is none.
    """
    parts = _flat(node)
    for length in range(len(parts) - 1, 0, -1):
        beginning, rest = Parts(parts[:length]), Parts(parts[length:])
        if not can_be_empty(rest) and is_decided_by_next_char(beginning, first_chars(rest)):
            return beginning, rest
    return Parts(()), node


def apart(node: Node) -> tuple[Node, ...]:
    """Nodes that stand for a node: the first character of a text says which. Itself, if it does not."""
    options = node
    if isinstance(node, Parts) and len(node.parts) > 1 and isinstance(node.parts[0], Options):
        options = Options(tuple(Parts((option, *node.parts[1:])) for option in node.parts[0].options))
    if isinstance(node, Parts) and len(node.parts) == 1:
        return apart(node.parts[0])
    if (
        not isinstance(options, Options)
        or len(options.options) < 2
        or any(map(can_be_empty, options.options))
    ):
        return (node,)
    taken = NO_CHARS
    for option in options.options:
        starts = first_chars(option)
        if common(taken, starts).ranges:
            return (node,)
        taken = joined(taken, starts)
    return tuple(one for option in options.options for one in apart(option))


def ends_apart(node: Node) -> Iterator[tuple[Node, Node]]:
    """The ways to take an end away in which the next character decides everything, behind a single character."""
    parts = _flat(node)
    for length in range(1, len(parts)):
        end = Parts(parts[length:])
        if isinstance(parts[length - 1], Chars) and is_decided_by_next_char(end):
            yield Parts(parts[:length]), end


def _flat(node: Node) -> tuple[Node, ...]:
    """The parts of a node, those of its parts taken apart too."""
    found: list[Node] = []
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Parts):
            waiting.extend(reversed(part.parts))
        else:
            found.append(part)
    return tuple(found)


def has_word(node: Node) -> bool:
    """Whether there is a `Word` in a node."""
    if isinstance(node, Loop):
        return has_word(node.body)
    if isinstance(node, (Parts, Options)):
        return any(map(has_word, node.parts if isinstance(node, Parts) else node.options))
    return isinstance(node, Word)


def expression_of(node: Node) -> Expression:
    """The texts of a node that the next character decides."""
    return going_on(node, EPSILON)


def going_on(node: Node, then: Expression) -> Expression:
    """What a node that the next character decides takes first, with something behind it."""
    if isinstance(node, Chars):
        return concat(one_char(node.chars), then)
    if isinstance(node, Word):
        texts = concat(one_char(node.first), repeat(one_char(node.more)))
        rest = then
        if then != EPSILON:
            rest = intersection(then, Complement(concat(one_char(node.more), ANY_TEXT)))
        return concat(intersection(texts, Complement(expression_of(node.but))), rest)
    if isinstance(node, Parts):
        for part in reversed(node.parts):
            then = going_on(part, then)
        return then
    if isinstance(node, Options):
        return union(*[going_on(option, then) for option in node.options])
    assert isinstance(node, Loop), "an assertion has no texts of its own"
    return concat(repeat(expression_of(node.body), node.min, node.max), then)
