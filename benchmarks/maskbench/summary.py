"""Summaries of measurements: plain data, ready to be written as JSON.

Engines differ in what they support, so their figures stand on different tokens. Therefore each figure comes twice:
of all tokens that the engine read, and *paired*, of those that the subject and one other engine both read, with
the ratio of the two. A pair of tokens agrees in schema, instance and position.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from maskbench.cases import BoundedPair, Case, position_at
from maskbench.measure import Measurement

Request = Literal["cold", "warm"]
Figures = dict[str, float]

_PERCENTILES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9}
_DIGITS = 5


def figures(nanoseconds: Iterable[int] | npt.NDArray[np.int64], unit: float) -> Figures:
    """Count, mean, percentiles and maximum.

    Args:
        nanoseconds: the measurements.
        unit: nanoseconds of the unit that the figures are to be in.
    """
    values = np.asarray(list(nanoseconds), dtype=np.float64) / unit
    if not len(values):
        return {"count": 0}
    found = {"count": float(len(values)), "mean": float(values.mean())}
    found |= {name: float(np.percentile(values, percent)) for name, percent in _PERCENTILES.items()}
    found["max"] = float(values.max())
    return {name: _rounded(value) for name, value in found.items()}


def ratios(subject: Figures, peer: Figures) -> Figures:
    """Each figure of the subject divided by the peer's."""
    return {
        name: _rounded(subject[name] / peer[name]) for name in subject if name != "count" and peer.get(name)
    }


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


class Results:
    """Measurements, by engine and case.

    Args:
        measurements: one for each engine and case.
    """

    def __init__(self, measurements: Iterable[Measurement]) -> None:
        self._found: dict[str, dict[str, Measurement]] = {}
        for measurement in measurements:
            self._found.setdefault(measurement.engine, {})[measurement.case] = measurement

    @property
    def engines(self) -> list[str]:
        """Names, in the order in which they were first measured."""
        return list(self._found)

    def of(self, engine: str) -> list[Measurement]:
        """All measurements of an engine."""
        return list(self._found.get(engine, {}).values())

    def get(self, engine: str, case: str) -> Measurement | None:
        """One measurement."""
        return self._found.get(engine, {}).get(case)

    def summary(self, engine: str) -> dict[str, Any]:
        """What became of all cases, how fast, and what was wrong."""
        found = self.of(engine)
        measured = [one for one in found if one.outcome == "measured"]
        readings = [reading for one in measured for reading in one.readings]
        return {
            "schemas": dict(Counter(one.outcome for one in found)),
            "valid instances": len(readings),
            "valid rejected": sum(reading.rejected_at is not None for reading in readings),
            "invalid instances": sum(one.invalid for one in measured),
            "invalid accepted": sum(len(one.wrongly_accepted) for one in measured),
            "mask and advance differ": sum(reading.differences for reading in readings),
            "interrupted tokens": sum(reading.interrupted for reading in readings),
            "first mask, ms": figures((one.first_mask for one in measured), 1e6),
            "cold, µs": figures((time for reading in readings for time in reading.cold), 1e3),
            "warm, µs": figures((time for reading in readings for time in reading.warm), 1e3),
        }

    def compared(self, subject: str, peer: str) -> dict[str, Any]:
        """Both engines on what both have read, and the ratios."""
        first_masks = [(mine.first_mask, theirs.first_mask) for mine, theirs in self._pairs(subject, peer)]
        found = {"first mask, ms": _compared(first_masks, 1e6)}
        for request in ("cold", "warm"):
            found[f"{request}, µs"] = _compared(self._paired_tokens(subject, peer, request), 1e3)
        return found

    def _pairs(self, subject: str, peer: str) -> Iterable[tuple[Measurement, Measurement]]:
        for mine in self.of(subject):
            theirs = self.get(peer, mine.case)
            if theirs is not None and mine.outcome == theirs.outcome == "measured":
                yield mine, theirs

    def _paired_tokens(self, subject: str, peer: str, request: Request) -> list[tuple[int, int]]:
        return [
            pair
            for mine, theirs in self._pairs(subject, peer)
            for one, other in zip(mine.readings, theirs.readings, strict=True)
            for pair in zip(getattr(one, request), getattr(other, request), strict=False)  # until one rejects
        ]

    def wrong_answers(self, engine: str, cases: Mapping[str, Case]) -> list[dict[str, Any]]:
        """Valid instances that were rejected, with the place; invalid ones that were accepted; failures."""
        return [wrong for found in self.of(engine) for wrong in _wrong_answers(found, cases[found.case])]

    def refusals(self, engine: str) -> Counter[str]:
        """First lines of the reasons for which schemas were not measured."""
        return Counter(
            f"{one.outcome}: {one.reason.splitlines()[0] if one.reason else ''}"
            for one in self.of(engine)
            if one.outcome != "measured"
        )


