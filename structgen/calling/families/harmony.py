"""gpt-oss: messages in channels (https://github.com/openai/harmony, docs/format.md)."""

from structgen.calling.bodies.header import Header
from structgen.calling.format import Format, Reasoning

_START = "<|start|>assistant"
FORMATS = (
    Format(
        name="harmony",
        families="gpt-oss",
        body=Header(
            (
                "<|channel|>commentary to=functions.{name} <|constrain|>json<|message|>",
                "<|channel|>commentary to=functions.{name}<|constrain|>json<|message|>",
                "<|channel|>commentary to=functions.{name} json<|message|>",
                "<|channel|>commentary to=functions.{name}<|message|>",
                " to=functions.{name}<|channel|>commentary json<|message|>",
                " to=functions.{name}<|channel|>commentary <|constrain|>json<|message|>",
                " to=functions.{name}<|channel|>commentary<|constrain|>json<|message|>",
            )
        ),
        between=(f"<|call|>{_START}",),
        reasoning=Reasoning("<|channel|>analysis<|message|>", f"<|end|>{_START}"),
        answer=("<|channel|>final<|message|>", ""),
        preamble=("<|channel|>commentary<|message|>", f"<|end|>{_START}"),
        markers=(
            "<|channel|>",
            "<|message|>",
            "<|constrain|>",
            "<|start|>",
            "<|end|>",
            "<|call|>",
            "<|return|>",
        ),
        ends=("<|return|>",),
        call_ends=("<|call|>",),
        most=1,
    ),
)
