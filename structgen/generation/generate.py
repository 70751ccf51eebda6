"""generate(): one prompt, one constraint, one answer.

    generation = structgen.generate(model, tokenizer, "Robert Burns, as JSON:", person)
    generation.value        {'name': 'Robert Burns', 'born': 1759}
    generation.timings      what of it the constraint cost

A thin layer over `model.generate()` of transformers: it writes the prompt, adds one `LogitsProcessor`, and reads
the text back from the tokens as the grammar saw them, byte for byte. Batches, several answers per prompt and
decoding loops of one's own are what `LogitsProcessor` and `Matcher` are for.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeAlias

import torch
import transformers

from structgen.constraint import Constraint, compile
from structgen.errors import BudgetTooSmall, InvalidOptionError
from structgen.generation.models import load_model
from structgen.generation.processor import LogitsProcessor
from structgen.matcher import CompiledGrammar
from structgen.options import Number, Whole, check_option
from structgen.vocabulary import Vocabulary

FinishReason = Literal["stop", "length", "interrupted"]
Prompt: TypeAlias = "str | Sequence[Mapping[str, Any]]"


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of one generation went.

    Attributes:
        compile_seconds: making masks possible: reading the vocabulary, compiling the constraint. Next to nothing
            when both are known already.
        mask_seconds: computing and applying masks, in all steps together.
        model_seconds: the rest: the model itself, and transformers around it.
        tokens_per_second: tokens generated, by mask and model time.
    """

    compile_seconds: float
    mask_seconds: float
    model_seconds: float
    tokens_per_second: float

    def __str__(self) -> str:
        return (
            f"{self.tokens_per_second:.1f} tokens/s; model {self.model_seconds:.2f} s, "
            f"masks {self.mask_seconds * 1e3:.1f} ms, compiling {self.compile_seconds * 1e3:.1f} ms"
        )


@dataclass(frozen=True)
class Generation:
    """An answer.

    Attributes:
        text: what was generated.
        tokens: its tokens, the end token included if there is one.
        finish_reason: "stop": the model ended the text; "length": `max_new_tokens` were used up, which happens
            only without a constraint; "interrupted": another stopping criterion ended it (`stop_strings`,
            `max_time`), and it may be incomplete.
        timings: where the time went.
        constraint: what the text was generated under; None if it was free.
    """

    text: str
    tokens: tuple[int, ...]
    finish_reason: FinishReason
    timings: Timings
    constraint: Constraint | None = field(default=None, repr=False)

    @cached_property
    def value(self) -> Any:
        """What the text means: the parsed JSON, an instance of a type, the text itself.

        Raises:
            InvalidText: The text is not what the constraint says. That can happen in two cases only: it was
                interrupted, or the constraint has something in `unenforced`.
        """
        return self.text if self.constraint is None else self.constraint.validate(self.text)


def generate(
    model: Any,
    tokenizer: Any,
    prompt: Prompt,
    constraint: Constraint | None,
    *,
    max_new_tokens: int = 256,
    temperature: float = 0.0,
    seed: int | None = None,
    chat: bool | None = None,
    **options: Any,
) -> Generation:
    """Let a model of transformers answer a prompt, under a constraint.

    Args:
        model: a model with `generate()`, or a name for `load_model`.
        tokenizer: of the model; None if the model is a name.
        prompt: a text, or chat messages: `[{"role": "user", "content": "..."}]`.
        constraint: what the answer must be; None for a free one.
        max_new_tokens: tokens of the answer, the end token included. A constrained answer is complete all the
            same: as they run out, only tokens are allowed after which it can be finished in time.
        temperature: 0: the likeliest token at each step; else sampling, and the whole distribution counts
            unless `top_p`, `top_k` and so on say otherwise.
        seed: makes sampling repeatable; the random state of torch is left alone.
        chat: whether a text is written into the tokenizer's chat template as a message of the user. None: if
            there is a template.
        options: for `model.generate()`: `streamer`, `top_p`, `num_beams`, `assistant_model`, `stop_strings` ...

    Raises:
        BudgetTooSmall: No valid text fits into `max_new_tokens`. Raised before anything is generated.
        InvalidOptionError: An option has a value that it may not have, or the prompt has no tokens.
    """
    _check_options(max_new_tokens, temperature, seed, chat)
    if options.get("num_return_sequences", 1) != 1:
        reason = "generate() gives one answer; for several, pass a LogitsProcessor to model.generate()"
        raise InvalidOptionError("num_return_sequences", options["num_return_sequences"], reason)
    if isinstance(model, str):
        model, tokenizer = load_model(model)
    inputs = _encoded(tokenizer, prompt, chat).to(model.device)
    length = inputs["input_ids"].shape[1]
    started = time.perf_counter()
    vocabulary = Vocabulary.from_tokenizer(
        tokenizer,
        size=model.config.get_text_config().vocab_size,
        eos_token_ids=_end_tokens(model, options.pop("eos_token_id", None)),
    )
    processors = list(options.pop("logits_processor", ()))
    processor = None
    if constraint is not None:
        grammar = compile(constraint, vocabulary)
        _check_budget(grammar, max_new_tokens)
        processor = LogitsProcessor(grammar, tokenizer, max_new_tokens=max_new_tokens, prompt_length=length)
        processors.append(processor)
    compiled = time.perf_counter()
    settings = {
        "max_new_tokens": max_new_tokens,
        "logits_processor": processors,
        "tokenizer": tokenizer,  # stop_strings and assistants with other tokens need it
        **_ends(vocabulary, tokenizer),
        **_decoding(temperature),
        **options,
    }
    with _seeded(seed, model.device), torch.no_grad():
        rows = model.generate(**inputs, **settings)
    seconds = time.perf_counter() - compiled
    rows = rows if isinstance(rows, torch.Tensor) else rows.sequences
    tokens = _until_end(rows[0, length:].tolist(), vocabulary)
    mask_seconds = 0.0 if processor is None else processor.mask_seconds
    return Generation(
        text=b"".join(vocabulary[token] for token in tokens).decode("utf-8", errors="replace"),
        tokens=tokens,
        finish_reason=_finish_reason(tokens, vocabulary, max_new_tokens),
        timings=Timings(compiled - started, mask_seconds, seconds - mask_seconds, len(tokens) / seconds),
        constraint=constraint,
    )