def _compared(pairs: Sequence[tuple[int, int]], unit: float) -> dict[str, Figures]:
    mine, theirs = figures((pair[0] for pair in pairs), unit), figures((pair[1] for pair in pairs), unit)
    return {"subject": mine, "peer": theirs, "ratio": ratios(mine, theirs)}


def _wrong_answers(found: Measurement, case: Case) -> Iterable[dict[str, Any]]:
    if found.outcome not in ("measured", "refused"):
        yield {"schema": found.case, "kind": found.outcome, "reason": found.reason}
    instances = {instance.number: instance for instance in case.instances}
    for reading in found.readings:
        if reading.rejected_at is not None:
            at = reading.rejected_at
            yield {
                "schema": found.case,
                "kind": "valid rejected",
                "instance": reading.number,
                "token": at,
                "of": len(instances[reading.number].tokens),
                "reason": reading.reason,
            }
    for number in found.wrongly_accepted:
        yield {"schema": found.case, "kind": "invalid accepted", "instance": number}


@dataclass(frozen=True, slots=True)
class Place:
    """Where time went.

    Attributes:
        case: name of the schema.
        instance: number of the instance; None for the time to the first mask.
        token: position in the instance.
        nanoseconds: by engine; those that did not get there are missing.
    """

    case: str
    instance: int | None
    token: int
    nanoseconds: dict[str, int]


def slowest_first_masks(results: Results, engine: str, count: int) -> list[Place]:
    """The schemas whose first mask took longest, with what the other engines took."""
    measured = [one for one in results.of(engine) if one.outcome == "measured"]
    measured.sort(key=lambda one: -one.first_mask)
    return [
        Place(
            one.case,
            None,
            0,
            {
                name: other.first_mask
                for name in results.engines
                if (other := results.get(name, one.case)) and other.outcome == "measured"
            },
        )
        for one in measured[:count]
    ]


def slowest_tokens(results: Results, engine: str, request: Request, count: int) -> list[Place]:
    """The tokens that took longest, with what the other engines took for the same."""
    found = [
        (time, one.case, number, position)
        for one in results.of(engine)
        for number, reading in enumerate(one.readings)
        for position, time in enumerate(getattr(reading, request))
    ]
    found.sort(reverse=True)
    places = []
    for _, case, number, position in found[:count]:
        times = {}
        for name in results.engines:
            other = results.get(name, case)
            read = getattr(other.readings[number], request) if other and other.readings else []
            if position < len(read):
                times[name] = read[position]
        mine = results.get(engine, case)
        assert mine is not None
        places.append(Place(case, mine.readings[number].number, position, times))
    return places


def by_kind(
    results: Results, engine: str, cases: Mapping[str, Case], decode: Callable[[Sequence[int]], str]
) -> dict[str, Figures]:
    """Figures of cold tokens by the kind of position (`Position.kind`) before them, each with its share of the time."""
    times: dict[str, list[int]] = {}
    for one in results.of(engine):
        tokens = {instance.number: instance.tokens for instance in cases[one.case].instances}
        for reading in one.readings:
            for position, time in enumerate(reading.cold):
                kind = position_at(decode(tokens[reading.number][:position])).kind
                times.setdefault(kind, []).append(time)
    total = sum(map(sum, times.values()))
    return {
        kind: {**figures(ones, 1e3), "share": _rounded(sum(ones) / total)} for kind, ones in times.items()
    }


def bounded_costs(measurements: Sequence[Measurement], pair: BoundedPair) -> dict[str, Any]:
    """What a large bound costs, by engine.

    Args:
        measurements: of both cases of the pair, any number of times.
        pair: a schema with a bound, and the same without.
    """
    found: dict[str, Any] = {}
    for engine in dict.fromkeys(one.engine for one in measurements):
        mine = [one for one in measurements if one.engine == engine]
        bounded = [one for one in mine if one.case == pair.bounded.name]
        unbounded = [one for one in mine if one.case == pair.unbounded.name]
        failures = [
            f"{one.outcome}: {one.reason}" for one in bounded + unbounded if one.outcome != "measured"
        ]
        if failures or not (bounded and unbounded):
            found[engine] = {"failed": failures[0] if failures else "not measured"}
            continue
        with_bound, without = _median_first_mask(bounded), _median_first_mask(unbounded)
        found[engine] = {
            "first mask, ms": _rounded(with_bound / 1e6),
            "first mask added, ms": _rounded((with_bound - without) / 1e6),
            "rejected": sum(reading.rejected_at is not None for one in mine for reading in one.readings),
        }
        for request in ("cold", "warm"):
            slow, fast = (figures(_tokens(ones, request), 1e3) for ones in (bounded, unbounded))
            found[engine][f"{request}, µs"] = slow
            found[engine][f"{request}, ratio"] = ratios(slow, fast)
    return found


def _median_first_mask(measurements: Sequence[Measurement]) -> float:
    return float(np.median([one.first_mask for one in measurements]))


def _tokens(measurements: Sequence[Measurement], request: str) -> list[int]:
    return [time for one in measurements for reading in one.readings for time in getattr(reading, request)]
