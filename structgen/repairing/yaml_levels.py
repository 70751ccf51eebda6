"""Levels: the open mappings and sequences of a YAML text, and where among them a line belongs.

By its indentation, the nearest; by its name, if the schema has it at one level only. Reads no values (yaml_lines.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from structgen.repairing.edits import Edit
from structgen.repairing.guide import Guide
from structgen.repairing.lexer import Token
from structgen.repairing.tree import Node


@dataclass(slots=True)
class Level:
    """An open mapping or sequence."""

    node: Node
    indent: int
    guide: Guide | None
    pending: Token | None = None  # a key, or the dash of an item, whose value has not come yet
    pending_indent: int = 0

    @property
    def is_mapping(self) -> bool:
        """Whether it is a mapping."""
        return self.node.kind == "{"


@dataclass(slots=True)
class Line:
    """A line of the text."""

    indent: int
    content: str
    start: int  # of the content
    end: int


@dataclass(slots=True)
class Text:
    """The text that was read last, to which further lines may belong."""

    node: Node
    guide: Guide | None
    lines: list[str] = field(default_factory=list)


class Levels:
    """The open mappings and sequences.

    Attributes:
        levels: from the outermost.
        root: the tree.
        guide: what is asked for.
        edits: what was changed.
    """

    def __init__(self, guide: Guide | None) -> None:
        self.guide = guide
        self.edits: list[Edit] = []
        self.levels: list[Level] = []
        self.root: Node | None = None
        self._text: Text | None = None

    def _edit(self, kind: str, start: int, end: int, grade: Any, reason: str) -> None:
        self.edits.append(Edit(kind, start, end, grade, reason))

    def _level_guide(self) -> Guide | None:
        """The guide of the value that comes next at the innermost level."""
        if not self.levels:
            return self.guide
        level = self.levels[-1]
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
            node = Node("y", level.pending[2], level.pending[2], "")
            if level.is_mapping:
                level.node.value.append((level.pending, node))
            else:
                level.node.value.append(node)
            level.pending = None

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

    def _open_item(self, indent: int, start: int, opened: bool) -> None:
        """Find or open the sequence to which an item at this indentation belongs."""
        self._text = None
        dash: Token = ("s", start, start + 1, None)
        if not opened and self.levels:
            innermost = self.levels[-1]
            if innermost.pending is None or (not innermost.is_mapping and indent <= innermost.indent):
                nearest = self._nearest_sequence(indent)
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
                    sequences = [n for n, known in enumerate(self.levels) if not known.is_mapping]
                    if sequences:
                        self._pop_to(sequences[0] + 1)
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
                return
            if level.is_mapping and level.pending is None:
                sequences = [n for n, known in enumerate(self.levels) if not known.is_mapping]
                if sequences:
                    self._pop_to(sequences[-1] + 1)
                    self._settle(self.levels[-1])
                    self.levels[-1].pending, self.levels[-1].pending_indent = dash, indent
                    self._edit(
                        "indentation",
                        start,
                        start,
                        "guessed",
                        "an item at an indentation that no sequence has",
                    )
                    return
                self._edit("text", start, start + 1, "dropped", "an item where no sequence is")
                level.pending, level.pending_indent = ("s", start, start + 1, "-"), indent
                return
        elif not self.levels and self.root is not None:
            return
        level = self._open("[", indent, start)
        level.pending, level.pending_indent = dash, indent

    def _nearest_sequence(self, indent: int) -> Level | None:
        """The open sequence whose items are indented most like this; of equals the inner one."""
        sequences = [level for level in reversed(self.levels) if not level.is_mapping]
        return min(sequences, key=lambda level: abs(level.indent - indent), default=None)

    def _mapping_for(self, key: Token, indent: int, opened: bool) -> Level:
        name = key[3]
        if not self.levels:
            return self._open("{", indent, key[1])
        innermost = self.levels[-1]
        awaited = innermost.pending is not None
        guide = self._level_guide()
        inside = awaited and (guide is None or guide.is_open or bool(guide.kinds & {"object", "array"}))
        deeper = (
            opened
            or (innermost.is_mapping and indent > innermost.pending_indent)
            or (not innermost.is_mapping and indent > innermost.indent)
        )
        declared_inside = awaited and guide is not None and guide.declares(name)
        by_indent = self._by_indent(indent)
        if (
            inside
            and deeper
            and (
                declared_inside or guide is None or not guide.names or not self._only_outside(name, by_indent)
            )
        ):
            return self._open("{", indent, key[1])
        if declared_inside and not opened:
            outer = by_indent is not None and by_indent.guide is not None and by_indent.guide.declares(name)
            if not outer:
                self._edit(
                    "indentation", key[1], key[1], "lossless", f"{name!r} belongs to the member before it"
                )
                return self._open("{", indent, key[1])
        if by_indent is not None:
            declares = by_indent.guide is None or not by_indent.guide.names or by_indent.guide.declares(name)
            exact = by_indent.indent == indent
            if declares and (exact or (by_indent.guide is not None and by_indent.guide.names)):
                return self._back_to(by_indent, key, indent)
        for level in reversed(self.levels):
            if (
                level.is_mapping
                and level.guide is not None
                and level.guide.declares(name)
                and not has(level, name)
            ):
                return self._back_to(level, key, indent)
        if by_indent is not None:
            return self._back_to(by_indent, key, indent)
        if inside:
            return self._open("{", indent, key[1])
        mapping = next((level for level in reversed(self.levels) if level.is_mapping), None)
        if mapping is not None:
            return self._back_to(mapping, key, indent)
        self._settle(self.levels[-1])
        self.levels[-1].pending = key
        return self._open("{", indent, key[1])

    def _only_outside(self, name: str, by_indent: Level | None) -> bool:
        return any(
            level.is_mapping
            and level.guide is not None
            and level.guide.declares(name)
            and not has(level, name)
            for level in self.levels
        )

    def _by_indent(self, indent: int) -> Level | None:
        """The open mapping whose members are indented most like this; of equals the inner one."""
        mappings = [level for level in reversed(self.levels) if level.is_mapping]
        return min(mappings, key=lambda level: abs(level.indent - indent), default=None)

    def _back_to(self, level: Level, key: Token, indent: int) -> Level:
        if level.indent != indent:
            owners = [
                known for known in self.levels if known.guide is not None and known.guide.declares(key[3])
            ]
            reason = f"{key[3]!r} is read as a member of the object that has it"
            self._edit("indentation", key[1], key[1], "lossless" if owners == [level] else "guessed", reason)
        self._pop_to(next(n for n, known in enumerate(self.levels) if known is level) + 1)
        self._settle(level)
        return level


def has(level: Level, name: str) -> bool:
    """Whether a mapping has a member of this name already."""
    return any(key[3] == name for key, _ in level.node.value)
