"""What names and indentation say against the place of a key, and where else it may belong."""

from __future__ import annotations

from collections.abc import Iterator

from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing import costs
from structgen.repairing.bracket_search.hypothesis import SCALARS, TYPE_OF, Hypothesis, OpenBracket
from structgen.repairing.bracket_search.moves import close_missing, open_missing, take_back_closer
from structgen.repairing.bracket_search.source import Source
from structgen.repairing.tree import Token

_OUTER = 8
"""How many brackets are closed at most to find another place for a key."""


def other_places(source: Source, h: Hypothesis, token: Token, index: int) -> list[Hypothesis]:
    """Returns forks in which a key stands elsewhere, and adds to `h` what speaks against its place."""
    bracket, name = h.bracket, token[3]
    assert bracket is not None
    column = source.column(token[1])
    is_odd = column is not None and h.key_column is not None and column != h.key_column
    if h.key_column is None and column is not None:
        h.key_column = column
    is_misfit = bracket.view is not None and _has_misfit(source, bracket.view, name, index)
    is_alien = is_misfit or (bracket.view is not None and _is_stranger(bracket, bracket.view, name))
    ways = _repeated(source, h, bracket, token)
    if not is_odd and not is_alien:
        return ways
    if h.state == "key":
        ways += _outer(h, token, column if is_odd else None, is_alien=is_alien)
        ways += _inner(h, token, is_odd=is_odd, is_alien=is_alien)
    if is_alien and bracket.view is not None:
        # Where others are allowed, a name that nothing declares says nothing, however many records have it.
        if bracket.view.is_closed:
            h.cost += costs.UNKNOWN_NAME_IN_CLOSED
        elif is_misfit or _has_home(h, name):
            h.cost += costs.UNKNOWN_NAME
    if is_odd:
        h.cost += costs.ODD_LAYOUT
    return ways


def _repeated(source: Source, h: Hypothesis, bracket: OpenBracket, token: Token) -> list[Hypothesis]:
    """The first key of an object comes again: in an array a new object begins, both brackets were lost together."""
    name, ways = token[3], []
    if not h.count:
        h.first = name
    elif name == h.first:
        if h.state == "key" and bracket.parent is not None and bracket.parent.kind == "[":
            closed = close_missing(h.fork(), token[1], "item")
            ways.append(open_missing(source, closed, "{", token[1]))
            ways[-1].cost += costs.BOTH_BRACKETS
        h.cost += costs.REPEATED_FIRST_NAME
    return ways


def _outer(h: Hypothesis, token: Token, column: int | None, *, is_alien: bool) -> Iterator[Hypothesis]:
    """Forks in which the key belongs to an object around this one: by its name, else by its indentation."""
    assert h.bracket is not None
    above, levels = h.bracket.parent, 1
    while above is not None and levels < _OUTER:
        fits_name = not is_alien or (above.view is not None and above.view.declares(token[3]))
        fits_column = column is None or column <= (h.key_column or 0)
        if above.kind == "{" and fits_name and fits_column:
            other = h.fork()
            for _ in range(levels):
                other = close_missing(other, token[1], "key")
            yield other
            if is_alien:
                break
        above, levels = above.parent, levels + 1


def _inner(h: Hypothesis, token: Token, *, is_odd: bool, is_alien: bool) -> Iterator[Hypothesis]:
    """The fork in which the key belongs to the object that was closed just before."""
    inner = h.closed
    if inner is None or inner.kind != "{":
        return
    if is_alien and (inner.view is None or not inner.view.declares(token[3])):
        return
    if is_alien or is_odd:
        yield take_back_closer(h.fork(), token[1], "key")


def _has_misfit(source: Source, view: SchemaView, name: str, index: int) -> bool:
    """Returns True if the schema says that a property does not belong here, by the type of its value."""
    return source.kind_at(index + 1) == ":" and _is_misfit(view, name, source.kind_at(index + 2))


def _is_stranger(bracket: OpenBracket, view: SchemaView, name: str) -> bool:
    """Returns True if the schema says that a property does not belong here, by its name."""
    if view.declares(name):
        return False
    above = None if bracket.parent is None else bracket.parent.view
    return bool(view.properties) or (not view.is_never and above is not None and above.declares(name))


def _has_home(h: Hypothesis, name: str) -> bool:
    """Returns True if an object around this one, or the one before it, declares a property."""
    around, levels = h.closed or h.bracket, 0
    while around is not None and levels <= _OUTER:
        if around.view is not None and around.kind == "{" and around.view.declares(name):
            return True
        around, levels = around.parent, levels + 1
    return False


def _is_misfit(view: SchemaView, name: str, kind: str) -> bool:
    """Returns True if a value that begins with such a token has no type that the schema wants under this name."""
    if not kind or kind not in "{[sb":
        return False
    wanted = view.property(name).types
    may_be = frozenset((TYPE_OF[kind],)) if kind in TYPE_OF else SCALARS
    return bool(wanted) and not wanted & may_be
