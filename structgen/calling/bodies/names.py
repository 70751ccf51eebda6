"""Headers with the name of a tool, and maybe a number."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from structgen.calling.tool import Tool
from structgen.calling.wire import Malformed, Wire, match, skip_blanks
from structgen.grammar.expressions import Literal, charset, concat, repeat
from structgen.grammar.rules import RuleExpression, Sequence, Terminal

_DIGITS = repeat(charset((0x30, 0x39)), 1, 6)


def number_pattern(head: str, wire: Wire) -> RuleExpression:
    """A header as rules; digits stand for `{index}`."""
    if "{index}" not in head:
        return wire.literal(head)
    before, after = head.split("{index}")
    number = Terminal("the number of the call", concat(_DIGITS, Literal("")))
    return Sequence((wire.literal(before), number, wire.literal(after)))


def head_at(text: str, at: int, heads: Iterable[str], tools: Mapping[str, Tool]) -> tuple[str, int, str]:
    """The name in the header at a place, the place after the header, and the id that it says.

    Raises:
        Malformed: No header of a tool stands there.
    """
    at = skip_blanks(text, at)
    best: tuple[str, int, str] | None = None
    for head in heads:
        for name in tools:
            found = _one(text, at, head.replace("{name}", name))
            if found is not None and (best is None or found[0] > best[1]):
                best = (name, found[0], found[1])
    if best is None:
        raise Malformed(_unknown(text, at, heads, tools), at)
    return best


def _one(text: str, at: int, head: str) -> tuple[int, str] | None:
    if "{index}" not in head:
        end = match(text, at, head)
        return None if end is None else (end, "")
    before, after = head.split("{index}")
    middle = match(text, at, before)
    digits = None if middle is None else re.compile(r"\d+").match(text, middle)
    end = None if digits is None else match(text, digits.end(), after)
    return None if end is None or digits is None else (end, text[at : digits.end()].strip())


def _unknown(text: str, at: int, heads: Iterable[str], tools: Mapping[str, Tool]) -> str:
    for head in heads:
        before = head.split("{name}")[0]
        start = match(text, at, before)
        if start is not None:
            found = re.compile(r"[\w.\-]+").match(text, start)
            return unknown_name(found[0] if found else text[start : start + 20], tools)
    return "expected a call"


def unknown_name(name: str, tools: Iterable[str]) -> str:
    """What an error says of a name that no tool has."""
    near = difflib.get_close_matches(name, list(tools), 1)
    return f"there is no tool {name!r}" + (f"; did the model mean {near[0]!r}?" if near else "")
