"""What is wrong, or may surprise, in a grammar: found before anything is generated.

`diagnose` gives everything as a list, for people and editors; `lark` itself raises only for what it can't work with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from structgen.errors import EmptyLanguageError, InvalidGrammarError, LimitExceeded
from structgen.frontends.lark.build import Prepared, lark, prepare
from structgen.frontends.lark.sources import tokens
from structgen.frontends.lark.texts import Texts
from structgen.grammar.expressions import intersection
from structgen.vocabulary import Vocabulary

Kind = Literal["error", "empty", "limit", "unfinished", "unused", "collision"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing to know about a grammar.

    Attributes:
        kind: "error": the grammar cannot be used. "empty": no text matches it. "limit": it needs more than the limits
            allow. "unfinished": a rule that no text can finish. "unused": a rule or a terminal that the start does not
            need. "collision": two terminals that match the same text, and may both
            be looked for at one place.
        message: in words; of a collision, with a text that both match, and what is taken.
        line: where, from 1; None if it has no place in the text (what is imported).
        column: where, from 1.
        example: of a collision, the text; empty otherwise.
    """

    kind: Kind
    message: str
    line: int | None = None
    column: int | None = None
    example: str = ""

    @property
    def is_fatal(self) -> bool:
        """Whether the grammar cannot be used at all."""
        return self.kind in ("error", "empty", "limit")

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line}, column {self.column}: "
        return f"{place}{self.kind}: {self.message}"


def diagnose(grammar: str | os.PathLike[str], *, start: str = "start", **options: Any) -> list[Diagnosis]:
    r"""What is wrong, or may surprise, in a grammar.

    Args:
        grammar: as for `lark`.
        start: the rule that the whole text must match.
        options: as for `lark`.

    Returns:
        What was found; errors first, then in the order of the text.

    >>> [str(found) for found in diagnose('start: A B\nA: /[a-z]/\nB: "b"\nC: "c"\n')]
    ['line 4, column 1: unused: the rule start does not need C']
    """
    found: list[Diagnosis] = []
    try:
        lark(grammar, start=start, **options).compile(Vocabulary.of_bytes())
    except (InvalidGrammarError, LimitExceeded) as error:
        line, column = getattr(error, "line", None), getattr(error, "column", None)
        kind: Kind = "error"
        if isinstance(error, (EmptyLanguageError, LimitExceeded)):
            kind = "empty" if isinstance(error, EmptyLanguageError) else "limit"
        message = str(error).split(": ", 1)[1] if line is not None else str(error)
        found.append(Diagnosis(kind, message, line, column))
    try:
        prepared = prepare(
            grammar, start, options.get("import_paths", ()), options.get("terminals") or {}, False
        )
    except InvalidGrammarError:
        return found
    warnings = [*_unfinished(prepared), *_unused(prepared), *_collisions(prepared)]
    known = {(one.line, one.column) for one in found}
    warnings = [one for one in warnings if one.kind != "unfinished" or (one.line, one.column) not in known]
    return found + sorted(warnings, key=lambda one: (one.line or 0, one.column or 0))


def _at(prepared: Prepared, kind: Kind, message: str, name: str, example: str = "") -> Diagnosis:
    place = prepared.loaded.source.place(name.partition("{")[0])
    if place is None:
        return Diagnosis(kind, message, example=example)
    return Diagnosis(kind, message, place.line, place.column, example)


def _unfinished(prepared: Prepared) -> Iterator[Diagnosis]:
    for name, body in prepared.skeleton.items():
        if not prepared.adjacency.edges(body).finishes:
            reason = f"the rule {name} never finishes: each of its alternatives needs another one"
            yield _at(prepared, "unfinished", reason, name)


def _unused(prepared: Prepared) -> Iterator[Diagnosis]:
    source = prepared.loaded.source
    used = {prepared.loaded.start, *prepared.loaded.ignored}
    waiting = list(used)
    needs: dict[str, set[str]] = {}
    for name, body in source.definitions:
        needs.setdefault(str(name), set()).update(map(str, tokens(body)))
    for formula in prepared.formulas:
        waiting += re.findall(r"\w+", formula)
    while waiting:
        for needed in needs.get(waiting.pop(), ()):
            if needed not in used:
                used.add(needed)
                waiting.append(needed)
    for token, _ in source.definitions:
        if str(token) not in used:
            reason = f"the rule {prepared.loaded.start} does not need {token}"
            yield Diagnosis("unused", reason, token.line, token.column)


def _collisions(prepared: Prepared) -> Iterator[Diagnosis]:
    lexicon, shown = prepared.lexicon, prepared.loaded.shown
    for name, others in lexicon.collisions.items():
        for other, collision in others.items():
            if not collision.same or lexicon.priorities[name] > lexicon.priorities[other]:
                continue
            both = intersection(lexicon.texts[name].expression, lexicon.texts[other].expression)
            example = Texts(both).shortest
            taken = shown(other)
            message = f"{shown(name)} and {taken} both match {example!r}; a contextual lexer takes {taken}"
            yield _at(prepared, "collision", message, name, example)
