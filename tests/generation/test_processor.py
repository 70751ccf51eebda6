"""LogitsProcessor inside a real `generate()`: every way to decode, judged by json, jsonschema, re and Lark."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any

import jsonschema
import pytest
import torch
import transformers
from lark import Lark
from lark.exceptions import LarkError
from tiny import tiny_model, tiny_tokenizer

import structgen
from structgen.errors import BudgetTooSmall, DeadEnd, TokenRejected

Judge = Callable[[str], bool]

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 12},
        "born": {"type": "integer", "minimum": 1700, "maximum": 2100},
        "tags": {"type": "array", "items": {"enum": ["poet", "farmer", "é"]}, "maxItems": 3},
    },
    "required": ["name", "born"],
    "additionalProperties": False,
}
PATTERN = r"[A-Z][a-zäöü]{2,10}(, (the|a) \w{3,8}){0,3}[.!]"
GRAMMAR = """
start: sum
sum: product (("+" | "-") product)*
product: NUMBER | "(" sum ")"
NUMBER: /[0-9]{1,4}/
"""
WORDS = ["Ayr", "Alloway", "Alloway, Scotland", "Ayrshire", "😀 é"]
NEW_TOKENS = 96


@pytest.fixture(autouse=True, params=["host", "device"])
def _where(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that the processor promises is true with rows on the device too, which is the CPU here."""
    if request.param == "device":
        monkeypatch.setattr("structgen.generation.processor._is_on_device", lambda scores: True)
        monkeypatch.setattr(
            "structgen.generation.device.apply._has_triton", lambda: False
        )  # its interpreter is slow


def is_poet(text: str) -> bool:
    try:
        jsonschema.validate(json.loads(text), SCHEMA)
    except (ValueError, jsonschema.ValidationError):
        return False
    return True


def is_sum(text: str) -> bool:
    try:
        Lark(GRAMMAR).parse(text)
    except LarkError:
        return False
    return True


POET = structgen.json_schema(SCHEMA)
SENTENCE = structgen.regex(PATTERN)
SUM = structgen.lark(GRAMMAR)
PLACE = structgen.choice(WORDS)
JUDGES: list[tuple[structgen.Constraint | None, Judge]] = [
    (POET, is_poet),
    (SENTENCE, lambda text: re.fullmatch(PATTERN, text) is not None),
    (SUM, is_sum),
    (PLACE, lambda text: text in WORDS),
    (None, lambda text: True),
]
EACH = pytest.mark.parametrize(
    "constraint",
    [
        pytest.param(POET, id="schema"),
        pytest.param(SENTENCE, id="regex"),
        pytest.param(SUM, id="grammar"),
        pytest.param(PLACE, id="choice"),
    ],
)
MODES = [
    pytest.param({"do_sample": False}, id="greedy"),
    pytest.param({"do_sample": True, "temperature": 1.5}, id="sampling"),
    pytest.param({"do_sample": True, "top_k": 2, "top_p": 0.3, "min_p": 0.5}, id="narrow sampling"),
    pytest.param(
        {"do_sample": True, "typical_p": 0.2, "eta_cutoff": 0.01, "epsilon_cutoff": 0.01}, id="cutoffs"
    ),
    pytest.param({"num_beams": 3, "num_return_sequences": 3}, id="beam search"),
    pytest.param({"num_beams": 4, "do_sample": True}, id="beam sampling"),
    pytest.param({"do_sample": True, "num_return_sequences": 4}, id="several answers"),
]


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(20)


def encode(tokenizer: Any, *prompts: str) -> Any:
    return tokenizer(list(prompts), return_tensors="pt", padding=True, return_token_type_ids=False)


def run(model: Any, inputs: Any, processor: Any, **options: Any) -> torch.Tensor:
    rows: torch.Tensor = model.generate(
        **inputs, logits_processor=[processor], **{"max_new_tokens": NEW_TOKENS, **options}
    )
    return rows


