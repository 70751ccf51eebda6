"""The tolerant lexer of JSON: text to tokens, never failing, in one pass.

A token is (kind, start, end, value). Kinds are the six structural characters and

    s   a quoted string; its value is the decoded text
    b   a bare word, number or literal; its value is the text as it stands
    v   a whole container that the strict parser read; its value is what it gave

Quotes decide more than brackets, and are decided here: a quote ends a string only if what follows it can follow a
string at that place. So unescaped quotes stay in the string, and a string whose closing quote is missing ends before
the next member. Every such decision is an edit. What a missing or surplus bracket means is decided later
(structure.py), where all readings are weighed; the lexer keeps a stack of brackets just to tell keys from values.

Linear: one `_closing` scan serves all later strings that would ask for the same (`_no_close`), look-ahead is
bounded, and the strict parser may fail only as often as its budget allows.
"""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed does not know it
from typing import Any, Literal

from structgen.repairing.edits import Edit
from structgen.repairing.patterns import (
    AFTER_ITEM,
    AFTER_KEY,
    AFTER_KEY_ALONE,
    AFTER_VALUE,
    ANY_QUOTE,
    BARE_ITEM,
    BARE_KEY,
    BARE_VALUE,
    BEFORE_KEY,
    CALL,
    COMMENT,
    CONTROL,
    ELLIPSIS,
    ESCAPE,
    GOES_ON,
    GROUPED,
    JOIN,
    KEY_CUT,
    MORE,
    NEXT_CLOSE,
    NEXT_VALUE,
    NUMBER,
    OPENED_BY,
    OPENS_KEY,
    PLAIN,
    PREFIX,
    PROSE,
    QUOTES,
    SIMPLE,
    SPACE,
    STOP,
    SURROGATES,
    TRIPLE,
)
from structgen.repairing.scalars import MISSING

Parts = Literal["all", "items", ""]
"""Which containers inside the first are left to the strict parser: all, those in arrays, none. What it reads it reads
fast, but whole: it cannot say that a member of it belongs elsewhere."""
Token = tuple[str, int, int, Any]


