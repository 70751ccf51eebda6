"""Scalars: the values of words and numbers, and of text where a schema wants another type.

Pure functions; each returns the value with a grade and a reason, or None.
"""

from __future__ import annotations

import re
from typing import Any

from structgen.repairing.edits import Grade

Meaning = tuple[Any, Grade, str]

_STRICT = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?\Z")
_LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}
_FOREIGN: dict[str, Any] = {
    "none": None,
    "nil": None,
    "undefined": None,
    "true": True,
    "false": False,
    "null": None,
}
_NOT_FINITE = {"nan", "infinity", "inf"}
_TRUE = frozenset(("true", "yes", "y", "on", "1", "t"))
_FALSE = frozenset(("false", "no", "n", "off", "0", "f"))
_NULL = frozenset(("null", "none", "nil", "undefined", "~", "n/a"))
_TOLERANT = re.compile(
    r"[+-]?(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*(?:,\d{3})*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d*)?)n?\Z"
)
_WITH_UNIT = re.compile(
    r"[$€£¥~≈]?\s*([+-]?\d[\d_,]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*[^\d\s.,:/-][^\d,:/]{0,20}\Z|[$€£¥]\s*([+-]?\d[\d,]*(?:\.\d+)?)\Z"
)
_YAML_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_YAML_NUMBER = re.compile(r"(?:[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?|0o[0-7]+|0x[\da-fA-F]+)\Z")
_NEGATIONS = ("in", "un", "non", "not", "no", "dis", "im", "ir", "il", "de", "mis", "anti")
_DESCRIPTION = re.compile(r"\s*(?::|\s[-–—(]|[–—])\s*")
_MARKS = " \t\r\n*_`'\".,;!"
_NEGATED = re.compile(
    r"n['’]t\b|\b(?:not|no|never|neither|nor|without|except|cannot|rather|instead|than)\b", re.IGNORECASE
)
_LONGEST_SENTENCE = 500
MISSING = object()


def strict(raw: str) -> Any:
    """The value of a number or literal of JSON; `MISSING` if it is none."""
    if raw in _LITERALS:
        return _LITERALS[raw]
    found = _STRICT.match(raw)
    if found is None:
        return MISSING
    try:
        return int(raw) if found.lastindex is None else float(raw)
    except ValueError:  # more digits than Python converts
        return MISSING


def of_yaml(raw: str) -> Any:
    """The value of a plain scalar (YAML 1.2.2, 10.3: core schema). Numbers that JSON does not have stay text."""
    if raw in ("", "~", "null", "Null", "NULL"):
        return None
    if raw in _YAML_BOOLEANS:
        return _YAML_BOOLEANS[raw]
    if _YAML_NUMBER.match(raw) is None:
        return raw
    try:
        if raw.startswith(("0o", "0x")):
            return int(raw, 0)
        return int(raw) if re.fullmatch(r"[-+]?\d+", raw) else float(raw)
    except ValueError:
        return raw


def bare(raw: str) -> Meaning | None:
    """What a word without quotes means that is not JSON; None if it is just text."""
    low = raw.lower()
    if low in _FOREIGN and (raw in (low, low.capitalize(), low.upper())):
        sure = low not in ("nil", "undefined")
        return _FOREIGN[low], "lossless" if sure else "guessed", f"{raw} is {_spelled(_FOREIGN[low])}"
    if low.lstrip("+-") in _NOT_FINITE:
        return None, "dropped", f"JSON has no {raw}: null stands for it"
    return number(raw)


def number(raw: str) -> Meaning | None:
    """What a number in other than JSON's spelling means."""
    if _TOLERANT.match(raw) is None:
        return None
    digits = raw.replace("_", "").rstrip("n")
    grade: Grade = "lossless"
    reason = "a number in another spelling"
    if "," in digits:
        digits, reason = digits.replace(",", ""), "a number with separators"
    sign = -1 if digits.startswith("-") else 1
    body = digits.lstrip("+-")
    try:
        if body[:2].lower() in ("0x", "0o", "0b"):
            return sign * int(body, 0), grade, reason
        if body[0] == "0" and body[1:2].isdigit():
            grade, reason = "guessed", "leading zeros: read as a decimal number"
        cut = re.sub(r"[eE][+-]?\Z", "", body)
        if cut != body:
            body, grade, reason = cut, "guessed", "an exponent without digits"
        if body.isdigit():
            return sign * int(body), grade, reason
        if body.endswith(".") and body[:-1].isdigit():
            return sign * float(body), grade, reason
        value = sign * float(body)
    except ValueError:
        return None
    return value, grade, reason