def check(
    tokenizer: Any, inputs: Any, rows: torch.Tensor, constraints: Sequence[structgen.Constraint | None]
) -> list[str]:
    """See that each row ended, and that its text is valid under the constraint of its prompt."""
    answers = rows[:, inputs["input_ids"].shape[1] :]
    texts: list[str] = tokenizer.batch_decode(answers, skip_special_tokens=True)
    for row, (answer, text) in enumerate(zip(answers, texts, strict=True)):
        constraint = constraints[row * len(constraints) // len(texts)]
        if constraint is not None:
            assert tokenizer.eos_token_id in answer.tolist(), f"row {row} did not end: {text!r}"
            assert constraint.is_valid(text), f"row {row}: {text!r}"
            judge = next(judge for known, judge in JUDGES if known is constraint)
            assert judge(text), f"row {row}: {text!r}"
    return texts


@pytest.mark.parametrize("options", MODES)
@EACH
def test_one_prompt(
    model: Any, tokenizer: Any, constraint: structgen.Constraint, options: dict[str, Any]
) -> None:
    inputs = encode(tokenizer, "Where was he born?")
    processor = structgen.LogitsProcessor(constraint, tokenizer, max_new_tokens=NEW_TOKENS)
    check(tokenizer, inputs, run(model, inputs, processor, **options), [constraint])


@pytest.mark.parametrize("options", MODES)
def test_left_padded_batch_with_one_constraint_per_prompt(
    model: Any, tokenizer: Any, options: dict[str, Any]
) -> None:
    inputs = encode(tokenizer, "Where was he born?", "Hi", "SELECT name FROM poets WHERE", "def f(x):", "é")
    constraints = [POET, None, SENTENCE, SUM, PLACE]
    processor = structgen.LogitsProcessor(constraints, tokenizer, max_new_tokens=NEW_TOKENS)
    texts = check(tokenizer, inputs, run(model, inputs, processor, **options), constraints)
    assert len(texts) == 5 * options.get("num_return_sequences", 1)


def test_rows_without_a_constraint_are_left_alone(model: Any, tokenizer: Any) -> None:
    inputs = encode(tokenizer, "Where was he born?", "Hi there, you")
    free = model.generate(**inputs, max_new_tokens=12)
    processor = structgen.LogitsProcessor([PLACE, None], tokenizer)
    rows = run(model, inputs, processor, max_new_tokens=12)
    length = inputs["input_ids"].shape[1]
    assert rows[1, length : length + 12].tolist() == free[1, length : length + 12].tolist()


def test_finished_rows_stay_finished(model: Any, tokenizer: Any) -> None:
    """Rows that end early are padded while the others go on, and nothing is rejected in them."""
    inputs = encode(tokenizer, "Hi", "Where was he born?")
    processor = structgen.LogitsProcessor(
        [structgen.choice(["no"]), structgen.regex("a{60}")], tokenizer, max_new_tokens=NEW_TOKENS
    )
    rows = run(model, inputs, processor)
    answers = rows[:, inputs["input_ids"].shape[1] :]
    assert tokenizer.batch_decode(answers, skip_special_tokens=True) == ["no", "a" * 60]
    assert answers[0].tolist().count(tokenizer.eos_token_id) == 1
    assert answers[0, -1] == tokenizer.pad_token_id


def test_beams_beyond_the_number_of_texts_are_valid_too(model: Any, tokenizer: Any) -> None:
    """With more beams than texts, beam search goes on with hypotheses that have ended already."""
    inputs = encode(tokenizer, "Well?")
    processor = structgen.LogitsProcessor(structgen.choice(["yes", "no"]), tokenizer)
    rows = run(model, inputs, processor, num_beams=6, num_return_sequences=6)
    texts = tokenizer.batch_decode(rows[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    assert set(texts) == {"yes", "no"}


@pytest.mark.parametrize("count", [1, 3, 8])
@pytest.mark.parametrize("do_sample", [False, True])
@EACH
def test_assisted_decoding(
    model: Any, assistant: Any, tokenizer: Any, constraint: structgen.Constraint, do_sample: bool, count: int
) -> None:
    inputs = encode(tokenizer, "Where was he born?")
    processor = structgen.LogitsProcessor(constraint, tokenizer, max_new_tokens=NEW_TOKENS)
    assistant.generation_config.num_assistant_tokens = count
    rows = run(model, inputs, processor, assistant_model=assistant, do_sample=do_sample)
    check(tokenizer, inputs, rows, [constraint])


def test_assisted_greedy_decoding_changes_nothing(model: Any, assistant: Any, tokenizer: Any) -> None:
    inputs = encode(tokenizer, "Where was he born?")
    alone = run(model, inputs, structgen.LogitsProcessor(POET, tokenizer))
    helped = run(model, inputs, structgen.LogitsProcessor(POET, tokenizer), assistant_model=assistant)
    assert helped.tolist() == alone.tolist()


@pytest.mark.parametrize("do_sample", [False, True])
@EACH
def test_candidates_looked_up_in_the_prompt(
    model: Any, tokenizer: Any, constraint: structgen.Constraint, do_sample: bool
) -> None:
    """Most candidates from this prompt do not fit; they are shown to the processor all the same."""
    inputs = encode(
        tokenizer, '{"name": "Burns", "born": "no"} Alloway, Ayrshire, the bard. 12+(34-(5+x)) {"name": 3}'
    )
    processor = structgen.LogitsProcessor(constraint, tokenizer, max_new_tokens=NEW_TOKENS)
    rows = run(
        model, inputs, processor, prompt_lookup_num_tokens=6, max_matching_ngram_size=2, do_sample=do_sample
    )
    check(tokenizer, inputs, rows, [constraint])


def test_streaming(model: Any, tokenizer: Any) -> None:
    class Collector(transformers.TextStreamer):  # type: ignore[misc]
        text = ""

        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            self.text += text

    inputs = encode(tokenizer, "Where was he born?")
    streamer = Collector(tokenizer, skip_prompt=True, skip_special_tokens=True)
    processor = structgen.LogitsProcessor(POET, tokenizer, max_new_tokens=NEW_TOKENS)
    (text,) = check(tokenizer, inputs, run(model, inputs, processor, streamer=streamer), [POET])
    assert streamer.text == text


# ---- one object for several calls -------------------------------------------------------------------------------


def test_one_object_for_every_mode_and_prompt(model: Any, assistant: Any, tokenizer: Any) -> None:
    processor = structgen.LogitsProcessor(POET, tokenizer, max_new_tokens=NEW_TOKENS)
    prompts = ["Where was he born?", "Where", "Where was he born? And when?", "Hi", "Where was he born?"]
    for prompt in prompts:
        inputs = encode(tokenizer, prompt)
        for options in (
            {"do_sample": False},
            {"do_sample": True},
            {"num_beams": 3},
            {"assistant_model": assistant},
            {"prompt_lookup_num_tokens": 4},
            {"do_sample": True, "num_return_sequences": 3},
        ):
            check(tokenizer, inputs, run(model, inputs, processor, **options), [POET])
    inputs = encode(tokenizer, *prompts)
    check(tokenizer, inputs, run(model, inputs, processor, num_beams=2), [POET])


@pytest.mark.parametrize("new_tokens", [4, NEW_TOKENS])
@pytest.mark.parametrize("turn", [" ", " and then?", '"'])
def test_a_chat_whose_prompt_repeats_the_last_answer(
    model: Any, tokenizer: Any, turn: str, new_tokens: int
) -> None:
    """The prompt of the second turn begins with all tokens of the first, cut (4 tokens) or ended."""
    processor = structgen.LogitsProcessor(POET, tokenizer)
    inputs = encode(tokenizer, "Who was he?")
    for _ in range(3):
        rows = run(model, inputs, processor, max_new_tokens=new_tokens)
        more = encode(tokenizer, turn)["input_ids"]
        longer = torch.cat((rows, more), dim=1)
        inputs = {"input_ids": longer, "attention_mask": torch.ones_like(longer)}
    fresh = structgen.LogitsProcessor(POET, tokenizer)
    assert run(model, inputs, processor).tolist() == run(model, inputs, fresh).tolist()


@pytest.mark.parametrize("says", ["prompt_length", "generation"])
def test_an_answer_in_pieces_stays_one_answer(model: Any, tokenizer: Any, says: str) -> None:
    prompt = encode(tokenizer, "Who was he?")
    length = prompt["input_ids"].shape[1] if says == "prompt_length" else None
    processor = structgen.LogitsProcessor(POET, tokenizer, max_new_tokens=NEW_TOKENS, prompt_length=length)
    inputs = prompt
    with processor.generation() if says == "generation" else contextlib.nullcontext():
        for _ in range(NEW_TOKENS):
            rows = run(model, inputs, processor, max_new_tokens=3)
            inputs = {"input_ids": rows, "attention_mask": torch.ones_like(rows)}
            if tokenizer.eos_token_id in rows[0].tolist():
                break
    check(tokenizer, prompt, rows, [POET])


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"num_beams": 3}, id="beam search"),
        pytest.param({"do_sample": True, "num_return_sequences": 3}, id="several answers"),
        pytest.param({"prompt_lookup_num_tokens": 4}, id="prompt lookup"),
        pytest.param({"assisted": True}, id="assisted"),
    ],
)
@pytest.mark.parametrize("length", [False, True], ids=["first call", "prompt_length"])
def test_a_generation_holds_for_every_way_to_decode(
    model: Any, assistant: Any, tokenizer: Any, options: dict[str, Any], length: bool
) -> None:
    inputs = encode(tokenizer, "Where was he born?")
    processor = structgen.LogitsProcessor(POET, tokenizer, max_new_tokens=NEW_TOKENS)
    if options.get("assisted"):
        options = {"assistant_model": assistant}
    prompt_length = inputs["input_ids"].shape[1] if length else None
    for _ in range(2):
        with processor.generation(prompt_length=prompt_length):
            rows = run(model, inputs, processor, **options)
        check(tokenizer, inputs, rows, [POET])


