"""Format checks: what `validate()` accepts of a format, which is more where the expression is narrower.

date-time time duration     digits without end, leap seconds at any offset
hostname idn-hostname email idn-email regex
the mask's, or else not judged: labels of punycode and scripts with rules of their own, and
expressions that nest deeply, take more than an expression to tell
"""

from __future__ import annotations

import re

from structgen.frontends.json_schema.strings.formats import KNOWN
from structgen.frontends.json_schema.strings.matching import is_of_format

_NOT_JUDGED = frozenset(("hostname", "idn-hostname", "email", "idn-email", "regex"))
_LEAP = re.compile(r"(\d\d):(\d\d):60((?:\.\d+)?)(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII)


def conforms(form: str, text: str) -> bool:
    """Returns True if a text is of a format. Formats that are not known have any text."""
    if form not in KNOWN or form in _NOT_JUDGED:
        return True
    if form in ("date-time", "time"):
        text = _LEAP.sub(_without_leap, re.sub(r"(\.\d{9})\d+", r"\1", text, flags=re.ASCII))
    elif form == "duration":
        text = re.sub(r"\d{10,}", "9", text, flags=re.ASCII)
    return is_of_format(form, text)


def _without_leap(found: re.Match[str]) -> str:
    """The second before a leap second, if that is the last one of a day of UTC (RFC 3339, 5.7); else as it was."""
    hours, minutes, fraction, sign, offset_hours, offset_minutes = found.groups()
    at = int(hours) * 60 + int(minutes)
    if sign is not None:
        offset = int(offset_hours) * 60 + int(offset_minutes)
        at -= offset if sign == "+" else -offset
    if at % 1440 != 1439:
        return found[0]
    return found[0].replace(":60" + fraction, ":59" + fraction, 1)
