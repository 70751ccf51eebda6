"""Values that are not JSON: Python's literals, and Gemma's values with bare keys and quotes of its own."""

from __future__ import annotations

import ast
import re
from typing import Any

from structgen.calling.wire import Malformed, skip_blanks

_STRING = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_WORDS = {"True": True, "true": True, "False": False, "false": False, "None": None, "null": None}
_WORD = re.compile(r"\w+")
_MOST_NESTED = 200


class LooseReader:
    """Reads one value after the other.

    Args:
        quote: what stands around strings, which are raw; empty: Python's and JSON's strings.
        bare_keys: keys of objects have no quotes.
    """

    def __init__(self, quote: str = "", *, bare_keys: bool = False) -> None:
        self.quote = quote
        self.bare_keys = bare_keys

    def value(self, text: str, at: int, depth: int = 0) -> tuple[Any, int]:
        """The value at a place, and the place after it."""
        at = skip_blanks(text, at)
        if depth > _MOST_NESTED:
            raise Malformed("values nest too deeply", at)
        if text[at : at + 1] == "[":
            return self._items(text, at + 1, depth)
        if text[at : at + 1] == "{":
            return self._properties(text, at + 1, depth)
        if self._is_string(text, at):
            return self._string(text, at)
        if number := _NUMBER.match(text, at):
            is_whole = not (number[1] or number[2])
            return (int(number[0]) if is_whole else float(number[0])), number.end()
        word = _WORD.match(text, at)
        if word is not None and word[0] in _WORDS:
            return _WORDS[word[0]], word.end()
        raise Malformed("expected a value", at)

    def _is_string(self, text: str, at: int) -> bool:
        return text[at : at + 1] in ("'", '"') or (bool(self.quote) and text.startswith(self.quote, at))

    def _string(self, text: str, at: int) -> tuple[str, int]:
        if self.quote and text.startswith(self.quote, at):
            start = at + len(self.quote)
            end = text.find(self.quote, start)
            if end < 0:
                raise Malformed("a string is not closed", at)
            return text[start:end], end + len(self.quote)
        found = _STRING.match(text, at)
        if found is None:
            raise Malformed("a string is not closed", at)
        try:
            # JSON has escapes that Python lacks: \/ and pairs of surrogates.
            body = found[0].replace("\\/", "/").replace("\0", "\\x00").replace("\r", "\\r")
            value = ast.literal_eval(body)
            return value.encode("utf-16", "surrogatepass").decode("utf-16"), found.end()
        except (SyntaxError, ValueError):
            raise Malformed("a string has a wrong escape", at) from None

    def _items(self, text: str, at: int, depth: int) -> tuple[list[Any], int]:
        found: list[Any] = []
        at = skip_blanks(text, at)
        while text[at : at + 1] != "]":
            value, at = self.value(text, at, depth + 1)
            found.append(value)
            at = _after_comma(text, at, "]")
        return found, at + 1

    def _properties(self, text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
        return self.properties(text, at, "}", ":", depth)

    def properties(
        self, text: str, at: int, end: str, sign: str, depth: int = 0
    ) -> tuple[dict[str, Any], int]:
        """Names and values up to the end, and the place after it."""
        found: dict[str, Any] = {}
        at = skip_blanks(text, at)
        while not text.startswith(end, at):
            key, at = self._key(text, at, sign)
            at = skip_blanks(text, at)
            if not text.startswith(sign, at):
                raise Malformed(f"expected {sign!r}", at)
            if key in found:
                raise Malformed(f"{key!r} is written twice", at)
            found[key], at = self.value(text, at + len(sign), depth + 1)
            at = _after_comma(text, at, end)
        return found, at + len(end)

    def _key(self, text: str, at: int, sign: str) -> tuple[str, int]:
        if self._is_string(text, at):
            return self._string(text, at)
        end = text.find(sign, at)
        if end < 0 or not self.bare_keys or not text[at:end].strip():
            raise Malformed("expected a name", at)
        return text[at:end].strip(), end


def _after_comma(text: str, at: int, end: str) -> int:
    at = skip_blanks(text, at)
    if text.startswith(end, at):
        return at
    if text[at : at + 1] != ",":
        raise Malformed(f"expected ',' or {end!r}", at)
    return skip_blanks(text, at + 1)
