"""GLM 4.5 to 5: keys and values in tags."""

from structgen.calling.bodies.tagged import Tagged
from structgen.calling.format import Format, Reasoning

_MARKERS = (
    "<tool_call>",
    "</tool_call>",
    "<arg_key>",
    "</arg_key>",
    "<arg_value>",
    "</arg_value>",
    "<think>",
    "</think>",
)
_ENDS = ("<|user|>", "<|observation|>")
_THINK = Reasoning("<think>", "</think>", in_prompt=True, lead="\n")
FORMATS = (
    Format(
        name="glm-4.5",
        families="GLM 4.5, GLM 4.6",
        body=Tagged("{name}\n", "", "<arg_key>{key}</arg_key>\n<arg_value>", "</arg_value>\n"),
        begin="<tool_call>",
        end="</tool_call>",
        between=("\n",),
        reasoning=_THINK,
        text_between=True,
        text_after=True,
        markers=_MARKERS,
        ends=_ENDS,
    ),
    Format(
        name="glm-4.7",
        families="GLM 4.7, GLM 5",
        body=Tagged("{name}", "", "<arg_key>{key}</arg_key><arg_value>", "</arg_value>"),
        begin="<tool_call>",
        end="</tool_call>",
        reasoning=_THINK,
        text_between=True,
        text_after=True,
        markers=_MARKERS,
        ends=_ENDS,
    ),
)
