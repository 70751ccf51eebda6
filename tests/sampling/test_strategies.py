"""Strategies over a scripted sampler: what is asked, what is taken, what it costs."""

from __future__ import annotations

import asyncio
import json
import pickle
import threading
import time
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from sampling.scripted import Scripted, Unavailable, candidate, endless

import structgen
from structgen import Beam, BestOf, Budget, Candidate, FirstValid, Retry, Vote, escalate, sample
from structgen.sampling import run as running
from structgen.sampling.classify_answer import with_feedback
from structgen.sampling.voting import canonical

PERSON = structgen.json_schema(
    {
        "type": "object",
        "properties": {"name": {"type": "string"}, "born": {"type": "integer"}},
        "required": ["name", "born"],
        "additionalProperties": False,
    }
)
YES_NO = structgen.choice(["yes", "no"])
BURNS = '{"name": "Burns", "born": 1759}'


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the loop would have waited for."""
    found: list[float] = []
    monkeypatch.setattr("structgen.sampling.drivers.time.sleep", found.append)
    return found


def failed(*arguments: Any, **options: Any) -> structgen.Outcome:
    with pytest.raises(structgen.NoValidOutput) as caught:
        sample(*arguments, **options)
    outcome: structgen.Outcome = caught.value.outcome
    assert not outcome.ok
    assert outcome.reason
    assert outcome.reason in str(caught.value)
    return outcome


# Retry


def test_retry_asks_until_an_answer_is_valid() -> None:
    sampler = Scripted("nonsense", '{"name": 1}', BURNS)
    outcome = sample(sampler, "Who?", PERSON, Retry(3))
    assert (outcome.value, outcome.text, outcome.ok) == ({"name": "Burns", "born": 1759}, BURNS, True)
    assert [one.ok for one in outcome.attempts] == [False, False, True]
    assert outcome.attempts[0].failure == "unparsable"
    assert outcome.token_count == sum(len(text) for text in ("nonsense", '{"name": 1}', BURNS))
    assert outcome.attempts[1].error
    assert "Burns" not in str(outcome.attempts[1].error)


def test_the_prompt_of_a_retry_has_task_latest_answer_and_errors_and_does_not_grow() -> None:
    answers = [json.dumps({"name": number, "born": "never" * 1000}) for number in range(6)]
    sampler = Scripted(*answers)
    outcome = failed(sampler, [{"role": "system", "content": "Be brief."}], PERSON, Retry(6))
    assert len(outcome.attempts) == 6
    for number, (prompt, _) in enumerate(sampler.calls[1:]):
        assert [one["role"] for one in prompt] == ["system", "assistant", "user"]
        assert prompt[1]["content"].startswith(f'{{"name": {number}')
        assert "not valid" in prompt[2]["content"]
        assert sum(len(one["content"]) for one in prompt) < 4000


def test_without_feedback_the_prompt_stays_and_never_comes_again_at_temperature_0() -> None:
    sampler = Scripted("nonsense")
    failed(sampler, "Who?", PERSON, Retry(4, feedback=False, temperatures=[0.0], seeds=[7, 7, 7]))
    assert [prompt for prompt, _ in sampler.calls] == ["Who?"] * 4
    settings = [(one.temperature, one.seed if one.temperature else None) for one in sampler.requests]
    assert len(set(settings)) == 4
    assert [one.temperature for one in sampler.requests] == [0.0, 0.5, 0.5, 0.5]


def test_an_escalation_does_not_ask_again_what_an_earlier_part_has_asked() -> None:
    sampler = Scripted("nonsense")
    failed(sampler, "Who?", PERSON, escalate(Retry(1), Retry(1)))
    assert [one.temperature for one in sampler.requests] == [0.0, 0.5]


def test_validators_of_the_caller_count_as_validity() -> None:
    def is_old(value: dict[str, Any]) -> None:
        if value["born"] > 1800:
            raise ValueError("too young")

    sampler = Scripted('{"name": "Burns", "born": 1959}', BURNS)
    outcome = sample(sampler, "Who?", PERSON, Retry(), validators=[is_old])
    assert [one.failure for one in outcome.attempts] == ["rejected", None]
    assert outcome.attempts[0].error == "too young"
    assert "too young" in sampler.calls[1][0][-1]["content"]


def test_a_bug_of_a_validator_is_not_hidden() -> None:
    with pytest.raises(KeyError):
        sample(Scripted(BURNS), "Who?", PERSON, Retry(), validators=[lambda value: value["died"]])


def test_a_cut_answer_gets_twice_the_limit_once_and_is_then_asked_to_be_brief() -> None:
    sampler = Scripted(endless)
    outcome = failed(sampler, "Who?", PERSON, Retry(4), max_new_tokens=10)
    assert [one.max_new_tokens for one in sampler.requests] == [10, 20, 20, 20]
    assert sampler.calls[1][0] == "Who?"
    assert "too long" in sampler.calls[2][0][-1]["content"]
    assert {one.failure for one in outcome.attempts} == {"cut"}


def test_a_cut_answer_without_feedback_is_not_asked_for_blindly() -> None:
    sampler = Scripted(endless)
    failed(sampler, "Who?", PERSON, Retry(9, feedback=False), max_new_tokens=10)
    assert [one.max_new_tokens for one in sampler.requests] == [10, 20]


def test_a_cut_answer_is_continued_where_the_sampler_can() -> None:
    first = Candidate(BURNS[:12], 4, finish_reason="length")
    sampler = Scripted(first, BURNS[12:], continues=True)
    outcome = sample(sampler, "Who?", PERSON, Retry())
    assert outcome.text == BURNS
    assert [one.prefix for one in sampler.requests] == ["", BURNS[:12]]
    assert outcome.attempts[1].text == BURNS


@pytest.mark.parametrize(
    ("answer", "failure", "told"),
    [
        pytest.param("", "empty", "empty", id="no text"),
        pytest.param(" \n", "empty", "empty", id="blanks"),
        pytest.param("I'm sorry, but I can't help with that.", "refused", "all the same", id="a refusal"),
        pytest.param("I’m really sorry, but I can’t.", "refused", "all the same", id="a sorry refusal"),
        pytest.param("I apologize, but I can't.", "refused", "all the same", id="an apology"),
        pytest.param("Unfortunately, I cannot do so.", "refused", "all the same", id="unfortunately"),
        pytest.param("As an AI language model, I", "refused", "all the same", id="a model of itself"),
        pytest.param(Candidate("", refusal="No."), "refused", "all the same", id="told by the server"),
        pytest.param("{'name'", "unparsable", "line 1, column 2", id="not JSON"),
        pytest.param("{\ufffd", "unparsable", "line 1, column 2", id="a broken character"),
    ],
)
def test_what_went_wrong_is_told_apart(answer: Any, failure: str, told: str) -> None:
    sampler = Scripted(answer, BURNS)
    outcome = sample(sampler, "Who?", PERSON, Retry())
    assert outcome.attempts[0].failure == failure
    assert told in sampler.calls[1][0][-1]["content"]


def test_the_best_of_what_is_not_valid_has_the_fewest_problems() -> None:
    answers = [Candidate("{}", 1, -1.0), Candidate('{"name": "Burns"}', 1, -9.0)]
    outcome = sample(Scripted(*answers), "Who?", PERSON, Retry(2), on_failure="best")
    assert not outcome.ok
    assert outcome.text == '{"name": "Burns"}'


def test_a_wrong_word_for_what_to_do_on_failure_is_told_at_once() -> None:
    sampler = Scripted(BURNS)
    with pytest.raises(ValueError, match="on_failure='bset'"):
        sample(sampler, "Who?", PERSON, Retry(), on_failure="bset")  # type: ignore[arg-type]
    assert not sampler.calls


def test_all_that_a_schema_has_against_an_answer_is_told() -> None:
    sampler = Scripted('{"name": 1, "born": "then"}', BURNS)
    outcome = sample(sampler, "Who?", PERSON, Retry())
    assert outcome.attempts[0].failure == "invalid"
    told = sampler.calls[1][0][-1]["content"]
    assert "#/name" in told
    assert "#/born" in told


def test_the_feedback_names_a_few_problems_only() -> None:
    attempt = structgen.Attempt("{}", failure="invalid", problems=tuple(f"#/{i}: no" for i in range(30)))
    told = with_feedback("Who?", attempt)[-1]["content"]
    assert isinstance(told, str)
    assert told.count("\n- #/") == 5
    assert "and 25 more" in told


def test_repair_comes_before_another_attempt() -> None:
    sampler = Scripted(f"Sure!\n```json\n{BURNS[:-1]},}}\n```")
    outcome = sample(sampler, "Who?", PERSON, Retry(repair="lossless"))
    assert outcome.value == {"name": "Burns", "born": 1759}
    assert len(outcome.attempts) == 1
    assert outcome.attempts[0].edits
    assert PERSON.is_valid(outcome.text)
    assert outcome.attempts[0].text.startswith("Sure!")


@pytest.mark.parametrize(
    ("answer", "repair", "valid"),
    [
        (f"Sure!\n```json\n{BURNS[:-1]},}}\n```", "syntax", True),
        ('{"name": "Burns", "born": "1759"}', "syntax", False),
        ('{"name": "Burns", "born": "1759"}', "lossless", True),
        ("name: Burns\nborn: 1759", "syntax", True),
        ("name: Burns\nborn: 1759", "lossless", True),
    ],
)
def test_repair_of_the_syntax_does_not_know_the_schema(answer: str, repair: Any, valid: bool) -> None:
    outcome = sample(Scripted(answer), "Who?", PERSON, Retry(1, repair=repair), on_failure="best")
    assert outcome.ok is valid
    if valid:  # also where the answer was YAML
        assert outcome.value == json.loads(outcome.text) == {"name": "Burns", "born": 1759}
        assert PERSON.is_valid(outcome.text)


def test_a_repaired_answer_is_an_instance_where_a_type_is_asked_for() -> None:
    @dataclass
    class Person:
        name: str
        born: int

    constraint = structgen.json_schema(Person)
    for repair in ("syntax", "lossless", "guessed"):
        outcome = sample(Scripted("name: Burns\nborn: 1759"), "Who?", constraint, Retry(1, repair=repair))
        assert outcome.value == Person("Burns", 1759)
        assert constraint.is_valid(outcome.text)


@pytest.mark.parametrize("repair", ["syntax", "guessed"])
def test_a_repair_closes_no_answer_that_ran_into_the_limit(repair: Any) -> None:
    cut = Candidate('{"name": "Burns", "born": 17', 9, finish_reason="length")
    assert failed(Scripted(cut), "Who?", PERSON, Retry(1, repair=repair)).attempts[0].failure == "cut"


LADDER = escalate(
    Retry(1, mask=False),
    Retry(1, mask=False, repair="lossless"),
    Retry(3, mask=False, repair="guessed"),
    Retry(1),
)


@pytest.mark.parametrize(
    ("answers", "asked", "attempts"),
    [
        pytest.param([BURNS], 1, 1, id="plain"),
        pytest.param([f"Sure! {BURNS}"], 1, 1, id="repair"),
        pytest.param(["nonsense", "again", BURNS], 3, 3, id="retry"),
        pytest.param(["nonsense", f"{BURNS[:-1]},}}"], 2, 2, id="retry, repaired"),
        pytest.param(["nonsense", "again", "and again", BURNS], 4, 4, id="mask"),
    ],
)
def test_repair_in_an_escalation_mends_what_is_there(answers: list[str], asked: int, attempts: int) -> None:
    sampler = Scripted(*answers)
    outcome = sample(sampler, "Who?", PERSON, LADDER)
    assert outcome.value == {"name": "Burns", "born": 1759}
    assert PERSON.is_valid(outcome.text)
    assert (len(sampler.calls), len(outcome.attempts)) == (asked, attempts)
    assert outcome.token_count == sum(map(len, answers))
    assert [one.constraint is None for one in sampler.requests] == [True] * min(asked, 3) + [False] * (
        asked - 3
    )
    asked_again = [prompt for prompt, _ in sampler.calls[1:3]]
    assert all(
        "is not valid" in prompt[-1]["content"] for prompt in asked_again
    )  # with feedback on the first
    assert outcome.chosen in outcome.attempts
    assert [one.ok for one in outcome.attempts] == [False] * (attempts - 1) + [True]


def test_repair_in_an_escalation_mends_answers_of_any_strategy() -> None:
    for after in (Retry(1, repair="guessed"), FirstValid(2, repair="guessed")):
        sampler = Scripted("nonsense", f"Sure! {BURNS}", "more nonsense")
        outcome = sample(sampler, "Who?", PERSON, escalate(BestOf(3, mask=False), after))
        assert outcome.value == {"name": "Burns", "born": 1759}
        assert len(sampler.calls) == 1
        assert [one.ok for one in outcome.attempts] == [False, True, False]


def test_a_repair_that_mends_nothing_asks_what_has_not_been_asked() -> None:
    """Under the mask, or at a temperature, it would be another answer; at 0 it would be the same one."""
    for after, asked in (
        (Retry(1, mask=False, repair="guessed"), 1),
        (Retry(1, repair="guessed"), 2),
        (Retry(1, mask=False, repair="guessed", temperatures=[0.7]), 2),
        (Retry(1, mask=False), 2),
    ):
        sampler = Scripted("nonsense")
        failed(sampler, "Who?", PERSON, escalate(Retry(1, mask=False), after))
        assert len(sampler.calls) == asked


def test_repair_costs_nothing_of_a_budget_that_is_used_up() -> None:
    strategy = escalate(Retry(3, mask=False), Retry(1, repair="guessed"))
    sampler = Scripted(f"Sure! {BURNS}")
    outcome = sample(sampler, "Who?", PERSON, strategy, budget=Budget(attempts=2))
    assert (outcome.value["name"], len(sampler.calls)) == ("Burns", 2)


def test_what_a_vote_has_against_its_answer_is_told_though_later_steps_find_nothing() -> None:
    strategy = escalate(Vote(2, min_agreement=1.0), Retry(1))
    outcome = failed(Scripted("yes", "no", "perhaps"), "Is it?", YES_NO, strategy)
    assert "agree to 50% only" in str(outcome.reason)
    assert outcome.shares == {'"yes"': 0.5, '"no"': 0.5}


def test_all_that_pydantic_has_against_a_value_is_told_with_its_place() -> None:
    """Whether the model is the constraint or a validator beside one."""
    pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")

    def is_early(year: int) -> int:
        if year > 1800:
            raise ValueError("too late")
        return year

    year = Annotated[int, pydantic.AfterValidator(is_early)]
    model = pydantic.create_model("Life", born=(year, ...), died=(year, ...), name=(str, ...))
    late, early = ({"born": born, "died": born, "name": "Burns"} for born in (1959, 1759))
    for constraint, validators, failure in (
        (structgen.json_schema(model), [], "invalid"),
        (structgen.json_schema({"type": "object"}), [model.model_validate], "rejected"),
    ):
        sampler = Scripted(json.dumps(late), json.dumps(early))
        outcome = sample(sampler, "Who?", constraint, Retry(2), validators=validators)
        assert outcome.attempts[0].failure == failure
        told = ("#/born: Value error, too late", "#/died: Value error, too late")
        assert outcome.attempts[0].problems == told
        complaint = sampler.calls[1][0][-1]["content"]
        assert complaint.split("\n")[1:3] == [f"- {one}" for one in told]


def test_what_a_validator_has_against_a_mended_answer_is_told_to_the_model() -> None:
    seen = []

    def refuse(value: Any) -> None:
        seen.append(value)
        if value["born"] < 1800:
            raise ValueError("born too early")

    later = BURNS.replace("17", "18")
    sampler = Scripted(f"Sure! {BURNS}", later)
    outcome = sample(sampler, "Who?", PERSON, LADDER, validators=[refuse])
    assert outcome.text == later
    assert len(seen) == len(sampler.calls) == 2
    assert "born too early" in sampler.calls[1][0][-1]["content"]


def test_what_a_validator_refused_is_not_put_to_it_again() -> None:
    seen = []

    def refuse(value: Any) -> None:
        seen.append(value)
        raise ValueError("no")

    sampler = Scripted(BURNS)
    strategy = escalate(Retry(1, mask=False), Retry(1, mask=False, repair="guessed"))
    failed(sampler, "Who?", PERSON, strategy, validators=[refuse])
    assert (len(sampler.calls), len(seen)) == (1, 1)


def test_the_mask_is_asked_for_or_not() -> None:
    sampler = Scripted("nonsense", BURNS)
    outcome = sample(sampler, "Who?", PERSON, escalate(Retry(1, mask=False), Retry(1)))
    assert [one.constraint for one in sampler.requests] == [None, PERSON]
    assert [one.temperature for one in sampler.requests] == [0.0, 0.0]
    assert [one.masked for one in outcome.attempts] == [False, True]


# Transport


def test_transport_is_waited_for_and_spends_no_attempt(pauses: list[float]) -> None:
    sampler = Scripted(ConnectionError("reset"), TimeoutError(), Unavailable(503), BURNS)
    outcome = sample(sampler, "Who?", PERSON, Retry(1), budget=Budget(attempts=1))
    assert outcome.ok
    assert len(outcome.attempts) == 1
    assert pauses == [0.25, 0.5, 1.0]


def test_a_server_says_how_long_to_wait(pauses: list[float]) -> None:
    sampler = Scripted(structgen.TransportFailed("busy", retry_after=9.0), BURNS)
    assert sample(sampler, "Who?", PERSON, Retry(1)).ok
    assert pauses == [9.0]


def test_transport_is_given_up_with_what_was_found_so_far(pauses: list[float]) -> None:
    sampler = Scripted("nonsense", ConnectionError("reset"))
    outcome = failed(sampler, "Who?", PERSON, Retry(5))
    assert [one.failure for one in outcome.attempts] == ["unparsable", "transport"]
    assert len(pauses) == running.CALLS - 1
    assert "reset" in str(outcome.reason)


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), Unavailable(401)])
def test_what_is_not_transport_goes_to_the_caller(error: Exception, pauses: list[float]) -> None:
    with pytest.raises(type(error)):
        sample(Scripted(error), "Who?", PERSON, Retry(5))
    assert not pauses


def test_a_sampler_that_gives_nothing_spends_attempts() -> None:
    outcome = failed(lambda prompt, request: [], "Who?", PERSON, Retry(3))
    assert [one.failure for one in outcome.attempts] == ["empty"] * 3


def test_a_sampler_gives_candidates() -> None:
    with pytest.raises(TypeError, match="list of Candidate"):
        sample(lambda prompt, request: "yes", "Is it?", YES_NO, Retry())


# Budgets


def test_attempts_are_bounded() -> None:
    outcome = failed(Scripted("nonsense"), "Who?", PERSON, Retry(100), budget=Budget(attempts=4))
    assert len(outcome.attempts) == 4
    assert "4 attempts" in str(outcome.reason)


def test_a_batch_is_made_smaller() -> None:
    sampler = Scripted("yes")
    sample(
        sampler, "Is it?", YES_NO, BestOf(8, score=lambda found: [0] * len(found)), budget=Budget(attempts=3)
    )
    assert [one.n for one in sampler.requests] == [3]


def test_tokens_are_bounded_and_failed_attempts_count() -> None:
    sampler = Scripted(endless)
    outcome = failed(sampler, "Who?", PERSON, Retry(100), budget=Budget(tokens=100), max_new_tokens=30)
    assert outcome.token_count == 100
    assert [one.max_new_tokens for one in sampler.requests] == [30, 60, 10]


def test_tokens_are_shared_by_a_batch() -> None:
    sampler = Scripted(endless)
    failed(sampler, "Who?", PERSON, BestOf(4), budget=Budget(tokens=100), max_new_tokens=512)
    assert [(one.n, one.max_new_tokens) for one in sampler.requests] == [(4, 25)]


def test_nothing_is_asked_without_time() -> None:
    sampler = Scripted(BURNS)
    outcome = failed(sampler, "Who?", PERSON, Retry(), budget=Budget(seconds=0))
    assert not sampler.calls
    assert not outcome.attempts
    with pytest.raises(structgen.NoValidOutput):
        sample(sampler, "Who?", PERSON, Retry(), budget=Budget(attempts=0), on_failure="best")


def test_the_sampler_is_told_the_deadline_and_no_attempt_starts_after_it() -> None:
    def until_the_deadline(request: structgen.SampleRequest) -> Candidate:
        assert request.deadline is not None
        while time.monotonic() < request.deadline:
            pass
        return Candidate("{", 1, finish_reason="length")

    sampler = Scripted(until_the_deadline)
    outcome = failed(sampler, "Who?", PERSON, Retry(50), budget=Budget(seconds=0.05))
    assert len(outcome.attempts) == 1


def test_a_negative_budget_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="attempts"):
        Budget(attempts=-1)


# Best of n


def test_the_best_is_that_of_the_highest_mean() -> None:
    found = [Candidate("yes", 10, -5.0), Candidate("no", 2, -3.0), Candidate("perhaps", 1, 0.0)]
    outcome = sample(Scripted(*found), "Is it?", YES_NO, BestOf(3))
    assert (outcome.value, outcome.score) == ("yes", -0.5)
    outcome = sample(Scripted(*found), "Is it?", YES_NO, BestOf(3, score="sum_logprob"))
    assert (outcome.value, outcome.score) == ("no", -3.0)
    assert [one.score for one in outcome.attempts] == [-5.0, -3.0, None]


def test_a_verifier_sees_valid_attempts_as_a_batch() -> None:
    batches: list[list[Any]] = []

    def score(found: list[structgen.Attempt]) -> list[float]:
        batches.append([one.value for one in found])
        return [float(one.value == "no") for one in found]

    outcome = sample(Scripted("yes", "perhaps", "no", "yes"), "Is it?", YES_NO, BestOf(4, score=score))
    assert batches == [["yes", "no", "yes"]]
    assert (outcome.value, outcome.score) == ("no", 1.0)


def test_a_score_that_is_good_enough_ends_the_search() -> None:
    sampler = Scripted(candidate("yes", -9.0), candidate("no", -0.2), candidate("yes", -0.1))
    outcome = sample(sampler, "Is it?", YES_NO, BestOf(8, good_enough=-0.5))
    assert outcome.value == "no"
    assert len(sampler.calls) == 2
    assert len({one.seed for one in sampler.requests}) == 2


def test_scores_need_log_probabilities() -> None:
    """What was paid for is not lost: the failure has the answers, and another strategy may go on."""
    outcome = failed(Scripted("maybe", "yes", "no"), "Is it?", YES_NO, BestOf(3))
    assert "gives none" in str(outcome.reason)
    assert [one.value for one in outcome.attempts] == [None, "yes", "no"]
    best = sample(Scripted("maybe", "yes", "no"), "Is it?", YES_NO, BestOf(3), on_failure="best")
    assert (best.ok, best.value) == (False, "yes")
    assert sample(Scripted("yes", "no"), "Is it?", YES_NO, escalate(BestOf(2), Vote(1))).ok


# Votes


def test_the_majority_wins_and_shares_are_told() -> None:
    sampler = Scripted('{"a": 1.0}', '{"a": 2}', '{ "a": 1 }', '{"a": 1}', "nonsense")
    outcome = sample(sampler, "?", structgen.json_schema({"type": "object"}), Vote(5))
    assert outcome.value == {"a": 1}
    assert outcome.shares == {'{"a":1}': 0.75, '{"a":2}': 0.25}
    assert outcome.score == 0.75
    assert outcome.chosen in outcome.attempts
    assert [one.score for one in outcome.attempts] == [0.75, 0.25, 0.75, 0.75]
    assert [one.n for one in sampler.requests] == [3, 1]  # after four, one more cannot change anything


def test_a_vote_stops_once_it_is_settled() -> None:
    sampler = Scripted("yes")
    assert sample(sampler, "Is it?", YES_NO, Vote(9)).shares == {'"yes"': 1.0}
    assert [one.n for one in sampler.requests] == [5]


def test_a_vote_never_asks_more_than_n_times() -> None:
    sampler = Scripted("yes", "no", "yes", "no", "no", "yes", "no", "no", "no")
    outcome = sample(sampler, "Is it?", YES_NO, Vote(7))
    assert len(outcome.attempts) <= 7
    assert outcome.value == "no"


def test_too_little_agreement_is_no_answer() -> None:
    sampler = Scripted("yes", "no", "yes", "no", "yes")
    outcome = failed(sampler, "Is it?", YES_NO, Vote(5, min_agreement=0.8))
    assert "agree" in str(outcome.reason)
    best = sample(
        Scripted("yes", "no", "yes", "no", "yes"),
        "Is it?",
        YES_NO,
        Vote(5, min_agreement=0.8),
        on_failure="best",
    )
    assert (best.ok, best.value) == (False, "yes")


def test_one_field_is_voted_on() -> None:
    answers = ['{"why": "a", "n": {"x": 4}}', '{"why": "b", "n": {"x": 5}}', '{"why": "c", "n": {"x": 5.0}}']
    schema = structgen.json_schema({"type": "object"})
    outcome = sample(Scripted(*answers), "?", schema, Vote(3, field="/n/x"))
    assert outcome.value["n"]["x"] == 5
    assert outcome.shares == {"5": 2 / 3, "4": 1 / 3}


def test_each_field_is_voted_on_by_itself_and_the_result_is_valid() -> None:
    answers = [
        '{"name": "Burns", "born": 1759}',
        '{"name": "burns ", "born": 1760}',
        '{"name": "Byrne", "born": 1760}',
    ]
    outcome = sample(Scripted(*answers), "?", PERSON, Vote(3, field="*"))
    assert outcome.value == {"name": "Burns", "born": 1760} or outcome.text == answers[1]
    assert outcome.shares["born"] == {"1760": 2 / 3, "1759": 1 / 3}
    assert PERSON.is_valid(outcome.text)


def test_fields_that_never_came_together_are_joined() -> None:
    schema = structgen.json_schema({"type": "object", "additionalProperties": {"type": "integer"}})
    answers = ['{"a": 1, "b": 1, "c": 2}', '{"a": 1, "b": 2, "c": 1}', '{"a": 2, "b": 1, "c": 1}']
    outcome = sample(Scripted(*answers), "?", schema, Vote(3, field="*"))
    assert outcome.value == {"a": 1, "b": 1, "c": 1}
    assert json.loads(outcome.text) == outcome.value


def test_values_are_compared_as_canonical_json() -> None:
    assert canonical({"b": 1.0, "a": "e\u0301  X"}) == canonical({"a": "\u00e9 x", "b": 1})
    assert canonical(True) != canonical(1)
    assert canonical([1, 2]) != canonical([2, 1])


# First valid


def test_the_first_valid_answer_wins_and_the_others_are_cancelled() -> None:
    released = threading.Event()
    cancelled: list[bool] = []

    def sampler(prompt: Any, request: structgen.SampleRequest) -> list[Candidate]:
        if request.seed == 2:
            return [Candidate("yes", 1)]
        assert request.cancelled is not None
        cancelled.append(request.cancelled.wait(60))
        released.set()
        return [Candidate("no", 1)]

    outcome = sample(sampler, "Is it?", YES_NO, FirstValid(3))
    assert outcome.value == "yes"
    assert len(outcome.attempts) == 1
    assert released.wait(60)
    assert all(cancelled)


def test_an_invalid_answer_does_not_win() -> None:
    sampler = Scripted("perhaps", "perhaps", "yes", batched=False)
    outcome = sample(sampler, "Is it?", YES_NO, FirstValid(3))
    assert outcome.value == "yes"
    assert sorted(one.n for one in sampler.requests) == [1, 1, 1]


def test_a_batched_sampler_gets_one_call_and_a_way_to_stop() -> None:
    sampler = Scripted("perhaps", "yes", "no")
    assert sample(sampler, "Is it?", YES_NO, FirstValid(3)).value == "yes"
    (request,) = sampler.requests
    assert request.n == 3
    assert request.enough is not None
    assert request.enough(Candidate("yes"))
    assert not request.enough(Candidate("perhaps"))


def test_calls_that_fail_in_a_race_do_not_end_it(pauses: list[float]) -> None:
    def sampler(prompt: Any, request: structgen.SampleRequest) -> list[Candidate]:
        if request.seed != 1:
            raise ConnectionError("reset")
        return [Candidate("yes", 1)]

    assert sample(sampler, "Is it?", YES_NO, FirstValid(3)).value == "yes"


def test_a_race_ends_at_the_deadline() -> None:
    forever = threading.Event()

    def sampler(prompt: Any, request: structgen.SampleRequest) -> list[Candidate]:
        assert request.cancelled is not None
        request.cancelled.wait(60)
        forever.set()
        return []

    outcome = failed(sampler, "Is it?", YES_NO, FirstValid(2), budget=Budget(seconds=0.05))
    assert not outcome.attempts
    assert forever.wait(60)


# Beam


def test_beam_needs_a_sampler_that_can() -> None:
    with pytest.raises(ValueError, match="no beam"):
        sample(Scripted("yes"), "Is it?", YES_NO, Beam(2))


# Outcomes


def test_the_best_failure_is_marked() -> None:
    sampler = Scripted("nonsense", '{"name": "Burns", "born": 1959}', "")

    def is_old(value: dict[str, Any]) -> None:
        raise ValueError("too young")

    outcome = sample(sampler, "Who?", PERSON, Retry(3), validators=[is_old], on_failure="best")
    assert not outcome.ok
    assert outcome.value is None
    assert outcome.text == '{"name": "Burns", "born": 1959}'
    assert "too young" in str(outcome.attempts[1].error)


def test_failure_carries_everything_and_pickles() -> None:
    with pytest.raises(structgen.NoValidOutput) as caught:
        sample(Scripted("nonsense"), "Who?", PERSON, Retry(2))
    found = pickle.loads(pickle.dumps(caught.value))
    assert found.code == "no_valid_output"
    assert [one.text for one in found.outcome.attempts] == ["nonsense"] * 2


def test_attempts_are_told_as_they_come() -> None:
    seen: list[structgen.Attempt] = []
    outcome = sample(Scripted("x", BURNS), "Who?", PERSON, Retry(), on_attempt=seen.append)
    assert tuple(seen) == outcome.attempts


def test_strategies_hold_no_state() -> None:
    strategy = escalate(Retry(2, mask=False), Vote(3))
    outcomes = [sample(Scripted("x", "y", "yes", "no", "yes"), "Is it?", YES_NO, strategy) for _ in range(2)]
    assert [[one.text for one in outcome.attempts] for outcome in outcomes] == [
        ["x", "y", "yes", "no", "yes"]
    ] * 2


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Retry(0), id="no attempt"),
        pytest.param(lambda: Retry(temperatures=[]), id="no temperature"),
        pytest.param(lambda: Retry(temperatures=[-1.0]), id="a negative temperature"),
        pytest.param(lambda: Retry(repair="dropped"), id="a repair that loses text"),  # type: ignore[arg-type]
        pytest.param(lambda: BestOf(0), id="best of none"),
        pytest.param(lambda: BestOf(2, temperature=0), id="all the same"),
        pytest.param(lambda: BestOf(2, score="length"), id="an unknown score"),  # type: ignore[arg-type]
        pytest.param(lambda: Vote(3, repair="dropped"), id="a vote on what was lost"),  # type: ignore[arg-type]
        pytest.param(lambda: Vote(3, min_agreement=2), id="more than all"),
        pytest.param(lambda: Vote(3, key=str, field="a"), id="key and field"),
        pytest.param(lambda: escalate(), id="nothing to escalate"),
        pytest.param(lambda: escalate(Retry(1), "mask"), id="no strategy"),  # type: ignore[arg-type]
        pytest.param(lambda: BestOf(2.5), id="half an answer"),  # type: ignore[arg-type]
        pytest.param(lambda: Vote("3"), id="a number in a text"),  # type: ignore[arg-type]
        pytest.param(lambda: Beam(0), id="no beam"),
    ],
)
def test_strategies_that_make_no_sense(make: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        make()


@pytest.mark.parametrize(
    ("sampler", "constraint", "strategy", "told"),
    [
        (None, YES_NO, Retry(), "sampler"),
        (Scripted("yes"), 5, Retry(), "must be a Constraint"),
        (Scripted("yes"), YES_NO, 3, "strategy"),
    ],
)
def test_arguments_of_the_wrong_kind(sampler: Any, constraint: Any, strategy: Any, told: str) -> None:
    with pytest.raises(TypeError, match=told):
        sample(sampler, "Is it?", constraint, strategy)
    with pytest.raises(TypeError, match=told):
        asyncio.run(structgen.sample_async(sampler, "Is it?", constraint, strategy))


# Async


class Async(Scripted):
    async def __call__(self, prompt: Any, request: structgen.SampleRequest) -> list[Candidate]:  # type: ignore[override]
        await asyncio.sleep(0)
        return super().__call__(prompt, request)


STRATEGIES = [
    pytest.param(Retry(3), ["x", "{}", BURNS], id="retry"),
    pytest.param(
        BestOf(3), [candidate(BURNS, -3.0), candidate("x", -1.0), candidate(BURNS + " ", -2.0)], id="best of"
    ),
    pytest.param(Vote(3), [BURNS, '{"name": "B", "born": 1}', BURNS], id="vote"),
    pytest.param(FirstValid(3), ["x", "y", BURNS], id="first valid"),
    pytest.param(escalate(Retry(1, mask=False), Vote(2)), ["x", BURNS], id="escalation"),
    pytest.param(LADDER, ["x", "y", f"Sure! {BURNS[:-1]},}}"], id="escalation with repair"),
    pytest.param(Retry(2), ["x"], id="a failure"),
]


@pytest.mark.parametrize(("strategy", "steps"), STRATEGIES)
def test_async_and_sync_agree(strategy: Any, steps: list[Any]) -> None:
    def facts(outcome: structgen.Outcome) -> Any:
        attempts = [(one.text, one.failure, one.seed, one.temperature) for one in outcome.attempts]
        return outcome.ok, outcome.value, outcome.text, outcome.score, attempts, outcome.shares

    plain = sample(Scripted(*steps), "Who?", PERSON, strategy, on_failure="best")
    for sampler in (Async(*steps), Scripted(*steps)):
        found = asyncio.run(structgen.sample_async(sampler, "Who?", PERSON, strategy, on_failure="best"))
        assert facts(found) == facts(plain)


def test_async_samplers_need_sample_async() -> None:
    with pytest.raises(TypeError, match="sample_async"):
        sample(Async("yes"), "Is it?", YES_NO, Retry())


def test_async_work_that_is_not_needed_is_cancelled() -> None:
    ended: list[str] = []

    async def sampler(prompt: Any, request: structgen.SampleRequest) -> list[Candidate]:
        if request.seed == 1:
            return [Candidate("yes", 1)]
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")
        return []

    async def both() -> structgen.Outcome:
        return await structgen.sample_async(sampler, "Is it?", YES_NO, FirstValid(3))

    assert asyncio.run(both()).value == "yes"
    assert ended == ["cancelled"] * 2


def test_an_async_call_ends_at_the_deadline() -> None:
    async def sampler(prompt: Any, request: structgen.SampleRequest) -> list[Candidate]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(structgen.NoValidOutput, match="seconds"):
        asyncio.run(structgen.sample_async(sampler, "Is it?", YES_NO, Retry(), budget=Budget(seconds=0.05)))


# The cache


def test_an_answer_is_remembered(tmp_path: Any) -> None:
    inner = Scripted(candidate("yes", -1.0))
    cached = structgen.Cached(inner, tmp_path / "answers.sqlite", model="scripted")
    first = sample(cached, "Is it?", YES_NO, Retry())
    second = sample(cached, "Is it?", YES_NO, Retry())
    assert first.attempts[0].candidate == second.attempts[0].candidate
    assert len(inner.calls) == 1
    sample(cached, "Was it?", YES_NO, Retry())
    sample(cached, "Is it?", structgen.choice(["yes", "never"]), Retry())
    sample(structgen.Cached(inner, cached.path, model="other"), "Is it?", YES_NO, Retry())
    assert len(inner.calls) == 4


def test_an_async_answer_is_remembered(tmp_path: Any) -> None:
    inner = Async("yes")
    cached = structgen.Cached(inner, tmp_path / "answers.sqlite", model="scripted")
    for _ in range(2):
        assert asyncio.run(structgen.sample_async(cached, "Is it?", YES_NO, Retry())).value == "yes"
    assert len(inner.calls) == 1
