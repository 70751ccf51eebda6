"""Samplers, validators, scores and values that are not as they should be: an error or a failed attempt, no more."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import threading
import time
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sampling.scripted import Scripted, Unavailable, candidate, endless

import structgen
from structgen import (
    Beam,
    BestOf,
    Budget,
    Cached,
    Candidate,
    FirstValid,
    Retry,
    SampleRequest,
    Vote,
    escalate,
    sample,
)
from structgen.sampling import run as running

YES_NO = structgen.choice(["yes", "no"])
ANY = structgen.json_schema({})


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the loop would have waited for."""
    found: list[float] = []
    monkeypatch.setattr("structgen.sampling.drivers.time.sleep", found.append)

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr("structgen.sampling.drivers.asyncio.sleep", sleep)
    return found


def in_both(sampler: Any, *arguments: Any, **options: Any) -> list[structgen.Outcome]:
    """By sample() and by sample_async()."""
    options = {"on_failure": "best", **options}
    return [
        sample(sampler(), *arguments, **options),
        asyncio.run(structgen.sample_async(sampler(), *arguments, **options)),
    ]


# What a sampler gives


@pytest.mark.parametrize("kind", [tuple, iter, lambda found: (one for one in found)])
@pytest.mark.parametrize("strategy", [Retry(1), FirstValid(2)])
def test_any_iterable_of_candidates_will_do(kind: Any, strategy: Any) -> None:
    def sampler(prompt: Any, request: SampleRequest) -> Any:
        return kind([Candidate("yes")])

    for outcome in in_both(lambda: sampler, "Is it?", YES_NO, strategy):
        assert outcome.value == "yes"


@pytest.mark.parametrize("answer", [None, 7, "yes", b"yes", ["yes"], {"text": "yes"}])
@pytest.mark.parametrize("strategy", [Retry(1), FirstValid(2)])
def test_anything_else_is_a_type_error(answer: Any, strategy: Any) -> None:
    with pytest.raises(TypeError, match="list of Candidate"):
        sample(lambda prompt, request: answer, "Is it?", YES_NO, strategy)
    with pytest.raises(TypeError, match="list of Candidate"):
        asyncio.run(structgen.sample_async(lambda prompt, request: answer, "Is it?", YES_NO, strategy))


def test_a_sampler_that_gives_fewer_is_asked_again_and_of_more_the_first_are_taken() -> None:
    asked: list[int] = []

    def one(prompt: Any, request: SampleRequest) -> list[Candidate]:
        asked.append(request.n)
        return [Candidate("yes", 1, -1.0)]

    assert len(sample(one, "Is it?", YES_NO, BestOf(3)).attempts) == 3
    assert asked == [3, 2, 1]
    outcome = sample(lambda prompt, request: [Candidate("no")] * 9, "Is it?", YES_NO, Vote(3))
    assert len(outcome.attempts) == 2


def test_a_script_that_is_at_its_end_is_an_error_and_no_hang() -> None:
    """StopIteration would end the generators that strategies are, and cannot be put into a future."""
    for strategy in (Retry(3), FirstValid(2)):
        answers = iter(["maybe"])

        def sampler(prompt: Any, request: SampleRequest, answers: Any = answers) -> list[Candidate]:
            return [Candidate(next(answers))]

        with pytest.raises(RuntimeError, match="StopIteration"):
            sample(sampler, "Is it?", YES_NO, strategy)
        with pytest.raises(RuntimeError, match="StopIteration"):
            asyncio.run(asyncio.wait_for(structgen.sample_async(sampler, "Is it?", YES_NO, strategy), 60))


