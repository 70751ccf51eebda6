"""What objects and arrays have in common: any JSON value, and sequences that are counted as they are read."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.style import Style
from structgen.frontends.json_schema.values import BOOLEAN_TERMINAL
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
def any_rules(style: Style) -> dict[str, RuleExpression]:
    """The rules of any value that the format can write."""
    form = style.format
    pair = form.pair(strings.any_name(form.spelling), Reference("any"))
    item = form.item(Reference("any"))
    null = () if form.null is None else (form.null,)
    return {
        "any": Choice((style.string, style.number, BOOLEAN_TERMINAL, *null, ANY_OBJECT, ANY_ARRAY)),
        "any object": form.object(Sequence((Repetition(pair),), form.separator)),
        "any array": form.array(Sequence((Repetition(item),), form.separator)),
    }


def counted(
    compiler: Compiler, start: State, steps: Callable[[State], Steps], comma: Terminal | None = None
) -> RuleExpression | None:
    """A sequence of items with commas between them, of which an automaton says what may come next.

    Args:
        compiler: that gets a rule for each state.
        start: the state before any item.
        steps: what may come in a state.
        comma: between the items; if not given, that of the format.

    Returns:
        None if no way through the automaton ends.

    Raises:
        TooManySteps: The automaton has too many states.
    """
    comma = compiler.style.format.separator if comma is None else comma
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
