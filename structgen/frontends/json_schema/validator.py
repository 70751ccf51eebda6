"""Validation: parse a complete text into a value, or raise `InvalidText` with the position and what is wrong there.

The mask narrows: it knows one order of keys, bounded whitespace, one spelling of names. A validator does not: what the
schema allows is accepted, however it is laid out. Only where the grammar refuses a text, or leaves keywords unenforced,
`jsonschema` decides; it is imported then.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any

from structgen.errors import InvalidRegexError, InvalidSchemaError, InvalidText, Problem
from structgen.formats.format import DuplicateName, Format
from structgen.frontends.json_schema.documents.document import Document
from structgen.frontends.json_schema.documents.traversal import escape, subschemas
from structgen.frontends.json_schema.numbers import exact


class JsonValidator:
    """Validates the texts of one schema.

    Attributes:
        document: the schema.
        format: of the texts.
        complete: whether the mask enforces all of it.
        formats: whether `format` is enforced.
        instance: of a Python type: makes an instance of a text, its value, and whether it is JSON.
    """

    def __init__(
        self,
        document: Document,
        form: Format,
        *,
        complete: bool,
        formats: bool = False,
        registry: Any = None,
        instance: Callable[[str, Any, bool], Any] | None = None,
    ) -> None:
        self.document = document
        self.format = form
        self.complete = complete
        self.formats = formats
        self.instance = instance
        self._registry = registry
        self._validator: Any = None

    def __call__(self, text: str, error: InvalidText | None) -> Any:
        """The value of a text.

        Args:
            text: a complete text.
            error: what the grammar has against it.

        Raises:
            InvalidText: It is not JSON, or not what the schema says.
        """
        try:
            # What the grammar accepts may repeat a name that the schema does not declare; the last one counts.
            value = self.format.parse(text, distinct=error is not None)
        except DuplicateName as duplicate:
            assert error is not None
            raise InvalidText(text, error.position, str(duplicate), error.expected) from None
        except (ValueError, RecursionError) as failure:
            if error is not None:
                raise error from None
            raise InvalidText(text, len(text), f"the text is not {self.format.title}: {failure}") from None
        if error is None and self.complete:
            return value
        try:
            wrong = self._find_error(value)
        except RecursionError:
            raise error or InvalidText(text, len(text), "the value nests too deeply") from None
        except (
            Exception
        ):  # jsonschema does not check schemas by itself, and fails in its own ways on what is malformed
            if error is not None:
                raise error from None
            raise
        if wrong is not None:
            path = list(wrong.absolute_path)
            reason = f"#{''.join('/' + escape(step) for step in path)}: {wrong.message}"
            start, end = self.format.span_of(text, path)
            if error is not None and start <= error.position <= end:  # the grammar knows better where
                raise InvalidText(text, error.position, reason, error.expected)
            raise InvalidText(text, start, reason)
        return value

    def alone(self, text: str) -> Any:
        """The value of a text that is too long or too deep for the mask: the verdict of jsonschema.

        Raises:
            InvalidText: It is not JSON, or not what the schema says.
        """
        try:
            value = self.format.parse(text, distinct=True)
            wrong = self._find_error(value)
        except RecursionError:
            raise InvalidText(text, len(text), "the value nests too deeply") from None
        except ValueError as failure:
            position = getattr(failure, "pos", len(text))
            raise InvalidText(text, position, f"the text is not {self.format.title}: {failure}") from None
        if wrong is not None:
            path = list(wrong.absolute_path)
            reason = f"#{''.join('/' + escape(step) for step in path)}: {wrong.message[:1000]}"
            raise InvalidText(text, self.format.span_of(text, path)[0], reason)
        return value

    def problems(self, value: object) -> list[Problem]:
        """All that is wrong with a parsed value, by JSON Pointer."""
        if self._validator is None:
            self._validator = _validator(self.document, self._registry, formats=self.formats)
        from referencing.exceptions import Unresolvable

        try:
            return [
                Problem("#" + "".join("/" + escape(step) for step in error.absolute_path), error.message)
                for error in self._validator.iter_errors(value)
            ]
        except RecursionError:
            return [Problem("#", "the value nests too deeply")]
        except Unresolvable as error:
            return [Problem("#", f"the schema refers to {error.ref!r}, which does not exist")]

    def _find_error(self, value: object) -> Any:
        import jsonschema.exceptions

        if self._validator is None:
            self._validator = _validator(self.document, self._registry, formats=self.formats)
        return jsonschema.exceptions.best_match(self._validator.iter_errors(value))


def explain_malformed(document: Document) -> InvalidSchemaError | None:
    """What the metaschema has against a schema; None if nothing."""
    import jsonschema.exceptions

    kind = _class_of(document)
    try:
        wrong = jsonschema.exceptions.best_match(kind(kind.META_SCHEMA).iter_errors(document.root))
    except RecursionError:
        return None
    if wrong is None:
        return None
    return InvalidSchemaError(
        f"#{''.join('/' + escape(step) for step in wrong.absolute_path)}", wrong.message
    )


def _class_of(document: Document) -> Any:
    import jsonschema

    return {
        "4": jsonschema.Draft4Validator,
        "6": jsonschema.Draft6Validator,
        "7": jsonschema.Draft7Validator,
        "2019-09": jsonschema.Draft201909Validator,
        "2020-12": jsonschema.Draft202012Validator,
    }[document.draft.name]


def _validator(document: Document, registry: Any, *, formats: bool) -> Any:
    import jsonschema.validators
    import jsonschema_specifications

    keywords: dict[str, Callable[..., Iterable[object]]] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "multipleOf": _multiple_of,
    }
    if formats:
        keywords["format"] = _format
    kind = _class_of(document)
    if not _depends_on_scopes(document):
        keywords["$ref"] = _Remembered(kind.VALIDATORS["$ref"])
    extended = jsonschema.validators.extend(kind, keywords)
    return extended(
        document.root,
        registry=jsonschema_specifications.REGISTRY if registry is None else registry,
    )


def _depends_on_scopes(document: Document) -> bool:
    """Returns True if the target of a reference may depend on how it was reached."""
    return document.has_other_documents or any(
        keyword in node for node in subschemas(document.root) for keyword in ("$dynamicRef", "$recursiveRef")
    )


_MOST_REPEATED = 8
"""Errors of a reference that are repeated when the same value is validated against it again."""


class _Remembered(threading.local):
    """The keyword `$ref`; it validates a value at most once against each schema that has it.

    A chain of references that branches would validate a value exponentially often.
    """

    def __init__(self, validate: Callable[..., Iterable[Any] | None]) -> None:
        self._validate = validate
        self._open = 0
        self._errors: dict[tuple[int, int], list[tuple[str, tuple[object, ...]]]] = {}

    def __call__(self, validator: Any, reference: object, instance: object, schema: Any) -> Iterator[Any]:
        import jsonschema

        key = id(schema), id(instance)
        if key in self._errors:
            for message, path in self._errors[key]:
                yield jsonschema.ValidationError(message, path=path)
            return
        self._open += 1
        found: list[tuple[str, tuple[object, ...]]] = []
        is_complete = False
        try:
            for error in self._validate(validator, reference, instance, schema) or ():
                if len(found) < _MOST_REPEATED:
                    found.append((error.message, tuple(error.path)))
                yield error
            is_complete = True
        finally:
            # Who only asks if the value is valid stops at the first error, as `if`, `not` and `contains` do.
            if found or is_complete:
                self._errors[key] = found
            self._open -= 1
            if (
                not self._open
            ):  # the value and its parts may be gone now, and their identities belong to others
                self._errors.clear()


def _format(validator: Any, form: str, instance: object, schema: Any) -> Iterator[Any]:
    import jsonschema

    from structgen.frontends.json_schema.strings.format_checks import conforms

    if isinstance(instance, str) and not conforms(form, instance):
        yield jsonschema.ValidationError(f"{instance!r} is not of the format {form!r}")


def _multiple_of(validator: Any, step: float, instance: float, schema: object) -> Iterator[Exception]:
    """Exact, as the mask: 0.3 is a multiple of 0.1, and 3e30 one of 3; jsonschema divides doubles."""
    import jsonschema

    if not validator.is_type(instance, "number"):
        return
    is_multiple = math.isfinite(instance) and not Fraction(exact(instance)) % Fraction(exact(step))
    if not is_multiple:
        yield jsonschema.ValidationError(f"{instance!r} is not a multiple of {step!r}")


# Keywords with patterns in the dialect that JSON Schema asks for; jsonschema has Python's


def _is_found(pattern: str, text: str) -> bool:
    from structgen.frontends.json_schema.strings import judged_by_re
    from structgen.frontends.json_schema.strings.matching import is_found

    try:
        return is_found(pattern, text)
    except InvalidRegexError as error:
        by_re = judged_by_re(pattern)
        if by_re is None:
            raise InvalidSchemaError("#", f"the pattern {pattern!r}: {error.reason}") from None
        return by_re.search(text) is not None


def _pattern(validator: Any, pattern: str, instance: object, schema: Any) -> Iterator[Any]:
    import jsonschema

    if isinstance(instance, str) and not _is_found(pattern, instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: object, schema: Any) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    for pattern, wanted in patterns.items():
        for name, value in instance.items():
            if _is_found(pattern, name):
                yield from validator.descend(value, wanted, path=name, schema_path=pattern)


def _additional_properties(validator: Any, wanted: Any, instance: object, schema: Any) -> Iterator[Any]:
    import jsonschema

    if not isinstance(instance, dict):
        return
    declared, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for name, value in instance.items():
        if name in declared or any(_is_found(pattern, name) for pattern in patterns):
            continue
        if wanted is False:
            yield jsonschema.ValidationError(f"{name!r} is not declared, and no other properties are allowed")
        else:
            yield from validator.descend(value, wanted, path=name)
