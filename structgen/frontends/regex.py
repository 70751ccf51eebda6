"""Regular expressions: the text is one that a pattern matches."""

from __future__ import annotations

import re

from structgen.constraint import Constraint
from structgen.grammar.expressions import EPSILON
from structgen.grammar.rules import Grammar, Repetition, Sequence, Terminal
from structgen.limits import LIMITS, Limits
from structgen.options import Instance, check_option
from structgen.patterns import Dialect, parse_regex
from structgen.patterns.analysis import matches


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
        InvalidRegexError: The pattern is malformed, or asks for something that is not regular, such as a
            backreference to a group with any text; the position says where.
        InvalidOptionError: An option has a value that it may not have.

    The language is that of `re`, exactly; the way there is not: no backtracking, so no pattern makes the mask
    or `validate()` take exponential time. That is also why `validate()` does not ask `re` itself.

    >>> regex(r"[0-9]{4}-[0-9]{2}")
    <Constraint regex '[0-9]{4}-[0-9]{2}'>
    """
    check_option("flags", flags, (Instance(int, "flags of the module re"),))
    check_option("name", name, (Instance(str, "a text"), None))
    check_option("limits", limits, LIMITS)
    if isinstance(pattern, re.Pattern):
        flags, pattern = pattern.flags | int(flags), pattern.pattern
    expression = parse_regex(pattern, flags, dialect=dialect)
    shown = pattern if len(pattern) <= 60 else pattern[:57] + "..."
    start: Terminal | Repetition | Sequence = Sequence(())
    if expression != EPSILON:
        start = Terminal(name or f"/{shown}/", expression)
        if matches(expression, ""):  # terminals are never empty
            start = Repetition(start, 0, 1)
    found = Constraint(Grammar({"start": start}), description=f"regex {shown!r}", limits=limits or Limits())
    return found.made_by(regex, pattern, int(flags), dialect=dialect, name=name, limits=limits)
