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

from typing import Any

from structgen.repairing.evidence import Evidence
from structgen.repairing.readings import (
    CLOSE,
    CLOSER,
    COLON,
    COMMA,
    LOST_KEY,
    LOST_TOKEN,
    MISFIT,
    ODD_LAYOUT,
    OPENER_OF,
    SCALAR_KINDS,
    SUBSTITUTE,
    SURPLUS,
    WRAPPED,
    Frame,
    Reading,
    short,
)
from structgen.repairing.tokens import Token
from structgen.repairing.tree import Tree, build, same

WIDTH = 12
"""Readings that go on side by side."""
HOPELESS = 25.0
"""From this cost on just one reading goes on: the text is hardly JSON, and not worth the time."""
OTHERS = 4
"""Dearer readings that are handed out, for a schema to choose from."""
RUN_AS_ONE = 5.0
"""The cost of taking several items of an array for one value."""
SLACK = 3.0
"""How much dearer than the cheapest a reading may be."""


class Structure(Evidence):
    """The machine."""

    def read(self) -> Tree:
        """The cheapest reading of all tokens.

        Raises:
            LimitExceeded: Brackets nest deeper than allowed.
        """
        readings = [Reading()]
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
        readings.sort(key=lambda reading: reading.cost)
        trees = [build(reading.events, reading.cost) for reading in readings[: 1 + OTHERS]]
        chosen = next((n for n, tree in enumerate(trees) if tree.node is not None), 0)
        best, tree = readings[chosen], trees[chosen]
        for other in trees[chosen + 1 :]:
            if other.node is None or same(tree.node, other.node):
                continue
            if tree.rival is None and other.cost < tree.cost + 1e-6:
                tree.rival = other.edits
            tree.others.append(other)
        if tree.rival is None and tied:
            self._find_rival(best, tree, tied)
        return tree

    def _find_rival(self, best: Reading, tree: Tree, tied: dict[int, Any]) -> None:
        """Where the best reading met another of the same cost on its way, what that would have given."""
        later: list[Any] = []
        events = best.events
        while events is not None:
            if id(events) in tied:
                other = best.fork()
                other.events = tied[id(events)]
                for event in reversed(later):
                    other.events = (other.events, event[1], event[2])
                rival = build(other.events, other.cost)
                if not same(tree.node, rival.node):
                    tree.rival = rival.edits
                    return
            later.append(events)
            events = events[0]

    def _pruned(self, readings: list[Reading], tied: dict[int, Any]) -> list[Reading]:
        readings.sort(key=lambda reading: reading.cost)
        if readings[0].cost > HOPELESS:
            return readings[:1]
        limit = readings[0].cost + SLACK
        kept: dict[tuple[int, str], Reading] = {}
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

    def _step(self, reading: Reading, index: int) -> list[Reading]:
        """The readings after a token."""
        done: list[Reading] = []
        waiting = [(reading, 0)]
        limit = reading.cost + SLACK
        while waiting:
            current, forks = waiting.pop()
            if current.cost > limit or forks > 6:
                continue
            ways = self._take(current, index, done)
            if done and reading.cost > HOPELESS:
                return [min(done, key=lambda one: one.cost)]
            waiting += [(other, forks + 1) for other in ways]
        if not done:  # nothing helps: go on as if the token were not there
            token = self.tokens[index]
            done.append(
                reading.edit(LOST_TOKEN, "text", token[1], token[2], "dropped", "a token out of place")
            )
        return done

    def _take(self, r: Reading, index: int, done: list[Reading]) -> list[Reading]:
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

    def _scalar(self, r: Reading, token: Token, index: int, done: list[Reading]) -> list[Reading]:
        state, start = r.state, token[1]
        following = self._next(index)
        if token[0] == "r" and state not in ("i", "i0", "m"):
            r.edit(RUN_AS_ONE, "bracket", start, token[2], "guessed", "several values are read as an array")
        is_key = following == ":" and token[0] not in "vr"
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
            other = r.fork().edit(
                COMMA, "comma", self._before(index), start, "lossless", "a comma is missing"
            )
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

    def _value(self, r: Reading, token: Token, index: int, done: list[Reading]) -> list[Reading]:
        ways: list[Reading] = []
        guide = self._guide_here(r)
        if token[0] == "r":
            r.count += len(token[3]) - 1
        elif guide is not None and r.state != "t":
            kinds = guide.kinds
            if token[0] == "v":
                kind = "array" if isinstance(token[3], list) else "object"
                if kind not in kinds:
                    r.cost += MISFIT
            elif kinds and not kinds & SCALAR_KINDS:
                if "array" in kinds and self._next(index) in ",]":
                    ways.append(self._opened(r.fork(), "[", token[1]))
                r.cost += MISFIT / 2
        r.say("value", token)
        r.closed, r.last = None, ""
        if token[0] == "v":
            r.last, r.inner = "[" if isinstance(token[3], list) else "{", len(token[3])
        r.count += 1
        r.state = "m" if r.state in ("i", "i0") else "d" if r.state == "t" else "n"
        done.append(r)
        return ways

    def _key(
        self, r: Reading, token: Token, index: int, following: str, done: list[Reading]
    ) -> list[Reading]:
        ways: list[Reading] = []
        frame, start = r.frame, token[1]
        assert frame is not None
        if token[0] not in "vr" and (following not in (",", "}", "]") or following == ""):
            ways = self._misplaced(r, token, index)
            r.key = token
            r.say("key", token)
            r.closed = None
            r.state = "c"
            done.append(r)
            return ways
        if frame.count >= 0 and r.state == "k0" and r.count == 0:  # {1, 2}: a set of Python, or [ was meant
            other = r.fork().edit(
                SUBSTITUTE, "bracket", start, start, "guessed", "an object without keys is read as an array"
            )
            other.say("array")
            other.frame = Frame(other, frame.parent, "[", frame.guide, frame.count, frame.column)
            other.state = "i0"
            ways.append(other)
        elif r.count:
            ways.append(self._wrapped(r.fork(), start))
        if frame.parent is not None and frame.parent.kind == "[":
            ways.append(self._closed(r.fork(), start, "i" if r.state == "k" else "m"))
        lost = r.fork().edit(
            LOST_KEY, "key", token[1], token[2], "dropped", f"the key {short(token)} has no value"
        )
        lost.state = "n"
        done.append(lost)
        return ways

    def _comma(self, r: Reading, token: Token, done: list[Reading]) -> list[Reading]:
        state = r.state
        if state == "n" or state == "m":
            r.state = "k" if state == "n" else "i"
            if r.closed is not None or r.last:
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

    def _colon(self, r: Reading, token: Token, done: list[Reading]) -> list[Reading]:
        if r.state == "c":
            r.state = "v"
            done.append(r)
            return []
        if r.state == "d":
            return self._after_end(r, token, done)
        r.edit(0.4 if r.state == "v" else SURPLUS, "colon", token[1], token[2], "lossless", "a surplus colon")
        done.append(r)
        return []

    def _opener(self, r: Reading, token: Token, index: int, done: list[Reading]) -> list[Reading]:
        state, kind, start = r.state, token[0], token[1]
        ways: list[Reading] = []
        if state in ("v", "i", "i0", "t"):
            guide = self._guide_here(r)
            if guide is not None:
                named = "object" if kind == "{" else "array"
                if named not in guide.kinds:
                    surplus = r.fork().edit(
                        SURPLUS + 0.05, "bracket", start, token[2], "guessed", f'a surplus "{kind}"'
                    )
                    done.append(surplus)
                    if (
                        r.frame is not None
                        and r.frame.parent is not None
                        and r.frame.parent.kind == "["
                        and r.count
                    ):
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
                ways.append(self._closed(r.fork(), start, "i" if state == "k" else "m"))
            if r.count:
                ways.append(self._wrapped(r.fork(), start))
            else:
                other = r.fork().edit(
                    SUBSTITUTE,
                    "bracket",
                    start,
                    start,
                    "guessed",
                    "an object without keys is read as an array",
                )
                other.say("array")
                other.frame = Frame(other, frame.parent, "[", frame.guide, frame.count, frame.column)
                other.state = "i0"
                ways.append(other)
            return ways
        return self._after_end(r, token, done)

    def _closer(self, r: Reading, token: Token, done: list[Reading]) -> list[Reading]:
        kind, start, frame, state = token[0], token[1], r.frame, r.state
        want = OPENER_OF[kind]
        if frame is None:
            if state == "t":
                r.edit(SURPLUS, "bracket", start, token[2], "lossless", f'a surplus "{kind}"')
            else:
                grade = "guessed" if r.after_close else "lossless"
                r.edit(SURPLUS, "bracket", start, token[2], grade, f'a surplus "{kind}"')
            done.append(r)
            return []
        ways: list[Reading] = []
        if state == "v" and self._wants(r, kind):
            ways.append(self._opened(r.fork(), want, start))
        if frame.kind == want:
            column = self._column(start)
            if (
                column is not None
                and frame.column is not None
                and frame.column > column
                and frame.parent is not None
                and frame.parent.kind == want
                and frame.parent.column == column
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
        # Another bracket is open: this one closes an outer one, or is misspelt, or surplus, or lacks its opening one.
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
        meant = CLOSER[frame.kind]
        r.edit(
            SUBSTITUTE,
            "bracket",
            start,
            token[2],
            "lossless" if frame.parent is None else "guessed",
            f'"{kind}" stands for "{meant}"',
        )
        self._pop(r)
        r.say("close", token[2])
        done.append(r)
        return ways

    def _wants(self, r: Reading, kind: str) -> bool:
        guide = self._guide_here(r)
        return guide is None or ("object" if kind == "}" else "array") in guide.kinds

    def _after_end(self, r: Reading, token: Token, done: list[Reading]) -> list[Reading]:
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

    # The end

    def _finish(self, r: Reading) -> None:
        """The text is over: close what is open."""
        end = self.tokens[-1][2] if self.tokens else 0
        if r.frame is None:
            return
        cut = self.tokens[-1][0] not in "}]v"
        if r.state in ("c", "v"):
            key = r.key
            assert key is not None
            r.edit(0.1, "key", key[1], end, "dropped", f"the text ends before the value of {short(key)}")
            r.say("unkey")
        elif r.state in ("k", "i"):
            r.edit(0, "comma", end, end, "lossless", "the text ends after a comma")
        r.say("cut")
        first = True
        while r.frame is not None:
            frame = r.frame
            sure = cut or r.last != frame.kind or r.inner < 2
            r.edit(
                CLOSE if first and frame.column != WRAPPED else 0.1,
                "truncation" if cut else "bracket",
                end,
                end,
                "lossless" if sure else "guessed",
                f'"{CLOSER[frame.kind]}" is missing at the end',
            )
            first = False
            self._pop(r)
            r.say("close", end)
