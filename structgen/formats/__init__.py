"""Formats: how values are written as text and read from it.

In reading order:

    format.py        what a format is: spelling, containers, grammar, parser, printer
    spelling.py      strings: which characters are escaped, and how
    structure.py     containers as nodes, for formats that lay them out when all rules are known
    json.py          JSON
    yaml.py          YAML in blocks; yaml_scalars.py: which strings need quotes
    toml.py          TOML
"""

from __future__ import annotations

from structgen.formats.format import DuplicateName, Format
from structgen.formats.json import Json, json_format
from structgen.formats.toml import Toml, toml_format
from structgen.formats.yaml import Yaml, yaml_format

__all__ = ["DuplicateName", "Format", "Json", "Toml", "Yaml", "json_format", "toml_format", "yaml_format"]
