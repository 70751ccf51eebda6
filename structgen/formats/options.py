"""Which format the options of `json_schema` ask for."""

from __future__ import annotations

from typing import Literal

from structgen.errors import InvalidOptionError
from structgen.formats.format import Format
from structgen.formats.json import Whitespace, json_format
from structgen.formats.json_indented import indented_json
from structgen.formats.toml import toml_format
from structgen.formats.yaml import yaml_format
from structgen.grammar.expressions import Expression

Output = Literal["json", "yaml", "toml"]
WhitespaceMode = Literal["bounded", "compact", "any"]
Escapes = Literal["any", "needed"]

_IN_ONE_LAYOUT = {"yaml": yaml_format, "toml": toml_format}


def format_of(
    output: Output,
    whitespace: WhitespaceMode | Whitespace | Expression,
    escapes: Escapes,
    ensure_ascii: bool,
) -> Format:
    """The format with some options. Equal options give the same object.

    Raises:
        InvalidOptionError: Options do not go together, or an expression has characters that are no whitespace.
    """
    if output == "json":
        if isinstance(whitespace, Whitespace) and whitespace.indent is not None:
            return indented_json(whitespace, escapes, ensure_ascii)
        return json_format(whitespace, escapes, ensure_ascii)
    if whitespace != "bounded":
        raise InvalidOptionError("output", output, "cannot be combined with exact or whitespace")
    return _IN_ONE_LAYOUT[output](ensure_ascii)
