"""Patterns and escapes of YAML's scalars."""

from __future__ import annotations

import re

TEXT_ONLY = frozenset(("string",))

ITEM = re.compile(r"-(?:[ \t]+|\Z)")
KEY = re.compile(
    r"""(?:"((?:[^"\\\n]|\\.)*)"|'((?:[^'\n]|'')*)'"""
    r"""|([^\s"'#,{\[\]}&*!|>%@`-][^\n]*?|-[^\s:][^\n:]*?))[ \t]*:(?:[ \t]+|\Z)"""
)
COMMENT = re.compile(r"(?:^|[ \t]+)#(?:[ \t!#].*)?\Z")
QUOTED = {
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"(?:[ \t]+#.*)?[ \t]*\Z', re.DOTALL),
    "'": re.compile(r"'((?:[^']|'')*)'(?:[ \t]+#.*)?[ \t]*\Z", re.DOTALL),
}

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
    """Returns the text of a double-quoted scalar (YAML 1.2.2, 5.7). Escapes that do not exist stay as they are."""

    def replace(found: re.Match[str]) -> str:
        what = found.group(1)
        if what[0] in "xuU" and len(what) > 1:
            code = int(what[1:], 16)
            return chr(code) if code < 0x110000 else found.group()
        return _ESCAPES.get(what, found.group())

    return _ESCAPE.sub(replace, body)


def has_odd_escapes(body: str) -> bool:
    """Returns True if a double-quoted scalar has escapes that YAML does not have."""
    return any(len(found.group(1)) < 3 and found.group(1) not in _ESCAPES for found in _ESCAPE.finditer(body))


def first_group(found: re.Match[str]) -> str:
    """Returns the name that `KEY` has found, as it is written."""
    return next(group for group in found.groups() if group is not None)


def unclosed(content: str) -> int:
    """Returns how many brackets of flow collections a line leaves open."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'', "", content)
    return sum(bare.count(char) for char in "{[") - sum(bare.count(char) for char in "}]")
