r"""Regular expressions: a pattern, in; an expression or a `Constraint`, out.

In reading order:

    build.py        the two functions that others call
    syntax.py       text to nodes, in either dialect; escapes.py: what follows a backslash
    nodes.py        what a pattern is once it is read
    assertions.py   nodes to expressions; trackers.py: what went before, as an automaton
    characters.py   the sets of characters: \d, \w, \p{Lu}, ignoring case
    analysis.py     small questions about expressions
"""

from __future__ import annotations

from structgen.frontends.regex.build import parse_regex, regex

__all__ = ["parse_regex", "regex"]
