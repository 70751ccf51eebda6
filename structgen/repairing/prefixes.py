"""Prefixes of lines: `+` of a diff, `> ` of a quotation, ` 12 | ` and `12: ` of a listing, if every line has one."""

from __future__ import annotations

import re

from structgen.repairing.edits import Edit

_LINE = re.compile(r"[^\n]+")
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_VALUE = re.compile(r"[ \t]*[{\[]")
_MARKS = (re.compile(r"\+"), re.compile(r"[ \t]*>[ \t]?"))
_NUMBER = re.compile(r"[ \t]*(\d+)(?:[ \t]*[|:│]|[ \t]*\t)")


def without_prefixes(text: str) -> tuple[str, list[Edit]]:
    """Returns a text of the same length in which prefixes are spaces, and an edit for each of them.

    A text keeps its prefixes if a line lacks one, if numbers do not count up, or if no object or array follows the
    first one: `1: a` is YAML. Lines of fences, and empty ones, need none.
    """
    lines = [found for found in _LINE.finditer(text) if found.group().strip()]
    lines = [found for found in lines if not _FENCE.match(found.group())]
    if len(lines) < 2:
        return text, []
    spans = next((spans for mark in _MARKS if (spans := _marked(text, lines, mark))), None) or _numbered(
        text, lines
    )
    if not spans or _VALUE.match(text, spans[0][1]) is None:
        return text, []
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], " " * (end - start)]
        at = end
    edits = [
        Edit("prefix", start, end, "lossless", "every line begins with a mark or a number")
        for start, end in spans
    ]
    return "".join([*parts, text[at:]]), edits


def _marked(text: str, lines: list[re.Match[str]], mark: re.Pattern[str]) -> list[tuple[int, int]]:
    spans = []
    for line in lines:
        found = mark.match(text, line.start(), line.end())
        if found is None:
            return []
        spans.append(found.span())
    return spans


def _numbered(text: str, lines: list[re.Match[str]]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    last = -1
    for line in lines:
        found = _NUMBER.match(text, line.start(), line.end())
        if found is None or len(found.group(1)) > 9 or (spans and int(found.group(1)) <= last):
            return []
        last = int(found.group(1))
        spans.append(found.span())
    return spans
