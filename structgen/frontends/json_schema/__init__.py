"""JSON Schema: a schema, in; a `Constraint`, out.

In reading order:

    build.py        the function that others call
    compiler.py     places to rules: who does what
    drafts.py       what differs between drafts
    documents.py    references, and where things stand
    scopes.py       dynamic references become plain ones
    normalize.py    combinators become alternatives of plain schemas
    containers.py   objects and arrays become rules
    scalars.py      keywords of strings and numbers become terminals
    strings/        lengths, patterns, formats; over characters, then spelled
    style.py        which of the texts that mean the same value are written
    numbers/        ranges as digits, divisibility
    values.py       enum and const; evaluate.py: which of them the other keywords leave
    judge.py        what a complete text means
    report.py       what becomes of every keyword, as data
    keywords.py     names
"""

from __future__ import annotations

from structgen.frontends.json_schema.build import json_schema
from structgen.frontends.json_schema.report import KeywordReport

__all__ = ["KeywordReport", "json_schema"]
