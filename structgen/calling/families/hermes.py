"""Hermes 2 Pro and 3, Qwen 2.5 and 3, Granite 4, SmolLM 3: JSON between two markers."""

from dataclasses import replace

from structgen.calling.bodies.json_object import JsonObject
from structgen.calling.format import Format, Reasoning

THINK = Reasoning("<think>\n", "\n</think>\n\n")
QWEN3 = Format(
    name="qwen3",
    families="Qwen 2.5, Qwen 3",
    body=JsonObject(),
    begin="<tool_call>\n",
    end="\n</tool_call>",
    between=("\n",),
    reasoning=THINK,
    text_between=True,
    text_after=True,
    markers=("<tool_call>", "</tool_call>", "<think>", "</think>"),
    ends=("<|im_end|>",),
)
FORMATS = (
    QWEN3,
    replace(QWEN3, name="hermes", families="Hermes 2 Pro, Hermes 3"),
    replace(QWEN3, name="granite4", families="Granite 4", ends=("<|end_of_text|>",)),
    replace(QWEN3, name="smollm3", families="SmolLM 3"),
    replace(
        QWEN3,
        name="exaone4",
        families="EXAONE 4",
        begin="<tool_call>",
        end="</tool_call>",
        ends=("[|endofturn|]",),
    ),
)
