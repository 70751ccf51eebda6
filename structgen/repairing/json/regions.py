"""Regions: where in a text a payload may stand: in fences, after prose, in the wrappers of chats and tool calls.

Knows neither JSON beyond its first characters nor schemas.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property

_THOUGHTS = re.compile(r"</(?:think|thinking|reasoning|scratchpad)>")
_FENCE = re.compile(
    r"(?:^|(?<=[\s:]))(`{3,9}|~{3,9})[ \t]*([A-Za-z0-9_+-]*)[ \t]*(?:\r?\n|(?=[ \t]*[{\[\"]))", re.MULTILINE
)
_BEFORE_END = re.compile(r"[\s}\]\"\w]")
_AFTER_END = re.compile(r"`*(?![\w\"'\\,])")
"""What may follow the end of a fence: a mark that is followed by anything else stands in a string."""
_OWN_LINE = re.compile(r"(?<=\n)[ \t]{0,20}(`{3,9}|~{3,9})[ \t]*(?=\r?\n|\Z)")
_NEXT_FENCE = re.compile(r"(?<=\n)[ \t]{0,20}(?:```|~~~)[ \t]*\w")
_OPENER = re.compile(
    r"""\{(?=\s*(?:["'“‘„«`´{\[},]|[rbuf]["']|\\+["n]|[A-Za-z_$][\w$. -]{0,60}["']?\s*[:=]"""
    r"""|[A-Za-z_$][\w$.-]{0,60}\s+(?:"[^"\n]{0,300}"|'[^'\n]{0,300}')\s*[,}]|\]\s*\Z|//|/\*|\#|\.\.\.|\Z|[\d-]))"""
    r"""|\[(?!/?[A-Z_]{3,}\])(?=\s*(?:["'“‘„«`´{\[\],]|[rbuf]["']|\\+["n]|[+-]?\.?\d|//|/\*|\#|\.\.\.|[a-z+.-]{0,5}\Z"""
    r"""|[A-Za-z_][\w -]{0,40}\s*[,;\]](?!\()|[A-Za-z_][\w -]{0,40}"\s*[,\]]|https?://[^\s\[\]]{1,300}[,\]]|\}\s*\Z"""
    r"""|(?:true|false|null|True|False|None)\b))"""
)
_HEADLESS = re.compile(r"""\s*(?:"[^"\n]{1,100}"\s*:|[A-Za-z_]\w{0,60}"\s*:)""")
_HEADLESS_ARRAY = re.compile(r"""\s*(?:"[^"\n]{0,100}"|-?\d[\d.eE+-]*)\s*,""")
_MEMBERS = re.compile(r"""\s*"[^"\n]{1,100}"\s*:[^\n{}]{1,300},\s*"[^"\n]{1,100}"\s*:""")
_FIRST_SCALAR = re.compile(
    r"""\s*"[^"\n]{1,100}"\s*:\s*(?:"(?:[^"\\\n]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)\s*(?:\Z|,\s*"[^"\n]{1,100}"\s*:)"""
)
_FIRST_CONTAINER = re.compile(r"""\s*"[^"\n]{1,100}"\s*:\s*[{\[]""")
_NEXT_PROPERTY = re.compile(r"""[}\]]\s*,\s*"[^"\n]{1,100}"\s*:""")
_FOLLOWED = re.compile(r"[}\]]\s*\Z")
_MARKS_INSIDE = 8
"""How many fences a string may contain."""
_FAR_INSIDE = 20_000
"""How far after the first of them the end is searched."""


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


def _past_marks(text: str, at: int) -> int:
    while at < len(text) and text[at] in "`~":
        at += 1
    return at


def _fenced(text: str, begin: int) -> Iterator[Region]:
    """What stands in fences. Linear: where a fence ends is looked for once, whatever begins before."""
    ends: dict[str, int] = {}
    marks = {"```": -1, "~~~": -1}
    lines = _Lines(text)
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
            at = _past_marks(text, at)
            continue
        mark = found.group(1)
        end = ends.get(mark, -1)
        if end < found.end():
            end = ends[mark] = _unquoted(text, found.end(), _end(text, mark, found.end(), lines), lines)
        if text[found.end() : end].strip():
            yield Region(found.end(), end, found.group(2).lower(), True)
        at = min(end + len(mark), len(text))


def _end(text: str, mark: str, begin: int, lines: _Lines) -> int:
    """Where a fence ends. A mark inside a line with text after it may stand in a string: then a later one ends it."""
    end = begin
    while (end := text.find(mark, end)) >= 0:
        if _BEFORE_END.match(text, end - 1) and _AFTER_END.match(text, end + len(mark)):
            break
        end += 1
    if end < 0:
        return len(text)
    after = end + len(mark)
    begins_line = not text[text.rfind("\n", max(begin - 1, end - 20), end) + 1 : end].strip()
    if begins_line or not text[after : after + 200].partition("\n")[0].strip("` \t\r"):
        return end
    own = lines.end_after(after)
    return end if own is None else own


def _unquoted(text: str, begin: int, end: int, lines: _Lines) -> int:
    """Where a fence ends if that place is inside a string, by the number of quotes: at a later mark outside of all."""
    stop, quotes = end, text.count('"', begin, end) - text.count('\\"', begin, end)
    for _ in range(_MARKS_INSIDE):
        if quotes % 2 == 0:
            return stop
        own = lines.end_after(stop + 3)
        if own is None or own - end > _FAR_INSIDE:
            return end
        quotes += text.count('"', stop, own) - text.count('\\"', stop, own)
        stop = own
    return end


class _Lines:
    """Where lines are that consist of a fence, and where lines begin one with a language. Searched once, if at all."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _alone(self) -> list[int]:
        return [found.start(1) for found in _OWN_LINE.finditer(self._text)]

    @cached_property
    def _openers(self) -> list[int]:
        return [found.start() for found in _NEXT_FENCE.finditer(self._text)]

    def end_after(self, at: int) -> int | None:
        """The next line that may end a fence, if none comes before it that begins one."""
        n = bisect_left(self._alone, at)
        if n == len(self._alone):
            return None
        end = self._alone[n]
        opener = bisect_left(self._openers, at)
        return None if opener < len(self._openers) and self._openers[opener] < end else end


def _starts_before(text: str, begin: int, fence: int) -> bool:
    """Returns True if a payload is open where the first fence begins: the fence is then part of a string."""
    head = text[begin:fence].lstrip()
    return (
        head[:1] in ("{", "[")
        and _OPENER.match(head) is not None
        and not re.search(r"[}\]]\s*\n", head[head.rfind('"') + 1 :])
    )


def _is_headless(text: str, region: Region) -> bool:
    """Returns True if a region begins with a property: with a scalar, or with others after its container."""
    if _FIRST_SCALAR.match(text, region.start, region.stop) is not None:
        return True
    found = _FIRST_CONTAINER.match(text, region.start, region.stop)
    return found is not None and _NEXT_PROPERTY.search(text, found.end(), region.stop) is not None


def openers(text: str, region: Region) -> Generator[tuple[int, str], int, None]:
    """Where values may begin in a region, and the opening bracket that is missing there. `send` where to go on."""
    at = region.start
    if (
        _FOLLOWED.search(text, max(at, region.stop - 40), region.stop)
        or _MEMBERS.match(text, at, region.stop)
        or _is_headless(text, region)
    ):
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
