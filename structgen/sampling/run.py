"""One call of sample(): its budget, its attempts, and the questions that its strategy asks.

A strategy is a generator over a `Run`. What it yields is a question (`Call`, `Race`, `Pause`); a driver (`drivers`)
answers with candidates, or throws the sampler's exception in. So all that is decided is decided here and
in the strategies, once, and not in threads or coroutines.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from structgen.constraint import Constraint
from structgen.errors import BudgetTooSmall, InvalidOptionError, TransportFailed
from structgen.sampling.candidates import Candidate, Prompt, SampleRequest
from structgen.sampling.classify_answer import AnswerClassifier, RepairMode
from structgen.sampling.outcome import Attempt, Budget, Failure

FIRST_PAUSE = 0.25
"""Seconds before a call that failed is made again; twice as long each time."""

LONGEST_PAUSE = 60.0
"""Seconds that are waited at most, whatever a server asks for."""

CALLS = 5
"""How often a call is made before transport is given up."""

WARMER = 0.5
"""The temperature instead of 0, where 0 would give an answer that is known already."""

_CODES = frozenset({408, 409, 425, 429})

_NEAREST: tuple[Failure | None, ...] = (
    None,
    "rejected",
    "invalid",
    "cut",
    "unparsable",
    "refused",
    "empty",
    "transport",
)
"""Failures, the one that is nearest to a valid text first."""


Method: TypeAlias = Callable[[Any, Prompt, SampleRequest], list[Candidate]]
"""A way to get candidates from a sampler, other than to call it: `(sampler, prompt, request) -> candidates`."""


@dataclass(frozen=True, slots=True)
class Call:
    """Ask the sampler; the answer is a list of candidates.

    Attributes:
        beam: ask its `beam()`.
        method: get the candidates by this function instead.
        sampler: ask another sampler than that of the run.
    """

    prompt: Prompt
    request: SampleRequest
    beam: bool = False
    method: Method | None = None
    sampler: Any = None


@dataclass(frozen=True, slots=True)
class Race:
    """Make these calls at the same time, until a candidate is enough; the rest are cancelled.

    The answer is a list of what each call gave, in the order in which they ended: candidates, or an exception.
    """

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait that many seconds."""

    seconds: float


Question: TypeAlias = "Call | Race | Pause"


@dataclass(frozen=True, slots=True)
class Choice:
    """What a strategy decides for.

    Attributes:
        attempt: the attempt chosen.
        value: of the outcome, where that is not the attempt's own.
        text: of that value.
        shares: of the answers that were voted for.
        against: why the choice does not count, in words; None if it does.
    """

    attempt: Attempt
    value: Any = None
    text: str | None = None
    shares: Mapping[str, Any] = field(default_factory=dict)
    against: str | None = None


Steps: TypeAlias = "Generator[Question, Any, list[Attempt]]"
Decision: TypeAlias = "Generator[Question, Any, Choice | None]"


