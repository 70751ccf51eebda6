"""Bare words: names and values without quotes, numbers in any spelling, and what is none of these."""

from __future__ import annotations

import re

from structgen.repairing.patterns import (
    AFTER_ITEM,
    AFTER_KEY,
    AFTER_VALUE,
    BARE_ITEM,
    BARE_KEY,
    BARE_VALUE,
    CALL,
    GROUPED,
    NUMBER,
    PREFIX,
    PROSE,
)
from structgen.repairing.strings import Strings


class Words(Strings):
    """Reads bare words, and strings that turn out to begin like them."""

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
