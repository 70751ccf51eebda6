"""Which text a call belongs to: any number of generations at once, with prompts that begin with each other.

generate() is simulated by functions that look like it on the call stack, so that many can be interleaved step by
step. `test_processor.py` has the same with real models and threads.
"""

from __future__ import annotations

import gc
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import LogitsProcessorList

from structgen import LogitsProcessor, Vocabulary, compile, regex
from structgen.errors import DeadEnd, StructgenError, TokenRejected, UnknownPromptError

TOKENS = "abcdefgh"
END = len(TOKENS)
WIDTH = END + 1
VOCABULARY = Vocabulary([*(char.encode() for char in TOKENS), None], eos_token_ids=[END])
GRAMMAR = compile(regex("a(ba){2,9}"), VOCABULARY)


def ids(*texts: str) -> torch.Tensor:
    return torch.tensor([[TOKENS.index(char) for char in text] for text in texts], dtype=torch.long)


def text_of(row: torch.Tensor) -> str:
    return "".join("." if token == END else TOKENS[token] for token in row.tolist())


def processor(**options: Any) -> LogitsProcessor:
    return LogitsProcessor(GRAMMAR, None, **options)


# Functions as they are in transformers.generation.utils, as far as a processor can see them.
UTILS: dict[str, Any] = {
    "__name__": "transformers.generation.utils",
    "torch": torch,
    "PAD": TOKENS.index("h"),
}
exec(
    '''
def _sample(input_ids, logits_processor, choose, stop):
    """A generate() that makes one step each time it is resumed. `stop` says which rows a criterion ends."""
    unfinished_sequences = torch.ones(len(input_ids), dtype=torch.long)
    step = 0
    while unfinished_sequences.any():
        scores = logits_processor(input_ids, torch.zeros(len(input_ids), WIDTH))
        next_tokens = choose(scores) * unfinished_sequences + PAD * (1 - unfinished_sequences)
        input_ids = torch.cat([input_ids, next_tokens[:, None]], dim=-1)
        step += 1
        unfinished_sequences = unfinished_sequences & (next_tokens != END) & ~stop(step)
        yield input_ids

def _beam_search(input_ids, logits_processor, choose, order, generation_config):
    """`order` says which row each row of the next step continues, within its group."""
    step = 0
    while True:
        scores = logits_processor(input_ids, torch.zeros(len(input_ids), WIDTH))
        parents = order(step)
        input_ids = torch.cat([input_ids[parents], choose(scores[parents])[:, None]], dim=-1)
        step += 1
        yield input_ids
''',
    UTILS,
)
UTILS.update(END=END, WIDTH=WIDTH)


def sampled(
    shared: Any, prompts: torch.Tensor, choices: Any, stops: dict[int, int]
) -> Iterator[torch.Tensor]:
    """A simulated generate(); row r is ended after stops[r] steps."""

    def choose(scores: torch.Tensor) -> torch.Tensor:
        return torch.tensor([choices.choice(row.isfinite().nonzero().flatten().tolist()) for row in scores])

    def stop(step: int) -> torch.Tensor:
        return torch.tensor([0 <= stops.get(row, -1) <= step for row in range(len(prompts))])

    loop: Iterator[torch.Tensor] = UTILS["_sample"](prompts, LogitsProcessorList([shared]), choose, stop)
    return loop


def beams(shared: Any, prompts: torch.Tensor, choices: Any, number: int) -> Iterator[torch.Tensor]:
    """A simulated beam search that picks hypotheses at random, and ends rows by their end token."""
    rows = prompts.repeat_interleave(number, dim=0)

    def choose(scores: torch.Tensor) -> torch.Tensor:
        return torch.tensor([choices.choice(row.isfinite().nonzero().flatten().tolist()) for row in scores])

    def order(step: int) -> list[int]:
        return [row - row % number + choices.randrange(number) for row in range(len(rows))]

    config = SimpleNamespace(num_beams=number)
    loop: Iterator[torch.Tensor] = UTILS["_beam_search"](
        rows, LogitsProcessorList([shared]), choose, order, config
    )
    return loop


def assert_valid(answer: torch.Tensor, tokens: int | None = None) -> None:
    """See that tokens are the beginning of a text, up to its end or up to `tokens` of them."""
    configuration = GRAMMAR.initial
    for token in answer[:tokens].tolist():
        if GRAMMAR.is_finished(configuration):
            break
        configuration = GRAMMAR.advance(configuration, token)


