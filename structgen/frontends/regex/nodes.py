r"""What a pattern is once it is read: expressions, and around the assertions in it, five more kinds of node.

    Ahead(language)       here, if what follows (to the end of the text) is in the language:  $  \Z  (?=..)
    (?!..) Behind(language)      here, if what went before (from the start of the text) is:          ^  \A
    (?<=..)  (?<!..) Sequence(parts)       the parts, one after the other Options(options)      any of the
    options Loop(body, min, max)  the body, min to max times

The last three only hold what an expression cannot: a part with an assertion in it. A pattern without
assertions is an `Expression` from the start, and `\b` is four assertions. `assertions.py` turns nodes into
expressions.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass

from structgen.frontends.regex.characters import joined
from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EMPTY,
    EPSILON,
    CharSet,
    Concat,
    Expression,
    Literal,
    Repeat,
    Union,
    charset,
)


class Assertive:
    """A node that is, or contains, an assertion."""

    __slots__ = ()


Node = Expression | Assertive


@dataclass(frozen=True, slots=True, eq=False)
class Ahead(Assertive):
    """The empty text, where what follows is in `language` (or, `negated`, is not).

    Attributes:
        position: offset in the pattern.
    """

    language: Node
    negated: bool
    position: int


@dataclass(frozen=True, slots=True, eq=False)
class Behind(Assertive):
    """The empty text, where what went before is in `language` (or, `negated`, is not).

    Attributes:
        position: offset in the pattern.
    """

    language: Node
    negated: bool
    position: int


@dataclass(frozen=True, slots=True, eq=False)
class Sequence(Assertive):
    """The parts, one after the other; no two expressions are neighbours."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Options(Assertive):
    """Any of the options."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Loop(Assertive):
    """The body, min to max times; max=None: no bound.

    Attributes:
        position: offset of the quantifier in the pattern.
    """

    body: Node
    min: int
    max: int | None
    position: int


def join(parts: Iterable[Expression]) -> Expression:
    """`concat`, folding literals that are neighbours, and parts that denote nothing."""
    flat: list[Expression] = []
    text = ""
    for outer in parts:
        for part in outer.parts if isinstance(outer, Concat) else (outer,):
            if isinstance(part, Literal):
                text += part.text
                continue
            if part == EMPTY:
                return EMPTY
            if text:
                flat.append(Literal(text))
                text = ""
            if part is not ANY_TEXT or not flat or flat[-1] is not ANY_TEXT:
                flat.append(part)
    if text:
        flat.append(Literal(text))
    if len(flat) == 1:
        return flat[0]
    return Concat(tuple(flat)) if flat else EPSILON


def either(options: Iterable[Expression]) -> Expression:
    """`union`, in order, folding single characters that are neighbours, and options that denote nothing."""
    flat: list[Expression] = []
    chars: list[Expression] = []
    for outer in options:
        for option in outer.parts if isinstance(outer, Union) else (outer,):
            if isinstance(option, CharSet) or (isinstance(option, Literal) and len(option.text) == 1):
                chars.append(option)
                continue
            if chars:
                flat.append(_one_of(chars))
                chars = []
            flat.append(option)
    if chars:
        flat.append(_one_of(chars))
    return flat[0] if len(flat) == 1 else Union(tuple(flat)) if flat else EMPTY


def _one_of(chars: list[Expression]) -> Expression:
    if len(chars) == 1:
        return chars[0]
    sets = [char for char in chars if isinstance(char, CharSet)]
    return one_char(joined(charset(*[char.text for char in chars if isinstance(char, Literal)]), *sets))


def one_char(chars: CharSet) -> Expression:
    """The set; a literal, if it is a single character; nothing, if it holds no character of a text."""
    ranges = chars.ranges
    if len(ranges) == 1:
        first, last = ranges[0]
        if first >= 0xD800 and last <= 0xDFFF:
            return EMPTY
        if first == last:
            return Literal(chr(first))
    return chars if ranges else EMPTY


def times(part: Expression, least: int, most: int | None) -> Expression:
    """`repeat`, folding what is trivial."""
    if most == 0 or part == EPSILON:
        return EPSILON
    if part == EMPTY:
        return EMPTY if least else EPSILON
    if (least, most) == (1, 1):
        return part
    if (least, most) == (0, None) and part == ANY_CHAR:
        return ANY_TEXT
    if isinstance(part, Repeat) and most is None and part.max is None and part.min <= 1 and least <= 1:
        return Repeat(part.part, min(part.min, least), None)
    return Repeat(part, least, most)


def sequence(parts: SequenceOf[Node]) -> Node:
    """The parts, one after the other: an expression if all of them are."""
    flat: list[Node] = []
    plain: list[Expression] = []
    for outer in parts:
        for part in outer.parts if isinstance(outer, Sequence) else (outer,):
            if isinstance(part, Expression):
                plain.append(part)
                continue
            if plain:
                flat.append(join(plain))
                plain = []
            flat.append(part)
    if not flat:
        return join(plain)
    if plain:
        flat.append(join(plain))
    kept = [part for part in flat if part != EPSILON]
    if EMPTY in kept:
        return EMPTY
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
    return body if (least, most) == (1, 1) else Loop(body, least, most, position)


def width(node: Node) -> tuple[int, int | None]:
    """The least and the most code points of a text that the node matches; None: no bound."""
    if isinstance(node, Literal):
        return len(node.text), len(node.text)
    if isinstance(node, CharSet):
        return 1, 1
    if isinstance(node, (Concat, Sequence)):
        least: int = 0
        most: int | None = 0
        for low, high in map(width, node.parts):
            least += low
            most = None if most is None or high is None else most + high
        return least, most
    if isinstance(node, (Union, Options)):
        widths = [width(part) for part in (node.parts if isinstance(node, Union) else node.options)] or [
            (0, 0)
        ]
        highs = [high for _, high in widths]
        return min(low for low, _ in widths), None if None in highs else max(high or 0 for high in highs)
    if isinstance(node, (Repeat, Loop)):
        low, high = width(node.part if isinstance(node, Repeat) else node.body)
        if high == 0:
            return 0, 0
        return low * node.min, None if high is None or node.max is None else high * node.max
    return 0, 0


def atomic(node: Node, position: int, *, lazy: bool) -> Node | None:
    """What `(?>node)` denotes: only the first match of the node counts, there is no way back into it.

    Where every match at a position is equally long, that changes nothing. For a repetition of such texts, the
    first match is the longest, and for options, the first of them that matches: `(?!...)` says both.

    Args:
        node: the contents.
        position: offset in the pattern.
        lazy: whether there is a lazy quantifier in it.

    Returns:
        The node; None if its first match is not so easy to say.
    """
    least, most = width(node)
    if least == most:
        return node
    if not lazy and isinstance(node, Repeat) and _is_fixed(node.part):
        stop = Ahead(sequence((node.part, ANY_TEXT)), True, position)
        if node.max is None:
            return sequence((node, stop))
        full = times(node.part, node.max, node.max)
        return options((sequence((times(node.part, node.min, node.max - 1), stop)), full))
    if isinstance(node, Union) and all(map(_is_fixed, node.parts)):
        found: list[Node] = []
        for i, option in enumerate(node.parts):
            earlier = Ahead(sequence((either(node.parts[:i]), ANY_TEXT)), True, position)
            found.append(sequence((earlier, option)) if i else option)
        return options(found)
    return None


def _is_fixed(node: Expression) -> bool:
    """Whether the texts are equally long."""
    least, most = width(node)
    return least == most


def inner(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node that is no expression."""
    if isinstance(node, (Ahead, Behind)):
        return (node.language,)
    if isinstance(node, Loop):
        return (node.body,)
    if isinstance(node, Sequence):
        return node.parts
    return node.options if isinstance(node, Options) else ()


