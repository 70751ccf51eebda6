"""The theory of strings: which texts are the strings that some keywords allow. Knows no schemas.

In reading order:

    formats.py          `format`: each name as an expression
    patterns.py         `pattern`: what matches some and does not match others
    lengths.py          `minLength`, `maxLength`
    terminals.py        strings and names, spelled
    matching.py         whether single texts match, by the engine
    format_checks.py    what `validate()` accepts of a format
"""

from __future__ import annotations

from structgen.frontends.json_schema.strings.formats import KNOWN, format_texts
from structgen.frontends.json_schema.strings.lengths import bounded
from structgen.frontends.json_schema.strings.patterns import (
    exclude_each_other,
    has_lone_surrogate,
    judged_by_re,
    parse_pattern,
    texts,
)
from structgen.frontends.json_schema.strings.terminals import (
    any_name,
    matching_string,
    name,
    other_name,
    string,
    text_string,
)

__all__ = [
    "KNOWN",
    "any_name",
    "bounded",
    "exclude_each_other",
    "format_texts",
    "has_lone_surrogate",
    "judged_by_re",
    "matching_string",
    "name",
    "other_name",
    "parse_pattern",
    "string",
    "text_string",
    "texts",
]
