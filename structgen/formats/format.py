"""What a format is.

A front end makes rules of the values that a text may have. The scalars in them are terminals, spelled as `spelling`
says; objects and arrays are made by `pair`, `item`, `object` and `array`; `separator` stands between what is in a
container. At the end `grammar` makes the grammar of whole texts out of these rules.

JSON writes a value in the same way wherever it stands, so its containers are ordinary sequences, and nothing is left to
do at the end. Other formats derive from `structure.Structured`: they make nodes, which `grammar` lays out.

Knows no schemas.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from structgen.formats.spelling import Spelling
from structgen.grammar.expressions import Literal
from structgen.grammar.rules import Grammar, RuleExpression, Terminal

NULL = Terminal("null", Literal("null"))


class DuplicateName(ValueError):
    """A name comes twice in an object."""


class Format(ABC):
    """One format with its options.

    Attributes:
        title: its name, for people.
        spelling: how strings are written.
        separator: what stands between the pairs of an object and the items of an array.
        has_null: the format can write null. It, true, false and numbers are written as in JSON.
        records_names: names that no schema declares are recorded, so that a text has none of them twice.
        compares_items: items that are objects or arrays can be compared while a text is written.
    """

    title: ClassVar[str]
    spelling: Spelling
    separator: Terminal
    has_null: ClassVar[bool] = True
    records_names: ClassVar[bool]
    compares_items: ClassVar[bool]

    # What a front end builds its rules of

    @abstractmethod
    def pair(self, name: Terminal, value: RuleExpression) -> RuleExpression:
        """A property: its name and its value."""

    @abstractmethod
    def item(self, value: RuleExpression) -> RuleExpression:
        """An item of an array."""

    @abstractmethod
    def object(self, inside: RuleExpression | None) -> RuleExpression:
        """An object; `inside` is made of pairs and separators, None if there are none."""

    @abstractmethod
    def array(self, inside: RuleExpression | None) -> RuleExpression:
        """An array; `inside` is made of items and separators, None if there are none."""

    @abstractmethod
    def distinct(self, *, many: bool) -> Format:
        """The same format for an array whose items must differ; `many`: they never run out (see `Terminal.effect`)."""

    @abstractmethod
    def grammar(self, start: RuleExpression, rules: dict[str, RuleExpression]) -> Grammar:
        """The grammar of whole texts.

        Args:
            start: the values that a text may have.
            rules: what `start` refers to. No rule is called "start".

        Raises:
            UnsupportedSchemaError: The format cannot write a name.
            EmptyLanguageError: The format can write none of the values.
        """

    # Texts

    @abstractmethod
    def parse(self, text: str, *, distinct: bool = True) -> Any:
        """The value of a text, strictly.

        Args:
            text: a complete text.
            distinct: a name that comes twice in an object is an error. Otherwise the last one counts, if the format
                allows that at all.

        Raises:
            DuplicateName: A name comes twice.
            ValueError: The text is not of this format, or its value is none that JSON has.
            StructgenError: The parser of this format is not installed.
        """

    @abstractmethod
    def span_of(self, text: str, path: Sequence[str | int]) -> tuple[int, int]:
        """Where the value stands that a path of names and indices leads to: its start and its end."""

    @abstractmethod
    def write(self, value: Any) -> str:
        """A text of a value: one that the mask of a fitting schema lets through.

        Raises:
            ValueError: The format cannot write the value.
        """


def check_value(value: Any) -> None:
    """Raise `ValueError` if a value is none that JSON has: a date, a set, infinity, a name that is no string."""
    stack = [value]
    seen: set[int] = set()
    while stack:
        one = stack.pop()
        if isinstance(one, (dict, list)):
            if id(one) not in seen:
                seen.add(id(one))
                stack.extend(_parts(one))
        elif not (one is None or isinstance(one, (str, bool, int, float))) or (
            isinstance(one, float) and not math.isfinite(one)
        ):
            raise ValueError(f"{one!r} is no value of JSON")


def _parts(container: dict[Any, Any] | list[Any]) -> list[Any]:
    if isinstance(container, list):
        return container
    wrong = next((name for name in container if not isinstance(name, str)), None)
    if wrong is not None:
        raise ValueError(f"object keys must be strings, not {wrong!r}")
    return list(container.values())
