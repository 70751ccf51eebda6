"""Questions about expressions that need no automaton, and expressions cut down by what they begin or end with.

Expressions that assertions have been compiled into share parts and may be deep, so what walks one goes through
`in_order`: each part once, without recursion.
"""

from __future__ import annotations

from functools import reduce

from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EMPTY,
    EPSILON,
    CharSet,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
    charset,
    children,
    in_order,
)
from structgen.patterns.characters import common, contains, joined, outside
from structgen.patterns.folding import either, join, one_char, times

NO_CHARS = CharSet(())


def matches(expression: Expression, text: str) -> bool:
    """Returns True if a text of at most one character is in the expression."""
    if isinstance(expression, Concat) and not text:  # mostly decided here, so worth the look
        for part in expression.parts:
            if isinstance(part, (CharSet, Literal)):
                return False
    order = in_order(expression)
    found: dict[int, bool] = {}
    for node in order:
        found[id(node)] = _empty_in(node, found)
    if text:
        empty, found = found, {}
        for node in order:
            found[id(node)] = _char_in(node, text, found, empty)
    return found[id(expression)]


def _empty_in(node: Expression, found: dict[int, bool]) -> bool:
    """Returns True if the empty text is in the expression, given the answers for its parts."""
    if isinstance(node, Literal):
        return not node.text
    if isinstance(node, (Concat, Intersection)):
        return all(found[id(part)] for part in node.parts)
    if isinstance(node, Union):
        return any(found[id(part)] for part in node.parts)
    if isinstance(node, Repeat):
        return node.min == 0 or found[id(node.part)]
    return isinstance(node, Complement) and not found[id(node.part)]


def _char_in(node: Expression, char: str, found: dict[int, bool], empty: dict[int, bool]) -> bool:
    """Returns True if a character is in the expression, given the answers for its parts and for the empty text."""
    if isinstance(node, Literal):
        return node.text == char
    if isinstance(node, CharSet):
        return contains(node, ord(char))
    parts = [found[id(part)] for part in children(node)]
    if isinstance(node, Union):
        return any(parts)
    if isinstance(node, Intersection):
        return all(parts)
    if isinstance(node, Complement):
        return not parts[0]
    nullable = [empty[id(part)] for part in children(node)]
    if isinstance(node, Repeat):
        return parts[0] and node.max != 0 and (node.min <= 1 or nullable[0])
    if all(nullable):
        return any(parts)
    return nullable.count(False) == 1 and parts[nullable.index(False)]


def edge_chars(expression: Expression, *, at_end: bool) -> CharSet:
    """A set that has the first (last) character of every text of the expression, and perhaps more."""
    empty: dict[int, bool] = {}
    found: dict[int, CharSet] = {}
    for node in in_order(expression):
        empty[id(node)] = _empty_in(node, empty)
        found[id(node)] = _edge_of_node(node, at_end, found, empty)
    return found[id(expression)]


def _edge_of_node(
    node: Expression, at_end: bool, found: dict[int, CharSet], empty: dict[int, bool]
) -> CharSet:
    if isinstance(node, CharSet):
        return node
    if isinstance(node, Literal):
        return charset(node.text[-1:] if at_end else node.text[:1])
    if isinstance(node, Complement):
        return ANY_CHAR
    edges = [found[id(part)] for part in children(node)]
    if isinstance(node, Intersection):
        return reduce(common, edges, ANY_CHAR)
    if isinstance(node, Concat):
        edges = _reached(edges, [empty[id(part)] for part in node.parts], at_end)
    return joined(*edges)


def _reached(edges: list[CharSet], empty: list[bool], at_end: bool) -> list[CharSet]:
    """The edges of the parts up to the first (from the last) one that is never empty."""
    order = range(len(edges) - 1, -1, -1) if at_end else range(len(edges))
    last = next((i for i in order if not empty[i]), order[-1])
    return edges[last:] if at_end else edges[: last + 1]


def with_edge(expression: Expression, chars: CharSet, *, at_end: bool) -> Expression:
    """The texts, none empty, that begin (end) with one of the characters.

    Without an intersection where the shape of the expression allows.
    """
    edges = edge_chars(expression, at_end=at_end)
    if not common(edges, chars).ranges:
        return EMPTY
    if not common(edges, outside(chars)).ranges and not matches(expression, ""):
        return expression
    if isinstance(expression, CharSet):
        return one_char(common(expression, chars))
    if isinstance(expression, Union):
        return either([with_edge(part, chars, at_end=at_end) for part in expression.parts])
    if isinstance(expression, Literal):
        return expression  # its edge is among the characters
    return _with_edge_by_shape(expression, chars, at_end) or expression & edge_language(chars, at_end=at_end)


def _with_edge_by_shape(expression: Expression, chars: CharSet, at_end: bool) -> Expression | None:
    if isinstance(expression, Repeat):
        return _loop_with_edge(expression, chars, at_end)
    return _concat_with_edge(expression, chars, at_end) if isinstance(expression, Concat) else None


def _loop_with_edge(loop: Repeat, chars: CharSet, at_end: bool) -> Expression | None:
    """The same for a repetition; None if its body may be empty."""
    if matches(loop.part, ""):
        return None
    others = times(loop.part, max(loop.min - 1, 0), None if loop.max is None else loop.max - 1)
    edge = with_edge(loop.part, chars, at_end=at_end)
    return join((others, edge) if at_end else (edge, others))


