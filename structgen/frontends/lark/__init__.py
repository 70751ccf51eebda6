"""Lark grammars: a grammar, in; a `Constraint`, out.

In reading order, each importing only from those below it:

    diagnosis.py    what is wrong, or may surprise, in a grammar
    build.py        `lark()`: a grammar as a constraint
    dialect/        grammars with what llguidance adds to Lark's language
    validator.py    what a complete text means
    declared.py     terminals that the caller gives
    first_match/    what Lark's lexer takes for each terminal: `terminals_as_lark_reads_them`
    rules.py        trees become rules
    loading.py      Lark's own loader; loaded grammars as trees
    sources.py      the text: where names stand, errors that say so
"""

from __future__ import annotations

from structgen.frontends.lark.build import lark
from structgen.frontends.lark.diagnosis import Diagnosis, diagnose
from structgen.frontends.lark.dialect import Captured

__all__ = ["Captured", "Diagnosis", "diagnose", "lark"]