def with_unit(raw: str) -> Meaning | None:
    """The number in a text such as `5 kg` or `$3.50`."""
    found = _WITH_UNIT.match(raw.strip())
    if found is None:
        return None
    meant = number(found.group(1) or found.group(2))
    value = strict((found.group(1) or found.group(2)).replace(",", "").replace("_", ""))
    if value is MISSING:
        value = meant[0] if meant else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value, "guessed", f"the number of {raw.strip()!r}, without its unit"
    return None


def converted(raw: str, kinds: frozenset[str]) -> Meaning | None:
    """Returns the value of a text as one of some types, if it means the same."""
    text = raw.strip()
    low = text.lower()
    found = _converted_number(text, kinds) if kinds & {"integer", "number"} else None
    if found is not None:
        return found
    if "boolean" in kinds and low in _TRUE:
        return True, "lossless", f"{text!r} is true"
    if "boolean" in kinds and low in _FALSE:
        return False, "lossless", f"{text!r} is false"
    if "null" in kinds and low in _NULL:
        return None, "lossless", f"{text!r} is null"
    return None


def _converted_number(text: str, kinds: frozenset[str]) -> Meaning | None:
    value = strict(text)
    if value is MISSING or value is None or isinstance(value, bool):
        found = number(text) or with_unit(text)
    else:
        found = value, "lossless", "a number in quotes"
    if found is None or "number" in kinds:
        return found
    is_whole = isinstance(found[0], int) or float(found[0]).is_integer()
    return (int(found[0]), *found[1:]) if is_whole else None


def spelled_alike(name: str, candidates: list[str]) -> tuple[str, Grade] | None:
    """The candidate that `name` must mean.

    It is the same but for case, spaces and `_-`, or a small edit distance away with no rival.
    """
    plain = _plain(name)
    same = [candidate for candidate in candidates if _plain(candidate) == plain]
    if len(same) == 1:
        return same[0], "lossless"
    if same or len(plain) < 4:
        return None
    most = 1 if len(plain) < 7 else 2
    near = sorted(
        (distance, candidate)
        for candidate in candidates[:200]
        if abs(len(candidate) - len(name)) <= most + 4
        and (distance := _distance(plain, _plain(candidate), most)) <= most
    )
    if any(_negates(plain, _plain(candidate)) for _, candidate in near):
        return None
    if near and (len(near) == 1 or near[1][0] > near[0][0]):
        return near[0][1], "guessed"
    return None


def named_in(text: str, candidates: list[str]) -> str | None:
    """The only candidate that a text names: before its description (`RED: the stop`), in marks, or in a sentence.

    None if several are named, or if anything in the text is negated.
    """
    head = _plain(_DESCRIPTION.split(text.strip(), maxsplit=1)[0].strip(_MARKS))
    heads = [candidate for candidate in candidates if _plain(candidate) == head]
    if len(heads) == 1:
        return heads[0]
    if len(text) > _LONGEST_SENTENCE or _NEGATED.search(text) is not None:
        return None
    named = [
        one
        for one in candidates
        if len(one) > 1 and re.search(rf"(?<!\w){re.escape(one)}(?!\w)", text) is not None
    ]
    return named[0] if len(named) == 1 else None


def _negates(a: str, b: str) -> bool:
    """Returns True if one name is the other with a prefix that turns its meaning around: `invalid` and `valid`."""
    return any(
        longer.startswith(prefix)
        and not shorter.startswith(prefix)
        and longer[len(prefix) :][:3] == shorter[:3]
        for longer, shorter in ((a, b), (b, a))
        for prefix in _NEGATIONS
    )


def _plain(name: str) -> str:
    return re.sub(r"[\s_\-.]+", "", name).casefold()


def _distance(a: str, b: str, most: int) -> int:
    """Edit distance with transpositions (optimal string alignment), or more than `most`."""
    if abs(len(a) - len(b)) > most or max(len(a), len(b)) > 100:
        return most + 1
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[-1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def _spelled(value: Any) -> str:
    return {True: "true", False: "false", None: "null"}[value]
