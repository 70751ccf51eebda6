"""Edits: what a repair changed, where, and how surely. Data; knows no syntax."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

Grade = Literal["lossless", "guessed", "dropped"]
"""How sure an edit is.

`lossless`: the text could mean nothing else, and nothing of it is lost. `guessed`: another reading was possible.
`dropped`: a part of the input is not in the result.
"""

_GRADES: tuple[Grade, ...] = get_args(Grade)  # from the best to the worst


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


class Repair:
    """The outcome of `repair()`. Immutable.

    `text` and `edits` are made when they are first used: a megabyte of single quotes has many edits.

    Attributes:
        value: what the text means; of a constraint over a Python type, an instance.
        text: valid text of that value; the input itself if nothing had to be changed.
        edits: what was changed, in the order of the input.
        grade: the worst grade of all edits.
        format: "json", "yaml" or "text".
        truncated: where the input breaks off, if it does: the offset of its end.
        surrounding: the spans of the input that are not part of the payload: prose, fences, other candidates.
        others: further values that the text holds, which were not chosen.
    """

    __slots__ = ("_edits", "_text", "format", "grade", "others", "surrounding", "truncated", "value")

    value: Any
    grade: Grade
    format: str
    truncated: int | None
    surrounding: tuple[tuple[int, int], ...]
    others: tuple[Any, ...]
    _text: str | Callable[[], str]
    _edits: tuple[Edit, ...] | Callable[[], tuple[Edit, ...]]

    def __init__(
        self,
        value: Any,
        text: str | Callable[[], str],
        edits: tuple[Edit, ...] | Callable[[], tuple[Edit, ...]] = (),
        format: str = "json",
        truncated: int | None = None,
        surrounding: tuple[tuple[int, int], ...] = (),
        others: tuple[Any, ...] = (),
        *,
        grade: Grade | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "value", value)
        put(self, "_text", text)
        put(self, "_edits", edits)
        put(self, "format", format)
        put(self, "truncated", truncated)
        put(self, "surrounding", surrounding)
        put(self, "others", others)
        put(self, "grade", grade if grade is not None else worst(self.edits))

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{name!r} of a Repair can't be set")

    __delattr__ = __setattr__  # type: ignore[assignment]

    @property
    def text(self) -> str:
        """Valid text of the value; the input itself if nothing had to be changed."""
        if callable(self._text):
            object.__setattr__(self, "_text", self._text())
        return cast(str, self._text)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """What was changed, in the order of the input."""
        if callable(self._edits):
            object.__setattr__(self, "_edits", self._edits())
        return cast("tuple[Edit, ...]", self._edits)

    @property
    def ok(self) -> bool:
        """True if nothing was guessed and nothing dropped."""
        return self.grade == "lossless"

    def _fields(self) -> tuple[Any, ...]:
        return (
            self.value,
            self.text,
            self.edits,
            self.format,
            self.truncated,
            self.surrounding,
            self.others,
        )

    def __eq__(self, other: object) -> bool:
        return self._fields() == other._fields() if isinstance(other, Repair) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.text, self.edits))

    def __reduce__(self) -> tuple[type[Repair], tuple[Any, ...]]:
        return Repair, self._fields()

    def __repr__(self) -> str:
        return (
            f"Repair(value={self.value!r}, text={self.text!r}, edits={self.edits!r}, format={self.format!r}, "
            f"truncated={self.truncated!r}, surrounding={self.surrounding!r}, others={self.others!r})"
        )


def worst(edits: Sequence[Edit]) -> Grade:
    """The worst grade among edits; `lossless` if there are none."""
    grades = {edit.grade for edit in edits}
    return max(grades, key=_GRADES.index, default="lossless")


def worse(first: Grade, second: Grade) -> Grade:
    """Returns the worse of two grades."""
    return max(first, second, key=_GRADES.index)
