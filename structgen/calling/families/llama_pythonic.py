"""Llama 3.2 and 4, ToolACE: a list of calls in Python's spelling."""

from dataclasses import replace

from structgen.calling.bodies.pythonic import Pythonic
from structgen.calling.format import Format, Reasoning

PYTHONIC = Format(
    name="llama-pythonic",
    families="Llama 3.2, ToolACE",
    body=Pythonic(),
    section=(("[",), "]"),
    between=(", ",),
    text_before=False,
    ends=("<|eot_id|>", "<|eom_id|>"),
    opening=r"\s*\[\s*[A-Za-z_][A-Za-z0-9_.]*\(",
)
FORMATS = (
    PYTHONIC,
    replace(
        PYTHONIC,
        name="llama4",
        families="Llama 4",
        section=(("<|python_start|>[", "["), "]"),
        markers=("<|python_start|>", "<|python_end|>"),
        ends=("<|eot|>", "<|eom|>"),
    ),
    replace(PYTHONIC, name="gemma3", families="Gemma 3", ends=("<end_of_turn>",)),
    Format(
        name="lfm2",
        families="LFM 2, LFM 2.5",
        body=Pythonic(),
        section=(("<|tool_call_start|>[",), "]<|tool_call_end|>"),
        between=(", ",),
        text_after=True,
        reasoning=Reasoning("<think>", "</think>"),
        markers=("<|tool_call_start|>", "<|tool_call_end|>", "<think>", "</think>"),
        ends=("<|im_end|>",),
    ),
    Format(
        name="olmo3",
        families="OLMo 3",
        body=Pythonic(),
        section=(("<function_calls>",), "</function_calls>"),
        between=("\n",),
        reasoning=Reasoning("<think>", "</think>", in_prompt=True),
        ends=("<|im_end|>",),
    ),
)
