"""Levels: the open mappings and sequences of a YAML text, and where among them a line belongs.

By its indentation, the nearest; by its name, if the schema has it at one level only. Reads no values (yaml_lines.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from structgen.repairing.edits import Edit, Grade
from structgen.repairing.guide import Guide
from structgen.repairing.tokens import Token
from structgen.repairing.tree import Node


@dataclass(slots=True)
class Level:
    """An open mapping or sequence."""

    node: Node
    indent: int
    guide: Guide | None
    pending: Token | None = None  # a key, or the dash of an item, whose value has not come yet
    pending_indent: int = 0
    drifted: int | None = None  # the indentation of its second member, if that is not the one of the first
    position: int = 0  # among the open ones
    names: set[str] = field(default_factory=set)

    @property
    def is_mapping(self) -> bool:
        """Whether it is a mapping."""
        return self.node.kind == "{"


class Stack(list[Level]):
    """The open levels, from the outermost.

    However deep they nest, only some are looked at for a line: the innermost, and those indented about as far.
    """

    def __init__(self) -> None:
        super().__init__()
        self._by_indent: dict[int, list[int]] = {}
        self.sequences: list[int] = []

    def append(self, level: Level) -> None:
        """Open a level."""
        level.position = len(self)
        self._by_indent.setdefault(level.indent, []).append(len(self))
        if not level.is_mapping:
            self.sequences.append(len(self))
        super().append(level)

    def pop(self, at: Any = -1) -> Level:
        """Close the innermost."""
        level = super().pop()
        self._by_indent[level.indent].pop()
        if not level.is_mapping:
            self.sequences.pop()
        return level

    def at(self, indent: int) -> list[Level]:
        """The innermost ones with this indentation."""
        return [self[position] for position in self._by_indent.get(indent, ())[-_ALIKE:]]

    def near(self, indent: int | None = None) -> list[Level]:
        """Those to look at, from the innermost."""
        first = len(self) - _NEAR
        if first <= _NEAR:
            return self[::-1]
        outer = set(range(_ALIKE))
        for drifted in range(indent - 2, indent + 3) if indent is not None else ():
            outer.update(self._by_indent.get(drifted, ())[-_ALIKE:])
        return self[: first - 1 : -1] + [self[n] for n in sorted(outer, reverse=True) if n < first]


@dataclass(slots=True)
class Line:
    """A line of the text."""

    indent: int
    content: str
    start: int  # of the content
    end: int


@dataclass(slots=True)
class Text:
    """The text that was read last, to which further lines may belong: its value is made of `parts` in the end."""

    node: Node
    guide: Guide | None
    parts: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What stands behind a key.

    Attributes:
        kinds: the types that it may have as a scalar; none if nothing stands in its line.
        child: how far the lines below are indented, if they may be its value: an item may stand as far left as the
            key, so it counts one more.
        container: what those lines are, if they are its value.
        below: how far the next line is indented, if it can't be its value.
        is_item: whether that line is an item.
        member: the key of the first of the lines below, if they may be its value.
    """

    kinds: frozenset[str]
    child: int
    container: str = ""
    below: int = -1
    is_item: bool = False
    member: str | None = None


_CONTAINERS = {"[": "array", "{": "object"}

_NEAR, _ALIKE = 24, 4
"""Levels that are looked at for a line: the innermost, and of each indentation that is about the same."""

DRIFT, FAR, FARTHER = 1.0, 2.05, 0.1
"""What an indentation costs that a level does not have: by one blank, by two, and each more."""
UNINDENTED = 2.5
"""What it costs that a value is not indented more than its key."""
PATTERN, UNNAMED, UNDECLARED, CLOSED = 0.1, 1.0, 2.0, 3.0
"""What speaks against a place: a name that only a pattern has there; no names there; others; and no more may be."""
STRANGER = 1.0
"""And that the first member below is not declared in what would be its value."""
AGAIN, MISFIT, CHILDLESS = 4.0, 2.0, 1.0
"""And a name that is there already; a value of another type; and that the lines below cannot be the value."""
UNLIKE = 0.5
"""And that the item before it is a container, and this is none, or the other way round."""
STEP = 0.6
"""And that the lines below would be indented by more or less than is usual in the text."""


