"""Progress: the configuration of every row of `input_ids`, found from the tokens after the prompt.

The law: once it is known where the prompt ends, a row's configuration is a function of its tokens and its grammar,
and of nothing else. So rows may be reordered (beam search), go back (assisted decoding shows candidates, and
drops them), or come twice; what is remembered of earlier calls only saves work, and may be forgotten at any time.

Where the prompt ends cannot be read from tokens: "Name:" may be the prompt "Name" and the first token of its
answer, or a prompt of its own. So it is told: by the caller as a number, or as the rows of the first call of a
generation. What a generation is, is told too (`structgen.generation.decoding_loops`).

Knows neither masks nor models.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from structgen.errors import TokenRejected
from structgen.generation.host_tokens import on_host
from structgen.matcher import CompiledGrammar

REJECTED = -1
"""In the place of a configuration: the row has a token that its grammar does not allow."""

Grammars = Sequence[CompiledGrammar | None]


class Progress:
    """The rows of the last call, and the configuration after each of their tokens.

    Args:
        prompt_length: tokens in each row before the answer, padding included.

    Copies what it keeps: a caller may write over its tensor.
    """

    def __init__(self, prompt_length: int) -> None:
        self.prompt_length = prompt_length
        self._grammars: Grammars = ()
        self._length = 0  # how many columns of `_tokens` are in use
        self._tokens = np.zeros((0, 0), dtype=np.int64)
        self._configurations = np.zeros((0, 1), dtype=np.int64)

    def follow(self, input_ids: torch.Tensor, grammars: Grammars) -> list[int]:
        """The configuration of each row of `input_ids` [B, T] under its grammar.

        Args:
            input_ids: all tokens of each row, the prompt included.
            grammars: of each row; None if it is free.

        Returns:
            Configurations; `REJECTED` where a token does not fit; 0 where there is no grammar. After its end a row
            may have any tokens, as generate() pads it.

        Raises:
            ValueError: The rows are shorter than the prompt.
        """
        if input_ids.shape[1] < self.prompt_length:
            raise ValueError(
                f"prompt_length = {self.prompt_length}, but the rows have {input_ids.shape[1]} tokens only"
            )
        answers = on_host(input_ids)[:, self.prompt_length :].numpy()
        length = answers.shape[1]
        if not self._continues(answers, grammars):
            self._find_known(answers, grammars)
        for column in range(self._length, length):
            self._append(answers[:, column])
        found: list[int] = self._configurations[:, length].tolist()
        return found

    def rejection(self, grammar: CompiledGrammar | None, input_ids: torch.Tensor, row: int) -> TokenRejected:
        """The error for a row that `follow` called `REJECTED`."""
        assert grammar is not None
        configuration = grammar.initial
        try:
            for token in input_ids[row, self.prompt_length :].tolist():
                configuration = grammar.advance(configuration, token)
        except TokenRejected as error:
            return TokenRejected(error.token_id, error.token, error.expected, row=row)
        raise AssertionError(f"row {row} was rejected, and then was not")

    def _continues(self, answers: npt.NDArray[np.int64], grammars: Grammars) -> bool:
        """Returns True if each row begins with what is known of it; then only new tokens are to be read."""
        if grammars != self._grammars or answers.shape[1] < self._length:
            return False
        return np.array_equal(answers[:, : self._length], self._tokens[:, : self._length])

    def _find_known(self, answers: npt.NDArray[np.int64], grammars: Grammars) -> None:
        """Keep for each row the longest beginning that all rows have from known ones."""
        count, length = answers.shape
        longest = min(length, self._length)
        parents = self._parents(answers, grammars, longest)
        if parents is None and longest > 0:
            longest -= 1  # the last token of each row is new, and what is before it is known in another order
            parents = self._parents(answers, grammars, longest)
        if parents is None:
            longest, parents = self._common(answers, grammars)
        configurations = np.zeros((count, length + 1), dtype=np.int64)
        configurations[:, 0] = [0 if grammar is None else grammar.initial for grammar in grammars]
        if longest:
            configurations[:, : longest + 1] = self._configurations[parents, : longest + 1]
        self._grammars, self._length = list(grammars), longest
        self._tokens, self._configurations = answers.astype(np.int64), configurations

    def _parents(self, answers: npt.NDArray[np.int64], grammars: Grammars, length: int) -> list[int] | None:
        """For each row a known row with the same grammar and the same first tokens; None if one has none."""
        known = np.ascontiguousarray(self._tokens[:, :length])
        places = {(id(grammar), known[row].tobytes()): row for row, grammar in enumerate(self._grammars)}
        begun = np.ascontiguousarray(answers[:, :length], dtype=np.int64)
        parents = [
            places.get((id(grammar), begun[row].tobytes()), -1) for row, grammar in enumerate(grammars)
        ]
        return None if -1 in parents else parents

    def _common(self, answers: npt.NDArray[np.int64], grammars: Grammars) -> tuple[int, list[int]]:
        """The number of tokens for which each row has a known row with the same ones, and these rows."""
        longest = min(answers.shape[1], self._length)
        parents = []
        for row, grammar in enumerate(grammars):
            same = [place for place, known in enumerate(self._grammars) if known is grammar]
            if not same:
                return 0, []
            differs = self._tokens[same, :longest] != answers[row, :longest]
            lengths = np.where(differs.any(axis=1), differs.argmax(axis=1), longest) if longest else [0]
            best = int(np.argmax(lengths))
            longest = int(lengths[best])
            parents.append(same[best])
        return longest, parents

    def _append(self, tokens: npt.NDArray[np.int64]) -> None:
        """Read one more token of each row."""
        place = self._length
        if place >= self._tokens.shape[1]:  # room for as many again, so that copying costs nothing per token
            self._tokens = _widened(self._tokens, len(tokens), place + 1)
        if place + 1 >= self._configurations.shape[1]:
            self._configurations = _widened(self._configurations, len(tokens), place + 2)
        before = self._configurations[:, place].tolist()
        self._configurations[:, place + 1] = [
            _advanced(grammar, configuration, token)
            for grammar, configuration, token in zip(self._grammars, before, tokens.tolist(), strict=True)
        ]
        self._tokens[:, place] = tokens
        self._length = place + 1


def _advanced(grammar: CompiledGrammar | None, configuration: int, token: int) -> int:
    if grammar is None or configuration == REJECTED:
        return configuration
    following = grammar.try_advance(configuration, token)
    if following >= 0:
        return following
    return configuration if grammar.is_finished(configuration) else REJECTED


def _widened(array: npt.NDArray[np.int64], rows: int, columns: int) -> npt.NDArray[np.int64]:
    wide = np.zeros((rows, 2 * columns), dtype=np.int64)
    wide[: array.shape[0], : array.shape[1]] = array
    return wide
