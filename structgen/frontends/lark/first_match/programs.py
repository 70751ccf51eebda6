"""Runs the instructions of a pattern, as a backtracking matcher would, but over all ways at once.

A thread is an instruction that may come next. Threads have an order, the preferred ones first; `Program.step` runs all
of them over the next character, in the order in which a backtracking matcher would try them (Pike 1987; Cox, *Regular
Expression Matching: the Virtual Machine Approach*, 2009). A thread that comes after one that has matched is never
tried: it is cut.

Assertions are followed as well: what a lookahead still waits for goes along with its thread, and what lookbehinds may
see is a part of the state.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from structgen.frontends.lark.first_match.instructions import BOUNDARIES, Code, Instruction, Op
from structgen.frontends.lark.first_match.nodes import Unclear
from structgen.patterns.tree import Anchor, Node, Place

MAX_WORK = 200_000
"""Threads run, over all states, those of lookaheads included: some seconds. Terminals in use need 40,000 at most."""

END = -1
"""In place of a class: the text ends here."""

BEFORE = "its first match depends on what stands before it"
AFTER = "its first match depends on what follows it"

Thread = tuple[int, "frozenset[Waiting]"]
"""An instruction, and the lookaheads that must come true for what it leads to."""

Waiting = tuple[bool, frozenset[Thread]]
"""A lookahead under way: whether it is negated, and its threads."""

_NONE_WAITING: frozenset[Waiting] = frozenset()
_HERE = frozenset({(-1, _NONE_WAITING)})
"""In place of threads: the body of a lookahead has matched."""


@dataclass(frozen=True, slots=True)
class State:
    """Where a program stands between two characters.

    Attributes:
        threads: the ways it may continue, the preferred first.
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
    """What the threads lead to before the next character.

    Attributes:
        threads: those that read a character.
        matches: whether there is a match here; None: it depends on more.
        undecided: whether the last match that was met depends on more.
        unclear: why some thread can't be followed.
        pending: what the matches wait for that depend on more.
        exists: whether there is a match that depends on nothing.
    """

    threads: list[Thread] = field(default_factory=list)
    matches: bool | None = False
    undecided: bool = False
    unclear: str = ""
    pending: list[frozenset[Waiting]] = field(default_factory=list)
    exists: bool = False

    def add_match(self, waiting: frozenset[Waiting], granted: bool | None, cut: bool) -> None:
        """Add a match that waits for lookaheads, which are granted, are not, or (None) may be."""
        if granted is None:
            self.pending.append(waiting)
        self.exists |= granted is True
        if granted and cut:
            self.matches = True if self.matches is False else None
        elif granted is not False and self.matches is not True:
            self.matches = granted
            self.undecided = granted is None


