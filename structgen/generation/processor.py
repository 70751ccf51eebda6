"""LogitsProcessor: a constraint inside `model.generate()` of transformers.

    model.generate(**inputs, logits_processor=[LogitsProcessor(constraint, tokenizer)])

At each step: find out which text the rows belong to (`decoding_loops`) and the configuration of each row
(`progress`), have its grammar fill its row of one packed mask, and set the logits of what is not allowed to minus
infinity (`masking`). There is nothing to reset and no counter of steps: one object serves greedy decoding, sampling,
left-padded batches, `num_return_sequences`, beam search, assisted decoding and streaming, one call after the other
or many at once.

Its place among the other processors. transformers runs its own first (`bad_words_ids`, `min_new_tokens`,
penalties), then those of the caller, then temperature, top-k, top-p and their kin. So these choose among allowed
tokens only, and can't leave a row without one. The first group can: it may forbid everything that the grammar
allows. That is a `DeadEnd`, and not a row of minus infinities for softmax.

A row that cannot be masked (it has a token that does not fit, or no token is possible) is an error, except where
generate() never returns the row as it is: drafts of assisted decoding, which the model checks; impossible
hypotheses of a beam search, as long as the same prompt has a possible one; rows that a stopping criterion has
ended, which are padded.

Logits are masked in a copy. generate() hands out the tensor it passes here as the unprocessed logits
(`output_logits`), and looks for candidates in a prompt by masking one tensor again and again.

Knows neither how masks are computed nor how the end of a prompt is found.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import torch
import transformers

from structgen.calling.build import ReplyConstraint
from structgen.constraint import Constraint, compile
from structgen.errors import BudgetTooSmall, DeadEnd, InvalidOptionError, StructgenError
from structgen.frontends.conversion import as_constraint
from structgen.generation.call_stack import Caller, find_caller
from structgen.generation.decoding_loops import DecodingLoop, DecodingLoops
from structgen.generation.device.step import RowMask, can_mask, mask_on_device
from structgen.generation.progress import REJECTED, Grammars
from structgen.grammar.rules import Grammar
from structgen.matcher import CompiledGrammar
from structgen.options import Whole, check_option
from structgen.vocabulary import Vocabulary

RowConstraint: TypeAlias = "Constraint | Grammar | CompiledGrammar | None"


class LogitsProcessor(transformers.LogitsProcessor):
    """Lets `generate()` choose only tokens that keep every row valid.

    Args:
        constraint: what the text after the prompt must be: a constraint, or what `as_constraint` makes one of. A list
            holds one for each prompt of the batch, None for a prompt whose answer is free; where generate() makes
            several rows of a prompt (`num_return_sequences`, `num_beams`), all of them follow its constraint. A list of
            texts is one choice, for all rows.
        tokenizer: of the model; anything that `Vocabulary.from_tokenizer` reads.
        max_new_tokens: the `max_new_tokens` of generate(). As it runs out, tokens are forbidden after which the
            text could not be finished in time, so that it is complete at the limit too. None: a text may be
            cut.
        prompt_length: tokens in each row of `input_ids` before the answer, padding included. None: what the first
            call of a generate() shows. A decoding loop of your own passes it, or calls the processor inside
            `with processor.generation():`; without either, one loop can be run in a thread.
        eos_token_ids: tokens that end a text, besides the tokenizer's own: an id, several, or
            `model.generation_config`.

    Attributes:
        compile_seconds: spent on compiling so far (at the first step, when the width of the logits is known).
        mask_seconds: spent in all steps so far, without compiling.
        steps: how often it was called. 0 after a generation: its caller ignores logits processors.

    Raises (when called):
        InvalidOptionError: The logits are not [B, V], or not for the rows of tokens.
        UnknownPromptError: Nothing says where the prompt ends.
        TokenRejected: A row has a token that does not fit; another processor forced it. Names the row.
        DeadEnd: Other processors forbid every token that the grammar allows.
        BudgetTooSmall: No valid text fits into `max_new_tokens`. Raised before anything is generated.

    Each generate() is a text of its own: its prompt is what it is called with. To continue an answer in a second
    generate(), pass `prompt_length`, or put both into one `with processor.generation():`.

    A row that has ended can only end again: its logits allow the end tokens and nothing else. (In a batch
    generate() pads such rows whatever the logits say; in a beam search this keeps a finished hypothesis valid.) A
    row that a stopping criterion ended (`stop_strings`) is over, and may be an unfinished text.

    Drafts of an assistant with another tokenizer are not masked, as its tokens mean something else; the model's
    own choice is.

    A beam search that is to return more texts than it finds fills up with empty rows, which are not texts;
    generate() gives them a score (`sequences_scores`) of -1e9.

    Continuous batching (`model.generate_batch`, `model.init_continuous_batching`) calls no processors of the
    caller: transformers ignores the argument, and its answers are not constrained. `steps` stays 0 then.

    May be used from several threads. Pickles and copies as its arguments.
    """

    def __init__(
        self,
        constraint: Any,
        tokenizer: Any,
        *,
        max_new_tokens: int | None = None,
        prompt_length: int | None = None,
        eos_token_ids: int | Iterable[int] | Any = None,
    ) -> None:
        check_option("max_new_tokens", max_new_tokens, (Whole(1), None))
        check_option("prompt_length", prompt_length, (Whole(0), None))
        self.compile_seconds = 0.0
        self.mask_seconds = 0.0
        self.steps = 0
        self._constraints = _for_rows(constraint, tokenizer)
        self._tokenizer = tokenizer
        self._max_new_tokens = max_new_tokens
        self._eos_token_ids = eos_token_ids
        self._by_width: dict[int, list[CompiledGrammar | None]] = {}
        self._loops = DecodingLoops(prompt_length)
        self._lock = threading.Lock()

    @contextmanager
    def generation(self, *, prompt_length: int | None = None) -> Iterator[None]:
        """All calls inside belong to one text: for decoding loops of your own, and answers made in pieces.

            with processor.generation():
                while not done:
                    scores = processor(input_ids, model(input_ids).logits[:, -1])

        Args:
            prompt_length: tokens in each row before the answer, padding included. None: all that the first call
                shows; later calls must begin with them.
        """
        with self._loops.entered(prompt_length):
            yield

    def __reduce__(self) -> tuple[Any, ...]:
        arguments = (self._constraints, self._tokenizer, self._max_new_tokens, self._loops.prompt_length)
        return _rebuilt, (type(self), *arguments, self._eos_token_ids)

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The logits `scores` [B, V] of the next tokens of `input_ids` [B, T], with what is forbidden at -inf."""
        caller = find_caller()
        loop = self._loops.find(caller)
        if loop.is_foreign:
            return scores
        _check_shapes(input_ids, scores)
        grammars = self._grammars_of_rows(*scores.shape)
        started = time.perf_counter()
        step = _Step(loop, caller, input_ids, grammars, self._max_new_tokens)
        masked = step.masked(scores)
        with self._lock:
            self.steps += 1
            self.mask_seconds += time.perf_counter() - started
        return cast("torch.FloatTensor", masked)

    def _grammars_of_rows(self, rows: int, width: int) -> list[CompiledGrammar | None]:
        grammars = self._by_width.get(width)
        if grammars is None:
            with self._lock:
                grammars = self._by_width.get(width) or self._compiled_for(width)
                self._by_width[width] = grammars
        repeated, rest = divmod(rows, len(grammars))
        if rest:
            raise ValueError(f"{len(grammars)} constraints for {rows} rows: pass one, or one for each prompt")
        return [grammar for grammar in grammars for _ in range(repeated)]

    def _compiled_for(self, width: int) -> list[CompiledGrammar | None]:
        started = time.perf_counter()
        grammars = [self._compiled(constraint, width) for constraint in self._constraints]
        self.compile_seconds += time.perf_counter() - started
        return grammars

    def _compiled(self, constraint: RowConstraint, width: int) -> CompiledGrammar | None:
        if constraint is None or isinstance(constraint, CompiledGrammar):
            return constraint
        vocabulary = Vocabulary.from_tokenizer(self._tokenizer, size=width, eos_token_ids=self._eos_token_ids)
        return compile(constraint, vocabulary)


