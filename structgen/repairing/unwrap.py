"""Unwrapping: where in a text a payload may stand: in fences, behind prose, in the wrappers of chats and tool calls.

Gives regions, the likeliest last; knows neither JSON beyond its first characters nor schemas.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

_THOUGHTS = re.compile(r"</(?:think|thinking|reasoning|scratchpad)>")
_FENCE = re.compile(
    r"(?:^|(?<=[\s:]))(`{3,9}|~{3,9})[ \t]*([A-Za-z0-9_+-]*)[ \t]*(?:\r?\n|(?=[ \t]*[{\[\"]))", re.MULTILINE
)
_BEFORE_END = re.compile(r"[\s}\]\"\w]")
_OPENER = re.compile(
    r"""\{(?=\s*(?:["'“‘„«`{\[},]|\\+["n]|[A-Za-z_$][\w$. -]{0,60}["']?\s*[:=]|//|/\*|\#|\.\.\.|\Z|[\d-]))"""
    r"""|\[(?!/?[A-Z_]{3,}\])(?=\s*(?:["'“‘„«`{\[\],]|\\+["n]|[+-]?\.?\d|//|/\*|\#|\.\.\.|[a-z+.-]{0,5}\Z"""
    r"""|[A-Za-z_][\w -]{0,40}\s*[,\]](?!\()"""
    r"""|(?:true|false|null|True|False|None)\b))"""
)
_HEADLESS = re.compile(r"""\s*(?:"[^"\n]{1,100}"\s*:|[A-Za-z_]\w{0,60}"\s*:)""")
_HEADLESS_ARRAY = re.compile(r"""\s*(?:"[^"\n]{0,100}"|-?\d[\d.eE+-]*)\s*,""")
_FOLLOWED = re.compile(r"[}\]]\s*\Z")


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the text that may hold a payload.

    Attributes:
        start: where it begins.
        stop: where it ends.
        language: of its fence, in lower case; empty if it has none.
        fenced: whether it stands in a fence.
    """

    start: int
    stop: int
    language: str = ""
    fenced: bool = False


def regions(text: str) -> list[Region]:
    """The parts of a text in which to look, those in fences before the rest."""
    begin = 0
    for found in _THOUGHTS.finditer(text):
        begin = found.end()
    if not text[begin:].strip():
        begin = 0
    fenced = list(_fenced(text, begin))
    if fenced and _starts_before(text, begin, fenced[0].start):
        fenced = []
    return [*fenced, Region(begin, len(text))]


def _fenced(text: str, begin: int) -> Iterator[Region]:
    """What stands in fences. Linear: where a fence ends is looked for once, whatever begins before."""
    ends: dict[str, int] = {}
    marks = {"```": -1, "~~~": -1}
    at = begin
    while True:
        for mark, place in marks.items():
            if place < at:
                place = text.find(mark, at)
                marks[mark] = len(text) if place < 0 else place
        at = min(marks.values())
        if at >= len(text):
            return
        found = _FENCE.match(text, at)
        if found is None:
            while at < len(text) and text[at] in "`~":
                at += 1
            continue
        mark = found.group(1)
        end = ends.get(mark, -1)
        if end < found.end():
            end = found.end()
            while (end := text.find(mark, end)) >= 0 and not _BEFORE_END.match(text, end - 1):
                end += 1
            end = ends[mark] = len(text) if end < 0 else end
        if text[found.end() : end].strip():
            yield Region(found.end(), end, found.group(2).lower(), True)
        at = min(end + len(mark), len(text))


def _starts_before(text: str, begin: int, fence: int) -> bool:
    """Whether a payload is open already where the first fence begins: the fence is then part of a string."""
    head = text[begin:fence].lstrip()
    return (
        head[:1] in ("{", "[")
        and _OPENER.match(head) is not None
        and not re.search(r"[}\]]\s*\n", head[head.rfind('"') + 1 :])
    )


def openers(text: str, region: Region) -> Generator[tuple[int, str], int, None]:
    """Where values may begin in a region, and the opening bracket that is missing there. `send` where to go on."""
    at = region.start
    if _FOLLOWED.search(text, max(at, region.stop - 40), region.stop):
        missing = "{" if _HEADLESS.match(text, at, region.stop) else ""
        missing = missing or ("[" if _HEADLESS_ARRAY.match(text, at, region.stop) else "")
        if missing:
            while text[at].isspace():
                at += 1
            at = yield at, missing
    while True:
        found = _OPENER.search(text, at, region.stop)
        if found is None:
            return
        at = max(found.start() + 1, (yield found.start(), ""))