class Program:
    """A pattern, compiled.

    Attributes:
        classes: the classes of characters: disjoint, and together everything.
        initial: the state before the first character.
        is_plain: whether it has no assertions: then what comes next changes no match.
    """

    def __init__(self, pattern: Node) -> None:
        """Compile a pattern.

        Raises:
            Unclear: It is too large, or has assertions that are not followed.
        """
        code = Code(pattern)
        self._code = code.instructions
        self._inside = code.inside
        self._words = code.words
        self._newlines = code.newlines
        self._behinds = code.behinds
        self._begins = [begin for begin, _ in code.behinds]
        self._work = 0
        self.classes = code.classes
        self.is_plain = code.is_plain
        self._asked = _Asked(code)
        self._kinds = self._find_kinds()
        first: Thread = (code.start, _NONE_WAITING)
        self.initial = State(
            (first,),
            frozenset([first]),
            tuple(frozenset([begin]) for begin in self._begins),
            tuple(body for _, body in code.behinds),
        )

    def _find_kinds(self) -> list[int]:
        """For each class, one that stands for all that the anchors do not distinguish from it."""
        anchors = [one.anchor for one in self._code if one.anchor is not None]
        looks_back = any(anchor.place is Place.LINE_START or anchor.place in BOUNDARIES for anchor in anchors)
        if not looks_back:
            return [0] * len(self.classes)
        sides = [*self._words.values(), self._newlines]
        members = [tuple(char in side for side in sides) for char in range(len(self.classes))]
        return [members.index(mine) for mine in members]

    def row(self, state: State) -> list[Step]:
        """What a state becomes before each class, and at last before the end.

        Classes that nothing under way distinguishes share a step: of the characters of a hundred keywords, few matter
        after the first ones.
        """
        asked = self._asked.by([*state.threads, *state.uncut])
        steps: dict[int, Step] = {}
        row = []
        for char, members in enumerate(self._asked.members):
            key = members & asked
            if key not in steps:
                steps[key] = self.step(state, char)
            row.append(steps[key])
        return [*row, self.step(state, END)]

    def step(self, state: State, char: int) -> Step:
        """What a state becomes before a character.

        Args:
            state: of this program.
            char: number of its class, or `END`.
        """
        self._spend(state)
        found = self._follow(state.threads, state, char, cut=True)
        uncut = self._follow(state.uncut, state, char, cut=False)
        step = Step(None, found.matches, uncut.matches is True, found.unclear or uncut.unclear)
        if char == END:
            return step
        threads = self._read(found.threads, state, char)
        others = frozenset(self._read(uncut.threads, state, char))
        step.deferred = not found.exists and self._is_deferred(found.pending, threads, state, char)
        if threads or others:
            certain = self._behind_after(state.certain, state, char)
            possible = self._behind_after(state.possible, state, char)
            step.target = State(tuple(threads), others, certain, possible, self._kinds[char])
        return step

    def _spend(self, state: State) -> None:
        for _, waiting in (*state.threads, *state.uncut):
            self._work += 1 + sum(1 + len(ahead) for _, ahead in waiting)
        if self._work > MAX_WORK:
            raise Unclear("it has too many states")

    def _is_deferred(
        self, pending: list[frozenset[Waiting]], threads: list[Thread], state: State, char: int
    ) -> bool:
        """Returns True if each match that waits for lookaheads is one after the character as well, if at all."""
        if not pending:
            return True
        matching = {waiting for at, waiting in threads if self._matches(frozenset([at]), None, END)}
        return all(self._waiting_after(waiting, state, char) in matching for waiting in pending)

    def _follow(self, threads: Iterable[Thread], state: State, char: int, *, cut: bool) -> _Found:
        """Run threads up to the next character, in order."""
        found = _Found()
        seen: set[Thread] = set()
        stack = list(threads)[::-1]
        while stack:
            thread = stack.pop()
            if thread in seen:
                continue
            seen.add(thread)
            at, waiting = thread
            instruction = self._code[at]
            if instruction.op is Op.CHAR:
                found.threads.append(thread)
                if found.undecided and cut:  # whether this thread is ever tried depends on what comes later
                    found.unclear = found.unclear or AFTER
            elif instruction.op is Op.MATCH:
                granted = self._is_granted(waiting, state, char)
                found.add_match(waiting, granted, cut)
                if granted and cut:
                    break
            else:
                stack += reversed(self._next(instruction, waiting, state, char, found))
        return found

    def _next(
        self, instruction: Instruction, waiting: frozenset[Waiting], state: State, char: int, found: _Found
    ) -> list[Thread]:
        """The threads after an instruction that reads no character."""
        if instruction.op is Op.FORK:
            return [(target, waiting) for target in instruction.targets]
        then = instruction.targets[0]
        if instruction.op is Op.AHEAD:
            return [(then, waiting | {_begun(instruction)})]
        holds = self._holds(instruction, state, char)
        if holds is None:
            found.unclear = found.unclear or (BEFORE if state.last is None else AFTER)
        return [(then, waiting)] if holds else []

    def _holds(self, instruction: Instruction, state: State, char: int) -> bool | None:
        if instruction.anchor is None:
            return self._holds_behind(instruction, state)
        return self._is_at(instruction.anchor, state, char)

    def _read(self, threads: list[Thread], state: State, char: int) -> list[Thread]:
        """The threads after a character; those that can't read it, or whose lookaheads fail, are gone."""
        found: dict[Thread, None] = {}
        for at, waiting in threads:
            instruction = self._code[at]
            if char not in self._inside[instruction.number]:
                continue
            left = self._waiting_after(waiting, state, char)
            if left is not None:
                found[instruction.targets[0], left] = None
        return list(found)

    def _is_granted(self, waiting: frozenset[Waiting], state: State, char: int) -> bool | None:
        """Returns True if lookaheads hold when the text goes on with a character; None if that does not tell."""
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
            instruction = self._code[at]
            is_match = instruction.op is Op.MATCH
            if not is_match and (char == END or char not in self._inside[instruction.number]):
                continue
            left = self._waiting_after(waiting, state, char)
            if left is None:
                continue
            if is_match and not left:
                return _HERE
            found.add((at if is_match else instruction.targets[0], left))
        return _HERE if self._has_match(found) else frozenset(found)

    def _has_match(self, threads: set[Thread]) -> bool:
        """Returns True if one of the threads of a lookahead has matched, wherever it is."""
        spread = self._ahead_spread(frozenset(threads), None, END)
        return any(self._code[at].op is Op.MATCH and not waiting for at, waiting in spread)

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
            instruction = self._code[at]
            if instruction.op in (Op.CHAR, Op.MATCH):
                leaves.add(thread)
            elif instruction.op is Op.AHEAD:
                stack.append((instruction.targets[0], waiting | {_begun(instruction)}))
            elif instruction.op is Op.FORK or (state and self._is_surely_at(instruction, state, char)):
                stack.extend((target, waiting) for target in instruction.targets)
        return leaves

    def _is_surely_at(self, instruction: Instruction, state: State, char: int) -> bool:
        """Returns True if an anchor in a lookahead holds."""
        holds = self._holds(instruction, state, char)
        if holds is None:
            raise Unclear(BEFORE if state.last is None else AFTER)
        return holds

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
            instruction = self._code[at]
            anchor = instruction.anchor
            if instruction.op is Op.FORK or (anchor and state and self._is_at(anchor, state, char)):
                stack.extend(instruction.targets)
        return seen

    def _matches(self, threads: frozenset[int], state: State | None, char: int) -> bool:
        return any(self._code[at].op is Op.MATCH for at in self._spread(threads, state, char))

    def _behind_after(
        self, sides: tuple[frozenset[int], ...], state: State, char: int
    ) -> tuple[frozenset[int], ...]:
        """The threads of each lookbehind after a character; it may begin here, too."""
        return tuple(
            self._after(threads, state, char) | {begin}
            for threads, begin in zip(sides, self._begins, strict=True)
        )

    def _after(self, threads: frozenset[int], state: State, char: int) -> frozenset[int]:
        found = set()
        for at in self._spread(threads, state, char):
            instruction = self._code[at]
            if instruction.op is Op.CHAR and char in self._inside[instruction.number]:
                found.add(instruction.targets[0])
        return frozenset(found)

    def _holds_behind(self, instruction: Instruction, state: State) -> bool | None:
        if self._matches(state.certain[instruction.number], state, END):
            return not instruction.negated
        if self._matches(state.possible[instruction.number], state, END):
            return None
        return instruction.negated

    def _is_at(self, anchor: Anchor, state: State, char: int) -> bool | None:
        """Returns True if an anchor holds; None if that can't be known."""
        place, newline = anchor.place, char in self._newlines
        if place in (Place.END, Place.LINE_END):
            return char == END or (newline and place is Place.LINE_END)
        if place is Place.LAST_LINE_END:
            return None if newline else char == END
        if state.last is None or place is Place.START:
            return None if state.last is None else False
        if place is Place.LINE_START:
            return state.last in self._newlines
        words = self._words[anchor.chars]
        return ((state.last in words) != (char in words)) == (place is Place.BOUNDARY)


