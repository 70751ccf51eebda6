"""The pattern of a terminal compiled to instructions (Thompson 1968), from its end to its start.

Each instruction has the numbers of those after it; where there are several, the preferred ones come first. Characters
come in classes: no instruction distinguishes two characters of a class.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from typing import NamedTuple

from structgen.frontends.lark.first_match.nodes import Unclear, Word, can_be_empty
from structgen.grammar.expressions import ANY_CHAR, CharSet, charset
from structgen.patterns.characters import common, joined, outside
from structgen.patterns.tree import NO_CHARS, Anchor, Look, Loop, Node, Options, Place, Sequence, children

MAX_INSTRUCTIONS = 20_000

BOUNDARIES = frozenset({Place.BOUNDARY, Place.NO_BOUNDARY, Place.NO_BOUNDARY_IN_TEXT})
NEWLINE = charset("\n")


class Op(Enum):
    """What an instruction does."""

    CHAR = auto()
    FORK = auto()
    AHEAD = auto()
    BEHIND = auto()
    ANCHOR = auto()
    MATCH = auto()


class Instruction(NamedTuple):
    """One step of a program.

    Attributes:
        op: what it does.
        targets: the instructions after it.
        number: of the set of characters that CHAR reads; of the lookbehind that BEHIND asks about.
        begin: the first instruction of the body of a lookahead.
        negated: whether an assertion must not hold.
        anchor: of ANCHOR.
    """

    op: Op
    targets: tuple[int, ...] = ()
    number: int = 0
    begin: int = 0
    negated: bool = False
    anchor: Anchor | None = None


class Code:
    """The instructions of a pattern.

    Attributes:
        instructions: all of them; the last one of the pattern is number 0.
        start: the first one.
        behinds: of each lookbehind, its first instruction, and all of them.
        classes: the classes of characters: disjoint, and together everything.
        inside: of each set of characters that is read, the numbers of its classes.
        words: of each set of word characters that a boundary asks about, the same.
        newlines: of the newline, the same.
        is_plain: whether there are no assertions: then what comes next changes no match.
    """

    def __init__(self, pattern: Node) -> None:
        """Compile a pattern.

        Raises:
            Unclear: It is too large, or has assertions that are not followed.
        """
        self.instructions: list[Instruction] = []
        self.behinds: list[tuple[int, frozenset[int]]] = []
        self.is_plain = True
        self._sets: dict[CharSet, int] = {}
        self.start = self._compile(pattern, self._emit(Instruction(Op.MATCH)))
        anchors = [one.anchor for one in self.instructions if one.anchor is not None]
        words = {anchor.chars for anchor in anchors if anchor.place in BOUNDARIES}
        sets = [*self._sets, *words, NEWLINE]
        self.classes = _partition(sets)
        inside = {
            chars: frozenset(i for i, part in enumerate(self.classes) if common(chars, part).ranges)
            for chars in sets
        }
        self.inside = [inside[chars] for chars in self._sets]
        self.words = {chars: inside[chars] for chars in words}
        self.newlines = inside[NEWLINE]

    def _emit(self, instruction: Instruction) -> int:
        if len(self.instructions) >= MAX_INSTRUCTIONS:
            raise Unclear(
                f"it has more than {MAX_INSTRUCTIONS:,} positions once its repetitions are written out"
            )
        self.instructions.append(instruction)
        return len(self.instructions) - 1

    def _fork(self, *targets: int) -> int:
        return self._emit(Instruction(Op.FORK, targets))

    def _compile(self, node: Node, then: int) -> int:
        """The first instruction of a node, after which `then` comes."""
        if isinstance(node, CharSet):
            return self._emit(Instruction(Op.CHAR, (then,), self._sets.setdefault(node, len(self._sets))))
        if isinstance(node, Sequence):
            for part in reversed(node.parts):
                then = self._compile(part, then)
            return then
        if isinstance(node, Options):
            return self._fork(*[self._compile(option, then) for option in node.options])
        if isinstance(node, Loop):
            return self._compile_loop(node, then)
        if isinstance(node, Word):
            return self._compile(node.written, then)
        self.is_plain = False
        return self._compile_assertion(node, then)

    def _compile_assertion(self, node: Node, then: int) -> int:
        if isinstance(node, Anchor):
            return self._emit(Instruction(Op.ANCHOR, (then,), anchor=node))
        assert isinstance(node, Look)
        return self._compile_ahead(node, then) if node.ahead else self._compile_behind(node, then)

    def _compile_ahead(self, node: Look, then: int) -> int:
        if _has_look(node.body, behind=True):
            raise Unclear("lookbehind within an assertion is not followed in terminals")
        begin = self._compile(node.body, self._emit(Instruction(Op.MATCH)))
        return self._emit(Instruction(Op.AHEAD, (then,), begin=begin, negated=node.negated))

    def _compile_behind(self, node: Look, then: int) -> int:
        if _has_look(node.body):
            raise Unclear("lookbehind within an assertion is not followed in terminals")
        first = len(self.instructions)
        begin = self._compile(node.body, self._emit(Instruction(Op.MATCH)))
        if any(one.op is Op.ANCHOR for one in self.instructions[first:]):
            raise Unclear("anchors within a lookbehind are not followed in terminals")
        self.behinds.append((begin, frozenset(range(first, len(self.instructions)))))
        return self._emit(Instruction(Op.BEHIND, (then,), len(self.behinds) - 1, negated=node.negated))

    def _compile_loop(self, node: Loop, then: int) -> int:
        if node.max != 1 and can_be_empty(node.body) and not _prefers_text(node.body):
            raise Unclear(
                "a repetition of what may be empty, and prefers to be, is not followed in terminals"
            )
        if node.max is None:
            again = self._fork()
            body = self._compile(node.body, again)
            self.instructions[again] = Instruction(Op.FORK, (body, then) if node.greedy else (then, body))
            then = again
        else:
            exit_ = then
            for _ in range(node.max - node.min):
                body = self._compile(node.body, then)
                then = self._fork(*((body, exit_) if node.greedy else (exit_, body)))
        for _ in range(node.min):
            then = self._compile(node.body, then)
        return then


def _prefers_text(node: Node) -> bool:
    """Returns True if the empty text is what the node tries last, where it can be empty at all."""
    if not can_be_empty(node) or isinstance(node, CharSet):
        return True
    if isinstance(node, Options):
        empties = [can_be_empty(option) for option in node.options]
        return all(map(_prefers_text, node.options)) and not any(empties[:-1])
    if isinstance(node, Sequence):
        return all(map(_prefers_text, node.parts))
    return isinstance(node, Loop) and (node.greedy or node.min == node.max) and _prefers_text(node.body)


def _has_look(node: Node, behind: bool = False) -> bool:
    """Returns True if there is a lookahead or a lookbehind in a node; or just (`behind`) a lookbehind."""
    if isinstance(node, Look) and not (behind and node.ahead):
        return True
    parts = (node.written,) if isinstance(node, Word) else children(node)
    return any(_has_look(part, behind) for part in parts)


def _partition(sets: Iterable[CharSet]) -> list[CharSet]:
    """The coarsest classes such that each set is a union of some."""
    classes = [ANY_CHAR]
    for chars in sets:
        if chars == NO_CHARS:
            continue
        split = [(common(part, chars), common(part, outside(chars))) for part in classes]
        classes = [part for pair in split for part in pair if part.ranges]
    return [joined(part) for part in classes]
