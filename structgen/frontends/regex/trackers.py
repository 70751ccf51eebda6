"""Trackers: small automata that follow what went before a position, as far as a pattern asks about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from structgen.frontends.regex import analysis
from structgen.frontends.regex.characters import common
from structgen.frontends.regex.nodes import either, join
from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EMPTY,
    EPSILON,
    CharSet,
    Concat,
    Expression,
    Literal,
    Union,
    charset,
    invert,
    merge_ranges,
)


@dataclass(frozen=True, slots=True)
class Tracker:
    """An automaton over the text before a position that only looks at its last character.

    Attributes:
        states: how many; 0 is the start of the text.
        holds: for each language, whether the text before is in it, by state.
        last: the characters after which each state is reached; none for the start.
    """

    states: int
    holds: tuple[tuple[bool, ...], ...]
    last: tuple[CharSet, ...]

    def ending(self, node: Expression, state: int, targets: list[int]) -> Expression:
        """The texts of `node` that lead from `state` to one of the targets."""
        chars = CharSet(merge_ranges(pair for target in targets for pair in self.last[target].ranges))
        stays = state in targets and analysis.matches(node, "")
        if chars.ranges == ANY_CHAR.ranges:
            ends = join((ANY_CHAR, ANY_TEXT))
        elif not chars.ranges:
            return EPSILON if stays else EMPTY
        else:
            ends = join((ANY_TEXT, chars))
        if node is ANY_TEXT:
            return either((EPSILON, ends)) if stays else ends
        if not analysis.matches(node, "") and chars.ranges == ANY_CHAR.ranges:
            return node
        return node & (either((EPSILON, ends)) if stays else ends)


@lru_cache(maxsize=1024)
def tracker(languages: tuple[Expression, ...]) -> Tracker | None:
    """The tracker for these languages; None: the last character does not decide."""
    kinds = [kind for kind in map(_last_of, languages) if kind]
    if len(kinds) < len(languages):
        return None
    blocks: list[tuple[CharSet, tuple[bool, ...]]] = [(ANY_CHAR, ())]
    for _, chars in kinds:
        refined: list[tuple[CharSet, tuple[bool, ...]]] = []
        for block, signature in blocks:
            inside, outside = common(block, chars), common(block, invert(chars))
            if inside.ranges:
                refined.append((inside, (*signature, True)))
            if outside.ranges:
                refined.append((outside, (*signature, False)))
        blocks = refined
    last = (CharSet(()), *(block for block, _ in blocks))
    holds = tuple((empty, *(signature[i] for _, signature in blocks)) for i, (empty, _) in enumerate(kinds))
    if not languages:
        return Tracker(1, (), (ANY_CHAR,))
    return Tracker(len(last), holds, last)


def _last_of(language: Expression) -> tuple[bool, CharSet] | None:
    """Whether the empty text is in it, and what characters its others end in; None: there is more to it."""
    if language == EPSILON:
        return True, CharSet(())
    if isinstance(language, Union) and len(language.parts) == 2 and language.parts[0] == EPSILON:
        rest = _last_of(language.parts[1])
        return rest and (True, rest[1])
    if isinstance(language, Concat) and len(language.parts) == 2 and language.parts[0] is ANY_TEXT:
        chars = language.parts[1]
        if isinstance(chars, CharSet):
            return False, chars
        if isinstance(chars, Literal) and len(chars.text) == 1:
            return False, charset(chars.text)
    return None
