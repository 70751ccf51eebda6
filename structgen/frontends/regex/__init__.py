"""Regular expressions: a pattern, in; an expression or a `Constraint`, out.

Reading order: `syntax.py` (and `escapes.py`) reads a pattern into the nodes of `nodes.py`; `assertions.py`
makes an expression of them. `characters.py` knows Unicode.
"""

from __future__ import annotations

import re
from typing import Literal as OneOf

from structgen.frontends.regex.assertions import denote
from structgen.frontends.regex.syntax import Reader
from structgen.grammar.expressions import Expression


def parse_regex(
    pattern: str,
    flags: int | re.RegexFlag = 0,
    *,
    search: bool = False,
    dialect: OneOf["python", "ecma"] = "python",
) -> Expression:
    """The texts that a pattern matches, as an expression.

    Args:
        pattern: the regular expression.
        flags: of the module `re`.
        search: texts in which the pattern is found somewhere (`re.search`, JSON Schema's `pattern`), instead
        of those
            that it matches as a whole (`re.fullmatch`).
        dialect: "python": as `re` reads str patterns; "ecma": ECMA-262 with the flag u, as JSON Schema asks
        for.

    Raises:
        InvalidRegexError: The pattern is malformed, or not regular; the position says where.

    >>> parse_regex("ab|c")
    Union(parts=(Literal(text='ab'), Literal(text='c')))
    """
    return denote(Reader(pattern, int(flags), ecma=dialect == "ecma").read(), pattern, search=search)
