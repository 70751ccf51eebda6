"""Strings: their shapes become terminals, or expressions over characters."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from functools import lru_cache

from structgen.errors import InvalidRegexError
from structgen.frontends.json_schema import strings
from structgen.frontends.json_schema.documents.findings import Findings
from structgen.frontends.json_schema.documents.json_types import STRING
from structgen.frontends.json_schema.emission.bounds import Bounds, Limits, tightest
from structgen.frontends.json_schema.emission.listed import ListedValues
from structgen.frontends.json_schema.normalization.normalizer import Normalizer
from structgen.frontends.json_schema.shapes.schema import Conjunction
from structgen.frontends.json_schema.shapes.shape import Alternative, Shape, Tally, are_deferred, types_of
from structgen.frontends.json_schema.strings.matching import is_possible
from structgen.frontends.json_schema.style import Style
from structgen.grammar.expressions import (
    ANY_TEXT,
    EMPTY,
    Complement,
    Concat,
    Expression,
    Intersection,
    Literal,
    Union,
    union,
)
from structgen.grammar.rules import Terminal

_Keywords = tuple[tuple[str, ...], ...]
"""Patterns, formats, patterns and formats that must not match, and texts that the string must not be."""


class StringRules:
    """Makes the terminals of strings."""

    def __init__(
        self, normalizer: Normalizer, listed: ListedValues, findings: Findings, style: Style
    ) -> None:
        self._normalizer = normalizer
        self._listed = listed
        self._findings = findings
        self._style = style

    def rule(self, shapes: Alternative) -> Terminal | None:
        """The strings that have some shapes; None if there are none."""
        bounds = self._bounds(shapes)
        keywords = self._keywords(shapes)
        if bounds is None:
            return None
        spelling = self._style.spelling
        if are_deferred(shapes):
            texts = self._texts_of_shapes(shapes)
            return None if texts is None else strings.text_string(texts, 0, None, "a string", spelling)
        if not any(keywords):
            return strings.string(*bounds, spelling)
        found = strings.matching_string(*keywords, *bounds, spelling)
        if is_empty(found.expression) or _contradict(keywords):
            self._findings.empty(shapes[-1].origin, None, "no string satisfies all that is required")
            return None
        return found

    def texts(self, schemas: Conjunction) -> Expression | None:
        """The texts of the strings that satisfy some schemas, as characters; None if there are none."""
        found = [self._texts(shapes) for shapes in self._normalizer.conjunction(schemas)]
        parts = [one for one in found if one is not None]
        return union(*parts) if parts else None

    def is_enforced(self, origin: object, keyword: str, pattern: str) -> bool:
        """Returns True if a pattern can be enforced. If it cannot, that is noted.

        Raises:
            InvalidSchemaError: It is malformed.
        """
        try:
            strings.parse_pattern(pattern)
        except InvalidRegexError as error:
            reason = f"{error.reason} at offset {error.position}"
            if strings.judged_by_re(pattern) is None:
                raise self._normalizer.reader.document.invalid(origin, keyword, reason) from None
            self._findings.unsupported(origin, keyword, reason)
            return False
        return True

    def _bounds(self, shapes: Alternative) -> Bounds | None:
        limits = [
            Limits(shape.origin, shape.strings.min_length, shape.strings.max_length)
            for shape in shapes
            if shape.strings is not None
        ]
        return tightest(
            self._findings, limits, "minLength", "maxLength", shapes[-1].origin if shapes else None
        )

    def _keywords(self, shapes: Alternative) -> _Keywords:
        """What is said apart from lengths, without patterns that cannot be enforced."""
        patterns: dict[str, None] = {}
        formats: dict[str, None] = {}
        not_patterns: dict[str, None] = {}
        not_formats: dict[str, None] = {}
        excluded: dict[str, None] = {}
        for shape in shapes:
            if shape.strings is not None:
                patterns.update(self._enforced(shape, shape.strings.patterns))
                not_patterns.update(self._enforced(shape, shape.strings.not_patterns))
                formats.update(dict.fromkeys(shape.strings.formats))
                not_formats.update(dict.fromkeys(shape.strings.not_formats))
            for value in shape.excluded:
                if isinstance(value, str) and not strings.has_lone_surrogate(value):
                    excluded[value] = None
        return tuple(map(tuple, (patterns, formats, not_patterns, not_formats, excluded)))

    def _enforced(self, shape: Shape, patterns: Iterable[str]) -> dict[str, None]:
        return {one: None for one in patterns if self.is_enforced(shape.origin, "pattern", one)}

    def _texts(self, shapes: Alternative) -> Expression | None:
        """The texts of the strings that have some shapes."""
        if not types_of(shapes) & STRING:
            return None
        listed = self._listed.of(shapes)
        if listed is None:
            return self._texts_of_shapes(shapes)
        texts = [one for one in listed if isinstance(one, str) and not strings.has_lone_surrogate(one)]
        return union(*map(Literal, texts)) if texts else None

    def _texts_of_shapes(self, shapes: Alternative) -> Expression | None:
        """The texts of the strings that have some shapes without `enum` and `const`."""
        bounds = self._bounds(shapes)
        if bounds is None:
            return None
        keywords = self._keywords(shapes)
        tallies = [tally for shape in shapes for tally in shape.deferred]
        parts = [strings.texts(*keywords)] if any(keywords) or not tallies else []
        parts += [self._tallied(tally) for tally in tallies]
        return strings.bounded(parts[0] if len(parts) == 1 else Intersection(tuple(parts)), *bounds)

    def _tallied(self, tally: Tally) -> Expression:
        """The texts that are in as many groups as a tally says."""
        found = [union(*[self._texts(one) or EMPTY for one in group]) for group in tally.groups]
        parts = [] if tally.least == 0 else [_at_least(found, tally.least)]
        parts += [] if tally.most is None else [Complement(_at_least(found, tally.most + 1))]
        return parts[0] if len(parts) == 1 else Intersection(tuple(parts)) if parts else ANY_TEXT


def is_empty(expression: Expression) -> bool:
    """Returns True if it is plain to see that no text is in an expression. False means unknown."""
    if isinstance(expression, Concat):
        return any(is_empty(part) for part in expression.parts)
    if isinstance(expression, Union):
        return all(is_empty(part) for part in expression.parts)
    return False


def _at_least(found: Sequence[Expression], least: int) -> Expression:
    if least == 1:
        return union(*found)
    return union(*[Intersection(some) for some in itertools.combinations(found, least)])


@lru_cache(maxsize=1024)
def _contradict(keywords: _Keywords) -> bool:
    """Returns True if patterns and formats that must all hold surely have no text in common.

    The engine searches for one within limits. If it takes longer, the engine decides when the grammar is compiled.
    """
    patterns, formats, not_patterns, not_formats, _ = keywords
    if len(patterns) + len(formats) + len(not_patterns) + len(not_formats) < 2:
        return False
    return not is_possible(strings.texts(*keywords))
