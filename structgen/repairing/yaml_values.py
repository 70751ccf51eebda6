"""Values of YAML in damaged text: plain and quoted, blocks, flow collections; what a line goes on with.

Reads what stands behind a key or a dash; which lines have those is said in yaml_lines.py.
"""

from __future__ import annotations

import re

from structgen.repairing import scalars
from structgen.repairing.guide import Guide
from structgen.repairing.lexer import Lexer
from structgen.repairing.structure import Structure
from structgen.repairing.tree import Node
from structgen.repairing.yaml_levels import Levels, Line, Text
from structgen.repairing.yaml_strict import strictly

_LINE = re.compile(r"([ \t]*)([^\n]*)(?:\n|\Z)")
ITEM = re.compile(r"-(?:[ \t]+|\Z)")
KEY = re.compile(
    r"""(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\n]|'')*)'"""
    r"""|([^\s"'#,{\[\]}&*!|>%@`-][^\n]*?|-[^\s:][^\n:]*?))[ \t]*:(?:[ \t]+|\Z)"""
)
_BLOCK = re.compile(r"([|>])([+-]?\d?[+-]?)[ \t]*(?:#.*)?\Z")
COMMENT = re.compile(r"(?:^|[ \t]+)#(?:[ \t!#].*)?\Z")
QUOTED = {
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"(?:[ \t]+#.*)?[ \t]*\Z', re.DOTALL),
    "'": re.compile(r"'((?:[^']|'')*)'(?:[ \t]+#.*)?[ \t]*\Z", re.DOTALL),
}
_UNCLOSED = {'"': re.compile(r'"(?:[^"\\]|\\.)*\Z'), "'": re.compile(r"'(?:[^']|'')*\Z")}
TEXT_ONLY = frozenset(("string",))
NEEDED = "text that needs quotes in YAML"
ODD_ESCAPES = "escapes that YAML does not have stay as they are"
_ZEROS = re.compile(r"[-+]?0\d+\Z")
_QUOTED_LINES = 200
"""Lines in which the end of a quoted text is looked for."""


