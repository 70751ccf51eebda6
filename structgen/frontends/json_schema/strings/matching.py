"""Patterns and formats: whether a text has them. The engine decides, over single bytes.

Small and exact, so that compiling an `enum` needs no validator: importing that one would slow down a request.
"""

from __future__ import annotations

from functools import lru_cache

from structgen.engine import Expressions
from structgen.errors import EmptyLanguageError, InvalidRegexError, LimitExceeded
from structgen.frontends.json_schema.strings.formats import format_texts
from structgen.frontends.json_schema.strings.patterns import (
    exclude_each_other,
    has_lone_surrogate,
    parse_pattern,
    texts,
)
from structgen.grammar.expressions import Expression
from structgen.language import counting
from structgen.limits import Limits
from structgen.vocabulary import Vocabulary

_LIMITS = Limits()
_QUICK = Limits(milliseconds=50, work=200_000)
_MOST_STATES = 1_000
"""How many states of an expression are visited to count its texts."""


@lru_cache(maxsize=65536)
def is_found(pattern: str, text: str) -> bool:
    """Returns True if a pattern of ECMA-262 is found in a text.

    Raises:
        InvalidRegexError: It cannot be compiled.
    """
    return not has_lone_surrogate(text) and _has(parse_pattern(pattern), text)


@lru_cache(maxsize=16384)
def never_both(one: str, other: str) -> bool:
    """Returns True if no text matches both patterns. False may also mean that it takes long to see."""
    try:
        if exclude_each_other(one, other):
            return True
        return not is_possible(texts((one, other)))
    except InvalidRegexError:
        return False


@lru_cache(maxsize=4096)
def is_possible(found: Expression) -> bool:
    """Returns True if any text is in an expression. True may also mean that it takes long to see."""
    try:
        engine = Expressions(Vocabulary.of_bytes().native, _QUICK)
        return not engine.builder.is_empty(engine.deep(found))
    except EmptyLanguageError:  # a literal that is no text
        return False
    except LimitExceeded:
        return True


@lru_cache(maxsize=4096)
def count_texts(found: Expression) -> int | None:
    """The number of texts in an expression; None if there are more than `MANY`. Asks the engine first.

    Raises:
        Uncounted: It takes too long to find.
    """
    try:
        engine = Expressions(Vocabulary.of_bytes().native, _QUICK)
        count = engine.builder.count(engine.deep(found), _MOST_STATES)
    except (EmptyLanguageError, LimitExceeded):
        count = -1
    return counting.count_texts(found) if count < 0 else count if count <= counting.MANY else None


def is_of_format(form: str, text: str) -> bool:
    """Returns True if a text is of a format."""
    return not has_lone_surrogate(text) and _has(format_texts(form), text)


def _has(found: Expression, text: str) -> bool:
    """Returns True if a text is in an expression."""
    engine = Expressions(Vocabulary.of_bytes().native, _LIMITS)
    try:
        number = engine.deep(found)
    except EmptyLanguageError:  # a literal that is no text
        return False
    return engine.builder.has_empty_text(engine.builder.after(number, text.encode()))
