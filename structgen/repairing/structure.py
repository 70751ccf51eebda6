"""Brackets: tokens to a tree, by the cheapest reading.

A machine reads the tokens and builds a value. Where a token cannot come next, the machine forks: a bracket, comma or
colon may be missing before it, it may be surplus, it may stand for another. Each way costs something, and the
readings go on side by side until they come to the same state, where the cheaper one stays, or to the end. What a
wrong reading leads to (members that no schema knows there, indentation that contradicts it, more errors) costs
too, so that a mistake may show itself later than its cause. At most `WIDTH` readings are kept, so time is linear.

Two cheapest readings of the same cost are reported (`Tree.rival`): the text is then ambiguous.

The guide (guide.py) only adds costs; without one every member is as good as any other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from structgen.errors import LimitExceeded
from structgen.repairing.edits import Edit
from structgen.repairing.guide import Guide
from structgen.repairing.lexer import Token

WIDTH = 12
"""Readings that go on side by side."""
HOPELESS = 25.0
"""From this cost on just one reading goes on: the text is hardly JSON, and not worth the time."""
OTHERS = 4
"""Dearer readings that are handed out, for a schema to choose from."""
SLACK = 3.0
"""How much dearer than the cheapest a reading may be."""

CLOSE, OPEN, SURPLUS, SUBSTITUTE, COMMA, COLON = 1.0, 1.1, 1.0, 1.1, 0.5, 0.6
LOST_KEY, LOST_TOKEN, MISFIT, ODD_LAYOUT = 1.5, 2.5, 0.8, 0.6
UNKNOWN, UNKNOWN_IN_CLOSED, AGAIN = 0.4, 1.0, 1.2

_WRAPPED = -1
"""In place of the column of an array around values in a row, both of whose brackets are missing."""

_OF = {"}": "{", "]": "["}
_CLOSER = {"{": "}", "[": "]"}


class Node:
    """A value in the text: kind `{`, `[`, `s`, `b` or `v` as of tokens. Its value: (key token, node) pairs, nodes, or
    what the token has."""

    __slots__ = ("end", "kind", "start", "value")

    def __init__(self, kind: str, start: int, end: int, value: Any) -> None:
        self.kind, self.start, self.end, self.value = kind, start, end, value


@dataclass(slots=True)
class Tree:
    """What the tokens mean.

    Attributes:
        node: the value; None if there is none.
        edits: what had to be changed.
        cost: what that costs.
        rival: the edits of another reading of the same cost, if there is one.
        others: dearer readings, the cheapest first; only if there is a guide.
        cut: whether the text ends before all brackets are closed.
    """

    node: Node | None
    edits: list[Edit] = field(default_factory=list)
    cost: float = 0.0
    rival: list[Edit] | None = None
    others: list[Tree] = field(default_factory=list)
    cut: bool = False


class _Frame:
    """An open bracket. Immutable, so that readings can share it."""

    __slots__ = ("column", "count", "depth", "first", "guide", "key", "key_column", "kind", "parent", "sign")

    def __init__(self, outer: _Reading, parent: _Frame | None, kind: str, guide: Guide | None, count: int, column: int | None) -> None:
        self.parent = parent
        self.kind = kind
        self.guide = guide
        self.count = count  # members that the parent has so far
        self.first = outer.first  # of the parent, to go on with when this is closed
        self.key = outer.key
        self.key_column = outer.key_column
        self.column = column  # the indentation of the line on which it was opened
        self.depth: int = 1 if parent is None else parent.depth + 1
        self.sign: int = hash((0 if parent is None else parent.sign, kind, id(guide)))


class _Reading:
    __slots__ = ("after_close", "closed", "cost", "count", "events", "first", "frame", "inner", "inner_first", "key", "key_column", "state")

    def __init__(self) -> None:
        self.cost = 0.0
        self.frame: _Frame | None = None
        self.state = "t"  # t: top  k0, k: a key  c: a colon  v: a value  n: after a member  i0, i: an item  m: after one  d: done
        self.count = 0
        self.events: Any = None
        self.key: Token | None = None
        self.closed: _Frame | None = None  # the container that was closed just before, while that matters
        self.inner = 0  # how many members that had
        self.inner_first: str | None = None  # and the first of their keys
        self.after_close = False
        self.key_column: int | None = None  # of the first key of the open object that stands first on its line
        self.first: str | None = None  # the first key of the open object

    def fork(self) -> _Reading:
        other = _Reading.__new__(_Reading)
        other.cost, other.frame, other.state, other.count = self.cost, self.frame, self.state, self.count
        other.events, other.key, other.closed = self.events, self.key, self.closed
        other.after_close, other.key_column, other.first = self.after_close, self.key_column, self.first
        other.inner, other.inner_first = self.inner, self.inner_first
        return other

    def say(self, what: str, data: Any = None) -> None:
        self.events = (self.events, what, data)

    def edit(self, cost: float, kind: str, start: int, end: int, grade: Any, reason: str) -> _Reading:
        self.cost += cost
        self.events = (self.events, "edit", (kind, start, end, grade, reason))
        return self


class Structure:
    """The machine."""

    def __init__(self, text: str, tokens: list[Token], guide: Guide | None, *, nesting: int) -> None:
        self.text = text
        self.tokens = tokens
        self.guide = guide
        self.nesting = nesting
        self._kept: list[Any] = []

    def read(self) -> Tree:
        """The cheapest reading of all tokens.

        Raises:
            LimitExceeded: Brackets nest deeper than allowed.
        """
        readings = [_Reading()]
        tied: dict[int, Any] = {}
        step = self._step
        for index in range(len(self.tokens)):
            if len(readings) == 1:
                readings = step(readings[0], index)
                if len(readings) == 1:
                    continue
            else:
                readings = [after for reading in readings for after in step(reading, index)]
            if len(readings) > 1:
                readings = self._pruned(readings, tied)
        for reading in readings:
            self._finish(reading)
        best = min(readings, key=lambda reading: reading.cost)
        tree = self._build(best)
        for other in readings:
            if other is not best and other.cost < best.cost + 1e-6:
                rival = self._build(other)
                if not _same(tree.node, rival.node):
                    tree.rival = rival.edits
                    break
        if self.guide is not None and len(readings) > 1:
            dearer = sorted((r for r in readings if r is not best), key=lambda reading: reading.cost)
            tree.others = [other for other in map(self._build, dearer[:OTHERS]) if not _same(tree.node, other.node)]
        if tree.rival is None and tied:
            self._find_rival(best, tree, tied)
        return tree

    def _find_rival(self, best: _Reading, tree: Tree, tied: dict[int, Any]) -> None:
        """Where the best reading met another of the same cost on its way, what that would have given."""
        later = []
        events = best.events
        while events is not None:
            if id(events) in tied:
                other = best.fork()
                other.events = tied[id(events)]
                for event in reversed(later):
                    other.events = (other.events, event[1], event[2])
                rival = self._build(other)
                if not _same(tree.node, rival.node):
                    tree.rival = rival.edits
                    return
            later.append(events)
            events = events[0]

    def _pruned(self, readings: list[_Reading], tied: dict[int, Any]) -> list[_Reading]:
        readings.sort(key=lambda reading: reading.cost)
        if readings[0].cost > HOPELESS:
            return readings[:1]
        limit = readings[0].cost + SLACK
        kept: dict[tuple[int, str], _Reading] = {}
        for reading in readings:
            if reading.cost > limit or len(kept) >= WIDTH:
                break
            key = (0 if reading.frame is None else reading.frame.sign, reading.state)
            known = kept.get(key)
            if known is None:
                kept[key] = reading
            elif reading.cost < known.cost + 1e-6 and known.events is not reading.events:
                tied[id(known.events)] = reading.events
                self._kept.append(known.events)  # so that its id stays its own
        return list(kept.values())

    # One token

    def _step(self, reading: _Reading, index: int) -> list[_Reading]:
        """The readings after a token."""
        done: list[_Reading] = []
        waiting = [(reading, 0)]
        limit = reading.cost + SLACK
        while waiting:
            current, forks = waiting.pop()
            if current.cost > limit or forks > 6:
                continue
            for other in self._take(current, index, done):
                waiting.append((other, forks + 1))
        return done

    def _take(self, r: _Reading, index: int, done: list[_Reading]) -> list[_Reading]:
        """Take a token in one reading: those that took it go to `done`; those that have yet to take it come back."""
        token = self.tokens[index]
        kind = token[0]
        if kind == ",":
            return self._comma(r, token, done)
        if kind == ":":
            return self._colon(r, token, done)
        if kind == "}" or kind == "]":
            return self._closer(r, token, done)
        if kind == "{" or kind == "[":
            return self._opener(r, token, index, done)
        return self._scalar(r, token, index, done)

    def _next(self, index: int) -> str:
        return self.tokens[index + 1][0] if index + 1 < len(self.tokens) else ""

    def _scalar(self, r: _Reading, token: Token, index: int, done: list[_Reading]) -> list[_Reading]:
        state, start = r.state, token[1]
        following = self._next(index)
        is_key = following == ":" and token[0] != "v"
        if state == "i" or state == "i0":
            if is_key:
                ways = []
                if r.frame is not None and r.frame.parent is not None:
                    ways.append(self._closed(r.fork(), self._before(index), "k" if state == "i" else "n"))
                ways.append(self._opened(r.fork(), "{", start))
                if r.closed is not None and r.closed.kind == "{":
                    ways.append(self._reopened(r.fork(), start, "k" if state == "i" else "n"))
                return ways
            return self._value(r, token, index, done)
        if state == "v":
            if is_key and not self._is_late_colon(index):
                lost = self._lost_key(r.fork())
                lost.state = "k"
                lost.edit(COMMA, "comma", start, start, "lossless", "a comma is missing")
                return [self._opened(r.fork(), "{", start), lost]
            return self._value(r, token, index, done)
        if state == "k" or state == "k0":
            return self._key(r, token, index, following, done)
        if state == "n" or state == "m":
            after = "k" if state == "n" else "i"
            other = r.fork().edit(COMMA, "comma", self._before(index), start, "lossless", "a comma is missing")
            other.state = after
            return [other]
        if state == "c":
            other = r.fork().edit(COLON, "colon", start, start, "lossless", "a colon is missing")
            other.state = "v"
            return [other]
        if state == "t":
            if is_key:
                return [self._opened(r, "{", start)]
            return self._value(r, token, index, done)
        return self._after_end(r, token, done)

    def _is_late_colon(self, index: int) -> bool:
        """Whether the colon after a value is surplus: nothing that could be its value follows."""
        return index + 2 < len(self.tokens) and self.tokens[index + 2][0] in ",}]"

    def _value(self, r: _Reading, token: Token, index: int, done: list[_Reading]) -> list[_Reading]:
        ways: list[_Reading] = []
        guide = self._guide_here(r)
        if guide is not None and r.state != "t":
            kinds = guide.kinds
            if token[0] == "v":
                kind = "array" if isinstance(token[3], list) else "object"
                if kind not in kinds:
                    r.cost += MISFIT
            elif kinds and not kinds & _SCALAR_KINDS:
                if "array" in kinds and self._next(index) in ",]":
                    ways.append(self._opened(r.fork(), "[", token[1]))
                r.cost += MISFIT / 2
        r.say("value", token)
        r.closed = None
        r.count += 1
        r.state = "m" if r.state in ("i", "i0") else "d" if r.state == "t" else "n"
        done.append(r)
        return ways

    def _key(self, r: _Reading, token: Token, index: int, following: str, done: list[_Reading]) -> list[_Reading]:
        ways: list[_Reading] = []
        frame, start = r.frame, token[1]
        assert frame is not None
        if token[0] != "v" and (following not in (",", "}", "]") or following == "" ):
            ways = self._misplaced(r, token, index)
            r.key = token
            r.say("key", token)
            r.closed = None
            r.state = "c"
            done.append(r)
            return ways
        if frame.count >= 0 and r.state == "k0" and r.count == 0:  # {1, 2}: a set of Python, or [ was meant
            other = r.fork().edit(SUBSTITUTE, "bracket", start, start, "guessed", "an object without keys is read as an array")
            other.say("array")
            other.frame = _Frame(other, frame.parent, "[", frame.guide, frame.count, frame.column)
            other.state = "i0"
            ways.append(other)
        elif r.count:
            ways.append(self._wrapped(r.fork(), start))
        if frame.parent is not None and frame.parent.kind == "[":
            ways.append(self._closed(r.fork(), start, "i" if r.state == "k" else "m"))
        lost = r.fork().edit(LOST_KEY, "key", token[1], token[2], "dropped", f"the key {_short(token)} has no value")
        lost.state = "n"
        done.append(lost)
        return ways

    def _misplaced(self, r: _Reading, token: Token, index: int) -> list[_Reading]:
        """What a key says against the bracket it stands in, by its name or its indentation: other places for it."""
        frame = r.frame
        assert frame is not None
        ways: list[_Reading] = []
        guide, name = frame.guide, token[3]
        column = self._column(token[1])
        odd = column is not None and r.key_column is not None and column != r.key_column
        if r.key_column is None and column is not None:
            r.key_column = column
        alien = guide is not None and self._is_alien(frame, name, index)
        again = r.count > 0 and name == r.first
        if not r.count:
            r.first = name
        if again and r.state == "k" and frame.parent is not None and frame.parent.kind == "[":
            ways.append(self._opened(self._closed(r.fork(), token[1], "i"), "{", token[1]))
            ways[-1].cost -= 1.0  # both brackets went together
        if again:
            r.cost += AGAIN
        if not odd and not alien:
            return ways
        if r.state == "k":
            above, levels = frame.parent, 1
            while above is not None and levels < 8:
                fits_name = above.guide is not None and above.guide.declares(name) if alien else above.kind == "{"
                fits_column = not odd or (column is not None and frame.column is not None and column <= r.key_column)
                if above.kind == "{" and fits_name and fits_column:
                    other = r.fork()
                    for _ in range(levels):
                        other = self._closed(other, self._before_comma(token[1]), "k")
                    ways.append(other)
                    if alien:
                        break
                above, levels = above.parent, levels + 1
            if r.closed is not None and r.closed.kind == "{":
                inner = r.closed
                if (alien and inner.guide is not None and inner.guide.declares(name)) or (odd and not alien):
                    ways.append(self._reopened(r.fork(), token[1], "k"))
        if alien:
            assert guide is not None
            r.cost += UNKNOWN_IN_CLOSED if guide.closed else UNKNOWN
        if odd:
            r.cost += ODD_LAYOUT
        return ways

    def _is_alien(self, frame: _Frame, name: str, index: int) -> bool:
        """Whether the schema says that a member does not belong here: by its name, or by what its value is."""
        guide = frame.guide
        assert guide is not None
        if index + 2 < len(self.tokens) and self.tokens[index + 1][0] == ":":
            kind = self.tokens[index + 2][0]
            if kind in "{[sb":
                kinds = guide.member(name).kinds
                fits = {"{": {"object"}, "[": {"array"}}.get(kind, _SCALAR_KINDS) & kinds
                if kinds and not fits:
                    return True
        if guide.declares(name):
            return False
        return bool(guide.names) or (
            not guide.never and frame.parent is not None and frame.parent.guide is not None and frame.parent.guide.declares(name)
        )

    def _comma(self, r: _Reading, token: Token, done: list[_Reading]) -> list[_Reading]:
        state = r.state
        if state == "n" or state == "m":
            r.state = "k" if state == "n" else "i"
            if r.closed is not None:
                r.after_close = True
            done.append(r)
            return []
        if state in ("k0", "k", "i0", "i", "t"):
            r.edit(COMMA, "comma", token[1], token[2], "lossless", "a comma with nothing before it")
            done.append(r)
            return []
        if state == "c" or state == "v":
            other = self._lost_key(r)
            other.state = "k"
            done.append(other)
            return []
        return self._after_end(r, token, done)

    def _colon(self, r: _Reading, token: Token, done: list[_Reading]) -> list[_Reading]:
        if r.state == "c":
            r.state = "v"
            done.append(r)
            return []
        if r.state == "d":
            return self._after_end(r, token, done)
        r.edit(0.4 if r.state == "v" else SURPLUS, "colon", token[1], token[2], "lossless", "a surplus colon")
        done.append(r)
        return []

    def _opener(self, r: _Reading, token: Token, index: int, done: list[_Reading]) -> list[_Reading]:
        state, kind, start = r.state, token[0], token[1]
        ways: list[_Reading] = []
        if state in ("v", "i", "i0", "t"):
            guide = self._guide_here(r)
            if guide is not None:
                named = "object" if kind == "{" else "array"
                if named not in guide.kinds:
                    surplus = r.fork().edit(
                        SURPLUS + 0.05, "bracket", start, token[2], "guessed", f'a surplus "{kind}"'
                    )
                    done.append(surplus)
                    if r.frame is not None and r.frame.parent is not None and r.frame.parent.kind == "[" and r.count:
                        ways.append(self._closed(r.fork(), start, "i" if state == "i" else "m"))
                    if named == "object" and "array" in guide.kinds:
                        ways.append(self._opened(r.fork(), "[", start))
                    r.cost += MISFIT
            self._push(r, kind, guide, start)
            r.say("open", (kind, start))
            done.append(r)
            return ways
        if state == "c":
            other = r.edit(COLON, "colon", start, start, "lossless", "a colon is missing")
            other.state = "v"
            return [other]
        if state == "n" or state == "m":
            other = r.edit(COMMA, "comma", start, start, "lossless", "a comma is missing")
            other.state = "k" if state == "n" else "i"
            return [other]
        if state == "k" or state == "k0":
            frame = r.frame
            assert frame is not None
            surplus = r.fork().edit(SURPLUS, "bracket", start, token[2], "guessed", f'a surplus "{kind}"')
            done.append(surplus)
            if frame.parent is not None and frame.parent.kind == "[" and r.count:
                ways.append(self._closed(r.fork(), self._before_comma(start), "i" if state == "k" else "m"))
            if r.count:
                ways.append(self._wrapped(r.fork(), start))
            else:
                other = r.fork().edit(SUBSTITUTE, "bracket", start, start, "guessed", "an object without keys is read as an array")
                other.say("array")
                other.frame = _Frame(other, frame.parent, "[", frame.guide, frame.count, frame.column)
                other.state = "i0"
                ways.append(other)
            return ways
        return self._after_end(r, token, done)

    def _closer(self, r: _Reading, token: Token, done: list[_Reading]) -> list[_Reading]:
        kind, start, frame, state = token[0], token[1], r.frame, r.state
        want = _OF[kind]
        if frame is None:
            if state == "t":
                r.edit(SURPLUS, "bracket", start, token[2], "lossless", f'a surplus "{kind}"')
            else:
                grade = "guessed" if r.after_close else "lossless"
                r.edit(SURPLUS, "bracket", start, token[2], grade, f'a surplus "{kind}"')
            done.append(r)
            return []
        ways: list[_Reading] = []
        if state == "v" and (kind == "}" or frame.kind != "["):
            if self._wants(r, kind):
                ways.append(self._opened(r.fork(), want, start))
        if frame.kind == want:
            column = self._column(start)
            if (
                column is not None and frame.column is not None and frame.column > column and frame.parent is not None
                and frame.parent.kind == want and frame.parent.column == column
            ):
                ways.append(self._closed(r.fork(), start, None))
                r.cost += ODD_LAYOUT
            if state == "c" or state == "v":
                r = self._lost_key(r)
            elif state == "k" or state == "i":
                r.edit(0.3, "comma", start, start, "lossless", "a comma before a closing bracket")
            self._pop(r)
            r.say("close", token[2])
            done.append(r)
            return ways
        # Another bracket is open: this one closes an outer one, or is misspelt, or surplus, or its opening one is missing.
        above = frame.parent
        while above is not None and above.kind != want and frame.depth - above.depth < 6:
            above = above.parent
        if above is not None and above.kind == want:
            ways.append(self._closed(r.fork(), start, None))
        if state in ("n", "m") and r.count:
            wrapped = self._wrapped(r.fork(), start) if kind == "]" else None
            if wrapped is not None and state == "n":
                wrapped.state, wrapped.cost = "m", wrapped.cost - 0.1
                ways.append(wrapped)
        surplus = r.fork().edit(SURPLUS, "bracket", start, token[2], "guessed", f'a surplus "{kind}"')
        done.append(surplus)
        if state == "c" or state == "v":
            r = self._lost_key(r)
        meant = _CLOSER[frame.kind]
        r.edit(SUBSTITUTE, "bracket", start, token[2], "lossless" if frame.parent is None else "guessed", f'"{kind}" stands for "{meant}"')
        self._pop(r)
        r.say("close", token[2])
        done.append(r)
        return ways

    def _wants(self, r: _Reading, kind: str) -> bool:
        guide = self._guide_here(r)
        return guide is None or ("object" if kind == "}" else "array") in guide.kinds

    def _after_end(self, r: _Reading, token: Token, done: list[_Reading]) -> list[_Reading]:
        """A token after a value that seemed complete."""
        ways = []
        if r.closed is not None:
            ways.append(self._reopened(r.fork(), token[1], None))
        if token[0] in ",{[":
            wrapped = self._wrapped(r.fork(), token[1])
            wrapped.state = "m"
            ways.append(wrapped)
        r.edit(LOST_TOKEN, "text", token[1], token[2], "dropped", "text after the end of the value")
        done.append(r)
        return ways

    # What readings have in common

    def _guide_here(self, r: _Reading) -> Guide | None:
        frame = r.frame
        if frame is None:
            return self.guide
        if frame.guide is None:
            return None
        if frame.kind == "{":
            return frame.guide.member(r.key[3]) if r.key is not None and isinstance(r.key[3], str) else None
        return frame.guide.item(r.count)

    def _push(self, r: _Reading, kind: str, guide: Guide | None, start: int) -> None:
        frame = _Frame(r, r.frame, kind, guide, r.count, self._indent(start))
        if frame.depth > self.nesting:
            raise LimitExceeded("nesting", self.nesting, f"brackets nest deeper at offset {start}")
        r.frame, r.count, r.state = frame, 0, "k0" if kind == "{" else "i0"
        r.closed, r.key_column, r.first = None, None, None

    def _pop(self, r: _Reading) -> None:
        frame = r.frame
        assert frame is not None
        r.closed, r.inner, r.inner_first = frame, r.count, r.first
        r.frame, r.count = frame.parent, frame.count + 1
        r.state = "d" if frame.parent is None else "n" if frame.parent.kind == "{" else "m"
        r.key_column, r.first, r.key = frame.key_column, frame.first, frame.key

    def _opened(self, r: _Reading, kind: str, at: int) -> _Reading:
        guide = self._guide_here(r)
        r.edit(OPEN, "bracket", at, at, "guessed", f'"{kind}" is missing')
        r.say("open", (kind, at))
        self._push(r, kind, guide, at)
        return r

    def _closed(self, r: _Reading, at: int, state: str | None) -> _Reading:
        """Close the innermost bracket, which the text does not; `state` is that of the outer one then."""
        frame = r.frame
        assert frame is not None
        if r.state in ("c", "v"):
            r = self._lost_key(r)
        unsure = (r.closed is not None and r.closed.kind == frame.kind) or (
            frame.parent is not None and frame.parent.kind == frame.kind and r.count > 1
        )
        r.edit(CLOSE, "bracket", at, at, "guessed" if unsure else "lossless", f'"{_CLOSER[frame.kind]}" is missing')
        trailing = r.state in ("k", "i") and state is None
        if trailing:
            r.edit(0.3, "comma", at, at, "lossless", "a comma before a closing bracket")
        self._pop(r)
        if state is not None and r.state != "d":
            after_comma = state in ("k", "i")
            r.state = ("k" if after_comma else "n") if r.frame is not None and r.frame.kind == "{" else ("i" if after_comma else "m")
        r.say("close", at)
        r.closed = None
        return r

    def _reopened(self, r: _Reading, at: int, state: str | None) -> _Reading:
        """Take back the last closing bracket."""
        frame = r.closed
        assert frame is not None
        r.edit(SURPLUS, "bracket", at, at, "guessed", f'the "{_CLOSER[frame.kind]}" before this was surplus')
        r.say("reopen")
        r.frame = frame
        r.count, r.first, r.key_column = r.inner, r.inner_first, None
        r.state = state or ("n" if frame.kind == "{" else "m")
        r.closed = None
        return r

    def _wrapped(self, r: _Reading, at: int) -> _Reading:
        """Read the value before as the first item of an array whose opening bracket is missing."""
        guide = None
        if r.frame is not None and r.frame.guide is not None and r.frame.kind == "{" and r.key is not None:
            guide = r.frame.guide.member(r.key[3]) if isinstance(r.key[3], str) else None
        elif r.frame is None:
            guide = self.guide
        r.edit(OPEN, "bracket", at, at, "guessed", '"[" is missing before the last value')
        if guide is not None and "array" not in guide.kinds:
            r.cost += MISFIT
        r.say("wrap")
        r.frame = _Frame(r, r.frame, "[", guide, r.count - 1, _WRAPPED if r.frame is None else None)
        r.count, r.state, r.closed = 1, "i", None
        return r

    def _lost_key(self, r: _Reading) -> _Reading:
        key = r.key
        assert key is not None
        r.edit(LOST_KEY, "key", key[1], key[2], "dropped", f"the key {_short(key)} has no value")
        r.say("unkey")
        r.state = "n"
        return r

    def _finish(self, r: _Reading) -> None:
        """The text is over: close what is open."""
        end = self.tokens[-1][2] if self.tokens else 0
        if r.frame is None:
            return
        cut = self.tokens[-1][0] not in "}]v"
        if r.state in ("c", "v"):
            key = r.key
            assert key is not None
            r.edit(0.1, "key", key[1], end, "dropped", f"the text ends before the value of {_short(key)}")
            r.say("unkey")
        elif r.state in ("k", "i"):
            r.edit(0, "comma", end, end, "lossless", "the text ends after a comma")
        first = True
        while r.frame is not None:
            frame = r.frame
            sure = cut or r.closed is None or r.closed.kind != frame.kind or r.inner < 2
            r.edit(
                CLOSE if first and frame.column != _WRAPPED else 0.1, "truncation" if cut else "bracket", end, end, "lossless" if sure else "guessed",
                f'"{_CLOSER[frame.kind]}" is missing at the end',
            )
            first = False
            self._pop(r)
            r.say("close", end)
        r.say("cut")

    # Layout

    def _before(self, index: int) -> int:
        return self.tokens[index - 1][2] if index else 0

    def _before_comma(self, at: int) -> int:
        return at

    def _column(self, at: int) -> int | None:
        """The column of what stands first on its line; None if it does not."""
        begin = max(0, at - 160)
        line = self.text.rfind("\n", begin, at)
        if line < 0 or self.text[line + 1 : at].strip(" \t"):
            return None
        return at - line

    def _indent(self, at: int) -> int | None:
        """The column of what stands first on the line of a place; None if the line is long."""
        line = self.text.rfind("\n", max(0, at - 160), at)
        if line < 0:
            return 1 if at < 160 else None
        head = self.text[line + 1 : at]
        return len(head) - len(head.lstrip(" \t")) + 1

    # Building

    def _build(self, reading: _Reading) -> Tree:
        events = []
        link = reading.events
        while link is not None:
            events.append(link)
            link = link[0]
        tree = Tree(None, cost=reading.cost)
        stack: list[tuple[Node, Any]] = []
        current: Node | None = None  # the open container
        key: Token | None = None
        top: Node | None = None
        for _, what, data in reversed(events):
            if what == "value" or what == "open":
                node = Node(data[0], data[1], data[2], data[3]) if what == "value" else Node(data[0], data[1], data[1], [])
                if current is None:
                    if top is None:
                        top = node
                elif current.kind == "{":
                    current.value.append((key, node))
                else:
                    current.value.append(node)
                if what == "open":
                    stack.append((node, key))
                    current = node
            elif what == "key":
                key = data
            elif what == "close":
                node, key = stack.pop()
                node.end = data
                current = stack[-1][0] if stack else None
            elif what == "edit":
                tree.edits.append(Edit(*data))
            elif what == "array":
                assert current is not None
                current.kind = "["
            elif what == "wrap" or what == "reopen":
                last = (current.value[-1][1] if current.kind == "{" else current.value[-1]) if current else top
                assert last is not None
                if what == "wrap":
                    node = Node("[", last.start, last.end, [last])
                    if current is None:
                        top = node
                    elif current.kind == "{":
                        current.value[-1] = (current.value[-1][0], node)
                    else:
                        current.value[-1] = node
                    last = node
                stack.append((last, key))
                current = last
            elif what == "cut":
                tree.cut = True
        tree.node = top
        return tree


_SCALAR_KINDS = frozenset(("null", "boolean", "integer", "number", "string"))


def _short(token: Token) -> str:
    shown = str(token[3])
    return repr(shown if len(shown) <= 40 else shown[:37] + "...")


def _same(left: Node | None, right: Node | None) -> bool:
    """Whether two trees are the same."""
    waiting: list[tuple[Any, Any]] = [(left, right)]
    while waiting:
        a, b = waiting.pop()
        if a is None or b is None:
            if a is not b:
                return False
            continue
        if a.kind != b.kind:
            return False
        if a.kind in "{[":
            if len(a.value) != len(b.value):
                return False
            for x, y in zip(a.value, b.value, strict=True):
                if a.kind == "{":
                    if x[0][3] != y[0][3]:
                        return False
                    x, y = x[1], y[1]
                waiting.append((x, y))
        elif (a.start, a.end) != (b.start, b.end):
            return False
    return True
