"""Seed-OSS and MiniMax M2: arguments between tags, strings raw."""

from structgen.calling.bodies.tagged import Tagged
from structgen.calling.format import Format, Reasoning

FORMATS = (
    Format(
        name="seed-oss",
        families="Seed-OSS",
        body=Tagged("<function={name}>\n", "</function>", "<parameter={key}>", "</parameter>\n", words=True),
        begin="<seed:tool_call>\n",
        end="\n</seed:tool_call>",
        between=("\n",),
        reasoning=Reasoning("<seed:think>", "</seed:think>", in_prompt=True),
        text_between=True,
        text_after=True,
        markers=("<seed:tool_call>", "</seed:tool_call>", "<seed:think>", "</seed:think>"),
        ends=("<seed:eos>",),
    ),
    Format(
        name="minimax-m2",
        families="MiniMax M2",
        body=Tagged('<invoke name="{name}">\n', "</invoke>\n", '<parameter name="{key}">', "</parameter>\n"),
        section=(("<minimax:tool_call>\n",), "</minimax:tool_call>"),
        reasoning=Reasoning("<think>\n", "\n</think>\n\n", in_prompt=True),
        markers=("<minimax:tool_call>", "</minimax:tool_call>", "<think>", "</think>"),
        ends=("[e~[",),
    ),
)