@pytest.mark.parametrize(
    "text", ["\ud800", "\0", "[" * 5_000, "1" * 10_000, "x" * 1_000_000, '{"a": \ufffd', "NaN", "1e999999"]
)
@pytest.mark.parametrize("repair", [None, "guessed"])
def test_no_text_brings_the_judge_down(text: str, repair: Any) -> None:
    schema = structgen.json_schema(
        {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    )
    outcome = sample(Scripted(text), "?", schema, Retry(2, repair=repair), on_failure="best")
    assert not outcome.ok
    assert {one.failure for one in outcome.attempts} <= {"unparsable", "invalid"}
    assert all(len(str(one.error)) < 2000 for one in outcome.attempts)


def test_a_constant_that_is_not_json_is_unparsable() -> None:
    outcome = sample(
        Scripted("NaN"), "?", structgen.json_schema({"type": "number"}), Retry(1), on_failure="best"
    )
    assert outcome.attempts[0].failure == "unparsable"


# Transport and races


@pytest.mark.parametrize("count", [1, 3])
def test_calls_of_a_race_that_get_no_answer_are_made_again(count: int, pauses: list[float]) -> None:
    """They are not spent: without that, a race of three would be one of two."""

    def sampler() -> Any:
        failures = itertools.count()

        def ask(prompt: Any, request: SampleRequest) -> list[Candidate]:
            if request.seed == 1 and next(failures) < count:
                raise ConnectionError("reset")
            return [Candidate("yes" if request.seed == 1 else "perhaps")]

        return ask

    for outcome in in_both(sampler, "Is it?", YES_NO, FirstValid(3)):
        assert outcome.value == "yes"
        assert sorted(str(one.failure) for one in outcome.attempts) == ["None", "unparsable", "unparsable"]
    assert pauses == [0.25 * 2**retry for retry in range(count)] * 2


def test_a_race_that_nobody_answers_is_given_up(pauses: list[float]) -> None:
    for outcome in in_both(
        lambda: Scripted(ConnectionError("reset"), batched=False), "?", YES_NO, FirstValid(3)
    ):
        assert [one.failure for one in outcome.attempts] == ["transport"]
        assert "reset" in str(outcome.reason)
    assert len(pauses) == 2 * (running.CALLS - 1)


def test_a_bug_beside_a_valid_answer_does_not_lose_it() -> None:
    failed = threading.Event()

    def sampler(prompt: Any, request: SampleRequest) -> list[Candidate]:
        if request.seed == 0:
            failed.set()
            raise ZeroDivisionError
        failed.wait(30)
        return [Candidate("yes")]

    assert sample(sampler, "Is it?", YES_NO, FirstValid(2)).value == "yes"
    with pytest.raises(ZeroDivisionError):
        sample(sampler, "Is it?", structgen.choice(["no"]), FirstValid(2))


def test_a_race_that_ran_out_of_time_says_so() -> None:
    def sampler(prompt: Any, request: SampleRequest) -> list[Candidate]:
        assert request.cancelled is not None
        request.cancelled.wait(60)
        return []

    with pytest.raises(structgen.NoValidOutput, match=r"0\.05 seconds"):
        sample(sampler, "Is it?", YES_NO, FirstValid(2), budget=Budget(seconds=0.05))


def test_nobody_waits_as_long_as_a_server_likes(pauses: list[float]) -> None:
    sampler = Scripted(structgen.TransportFailed("busy", retry_after=86400.0), "yes")
    assert sample(sampler, "Is it?", YES_NO, Retry(1)).ok
    assert pauses == [running.LONGEST_PAUSE]


def test_plain_samplers_run_all_at_once_in_asyncio() -> None:
    """Not as many as the pool of asyncio has threads: each waits for all others."""
    everybody = threading.Barrier(64, timeout=60)

    def sampler(prompt: Any, request: SampleRequest) -> list[Candidate]:
        everybody.wait()
        return [Candidate("perhaps")]

    with pytest.raises(structgen.NoValidOutput):
        asyncio.run(structgen.sample_async(sampler, "Is it?", YES_NO, FirstValid(64)))


def test_a_plain_sampler_that_ignores_its_deadline_is_not_waited_for() -> None:
    forever = threading.Event()

    def sampler(prompt: Any, request: SampleRequest) -> list[Candidate]:
        forever.wait(120)
        return []

    started = time.monotonic()
    with pytest.raises(structgen.NoValidOutput, match=r"0\.05 seconds"):
        asyncio.run(structgen.sample_async(sampler, "Is it?", YES_NO, Retry(), budget=Budget(seconds=0.05)))
    assert time.monotonic() - started < 60
    forever.set()


# Limits


@pytest.mark.parametrize("value", [-1, math.nan])
def test_budgets_that_make_no_sense(value: float) -> None:
    for name in ("attempts", "tokens", "seconds"):
        with pytest.raises(ValueError, match=name):
            Budget(**{name: value})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_new_tokens"):
        sample(Scripted("yes"), "Is it?", YES_NO, Retry(), max_new_tokens=0)


def test_answers_that_share_too_few_tokens_are_fewer() -> None:
    """Four at 25 tokens are not possible, two at 50 are."""

    def needs_40(request: SampleRequest) -> Candidate:
        if request.max_new_tokens < 40:
            raise structgen.BudgetTooSmall(request.max_new_tokens, 40)
        return Candidate("yes", 40, -1.0)

    sampler = Scripted(needs_40)
    outcome = sample(sampler, "Is it?", YES_NO, BestOf(4), budget=Budget(tokens=100))
    assert outcome.ok
    assert [(one.n, one.max_new_tokens) for one in sampler.requests] == [(4, 25), (2, 50), (2, 10)]
    with pytest.raises(structgen.NoValidOutput, match="too few"):
        sample(Scripted(needs_40), "Is it?", YES_NO, BestOf(4), budget=Budget(tokens=30))
    with pytest.raises(structgen.BudgetTooSmall):
        sample(Scripted(needs_40), "Is it?", YES_NO, BestOf(4), max_new_tokens=30)


def test_a_shrinking_budget_makes_no_new_question() -> None:
    """Temperature 0 with the same prompt is not asked again because its limit is another one."""
    sampler = Scripted(Candidate("nonsense", 10))
    strategy = Retry(4, feedback=False, temperatures=[0.0])
    sample(sampler, "?", YES_NO, strategy, budget=Budget(tokens=100), on_failure="best")
    assert [one.max_new_tokens for one in sampler.requests] == [100, 90, 80, 70]
    assert [one.temperature for one in sampler.requests] == [0.0, 0.5, 0.5, 0.5]
    assert len({one.seed for one in sampler.requests[1:]}) == 3


def test_without_a_constraint_a_mask_changes_nothing() -> None:
    sampler = Scripted("")
    sample(sampler, "?", None, escalate(Retry(1, mask=False), Retry(1)), on_failure="best")
    assert [one.temperature for one in sampler.requests] == [0.0, 0.5]


def test_an_answer_that_was_cut_before_its_first_character_is_not_continued() -> None:
    sampler = Scripted(Candidate("", 10, finish_reason="length"), "yes", continues=True)
    assert sample(sampler, "Is it?", YES_NO, Retry(), max_new_tokens=10).ok
    assert [(one.prefix, one.max_new_tokens) for one in sampler.requests] == [("", 10), ("", 20)]


def test_endless_texts_end_with_every_strategy() -> None:
    for strategy in (
        Retry(50),
        BestOf(50),
        Vote(50),
        FirstValid(50),
        escalate(Retry(9, mask=False), Vote(9)),
    ):
        outcome = sample(
            Scripted(endless),
            "?",
            YES_NO,
            strategy,
            budget=Budget(tokens=500),
            max_new_tokens=50,
            on_failure="best",
        )
        assert not outcome.ok
        assert outcome.token_count <= 500


class Searching(Scripted):
    """A script for searches, too."""

    def beam(self, prompt: Any, request: SampleRequest) -> list[Candidate]:
        return self(prompt, request)


EVERY_STRATEGY = [
    pytest.param(Retry(3), id="Retry"),
    pytest.param(BestOf(3, score=lambda found: [1.0] * len(found)), id="BestOf"),
    pytest.param(Vote(3), id="Vote"),
    pytest.param(FirstValid(3), id="FirstValid"),
    pytest.param(Beam(3), id="Beam"),
    pytest.param(
        escalate(Retry(1, mask=False), Retry(2, mask=False, repair="guessed"), Retry(1)), id="escalate"
    ),
]


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("strategy", EVERY_STRATEGY)
@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        pytest.param(endless, "cut", id="endless text"),
        pytest.param("", "empty", id="no text"),
        pytest.param("ye\ufffd", "unparsable", id="a character of which some bytes are missing"),
    ],
)
def test_texts_that_are_no_answers(fault: Any, failure: str, strategy: Any, batched: bool) -> None:
    with pytest.raises(structgen.NoValidOutput) as caught:
        sample(Searching(fault, batched=batched), "Is it?", YES_NO, strategy, max_new_tokens=8)
    outcome = caught.value.outcome
    assert {one.failure for one in outcome.attempts} == {failure}
    assert 1 <= len(outcome.attempts) <= 4
    assert outcome.value is None


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("strategy", EVERY_STRATEGY)
def test_exceptions_and_timeouts(strategy: Any, batched: bool, pauses: list[float]) -> None:
    """What is transport is asked again, and costs no attempt; a bug goes to the caller."""
    for fault in (ConnectionError("reset"), TimeoutError(), Unavailable(503)):
        outcome = sample(Searching(fault, "yes", batched=batched), "Is it?", YES_NO, strategy)
        assert outcome.value == "yes"
        assert {one.failure for one in outcome.attempts} == {None}
    assert pauses or isinstance(strategy, FirstValid)  # of a race another call may win
    with pytest.raises(ZeroDivisionError):
        sample(Searching(ZeroDivisionError(), batched=batched), "Is it?", YES_NO, strategy)


