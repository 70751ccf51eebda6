"""Questions about expressions that need no automaton, and expressions cut down by what they begin or end with.

Expressions here share parts, so whatever walks one remembers what it found by identity.
"""

from __future__ import annotations

from structgen.frontends.regex.characters import common, contains
from structgen.frontends.regex.nodes import either, join, one_char, times
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
    invert,
    merge_ranges,
)

NO_CHARS = CharSet(())


def children(expression: Expression) -> tuple[Expression, ...]:
    """The direct parts."""
    if isinstance(expression, (Concat, Union, Intersection)):
        return expression.parts
    return (expression.part,) if isinstance(expression, (Complement, Repeat)) else ()


def tree_size(expression: Expression) -> int:
    """Nodes of the expression; those that stand in several places count in each."""
    known: dict[int, int] = {}

    def size(node: Expression) -> int:
        found = known.get(id(node))
        if found is None:
            found = known[id(node)] = 1 + sum(map(size, children(node)))
        return found

    return size(expression)


def matches(expression: Expression, text: str) -> bool:
    """Whether a text of at most one character is in the expression."""
    return _Matcher(text).matches(expression)


class _Matcher:
    def __init__(self, text: str) -> None:
        assert len(text) <= 1
        self.text = text
        self.empty = _Matcher("") if text else self
        self.known: dict[int, bool] = {}

    def matches(self, expression: Expression) -> bool:
        found = self.known.get(id(expression))
        if found is None:
            found = self.known[id(expression)] = self._matches(expression)
        return found

    def _matches(self, expression: Expression) -> bool:
        if isinstance(expression, Literal):
            return expression.text == self.text
        if isinstance(expression, CharSet):
            return bool(self.text) and contains(expression, ord(self.text))
        if isinstance(expression, Concat):
            return self._in_sequence(expression.parts)
        if isinstance(expression, Union):
            return any(map(self.matches, expression.parts))
        if isinstance(expression, Intersection):
            return all(map(self.matches, expression.parts))
        if isinstance(expression, Complement):
            return not self.matches(expression.part)
        assert isinstance(expression, Repeat)
        if expression.min == 0 and not self.text:
            return True
        if expression.min <= 1:
            return expression.max != 0 and self.matches(expression.part)
        return self.matches(expression.part) and self.empty.matches(expression.part)

    def _in_sequence(self, parts: tuple[Expression, ...]) -> bool:
        if not self.text:
            return all(map(self.matches, parts))
        misses = [part for part in parts if not self.empty.matches(part)]
        if len(misses) > 1:
            return False
        return any(map(self.matches, misses or parts))


def edge_chars(expression: Expression, *, at_end: bool) -> CharSet:
    """A set that has the first (last) character of every text of the expression, and perhaps more."""
    return _Edges(at_end).chars(expression)


class _Edges:
    def __init__(self, at_end: bool) -> None:
        self.at_end = at_end
        self.empty = _Matcher("")
        self.known: dict[int, CharSet] = {}

    def chars(self, expression: Expression) -> CharSet:
        found = self.known.get(id(expression))
        if found is None:
            found = self.known[id(expression)] = self._chars(expression)
        return found

    def _chars(self, expression: Expression) -> CharSet:
        if isinstance(expression, CharSet):
            return expression
        if isinstance(expression, Literal):
            return charset(expression.text[-1:] if self.at_end else expression.text[:1])
        if isinstance(expression, Repeat):
            return self.chars(expression.part)
        if isinstance(expression, Union):
            return _joined(map(self.chars, expression.parts))
        if isinstance(expression, Intersection):
            found = ANY_CHAR
            for part in expression.parts:
                found = common(found, self.chars(part))
            return found
        if isinstance(expression, Complement):
            return ANY_CHAR
        assert isinstance(expression, Concat)
        reached: list[CharSet] = []
        for part in reversed(expression.parts) if self.at_end else expression.parts:
            reached.append(self.chars(part))
            if not self.empty.matches(part):
                break
        return _joined(reached)


def _joined(sets: object) -> CharSet:
    return CharSet(merge_ranges(pair for chars in sets for pair in chars.ranges))  # type: ignore[attr-defined]


