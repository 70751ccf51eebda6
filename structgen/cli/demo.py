"""`structgen demo`: a real model, with a constraint and without."""

from __future__ import annotations

from collections.abc import Callable

import structgen
from structgen.cli.arguments import MaxNewTokens
from structgen.cli.consoles import answers
from structgen.cli.models import Model, load_model
from structgen.cli.tables import comparison

DEMO: list[tuple[str, str, Callable[[], structgen.Constraint]]] = [
    (
        "JSON Schema",
        'Extract a JSON object with the keys "name" and "born" (an integer, the year) from: Robert Burns was born '
        "on 25 January 1759 in Alloway.",
        lambda: structgen.json_schema(
            {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "maxLength": 40},
                    "born": {"type": "integer", "minimum": 1000, "maximum": 1999},
                },
                "required": ["name", "born"],
                "additionalProperties": False,
            }
        ),
    ),
    (
        "regular expression",
        "When was Robert Burns born? Answer with the date only, as YYYY-MM-DD.",
        lambda: structgen.regex(r"1[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"),
    ),
    (
        "Lark grammar",
        "Write the sum of the first four odd numbers as an arithmetic expression with + only.",
        lambda: structgen.lark('start: NUMBER ("+" NUMBER)+\nNUMBER: /[0-9]{1,3}/\n%ignore " "\n'),
    ),
    (
        "choices",
        "Is Glasgow the capital of Scotland? Answer yes or no.",
        lambda: structgen.choice(["Yes", "No"]),
    ),
]
"""Title, prompt and constraint of each part of the demo. Unconstrained, the model fails each of them."""


def demo(model: Model = "smollm2", max_new_tokens: MaxNewTokens = 64) -> None:
    """Ask a real model for four things, with a constraint and without."""
    loaded = load_model(model)
    for title, prompt, constraint_of in DEMO:
        constraint = constraint_of()
        free = structgen.generate(*loaded, prompt, None, max_new_tokens=max_new_tokens)
        held = structgen.generate(*loaded, prompt, constraint, max_new_tokens=max_new_tokens)
        answers.rule(title)
        answers.print(f"{prompt}\n")
        answers.print(comparison(constraint, free, held))
