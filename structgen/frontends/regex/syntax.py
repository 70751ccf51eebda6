r"""Reads a regular expression: text to nodes, in Python's dialect or ECMA-262's.

One loop over the pattern with a stack of open groups, so hostile nesting meets a limit and not the
interpreter's stack. What differs between the dialects stands in `escapes.py` (what follows a backslash) and
in the few places here that ask for `ecma`.

    Python   as the running version's `re` reads str patterns (docs.python.org/3/library/re.html)
    ECMA     ECMA-262 22.2 with the flag u, which JSON Schema asks for; as lenient as its Annex B where
    schemas
             in the wild need that: `\-`, `[\w-.]`, a brace that is no quantifier

Why not `re._parser`: it has no ECMA dialect, its module is private and differs between versions, and it
recurses.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field

from structgen.errors import InvalidRegexError
from structgen.frontends.regex import characters, escapes
from structgen.frontends.regex.nodes import (
    Ahead,
    Assertive,
    Behind,
    Node,
    atomic,
    line_end,
    line_start,
    loop,
    one_char,
    options,
    sequence,
    text_end,
    text_end_or_newline,
    text_start,
    width,
)
from structgen.grammar.expressions import (
    ANY_CHAR,
    ANY_TEXT,
    EMPTY,
    EPSILON,
    CharSet,
    Expression,
    Literal,
    charset,
)

MAX_NESTING = 64
"""Groups within groups. `re` itself gives up at some 200 to 500, by RecursionError."""

MAX_REPEAT = 2**31 - 1
"""Bounds of a repetition are below this: the engine counts so far."""

_I, _M, _S, _X, _A, _U = (
    int(flag) for flag in (re.IGNORECASE, re.MULTILINE, re.DOTALL, re.VERBOSE, re.ASCII, re.UNICODE)
)
_FLAGS = {"i": _I, "m": _M, "s": _S, "x": _X, "a": _A, "u": _U}
_KNOWN_FLAGS = _I | _M | _S | _X | _A | _U | int(re.DEBUG)

_RUN = re.compile(r"[^\\.^$*+?{\[|()]+").match
_RUN_VERBOSE = re.compile(r"[^\\.^$*+?{\[|() \t\n\r\v\f#]+").match
_SKIP = re.compile(r"(?:[ \t\n\r\v\f]+|#[^\n]*\n?)+").match
_BRACES = re.compile(r"\{([0-9]*)(?:(,)([0-9]*))?\}").match
_GROUP_FLAGS = re.compile(r"([A-Za-z]*)(?:(-)([A-Za-z]*))?([:)]?)").match

_ECMA_NEWLINES = charset("\n\r\u2028\u2029")

_NOTHING, _ANCHOR, _ATOM, _REPEATED = range(4)  # what stands before a quantifier


@dataclass(slots=True)
class _Group:
    """A group that is being read.

    Attributes:
        kind: "(", "?=", "?!", "?<=", "?<!" or "?>".
        start: offset of its parenthesis.
        flags: those in force outside of it.
        lazies: how many lazy quantifiers stood before it.
        done: its alternatives that are complete.
        parts: of the alternative that is being read; a `str` is text.
        before: what stands before a quantifier that comes next.
    """

    kind: str
    start: int
    flags: int
    lazies: int
    done: list[Node] = field(default_factory=list)
    parts: list[Node | str] = field(default_factory=list)
    before: int = _NOTHING


class Reader:
    """Reads one pattern, once.

    Attributes:
        pattern: the text.
        position: offset of what is read next.
        flags: those in force there.
        ecma: whether the dialect is ECMA-262's.
    """

    def __init__(self, pattern: str, flags: int, *, ecma: bool) -> None:
        self.pattern = pattern
        self.position = 0
        self.flags = flags
        self.ecma = ecma
        self._group = _Group("(", 0, flags, 0)
        self._open: list[_Group] = []
        self._names: set[str] = set()
        self._lazies = 0

    def error(self, reason: str, position: int) -> InvalidRegexError:
        """The error to raise for what stands at `position`."""
        return InvalidRegexError(reason, self.pattern, position)

    def read(self) -> Node:
        """The pattern as a node.

        Raises:
            InvalidRegexError: The pattern is malformed, or not regular.
        """
        if self.flags & ~_KNOWN_FLAGS:
            unknown = re.RegexFlag(self.flags & ~_KNOWN_FLAGS)
            raise self.error(f"the flag {unknown!r} means nothing for the language of a str pattern", 0)
        pattern, end = self.pattern, len(self.pattern)
        while self.position < end:
            run = (_RUN_VERBOSE if self.flags & _X else _RUN)(pattern, self.position)
            if run:
                self.position = run.end()
                self._text(run.group())
                continue
            char = pattern[self.position]
            if char in "*+?{":
                self._quantifier(char)
            elif char == "[":
                self._atom(self._set())
            elif char == "\\":
                self._escape()
            elif char == "(":
                self._open_group()
            elif char == ")":
                self._close_group()
            elif char == "|":
                self.position += 1
                self._group.done.append(self._alternative())
            elif char in "^$.":
                self._symbol(char)
            else:
                skipped = _SKIP(pattern, self.position)
                assert skipped
                self.position = skipped.end()
        if self._open:
            raise self.error(
                "this group is never closed; write ) at its end, or \\( for the character", self._group.start
            )
        if self.flags & _A and self.flags & _U:
            raise self.error("the flags ASCII and UNICODE exclude each other", 0)
        return self._contents()

    # Atoms.

    def _text(self, text: str) -> None:
        if text.isascii() and not self.flags & _I:
            self._group.parts.append(text)
        else:
            for char in text:
                self._group.parts.append(self._char(char))
        self._group.before = _ATOM

    def _char(self, char: str) -> Node | str:
        if "\ud800" <= char <= "\udfff":
            return EMPTY  # no text has it
        if not self.flags & _I:
            return char
        chars = (
            characters.ecma_any_case(charset(char))
            if self.ecma
            else characters.python_any_case(char, bool(self.flags & _A))
        )
        return char if chars is None else one_char(chars)

    def _atom(self, node: Node | str) -> None:
        self._group.parts.append(node)
        self._group.before = _ATOM

    def _anchor(self, node: Node) -> None:
        self._group.parts.append(node)
        self._group.before = _ANCHOR

    def _symbol(self, char: str) -> None:
        start = self.position
        self.position += 1
        lines = self.flags & _M
        newlines: Expression = _ECMA_NEWLINES if self.ecma else Literal("\n")
        if char == ".":
            others = characters.ECMA_NO_NEWLINE if self.ecma else characters.NO_NEWLINE
            self._atom(ANY_CHAR if self.flags & _S else others)
        elif char == "^":
            self._anchor(line_start(newlines, start) if lines else text_start(start))
        elif lines:
            self._anchor(line_end(newlines, start))
        else:
            self._anchor(text_end(start) if self.ecma else text_end_or_newline(start))

    def _escape(self) -> None:
        read = escapes.ecma_escape if self.ecma else escapes.python_escape
        found = read(self, self.flags, in_set=False)
        if isinstance(found, escapes.Class):
            ignore_case = self.ecma and self.flags & _I
            self._atom(one_char(characters.ecma_any_case(found.chars) if ignore_case else found.chars))
        elif isinstance(found, str):
            self._atom(self._char(found))
        else:
            self._anchor(found)

    # Sets.

    def _set(self) -> Expression:
        """Read a set, `[...]`."""
        pattern, start = self.pattern, self.position
        self.position += 1
        negated = pattern.startswith("^", self.position)
        self.position += negated
        ranges: list[tuple[int, int]] = []
        classes: list[escapes.Class] = []
        first = self.position
        while True:
            at = self.position
            if at >= len(pattern):
                raise self.error(
                    "this set is never closed; write ] at its end, or \\[ for the character", start
                )
            if pattern[at] == "]" and (self.ecma or at > first):
                self.position += 1
                break
            low = self._member()
            dash = pattern.startswith("-", self.position) and not pattern.startswith("-]", self.position)
            if not dash:
                self._add(low, ranges, classes)
                continue
            self.position += 1
            if self.position >= len(pattern):
                continue
            high = self._member()
            if isinstance(low, str) and isinstance(high, str):
                if high < low:
                    raise self.error(f"the range {pattern[at : self.position]} is backwards", at)
                ranges.append((ord(low), ord(high)))
            elif self.ecma:
                for member in (low, "-", high):
                    self._add(member, ranges, classes)
            else:
                raise self.error(
                    f"a class is no end of a range, {pattern[at : self.position]}; write \\- for a hyphen",
                    at,
                )
        return one_char(self._set_of(ranges, classes, negated))

    def _member(self) -> str | escapes.Class:
        """One member of a set, or one end of a range."""
        char = self.pattern[self.position]
        if char != "\\":
            self.position += 1
            return char
        read = escapes.ecma_escape if self.ecma else escapes.python_escape
        found = read(self, self.flags, in_set=True)
        assert isinstance(found, (str, escapes.Class))
        return found

    @staticmethod
    def _add(
        member: str | escapes.Class, ranges: list[tuple[int, int]], classes: list[escapes.Class]
    ) -> None:
        if isinstance(member, str):
            ranges.append((ord(member), ord(member)))
        else:
            classes.append(member)

    def _set_of(self, ranges: list[tuple[int, int]], classes: list[escapes.Class], negated: bool) -> CharSet:
        if self.flags & _I and not self.ecma:
            items = (*ranges, *(found.letter for found in classes))
            return characters.python_set_any_case(items, negated, bool(self.flags & _A))
        chars = charset(*ranges)
        if classes:
            chars = characters.joined(*([chars] if ranges else []), *[found.chars for found in classes])
        if self.flags & _I:
            chars = characters.ecma_any_case(chars)
        return characters.outside(chars) if negated else chars

    # Quantifiers.

    def _quantifier(self, char: str) -> None:
        start = self.position
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(char, (0, 0))
        self.position += 1
        if char == "{":
            found = _BRACES(self.pattern, start)
            low, comma, high = found.groups() if found else ("", None, None)
            if not found or not (low or comma):
                self._text("{")
                return
            if self.ecma and not low:
                raise self.error("a repetition without a lower bound is written {0,...}", start)
            least = _number(low)
            most = least if not comma else _number(high) if high else None
            if max(least, most or 0) >= MAX_REPEAT:
                raise self.error(f"a repetition goes up to {MAX_REPEAT - 1:,}", start)
            if most is not None and most < least:
                raise self.error(f"this repetition ends ({most}) before it begins ({least})", start)
            self.position = found.end()
        group = self._group
        if group.before in (_NOTHING, _ANCHOR):
            raise self.error(f"nothing to repeat; write \\{char} for the character", start)
        if group.before == _REPEATED:
            raise self.error("this repeats a repetition; put the inner one into (?:...)", start)
        possessive = False
        if self.pattern.startswith("?", self.position):
            self.position += 1
            self._lazies += least != most
        elif self.pattern.startswith("+", self.position) and not self.ecma and sys.version_info >= (3, 11):
            self.position += 1
            possessive = True
        last = group.parts.pop()
        if isinstance(last, str):
            if len(last) > 1:
                group.parts.append(last[:-1])
            last = Literal(last[-1])
        repeated = loop(last, least, most, start)
        group.parts.append(self._atomic(repeated, start, lazy=False) if possessive else repeated)
        group.before = _REPEATED

    def _atomic(self, node: Node, position: int, *, lazy: bool) -> Node:
        found = atomic(node, position, lazy=lazy)
        if found is None:
            raise self.error(
                "an atomic group or possessive quantifier holds one repetition, or options, of texts equally long; "
                "where going back into it makes no difference, write it without the ?> or +",
                position,
            )
        return found

    # Groups.

    def _open_group(self) -> None:
        start, pattern = self.position, self.pattern
        self.position += 1
        kind, flags = "(", self.flags
        if pattern.startswith("?", self.position):
            self.position += 1
            rest = pattern[self.position : self.position + 2]
            if rest[:1] == ":":
                self.position += 1
            elif rest[:1] in ("=", "!"):
                kind = "?" + rest[0]
                self.position += 1
            elif rest in ("<=", "<!"):
                kind = "?" + rest
                self.position += 2
            elif rest == "P<" or (rest[:1] == "<" and self.ecma):
                self.position += 2 if rest == "P<" else 1
                self._name()
            elif rest[:1] == ">" and not self.ecma and sys.version_info >= (3, 11):
                kind = "?>"
                self.position += 1
            elif rest[:1] == "#" and not self.ecma:
                end = pattern.find(")", self.position)
                if end < 0:
                    raise self.error("this comment is never closed", start)
                self.position = end + 1
                return
            elif rest == "P=":
                raise self.error(escapes.BACKREFERENCE, start)
            elif rest[:1] == "(":
                raise self.error(
                    "a condition on a group is not supported; write both cases out: (?:(a)b|c)", start
                )
            elif (rest[:1].isalpha() and rest[:1] != "P") or rest[:1] == "-":
                changed = self._group_flags(start)
                if changed is None:
                    return
                flags = changed
            else:
                hint = "; a name is written (?P<name>...)" if rest[:1] == "<" else ""
                raise self.error(f"unknown extension (?{rest if rest[:1] == 'P' else rest[:1]}{hint}", start)
        if len(self._open) >= MAX_NESTING:
            raise self.error(f"groups nest deeper than {MAX_NESTING}", start)
        self._open.append(self._group)
        self._group = _Group(kind, start, self.flags, self._lazies)
        self.flags = flags

    def _name(self) -> None:
        start = self.position
        end = self.pattern.find(">", start)
        name = self.pattern[start:end] if end >= 0 else ""
        if not name.replace("$", "_" if self.ecma else "$").isidentifier():
            raise self.error("the name of a group is an identifier, and > ends it", start)
        if name in self._names and not self.ecma:
            raise self.error(f"the group {name} is already defined", start)
        self._names.add(name)
        self.position = end + 1

    def _group_flags(self, start: int) -> int | None:
        """`(?i)` and `(?i-s:`: the flags within, or None if they are for the whole pattern."""
        found = _GROUP_FLAGS(self.pattern, self.position)
        assert found
        on, minus, off, closing = found.groups()
        known = "ims" if self.ecma else _FLAGS
        for i, letter in enumerate(on + (off or "")):
            if letter not in known:
                at = self.position + i + (i >= len(on))
                raise self.error(f"the inline flag {letter!r} is none of {', '.join(known)}", at)
        if not closing or (minus and (closing == ")" or not off)):
            raise self.error("inline flags are written (?i) or (?i-s:...)", start)
        added = sum(_FLAGS[letter] for letter in set(on))
        removed = sum(_FLAGS[letter] for letter in set(off or ""))
        if added & removed or removed & (_A | _U) or (added & _A and added & _U):
            raise self.error("these inline flags contradict each other, or turn off what cannot be", start)
        self.position = found.end()
        if closing == ":":
            base = self.flags & ~(_A | _U) if added & (_A | _U) else self.flags
            return (base | added) & ~removed
        if self._open or self._group.done or self._group.parts:
            raise self.error("flags for the whole pattern stand at its start; use (?i:...) for a part", start)
        self.flags |= added
        return None

    def _close_group(self) -> None:
        if not self._open:
            raise self.error("this parenthesis closes nothing; write \\) for the character", self.position)
        group = self._group
        self.position += 1
        node = self._contents()
        if group.kind in ("?=", "?!"):
            node = _assertion(Ahead(sequence((node, ANY_TEXT)), group.kind == "?!", group.start))
        elif group.kind in ("?<=", "?<!"):
            least, most = width(node)
            if least != most and not self.ecma:
                raise self.error("Python wants the texts of a lookbehind equally long", group.start)
            node = _assertion(Behind(sequence((ANY_TEXT, node)), group.kind == "?<!", group.start))
        elif group.kind == "?>":
            node = self._atomic(node, group.start, lazy=self._lazies > group.lazies)
        self.flags = group.flags
        self._group = self._open.pop()
        self._atom(node)

    def _contents(self) -> Node:
        """What the group that is being read contains."""
        return options((*self._group.done, self._alternative()))

    def _alternative(self) -> Node:
        """The alternative that ends here."""
        group = self._group
        nodes: list[Node] = []
        text = ""
        for part in group.parts:
            if isinstance(part, str):
                text += part
                continue
            if text:
                nodes.append(Literal(text))
                text = ""
            nodes.append(part)
        if text:
            nodes.append(Literal(text))
        group.parts = []
        group.before = _NOTHING
        return nodes[0] if len(nodes) == 1 else sequence(nodes)


def _number(digits: str) -> int:
    """The bound of a repetition; one that is too large as `MAX_REPEAT`."""
    digits = digits.lstrip("0")
    return int(digits or "0") if len(digits) <= 10 else MAX_REPEAT


def _assertion(node: Ahead | Behind) -> Node:
    """The assertion, or what it comes down to if it always or never holds."""
    if isinstance(node.language, Assertive) or node.language not in (EMPTY, ANY_TEXT):
        return node
    return EPSILON if (node.language == EMPTY) == node.negated else EMPTY
