"""Progress: the configuration of every row of `input_ids`, found from the tokens alone.

`generate()` shows a logits processor all tokens of all rows at every step: the prompt and what came after it. It
does not say where the prompt ends, which row came from which (beam search reorders them), whether tokens are
settled (assisted decoding shows candidates, and goes back), or whether this is still the same `generate()`. A
counter of steps is wrong in most of these cases. What holds in all of them:

    1. The rows of the first call in a `generate()` are its prompts.
    2. A row of any later call is a row seen before, or begins with all of one and has one token more.

The second holds because nobody can choose a token without logits, and those come through the processor: sampling
and beam search append one token to a row of the call before; assisted decoding asks for the logits after each
prefix of the candidates, in ascending order, then keeps one of these prefixes and appends one token. What the
assistant model's own `generate()` shows follows the same rule, as its prompt is such a row.

So a call in which every row continues a known one by at most one token goes on; any other call begins a new
`generate()`, and its rows are prompts. A chat needs nothing more: the last token of an answer has never been
shown, and the next turn adds at least one, so its prompt is two tokens or more ahead of anything known. A call
with rows as long as the known prompts begins anew as well.

What this rule reads as a continuation: `generate()` called with exactly the tokens that the last one returned, or
with the first part of them. The text then goes on where it was (an answer generated in pieces stays one answer).
Who wants such tokens to be a prompt says `prompt_length`.

Rows never leave the block of their prompt: row r stays with the constraint and the prompt of row r.

Knows neither masks nor models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from structgen.errors import TokenRejected
from structgen.matcher import CompiledGrammar

REJECTED = -1
"""In the place of a configuration: the row has a token that does not fit, and generate() will drop it."""

MEMORY = 8
"""How many sets of rows are remembered: texts in progress, and branches that assisted decoding went back from."""


@dataclass
class Progress:
    """Where every row is.

    Attributes:
        grammars: of each row; None if it is not constrained.
        blocks: of each row, a number that rows with the same prompt and grammar share.
        configurations: of each row, or `REJECTED`; 0 where there is no grammar.
        generated: tokens after the prompt, the same in all rows.
        is_candidate: the last tokens are candidates of assisted decoding, and may be wrong.
    """

    grammars: Sequence[CompiledGrammar | None]
    blocks: Sequence[int]
    configurations: list[int]
    generated: int
    is_candidate: bool


class Tracker:
    """Finds the progress of rows, call by call.

    Args:
        prompt_length: tokens of the prompt in every row, padding included; None to find out.
    """

    def __init__(self, prompt_length: int | None = None) -> None:
        self._prompt_length = prompt_length
        self._known: list[_Rows] = []  # the one used last comes first
        self._previous: torch.Tensor | None = None

    def follow(self, input_ids: torch.Tensor, grammars: Sequence[CompiledGrammar | None]) -> Progress:
        """The progress of `input_ids` [B, T], each row under its grammar.

        Raises:
            TokenRejected: A row has a token that its grammar does not allow, and no other row of its block is
                left. Nothing is changed then.

        In three cases a row that does not fit is no error but part of the method, and is only marked `REJECTED`:
        candidates of assisted decoding, which are shown before they are checked (they come as prefixes of one
        and the same tensor); hypotheses of a beam search, which fills up with impossible ones where too few are
        possible; and what follows those. generate() never returns them.
        """
        is_candidate = self._is_candidate(input_ids)
        self._previous = input_ids
        for place, rows in enumerate(self._known):
            parents = rows.parents(input_ids, grammars)
            if parents is not None:
                found = rows.extended(input_ids, parents, tolerant=is_candidate)
                del self._known[place]
                if found is not rows:
                    self._known.insert(0, rows)
                break
        else:
            found = _Rows(input_ids, grammars, self._prompt_length)
        self._known.insert(0, found)
        del self._known[MEMORY:]
        length = input_ids.shape[1]
        generated = length - found.prompt_length
        configurations: list[int] = found.configurations[:, generated].tolist()
        return Progress(grammars, found.blocks, configurations, generated, is_candidate)

    def _is_candidate(self, input_ids: torch.Tensor) -> bool:
        # The tensor of the last call is kept, so that its memory cannot be given to another one meanwhile.
        previous = self._previous
        return (
            previous is not None
            and previous.shape[1] < input_ids.shape[1]
            and previous.untyped_storage().data_ptr() == input_ids.untyped_storage().data_ptr()
        )


class _Rows:
    """Rows as long as they have been seen, and the configuration after each of their tokens.

    Equal prompts are one block. Copies the tokens: a caller may write over its tensor.
    """

    def __init__(
        self,
        input_ids: torch.Tensor,
        grammars: Sequence[CompiledGrammar | None],
        prompt_length: int | None,
    ) -> None:
        count, length = input_ids.shape
        self.prompt_length = length if prompt_length is None else prompt_length
        if self.prompt_length > length:
            raise ValueError(f"prompt_length = {prompt_length}, but the rows have {length} tokens only")
        self.grammars = grammars
        self.length = length
        self.tokens = input_ids.clone()
        rows = input_ids.cpu()
        prompts = rows[:, : self.prompt_length].numpy()
        numbers: dict[tuple[bytes, int], int] = {}
        self.blocks = [
            numbers.setdefault((prompts[row].tobytes(), id(grammars[row])), len(numbers))
            for row in range(count)
        ]
        self.configurations = np.zeros((count, length - self.prompt_length + 1), dtype=np.int64)
        self.configurations[:, 0] = [0 if grammar is None else grammar.initial for grammar in grammars]
        for column in range(self.prompt_length, length):
            self.configurations[:, column - self.prompt_length + 1] = self._advanced(
                range(count), rows[:, column].tolist(), column, tolerant=False
            )

    def parents(
        self, input_ids: torch.Tensor, grammars: Sequence[CompiledGrammar | None]
    ) -> Sequence[int] | None:
        """For each row, the row here that has all its tokens but the last; None if there is not one for each."""
        count, length = input_ids.shape
        if (
            not self.prompt_length < length <= self.length + 1
            or grammars != self.grammars
            or (input_ids.device, input_ids.dtype) != (self.tokens.device, self.tokens.dtype)
        ):
            return None
        known = self.tokens[:, : length - 1]
        if torch.equal(input_ids[:, :-1], known):
            return range(count)
        if not torch.equal(input_ids[:, : self.prompt_length], known[:, : self.prompt_length]):
            return None
        here = known[:, self.prompt_length :].cpu().numpy()
        there = input_ids[:, self.prompt_length : -1].cpu().numpy()
        places: dict[tuple[int, bytes], int] = {}
        for row, block in enumerate(self.blocks):
            places.setdefault((block, here[row].tobytes()), row)
        parents = [places.get((block, there[row].tobytes()), -1) for row, block in enumerate(self.blocks)]
        return None if -1 in parents else parents

    def extended(self, input_ids: torch.Tensor, parents: Sequence[int], *, tolerant: bool) -> _Rows:
        """The rows of `input_ids`, which come from `parents`: these rows, or a branch of them."""
        length = input_ids.shape[1]
        in_place = isinstance(parents, range)
        last = input_ids[:, -1]
        if length <= self.length and in_place and torch.equal(last, self.tokens[:, length - 1]):
            return self
        advanced = self._advanced(parents, last.tolist(), length - 1, tolerant=tolerant)
        if length == self.length + 1:
            rows = self
            if not in_place:
                self.tokens = self.tokens[list(parents)]
                self.configurations = self.configurations[list(parents)]
        else:
            rows = object.__new__(_Rows)
            rows.prompt_length, rows.grammars, rows.blocks = self.prompt_length, self.grammars, self.blocks
            rows.tokens = self.tokens[list(parents), : length - 1]
            rows.configurations = self.configurations[list(parents), : length - self.prompt_length]
        rows._append(last, advanced, length)
        return rows

    def _append(self, tokens: torch.Tensor, configurations: list[int], length: int) -> None:
        if self.tokens.shape[1] < length:  # room for as many again, so that copying costs nothing per token
            room = self.tokens.new_zeros((self.tokens.shape[0], length))
            self.tokens = torch.cat((self.tokens, room), dim=1)
        generated = length - self.prompt_length
        if self.configurations.shape[1] <= generated:
            room_here = np.zeros((len(configurations), generated + 1), dtype=np.int64)
            self.configurations = np.concatenate((self.configurations, room_here), axis=1)
        self.tokens[:, length - 1] = tokens
        self.configurations[:, generated] = configurations
        self.length = length

    def _advanced(
        self, parents: Sequence[int], tokens: Sequence[int], column: int, *, tolerant: bool
    ) -> list[int]:
        """The configuration of each row after its token; `column` is where the tokens stand."""
        before = self.configurations[:, column - self.prompt_length].tolist()
        after = []
        misfits = []
        for row, (parent, token, grammar) in enumerate(zip(parents, tokens, self.grammars, strict=True)):
            configuration = before[parent]
            if grammar is not None and configuration != REJECTED:
                following = grammar.try_advance(configuration, token)
                if following >= 0:
                    configuration = following
                elif not grammar.is_finished(configuration):  # after its end a row is padded
                    configuration = REJECTED
                    misfits.append(row)
            after.append(configuration)
        if misfits and not tolerant:
            alive = {
                block for block, following in zip(self.blocks, after, strict=True) if following != REJECTED
            }
            for row in misfits:
                if self.blocks[row] not in alive:
                    self._reject(row, before[parents[row]], tokens[row])
        return after

    def _reject(self, row: int, configuration: int, token: int) -> None:
        grammar = self.grammars[row]
        assert grammar is not None
        try:
            grammar.advance(configuration, token)
        except TokenRejected as error:
            raise TokenRejected(error.token_id, error.token, error.expected, row=row) from None
        raise AssertionError(f"token {token} was rejected, and then was not")
