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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

import torch

from structgen.calling.build import ReplyConstraint
from structgen.calling.format import Format
from structgen.calling.reply import Reply
from structgen.constraint import Constraint, compile
from structgen.errors import InvalidOptionError, StructgenError
from structgen.frontends.conversion import as_constraint
from structgen.generation.drafts import DraftedDecoding, Drafts, can_draft
from structgen.generation.finite import DecideFiniteParts
from structgen.generation.models import load_model
from structgen.generation.processor import LogitsProcessor
from structgen.generation.replies import asked, bound, reply_of, shown_text, turn_ends, value_of
from structgen.generation.settings import (
    Prompt,
    check_budget,
    decoding_settings,
    encode_prompt,
    end_settings,
    end_tokens,
    seeded,
    until_end,
)
from structgen.generation.steps import Recording
from structgen.generation.trace import page
from structgen.matcher import CompiledGrammar
from structgen.options import Number, Whole, check_option
from structgen.sampling.confidence import Confidence, confidences, warnings_of
from structgen.sampling.decoding import Masks
from structgen.sampling.steps import Decision, Step
from structgen.vocabulary import Vocabulary

FinishReason = Literal["stop", "length", "interrupted"]
Finite = Literal["auto", "exact", "mask"]

LARGEST_PARTS = {"auto": 64, "exact": 4096}
"""How many texts a finite part may have that is decided as a whole."""