@given(st.data(), st.randoms(use_true_random=False))
def test_any_number_of_generations_at_once(data: st.DataObject, choices: Any) -> None:
    """One processor; batches and beam searches whose prompts begin with each other; rows that are stopped."""
    shared = processor()
    running = []
    prompts = st.text("ab", max_size=3)
    for _ in range(data.draw(st.integers(1, 12), label="generations")):
        first = data.draw(prompts, label="prompt")
        others = data.draw(st.lists(st.text("ab", min_size=len(first), max_size=len(first)), max_size=2))
        batch = ids(first, *others)
        if data.draw(st.booleans(), label="beams"):
            number = data.draw(st.integers(2, 3), label="number")
            loop, stops = beams(shared, batch, choices, number), dict[int, int]()
        else:
            stops = data.draw(st.dictionaries(st.integers(0, 2), st.integers(1, 5)), label="stops")
            loop = sampled(shared, batch, choices, stops)
        running.append((loop, batch.shape[1], stops))
    steps = data.draw(st.lists(st.integers(0, len(running) - 1), max_size=80), label="steps")
    for step in steps:
        loop, length, stops = running[step]
        rows = next(loop, None)
        for row, tokens in enumerate(() if rows is None else rows):
            assert_valid(tokens[length:], stops.get(row))


def test_a_prompt_may_be_an_earlier_one_and_one_token_more() -> None:
    shared = processor()
    for prompt in ("g", "ga", "gab", "gaba", "ga", "g", "", "a", "ab"):
        *_, rows = sampled(shared, ids(prompt), random.Random(3), {})
        answer = rows[0, len(prompt) :]
        assert text_of(answer).endswith(".")
        assert_valid(answer)


def test_a_row_that_is_stopped_is_over() -> None:
    """Its padding is `h`, which the grammar does not allow anywhere."""
    loop = sampled(processor(), ids("g", "g", "g"), random.Random(1), {1: 2, 2: 3})
    *_, rows = loop
    assert text_of(rows[1, 1:]).startswith("abh")
    assert text_of(rows[2, 1:]).startswith("abah")
    assert_valid(rows[0, 1:])
    assert "h" not in text_of(rows[0, 1:]).split(".")[0]


class Forcing:
    """A processor after ours that forces a token in some rows."""

    def __init__(self, token: str, rows: list[int], after: int = 0) -> None:
        self.token, self.rows, self.after = TOKENS.index(token), rows, after
        self.calls = 0

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        self.calls += 1
        if self.calls > self.after:
            scores[self.rows] = -torch.inf
            scores[self.rows, self.token] = 0.0
        return scores


def forced(shared: Any, prompts: torch.Tensor, other: Forcing, name: str, **options: Any) -> Iterator[Any]:
    loop: Iterator[Any] = UTILS[name](
        prompts, LogitsProcessorList([shared, other]), lambda scores: scores.argmax(-1), **options
    )
    return loop


def test_a_forced_token_is_an_error_in_a_batch_of_equal_prompts() -> None:
    """Rows of one prompt are no hypotheses: another row that is fine is no excuse."""
    loop = forced(
        processor(), ids("g", "g"), Forcing("h", [1]), "_sample", stop=lambda _: torch.tensor([False, False])
    )
    next(loop)
    with pytest.raises(TokenRejected, match=r"row 1: token 7 \('h'\) may not come next"):
        next(loop)


def test_an_impossible_hypothesis_is_no_error_while_its_prompt_has_another_one() -> None:
    config = SimpleNamespace(num_beams=2)
    options = {"order": lambda _: [0, 1, 2, 3], "generation_config": config}
    loop = forced(processor(), ids("g", "g", "g", "g"), Forcing("h", [1, 2]), "_beam_search", **options)
    for _ in range(4):
        next(loop)
    loop = forced(processor(), ids("g", "g", "g", "g"), Forcing("h", [2, 3]), "_beam_search", **options)
    next(loop)
    with pytest.raises(TokenRejected, match="row 2: "):
        next(loop)


def test_a_list_in_a_list_is_no_generation_of_its_own() -> None:
    """It may be kept by the caller, and serve any number of generate()s."""

    class Wrapper:
        kept = LogitsProcessorList([processor()])

        def __call__(self, input_ids: Any, scores: Any) -> Any:
            return self.kept(input_ids, scores)

    kept = Wrapper()
    for prompt in ("g", "ga", "gab"):
        *_, rows = sampled(kept, ids(prompt), random.Random(2), {})
        assert_valid(rows[0, len(prompt) :])


def test_two_processors_in_one_list_each_know_their_text() -> None:
    other = LogitsProcessor(compile(regex("(ab)*a"), VOCABULARY), None)
    for prompt in ("g", "ga"):
        loop = UTILS["_sample"](
            ids(prompt),
            LogitsProcessorList([processor(), other]),
            lambda scores: torch.tensor([random.choice(scores[0].isfinite().nonzero().flatten().tolist())]),
            lambda _: torch.tensor([False]),
        )
        *_, rows = loop
        assert_valid(rows[0, len(prompt) :])


