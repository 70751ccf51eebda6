"""The drivers sample() and sample_async(): they put the requests of a strategy to a sampler, and wait for it.

Both run the same conversation: a generator that yields requests, and is sent the answers. What is asked, and what is
made of an answer, is decided by the strategy (`strategies`, `voting`) and the run (`run`).
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

from structgen.constraint import Constraint
from structgen.errors import NoValidOutput
from structgen.frontends.conversion import as_constraint
from structgen.options import Whole, check_flags, check_option
from structgen.sampling.candidates import Candidate, Prompt
from structgen.sampling.classify_answer import AnswerClassifier, Validator
from structgen.sampling.outcome import Attempt, Budget, Outcome
from structgen.sampling.run import Call, Choice, Pause, Question, Race, Run, nearest, received
from structgen.sampling.strategies import Strategy

OnFailure = Literal["raise", "best"]
Ended = list[tuple[Call, "list[Candidate] | BaseException"]]


def sample(
    sampler: Any,
    prompt: Prompt,
    constraint: Any,
    strategy: Strategy,
    *,
    budget: Budget | None = None,
    validators: Sequence[Validator] = (),
    max_new_tokens: int = 512,
    on_failure: OnFailure = "raise",
    on_attempt: Callable[[Attempt], object] | None = None,
    progress: bool = False,
) -> Outcome:
    """Ask a sampler by a strategy, until there is a valid answer.

    Args:
        sampler: a callable `(prompt, request) -> list[Candidate]`: `TransformersSampler`, `OpenAISampler`, yours.
        prompt: a text, or chat messages.
        constraint: what the answer must be: a constraint, or what `as_constraint` makes one of; None: anything, and
            `validators` alone decide.
        strategy: `Retry`, `BestOf`, `Vote`, `FirstValid`, `Beam`, or several by `Escalate`.
        budget: attempts, tokens, seconds.
        validators: called with each valid value; a `ValueError` (pydantic's too) or a failed `assert` makes it
            invalid, and its message is what a retry tells the model.
        max_new_tokens: of each answer.
        on_failure: "raise", or "best": the outcome with the best attempt, `ok` False.
        on_attempt: called after each attempt, with the attempt: for logging.
        progress: show attempts as they come, with rich.

    Raises:
        NoValidOutput: Nothing valid was found; has the outcome, with all attempts. With `on_failure="best"` only if no
            attempt was made.
        InvalidOptionError: An option has a value that it may not have.
        Exception: Whatever the sampler raises that is not transport (see `structgen.sampling.run.is_transport`).

    A plain sampler is not interrupted: it is told the deadline, and should keep it.

    >>> import structgen
    >>> answers = iter(["maybe", "yes"])
    >>> outcome = sample(lambda prompt, request: [Candidate(next(answers))], "Is it?",
    ...                  structgen.choice(["yes", "no"]), structgen.Retry())
    >>> outcome.value, len(outcome.attempts), outcome.attempts[0].failure
    ('yes', 2, 'unparsable')
    """
    constraint = None if constraint is None else as_constraint(constraint)
    _check(sampler, strategy)
    _check_options(max_new_tokens, on_failure, progress)
    with _shown(on_attempt, progress) as hook:
        task = _Task(sampler, prompt, constraint, tuple(validators), budget or Budget(), max_new_tokens, hook)
        steps = _conversation(task, strategy, on_failure)
        step, value = steps.send, None
        while True:
            try:
                question = step(value)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            try:
                step, value = steps.send, _answer(sampler, question)
            except Exception as error:
                step, value = steps.throw, error


async def sample_async(
    sampler: Any,
    prompt: Prompt,
    constraint: Any,
    strategy: Strategy,
    *,
    budget: Budget | None = None,
    validators: Sequence[Validator] = (),
    max_new_tokens: int = 512,
    on_failure: OnFailure = "raise",
    on_attempt: Callable[[Attempt], object] | None = None,
    progress: bool = False,
) -> Outcome:
    """`sample()` for asyncio, with the same arguments.

    The sampler may be `async`; it is cancelled at the deadline, and when another answer has won. A plain one runs in
    a thread, which is told to stop, and not waited for.
    """
    constraint = None if constraint is None else as_constraint(constraint)
    _check(sampler, strategy)
    _check_options(max_new_tokens, on_failure, progress)
    with _shown(on_attempt, progress) as hook:
        task = _Task(sampler, prompt, constraint, tuple(validators), budget or Budget(), max_new_tokens, hook)
        steps = _conversation(task, strategy, on_failure)
        step, value = steps.send, None
        while True:
            try:
                question = step(value)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            try:
                step, value = steps.send, await _answer_async(sampler, question)
            except Exception as error:
                step, value = steps.throw, error


@dataclass(frozen=True)
class _Task:
    """What one call of sample() is about."""

    sampler: Any
    prompt: Prompt
    constraint: Constraint | None
    validators: tuple[Validator, ...]
    budget: Budget
    max_new_tokens: int
    on_attempt: Callable[[Attempt], object] | None


def _conversation(
    task: _Task, strategy: Strategy, on_failure: OnFailure
) -> Generator[Question, Any, Outcome]:
    """Yields what a strategy asks, and is sent the answers; returns the outcome."""
    run = Run(
        task.sampler,
        task.prompt,
        AnswerClassifier(task.constraint, task.validators),
        task.budget,
        max_new_tokens=task.max_new_tokens,
        on_attempt=task.on_attempt,
    )
    choice = yield from strategy.decide(run)
    return _outcome(run, choice, on_failure)


def _check(sampler: Any, strategy: Any) -> None:
    if not callable(sampler):
        raise TypeError(f"a sampler is a callable (prompt, request) -> list[Candidate], not {sampler!r:.100}")
    if not hasattr(strategy, "decide"):
        raise TypeError(
            f"a strategy is Retry(...), BestOf(...) or another with decide(), not {strategy!r:.100}"
        )


def _check_options(max_new_tokens: int, on_failure: OnFailure, progress: bool) -> None:
    check_option("max_new_tokens", max_new_tokens, (Whole(1),))
    check_option("on_failure", on_failure, get_args(OnFailure))
    check_flags(progress=progress)


def _outcome(run: Run, choice: Choice | None, on_failure: OnFailure) -> Outcome:
    attempts = tuple(run.attempts)
    constraint = run.classifier.constraint
    if choice is not None and choice.against is None:
        chosen = choice.attempt
        text = choice.text if choice.text is not None else chosen.valid_text or ""
        value = chosen.value if choice.text is None else choice.value
        return Outcome(attempts, chosen, True, value, text, choice.shares, run.seconds, None, constraint)
    reason = _reason(run) if choice is None else choice.against
    shares = {} if choice is None else choice.shares
    nearest_one = nearest(run.attempts) if choice is None else choice.attempt
    if nearest_one is None:
        raise NoValidOutput(
            reason or "", Outcome(attempts, None, False, None, "", shares, run.seconds, reason, constraint)
        )
    value, text = nearest_one.value, nearest_one.text
    outcome = Outcome(attempts, nearest_one, False, value, text, shares, run.seconds, reason, constraint)
    if on_failure == "best":
        return outcome
    raise NoValidOutput(reason or "", outcome)


def _reason(run: Run) -> str:
    """Why nothing valid was found, in words."""
    counts = Counter(attempt.failure for attempt in run.attempts if attempt.failure)
    told = ", ".join(f"{count} {failure}" for failure, count in counts.most_common())
    reason = f"no valid answer in {len(run.attempts)} attempts" + (f" ({told})" if told else "")
    if run.stopped:
        reason += f"; {run.stopped}"
    last = next((one for one in reversed(run.attempts) if one.error), None)
    return reason if last is None or last.failure == "transport" else f"{reason}; the last: {last.error}"


# Waiting


def _answer(sampler: Any, question: Question) -> Any:
    if isinstance(question, Pause):
        time.sleep(question.seconds)
        return None
    if isinstance(question, Race):
        return _race(sampler, question)
    return _called(sampler, question)


def _called(sampler: Any, call: Call) -> list[Candidate]:
    found = _result(sampler, call)
    if inspect.isawaitable(found):
        if inspect.iscoroutine(found):
            found.close()
        raise TypeError("this sampler is async: use sample_async()")
    return received(found)


def _result(sampler: Any, call: Call) -> Any:
    try:
        return _asked(sampler, call)(call.prompt, call.request)
    except StopIteration as error:  # it would end the strategy, which is a generator
        raise RuntimeError("the sampler raised StopIteration") from error


def _asked(sampler: Any, call: Call) -> Callable[..., Any]:
    """What is called with the prompt and the request."""
    if call.sampler is not None:
        sampler = call.sampler
    if call.method is not None:
        return partial(call.method, sampler)
    return sampler.beam if call.beam else sampler  # type: ignore[no-any-return]


def _race(sampler: Any, race: Race) -> Ended:
    """Each call in a thread. Threads cannot be killed: those that lose are told, and not waited for."""
    ended: queue.SimpleQueue[tuple[Call, Any]] = queue.SimpleQueue()

    def run(call: Call) -> None:
        try:
            ended.put((call, _called(sampler, call)))
        except BaseException as error:
            ended.put((call, error))

    for call in race.calls:
        threading.Thread(target=run, args=(call,), daemon=True).start()
    found: Ended = []
    try:
        while len(found) < len(race.calls):
            try:
                found.append(ended.get(timeout=_seconds_left(race.calls[0])))
            except queue.Empty:
                break
            if _is_enough(*found[-1]):
                break
    finally:
        _cancel(race)
    return found


def _seconds_left(call: Call) -> float | None:
    deadline = call.request.deadline
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _is_enough(call: Call, answer: Any) -> bool:
    enough = call.request.enough
    return enough is not None and not isinstance(answer, BaseException) and any(enough(one) for one in answer)


def _cancel(race: Race) -> None:
    for call in race.calls:
        if call.request.cancelled is not None:
            call.request.cancelled.set()


async def _answer_async(sampler: Any, question: Question) -> Any:
    if isinstance(question, Pause):
        await asyncio.sleep(question.seconds)
        return None
    if isinstance(question, Race):
        return await _race_async(sampler, question)
    try:
        return await asyncio.wait_for(_called_async(sampler, question), _seconds_left(question))
    except asyncio.TimeoutError as error:  # another class than TimeoutError before Python 3.11
        raise TimeoutError(str(error)) from error
    finally:
        if question.request.cancelled is not None:
            question.request.cancelled.set()


async def _called_async(sampler: Any, call: Call) -> list[Candidate]:
    asked = _asked(sampler, call)
    is_async = inspect.iscoroutinefunction(asked) or inspect.iscoroutinefunction(
        getattr(asked, "__call__", None)  # noqa: B004  what is asked is whether it is a coroutine function
    )
    if is_async or getattr(sampler, "is_async", False):
        return received(await asked(call.prompt, call.request))
    found = await _in_thread(lambda: _result(sampler, call))
    return received(await found if inspect.isawaitable(found) else found)


async def _in_thread(function: Callable[[], Any]) -> Any:
    """A call in a thread of its own.

    Not by `asyncio.to_thread`: few of those run at once, and the loop waits for all of them when it ends, also for
    those that nobody needs.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def run() -> None:
        found, failure = None, None
        try:
            found = function()
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(settle, found, failure)

    def settle(found: Any, failure: BaseException | None) -> None:
        if future.done():
            return
        if failure is None:
            future.set_result(found)
        else:
            future.set_exception(failure)

    threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True).start()
    return await future


