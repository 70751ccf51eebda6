"""Scalars, commas and colons: how each kind of token extends a hypothesis; `STEPS` has the table.

A step takes a token in one hypothesis. Those that took it go to `done`; it returns those that have yet to take it,
such as a fork in which something else was missing before the token.
"""

from __future__ import annotations

from collections.abc import Callable

from structgen.repairing import costs, scalars
from structgen.repairing.bracket_search.brackets import closing, opening
from structgen.repairing.bracket_search.hypothesis import SCALARS, Hypothesis, State
from structgen.repairing.bracket_search.misplaced import other_places
from structgen.repairing.bracket_search.moves import (
    after_value,
    as_array,
    close_missing,
    drop_key,
    lose,
    open_missing,
    take_back_closer,
    view_here,
    wrap_in_array,
)
from structgen.repairing.bracket_search.source import Source
from structgen.repairing.edits import Grade
from structgen.repairing.tree import Token

Step = Callable[[Source, Hypothesis, Token, int, "list[Hypothesis]"], "list[Hypothesis]"]


def _comma(
    source: Source, h: Hypothesis, token: Token, index: int, done: list[Hypothesis]
) -> list[Hypothesis]:
    state = h.state
    if state == "after member" or state == "after item":
        h.state = "key" if state == "after member" else "item"
        if h.closed is not None or h.last:
            h.after_close = True
    elif state == "done":
        return after_value(source, h, token, done)
    elif state == "colon" or state == "member":
        drop_key(h)
        h.state = "key"
    else:
        h.edit(costs.COMMA, "comma", token[1], token[2], "lossless", "a comma with nothing before it")
    done.append(h)
    return []


def _colon(
    source: Source, h: Hypothesis, token: Token, index: int, done: list[Hypothesis]
) -> list[Hypothesis]:
    if h.state == "done":
        return after_value(source, h, token, done)
    if h.state == "colon":
        h.state = "member"
    else:
        cost = costs.COLON_TWICE if h.state == "member" else costs.SURPLUS
        h.edit(cost, "colon", token[1], token[2], "lossless", "a surplus colon")
    done.append(h)
    return []


def _scalar(
    source: Source, h: Hypothesis, token: Token, index: int, done: list[Hypothesis]
) -> list[Hypothesis]:
    if token[0] == "r" and h.state not in ("item", "first item", "after item"):
        reason = "several values are read as an array"
        h.edit(costs.RUN_AS_ONE, "bracket", token[1], token[2], "guessed", reason)
    return _BY_STATE[h.state](source, h, token, index, done)


def _is_key(source: Source, token: Token, index: int) -> bool:
    return source.kind_at(index + 1) == ":" and token[0] not in "vr"


def _at_start(
    source: Source, h: Hypothesis, token: Token, index: int, done: list[Hypothesis]
) -> list[Hypothesis]:
    if _is_key(source, token, index):
        return [open_missing(source, h, "{", token[1])]
    return _value(source, h, token, index, done)


def _as_item(
    source: Source, h: Hypothesis, token: Token, index: int, done: list[Hypothesis]
) -> list[Hypothesis]:
    if not _is_key(source, token, index):
        return _value(source, h, token, index, done)
    after_comma = h.state == "item"
    ways = []
    if h.bracket is not None and h.bracket.parent is not None:
        end = source.end_before(index)
        ways.append(close_missing(h.fork(), end, "key" if after_comma else "after member"))
    ways.append(open_missing(source, h.fork(), "{", token[1]))
    if h.closed is not None and h.closed.kind == "{":
        ways.append(take_back_closer(h.fork(), token[1], "key" if after_comma else "after member"))
    return ways


def _as_member(
    source: Source, h: Hypothesis, token: Token, index: int, done: list[Hypothesis]
) -> list[Hypothesis]:
    # A colon after the value is surplus if nothing follows that could be its value.
    if _is_key(source, token, index) and source.kind_at(index + 2) not in (",", "}", "]"):
        lost = drop_key(h.fork())
        lost.state = "key"
        lost.edit(costs.COMMA, "comma", token[1], token[1], "lossless", "a comma is missing")
        return [open_missing(source, h.fork(), "{", token[1]), lost]
    return _value(source, h, token, index, done)


