"""Cases: a schema, and texts that a request for it could generate.

A record of MaskBench is one JSON object: `id`, `schema`, and `tests`, each with `data` and whether it is `valid`. A
text is what `json.dumps(data, ensure_ascii=False)` makes of it, the keys in the record's order, in the tokens that
the tokenizer itself chooses.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskbench.records import lines

Encode = Callable[[str], list[int]]


@dataclass(frozen=True, slots=True)
class Instance:
    """A text that the schema accepts or rejects.

    Attributes:
        number: its place among the tests of the record.
        text: JSON.
        tokens: the same, as the tokenizer spells it.
        valid: whether the schema accepts it, as the data set says.
    """

    number: int
    text: str
    tokens: tuple[int, ...]
    valid: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A schema and its instances."""

    name: str
    schema: str
    instances: tuple[Instance, ...]


def sample_lines(path: Path, count: int | None, seed: int) -> list[str]:
    """Records: a random sample in random order, or all of them in random order if `count` is None or too many.

    The same seed gives the same lines, and a smaller sample is the beginning of a larger one.
    """
    found = lines(path)
    random.Random(seed).shuffle(found)
    return found[:count]


def case_of(record: dict[str, Any], encode: Encode) -> Case:
    """A record of MaskBench as a case. Tests that are no text (a lone surrogate) are left out."""
    instances = []
    for number, test in enumerate(record["tests"]):
        text = json.dumps(test["data"], ensure_ascii=False)
        if _is_text(text):
            instances.append(Instance(number, text, tuple(encode(text)), test["valid"]))
    return Case(record["id"], json.dumps(record["schema"]), tuple(instances))


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class BoundedPair:
    """Two schemas that differ in a large bound, and an instance of both that stays below it."""

    bounded: Case
    unbounded: Case


def bounded_pairs(encode: Encode) -> list[BoundedPair]:
    """A bound should cost nothing: the same text, with and without one."""
    rng = random.Random(0)
    words = ["alpha", "Beta", "naïve", "日本語", "42", "state-of-the-art", "e.g.", "x", "it's", "(see below)"]
    prose = " ".join(rng.choice(words) for _ in range(400))
    numbers = [rng.randrange(10 ** rng.randrange(1, 8)) for _ in range(400)]
    strings = [rng.choice(words) for _ in range(400)]
    return [
        _pair("maxLength", 100_000, {"type": "string"}, prose, encode),
        _pair("maxItems", 10_000, {"type": "array", "items": {"type": "integer"}}, numbers, encode),
        _pair("maxItems", 10_000, {"type": "array", "items": {"type": "string"}}, strings, encode),
    ]


def _pair(keyword: str, bound: int, schema: dict[str, Any], value: object, encode: Encode) -> BoundedPair:
    text = json.dumps(value, ensure_ascii=False)
    instances = (Instance(0, text, tuple(encode(text)), valid=True),)
    kind = schema.get("items", schema)["type"]
    return BoundedPair(
        Case(f"{keyword}: {bound} ({kind})", json.dumps({**schema, keyword: bound}), instances),
        Case(f"no {keyword} ({kind})", json.dumps(schema), instances),
    )


@dataclass(frozen=True, slots=True)
class Position:
    """Where the beginning of a JSON text ends.

    Attributes:
        pointer: JSON Pointer (RFC 6901) of the value that is being written; while a key is being written, that of its
            object.
        kind: "key start", "key", "string start", "string", "scalar" (a number, true, false, null) or "between".
    """

    pointer: str
    kind: str


def position_at(prefix: str) -> Position:
    """Where the beginning of a JSON text ends.

    >>> position_at('{"a": [1, {"b/c": tr')
    Position(pointer='/a/1/b~1c', kind='scalar')
    """
    steps: list[int | str | None] = []  # an index, a key, or None: an object whose key is still to come
    position = 0
    kind = "between"
    while position < len(prefix):
        char = prefix[position]
        if char == '"':
            end = _end_of_string(prefix, position)
            is_key = bool(steps) and steps[-1] is None
            if end > len(prefix):
                kind = ("key" if is_key else "string") + (" start" if position + 1 == len(prefix) else "")
                break
            if is_key:
                steps[-1] = str(json.loads(prefix[position:end]))
            position = end
            continue
        if char == "{":
            steps.append(None)
        elif char == "[":
            steps.append(0)
        elif char == ",":
            last = steps[-1]
            steps[-1] = last + 1 if isinstance(last, int) else None
        elif char in "]}":
            steps.pop()
        position += 1
    if kind == "between" and prefix and (prefix[-1].isalnum() or prefix[-1] in "-+."):
        kind = "scalar"
    pointer = "".join(
        "/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps if step is not None
    )
    return Position(pointer, kind)


def _end_of_string(text: str, start: int) -> int:
    """Behind the closing quote of the string that opens at `start`; beyond the text if it is not closed."""
    position = start + 1
    while position < len(text) and text[position] != '"':
        position += 2 if text[position] == "\\" else 1
    return position + 1