async def _race_async(sampler: Any, race: Race) -> Ended:
    tasks = {asyncio.ensure_future(_called_async(sampler, call)): call for call in race.calls}
    waiting = set(tasks)
    found: Ended = []
    try:
        while waiting:
            done, waiting = await asyncio.wait(
                waiting, timeout=_seconds_left(race.calls[0]), return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                break
            for task in sorted(done, key=list(tasks).index):
                error = task.exception()
                found.append((tasks[task], task.result() if error is None else error))
            if any(_is_enough(*one) for one in found):
                break
    finally:
        _cancel(race)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    return found


@contextmanager
def _shown(
    on_attempt: Callable[[Attempt], object] | None, progress: bool
) -> Iterator[Callable[[Attempt], object] | None]:
    """The hook, and a line on standard error that tells how far it has got."""
    if not progress:
        yield on_attempt
        return
    from rich.console import Console

    counts: Counter[str] = Counter()
    with Console(stderr=True).status("asking") as status:

        def hook(attempt: Attempt) -> None:
            counts[attempt.failure or "valid"] += 1
            told = ", ".join(f"{count} {name}" for name, count in counts.items())
            status.update(f"{counts.total()} attempts: {told}")
            if on_attempt is not None:
                on_attempt(attempt)

        yield hook
