"""Compilation: a document becomes a grammar, and a list of what the grammar does not enforce."""

from __future__ import annotations

from structgen.errors import EmptyLanguageError, InvalidSchemaError, Problem, UnsupportedSchemaError
from structgen.frontends.json_schema.documents.document import Document
from structgen.frontends.json_schema.documents.findings import Findings
from structgen.frontends.json_schema.documents.scopes import (
    DynamicReference,
    TooManyScopes,
    resolve_scopes,
)
from structgen.frontends.json_schema.emission.emitter import Emitter
from structgen.frontends.json_schema.normalization.normalizer import Normalizer
from structgen.frontends.json_schema.shapes.reader import Reader
from structgen.frontends.json_schema.style import Style
from structgen.grammar.rules import Grammar
from structgen.language.productive import is_productive


def compile_document(
    document: Document, style: Style, *, formats: bool, strict: bool
) -> tuple[Grammar, tuple[Problem, ...]]:
    """The grammar of a document, and what it does not enforce.

    Args:
        document: the schema.
        style: which of the texts of a value the mask writes.
        formats: `format` is an assertion.
        strict: what is not enforced is an error.

    Raises:
        InvalidSchemaError: The schema is malformed.
        UnsupportedSchemaError: It has keywords that are not enforced, and `strict` is set.
        EmptyLanguageError: No value satisfies it.
    """
    try:
        return _compile(document, document.root, style, formats=formats, strict=strict)
    except DynamicReference:
        try:
            root = resolve_scopes(document)
        except TooManyScopes:
            raise InvalidSchemaError("#", "dynamic references lead through too many scopes") from None
        return _compile(document, root, style, formats=formats, strict=strict)


def _compile(
    document: Document, root: object, style: Style, *, formats: bool, strict: bool
) -> tuple[Grammar, tuple[Problem, ...]]:
    findings = Findings(document, strict=strict)
    reader = Reader(document, formats=formats)
    emitter = Emitter(reader, Normalizer(reader, findings), findings, style)
    start = emitter.value((reader.defer(root),))
    rules = emitter.rules.by_name
    emitter.close()
    is_possible = start is not None and is_productive(start, rules)
    problems = findings.problems(out_of_reach=not is_possible)
    if strict and problems:
        raise UnsupportedSchemaError(problems)
    if start is None or not is_possible:
        raise EmptyLanguageError(findings.why_empty(is_contradiction=start is None))
    return style.format.grammar(start, rules), problems
