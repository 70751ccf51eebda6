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
from structgen.repairing.edits import Edit
from structgen.repairing.guide import Guide, kinds_of
from structgen.repairing.lexer import Lexer
from structgen.repairing.structure import Structure
from structgen.repairing.tokens import Token
from structgen.repairing.tree import Node
from structgen.repairing.yaml_levels import Ahead, Levels, Line, Text

_LINE = re.compile(r"([ \t]*)([^\n]*)(?:\n|\Z)")
_ITEM = re.compile(r"-(?:[ \t]+|\Z)")
_TIGHT_ITEM = re.compile(r"[-*•](?=[^\s-])")
_KEY = re.compile(
    r"""(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\n]|'')*)'"""
    r"""|([^\s"'#,{\[\]}&*!|>%@`-][^\n]*?|-[^\s:][^\n:]*?))[ \t]*:(?:[ \t]+|\Z)"""
)
_TIGHT_KEY = re.compile(r"([A-Za-z_][\w.-]{0,60}):(?=[^\s/:])")
_SENTENCE = re.compile(r"[^\s\"':{}\[\]-][^\s:]*(?: [^\s:]+){2,}:\Z")
_WORD = re.compile(r"\S*[^\s,](?: \S*[^\s,]){0,3}\Z")
_BLOCK = re.compile(r"([|>])([+-]?\d?[+-]?)[ \t]*(?:#.*)?\Z")
_COMMENT = re.compile(r"(?:^|[ \t]+)#(?:[ \t!#].*)?\Z")
_QUOTED = {
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"[ \t]*(?:#.*)?\Z', re.DOTALL),
    "'": re.compile(r"'((?:[^']|'')*)'[ \t]*(?:#.*)?\Z", re.DOTALL),
}
_UNCLOSED = {'"': re.compile(r'"(?:[^"\\]|\\.)*\Z'), "'": re.compile(r"'(?:[^']|'')*\Z")}
_MARKER = re.compile(r"(?:---|\.\.\.)(?:[ \t].*)?\Z|%[A-Z]+ .*\Z")
_TEXT_ONLY = frozenset(("string",))
_ANY = frozenset(("null", "boolean", "integer", "number", "string", "array", "object"))
_BLANK_LINES = 8
"""Lines in which the next one that is not empty is looked for."""
_QUOTED_LINES = 200
"""Lines in which the end of a quoted text is looked for."""


def read_lines(
    text: str, start: int, end: int, guide: Guide | None
) -> Iterator[tuple[Node, list[Edit], int, int, bool]]:
    """The tree of a text, if it has members or items at all."""
    reader = _Reader(text, start, end, guide)
    node = reader.read()
    if node is not None:
        yield node, reader.edits, reader.first, reader.last, reader.cut


