"""How many texts an expression denotes: enough to know whether anybody can run out of them.

    count_texts(expression)   the number; None: more than anybody writes; raises Uncounted where it takes too long
    all_texts(expression)     the texts, if they are few
    has_many_short(expression, needed, longer)

What is plain to see is seen (a list of literals, a repetition without end); else derivatives are followed over classes
of characters until all are known, within bounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from structgen.grammar.expressions import (
    EMPTY,
    CharSet,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
)
from structgen.language.derivatives import Ranges, denotes_empty_text, derivative, derivatives, is_possible

MANY = 1_000_000
"""Texts that nobody writes all of."""

_MOST_LISTED = 2_000
_NODES, _STATES, _STEPS = 1_000, 500, 5_000
_REPEATED = 64
_LENGTH, _WIDTH = 100, 100


class Uncounted(Exception):
    """It takes too long to count the texts of an expression."""


def count_texts(expression: Expression) -> int | None:
    """The number of texts; None if there are more than `MANY`.

    Raises:
        Uncounted: It takes too long to find.
    """
    listed = list_texts(expression)
    if listed is not None:
        return len(listed)
    if _many(expression):
        return None
    if _is_large(expression):
        raise Uncounted
    if any(_goes_on_with(expression, char) for char in "x0"):
        return None
    following = _automaton(expression)
    live = _live(following)
    counts: dict[Expression, int] = {}
    open_states: set[Expression] = set()
    stack = [expression] if expression in live else []
    while stack:  # a state is counted when all that follow it are; one that follows itself is endless
        state = stack[-1]
        open_states.add(state)
        waiting = [rest for _, rest in following[state] if rest in live and rest not in counts]
        if any(rest in open_states for rest in waiting):
            return None
        if waiting:
            stack.append(waiting[0])
            continue
        stack.pop()
        open_states.discard(state)
        counts[state] = denotes_empty_text(state) + sum(
            _size(ranges) * counts[rest] for ranges, rest in following[state] if rest in live
        )
    found = counts.get(expression, 0)
    return found if found <= MANY else None


def all_texts(expression: Expression) -> list[str] | None:
    """The texts, each once, if they are few; None if they are not, or it takes too long to find them."""
    try:
        count = count_texts(expression)
        listed = list_texts(expression)
        if listed is not None or count is None or count > _MOST_LISTED:
            return listed
        following = _automaton(expression)
    except Uncounted:
        return None
    return list(_texts_from(expression, following))


def _texts_from(
    start: Expression, following: dict[Expression, list[tuple[Ranges, Expression]]]
) -> Iterator[str]:
    """Yields the texts of an automaton without loops."""
    live = _live(following)
    todo = [("", start)] if start in live else []
    while todo:
        text, state = todo.pop()
        if denotes_empty_text(state):
            yield text
        for ranges, rest in following[state]:
            if rest in live:
                codes = [code for first, last in ranges for code in range(first, last + 1)]
                todo += [(text + chr(code), rest) for code in codes]


def list_texts(expression: Expression) -> list[str] | None:
    """The texts, each once, if that is plain to see and they are few; else None."""
    if isinstance(expression, Literal):
        return [expression.text]
    if isinstance(expression, Union):
        found: dict[str, None] = {}
        for part in expression.parts:
            texts = list_texts(part)
            if texts is None or len(found) > _MOST_LISTED:
                return None
            found.update(dict.fromkeys(texts))
        return list(found) if len(found) <= _MOST_LISTED else None
    if isinstance(expression, CharSet):
        if _size(expression.ranges) > 64:
            return None
        return [chr(code) for first, last in expression.ranges for code in range(first, last + 1)]
    if isinstance(expression, Concat):
        whole = [""]
        for part in expression.parts:
            texts = list_texts(part)
            if texts is None or len(whole) * len(texts) > _MOST_LISTED:
                return None
            whole = [begun + text for begun in whole for text in texts]
        return list(dict.fromkeys(whole))
    return None


def _many(expression: Expression) -> bool:
    """Returns True if it is plain to see that there are more than `MANY` texts."""
    if isinstance(expression, Repeat):
        most = expression.max
        letters = _single_characters(expression.part)
        if most is None:
            return _possible(expression.part) and expression.part != Literal("")
        return letters > 1 and letters ** min(most, 64) > MANY
    if isinstance(expression, Concat):
        return all(map(_possible, expression.parts)) and any(map(_many, expression.parts))
    if isinstance(expression, Union):
        return any(map(_many, expression.parts))
    if isinstance(expression, Intersection):
        inside = [part for part in expression.parts if not isinstance(part, Complement)]
        outside = [part.part for part in expression.parts if isinstance(part, Complement)]
        return len(inside) == 1 and _many(inside[0]) and all(list_texts(one) is not None for one in outside)
    return False


def _goes_on_with(expression: Expression, char: str) -> bool:
    """Returns True if a character can come again and again, after what must come first, and a text end after it."""
    state, seen = expression, set[Expression]()
    for _ in range(_REPEATED):
        if state in seen:
            return is_possible(state)
        if _is_large(state):
            return False
        rest = derivative(state, char)
        if rest == EMPTY:
            ways = [rest for _, rest in derivatives(state) if rest != EMPTY]
            if len(ways) != 1:
                return False
            rest = ways[0]
        else:
            seen.add(state)
        state = rest
    return False


def _possible(expression: Expression) -> bool:
    """Returns True if it is plain to see that there is a text."""
    if isinstance(expression, Concat):
        return all(map(_possible, expression.parts))
    if isinstance(expression, Union):
        return any(map(_possible, expression.parts))
    if isinstance(expression, Repeat):
        return expression.min == 0 or _possible(expression.part)
    return isinstance(expression, Literal) or (isinstance(expression, CharSet) and bool(expression.ranges))


def _single_characters(expression: Expression) -> int:
    """How many texts of one character there are at least."""
    if isinstance(expression, CharSet):
        return _size(expression.ranges)
    if isinstance(expression, Union):
        return max(map(_single_characters, expression.parts), default=0)
    return 0


def _size(ranges: Ranges) -> int:
    return sum(last - first + 1 for first, last in ranges)


def _is_large(expression: Expression) -> bool:
    return _nodes(expression) >= _NODES


@lru_cache(maxsize=100_000)
def _nodes(expression: Expression) -> int:
    """How many nodes there are. Derivatives have most of theirs in common, so each is counted once."""
    if isinstance(expression, (Concat, Union, Intersection)):
        return 1 + sum(map(_nodes, expression.parts))
    return 1 + _nodes(expression.part) if isinstance(expression, (Complement, Repeat)) else 1


def _automaton(expression: Expression) -> dict[Expression, list[tuple[Ranges, Expression]]]:
    """The derivatives of each derivative, and after which characters they are reached."""
    following: dict[Expression, list[tuple[Ranges, Expression]]] = {}
    todo, steps = [expression], 0
    while todo:
        state = todo.pop()
        if state in following:
            continue
        if len(following) >= _STATES or _is_large(state):
            raise Uncounted
        ways = following[state] = [(ranges, rest) for ranges, rest in derivatives(state) if rest != EMPTY]
        steps += len(ways)
        if steps > _STEPS:
            raise Uncounted
        todo += [rest for _, rest in ways]
    return following


def _live(following: dict[Expression, list[tuple[Ranges, Expression]]]) -> set[Expression]:
    """The states from which a text can end."""
    before: dict[Expression, list[Expression]] = {}
    for state, ways in following.items():
        for _, rest in ways:
            before.setdefault(rest, []).append(state)
    live = {state for state in following if denotes_empty_text(state)}
    todo = list(live)
    while todo:
        for state in before.get(todo.pop(), ()):
            if state not in live:
                live.add(state)
                todo.append(state)
    return live


def has_many_short(expression: Expression, needed: int, longer: int) -> bool:
    """Returns True if so many texts are at most some characters longer than the shortest. False also means unknown."""
    states: dict[Expression, int] = {expression: 1}  # by how many ways each is reached
    found, shortest = 0, None
    for length in range(_LENGTH):
        found += sum(ways for state, ways in states.items() if denotes_empty_text(state))
        if found >= needed:
            return True
        shortest = length if found and shortest is None else shortest
        if shortest is not None and length >= shortest + longer:
            return False
        following: dict[Expression, int] = {}
        for state, ways in states.items():
            if _is_large(state):
                return False
            for ranges, rest in derivatives(state):
                if rest != EMPTY:
                    following[rest] = min(following.get(rest, 0) + ways * _size(ranges), MANY)
        if len(following) > _WIDTH:
            return False
        states = following
    return False
