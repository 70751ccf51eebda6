"""Lark grammars: a grammar, in; a `Constraint`, out.

In reading order:

    build.py        the function that others call; diagnosis.py: what is wrong, or may surprise, in a grammar
    declared.py     terminals that the caller gives
    sources.py      the text: where names stand, errors that say so
    loading.py      Lark's own loader; loaded grammars as trees
    rules.py        trees become rules
    lexing.py       what Lark's lexer takes where several terminals can come
    first_match.py  what `re` takes first of one terminal; programs.py, patterns.py: how that is found
    tables.py       Lark's parse table: where a terminal is read
    adjacency.py    which terminals stand side by side; dead_ends.py: which never end there
    texts.py        questions about the texts of terminals, answered by the engine
    judge.py        what a complete text means
"""

from __future__ import annotations

from structgen.frontends.lark.build import lark
from structgen.frontends.lark.diagnosis import Diagnosis, diagnose

__all__ = ["Diagnosis", "diagnose", "lark"]
