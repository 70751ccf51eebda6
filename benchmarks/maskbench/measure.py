"""Measuring: one engine on one case.

    compile, first mask        from the text of the schema: the time to the first mask
    each valid instance        read token by token: cold, the first request on the compiled grammar
    each valid instance again  warm, the second request
    each invalid instance      not timed: is it rejected?

The time of a token is that of `fill` and `advance` together, by one pair of clock readings, of which nothing is
subtracted (`clock_cost` says what they cost). Garbage is collected before each case, and not while measuring. Where
the operating system gave the processor to somebody else meanwhile, the time that this process had counts instead:
otherwise the largest figures, milliseconds where a token takes microseconds, would be those of the scheduler.

Where an engine rejects a token, the instance ends for it: what it took until then counts, the rejected token does
not. When all tokens are read, the end-of-text token must be allowed; that mask is not timed.
"""

from __future__ import annotations

import gc
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter_ns, process_time_ns
from typing import Literal

import numpy as np
from peers import Engine, Grammar, Matcher, Refused

from maskbench.cases import Case, Instance

_INTERRUPTED = 50_000
"""Nanoseconds without the processor from which on a measurement counts as interrupted."""

Outcome = Literal["measured", "refused", "failed", "timeout", "died"]


@dataclass(slots=True)
class Reading:
    """What became of one instance.

    Attributes:
        number: of the instance.
        cold: nanoseconds of each token in the first request.
        warm: nanoseconds of each token in the second.
        rejected_at: position of the token that was rejected; the number of tokens if it was the end of the text;
            None if the instance was accepted.
        reason: why, if the engine said so.
        differences: tokens that `advance` took and the mask did not allow, or the other way round.
        interrupted: tokens during which the process lost the processor, cold and warm.
    """

    number: int
    cold: list[int] = field(default_factory=list)
    warm: list[int] = field(default_factory=list)
    rejected_at: int | None = None
    reason: str = ""
    differences: int = 0
    interrupted: int = 0


@dataclass(slots=True)
class Measurement:
    """What became of one engine on one case.

    Attributes:
        case: name of the case.
        engine: name of the engine.
        outcome: "measured"; "refused" if the engine does not support the schema; "failed" if it raised anything
            else; "timeout" and "died" if its process had to be ended, or ended itself.
        reason: the error.
        first_mask: nanoseconds to the first mask, from the text of the schema.
        readings: of the valid instances.
        wrongly_accepted: numbers of the invalid instances that were accepted.
        invalid: how many invalid instances were read.
    """

    case: str
    engine: str
    outcome: Outcome = "measured"
    reason: str = ""
    first_mask: int = 0
    readings: list[Reading] = field(default_factory=list)
    wrongly_accepted: list[int] = field(default_factory=list)
    invalid: int = 0


def measure(name: str, engine: Engine, case: Case, end_token: int) -> Measurement:
    """Measure an engine on a case.

    Args:
        name: of the engine.
        engine: with its vocabulary loaded.
        case: schema and instances.
        end_token: the token that ends a text.
    """
    result = Measurement(case.name, name)
    gc.collect()
    try:
        busy = process_time_ns()
        started = perf_counter_ns()
        grammar = engine.compile(case.schema)
        matcher = grammar.matcher()
        matcher.fill()
        elapsed = perf_counter_ns() - started
        result.first_mask = _own_time(elapsed, process_time_ns() - busy)
    except Refused as refusal:
        result.outcome, result.reason = "refused", str(refusal)
        return result
    except Exception as error:
        result.outcome, result.reason = "failed", f"{type(error).__name__}: {error}"
        return result
    valid = [instance for instance in case.instances if instance.valid]
    result.readings = [Reading(instance.number) for instance in valid]
    for instance, reading in zip(valid, result.readings, strict=True):
        reading.cold = _read(grammar, instance, end_token, reading)
    for instance, reading in zip(valid, result.readings, strict=True):
        reading.warm = _read(grammar, instance, end_token, reading)
    for instance in case.instances:
        if not instance.valid:
            result.invalid += 1
            if is_accepted(grammar.matcher(), instance.tokens, end_token):
                result.wrongly_accepted.append(instance.number)
    return result


def _read(grammar: Grammar, instance: Instance, end_token: int, reading: Reading) -> list[int]:
    times: list[int] = []
    matcher = grammar.matcher()
    try:
        read_timed(matcher, instance.tokens, times, reading)
        complete = len(times) == len(instance.tokens)
        if complete:
            matcher.fill()
        if not complete or not _allows(matcher, end_token):
            reading.rejected_at = len(times)
    except Exception as error:
        reading.rejected_at = len(times)
        reading.reason = f"{type(error).__name__}: {error}"
    return times


def read_timed(matcher: Matcher, tokens: Sequence[int], times: list[int], reading: Reading) -> None:
    """Read tokens until one is rejected.

    Args:
        matcher: a new request.
        tokens: of the text.
        times: takes the nanoseconds of each token that was accepted.
        reading: takes the counts of differences and interruptions.
    """
    clock, busy = perf_counter_ns, process_time_ns
    fill, advance = matcher.fill, matcher.advance
    for token in tokens:
        busy_before = busy()
        before = clock()
        fill()
        accepted = advance(token)
        elapsed = clock() - before
        own = _own_time(elapsed, busy() - busy_before)
        if bool(accepted) != _allows(matcher, token):
            reading.differences += 1
        if not accepted:
            break
        if own != elapsed:
            reading.interrupted += 1
        times.append(own)


def _own_time(elapsed: int, busy: int) -> int:
    """The time elapsed, but for what others had of it; all in nanoseconds."""
    return busy if elapsed - busy > _INTERRUPTED else elapsed


def is_accepted(matcher: Matcher, tokens: Sequence[int], end_token: int) -> bool:
    """Returns True if the masks let a whole text through, and its end. An engine that gives up has not accepted it."""
    try:
        for token in tokens:
            matcher.fill()
            if not _allows(matcher, token) or not matcher.advance(token):
                return False
        matcher.fill()
    except Exception:
        return False
    return _allows(matcher, end_token)


def _allows(matcher: Matcher, token: int) -> bool:
    return bool(matcher.mask[token >> 5] >> (token & 31) & 1)


class _Idle:
    """A matcher that does nothing."""

    def __init__(self) -> None:
        self.mask = np.full(1, -1, np.int32)
        self.fill = lambda: None

    def advance(self, token: int) -> bool:
        return True


def clock_cost() -> int:
    """Nanoseconds that a token takes in an engine that does nothing: two clock readings and two empty calls."""
    times: list[int] = []
    read_timed(_Idle(), [0] * 20_000, times, Reading(0))
    return int(statistics.median(times))
