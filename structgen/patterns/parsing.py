"""`parse_regex()`: the texts that a pattern matches, as an expression."""

from __future__ import annotations

import re
from typing import Literal, get_args

from structgen.grammar.expressions import Expression
from structgen.options import check_option
from structgen.patterns.assertions import denote
from structgen.patterns.syntax import Reader

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
    node = Reader(pattern, int(flags), ecma=dialect == "ecma").read()
    return denote(node, pattern, search=search)
