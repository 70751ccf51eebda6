"""Parts of a document: the texts that stand somewhere in it, piece by piece.

The suffix automaton of the pieces (Blumer et al. 1985) has fewer than two states a piece, and is built in linear time.
Each state becomes one expression, shared by all that lead to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from structgen.grammar.expressions import EPSILON, Concat, Expression, Literal, Union


def chunks_of(kind: str, document: str) -> list[str]:
    """The pieces of a document: "words" (and what stands between them), "chars" or "lines"."""
    if kind == "chars":
        return list(document)
    if kind == "lines":
        return document.splitlines(keepends=True)
    return re.findall(r"\w+|\s+|[^\w\s]+", document) if kind == "words" else [document]


def substring(chunks: Sequence[str]) -> Expression:
    """The texts that some neighbouring chunks have together; none of them is the empty text.

    >>> str(substring(["a", "b"]))
    "('' | ('a' ('' | 'b')) | 'b')"
    """
    following, lengths = _automaton([chunk for chunk in chunks if chunk])
    made: dict[int, Expression] = {}
    for state in sorted(range(len(following)), key=lambda one: -lengths[one]):
        parts: list[Expression] = [EPSILON]
        for chunk, target in following[state].items():
            rest = made[target]
            part = Literal(chunk) if rest == EPSILON else Concat((Literal(chunk), rest))
            hash(part)  # found once, from the inside out: a document is too deep to do that at the end
            parts.append(part)
        made[state] = parts[0] if len(parts) == 1 else Union(tuple(parts))
        hash(made[state])
    return made[0]


def _automaton(chunks: Sequence[str]) -> tuple[list[dict[str, int]], list[int]]:
    """The suffix automaton: where each chunk leads from each state, and the length of the longest way there."""
    following: list[dict[str, int]] = [{}]
    lengths, links, last = [0], [-1], 0
    for chunk in chunks:
        current = len(following)
        following.append({})
        lengths.append(lengths[last] + 1)
        links.append(0)
        state = last
        while state != -1 and chunk not in following[state]:
            following[state][chunk] = current
            state = links[state]
        if state != -1:
            links[current] = _parent(following, lengths, links, state, chunk)
        last = current
    return following, lengths


def _parent(
    following: list[dict[str, int]], lengths: list[int], links: list[int], state: int, chunk: str
) -> int:
    """The state whose texts are suffixes of the new one's: there already, or a copy of a longer one's."""
    target = following[state][chunk]
    if lengths[state] + 1 == lengths[target]:
        return target
    copy = len(following)
    following.append(dict(following[target]))
    lengths.append(lengths[state] + 1)
    links.append(links[target])
    while state != -1 and following[state].get(chunk) == target:
        following[state][chunk] = copy
        state = links[state]
    links[target] = copy
    return copy
