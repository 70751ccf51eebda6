"""repair(): for whatever a constraint can be made of."""

from __future__ import annotations

from typing import Any

from structgen.frontends.conversion import as_constraint
from structgen.limits import Limits
from structgen.repairing import pipeline
from structgen.repairing.attempts import Format
from structgen.repairing.edits import Grade, Repair
from structgen.repairing.pipeline import Repairable


def repairable(given: Any) -> Repairable | None:
    """A constraint whose texts can be repaired, or None.

    Args:
        given: what `as_constraint` takes, or None.

    Raises:
        InvalidConstraintError: No constraint can be made of it.
        InvalidOptionError: Its texts are of another format, such as TOML.
    """
    is_one = given is None or callable(getattr(given, "check_value", None))
    constraint: Repairable | None = given if is_one else as_constraint(given)
    pipeline.check_constraint(constraint)
    return constraint


def repair(
    text: str | bytes,
    constraint: Any = None,
    *,
    format: Format = "auto",
    allow: Grade = "dropped",
    defaults: bool = False,
    reformat: bool = False,
    limits: Limits | None = None,
) -> Repair:
    """The value that a damaged text was meant to have, and what had to be changed.

    Args:
        text: what a model wrote, or what came over a wire: bytes are read as UTF-8.
        constraint: what the value must be; decides what the text leaves open. A constraint, or what `as_constraint`
            makes one of; of a type, such as a pydantic model, the value is an instance.
        format: what the text is written in; "auto": JSON, or YAML where it looks like that.
        allow: the worst grade of edit that is accepted: "lossless" refuses every guess, "guessed" every loss.
        defaults: fill required properties that are missing with the defaults of the schema.
        reformat: lay `.text` out again even if nothing was changed.
        limits: `nesting` bounds how deep brackets may nest.

    Returns:
        The value, valid text for it, and all edits. Valid text comes back as it is.

    Raises:
        RepairError: There is no value in the text, or none that the constraint accepts, or only by edits that `allow`
            forbids. Says what is still wrong by JSON Pointer; has the best value and its edits.
        LimitExceeded: Brackets nest too deeply.
        InvalidConstraintError: `constraint` is nothing that a constraint can be made of.
        InvalidOptionError: An option has a value that it may not have.

    Time is linear in the text. Nothing is invented: a required property that is missing is an error.

    >>> repair("Sure! {name: 'Robert Burns', born: 1759,").value
    {'name': 'Robert Burns', 'born': 1759}
    """
    return pipeline.repair(
        text,
        repairable(constraint),
        format=format,
        allow=allow,
        defaults=defaults,
        reformat=reformat,
        limits=limits,
    )
