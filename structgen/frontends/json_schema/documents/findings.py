"""Findings: what a compilation has to say about a schema: keywords that are not enforced, and why places are empty.

Nothing is raised half-way, so that one error can list every problem. A finding names a schema object of the document;
JSON Pointers are looked up only when somebody asks.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from structgen.errors import Problem
from structgen.frontends.json_schema.documents.document import Document
from structgen.frontends.json_schema.documents.keywords import COMBINATORS

_MOST_CAUSES = 8


class Cause(NamedTuple):
    """Why no value can be at a place.

    Attributes:
        origin: the schema object at fault.
        keyword: the keyword at fault, or None.
        reason: in words.
        inner: the cause of the cause: why a place inside is empty.
    """

    origin: object
    keyword: str | None
    reason: str
    inner: Cause | None


class _Unenforced(NamedTuple):
    origin: object
    keyword: str
    reason: str


class Findings:
    """Collects the findings of one compilation.

    Attributes:
        strict: what is not enforced is an error.
        count: how many causes were noted so far.
    """

    def __init__(self, document: Document, *, strict: bool) -> None:
        self.strict = strict
        self.count = 0
        self._document = document
        self._unenforced: dict[tuple[int, str], _Unenforced] = {}
        self._out_of_reach: dict[tuple[int, str], _Unenforced] = {}
        self._causes: list[Cause] = []
        self._cause_of: dict[Hashable, Cause] = {}

    # What is not enforced

    def unsupported(self, origin: object, keyword: str | None, reason: str) -> None:
        """A keyword constrains and is not enforced.

        Args:
            origin: the schema object that has it.
            keyword: its name. If it is None or the schema has no such keyword, a combinator of the schema is named.
            reason: why it is not enforced.
        """
        self._note(self._unenforced, origin, keyword, reason)

    def is_out_of_reach(self, origin: object, keyword: str, reason: str) -> bool:
        """A keyword requires what no text can hold. Returns True if its place is empty then, False if it is dropped."""
        if not self.strict:
            self.unsupported(origin, keyword, reason)
            return False
        self._note(self._out_of_reach, origin, keyword, reason)
        self.empty(origin, keyword, reason)
        return True

    def _note(
        self, notes: dict[tuple[int, str], _Unenforced], origin: object, keyword: str | None, reason: str
    ) -> None:
        original = self._document.original(origin)
        keywords = original if isinstance(original, dict) else {}
        if keyword is None or keyword not in keywords:
            keyword = next((one for one in keywords if one in COMBINATORS), next(iter(keywords), ""))
        notes.setdefault((id(original), keyword), _Unenforced(original, keyword, reason))

    def problems(self, *, out_of_reach: bool) -> tuple[Problem, ...]:
        """What is not enforced, in the order of the document.

        Args:
            out_of_reach: include keywords that require what no text can hold: nothing else explains an empty schema.
        """
        found = [*self._unenforced.values()]
        if out_of_reach:
            found += [one for key, one in self._out_of_reach.items() if key not in self._unenforced]
        if not found:
            return ()
        located = self._document.locate(
            [(one.origin, (one.keyword,) if one.keyword else ()) for one in found]
        )
        ordered = sorted(zip(located, found, strict=True), key=lambda one: one[0][0])
        return tuple(dict.fromkeys(Problem(pointer, one.reason) for (_, pointer), one in ordered))

    # Why places are empty

    def empty(self, origin: object, keyword: str | None, reason: str, inside: Hashable | None = None) -> None:
        """No value can be at a place.

        Args:
            origin: the schema object at fault.
            keyword: the keyword at fault, or None.
            reason: in words.
            inside: the place inside it that is empty, if that is why.
        """
        self.count += 1
        self._causes.append(Cause(origin, keyword, reason, self._cause_of.get(inside)))

    def set_cause(self, place: Hashable, since: int) -> None:
        """The last cause explains an empty place, if it was noted after there were `since` of them."""
        if len(self._causes) > since:
            self._cause_of[place] = self._causes[-1]

    def share_cause(self, place: Hashable, other: Hashable) -> None:
        """What explains that `other` is empty explains it of `place`, too."""
        if other in self._cause_of:
            self._cause_of[place] = self._cause_of[other]

    def why_empty(self, *, is_contradiction: bool) -> str:
        """Why no value satisfies the whole schema.

        Args:
            is_contradiction: no value is possible; otherwise every value would have to contain another one.
        """
        if not is_contradiction or not self._causes:
            return "no value satisfies the schema: it requires a value inside itself without end"
        lines: list[str] = []
        cause: Cause | None = self._causes[-1]
        while cause is not None and len(lines) < _MOST_CAUSES:
            steps = () if cause.keyword is None else (cause.keyword,)
            lines.append(f"{self._document.pointer(cause.origin, *steps)}: {cause.reason}")
            cause = cause.inner
        return "no value satisfies the schema: " + "; ".join(dict.fromkeys(lines))
