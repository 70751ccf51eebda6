"""JSON Schema: a schema, in; a `Constraint`, out.

In reading order:

    build.py          the function that others call
    documents/        schemas as given: keywords, drafts, references
    shapes/           what schemas say, read into frozen values; a module for each JSON type
    normalization/    combinators become alternatives of shapes
    emission/         shapes become rules of a grammar
    numbers/          which texts are the numbers that some keywords allow
    strings/          the same for strings: lengths, patterns, formats
    style.py          which of the texts that mean the same value are written
    compilation.py    a document becomes a grammar, and what the grammar does not enforce
    validator.py      what a complete text means
    report.py         what becomes of every keyword, as data
    view.py           what the schema says about the value at one place
"""

from __future__ import annotations

from structgen.frontends.json_schema.build import json_schema
from structgen.frontends.json_schema.report import KeywordReport

__all__ = ["KeywordReport", "json_schema"]
