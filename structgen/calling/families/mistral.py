"""Mistral: an array of JSON objects up to tokenizer 7, then a name and its arguments."""

from structgen.calling.bodies.header import Header
from structgen.calling.bodies.json_object import JsonObject
from structgen.calling.format import Format, Reasoning

FORMATS = (
    Format(
        name="mistral",
        families="Mistral 7B v0.3, Mixtral, Nemo, Large, Small 3",
        body=JsonObject(),
        section=(("[TOOL_CALLS] [", "[TOOL_CALLS]["), "]"),
        between=(", ", ","),
        markers=("[TOOL_CALLS]",),
        ends=("</s>",),
    ),
    Format(
        name="mistral-v11",
        families="Mistral Small 3.2, Magistral, Ministral 3, Devstral 2",
        body=Header(("{name}[ARGS]",)),
        begin="[TOOL_CALLS]",
        reasoning=Reasoning("[THINK]", "[/THINK]"),
        markers=("[TOOL_CALLS]", "[ARGS]", "[THINK]", "[/THINK]"),
        ends=("</s>",),
    ),
)
