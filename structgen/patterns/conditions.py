"""Conditions on the text around a position, and the nodes that hold one.

    Ahead(language)      here, if what follows, to the end of the text, is in the language
    Behind(language)     here, if what went before, from the start of the text, is in it

A settled node (`settle.py`) is an expression, or one of the kinds of `tree.py` or of these around a condition: the
constructors below make an expression of all that holds none.
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from itertools import groupby
from typing import cast

from structgen.grammar.expressions import EMPTY, EPSILON, Expression
from structgen.patterns import tree
from structgen.patterns.folding import either, join, times
from structgen.patterns.tree import Composite, Loop, Node, Options, Sequence


@dataclass(frozen=True, slots=True, eq=False)
class Ahead(Composite):
    """The empty text, where what follows is in `language` (or, `negated`, is not).

    Attributes:
        position: offset in the pattern.
    """

    language: Node
    negated: bool
    position: int


@dataclass(frozen=True, slots=True, eq=False)
class Behind(Composite):
    """The empty text, where what went before is in `language` (or, `negated`, is not).

    Attributes:
        position: offset in the pattern.
    """

    language: Node
    negated: bool
    position: int


def sequence(parts: SequenceOf[Node]) -> Node:
    """The parts, one after the other: an expression if all of them are; no two expressions are neighbours."""
    flat = [part for outer in parts for part in parts_of(outer)]
    found: list[Node] = []
    for is_plain, run in groupby(flat, lambda part: isinstance(part, Expression)):
        run_parts = list(run)
        found += [join(cast("list[Expression]", run_parts))] if is_plain else run_parts
    if EMPTY in found:
        return EMPTY
    kept = [part for part in found if part != EPSILON] or [EPSILON]
    return kept[0] if len(kept) == 1 else Sequence(tuple(kept))


def options(choices: SequenceOf[Node]) -> Node:
    """Any of the choices: an expression if all of them are."""
    plain = [choice for choice in choices if isinstance(choice, Expression)]
    if len(plain) == len(choices):
        return either(plain)
    flat: list[Node] = []
    for choice in choices:
        if isinstance(choice, Options):
            flat.extend(choice.options)
        elif choice != EMPTY:
            flat.append(choice)
    return flat[0] if len(flat) == 1 else Options(tuple(flat))


def loop(body: Node, least: int, most: int | None, position: int) -> Node:
    """The body, least to most times: an expression if the body is one."""
    if isinstance(body, Expression):
        return times(body, least, most)
    if most == 0:
        return EPSILON
    return body if (least, most) == (1, 1) else Loop(body, least, most, position=position)


def children(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node that is no expression."""
    return (node.language,) if isinstance(node, (Ahead, Behind)) else tree.children(node)


def parts_of(node: Node) -> tuple[Node, ...]:
    """The parts of a sequence; any other node is its only part."""
    return node.parts if isinstance(node, Sequence) else (node,)


def find_behinds(node: Node) -> list[Behind]:
    """The conditions in the node on what went before; not those within them."""
    if isinstance(node, Behind):
        return [node]
    return [found for part in children(node) for found in find_behinds(part)]


def find_aheads(node: Node) -> list[Ahead]:
    """The conditions in the node on what follows; not those within them, nor within the others."""
    if isinstance(node, Ahead):
        return [node]
    if isinstance(node, Behind):
        return []
    return [found for part in children(node) for found in find_aheads(part)]


def first_position(node: Node) -> int:
    """The offset of the first condition in the node."""
    if isinstance(node, (Ahead, Behind)):
        return node.position
    return min(first_position(part) for part in children(node) if isinstance(part, Composite))
