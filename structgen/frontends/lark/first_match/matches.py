r"""Which text of a terminal a lexer takes, as an expression.

Lark's lexers ask `re` for the first match of a terminal; the engine reads the longest one. The two agree once a
terminal is reduced to the texts that are a first match of something: `a|ab` to "a", and `".*?"` to the strings with one
quote at each end. Of these the longest that a text begins with *is* the first match: a program (`programs.py`) that
forgets all threads after the first that has matched finds it by reading on until no thread is left.

Most patterns lose nothing that way, and their expression is the plain one. For the others it is made of the states of a
program for the rest of the pattern, after a beginning that the next character decides (`[ ]{1,64}`, of
`[ ]{1,64}(?!if\b)\w+`). Where it depends on the next character whether a match may end (`for\b`, `a(?!b)`), the
characters before which it may not are its guard.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from structgen.frontends.lark.first_match.automaton import Automaton, Following
from structgen.frontends.lark.first_match.decisions import (
    by_first_char,
    expression_of,
    going_on,
    is_decided_by_next_char,
    split_beginning,
    split_end,
)
from structgen.frontends.lark.first_match.nodes import Unclear, has_word
from structgen.frontends.lark.first_match.programs import Program
from structgen.frontends.lark.first_match.reading import read, texts_of
from structgen.frontends.lark.first_match.terminal_queries import LONGER
from structgen.grammar.expressions import ANY_TEXT, EMPTY, EPSILON, Expression, concat, union
from structgen.patterns.tree import Node


@dataclass(frozen=True, slots=True)
class FirstMatch:
    """What a pattern takes.

    Attributes:
        expression: the texts that it takes first, so that the longest of them is what `re.match` finds.
        begun: the texts that begin with a match and go on.
        guard: texts of `expression` with one more character, before which they are no match.
        dropped: texts that would be a match before the last character, but are left out of `expression`.
    """

    expression: Expression
    begun: Expression
    guard: Expression = EMPTY
    dropped: Expression = EMPTY

    @property
    def is_plain(self) -> bool:
        """True if nothing that follows matters."""
        return self.begun == concat(self.expression, LONGER)


def plain_match(expression: Expression) -> FirstMatch:
    """What a pattern takes that takes every text of its own, whatever follows."""
    return FirstMatch(expression, concat(expression, LONGER))


def first_matches(pattern: str, following: Callable[[], Following]) -> FirstMatch:
    """What `re.match` takes of a pattern, whatever comes next of what may follow.

    A text that is no match at the end, but would be before some characters, is left out if the text may end there.

    Args:
        pattern: a regular expression of Python.
        following: what may come right after it; asked only if the pattern looks there.

    Raises:
        InvalidRegexError: It is malformed, or not regular.
        Unclear: What it takes first depends on what stands before it, or can't be followed.
    """
    everything = texts_of(pattern)  # first: its errors say where
    node = read(pattern)
    if is_decided_by_next_char(node) and not has_word(node):
        return plain_match(everything)
    return _first_matches(pattern, following())


@lru_cache(256)  # grammars are loaded again and again
def _first_matches(pattern: str, following: Following) -> FirstMatch:
    node = read(pattern)
    beginning, rest = split_beginning(node)
    try:
        before, options = expression_of(beginning), by_first_char(rest)
        found = [_match_of(option, following) for option in options]
    except Unclear:  # what the rest matches depends on what stands before it
        before, options, found = EPSILON, (node,), [_match_of(node, following)]
    if found == [None]:
        return plain_match(texts_of(pattern))
    whole = [
        plain_match(expression_of(option)) if match is None else match
        for option, match in zip(options, found, strict=True)
    ]
    return FirstMatch(
        concat(before, union(*(match.expression for match in whole))),
        concat(before, union(*(match.begun for match in whole))),
        _after(before, [match.guard for match in whole]),
        _after(before, [match.dropped for match in whole]),
    )


def _after(before: Expression, options: list[Expression]) -> Expression:
    there = [option for option in options if option != EMPTY]
    return concat(before, union(*there)) if there else EMPTY


@lru_cache(256)  # they have their names in common, in several terminals
def _match_of(node: Node, following: Following) -> FirstMatch | None:
    """What a node takes first; None: every text of its own, whatever follows, and that can be written down."""
    if is_decided_by_next_char(node):
        return FirstMatch(expression_of(node), going_on(node, LONGER)) if has_word(node) else None
    automaton = Automaton(Program(node), following)
    if automaton.is_plain:
        return None if automaton.takes_everything() else plain_match(automaton.expression())
    for middle, end in split_end(node):
        with suppress(Unclear):  # what the middle takes depends on the end
            closed = Automaton(Program(middle), following)
            if closed.is_closed:
                return plain_match(concat(closed.expression(), expression_of(end)))
    return FirstMatch(
        automaton.expression(),
        concat(automaton.going_on(automaton.matching), ANY_TEXT),
        automaton.going_on(automaton.forbidden),
        automaton.going_on(automaton.dropped),
    )
