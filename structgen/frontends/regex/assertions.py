r"""Turns nodes into expressions: what an assertion asks of the text around it becomes part of that text.

A pattern is compiled from its end, each node together with the expression of everything that may follow it.
Then "what follows is in L" is an intersection with that expression, and exact. What went before a position is
known while the pattern begins with plain parts; where it is asked about later, an automaton follows it, and a
node is compiled once for each state. A repetition with assertions inside is a set of equations (`contexts.py`).

    ^abc$              abc
    ^(?!foo)\w+$       \w+ & ~(foo .*)
    \w+(?<!foo)bar     (\w+ & ~(.* foo)) bar
    .*\bfoo            foo | .* \W foo
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as SequenceOf
from dataclasses import replace

from structgen.errors import InvalidRegexError
from structgen.frontends.regex import analysis
from structgen.frontends.regex.automata import Automaton, TooManyStates, automaton
from structgen.frontends.regex.contexts import then_loop, without_aheads
from structgen.frontends.regex.nodes import (
    Ahead,
    Behind,
    Loop,
    Node,
    Options,
    Sequence,
    either,
    find_aheads,
    find_behinds,
    first_position,
    join,
    parts_of,
    sequence,
)
from structgen.grammar.expressions import ANY_TEXT, EMPTY, EPSILON, Expression

MAX_SIZE = 100_000
"""Nodes of an expression, written out as a tree: assertions in options and loops multiply what follows them."""

MAX_WORK = 20_000
"""Different nodes made on the way, and 20 for each character of the pattern. Patterns in use need 2 to 100."""

MAX_DEPTH = 200
"""How deep its nodes are nested: each assertion after another one may add two."""

Rest = tuple[Expression, ...]
"""What may follow a position, by the state that the automaton of what went before is in."""


def denote(node: Node, pattern: str, *, search: bool) -> Expression:
    """The texts that the node matches as a whole; with `search`, those in which it matches somewhere.

    Args:
        node: the pattern, read.
        pattern: its text, for errors.
        search: whether the match may stand anywhere.

    Raises:
        InvalidRegexError: An assertion looks at too much of the text around it.
    """
    if isinstance(node, Expression):
        return join((ANY_TEXT, node, ANY_TEXT)) if search else node
    compiler = Compiler(pattern)
    node = _resolve(node, compiler)
    if not search:
        return compiler.whole(parts_of(node), EPSILON)
    options = node.options if isinstance(node, Options) else (node,)
    return either([compiler.whole((ANY_TEXT, *parts_of(option)), ANY_TEXT) for option in options])


def _resolve(node: Node, compiler: Compiler) -> Node:
    """The node, with lookbehinds that hold no assertions."""
    if isinstance(node, Expression):
        return node
    if isinstance(node, Sequence):
        return Sequence(tuple(_resolve(part, compiler) for part in node.parts))
    if isinstance(node, Options):
        return Options(tuple(_resolve(option, compiler) for option in node.options))
    if isinstance(node, Loop):
        return replace(node, body=_resolve(node.body, compiler))
    assert isinstance(node, (Ahead, Behind))
    if isinstance(node.language, Expression):
        return node
    node = replace(node, language=_resolve(node.language, compiler))
    if isinstance(node, Ahead):
        return node
    if find_aheads(node.language):
        compiler.follow(node.language)
        return without_aheads(compiler, node)
    return replace(node, language=compiler.whole(parts_of(node.language), EPSILON))


class Compiler:
    """Compiles one pattern.

    Attributes:
        left: follows what went before, as far as the pattern asks.
        states: those of `left`.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._sizes = analysis.Sizes()
        self._work = MAX_WORK + 20 * len(pattern)
        self.follow(EPSILON)

    def follow(self, node: Node) -> None:
        """Follow what the assertions in the node ask of the text before them."""
        behinds = find_behinds(node)
        for behind in behinds:
            self.check_size(_expression(behind), behind.position)
        languages = dict.fromkeys(map(_expression, behinds))
        self._numbers = {language: i for i, language in enumerate(languages)}
        try:
            self.left: Automaton = automaton(tuple(languages))
        except TooManyStates:
            raise self.error("this looks at too much of the text before it", behinds[0].position) from None
        self.states = range(self.left.states)

    def error(self, reason: str, position: int) -> InvalidRegexError:
        """The error to raise for what stands at `position`."""
        return InvalidRegexError(reason, self._pattern, position)

    def check_size(self, texts: Expression, position: int) -> None:
        """Raise an error if the expression has grown beyond reason."""
        nodes, depth = self._sizes.measure(texts)
        if nodes > MAX_SIZE or depth > MAX_DEPTH or len(self._sizes.known) > self._work:
            raise self.error("written out, the assertions here are too large; use fewer of them", position)

    def whole(self, parts: SequenceOf[Node], rest: Expression) -> Expression:
        """The texts that the parts match, followed by the rest."""
        before: Expression = EPSILON
        for i, part in enumerate(parts):
            if isinstance(part, Expression):
                before = join((before, part))
            elif isinstance(part, Behind):
                before = analysis.restrict(before, _expression(part), part.negated, at_end=True)
            else:
                return self._after(before, sequence(parts[i:]), rest)
        return join((before, rest))

    def _after(self, before: Expression, node: Node, rest: Expression) -> Expression:
        """The texts before, then the node, then the rest."""
        self.follow(node)
        after = self.then(node, (rest,) * len(self.states))
        return self.then(before, after)[0]

    def holds(self, node: Behind) -> tuple[bool, ...]:
        """Whether the assertion holds, by state."""
        holds = self.left.holds[self._numbers[_expression(node)]]
        return tuple(held != node.negated for held in holds)

    def then(self, node: Node, rest: Rest) -> Rest:
        """The node, then the rest: by the state before the node."""
        if isinstance(node, Expression):
            return self._plain(node, rest)
        if isinstance(node, Sequence):
            for part in reversed(node.parts):
                rest = self.then(part, rest)
                if not isinstance(part, Expression):
                    position = first_position(part)
                    for texts in {id(texts): texts for texts in rest}.values():
                        self.check_size(texts, position)
            return rest
        if isinstance(node, Options):
            plain = [option for option in node.options if isinstance(option, Expression)]
            found = [self._plain(either(plain), rest)] if plain else []
            found += [
                self.then(option, rest) for option in node.options if not isinstance(option, Expression)
            ]
            return self.each(lambda state: either([option[state] for option in found]), *found)
        if isinstance(node, Behind):
            holds = self.holds(node)
            return tuple(rest[state] if holds[state] else EMPTY for state in self.states)
        if isinstance(node, Ahead):
            wanted = self.ahead_language(node)
            return self.each(
                lambda state: analysis.restrict(rest[state], wanted[state], node.negated, at_end=False),
                rest,
                wanted,
            )
        assert isinstance(node, Loop)
        return then_loop(self, node, rest)

    def ahead_language(self, node: Ahead) -> Rest:
        """What the text after must be, by the state before it."""
        return self.then(node.language, (EPSILON,) * len(self.states))

    def each(self, make: Callable[[int], Expression], *given: Rest) -> Rest:
        """`make(state)` for each state; the same object where the same objects are given."""
        made: dict[tuple[int, ...], Expression] = {}
        found: list[Expression] = []
        for state in self.states:
            key = tuple(id(rest[state]) for rest in given)
            if key not in made:
                made[key] = make(state)
            found.append(made[key])
        return tuple(found)

    def _plain(self, node: Expression, rest: Rest) -> Rest:
        targets: dict[int, list[int]] = {}
        for state in self.states:
            targets.setdefault(id(rest[state]), []).append(state)
        if len(targets) == 1:
            return (join((node, rest[0])),) * len(self.states)
        groups = [group for group in targets.values() if rest[group[0]] is not EMPTY]
        return tuple(
            either(
                [
                    join((self.left.leading(node, state, group, at_end=True), rest[group[0]]))
                    for group in groups
                ]
            )
            for state in self.states
        )


def _expression(node: Behind) -> Expression:
    assert isinstance(node.language, Expression)  # after _resolve
    return node.language
