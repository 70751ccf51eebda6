r"""Reads a regular expression: text to a tree, in Python's dialect or ECMA-262's.

One loop over the pattern with a stack of open groups, so hostile nesting meets a limit and not the
interpreter's stack. What differs between the dialects stands in `escapes.py` (what follows a backslash),
`sets.py`, and the few places here that ask for `ecma`.

    Python   as the running version's `re` reads str patterns (docs.python.org/3/library/re.html)
    ECMA     ECMA-262 22.2 with the flag u, which JSON Schema asks for; as lenient as its Annex B where
             schemas in the wild need that: `\-`, `[\w-.]`, a brace that is no quantifier

Why not `re._parser`: it has no ECMA dialect, its module is private and differs between versions, and it
recurses.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby

from structgen.errors import InvalidRegexError
from structgen.grammar.expressions import ANY_CHAR, Literal, charset
from structgen.patterns import characters, escapes
from structgen.patterns.groups import GroupTable
from structgen.patterns.sets import read_set
from structgen.patterns.tree import (
    NO_CHARS,
    Anchor,
    Atomic,
    Condition,
    Group,
    Look,
    Loop,
    Node,
    Options,
    Place,
    Sequence,
    width,
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

_NEWLINE = charset("\n")
_ECMA_NEWLINES = charset("\n\r\u2028\u2029")

_NOTHING, _ANCHOR, _ATOM, _REPEATED = range(4)  # what stands before a quantifier


@dataclass(slots=True)
class _Group:
    """A group that is being read.

    Attributes:
        kind: "(", "?=", "?!", "?<=", "?<!" or "?>".
        start: offset of its parenthesis.
        flags: those in force outside of it.
        done: its alternatives that are complete.
        parts: of the alternative that is being read; a `str` is text.
        before: what stands before a quantifier that comes next.
        number: of a group that can be referred to, or that a condition `(?(1)` refers to; 0: none.
    """

    kind: str
    start: int
    flags: int
    done: list[Node] = field(default_factory=list)
    parts: list[Node | str] = field(default_factory=list)
    before: int = _NOTHING
    number: int = 0


class Reader:
    """Reads one pattern, once.

    Attributes:
        pattern: the text.
        position: offset of what is read next.
        flags: those in force there.
        ecma: whether the dialect is ECMA-262's.

    Args:
        groups: whether groups become nodes, and may be referred to; else a reference is an error.
    """

    def __init__(self, pattern: str, flags: int, *, ecma: bool, groups: bool = False) -> None:
        self.pattern = pattern
        self.position = 0
        self.flags = flags
        self.ecma = ecma
        self._group = _Group("(", 0, flags)
        self._open: list[_Group] = []
        self._groups = GroupTable(self, ecma=ecma, is_referred_to=groups)

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
        while self.position < len(self.pattern):
            run = (_RUN_VERBOSE if self.flags & _X else _RUN)(self.pattern, self.position)
            if run:
                self.position = run.end()
                self._text(run.group())
            else:
                _READERS.get(self.pattern[self.position], Reader._skip)(self)
        if self._open:
            raise self.error(
                "this group is never closed; write ) at its end, or \\( for the character", self._group.start
            )
        if self.flags & _A and self.flags & _U:
            raise self.error("the flags ASCII and UNICODE exclude each other", 0)
        self._groups.check()
        return self._contents()

    def _skip(self) -> None:
        """Skip whitespace and comments, of a verbose pattern."""
        skipped = _SKIP(self.pattern, self.position)
        assert skipped
        self.position = skipped.end()

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
            return NO_CHARS  # no text has it
        if not self.flags & _I:
            return char
        chars = (
            characters.ecma_any_case(charset(char))
            if self.ecma
            else characters.python_any_case(char, bool(self.flags & _A))
        )
        return char if chars is None else chars

    def _atom(self, node: Node | str) -> None:
        self._group.parts.append(node)
        self._group.before = _ATOM

    def _anchor(self, node: Node) -> None:
        self._group.parts.append(node)
        self._group.before = _ANCHOR

    def _any_char(self) -> None:
        others = characters.ECMA_NO_NEWLINE if self.ecma else characters.NO_NEWLINE
        self.position += 1
        self._atom(ANY_CHAR if self.flags & _S else others)

    def _edge(self) -> None:
        """Read `^` or `$`."""
        start = self.position
        self.position += 1
        is_start = self.pattern[start] == "^"
        if self.flags & _M:
            newlines = _ECMA_NEWLINES if self.ecma else _NEWLINE
            self._anchor(Anchor(Place.LINE_START if is_start else Place.LINE_END, newlines, start))
        elif is_start:
            self._anchor(Anchor(Place.START, position=start))
        else:
            self._anchor(Anchor(Place.END if self.ecma else Place.LAST_LINE_END, position=start))

    def _escape(self) -> None:
        reference = self._groups.reference(self.flags)
        if reference is not None:
            self._atom(reference)
            return
        read = escapes.ecma_escape if self.ecma else escapes.python_escape
        found = read(self, self.flags, in_set=False)
        if isinstance(found, escapes.Class):
            ignore_case = self.ecma and self.flags & _I
            self._atom(characters.ecma_any_case(found.chars) if ignore_case else found.chars)
        elif isinstance(found, str):
            self._atom(self._char(found))
        else:
            self._anchor(found)

    def _set(self) -> None:
        self._atom(read_set(self, self.flags, ecma=self.ecma))

    # Quantifiers.

    def _quantifier(self) -> None:
        start = self.position
        bounds = self._bounds()
        if bounds is None:
            self._text("{")
            return
        self._check_repeatable(start)
        greedy = not self.pattern.startswith("?", self.position)
        possessive = self._has_possessive and self.pattern.startswith("+", self.position)
        self.position += possessive or not greedy
        repeated = Loop(self._last_atom(), *bounds, greedy, start)
        self._group.parts.append(Atomic(repeated, start) if possessive else repeated)
        self._group.before = _REPEATED

    @property
    def _has_possessive(self) -> bool:
        """True if the dialect has possessive quantifiers and atomic groups."""
        return not self.ecma and sys.version_info >= (3, 11)

    def _bounds(self) -> tuple[int, int | None] | None:
        """Read how often something is repeated; None for a brace that is no quantifier."""
        start = self.position
        self.position += 1
        if self.pattern[start] != "{":
            return _BOUNDS[self.pattern[start]]
        found = _BRACES(self.pattern, start)
        low, comma, high = found.groups() if found else ("", None, None)
        if not found or not (low or comma):
            return None
        if self.ecma and not low:
            raise self.error("a repetition without a lower bound is written {0,...}", start)
        least = _number(low)
        most = least if not comma else _number(high) if high else None
        self._check_bounds(least, most, start)
        self.position = found.end()
        return least, most

    def _check_bounds(self, least: int, most: int | None, start: int) -> None:
        if max(least, most or 0) >= MAX_REPEAT:
            raise self.error(f"a repetition goes up to {MAX_REPEAT - 1:,}", start)
        if most is not None and most < least:
            raise self.error(f"this repetition ends ({most}) before it begins ({least})", start)

    def _check_repeatable(self, start: int) -> None:
        """Raise an error if nothing stands before a quantifier that can be repeated."""
        if self._group.before in (_NOTHING, _ANCHOR):
            char = self.pattern[start]
            raise self.error(f"nothing to repeat; write \\{char} for the character", start)
        if self._group.before == _REPEATED:
            raise self.error("this repeats a repetition; put the inner one into (?:...)", start)

    def _last_atom(self) -> Node:
        """Take away what stands last in the group: of a text, its last character."""
        parts = self._group.parts
        last = parts.pop()
        if not isinstance(last, str):
            return last
        if len(last) > 1:
            parts.append(last[:-1])
        return Literal(last[-1])

    # Groups.

    def _open_group(self) -> None:
        start = self.position
        self.position += 1
        kind, flags, asked = "(", self.flags, 0
        if self.pattern.startswith("?", self.position):
            self.position += 1
            extension = self._extension(start)
            if extension is None:
                return
            kind, flags, asked = extension
        if len(self._open) >= MAX_NESTING:
            raise self.error(f"groups nest deeper than {MAX_NESTING}", start)
        self._open.append(self._group)
        number = self._groups.open() if kind == "(" else asked
        self._group = _Group(kind, start, self.flags, number=number)
        self.flags = flags

    def _extension(self, start: int) -> tuple[str, int, int] | None:
        """Read what follows `(?`: the kind of the group, its flags, and what it asks for; None if it is no group."""
        for opening, kind in _KINDS:
            if self.pattern.startswith(opening, self.position) and (kind != "?>" or self._has_possessive):
                self.position += len(opening)
                return kind, self.flags, 0
        if self._name():
            return "(", self.flags, 0
        asked = self._groups.condition(start)
        if asked is not None:
            return "?(", self.flags, asked
        reference = self._groups.named_reference(self.flags, start)
        if reference is not None:
            self._atom(reference)
            return None
        if self._comment(start):
            return None
        letter = self.pattern[self.position : self.position + 1]
        if (letter.isalpha() and letter != "P") or letter == "-":
            flags = self._group_flags(start)
            return None if flags is None else (":", flags, 0)
        raise self.error(_unknown_extension(self.pattern[self.position : self.position + 2]), start)

    def _comment(self, start: int) -> bool:
        """Read a comment, if one begins here."""
        if self.ecma or not self.pattern.startswith("#", self.position):
            return False
        end = self.pattern.find(")", self.position)
        if end < 0:
            raise self.error("this comment is never closed", start)
        self.position = end + 1
        return True

    def _name(self) -> bool:
        """Read the name of a group, if one begins here."""
        opening = re.compile("P?<" if self.ecma else "P<").match(self.pattern, self.position)
        if opening is None:
            return False
        start = opening.end()
        end = self.pattern.find(">", start)
        name = self.pattern[start:end] if end >= 0 else ""
        if not name.replace("$", "_" if self.ecma else "$").isidentifier():
            raise self.error("the name of a group is an identifier, and > ends it", start)
        if not self._groups.name(name) and not self.ecma:
            raise self.error(f"the group {name} is already defined", start)
        self.position = end + 1
        return True

    def _group_flags(self, start: int) -> int | None:
        """`(?i)` and `(?i-s:`: the flags within, or None if they are for the whole pattern."""
        found = _GROUP_FLAGS(self.pattern, self.position)
        assert found
        on, minus, off, closing = found.groups()
        self._check_letters(on + (minus or "") + (off or ""))
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
        self._add_global_flags(added, start)
        return None

    def _add_global_flags(self, flags: int, start: int) -> None:
        if self._open or self._group.done or self._group.parts:
            raise self.error("flags for the whole pattern stand at its start; use (?i:...) for a part", start)
        self.flags |= flags

    def _check_letters(self, letters: str) -> None:
        """Raise an error for an inline flag that the dialect does not have."""
        known = "ims" if self.ecma else "".join(_FLAGS)
        for i, letter in enumerate(letters):
            if letter not in known and letter != "-":
                raise self.error(
                    f"the inline flag {letter!r} is none of {', '.join(known)}", self.position + i
                )

    def _close_group(self) -> None:
        if not self._open:
            raise self.error("this parenthesis closes nothing; write \\) for the character", self.position)
        group = self._group
        self.position += 1
        node = self._branches() if group.kind == "?(" else self._contents()
        if group.kind.startswith("?<") and not self.ecma:
            least, most = width(node)
            if least != most:
                raise self.error("Python wants the texts of a lookbehind equally long", group.start)
        if group.kind in _LOOKS:
            node = Look(node, *_LOOKS[group.kind], group.start)
        elif group.kind == "?>":
            node = Atomic(node, group.start)
        elif group.kind == "(":
            self._groups.close(group.number, width(node))
            node = Group(node, group.number, group.start) if self._groups.is_referred_to else node
        self.flags = group.flags
        self._group = self._open.pop()
        self._atom(node)

    def _next_alternative(self) -> None:
        self.position += 1
        self._group.done.append(self._alternative())

    def _contents(self) -> Node:
        """What the group that is being read contains."""
        last = self._alternative()
        return Options((*self._group.done, last)) if self._group.done else last

    def _branches(self) -> Node:
        """The two branches of the condition that is being read; the second one may be missing."""
        group = self._group
        last = self._alternative()
        if len(group.done) > 1:
            raise self.error("a condition on a group has two branches at most", group.start)
        then, otherwise = (*group.done, last) if group.done else (last, Sequence(()))
        return Condition(group.number, then, otherwise, group.start)

    def _alternative(self) -> Node:
        """The alternative that ends here."""
        group = self._group
        nodes: list[Node] = []
        for is_text, run in groupby(group.parts, lambda part: isinstance(part, str)):
            if is_text:
                nodes.append(Literal("".join([part for part in run if isinstance(part, str)])))
            else:
                nodes += [part for part in run if not isinstance(part, str)]
        group.parts = []
        group.before = _NOTHING
        return nodes[0] if len(nodes) == 1 else Sequence(tuple(nodes))


_KINDS = ((":", ":"), ("=", "?="), ("!", "?!"), ("<=", "?<="), ("<!", "?<!"), (">", "?>"))
"""What may follow `(?`, and the kind of group that it begins."""

_LOOKS = {"?=": (True, False), "?!": (True, True), "?<=": (False, False), "?<!": (False, True)}
"""For each kind of assertion, whether it looks ahead, and whether it is negated."""

_BOUNDS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}

_READERS: dict[str, Callable[[Reader], None]] = {
    **dict.fromkeys("*+?{", Reader._quantifier),
    **dict.fromkeys("^$", Reader._edge),
    ".": Reader._any_char,
    "[": Reader._set,
    "\\": Reader._escape,
    "(": Reader._open_group,
    ")": Reader._close_group,
    "|": Reader._next_alternative,
}
"""What reads each character that is no text."""


def _unknown_extension(rest: str) -> str:
    """Why a group can't begin so. `rest` is what follows `(?`."""
    if rest == "P=":
        return escapes.BACKREFERENCE
    if rest[:1] == "(":
        return "a condition on a group is not supported here; write both cases out: (?:(a)b|c)"
    hint = "; a name is written (?P<name>...)" if rest[:1] == "<" else ""
    return f"unknown extension (?{rest if rest[:1] == 'P' else rest[:1]}{hint}"


def _number(digits: str) -> int:
    """The bound of a repetition; one that is too large as `MAX_REPEAT`."""
    digits = digits.lstrip("0")
    return int(digits or "0") if len(digits) <= 10 else MAX_REPEAT
