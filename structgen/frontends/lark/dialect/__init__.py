"""Lark grammars as llguidance and guidance write them: more than Lark's own language of grammars has.

In reading order, each importing only from those below it:

    build.py        the text as a `Constraint`
    captures.py     what the named rules of a text have read
    lowering.py     the tree becomes rules; terminals become expressions
    lazies.py       lazy terminals end before others go on
    tokens.py       `<name>` and `<[id]>`: tokens of a vocabulary
    substring.py    `%regex {"substring_words": ...}`: parts of a document
    parsing.py      the text becomes a tree
    reading.py      the text becomes words; which texts are of this dialect
    tree.py         what a grammar is once it is read

Source: https://github.com/guidance-ai/llguidance/blob/main/docs/syntax.md
"""

from __future__ import annotations

from structgen.frontends.lark.dialect.build import Captured, diagnose_dialect, lark_of_dialect
from structgen.frontends.lark.dialect.reading import is_dialect

__all__ = ["Captured", "diagnose_dialect", "is_dialect", "lark_of_dialect"]