def _without_comma(
    source: Source, h: Hypothesis, token: Token, index: int, done: list[Hypothesis]
) -> list[Hypothesis]:
    end = source.end_before(index)
    is_item = h.state == "after item"
    is_sure = not (is_item and (_is_text(token) or (index > 0 and _is_text(source.tokens[index - 1]))))
    grade: Grade = "lossless" if is_sure else "guessed"  # lines of one text, perhaps
    other = h.fork().edit(costs.COMMA, "comma", end, token[1], grade, "a comma is missing")
    other.state = "item" if is_item else "key"
    return [other]


def _is_text(token: Token) -> bool:
    """Returns True for words without quotes that mean nothing but text."""
    return token[0] == "b" and scalars.strict(token[3]) is scalars.MISSING and scalars.bare(token[3]) is None


def _without_colon(
    source: Source, h: Hypothesis, token: Token, index: int, done: list[Hypothesis]
) -> list[Hypothesis]:
    other = h.fork().edit(costs.COLON, "colon", token[1], token[1], "lossless", "a colon is missing")
    other.state = "member"
    return [other]


def _after_end(
    source: Source, h: Hypothesis, token: Token, index: int, done: list[Hypothesis]
) -> list[Hypothesis]:
    return after_value(source, h, token, done)


def _value(
    source: Source, h: Hypothesis, token: Token, index: int, done: list[Hypothesis]
) -> list[Hypothesis]:
    """Take a scalar, or a whole container, as a value."""
    ways = []
    if token[0] == "r":
        h.count += len(token[3]) - 1
    elif h.state != "start":
        ways = _against_type(source, h, token, index)
    h.note("value", token)
    h.closed, h.last = None, ""
    if token[0] == "v":
        h.last, h.inner = "[" if isinstance(token[3], list) else "{", len(token[3])
    h.count += 1
    h.state = _AFTER[h.state]
    done.append(h)
    return ways


def _against_type(source: Source, h: Hypothesis, token: Token, index: int) -> list[Hypothesis]:
    """Add to `h` what the type of a value says against it; returns forks in which an array is missing around it."""
    view = view_here(source, h)
    if view is None:
        return []
    kinds, ways = view.types, []
    if token[0] == "v":
        if ("array" if isinstance(token[3], list) else "object") not in kinds:
            h.cost += costs.MISFIT
    elif kinds and not kinds & SCALARS:
        if "array" in kinds and source.kind_at(index + 1) in ("", ",", "]"):
            ways.append(open_missing(source, h.fork(), "[", token[1]))
        h.cost += costs.MISFIT_IN_LIST
    return ways


def _as_key(
    source: Source, h: Hypothesis, token: Token, index: int, done: list[Hypothesis]
) -> list[Hypothesis]:
    """Take a key; or drop it, if it has no value."""
    bracket, start = h.bracket, token[1]
    assert bracket is not None
    if token[0] not in "vr" and source.kind_at(index + 1) not in (",", "}", "]"):
        ways = other_places(source, h, token, index)
        h.key = token
        h.note("key", token)
        h.closed = None
        h.state = "colon"
        done.append(h)
        return ways
    ways = []
    if h.count:
        ways.append(wrap_in_array(source, h.fork(), start))
    elif h.state == "first key":
        ways.append(as_array(h.fork(), start))
    if bracket.parent is not None and bracket.parent.kind == "[":
        ways.append(close_missing(h.fork(), start, "item" if h.state == "key" else "after item"))
    lost = lose(h.fork(), token)
    lost.state = "after member"
    done.append(lost)
    return ways


_BY_STATE: dict[State, Step] = {
    "start": _at_start,
    "first key": _as_key,
    "key": _as_key,
    "colon": _without_colon,
    "member": _as_member,
    "after member": _without_comma,
    "first item": _as_item,
    "item": _as_item,
    "after item": _without_comma,
    "done": _after_end,
}
_AFTER: dict[State, State] = {
    "start": "done",
    "first item": "after item",
    "item": "after item",
    "member": "after member",
}
STEPS: dict[str, Step] = {
    ",": _comma,
    ":": _colon,
    "{": opening,
    "[": opening,
    "}": closing,
    "]": closing,
    "s": _scalar,
    "b": _scalar,
    "v": _scalar,
    "r": _scalar,
}
"""The step of each kind of token."""
