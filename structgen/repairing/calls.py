"""Calls of tools that are no JSON: arguments as elements of XML, or as in Python. Knows no schema."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from itertools import groupby

from structgen.repairing.tree import Node

_TAGGED = re.compile(
    r"<parameter(?:=|\s+name=)[\"']?(?P<name>[^\"'>\s]{1,100})[\"']?[^>\n]{0,100}>(?P<value>.*?)(?:</parameter>|(?=<parameter)|\Z)"
    r"|<arg_key>(?P<key>[^<]{0,200})</arg_key>\s*<arg_value>(?P<held>.*?)(?:</arg_value>|(?=<arg_key>)|\Z)",
    re.DOTALL,
)
_CALL = re.compile(r"\b[A-Za-z_][\w.]{0,100}\((?=\s*[A-Za-z_]\w{0,100}\s*=(?!=))")
_PART = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[()]", re.DOTALL)
_LONGEST = 100_000
"""How long a call of Python may be."""
_MOST = 64
"""How many of those are tried."""


def calls(text: str) -> list[Node]:
    """Returns the arguments of each call in a text as an object, the last call last.

    Values in elements are bare words: what they are, the schema says. Values of Python are literals.
    """
    return sorted([*_tagged(text), *_of_python(text)], key=lambda node: node.start)


def _tagged(text: str) -> Iterator[Node]:
    """Yields what consecutive elements say. Only space, and the ends of elements, may stand between them."""
    number, end = 0, 0
    found: list[tuple[int, re.Match[str]]] = []
    for match in _TAGGED.finditer(text):
        if re.search(r"<(?!/)|[^\s]\Z", text[end : match.start()]):
            number += 1
        end = match.end()
        found.append((number, match))
    for _, group in groupby(found, key=lambda pair: pair[0]):
        members = [_member(match) for _, match in group]
        yield Node("{", members[0][0][1], members[-1][1].end, members)


def _member(match: re.Match[str]) -> tuple[tuple[str, int, int, str], Node]:
    name, value = ("name", "value") if match["name"] is not None else ("key", "held")
    key = match[name].strip()
    body = match[value]
    if "\n" in body:  # the value has lines of its own
        body = body.removeprefix("\n").removesuffix("\n")
    return ("s", match.start(), match.end(name), key), Node("b", match.start(value), match.end(), body)


def _of_python(text: str) -> Iterator[Node]:
    for number, match in enumerate(_CALL.finditer(text)):
        end = _end(text, match.end())
        if end < 0 or number >= _MOST:
            continue
        try:
            call = ast.parse(text[match.start() : end].strip(), mode="eval").body
            assert isinstance(call, ast.Call)
            values = {one.arg: ast.literal_eval(one.value) for one in call.keywords if one.arg is not None}
            plain = json.loads(json.dumps(values))
        except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
            continue
        if len(values) == len(call.keywords) and not call.args:
            yield Node("v", match.start(), end, plain)


def _end(text: str, at: int) -> int:
    """Where the bracket that was opened before `at` is closed; -1 if it is not."""
    depth = 1
    for found in _PART.finditer(text, at, min(len(text), at + _LONGEST)):
        depth += {"(": 1, ")": -1}.get(found.group(), 0)
        if not depth:
            return found.end()
    return -1
