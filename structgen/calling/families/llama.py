"""Llama 3.1 and 3.2: a bare JSON object."""

from structgen.calling.bodies.json_object import JsonObject
from structgen.calling.format import Format

FORMATS = (
    Format(
        name="llama3",
        families="Llama 3.1, 3.2 and 3.3 (JSON)",
        body=JsonObject(arguments="parameters"),
        section=(("", "<|python_tag|>"), ""),
        between=("; ", ";"),
        text_before=False,
        markers=("<|python_tag|>",),
        ends=("<|eot_id|>", "<|eom_id|>"),
        opening=r"\s*\{\s*\"name\"",
        most=1,
    ),
)
