"""LogitsProcessor: a constraint inside `model.generate()` of transformers.

    model.generate(**inputs, logits_processor=[LogitsProcessor(constraint, tokenizer)])

At each step: find every row's configuration (`progress`), have its grammar fill its row of one packed mask, and set
the logits of what is not allowed to minus infinity (`masking`). There is nothing to reset and no counter of steps:
one object serves greedy decoding, sampling, left-padded batches, `num_return_sequences`, beam search, assisted
decoding and streaming, and the next call after that.

Where it stands among the other processors. transformers runs its own first (`bad_words_ids`, `min_new_tokens`,
penalties), then those of the caller, then temperature, top-k, top-p and their kin. So these choose among allowed
tokens only, and can't leave a row without one. The first group can: it may forbid everything that the grammar
allows. That is a `DeadEnd`, and not a row of minus infinities for softmax.

Logits are masked in a copy. generate() hands out the tensor it passes here as the unprocessed logits
(`output_logits`), and looks for candidates in a prompt by masking one tensor again and again.

Knows neither how masks are computed nor where a prompt ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import torch
import transformers

from structgen.constraint import Constraint, compile
from structgen.errors import BudgetTooSmall, DeadEnd, StructgenError
from structgen.generation.masking import Copies
from structgen.generation.progress import REJECTED, Progress, Tracker
from structgen.grammar.rules import Grammar
from structgen.matcher import CompiledGrammar
from structgen.options import Whole, check_option
from structgen.vocabulary import Vocabulary

RowConstraint: TypeAlias = "Constraint | Grammar | CompiledGrammar | None"


class LogitsProcessor(transformers.LogitsProcessor):
    """Lets `generate()` choose only tokens that keep every row valid.

    Args:
        constraint: what the text after the prompt must be. A list holds one for each prompt of the batch, None
            for a prompt whose answer is free; where generate() makes several rows of a prompt
            (`num_return_sequences`, `num_beams`), all of them follow its constraint.
        tokenizer: of the model; anything that `Vocabulary.from_tokenizer` reads.
        max_new_tokens: the `max_new_tokens` of generate(). As it runs out, tokens are forbidden after which the
            text could not be finished in time, so that it is complete at the limit too. None: a text may be
            cut.
        prompt_length: tokens in each row of `input_ids` before the answer, padding included. None: the rows of
            the first call of a generate() (`structgen.generation.progress` says how that is known).
        eos_token_ids: tokens that end a text, beside the tokenizer's own: an id, several, or
            `model.generation_config`.

    Attributes:
        compile_seconds: spent on compiling so far (at the first step, when the width of the logits is known).
        mask_seconds: spent in all steps so far, compiling left out.

    Raises (when called):
        TokenRejected: A row has a token that does not fit; another processor forced it. Names the row.
        DeadEnd: Other processors forbid every token that the grammar allows.
        BudgetTooSmall: No valid text fits into `max_new_tokens`. Raised before anything is generated.

    A row that has ended can only end again: its logits allow the end tokens and nothing else. (In a batch
    generate() pads such rows whatever the logits say; in a beam search this keeps a finished hypothesis valid.)

    Assisted decoding needs an assistant with the same tokenizer: generate() puts the tokens of another one through
    the same processors.

    A beam search asked for more texts than it finds fills up with empty rows, which are not texts; generate()
    gives them a score (`sequences_scores`) of -1e9.

    May be used from several threads; steps are taken one at a time.
    """

    def __init__(
        self,
        constraint: RowConstraint | Sequence[RowConstraint],
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
        self._constraints = tuple(constraint) if isinstance(constraint, Sequence) else (constraint,)
        if not self._constraints:
            raise ValueError("an empty list of constraints: pass one for each prompt, None for those without")
        self._tokenizer = tokenizer
        self._max_new_tokens = max_new_tokens
        self._eos_token_ids = eos_token_ids
        self._by_width: dict[int, list[CompiledGrammar | None]] = {}
        self._tracker = Tracker(prompt_length)
        self._copies = Copies()
        self._lock = threading.Lock()

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The logits `scores` [B, V] of the next tokens of `input_ids` [B, T], with what is forbidden at -inf."""
        with self._lock:
            grammars = self._grammars_of_rows(*scores.shape)
            started = time.perf_counter()
            progress = self._tracker.follow(input_ids, grammars)
            masked = self._masked(progress, scores)
            self.mask_seconds += time.perf_counter() - started
            return cast("torch.FloatTensor", masked)

    def _grammars_of_rows(self, rows: int, width: int) -> list[CompiledGrammar | None]:
        grammars = self._by_width.get(width)
        if grammars is None:
            started = time.perf_counter()
            grammars = self._by_width[width] = [self._compiled(one, width) for one in self._constraints]
            self.compile_seconds += time.perf_counter() - started
        repeated, rest = divmod(rows, len(grammars))
        if rest:
            raise ValueError(f"{len(grammars)} constraints for {rows} rows: pass one, or one for each prompt")
        return [grammar for grammar in grammars for _ in range(repeated)]

    def _compiled(self, constraint: RowConstraint, width: int) -> CompiledGrammar | None:
        if constraint is None or isinstance(constraint, CompiledGrammar):
            return constraint
        vocabulary = Vocabulary.from_tokenizer(self._tokenizer, size=width, eos_token_ids=self._eos_token_ids)
        return compile(constraint, vocabulary)

    def _masked(self, progress: Progress, scores: torch.Tensor) -> torch.Tensor:
        bitmask = np.empty((scores.shape[0], (scores.shape[-1] + 31) // 32), dtype=np.int32)
        failures: dict[int, StructgenError] = {}
        rows = []
        for row, (grammar, configuration) in enumerate(
            zip(progress.grammars, progress.configurations, strict=True)
        ):
            if grammar is None or configuration == REJECTED:
                continue
            try:
                self._fill(grammar, configuration, progress.generated, bitmask, row)
            except (DeadEnd, BudgetTooSmall) as error:
                failures[row] = error
            else:
                rows.append(row)
        masked, left = self._copies.masked(scores, bitmask, rows)
        for row, any_left in zip(rows, left, strict=True):
            if not any_left:
                self._nothing_is_left(progress, row, masked, failures)
        if failures and not progress.is_candidate:
            # As with rejected rows: where another row of the block can go on, this one is a hypothesis that a
            # beam search drops.
            alive = {progress.blocks[row] for row in rows if row not in failures}
            for row, failure in failures.items():
                if progress.blocks[row] not in alive:
                    raise failure
        return masked

    def _fill(
        self,
        grammar: CompiledGrammar,
        configuration: int,
        generated: int,
        bitmask: npt.NDArray[np.int32],
        row: int,
    ) -> None:
        words = (grammar.vocabulary.size + 31) // 32
        if words > bitmask.shape[1]:  # the head is narrower than the tokenizer: tokens beyond it cannot come
            wide = np.empty((1, words), dtype=np.int32)
            self._fill(grammar, configuration, generated, wide, 0)
            bitmask[row] = wide[0, : bitmask.shape[1]]
        elif self._max_new_tokens is None or grammar.is_finished(configuration):
            grammar.fill(configuration, bitmask, row)
        else:
            budget = self._max_new_tokens - generated
            if generated == 0 and grammar.completion_tokens(configuration) > budget:
                raise BudgetTooSmall(budget, grammar.completion_tokens(configuration))
            grammar.fill_within(configuration, budget, bitmask, row)

    def _nothing_is_left(
        self, progress: Progress, row: int, masked: torch.Tensor, failures: dict[int, StructgenError]
    ) -> None:
        """Another processor forbids all that the grammar allows."""
        grammar = progress.grammars[row]
        assert grammar is not None
        if grammar.is_finished(progress.configurations[row]):
            masked[row, sorted(grammar.vocabulary.eos_token_ids)] = 0.0
        else:
            failures[row] = DeadEnd(
                f"row {row}: other processors (bad_words_ids, min_new_tokens, suppress_tokens or the like) "
                f"forbid every token that the grammar allows"
            )