class _Repeated(ValueError):
    """A key comes twice in an object."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Repeated
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decode = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_no_constant)


def strictly(text: str, start: int) -> tuple[Any, int]:
    """What the strict parser reads at a place, and its end; or `MISSING`, and how far it came.

    It says so of the whole text where it met a repeated key, a constant that JSON does not have, or its depth.
    """
    try:
        return _decode.scan_once(text, start)  # type: ignore[attr-defined, no-any-return]  # raw_decode, without its frame
    except StopIteration as error:
        return MISSING, error.value
    except json.JSONDecodeError as error:
        return MISSING, error.pos
    except (RecursionError, ValueError):
        return MISSING, len(text)


class Lexer:
    """Reads one candidate, from `start` to at most `stop`.

    `implied`: the opening bracket that is missing before it, if one is.

    Attributes:
        tokens: what was read.
        edits: the decisions that were taken on the way.
        end: where reading stopped.
        truncated: whether the text broke off inside a token.
    """

    def __init__(
        self, text: str, start: int, stop: int, *, strict_parts: Parts = "all", implied: str = ""
    ) -> None:
        self.text = text
        self.stop = stop
        self.tokens: list[Token] = []
        self.edits: list[Edit] = []
        self.end = start
        self.truncated = False
        self._strict_parts = strict_parts
        self._budget = 4 * (stop - start) + 4096
        self._stack: list[str] = list(implied)
        self._expect = (
            "k" if implied == "{" else "v"
        )  # k: a key or }; c: a colon; v: a value; n: a comma or closing bracket
        self._no_close: dict[str, int] = {}
        self._calls = 0
        self._joins: list[tuple[int, int, str]] = []  # the parts so far of a concatenation

    def read(self) -> Lexer:
        """Read to the end of the first value, or of the text."""
        text, stop, match, tokens = self.text, self.stop, PLAIN.match, self.tokens
        at, stack = self.end, self._stack
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
                    self._expect = "k" if kind == "," and stack and stack[-1] == "{" else "v"
                elif kind == "{" or kind == "[":
                    if self._expect == "k" and kind == "{" and tokens[-1][0] == "," and stack[-2:-1] == ["["]:
                        stack.pop()  # no key begins so: the object before was left open
                        self._expect = "v"
                    if (
                        self._strict_parts
                        and tokens
                        and self._expect != "k"
                        and (self._strict_parts == "all" or (stack and stack[-1] == "["))
                        and (end := self._strictly(end - 1))
                    ):
                        at = end
                        continue
                    end = found.end()
                    tokens.append((kind, end - 1, end, None))
                    stack.append(kind)
                    self._expect = "k" if kind == "{" else "v"
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
                self._string_is(found.start(2) - 1, end, found.group(2))
            else:
                tokens.append(("b", found.start(3), end, found.group(3)))
                self._after_scalar()
            at = end
        if self._joins:
            self._string_is(at, at, "")
        self.end = min(at, stop)
        return self

    # What well-formed text does not have

    def _after_scalar(self) -> None:
        if not self._stack:
            self._expect = "n"
        elif self._stack[-1] == "{":
            self._expect = {"k": "c", "c": "n", "v": "n", "n": "c"}[self._expect]
        else:
            self._expect = "n"

    def _goes_on(self, at: int) -> bool:
        """Whether text after a complete value looks as if it still belonged to it."""
        return GOES_ON.match(self.text, at, self.stop) is not None

    def _strictly(self, start: int) -> int:
        """Let the strict parser read a whole container; its end, or 0."""
        if self._budget <= 0:
            return 0
        value, end = strictly(self.text, start)
        if value is MISSING:
            # The parser counts lines from the beginning of the text to say where it failed.
            self._budget -= min(end, self.stop) - start + end // 16 + 64
            return 0
        if end > self.stop:
            return 0
        self.tokens.append(("v", start, end, value))
        self._after_scalar()
        return end

    def _edit(self, kind: str, start: int, end: int, grade: Any, reason: str) -> None:
        self.edits.append(Edit(kind, start, end, grade, reason))

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

    # Strings

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
                    if cut is not None and not after.match(text, here + 1, stop):
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
            if is_key:
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

    # Bare words

    def _cut_off(self, value: str, at: int) -> str:
        """A word with which the text ends: what it was becoming, as far as that is sure."""
        self.truncated = True
        for word in ("true", "false", "null", "True", "False", "None"):
            if len(value) < len(word) and word.startswith(value):
                self._edit("truncation", at, self.stop, "guessed", f"the text ends inside {word}")
                return word
        if value[0].isdigit() or value[0] in "+-.":
            number = re.sub(r"(?:[eE][+-]?|[.,_+-])+\Z", "", value)
            grade = "guessed" if number else "dropped"
            self._edit("truncation", at, self.stop, grade, "the number with which the text ends may go on")
            return number
        return value

    def _bare(self, at: int) -> int:
        text, stop = self.text, self.stop
        in_object = bool(self._stack) and self._stack[-1] == "{"
        is_key = in_object and self._expect in "kn"
        prefix = PREFIX.match(text, at, stop)
        if prefix is not None:
            self._edit("string", at, prefix.end(), "lossless", "a prefix of a Python string")
            return prefix.end()
        if (
            self._expect == "n"
            and self._stack
            and PROSE.match(text, at, stop)
            and "\n" in text[max(0, at - 80) : at]
        ):
            return -1
        if is_key:
            key = BARE_KEY.match(text, at, stop)
            if key is not None and key.end() > at:
                value = key.group().rstrip()
                end = at + len(value)
                if text.startswith('"', end) and AFTER_KEY.match(text, end + 1, stop):
                    end += 1
                    self._edit("quote", at, at, "lossless", "the opening quote is missing")
                elif value[-1] in "'”’`" and AFTER_KEY.match(text, end, stop):
                    value = value[:-1]
                    self._edit("quote", at, at, "lossless", "the opening quote is missing")
                elif AFTER_KEY.match(text, end, stop):
                    self._edit("quote", at, end, "lossless", "a key without quotes")
                self.tokens.append(("b", at, end, value))
                self._after_scalar()
                return end
            self._edit("character", at, at + 1, "dropped", f"{text[at]!r} has no meaning here")
            return at + 1
        call = CALL.match(text, at, stop)
        if call is not None:
            self._edit("call", at, call.end(), "guessed", "a function call around a value")
            return call.end()
        grouped = GROUPED.match(text, at, stop) if in_object or not self._stack else None
        number = grouped or NUMBER.match(text, at, stop)
        found = number or (BARE_VALUE if in_object else BARE_ITEM).match(text, at, stop)
        if found is None or found.end() == at:
            self._edit("character", at, at + 1, "dropped", f"{text[at]!r} has no meaning here")
            return at + 1
        value = found.group().rstrip()
        end = at + len(value)
        if end >= stop:
            value = self._cut_off(value, at)
            if not value:
                return stop
        after = AFTER_VALUE if in_object else AFTER_ITEM
        if number is None:
            quote = re.search(r'["”’]', value)
            if quote is not None and (after.match(text, at + quote.end(), stop)):
                end = at + quote.end()
                self.tokens.append(("s", at, end, self._decoded(at, end - 1)))
                self._edit("quote", at, at, "guessed", "the opening quote is missing")
                self._after_scalar()
                return end
            if value.startswith(("=",)) and self._expect == "v":
                self._edit("character", at, at + 1, "lossless", '"=" after a colon')
                return at + 1
        self.tokens.append(("b", at, end, value))
        self._after_scalar()
        return end
