r"""Regular expressions: a pattern, in; an expression or a `Constraint`, out.

In reading order:

    build.py        the two functions that others call
    syntax.py       text to nodes, in either dialect; escapes.py: what follows a backslash
    nodes.py        what a pattern is once it is read
    assertions.py   nodes to expressions; contexts.py: repetitions with assertions inside
    automata.py     what assertions ask of the text around them, as small automata
    analysis.py     questions about expressions that need no automaton
    characters.py   sets of characters: \d, \w, ignoring case; properties.py, scripts.py: \p{Lu}
"""

from __future__ import annotations

from structgen.frontends.regex.build import parse_regex, regex

__all__ = ["parse_regex", "regex"]
