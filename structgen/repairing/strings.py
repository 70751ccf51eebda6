"""Strings: where they end, and what they say, whatever their quotes and escapes look like.

A quote ends a string only if what follows it can follow a string at that place. So unescaped quotes stay in the string,
and a string whose closing quote is missing ends before the next member.

Linear: one `_closing` scan serves all later strings that would ask for the same (`_no_close`), and look-ahead is
bounded.
"""

from __future__ import annotations

import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed does not know it
from typing import Any

from structgen.repairing.patterns import (
    AFTER_ITEM,
    AFTER_KEY,
    AFTER_KEY_ALONE,
    AFTER_VALUE,
    ANY_QUOTE,
    BEFORE_KEY,
    CONTROL,
    ESCAPE,
    JOIN,
    KEY_CUT,
    NEXT_CLOSE,
    OPENED_BY,
    OPENS_KEY,
    QUOTES,
    SIMPLE,
    SURROGATES,
    TRIPLE,
)
from structgen.repairing.tokens import Tokens


class Strings(Tokens):
    """Reads strings."""

    def __init__(self, *place: Any, **options: Any) -> None:
        super().__init__(*place, **options)
        self._no_close: dict[str, int] = {}
        self._joins: list[tuple[int, int, str]] = []  # the parts so far of a concatenation

    def _string(self, at: int) -> int:
        text, stop = self.text, self.stop
        triple = TRIPLE.match(text, at, stop)
        if triple is not None and len(triple.group()) >= 6 and (triple.group(1) or triple.group(2)):
            self.tokens.append(("s", at, triple.end(), triple.group(1) or triple.group(2)))
            self._edit("quote", at, triple.end(), "lossless", "triple quotes")
            self._after_scalar()
            return triple.end()
        quote = text[at]
        ends = QUOTES[quote]
        begin = at + 1
        is_key = self._expect in "k" or (self._expect == "n" and bool(self._stack) and self._stack[-1] == "{")
        in_object = bool(self._stack) and self._stack[-1] == "{"
        after = AFTER_KEY if is_key else AFTER_VALUE if in_object else AFTER_ITEM
        if text.startswith(quote * 2, begin) and after.match(text, begin + 2, stop):
            self.tokens.append(("s", at, begin + 2, ""))
            self._edit("quote", begin, begin + 2, "guessed", "a doubled quote of an empty string")
            self._after_scalar()
            return begin + 2
        if (
            text.startswith(quote, begin)
            and begin + 1 < stop
            and text[begin + 1] not in " \t\r\n,:;}]=+)/#" + quote
        ):
            begin += 1
            self._edit("quote", at, at + 1, "lossless", "a doubled quote")
        close, inner, cut = self._closing(begin, ends, after, is_key)
        if begin > at + 1 and inner % 2:  # it was not doubled, but the first one inside
            begin, inner = at + 1, inner + 1
            self.edits.pop()
        if cut is not None:
            end = cut
            if self.truncated and end >= stop:
                whole = NEXT_CLOSE[ends].match(text, begin, end)
                sure = whole is not None and whole.end() == end  # else a quote in it may have been its end
                grade = "lossless" if sure else "guessed"
                self._edit("truncation", end, end, grade, "the text ends inside a string")
            else:
                self._edit(
                    "quote",
                    end,
                    end,
                    "lossless" if is_key and AFTER_KEY.match(text, end, stop) else "guessed",
                    "the closing quote is missing",
                )
            value = self._decoded(begin, end)
            return self._string_is(at, end, value)
        if quote != '"':
            self._edit("quote", at, close + 1, "lossless", f"{quote} instead of a double quote")
        if inner:
            self._edit("quote", begin, close, "guessed", f"{inner} unescaped quotes inside a string")
        value = self._decoded(begin, close)
        end = close + 1
        if text.startswith(text[close], end) and text[close] == quote and after.match(text, end + 1, stop):
            self._edit("quote", end, end + 1, "lossless", "a doubled quote")
            end += 1
        if not is_key and (joined := JOIN.match(text, end, stop)) is not None:
            self._joins.append((at, end, value))
            return joined.end()
        return self._string_is(at, end, value)

    def _string_is(self, at: int, end: int, value: str) -> int:
        """Note a string; with the parts before it if it is the last of a concatenation."""
        if self._joins:
            at, first = self._joins[0][0], self._joins[0][1]
            self._edit("string", first, end, "lossless", "strings are joined")
            value = "".join([part for _, _, part in self._joins] + [value])
            self._joins.clear()
        self.tokens.append(("s", at, end, value))
        self._after_scalar()
        return end

    def _closing(
        self, begin: int, ends: str, after: re.Pattern[str], is_key: bool
    ) -> tuple[int, int, int | None]:
        """Where a string ends: (closing quote, unescaped quotes inside, None), or (-1, 0, end) without a quote."""
        text, stop = self.text, self.stop
        skip = NEXT_CLOSE[ends]
        inner = 0
        first = -1
        at = begin
        known = self._no_close.get(ends + str(is_key), -1)
        while True:
            found = skip.match(text, at, stop)
            assert found is not None
            here = found.end()
            if here >= stop:
                break
            if first < 0:
                first = here
                if is_key:
                    cut = KEY_CUT.match(text, begin, here)
                    if cut is not None and not self._is_cut and not after.match(text, here + 1, stop):
                        return -1, 0, cut.end(1)
                    if here > begin and AFTER_KEY_ALONE.match(text, here + 1, stop):
                        return here, 0, None
            if (
                inner % 2 == 0
                and text.startswith(text[here], here + 1)
                and here > begin
                and after.match(text, here + 2, stop)
            ):
                return here, inner, None
            if after.match(text, here + 1, stop) and not (
                inner % 2 and text.startswith(text[here], here + 1) and after.match(text, here + 2, stop)
            ):
                return here, inner, None
            if not is_key and OPENS_KEY.match(text, here, min(stop, here + 140)):
                before = BEFORE_KEY.search(text[max(begin, here - 40) : here])
                if before is not None:
                    return -1, 0, self._without_closers(begin, max(begin, here - 40) + before.start())
            if after is AFTER_ITEM and text[here + 1 : here + 2].isalnum():
                near = max(begin, here - 40)
                head = text[near:here].rstrip()
                if head.endswith(","):
                    return -1, 0, near + len(head) - 1
            if here < known:
                break
            inner += 1
            at = here + 1
        if first >= 0 and known < 0:
            self._no_close[ends + str(is_key)] = stop
        if first >= 0 and is_key:
            return first, 0, None
        if first >= 0:
            line = text.find("\n", first, stop)
            if line >= 0 or inner == 0 or known >= 0:
                return first, 0, None
        end = self._without_closers(begin, stop, final=True)
        if end == stop:
            self.truncated = True
            if is_key and not self._is_cut:
                cut = KEY_CUT.match(text, begin, stop)
                if cut is not None:
                    self.truncated = False
                    return -1, 0, cut.end(1)
        return -1, 0, end

    def _without_closers(self, begin: int, end: int, *, final: bool = False) -> int:
        """`end`, moved back before closing brackets that close what is open."""
        text, at = self.text, end
        floor = max(begin, end - 2 * len(self._stack) - 200)
        tail = text[floor:end]
        stripped = len(tail.rstrip("}] \t\r\n"))
        closers = re.sub(r"\s", "", tail[stripped:])
        wanted = (
            "".join("}" if kind == "{" else "]" for kind in reversed(self._stack[-len(closers) :]))
            if closers
            else ""
        )
        if final and any(text.count(OPENED_BY[char], begin, end) for char in set(closers)):
            return end  # they close what the string itself has opened
        if closers and (closers == wanted if final else wanted.startswith(closers)):
            at = floor + stripped
        elif final and closers:
            return end
        elif not final:
            at = floor + len(tail.rstrip(", \t\r\n"))
        return at

    def _decoded(self, begin: int, end: int) -> str:
        """The text that a string's body spells."""
        body = self.text[begin:end]
        if "\\" not in body:
            if CONTROL.search(body):
                self._edit("string", begin, end, "lossless", "control characters inside a string are escaped")
            return body
        if '"' not in body:
            try:
                value: str = scanstring(body + '"', 0, True)[0]
                if end >= self.stop and "\ud800" <= value[-1:] <= "\udbff":
                    value = value[:-1]
                    self._edit("escape", end - 6, end, "lossless", "the text ends inside a surrogate pair")
                return value
            except ValueError:
                pass
        wrong: list[str] = []

        def replace(found: re.Match[str]) -> str:
            what = found.group(1)
            if what in SIMPLE:
                return SIMPLE[what]
            if what[:1] == "u" and len(what) == 5:
                return chr(int(what[1:], 16))
            if not what:
                wrong.append("lossless")
                return ""
            if what[0] == "u" and len(what) > 3:
                code = int(what[2:-1], 16)
                wrong.append("lossless")
                return chr(code) if code < 0x110000 else what
            if what[0] == "x" and len(what) == 3:
                wrong.append("lossless")
                return chr(int(what[1:], 16))
            if what[0] in "\r\n":
                wrong.append("lossless")
                return ""
            if len(what) == 3:
                wrong.append("guessed")
                return chr(int(what, 8))
            if what in ANY_QUOTE:
                wrong.append("lossless")
                return what
            if what == "u" and end >= self.stop and len(body) - found.start() < 6:
                wrong.append("lossless")
                return "\0cut\0"
            wrong.append("guessed")
            return "\\" + what if what.isalnum() else what

        value = SURROGATES.sub(
            lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"),
            ESCAPE.sub(replace, body),
        )
        if "\0cut\0" in value:
            value = value[: value.index("\0cut\0")]
        if end >= self.stop and value and "\ud800" <= value[-1] <= "\udbff":
            value = value[:-1]
            wrong.append("lossless")
        if wrong:
            self._edit(
                "escape",
                begin,
                end,
                "guessed" if "guessed" in wrong else "lossless",
                "escapes that JSON does not have",
            )
        if CONTROL.search(body):
            self._edit("string", begin, end, "lossless", "control characters inside a string are escaped")
        return value
