"""The judge: the value of a complete text, or what is wrong with it.

The mask narrows: it knows one order of keys, bounded whitespace, one spelling of names. A judge does not: JSON that the
schema allows is accepted, however it is laid out. Only where the grammar refuses a text, or leaves keywords unenforced,
is `jsonschema` asked; it is imported then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from structgen.errors import InvalidRegexError, InvalidText, Problem
from structgen.frontends.json_schema.documents import escape

if TYPE_CHECKING:
    from structgen.frontends.json_schema.documents import Document

_WHITE = re.compile(r"[ \t\n\r]*")


class _Duplicate(ValueError):
    """A name comes twice in an object."""


class JsonJudge:
    """Judges the texts of one schema.

    Attributes:
        document: the schema.
        complete: whether the mask enforces all of it.
    """

    def __init__(self, document: Document, *, complete: bool, registry: Any = None) -> None:
        self.document = document
        self.complete = complete
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
            hook = None if error is None else _distinct
            value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=hook)
        except _Duplicate as duplicate:
            assert error is not None
            raise InvalidText(text, error.position, str(duplicate), error.expected) from None
        except (ValueError, RecursionError) as failure:
            if error is not None:
                raise error from None
            raise InvalidText(text, len(text), f"the text is not JSON: {failure}") from None
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
            start, end = span_of(text, path)
            if error is not None and start <= error.position <= end:  # the grammar knows better where
                raise InvalidText(text, error.position, reason, error.expected)
            raise InvalidText(text, start, reason)
        return value

    def problems(self, value: Any) -> list[Problem]:
        """All that is wrong with a parsed value, by JSON Pointer."""
        if self._validator is None:
            self._validator = _validator(self.document, self._registry)
        try:
            return [
                Problem("#" + "".join("/" + escape(step) for step in error.absolute_path), error.message)
                for error in self._validator.iter_errors(value)
            ]
        except RecursionError:
            return [Problem("#", "the value nests too deeply")]

    def _find_error(self, value: Any) -> Any:
        import jsonschema.exceptions

        if self._validator is None:
            self._validator = _validator(self.document, self._registry)
        return jsonschema.exceptions.best_match(self._validator.iter_errors(value))


def _validator(document: Document, registry: Any) -> Any:
    import jsonschema
    import jsonschema.validators
    import jsonschema_specifications

    classes = {
        "4": jsonschema.Draft4Validator,
        "6": jsonschema.Draft6Validator,
        "7": jsonschema.Draft7Validator,
        "2019-09": jsonschema.Draft201909Validator,
        "2020-12": jsonschema.Draft202012Validator,
    }
    extended = jsonschema.validators.extend(classes[document.draft.name], {"pattern": _pattern})
    return extended(
        document.root,
        registry=jsonschema_specifications.REGISTRY if registry is None else registry,
    )


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:
    """The keyword `pattern` in the dialect that JSON Schema asks for; jsonschema has Python's."""
    import jsonschema

    from structgen.frontends.json_schema.evaluate import is_found

    if not validator.is_type(instance, "string"):
        return
    try:
        found = is_found(pattern, instance)
    except InvalidRegexError:
        found = re.search(pattern, instance) is not None
    if not found:
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        raise _Duplicate(f"the name {json.dumps(twice, ensure_ascii=False)} comes twice in an object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def span_of(text: str, path: Sequence[str | int]) -> tuple[int, int]:
    """From where to where in a JSON text the value stands that a path of names and indices leads to."""
    decode = json.JSONDecoder().raw_decode
    at = _skip(text, 0)
    for step in path:
        at = _skip(text, at + 1)
        found, index = at, 0
        while at < len(text) and text[at] not in "]}":
            name: Any = index
            if isinstance(step, str):
                name, at = decode(text, at)
                at = _skip(text, _skip(text, at) + 1)
            if name == step:
                found = at
            at = _skip(text, decode(text, at)[1])
            if text[at] == ",":
                at = _skip(text, at + 1)
            index += 1
        at = found
    return at, decode(text, at)[1]


def _skip(text: str, at: int) -> int:
    found = _WHITE.match(text, at)
    assert found is not None
    return found.end()
