"""DeviceMatcher: sequences that advance and are masked on the device, without the host.

For grammars with finitely many configurations (`DeviceTables`). No call waits for the device, and all tensors keep
their shapes and places, so a step can be part of `torch.compile` or of a CUDA graph.
"""

from __future__ import annotations

import torch

from structgen.errors import InvalidOptionError
from structgen.generation.device.apply import apply_rows, masked_argmax, masked_sample
from structgen.options import Whole, check_option
from structgen.tables import DeviceTables


class DeviceMatcher:
    """Where each of B sequences is in one grammar.

    Args:
        tables: of the grammar, `CompiledGrammar.device_tables(device)`.
        batch: B, how many sequences.
        max_new_tokens: tokens of each text at most, the end token included: as they run out, only tokens are allowed
            after which the text can be finished in time. None: without a bound.

    Attributes:
        state: int32 [B], on the device. Written in place.
        left: int32 [B]: tokens that each text may still have; None without a bound.

    Raises:
        InvalidOptionError: No text fits into `max_new_tokens`.

    >>> import structgen
    >>> vocabulary = structgen.Vocabulary.of_bytes()
    >>> grammar = structgen.compile(structgen.regex("(yes|no)*"), vocabulary)
    >>> matcher = DeviceMatcher(grammar.device_tables("cpu"), batch=2)
    >>> logits = torch.zeros(2, vocabulary.size)
    >>> chr(int(matcher.argmax(logits)[0]))
    'n'
    >>> matcher.advance(torch.tensor([ord("n"), ord("y")]))
    >>> [chr(token) for token in matcher.argmax(logits).tolist()]
    ['o', 'e']
    """

    def __init__(self, tables: DeviceTables, batch: int, *, max_new_tokens: int | None = None) -> None:
        check_option("batch", batch, (Whole(1),))
        check_option("max_new_tokens", max_new_tokens, (Whole(1), None))
        shortest = int(tables.remaining[0])
        if max_new_tokens is not None and shortest > max_new_tokens:
            raise InvalidOptionError("max_new_tokens", max_new_tokens, f"a text needs at least {shortest}")
        self.tables = tables
        self._budget = max_new_tokens
        device = tables.row_of.device
        self.state = torch.zeros(batch, dtype=torch.int32, device=device)
        self.left = (
            None
            if max_new_tokens is None
            else torch.full((batch,), max_new_tokens, dtype=torch.int32, device=device)
        )
        self._every = torch.arange(batch, dtype=torch.int32, device=device)

    def reset(self) -> None:
        """Begin all sequences again."""
        self.state.zero_()
        if self.left is not None:
            assert self._budget is not None
            self.left.fill_(self._budget)

    def advance(self, tokens: torch.Tensor) -> None:
        """Read a token of each sequence.

        Args:
            tokens: integers [B], on the device. A token that does not fit ends its sequence: `is_rejected`.
        """
        classes = self.tables.classes[tokens.long()].long()
        self.state.copy_(self.tables.following[self.state.long(), classes])
        if self.left is not None:
            self.left.sub_(1)

    def mask(self, logits: torch.Tensor, *, out: torch.Tensor | None = None) -> torch.Tensor:
        """Forbid tokens: `apply_rows` with the rows of the sequences.

        Args:
            logits: float16, bfloat16 or float32 [B, V], on the device.
            out: where to write; None: into `logits`.

        Raises:
            InvalidOptionError: The logits don't fit.
        """
        self._check(logits)
        return apply_rows(logits, *self._rows(), out=out)

    def argmax(self, logits: torch.Tensor) -> torch.Tensor:
        """The likeliest allowed token of each sequence: `masked_argmax`. int64 [B]."""
        self._check(logits)
        return masked_argmax(logits, *self._rows())

    def sample(self, logits: torch.Tensor, *, seed: int, temperature: float = 1.0) -> torch.Tensor:
        """An allowed token of each sequence, drawn: `masked_sample`. int64 [B]."""
        self._check(logits)
        return masked_sample(logits, *self._rows(), seed=seed, temperature=temperature)

    @property
    def is_finished(self) -> torch.Tensor:
        """Bool [B]: the end token came."""
        return self.tables.is_finished[self.state.long()]

    @property
    def is_rejected(self) -> torch.Tensor:
        """Bool [B]: a token did not fit."""
        return self.state == self.tables.rejected

    def _rows(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows of allowed tokens, and the one of each sequence."""
        if self.left is None:
            return self.tables.rows, self.tables.row_of[self.state.long()]
        return self._rows_in_time(), self._every

    def _rows_in_time(self) -> torch.Tensor:
        """int32 [B, W]: the tokens after which each text can be finished in time; of one that is over, end tokens."""
        state = self.state.long()
        following = self.tables.following[state].long()
        in_time = self.tables.remaining[following] < self.left[:, None]  # type: ignore[index]
        ends = self.tables.is_finished[following] & self.tables.is_finished[state][:, None]
        is_over = ends | (state == self.tables.rejected)[:, None]
        allowed = (in_time | is_over)[:, self.tables.classes.long()]
        return _packed(allowed) & self.tables.rows[self.tables.row_of[state].long()]

    def _check(self, logits: torch.Tensor) -> None:
        """Raise `InvalidOptionError` if there are not the logits of each sequence."""
        batch, size = len(self.state), self.tables.size
        if logits.dim() != 2 or logits.shape[0] != batch or logits.shape[1] > (size + 31) // 32 * 32:
            raise InvalidOptionError("logits", list(logits.shape), f"must be [{batch}, {size}]")


def _packed(allowed: torch.Tensor) -> torch.Tensor:
    """Bool [B, V] as bits, int32 [B, W]."""
    batch, size = allowed.shape
    words = (size + 31) // 32
    padded = torch.nn.functional.pad(allowed, (0, 32 * words - size)).view(batch, words, 32)
    powers = torch.ones(32, dtype=torch.int64, device=allowed.device) << torch.arange(
        32, device=allowed.device
    )
    return (padded * powers).sum(-1).to(torch.int32)
