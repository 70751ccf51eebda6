"""Schema: a reference to what a value must satisfy, not read until somebody needs it.

    ANYTHING, NOTHING   true and false
    Deferred            a schema object of the document
    Complement          all that a schema does not allow
    Alternatives        any of some schemas; made for `unevaluatedItems`
    Joint               all of some schemas; made to complement them
    Shape               plain keywords, read (`shape.py`)

Each is made once for what it refers to (`reader.Reader`), so identity is equality, and so a recursive schema is a
finite graph. A tuple of schemas is their conjunction: a value must satisfy all of them. The empty conjunction allows
any value.
"""

from __future__ import annotations


class Schema:
    """A reference to what a value must satisfy. Compared by identity.

    Attributes:
        origin: the schema object of the document that this is, or was made from.
    """

    __slots__ = ("origin",)

    origin: object


Conjunction = tuple[Schema, ...]
"""Schemas that must all hold."""


class Constant(Schema):
    """`true` or `false` in the place of a schema, or `{}`."""

    __slots__ = ("allows",)

    def __init__(self, allows: bool) -> None:
        self.origin = self.allows = allows


ANYTHING, NOTHING = Constant(True), Constant(False)


class Deferred(Schema):
    """A schema object of the document, to be read when it is needed.

    Attributes:
        raw: as the document has it. If the document is malformed, it may be anything.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: object) -> None:
        self.origin = self.raw = raw


class Complement(Schema):
    """All that a schema does not allow.

    Attributes:
        of: the schema.
    """

    __slots__ = ("of",)

    def __init__(self, of: Schema) -> None:
        self.of = of
        self.origin = of.origin


class Alternatives(Schema):
    """At least one of some schemas.

    Attributes:
        parts: the schemas.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Schema, ...], origin: object) -> None:
        self.parts = parts
        self.origin = origin


class Joint(Schema):
    """All of some schemas.

    Attributes:
        parts: the schemas.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: Conjunction) -> None:
        self.parts = parts
        self.origin = parts[0].origin