def with_edge(expression: Expression, chars: CharSet, *, at_end: bool) -> Expression:
    """The texts, none empty, that begin (end) with one of the characters.

    Without an intersection where the shape of the expression allows.
    """
    edges = edge_chars(expression, at_end=at_end)
    if not common(edges, chars).ranges:
        return EMPTY
    if not common(edges, invert(chars)).ranges and not matches(expression, ""):
        return expression
    if isinstance(expression, CharSet):
        return one_char(common(expression, chars))
    if isinstance(expression, Literal):
        return expression  # its edge is among the characters
    if isinstance(expression, Union):
        return either([with_edge(part, chars, at_end=at_end) for part in expression.parts])
    if isinstance(expression, Repeat) and not matches(expression.part, ""):
        others = times(
            expression.part,
            max(expression.min - 1, 0),
            None if expression.max is None else expression.max - 1,
        )
        edge = with_edge(expression.part, chars, at_end=at_end)
        return join((others, edge) if at_end else (edge, others))
    if isinstance(expression, Concat):
        parts = expression.parts
        head, tail = (parts[-1], parts[:-1]) if at_end else (parts[0], parts[1:])
        if not matches(head, ""):
            edge = with_edge(head, chars, at_end=at_end)
            return join((*tail, edge) if at_end else (edge, *tail))
        if expression.parts[-1 if at_end else 0] is not ANY_TEXT and _nullable_edge(parts, at_end) <= 2:
            edge = with_edge(head, chars, at_end=at_end)
            rest = with_edge(join(tail), chars, at_end=at_end)
            return either((join((*tail, edge) if at_end else (edge, *tail)), rest))
    return expression & edge_language(chars, at_end=at_end)


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
    if isinstance(language, Union) and len(language.parts) == 2 and language.parts[0] == EPSILON:
        rest = edge_of(language.parts[1], at_end=at_end)
        return None if rest is None else (True, rest[1])
    if isinstance(language, Concat) and len(language.parts) == 2:
        chars, others = language.parts[::-1] if at_end else language.parts
        if others == ANY_TEXT and isinstance(chars, CharSet):
            return False, chars
        if others == ANY_TEXT and isinstance(chars, Literal) and len(chars.text) == 1:
            return False, charset(chars.text)
    return None


def reverse(expression: Expression) -> Expression:
    """The texts read backwards."""
    known: dict[int, Expression] = {}

    def turned(node: Expression) -> Expression:
        found = known.get(id(node))
        if found is None:
            found = known[id(node)] = turn(node)
        return found

    def turn(node: Expression) -> Expression:
        if isinstance(node, Literal):
            return Literal(node.text[::-1]) if len(node.text) > 1 else node
        if isinstance(node, Concat):
            return Concat(tuple(map(turned, reversed(node.parts))))
        if isinstance(node, Repeat):
            return node if isinstance(node.part, CharSet) else Repeat(turned(node.part), node.min, node.max)
        if isinstance(node, Union):
            return Union(tuple(map(turned, node.parts)))
        if isinstance(node, Intersection):
            return Intersection(tuple(map(turned, node.parts)))
        return Complement(turned(node.part)) if isinstance(node, Complement) else node

    return turned(expression)


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
    edge = edge_of(language, at_end=at_end)
    if edge:
        empty, chars = edge
        if negated:
            empty, chars = not empty, invert(chars)
        stays = empty and matches(texts, "")
        if not chars.ranges:
            return EPSILON if stays else EMPTY
        if texts is ANY_TEXT and chars == ANY_CHAR:
            return texts if stays else NOT_EMPTY
        others = with_edge(texts, chars, at_end=at_end)
        if not stays or (others is not EMPTY and matches(others, "")):
            return others
        return texts if _is_all(texts, chars, at_end) else either((EPSILON, others))
    if language == _END_OR_NEWLINE and not negated:
        found = [text for text in ("", "\n") if matches(texts, text)]
        return either([Literal(text) if text else EPSILON for text in found])
    if negated:
        return Complement(language) if texts is ANY_TEXT else texts & Complement(language)
    return language if texts is ANY_TEXT else texts & language


def _is_all(texts: Expression, chars: CharSet, at_end: bool) -> bool:
    return not common(edge_chars(texts, at_end=at_end), invert(chars)).ranges


NOT_EMPTY = Repeat(ANY_CHAR, 1, None)
_END_OR_NEWLINE = Union((EPSILON, Literal("\n")))
