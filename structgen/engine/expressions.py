"""Expressions of the IR as numbers in the native engine's store: equal ones have equal numbers.

- Text becomes UTF-8. A complement is taken relative to all UTF-8 texts; where it stands beside something that holds
  only texts anyway (`ANY_TEXT & ~names`), the restriction is superfluous and left out.
- What a number denotes can be asked for here, without a grammar.
"""

from __future__ import annotations

from structgen.engine import _native
from structgen.errors import EmptyLanguageError, InvalidGrammarError
from structgen.grammar.expressions import (
    ANY_TEXT,
    CharSet,
    Complement,
    Concat,
    Divisible,
    Expression,
    Intersection,
    Literal,
    Repeat,
    Union,
)
from structgen.limits import Limits

MAX_COUNT = 2**31 - 2
"""Of a repetition."""

_MOST_KNOWN = 50_000


class Expressions:
    """What makes expressions in a store.

    Args:
        store: of a vocabulary.
        limits: what making them may cost, and what a question about them may.

    Attributes:
        builder: the native one, which questions are put to.
    """

    def __init__(self, store: _native.Store, limits: Limits) -> None:
        self.builder = _native.Builder(store, limits.expressions, limits.work)
        # By identity: front ends share the objects that they use often. What is known stays with the store, which
        # therefore keeps them alive.
        known: dict[int, tuple[Expression, int]] | None = getattr(store, "known", None)
        if known is None or len(known) > _MOST_KNOWN:
            known = {}
            setattr(store, "known", known)  # noqa: B010 - an attribute that the native class does not declare
        self._known = known
        self._any_text: int | None = None

    def number(self, node: Expression) -> int:
        """The number of an expression that denotes the same texts as UTF-8.

        Raises:
            EmptyLanguageError: A literal in it is no text.
            InvalidGrammarError: A repetition asks for more than can be counted.
            LimitExceeded: It is larger than the limits allow.
        """
        found = self._known.get(id(node))
        if found is None:
            found = self._known[id(node)] = (node, self._lower(node))
        return found[1]

    def _lower(self, node: Expression) -> int:
        build = self.builder
        if isinstance(node, Literal):
            return build.literal(_utf8(node.text))
        if isinstance(node, CharSet):
            return build.charset(node.ranges)
        if isinstance(node, Concat):
            return build.concat([self.number(part) for part in node.parts])
        if isinstance(node, Union):
            literals = [_utf8(part.text) for part in node.parts if isinstance(part, Literal)]
            others = [self.number(part) for part in node.parts if not isinstance(part, Literal)]
            return build.unite([*others, build.literals(literals)]) if literals else build.unite(others)
        if isinstance(node, Repeat):
            if node.min > MAX_COUNT or (node.max or 0) > MAX_COUNT:
                raise InvalidGrammarError(
                    f"a repetition of {node.max or node.min} times is beyond what can be counted"
                )
            return build.repeat(self.number(node.part), node.min, node.max)
        if isinstance(node, Divisible):
            return build.divisible(node.modulus, node.remainder)
        if isinstance(node, Intersection):
            return self._lower_intersection(node)
        if isinstance(node, Complement):
            return build.intersect([build.negate(self.number(node.part)), self.any_text()])
        raise TypeError(f"not an expression: {node!r}")

    def _lower_intersection(self, node: Intersection) -> int:
        build = self.builder
        numbers = [build.negate(self.number(p.part)) for p in node.parts if isinstance(p, Complement)]
        texts = [self.number(p) for p in node.parts if not isinstance(p, Complement) and p != ANY_TEXT]
        return build.intersect(numbers + (texts or [self.any_text()]))

    def any_text(self) -> int:
        """Every UTF-8 text."""
        if self._any_text is None:
            self._any_text = self.number(ANY_TEXT)
        return self._any_text


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise EmptyLanguageError(f"{text[:80]!r} holds a lone surrogate, which no text can") from None
