"""The theory of numbers: which texts are the numbers that some keywords allow. Knows no schemas.

In reading order:

    decimals.py          a range, and its digits as expressions
    ranges.py            ranges as terminals, in one plain spelling
    divisibility.py      `multipleOf`, and numbers that are excluded
    every_spelling.py    numbers in every spelling of JSON, for `exact=True`
"""

from __future__ import annotations

from structgen.frontends.json_schema.numbers.decimals import Bound, Range, above, below, exact
from structgen.frontends.json_schema.numbers.divisibility import NotRegular, multiples_in_range
from structgen.frontends.json_schema.numbers.ranges import FRACTIONAL, INTEGER, NUMBER, integer, number

__all__ = [
    "Bound",
    "FRACTIONAL",
    "INTEGER",
    "NUMBER",
    "NotRegular",
    "Range",
    "above",
    "below",
    "exact",
    "integer",
    "multiples_in_range",
    "number",
]
