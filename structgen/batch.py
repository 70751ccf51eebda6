"""Batch: the matchers of many sequences, for a decoding loop of your own or a server.

    batch = structgen.Batch([grammar] * 8)
    while not batch.is_finished:
        mask = batch.fill()               # int32 [8, W]
        batch.advance(choose(mask))       # one token for each sequence

Each step of a batch is one call of the native engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from structgen.engine import _native
from structgen.errors import DeadEnd, InvalidOptionError
from structgen.matcher import CompiledGrammar, Matcher
from structgen.options import Whole, check_option

Bitmask: TypeAlias = "npt.NDArray[np.int32]"


class Batch:
    """Matchers of several sequences, and a bitmask with a row for each.

    Args:
        grammars: the compiled grammar of each sequence, all for vocabularies of one size; None for one that is free.
        max_new_tokens: tokens of each text at most, the end token included: as they run out, only tokens are allowed
            after which the text can be finished in time. None: without a bound.

    Attributes:
        matchers: of the sequences; None where it is free. They may be used one by one, too.
        mask: int32 [B, W], W = ceil(V / 32), what `fill` writes: token t of sequence b is allowed if bit t % 32 of
            mask[b, t // 32] is set. Rows of free sequences allow all.

    Not for several threads at once. The packing is that of xgrammar, llguidance and vLLM.

    >>> import structgen
    >>> vocabulary = structgen.Vocabulary.of_bytes()
    >>> batch = Batch([structgen.compile(["yes", "no"], vocabulary), None])
    >>> mask = batch.fill()
    >>> batch.accept_prefix(0, list(b"yellow"))
    2
    >>> batch.forced_bytes(0)
    b's'
    """

    def __init__(
        self, grammars: Sequence[CompiledGrammar | None], *, max_new_tokens: int | None = None
    ) -> None:
        check_option("max_new_tokens", max_new_tokens, (Whole(1), None))
        sizes = {grammar.vocabulary.size for grammar in grammars if grammar is not None}
        if len(sizes) > 1:
            raise InvalidOptionError(
                "grammars", sorted(sizes), "must be compiled for vocabularies of one size"
            )
        self.size = max(sizes, default=0)
        self.matchers: list[Matcher | None] = [
            None if grammar is None else grammar.matcher() for grammar in grammars
        ]
        self.mask: Bitmask = np.full((len(self.matchers), (self.size + 31) // 32), -1, np.int32)
        self._limit = max_new_tokens
        self._rows = [row for row, one in enumerate(self.matchers) if one is not None]
        self._bound = [one for one in self.matchers if one is not None]

    def __len__(self) -> int:
        return len(self.matchers)

    @property
    def is_finished(self) -> bool:
        """True if every sequence that has a grammar has ended."""
        return all(one.is_finished for one in self._bound)

    def fill(self) -> Bitmask:
        """Write the masks of the next tokens of all sequences into `mask`, and return it.

        Raises:
            DeadEnd: A sequence has no token that may come next. Names the sequence.
        """
        if self._limit is None:
            failed = _native.fill_all(self._bound, self.mask, self._rows)
            if failed >= 0:
                raise self._dead_end(self._rows[failed])
            return self.mask
        for row, matcher in zip(self._rows, self._bound, strict=True):
            self._fill(matcher, self.mask, row)
        return self.mask

    def advance(self, tokens: Sequence[int]) -> None:
        """Advance each sequence by its token. A sequence that has ended takes end tokens only.

        Args:
            tokens: one for each sequence; those of free sequences are not looked up.

        Raises:
            InvalidOptionError: There are not as many tokens as sequences.
            TokenRejected: A token may not come. Names the sequence; no sequence has advanced.
        """
        if len(tokens) != len(self.matchers):
            raise InvalidOptionError(
                "tokens", list(tokens), f"must be {len(self.matchers)}, one for each sequence"
            )
        failed = _native.advance_all(self._bound, [int(tokens[row]) for row in self._rows])
        if failed < 0:
            return
        for matcher in self._bound[:failed]:
            matcher.rollback(1)
        row = self._rows[failed]
        error = self._bound[failed].grammar._rejection(self._bound[failed].configuration, int(tokens[row]))
        error.args = (f"sequence {row}: {error}",)
        raise error

    def rollback(self, row: int, count: int) -> None:
        """Undo the last tokens of a sequence."""
        matcher = self.matchers[row]
        if matcher is not None:
            matcher.rollback(count)

    def accept_prefix(self, row: int, tokens: Sequence[int]) -> int:
        """Advance a sequence by as many of some tokens as may come, such as a draft.

        Returns:
            How many. Of a free sequence, all.
        """
        matcher = self.matchers[row]
        return len(tokens) if matcher is None else _native.accept_prefix(matcher, list(map(int, tokens)))

    def count_prefix(self, row: int, tokens: Sequence[int]) -> int:
        """How many of some tokens may come, one after the other. The sequence stays where it is."""
        count = self.accept_prefix(row, tokens)
        self.rollback(row, count)
        return count

    def draft_masks(self, row: int, tokens: Sequence[int]) -> Bitmask:
        """The masks along a draft. The sequence stays where it is.

        Args:
            row: the sequence.
            tokens: the draft, T tokens.

        Returns:
            int32 [C + 1, W]: the masks before the first C tokens of the draft, those that may come, and after them.
        """
        return self.tree_masks(row, tokens, range(-1, len(tokens) - 1), only_valid=True)[0]

    def tree_masks(
        self, row: int, tokens: Sequence[int], parents: Sequence[int], *, only_valid: bool = False
    ) -> tuple[Bitmask, list[bool]]:
        """The masks of a draft that is a tree. The sequence stays where it is.

        Args:
            row: the sequence.
            tokens: of the nodes, N.
            parents: of each node the number of the node before it, which is smaller than its own; -1: it is the first
                token.
            only_valid: leave out the rows of nodes that may not come.

        Returns:
            int32 [N + 1, W]: the mask before the draft, and that after each node; all zeros after a node that may not
            come. And for each node True if it may.

        Raises:
            InvalidOptionError: A parent is no earlier node.
        """
        masks = np.full((len(tokens) + 1, self.mask.shape[1]), -1, np.int32)
        matcher = self.matchers[row]
        if matcher is None:
            return masks, [True] * len(tokens)
        nodes: list[Matcher | None] = [matcher]
        self._fill(matcher, masks, 0)
        for number, (token, parent) in enumerate(zip(tokens, parents, strict=True)):
            if not -1 <= parent < number:
                raise InvalidOptionError("parents", parent, f"must be an earlier node than {number}, or -1")
            before = nodes[parent + 1]
            after = None if before is None else before.fork()
            if after is None or not after.try_advance(int(token)):
                nodes.append(None)
                masks[number + 1] = 0
                continue
            nodes.append(after)
            self._fill(after, masks, number + 1)
        valid = [one is not None for one in nodes[1:]]
        return (masks[[True, *valid]] if only_valid else masks), valid

    def forced_bytes(self, row: int) -> bytes:
        """The bytes that must come next anyway; empty if there is a choice, and for a free sequence."""
        matcher = self.matchers[row]
        if matcher is None:
            return b""
        return b"".join(matcher.grammar.vocabulary[token] for token in matcher.forced_tokens())

    def _fill(self, matcher: Matcher, array: Bitmask, row: int) -> None:
        if self._limit is None or matcher.is_finished:
            matcher.fill_bitmask(array, row)
        else:
            matcher.grammar.fill_within(matcher.configuration, self._limit - matcher.advanced, array, row)

    def _dead_end(self, row: int) -> DeadEnd:
        matcher = self.matchers[row]
        assert matcher is not None
        error = matcher.grammar._dead_end(matcher.configuration)
        error.args = (f"sequence {row}: {error}",)
        return error
