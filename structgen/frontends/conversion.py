"""as_constraint(): a constraint of what people have. Wherever structgen takes a constraint, it takes these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from inspect import isroutine
from typing import Any

from structgen.constraint import Constraint, remembers_arguments
from structgen.constraint import compile as compile_constraint
from structgen.errors import InvalidConstraintError, InvalidSchemaError
from structgen.frontends.choice import choice
from structgen.frontends.json_schema.build import json_schema
from structgen.frontends.regex import regex
from structgen.grammar.rules import Grammar
from structgen.limits import LIMITS, Limits
from structgen.matcher import CompiledGrammar
from structgen.options import check_option
from structgen.vocabulary import Vocabulary

TAKEN = (
    "a Constraint (of structgen.json_schema, regex, lark, sql, choice, ...), a JSON Schema as a dict, a boolean or "
    "JSON text, a Python type or annotation (a pydantic model, dataclass, TypedDict, Enum, Literal, list[int], ...), a "
    "function (its arguments), a compiled re.Pattern, or a list of texts to choose from"
)


def as_constraint(source: Any, **options: Any) -> Constraint:
    """A constraint of what you have.

    Args:
        source: a `Constraint`, which stays as it is; a JSON Schema as a dict, a boolean or JSON text; a Python type or
            an annotation: a pydantic model, dataclass, TypedDict, NamedTuple, Enum, `Literal`, `list[int]`,
            `Annotated[...]`, `datetime`, ...; a function, which stands for an object of its arguments; a compiled
            `re.Pattern`; or a list, tuple or set of texts, of which the text is one.
        options: of the function that makes it: `json_schema` for schemas, types and functions, `regex` for patterns.

    Returns:
        The constraint. The value of a type is an instance of it, that of a function a dict for `function(**value)`.
        Types are closed: only their own properties are written, unless the type says otherwise (pydantic's
        `extra="allow"`). Schemas are what the specification says; `closed=True` closes them.

    Raises:
        InvalidConstraintError: It is none of these, or options were given that do not go with it.
        InvalidSchemaError: The schema or the type is malformed, or JSON cannot carry the type.
        InvalidOptionError: An option has a value that it may not have.

    >>> as_constraint(["yes", "no"])
    <Constraint choice of 2 texts>
    >>> as_constraint(list[int]).validate("[1, 2]")
    [1, 2]
    """
    if isinstance(source, Constraint):
        _without_options(source, options, "a Constraint is made already")
        return source
    if isinstance(source, Grammar):
        _without_options(source, options, "a Grammar has none")
        return of_grammar(source)
    if isinstance(source, re.Pattern):
        if isinstance(source.pattern, bytes):
            raise InvalidConstraintError(source, "must be a pattern of text, not of bytes")
        return _made(regex, source, options)
    if isinstance(source, (list, tuple, set, frozenset)):
        return _of_texts(source, options)
    if isinstance(source, (str, bytes)):
        return _of_text(source, options)
    if isinstance(source, (dict, bool)):
        return _made(json_schema, source, options)
    if isinstance(source, Mapping):
        return _made(json_schema, dict(source), options)
    return _of_type(source, options)


@remembers_arguments
def of_grammar(grammar: Grammar) -> Constraint:
    """The texts of a grammar."""
    return Constraint(grammar)


def compile(
    constraint: Any, vocabulary: Vocabulary | Any, *, limits: Limits | None = None
) -> CompiledGrammar:
    """Compile a constraint for a vocabulary: what a logits processor or a decoding loop of your own needs.

    Args:
        constraint: a constraint, or what `as_constraint` makes one of.
        vocabulary: a `Vocabulary`, or a tokenizer to take it from (`Vocabulary.from_tokenizer`).
        limits: what compiling and masking may cost; by default those of the constraint.

    Returns:
        The compiled grammar; of one constraint and vocabulary always the same object.

    Raises:
        InvalidGrammarError: The grammar is not well formed, or no text can match.
        InvalidConstraintError: `constraint` is nothing that a constraint can be made of.
        InvalidOptionError: `limits` is something else.
        VocabularyError: The tokenizer cannot be mapped to bytes.
        LimitExceeded: It costs more than the limits allow.

    >>> import structgen
    >>> matcher = compile(structgen.choice(["yes", "no"]), Vocabulary.of_bytes()).matcher()
    >>> matcher.advance(ord("y"))
    >>> bytes(matcher.forced_tokens())
    b'es'
    """
    check_option("limits", limits, LIMITS)
    if not isinstance(constraint, (Constraint, Grammar)):
        constraint = as_constraint(constraint)
    return compile_constraint(constraint, vocabulary, limits=limits)


def _without_options(source: Any, options: Mapping[str, Any], why: str) -> None:
    if options:
        raise InvalidConstraintError(source, f"cannot be combined with options ({', '.join(options)}): {why}")


def _made(function: Any, source: Any, options: Mapping[str, Any]) -> Constraint:
    try:
        return function(source, **options)  # type: ignore[no-any-return]
    except TypeError as error:
        if "unexpected keyword argument" not in str(error):
            raise
        raise InvalidConstraintError(source, f"cannot be combined with these options: {error}") from None


def _of_texts(source: Any, options: Mapping[str, Any]) -> Constraint:
    if not source or not all(isinstance(one, str) for one in source):
        raise InvalidConstraintError(
            source, "must be a list of texts to choose from, at least one, if it is a list"
        )
    texts = sorted(source) if isinstance(source, (set, frozenset)) else list(source)
    _without_options(source, options, "a choice has none")
    return choice(texts)


def _of_text(source: str | bytes, options: Mapping[str, Any]) -> Constraint:
    try:
        return _made(json_schema, source, options)
    except InvalidSchemaError as error:
        start = source.lstrip()[:1]
        if start in ("{", "[", b"{", b"["):
            raise
        reason = (
            f"must be the JSON text of a schema, if it is a text ({error.reason}); pass re.compile(text) for a "
            f"pattern, [text] for this text itself"
        )
        raise InvalidConstraintError(source, reason) from None


def _of_type(source: Any, options: Mapping[str, Any]) -> Constraint:
    is_annotation = type(source).__module__ in (
        "typing",
        "typing_extensions",
        "types",
        "pydantic.type_adapter",
    )
    if not (isinstance(source, (type, partial)) or is_annotation or isroutine(source)):
        raise InvalidConstraintError(source, f"must be {TAKEN}")
    return _made(json_schema, source, options)