class _Step:
    """One call: the rows of one step, their masks, and what is wrong with which of them."""

    def __init__(
        self,
        loop: DecodingLoop,
        caller: Caller | None,
        input_ids: torch.Tensor,
        grammars: Grammars,
        max_new_tokens: int | None,
    ) -> None:
        self._loop = loop
        self._caller = caller
        self._grammars = grammars
        self._max_new_tokens = max_new_tokens
        self._is_draft = loop.is_draft or (caller is not None and _is_draft(loop, caller, input_ids))
        self._input_ids = input_ids
        self._progress, self._configurations = loop.answer.follow(input_ids, grammars)
        self._generated = input_ids.shape[1] - self._progress.prompt_length
        # Of each row that cannot be masked, why; None: it has a token that does not fit.
        self._failures: dict[int, StructgenError | None] = {
            row: None for row, configuration in enumerate(self._configurations) if configuration == REJECTED
        }

    def masked(self, scores: torch.Tensor) -> torch.Tensor:
        """A copy of `scores` in which each row that can be masked is.

        Raises:
            StructgenError: A row that generate() may return cannot be.
        """
        if self._failures:
            self._check_last_step(scores.shape[1])
        is_remote = _is_on_device(scores) and can_mask(scores, self._grammars)
        masked = self._masked_on_device(scores) if is_remote else self._masked_here(scores)
        self._raise_failures()
        for row in self._failures:
            masked[row] = scores[row]
        return masked

    def _masked_here(self, scores: torch.Tensor) -> torch.Tensor:
        """By the engine, with masks that are written for this step."""
        bitmask = np.empty((scores.shape[0], (scores.shape[-1] + 31) // 32), dtype=np.int32)
        rows = [row for row in self._constrained() if self._can(row, partial(self._fill, bitmask))]
        masked, left = self._loop.copies.masked(scores, bitmask, rows)
        for row, any_left in zip(rows, left, strict=True):
            if not any_left:
                self._nothing_is_left(row, masked)
        return masked

    def _masked_on_device(self, scores: torch.Tensor) -> torch.Tensor:
        """By masks that are on the device; what the step leaves is checked at the next one, the last step at once."""
        masks: dict[int, RowMask] = {}
        for row in self._constrained():
            self._can(row, partial(self._number, masks))
        if not masks:
            return scores.clone()
        masked, checked = mask_on_device(scores, masks)
        if not self._is_draft:
            self._loop.checked = checked
            if self._max_new_tokens is not None and self._generated + 1 >= self._max_new_tokens:
                self._check_last_step(scores.shape[1])
        return masked

    def _check_last_step(self, width: int) -> None:
        """Raise what the last step on a device left undone.

        Raises:
            DeadEnd: A row had no logit left.
        """
        checked, self._loop.checked = self._loop.checked, None
        failed = {} if checked is None else checked.failed()
        if checked is None or not failed:
            return
        beams = self._loop.beams
        alive = {row // beams for row in checked.masks if row not in failed} if beams > 1 else set()
        over = self._caller.rows_over() if self._caller is not None and beams == 1 else set()
        for row, mask in failed.items():
            if row not in over and row // beams not in alive:
                raise _nothing_left(row, mask.grammar, mask.configuration, width)

    def _constrained(self) -> list[int]:
        """The rows that have a grammar, and only tokens that fit."""
        return [
            row
            for row, (grammar, configuration) in enumerate(
                zip(self._grammars, self._configurations, strict=True)
            )
            if grammar is not None and configuration != REJECTED
        ]

    def _can(self, row: int, make: Callable[[CompiledGrammar, int, int], None]) -> bool:
        """Returns True if the mask of a row can be made; else the reason is a failure of the row."""
        grammar = self._grammars[row]
        assert grammar is not None
        try:
            make(grammar, self._configurations[row], row)
        except (DeadEnd, BudgetTooSmall) as error:
            self._failures[row] = error
            return False
        return True

    def _number(self, masks: dict[int, RowMask], grammar: CompiledGrammar, at: int, row: int) -> None:
        """The mask of a row by its number."""
        budget = self._budget(grammar, at)
        number = grammar.row_id(at) if budget is None else grammar.row_id_within(at, budget)
        masks[row] = RowMask(grammar, at, number)

    def _budget(self, grammar: CompiledGrammar, configuration: int) -> int | None:
        """How many tokens the text may still have; None: any number.

        Raises:
            BudgetTooSmall: No text fits, and nothing is written yet.
        """
        if self._max_new_tokens is None or grammar.is_finished(configuration):
            return None
        budget = self._max_new_tokens - self._generated
        if self._generated == 0 and grammar.completion_tokens(configuration) > budget:
            raise BudgetTooSmall(budget, grammar.completion_tokens(configuration))
        return budget

    def _fill(
        self, bitmask: npt.NDArray[np.int32], grammar: CompiledGrammar, configuration: int, row: int
    ) -> None:
        """The mask of a row, written into the bitmask."""
        words = (grammar.vocabulary.size + 31) // 32
        if words > bitmask.shape[1]:  # the head is narrower than the tokenizer: tokens beyond it cannot come
            wide = np.empty((1, words), dtype=np.int32)
            self._fill(wide, grammar, configuration, 0)
            bitmask[row] = wide[0, : bitmask.shape[1]]
            return
        budget = self._budget(grammar, configuration)
        if budget is None:
            grammar.fill(configuration, bitmask, row)
        else:
            grammar.fill_within(configuration, budget, bitmask, row)

    def _nothing_is_left(self, row: int, masked: torch.Tensor) -> None:
        """No logit of a row is left: all that the grammar allows is forbidden, or beyond the logits."""
        grammar = self._grammars[row]
        assert grammar is not None
        width = masked.shape[1]
        if grammar.is_finished(self._configurations[row]):
            ends = sorted(token for token in grammar.vocabulary.eos_token_ids if token < width)
            masked[row, ends] = 0.0
        else:
            self._failures[row] = _nothing_left(row, grammar, self._configurations[row], width)

    def _raise_failures(self) -> None:
        """Raise the first failure of a row that generate() may return."""
        if self._failures and not self._is_draft:
            for row in sorted(self._failures.keys() - self._excused()):
                raise self._failures[row] or self._progress.rejection(
                    self._grammars[row], self._input_ids, row
                )

    def _excused(self) -> set[int]:
        """Rows that generate() does not return as they are: impossible hypotheses, and rows that are over."""
        if self._caller is None:
            return set()
        beams = self._loop.beams
        if beams == 1:
            return self._caller.rows_over()
        alive = {row // beams for row in range(len(self._grammars)) if row not in self._failures}
        return {row for row in self._failures if row // beams in alive}


def _is_on_device(scores: torch.Tensor) -> bool:
    """Returns True if rows are better kept where the logits are."""
    return not scores.is_cpu


def _nothing_left(row: int, grammar: CompiledGrammar, configuration: int, width: int) -> DeadEnd:
    """The error for a row of which no logit is left."""
    allowed = np.zeros((1, (grammar.vocabulary.size + 31) // 32), dtype=np.int32)
    grammar.fill(configuration, allowed, 0)
    if np.unpackbits(allowed.view(np.uint8), bitorder="little")[:width].any():
        return DeadEnd(
            f"row {row}: other processors (bad_words_ids, min_new_tokens, suppress_tokens or the like) forbid every "
            f"token that the grammar allows"
        )
    return DeadEnd(
        f"row {row}: the grammar allows only tokens from {width} on, and the model has {width} logits for a tokenizer "
        f"of {grammar.vocabulary.size} tokens: is it the tokenizer of this model?"
    )


def _check_shapes(input_ids: torch.Tensor, scores: torch.Tensor) -> None:
    """See that there is a row of logits for each row of tokens.

    Raises:
        InvalidOptionError: There is not.
    """
    if input_ids.dim() != 2:
        raise InvalidOptionError(
            "input_ids", tuple(input_ids.shape), "must have the shape [B, T]: unsqueeze(0) one row"
        )
    if scores.dim() != 2 or len(scores) != len(input_ids):
        reason = f"must have the shape [B, V], with the {len(input_ids)} rows of input_ids"
        raise InvalidOptionError("scores", tuple(scores.shape), reason)


def _is_draft(loop: DecodingLoop, caller: Caller, input_ids: torch.Tensor) -> bool:
    return caller.is_drafting or (caller.is_assisted and loop.is_candidate(input_ids))


def _for_rows(given: Any, tokenizer: Any) -> tuple[RowConstraint, ...]:
    """The constraints of the rows. A list holds one for each prompt, but a list of texts is one choice."""
    if isinstance(given, Sequence) and not isinstance(given, (str, bytes)):
        if not given:
            raise ValueError("an empty list of constraints: pass one for each prompt, None for those without")
        if not all(isinstance(one, str) for one in given):
            return tuple(_for_row(one, tokenizer) for one in given)
    return (_for_row(given, tokenizer),)


def _for_row(given: Any, tokenizer: Any) -> RowConstraint:
    if given is None or isinstance(given, (CompiledGrammar, Grammar)):
        return given
    found = as_constraint(given)
    return found.for_tokenizer(tokenizer) if isinstance(found, ReplyConstraint) else found


def _rebuilt(
    kind: type[LogitsProcessor],
    constraints: tuple[RowConstraint, ...],
    tokenizer: Any,
    max_new_tokens: int | None,
    prompt_length: int | None,
    eos_token_ids: Any,
) -> LogitsProcessor:
    return kind(
        constraints,
        tokenizer,
        max_new_tokens=max_new_tokens,
        prompt_length=prompt_length,
        eos_token_ids=eos_token_ids,
    )