class Levels:
    """The open mappings and sequences.

    Attributes:
        text: the whole text.
        stop: where the part that is read ends.
        levels: from the outermost.
        root: the tree.
        guide: what is asked for.
        edits: what was changed.
    """

    def __init__(self, text: str, stop: int, guide: Guide | None) -> None:
        self.text, self.stop = text, stop
        self.guide = guide
        self.edits: list[Edit] = []
        self.levels = Stack()
        self.root: Node | None = None
        self._last_text: Text | None = None

    @property
    def _text(self) -> Text | None:
        """The text to which further lines may belong."""
        return self._last_text

    @_text.setter
    def _text(self, text: Text | None) -> None:
        if self._last_text is not None and len(self._last_text.parts) > 1:
            self._last_text.node.value = "".join(self._last_text.parts)
        self._last_text = text

    def _edit(self, kind: str, start: int, end: int, grade: Any, reason: str) -> None:
        self.edits.append(Edit(kind, start, end, grade, reason))

    def _level_guide(self) -> Guide | None:
        """The guide of the value that comes next at the innermost level."""
        return self._guide_at(self.levels[-1]) if self.levels else self.guide

    def _guide_at(self, level: Level) -> Guide | None:
        if level.guide is None:
            return None
        if level.is_mapping:
            return level.guide.member(level.pending[3]) if level.pending is not None else level.guide
        return level.guide.item(len(level.node.value))

    def _put(self, node: Node) -> None:
        """Place a value where one is awaited."""
        if not self.levels:
            self.root = node
            return
        level = self.levels[-1]
        if level.is_mapping:
            assert level.pending is not None
            level.node.value.append((level.pending, node))
            level.names.add(level.pending[3])
        else:
            level.node.value.append(node)
        level.pending = None
        level.node.end = max(level.node.end, node.end)

    def _close_pending(self) -> None:
        """Give what is awaited and never came its value: null, as YAML says."""
        while self.levels:
            level = self.levels.pop()
            self._settle(level)

    def _settle(self, level: Level) -> None:
        if level.pending is not None:
            node = self._nothing(level.pending[2], self._guide_at(level))
            if level.is_mapping:
                level.node.value.append((level.pending, node))
                level.names.add(level.pending[3])
            else:
                level.node.value.append(node)
            level.pending = None

    def _nothing(self, start: int, guide: Guide | None) -> Node:
        """What stands behind a key or a dash whose value never came: null, as YAML says.

        But where the schema asks for text: what looks like a comment, or two blanks and more, of which one is the text.
        """
        if guide is not None and "string" in guide.kinds and not guide.is_open:
            rest = self._rest_of_line(start)
            shown = rest.strip()
            asked = "null" not in guide.kinds
            if shown.startswith("#") and (asked or not shown.strip("#")):
                start += rest.index("#")
                self._edit("quote", start, start + len(shown), "guessed", "a comment where text is asked for")
                return Node("s", start, start + len(shown), shown)
            if asked and not shown and len(rest) > 1:
                self._edit("quote", start + 1, start + len(rest), "guessed", "blanks where text is asked for")
                return Node("s", start + 1, start + len(rest), rest[1:])
        return Node("y", start, start, "")

    def _rest_of_line(self, start: int) -> str:
        """What stands from here to the end of the line, blanks included."""
        end = self.text.find("\n", start, self.stop)
        return self.text[start : self.stop if end < 0 else end].rstrip("\r")

    def _pop_to(self, count: int) -> None:
        while len(self.levels) > count:
            self._settle(self.levels.pop())

    def _open(self, kind: str, indent: int, start: int) -> Level:
        guide = self._level_guide() if self.levels else self.guide
        node = Node(kind, start, start, [])
        self._put(node)
        level = Level(node, indent, guide)
        self.levels.append(level)
        return level

    def _open_item(self, indent: int, start: int, opened: bool, value: Ahead) -> bool:
        """Find or open the sequence to which an item at this indentation belongs, by what stands behind it.

        Says whether there is one.
        """
        self._text = None
        dash: Token = ("s", start, start + 1, None)
        if not opened and self.levels:
            innermost = self.levels[-1]
            if innermost.pending is None or (not innermost.is_mapping and indent <= innermost.indent):
                nearest = self._nearest_sequence(indent, value)
                for count in range(len(self.levels), 0, -1):
                    level = self.levels[count - 1]
                    if level is nearest:
                        self._pop_to(count)
                        break
                    awaits = level.is_mapping and level.pending is not None
                    if (not level.is_mapping and level.indent <= indent) or (
                        awaits and level.pending_indent <= indent
                    ):
                        self._pop_to(count)
                        break
                else:
                    if self.levels.sequences:
                        self._pop_to(self.levels.sequences[0] + 1)
                if not self.levels[-1].is_mapping:
                    self._settle(self.levels[-1])  # a dash with nothing behind it
            level = self.levels[-1]
            if not level.is_mapping and level.pending is None:
                if level.indent != indent:
                    self._edit(
                        "indentation",
                        start,
                        start,
                        "lossless",
                        "an item at another indentation than those before it",
                    )
                level.pending, level.pending_indent = dash, indent
                return True
            if level.is_mapping and level.pending is None:
                if self.levels.sequences:
                    self._pop_to(self.levels.sequences[-1] + 1)
                    self._settle(self.levels[-1])
                    self.levels[-1].pending, self.levels[-1].pending_indent = dash, indent
                    self._edit(
                        "indentation",
                        start,
                        start,
                        "guessed",
                        "an item at an indentation that no sequence has",
                    )
                    return True
                return self._made_a_sequence(level, indent, dash)
        elif not self.levels and self.root is not None:
            return False
        level = self._open("[", indent, start)
        level.pending, level.pending_indent = dash, indent
        return True

    def _made_a_sequence(self, level: Level, indent: int, dash: Token) -> bool:
        """Make the last value of a mapping the first item of a sequence, if it may be one."""
        key, first = level.node.value[-1]
        guide = None if level.guide is None else level.guide.member(key[3])
        if first.kind in "{[" or not first.value or (guide is not None and "array" not in guide.kinds):
            return False
        node = Node("[", first.start, first.end, [first])
        level.node.value[-1] = (key, node)
        self.levels.append(Level(node, indent, guide, dash, indent))
        self._edit("bracket", dash[1], dash[2], "guessed", f"the value of {key[3]!r} is an item, too")
        return True

    def _nearest_sequence(self, indent: int, value: Ahead) -> Level | None:
        """The open sequence whose items are indented most like this, and are of such a type; of equals the inner."""
        kinds = value.kinds

        def against(level: Level) -> float:
            drift = abs(level.indent - indent)
            if not drift:
                return 0
            guide = None if level.guide is None else level.guide.item(len(level.node.value))
            before = {_CONTAINERS.get(item.kind, "") for item in level.node.value[-1:]}
            is_unlike = bool(before) and before != {next(iter(kinds & {"array", "object"}), "")}
            is_misfit = guide is not None and not kinds & guide.kinds
            is_beside = value.child in (0, level.indent + 2)  # the next member of the item
            return drift + MISFIT * is_misfit + UNLIKE * is_unlike + UNLIKE * (not is_beside)

        sequences = [level for level in self.levels.near(indent) if not level.is_mapping]
        return min(sequences, key=against, default=None)

    def _mapping_for(self, key: Token, indent: int, opened: bool, value: Ahead) -> Level:
        """Find or open the mapping to which a member belongs: where least speaks against it; of equals the inner."""
        if not self.levels or opened:
            return self._open("{", indent, key[1])
        name, innermost, best = key[3], self.levels[-1], None
        least = float("inf")
        if innermost.pending is not None:
            here, above = self._level_guide(), innermost.pending_indent
            least = 0 if indent > above else UNINDENTED + above - indent
            least += _against(here, name, above + 1, value)
            if here is not None and "object" not in here.kinds:
                least += MISFIT
        for level in self.levels.near(indent):
            if not level.is_mapping:
                continue
            cost = _drifted(level, indent) + _against(level.guide, name, level.indent, value)
            if name in level.names:
                cost += AGAIN if level.indent != indent else AGAIN / 2  # repeated, or drifted by a blank
            if innermost.pending is not None:
                cost += self._against_nothing(innermost, indent)
            if not value.kinds and value.container == "object" and value.child - level.indent != self._step():
                cost += STEP
            if value.below >= 0 and self._closes(level, value.below, is_item=value.is_item):
                cost += MISFIT
            if cost < least:
                best, least = level, cost
        if best is not None:
            return self._back_to(best, key, indent)
        if indent <= innermost.pending_indent:
            grade: Grade = "lossless" if self._owners(name) == 1 else "guessed"
            self._edit("indentation", key[1], key[1], grade, f"{name!r} belongs to the member before it")
        return self._open("{", indent, key[1])

    def _step(self) -> int:
        """By how much members are indented more than the key above them, where that was seen first."""
        margins = sorted({level.indent for level in self.levels[:16] if level.is_mapping})
        return margins[1] - margins[0] if len(margins) > 1 else 2

    def _closes(self, level: Level, indent: int, *, is_item: bool) -> bool:
        """Whether going back to a level closes one to which the next line belongs by its indentation."""
        return any(
            known.is_mapping != is_item and known.position > level.position
            for known in self.levels.at(indent)
        )

    def _against_nothing(self, level: Level, indent: int) -> float:
        """What speaks against it that the value that is awaited never comes."""
        guide = self._level_guide()
        if guide is not None and "null" not in guide.kinds:
            return MISFIT
        return 0 if indent <= level.pending_indent else 0.5

    def _owners(self, name: str) -> int:
        """How many open places have declared a member of this name."""
        guides = [level.guide for level in self.levels.near() if level.is_mapping]
        if self.levels and self.levels[-1].pending is not None:
            guides.append(self._level_guide())
        return sum(guide is not None and name in guide.names for guide in guides)

    def _back_to(self, level: Level, key: Token, indent: int) -> Level:
        if level.indent != indent:
            sure = level.guide is not None and level.guide.declares(key[3]) and self._owners(key[3]) == 1
            reason = f"{key[3]!r} is read as a member of the object that has it"
            self._edit("indentation", key[1], key[1], "lossless" if sure else "guessed", reason)
            if len(level.node.value) == 1 and abs(level.indent - indent) == 1:
                level.drifted = indent
        self._pop_to(level.position + 1)
        self._settle(level)
        return level