def _check_options(max_new_tokens: int, temperature: float, seed: int | None, chat: bool | None) -> None:
    check_option("max_new_tokens", max_new_tokens, (Whole(1),))
    check_option("temperature", temperature, (Number(0, sys.float_info.max),))
    check_option("seed", seed, (Whole(0), None))
    check_option("chat", chat, (True, False, None))


def _encoded(tokenizer: Any, prompt: Prompt, chat: bool | None) -> transformers.BatchEncoding:
    """The prompt as one row of `input_ids` and its `attention_mask`."""
    if chat is None:
        chat = not isinstance(prompt, str) or bool(getattr(tokenizer, "chat_template", None))
    if isinstance(prompt, str) and not chat:
        found = tokenizer(prompt, return_tensors="pt")
    else:
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
        found = tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
    # Some tokenizers add token_type_ids, which few models know.
    found.data = {name: found.data[name] for name in ("input_ids", "attention_mask")}
    if found.data["input_ids"].shape[1] == 0:
        raise InvalidOptionError("prompt", prompt, "has no tokens, and a model needs one to go on from")
    return found  # type: ignore[no-any-return]


def _check_budget(grammar: CompiledGrammar, max_new_tokens: int) -> None:
    needed = grammar.completion_tokens(grammar.initial)
    if needed > max_new_tokens:
        raise BudgetTooSmall(max_new_tokens, needed)


def _ends(vocabulary: Vocabulary, tokenizer: Any) -> dict[str, Any]:
    """Settings that say which tokens end a text, and which one follows its end."""
    ends = sorted(vocabulary.eos_token_ids)
    pad = (ends or [0])[0] if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    return {"eos_token_id": ends or None, "pad_token_id": pad}


def _decoding(temperature: float) -> dict[str, Any]:
    """Settings that say all that matters, so that none comes from the model's generation config unseen."""
    if temperature == 0:
        return {"do_sample": False, "temperature": None, "top_k": None, "top_p": None, "min_p": None}
    return {"do_sample": True, "temperature": temperature, "top_k": 0, "top_p": 1.0, "min_p": None}


@contextmanager
def _seeded(seed: int | None, device: torch.device) -> Iterator[None]:
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def _end_tokens(model: Any, more: int | Iterable[int] | None) -> list[int]:
    """The end tokens of the generation config, and more."""
    found: list[int] = []
    for ids in (model.generation_config.eos_token_id, more):
        if ids is not None:
            found.extend([ids] if isinstance(ids, int) else ids)
    return found


def _until_end(tokens: list[int], vocabulary: Vocabulary) -> tuple[int, ...]:
    """The tokens up to the first end token, which is kept; what follows is padding."""
    end = next((i for i, token in enumerate(tokens) if token in vocabulary.eos_token_ids), len(tokens))
    return tuple(tokens[: end + 1])


def _finish_reason(tokens: tuple[int, ...], vocabulary: Vocabulary, max_new_tokens: int) -> FinishReason:
    if tokens and tokens[-1] in vocabulary.eos_token_ids:
        return "stop"
    return "length" if len(tokens) >= max_new_tokens else "interrupted"
