"""A grammar with finitely many configurations as tables: rows of allowed tokens, and where each token leads.

Choices, most regular expressions and bounded schemas have few configurations. Tokens that lead to the same places
everywhere are one class, so the tables are small: configurations times classes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from structgen.engine import _native
from structgen.errors import LimitExceeded
from structgen.limits import Limits
from structgen.vocabulary import Vocabulary

if TYPE_CHECKING:
    import torch

Numbers = npt.NDArray[np.int64]

MAX_STATES = 20_000
"""Configurations of one grammar, whatever the limits."""

NEVER = 1 << 30
"""In the place of a number of tokens: no text can be finished from here."""


@dataclass(frozen=True)
class DeviceTables:
    """A grammar as tables on a device. State 0 is the beginning; the last state stands for a token that did not fit.

    Attributes:
        rows: int32 [R, W], the different masks.
        row_of: int32 [S], the mask of each state. After a token that did not fit, the end tokens only.
        classes: int32 [V], the class of each token.
        following: int32 [S, C], the state after a token of a class.
        remaining: int32 [S], the fewest tokens that finish the text, the end token included.
        is_finished: bool [S]: the end token came.
        size: V, tokens of the vocabulary.
    """

    rows: torch.Tensor
    row_of: torch.Tensor
    classes: torch.Tensor
    following: torch.Tensor
    remaining: torch.Tensor
    is_finished: torch.Tensor
    size: int

    @property
    def rejected(self) -> int:
        """The state after a token that did not fit."""
        return len(self.row_of) - 1

    @property
    def bytes(self) -> int:
        """Memory on the device."""
        parts = (self.rows, self.row_of, self.classes, self.following, self.remaining, self.is_finished)
        return sum(part.numel() * part.element_size() for part in parts)


def find_tables(
    grammar: _native.CompiledGrammar, vocabulary: Vocabulary, device: torch.device | str | int, limits: Limits
) -> DeviceTables:
    """The tables of a grammar: `CompiledGrammar.device_tables`.

    Args:
        grammar: the native one.
        vocabulary: it was compiled for.
        device: where the tables are to be.
        limits: what they may cost.

    Raises:
        LimitExceeded: The grammar has more configurations, or infinitely many (nesting, names that must differ). Then
            use `LogitsProcessor`, or `Matcher` and `DeviceRows`.
    """
    return _Search(grammar, vocabulary, limits).tables(device)


@dataclass
class _Search:
    """Finds all configurations of a grammar, breadth first."""

    grammar: _native.CompiledGrammar
    vocabulary: Vocabulary
    limits: Limits
    states: dict[int, int] = field(default_factory=dict)  # by configuration
    tokens: list[Numbers] = field(default_factory=list)  # of each state
    targets: list[Numbers] = field(default_factory=list)
    work: int = 0

    def tables(self, device: Any) -> DeviceTables:
        import torch

        if self.grammar.has_unique_texts:
            raise LimitExceeded("states", self.limits.states, "texts that must differ have no finite tables")
        self._explore()
        size = self.vocabulary.size
        classes, following = self._classes(size)
        rows, row_of = self._rows(size)
        finished = np.array([*map(self.grammar.is_finished, self.states), False])
        return DeviceTables(
            rows=torch.from_numpy(rows).to(device),
            row_of=torch.from_numpy(row_of).to(device),
            classes=torch.from_numpy(classes).to(device),
            following=torch.from_numpy(following).to(device),
            remaining=torch.from_numpy(_remaining(following, finished)).to(device),
            is_finished=torch.from_numpy(finished).to(device),
            size=size,
        )

    def _explore(self) -> None:
        self.states[self.grammar.initial] = 0
        queue = [self.grammar.initial]
        most = min(self.limits.states, MAX_STATES)
        for configuration in queue:
            tokens, following = self.grammar.successors(configuration)
            self.work += len(tokens)
            if self.work > self.limits.work:
                raise LimitExceeded("work", self.limits.work, "tokens of all configurations")
            different, places = np.unique(following, return_inverse=True)
            for one in different.tolist():
                if one not in self.states:
                    self.states[one] = len(self.states)
                    queue.append(one)
            if len(self.states) > most:
                raise LimitExceeded("states", most, "configurations for tables on a device")
            numbers = np.array([self.states[one] for one in different.tolist()], dtype=np.int64)
            self.tokens.append(tokens)
            self.targets.append(numbers[places] if len(tokens) else tokens)

    def _classes(self, size: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """The class of each token, and the state after each class: tokens are split where they lead elsewhere."""
        rejected = len(self.states)
        classes = np.zeros(size, dtype=np.int64)
        counts = [size]
        for tokens, targets in zip(self.tokens, self.targets, strict=True):
            keys, places, sizes = np.unique(
                classes[tokens] * (rejected + 1) + targets, return_inverse=True, return_counts=True
            )
            numbers = []
            for key, count in zip((keys // (rejected + 1)).tolist(), sizes.tolist(), strict=True):
                if counts[key] == count:
                    numbers.append(key)
                    continue
                counts[key] -= count
                numbers.append(len(counts))
                counts.append(count)
            if numbers:
                classes[tokens] = np.array(numbers)[places]
        needed = 4 * (rejected + 1) * len(counts)
        if needed > self.limits.row_bytes:
            raise LimitExceeded("row_bytes", self.limits.row_bytes, f"the tables would take {needed} bytes")
        following = np.full((rejected + 1, len(counts)), rejected, dtype=np.int32)
        for state, (tokens, targets) in enumerate(zip(self.tokens, self.targets, strict=True)):
            following[state, classes[tokens]] = targets
        return classes.astype(np.int32), following

    def _rows(self, size: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """The different masks, and the one of each state."""
        words = (size + 31) // 32
        ends = np.zeros(words * 32, dtype=np.uint8)
        ends[list(self.vocabulary.eos_token_ids)] = 1
        packed = np.packbits(ends, bitorder="little").view(np.int32)
        numbers: dict[bytes, int] = {}
        rows: list[npt.NDArray[np.int32]] = []
        row_of = []
        for tokens in [*self.tokens, None]:
            row = packed
            if tokens is not None:
                bits = np.zeros(words * 32, dtype=np.uint8)
                bits[tokens] = 1
                row = np.packbits(bits, bitorder="little").view(np.int32)
            number = numbers.setdefault(row.tobytes(), len(rows))
            if number == len(rows):
                rows.append(row)
                if 4 * words * len(rows) > self.limits.row_bytes:
                    raise LimitExceeded("row_bytes", self.limits.row_bytes, "the masks of all configurations")
            row_of.append(number)
        return np.stack(rows), np.array(row_of, dtype=np.int32)


def _remaining(following: npt.NDArray[np.int32], finished: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """The fewest tokens to a finished state, for each state: shortest paths, one more token in each round."""
    found = np.where(finished, 0, NEVER).astype(np.int32)
    while True:
        better = np.minimum(found, np.minimum(found[following].min(axis=1) + 1, NEVER))
        if np.array_equal(better, found):
            return found
        found = better.astype(np.int32)
