"""Sequences: items with separators, of which an automaton says what may come next; and the rules of any value."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from structgen.formats.format import NULL
from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.emission.literals import BOOLEAN_TERMINAL
from structgen.frontends.json_schema.emission.rules import Rule, Rules
from structgen.frontends.json_schema.style import Style
from structgen.grammar.rules import Choice, Reference, Repetition, RuleExpression, Sequence, Terminal

ANY_OBJECT = Reference("any object")
ANY_ARRAY = Reference("any array")

_MOST_STATES = 5000
"""States of one counted sequence before it is refused."""

_MOST_ITEMS = 500_000
"""Items that may come in all of its states."""

State = TypeVar("State", bound=Hashable)


class Steps(NamedTuple, Generic[State]):
    """What may come in a state.

    Attributes:
        ends: the sequence may end here.
        items: what may come next, each with the state after it.
    """

    ends: bool
    items: list[tuple[RuleExpression, State]]


class TooManySteps(Exception):
    """A counted sequence has more states than anybody meant."""


@lru_cache(maxsize=16)
def any_rules(style: Style) -> dict[str, RuleExpression]:
    """The rules of any value that the format can write."""
    form = style.format
    pair = form.pair(strings.any_name(form.spelling), Reference("any"))
    item = form.item(Reference("any"))
    null = (NULL,) if form.has_null else ()
    return {
        "any": Choice((style.string, style.number, BOOLEAN_TERMINAL, *null, ANY_OBJECT, ANY_ARRAY)),
        "any object": form.object(Sequence((Repetition(pair),), form.separator)),
        "any array": form.array(Sequence((Repetition(item),), form.separator)),
    }


def counted(rules: Rules, separator: Terminal, start: State, steps: Callable[[State], Steps[State]]) -> Rule:
    """A sequence of items of which an automaton says what may come next.

    Args:
        rules: gets a rule for each state.
        separator: stands between the items.
        start: the state before any item.
        steps: what may come in a state.

    Returns:
        None if no way through the automaton ends.

    Raises:
        TooManySteps: The automaton has too many states.
    """
    ways, before = _explore(start, steps)
    live = _live(ways, before)
    if start not in live:
        return None
    names = {state: Reference(rules.new_name("counted")) for state in before if state in live}

    def following(state: State) -> list[tuple[RuleExpression, Reference]]:
        return [(item, names[after]) for item, after in ways[state].items if after in live]

    def end(state: State) -> tuple[RuleExpression, ...]:
        return (Sequence(()),) if ways[state].ends else ()

    for state in ways:
        if state in names:
            options = [Sequence((separator, *pair)) for pair in following(state)]
            rules.by_name[names[state].name] = Choice((*options, *end(state)))
    return Choice((*[Sequence(pair) for pair in following(start)], *end(start)))


def _explore(
    start: State, steps: Callable[[State], Steps[State]]
) -> tuple[dict[State, Steps[State]], dict[State, list[State]]]:
    """All states with what may come in them, and those from which each is reached."""
    ways = {start: steps(start)}
    before: dict[State, list[State]] = {}
    todo = [start]
    total = len(ways[start].items)
    while todo:
        state = todo.pop()
        for _, after in ways[state].items:
            before.setdefault(after, []).append(state)
            if after not in ways:
                if len(ways) > _MOST_STATES or total > _MOST_ITEMS:
                    raise TooManySteps
                ways[after] = steps(after)
                total += len(ways[after].items)
                todo.append(after)
    return ways, before


def _live(ways: dict[State, Steps[State]], before: dict[State, list[State]]) -> set[State]:
    """The states from which the end can be reached."""
    todo = [state for state, step in ways.items() if step.ends]
    live = set(todo)
    while todo:
        found = [state for state in before.get(todo.pop(), ()) if state not in live]
        live.update(found)
        todo += found
    return live
