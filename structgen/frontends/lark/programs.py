"""Patterns as programs: small non-deterministic automata whose threads have an order, the preferred ones first.

A `Program` is a pattern compiled as by Thompson (1968); `Program.step` runs all its threads over the next character
at once, in the order in which a backtracking matcher would try them (Pike 1987; Cox, *Regular Expression Matching: the
Virtual Machine Approach*, 2009). A thread that comes after one that has matched is never tried: it is cut.

Characters come in classes: the pattern does not tell two characters of a class apart. Assertions are followed as well:
what a lookahead still waits for goes along with its thread, and what lookbehinds may see is a part of the state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from structgen.frontends.lark.patterns import (
    NO_CHARS,
    Chars,
    Look,
    Loop,
    Node,
    Options,
    Parts,
    Place,
    Unclear,
    Word,
    can_be_empty,
    prefers_text,
)
from structgen.frontends.regex.characters import common, joined, outside, python_class
from structgen.grammar.expressions import ANY_CHAR, CharSet, charset

MAX_INSTRUCTIONS = 20_000
MAX_WORK = 200_000
"""Threads run, over all states, those of lookaheads included: some seconds. Terminals in use need 40,000 at most."""

END = -1
"""In place of a class: the text ends here."""

BEFORE = "its first match depends on what stands before it"
AFTER = "its first match depends on what follows it"

_CHAR, _FORK, _AHEAD, _BEHIND, _PLACE, _MATCH = range(6)
_NEWLINE = charset("\n")

Thread = tuple[int, "frozenset[Waiting]"]
"""An instruction, and the lookaheads that must come true for what it leads to."""

Waiting = tuple[bool, frozenset[Thread]]
"""A lookahead under way: whether it is negated, and its threads."""

_HERE = frozenset({(-1, frozenset[Waiting]())})
"""In place of threads: the body of a lookahead has matched."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a program stands between two characters.

    Attributes:
        threads: the ways it may go on, the preferred first.
        uncut: all ways, also those that a backtracking matcher never tries.
        certain: for each lookbehind, its threads that began inside the text.
        possible: those, and the ones that may have begun before it.
        last: class of the last character; None before the first.
    """

    threads: tuple[Thread, ...]
    uncut: frozenset[Thread]
    certain: tuple[frozenset[int], ...] = ()
    possible: tuple[frozenset[int], ...] = ()
    last: int | None = None


@dataclass(slots=True)
class Step:
    """What happens to a state before a class of characters, or before the end.

    Attributes:
        target: the state after it; None if no thread goes on.
        matches: whether the pattern matches what was read so far, if this comes next; None: it depends on more.
        matches_uncut: the same for all threads.
        unclear: why some thread can't be followed here.
        deferred: whether it would be the same to ask after this character: what is then a match is one of the longer
            text as well, if at all.
    """

    target: State | None = None
    matches: bool | None = False
    matches_uncut: bool = False
    unclear: str = ""
    deferred: bool = False


@dataclass(slots=True)
class _Found:
    """What the threads lead to before the next character."""

    threads: list[Thread] = field(default_factory=list)
    matches: bool | None = False
    unclear: str = ""
    pending: list[frozenset[Waiting]] = field(default_factory=list)
    exists: bool = False


class Program:
    """A pattern, compiled.

    Attributes:
        classes: the classes of characters: disjoint, and together everything.
        initial: the state before the first character.
        is_plain: whether it has no assertions: then what comes next changes no match.
    """

    def __init__(self, pattern: Node) -> None:
        self._code: list[tuple[int, Any, tuple[int, ...]]] = []
        self._sets: dict[CharSet, int] = {}
        self._behinds: list[tuple[int, frozenset[int]]] = []
        self._work = 0
        self._match = self._emit(_MATCH, None)
        self.is_plain = True
        start = self._compile(pattern, self._match)
        self._words = {ascii_only: python_class("w", ascii_only) for ascii_only in self._boundaries()}
        self.classes = _partition([*self._sets, *self._words.values(), _NEWLINE])
        inside = {
            chars: frozenset(i for i, part in enumerate(self.classes) if common(chars, part).ranges)
            for chars in [*self._sets, *self._words.values(), _NEWLINE]
        }
        self._inside = [inside[chars] for chars in self._sets]
        self._word_classes = {ascii_only: inside[chars] for ascii_only, chars in self._words.items()}
        self._newline_classes = inside[_NEWLINE]
        sides = [inside[chars] for chars in (*self._words.values(), _NEWLINE)]
        known = [*self._inside, *sides]
        self._members = [
            sum(1 << i for i, numbers in enumerate(known) if number in numbers)
            for number in range(len(self.classes))
        ]
        looks = any(op in (_PLACE, _BEHIND) for op, _, _ in self._code)
        self._always = (1 << len(known)) - 1 if self._behinds else -1 << len(self._inside) if looks else 0
        self._sought_at: dict[int, int] = {}
        self._looks_back = any(
            op == _PLACE and ("line start" in place.kind or "boundary" in place.kind)
            for op, place, _ in self._code
        )
        first: Thread = (start, frozenset())
        self.initial = State(
            (first,),
            frozenset([first]),
            tuple(frozenset([begin]) for begin, _ in self._behinds),
            tuple(body for _, body in self._behinds),
        )

    # Compiling, from the end of the pattern to its start.

    def _emit(self, op: int, operand: Any, *targets: int) -> int:
        if len(self._code) >= MAX_INSTRUCTIONS:
            raise Unclear(
                f"it has more than {MAX_INSTRUCTIONS:,} positions once its repetitions are written out"
            )
        self._code.append((op, operand, targets))
        return len(self._code) - 1

    def _compile(self, node: Node, then: int) -> int:
        if isinstance(node, Chars):
            return self._emit(_CHAR, self._sets.setdefault(node.chars, len(self._sets)), then)
        if isinstance(node, Parts):
            for part in reversed(node.parts):
                then = self._compile(part, then)
            return then
        if isinstance(node, Options):
            return self._emit(_FORK, None, *[self._compile(option, then) for option in node.options])
        if isinstance(node, Loop):
            return self._compile_loop(node, then)
        if isinstance(node, Word):
            return self._compile(node.written, then)
        self.is_plain = False
        if isinstance(node, Place):
            return self._emit(_PLACE, node, then)
        assert isinstance(node, Look)
        if _has_look(node.body, behind=True) or (not node.ahead and _has_look(node.body)):
            raise Unclear("lookbehind within an assertion is not followed in terminals")
        first = len(self._code)
        begin = self._compile(node.body, self._emit(_MATCH, None))
        if node.ahead:
            return self._emit(_AHEAD, (node.negated, begin), then)
        if any(op == _PLACE for op, _, _ in self._code[first:]):
            raise Unclear("anchors within a lookbehind are not followed in terminals")
        self._behinds.append((begin, frozenset(range(first, len(self._code)))))
        return self._emit(_BEHIND, (node.negated, len(self._behinds) - 1), then)

    def _compile_loop(self, node: Loop, then: int) -> int:
        if node.max != 1 and can_be_empty(node.body) and not prefers_text(node.body):
            raise Unclear(
                "a repetition of what may be empty, and prefers to be, is not followed in terminals"
            )
        if node.max is None:
            again = self._emit(_FORK, None)
            body = self._compile(node.body, again)
            self._code[again] = (_FORK, None, (body, then) if node.greedy else (then, body))
            then = again
        else:
            exit_, then = then, then
            for _ in range(node.max - node.min):
                body = self._compile(node.body, then)
                then = self._emit(_FORK, None, *((body, exit_) if node.greedy else (exit_, body)))
        for _ in range(node.min):
            then = self._compile(node.body, then)
        return then

    def _boundaries(self) -> set[bool]:
        return {place.ascii_only for op, place, _ in self._code if op == _PLACE and "boundary" in place.kind}

    # Running.

    def row(self, state: State) -> list[Step]:
        """What a state becomes before each class, and at last before the end.

        Classes that nothing under way tells apart share a step: of the characters of a hundred keywords, few matter
        after the first ones.
        """
        sought = self._always | self._sought([*state.threads, *state.uncut])
        steps: dict[int, Step] = {}
        row = []
        for char, members in enumerate(self._members):
            key = members & sought
            if key not in steps:
                steps[key] = self.step(state, char)
            row.append(steps[key])
        return [*row, self.step(state, END)]

    def _sought(self, threads: Iterable[Thread]) -> int:
        """The sets of characters that threads and their lookaheads ask for next, as bits."""
        found = 0
        for at, waiting in threads:
            found |= self._sought_from(at)
            for _, ahead in waiting:
                found |= self._sought(ahead)
        return found

    def _sought_from(self, at: int) -> int:
        found = self._sought_at.get(at)
        if found is None:
            found = 0
            seen = set()
            stack = [at]
            while stack:
                i = stack.pop()
                if i in seen:
                    continue
                seen.add(i)
                op, operand, targets = self._code[i]
                if op == _CHAR:
                    found |= 1 << operand
                else:
                    stack.extend(targets)
                    if op == _AHEAD:
                        stack.append(operand[1])
            self._sought_at[at] = found
        return found

    def step(self, state: State, char: int) -> Step:
        """What a state becomes before a character.

        Args:
            state: of this program.
            char: number of its class, or `END`.
        """
        for _, waiting in (*state.threads, *state.uncut):
            self._work += 1 + sum(1 + len(ahead) for _, ahead in waiting)
        if self._work > MAX_WORK:
            raise Unclear("it has too many states")
        found = self._follow(state.threads, state, char, cut=True)
        uncut = self._follow(state.uncut, state, char, cut=False)
        step = Step(None, found.matches, uncut.matches is True, found.unclear or uncut.unclear)
        if char == END:
            return step
        threads = self._read(found.threads, state, char)
        matching = {waiting for at, waiting in threads if self._matches(frozenset([at]), None, END)}
        step.deferred = not found.exists and all(
            self._waiting_after(waiting, state, char) in matching for waiting in found.pending
        )
        others = frozenset(self._read(uncut.threads, state, char))
        if threads or others:
            certain, possible = (
                tuple(
                    self._after(now, state, char) | {begin}
                    for now, (begin, _) in zip(side, self._behinds, strict=True)
                )
                for side in (state.certain, state.possible)
            )
            last = self._kind(char) if self._looks_back else 0
            step.target = State(tuple(threads), others, certain, possible, last)
        return step

    def _kind(self, char: int) -> int:
        """A class that stands for all that anchors don't tell from this one."""
        sides = [*self._word_classes.values(), self._newline_classes]
        mine = [char in side for side in sides]
        return next(i for i in range(len(self.classes)) if [i in side for side in sides] == mine)

    def _follow(self, threads: Iterable[Thread], state: State, char: int, *, cut: bool) -> _Found:
        """Run threads up to the next character, in order."""
        found = _Found()
        seen: set[Thread] = set()
        stack = list(threads)[::-1]
        undecided = False
        while stack:
            thread = stack.pop()
            if thread in seen:
                continue
            seen.add(thread)
            at, waiting = thread
            op, operand, targets = self._code[at]
            if op == _CHAR:
                found.threads.append(thread)
                if undecided and cut:  # whether this thread is ever tried depends on what comes later
                    found.unclear = found.unclear or AFTER
            elif op == _FORK:
                stack.extend((target, waiting) for target in reversed(targets))
            elif op == _MATCH:
                matches = self._is_granted(waiting, state, char)
                if matches is None:
                    found.pending.append(waiting)
                found.exists |= matches is True
                if matches and cut:
                    found.matches = True if found.matches is False else None
                    break
                if matches is not False and found.matches is not True:
                    found.matches = matches
                    undecided = matches is None
            elif op == _AHEAD:
                negated, begin = operand
                stack.append((targets[0], waiting | {(negated, frozenset([(begin, frozenset[Waiting]())]))}))
            else:
                holds = (
                    self._holds_behind(operand, state) if op == _BEHIND else self._is_at(operand, state, char)
                )
                if holds is None:
                    found.unclear = found.unclear or (BEFORE if state.last is None else AFTER)
                if holds:
                    stack.append((targets[0], waiting))
        return found

    def _read(self, threads: list[Thread], state: State, char: int) -> list[Thread]:
        """The threads after a character; those that can't read it, or whose lookaheads fail, are gone."""
        found: dict[Thread, None] = {}
        for at, waiting in threads:
            _, chars, targets = self._code[at]
            if char not in self._inside[chars]:
                continue
            left = self._waiting_after(waiting, state, char)
            if left is not None:
                found[targets[0], left] = None
        return list(found)

    def _is_granted(self, waiting: frozenset[Waiting], state: State, char: int) -> bool | None:
        """Whether lookaheads hold if the text goes on with a character; None if that is not enough to know."""
        left = self._waiting_after(waiting, state, char)
        return False if left is None else None if left else True

    # Lookaheads.

    def _waiting_after(
        self, waiting: frozenset[Waiting], state: State, char: int
    ) -> frozenset[Waiting] | None:
        """The lookaheads that are still undecided after a character; None if one has failed."""
        left: set[Waiting] = set()
        for negated, threads in waiting:
            after = self._ahead_after(threads, state, char)
            if after == _HERE or not after:
                if negated == bool(after):
                    return None
            else:
                left.add((negated, after))
        return frozenset(left)

    def _ahead_after(self, threads: frozenset[Thread], state: State, char: int) -> frozenset[Thread]:
        """The threads of a lookahead after a character; `_HERE` if it has matched, none if it can't any more."""
        found: set[Thread] = set()
        for at, waiting in self._ahead_spread(threads, state, char):
            op, chars, targets = self._code[at]
            if op == _CHAR and (char == END or char not in self._inside[chars]):
                continue
            left = self._waiting_after(waiting, state, char)
            if left is None:
                continue
            if op == _MATCH and not left:
                return _HERE
            found.add((at if op == _MATCH else targets[0], left))
        matched = any(
            self._code[at][0] == _MATCH and not waiting
            for at, waiting in self._ahead_spread(frozenset(found), None, END)
        )
        return _HERE if matched else frozenset(found)

    def _ahead_spread(self, threads: frozenset[Thread], state: State | None, char: int) -> set[Thread]:
        """The threads of a lookahead before the next character; without a state, where no anchor need hold."""
        seen: set[Thread] = set()
        stack = list(threads)
        leaves: set[Thread] = set()
        while stack:
            thread = stack.pop()
            if thread in seen:
                continue
            seen.add(thread)
            at, waiting = thread
            op, operand, targets = self._code[at]
            if op in (_CHAR, _MATCH):
                leaves.add(thread)
            elif op == _AHEAD:
                negated, begin = operand
                stack.append((targets[0], waiting | {(negated, frozenset([(begin, frozenset[Waiting]())]))}))
            elif op == _FORK:
                stack.extend((target, waiting) for target in targets)
            elif state is not None:
                holds = self._is_at(operand, state, char)
                if holds is None:
                    raise Unclear(BEFORE if state.last is None else AFTER)
                if holds:
                    stack.append((targets[0], waiting))
        return leaves

    # Lookbehinds: the order of their threads does not matter.

    def _spread(self, threads: Iterable[int], state: State | None, char: int) -> set[int]:
        """All that threads lead to before the next character; without a state, where no anchor need hold."""
        seen: set[int] = set()
        stack = list(threads)
        while stack:
            at = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            op, operand, targets = self._code[at]
            if op == _FORK or (op == _PLACE and state and self._is_at(operand, state, char)):
                stack.extend(targets)
        return seen

    def _matches(self, threads: frozenset[int], state: State | None, char: int) -> bool:
        return any(self._code[at][0] == _MATCH for at in self._spread(threads, state, char))

    def _after(self, threads: frozenset[int], state: State, char: int) -> frozenset[int]:
        found = set()
        for at in self._spread(threads, state, char):
            op, chars, targets = self._code[at]
            if op == _CHAR and char in self._inside[chars]:
                found.add(targets[0])
        return frozenset(found)

    def _holds_behind(self, operand: Any, state: State) -> bool | None:
        negated, number = operand
        if self._matches(state.certain[number], state, END):
            return not negated
        return None if self._matches(state.possible[number], state, END) else bool(negated)

    def _is_at(self, operand: Any, state: State, char: int) -> bool | None:
        """Whether an anchor holds; None if that can't be known."""
        newline: bool = char in self._newline_classes
        if operand.kind == "end":
            return char == END
        if operand.kind == "line end":
            return char == END or newline
        if operand.kind == "last line end":
            return None if newline else char == END
        if state.last is None:
            return None
        if operand.kind == "start":
            return False
        if operand.kind == "line start":
            return state.last in self._newline_classes
        words = self._word_classes[operand.ascii_only]
        return bool(((state.last in words) != (char in words)) == (operand.kind == "boundary"))


def _has_look(node: Node, behind: bool = False) -> bool:
    """Whether there is a lookahead or a lookbehind in a node; or just (`behind`) a lookbehind."""
    if isinstance(node, Word):
        return _has_look(node.written, behind)
    if isinstance(node, Look):
        return not behind or not node.ahead or _has_look(node.body, behind)
    if isinstance(node, Parts):
        return any(_has_look(part, behind) for part in node.parts)
    if isinstance(node, Options):
        return any(_has_look(option, behind) for option in node.options)
    return isinstance(node, Loop) and _has_look(node.body, behind)


def _partition(sets: Iterable[CharSet]) -> list[CharSet]:
    """The coarsest classes such that each set is a union of some."""
    classes = [ANY_CHAR]
    for chars in sets:
        if chars == NO_CHARS:
            continue
        split = [(common(part, chars), common(part, outside(chars))) for part in classes]
        classes = [part for pair in split for part in pair if part.ranges]
    return [joined(part) for part in classes]
