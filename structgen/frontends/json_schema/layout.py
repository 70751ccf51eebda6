"""Layout: the structural characters of JSON and the whitespace around them. Knows no schemas.

Every structural character is one terminal that carries the whitespace beside it, so that a text takes few terminals
and none is ignored:

    open_object   "{" w        open_array   "[" w        comma   w "," w
    close_object  w "}"        close_array  w "]"        colon   w ":" w

Brackets open and close a scope: names that are not declared, and scalars that must differ, are recorded there. Those
of `distinct` arrays, and their commas, tell items of any kind apart.

Values have no whitespace of their own. What w is:

    bounded   at most one blank, or a line break and up to 64 blanks or tabs: all that `json.dumps` writes, with any
              separators and indentation, and no more, so that a model cannot write blanks for ever
    compact   nothing
    any       JSON's own whitespace, without bound; also before the first character of the text and after the last
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from structgen.errors import InvalidOptionError
from structgen.grammar.expressions import (
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
    concat,
    optional,
    repeat,
    union,
)
from structgen.grammar.rules import Repetition, RuleExpression, Sequence, Terminal

MAX_INDENTATION = 64

BOUNDED = optional(union(Literal(" "), concat(Literal("\n"), repeat(charset(" \t"), 0, MAX_INDENTATION))))
ANY = repeat(charset(" \t\n\r"))
_MODES: dict[str, Expression] = {"bounded": BOUNDED, "compact": EPSILON, "any": ANY}
_JSON_WHITESPACE = frozenset(map(ord, " \t\n\r"))


@dataclass(frozen=True, slots=True)
class Layout:
    """The structural terminals of one way to lay out JSON.

    Attributes:
        open_object: and the other five, see above.
        around: what may stand before and after the whole value, if anything may.
    """

    open_object: Terminal
    close_object: Terminal
    open_array: Terminal
    close_array: Terminal
    comma: Terminal
    colon: Terminal
    around: RuleExpression | None = None

    def distinct(self, *, many: bool) -> Layout:
        """The same for an array whose items must differ; `many`: they never run out (see `Terminal.effect`)."""
        return replace(
            self,
            open_array=replace(self.open_array, effect="open many items" if many else "open items"),
            close_array=replace(self.close_array, effect="close items"),
            comma=replace(self.comma, effect="item"),
        )

    def surround(self, value: RuleExpression) -> RuleExpression:
        """The whole text, of which `value` is the value."""
        return value if self.around is None else Sequence((self.around, value, self.around))


def layout(whitespace: str | Expression) -> Layout:
    """The layout for a mode, or for an expression that says what w is.

    Raises:
        InvalidOptionError: The expression has characters that are no whitespace.
    """
    if isinstance(whitespace, Expression):
        _check(whitespace)
        return _make(whitespace, None)
    return _of_mode(whitespace)


@lru_cache
def _of_mode(mode: str) -> Layout:
    around = None
    if mode == "any":
        around = Repetition(Terminal("whitespace", repeat(charset(" \t\n\r"), 1)), 0, 1)
    return _make(_MODES[mode], around)


def _make(white: Expression, around: RuleExpression | None) -> Layout:
    return Layout(
        open_object=Terminal('"{"', concat(Literal("{"), white), effect="open"),
        close_object=Terminal('"}"', concat(white, Literal("}")), effect="close"),
        open_array=Terminal('"["', concat(Literal("["), white), effect="open"),
        close_array=Terminal('"]"', concat(white, Literal("]")), effect="close"),
        comma=Terminal('","', concat(white, Literal(","), white)),
        colon=Terminal('":"', concat(white, Literal(":"), white)),
        around=around,
    )


def _check(white: Expression) -> None:
    """What is denoted positively must be whitespace; a complement is the caller's to restrict."""
    stack = [white]
    while stack:
        node = stack.pop()
        chars: set[int] = set()
        if isinstance(node, Literal):
            chars = set(map(ord, node.text))
        elif isinstance(node, CharSet):
            chars = {code for first, last in node.ranges for code in (first, last)}
            if any(last - first > 4 for first, last in node.ranges):
                chars.add(-1)
        elif isinstance(node, Repeat):
            stack.append(node.part)
        elif isinstance(node, (Concat, Union)):
            stack.extend(node.parts)
        elif isinstance(node, Intersection):
            stack.extend([part for part in node.parts if not isinstance(part, Complement)][:1])
        if not chars <= _JSON_WHITESPACE:
            raise InvalidOptionError("whitespace", white, "has characters that are no whitespace of JSON")