def test_each_generate_is_a_text_of_its_own(model: Any, tokenizer: Any) -> None:
    """Also if its prompt is what the last one returned, or the beginning of that, or one token more."""
    processor = structgen.LogitsProcessor(POET, tokenizer)
    inputs = encode(tokenizer, "Who was he?")
    rows = run(model, inputs, processor, max_new_tokens=6)
    for prompt in (rows, rows[:, :-1], rows[:, :-2], torch.cat((rows, rows[:, -1:]), dim=1)):
        inputs = {"input_ids": prompt, "attention_mask": torch.ones_like(prompt)}
        fresh = structgen.LogitsProcessor(POET, tokenizer)
        assert run(model, inputs, processor).tolist() == run(model, inputs, fresh).tolist()


def test_prompt_length_settles_what_is_prompt(model: Any, tokenizer: Any) -> None:
    """The same tokens as a prompt of their own."""
    first = encode(tokenizer, "Who was he?")
    rows = run(model, first, structgen.LogitsProcessor(POET, tokenizer), max_new_tokens=5)
    inputs = {"input_ids": rows, "attention_mask": torch.ones_like(rows)}
    processor = structgen.LogitsProcessor(
        POET, tokenizer, max_new_tokens=NEW_TOKENS, prompt_length=rows.shape[1]
    )
    check(tokenizer, inputs, run(model, inputs, processor), [POET])
    too_long = structgen.LogitsProcessor(POET, tokenizer, prompt_length=rows.shape[1] + 1)
    with pytest.raises(ValueError, match="prompt_length = "):
        run(model, inputs, too_long)


