"""Kimi K2: a name with a number, then JSON."""

from structgen.calling.bodies.header import Header
from structgen.calling.format import Format, Reasoning

_ARGUMENTS = "<|tool_call_argument_begin|>"
FORMATS = (
    Format(
        name="kimi-k2",
        families="Kimi K2, K2.5",
        body=Header(
            (f"functions.{{name}}:{{index}}{_ARGUMENTS}", f"functions.{{name}}:{{index}} {_ARGUMENTS}")
        ),
        begin="<|tool_call_begin|>",
        end="<|tool_call_end|>",
        section=(("<|tool_calls_section_begin|>",), "<|tool_calls_section_end|>"),
        reasoning=Reasoning("<think>", "</think>"),
        markers=(
            "<|tool_calls_section_begin|>",
            "<|tool_calls_section_end|>",
            "<|tool_call_begin|>",
            "<|tool_call_end|>",
            _ARGUMENTS,
            "<think>",
            "</think>",
        ),
        ends=("<|im_end|>",),
    ),
)
