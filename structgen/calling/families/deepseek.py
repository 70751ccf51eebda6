"""DeepSeek V3, R1, V3.1, V3.2 and V4."""

from dataclasses import replace

from structgen.calling.bodies.header import Header
from structgen.calling.bodies.tagged import Tagged
from structgen.calling.format import Format, Reasoning

THINK = Reasoning("<think>", "</think>", in_prompt=True)
MARKERS = (
    "<｜tool▁calls▁begin｜>",
    "<｜tool▁calls▁end｜>",
    "<｜tool▁call▁begin｜>",
    "<｜tool▁call▁end｜>",
    "<｜tool▁sep｜>",
    "<think>",
    "</think>",
)
V3 = Format(
    name="deepseek-v3",
    families="DeepSeek V3, R1",
    body=Header(("function<｜tool▁sep｜>{name}\n```json\n",)),
    begin="<｜tool▁call▁begin｜>",
    end="\n```<｜tool▁call▁end｜>",
    between=("\n",),
    section=(("<｜tool▁calls▁begin｜>",), "<｜tool▁calls▁end｜>"),
    reasoning=THINK,
    markers=MARKERS,
    ends=("<｜end▁of▁sentence｜>",),
)
V32 = Format(
    name="deepseek-v3.2",
    families="DeepSeek V3.2",
    body=Tagged(
        '<｜DSML｜invoke name="{name}">\n',
        "</｜DSML｜invoke>\n",
        '<｜DSML｜parameter name="{key}" string="{kind}">',
        "</｜DSML｜parameter>\n",
        kinds=("true", "false"),
    ),
    section=(("<｜DSML｜function_calls>\n",), "</｜DSML｜function_calls>"),
    reasoning=THINK,
    markers=("<think>", "</think>", "｜DSML｜"),
    ends=("<｜end▁of▁sentence｜>",),
)
FORMATS = (
    V3,
    replace(
        V3,
        name="deepseek-v3.1",
        families="DeepSeek V3.1",
        body=Header(("{name}<｜tool▁sep｜>",)),
        end="<｜tool▁call▁end｜>",
        between=("",),
    ),
    V32,
    replace(
        V32,
        name="deepseek-v4",
        families="DeepSeek V4",
        section=(("<｜DSML｜tool_calls>\n",), "</｜DSML｜tool_calls>"),
    ),
)