# Validators, scores, votes


def test_an_assertion_is_an_objection() -> None:
    def is_short(value: str) -> None:
        if len(value) >= 3:
            raise AssertionError("too long")

    outcome = sample(Scripted("yes", "no"), "Is it?", YES_NO, Retry(), validators=[is_short])
    assert outcome.value == "no"
    assert outcome.attempts[0].error == "too long"


def test_scores_that_are_no_numbers_are_the_worst() -> None:
    found = [candidate("yes", math.nan), candidate("no", -9.0), candidate("yes", math.nan)]
    assert sample(Scripted(*found), "Is it?", YES_NO, BestOf(3)).value == "no"
    outcome = sample(
        Scripted("yes", "no"), "Is it?", YES_NO, BestOf(2, score=lambda found: [math.nan, -math.inf])
    )
    assert outcome.ok
    assert sample(Scripted(*found), "Is it?", YES_NO, Vote(3)).value == "yes"


def test_scores_need_log_probabilities_also_one_by_one() -> None:
    with pytest.raises(structgen.NoValidOutput, match="gives none") as caught:
        sample(Scripted("yes"), "Is it?", YES_NO, BestOf(4, good_enough=-0.5))
    assert len(caught.value.outcome.attempts) == 2


@dataclass
class Point:
    x: int
    y: int = 0


