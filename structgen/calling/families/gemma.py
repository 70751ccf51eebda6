"""Gemma 4 and FunctionGemma: bare keys, and quotes of their own."""

from structgen.calling.bodies.bare import Bare
from structgen.calling.format import Format, Reasoning

FORMATS = (
    Format(
        name="gemma4",
        families="Gemma 4",
        body=Bare('<|"|>'),
        begin="<|tool_call>",
        end="<tool_call|>",
        reasoning=Reasoning("<|channel>thought\n", "<channel|>"),
        text_after=True,
        markers=("<|tool_call>", "<tool_call|>", '<|"|>', "<|channel>", "<channel|>"),
        ends=("<turn|>",),
        call_ends=("<|tool_response>", "<turn|>"),
    ),
    Format(
        name="functiongemma",
        families="FunctionGemma",
        body=Bare("<escape>"),
        begin="<start_function_call>",
        end="<end_function_call>",
        markers=("<start_function_call>", "<end_function_call>", "<escape>"),
        ends=("<end_of_turn>",),
        call_ends=("<start_function_response>", "<end_of_turn>"),
    ),
)
