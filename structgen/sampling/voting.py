"""Vote: the answer that most samples agree on (self-consistency: Wang et al., ICLR 2023, arXiv:2203.11171)."""

from __future__ import annotations

import json
import math
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

from structgen.errors import InvalidOptionError
from structgen.options import Number, check_option
from structgen.sampling.candidates import Candidate
from structgen.sampling.classify_answer import RepairMode
from structgen.sampling.outcome import Attempt
from structgen.sampling.run import Choice, Decision, Run
from structgen.sampling.strategies import check_asked

EACH = "*"
"""As `field`: every field is voted on by itself."""


@dataclass(frozen=True, slots=True)
class Vote:
    """Ask n times, take the answer that most valid answers agree on.

    Args:
        n: answers.
        key: what of a value is compared; whatever it returns is made canonical. None: the value itself.
        field: vote on one field only, by name or JSON Pointer (RFC 6901); the answer is the likeliest that has the
            winning field. "*": on each field of an object by itself; the answer is joined from the winners, and must
            be valid again.
        min_agreement: the share of the valid answers that the winner needs, from 0 to 1.
        temperature: above 0, or all answers would be the same.
        seed: of the first batch.
        repair: as in `Retry`.
        mask: give the sampler the constraint.

    The score of an attempt is the share of its answer; field by field, the lowest of its shares.

    Values are compared as canonical JSON: keys in order, 1.0 as 1, strings in Unicode's NFC, without spaces around,
    runs of spaces as one, without case.

    Asks in batches of just as many as could settle the vote, and stops once the majority cannot change.
    """

    n: int
    key: Callable[[Any], Any] | None = None
    field: str | None = None
    min_agreement: float = 0.0
    temperature: float = 0.8
    seed: int = 0
    repair: RepairMode | None = None
    mask: bool = True

    def __post_init__(self) -> None:
        check_asked(self.n, self.temperature, self.seed, self.repair, self.mask)
        check_option("min_agreement", self.min_agreement, (Number(0, 1),))
        if self.key is not None and self.field is not None:
            raise InvalidOptionError("field", self.field, "cannot be combined with key")

    def decide(self, run: Run) -> Decision:
        """Yield questions, return the choice."""
        valid: list[Attempt] = []
        asked = 0
        while (batch := self._wanted(valid, self.n - asked)) > 0:
            answers = yield from run.ask(
                run.prompt,
                batch,
                repair=self.repair,
                mask=self.mask,
                temperature=self.temperature,
                seed=self.seed + asked,
            )
            if not answers:
                break
            asked += len(answers)
            valid += [one for one in answers if one.ok]
        return self._counted(run, valid) if valid else None

    def _ballots(self, attempt: Attempt) -> dict[str, str]:
        """What an attempt votes for, by question."""
        value = plain(attempt.value, attempt.valid_text)
        if self.field == EACH and isinstance(value, dict):
            return {str(name): canonical(part) for name, part in value.items()}
        if self.field is not None and self.field != EACH:
            return {"": canonical(_at(value, self.field))}
        return {"": canonical(value if self.key is None else self.key(attempt.value))}

    def _tallies(self, valid: list[Attempt]) -> dict[str, Counter[str]]:
        found: dict[str, Counter[str]] = {}
        for attempt in valid:
            for question, answer in self._ballots(attempt).items():
                found.setdefault(question, Counter())[answer] += 1
        return found

    def _wanted(self, valid: list[Attempt], left: int) -> int:
        """The least number of further answers that could settle all questions; 0 if they are settled."""
        tallies = self._tallies(valid) or {"": Counter()}
        return max(self._wanted_of(tally, left, len(valid)) for tally in tallies.values())

    def _wanted_of(self, tally: Counter[str], left: int, voted: int) -> int:
        first, second = ([count for _, count in tally.most_common(2)] + [0, 0])[:2]
        # A property that some answers lack is voted on by them too: they may all come to have it another way.
        missing = voted - sum(tally.values())
        to_win = (max(second, missing) + left - first) // 2 + 1 if first <= max(second, missing) + left else 0
        votes, enough = max(1, voted + left), self.min_agreement
        to_agree = 1 if first / votes < enough <= (first + left) / votes else 0
        return min(left, max(to_win, to_agree))

    def _counted(self, run: Run, valid: list[Attempt]) -> Choice:
        tallies = self._tallies(valid)
        count = _Count(tallies, len(valid))
        scores = [
            min((count.shares[one][answer] for one, answer in self._ballots(attempt).items()), default=1.0)
            for attempt in valid
        ]
        valid = run.rescored(valid, scores)
        agreeing = [one for one in valid if self._ballots(one) == count.kept]
        best = max(agreeing or valid, key=_likelihood)  # the earlier one of two that are as likely
        shown = count.shares if self.field == EACH else count.shares[""]
        against = None
        if count.agreement < self.min_agreement:
            against = (
                f"the answers agree to {count.agreement:.0%} only; min_agreement is {self.min_agreement:.0%}"
            )
        if agreeing:
            return Choice(best, best.value, best.valid_text, shown, against)
        joined = self._joined(run, valid, count.kept)
        failure = None if joined.ok else f"the winning fields do not make a valid answer: {joined.error}"
        return Choice(best, joined.value, joined.text, shown, against or failure)

    def _joined(self, run: Run, valid: list[Attempt], kept: dict[str, str]) -> Attempt:
        """The object of the winning fields, judged as an answer is: by the constraint, and by the validators."""
        fields = {}
        for question, answer in kept.items():
            for attempt in valid:
                value = plain(attempt.value, attempt.valid_text)
                if isinstance(value, dict) and question in value and canonical(value[question]) == answer:
                    fields[question] = value[question]
                    break
        text = json.dumps(fields, ensure_ascii=False)
        return run.classifier.attempt(Candidate(text), text, repair=None)


