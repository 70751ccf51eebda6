"""Writing: a value as JSON text. Without recursion, and always text that UTF-8 can carry."""

from __future__ import annotations

import json
import re
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON of a value. A lone surrogate is written as an escape, an infinite number as one beyond all bounds."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    except (RecursionError, ValueError):
        text = _by_hand(value)
    return text if text.isascii() else _SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def _by_hand(value: Any) -> str:
    out: list[str] = []
    stack: list[Any] = [("value", value)]
    while stack:
        what, data = stack.pop()
        if what == "text":
            out.append(data)
        elif isinstance(data, dict):
            stack.append(("text", "}"))
            for number, (key, member) in enumerate(reversed(data.items())):
                stack.append(("value", member))
                comma = ", " if number < len(data) - 1 else ""
                stack.append(("text", f"{comma}{json.dumps(key, ensure_ascii=False)}: "))
            stack.append(("text", "{"))
        elif isinstance(data, list):
            stack.append(("text", "]"))
            for number, item in enumerate(reversed(data)):
                stack.append(("value", item))
                if number < len(data) - 1:
                    stack.append(("text", ", "))
            stack.append(("text", "["))
        elif isinstance(data, float) and data != data:
            out.append("null")
        elif isinstance(data, float) and data in (float("inf"), float("-inf")):
            out.append("1e999" if data > 0 else "-1e999")
        else:
            out.append(json.dumps(data, ensure_ascii=False))
    return "".join(out)


_PLAIN = re.compile(r"[A-Za-z_/][\w ./()-]*(?<! )\Z")
_RESERVED = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n", "none"))
_DEPTH = 50


def to_yaml(value: Any) -> str:
    """YAML of a value, in blocks; deep parts and texts that need it are written as in JSON, which is YAML too."""
    if not isinstance(value, (dict, list)) or not value:
        return to_json(value) + "\n"
    out: list[str] = []
    _blocks(value, 0, out, "")
    return "".join(out)


def _blocks(value: Any, indent: int, out: list[str], lead: str) -> None:
    members: Any = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for key, member in members:
        head = lead + ("-" if key is None else f"{_text(key)}:")
        lead = "  " * indent
        if isinstance(member, (dict, list)) and member and indent < _DEPTH:
            if key is None:
                _blocks(member, indent + 1, out, head + " ")
            else:
                out.append(head + "\n")
                _blocks(member, indent + 1, out, "  " * (indent + 1))
        else:
            out.append(f"{head} {_text(member) if isinstance(member, str) else to_json(member)}\n")


def _text(text: str) -> str:
    return text if _PLAIN.match(text) and text.lower() not in _RESERVED else to_json(text)
