r"""Turns nodes into expressions: what an assertion asks of the text around it becomes part of that text.

The idea: a pattern is compiled from its end, each node together with the language of everything that may
follow it. Then "what follows is in L" is an intersection with that language, exactly. What went before is
followed from the start of the text in a small automaton, the tracker; a node is compiled once for each of its
states, and an assertion about what went before holds in a state or does not.

    ^abc$           abc
    (?!foo)\w+      \w+ & ~(foo .*)         in each case without a detour where the pattern has none
    \bfoo           foo | .*\W foo
"""

from __future__ import annotations

from collections.abc import Callable

from structgen.errors import InvalidRegexError
from structgen.frontends.regex import analysis
from structgen.frontends.regex.nodes import (
    Ahead,
    Behind,
    Loop,
    Node,
    Options,
    Sequence,
    either,
    join,
)
from structgen.frontends.regex.trackers import Tracker, tracker
from structgen.grammar.expressions import ANY_TEXT, EMPTY, EPSILON, Complement, Expression, Literal, Union

MAX_SIZE = 100_000
"""Nodes of an expression, written out as a tree: assertions in options and loops double what follows them."""

Rest = tuple[Expression, ...]
"""What may follow a node, by the state of the tracker behind it."""


def denote(node: Node, pattern: str, *, search: bool) -> Expression:
    """The texts that the node matches; with `search`, the texts in which it matches somewhere."""
    if isinstance(node, Expression):
        return join((ANY_TEXT, node, ANY_TEXT)) if search else node
    if search and isinstance(node, Options):
        return either([denote(option, pattern, search=True) for option in node.options])
    return _Compiler(node, pattern).whole(node, search=search)


class _Compiler:
    def __init__(self, node: Node, pattern: str) -> None:
        self.pattern = pattern
        self.languages: list[Expression] = []  # that something behind is asked to be in
        self.index: dict[int, int] = {}  # of Behind nodes, in languages
        self._collect(node)
        found = tracker(tuple(self.languages))
        if found is None:
            raise InvalidRegexError("a lookbehind of more than one character is not supported", pattern, 0)
        self.tracker: Tracker = found
        self.states = range(self.tracker.states)

    def whole(self, node: Node, *, search: bool) -> Expression:
        rest: Rest = (ANY_TEXT if search else EPSILON,) * len(self.states)
        rest = self.before(node, rest)
        found = self._plain(ANY_TEXT, rest)[0] if search else rest[0]
        if analysis.tree_size(found) > MAX_SIZE:
            raise InvalidRegexError(
                "the assertions multiply what follows them; use fewer of them in options and repetitions",
                self.pattern,
                0,
            )
        return found

    def _collect(self, node: Node) -> None:
        """Find what is asked of the text before, and say it by expressions."""
        if isinstance(node, Behind):
            if not isinstance(node.language, Expression):
                raise InvalidRegexError(
                    "an assertion within a lookbehind is not supported", self.pattern, node.position
                )
            if node.language not in self.languages:
                self.languages.append(node.language)
            self.index[id(node)] = self.languages.index(node.language)
        elif isinstance(node, Ahead):
            self._collect(node.language)
        elif isinstance(node, Loop):
            self._collect(node.body)
        elif isinstance(node, (Sequence, Options)):
            for part in node.parts if isinstance(node, Sequence) else node.options:
                self._collect(part)

    def before(self, node: Node, rest: Rest) -> Rest:
        """The node and then the rest, by the state of the tracker before the node."""
        if isinstance(node, Expression):
            return self._plain(node, rest)
        if isinstance(node, Sequence):
            for part in reversed(node.parts):
                rest = self.before(part, rest)
            return rest
        if isinstance(node, Options):
            return self._options(node, rest)
        if isinstance(node, Behind):
            holds = self.tracker.holds[self.index[id(node)]]
            return tuple(rest[state] if holds[state] != node.negated else EMPTY for state in self.states)
        if isinstance(node, Ahead):
            wanted = self.before(node.language, (EPSILON,) * len(self.states))
            return self._each(lambda state: meet(rest[state], wanted[state], node.negated), rest, wanted)
        assert isinstance(node, Loop)
        return self._loop(node, rest)

    def _each(self, make: Callable[[int], Expression], *keys: Rest) -> Rest:
        """`make(state)` for each state, once where the keys are the same objects."""
        made: dict[tuple[int, ...], Expression] = {}
        found: list[Expression] = []
        for state in self.states:
            key = tuple(id(rest[state]) for rest in keys)
            if key not in made:
                made[key] = make(state)
            found.append(made[key])
        return tuple(found)

    def _plain(self, node: Expression, rest: Rest) -> Rest:
        targets: dict[int, list[int]] = {}
        for state in self.states:
            if rest[state] is not EMPTY:
                targets.setdefault(id(rest[state]), []).append(state)
        if not targets:
            return (EMPTY,) * len(self.states)
        if len(targets) == 1 and len(next(iter(targets.values()))) == len(self.states):
            return (join((node, rest[0])),) * len(self.states)
        return tuple(
            either(
                [
                    join((self.tracker.ending(node, state, group), rest[group[0]]))
                    for group in targets.values()
                ]
            )
            for state in self.states
        )

    def _options(self, node: Options, rest: Rest) -> Rest:
        plain = [option for option in node.options if isinstance(option, Expression)]
        found = [self.before(either(plain), rest)] if plain else []
        found += [self.before(option, rest) for option in node.options if not isinstance(option, Expression)]
        return self._each(lambda state: either([option[state] for option in found]), *found)

    def _loop(self, node: Loop, rest: Rest) -> Rest:
        if node.max is None or node.max > 100:
            raise InvalidRegexError(
                "an assertion within a repetition is not supported", self.pattern, node.position
            )
        found = rest
        for _ in range(node.max - node.min):
            again = self.before(node.body, found)
            found = self._each(lambda state: either((rest[state], again[state])), rest, again)  # noqa: B023
        for _ in range(node.min):
            found = self.before(node.body, found)
        return found


_SHORT = (EPSILON, Union((EPSILON, Literal("\n"))))


def meet(rest: Expression, wanted: Expression, negated: bool) -> Expression:
    """What of the rest is wanted (or, `negated`, is not); no intersection where none is needed."""
    if rest is EMPTY or wanted is EMPTY:
        return rest if negated else EMPTY
    if wanted == ANY_TEXT:
        return EMPTY if negated else rest
    if not negated:
        if wanted in _SHORT:
            texts = [
                text for text in ("", "\n") if analysis.matches(rest, text) and analysis.matches(wanted, text)
            ]
            return either([Literal(text) if text else EPSILON for text in texts])
        return wanted if rest is ANY_TEXT else rest & wanted
    if not analysis.matches(rest, "") and wanted == EPSILON:
        return rest
    return Complement(wanted) if rest is ANY_TEXT else rest & Complement(wanted)
