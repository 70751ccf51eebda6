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
    """A reference to what a value must satisfy. Compared by identity."""

    __slots__ = ()

    @property
    def origin(self) -> object:
        """The schema object of the document that this is, or was made from."""
        raise NotImplementedError


Conjunction = tuple[Schema, ...]
"""Schemas that must all hold."""


class Constant(Schema):
    """`true` or `false` in the place of a schema, or `{}`."""

    __slots__ = ("allows",)

    def __init__(self, allows: bool) -> None:
        self.allows = allows

    @property
    def origin(self) -> object:  # noqa: D102
        return self.allows


ANYTHING, NOTHING = Constant(True), Constant(False)


class Deferred(Schema):
    """A schema object of the document, to be read when it is needed.

    Attributes:
        raw: as the document has it. If the document is malformed, it may be anything.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: object) -> None:
        self.raw = raw

    @property
    def origin(self) -> object:  # noqa: D102
        return self.raw


class Complement(Schema):
    """All that a schema does not allow.

    Attributes:
        of: the schema.
    """

    __slots__ = ("of",)

    def __init__(self, of: Schema) -> None:
        self.of = of

    @property
    def origin(self) -> object:  # noqa: D102
        return self.of.origin


class Alternatives(Schema):
    """At least one of some schemas.

    Attributes:
        parts: the schemas.
    """

    __slots__ = ("_origin", "parts")

    def __init__(self, parts: tuple[Schema, ...], origin: object) -> None:
        self.parts = parts
        self._origin = origin

    @property
    def origin(self) -> object:  # noqa: D102
        return self._origin


class Joint(Schema):
    """All of some schemas.

    Attributes:
        parts: the schemas.
    """

    __slots__ = ("parts",)

    def __init__(self, parts: Conjunction) -> None:
        self.parts = parts

    @property
    def origin(self) -> object:  # noqa: D102
        return self.parts[0].origin
