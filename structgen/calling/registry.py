"""The formats by their names, and which one a tokenizer's chat template has."""

from __future__ import annotations

import difflib
from typing import Any

from structgen.calling.families import (
    deepseek,
    gemma,
    glm,
    harmony,
    hermes,
    json_arrays,
    kimi,
    llama,
    llama_pythonic,
    mistral,
    qwen3_coder,
    tagged_names,
)
from structgen.calling.format import Format
from structgen.errors import UnknownFormat

_MODULES = (
    hermes,
    qwen3_coder,
    llama,
    llama_pythonic,
    deepseek,
    mistral,
    harmony,
    gemma,
    glm,
    kimi,
    json_arrays,
    tagged_names,
)
FORMATS: dict[str, Format] = {one.name: one for module in _MODULES for one in module.FORMATS}

# What a template says, the rarest texts first; a family of which all texts are there is the one.
_SIGNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("harmony", ("<|channel|>", "<|message|>")),
    ("kimi-k2", ("<|tool_calls_section_begin|>",)),
    ("deepseek-v4", ("｜DSML｜", "tool_calls>")),
    ("deepseek-v3.2", ("｜DSML｜",)),
    ("deepseek-v3", ("<｜tool▁calls▁begin｜>", "```json")),
    ("deepseek-v3.1", ("<｜tool▁calls▁begin｜>",)),
    ("gemma4", ("<|tool_call>",)),
    ("functiongemma", ("<start_function_call>",)),
    ("seed-oss", ("<seed:tool_call>",)),
    ("minimax-m2", ("<minimax:tool_call>",)),
    ("command-r7b", ("<|START_ACTION|>",)),
    ("lfm2", ("<|tool_call_start|>",)),
    ("jamba", ("<tool_calls>",)),
    ("nemotron2", ("<TOOLCALL>",)),
    ("olmo3", ("<function_calls>",)),
    ("mistral-v11", ("[TOOL_CALLS]", "[ARGS]")),
    ("mistral", ("[TOOL_CALLS]",)),
    ("glm-4.5", ("<arg_key>", "</arg_key>\\n<arg_value>")),
    ("glm-4.5", ("<arg_key>", "</arg_key>\n<arg_value>")),
    ("glm-4.7", ("<arg_key>",)),
    ("qwen3-coder", ("<tool_call>", "<function=")),
    ("phi4-mini", ("<|/tool_call|>",)),
    ("granite3", ("<|tool_call|>",)),
    ("exaone4", ("<tool_call>", "[|endofturn|]")),
    ("granite4", ("<tool_call>", "<|end_of_role|>")),
    ("qwen3", ("<tool_call>", "</tool_call>")),
    ("llama4", ("<|python_start|>",)),
    ("llama3", ("<|eot_id|>", '"parameters"')),
    ("llama3", ("<|python_tag|>",)),
)


def formats() -> tuple[str, ...]:
    """The names of the formats of tool calls that `tools(format=...)` takes."""
    return tuple(FORMATS)


def format_named(name: str) -> Format:
    """The format of a name.

    Raises:
        UnknownFormat: There is none.
    """
    if name not in FORMATS:
        near = difflib.get_close_matches(name, FORMATS, 3)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise UnknownFormat(f"there is no format {name!r}{hint} There are: {', '.join(FORMATS)}", FORMATS)
    return FORMATS[name]


def format_of_text(template: str) -> Format | None:
    """The format whose markers stand in a chat template, or among the tokens of a vocabulary."""
    for name, signs in _SIGNS:
        if all(sign in template for sign in signs):
            return FORMATS[name]
    return None


def format_of(tokenizer: Any) -> Format:
    """The format of a tokenizer's chat template.

    Raises:
        UnknownFormat: None is found in the template.
    """
    tokenizer = getattr(tokenizer, "tokenizer", tokenizer)
    template = getattr(tokenizer, "chat_template", None)
    texts = list(template.values()) if isinstance(template, dict) else [template]
    for text in sorted((one for one in texts if isinstance(one, str)), key=lambda one: "tool" not in one):
        if (found := format_of_text(text)) is not None:
            return found
    added = "\n".join(map(str, getattr(tokenizer, "get_added_vocab", dict)()))
    if not any(isinstance(one, str) for one in texts) and (found := format_of_text(added)) is not None:
        return found
    raise UnknownFormat(
        f"the chat template of the tokenizer has no format of tool calls that is known: pass format=, one of "
        f"{', '.join(FORMATS)}",
        FORMATS,
    )