@pytest.mark.parametrize(
    ("strategy", "answers", "value"),
    [
        pytest.param(Vote(2, field="*"), ["{}", "{}"], {}, id="no fields"),
        pytest.param(Vote(3, field="*"), ["5", "5", '{"a": 1}'], 5, id="mostly no object"),
        pytest.param(Vote(3, field="*"), ['{"a": 1}', '{"b": 1}', "[]"], {}, id="nothing in common"),
        pytest.param(
            Vote(3, field="*"), ['{"a": 1, "b": 2}', '{"a": 1}', '{"a": 1}'], {"a": 1}, id="mostly absent"
        ),
        pytest.param(
            Vote(3, field="/a/0"), ['{"a": [1]}', "7", '{"a": [1, 2]}'], {"a": [1]}, id="no such place"
        ),
        pytest.param(Vote(3, key=lambda value: {1, 2}), ["1", "2", "3"], 1, id="a key that is no JSON"),
        pytest.param(Vote(3, key=lambda value: [value, {}]), ["2", "1", "1.0"], 1, id="an unhashable key"),
        pytest.param(Vote(3), ["true", "1", "1.0"], 1, id="true is not 1"),
        pytest.param(Vote(3), ["1e400", "1e400", "0"], math.inf, id="beyond all numbers"),
    ],
)
def test_votes_on_odd_values(strategy: Any, answers: list[str], value: Any) -> None:
    outcome = sample(Scripted(*answers), "?", ANY, strategy)
    assert outcome.value == value
    assert type(outcome.value) is type(value)


def test_what_votes_join_is_judged_as_an_answer_is() -> None:
    schema = structgen.json_schema({"type": "object", "additionalProperties": {"type": "integer"}})
    answers = ['{"a": 1, "b": 1, "c": 2}', '{"a": 1, "b": 2, "c": 1}', '{"a": 2, "b": 1, "c": 1}']

    def differ(value: dict[str, int]) -> None:
        if len(set(value.values())) == 1:
            raise ValueError("all the same")

    with pytest.raises(structgen.NoValidOutput, match="all the same"):
        sample(Scripted(*answers), "?", schema, Vote(3, field="*"), validators=[differ])