def _drifted(level: Level, indent: int) -> float:
    """What an indentation says against a mapping. If that has one member, it may be that one which drifted."""
    drift = abs(level.indent - indent)
    if level.drifted is not None:  # either of the two may be the right one
        other = abs(level.drifted - indent)
        drift = min(drift, other) if 0 in (drift, other) else max(drift, other)
    if drift < 2:  # what stands at the margin has not drifted
        return drift * (DRIFT if len(level.node.value) > 1 or not level.indent else DRIFT / 2)
    return FAR + FARTHER * (drift - 2)


def _against(guide: Guide | None, name: str, indent: int, value: Ahead) -> float:
    """What speaks against a member of this name and value in a mapping at this indentation."""
    cost = CHILDLESS if not value.kinds and value.child <= indent else 0.0
    if guide is None:
        return cost
    if guide.is_open:
        return cost + UNNAMED
    inner = guide.member(name)
    kinds = inner.kinds
    if value.member is not None and inner.names and not inner.declares(value.member):
        cost += STRANGER
    behind = value.kinds or (kinds if value.child <= indent else {value.container})
    cost += 0 if kinds & behind else MISFIT
    if name in guide.names:
        return cost
    if guide.declares(name):
        return cost + PATTERN
    return cost + (CLOSED if guide.closed else UNDECLARED if guide.names else UNNAMED)
