"""The keywords of JSON Schema, by what they speak of, and the types of JSON as bits."""

from __future__ import annotations

from typing import Any

NULL, BOOLEAN, INTEGER, FRACTION, STRING, ARRAY, OBJECT = (1 << bit for bit in range(7))
NUMBER = INTEGER | FRACTION
ANY_TYPE = 127

TYPES = {
    "null": NULL,
    "boolean": BOOLEAN,
    "integer": INTEGER,
    "number": NUMBER,
    "string": STRING,
    "array": ARRAY,
    "object": OBJECT,
}

# What normalizing puts into the schemas that it makes. Not strings, so that no schema can have them.
TYPE_MASK: Any = ("mask",)
NOT_VALUES: Any = ("not", "enum")
NOT_PATTERNS: Any = ("not", "pattern")
NOT_FORMATS: Any = ("not", "format")
NOT_MULTIPLES: Any = ("not", "multipleOf")
SOME_MEMBER: Any = ("some", "member")
SOME_ITEM: Any = ("some", "item")
HOLD: Any = ("hold",)

STRING_KEYWORDS = frozenset(
    (
        "minLength",
        "maxLength",
        "pattern",
        "format",
        NOT_VALUES,
        NOT_PATTERNS,
        NOT_FORMATS,
        HOLD,
    )
)
NUMBER_KEYWORDS = frozenset(
    (
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        NOT_VALUES,
        NOT_MULTIPLES,
    )
)
ARRAY_KEYWORDS = frozenset(
    (
        "items",
        "prefixItems",
        "additionalItems",
        "minItems",
        "maxItems",
        "uniqueItems",
        "contains",
        "minContains",
        "maxContains",
        SOME_ITEM,
        HOLD,
    )
)
OBJECT_KEYWORDS = frozenset(
    (
        "properties",
        "required",
        "additionalProperties",
        "patternProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        SOME_MEMBER,
        HOLD,
    )
)
COMBINATORS = frozenset(
    (
        "$ref",
        "$dynamicRef",
        "$recursiveRef",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "dependentRequired",
        "dependentSchemas",
        "dependencies",
        "unevaluatedItems",
        "unevaluatedProperties",
    )
)
PLAIN = (
    frozenset(("type", "enum", "const", TYPE_MASK))
    | STRING_KEYWORDS
    | NUMBER_KEYWORDS
    | ARRAY_KEYWORDS
    | OBJECT_KEYWORDS
)
ASSERTIONS = PLAIN | COMBINATORS
"""Everything that can constrain a value. All the rest is annotations."""

FORMATS = frozenset(
    (
        "date-time",
        "date",
        "time",
        "duration",
        "email",
        "idn-email",
        "hostname",
        "idn-hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
        "iri",
        "iri-reference",
        "uuid",
        "uri-template",
        "json-pointer",
        "relative-json-pointer",
        "regex",
    )
)
"""Formats that the specifications define. Any other is an annotation."""
