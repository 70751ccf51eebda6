"""Bytes as text, and what had to be replaced. Knows neither JSON nor YAML."""

from __future__ import annotations

import codecs
import re

from structgen.repairing.edits import Edit


def decoded(data: bytes) -> tuple[str, list[Edit]]:
    """Bytes as text. What is not UTF-8 is replaced, and reported."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            text = data[len(mark) :].decode(name, errors="replace")
            return text, [Edit("encoding", 0, 0, "lossless", f"a byte order mark of {name}")]
    try:
        return bytes(data).decode(), []
    except UnicodeDecodeError:
        pass
    text = bytes(data).decode(errors="replace")
    edits = [
        Edit("encoding", found.start(), found.end(), "dropped", "bytes that are not UTF-8")
        for found in re.finditer("\ufffd+", text)
    ]
    return text, edits