def test_what_is_known_of_a_generation_goes_with_it() -> None:
    shared = processor()
    for number in range(30):
        for _ in sampled(shared, ids("g" * (number % 4)), random.Random(number), {}):
            pass
    gc.collect()
    assert len(shared._loops._running) == 0


# ---- decoding loops of somebody else's --------------------------------------------------------------------------


def step(shared: Any, *texts: str) -> str:
    """One call that no generate() makes; the tokens that it allows in the first row."""
    scores = shared(ids(*texts), torch.zeros(len(texts), WIDTH))
    return "".join("." if i == END else TOKENS[i] for i in scores[0].isfinite().nonzero().flatten().tolist())


def test_a_loop_of_ones_own_grows_by_one_token_a_call() -> None:
    shared = processor()
    assert step(shared, "ga") == "a"
    assert step(shared, "gaa") == "b"
    assert step(shared, "gaa") == "b"
    assert step(shared, "gaab", "gaab") == "a"
    assert LogitsProcessorList([shared])(ids("gaaba"), torch.zeros(1, WIDTH)).isfinite().any()
    assert in_threads(lambda: step(shared, "gaa")) == "a"  # another thread, another text
    for text in ("g", "gaab", "gaababa", "bbbbbb"):
        with pytest.raises(UnknownPromptError, match=r"prompt_length=.*with processor\.generation\(\)"):
            step(shared, text)


def in_threads(call: Callable[[], str]) -> str:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


def test_a_loop_of_ones_own_says_where_the_prompt_ends() -> None:
    shared = processor(prompt_length=2)
    assert step(shared, "ga") == "a"
    assert step(shared, "gaa") == "b"
    assert step(shared, "bb") == "a"
    assert step(shared, "gaababa") == "b."
    with pytest.raises(ValueError, match="prompt_length = 2"):
        step(shared, "g")


def test_a_generation_is_one_text() -> None:
    shared = processor()
    with shared.generation():
        assert step(shared, "ga") == "a"
        assert step(shared, "gaa") == "b"
        assert step(shared, "gaa", "gaa") == "b"
        with pytest.raises(UnknownPromptError, match="row 1 does not begin with the prompt"):
            step(shared, "gaab", "gbab")
        with shared.generation():
            assert step(shared, "gaa") == "a"
            assert step(shared, "gaaa") == "b"
        assert step(shared, "gaab") == "a"
    with shared.generation():
        assert step(shared, "gaab") == "a"
    with shared.generation(prompt_length=1):
        assert step(shared, "gab") == "a"
        assert step(shared, "bab") == "a"
    assert step(shared, "gaab") == "a"  # no block: a loop that grows
    with pytest.raises(UnknownPromptError):
        step(shared, "gaab" + "aa")


def test_a_generation_of_another_processor_says_nothing() -> None:
    shared = processor()
    assert step(shared, "ga") == "a"
    with processor().generation(), pytest.raises(UnknownPromptError):
        step(shared, "g")


def test_a_token_that_does_not_fit_is_an_error_in_any_loop() -> None:
    shared = processor(prompt_length=1)
    draft = ids("gabba")
    for length in (1, 2, 3):
        shared(draft[:, :length], torch.zeros(1, WIDTH))
    with pytest.raises(TokenRejected, match="row 0: token 1"):
        shared(draft[:, :4], torch.zeros(1, WIDTH))


def test_generations_in_threads_do_not_meet() -> None:
    shared = processor()
    failures: list[BaseException] = []
    barrier = threading.Barrier(12)

    def loop(prompt: str) -> None:
        try:
            with shared.generation():
                text = prompt
                for token in "ababa":
                    barrier.wait(20)
                    assert token in step(shared, text)
                    text += token
        except BaseException as error:  # the main thread raises it
            failures.append(error)
            barrier.abort()

    threads = [threading.Thread(target=loop, args=("g" + "ab" * (n % 3),)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_a_head_narrower_than_the_tokenizer_is_named() -> None:
    narrow = LogitsProcessor(compile(regex("f"), VOCABULARY), None, prompt_length=1)
    with pytest.raises(DeadEnd, match="allows only tokens from 3 on, and the model has 3 logits") as raised:
        narrow(ids("a"), torch.zeros(1, 3))
    assert isinstance(raised.value, StructgenError)
    scores = torch.zeros(1, WIDTH)
    scores[0, TOKENS.index("f")] = -torch.inf
    with pytest.raises(DeadEnd, match="other processors"):
        narrow(ids("a"), scores)
