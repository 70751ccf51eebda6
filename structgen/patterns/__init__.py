r"""Regular expressions: the text of a pattern, in; the set of texts that it matches, out, as an expression.

What all front ends share that read patterns. In reading order, each importing only from those below it:

    parsing.py      the function that others call
    assertions.py   settled nodes to expressions
    contexts.py     repetitions with assertions inside
    references.py   references to groups as the cases that they stand for
    settle.py       the tree to expressions, and conditions where it looks around
    conditions.py   what assertions ask of the text around them; budget.py: how large it may grow
    automata.py     the same, as small automata
    analysis.py     questions about expressions that need no automaton; folding.py: how they are made
    syntax.py       text to the tree, in either dialect; sets.py: [...]; groups.py: what refers to groups;
                    escapes.py: what follows a backslash
    tree.py         what a pattern is once it is read
    characters.py   sets of characters: \d, \w, ignoring case; properties.py, scripts.py: \p{Lu}

Knows no front end, no grammar, and no engine.
"""

from __future__ import annotations

from structgen.patterns.parsing import Dialect, parse_regex

__all__ = ["Dialect", "parse_regex"]
