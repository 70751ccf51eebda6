"""Normal: the part of the normalizer that the meaning of each combinator is written with."""

from __future__ import annotations

from typing import Protocol

from structgen.frontends.json_schema.documents.findings import Findings
from structgen.frontends.json_schema.normalization.products import Products
from structgen.frontends.json_schema.shapes.reader import Reader
from structgen.frontends.json_schema.shapes.schema import Schema
from structgen.frontends.json_schema.shapes.shape import Alternative


class Normal(Protocol):
    """Alternatives of schemas and of their complements."""

    @property
    def reader(self) -> Reader:
        """Reads and makes schemas."""

    @property
    def products(self) -> Products:
        """Makes products of alternatives."""

    @property
    def findings(self) -> Findings:
        """Collects what is not supported."""

    def alternatives(self, schema: Schema) -> list[Alternative]:
        """The alternatives of one schema."""

    def complements(self, schema: Schema) -> list[Alternative]:
        """The alternatives of all that a schema does not allow."""