def parts_of(node: Node) -> tuple[Node, ...]:
    """The parts of a sequence; any other node is its only part."""
    return node.parts if isinstance(node, Sequence) else (node,)


def find_behinds(node: Node) -> list[Behind]:
    """The assertions in the node about what went before; not those within them."""
    if isinstance(node, Behind):
        return [node]
    return [found for part in inner(node) for found in find_behinds(part)]


def find_aheads(node: Node) -> list[Ahead]:
    """The assertions in the node about what follows; not those within them, nor within the others."""
    if isinstance(node, Ahead):
        return [node]
    return [] if isinstance(node, Behind) else [found for part in inner(node) for found in find_aheads(part)]


def first_position(node: Node) -> int:
    """The offset of the first assertion in the node."""
    if isinstance(node, (Ahead, Behind)):
        return node.position
    return min(map(first_position, (part for part in inner(node) if isinstance(part, Assertive))))


# The assertions that have a name.

_END_OR_NEWLINE = Union((EPSILON, Literal("\n")))


def text_start(position: int) -> Node:
    r"""`\A`, and `^` without MULTILINE."""
    return Behind(EPSILON, False, position)


def text_end(position: int) -> Node:
    r"""`\Z`, and `$` of ECMA-262 without the flag m."""
    return Ahead(EPSILON, False, position)


def text_end_or_newline(position: int) -> Node:
    """`$` of Python without MULTILINE: the end, or before a newline that ends the text."""
    return Ahead(_END_OR_NEWLINE, False, position)


def line_start(newlines: Expression, position: int) -> Node:
    """`^` with MULTILINE."""
    return Behind(Union((EPSILON, Concat((ANY_TEXT, newlines)))), False, position)


def line_end(newlines: Expression, position: int) -> Node:
    """`$` with MULTILINE."""
    return Ahead(Union((EPSILON, Concat((newlines, ANY_TEXT)))), False, position)


def word_boundary(word: CharSet, negated: bool, empty_text_too: bool, position: int) -> Node:
    r"""`\b`, `\B`: whether exactly one of the neighbours is a word character.

    Args:
        word: the word characters.
        negated: `\B`.
        empty_text_too: whether `\B` holds in the empty text, which it does not in Python before 3.14.
        position: offset in the pattern.
    """
    after_word = Behind(Concat((ANY_TEXT, word)), False, position)
    not_after_word = Behind(Concat((ANY_TEXT, word)), True, position)
    before_word = Ahead(Concat((word, ANY_TEXT)), False, position)
    not_before_word = Ahead(Concat((word, ANY_TEXT)), True, position)
    if not negated:
        return Options((Sequence((after_word, not_before_word)), Sequence((not_after_word, before_word))))
    apart: Node = Sequence((not_after_word, not_before_word))
    if not empty_text_too:
        somewhere = Options((Behind(EPSILON, True, position), Ahead(EPSILON, True, position)))
        apart = Sequence((not_after_word, not_before_word, somewhere))
    return Options((Sequence((after_word, before_word)), apart))
