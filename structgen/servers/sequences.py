"""Sequence: the constraint of one request in a server, over its matcher. The methods are those that servers call.

It never raises while tokens come: a failure in the middle of a text must not stop an engine that serves others. The
sequence then refuses every token, which ends its own request.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence as SequenceOf

import numpy as np
import numpy.typing as npt

from structgen.errors import BudgetTooSmall, DeadEnd, StructgenError
from structgen.matcher import CompiledGrammar

_log = logging.getLogger(__name__)


class Sequence:
    """A sequence of tokens that a grammar constrains.

    Args:
        grammar: the compiled grammar.
        max_tokens: tokens of the text at most, its end token included; None: without a bound.

    Attributes:
        failure: why no token may come any more; None if all is well.

    Raises:
        BudgetTooSmall: No text of the grammar has so few tokens.
        DeadEnd: No text can be written in the tokens of the vocabulary.
    """

    def __init__(self, grammar: CompiledGrammar, max_tokens: int | None = None) -> None:
        needed = grammar.completion_tokens(grammar.initial)
        if max_tokens is not None and needed > max_tokens:
            raise BudgetTooSmall(max_tokens, needed)
        self.failure: StructgenError | None = None
        self._matcher = grammar.matcher()
        self._limit = max_tokens

    @property
    def advanced(self) -> int:
        """How many tokens have come."""
        return self._matcher.advanced

    @property
    def is_finished(self) -> bool:
        """Returns True after the end token."""
        return self._matcher.is_finished

    def accept(self, tokens: SequenceOf[int]) -> bool:
        """Advance by tokens. If one may not come, the sequence stays where it was, and False is returned."""
        for count, token in enumerate(tokens):
            if not self._try(token):
                self._matcher.rollback(count)
                return False
        return True

    def valid_prefix(self, tokens: SequenceOf[int]) -> list[int]:
        """The first ones of some tokens that may come. The sequence stays where it is."""
        count = 0
        while count < len(tokens) and not self._matcher.is_finished and self._try(tokens[count]):
            count += 1
        self._matcher.rollback(count)
        return list(tokens[:count])

    def rollback(self, count: int) -> None:
        """Undo the last tokens."""
        self._matcher.rollback(count)

    def reset(self) -> None:
        """Go back to the beginning."""
        self._matcher.rollback(self._matcher.advanced)

    def fill(self, array: npt.NDArray[np.int32], row: int, *, used: int = 0) -> None:
        """Write the mask of the next token into a row.

        Args:
            array: int32 [B, W], W >= ceil(V / 32).
            row: which row of it.
            used: tokens before the text that count towards its maximum, such as those of a reasoning.
        """
        try:
            self._fill(array, row, used)
        except StructgenError as error:
            self._fail(error)
            self._only_ends(array, row)

    def _fill(self, array: npt.NDArray[np.int32], row: int, used: int) -> None:
        matcher = self._matcher
        if self._limit is not None and not matcher.is_finished:
            left = self._limit - used - matcher.advanced
            try:
                matcher.grammar.fill_within(matcher.configuration, left, array, row)
                return
            except DeadEnd:
                # A draft, or a reasoning that took too much: the text will be cut, but is right up to there.
                pass
        matcher.fill_bitmask(array, row)

    def _try(self, token: int) -> bool:
        if self.failure is not None:
            return False
        try:
            return self._matcher.try_advance(token)
        except StructgenError as error:
            self._fail(error)
            return False

    def _fail(self, error: StructgenError) -> None:
        if self.failure is None:
            _log.error("structgen cannot go on with a text: %s", error)
        self.failure = error

    def _only_ends(self, array: npt.NDArray[np.int32], row: int) -> None:
        array[row] = 0
        for token in self._matcher.grammar.vocabulary.eos_token_ids:
            array[row, token // 32] |= np.uint32(1 << token % 32).astype(np.int32)