def test_fields_of_instances_are_joined_by_the_names_of_the_text() -> None:
    pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")
    model = pydantic.create_model(
        "Named", first=(int, pydantic.Field(alias="1st")), second=(int, ...), third=(int, ...)
    )
    answers = [
        '{"1st": 1, "second": 1, "third": 2}',
        '{"1st": 1, "second": 2, "third": 1}',
        '{"1st": 2, "second": 1, "third": 1}',
    ]
    outcome = sample(Scripted(*answers), "?", structgen.json_schema(model), Vote(3, field="*"))
    assert (outcome.value.first, outcome.value.second, outcome.value.third) == (1, 1, 1)
    points = ['{"x": 1, "y": 2}', '{"x": 1, "y": 2}']
    assert sample(Scripted(*points), "?", structgen.json_schema(Point), Vote(2)).value == Point(1, 2)


@pytest.mark.parametrize("field", [None, "*"])
def test_a_vote_that_stops_early_ends_as_all_votes_would(field: str | None) -> None:
    """Against counting all n, with invalid answers and absent members among them."""
    rng = random.Random(5)
    texts = ['{"a": 1}', '{"a": 2}', '{"a": 1, "b": 1}', '{"b": 2}', "nonsense", '{"a": 1, "b": 2}']
    schema = structgen.json_schema({"type": "object"})
    stopped = 0
    for _ in range(300):
        n = rng.randint(1, 9)
        answers = rng.choices(texts, weights=[rng.random() ** 4 for _ in texts], k=n)
        agreement = rng.choice([0.0, 0.5, 0.55, 0.8, 1.0])
        strategy = Vote(n, field=field, min_agreement=agreement)
        found = sample(Scripted(*answers), "?", schema, strategy, on_failure="best")
        full = sample(Scripted(*answers), "?", schema, _All(strategy), on_failure="best")
        assert len(found.attempts) <= n
        stopped += len(found.attempts) < n
        assert found.ok == full.ok, (answers, agreement)
        if full.ok:
            assert found.value == full.value, (answers, agreement)
    assert stopped > 50


@dataclass(frozen=True)
class _All:
    """A vote for which all n are asked at once."""

    vote: Vote

    def decide(self, run: Any) -> Any:
        answers = yield from run.ask(run.prompt, self.vote.n, mask=True, temperature=0.8, seed=0)
        valid = [one for one in answers if one.ok]
        return self.vote._counted(run, valid) if valid else None


# The cache


def test_what_matters_is_in_the_key(tmp_path: Any) -> None:
    class Counted(Scripted):
        parameters: Any = None

    inner = Counted(candidate("yes", -1.0))
    cached = Cached(inner, tmp_path / "answers.sqlite", model="scripted")
    base = SampleRequest(n=1, constraint=YES_NO, temperature=0.5, seed=1, max_new_tokens=9)
    loose = structgen.json_schema({"type": "string", "x": 1}, strict=False)
    looser = structgen.json_schema({"type": "string", "x": 2}, strict=False)
    requests = [
        base,
        *(
            replace(base, **facts)
            for facts in (
                {"n": 2},
                {"constraint": None},
                {"constraint": structgen.choice(["no", "yes"])},
                {"constraint": loose},
                {"constraint": looser},
                {"constraint": structgen.lark('start: A "b"\nA: /a+b?/')},
                {"constraint": structgen.lark('start: A "b"\nA: /a+b?/', lexer="dynamic")},
                {"temperature": 0.6},
                {"seed": 2},
                {"max_new_tokens": 10},
                {"prefix": "y"},
            )
        ),
    ]
    for _ in range(2):
        for request in requests:
            cached("Is it?", request)
        cached([{"role": "user", "content": "Is it?"}], base)
        inner.parameters = {"top_p": 0.5}
        cached("Is it?", base)
        inner.parameters = None
    # Choices in another order are the same language, and may be the same grammar.
    assert len(inner.calls) in (len(requests) + 1, len(requests) + 2)


