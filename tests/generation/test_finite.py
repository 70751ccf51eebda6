"""Finite parts, judged by classify() over all spellings, and by counting."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

import structgen
from structgen import InvalidOptionError, Vocabulary
from structgen.generation.classify import _logprobs, _spellings
from structgen.generation.finite import END, FiniteParts
from structgen.generation.settings import encode_prompt

LABELS = ["poet", "poets", "farmer", "far", "Burns", "1759"]
PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 8},
        "job": {"enum": ["poet", "farmer", "painter"]},
        "alive": {"type": "boolean"},
        "stars": {"type": "integer", "minimum": 1, "maximum": 12},
    },
    "required": ["name", "job", "alive", "stars"],
    "additionalProperties": False,
}


def parts(constraint: structgen.Constraint, largest: int = 64) -> tuple[FiniteParts, Any]:
    grammar = structgen.compile(constraint, Vocabulary.of_bytes())
    return FiniteParts(grammar, largest), grammar


def after(grammar: Any, text: str) -> int:
    configuration, length = grammar.native.try_read(grammar.initial, text.encode())
    assert length == len(text.encode())
    return int(configuration)


@pytest.mark.parametrize(
    ("text", "ends_after"),
    [
        ('{"name": "x", "job": "', '{"name": "x", "job": "poet"'),
        ('{"name": "x", "job": "p', '{"name": "x", "job": "painter"'),
        ('{"name": "x", "job": "poet", "alive": ', '{"name": "x", "job": "poet", "alive": tru'),
    ],
)
def test_a_part_ends_where_its_texts_meet(text: str, ends_after: str) -> None:
    found, grammar = parts(structgen.json_schema(PERSON))
    end = found.end_of(after(grammar, text))
    meeting = after(grammar, ends_after)
    assert end is not None
    # The end may lie within the last word, where all texts are the same.
    assert meeting == end or end in [after(grammar, ends_after[:-cut]) for cut in range(1, 5)]


@pytest.mark.parametrize("text", ["", '{"name": "', '{"name": "ab', '{"name": "ab"'])
def test_no_part_begins_in_free_text_or_where_all_is_forced(text: str) -> None:
    found, grammar = parts(structgen.json_schema(PERSON))
    assert found.end_of(after(grammar, text)) is None


def test_parts_are_counted() -> None:
    numbers = structgen.regex("[0-9]{3}x")
    assert parts(numbers)[0].end_of(parts(numbers)[1].initial) is None
    found, grammar = parts(numbers, 1000)
    assert found.end_of(grammar.initial) is not None
    found, grammar = parts(structgen.regex("(red|green)[0-9]{9}x"))
    assert found.end_of(grammar.initial) is not None
    assert found.end_of(after(grammar, "red")) is None
    found, grammar = parts(structgen.regex("a*b?"))
    assert found.end_of(grammar.initial) is None
    found, grammar = parts(structgen.choice(["new", "new york"]))
    assert found.end_of(grammar.initial) == END


@pytest.mark.parametrize(
    "labels", [LABELS[2:], ["poet", "farmer", "Burns"], ["a", "b"], ["true", "false", "null"]]
)
def test_the_shares_are_those_of_classify(model: Any, tokenizer: Any, labels: list[str]) -> None:
    """As far as no label begins another one: classify() counts such a text for both."""
    labels = [one for one in labels if not any(one != two and two.startswith(one) for two in labels)]
    judge = structgen.classify(model, tokenizer, "Who?", labels, tokenizations="all", ends=False)
    found = structgen.generate(model, tokenizer, "Who?", structgen.choice(labels), finite="exact")
    (decision,) = found.decisions
    assert found.text == decision.taken == max(judge, key=judge.__getitem__)
    assert sum(abs(judge[label] - decision.shares.get(label, 0.0)) for label in labels) / 2 < 0.01


def test_a_label_that_begins_another_one_has_what_the_other_does_not_have(model: Any, tokenizer: Any) -> None:
    """Added up over all spellings, one by one."""
    found = structgen.generate(model, tokenizer, "Who?", structgen.choice(LABELS), finite="exact")
    (decision,) = found.decisions
    vocabulary = Vocabulary.from_tokenizer(tokenizer, size=model.config.vocab_size)
    inputs = encode_prompt(tokenizer, "Who?", None)

    def mass(rows: list[tuple[int, ...]]) -> float:
        return sum(map(np.exp, _logprobs(model, inputs, rows, [], 16)))

    spelled = {label: _spellings(label, tokenizer, vocabulary, "all") for label in [*LABELS, "s", "mer"]}
    expected = {label: mass(spelled[label]) for label in LABELS}
    for label, rest in [("poet", "s"), ("far", "mer")]:
        # Of the spellings of the longer label those that have a token's end there.
        expected[label] -= mass([one + two for one in spelled[label] for two in spelled[rest]])
    total = sum(expected.values())
    error = sum(abs(expected[label] / total - decision.shares.get(label, 0.0)) for label in LABELS) / 2
    assert error < 0.01


def test_texts_are_drawn_by_their_shares(model: Any, tokenizer: Any) -> None:
    drawn: Counter[str] = Counter()
    for seed in range(150):
        found = structgen.generate(
            model, tokenizer, "Who?", structgen.choice(LABELS), temperature=1.0, seed=seed, finite="exact"
        )
        drawn[found.text] += 1
    (decision,) = found.decisions
    error = sum(abs(drawn[label] / 150 - decision.shares.get(label, 0.0)) for label in LABELS) / 2
    assert error < 0.5 * np.sqrt(len(LABELS) / 150) + 0.02


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_parts_inside_a_larger_text(model: Any, tokenizer: Any, temperature: float, seed: int) -> None:
    constraint = structgen.json_schema(PERSON)
    found = structgen.generate(
        model, tokenizer, "Who?", constraint, temperature=temperature, seed=seed, max_new_tokens=70
    )
    value = constraint.validate(found.text)
    taken = [one.taken for one in found.decisions]
    assert len(taken) >= 2
    for decision in found.decisions:
        assert decision.taken in decision.shares
        assert sum(decision.shares.values()) == pytest.approx(1)
        assert found.text.encode()[decision.start :].decode().startswith(decision.taken)
    assert any(value["job"] in one or one in json.dumps(value["job"]) for one in taken)


@pytest.mark.parametrize("limit", range(24, 40))
def test_the_token_limit_holds(model: Any, tokenizer: Any, limit: int) -> None:
    constraint = structgen.json_schema(PERSON)
    needed = structgen.compile(constraint, tokenizer).completion_tokens
    shortest = needed(structgen.compile(constraint, tokenizer).initial)
    if shortest > limit:
        with pytest.raises(structgen.BudgetTooSmall):
            structgen.generate(model, tokenizer, "Who?", constraint, max_new_tokens=limit, finite="exact")
        return
    found = structgen.generate(model, tokenizer, "Who?", constraint, max_new_tokens=limit, finite="exact")
    assert constraint.is_valid(found.text)
    assert len(found.tokens) <= limit


def test_rows_that_are_many_are_decided_by_the_mask(model: Any, tokenizer: Any) -> None:
    constraint = structgen.choice(LABELS)
    beams = structgen.generate(model, tokenizer, "Who?", constraint, num_beams=3)
    assert beams.text in LABELS
    assert beams.decisions == ()
    with pytest.raises(InvalidOptionError, match="num_beams"):
        structgen.generate(model, tokenizer, "Who?", constraint, num_beams=3, finite="exact")
    assert structgen.generate(model, tokenizer, "Who?", constraint, finite="mask").decisions == ()
