"""Values: the part of the emitter that the modules of the types call to make the rules of what is inside a value."""

from __future__ import annotations

from typing import Protocol

from structgen.frontends.json_schema.emission.rules import Rule
from structgen.frontends.json_schema.shapes.schema import Conjunction
from structgen.frontends.json_schema.shapes.shape import Alternative
from structgen.grammar.rules import RuleExpression


class Values(Protocol):
    """Makes the rules of values."""

    def value(self, schemas: Conjunction) -> Rule:
        """The rule of the values that satisfy some schemas; None if there are none."""

    def plain(self, shapes: Alternative) -> Rule:
        """The rule of the values that have some shapes; None if there are none."""

    def any(self) -> RuleExpression:
        """The rule of any JSON value."""
