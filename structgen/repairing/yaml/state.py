"""The state of reading YAML line by line: the text and its lines, the open levels, the edits."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from structgen.frontends.json_schema.view import SchemaView
from structgen.repairing.edits import Edit, Grade
from structgen.repairing.tree import Node, Token

_LINE = re.compile(r"([ \t]*)([^\n]*)(?:\n|\Z)")
_NEAR, _ALIKE = 24, 4
"""Levels that are considered for a line: the innermost, and these of each indentation that is about the same."""


@dataclass(slots=True)
class Level:
    """An open mapping or sequence.

    Attributes:
        node: its value so far.
        indent: how far its properties or items are indented.
        view: what the schema says of it.
        pending: a key, or the dash of an item, whose value has not come yet.
        pending_indent: how far that is indented.
        drifted: the indentation of its second property, if it differs from that of the first.
        position: its place among the open levels.
        names: the names of its properties.
    """

    node: Node
    indent: int
    view: SchemaView | None
    pending: Token | None = None
    pending_indent: int = 0
    drifted: int | None = None
    position: int = 0
    names: set[str] = field(default_factory=set)

    @property
    def is_mapping(self) -> bool:
        """True if it is a mapping."""
        return self.node.kind == "{"

    @property
    def inner_view(self) -> SchemaView | None:
        """What the schema says of its next value."""
        if self.view is None:
            return None
        if self.is_mapping:
            return self.view.property(self.pending[3]) if self.pending is not None else self.view
        return self.view.item(len(self.node.value))


class Stack(list[Level]):
    """The open levels, from the outermost.

    However deep they nest, only some are considered for a line: the innermost, and those indented about as far.
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
        """Returns the innermost ones with this indentation."""
        return [self[position] for position in self._by_indent.get(indent, ())[-_ALIKE:]]

    def near(self, indent: int | None = None) -> list[Level]:
        """Returns those to consider, from the innermost."""
        first = len(self) - _NEAR
        if first <= _NEAR:
            return self[::-1]
        outer = set(range(_ALIKE))
        for drifted in range(indent - 2, indent + 3) if indent is not None else ():
            outer.update(self._by_indent.get(drifted, ())[-_ALIKE:])
        return self[: first - 1 : -1] + [self[n] for n in sorted(outer, reverse=True) if n < first]


@dataclass(slots=True)
class Line:
    """A line of the text; `start` and `end` are those of its content, without spaces around it."""

    indent: int
    content: str
    start: int
    end: int


@dataclass(slots=True)
class OpenText:
    """The text that was read last, to which further lines may belong. In the end its value is made of `parts`."""

    node: Node
    view: SchemaView | None
    parts: list[str] = field(default_factory=list)


class YamlState:
    """What was read so far.

    Attributes:
        text: the whole text.
        stop: where the part that is read ends.
        view: what the schema says of the value.
        lines: the lines of that part.
        levels: the open mappings and sequences, from the outermost.
        root: the tree.
        edits: what was changed.
        first: where the payload begins.
        last: where it ends.
        cut: True if the text breaks off.
        open_text: the text to which further lines may belong.
    """

    def __init__(self, text: str, start: int, stop: int, view: SchemaView | None) -> None:
        self.text, self.stop, self.view = text, stop, view
        self.levels = Stack()
        self.root: Node | None = None
        self.edits: list[Edit] = []
        self.first, self.last = stop, start
        self.cut = False
        self.open_text: OpenText | None = None
        self.lines, has_tabs = _lines(text, start, stop)
        if has_tabs:
            reason = "tabs in the indentation are read as two spaces"
            self.edit("indentation", start, start, "lossless", reason)

    def edit(self, kind: str, start: int, end: int, grade: Grade, reason: str) -> None:
        """Note a change."""
        self.edits.append(Edit(kind, start, end, grade, reason))

    def set_text(self, text: OpenText | None) -> None:
        """Set the text to which further lines may belong; the one before is complete."""
        if self.open_text is not None and len(self.open_text.parts) > 1:
            self.open_text.node.value = "".join(self.open_text.parts)
        self.open_text = text

    @property
    def awaits_value(self) -> bool:
        """True if a key or a dash waits for its value."""
        return bool(self.levels) and self.levels[-1].pending is not None

    @property
    def view_here(self) -> SchemaView | None:
        """What the schema says of the value that comes next at the innermost level."""
        return self.levels[-1].inner_view if self.levels else self.view

    def line_at(self, number: int) -> Line | None:
        """Returns a line; None after the last."""
        return self.lines[number] if number < len(self.lines) else None

    def rest_of_line(self, start: int) -> str:
        """Returns the text from here to the end of the line, spaces included."""
        end = self.text.find("\n", start, self.stop)
        return self.text[start : self.stop if end < 0 else end].rstrip("\r")

    def is_declared(self, name: str) -> bool:
        """Returns True if a mapping that is open, or comes next, declares a property of this name."""
        views = [level.view for level in self.levels.near() if level.is_mapping]
        return any(view is not None and view.declares(name) for view in (*views, self.view_here))

    def owners(self, name: str) -> int:
        """Returns how many mappings that are open, or come next, have declared a property of this name."""
        views = [level.view for level in self.levels.near() if level.is_mapping]
        if self.awaits_value:
            views.append(self.view_here)
        return sum(view is not None and name in view.properties for view in views)


def _lines(text: str, start: int, stop: int) -> tuple[list[Line], bool]:
    """The lines of a part of a text, and whether tabs indent any."""
    lines: list[Line] = []
    at, has_tabs = start, False
    while at < stop:
        found = _LINE.match(text, at, stop)
        assert found is not None
        blank, content = found.group(1), found.group(2).rstrip("\r \t\ufeff")
        has_tabs = has_tabs or ("\t" in blank and bool(content))
        begin = found.start(2)
        lines.append(Line(len(blank.expandtabs(2)), content, begin, begin + len(content)))
        at = max(found.end(), at + 1)
    return lines, has_tabs
