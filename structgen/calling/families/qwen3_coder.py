"""Qwen3-Coder, Qwen 3.5 and 3.6, Nemotron 3, Step 3.5: arguments between tags, strings raw."""

from structgen.calling.bodies.tagged import Tagged
from structgen.calling.format import Format, Reasoning

FORMATS = (
    Format(
        name="qwen3-coder",
        families="Qwen3-Coder, Qwen 3.5, Qwen 3.6, Nemotron 3, Step 3.5",
        body=Tagged(
            "<function={name}>\n", "</function>", "<parameter={key}>\n", "\n</parameter>\n", words=True
        ),
        begin="<tool_call>\n",
        end="\n</tool_call>",
        between=("\n",),
        reasoning=Reasoning("<think>\n", "\n</think>\n\n", in_prompt=True),
        text_between=True,
        text_after=True,
        trailing="\n",
        markers=("<tool_call>", "</tool_call>", "<think>", "</think>"),
        ends=("<|im_end|>",),
    ),
)
