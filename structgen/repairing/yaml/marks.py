"""Marks of other notations in place of those of YAML: bullets, numbers, bold keys, `key = value`, commas.

And what is around a text: thoughts, tags, end tokens, a closing sentence. Works line by line, and knows no values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from structgen.repairing.edits import Edit, Grade

_LINE = re.compile(r"[^\n]+")
_BARE = re.compile(r"[ \t]*(?:#|---|\.\.\.|\Z)")
_BULLET = re.compile(r"[ \t]*([•‣▪◦●*])[ \t]+(?=\S)")
_NUMBER = re.compile(r"[ \t]*(\d{1,4}[.)])[ \t]+(?=\S)")
_BOLD = re.compile(
    r"[ \t]*(?:(?:[-•‣▪◦●*]|\d{1,4}[.)])[ \t]+)?"
    r"(?P<all>\*\*(?P<name>[^*\n:]{1,80})(?:\*\*[ \t]*:|:[ \t]*\*\*))(?=[ \t]|\Z)"
)
_EQUALS = re.compile(r"[ \t]*(?:-[ \t]+)?[A-Za-z_][\w.-]{0,60}[ \t]+(=>?)[ \t]+(?=\S)")
_COMMA = re.compile(
    r"[ \t]*(?:-[ \t]+)?(?:\"[^\"]{1,100}\"|'[^']{1,100}'|[\w .-]{1,60}):[ \t]+"
    r"[^\n{}\[\]|>]*[^\n{}\[\]|>,](,)[ \t\r]*\Z"
)
_MEMBER = re.compile(r"[ \t]*(?:-[ \t]+)?(?:\"[^\"]{1,100}\"|'[^']{1,100}'|[\w .-]{1,60}):(?:[ \t]|\Z)")
_BLOCK = re.compile(r"(?:^|[\s:-])[|>][+\d-]{0,2}[ \t]*\Z")
_QUOTED_KEY = re.compile(r"[ \t]*[\"']")
_TIGHT = re.compile(r"[ \t]*(?:-(?=[^\W\d])[^\n:]{1,200}\Z|[A-Za-z_][\w.-]{0,60}:[^\s/:][^\n]*\Z)")

_THOUGHTS = re.compile(r"</(?:think|thinking|reasoning|scratchpad)>")
_TAG = re.compile(r"\s*<([A-Za-z_]\w{0,30})>[ \t]*\n")
_END_TOKENS = re.compile(r"(?:\s*(?:<\|[^|<>\n]{1,40}\|>|</s>|<end_of_turn>|<eos>|\[/?INST\]))+\s*\Z")
_SENTENCE = re.compile(r"\n[ \t]*\n([A-Z][\w'’]*(?:,? [\w'’]+){2,8}[:,!.] ?[^\n]*[!?.)])\s*\Z")
_PLAIN_KEYS = re.compile(r"(?:[ \t\-#\"'\n]|\S+:(?:[ \t\n]|\Z)|\Z)")


@dataclass(frozen=True, slots=True)
class _Mark:
    """A mark of another notation.

    Attributes:
        pattern: matches a line that has it; its group is the mark.
        plain: what stands for it in YAML.
        kind: of the edit.
        reason: of the edit.
        grade: of the edit.
    """

    pattern: re.Pattern[str]
    plain: Callable[[re.Match[str]], str]
    kind: str
    reason: str
    grade: Grade = "guessed"


def _bold(found: re.Match[str]) -> str:
    name = found["name"].strip()
    return name + " " * (len(found["all"]) - len(name) - 1) + ":"


_EVERY_LINE = (
    _Mark(_EQUALS, lambda found: ":".ljust(len(found.group(1))), "colon", '"=" stands for ":"'),
    _Mark(_NUMBER, lambda found: "-".ljust(len(found.group(1))), "blank", "numbered lines are items"),
)
"""Marks that are read as such only if every line of the least indentation has one."""
_ANY_LINE = (
    _Mark(_BOLD, _bold, "key", "a key in bold"),
    _Mark(_BULLET, lambda found: "-", "blank", "another sign stands for the dash", "lossless"),
)


def is_list(text: str) -> bool:
    """Returns True if every line of a text looks like a property or an item in another notation.

    To YAML it is one plain text over several lines.
    """
    lines = [line for _, line in _lines(text, 0, len(text))]
    patterns = (_EQUALS, _NUMBER, _BULLET, _BOLD, _TIGHT)
    return len(lines) > 1 and any(all(pattern.match(line) for line in lines) for pattern in patterns)


def has_commas(text: str) -> bool:
    """Returns True if all lines are properties with quoted keys, and all but the last one end in a comma: JSON."""
    lines = [line for _, line in _lines(text, 0, len(text))]
    return (
        len(lines) > 1
        and all(_QUOTED_KEY.match(line) and _MEMBER.match(line) for line in lines)
        and all(_COMMA.match(line) for line in lines[:-1])
    )


def tidied(text: str, start: int, stop: int, *, guided: bool) -> tuple[str, list[Edit]]:
    """Returns a text of the same length with the marks of YAML in a part of it, and an edit for each change.

    Args:
        text: the whole text.
        start: where the part begins.
        stop: where it ends.
        guided: True if a schema will say whether a comma at the end of a line belongs to the value.
    """
    edits: list[Edit] = []
    for mark in _ANY_LINE:
        lines = list(_lines(text, start, stop))
        text = _replaced(text, lines, mark, edits)
    for mark in _EVERY_LINE:
        lines = list(_lines(text, start, stop))
        least = min((_indent(line) for _, line in lines), default=0)
        outer = [(at, line) for at, line in lines if _indent(line) == least]
        if all(mark.pattern.match(line) for _, line in outer) and _count_up(mark, outer):
            text = _replaced(text, outer, mark, edits)
    return _without_commas(text, list(_lines(text, start, stop)), edits, guided=guided), edits


def _lines(text: str, start: int, stop: int) -> Iterator[tuple[int, str]]:
    """Yields the lines that are neither empty nor a comment nor a marker nor in a block, with their places."""
    block = -1
    for found in _LINE.finditer(text, start, stop):
        line = found.group().rstrip("\r")
        if _BARE.match(line) is not None or _indent(line) > block >= 0:
            continue
        block = _indent(line) if _BLOCK.search(line) is not None else -1
        yield found.start(), line


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _count_up(mark: _Mark, lines: list[tuple[int, str]]) -> bool:
    """Returns True if numbers before lines begin with 0 or 1, and each is one more than that before it."""
    if mark.pattern is not _NUMBER:
        return True
    numbers = [int(found.group(1)[:-1]) for _, line in lines if (found := _NUMBER.match(line))]
    return numbers in (list(range(len(numbers))), list(range(1, len(numbers) + 1)))


def _replaced(text: str, lines: list[tuple[int, str]], mark: _Mark, edits: list[Edit]) -> str:
    parts, done = [], 0
    for at, line in lines:
        found = mark.pattern.match(line)
        if found is None:
            continue
        begin, end = at + found.start(1), at + found.end(1)
        parts += [text[done:begin], mark.plain(found)]
        done = end
        edits.append(Edit(mark.kind, begin, end, mark.grade, mark.reason))
    return "".join([*parts, text[done:]])


def _without_commas(text: str, lines: list[tuple[int, str]], edits: list[Edit], *, guided: bool) -> str:
    """Take off the commas at the ends of properties, if all but the last one have one."""
    members = [(at, line) for at, line in lines if _MEMBER.match(line)]
    if len(members) < 2 or not (guided or all(_QUOTED_KEY.match(line) for _, line in members)):
        return text
    found = [(at, _COMMA.match(line)) for at, line in members]
    if len(members) < len(lines) or not all(comma for _, comma in found[:-1]):
        return text
    parts, done = [], 0
    for at, comma in found:
        if comma is not None:
            place = at + comma.start(1)
            edits.append(Edit("comma", place, place + 1, "guessed", "a comma after a property, as in JSON"))
            parts += [text[done:place], " "]
            done = place + 1
    return "".join([*parts, text[done:]])


def without_surroundings(text: str) -> tuple[int, int]:
    """Returns where a text begins and ends without thoughts, tags, end tokens and a closing sentence."""
    start, stop = 0, len(text)
    for thought in _THOUGHTS.finditer(text):
        start = thought.end()
    end = _END_TOKENS.search(text, max(start, stop - 200))
    if end is not None:
        stop = end.start()
    tag = _TAG.match(text, start, stop)
    if tag is not None:
        start = tag.end()
        closing = text.rfind(f"</{tag.group(1)}>", start, stop)
        stop = stop if closing < 0 else closing
    sentence = _SENTENCE.search(text, start, stop)
    if sentence is not None and all(
        _PLAIN_KEYS.match(line) for line in text[start : sentence.start()].split("\n")
    ):
        stop = sentence.start(1)
    return (start, stop) if text[start:stop].strip() else (0, len(text))
