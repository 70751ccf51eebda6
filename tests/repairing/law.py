"""The law of a repair: every character of the input is in the result, in an edit, or in the reported surrounding."""

from __future__ import annotations

import json
import re
from collections import Counter

import structgen

_WORD = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[^\W\d_]+")
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|["\\/bfnrt])')


def lost(text: str, repaired: structgen.Repair) -> list[str]:
    """Returns the words of the input that are nowhere: neither in the value, nor in an edit, nor around it.

    Words are runs of letters and digits. A word counts as often as it stands there; numbers count by their value. An
    edit without a length is an insertion and holds nothing.
    """
    spans = [edit.span for edit in repaired.edits] + list(repaired.surrounding)
    kept = _without(text, spans)
    shown = json.dumps(repaired.value, ensure_ascii=False)
    there = Counter(_words(_unescaped(shown))) | Counter(_words(_unescaped(repaired.text)))
    # A backslash may be an escape, or text.
    readings = [Counter(_words(reading)) - there for reading in (_unescaped(kept), kept)]
    return list(min(readings, key=Counter.total).elements())


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """The text without some spans; each leaves a space."""
    kept, at = [], 0
    for start, end in sorted(spans):
        kept.append(text[at:start] if start > at else "")
        at = max(at, end)
    return " ".join([*kept, text[at:]])


def _words(text: str) -> list[str]:
    return [_canonical(word) for word in _WORD.findall(text)]


def _canonical(word: str) -> str:
    if word[-1].isdigit() and word[-1].isascii():
        return repr(abs(float(word)))
    return word


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: str(json.loads(f'"{found.group()}"')), text)
