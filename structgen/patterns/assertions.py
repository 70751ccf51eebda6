r"""Turns settled nodes into expressions: what an assertion asks of the text around it becomes part of that text.

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

from structgen.grammar.expressions import ANY_TEXT, EMPTY, EPSILON, Expression
from structgen.patterns import analysis
from structgen.patterns.automata import Automaton, TooManyStates, automaton
from structgen.patterns.budget import Budget
from structgen.patterns.conditions import (
    Ahead,
    Behind,
    find_aheads,
    find_behinds,
    first_position,
    parts_of,
    sequence,
)
from structgen.patterns.contexts import Contexts, Rest, check_copies
from structgen.patterns.folding import either, join
from structgen.patterns.settle import settle
from structgen.patterns.tree import Loop, Node, Options, Sequence


def denote(node: Node, pattern: str, *, search: bool = False) -> Expression:
    """The texts that a pattern matches as a whole; with `search`, those in which it matches somewhere.

    Args:
        node: the pattern, read.
        pattern: its text, for errors.
        search: whether the match may stand anywhere.

    Raises:
        InvalidRegexError: An assertion looks at too much of the text around it, or an atomic group can't be followed.
    """
    budget = Budget(pattern)
    settled = settle(node, budget.error)
    if isinstance(settled, Expression):
        return join((ANY_TEXT, settled, ANY_TEXT)) if search else settled
    compiler = _Compiler(budget)
    settled = compiler.without_inner_conditions(settled)
    if not search:
        return compiler.whole(parts_of(settled), EPSILON)
    options = settled.options if isinstance(settled, Options) else (settled,)
    return either([compiler.whole((ANY_TEXT, *parts_of(option)), ANY_TEXT) for option in options])


class _Compiler:
    """Compiles one pattern."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._follow(EPSILON)

    def _follow(self, node: Node) -> None:
        """Follow what the conditions in the node ask of the text before them."""
        behinds = find_behinds(node)
        for behind in behinds:
            self._budget.check(_expression(behind), behind.position)
        languages = dict.fromkeys(map(_expression, behinds))
        self._numbers = {language: i for i, language in enumerate(languages)}
        try:
            self._left: Automaton = automaton(tuple(languages))
        except TooManyStates:
            reason = "this looks at too much of the text before it"
            raise self._budget.error(reason, behinds[0].position) from None
        self._states = range(self._left.states)

    def without_inner_conditions(self, node: Node) -> Node:
        """The node, with conditions on what went before that hold no conditions themselves."""
        inner = self.without_inner_conditions
        if isinstance(node, Sequence):
            return Sequence(tuple(map(inner, node.parts)))
        if isinstance(node, Options):
            return Options(tuple(map(inner, node.options)))
        if isinstance(node, Loop):
            return replace(node, body=inner(node.body))
        if not isinstance(node, (Ahead, Behind)) or isinstance(node.language, Expression):
            return node
        node = replace(node, language=inner(node.language))
        if isinstance(node, Ahead):
            return node
        if find_aheads(node.language):
            self._follow(node.language)
            return self._without_aheads(node)
        return replace(node, language=self.whole(parts_of(node.language), EPSILON))

    def _without_aheads(self, node: Behind) -> Node:
        """A condition on what went before that looks at what follows, as some that do not: one for each future."""
        contexts = self._contexts(node.language, node.position)
        texts = contexts.matrix(node.language)
        options: list[Node] = []
        for future in range(contexts.right.states):
            before = either(
                [
                    entry
                    for (i, j), entry in texts.items()
                    if contexts.is_start(i) and contexts.after(j) == future
                ]
            )
            after = analysis.reverse(contexts.right.words(0, (future,)))
            ahead = Ahead(after, False, node.position)
            options.append(Sequence((Behind(before, node.negated, node.position), ahead)))
        return Options(tuple(options))

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
        self._follow(node)
        after = self._then(node, (rest,) * len(self._states))
        return self._then(before, after)[0]

    def _holds(self, node: Behind) -> tuple[bool, ...]:
        """Returns True, for each state, if the condition holds there."""
        holds = self._left.holds[self._numbers[_expression(node)]]
        return tuple(held != node.negated for held in holds)

    def _then(self, node: Node, rest: Rest) -> Rest:
        """The node, then the rest: by the state before the node."""
        if isinstance(node, Expression):
            return self._then_plain(node, rest)
        if isinstance(node, Sequence):
            return self._then_sequence(node, rest)
        if isinstance(node, Options):
            return self._then_options(node, rest)
        if isinstance(node, Behind):
            holds = self._holds(node)
            return tuple(rest[state] if holds[state] else EMPTY for state in self._states)
        if isinstance(node, Ahead):
            wanted = self._ahead_language(node)
            return self._each(
                lambda state: analysis.restrict(rest[state], wanted[state], node.negated, at_end=False),
                rest,
                wanted,
            )
        assert isinstance(node, Loop)
        return self._then_loop(node, rest)

    def _then_sequence(self, node: Sequence, rest: Rest) -> Rest:
        for part in reversed(node.parts):
            rest = self._then(part, rest)
            if not isinstance(part, Expression):
                position = first_position(part)
                for texts in {id(texts): texts for texts in rest}.values():
                    self._budget.check(texts, position)
        return rest

    def _then_options(self, node: Options, rest: Rest) -> Rest:
        plain = [option for option in node.options if isinstance(option, Expression)]
        others = [option for option in node.options if not isinstance(option, Expression)]
        found = [self._then(option, rest) for option in ([either(plain)] if plain else []) + others]
        return self._each(lambda state: either([option[state] for option in found]), *found)

    def _then_loop(self, node: Loop, rest: Rest) -> Rest:
        if node.max is not None and node.max <= 2:
            return self._copies(node, rest)
        contexts = self._contexts(node, node.position)
        if node.max is None and node.min <= 1:
            found = contexts.star(node, rest)
            return self._then(node.body, found) if node.min else found
        return contexts.counted(node, rest) or self._copies(node, rest)

    def _copies(self, node: Loop, rest: Rest) -> Rest:
        """The body written out as often as it may come, then the rest."""
        check_copies(node, self._budget)
        found = rest
        if node.max is None:
            found = self._contexts(node, node.position).star(node, rest)
        for _ in range((node.max or node.min) - node.min):
            again = self._then(node.body, found)
            found = self._each(lambda state: either((rest[state], again[state])), rest, again)  # noqa: B023
        for _ in range(node.min):
            found = self._then(node.body, found)
            self._budget.check(found[0], node.position)
        return found

    def _contexts(self, node: Node, position: int) -> Contexts:
        aheads = {ahead: self._ahead_language(ahead) for ahead in find_aheads(node)}
        return Contexts(self._left, aheads, self._holds, self._budget, position)

    def _ahead_language(self, node: Ahead) -> Rest:
        """What the text after must be, by the state before it."""
        return self._then(node.language, (EPSILON,) * len(self._states))

    def _each(self, make: Callable[[int], Expression], *given: Rest) -> Rest:
        """`make(state)` for each state; the same object where the same objects are given."""
        made: dict[tuple[int, ...], Expression] = {}
        found: list[Expression] = []
        for state in self._states:
            key = tuple(id(rest[state]) for rest in given)
            if key not in made:
                made[key] = make(state)
            found.append(made[key])
        return tuple(found)

    def _then_plain(self, node: Expression, rest: Rest) -> Rest:
        targets: dict[int, list[int]] = {}
        for state in self._states:
            targets.setdefault(id(rest[state]), []).append(state)
        if len(targets) == 1:
            return (join((node, rest[0])),) * len(self._states)
        groups = [group for group in targets.values() if rest[group[0]] is not EMPTY]
        return tuple(
            either(
                [
                    join((self._left.leading(node, state, group, at_end=True), rest[group[0]]))
                    for group in groups
                ]
            )
            for state in self._states
        )


def _expression(node: Behind) -> Expression:
    assert isinstance(node.language, Expression)  # after without_inner_conditions
    return node.language
