"""The tolerant lexer of JSON: text to tokens, never failing, in one pass.

Quotes decide more than brackets, and are decided here (strings.py): every such decision is an edit. What a missing or
surplus bracket means is decided later (structure.py), where all readings are weighed; the lexer keeps a stack of
brackets just to tell keys from values.

Containers and items of arrays in which nothing is wrong with the brackets are left to the fast half (fast.py), and are
one token each.
"""

from __future__ import annotations

from typing import Literal

from structgen.repairing.fast import Fast, Items, Marks
from structgen.repairing.patterns import (
    COMMENT,
    ELLIPSIS,
    MORE,
    NEXT_VALUE,
    PLAIN,
    QUOTES,
    SPACE,
    STOP,
)
from structgen.repairing.words import Words

Parts = Literal["all", "items", ""]
"""Which containers are left to the fast half: all, those in arrays, none. What it reads it reads whole: nobody can say
then that a member of it belongs elsewhere."""
_RUN = 8
"""Scalars in a row from which on they are taken as a run, not one by one."""


class Lexer(Words):
    """Reads one candidate.

    Attributes:
        marks: what the fast half has set right.
    """

    def __init__(
        self,
        text: str,
        start: int,
        stop: int,
        *,
        parts: Parts = "",
        fast: Fast | None = None,
        implied: str = "",
        is_cut: bool = False,
    ) -> None:
        super().__init__(text, start, stop, implied=implied, is_cut=is_cut)
        self.marks: list[Marks] = []
        self._parts: Parts = parts if fast is not None else ""
        self._fast = fast
        if fast is not None:
            self._no_close = fast.no_close(stop)
        self._resume = start  # from where on items are worth a trial
        self._implied = implied
        self._calls = 0

    def read(self) -> Lexer:
        """Read to the end of the first value, or of the text."""
        text, stop, match, tokens = self.text, self.stop, PLAIN.match, self.tokens
        at, stack, parts = self.end, self._stack, self._parts
        if parts == "all" and not self._implied and (end := self._whole(at)):
            if not self._goes_on(end):
                self.end = end
                return self
            tokens.clear()  # a surplus bracket follows, or another member: all the tokens will be weighed
            self.marks.clear()
            self._expect = "v"
        while True:
            found = match(text, at, stop)
            if found is None:
                following = self._slowly(at)
                if following < 0:
                    break
                at = following
                continue
            group = found.lastindex
            end = found.end()
            if group == 1:
                kind = text[end - 1]
                if kind == "," or kind == ":":
                    if not stack and not self._goes_on(end - 1):
                        break
                    tokens.append((kind, end - 1, end, None))
                    in_object = bool(stack) and stack[-1] == "{"
                    self._expect = "k" if kind == "," and in_object else "v"
                    if parts and kind == "," and stack and not in_object and end >= self._resume:
                        end = self._items(end)
                elif kind == "{" or kind == "[":
                    if self._expect == "k" and kind == "{" and tokens[-1][0] == "," and stack[-2:-1] == ["["]:
                        stack.pop()  # no key begins so: the object before was left open
                        self._expect = "v"
                    if (
                        parts
                        and tokens
                        and self._expect != "k"
                        and (parts == "all" or (stack and stack[-1] == "["))
                        and (end := self._whole(end - 1))
                    ):
                        at = end
                        continue
                    end = found.end()
                    tokens.append((kind, end - 1, end, None))
                    stack.append(kind)
                    self._expect = "k" if kind == "{" else "v"
                    if parts and kind == "[":
                        end = self._items(end)
                else:
                    if not stack and not self._goes_on(end - 1):
                        break
                    tokens.append((kind, end - 1, end, None))
                    last = "["
                    if stack:
                        if (
                            stack[-1] != ("{" if kind == "}" else "[")
                            and len(stack) > 1
                            and stack[-2] != stack[-1]
                        ):
                            stack.pop()  # the inner one was left open
                        last = stack.pop()
                    self._expect = "n"
                    if not stack:
                        if not self._goes_on(end):
                            at = end
                            break
                        # It was surplus, or an opening one is missing: what follows tells keys from items.
                        stack.append("[" if NEXT_VALUE.match(text, end, stop) else last)
            elif group == 2:
                self._string_is(found.start(2) - 1, end, self._decoded(found.start(2), end - 1))
            else:
                tokens.append(("b", found.start(3), end, found.group(3)))
                self._after_scalar()
            at = end
        if self._joins:
            self._string_is(at, at, "")
        self.end = min(at, stop)
        return self

    # What the fast half reads

    def _whole(self, start: int) -> int:
        """Let the fast half read a whole container; its end, or 0."""
        assert self._fast is not None
        found = self._fast.whole(start, self.stop)
        if found is None:
            return 0
        value, end, marks = found
        self.tokens.append(("v", start, end, value))
        if marks is not None:
            self.marks.append(marks)
        self._after_scalar()
        return end

    def _items(self, at: int) -> int:
        """Let the fast half read items of an array, as many as it can; where to go on."""
        assert self._fast is not None
        found, looked = self._fast.items(at, self.stop)
        if found is None or (len(found.values) < _RUN and not isinstance(found.values[-1], (dict, list))):
            self._resume = looked
            return at
        self._resume = max(looked, found.end)
        self._take(found, at)
        return found.end

    def _take(self, found: Items, at: int) -> None:
        """Tokens of items: the last one, which may have to be moved, by itself."""
        value = found.values[-1]
        if len(found.values) > 1:
            self.tokens.append(("r", at, found.last, found.values[:-1]))
            self.tokens.append((",", found.last, found.last, None))
        kind = "v" if isinstance(value, (dict, list)) else "s" if isinstance(value, str) else "b"
        if kind == "b":
            value = self.text[found.last : found.end]
            value = {"T": "true", "F": "false", "N": "null", "n": "null"}.get(value[0], value)
        self.tokens.append((kind, found.last, found.end, value))
        if found.marks is not None:
            self.marks.append(found.marks)
        self._after_scalar()

    # What is not well formed

    def _slowly(self, at: int) -> int:
        """Read one token, comment or oddity that is not well formed; where to go on, or -1 at the end."""
        text, stop = self.text, self.stop
        found = SPACE.match(text, at, stop)
        assert found is not None
        at = found.end()
        if at >= stop:
            self.end = at
            return -1
        char = text[at]
        comment = COMMENT.match(text, at, stop) if char in "/#<" else None
        if comment is not None:
            more = MORE.search(comment.group(), 0, 200) is not None
            self._edit(
                "ellipsis" if more else "comment",
                at,
                comment.end(),
                "dropped" if more else "lossless",
                "the comment says that items were left out" if more else "JSON has no comments",
            )
            return comment.end()
        halt = STOP.match(text, at, stop)
        if halt is not None:
            return -1
        if char in "{}[],:":
            return self._structural(char, at)
        if char == "\\":
            if text[at + 1 : at + 2] in ("n", "t", "r"):  # whitespace of a text that was escaped
                self._edit("escape", at, at + 2, "lossless", "an escape outside a string is whitespace")
                return at + 2
            if text[at + 1 : at + 2] in ("_", "[", "]", "{", "}"):
                self._edit("escape", at, at + 1, "lossless", "a backslash before a bracket")
                return at + 1
        ellipsis = ELLIPSIS.match(text, at, stop)
        if ellipsis is not None:
            self._edit("ellipsis", at, ellipsis.end(), "dropped", "an ellipsis stands for what was left out")
            return ellipsis.end()
        if self._expect == "n" and not self._stack and not self._goes_on(at):
            return -1
        if char in QUOTES:
            return self._string(at)
        if char == "=" and self._expect in "c":
            width = 2 if text[at + 1 : at + 2] == ">" else 1
            self.tokens.append((":", at, at + width, None))
            self._edit("colon", at, at + width, "lossless", f'"{text[at : at + width]}" stands for ":"')
            self._expect = "v"
            return at + width
        if char == ";":
            self.tokens.append((",", at, at + 1, None))
            self._edit("comma", at, at + 1, "lossless", '";" stands for ","')
            self._expect = "k" if self._stack and self._stack[-1] == "{" else "v"
            return at + 1
        if char == "(" and self._expect == "v":
            self.tokens.append(("[", at, at + 1, None))
            self._stack.append("[")
            self._calls -= 1
            self._edit("bracket", at, at + 1, "lossless", "a tuple is an array")
            return at + 1
        if char == ")":
            if self._calls < 0:
                self._calls += 1
                self.tokens.append(("]", at, at + 1, None))
                if self._stack:
                    self._stack.pop()
                self._expect = "n"
                self._edit("bracket", at, at + 1, "lossless", "a tuple is an array")
            else:
                self._edit("call", at, at + 1, "lossless", "the end of a function call")
            return at + 1
        return self._bare(at)

    def _structural(self, char: str, at: int) -> int:
        # Only reached where the plain pattern was overruled.
        self.tokens.append((char, at, at + 1, None))
        return at + 1