class Run:
    """One call of sample().

    Attributes:
        prompt: the task.
        classifier: says what an answer is.
        attempts: so far.
        stopped: why no more attempts are made, in words; None if they may be.
        can_continue: whether the sampler can go on with an answer that was cut.
        batched: whether the sampler makes many candidates at little more than the cost of one.
    """

    def __init__(
        self,
        sampler: Any,
        prompt: Prompt,
        classifier: AnswerClassifier,
        budget: Budget,
        *,
        max_new_tokens: int,
        on_attempt: Callable[[Attempt], object] | None = None,
    ) -> None:
        self.sampler = sampler
        self.prompt = prompt
        self.classifier = classifier
        self.max_new_tokens = max_new_tokens
        self.attempts: list[Attempt] = []
        self.stopped: str | None = None
        self.can_continue = bool(getattr(sampler, "continues", False))
        self.batched = bool(getattr(sampler, "batched", False))
        self._budget = budget
        self._on_attempt = on_attempt
        self._started = time.monotonic()
        self._asked: dict[Any, int] = {}
        self._first: dict[bool, Attempt] = {}

    @property
    def seconds(self) -> float:
        """Since the call."""
        return time.monotonic() - self._started

    @property
    def deadline(self) -> float | None:
        """By `time.monotonic()`."""
        return None if self._budget.seconds is None else self._started + self._budget.seconds

    def request(
        self,
        prompt: Prompt,
        n: int = 1,
        *,
        mask: bool,
        temperature: float,
        seed: int,
        max_new_tokens: int | None = None,
        prefix: str = "",
        enough: Callable[[Candidate], bool] | None = None,
    ) -> SampleRequest | None:
        """A request within the budget that has not been made before; None if nothing is left."""
        room = self._room(n)
        if room is None:
            return None
        n, limit = room
        limit = min(self.max_new_tokens if max_new_tokens is None else max_new_tokens, limit)
        constraint: Constraint | None = self.classifier.constraint if mask else None
        question = (repr(prompt), constraint is None, prefix)
        temperature, seed = self._fresh(question, limit, temperature, seed)
        return SampleRequest(
            n, constraint, temperature, seed, limit, self.deadline, prefix, enough, threading.Event()
        )

    def ask(
        self,
        prompt: Prompt,
        n: int = 1,
        *,
        repair: RepairMode | None = None,
        sampler: Any = None,
        **options: Any,
    ) -> Steps:
        """Ask for `n` candidates of one prompt, and judge them. No attempt: the budget is used up.

        Args:
            prompt: the question.
            n: candidates.
            repair: how they may be mended.
            sampler: another one than that of the run.
            options: of `request`.
        """
        request = self.request(prompt, n, **options)
        if request is None:
            return []
        return (yield from self._answered(Call(prompt, request, sampler=sampler), repair))

    def beam(self, width: int, *, mask: bool) -> Steps:
        """Ask the sampler for a beam search."""
        room = self._room(width)
        if room is None:
            return []
        width, limit = room
        constraint = self.classifier.constraint if mask else None
        limit = min(self.max_new_tokens, limit)
        request = SampleRequest(width, constraint, 0.0, 0, limit, self.deadline, cancelled=threading.Event())
        return (yield from self._answered(Call(self.prompt, request, beam=True), None))

    def decode(self, method: Method, n: int, *, temperature: float, seed: int) -> Steps:
        """Get `n` candidates by a method that reads the sampler's model token by token, under the constraint."""
        request = self.request(self.prompt, n, mask=True, temperature=temperature, seed=seed)
        if request is None:
            return []
        return (yield from self._answered(Call(self.prompt, request, method=method), None))

    def race(self, n: int, *, mask: bool, temperature: float, seed: int, repair: RepairMode | None) -> Steps:
        """Ask `n` times at once until an answer is valid."""

        def is_valid(candidate: Candidate) -> bool:
            return self.classifier.attempt(candidate, candidate.text, repair=repair).ok

        options: dict[str, Any] = {"mask": mask, "temperature": temperature, "enough": is_valid}
        if self.batched or n == 1:
            return (yield from self.ask(self.prompt, n, repair=repair, seed=seed, **options))
        room = self._room(n)
        if room is None:
            return []
        n, limit = room[0], min(room[1], self.max_new_tokens)
        requests = [
            self.request(self.prompt, seed=seed + place, max_new_tokens=limit, **options)
            for place in range(n)
        ]
        calls = _cancelled_together([Call(self.prompt, one) for one in requests if one is not None])
        judged: list[Attempt] = []
        for retry in range(CALLS):
            started = time.monotonic()
            answers: list[tuple[Call, list[Candidate] | BaseException]] = yield Race(calls)
            for call, answer in answers:
                if not isinstance(answer, BaseException):
                    seconds = (time.monotonic() - started) / len(answers)
                    judged += self._judged(answer, call, repair, seconds)
            if any(one.ok for one in judged):
                break
            lost = [(call, answer) for call, answer in answers if isinstance(answer, BaseException)]
            pause = self._pause_of_race(retry, [error for _, error in lost], limit, len(calls) - len(answers))
            if pause is None:
                break
            yield Pause(pause)
            calls = _cancelled_together([call for call, _ in lost])
        return judged

    def _pause_of_race(
        self, retry: int, errors: Sequence[BaseException], limit: int, missing: int
    ) -> float | None:
        """Seconds to wait before the calls of a race are made again that failed; None if none is."""
        for error in errors:
            if not is_transport(error):
                self._check_tokens(error, limit)
        if missing:
            self.stopped = f"the budget of {self._budget.seconds:g} seconds is used up"
        return self._pause(retry, *errors) if errors and self.stopped is None else None

    def _answered(self, call: Call, repair: RepairMode | None) -> Steps:
        retry = 0
        while True:
            request = call.request
            started = time.monotonic()
            try:
                candidates = yield call
            except Exception as error:
                if is_transport(error):
                    pause = self._pause(retry, error)
                    if pause is None:
                        return []
                    yield Pause(pause)
                    retry += 1
                    continue
                fewer = self._fewer(request, error)
                if fewer is None:
                    return []
                call = replace(call, request=fewer)
            else:
                return self._judged(candidates, call, repair, time.monotonic() - started)

    def _pause(self, retry: int, *errors: BaseException) -> float | None:
        """Seconds to wait before calls are made again that failed; None, and `stopped`, if they are given up."""
        asked = max(float(getattr(error, "retry_after", None) or 0.0) for error in errors)
        pause: float = min(max(FIRST_PAUSE * 2**retry, asked), LONGEST_PAUSE)
        too_late = self.deadline is not None and time.monotonic() + pause >= self.deadline
        if retry + 1 < CALLS and not too_late:
            return pause
        error = errors[-1]
        told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        self.stopped = f"the sampler cannot be reached: {told}"
        if too_late:
            self.stopped = f"the budget of {self._budget.seconds:g} seconds is used up; the last call: {told}"
        self._record(Attempt("", failure="transport", error=self.stopped, problems=(self.stopped,)))
        return None

    def _fewer(self, request: SampleRequest, error: Exception) -> SampleRequest | None:
        """The request for as many answers as the tokens left are enough for; None, and `stopped`, if for none."""
        self._check_tokens(error, request.max_new_tokens)
        assert isinstance(error, BudgetTooSmall)
        left = request.n * request.max_new_tokens
        n = min(request.n - 1, left // max(1, error.needed))
        if n < 1:
            return None
        self.stopped = None
        return replace(request, n=n, max_new_tokens=min(self.max_new_tokens, left // n))

    def _check_tokens(self, error: BaseException, limit: int) -> None:
        """`stopped`, if an exception says that the tokens left of the budget are too few; else it is raised."""
        if not isinstance(error, BudgetTooSmall) or limit >= self.max_new_tokens:
            raise error
        self.stopped = f"the tokens left of the budget are too few: {error}"

    def _judged(
        self, candidates: list[Candidate], call: Call, repair: RepairMode | None, seconds: float
    ) -> list[Attempt]:
        request = call.request
        found = candidates[: request.n] or ([] if call.method is not None else [Candidate("")])
        judged = [
            self._record(
                self.classifier.attempt(
                    candidate,
                    request.prefix + candidate.text,
                    repair=repair,
                    seconds=seconds / len(found),
                    temperature=request.temperature,
                    seed=request.seed,
                    masked=request.constraint is not None,
                )
            )
            for candidate in found
        ]
        is_plain = not call.beam and call.method is None and call.sampler is None
        if is_plain and call.prompt is self.prompt and request.temperature == 0 and not request.prefix:
            self._first[request.constraint is not None] = judged[0]
        return judged

    def first(self, *, masked: bool) -> Attempt | None:
        """The answer to the task itself at temperature 0, if it was requested: another call would give the same."""
        return self._first.get(masked)

    def mended(self, repair: RepairMode | None) -> Attempt | None:
        """The first of the attempts so far that this repair makes valid, in its place; nothing is asked."""
        for place, before in enumerate(self.attempts if repair is not None else ()):
            if before.ok or before.failure in ("rejected", "transport"):
                continue
            after = self.classifier.attempt(
                before.candidate,
                before.text,
                repair=repair,
                seconds=before.seconds,
                score=before.score,
                temperature=before.temperature,
                seed=before.seed,
                masked=before.masked,
            )
            if (
                after.ok or after.failure == "rejected"
            ):  # so validators are not asked again, and the model is told
                self.attempts[place] = after
                self._first = {key: after if one is before else one for key, one in self._first.items()}
            if after.ok:
                return after
        return None

    def _record(self, attempt: Attempt) -> Attempt:
        self.attempts.append(attempt)
        if self._on_attempt is not None:
            self._on_attempt(attempt)
        return attempt

    def rescored(self, attempts: Sequence[Attempt], scores: Sequence[float | None]) -> list[Attempt]:
        """Attempts with their scores, in their places."""
        scored = [replace(one, score=score) for one, score in zip(attempts, scores, strict=True)]
        for before, after in zip(attempts, scored, strict=True):
            place = next(i for i, one in enumerate(self.attempts) if one is before)
            self.attempts[place] = after
        return scored

    def _room(self, n: int) -> tuple[int, int] | None:
        """How many candidates, and tokens for each, are left; None and `stopped`, if none are."""
        budget = self._budget
        if self.stopped is not None:
            return None
        if n < 1:
            raise InvalidOptionError("n", n, "must be 1 or more")
        limit = 1 << 62
        if budget.attempts is not None:
            n = min(n, budget.attempts - sum(one.failure != "transport" for one in self.attempts))
        if n < 1:
            self.stopped = f"the budget of {budget.attempts} attempts is used up"
        elif budget.tokens is not None:
            left = budget.tokens - sum(one.token_count for one in self.attempts)
            n = min(n, left)
            limit = left // max(1, n)
            if n < 1:
                self.stopped = f"the budget of {budget.tokens} tokens is used up"
        if self.stopped is None and self.deadline is not None and time.monotonic() >= self.deadline:
            self.stopped = f"the budget of {budget.seconds:g} seconds is used up"
        return (n, limit) if self.stopped is None else None

    def _fresh(self, question: Any, limit: int, temperature: float, seed: int) -> tuple[float, int]:
        """Temperature and seed with which this has not been asked: the same again would give the same again.

        But for an answer that was cut, for which there is a larger limit now.
        """

        def is_known(temperature: float, seed: int | None) -> bool:
            return self._asked.get((question, temperature, seed), 0) >= limit

        if temperature == 0 and is_known(0.0, None):
            temperature = WARMER
        while temperature > 0 and is_known(temperature, seed):
            seed += 1
        self._asked[question, temperature, seed if temperature > 0 else None] = limit
        return temperature, seed


def _cancelled_together(calls: Sequence[Call]) -> tuple[Call, ...]:
    """The calls with one event by which all of them are cancelled."""
    cancelled = threading.Event()
    return tuple(replace(call, request=replace(call.request, cancelled=cancelled)) for call in calls)


def received(answer: Any) -> list[Candidate]:
    """What a sampler gave, seen to be candidates."""
    if isinstance(answer, Iterable) and not isinstance(answer, (str, bytes)):
        found = list(answer)
        if all(isinstance(one, Candidate) for one in found):
            return found
        answer = found
    raise TypeError(f"a sampler gives a list of Candidate, not {answer!r:.200}")


def is_transport(error: BaseException) -> bool:
    """Returns True if an exception says that no answer came: the network, a time-out, a server that is busy or broken.

    A status of HTTP (of the exception or of its `response`) decides where there is one: 408, 409, 425, 429 and 5xx are
    transport. Else `TransportFailed`, every `OSError` (`ConnectionError` and `TimeoutError` among them), and the
    what derives from a `TransportError` (httpx). Anything else is a bug or a wrong call, and goes to the caller.
    """
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "status", "code"):
            status = getattr(holder, name, None)
            if isinstance(status, int) and 100 <= status < 600:
                return status in _CODES or status >= 500
    return isinstance(error, (TransportFailed, OSError)) or any(
        kind.__name__ == "TransportError" for kind in type(error).__mro__
    )


def nearest(attempts: Sequence[Attempt]) -> Attempt | None:
    """The attempt that is nearest to a valid text; among equals the one that the model finds likeliest."""

    def rank(attempt: Attempt) -> tuple[int, int, float]:
        mean = attempt.candidate.mean_logprob
        unlikely = 0.0 if mean is None or math.isnan(mean) else -mean
        return _NEAREST.index(attempt.failure), len(attempt.problems), unlikely

    return min(attempts, key=rank, default=None)
