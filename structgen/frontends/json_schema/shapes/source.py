"""Source: the keywords of one schema object, checked as the modules of the types read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from structgen.errors import InvalidSchemaError
from structgen.frontends.json_schema.documents.document import Document, Raw
from structgen.frontends.json_schema.shapes.schema import Schema

MOST_COUNTED = 2**31 - 2
"""What the engine can count to."""


class Source:
    """Keywords by name, without those that are void in the draft.

    Attributes:
        document: the document of the schema; it knows the draft.
        said: the values of the keywords that constrain something, by name, in the order of the schema.
        formats: `format` is an assertion.
    """

    __slots__ = ("_defer", "_raw", "document", "formats", "said")

    def __init__(
        self,
        raw: Raw,
        said: Mapping[str, object],
        document: Document,
        defer: Callable[[object], Schema],
        *,
        formats: bool,
    ) -> None:
        self.document = document
        self.formats = formats
        self.said = said
        self._raw = raw
        self._defer = defer

    def has(self, keyword: str) -> bool:
        """Returns True if the schema has a keyword."""
        return keyword in self.said

    def value(self, keyword: str) -> object:
        """The value of a keyword; None if it is not there."""
        return self.said.get(keyword)

    def count(self, keyword: str) -> int | None:
        """The value of a keyword that counts something; None if it is not there."""
        if keyword not in self.said:
            return None
        value = self.said[keyword]
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.invalid(keyword, f"expected a natural number, found {value!r}")
        return min(value, MOST_COUNTED)

    def schema(self, keyword: str) -> Schema | None:
        """The schema in a keyword; None if it is not there."""
        return self._defer(self.said[keyword]) if keyword in self.said else None

    def schemas(self, keyword: str) -> tuple[Schema, ...]:
        """The schemas in a list."""
        value = self.value(keyword)
        if not isinstance(value, list):
            raise self.invalid(keyword, "expected a list of schemas")
        return tuple(map(self._defer, value))

    def some_schemas(self, keyword: str) -> tuple[Schema, ...]:
        """The schemas in a list that must not be empty."""
        value = self.value(keyword)
        if not isinstance(value, list) or not value:
            raise self.invalid(keyword, "expected a list of schemas, not empty")
        return tuple(map(self._defer, value))

    def named_schemas(self, keyword: str) -> dict[str, Schema]:
        """The schemas in an object, by name; none if the keyword is not there."""
        value = self.said.get(keyword)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.invalid(keyword, "expected an object of schemas")
        defer = self._defer
        return {name: defer(one) for name, one in value.items()}

    def defer(self, raw: object) -> Schema:
        """The schema that a part of a keyword's value is."""
        return self._defer(raw)

    def invalid(self, keyword: str, reason: str) -> InvalidSchemaError:
        """The error for a malformed keyword."""
        return self.document.invalid(self._raw, keyword, reason)
