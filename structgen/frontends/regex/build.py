"""The two functions that others call: a pattern as an expression, and as a constraint."""

from __future__ import annotations

import re
from typing import Literal, get_args

from structgen.constraint import Constraint
from structgen.frontends.regex import analysis
from structgen.frontends.regex.assertions import denote
from structgen.frontends.regex.syntax import Reader
from structgen.grammar.expressions import EPSILON, Expression
from structgen.grammar.rules import Grammar, Repetition, Sequence, Terminal
from structgen.limits import Limits
from structgen.options import check_option

Dialect = Literal["python", "ecma"]


def parse_regex(
    pattern: str,
    flags: int | re.RegexFlag = 0,
    *,
    search: bool = False,
    dialect: Dialect = "python",
) -> Expression:
    """The texts that a pattern matches, as an expression.

    Args:
        pattern: the regular expression.
        flags: of the module `re`.
        search: the texts in which the pattern is found somewhere (`re.search`, JSON Schema's `pattern`) instead
            of those that it matches as a whole (`re.fullmatch`).
        dialect: "python": as `re` reads str patterns. "ecma": ECMA-262 with the flag u, as JSON Schema has it.

    Raises:
        InvalidRegexError: The pattern is malformed, or asks for something that is not regular.
        InvalidOptionError: There is no such dialect.

    >>> parse_regex("ab|c")
    Union(parts=(Literal(text='ab'), Literal(text='c')))
    >>> parse_regex("^ab?$", search=True, dialect="ecma")
    Concat(parts=(Literal(text='a'), Repeat(part=Literal(text='b'), min=0, max=1)))
    """
    check_option("dialect", dialect, get_args(Dialect))
    return denote(Reader(pattern, int(flags), ecma=dialect == "ecma").read(), pattern, search=search)


def regex(
    pattern: str | re.Pattern[str],
    flags: int | re.RegexFlag = 0,
    *,
    dialect: Dialect = "python",
    name: str | None = None,
    limits: Limits | None = None,
) -> Constraint:
    """The text is one that the pattern matches as a whole, as `re.fullmatch` does.

    Args:
        pattern: the regular expression, or a compiled one (with its flags).
        flags: of the module `re`.
        dialect: "python": as `re` reads str patterns. "ecma": ECMA-262 with the flag u (JSON Schema).
        name: what errors and `explain()` call it; the pattern itself by default.
        limits: what compiling and masking may cost.

    Returns:
        A constraint whose value is the text.

    Raises:
        InvalidRegexError: The pattern is malformed, or asks for something that is not regular, a backreference
            or a condition on a group; the position says where.
        InvalidOptionError: There is no such dialect.

    The language is that of `re`, exactly; the way there is not: no backtracking, so no pattern makes the mask
    or `validate()` take exponential time. That is also why `validate()` does not ask `re` itself.

    >>> regex(r"[0-9]{4}-[0-9]{2}")
    <Constraint regex '[0-9]{4}-[0-9]{2}'>
    """
    if isinstance(pattern, re.Pattern):
        flags, pattern = pattern.flags | int(flags), pattern.pattern
    expression = parse_regex(pattern, flags, dialect=dialect)
    shown = pattern if len(pattern) <= 60 else pattern[:57] + "..."
    start: Terminal | Repetition | Sequence = Sequence(())
    if expression != EPSILON:
        start = Terminal(name or f"/{shown}/", expression)
        if analysis.matches(expression, ""):  # terminals are never empty
            start = Repetition(start, 0, 1)
    return Constraint(Grammar({"start": start}), description=f"regex {shown!r}", limits=limits or Limits())
