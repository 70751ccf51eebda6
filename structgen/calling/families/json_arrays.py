"""Families whose calls are one array of JSON objects: Phi-4-mini, Granite 3, Nemotron 2, xLAM, Jamba, Command R7B."""

from structgen.calling.bodies.json_object import JsonObject
from structgen.calling.format import Format, Reasoning

_BETWEEN = (", ", ",")
FORMATS = (
    Format(
        name="phi4-mini",
        families="Phi-4-mini",
        body=JsonObject(),
        section=(("<|tool_call|>[", "functools["), "]<|/tool_call|>"),
        between=_BETWEEN,
        markers=("<|tool_call|>", "<|/tool_call|>"),
        ends=("<|end|>",),
    ),
    Format(
        name="granite3",
        families="Granite 3",
        body=JsonObject(),
        section=(("<|tool_call|>[", "<tool_call>[", "<|tool_call|> [", "<tool_call> ["), "]"),
        between=_BETWEEN,
        markers=("<|tool_call|>", "<tool_call>"),
        ends=("<|end_of_text|>",),
    ),
    Format(
        name="nemotron2",
        families="Nemotron Nano 2, Llama-Nemotron",
        body=JsonObject(),
        section=(("<TOOLCALL>[",), "]</TOOLCALL>"),
        between=_BETWEEN,
        reasoning=Reasoning("<think>\n", "\n</think>\n\n", in_prompt=True),
        ends=("<SPECIAL_12>",),
    ),
    Format(
        name="xlam",
        families="xLAM 1, xLAM 2",
        body=JsonObject(),
        section=(("[",), "]"),
        between=_BETWEEN,
        text_before=False,
        opening=r"\s*\[\s*\{\s*\"name\"",
    ),
    Format(
        name="jamba",
        families="Jamba 1.5",
        body=JsonObject(),
        section=(("<tool_calls>[",), "]</tool_calls>"),
        between=_BETWEEN,
        markers=("<tool_calls>", "</tool_calls>"),
        ends=("<|endoftext|>",),
    ),
    Format(
        name="command-r7b",
        families="Command R7B, Command A",
        body=JsonObject(name="tool_name", arguments="parameters", id="tool_call_id"),
        section=(("<|START_ACTION|>[\n    ", "<|START_ACTION|>["), "\n]<|END_ACTION|>"),
        between=(",\n    ", ", "),
        reasoning=Reasoning("<|START_THINKING|>", "<|END_THINKING|>"),
        answer=("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
        markers=(
            "<|START_ACTION|>",
            "<|END_ACTION|>",
            "<|START_THINKING|>",
            "<|END_THINKING|>",
            "<|START_RESPONSE|>",
            "<|END_RESPONSE|>",
        ),
        ends=("<|END_OF_TURN_TOKEN|>",),
    ),
)
