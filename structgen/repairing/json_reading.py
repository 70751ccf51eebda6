"""Reading damaged JSON: the candidates of a text, each as a tree with its edits. Knows guides, not constraints."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from structgen.repairing.edits import Edit, Grade
from structgen.repairing.fast import Fast, Marks
from structgen.repairing.guide import Guide
from structgen.repairing.lexer import Lexer, Parts
from structgen.repairing.patterns import GOES_ON
from structgen.repairing.structure import Structure
from structgen.repairing.tree import Node, Tree
from structgen.repairing.unwrap import Region, openers, regions

_CAREFUL = 8_000_000
"""Longer texts are read with whole containers left to the strict parser, so their layout and keys say nothing."""
_SHORT = 50_000
"""Longer texts without a schema are read with the items of arrays left to the strict parser."""
_NOTHING_MORE = re.compile(r"[ \t\r\n`~]*\Z")
_ESCAPED = re.compile(r"[{\[]\s*(?:\\n\s*)*(?:[{\[]\s*)*\\+\"")
_WEIGHT: dict[Grade, float] = {"lossless": 0.0, "guessed": 0.7, "dropped": 1.5}
_CANDIDATES = 64
"""Candidates that are weighed at most; of more, the largest and the last."""


@dataclass(slots=True)
class Candidate:
    """A value that a text may hold.

    Attributes:
        start: where it begins.
        end: where it ends.
        tree: what it says.
        edits: the decisions about characters (the tree has those about brackets).
        cut: whether the text breaks off in it.
        fenced: whether it stands in a fence.
        marks: the edits that the fast half made, as it left them.
        row: the spans of its values, if it stands for well-formed values in a row; `start` and `end` are of all.
    """

    start: int
    end: int
    tree: Tree
    edits: list[Edit]
    cut: bool
    fenced: bool
    marks: list[Marks] = field(default_factory=list)
    row: list[tuple[int, int]] | None = None

    @property
    def cost(self) -> float:
        """How much is wrong with it."""
        guesses = sum(marks.guesses for marks in self.marks) * _WEIGHT["guessed"]
        return guesses + sum(_WEIGHT[edit.grade] for edits in (self.edits, self.tree.edits) for edit in edits)

    @property
    def size(self) -> float:
        """How much it says, less what is wrong with it."""
        return (self.end - self.start) / (1 + self.cost)


def candidates(text: str, guide: Guide | None, *, nesting: int) -> list[Candidate]:
    """All values that a text may hold, in its order: those in fences if there are any, else all."""
    budget = 6 * len(text) + 1000
    fast = Fast(text)
    for group in _grouped(regions(text)):
        found: list[Candidate] = []
        for region in group:
            places = openers(text, region)
            place = next(places, None)
            while place is not None:
                candidate, reached = None, 0
                if found and guide is None and budget > 0:  # values in a row: most of them are well formed
                    candidate, reached = _row(fast, place[0], region)
                if candidate is None and found and guide is None and budget > 0:
                    candidate, reached = _whole(fast, place[0], region)
                    budget -= 0 if candidate is not None else reached - place[0]
                if candidate is None:
                    candidate, reached = read(
                        text, place[0], region, guide, nesting=nesting, implied=place[1], fast=fast
                    )
                following = reached
                if candidate is not None and _is_plausible(candidate):
                    found.append(candidate)
                elif budget > 0:  # no payload: look again right behind its bracket
                    budget -= reached - place[0]
                    following = place[0] + 1
                try:
                    place = places.send(following)
                except StopIteration:
                    place = None
        if found:
            return found
    return []


def _whole(fast: Fast, start: int, region: Region) -> tuple[Candidate | None, int]:
    """A value that the fast half reads, if nothing behind it belongs to it; else where to go on."""
    found = fast.whole(start, region.stop)
    if found is None or GOES_ON.match(fast.text, found[1], region.stop):
        return None, start
    value, end, marks = found
    tree = Tree(Node("v", start, end, value))
    return Candidate(start, end, tree, [], False, region.fenced, [] if marks is None else [marks]), end


def _row(fast: Fast, start: int, region: Region) -> tuple[Candidate | None, int]:
    """Well-formed values in a row, if nothing behind them belongs to the last one; else where to go on."""
    found = fast.row(start, region.stop)
    if found is None:
        return None, start
    values, row = found
    if GOES_ON.match(fast.text, row[-1][1], region.stop):
        values.pop()
        row.pop()
    if len(row) < 2:
        return None, start
    end = row[-1][1]
    tree = Tree(Node("r", start, end, values))
    return Candidate(start, end, tree, [], False, region.fenced, row=row), end


def singly(found: list[Candidate]) -> list[Candidate]:
    """The same candidates, those in a row one by one."""
    return [
        one for candidate in found for one in ([candidate] if candidate.row is None else _parts(candidate))
    ]


def _parts(candidate: Candidate) -> list[Candidate]:
    assert candidate.row is not None
    assert candidate.tree.node is not None
    return [
        Candidate(start, end, Tree(Node("v", start, end, value)), [], False, candidate.fenced)
        for value, (start, end) in zip(candidate.tree.node.value, candidate.row, strict=True)
    ]


def _grouped(found: list[Region]) -> list[list[Region]]:
    return [[region for region in found if region.fenced], [region for region in found if not region.fenced]]


def _is_plausible(candidate: Candidate) -> bool:
    node = candidate.tree.node
    if node is None or (
        not candidate.cut and candidate.cost > 4 + 0.3 * (candidate.end - candidate.start) ** 0.5 * 2
    ):
        return False
    if candidate.cost >= 1 and not candidate.cut and node.kind == "{" and not node.value:
        return False
    wide = sum(
        edit.kind == "text" or edit.grade == "dropped" for edit in candidate.edits + candidate.tree.edits
    )
    return wide <= 3 + (candidate.end - candidate.start) / 200


def read(
    text: str,
    start: int,
    region: Region,
    guide: Guide | None,
    *,
    nesting: int,
    implied: str = "",
    fast: Fast | None = None,
) -> tuple[Candidate | None, int]:
    """Read one value; the candidate, if there is one, and where reading stopped."""
    if _ESCAPED.match(text, start, region.stop):
        unescaped = _unescaped(text, start, region, guide, nesting=nesting)
        if unescaped is not None:
            return unescaped
    length = region.stop - start
    parts: Parts = "all" if guide is None or length > _CAREFUL else ""
    fast = fast or Fast(text)
    candidate, reached = _read(fast, start, region, guide, nesting, implied, parts)
    if parts and candidate is not None and length <= _CAREFUL and _is_unsure(candidate):
        # Where a bracket is missing, layout and keys say most, if all tokens are there.
        parts = "" if length <= _SHORT else "items"
        candidate, reached = _read(fast, start, region, guide, nesting, implied, parts)
    return candidate, reached


def _is_unsure(candidate: Candidate) -> bool:
    return any(edit.kind == "bracket" and edit.grade != "lossless" for edit in candidate.tree.edits)


def _read(
    fast: Fast, start: int, region: Region, guide: Guide | None, nesting: int, implied: str, parts: Parts
) -> tuple[Candidate | None, int]:
    text = fast.text
    is_cut = not implied and fast.is_cut(start, region.stop)
    lexer = Lexer(text, start, region.stop, parts=parts, fast=fast, implied=implied, is_cut=is_cut).read()
    if not lexer.tokens:
        return None, max(lexer.end, start + 1)
    # What is only cut off is closed, whatever the schema would rather have.
    tree = Structure(text, lexer.tokens, None if is_cut else guide, nesting=nesting).read()
    if tree.node is None:
        return None, max(lexer.end, start + 1)
    cut = lexer.truncated or (tree.cut and _NOTHING_MORE.match(text, lexer.end) is not None)
    end = (
        max(lexer.tokens[-1][2], *(edit.end for edit in lexer.edits), 0)
        if lexer.edits
        else lexer.tokens[-1][2]
    )
    return Candidate(
        start,
        min(end, lexer.end) if lexer.end > start else end,
        tree,
        lexer.edits,
        cut,
        region.fenced,
        lexer.marks,
    ), max(lexer.end, start + 1)


def _unescaped(
    text: str, start: int, region: Region, guide: Guide | None, *, nesting: int
) -> tuple[Candidate | None, int] | None:
    """Read JSON that was escaped as if it stood in a string. All edits have the span of the whole."""
    stop = region.stop
    body = text[start:stop]
    end = body.rfind("}") if body[0] == "{" else body.rfind("]")
    end = len(body) if end < 0 else end + 1
    try:
        inner = json.loads(
            '"' + re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', body[:end]).replace("\n", "\\n") + '"'
        )
    except ValueError:
        return None
    candidate, _ = read(inner, 0, Region(0, len(inner)), guide, nesting=nesting)
    if candidate is None:
        return None
    reached = start + end

    def moved(edits: list[Edit]) -> list[Edit]:
        return [Edit(edit.kind, start, reached, edit.grade, edit.reason) for edit in edits]

    candidate.tree.edits = moved(candidate.tree.edits)
    candidate.edits = [
        Edit("escape", start, reached, "lossless", "the JSON was escaped"),
        *moved(candidate.edits),
        *(edit for marks in candidate.marks for edit in moved(list(marks))),
    ]
    candidate.marks = []
    _move(candidate.tree.node, start, reached)
    candidate.start, candidate.end = start, reached
    return candidate, reached


def _move(node: Node | None, start: int, end: int) -> None:
    waiting = [node] if node is not None else []
    while waiting:
        current = waiting.pop()
        current.start, current.end = start, end
        if current.kind == "{":
            current.value = [((key[0], start, end, key[3]), member) for key, member in current.value]
            waiting += [member for _, member in current.value]
        elif current.kind == "[":
            waiting += current.value


def selected(found: list[Candidate]) -> Candidate:
    """Without a schema: the one that says most; of equals the last."""
    return max(
        reversed(found[-_CANDIDATES:] if len(found) > 4 * _CANDIDATES else found),
        key=lambda candidate: candidate.size,
    )


def weighed(found: list[Candidate]) -> list[Candidate]:
    """With a schema: the order in which to try them, the last first."""
    return list(reversed(found[-_CANDIDATES:]))
