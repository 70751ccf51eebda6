"""Candidates: the values that a text may hold, each as a tree with its edits. Knows no constraints."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from math import sqrt

from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing import costs
from structgen.repairing.bracket_search.search import search
from structgen.repairing.edits import Edit
from structgen.repairing.json.lexer import Parts, lex
from structgen.repairing.json.native_reader import NativeReader, PackedEdits
from structgen.repairing.json.patterns import GOES_ON, RESTART
from structgen.repairing.json.regions import Region, openers, regions
from structgen.repairing.json.state import LexerState
from structgen.repairing.tree import Node, Tree, well_formed_words

_CAREFUL = 8_000_000
"""Longer texts are read with whole containers by the native reader, so their layout and keys say nothing."""
_SHORT = 50_000
"""Longer texts without a schema are read with the items of arrays by the native reader."""
_MOST = 64
"""Candidates that are tried at most; of more, the largest and the last."""
_RESTARTS = 16
"""How many lines of prose before a value are tried as the announcement of one that is begun again."""
_FAR_FROM_END = 8
"""A value that was begun again ends so near to the end of what was read at most."""
_NOTHING_MORE = re.compile(r"[ \t\r\n`~]*\Z")
_ESCAPED = re.compile(r"[{\[]\s*(?:\\n\s*)*(?:[{\[]\s*)*\\+\"")


@dataclass(slots=True)
class Candidate:
    """A value that a text may hold.

    Attributes:
        start: where it begins.
        end: where it ends.
        tree: its value.
        edits: the changes of characters (the tree has those of brackets).
        cut: True if the text breaks off in it.
        packed: the changes by the native reader.
        row: the spans of its values, if it stands for well-formed values in a row; `start` and `end` are of all.
    """

    start: int
    end: int
    tree: Tree
    edits: list[Edit] = field(default_factory=list)
    cut: bool = False
    packed: list[PackedEdits] = field(default_factory=list)
    row: list[tuple[int, int]] | None = None

    @property
    def cost(self) -> float:
        """What its edits cost."""
        guesses = sum(packed.guesses for packed in self.packed) * costs.GRADES["guessed"]
        return guesses + sum(
            costs.GRADES[edit.grade] for edits in (self.edits, self.tree.edits) for edit in edits
        )

    @property
    def size(self) -> float:
        """How long it is, less what its edits cost."""
        return (self.end - self.start) / (1 + self.cost)


def candidates(
    text: str, view: SchemaView | None, *, nesting: int, by_items: bool = False
) -> list[Candidate]:
    """Returns all values that a text may hold, in its order: those in fences if there are any, else all.

    Args:
        text: the text.
        view: what the schema says of the value.
        nesting: how deep brackets may nest.
        by_items: items of arrays that are well formed are read whole, whatever the schema says of their insides.
    """
    found = regions(text)
    finder = _Finder(text, view, nesting, by_items=by_items)
    for group in ([one for one in found if one.fenced], [one for one in found if not one.fenced]):
        finder.found = []
        for region in group:
            finder.look_in(region)
        if finder.found:
            return finder.found
    return []


class _Finder:
    """Looks for candidates in one text. What is read in vain is bounded by a budget, so time is linear."""

    def __init__(self, text: str, view: SchemaView | None, nesting: int, *, by_items: bool) -> None:
        self.found: list[Candidate] = []
        self._by_items = by_items
        self._view = view
        self._nesting = nesting
        self._reader = NativeReader(text)
        self._budget = 6 * len(text) + 1000
        self._restarts = _RESTARTS

    def look_in(self, region: Region) -> None:
        """Add the candidates of a region."""
        places = openers(self._reader.text, region)
        place = next(places, None)
        while place is not None:
            start, implied = place
            candidate, reached = self._next(start, implied, region)
            again = self._begins_again(candidate, region)
            if again is not None:
                candidate, reached = again, again.end
            following = reached
            if candidate is not None and (_is_plausible(candidate) or self._is_all(candidate)):
                self.found.append(candidate)
            elif self._budget > 0:  # no payload: look again right after its bracket
                self._budget -= reached - start
                following = start + 1
            try:
                place = places.send(following)
            except StopIteration:
                place = None

    def _is_all(self, candidate: Candidate) -> bool:
        """Returns True for an empty object that is the whole text: `{...}`."""
        text, node = self._reader.text, candidate.tree.node
        is_empty = node is not None and node.kind in "{[" and not node.value
        return is_empty and candidate.end - candidate.start == len(text.strip())

    def _begins_again(self, candidate: Candidate | None, region: Region) -> Candidate | None:
        """The complete value inside of a damaged candidate that a line of prose announces: it was begun again."""
        if candidate is None or not candidate.cost:
            return None
        text = self._reader.text
        for found in RESTART.finditer(text, candidate.start, min(candidate.end, region.stop)):
            at = found.end() - 1
            if self._budget <= 0 or self._restarts <= 0:
                break
            self._budget -= region.stop - at
            self._restarts -= 1
            whole = self._reader.container(at, region.stop)
            end = (
                whole.end if whole is not None else region.stop if self._reader.is_cut(at, region.stop) else 0
            )
            if end < candidate.end - _FAR_FROM_END:
                continue
            again, _ = read(
                text,
                at,
                region,
                self._view,
                nesting=self._nesting,
                reader=self._reader,
                by_items=self._by_items,
            )
            if again is not None and _is_plausible(again) and not again.cost:
                again.edits.append(
                    Edit("draft", candidate.start, at, "dropped", "the text begins the value again")
                )
                return again
        return None

    def _next(self, start: int, implied: str, region: Region) -> tuple[Candidate | None, int]:
        """The candidate at a place, and where reading stopped."""
        if self.found and self._view is None and self._budget > 0:
            # Values in a row: most of them are well formed.
            candidate = _row(self._reader, start, region) or _container(self._reader, start, region)
            if candidate is not None:
                return candidate, candidate.end
        return read(
            self._reader.text,
            start,
            region,
            self._view,
            nesting=self._nesting,
            implied=implied,
            reader=self._reader,
            by_items=self._by_items,
        )


def _container(reader: NativeReader, start: int, region: Region) -> Candidate | None:
    """The value that the native reader reads, if nothing after it belongs to it."""
    found = reader.container(start, region.stop)
    if found is None or GOES_ON.match(reader.text, found.end, region.stop):
        return None
    tree = Tree(Node("v", start, found.end, found.value))
    return Candidate(start, found.end, tree, packed=[] if found.edits is None else [found.edits])


def _row(reader: NativeReader, start: int, region: Region) -> Candidate | None:
    """Well-formed values in a row, if nothing after them belongs to the last one."""
    found = reader.row(start, region.stop)
    if found is None:
        return None
    values, row = found
    if GOES_ON.match(reader.text, row[-1][1], region.stop):
        values.pop()
        row.pop()
    if len(row) < 2:
        return None
    end = row[-1][1]
    return Candidate(start, end, Tree(Node("r", start, end, values)), row=row)


def singly(found: list[Candidate]) -> list[Candidate]:
    """Returns the same candidates, those in a row one by one."""
    return [
        one for candidate in found for one in ([candidate] if candidate.row is None else _parts(candidate))
    ]


def _parts(candidate: Candidate) -> list[Candidate]:
    assert candidate.row is not None
    assert candidate.tree.node is not None
    return [
        Candidate(start, end, Tree(Node("v", start, end, value)))
        for value, (start, end) in zip(candidate.tree.node.value, candidate.row, strict=True)
    ]


def _is_plausible(candidate: Candidate) -> bool:
    """Returns False for prose in brackets."""
    node, length, cost = candidate.tree.node, candidate.end - candidate.start, candidate.cost
    if node is None:
        return False
    if not candidate.cut:
        excess = cost - costs.PLAUSIBLE
        if excess > costs.PLAUSIBLE_GROWTH * sqrt(
            length
        ) and excess > costs.PLAUSIBLE_EACH * well_formed_words(node):
            return False
        if cost >= costs.EMPTY and node.kind == "{" and not node.value and not _has_lost_key(candidate):
            return False
    edits = candidate.edits + candidate.tree.edits
    dropped = sum(edit.kind == "text" or edit.grade == "dropped" for edit in edits)
    return dropped <= costs.DROPPED + length / costs.DROPPED_EACH


def _has_lost_key(candidate: Candidate) -> bool:
    """Returns True if an object is empty because its properties have no values."""
    return any(edit.kind == "key" for edit in candidate.tree.edits)


def read(
    text: str,
    start: int,
    region: Region,
    view: SchemaView | None,
    *,
    nesting: int,
    implied: str = "",
    reader: NativeReader | None = None,
    by_items: bool = False,
) -> tuple[Candidate | None, int]:
    """Read one value.

    Args:
        text: the whole text.
        start: where the value begins.
        region: the part of the text in which it stands.
        view: what the schema says of it.
        nesting: how deep brackets may nest.
        implied: the opening bracket that is missing, if one is.
        reader: the native reader of this text, if there is one already.
        by_items: as for `candidates`.

    Returns:
        The candidate, if there is one, and where reading stopped.
    """
    if _ESCAPED.match(text, start, region.stop):
        unescaped = _unescaped(text, start, region, view, nesting=nesting)
        if unescaped is not None:
            return unescaped, unescaped.end
    length = region.stop - start
    parts: Parts = "all" if view is None or length > _CAREFUL else "items" if by_items else ""
    reader = reader or NativeReader(text)
    candidate, reached = _read(reader, start, region, view, nesting, implied, parts)
    if parts == "all" and candidate is not None and length <= _CAREFUL and _is_unsure(candidate):
        # Where a bracket is missing, layout and keys say most, if all tokens are there.
        parts = "" if length <= _SHORT else "items"
        candidate, reached = _read(reader, start, region, view, nesting, implied, parts)
    return candidate, reached


def _is_unsure(candidate: Candidate) -> bool:
    return any(edit.kind == "bracket" and edit.grade != "lossless" for edit in candidate.tree.edits)


def _read(
    reader: NativeReader,
    start: int,
    region: Region,
    view: SchemaView | None,
    nesting: int,
    implied: str,
    parts: Parts,
) -> tuple[Candidate | None, int]:
    text = reader.text
    is_cut = not implied and reader.is_cut(start, region.stop)
    lexed = lex(text, start, region.stop, reader=reader, parts=parts, implied=implied, is_cut=is_cut)
    reached = max(lexed.end, start + 1)
    if not lexed.tokens:
        return None, reached
    # What is only cut off is closed, whatever the schema would rather have.
    tree = search(text, lexed.tokens, None if is_cut else view, nesting=nesting)
    if tree.node is None:
        return None, reached
    cut = lexed.truncated or (tree.cut and _NOTHING_MORE.match(text, lexed.end) is not None)
    end = _end(lexed)
    if lexed.end > start:
        end = min(end, lexed.end)
    return Candidate(start, end, tree, lexed.edits, cut, lexed.packed), reached


def _end(lexed: LexerState) -> int:
    """Where the last token or edit ends."""
    return max([lexed.tokens[-1][2], *(edit.end for edit in lexed.edits)])


def _unescaped(
    text: str, start: int, region: Region, view: SchemaView | None, *, nesting: int
) -> Candidate | None:
    """Read JSON that was escaped as if it stood in a string. All edits have the span of the whole."""
    body = text[start : region.stop]
    end = body.rfind("}" if body[0] == "{" else "]")
    end = len(body) if end < 0 else end + 1
    quoted = re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', body[:end]).replace("\n", "\\n")
    try:
        inner = json.loads(f'"{quoted}"')
    except ValueError:
        return None
    candidate, _ = read(inner, 0, Region(0, len(inner)), view, nesting=nesting)
    if candidate is None:
        return None
    reached = start + end

    def moved(edits: list[Edit]) -> list[Edit]:
        return [Edit(edit.kind, start, reached, edit.grade, edit.reason) for edit in edits]

    candidate.tree.edits = moved(candidate.tree.edits)
    candidate.edits = [
        Edit("escape", start, reached, "lossless", "the JSON was escaped"),
        *moved(candidate.edits),
        *(edit for packed in candidate.packed for edit in moved(list(packed))),
    ]
    candidate.packed = []
    _move(candidate.tree.node, start, reached)
    candidate.start, candidate.end = start, reached
    return candidate


def _move(node: Node | None, start: int, end: int) -> None:
    waiting = [node] if node is not None else []
    while waiting:
        current = waiting.pop()
        current.start, current.end = start, end
        if current.kind == "{":
            current.value = [((key[0], start, end, key[3]), value) for key, value in current.value]
            waiting += [value for _, value in current.value]
        elif current.kind == "[":
            waiting += current.value


def largest(found: list[Candidate]) -> Candidate:
    """Returns the candidate that says most, the last of equals."""
    return max(
        reversed(found[-_MOST:] if len(found) > 4 * _MOST else found), key=lambda candidate: candidate.size
    )


def last_first(found: list[Candidate]) -> list[Candidate]:
    """Returns the candidates to try against a schema, the last first."""
    return found[-_MOST:][::-1]
