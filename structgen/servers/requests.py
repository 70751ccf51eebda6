"""The constraint of a request, by its kind and text. What servers of the OpenAI API have in common.

    json         a JSON Schema, as text
    json_object  any JSON object
    regex        a pattern as of Python's re
    choice       a JSON array of texts
    grammar      a grammar of Lark or in GBNF; the name of one of structgen's library; or the form of any constraint
                 (docs/forms.md): YAML, SQL, compositions, options
    structural_tag
                 a structural tag, as JSON

Requests come from strangers. No file is read, and what a constraint may cost is bounded by `LIMITS`.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from threading import Lock
from typing import Any, Final

from structgen.calling.structural import structural_tag
from structgen.constraint import Constraint
from structgen.errors import InvalidFormError, InvalidGrammarError, InvalidOptionError
from structgen.frontends.choice import choice
from structgen.frontends.gbnf import gbnf
from structgen.frontends.json_schema import json_schema
from structgen.frontends.lark import lark
from structgen.frontends.library import library
from structgen.frontends.regex import regex
from structgen.frontends.stored import from_json
from structgen.limits import Limits

LIMITS: Final = Limits()
KINDS: Final = ("json", "json_object", "regex", "choice", "grammar", "structural_tag")
_KEPT_BYTES = 64 * 1024 * 1024
_CONSTRAINT = 16 * 1024  # bytes that a constraint takes at least
_BYTES_PER_LETTER = 16  # of a request: what its constraint takes, roughly


class Constraints:
    """The constraints of the requests that came last.

    Args:
        capacity: bytes that they may take.
    """

    def __init__(self, capacity: int = _KEPT_BYTES) -> None:
        self._capacity = capacity
        self._size = 0
        self._kept: OrderedDict[tuple[str, str], Constraint] = OrderedDict()
        self._lock = Lock()

    def get(self, kind: str, text: str) -> Constraint:
        """The constraint of a request.

        Raises:
            StructgenError: What is wrong with it.
        """
        key = kind, text
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = make_constraint(kind, text)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._size += _size(text)
            while self._size > self._capacity and len(self._kept) > 1:
                (_, old), _ = self._kept.popitem(last=False)
                self._size -= _size(old)
        return made

    def __len__(self) -> int:
        return len(self._kept)


def make_constraint(kind: str, text: str) -> Constraint:
    """The constraint of a request, made now.

    Raises:
        StructgenError: What is wrong with it.
    """
    if kind == "json":
        return json_schema(text, limits=LIMITS)
    if kind == "json_object":
        return json_schema({"type": "object"}, limits=LIMITS)
    if kind == "regex":
        return regex(text, limits=LIMITS)
    if kind == "choice":
        return choice(_texts(text))
    if kind == "grammar":
        return _grammar(text)
    if kind == "structural_tag":
        return _structural_tag(text)
    raise InvalidOptionError("kind", kind, f"must be one of {', '.join(KINDS)}")


def _size(text: str) -> int:
    return _CONSTRAINT + _BYTES_PER_LETTER * len(text)


def _texts(text: str) -> list[str]:
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise InvalidOptionError("choice", found, "must be a list of texts")
    return found


def _grammar(text: str) -> Constraint:
    form = _form(text)
    if form is not None:
        return from_json(form, limits=LIMITS)
    name = text.strip()
    if "::=" in text:
        return gbnf(text)
    if name not in library() and ":" not in name:
        raise InvalidGrammarError(
            f"{name!r:.200} is neither a grammar in the syntax of Lark nor the name of one; the names are "
            f"{', '.join(sorted(library()))}"
        )
    if name in library():
        return lark(name, limits=LIMITS)
    return from_json({"structgen": 1, "kind": "lark", "grammar": text}, limits=LIMITS)


def _structural_tag(text: str) -> Constraint:
    try:
        tag = json.loads(text)
    except ValueError as error:
        raise InvalidFormError("#", f"a structural tag is JSON: {error}") from None
    if not isinstance(tag, dict):
        raise InvalidFormError("#", "a structural tag is a JSON object")
    return structural_tag(tag)


def _form(text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if not isinstance(found, dict) or "structgen" not in found:
        raise InvalidFormError(
            "#", "a grammar that is a JSON object must be the form of a constraint (docs/forms.md)"
        )
    return found