def _begun(instruction: Instruction) -> Waiting:
    """The lookahead that an instruction begins."""
    return instruction.negated, frozenset([(instruction.begin, _NONE_WAITING)])


class _Asked:
    """Which sets of characters the threads of a state ask about: the others make no difference to it.

    Attributes:
        members: of each class of characters, the sets that it is in, as bits.
    """

    def __init__(self, code: Code) -> None:
        self._code = code.instructions
        sides = [*code.words.values(), code.newlines]
        known = [*code.inside, *sides]
        self.members = [
            sum(1 << i for i, numbers in enumerate(known) if number in numbers)
            for number in range(len(code.classes))
        ]
        looks_around = any(one.op in (Op.ANCHOR, Op.BEHIND) for one in code.instructions)
        self._always = -1 << len(code.inside) if looks_around else 0
        if code.behinds:
            self._always = (1 << len(known)) - 1
        self._by_instruction: dict[int, int] = {}

    def by(self, threads: Iterable[Thread]) -> int:
        """The sets that threads and their lookaheads ask about next, as bits."""
        return self._always | self._by_threads(threads)

    def _by_threads(self, threads: Iterable[Thread]) -> int:
        found = 0
        for at, waiting in threads:
            if at not in self._by_instruction:
                self._by_instruction[at] = self._from(at)
            found |= self._by_instruction[at]
            for _, ahead in waiting:
                found |= self._by_threads(ahead)
        return found

    def _from(self, start: int) -> int:
        found = 0
        seen = set()
        stack = [start]
        while stack:
            at = stack.pop()
            if at in seen:
                continue
            seen.add(at)
            instruction = self._code[at]
            if instruction.op is Op.CHAR:
                found |= 1 << instruction.number
            else:
                stack.extend(instruction.targets)
                if instruction.op is Op.AHEAD:
                    stack.append(instruction.begin)
        return found
