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
