"""YAML that no parser accepts, read line by line.

A line is a member (`key: value`), an item (`- value`), both, or goes on with the text before it. Where it belongs is
said by its indentation and by the names that the schema has at each open level; where the two disagree, a name that
only one level declares decides. A value whose field is a string is taken as it stands, to the end of the line; flow
collections go to the reader of JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from structgen.repairing.edits import Edit
from structgen.repairing.guide import Guide
from structgen.repairing.lexer import Lexer, Token
from structgen.repairing.structure import Structure
from structgen.repairing.tree import Node

_LINE = re.compile(r"([ \t]*)([^\n]*)(?:\n|\Z)")
_ITEM = re.compile(r"-(?:[ \t]+|\Z)")
_TIGHT_ITEM = re.compile(r"[-*•](?=[^\s-])")
_KEY = re.compile(
    r"""(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\n]|'')*)'"""
    r"""|([^\s"'#,{\[\]}&*!|>%@`-][^\n]*?|-[^\s:][^\n:]*?))[ \t]*:(?:[ \t]+|\Z)"""
)
_TIGHT_KEY = re.compile(r"([A-Za-z_][\w-]{0,60}):(?=[^\s/:])")
_WORD = re.compile(r"[\w$.@/+-]+(?: [\w$.@/+-]+){0,3}\Z")
_BLOCK = re.compile(r"([|>])([+-]?\d?[+-]?)[ \t]*(?:#.*)?\Z")
_COMMENT = re.compile(r"(?:^|[ \t]+)#(?:[ \t!#].*)?\Z")
_QUOTED = {
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"[ \t]*(?:#.*)?\Z', re.DOTALL),
    "'": re.compile(r"'((?:[^']|'')*)'[ \t]*(?:#.*)?\Z", re.DOTALL),
}
_MARKER = re.compile(r"(?:---|\.\.\.)(?:[ \t].*)?\Z|%[A-Z]+ .*\Z")
_TEXT_ONLY = frozenset(("string",))
_QUOTED_LINES = 200
"""Lines in which the end of a quoted text is looked for."""


@dataclass(slots=True)
class _Level:
    """An open mapping or sequence."""

    node: Node
    indent: int
    guide: Guide | None
    pending: Token | None = None  # a key, or the dash of an item, whose value has not come yet
    pending_indent: int = 0

    @property
    def is_mapping(self) -> bool:
        return self.node.kind == "{"


@dataclass(slots=True)
class _Line:
    indent: int
    content: str
    start: int  # of the content
    end: int


@dataclass(slots=True)
class _Text:
    """The text that was read last, to which further lines may belong."""

    node: Node
    guide: Guide | None
    lines: list[str] = field(default_factory=list)


def read_lines(
    text: str, start: int, end: int, guide: Guide | None
) -> Iterator[tuple[Node, list[Edit], int, int, bool]]:
    """The tree of a text, if it has members or items at all."""
    reader = _Reader(text, start, end, guide)
    node = reader.read()
    if node is not None:
        yield node, reader.edits, reader.first, reader.last, reader.cut