class _Reader(Levels):
    def __init__(self, text: str, start: int, end: int, guide: Guide | None) -> None:
        super().__init__(guide)
        self.text, self.stop = text, end
        self.lines: list[Line] = []
        at = start
        tabs = False
        while at < end:
            found = _LINE.match(text, at, end)
            assert found is not None
            blank, content = found.group(1), found.group(2).rstrip("\r \t\ufeff")
            tabs = tabs or ("\t" in blank and bool(content))
            self.lines.append(
                Line(len(blank.expandtabs(2)), content, found.start(2), found.start(2) + len(content))
            )
            at = max(found.end(), at + 1)
        if tabs:
            self._edit(
                "indentation", start, start, "lossless", "tabs in the indentation are read as two blanks"
            )
        self.first, self.last = end, start
        self.cut = False

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

    def _line(self, line: Line, number: int, blank: bool) -> int:
        """Take a line; the number of the line to go on with, 0 if it is no payload, -1 at the end of the payload."""
        content, indent, start = line.content, line.indent, line.start
        if self.root is None and _SENTENCE.match(content) and not self._declared(content[:-1]):
            return 0  # prose: "Here is the result:"
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
            indent += max(item.end(), 2)
            start += item.end()
            content = content[item.end() :]
        key = self._key(content, indent, start, opened, number)
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

    def _key(
        self, content: str, indent: int, start: int, opened: bool, number: int
    ) -> tuple[Token, int] | None:
        """The key with which a line begins, and how much of the line it takes with its colon."""
        found = _KEY.match(content)
        name: str | None = None
        tight = False
        if found is not None:
            name = next(group for group in found.groups() if group is not None)
            if found.group(1) is not None:
                name = _unescaped(found.group(1))
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
        if tight:
            self._edit(
                "blank",
                start + found.end(),
                start + found.end(),
                "lossless",
                "a blank after the colon is missing",
            )
        return ("s", start, start + found.end(), name), found.end()

    def _is_beside_keys(self, indent: int, opened: bool) -> bool:
        """Whether a mapping has its members at this very indentation, so that the line cannot go on with a text."""
        return not opened and any(
            level.is_mapping and level.indent == indent and level.node.value for level in self.levels
        )

    def _is_above_keys(self, indent: int, number: int, opened: bool) -> bool:
        """Whether a value is awaited, and the next line is a member at the same indentation."""
        awaited = opened or (bool(self.levels) and self.levels[-1].pending is not None)
        below = self.lines[number] if number < len(self.lines) else None
        return (
            awaited
            and self._accepts_members(opened)
            and below is not None
            and below.indent == indent
            and _KEY.match(below.content) is not None
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

    def _declared(self, name: str) -> bool:
        guides = [level.guide for level in self.levels if level.is_mapping]
        guides += [self._level_guide() if self.levels else self.guide]
        return any(guide is not None and guide.declares(name) for guide in guides)

    def _begins_a_key(self, content: str) -> bool:
        guides = [level.guide for level in self.levels if level.is_mapping and level.guide is not None]
        return any(name.startswith(content) for guide in guides for name in guide.names)

    def _is_key(self, name: str, indent: int, opened: bool, *, quoted: bool, alone: bool) -> bool:
        if self._declared(name) and (quoted or not opened or self._accepts_members(opened)):
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
        return any(level.is_mapping and level.indent == indent for level in self.levels)

    # Values

    def _member(self, key: Token, rest: str, indent: int, start: int, number: int, opened: bool) -> int:
        """Find or open the mapping to which a member belongs, and read its value."""
        self._text = None
        level = self._mapping_for(key, indent, opened, self._ahead(rest, number))
        level.pending, level.pending_indent = key, indent
        if not rest or _COMMENT.match(rest):
            return number
        return self._value(rest, start, indent, number, self._level_guide())

    def _ahead(self, rest: str, number: int) -> Ahead:
        """What stands behind a key: the types of the rest of its line, or how far the next line is indented."""
        if rest and not _COMMENT.match(rest):
            if rest[0] in "{[|>":
                return Ahead(_ANY, 0)
            value = rest if rest[0] in _QUOTED else scalars.of_yaml(rest)
            return Ahead(frozenset(("string", *kinds_of(value))), 0)
        below = next((line for line in self.lines[number : number + _BLANK_LINES] if line.content), None)
        if below is None:
            return Ahead(frozenset(), 0)
        item = _ITEM.match(below.content) is not None
        return Ahead(frozenset(), below.indent + item, "array" if item else "object")

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
            reason = "text goes on behind the closing quote"
            if _UNCLOSED[first].match(value):
                reason = "the closing quote is missing"
                line = self.text.find("\n", start, self.stop)
                inner = self.text[start + 1 : self.stop if line < 0 else line].rstrip("\r")
                value = _unescaped(inner) if first == '"' else inner.replace("''", "'")
            elif value[-1] == first:
                value = value[1:-1]
            self._edit("quote", start, start + len(rest), "lossless" if text_only else "guessed", reason)
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
        self._text = Text(node, guide, [value])
        return number

    def _go_on(self, line: Line, blank: bool) -> None:
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
                "lossless" if text.guide is not None and text.guide.kinds == _TEXT_ONLY else "guessed",
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
        lines: list[Line] = []
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
        lexer = Lexer(self.text, start, stop).read()
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
