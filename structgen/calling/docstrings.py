"""Docstrings: what a function does, and what its arguments are, in Google's, numpy's and reST's style."""

from __future__ import annotations

import inspect
import re
from typing import Any

_SECTION = re.compile(r"^(Args|Arguments|Parameters|Params|Attributes)\s*:?\s*$")
_OTHER_SECTION = re.compile(
    r"^(Returns?|Raises|Yields?|Examples?|Notes?|See Also|References|Warnings?)\s*:?\s*$"
)
_GOOGLE = re.compile(r"^\s*\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_NUMPY = re.compile(r"^\*{0,2}(\w+)\s*(?::.*)?$")
_REST = re.compile(r"^\s*:(?:param|parameter|arg|argument)\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:\s*(.*)$")


def read_docstring(source: Any) -> tuple[str, dict[str, str]]:
    """The description of a function or a class, and those of its arguments, by their names."""
    lines = (inspect.getdoc(source) or "").splitlines()
    if any(_REST.match(line) for line in lines):
        return _rest(lines)
    start = next((at for at, line in enumerate(lines) if _SECTION.match(line)), None)
    end = next(
        (at for at, line in enumerate(lines) if _SECTION.match(line) or _OTHER_SECTION.match(line)),
        len(lines),
    )
    if start is None:
        return _joined(lines[:end]), {}
    is_numpy = start + 1 < len(lines) and bool(re.match(r"^\s*-{3,}\s*$", lines[start + 1]))
    arguments = _numpy(lines[start + 2 :]) if is_numpy else _google(lines[start + 1 :])
    return _joined(lines[: min(start, end)]), arguments


def _rest(lines: list[str]) -> tuple[str, dict[str, str]]:
    found: dict[str, str] = {}
    description: list[str] = []
    name = ""
    has_fields = False
    for line in lines:
        if field := _REST.match(line):
            name, found[field[1]] = field[1], field[2]
            has_fields = True
        elif line.lstrip().startswith(":"):
            name, has_fields = "", True
        elif name and line[:1].isspace():
            found[name] += " " + line.strip()
        elif not has_fields:
            description.append(line)
    return _joined(description), {one: text.strip() for one, text in found.items()}


def _google(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    name, width = "", None
    for line in lines:
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        if depth == 0:
            break
        width = depth if width is None else width
        if depth == width and (entry := _GOOGLE.match(line)):
            name, found[entry[1]] = entry[1], entry[2]
        elif name:
            found[name] += " " + line.strip()
    return {one: text.strip() for one, text in found.items()}


def _numpy(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if re.match(r"^-{3,}\s*$", following):
            break
        if line[:1].strip() and (entry := _NUMPY.match(line)):
            name, found[entry[1]] = entry[1], ""
        elif name and line.strip():
            found[name] += " " + line.strip()
    return {one: text.strip() for one, text in found.items()}


def _joined(lines: list[str]) -> str:
    return re.sub(r"[ \t]*\n[ \t]*(?!\n)", "\n", "\n".join(lines)).strip()