def test_answers_that_were_stopped_are_not_kept(tmp_path: Any) -> None:
    cancelled = threading.Event()

    def stopped(request: SampleRequest) -> Candidate:
        cancelled.set()
        return Candidate("ye", 2, finish_reason="length")

    inner = Scripted(stopped)
    cached = Cached(inner, tmp_path / "answers.sqlite", model="scripted")
    for _ in range(2):
        cached("Is it?", SampleRequest(cancelled=cancelled))
        cached("Is it?", SampleRequest(deadline=time.monotonic()))
    assert len(inner.calls) == 4


def test_searches_are_cached_where_there_are_some(tmp_path: Any) -> None:
    class Searching(Scripted):
        def beam(self, prompt: Any, request: SampleRequest) -> list[Candidate]:
            return self(prompt, request)

    inner = Searching(candidate("yes", -1.0))
    cached = Cached(inner, tmp_path / "answers.sqlite", model="scripted")
    for _ in range(2):
        outcome = sample(cached, "Is it?", YES_NO, structgen.Beam(2))
        assert outcome.chosen in outcome.attempts
        assert outcome.score == -1.0
    assert len(inner.calls) == 1
    assert asyncio.run(structgen.sample_async(cached, "Is it?", YES_NO, structgen.Beam(2))).value == "yes"
    with pytest.raises(ValueError, match="no beam"):
        sample(Cached(Scripted("yes"), tmp_path / "other.sqlite", model="m"), "?", YES_NO, structgen.Beam(2))


def test_many_threads_share_a_file_and_a_strategy(tmp_path: Any) -> None:
    cached = Cached(Scripted(candidate("yes", -1.0)), tmp_path / "answers.sqlite", model="scripted")
    strategy = escalate(Retry(2), BestOf(2))
    found: list[Any] = []

    def ask(number: int) -> None:
        found.append(sample(cached, f"Is it {number % 4}?", YES_NO, strategy).value)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["yes"] * 16


# Beams


class Response:
    """What some clients hang at their exceptions."""

    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


class OfRequests(OSError):
    """As requests raises it: an OSError, whatever the status is."""

    def __init__(self, status_code: int) -> None:
        super().__init__(f"status {status_code}")
        self.response = Response(status_code)


class TransportError(Exception):
    """As httpx has it."""


class ConnectError(TransportError):
    """As httpx raises it."""


def of_urllib(status: int) -> Exception:
    from email.message import Message
    from urllib.error import HTTPError

    return HTTPError("http://localhost", status, "told", Message(), None)


@pytest.mark.parametrize(
    ("error", "transport"),
    [
        (OfRequests(503), True),
        (OfRequests(429), True),
        (OfRequests(401), False),
        (of_urllib(500), True),
        (of_urllib(404), False),
        (ConnectError("refused"), True),
        (ConnectionResetError(104, "reset"), True),
        (ValueError("status 503"), False),
    ],
)
def test_exceptions_of_many_clients_are_told_apart(error: Exception, transport: bool) -> None:
    assert running.is_transport(error) is transport
    if transport:
        assert sample(Scripted(error, "yes"), "Is it?", YES_NO, Retry(1)).value == "yes"
    else:
        with pytest.raises(type(error)):
            sample(Scripted(error, "yes"), "Is it?", YES_NO, Retry(1))


def test_a_search_is_transport_too(pauses: list[float]) -> None:
    class Searching(Scripted):
        def beam(self, prompt: Any, request: SampleRequest) -> list[Candidate]:
            return self(prompt, request)

    for outcome in in_both(
        lambda: Searching(ConnectionError(), candidate("yes", -1.0)), "?", YES_NO, structgen.Beam(2)
    ):
        assert outcome.value == "yes"
        assert [one.score for one in outcome.attempts] == [-1.0, -1.0]
    assert pauses == [0.25, 0.25]


# Progress


@pytest.mark.parametrize("twin", ["sample", "sample_async"])
def test_progress_is_shown_and_the_hook_called(twin: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rich", reason="rich is not installed")
    seen: list[Any] = []
    arguments: Any = (Scripted("maybe", "yes"), "Is it?", YES_NO, Retry())
    if twin == "sample":
        sample(*arguments, progress=True, on_attempt=seen.append)
    else:
        asyncio.run(structgen.sample_async(*arguments, progress=True, on_attempt=seen.append))
    assert [one.ok for one in seen] == [False, True]
    assert not capsys.readouterr().out