class Values(Levels):
    """Reads values."""

    def __init__(self, text: str, start: int, end: int, guide: Guide | None) -> None:
        super().__init__(text, end, guide)
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

    def _declared(self, name: str) -> bool:
        guides = [level.guide for level in self.levels.near() if level.is_mapping]
        guides += [self._level_guide() if self.levels else self.guide]
        return any(guide is not None and guide.declares(name) for guide in guides)

    def _value(self, rest: str, start: int, indent: int, number: int, guide: Guide | None) -> int:
        text_only = guide is not None and guide.kinds == TEXT_ONLY
        first = rest[0]
        if rest[-1] == "," and len(rest) > 1 and self._ends_in_comma(rest, guide):
            rest = rest[:-1].rstrip()
            end = start + len(rest)
            self._edit("comma", end, end + 1, "lossless", "a comma behind a member, as in JSON")
        block = _BLOCK.match(rest)
        if block is not None:
            return self._block(block, start, number, guide)
        if first in QUOTED:
            taken = self._quoted(rest, start, number)
            if taken:
                return taken
        if first in "{[" and not text_only:
            taken = self._flow(start, number, indent, guide)
            if taken:
                return taken
        value, kind = rest, "s" if first in QUOTED else "y"
        comment = COMMENT.search(value)
        if comment is None:
            comment = re.search(r"[ \t]+#[ \t].*\Z", value)
        if comment is None and not (guide is None or "string" in guide.kinds):
            comment = re.search(r"[ \t]+#.*\Z", value)
        if comment is not None:
            value = value[: comment.start()]
        if first in QUOTED:
            reason = "text goes on behind the closing quote"
            sure = text_only
            if value == first and number > 1 and not self.lines[number - 2].content:
                above = number - 2  # its text was but line breaks
                while above >= 0 and not self.lines[above].content:
                    above -= 1
                reason, sure, value = "the opening quote is missing", False, "\n" * (number - 2 - above)
            elif _UNCLOSED[first].match(value):
                reason = "the closing quote is missing"
                # Blank lines may have been part of the text.
                sure = sure and (number >= len(self.lines) or bool(self.lines[number].content))
                inner = self._rest_of_line(start + 1)
                value = self._unescaped(inner, start) if first == '"' else inner.replace("''", "'")
                value += "\n" * self._blank_lines(number)
            elif value[-1] == first:
                value = value[1:-1]
            self._edit("quote", start, start + len(rest), "lossless" if sure else "guessed", reason)
        elif re.search(r":(?:[ \t]|\Z)|[ \t]#", value) or first in "#@`*&!%|>{[,?" or ITEM.match(value):
            kept = len(value)
            if comment is None and text_only:  # the quotes that it lacks may have had blanks before them
                value, kind = self._rest_of_line(start), "s"
            sure = text_only and len(value) == kept
            self._edit(
                "quote",
                start,
                start + len(value),
                "lossless" if sure else "guessed",
                NEEDED,
            )
        elif (guide is None or guide.kinds & {"integer", "number"}) and _is_odd_number(value, guide):
            # Text loses nothing; and a writer who has numbers in mind writes them as JSON does.
            is_text = guide is None or "string" in guide.kinds
            reason = "a number in odd spelling is read as text" if is_text else "a number in odd spelling"
            if is_text or _ZEROS.match(value):
                self._edit("number", start, start + len(value), "guessed", reason)
            kind = "s" if is_text else kind
        if kind == "y" and comment is None and guide is not None and "string" in guide.kinds:
            value = self._rest_of_line(start)  # whether blanks at the end are text is for the schema to say
        node = Node(kind, start, start + len(value), value)
        self._put(node)
        self._text = Text(node, guide, [value])
        return number

    def _ends_in_comma(self, rest: str, guide: Guide | None) -> bool:
        """Whether a comma at the end of a line is none of its value's: that is in quotes, or can't be text."""
        if rest[0] in QUOTED:
            return QUOTED[rest[0]].match(rest[:-1]) is not None
        return guide is not None and "string" not in guide.kinds and rest[0] not in "{["

    def _unescaped(self, body: str, start: int) -> str:
        if has_odd_escapes(body):
            end = start + len(body) + 1
            self._edit("escape", start, end, "guessed", ODD_ESCAPES)
        return unescaped(body)

    def _blank_lines(self, number: int) -> int:
        """The line breaks that an open quote holds: several blank lines before the next one may be in the text."""
        last = number
        while last < len(self.lines) and not self.lines[last].content:
            last += 1
        return max(last - number - 1, 0) if last < len(self.lines) else 0

    def _go_on(self, line: Line, blank: bool) -> None:
        """A line that continues the text before it: folded, as in YAML."""
        text = self._text
        assert text is not None
        if text.guide is None or "string" in text.guide.kinds:
            glue = "\n" if blank else " "
            text.parts[-1] = text.parts[-1].rstrip(" \t")
            text.parts += [glue, line.content]
            text.node.end = line.end
            self._edit(
                "string",
                line.start,
                line.end,
                "lossless" if text.guide is not None and text.guide.kinds == TEXT_ONLY else "guessed",
                "the line goes on with the text before it",
            )
        else:
            self._edit("text", line.start, line.end, "dropped", "a line that belongs to nothing")

    def _quoted(self, rest: str, start: int, number: int) -> int:
        """A quoted text, over several lines if need be; 0 if it is not closed."""
        pattern = QUOTED[rest[0]]
        found = pattern.match(rest)
        lines, last = [rest], number
        while (
            found is None
            and last < len(self.lines)
            and last - number < _QUOTED_LINES
            and rest.count(rest[0]) == 1
        ):
            following = self.lines[last]
            key = KEY.match(following.content)
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
        value = self._unescaped(body, start) if rest[0] == '"' else body.replace("''", "'")
        node = Node("s", start, self.lines[last - 1].end, value)
        self._put(node)
        self._text = None
        return last

    def _block(self, header: re.Match[str], start: int, number: int, guide: Guide | None) -> int:
        """A block scalar; its lines may be indented wrongly, so a declared key ends it, too."""
        lines: list[Line] = []
        last = number
        parent = self.levels[-1].pending_indent if self.levels else -1
        odd = False
        while last < len(self.lines):
            line = self.lines[last]
            if line.content and line.indent <= parent:
                key = KEY.match(line.content)
                name = (key.group(3) or key.group(1) or key.group(2) or "").strip() if key else None
                if name is not None and (self.guide is None or self._declared(name)):
                    break
                if (
                    ITEM.match(line.content)
                    or (lines and not odd and self.guide is None)
                    or (not line.indent and not self.lines[last - 1].content)
                ):
                    break
                odd = True
            lines.append(line)
            last += 1
        while lines and not lines[-1].content and "+" not in header.group(2):
            lines.pop()
        if not lines and (guide is None or "string" in guide.kinds):
            sign = header.group().rstrip()
            node = Node("s", start, start + len(sign), sign)
            if number < len(self.lines):
                self._edit("quote", node.start, node.end, "guessed", "a block without lines: it may be text")
            else:
                self._edit("string", node.start, node.end, "guessed", "the text ends where a block begins")
                node.value, self.cut = "", True
            self._put(node)
            self._text = None
            return number
        filled = [line.indent for line in lines if line.content]
        margin = min(filled, default=0)
        digits = re.search(r"\d", header.group(2))
        if digits is not None and filled and margin >= parent + int(digits.group()):
            margin = parent + int(digits.group())
        if odd:
            self._edit(
                "indentation", start, lines[-1].end, "lossless", "lines of a block that are not indented"
            )
        elif filled and margin < filled[0] and digits is None:
            self._edit(
                "indentation",
                start,
                lines[-1].end,
                "guessed",
                "lines of a block are indented less than its first",
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
        balance = unclosed(self.lines[number - 1].content)
        while balance > 0 and last < len(self.lines):
            line = self.lines[last]
            key = KEY.match(line.content)
            if (
                key is not None
                and key.group(3) is not None
                and line.indent <= indent
                and not line.content.rstrip().endswith(",")
            ):
                break
            balance += unclosed(line.content)
            last += 1
        stop = self.lines[last - 1].end
        strict = strictly(self.text[start:stop], start) if not balance else None
        if strict is not None and strict.kind in "{[":
            self._text = None
            self._put(strict)
            return last
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


def _is_odd_number(value: str, guide: Guide | None) -> bool:
    """Whether YAML reads a number here, and JSON has none that is spelled like this."""
    if guide is None:
        return _ZEROS.match(value) is not None
    number = scalars.of_yaml(value)
    is_number = isinstance(number, (int, float)) and not isinstance(number, bool)
    return is_number and scalars.strict(value) is scalars.MISSING


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


def unclosed(content: str) -> int:
    """How many brackets of flow collections a line leaves open."""
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
    "N": "\x85",
    "L": "\u2028",
    "P": "\u2029",
    **{char: char for char in ' \t"/\\'},
}
_ESCAPE = re.compile(r"\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|.)", re.DOTALL)


def unescaped(body: str) -> str:
    """The text of a double-quoted scalar (YAML 1.2.2, 5.7). Escapes that there are none stay as they are."""

    def replace(found: re.Match[str]) -> str:
        what = found.group(1)
        if what[0] in "xuU" and len(what) > 1:
            code = int(what[1:], 16)
            return chr(code) if code < 0x110000 else found.group()
        return _ESCAPES.get(what, found.group())

    return _ESCAPE.sub(replace, body)


def has_odd_escapes(body: str) -> bool:
    """Whether a double-quoted scalar has escapes that YAML does not have; they stay as they are."""
    return any(len(found.group(1)) < 3 and found.group(1) not in _ESCAPES for found in _ESCAPE.finditer(body))
