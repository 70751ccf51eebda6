"""`parse_regex()`: the texts that a pattern matches, as an expression."""

from __future__ import annotations

import re
from typing import Literal, get_args

from structgen.grammar.expressions import Expression
from structgen.options import check_option
from structgen.patterns.assertions import denote
from structgen.patterns.references import without_references
from structgen.patterns.syntax import Reader

Dialect = Literal["python", "ecma"]

_MAY_REFER = re.compile(r"\\[1-9k]|\(\?(?:P=|\()").search
"""Finds what may refer to a group."""


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
    ecma = dialect == "ecma"
    if _MAY_REFER(pattern) is None:
        return denote(Reader(pattern, int(flags), ecma=ecma).read(), pattern, search=search)
    reader = Reader(pattern, int(flags), ecma=ecma, groups=True)
    node = without_references(reader.read(), reader.error, ecma=ecma)
    return denote(node, pattern, search=search)
