"""Classifies each answer (valid, repaired, cut, refused, unparsable, ...) before the strategy reacts.

The order: is it valid as it is? Can it be repaired, by edits of the grade allowed? Was it cut? Did the model refuse?
Is it not in the required form, or in that form and invalid? Validators of the caller see only valid values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from structgen.constraint import Constraint
from structgen.errors import InvalidText, StructgenError
from structgen.formats.json import json_format
from structgen.repairing.edits import Repair
from structgen.repairing.pipeline import repair as mend
from structgen.sampling.candidates import Candidate, Prompt
from structgen.sampling.outcome import Attempt, Failure

RepairMode = Literal["syntax", "lossless", "guessed"]
"""How an answer that is not valid may be mended.

`syntax`: as JSON or YAML, without a look at the constraint. `lossless`, `guessed`: also by what the constraint says,
with edits of that grade at worst.
"""

Validator = Callable[[Any], Any]
"""Raises `ValueError` (so do pydantic's) or fails an `assert` if a value will not do."""

_SHOWN_PROBLEMS = 5
_SHOWN_PROBLEM = 240
_SHOWN_ANSWER = 1500

# Only looked for in texts that are not valid anyway, at their beginning.
_REFUSAL = re.compile(
    r"(i['’]m|i am|we['’]re|we are)\s+((very|really|so|truly|terribly)\s+)?(sorry|afraid|unable|not able)\b"
    r"|(my apologies|i\s+apologi[sz]e|sorry)\b|as an? (ai|(large )?language model|assistant)\b"
    r"|(unfortunately,?\s+)?(i|we)\s+(can['’]?t|cannot|can not|won['’]t|am not able|am unable)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class AnswerClassifier:
    """Makes an attempt of each candidate: says whether it is valid, and else what is wrong.

    Attributes:
        constraint: what the text must be; None: any text.
        validators: of the caller, called with the value.
    """

    constraint: Constraint | None
    validators: tuple[Validator, ...] = ()

    def attempt(self, candidate: Candidate, text: str, *, repair: RepairMode | None, **facts: Any) -> Attempt:
        """The candidate as an attempt.

        Args:
            candidate: as the sampler gave it.
            text: the whole answer: of one that was continued, with its beginning.
            repair: how the text may be mended; None: it must be valid as it is.
            facts: of the attempt, whatever the judgement.
        """
        facts |= {"candidate": candidate, "token_count": candidate.token_count}
        found = self._read(candidate, text, repair)
        if isinstance(found, _Valid):
            objections = [told for error in self._objections(found.value) for told in _told(error)]
            if not objections:
                return Attempt(text, found.value, valid_text=found.text, edits=found.edits, **facts)
            found = _Wrong("rejected", objections, found.edits)
        shown = tuple(_short(problem) for problem in found.problems)
        told = "; ".join(shown)
        return Attempt(text, failure=found.failure, error=told, problems=shown, edits=found.edits, **facts)

    def _read(self, candidate: Candidate, text: str, repair: RepairMode | None) -> _Valid | _Wrong:
        """The value of a text, as it is or repaired; or what is wrong with it."""
        if self.constraint is None:
            return _free_text(candidate, text)
        try:
            return _Valid(self.constraint.validate(text), text)
        except InvalidText as error:
            return self._repaired(candidate, text, repair) or self._failure(candidate, text, error)

    def _objections(self, value: Any) -> list[Exception]:
        found: list[Exception] = []
        for validator in self.validators:
            try:
                validator(value)
            except (ValueError, AssertionError) as error:
                found.append(error)
        return found

    def _repaired(self, candidate: Candidate, text: str, repair: RepairMode | None) -> _Valid | None:
        """What a repair makes of it. Not of a text that ran into the limit: its end would be made up."""
        if repair is None or self.constraint is None or not text.strip():
            return None
        known = None if repair == "syntax" else self.constraint
        try:
            repaired = mend(text, known, allow="guessed" if repair == "syntax" else repair)
            if candidate.finish_reason == "length" and repaired.truncated is not None:
                return None
            valid_text = self._text_of(repaired)
            value = self.constraint.validate(valid_text) if known is None else repaired.value
        except StructgenError:
            return None
        return _Valid(value, valid_text, tuple(repaired.edits))

    def _text_of(self, repaired: Repair) -> str:
        """The text of a repair; of YAML, where the constraint is for JSON, as JSON."""
        assert self.constraint is not None
        if repaired.format != "yaml" or self.constraint.is_valid(repaired.text):
            return repaired.text
        return json_format().write(mend(repaired.text, format="yaml").value)

    def _failure(self, candidate: Candidate, text: str, error: InvalidText) -> _Wrong:
        """What is wrong with a text that the constraint refuses."""
        known = _without_answer(candidate, text)
        if known is not None:
            return known
        problems = self._problems(text)
        if problems is not None:
            return _Wrong("invalid", problems or _told(error))
        if _REFUSAL.match(text.lstrip()):
            return _Wrong("refused", (f"the model declines: {text.strip()}",))
        return _Wrong("unparsable", (f"line {error.line}, column {error.column}: {error.reason}",))

    def _problems(self, text: str) -> list[str] | None:
        """All that the schema has against a text that is JSON; None if it is not, or if no JSON is wanted."""
        schema = None if self.constraint is None else self.constraint.schema
        if schema is None:
            return None
        try:
            value = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            return None
        return [f"{problem.pointer}: {problem.reason}" for problem in schema.problems(value)]


@dataclass(frozen=True, slots=True)
class _Valid:
    """A text that the constraint accepts, perhaps repaired; validators have not seen its value."""

    value: Any
    text: str
    edits: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What kind of failure a text is, and all that is wrong with it."""

    failure: Failure
    problems: Sequence[str]
    edits: tuple[Any, ...] = ()


def _free_text(candidate: Candidate, text: str) -> _Valid | _Wrong:
    """A text without a constraint: its own value, if it is an answer."""
    if candidate.refusal:
        return _Wrong("refused", (candidate.refusal,))
    if not text.strip():
        return _Wrong("empty", ("the answer is empty",))
    if candidate.finish_reason == "length":
        return _Wrong("cut", (_cut(candidate),))
    return _Valid(text, text)


def _without_answer(candidate: Candidate, text: str) -> _Wrong | None:
    """What is wrong with a text that is no answer at all; None if it is one."""
    if candidate.refusal:
        return _Wrong("refused", (candidate.refusal,))
    if candidate.finish_reason == "length":
        return _Wrong("cut", (_cut(candidate),))
    return None if text.strip() else _Wrong("empty", ("the answer is empty",))


def _told(error: BaseException) -> list[str]:
    """What an exception says, problem by problem: pydantic's has a list of them, each with its place."""
    for one in (error, error.__cause__):
        errors = getattr(one, "errors", None)
        try:
            found = (
                [f"{_pointer(part['loc'])}: {part['msg']}" for part in errors()] if callable(errors) else []
            )
        except (AttributeError, TypeError, KeyError):  # it is none of pydantic's
            continue
        if found:
            return found
    return [error.reason if isinstance(error, InvalidText) else str(error) or type(error).__name__]


def _pointer(place: Sequence[Any]) -> str:
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in place)
    return "/".join(("#", *steps))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def with_feedback(task: Prompt, attempt: Attempt) -> Prompt:
    """The task, the latest bad answer, and what is wrong with it: as long after ten attempts as after one."""
    messages = [{"role": "user", "content": task}] if isinstance(task, str) else [dict(one) for one in task]
    if attempt.text.strip():
        messages.append({"role": "assistant", "content": _clipped(attempt.text, _SHOWN_ANSWER)})
    messages.append({"role": "user", "content": _complaint(attempt)})
    return messages


def _complaint(attempt: Attempt) -> str:
    if attempt.failure == "refused":
        return "Please answer all the same: only with the answer itself, in the required form."
    if attempt.failure == "empty":
        return "The answer was empty. Answer only with the answer itself, in the required form."
    if attempt.failure == "cut":
        return (
            "The answer was too long and was cut. Answer again, as briefly as possible, in the required form."
        )
    shown = attempt.problems[:_SHOWN_PROBLEMS]
    more = len(attempt.problems) - len(shown)
    lines = [f"- {problem}" for problem in shown] + ([f"- and {more} more"] if more > 0 else [])
    return "\n".join(
        ["This answer is not valid:", *lines, "Answer again, corrected; only with the answer itself."]
    )


def _cut(candidate: Candidate) -> str:
    return f"cut after {candidate.token_count} tokens"


def _short(problem: str) -> str:
    return _clipped(" ".join(problem.split()), _SHOWN_PROBLEM)


def _clipped(text: str, size: int) -> str:
    """A text of bounded size: its beginning, and its end, where the error of a long answer mostly is."""
    if len(text) <= size:
        return text
    half = size // 2
    return f"{text[:half]} [...] {text[len(text) - half :]}"
