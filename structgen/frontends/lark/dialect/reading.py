"""The text of a grammar becomes words, and says whether it is of this dialect."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from structgen.errors import InvalidLarkError

_WORD = re.compile(
    r"""(?P<blank>(?:[ \t\f]|\\[ \t]*\r?\n|(?://|\#)[^\n]*)+)|(?P<line>\r?\n)
    |(?P<string>"(?:\\.|[^"\\\n])*"i?)
    |(?P<regex>/(?!/)(?:\\.|[^/\\\n])+/[imslux]*)
    |(?P<token><(?:\[[^\]\n]*\]|[^<>\s\[\]"][^<>\n]*)>)
    |(?P<arrow>->\s*[A-Za-z_]\w*)
    |(?P<name>[?!]{0,2}[A-Za-z_](?:\w|-(?!>))*)
    |(?P<directive>%[a-z_]+)
    |(?P<times>[*+?]|\{\s*\d+\s*(?:,\s*\d*\s*)?\}|\{\s*,\s*\d+\s*\}|~[ \t]*\d+(?:[ \t]*\.\.[ \t]*\d+)?)
    |(?P<priority>\.-?\d+)|(?P<range>\.\.)|(?P<number>-?\d+(?:\.\d+)?)|(?P<sign>[|&~()\[\]:,=.@{}])""",
    re.VERBOSE,
)

_NESTING = {"%json", "%lark", "%regex", "%llguidance"}


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of the text.

    Attributes:
        kind: "name", "string", "regex", "token", "times", "sign", ...
        text: as it is written.
        at: where it begins.
        value: of `%json` and the like, what stands in the braces.
    """

    kind: str
    text: str
    at: int
    value: Any = None


def error_at(text: str, at: int, reason: str) -> InvalidLarkError:
    """The error for a place of the text."""
    line = text.count("\n", 0, at) + 1
    return InvalidLarkError(reason, line=line, column=at - text.rfind("\n", 0, at))


def words(text: str) -> list[Word]:
    """The words of a grammar, lines among them.

    Raises:
        InvalidLarkError: Something is no word of a grammar.
    """
    found: list[Word] = []
    at = 0
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise error_at(text, at, f"nothing in a grammar begins with {text[at]!r}")
        kind = str(match.lastgroup)
        if kind == "directive" and match[0] in _NESTING:
            value, end = _braces(text, match.end(), match[0])
            found.append(Word(match[0], match[0], at, value))
            at = end
            continue
        if kind != "blank":
            found.append(Word(kind, match[0], at))
        at = match.end()
    found.append(Word("line", "\n", len(text)))
    return found


def _braces(text: str, at: int, directive: str) -> tuple[Any, int]:
    """What stands in braces after a directive: JSON, or of `%lark` a text with its place."""
    opened = re.compile(r"\s*\{").match(text, at)
    if opened is None:
        raise error_at(text, at, f"{directive} needs braces after it")
    start = opened.end() - 1
    if directive == "%lark":
        end = _closing(text, start)
        return (text[start + 1 : end - 1], start + 1), end
    try:
        return json.JSONDecoder().raw_decode(text, start)
    except (json.JSONDecodeError, RecursionError) as error:
        place = getattr(error, "pos", start)
        raise error_at(text, place, f"{directive}: {getattr(error, 'msg', 'nests too deeply')}") from None


def _closing(text: str, start: int) -> int:
    depth, at = 0, start
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            at += 1
            continue
        depth += (match[0] == "{") - (match[0] == "}")
        at = match.end()
        if depth == 0:
            return at
    raise error_at(text, start, "this brace is never closed")


def is_dialect(text: str) -> bool:
    """Returns True if a text uses what only this dialect has. Lark's own grammars never do."""
    if not re.search(
        r'[&~<]|""|%(?:json|lark|regex|llguidance)\b|\{[ \t]*[\d,]|^\s*[?!]{0,2}\w+\[', text, re.MULTILINE
    ):
        return False
    try:
        found = words(text)
    except InvalidLarkError:
        return bool(
            re.search(r"^\s*%(?:json|lark|regex|llguidance)\b|:\s*%(?:json|lark|regex)\b", text, re.MULTILINE)
        )
    starts = [
        word
        for before, word in zip([Word("line", "", 0), *found], found, strict=False)
        if before.kind == "line"
    ]
    following = {word.at: after for word, after in pairwise(found)}
    return any(map(_is_only_here, found)) or any(
        word.kind == "name" and following[word.at].text == "[" for word in starts if word.at in following
    )


def _is_only_here(word: Word) -> bool:
    if word.kind == "string":
        return word.text in ('""', '""i')
    is_count = word.kind == "times" and word.text.startswith("{")
    return is_count or word.kind in _NESTING or word.kind == "token" or word.text in ("&", "~")