_MORE_ROWS = ("num_beams", "assistant_model", "prompt_lookup_num_tokens", "custom_generate", "guidance_scale")


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of one generation went.

    Attributes:
        compile_seconds: making masks possible: reading the vocabulary, compiling the constraint. Next to nothing
            when both are known already.
        mask_seconds: computing and applying masks, in all steps together.
        model_seconds: the rest: the model itself, and transformers around it.
        tokens_per_second: tokens generated, by mask and model time.
        passes: how often the model was called to write the text; None where drafts were off, or not possible. Finite
            parts take passes of their own.
    """

    compile_seconds: float
    mask_seconds: float
    model_seconds: float
    tokens_per_second: float
    passes: int | None = None

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
        decisions: the finite parts that were decided as wholes, in their order.
        marked_text: the text with the special tokens in it, without the end token.
        is_cut: the limit of tokens was reached, so that it, and not the model, may have ended the text.
        steps: what the model wanted at each token, and what the mask left of it; empty where the answer was free, not
            written as one row (beams, assisted decoding), or `record=False`.
    """

    text: str
    tokens: tuple[int, ...]
    finish_reason: FinishReason
    timings: Timings
    constraint: Constraint | None = field(default=None, repr=False)
    decisions: tuple[Decision, ...] = field(default=(), repr=False)
    marked_text: str = field(default="", repr=False)
    is_cut: bool = False
    steps: tuple[Step, ...] = field(default=(), repr=False)

    @cached_property
    def confidence(self) -> dict[str, Confidence]:
        """How sure the model was of each part of the value, by JSON Pointer; "" is the whole.

        Parts are known of values from a JSON Schema. Empty where there are no `steps`.
        """
        return confidences(self.text, self.constraint, self.steps, self.decisions) if self.steps else {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where the mask removed nearly all that the model wanted, in words."""
        return warnings_of(self.steps)

    def trace(self) -> str:
        """A page that shows the answer token by token, as HTML: what was allowed, what the model wanted, the fields.

        Raises:
            StructgenError: There are no `steps`.
        """
        if not self.steps:
            raise StructgenError(
                "nothing was recorded to trace: generate() records answers that have a constraint and are written as "
                "one row, unless record=False"
            )
        return page(self.steps, self.confidence)

    @cached_property
    def reply(self) -> Reply | None:
        """The parts of the answer: reasoning, text, calls; None where neither tools nor reasoning were asked of it.

        Raises:
            InvalidText: The text is no reply.
        """
        if not isinstance(self.constraint, ReplyConstraint):
            return None
        return reply_of(self.constraint, self.marked_text, self.is_cut)

    @property
    def reasoning(self) -> str | None:
        """What the model thought before it answered."""
        return None if self.reply is None else self.reply.reasoning

    @cached_property
    def value(self) -> Any:
        """What the text means: the parsed JSON, an instance of a type, the text itself.

        Raises:
            InvalidText: The text is not what the constraint says. That can happen in two cases only: it was
                interrupted, or the constraint has something in `unenforced`.
        """
        if isinstance(self.constraint, ReplyConstraint):
            assert self.reply is not None
            return value_of(self.constraint, self.reply)
        return self.text if self.constraint is None else self.constraint.validate(self.text)


def generate(
    model: Any,
    tokenizer: Any,
    prompt: Prompt,
    constraint: Any = None,
    *,
    tools: Iterable[Any] | None = None,
    format: str | Format = "auto",
    choice: Any = "auto",
    parallel: bool | int = True,
    reasoning: Any = None,
    reasoning_tokens: int | None = None,
    max_new_tokens: int = 256,
    temperature: float = 0.0,
    seed: int | None = None,
    chat: bool | None = None,
    finite: Finite = "auto",
    drafts: bool = True,
    record: bool = True,
    **options: Any,
) -> Generation:
    """Let a model of transformers answer a prompt, under a constraint.

    Args:
        model: a model with `generate()`, or a name for `load_model`.
        tokenizer: of the model; None if the model is a name.
        prompt: a text, or chat messages: `[{"role": "user", "content": "..."}]`.
        constraint: what the answer must be: a constraint, or what `as_constraint` makes one of (a schema, a type such
            as a pydantic model, a list of texts, ...); None for a free one. With tools: the text that is no call.
        tools: what the model may call, as `structgen.tools` takes it; they go into the chat template, and the value is
            a `Reply`.
        format: how calls are written, as in `structgen.tools`; "auto": as the tokenizer's chat template says.
        choice: which tools are called, as in `structgen.tools`.
        parallel: how many calls may be made, as in `structgen.tools`.
        reasoning: True: the model reasons before it answers, also without tools; the constraint holds after that.
            None: as the prompt and the model have it, if there are tools. False: it does not reason.
        reasoning_tokens: bound of the reasoning, in tokens.
        max_new_tokens: tokens of the answer, the end token included. A constrained answer is complete all the
            same: as they run out, only tokens are allowed after which it can be finished in time.
        temperature: 0: the likeliest token at each step; else sampling, and the whole distribution counts
            unless `top_p`, `top_k` and so on say otherwise.
        seed: makes sampling repeatable; the random state of torch is left alone.
        chat: whether a text is written into the tokenizer's chat template as a message of the user. None: if
            there is a template.
        finite: how a part with few texts is decided (an enum, a boolean, a choice). "exact": by the probability of each
            text as a whole, which is the model's own answer; "mask": token by token, which often is not. "auto": exact
            where the part has at most 64 texts, and there is one row. It costs a pass of the model over some rows of a
            few tokens for each part.
        drafts: whether text that the grammar forces, and text that was seen before (in the prompt, in this answer, in
            earlier ones under the constraint), is proposed to the model, which checks several tokens in one pass. The
            answer is the same. Used where it is possible: with a constraint, one row, and a cache that can be
            shortened, without `stop_strings`.
        record: whether `steps`, `confidence`, `warnings` and `trace()` are to be had of the answer.
        options: for `model.generate()`: `streamer`, `top_p`, `num_beams`, `assistant_model`, `stop_strings` ...

    Raises:
        BudgetTooSmall: No valid text fits into `max_new_tokens`. Raised before anything is generated.
        InvalidOptionError: An option has a value that it may not have, or the prompt has no tokens.
        StructgenError: An option makes `model.generate()` ignore the constraint (`cache_implementation="paged"`).
    """
    how = _How(max_new_tokens, temperature, finite, drafts, record, _is_one_row(finite, options))
    _check_options(how, seed, chat)
    wanted = asked(tools, format, choice, parallel, reasoning, reasoning_tokens)
    constraint = wanted.constraint(None if constraint is None else as_constraint(constraint))
    if isinstance(model, str):
        model, tokenizer = load_model(model)
    inputs = encode_prompt(tokenizer, prompt, chat, wanted.shown()).to(model.device)
    ids = inputs["input_ids"]
    constraint = _bound_to_prompt(constraint, tokenizer, ids[0].tolist())
    length = ids.shape[1]
    started = time.perf_counter()
    vocabulary = _vocabulary(model, tokenizer, options.pop("eos_token_id", None), constraint)
    parts = _Parts(list(options.pop("logits_processor", ())))
    if constraint is not None:
        parts.constrain(model, tokenizer, constraint, vocabulary, ids, how)
        parts.draft(model, tokenizer, ids, how, options)
    compiled = time.perf_counter()
    settings = {
        "max_new_tokens": max_new_tokens,
        "logits_processor": parts.processors,
        "tokenizer": tokenizer,  # stop_strings and assistants with other tokens need it
        **end_settings(vocabulary, tokenizer),
        **decoding_settings(temperature),
        **options,
    }
    with seeded(seed, model.device), torch.no_grad():
        rows = model.generate(**inputs, **settings)
    seconds = time.perf_counter() - compiled
    tokens = _answer(rows, length, vocabulary)
    timings = parts.timings(compiled - started, seconds, len(tokens))
    steps = parts.steps(tokens, vocabulary)
    return _generation(tokens, vocabulary, max_new_tokens, timings, constraint, parts.decisions(), steps)


@dataclass(frozen=True)
class _How:
    """Arguments of `generate()` that say how a text is written."""

    max_new_tokens: int
    temperature: float
    finite: Finite
    drafts: bool
    record: bool
    is_one_row: bool


@dataclass
class _Parts:
    """What takes part in one generation, next to the model.

    Attributes:
        processors: of the logits, in their order.
        grammar: of the constraint.
        mask: the processor that holds it.
        recording: calls it.
        decide: that one that decides finite parts.
        loop: which drafts.
    """

    processors: list[Any]
    grammar: CompiledGrammar | None = None
    mask: LogitsProcessor | None = None
    recording: Recording | None = None
    decide: DecideFiniteParts | None = None
    loop: DraftedDecoding | None = None

    def constrain(
        self,
        model: Any,
        tokenizer: Any,
        constraint: Constraint,
        vocabulary: Vocabulary,
        ids: torch.Tensor,
        how: _How,
    ) -> None:
        """Add the mask, and what decides finite parts.

        Raises:
            BudgetTooSmall: No text fits.
        """
        grammar = self.grammar = compile(constraint, vocabulary)
        check_budget(grammar, how.max_new_tokens)
        self.mask = LogitsProcessor(
            grammar, tokenizer, max_new_tokens=how.max_new_tokens, prompt_length=ids.shape[1]
        )
        self.recording = Recording(self.mask) if how.record and how.is_one_row else None
        self.processors.append(self.recording or self.mask)
        if how.is_one_row and how.finite != "mask":
            masks = Masks(constraint, vocabulary, how.max_new_tokens)
            self.decide = DecideFiniteParts(
                model, grammar, masks, ids, how.temperature, LARGEST_PARTS[how.finite]
            )
            self.processors.append(self.decide)

    def draft(
        self, model: Any, tokenizer: Any, ids: torch.Tensor, how: _How, options: dict[str, Any]
    ) -> None:
        """Draft, where that is possible; then `options` for `model.generate()` have the decoding loop."""
        if how.drafts and how.is_one_row and self.grammar is not None and can_draft(model, options):
            proposals = Drafts(self.grammar, tokenizer, ids[0].tolist(), self.decide)
            self.loop = options["custom_generate"] = DraftedDecoding(proposals, options.get("streamer"))

    def steps(self, tokens: tuple[int, ...], vocabulary: Vocabulary) -> tuple[Step, ...]:
        return () if self.recording is None else self.recording.steps(tokens, vocabulary)

    def timings(self, compile_seconds: float, seconds: float, tokens: int) -> Timings:
        mask_seconds = _mask_seconds(self.mask)
        passes = None if self.loop is None else self.loop.passes
        return Timings(compile_seconds, mask_seconds, seconds - mask_seconds, tokens / seconds, passes)

    def decisions(self) -> tuple[Decision, ...]:
        return () if self.decide is None else tuple(self.decide.decisions)


def _answer(rows: Any, length: int, vocabulary: Vocabulary) -> tuple[int, ...]:
    """The tokens after the prompt, up to the end."""
    rows = rows if isinstance(rows, torch.Tensor) else rows.sequences
    return until_end(rows[0, length:].tolist(), vocabulary)


def _generation(
    tokens: tuple[int, ...],
    vocabulary: Vocabulary,
    max_new_tokens: int,
    timings: Timings,
    constraint: Constraint | None,
    decisions: tuple[Decision, ...],
    steps: tuple[Step, ...],
) -> Generation:
    return Generation(
        text=b"".join(vocabulary[token] for token in tokens).decode("utf-8", errors="replace"),
        tokens=tokens,
        finish_reason=_finish_reason(tokens, vocabulary, max_new_tokens),
        timings=timings,
        constraint=constraint,
        decisions=decisions,
        marked_text=shown_text(tokens, vocabulary),
        is_cut=len(tokens) >= max_new_tokens,
        steps=steps,
    )


def _vocabulary(model: Any, tokenizer: Any, ends: Any, constraint: Constraint | None) -> Vocabulary:
    """The vocabulary, whose end tokens are those of the model, the caller and the constraint's format."""
    return Vocabulary.from_tokenizer(
        tokenizer,
        size=model.config.get_text_config().vocab_size,
        eos_token_ids=end_tokens(model, ends) + turn_ends(constraint, tokenizer),
    )


def _bound_to_prompt(constraint: Constraint | None, tokenizer: Any, prompt: list[int]) -> Constraint | None:
    """The constraint; of a reply, in the format of the tokenizer, and as the end of the prompt has it."""
    if not isinstance(constraint, ReplyConstraint):
        return constraint
    needs_tools = bool(constraint.options["tools"])
    return bound(constraint, tokenizer, tokenizer.decode(prompt), needs_tools=needs_tools)


def _is_one_row(finite: Finite, options: Mapping[str, Any]) -> bool:
    """Returns True if the model writes one text, token by token.

    Raises:
        InvalidOptionError: It is to write several, or finite parts are to be decided exactly, and it does not.
    """
    if options.get("num_return_sequences", 1) != 1:
        reason = "generate() gives one answer; for several, pass a LogitsProcessor to model.generate()"
        raise InvalidOptionError("num_return_sequences", options["num_return_sequences"], reason)
    other = next((name for name in _MORE_ROWS if options.get(name) not in (None, 1)), None)
    if other is not None and finite == "exact":
        raise InvalidOptionError("finite", finite, f"goes with one row of tokens, not with {other}")
    return other is None


def _check_options(how: _How, seed: int | None, chat: bool | None) -> None:
    check_option("finite", how.finite, get_args(Finite))
    check_option("max_new_tokens", how.max_new_tokens, (Whole(1),))
    check_option("temperature", how.temperature, (Number(0, sys.float_info.max),))
    check_option("seed", seed, (Whole(0), None))
    check_option("chat", chat, (True, False, None))
    check_option("drafts", how.drafts, (True, False))
    check_option("record", how.record, (True, False))


def _mask_seconds(processor: LogitsProcessor | None) -> float:
    if processor is None:
        return 0.0
    if processor.steps == 0:
        raise StructgenError(
            "model.generate() never called the logits processor, so its answer is not constrained: continuous "
            "batching (cache_implementation='paged') and some functions for custom_generate call none"
        )
    return processor.mask_seconds


def _finish_reason(tokens: tuple[int, ...], vocabulary: Vocabulary, max_new_tokens: int) -> FinishReason:
    if tokens and tokens[-1] in vocabulary.eos_token_ids:
        return "stop"
    return "length" if len(tokens) >= max_new_tokens else "interrupted"
