"""YAML that no parser accepts, read line by line.

A line is a member (`key: value`), an item (`- value`), both, or goes on with the text before it. Where it belongs is
said by its indentation and by the names that the schema has at each open level; where the two disagree, a name that
only one level declares decides. A value whose field is a string is taken as it stands, to the end of the line; flow
collections go to the reader of JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from structgen.repairing import scalars
from structgen.repairing.edits import Edit, Grade
from structgen.repairing.guide import Guide, kinds_of
from structgen.repairing.tokens import Token
from structgen.repairing.tree import Node
from structgen.repairing.yaml_levels import Ahead, Line
from structgen.repairing.yaml_values import (
    COMMENT,
    ITEM,
    KEY,
    ODD_ESCAPES,
    QUOTED,
    TEXT_ONLY,
    Values,
    has_odd_escapes,
    unclosed,
    unescaped,
)

_TIGHT_ITEM = re.compile(r"[-*•](?=[^\s-])|[*•][ \t]+(?=\S)")
_TIGHT_KEY = re.compile(r"([^\W\d][\w.-]{0,200}):(?=[^\s/:])")
_SENTENCE = re.compile(r"[^\s\"':{}\[\]-][^\s:]*(?: [^\s:]+){2,}:\Z")
_WORD = re.compile(r"\S*[^\s,](?: \S*[^\s,]){0,3}\Z")
_MARKER = re.compile(r"(?:---|\.\.\.)(?:[ \t].*)?\Z|%[A-Z]+ .*\Z")
_ANY = frozenset(("null", "boolean", "integer", "number", "string", "array", "object"))
_CLOSERS = frozenset(("}", "]", "})", "]}", "}}", "}]"))
_BLANK_LINES = 8
"""Lines in which the next one that is not empty is looked for."""


def read_lines(
    text: str, start: int, end: int, guide: Guide | None
) -> Iterator[tuple[Node, list[Edit], int, int, bool]]:
    """The tree of a text, if it has members or items at all."""
    reader = _Reader(text, start, end, guide)
    node = reader.read()
    if node is not None:
        yield node, reader.edits, reader.first, reader.last, reader.cut


class _Reader(Values):
    def read(self) -> Node | None:
        number, blank = 0, False
        while number < len(self.lines):
            line = self.lines[number]
            number += 1
            if not line.content:
                blank = True
                continue
            if (line.content.startswith("#") and self._text is None) or re.match(r"#(?:\s|\Z)", line.content):
                continue
            if _MARKER.match(line.content) and not line.indent:
                if self.root is not None:
                    self._edit("marker", line.start, self.stop, "dropped", "a second document")
                    break
                continue
            if self.root is not None and re.match(r"```|~~~|<\|", line.content):
                break
            taken = self._line(line, number, blank)
            if taken < 0:
                break
            if taken:
                self.first, self.last = min(self.first, line.start), max(self.last, self.lines[taken - 1].end)
                number = taken
            blank = False
        self._text = None
        self._leave_out()
        self._close_pending()
        return self.root

    def _leave_out(self) -> None:
        """A key or a dash at the very end, in a text that is cut off there: its value was still to come."""
        level = self.levels[-1] if self.levels else None
        guide = self._level_guide()
        if (
            level is None
            or level.pending is None
            or guide is None
            or "null" in guide.kinds
            or self.text[level.pending[2] : self.stop].strip(" ")
        ):
            return
        self._edit("key", level.pending[1], self.stop, "dropped", "the text ends before the value")
        level.pending = None
        self.cut = True

    # Which kind of line

    def _line(self, line: Line, number: int, blank: bool) -> int:
        """Take a line; the number of the line to go on with, 0 if it is no payload, -1 at the end of the payload."""
        content, indent, start = line.content, line.indent, line.start
        if self.root is None and _SENTENCE.match(content) and self._is_prose(content[:-1], indent, number):
            return 0  # "Here is the result:"
        if self._is_behind(content, indent, blank):
            return -1
        if content.rstrip(",;") in _CLOSERS and not (self._text is not None and self._is_deeper(indent)):
            if self.root is not None:
                self._edit("bracket", start, line.end, "guessed", "a bracket in a line of its own")
            return number if self.root is not None else 0
        if self.root is None and content[0] in "{[" and KEY.match(content[1:].lstrip()):
            self._edit("bracket", start, start + 1, "guessed", "a bracket around what is read line by line")
            rest = content[1:].lstrip()
            start, content = start + len(content) - len(rest), rest
        return self._entry(line, content, indent, start, number, blank=blank)

    def _entry(
        self,
        line: Line,
        content: str,
        indent: int,
        start: int,
        number: int,
        *,
        blank: bool = False,
        opened: bool = False,
    ) -> int:
        """Take a line from a place in it: all of it, or what stands behind a key (then `opened`)."""
        depth = 0
        while depth < 50:
            item = ITEM.match(content) or (self._tight_item(content, indent) if not opened else None)
            if item is None or not self._takes_items(indent, opened):
                break
            if item.re is _TIGHT_ITEM:
                self._edit(
                    "blank",
                    start + item.end(),
                    start + item.end(),
                    "lossless",
                    "a blank after the dash is missing"
                    if item.end() == 1
                    else "another sign stands for the dash",
                )
            rest = content[item.end() :]
            if not self._open_item(indent, start, opened, self._item_ahead(rest, number)):
                self._edit("text", line.start, line.end, "dropped", "an item where no sequence is")
                return number
            opened, depth = True, depth + 1
            indent += max(item.end(), 2)
            start += item.end()
            content = rest
        key = self._key(content, indent, start, opened, number)
        if key is not None:
            token, width = key
            return self._member(line, token, content[width:], indent, start + width, number, opened)
        if opened:
            if not content or COMMENT.match(content):
                return number
            return self._value(content, start, indent, number, self._level_guide())
        pending = self.levels and self.levels[-1].pending is not None
        if pending and (indent > self.levels[-1].pending_indent or not blank):
            guide = self._level_guide()
            is_cut = line.end == self.stop and indent > self.levels[-1].pending_indent
            names = (
                () if guide is None or "object" not in guide.kinds or "string" in guide.kinds else guide.names
            )
            if is_cut and any(name.startswith(content) for name in names):
                self._open("{", indent, start)
                self._edit("key", line.start, line.end, "dropped", "the text ends inside a key")
                self.cut = True
                return number
            return self._value(content, start, indent, number, guide)
        if line.end == self.stop and self.root is not None and self._begins_a_key(content):
            self._edit("key", line.start, line.end, "dropped", "the text ends inside a key")
            self.cut = True
            return number
        if self._text is not None and not (blank and indent == 0):
            self._go_on(line, blank)
            return number
        if self.root is None:
            return 0
        if blank or not indent:
            return -1
        self._edit("text", line.start, line.end, "dropped", "a line that is neither a member nor an item")
        return number

    def _is_behind(self, content: str, indent: int, blank: bool) -> bool:
        """Whether a line stands behind the payload: below a blank one, and farther left than all of it."""
        if not blank or not self.levels or indent > self.levels[0].indent - 2:
            return False
        found = KEY.match(content)
        name = next((group for group in found.groups() if group is not None), "") if found else ""
        return not self._declared(name)

    def _is_deeper(self, indent: int) -> bool:
        return bool(self.levels) and indent > self.levels[-1].indent

    def _is_prose(self, name: str, indent: int, number: int) -> bool:
        """Whether a sentence with a colon, before all members, is none: the schema knows it not, or it has no value."""
        if not self._declared(name):
            return True
        if self.guide is not None and name in self.guide.names:
            return False
        below = self.lines[number] if number < len(self.lines) else None
        return (
            below is None or not below.content or (below.indent <= indent and not ITEM.match(below.content))
        )

    def _tight_item(self, content: str, indent: int) -> re.Match[str] | None:
        """A dash without a blank: an item, where items are expected and it is no number."""
        found = _TIGHT_ITEM.match(content)
        if found is None:
            return None
        if not self.levels:
            wanted = (
                self.guide is not None and "array" in self.guide.kinds and "object" not in self.guide.kinds
            )
            return found if wanted and self.root is None else None
        level = self.levels[-1]
        guide = self._level_guide()
        expects = level.pending is not None and (
            content[1].isalpha() and indent >= level.pending_indent
            if guide is None
            else "array" in guide.kinds
        )
        inside = any(not level.is_mapping for level in self.levels.at(indent))
        if not (expects or inside) or (content[1:2].isdigit() and not inside and not expects):
            return None
        return found if content[0] == "-" or inside or expects else None

    def _takes_items(self, indent: int, opened: bool) -> bool:
        """Whether an item can stand here; else its dash is text (a list inside a string)."""
        if not self.levels:
            return True
        guide = self._level_guide()
        if opened:
            return guide is None or guide.kinds != TEXT_ONLY
        level = self.levels[-1]
        if (
            level.pending is not None
            and guide is not None
            and guide.kinds == TEXT_ONLY
            and indent > level.pending_indent
        ):
            return False
        return not (
            level.pending is None
            and self._text is not None
            and self._text.guide is not None
            and self._text.guide.kinds == TEXT_ONLY
            and not self.levels.sequences
            and indent > level.indent
        )

    def _key(
        self, content: str, indent: int, start: int, opened: bool, number: int
    ) -> tuple[Token, int] | None:
        """The key with which a line begins, and how much of the line it takes with its colon."""
        found = KEY.match(content)
        name: str | None = None
        tight = False
        awaited = opened or (bool(self.levels) and self.levels[-1].pending is not None)
        here = self._level_guide() if awaited else None
        if found is not None:
            name = next(group for group in found.groups() if group is not None)
            if found.group(1) is not None:
                name = unescaped(found.group(1))
            elif found.group(2) is not None:
                name = name.replace("''", "'")
        else:
            found = _TIGHT_KEY.match(content)
            if found is not None and (
                (self._declared(found.group(1)) and self._accepts_members(opened))
                or self._is_beside_keys(indent, opened)
                or self._is_above_keys(indent, number, opened)
                or (self.root is None and self._is_above_keys(indent, number, opened=True))
                or self._wants_members()
            ):
                name, tight = found.group(1), True
        if found is None or name is None:
            return None
        if (
            content[0] not in "\"'"
            and "://" not in name
            and ": " in content[: found.end()]
            and not self._declared(name)
        ):
            first = content.split(":")[0]
            name = first if self._declared(first) else name
        alone = found.end() == len(content)
        if not self._is_key(name, indent, opened, quoted=content[0] in "\"'", alone=alone):
            return None
        if found.group(1) is not None and not tight and has_odd_escapes(found.group(1)):
            self._edit("escape", start, start + found.end(1) + 1, "guessed", ODD_ESCAPES)
        if tight:
            end = start + found.end()
            may_be_text = here is not None and "string" in here.kinds
            grade: Grade = "guessed" if may_be_text else "lossless"
            self._edit("blank", end, end, grade, "a blank after the colon is missing")
        return ("s", start, start + found.end(), name), found.end()

    def _is_beside_keys(self, indent: int, opened: bool) -> bool:
        """Whether a mapping has its members at this very indentation, so that the line cannot go on with a text."""
        return not opened and any(level.is_mapping and level.node.value for level in self.levels.at(indent))

    def _is_above_keys(self, indent: int, number: int, opened: bool) -> bool:
        """Whether a value is awaited, and the next line is a member at the same indentation."""
        awaited = opened or (bool(self.levels) and self.levels[-1].pending is not None)
        below = self.lines[number] if number < len(self.lines) else None
        return (
            awaited
            and self._accepts_members(opened)
            and below is not None
            and below.indent == indent
            and KEY.match(below.content) is not None
        )

    def _accepts_members(self, opened: bool) -> bool:
        """Whether what is awaited may be a mapping; true if nothing is awaited."""
        if not (opened or (self.levels and self.levels[-1].pending is not None)):
            return True
        guide = self._level_guide()
        return guide is None or bool(guide.kinds & {"object", "array"})

    def _wants_members(self) -> bool:
        """Whether a mapping can stand here, and no text."""
        guide = self._level_guide()
        awaited = self.root is None or (bool(self.levels) and self.levels[-1].pending is not None)
        return awaited and guide is not None and "object" in guide.kinds and "string" not in guide.kinds

    def _begins_a_key(self, content: str) -> bool:
        guides = [level.guide for level in self.levels.near() if level.is_mapping and level.guide is not None]
        return any(name.startswith(content) for guide in guides for name in guide.names)

    def _is_key(self, name: str, indent: int, opened: bool, *, quoted: bool, alone: bool) -> bool:
        if self._declared(name) and (quoted or not opened or self._accepts_members(opened)):
            return True
        here = self._level_guide() if self.levels else self.guide
        if self.root is None:
            return (
                (self.guide is None or not self.guide.names or not self.guide.closed)
                and (quoted or _WORD.match(name) is not None)
                and (quoted or self.guide is None or not self.guide.names or len(name.split()) == 1)
            )
        if opened or (self.levels and self.levels[-1].pending is not None):
            if here is not None and here.kinds == TEXT_ONLY:
                return False
            if here is not None and not here.is_open and not here.kinds & {"object", "array"}:
                return False
            return quoted or self._wants_members() or _WORD.match(name) is not None
        if self._text is not None and self._text.guide is not None and "string" in self._text.guide.kinds:
            level = next((known for known in reversed(self.levels) if known.is_mapping), None)
            if (
                level is not None
                and level.guide is not None
                and level.guide.names
                and not quoted
                and (
                    indent > level.indent + 1
                    or (len(name.split()) > 1 and not (alone and self._is_margin(indent)))
                )
            ):
                return False
        return quoted or _WORD.match(name) is not None or (self.guide is None and len(name) < 80)

    def _is_margin(self, indent: int) -> bool:
        return any(level.is_mapping for level in self.levels.at(indent))

    # Values

    def _member(
        self, line: Line, key: Token, rest: str, indent: int, start: int, number: int, opened: bool
    ) -> int:
        """Find or open the mapping to which a member belongs, and read its value."""
        self._text = None
        level = self._mapping_for(key, indent, opened, self._ahead(rest, number))
        level.pending, level.pending_indent = key, indent
        if not rest or COMMENT.match(rest):
            return number
        guide = self._level_guide()
        item = ITEM.match(rest)
        if item is not None and item.end() < len(rest) and (guide is None or "array" in guide.kinds):
            sure = guide is not None and "string" not in guide.kinds
            grade: Grade = "lossless" if sure else "guessed"
            self._edit("indentation", start, start, grade, "an item in the line of its key")
            return self._entry(line, rest, indent + 2, start, number, opened=True)
        return self._value(rest, start, indent, number, guide)

    def _item_ahead(self, rest: str, number: int) -> Ahead:
        """What stands behind a dash: the types of the rest of its line, and how far its second member is indented."""
        if not rest:
            return Ahead(_ANY, 0)
        below = self.lines[number] if number < len(self.lines) else None
        is_member = below is not None and KEY.match(rest) and not ITEM.match(below.content)
        return Ahead(_kinds_ahead(rest), below.indent if below is not None and is_member else 0)

    def _ahead(self, rest: str, number: int) -> Ahead:
        """What stands behind a key: the types of the rest of its line, or how far the next line is indented."""
        below = next((line for line in self.lines[number : number + _BLANK_LINES] if line.content), None)
        if rest and not COMMENT.match(rest):
            kinds = _kinds_ahead(rest)
            if below is None or rest[0] in "|>" or (rest[0] in "{[" and unclosed(rest) > 0):
                return Ahead(kinds, 0)
            return Ahead(kinds, 0, below=below.indent, is_item=ITEM.match(below.content) is not None)
        if below is None:
            return Ahead(frozenset(), 0)
        item = ITEM.match(below.content) is not None
        key = None if item else KEY.match(below.content)
        name = None if key is None else next(group for group in key.groups() if group is not None)
        return Ahead(frozenset(), below.indent + item, "array" if item else "object", member=name)


def _kinds_ahead(rest: str) -> frozenset[str]:
    """The types that a value may have that begins like this."""
    if rest[0] in "{[|>#":
        return _ANY
    if ITEM.match(rest):
        return frozenset(("array", "string"))
    if KEY.match(rest):
        return frozenset(("object", "string"))
    value = rest if rest[0] in QUOTED else scalars.of_yaml(rest)
    return frozenset(("string", *kinds_of(value)))
