"""Strategies: what to ask, how often, and which answer to take.

Small values without state: one object serves any number of calls at the same time. `mask` says whether the sampler is
given the constraint; without it, answers are free and judged afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, get_args

from structgen.errors import InvalidOptionError
from structgen.options import Instance, Number, Whole, check_flags, check_option
from structgen.sampling.candidates import Prompt
from structgen.sampling.classify_answer import RepairMode, with_feedback
from structgen.sampling.outcome import Attempt
from structgen.sampling.run import Choice, Decision, Run, Steps

Score = Literal["mean_logprob", "sum_logprob"] | Callable[[list[Attempt]], Sequence[float]]
"""How answers are compared; the highest wins. A callable gets all valid attempts of a batch at once."""


REPAIR = (*get_args(RepairMode), None)
"""The values of the option `repair`."""


_LIST = Instance(Sequence, "a list of numbers")


class Strategy(Protocol):
    """Decides what to ask, and which answer to take."""

    def decide(self, run: Run) -> Decision:
        """Yield questions, return the choice; None: nothing valid was found."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Ask until an answer is valid.

    Args:
        max_attempts: answers at most.
        feedback: put the latest bad answer and what is wrong with it into the conversation. Its size does not grow
            with the attempts.
        repair: how an answer may be mended before it counts as bad: "syntax" (as JSON or YAML, without a look at the
            constraint), "lossless" or "guessed" (also by the constraint; the worst grade of edits), or None. A text
            that was cut is not closed.
        temperatures: of the first, second ... attempt; the last one is kept.
        seeds: of the first, second ... attempt; then counting on. None: 0, 1, 2 ...
        mask: give the sampler the constraint.

    Behind other strategies (`escalate`), `repair` first mends the answers that are there already, at no cost; the
    answer that they got to the same question at temperature 0 stands for the first attempt.

    An answer that was cut at the token limit is continued, where the sampler can; else another one is requested with
    twice the limit. Either once; after that, only with the request to be brief.

    Something changes with every attempt. Where nothing would (temperature 0, the same prompt), the temperature is
    raised to 0.5.
    """

    max_attempts: int = 3
    feedback: bool = True
    repair: RepairMode | None = None
    temperatures: Sequence[float] = (0.0, 0.5, 0.8)
    seeds: Sequence[int] | None = None
    mask: bool = True

    def __post_init__(self) -> None:
        check_option("max_attempts", self.max_attempts, (Whole(1),))
        check_option("temperatures", self.temperatures, (_LIST,))
        check_option("seeds", self.seeds, (_LIST, None))
        if not self.temperatures:
            raise InvalidOptionError("temperatures", self.temperatures, "must be one temperature or more")
        for temperature in self.temperatures:
            check_option("temperatures", temperature, (Number(0),))
        for seed in self.seeds or ():
            check_option("seeds", seed, (Whole(0),))
        check_option("repair", self.repair, REPAIR)
        check_flags(feedback=self.feedback, mask=self.mask)

    def decide(self, run: Run) -> Decision:
        """Yield questions, return the choice."""
        mended = run.mended(self.repair)
        if mended is not None:
            return Choice(mended)
        asked = _Asked(run.prompt, run.max_new_tokens)
        for number in range(self.max_attempts):
            answers = yield from self._ask(run, asked, number)
            if not answers:
                return None
            (attempt,) = answers
            if attempt.ok:
                return Choice(attempt)
            following = self._after(run, asked, attempt)
            if following is None:
                return None
            asked = following
        return None

    def _ask(self, run: Run, asked: _Asked, number: int) -> Steps:
        temperature = self.temperatures[min(number, len(self.temperatures) - 1)]
        if number == 0 and temperature == 0 and self.repair is not None:
            first = run.first(masked=self.mask)
            if first is not None:
                return [first]
        return (
            yield from run.ask(
                asked.prompt,
                repair=self.repair,
                mask=self.mask,
                temperature=temperature,
                seed=self._seed(number),
                max_new_tokens=asked.limit,
                prefix=asked.prefix,
            )
        )

    def _after(self, run: Run, asked: _Asked, attempt: Attempt) -> _Asked | None:
        """What to ask after an attempt that failed; None if the same again would fail again."""
        if attempt.failure == "cut" and not asked.extended:
            if run.can_continue and attempt.text:
                return replace(asked, prefix=attempt.text, extended=True)
            return replace(asked, prefix="", limit=asked.limit * 2, extended=True)
        if self.feedback:
            return replace(asked, prefix="", prompt=with_feedback(run.prompt, attempt))
        return None if attempt.failure == "cut" else replace(asked, prefix="")

    def _seed(self, number: int) -> int:
        seeds = self.seeds or (0,)
        return seeds[number] if number < len(seeds) else seeds[-1] + number - len(seeds) + 1


@dataclass(frozen=True, slots=True)
class _Asked:
    """What `Retry` asks for; `extended`: an answer that was cut was given more room."""

    prompt: Prompt
    limit: int
    prefix: str = ""
    extended: bool = False


@dataclass(frozen=True, slots=True)
class BestOf:
    """Ask n times, take the best valid answer.

    Args:
        n: answers.
        score: "mean_logprob" (per token, so that short answers have no advantage), "sum_logprob", or a callable that
            gets a list of valid attempts (`.value`, `.text`, `.candidate`) and gives a number for each: a
            verifier, a reward model; NaN is the worst. Log-probabilities are the model's own, before the mask; from a
            sampler that gives none, two valid answers cannot be compared, and the strategy fails with both.
        good_enough: stop as soon as a score is that high.
        batch: answers in one call; None: all at once, or one by one with `good_enough`.
        temperature: above 0, or all answers would be the same.
        seed: of the first batch.
        repair: as in `Retry`.
        mask: give the sampler the constraint.
    """

    n: int
    score: Score = "mean_logprob"
    good_enough: float | None = None
    batch: int | None = None
    temperature: float = 0.8
    seed: int = 0
    repair: RepairMode | None = None
    mask: bool = True

    def __post_init__(self) -> None:
        check_asked(self.n, self.temperature, self.seed, self.repair, self.mask)
        check_option("batch", self.batch, (Whole(1), None))
        check_option("good_enough", self.good_enough, (Number(-math.inf), None))
        if not callable(self.score):
            check_option("score", self.score, ("mean_logprob", "sum_logprob"), or_else="a callable")

    def decide(self, run: Run) -> Decision:
        """Yield questions, return the choice."""
        scored: list[Attempt] = []
        asked = 0
        batch = self.batch or (self.n if self.good_enough is None else 1)
        while asked < self.n:
            answers = yield from run.ask(
                run.prompt,
                min(batch, self.n - asked),
                repair=self.repair,
                mask=self.mask,
                temperature=self.temperature,
                seed=self.seed + asked,
            )
            if not answers:
                break
            asked += len(answers)
            scored += self._scored(run, [one for one in answers if one.ok])
            if len(scored) > 1 and all(one.score is None for one in scored):
                against = f"score={self.score!r} needs log-probabilities, and the sampler gives none: pass a callable"
                return Choice(scored[0], against=against)
            if self.good_enough is not None and any(_score_of(one) >= self.good_enough for one in scored):
                break
        best = max(scored, key=_score_of, default=None)
        return None if best is None else Choice(best)

    def _scored(self, run: Run, valid: list[Attempt]) -> list[Attempt]:
        if not valid:
            return []
        scores: Sequence[float | None]
        if callable(self.score):
            scores = [float(score) for score in self.score(valid)]
            if len(scores) != len(valid):
                raise ValueError(f"the score gave {len(scores)} numbers for {len(valid)} attempts")
        elif self.score == "mean_logprob":
            scores = [one.candidate.mean_logprob for one in valid]
        else:
            scores = [one.candidate.logprob for one in valid]
        return run.rescored(valid, scores)


@dataclass(frozen=True, slots=True)
class FirstValid:
    """Ask n times at once; the first answer that ends valid wins, and the others are cancelled.

    A local model makes one batch of it, with a stopping criterion; of other samplers n calls run in threads, or as
    tasks with `sample_async`. Which call ends first depends on the server: this is the one strategy whose outcome a
    seed does not settle.

    Args:
        n: answers at once.
        temperature: above 0, or all answers would be the same.
        seed: of the first.
        repair: as in `Retry`.
        mask: give the sampler the constraint.
    """

    n: int
    temperature: float = 0.8
    seed: int = 0
    repair: RepairMode | None = None
    mask: bool = True

    def __post_init__(self) -> None:
        check_asked(self.n, self.temperature, self.seed, self.repair, self.mask)

    def decide(self, run: Run) -> Decision:
        """Yield questions, return the choice."""
        mended = run.mended(self.repair)
        if mended is not None:
            return Choice(mended)
        answers = yield from run.race(
            self.n, mask=self.mask, temperature=self.temperature, seed=self.seed, repair=self.repair
        )
        valid = next((one for one in answers if one.ok), None)
        return None if valid is None else Choice(valid)


@dataclass(frozen=True, slots=True)
class Beam:
    """Search for the likeliest valid answer, `width` texts at a time. Needs a sampler with `beam()`.

    Args:
        width: hypotheses kept at each step.
        mask: give the sampler the constraint; without, what the search finds is judged.
    """

    width: int = 4
    mask: bool = True

    def __post_init__(self) -> None:
        check_option("width", self.width, (Whole(1),))
        check_flags(mask=self.mask)

    def decide(self, run: Run) -> Decision:
        """Yield questions, return the choice."""
        if not hasattr(run.sampler, "beam"):
            raise ValueError(
                f"{type(run.sampler).__name__} has no beam(): Beam needs a local model (TransformersSampler)"
            )
        found = yield from run.beam(self.width, mask=self.mask)
        answers = run.rescored(found, [one.candidate.logprob for one in found])
        best = next((one for one in answers if one.ok), None)  # the likeliest comes first
        return None if best is None else Choice(best)


@dataclass(frozen=True, slots=True, init=False)
class Escalate:
    """One strategy after the other, cheap ones first, until one finds a valid answer. The budget is that of all.

    Args:
        strategies: one or more.

    A plain answer; the same one repaired, which asks nothing; two others, with feedback; one under the mask:

    Escalate(
        Retry(1, mask=False),
        Retry(1, mask=False, repair="lossless"),
        Retry(3, mask=False, repair="guessed"),
        Retry(1),
    )
    """

    strategies: tuple[Strategy, ...]

    def __init__(self, *strategies: Strategy) -> None:
        if not strategies or not all(hasattr(one, "decide") for one in strategies):
            raise InvalidOptionError("strategies", strategies, "must be one strategy or more")
        object.__setattr__(self, "strategies", strategies)

    def decide(self, run: Run) -> Decision:
        """Yield questions, return the choice."""
        nearest = None
        for strategy in self.strategies:  # also when the budget is used up: a repair costs nothing
            choice = yield from strategy.decide(run)
            if choice is not None and choice.against is None:
                return choice
            nearest = choice or nearest
        return nearest


escalate = Escalate
"""Another name of `Escalate`."""


def _score_of(attempt: Attempt) -> float:
    return float("-inf") if attempt.score is None or math.isnan(attempt.score) else attempt.score


def check_asked(n: int, temperature: float, seed: int, repair: RepairMode | None, mask: bool) -> None:
    """See that the options make sense that strategies with several answers share."""
    check_option("n", n, (Whole(1),))
    check_option("temperature", temperature, (Number(0),))
    check_option("seed", seed, (Whole(0),))
    check_option("repair", repair, REPAIR)
    check_flags(mask=mask)
    if temperature == 0 and n > 1:
        raise InvalidOptionError(
            "temperature", temperature, f"must be above 0, or all {n} answers would be the same"
        )
