"""Opening and closing brackets: how they extend a hypothesis.

A step takes a token in one hypothesis. Those that took it go to `done`; it returns those that have yet to take it,
such as a fork in which something else was missing before the token.
"""

from __future__ import annotations

from structgen.repairing import costs
from structgen.repairing.bracket_search.hypothesis import (
    CLOSER_OF,
    OPENER_OF,
    TYPE_OF,
    Hypothesis,
    OpenBracket,
)
from structgen.repairing.bracket_search.moves import (
    after_value,
    as_array,
    close_missing,
    drop_bracket,
    drop_key,
    drop_trailing_comma,
    open_missing,
    pop,
    push,
    view_here,
    wrap_in_array,
)
from structgen.repairing.bracket_search.source import Source
from structgen.repairing.edits import Grade
from structgen.repairing.tree import Token

_OUTER = 6
"""How many brackets are closed at most to find the one that a closing bracket belongs to."""


def opening(
    source: Source, h: Hypothesis, token: Token, index: int, done: list[Hypothesis]
) -> list[Hypothesis]:
    """Take `{` or `[`."""
    state, start = h.state, token[1]
    if state in ("member", "item", "first item", "start"):
        return _open(source, h, token, done)
    if state == "colon":
        h.edit(costs.COLON, "colon", start, start, "lossless", "a colon is missing")
        h.state = "member"
        return [h]
    if state in ("after member", "after item"):
        h.edit(costs.COMMA, "comma", start, start, "lossless", "a comma is missing")
        h.state = "key" if state == "after member" else "item"
        return [h]
    if state in ("key", "first key"):
        return _open_for_key(source, h, token, done)
    return after_value(source, h, token, done)


def _open(source: Source, h: Hypothesis, token: Token, done: list[Hypothesis]) -> list[Hypothesis]:
    """A container where a value comes."""
    kind, start = token[0], token[1]
    view = view_here(source, h)
    ways: list[Hypothesis] = []
    if view is not None and TYPE_OF[kind] not in view.types:
        done.append(drop_bracket(h.fork(), token, costs.SURPLUS_OPENING_MISFIT))
        if h.count and _parent_kind(h.bracket) == "[":
            ways.append(close_missing(h.fork(), start, "item" if h.state == "item" else "after item"))
        if kind == "{" and "array" in view.types:
            ways.append(open_missing(source, h.fork(), "[", start))
        h.cost += costs.MISFIT
    push(source, h, kind, view, start)
    h.note("open", (kind, start))
    done.append(h)
    return ways


def _open_for_key(source: Source, h: Hypothesis, token: Token, done: list[Hypothesis]) -> list[Hypothesis]:
    """A container where a key comes."""
    start = token[1]
    ways: list[Hypothesis] = []
    done.append(drop_bracket(h.fork(), token))
    if h.count and _parent_kind(h.bracket) == "[":
        ways.append(close_missing(h.fork(), start, "item" if h.state == "key" else "after item"))
    ways.append(wrap_in_array(source, h.fork(), start) if h.count else as_array(h.fork(), start))
    return ways


def _parent_kind(bracket: OpenBracket | None) -> str:
    return "" if bracket is None or bracket.parent is None else bracket.parent.kind


def closing(
    source: Source, h: Hypothesis, token: Token, index: int, done: list[Hypothesis]
) -> list[Hypothesis]:
    """Take `}` or `]`."""
    kind, start = token[0], token[1]
    if h.bracket is None:
        grade: Grade = "guessed" if h.after_close and h.state != "start" else "lossless"
        h.edit(costs.SURPLUS, "bracket", start, token[2], grade, f'a surplus "{kind}"')
        done.append(h)
        return []
    ways: list[Hypothesis] = []
    if h.state == "member" and _is_wanted(source, h, kind):
        ways.append(open_missing(source, h.fork(), OPENER_OF[kind], start))
    if h.bracket.kind == OPENER_OF[kind]:
        return ways + _close(source, h, h.bracket, token, done)
    return ways + _close_another(source, h, h.bracket, token, done)


def _is_wanted(source: Source, h: Hypothesis, kind: str) -> bool:
    view = view_here(source, h)
    return view is None or TYPE_OF[kind] in view.types


def _close(
    source: Source, h: Hypothesis, bracket: OpenBracket, token: Token, done: list[Hypothesis]
) -> list[Hypothesis]:
    """The closing bracket of the innermost container; by its indentation perhaps that of the one around it."""
    start, ways = token[1], []
    if _is_of_parent(bracket, source.column(start)):
        ways.append(close_missing(h.fork(), start, None))
        h.cost += costs.ODD_LAYOUT
    if h.state in ("colon", "member"):
        drop_key(h)
    elif h.state in ("key", "item"):
        drop_trailing_comma(h, start)
    pop(h)
    h.note("close", token[2])
    done.append(h)
    return ways


def _is_of_parent(bracket: OpenBracket, column: int | None) -> bool:
    parent = bracket.parent
    return (
        parent is not None
        and column is not None
        and bracket.column is not None
        and bracket.column > column == parent.column
        and parent.kind == bracket.kind
    )


def _has_outer(bracket: OpenBracket, opener: str) -> bool:
    """Returns True if a bracket of a kind is open not far outside of another one."""
    above = bracket.parent
    while above is not None and above.kind != opener and bracket.depth - above.depth < _OUTER:
        above = above.parent
    return above is not None and above.kind == opener


def _close_another(
    source: Source, h: Hypothesis, bracket: OpenBracket, token: Token, done: list[Hypothesis]
) -> list[Hypothesis]:
    """Another bracket is open: this one closes an outer one, lacks its opening one, is surplus, or is misspelt."""
    kind, start = token[0], token[1]
    ways: list[Hypothesis] = []
    if _has_outer(bracket, OPENER_OF[kind]):
        ways.append(close_missing(h.fork(), start, None))
    if kind == "]" and h.state == "after member" and h.count:
        wrapped = wrap_in_array(source, h.fork(), start)
        wrapped.state = "after item"
        wrapped.cost += costs.LIST_CLOSED
        ways.append(wrapped)
    done.append(drop_bracket(h.fork(), token))
    if h.state in ("colon", "member"):
        drop_key(h)
    reason = f'"{kind}" stands for "{CLOSER_OF[bracket.kind]}"'
    grade: Grade = "lossless" if bracket.parent is None else "guessed"
    h.edit(costs.SUBSTITUTED, "bracket", start, token[2], grade, reason)
    pop(h)
    h.note("close", token[2])
    done.append(h)
    return ways