def _concat_with_edge(expression: Concat, chars: CharSet, at_end: bool) -> Expression | None:
    """The same for parts one after the other; None if many of them at the edge may be empty."""
    parts = expression.parts
    head, tail = (parts[-1], parts[:-1]) if at_end else (parts[0], parts[1:])
    nullable = _nullable_edge(parts, at_end)
    if nullable > 2 or (nullable and head is ANY_TEXT):
        return None
    edge = with_edge(head, chars, at_end=at_end)
    found = join((*tail, edge) if at_end else (edge, *tail))
    return either((found, with_edge(join(tail), chars, at_end=at_end))) if nullable else found


def _nullable_edge(parts: tuple[Expression, ...], at_end: bool) -> int:
    """How many parts at the edge can be empty."""
    count = 0
    for part in reversed(parts) if at_end else parts:
        if not matches(part, ""):
            break
        count += 1
    return count


def edge_language(chars: CharSet, *, at_end: bool) -> Expression:
    """Every text that begins (ends) with one of the characters."""
    edge = one_char(chars)
    return join((ANY_TEXT, edge) if at_end else (edge, ANY_TEXT))


def edge_of(language: Expression, *, at_end: bool) -> tuple[bool, CharSet] | None:
    """What makes a text be in the language, if its first (last) character alone decides.

    Returns:
        Whether the empty text is in it, and the characters; None if there is more to it.
    """
    if language == EPSILON:
        return True, NO_CHARS
    if not isinstance(language, (Union, Concat)) or len(language.parts) != 2:
        return None
    if isinstance(language, Union):
        rest = edge_of(language.parts[1], at_end=at_end) if language.parts[0] == EPSILON else None
        return None if rest is None else (True, rest[1])
    char, others = language.parts[::-1] if at_end else language.parts
    chars = _chars_of(char) if others == ANY_TEXT else None
    return None if chars is None else (False, chars)


def _chars_of(expression: Expression) -> CharSet | None:
    """The characters of an expression that is one character; None for others."""
    if isinstance(expression, Literal) and len(expression.text) == 1:
        return charset(expression.text)
    return expression if isinstance(expression, CharSet) else None


def reverse(expression: Expression) -> Expression:
    """The texts read backwards."""
    found: dict[int, Expression] = {}
    for node in in_order(expression):
        found[id(node)] = _reversed(node, tuple([found[id(part)] for part in children(node)]))
    return found[id(expression)]


def _reversed(node: Expression, parts: tuple[Expression, ...]) -> Expression:
    """A node read backwards, of parts that are reversed already."""
    if isinstance(node, Literal) and len(node.text) > 1:
        return Literal(node.text[::-1])
    if isinstance(node, Concat):
        return Concat(parts[::-1])
    if isinstance(node, Union):
        return Union(parts)
    if isinstance(node, Intersection):
        return Intersection(parts)
    if isinstance(node, Complement):
        return Complement(parts[0])
    if isinstance(node, Repeat) and not isinstance(node.part, CharSet):
        return Repeat(parts[0], node.min, node.max)
    return node


def restrict(texts: Expression, language: Expression, negated: bool, *, at_end: bool) -> Expression:
    """The texts that are in the language (or, `negated`, are not); no intersection where none is needed.

    Args:
        texts: an expression.
        language: of which the last character often decides (`at_end`), or the first (otherwise).
        negated: whether the texts not in the language are meant.
        at_end: which end of the text decides.
    """
    if texts is EMPTY or language is EMPTY:
        return texts if negated else EMPTY
    if language == ANY_TEXT:
        return EMPTY if negated else texts
    if texts == EPSILON:
        return EPSILON if matches(language, "") != negated else EMPTY
    return _restrict_edge(texts, language, negated, at_end) or _restrict_all(texts, language, negated)


def _restrict_edge(texts: Expression, language: Expression, negated: bool, at_end: bool) -> Expression | None:
    """The same, if one character of a text decides; None if not."""
    edge = edge_of(language, at_end=at_end)
    if edge:
        empty, chars = edge
        if negated:
            empty, chars = not empty, outside(chars)
        return _with_edge_of(texts, empty, chars, at_end)
    return None


def _restrict_all(texts: Expression, language: Expression, negated: bool) -> Expression:
    if language == _END_OR_NEWLINE and not negated:
        found = [text for text in ("", "\n") if matches(texts, text)]
        return either([Literal(text) if text else EPSILON for text in found])
    wanted = Complement(language) if negated else language
    return wanted if texts is ANY_TEXT else texts & wanted


def _with_edge_of(texts: Expression, empty: bool, chars: CharSet, at_end: bool) -> Expression:
    """The texts that begin (end) with one of the characters, and (`empty`) the empty text if it is one of them."""
    stays = empty and matches(texts, "")
    if not chars.ranges:
        return EPSILON if stays else EMPTY
    if texts is ANY_TEXT and chars == ANY_CHAR:
        return texts if stays else NOT_EMPTY
    others = with_edge(texts, chars, at_end=at_end)
    has_empty = others is not EMPTY and matches(others, "")
    if has_empty or not stays:
        return others
    return texts if _is_all(texts, chars, at_end) else either((EPSILON, others))


def _is_all(texts: Expression, chars: CharSet, at_end: bool) -> bool:
    return not common(edge_chars(texts, at_end=at_end), outside(chars)).ranges


NOT_EMPTY = Repeat(ANY_CHAR, 1, None)
_END_OR_NEWLINE = Union((EPSILON, Literal("\n")))
