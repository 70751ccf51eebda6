"""Formats: how values are written as text and read from it.

In reading order:

    format.py        what a format is: spelling, containers, grammar, parser, printer
    spelling.py      strings: which characters are escaped, and how
    structure.py     containers as nodes, for formats that lay them out when all rules are known
    json.py          JSON; json_indented.py: with exact indentation
    yaml.py          YAML in blocks; yaml_scalars.py: which strings need quotes
    toml.py          TOML
    options.py       which of them options ask for
"""

from __future__ import annotations

from structgen.formats.format import DuplicateName, Format
from structgen.formats.json import Whitespace, json_format
from structgen.formats.options import format_of
from structgen.formats.toml import toml_format
from structgen.formats.yaml import yaml_format

__all__ = ["DuplicateName", "Format", "Whitespace", "format_of", "json_format", "toml_format", "yaml_format"]
