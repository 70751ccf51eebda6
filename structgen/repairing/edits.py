"""Edits: what a repair changed, where, and how surely. Data; knows no syntax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Grade = Literal["lossless", "guessed", "dropped"]
"""How sure an edit is.

`lossless`: the text could mean nothing else, and nothing of it is lost. `guessed`: another reading was possible.
`dropped`: a part of the input is not in the result.
"""


@dataclass(frozen=True, slots=True)
class Edit:
    """One change made by a repair.

    Attributes:
        kind: what was done, in one word: `bracket`, `comma`, `quote`, `type`, ...
        start: where in the input the changed part begins, in code points.
        end: where it ends; equal to `start` where something was inserted.
        grade: how sure it is.
        reason: in words.
    """

    kind: str
    start: int
    end: int
    grade: Grade
    reason: str

    @property
    def span(self) -> tuple[int, int]:
        """Where the changed part of the input begins and ends, in code points."""
        return self.start, self.end

    def __str__(self) -> str:
        return f"{self.start}-{self.end} {self.kind} ({self.grade}): {self.reason}"


@dataclass(frozen=True, slots=True)
class Repair:
    """The outcome of `repair()`.

    Attributes:
        value: what the text means; of a constraint over a Python type, an instance.
        text: valid text of that value; the input itself if nothing had to be changed.
        edits: what was changed, in the order of the input.
        format: "json", "yaml" or "text".
        truncated: where the input breaks off, if it does: the offset of its end.
        surrounding: the spans of the input that are not part of the payload: prose, fences, other candidates.
        others: further values that the text holds, which were not chosen.
    """

    value: Any
    text: str
    edits: tuple[Edit, ...] = ()
    format: str = "json"
    truncated: int | None = None
    surrounding: tuple[tuple[int, int], ...] = ()
    others: tuple[Any, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was guessed and nothing dropped."""
        return all(edit.grade == "lossless" for edit in self.edits)

    @property
    def grade(self) -> Grade:
        """The worst grade of all edits."""
        return worst(self.edits)


def worst(edits: Sequence[Edit]) -> Grade:
    """The worst grade among edits; `lossless` if there are none."""
    grades = {edit.grade for edit in edits}
    return "dropped" if "dropped" in grades else "guessed" if "guessed" in grades else "lossless"
