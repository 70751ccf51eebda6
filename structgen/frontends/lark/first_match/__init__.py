"""What Lark's lexer takes for each terminal, as expressions, priorities and guards.

Lark's lexers ask `re` for the first match of a terminal, and try the terminals in an order; the engine reads the
longest match of all that can come next. `terminals_as_lark_reads_them` finds terminals with which the engine reads the
same. In reading order, each importing only from those below it:

    terminals.py         the function that others call
    unreachable.py       terminals that never end
    readings.py          how each terminal is read, in all places or place by place
    collisions.py        which terminals are in each other's way, and what Lark then takes
    lexicon.py           the terminals, each with what `re` matches first
    matches.py           the first matches of one terminal, as an expression
    automaton.py         the same for what the next character does not decide; programs.py, instructions.py: how it runs
    decisions.py         where the next character decides
    reading.py, nodes.py the pattern of a terminal, read
    tables.py, lalr.py   Lark's parse table: which terminals are looked for where
    adjacency.py         which terminals may be adjacent
    terminal_queries.py  questions about the texts of terminals, answered by the engine
"""

from __future__ import annotations

from structgen.frontends.lark.first_match.terminals import Survey, Terminals, terminals_as_lark_reads_them

__all__ = ["Survey", "Terminals", "terminals_as_lark_reads_them"]