class _Count:
    """The result of a vote, question by question.

    Attributes:
        shares: of the valid answers that each answer to a question has.
        kept: the winning answers. A property that most answers do without has none: that is what they agree on.
        agreement: the lowest share of a winner.
    """

    def __init__(self, tallies: dict[str, Counter[str]], voters: int) -> None:
        winners = {question: tally.most_common(1)[0] for question, tally in tallies.items()}
        without = {question: voters - tally.total() for question, tally in tallies.items()}
        self.shares = {
            question: {answer: count / voters for answer, count in tally.most_common()}
            for question, tally in tallies.items()
        }
        self.kept = {one: answer for one, (answer, _) in winners.items() if 2 * without[one] < voters}
        agreed = (count if one in self.kept else without[one] for one, (_, count) in winners.items())
        self.agreement = min(agreed, default=voters) / voters


def canonical(value: Any) -> str:
    """A value as text, equal for values that mean the same.

    >>> canonical({"b": 1.0, "a": " Robert  Burns"}) == canonical({"a": "robert burns", "b": 1})
    True
    """
    return json.dumps(_normal(plain(value)), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def plain(value: Any, text: str | None = None) -> Any:
    """A value as JSON: instances of classes by their text, or as objects; others as text."""
    if value is None or isinstance(value, (str, int, float, bool, list, tuple, dict)):
        return value
    try:
        return json.loads(text or "")
    except (ValueError, RecursionError):
        pass
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value) if text is None else text


def _normal(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(unicodedata.normalize("NFC", value).split()).casefold()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {str(name): _normal(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_normal(part) for part in value]
    return value if isinstance(value, (int, float, bool, type(None))) else str(value)


def _at(value: Any, field: str) -> Any:
    """A part of a value, by name or JSON Pointer; None where there is none."""
    steps = field[1:].split("/") if field.startswith("/") else [field]
    for step in steps:
        name = step.replace("~1", "/").replace("~0", "~") if field.startswith("/") else step
        try:
            value = value[int(name)] if isinstance(value, list) else value[name]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return value


def _likelihood(attempt: Attempt) -> float:
    mean = attempt.candidate.mean_logprob
    return float("-inf") if mean is None or math.isnan(mean) else mean
