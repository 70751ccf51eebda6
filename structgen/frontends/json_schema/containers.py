"""What objects and arrays have in common: any JSON value, and sequences that are counted as they are read."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.layout import Layout
from structgen.frontends.json_schema.style import Style
from structgen.frontends.json_schema.values import BOOLEAN_TERMINAL, NULL_TERMINAL
from structgen.grammar.rules import (
    Choice,
    Reference,
    Repetition,
    RuleExpression,
    Sequence,
    Terminal,
)

if TYPE_CHECKING:
    from structgen.frontends.json_schema.compiler import Compiler

ANY_OBJECT = Reference("any object")
ANY_ARRAY = Reference("any array")
MOST_STATES = 5000
"""States of one counted sequence before it is refused."""

_MOST_ITEMS = 500_000
"""Items that may come in all of its states."""

State = Any
"""Of an automaton; hashable."""

Steps = tuple[bool, list[tuple[RuleExpression, State]]]
"""Whether the sequence may end here, and the items that may come next, each with the state after it."""


class TooManySteps(Exception):
    """A counted sequence has more states than anybody meant."""


@lru_cache(maxsize=16)
def any_rules(layout: Layout, style: Style) -> dict[str, RuleExpression]:
    """The rules of any JSON value."""
    value = Reference("any")
    member = Sequence((strings.any_name(style.spelling), layout.colon, value))
    kinds = (
        style.string,
        style.number,
        BOOLEAN_TERMINAL,
        NULL_TERMINAL,
        ANY_OBJECT,
        ANY_ARRAY,
    )
    return {
        "any": Choice(kinds),
        "any object": object_of(layout, Sequence((Repetition(member),), layout.comma)),
        "any array": array_of(layout, Sequence((Repetition(value),), layout.comma)),
    }


def object_of(layout: Layout, members: RuleExpression | None) -> RuleExpression:
    """An object; the members may be none."""
    inside = () if members is None else (members,)
    return Sequence((layout.open_object, *inside, layout.close_object))


def array_of(layout: Layout, items: RuleExpression | None) -> RuleExpression:
    """An array; the items may be none."""
    inside = () if items is None else (items,)
    return Sequence((layout.open_array, *inside, layout.close_array))


def counted(
    compiler: Compiler, start: State, steps: Callable[[State], Steps], comma: Terminal | None = None
) -> RuleExpression | None:
    """A sequence of items with commas between them, of which an automaton says what may come next.

    Args:
        compiler: that gets a rule for each state.
        start: the state before any item.
        steps: what may come in a state.
        comma: between the items; if not given, that of the layout.

    Returns:
        None if no way through the automaton ends.

    Raises:
        TooManySteps: The automaton has too many states.
    """
    comma = compiler.layout.comma if comma is None else comma
    ways: dict[State, Steps] = {start: steps(start)}
    todo = [start]
    total = len(ways[start][1])
    before: dict[State, list[State]] = {}
    while todo:
        state = todo.pop()
        for _, after in ways[state][1]:
            before.setdefault(after, []).append(state)
            if after not in ways:
                if len(ways) > MOST_STATES or total > _MOST_ITEMS:
                    raise TooManySteps
                ways[after] = steps(after)
                total += len(ways[after][1])
                todo.append(after)
    todo = [state for state, (ends, _) in ways.items() if ends]
    live = set(todo)
    while todo:
        found = [state for state in before.get(todo.pop(), ()) if state not in live]
        live.update(found)
        todo += found
    if start not in live:
        return None
    names = {}
    for state in before:
        if state in live:
            names[state] = compiler.new_name("counted")
            compiler.parts.add(names[state])
    first: list[RuleExpression] = []
    for state, (ends, items) in ways.items():
        if state not in live:
            continue
        items = [(item, after) for item, after in items if after in live]
        if state == start:
            first = [Sequence((item, Reference(names[after]))) for item, after in items]
            if ends:
                first.append(Sequence(()))
        if state in names:
            options: list[RuleExpression] = [
                Sequence((comma, item, Reference(names[after]))) for item, after in items
            ]
            if ends:
                options.append(Sequence(()))
            compiler.rules[names[state]] = Choice(tuple(options))
    return Choice(tuple(first))
