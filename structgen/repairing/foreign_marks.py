"""Marks of another alphabet or markup in place of those of JSON: full-width punctuation, and entities of HTML."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from dataclasses import dataclass, field, replace

from structgen.repairing.edits import Edit

_WIDE = str.maketrans("：，｛｝［］；＂、", ':,{}[];",')
_HAS_WIDE = re.compile("[：，｛｝［］；＂、]")
_OUTSIDE = re.compile(r'"(?:[^"\\]|\\.)*"|“[^“”]*”|‘[^‘’]*’|[：，｛｝［］；＂、]', re.DOTALL)
_OPENING = re.compile(r"[{\[｛［]")
_CLOSING = re.compile(r"[}\]｝］](?=[^}\]｝］]*\Z)")
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{1,6}|#[xX][\dA-Fa-f]{1,5});")
_QUOTE_ENTITY = re.compile(r"[{\[]\s*&(?:quot|apos|#0?34|#0?39|#[xX]2[27]);")


def without_wide_marks(text: str) -> tuple[str, list[Edit]]:
    """Returns a text of the same length whose full-width punctuation outside of strings is that of ASCII, and edits.

    Only what stands between the first opening and the last closing bracket is changed: the rest is prose.
    """
    if _HAS_WIDE.search(text) is None:
        return text, []
    first, last = _OPENING.search(text), _CLOSING.search(text)
    if first is None:
        return text, []
    stop = len(text) if last is None else last.end()
    parts, edits, at = [], [], 0
    for found in _OUTSIDE.finditer(text, first.start(), stop):
        char = found.group()
        if len(char) == 1:
            plain = char.translate(_WIDE)
            parts += [text[at : found.start()], plain]
            at = found.end()
            edits.append(Edit("character", *found.span(), "lossless", f"{char} stands for {plain}"))
    return "".join([*parts, text[at:]]), edits


@dataclass(slots=True)
class Unescaped:
    """A text without entities.

    Attributes:
        text: the text.
        ends: where, in `text`, each entity ended.
        shifts: by how much places after each of them lay farther in the original.
        edits: one for each entity, with places in the original.
    """

    text: str
    ends: list[int] = field(default_factory=list)
    shifts: list[int] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)

    def place(self, at: int) -> int:
        """Returns where a place of `text` is in the original."""
        index = bisect_right(self.ends, at) - 1
        return at if index < 0 else at + self.shifts[index]

    def span(self, span: tuple[int, int]) -> tuple[int, int]:
        """Returns where a span of `text` is in the original."""
        return self.place(span[0]), self.place(span[1])

    def all_edits(self, edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
        """Returns the edits of `text`, with their places in the original, and those of the entities."""
        moved = [replace(edit, start=self.place(edit.start), end=self.place(edit.end)) for edit in edits]
        return tuple(sorted([*self.edits, *moved], key=lambda edit: edit.span))


def without_entities(text: str) -> Unescaped | None:
    """Returns a text whose entities of HTML are read; None unless they stand for all of its quotes."""
    if '"' in text or "&" not in text or _QUOTE_ENTITY.search(text) is None:
        return None
    found = Unescaped("")
    parts: list[str] = []
    at = length = shift = 0
    for match in _ENTITY.finditer(text):
        meant = html.unescape(match.group())
        if meant == match.group():
            continue
        parts += [text[at : match.start()], meant]
        length += match.start() - at + len(meant)
        at = match.end()
        shift += len(match.group()) - len(meant)
        found.ends.append(length)
        found.shifts.append(shift)
        reason = f"{match.group()} of HTML is {meant}"
        found.edits.append(Edit("entity", *match.span(), "lossless", reason))
    found.text = "".join([*parts, text[at:]])
    return found