class _Reader:
    def __init__(self, text: str, start: int, end: int, guide: Guide | None) -> None:
        self.text, self.stop, self.guide = text, end, guide
        self.edits: list[Edit] = []
        self.lines: list[_Line] = []
        at = start
        tabs = False
        while at < end:
            found = _LINE.match(text, at, end)
            assert found is not None
            blank, content = found.group(1), found.group(2).rstrip("\r \t\ufeff")
            tabs = tabs or ("\t" in blank and bool(content))
            self.lines.append(
                _Line(len(blank.expandtabs(2)), content, found.start(2), found.start(2) + len(content))
            )
            at = max(found.end(), at + 1)
        if tabs:
            self._edit(
                "indentation", start, start, "lossless", "tabs in the indentation are read as two blanks"
            )
        self.levels: list[_Level] = []
        self.root: Node | None = None
        self.first, self.last = end, start
        self._text: _Text | None = None
        self.cut = False

    def _edit(self, kind: str, start: int, end: int, grade: Any, reason: str) -> None:
        self.edits.append(Edit(kind, start, end, grade, reason))

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
        self._close_pending()
        return self.root

    # Which kind of line

    def _line(self, line: _Line, number: int, blank: bool) -> int:
        """Take a line; the number of the line to go on with, 0 if it is no payload, -1 at the end of the payload."""
        content, indent, start = line.content, line.indent, line.start
        depth = 0
        opened = False
        while depth < 50:
            item = _ITEM.match(content) or (self._tight_item(content, indent) if not opened else None)
            if item is None or not self._takes_items(indent, opened):
                break
            if item.re is _TIGHT_ITEM:
                self._edit(
                    "blank",
                    start + item.end(),
                    start + item.end(),
                    "lossless",
                    "a blank after the dash is missing",
                )
            self._open_item(indent, start, opened)
            opened, depth = True, depth + 1
            indent += item.end()
            start += item.end()
            content = content[item.end() :]
        key = self._key(content, indent, start, opened)
        if key is not None:
            token, width = key
            return self._member(token, content[width:], indent, start + width, number, opened)
        if opened:
            if not content or _COMMENT.match(content):
                return number
            return self._value(content, start, indent, number, self._level_guide())
        pending = self.levels and self.levels[-1].pending is not None
        if pending and (indent > self.levels[-1].pending_indent or not blank):
            level = self.levels[-1]
            guide = self._level_guide()
            if level.is_mapping and (guide is None or guide.kinds != _TEXT_ONLY):
                return self._value(content, start, indent, number, guide)
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

    def _tight_item(self, content: str, indent: int) -> re.Match[str] | None:
        """A dash without a blank: an item, where items are expected and it is no number."""
        found = _TIGHT_ITEM.match(content)
        if found is None or not self.levels:
            return None
        level = self.levels[-1]
        guide = self._level_guide()
        expects = level.pending is not None and guide is not None and "array" in guide.kinds
        inside = any(not open_level.is_mapping and open_level.indent == indent for open_level in self.levels)
        if not (expects or inside) or (content[1:2].isdigit() and not inside and not expects):
            return None
        return found if content[0] == "-" or inside or expects else None

    def _takes_items(self, indent: int, opened: bool) -> bool:
        """Whether an item can stand here; else its dash is text (a list inside a string)."""
        if opened or not self.levels:
            return True
        guide = self._level_guide()
        level = self.levels[-1]
        if (
            level.pending is not None
            and guide is not None
            and guide.kinds == _TEXT_ONLY
            and indent > level.pending_indent
        ):
            return False
        return not (
            level.pending is None
            and self._text is not None
            and self._text.guide is not None
            and self._text.guide.kinds == _TEXT_ONLY
            and not any(not known.is_mapping for known in self.levels)
            and indent > level.indent
        )

    def _key(self, content: str, indent: int, start: int, opened: bool) -> tuple[Token, int] | None:
        """The key with which a line begins, and how much of the line it takes with its colon."""
        found = _KEY.match(content)
        name: str | None = None
        tight = False
        if found is not None:
            name = next(group for group in found.groups() if group is not None).strip()
            if found.group(1) is not None:
                name = _unescaped(found.group(1))
        else:
            found = _TIGHT_KEY.match(content)
            if found is not None and self._declared(found.group(1)):
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
        if not self._is_key(name, indent, opened, quoted=content[0] in "\"'"):
            return None
        if tight:
            self._edit(
                "blank",
                start + found.end(),
                start + found.end(),
                "lossless",
                "a blank after the colon is missing",
            )
        return ("s", start, start + found.end(), name), found.end()

    def _declared(self, name: str) -> bool:
        guides = [level.guide for level in self.levels if level.is_mapping]
        guides += [self._level_guide() if self.levels else self.guide]
        return any(guide is not None and guide.declares(name) for guide in guides)

    def _begins_a_key(self, content: str) -> bool:
        guides = [level.guide for level in self.levels if level.is_mapping and level.guide is not None]
        return any(name.startswith(content) for guide in guides for name in guide.names)

    def _is_key(self, name: str, indent: int, opened: bool, *, quoted: bool) -> bool:
        if self._declared(name):
            return True
        here = self._level_guide() if self.levels else self.guide
        if self.root is None:
            return (
                (self.guide is None or not self.guide.names or not self.guide.closed)
                and (quoted or _WORD.match(name) is not None)
                and (self.guide is None or not self.guide.names or len(name.split()) == 1)
            )
        if opened or (self.levels and self.levels[-1].pending is not None):
            if here is not None and here.kinds == _TEXT_ONLY:
                return False
            if here is not None and not here.is_open and not here.kinds & {"object", "array"}:
                return False
            return quoted or _WORD.match(name) is not None
        if self._text is not None and self._text.guide is not None and "string" in self._text.guide.kinds:
            level = next((known for known in reversed(self.levels) if known.is_mapping), None)
            if (
                level is not None
                and level.guide is not None
                and level.guide.names
                and (indent > level.indent or len(name.split()) > 1)
            ):
                return False
        return quoted or _WORD.match(name) is not None or (self.guide is None and len(name) < 80)

    # Levels

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

    def _settle(self, level: _Level) -> None:
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

    def _open(self, kind: str, indent: int, start: int) -> _Level:
        guide = self._level_guide() if self.levels else self.guide
        node = Node(kind, start, start, [])
        self._put(node)
        level = _Level(node, indent, guide)
        self.levels.append(level)
        return level

    def _open_item(self, indent: int, start: int, opened: bool) -> None:
        """Find or open the sequence to which an item at this indentation belongs."""
        self._text = None
        dash: Token = ("s", start, start + 1, None)
        if not opened and self.levels:
            innermost = self.levels[-1]
            if innermost.pending is None or (not innermost.is_mapping and indent <= innermost.indent):
                for count in range(len(self.levels), 0, -1):
                    level = self.levels[count - 1]
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

    def _member(self, key: Token, rest: str, indent: int, start: int, number: int, opened: bool) -> int:
        """Find or open the mapping to which a member belongs, and read its value."""
        self._text = None
        level = self._mapping_for(key, indent, opened)
        level.pending, level.pending_indent = key, indent
        if not rest or _COMMENT.match(rest):
            return number
        return self._value(rest, start, indent, number, self._level_guide())

    def _mapping_for(self, key: Token, indent: int, opened: bool) -> _Level:
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
                and not _has(level, name)
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

    def _only_outside(self, name: str, by_indent: _Level | None) -> bool:
        return any(
            level.is_mapping
            and level.guide is not None
            and level.guide.declares(name)
            and not _has(level, name)
            for level in self.levels
        )

    def _by_indent(self, indent: int) -> _Level | None:
        """The mapping at this indentation, or the nearest one that is less indented."""
        best = None
        for level in self.levels:
            if level.is_mapping and level.indent <= indent:
                best = level
        return best

    def _back_to(self, level: _Level, key: Token, indent: int) -> _Level:
        if level.indent != indent:
            self._edit(
                "indentation",
                key[1],
                key[1],
                "lossless" if level.guide is not None else "guessed",
                f"{key[3]!r} is read as a member of the object that has it",
            )
        self._pop_to(next(n for n, known in enumerate(self.levels) if known is level) + 1)
        self._settle(level)
        return level

    # Values

    def _value(self, rest: str, start: int, indent: int, number: int, guide: Guide | None) -> int:
        text_only = guide is not None and guide.kinds == _TEXT_ONLY
        first = rest[0]
        block = _BLOCK.match(rest)
        if block is not None:
            return self._block(block, start, indent, number)
        if first in _QUOTED:
            taken = self._quoted(rest, start, number)
            if taken:
                return taken
        if first in "{[" and not text_only:
            taken = self._flow(start, number, indent, guide)
            if taken:
                return taken
        value = rest
        comment = _COMMENT.search(value)
        if comment is None:
            comment = re.search(r"[ \t]+#[ \t].*\Z", value)
        if comment is None and not (guide is None or "string" in guide.kinds):
            comment = re.search(r"[ \t]+#.*\Z", value)
        if comment is not None:
            value = value[: comment.start()]
        if first in _QUOTED:
            if value.count(first) == 1:
                value = value[1:]
                self._edit(
                    "quote",
                    start,
                    start + len(rest),
                    "lossless" if text_only else "guessed",
                    "the closing quote is missing",
                )
            else:
                self._edit(
                    "quote",
                    start,
                    start + len(rest),
                    "lossless" if text_only else "guessed",
                    "text goes on behind the closing quote",
                )
                whole = re.fullmatch(rf"{first}(.*){first}", value)
                if whole is not None:
                    value = whole.group(1)
        elif re.search(r":(?:[ \t]|\Z)|[ \t]#", value) or first in "@`*&!%|>{[,?":
            self._edit(
                "quote",
                start,
                start + len(value),
                "lossless" if text_only else "guessed",
                "text that needs quotes in YAML",
            )
        node = Node("s" if first in _QUOTED else "y", start, start + len(value), value)
        self._put(node)
        self._text = _Text(node, guide, [value])
        return number

    def _go_on(self, line: _Line, blank: bool) -> None:
        """A line that continues the text before it: folded, as in YAML."""
        text = self._text
        assert text is not None
        if text.guide is None or "string" in text.guide.kinds:
            glue = "\n" if blank else " "
            text.node.value = f"{text.node.value}{glue}{line.content}"
            text.node.end = line.end
            self._edit(
                "string",
                line.start,
                line.end,
                "lossless" if text.guide is not None else "guessed",
                "the line goes on with the text before it",
            )
        else:
            self._edit("text", line.start, line.end, "dropped", "a line that belongs to nothing")

    def _quoted(self, rest: str, start: int, number: int) -> int:
        """A quoted text, over several lines if need be; 0 if it is not closed."""
        pattern = _QUOTED[rest[0]]
        found = pattern.match(rest)
        lines, last = [rest], number
        while (
            found is None
            and last < len(self.lines)
            and last - number < _QUOTED_LINES
            and rest.count(rest[0]) == 1
        ):
            following = self.lines[last]
            key = _KEY.match(following.content)
            if key is not None and (self._declared((key.group(3) or "").strip()) or self.guide is None):
                return 0
            lines.append(following.content)
            last += 1
            if rest[0] in following.content:
                found = pattern.match("\n".join(lines))
                break
        if found is None:
            return 0
        body = re.sub(r"[ \t]*\n(\n*)", lambda gap: gap.group(1) or " ", found.group(1))
        value = _unescaped(body) if rest[0] == '"' else body.replace("''", "'")
        node = Node("s", start, self.lines[last - 1].end, value)
        self._put(node)
        self._text = None
        return last

    def _block(self, header: re.Match[str], start: int, indent: int, number: int) -> int:
        """A block scalar; its lines may be indented wrongly, so a declared key ends it, too."""
        lines: list[_Line] = []
        last = number
        parent = self.levels[-1].pending_indent if self.levels else -1
        odd = False
        while last < len(self.lines):
            line = self.lines[last]
            if line.content and line.indent <= parent:
                key = _KEY.match(line.content)
                name = (key.group(3) or key.group(1) or key.group(2) or "").strip() if key else None
                if name is not None and (self.guide is None or self._declared(name)):
                    break
                if (
                    _ITEM.match(line.content)
                    or (lines and not odd and self.guide is None)
                    or (not line.indent and not self.lines[last - 1].content)
                ):
                    break
                odd = True
            lines.append(line)
            last += 1
        while lines and not lines[-1].content and "+" not in header.group(2):
            lines.pop()
        filled = [line.indent for line in lines if line.content]
        margin = min(filled, default=0)
        digits = re.search(r"\d", header.group(2))
        if digits is not None and filled and margin >= parent + int(digits.group()):
            margin = parent + int(digits.group())
        if odd:
            self._edit(
                "indentation", start, lines[-1].end, "lossless", "lines of a block that are not indented"
            )
        shown = [" " * (line.indent - margin) + line.content if line.content else "" for line in lines]
        if header.group(1) == "|":
            value = "\n".join(shown)
        else:
            value = re.sub(r"(?<=\S)\n(?=\S)", " ", "\n".join(shown))
            value = re.sub(r"\n\n", "\n", value)
        if "-" not in header.group(2) and value:
            value += "\n"
        node = Node("s", start, lines[-1].end if lines else start + 1, value)
        self._put(node)
        self._text = None
        return last

    def _flow(self, start: int, number: int, indent: int, guide: Guide | None) -> int:
        """A flow collection, by the reader of JSON; it ends where its brackets close, or before the next declared key.

        0 if it is text that happens to begin with a bracket.
        """
        last = number
        balance = _balance(self.lines[number - 1].content)
        while balance > 0 and last < len(self.lines):
            line = self.lines[last]
            key = _KEY.match(line.content)
            if (
                key is not None
                and key.group(3) is not None
                and line.indent <= indent
                and not line.content.rstrip().endswith(",")
            ):
                break
            balance += _balance(line.content)
            last += 1
        stop = self.lines[last - 1].end
        lexer = Lexer(self.text, start, stop, strict_parts="").read()
        left = self.text[lexer.end : stop].strip()
        if last == number and re.match(r"[^\s#}\],]", left):
            return 0
        tree = Structure(self.text, lexer.tokens, guide, nesting=1000).read()
        self._text = None
        if tree.node is None:
            return number
        _as_plain(tree.node)
        self.edits += [
            *(edit for edit in lexer.edits if edit.kind != "quote" or edit.grade != "lossless"),
            *tree.edits,
        ]
        self._put(tree.node)
        if left and not left.startswith("#"):
            self._edit("text", lexer.end, stop, "dropped", "text behind a flow collection")
        return last


def _as_plain(root: Node) -> None:
    """Bare words of a flow collection are plain scalars of YAML."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.kind == "b":
            node.kind = "y"
        elif node.kind == "{":
            waiting += [member for _, member in node.value]
        elif node.kind == "[":
            waiting += node.value


def _balance(content: str) -> int:
    bare = re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', "", content)
    return sum(bare.count(char) for char in "{[") - sum(bare.count(char) for char in "}]")


def _has(level: _Level, name: str) -> bool:
    return any(key[3] == name for key, _ in level.node.value)


_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "v": "\v",
    "_": "\xa0",
}


def _unescaped(body: str) -> str:
    """The text of a double-quoted scalar (YAML 1.2.2, 5.7)."""

    def replace(found: re.Match[str]) -> str:
        what = found.group(1)
        if what[0] in "xuU" and len(what) > 1:
            code = int(what[1:], 16)
            return chr(code) if code < 0x110000 else found.group()
        return _ESCAPES.get(what, what)

    return re.sub(r"\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|.)", replace, body, flags=re.DOTALL)