def test_a_prompt_may_be_an_earlier_one_and_one_token_more(model: Any, tokenizer: Any) -> None:
    """The last token of the second prompt would be a valid first token of the first one's answer."""
    constraint = structgen.regex("[:x][a-z]{3}")
    processor = structgen.LogitsProcessor(constraint, tokenizer, max_new_tokens=12)
    for prompt in ("Name", "Name:", "Name::", "Name", "Name:"):
        inputs = encode(tokenizer, prompt)
        rows = run(model, inputs, processor, max_new_tokens=12, do_sample=True)
        (text,) = tokenizer.batch_decode(rows[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        assert constraint.is_valid(text), (prompt, text)


def test_many_threads_with_one_processor(model: Any, tokenizer: Any) -> None:
    """Equal prompts, and prompts that begin with each other, in more threads than anything could remember."""
    processor = structgen.LogitsProcessor(POET, tokenizer, max_new_tokens=NEW_TOKENS)
    rows: dict[int, torch.Tensor] = {}
    prompts = [encode(tokenizer, f"prompt {number % 12 or ''}") for number in range(14)]

    def generate(number: int) -> None:
        for _ in range(2):
            rows[number] = run(model, prompts[number], processor, do_sample=True)

    threads = [threading.Thread(target=generate, args=(number,)) for number in range(len(prompts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, inputs in enumerate(prompts):
        check(tokenizer, inputs, rows[number], [POET])


@pytest.mark.parametrize("number", range(6))
def test_a_row_that_stop_strings_end_is_over(model: Any, tokenizer: Any, number: int) -> None:
    """The others go on; the stopped row is the beginning of a text."""
    torch.manual_seed(number)
    inputs = encode(tokenizer, "Where was he born?", "Hi", "And you?")
    processor = structgen.LogitsProcessor(POET, tokenizer, max_new_tokens=NEW_TOKENS)
    rows = run(model, inputs, processor, stop_strings=['"n', "17"], tokenizer=tokenizer, do_sample=True)
    for text in tokenizer.batch_decode(rows[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True):
        assert POET.is_valid(text) or POET.explain(text).expected
        assert '"n' in text


class Ending(transformers.StoppingCriteria):  # type: ignore[misc]
    """Ends a row after so many tokens of it."""

    def __init__(self, row: int, length: int) -> None:
        self.row, self.length = row, length

    def __call__(self, input_ids: Any, scores: Any, **options: Any) -> Any:
        rows = torch.arange(len(input_ids))
        return (rows == self.row) & (input_ids.shape[1] >= self.length)


@pytest.mark.parametrize("pad", ["<|pad|>", "x"])
def test_a_row_that_a_stopping_criterion_ends_is_over(model: Any, tokenizer: Any, pad: str) -> None:
    """Whatever it is padded with."""
    inputs = encode(tokenizer, "Where was he born?", "Hi")
    length = inputs["input_ids"].shape[1]
    processor = structgen.LogitsProcessor([SENTENCE, POET], tokenizer, max_new_tokens=NEW_TOKENS)
    (token,) = tokenizer.convert_tokens_to_ids([pad])
    criteria = transformers.StoppingCriteriaList([Ending(0, length + 3)])
    rows = run(model, inputs, processor, stopping_criteria=criteria, pad_token_id=token)
    assert set(rows[0, length + 3 :].tolist()) == {token}
    assert SENTENCE.explain(tokenizer.decode(rows[0, length : length + 3]))
    text = tokenizer.decode(rows[1, length:], skip_special_tokens=True)
    assert is_poet(text.split("x" * 9)[0] if pad == "x" else text)


def test_an_assistant_with_other_tokens(model: Any, tokenizer: Any) -> None:
    """Its drafts are not masked, as its tokens mean something else; what the model makes of them is."""
    other = tiny_tokenizer(vocab_size=300)
    assistant = tiny_model(other, seed=9, hidden_size=32, layers=1)
    inputs = encode(tokenizer, "Where was he born?")
    processor = structgen.LogitsProcessor(POET, tokenizer, max_new_tokens=NEW_TOKENS)
    options = {"assistant_model": assistant, "tokenizer": tokenizer, "assistant_tokenizer": other}
    check(tokenizer, inputs, run(model, inputs, processor, **options), [POET])


def test_two_streams_of_one_prompt_at_a_time(model: Any, tokenizer: Any) -> None:
    """Two threads take turns after every token, with one processor between them."""
    processor = structgen.LogitsProcessor(POET, tokenizer, max_new_tokens=NEW_TOKENS)
    inputs = encode(tokenizer, "Who was he?")
    barrier = threading.Barrier(2)
    rows: dict[int, torch.Tensor] = {}

    class TakingTurns(transformers.LogitsProcessor):  # type: ignore[misc]
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            with contextlib.suppress(threading.BrokenBarrierError):  # the other one has finished
                barrier.wait(timeout=20)
            return scores

    def generate(number: int) -> None:
        rows[number] = model.generate(
            **inputs,
            max_new_tokens=NEW_TOKENS,
            do_sample=True,
            temperature=2.0,
            logits_processor=[TakingTurns(), processor],
        )
        barrier.abort()

    threads = [threading.Thread(target=generate, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(2):
        check(tokenizer, inputs, rows[number], [POET])


# ---- budgets, logits, errors ------------------------------------------------------------------------------------


@EACH
@pytest.mark.parametrize("options", MODES)
def test_a_text_is_complete_at_the_token_limit(
    model: Any, tokenizer: Any, constraint: structgen.Constraint, options: dict[str, Any]
) -> None:
    grammar = structgen.compile(
        constraint, structgen.Vocabulary.from_tokenizer(tokenizer, size=model.config.vocab_size)
    )
    least = grammar.completion_tokens(grammar.initial)
    inputs = encode(tokenizer, "Who was he?")
    for budget in (least, least + 1, least + 7):
        processor = structgen.LogitsProcessor(constraint, tokenizer, max_new_tokens=budget)
        check(
            tokenizer, inputs, run(model, inputs, processor, max_new_tokens=budget, **options), [constraint]
        )


def test_too_small_a_budget_is_an_error_at_once(model: Any, tokenizer: Any) -> None:
    inputs = encode(tokenizer, "Who was he?")
    with pytest.raises(BudgetTooSmall) as raised:
        run(model, inputs, structgen.LogitsProcessor(POET, tokenizer, max_new_tokens=4), max_new_tokens=4)
    assert raised.value.budget == 4
    assert raised.value.needed > 4


def test_unprocessed_logits_are_left_alone(model: Any, tokenizer: Any) -> None:
    inputs = encode(tokenizer, "Who was he?")
    processor = structgen.LogitsProcessor(PLACE, tokenizer)
    options = {"output_logits": True, "output_scores": True, "return_dict_in_generate": True}
    output = model.generate(**inputs, logits_processor=[processor], max_new_tokens=20, **options)
    assert all(step.isfinite().all() for step in output.logits)
    assert all(step.isneginf().any() for step in output.scores)


def test_ids_beyond_the_tokenizer_never_come(model: Any, tokenizer: Any) -> None:
    inputs = encode(tokenizer, "Who was he?")
    processor = structgen.LogitsProcessor(structgen.regex(".{0,40}"), tokenizer, max_new_tokens=NEW_TOKENS)
    rows = run(model, inputs, processor, do_sample=True, num_return_sequences=16)
    assert model.config.vocab_size > len(tokenizer)
    assert rows.max() < len(tokenizer)


def test_a_compiled_grammar_serves_as_a_constraint(model: Any, tokenizer: Any) -> None:
    """Also one whose vocabulary is as narrow as the tokenizer, while the head is wider."""
    grammar = structgen.compile(POET, tokenizer)
    assert grammar.vocabulary.size < model.config.vocab_size
    inputs = encode(tokenizer, "Who was he?")
    check(tokenizer, inputs, run(model, inputs, structgen.LogitsProcessor(grammar, tokenizer)), [POET])


class Forcing(transformers.LogitsProcessor):  # type: ignore[misc]
    """Forces one token, whatever else is allowed."""

    def __init__(self, token: int, rows: list[int]) -> None:
        self.token = token
        self.rows = rows

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        scores = scores.clone()
        scores[self.rows] = -torch.inf
        scores[self.rows, self.token] = 0.0
        return scores


def test_a_forced_token_that_does_not_fit_is_an_error(model: Any, tokenizer: Any) -> None:
    inputs = encode(tokenizer, "Who was he?", "And you?", "Hi")
    (token,) = tokenizer.convert_tokens_to_ids(["x"])
    processors = [structgen.LogitsProcessor(PLACE, tokenizer), Forcing(token, [1])]
    with pytest.raises(TokenRejected, match=r"row 1: token \d+ \('x'\) may not come next") as raised:
        model.generate(**inputs, logits_processor=processors, max_new_tokens=9)
    assert raised.value.row == 1
    assert raised.value.token_id == token


def test_other_processors_that_forbid_everything_are_an_error(model: Any, tokenizer: Any) -> None:
    inputs = encode(tokenizer, "Who was he?", "Hi")
    processor = structgen.LogitsProcessor([None, structgen.choice(["no"])], tokenizer)
    with pytest.raises(DeadEnd, match="row 1: other processors"):
        run(model, inputs, processor, min_new_tokens=30)


def test_an_end_token_that_others_forbid_does_not_stop_a_finished_row(model: Any, tokenizer: Any) -> None:
    """no_repeat_ngram_size forbids the padding of finished rows, and would leave them without any token."""
    inputs = encode(tokenizer, "1 + 1?", "1")
    constraints = [structgen.choice(["no"]), structgen.regex("[a-z]{6,9}")]
    processor = structgen.LogitsProcessor(constraints, tokenizer)
    rows = run(
        model, inputs, processor, do_sample=True, no_repeat_ngram_size=1, pad_token_id=tokenizer.eos_token_id
    )
    texts = tokenizer.batch_decode(rows[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    assert [constraint.is_valid(text) for constraint, text in zip(constraints, texts, strict=True)] == [
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("constraints", "reason"),
    [
        pytest.param([], "an empty list of constraints", id="none at all"),
        pytest.param([PLACE, None], "2 constraints for 3 rows", id="two for three"),
    ],
)
def test_the_number_of_constraints_fits_the_rows(
    model: Any, tokenizer: Any, constraints: list[Any], reason: str
) -> None:
    inputs = encode(tokenizer, "Who was he?", "Hi", "é")
    with pytest.raises(ValueError, match=reason):
        run(model, inputs, structgen.LogitsProcessor(constraints, tokenizer))


def test_end_tokens_are_those_of_tokenizer_and_caller(model: Any, tokenizer: Any) -> None:
    (other,) = tokenizer.convert_tokens_to_ids(["<|user|>"])
    processor = structgen.LogitsProcessor(structgen.choice([""]), tokenizer, eos_token_ids=other)
    prompt = encode(tokenizer, "Who?")["input_ids"]
    with processor.generation():
        masked = processor(prompt, torch.zeros(1, len(tokenizer)))
    assert masked[0].isfinite().nonzero().flatten().tolist() == sorted([other, tokenizer.eos_token_id])


def test_times_are_kept(model: Any, tokenizer: Any) -> None:
    processor = structgen.LogitsProcessor(PLACE, tokenizer)
    assert processor.mask_seconds == processor.compile_seconds == 0.0
    inputs = encode(tokenizer, "Who?")
    run(model, inputs, processor)
    assert processor.mask_seconds > 0
    assert processor.compile_seconds > 0


@pytest.mark.parametrize(
    ("ids", "scores", "named"),
    [
        ((2, 3), (3, 437), "scores"),
        ((3,), (1, 437), "input_ids"),
        ((1, 3), (437,), "scores"),
        ((1, 3), (1, 1, 437), "scores"),
    ],
)
def test_shapes_that_do_not_fit(
    tokenizer: Any, ids: tuple[int, ...], scores: tuple[int, ...], named: str
) -> None:
    processor = structgen.LogitsProcessor(structgen.choice(["a"]), tokenizer)
    with pytest.raises(structgen.InvalidOptionError, match=rf"^{named}=.* must have the shape"):
        processor(torch.zeros(ids, dtype=torch.long), torch.zeros(scores))
