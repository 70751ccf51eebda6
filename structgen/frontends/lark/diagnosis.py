"""What is wrong, or may surprise, in a grammar: found before anything is generated.

`diagnose` gives everything as a list, for people and editors; `lark` itself raises only for what it can't work with.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from structgen.errors import EmptyLanguageError, InvalidGrammarError, LimitExceeded
from structgen.frontends.lark.build import lark
from structgen.frontends.lark.dialect import diagnose_dialect, is_dialect
from structgen.frontends.lark.first_match import Survey
from structgen.frontends.lark.loading import Loaded, load
from structgen.frontends.lark.sources import Source, find_source, tokens
from structgen.vocabulary import Vocabulary

Kind = Literal["error", "empty", "limit", "unfinished", "unused", "collision", "rewritten"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing to know about a grammar.

    Attributes:
        kind: "error": the grammar cannot be used. "empty": no text matches it. "limit": it needs more than the limits
            allow. "unfinished": a rule that no text can finish. "unused": a rule or a terminal that the start does not
            need. "collision": two terminals that match the same text, and may both
            be looked for at one place. "rewritten": what a mask cannot do as it is written, and what it does instead.
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
        """True if the grammar cannot be used at all."""
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
    found = list(_failures(grammar, start, options))
    text = find_source(grammar).text if not found else ""
    if is_dialect(text):
        return [Diagnosis(*one) for one in diagnose_dialect(text, start)]
    terminals = options.get("terminals") or {}
    try:
        loaded = load(find_source(grammar), start, options.get("import_paths", ()), terminals)
        survey = Survey(loaded, strict=False)
    except InvalidGrammarError:
        return found
    formulas = [value for value in terminals.values() if isinstance(value, str)]
    known = {(one.line, one.column) for one in found}
    unfinished = [one for one in _unfinished(loaded, survey) if (one.line, one.column) not in known]
    warnings = [*unfinished, *_unused(loaded, formulas), *_collisions(loaded, survey)]
    return found + sorted(warnings, key=lambda one: (one.line or 0, one.column or 0))


def _failures(grammar: str | os.PathLike[str], start: str, options: Mapping[str, Any]) -> Iterator[Diagnosis]:
    """Why the grammar cannot be used."""
    try:
        lark(grammar, start=start, **options).compile(Vocabulary.of_bytes())
    except (InvalidGrammarError, LimitExceeded) as error:
        line, column = getattr(error, "line", None), getattr(error, "column", None)
        kind: Kind = "error"
        if isinstance(error, (EmptyLanguageError, LimitExceeded)):
            kind = "empty" if isinstance(error, EmptyLanguageError) else "limit"
        message = str(error).split(": ", 1)[1] if line is not None else str(error)
        yield Diagnosis(kind, message, line, column)


def _at(source: Source, kind: Kind, message: str, name: str, example: str = "") -> Diagnosis:
    place = source.place(name.partition("{")[0])
    if place is None:
        return Diagnosis(kind, message, example=example)
    return Diagnosis(kind, message, place.line, place.column, example)


def _unfinished(loaded: Loaded, survey: Survey) -> Iterator[Diagnosis]:
    for name in survey.unfinished():
        reason = f"the rule {name} never finishes: each of its alternatives needs another one"
        yield _at(loaded.source, "unfinished", reason, name)


def _unused(loaded: Loaded, formulas: Iterable[str]) -> Iterator[Diagnosis]:
    needs: dict[str, set[str]] = {}
    for name, body in loaded.source.definitions:
        needs.setdefault(str(name), set()).update(map(str, tokens(body)))
    used = {loaded.start, *loaded.ignored}
    waiting = [*used, *(name for formula in formulas for name in re.findall(r"\w+", formula))]
    while waiting:
        for needed in needs.get(waiting.pop(), ()):
            if needed not in used:
                used.add(needed)
                waiting.append(needed)
    for token, _ in loaded.source.definitions:
        if str(token) not in used:
            reason = f"the rule {loaded.start} does not need {token}"
            yield Diagnosis("unused", reason, token.line, token.column)


def _collisions(loaded: Loaded, survey: Survey) -> Iterator[Diagnosis]:
    for name, other, example in survey.shared():
        shown, taken = loaded.shown(name), loaded.shown(other)
        message = f"{shown} and {taken} both match {example!r}; a contextual lexer takes {taken}"
        yield _at(loaded.source, "collision", message, name, example)
